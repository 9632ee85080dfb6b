"""Signing in to Google, with the least scope: a service account, a person, or what the place we run at offers.

Tokens go to Google and, where another server stands in for it (``base_url``), to that server alone.
"""

from __future__ import annotations

import email.utils
import json
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import google.auth
from google.auth import aws, identity_pool, impersonated_credentials, pluggable
from google.auth import environment_vars as variables
from google.auth import exceptions as auth_errors
from google.auth._cloud_sdk import get_application_default_credentials_path
from google.auth.transport.requests import Request
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account
from requests import Session

from revalign_udf.errors import Retriable, RevalignError
from revalign_udf.sheets import login
from revalign_udf.sheets.client import Refused
from revalign_udf.sheets.target import SheetTarget

__all__ = ["LOOPBACK", "SCOPE", "Misdirected", "SignIn", "Wire", "explain", "load_credentials", "sign_in"]

#: All the sync needs; gspread's own default would include the whole Drive.
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
#: the longest life of a token by impersonation that needs no rule of the organisation
_LIFETIME = 3600
#: seconds by which Google lets clocks differ
_SKEW = 300
_DOCS_ADC = "https://cloud.google.com/docs/authentication/provide-credentials-adc"


class Misdirected(auth_errors.TransportError):  # type: ignore[misc,unused-ignore]
    """google-auth wanted to call an address that tokens have no business at; nothing was sent."""


class Wire(Request):  # type: ignore[misc,unused-ignore]
    """Carries google-auth's own calls: for tokens, to where tokens belong.

    google-auth looks up a "regional access boundary" at Google in the background, with the token in its hands; with
    another server in Google's place that call is not made. A server on this computer answers for all of Google's
    addresses, so that nothing made for it leaves this computer.
    """

    def __init__(self, session: Session, base_url: str = "") -> None:
        super().__init__(session)
        self._base_url = base_url.rstrip("/")
        self._local = urlsplit(base_url).hostname in LOOPBACK
        self.skew: float | None = None
        """seconds by which this computer's clock was ahead of the last answer; None before the first"""

    def __call__(self, url: str, method: str = "GET", *args: Any, **options: Any) -> Any:
        """Sends one call.

        Raises:
            TransportError: not reached.
            Misdirected: an address the token has no business at.
        """
        answer = super().__call__(self._address(url), method, *args, **options)
        self.skew = _ahead(answer.headers.get("Date"), time.time())
        return answer

    def _address(self, url: str) -> str:
        if not self._base_url:
            return url
        parts = urlsplit(url)
        if parts.path.endswith("/allowedLocations"):
            raise Misdirected("The look-up of regional access boundaries is off for this server.")
        if not self._local or parts.hostname in LOOPBACK:
            return url
        if (parts.hostname or "").endswith(".googleapis.com"):
            return f"{self._base_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        raise Misdirected(f"{parts.hostname} is not asked for a token for a server on this computer.")


def _ahead(date: str | None, now: float) -> float | None:
    """By how many seconds ``now`` is ahead of a ``Date`` header.

    >>> _ahead("Sun, 22 Nov 2026 06:00:00 GMT", 1795327230.0), _ahead(None, 0.0), _ahead("soon", 0.0)
    (30.0, None, None)
    """
    try:
        return now - email.utils.parsedate_to_datetime(date or "").timestamp()
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class SignIn:
    """Credentials, and who they stand for."""

    credentials: Any
    identity: str
    """whose quota the calls count against; not for people's eyes"""

    @property
    def account(self) -> str:
        """The address a person shares the spreadsheet with; empty where only Google knows it."""
        found = getattr(self.credentials, "service_account_email", "") or getattr(self.credentials, "account", "")
        return found if isinstance(found, str) and "@" in found else ""


def sign_in(target: SheetTarget, wire: Wire) -> SignIn:
    """The credentials of a spreadsheet's settings; no call is made yet, save a look for the place's own identity.

    Args:
        target: the settings.
        wire: what will carry google-auth's calls.

    Raises:
        Refused: REV-702: a key, client or configuration that cannot be used, or nobody signed in.
    """
    kinds: dict[str, Callable[[SheetTarget, Wire], SignIn]] = {
        "service_account": _service_account, "oauth": _person, "adc": _place,
    }  # fmt: skip
    made = kinds[target.auth](target, wire)
    if target.base_url:
        # The wire refuses that call anyway; this spares the thread that would try it.
        made.credentials._maybe_start_regional_access_boundary_refresh = lambda *_: None  # noqa: SLF001
    return made


# --- service account -------------------------------------------------------------------------------------------------


def load_credentials(key_file: Path) -> service_account.Credentials:
    """A service account's credentials with the least scope.

    Raises:
        Refused: REV-702: missing, readable by others, or not a service-account key.
    """
    info = _read(key_file)
    if info.get("type") == "external_account":
        raise Refused(
            f"The key file {key_file} describes a workload identity.",
            "key_file",
            'Sign in with it as auth = "adc"; key_file stays as it is.',
        )
    if info.get("type") != "service_account":
        raise _no_key(key_file, "it is no service account's key")
    _closed(key_file)
    return _from_key(info, key_file)


def _from_key(info: dict[str, Any], key_file: Path) -> Any:
    try:
        return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])
    except (ValueError, KeyError, auth_errors.GoogleAuthError):
        # The cause is left out on purpose: it may quote the key.
        raise _no_key(key_file, "a field is missing or its private key is damaged") from None


def _read(key_file: Path) -> dict[str, Any]:
    try:
        text = key_file.read_text(encoding="utf-8")
    except OSError as problem:
        raise Refused(
            f"The key file {key_file} cannot be read ({problem.strerror}).",
            "key_file",
            "Create a JSON key for the service account and set key_file to its path.",
        ) from None
    except ValueError:
        raise _no_key(key_file, "it is no JSON file") from None
    try:
        info = json.loads(text)
    except ValueError:
        raise _no_key(key_file, "it is no JSON file") from None
    return info if isinstance(info, dict) else {}


def _closed(key_file: Path) -> None:
    """Raises Refused when others on this computer can read a file with a secret."""
    if os.name == "posix" and stat.S_IMODE(key_file.stat().st_mode) & 0o077:
        raise Refused(
            f"The key file {key_file} can be read by others on this computer.",
            "key_file",
            f"Close it to them: chmod 600 {key_file}",
        )


def _outside(key_file: Path, project: Path | None) -> None:
    """Raises Refused for a key inside the project folder, which people share, copy and commit."""
    if project is None or not key_file.resolve().is_relative_to(project.resolve()):
        return
    away = Path.home() / ".config" / "revalign" / key_file.name
    raise Refused(
        f"The key file {key_file} lies inside the project folder, where it would be shared or committed with it.",
        "key_file",
        f'Move it, for example to {away}, and write key_file = "{away}". If the folder was ever shared or committed, '
        "delete that key in the Google Cloud console and create a new one.",
    )


def _no_key(key_file: Path, why: str) -> Refused:
    return Refused(
        f"The key file {key_file} cannot be used: {why}.",
        "key_file",
        "Download a new JSON key of the service account (IAM & Admin > Service accounts > Keys).",
    )


def _service_account(target: SheetTarget, wire: Wire) -> SignIn:  # noqa: ARG001 - every kind takes the same
    if target.key_file is None:
        raise Refused(
            f"[sheets.{target.name}] names no key to sign in with.",
            "key_file",
            'Add key_file = "PATH" (a service account), or client_file = "PATH" (a person signs in), or auth = "adc" '
            "(the identity of the place this runs at).",
        )
    credentials = load_credentials(target.key_file)
    _outside(target.key_file, target.project)
    if target.subject:
        credentials = credentials.with_subject(target.subject)
    if target.impersonate:
        return _acting_as(target.impersonate, credentials)
    return SignIn(credentials, target.subject or str(credentials.service_account_email))


def _acting_as(account: str, source: Any) -> SignIn:
    made = impersonated_credentials.Credentials(
        source_credentials=source, target_principal=account, target_scopes=[SCOPE], lifetime=_LIFETIME
    )
    return SignIn(made, account)


# --- a person --------------------------------------------------------------------------------------------------------


class _Person(user_credentials.Credentials):  # type: ignore[misc,unused-ignore]
    """A person's credentials; a refresh token that Google replaces is kept."""

    keep: Callable[[str], None] | None = None

    def refresh(self, request: Any) -> None:
        before = self.refresh_token
        super().refresh(request)
        if self.keep is not None and self.refresh_token and self.refresh_token != before:
            self.keep(str(self.refresh_token))


def _person(target: SheetTarget, wire: Wire) -> SignIn:  # noqa: ARG001 - every kind takes the same
    client = login.load_client(target.client_file)
    token = login.remembered(client, target.name)
    if token is None:
        raise Refused(
            f"Nobody has signed in for the sheet {target.name} on this computer.",
            "login",
            f"Sign in: revalign sheets login {target.name}",
        )
    credentials = _Person(
        token=None,
        refresh_token=token,
        token_uri=client.token_uri,
        client_id=client.id,
        client_secret=client.secret,
        scopes=[SCOPE],
    )
    credentials.keep = lambda new: login.remember(client, target.name, new)
    if target.impersonate:
        return _acting_as(target.impersonate, credentials)
    return SignIn(credentials, client.id)


# --- the place we run at ---------------------------------------------------------------------------------------------


def _place(target: SheetTarget, wire: Wire) -> SignIn:
    path = target.key_file
    if path is None:
        named = os.environ.get(variables.CREDENTIALS, "")
        usual = Path(get_application_default_credentials_path())
        path = Path(named) if named else usual if usual.is_file() else None
    source = _metadata(target, wire) if path is None else _configured(path, target)
    if target.impersonate:
        return _acting_as(target.impersonate, source)
    account = getattr(source, "service_account_email", None)
    if account is None and hasattr(source, "service_account_email"):
        raise Refused(
            "A workload identity by itself is nobody a spreadsheet can be shared with.",
            "adc",
            'Add impersonate = "NAME@PROJECT.iam.gserviceaccount.com", a service account that this identity may act as, '
            "and share the spreadsheet with that address.",
        )
    return SignIn(source, account if account and account != "default" else f"adc:{path or 'metadata'}")


def _configured(path: Path, target: SheetTarget) -> Any:
    """Credentials from a file, by its kind. A workload identity's file holds no secret; every other does."""
    info = _read(path)
    kind = info.get("type")
    if kind != "external_account":
        _closed(path)
        _outside(path, target.project)
    try:
        if kind == "service_account":
            return _from_key(info, path)
        if kind == "authorized_user":
            # A person's token covers what was allowed at sign-in; to act as a service account it needs all of that.
            scopes = None if target.impersonate else [SCOPE]
            found = user_credentials.Credentials.from_authorized_user_info(info, scopes=scopes)
            return found.with_quota_project_from_environment()
        if kind == "impersonated_service_account":
            return impersonated_credentials.Credentials.from_impersonated_service_account_info(info, scopes=[SCOPE])
        if kind == "external_account":
            source = info.get("credential_source") or {}
            outside = pluggable if "executable" in source else aws if source.get("environment_id") else identity_pool
            return outside.Credentials.from_info(info, scopes=[SCOPE])
    except RevalignError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, auth_errors.GoogleAuthError):
        # The cause is left out on purpose: it may quote the file.
        raise Refused(
            f"The credentials in {path} cannot be used: a field is missing or wrong.",
            "adc",
            f"Set them up: {_DOCS_ADC}",
        ) from None
    raise Refused(f"The credentials in {path} are of a kind nobody knows here: {kind}.", "adc", f"See {_DOCS_ADC}")


def _metadata(target: SheetTarget, wire: Wire) -> Any:
    """The service account of the machine, where Google runs it."""
    nothing = Refused(
        "There are no application default credentials here.",
        "adc",
        f"On Google Cloud give the machine a service account; elsewhere set {variables.CREDENTIALS} to a credential "
        f"configuration, or key_file. See {_DOCS_ADC}",
    )
    if urlsplit(target.base_url).hostname in LOOPBACK:
        raise nothing
    try:
        return google.auth.default(scopes=[SCOPE], request=wire)[0]
    except auth_errors.GoogleAuthError:
        raise nothing from None


# --- what a refused token means --------------------------------------------------------------------------------------


def explain(
    problem: auth_errors.GoogleAuthError, target: SheetTarget, signed: SignIn, skew: float | None
) -> RevalignError:
    """What a failure of google-auth means and what to do about it.

    Args:
        problem: the failure.
        target: the settings signed in with.
        signed: who was signed in.
        skew: seconds by which our clock is ahead, when known.
    """
    said = _said(problem)
    low = said.lower()
    if problem.retryable:
        return Retriable(f"Google's sign-in is busy: {said}", hint="Run it again in a few minutes.")
    if "reasonable timeframe" in low or "not yet valid" in low or "issued in the future" in low:
        return _clock(said, skew)
    if "impersonated credentials" in low:
        return _impersonation(said, target)
    if "invalid_scope" in low or "not granted" in low:
        hint = f"Sign in again so that it covers {SCOPE}."
        if target.auth == "adc":
            hint = (
                f'Sign in again: gcloud auth application-default login --scopes={SCOPE},openid. Or use auth = "oauth".'
            )
        return Refused(f"The sign-in does not cover spreadsheets: {said}", "scope", hint)
    if target.subject and any(word in low for word in ("unauthorized_client", "email", "access_denied")):
        return Refused(
            f"The service account may not act for {target.subject}: {said}",
            "impersonation",
            "In the Google Workspace admin console (Security > API controls > Domain-wide delegation) allow the service "
            f"account's client id the scope {SCOPE}, and check the address in subject.",
        )
    if target.auth == "oauth":
        if "invalid_client" in low:
            hint = "Download the client file anew; its client may have been deleted or its secret replaced."
            return Refused(f"The OAuth client is refused: {said}", "client_file", hint)
        return Refused(
            f"The sign-in was taken back or has expired: {said}",
            "login",
            f"Sign in again: revalign sheets login {target.name}. (While an app is in testing, Google ends every sign-in "
            "after seven days; publish it to your organisation.)",
        )
    if target.auth == "adc":
        hint = "Sign in again, or check the workload identity pool and the token this job is given."
        return Refused(f"The application default credentials are refused: {said}", "adc", f"{hint} See {_DOCS_ADC}")
    hint = "Check that the key still exists in the Google Cloud console, and this computer's clock."
    if "account not found" in low:
        hint = f"The service account {signed.account} was deleted: create another and share the spreadsheet with it."
    if skew is not None and abs(skew) > _SKEW:
        return _clock(said, skew)
    return Refused(f"The service account's key is refused: {said}", "token", hint)


def _said(problem: Exception) -> str:
    """The words of a failure: of the JSON it carries when there is one, never a token."""
    parts = [str(item) for item in problem.args if isinstance(item, str)]
    for part in parts[1:]:
        try:
            error = json.loads(part)["error"]
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(error, dict) and error.get("message"):
            return f"{parts[0]}: {error['message']}"
    return parts[0].strip().splitlines()[0][:300] if parts and parts[0].strip() else type(problem).__name__


def _clock(said: str, skew: float | None) -> Refused:
    off = ""
    if skew is not None and abs(skew) >= 60:
        off = f" It is about {round(abs(skew) / 60)} minutes {'ahead' if skew > 0 else 'behind'}."
    return Refused(
        f"This computer's clock is wrong.{off} Google said: {said}",
        "clock",
        "Set the clock (and its time zone) by the network, then run it again.",
    )


def _impersonation(said: str, target: SheetTarget) -> Refused:
    account = target.impersonate or "the service account"
    hint = f'Grant the identity you sign in with the role "Service Account Token Creator" on {account}.'
    if "disabled" in said or "has not been used" in said:
        hint = "Enable the API: https://console.cloud.google.com/apis/library/iamcredentials.googleapis.com"
    return Refused(f"Acting as {account} is refused: {said}", "impersonation", hint)
