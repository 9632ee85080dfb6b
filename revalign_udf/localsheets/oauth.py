"""OAuth for installed apps: the page where a person allows a program, codes with PKCE, refresh tokens.

The steps are those of RFC 6749 (authorization code), RFC 7636 (PKCE) and RFC 8252 (loopback redirect), with Google's
addresses and words: ``/o/oauth2/v2/auth``, ``/token``, ``/revoke``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from revalign_udf.localsheets.tokens import TokenRefusedError, Tokens, encode, known_scopes, write_closed

__all__ = ["Consent", "InstalledApp"]

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_VERIFIER = re.compile(r"^[A-Za-z0-9._~-]{43,128}$")
#: a code is good for ten minutes
_CODE_LIFETIME = 600
_ENDPOINT = "/o/oauth2/v2/auth"


@dataclass(frozen=True, slots=True)
class Consent:
    """What the authorization endpoint answers: a redirect, or a page."""

    location: str = ""
    page: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class _Code:
    person: str
    scopes: str
    redirect: str
    challenge: str
    offline: bool
    expires: float


@dataclass(frozen=True, slots=True)
class _Refresh:
    person: str
    scopes: str


class InstalledApp:
    """One OAuth client of the kind "desktop app", and the person who signs in.

    ``consent`` decides what the authorization page does: ``ask`` shows a page with two buttons, ``allow`` and
    ``deny`` answer at once, for programs that cannot click. A ``consent=allow`` in the query does the same.
    """

    def __init__(self, tokens: Tokens, base_url: str, person: str = "person@example.com") -> None:
        self.tokens, self.base_url, self.person = tokens, base_url, person
        self.client_id = f"{secrets.randbelow(10**12):012d}-{secrets.token_hex(16)}.apps.googleusercontent.com"
        self.client_secret = f"GOCSPX-{secrets.token_urlsafe(21)}"
        self.consent = "ask"
        self._codes: dict[str, _Code] = {}
        self._refresh: dict[str, _Refresh] = {}

    # --- files -------------------------------------------------------------------------------------------------------

    def write_client(self, folder: Path) -> Path:
        """Writes the client file, in the form Google hands out for a desktop app."""
        installed = {
            "client_id": self.client_id,
            "project_id": "revalign-local",
            "auth_uri": f"{self.base_url}{_ENDPOINT}",
            "token_uri": f"{self.base_url}/token",
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_secret": self.client_secret,
            "redirect_uris": ["http://localhost"],
        }
        return write_closed(folder / "client_secret.json", {"installed": installed})

    def write_user(self, folder: Path, scopes: str, person: str | None = None) -> Path:
        """Writes an ``authorized_user`` file, as ``gcloud auth application-default login`` leaves one behind.

        The real google-auth always refreshes it at Google's own address; a transport that redirects
        ``oauth2.googleapis.com`` to this server is needed to drive it.
        """
        token = self._new_refresh(_Refresh(person or self.person, scopes))
        content = {
            "type": "authorized_user",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": token,
            "universe_domain": "googleapis.com",
        }
        return write_closed(folder / "application_default_credentials.json", content)

    # --- the page ----------------------------------------------------------------------------------------------------

    def authorize(self, query: Mapping[str, str], *, pressed: str = "") -> Consent:
        """The authorization endpoint.

        Args:
            query: its parameters.
            pressed: ``allow`` or ``deny`` when a person pressed a button of the page.

        Returns:
            A page to show, or where to send the browser.
        """
        problem = self._problem(query)
        if problem:
            return Consent(page=_refused(*problem), status=400)
        decision = pressed or query.get("consent", "") or self.consent
        if decision not in {"allow", "deny"}:
            return Consent(page=self._page(query))
        given: dict[str, str] = {"state": query["state"]} if query.get("state") else {}
        if decision == "deny":
            given["error"] = "access_denied"
        else:
            code = f"4/0A{secrets.token_urlsafe(32)}"
            self._codes[code] = _Code(
                query.get("login_hint") or self.person,
                query["scope"],
                query["redirect_uri"],
                query.get("code_challenge", ""),
                query.get("access_type") == "offline",
                self.tokens.now() + _CODE_LIFETIME,
            )
            given |= {"code": code, "scope": query["scope"]}
        mark = "&" if urlsplit(query["redirect_uri"]).query else "?"
        return Consent(location=f"{query['redirect_uri']}{mark}{urlencode(given)}", status=302)

    def _problem(self, query: Mapping[str, str]) -> tuple[str, str] | None:
        if query.get("client_id") != self.client_id:
            return "Error 401: invalid_client", "The OAuth client was not found."
        target = urlsplit(query.get("redirect_uri", ""))
        if target.scheme != "http" or target.hostname not in _LOOPBACK:
            return (
                "Error 400: redirect_uri_mismatch",
                "The redirect address of a desktop app must be http://127.0.0.1 or http://localhost, any port.",
            )
        if query.get("response_type") != "code":
            return "Error 400: unsupported_response_type", f"Invalid response_type: {query.get('response_type', '')}"
        if query.get("code_challenge") and query.get("code_challenge_method", "plain") != "S256":
            return "Error 400: invalid_request", "code_challenge_method must be S256."
        try:
            known_scopes(query.get("scope", ""))
        except TokenRefusedError:
            return "Error 400: invalid_scope", f"Some requested scopes were invalid: {query.get('scope', '')}"
        return None

    def _page(self, query: Mapping[str, str]) -> str:
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items()
        )
        scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in query["scope"].split())
        person = escape(query.get("login_hint") or self.person)
        back = escape(urlsplit(query["redirect_uri"]).netloc)
        return _html(
            "Allow access?",
            f"<p>A program on this computer (<code>{back}</code>) asks to act as <strong>{person}</strong> on the "
            f"local Sheets server:</p><ul>{scopes}</ul>"
            f'<form method="post" action="{_ENDPOINT}">{hidden}'
            '<button class="yes" name="pressed" value="allow">Allow</button> '
            '<button name="pressed" value="deny">Cancel</button></form>',
        )

    # --- tokens ------------------------------------------------------------------------------------------------------

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """``/token`` with a code or a refresh token.

        Raises:
            TokenRefusedError: wrong client, code, verifier, redirect or refresh token.
        """
        secret = form.get("client_secret", "")
        if form.get("client_id") != self.client_id:
            raise TokenRefusedError("invalid_client", "The OAuth client was not found.", status=401)
        if not hmac.compare_digest(secret.encode(), self.client_secret.encode()):
            raise TokenRefusedError("invalid_client", "The provided client secret is invalid.", status=401)
        if form.get("grant_type") == "authorization_code":
            return self._by_code(form)
        kept = self._refresh.get(form.get("refresh_token", ""))
        if kept is None:
            raise TokenRefusedError("invalid_grant", "Token has been expired or revoked.")
        asked = form.get("scope", "")
        if set(asked.split()) - set(kept.scopes.split()):
            raise TokenRefusedError("invalid_scope", "Some requested scopes were not granted.")
        scopes = asked or kept.scopes
        return {**self.tokens.answer(kept.person, scopes.split()), "scope": scopes}

    def _by_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.pop(form.get("code", ""), None)  # a code works once
        if code is None or code.expires <= self.tokens.now():
            raise TokenRefusedError("invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != code.redirect:
            raise TokenRefusedError("redirect_uri_mismatch", "Bad Request")
        verifier = form.get("code_verifier", "")
        if code.challenge:
            if not verifier:
                raise TokenRefusedError("invalid_grant", "Missing code verifier.")
            made = encode(hashlib.sha256(verifier.encode()).digest())
            if not _VERIFIER.match(verifier) or not hmac.compare_digest(made, code.challenge):
                raise TokenRefusedError("invalid_grant", "Invalid code verifier.")
        answer = {**self.tokens.answer(code.person, code.scopes.split()), "scope": code.scopes}
        if code.offline:
            answer["refresh_token"] = self._new_refresh(_Refresh(code.person, code.scopes))
        return answer

    def _new_refresh(self, kept: _Refresh) -> str:
        token = f"1//0local-{secrets.token_urlsafe(48)}"
        self._refresh[token] = kept
        return token

    def revoke(self, token: str | None = None) -> None:
        """Takes back a refresh or access token and all that hangs on it; None takes back every sign-in of people.

        Raises:
            TokenRefusedError: no such token.
        """
        if token is None:
            people = {kept.person for kept in self._refresh.values()} | {self.person}
            self._refresh.clear()
        else:
            kept = self._refresh.pop(token, None)
            held = self.tokens.find(token)
            if kept is None and held is None:
                raise TokenRefusedError("invalid_token", "Token expired or revoked")
            people = {kept.person if kept else held.caller if held else ""}
            self._refresh = {key: it for key, it in self._refresh.items() if it.person not in people}
        for person in people:
            self.tokens.drop(person)


_STYLE = (
    ":root{color-scheme:light dark;--ink:#1c2733;--soft:#526070;--paper:#f4f6f8;--card:#fff;--line:#d7dbe0;--go:#0b57d0}"
    "@media (prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#a7b3c0;--paper:#12171d;--card:#1b222b;"
    "--line:#3a4450;--go:#2f6fde}}body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "margin:0;padding:8vh 1rem}main{max-width:30rem;margin:auto;background:var(--card);border:1px solid var(--line);"
    "border-radius:12px;padding:1.5rem 2rem}h1{font-size:1.3rem}p,li{color:var(--soft)}code{font-size:.85rem;"
    "overflow-wrap:anywhere}strong{color:var(--ink)}button{font:inherit;padding:.5rem 1.2rem;border-radius:8px;"
    "border:1px solid var(--line);background:none;color:inherit;cursor:pointer}"
    "button.yes{background:var(--go);border-color:var(--go);color:#fff}"
)


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _refused(title: str, why: str) -> str:
    return _html(title, f"<p>{escape(why)}</p><p>Go back to the program that opened this page and try again.</p>")
