"""A person signs in with a browser (OAuth for desktop apps), and the refresh token that is kept in the keyring.

The flow is Google's for installed programs: a page in the browser, a code handed to an address on this computer
(RFC 8252), exchanged with a secret that never left this process (PKCE, RFC 7636). The refresh token is never written to
a file.
"""

from __future__ import annotations

import json
import os
import socket
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from revalign_udf.sheets.client import Refused

__all__ = ["SERVICE", "OAuthClient", "forget", "load_client", "login", "remember", "remembered"]

#: the keyring's service; the name is the client's id and the sheet's name
SERVICE = "revalign-sheets"
HOST = "127.0.0.1"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_CONSOLE = "https://console.cloud.google.com/apis/credentials"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """An OAuth client of the kind "Desktop app", as its file describes it."""

    config: dict[str, Any]

    @property
    def id(self) -> str:
        """The client's id."""
        return str(self.config["client_id"])

    @property
    def secret(self) -> str:
        """What Google calls the secret of a desktop app; it is in every copy of a program and guards nothing alone."""
        return str(self.config["client_secret"])

    @property
    def token_uri(self) -> str:
        """Where codes and refresh tokens are exchanged."""
        return str(self.config["token_uri"])

    @property
    def local(self) -> bool:
        """Whether a server on this computer stands in for Google."""
        return all(urlsplit(self.config[key]).hostname in _LOOPBACK for key in ("auth_uri", "token_uri"))


def load_client(path: Path | None) -> OAuthClient:
    """The client of a file.

    Raises:
        Refused: missing, not JSON, for a web server, or incomplete.
    """
    if path is None:
        raise Refused("No client_file is named to sign in with.", "client_file", 'Add client_file = "...".')
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise _bad_client(path, f"it cannot be read ({problem.strerror})") from None
    except ValueError:
        raise _bad_client(path, "it is no JSON file") from None
    if isinstance(info, dict) and info.get("type") == "service_account":
        raise Refused(
            f"The client file {path} is a service account's key.",
            "client_file",
            "Write it as key_file = and take out client_file and auth.",
        )
    if isinstance(info, dict) and "web" in info:
        raise _bad_client(path, 'it is for the kind "Web application"')
    config = info.get("installed") if isinstance(info, dict) else None
    needed = ("client_id", "client_secret", "auth_uri", "token_uri")
    if not isinstance(config, dict) or not all(isinstance(config.get(key), str) and config[key] for key in needed):
        raise _bad_client(path, "a field is missing")
    for key in ("auth_uri", "token_uri"):
        address = urlsplit(config[key])
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
            raise _bad_client(path, f"its {key} is not encrypted (https)")
    return OAuthClient(config)


def _bad_client(path: Path, why: str) -> Refused:
    return Refused(
        f"The client file {path} cannot be used: {why}.",
        "client_file",
        f'Create an OAuth client of the kind "Desktop app" and download its JSON: {_CONSOLE}',
    )


# --- the keyring -----------------------------------------------------------------------------------------------------


def _entry(client: OAuthClient, name: str) -> str:
    return f"{client.id}/{name}"


def remember(client: OAuthClient, name: str, token: str) -> None:
    """Keeps a refresh token in the keyring.

    Raises:
        Refused: there is no keyring, it is locked, or it keeps nothing.
    """
    with _keyring() as keyring:
        keyring.set_password(SERVICE, _entry(client, name), token)
        if keyring.get_password(SERVICE, _entry(client, name)) == token:
            return
    raise _no_keyring("it keeps nothing")


def remembered(client: OAuthClient, name: str) -> str | None:
    """The refresh token kept for a sheet; None when nobody signed in.

    Raises:
        Refused: there is no keyring, or it is locked.
    """
    with _keyring() as keyring:
        found: str | None = keyring.get_password(SERVICE, _entry(client, name))
    return found or None


def forget(client: OAuthClient, name: str) -> bool:
    """Takes a refresh token out of the keyring; False when there was none.

    Raises:
        Refused: there is no keyring, or it is locked.
    """
    with _keyring() as keyring:
        if keyring.get_password(SERVICE, _entry(client, name)) is None:
            return False
        keyring.delete_password(SERVICE, _entry(client, name))
    return True


@contextmanager
def _keyring() -> Iterator[Any]:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        yield keyring
    except Refused:
        raise
    except NoKeyringError:
        raise _no_keyring("there is none on this computer") from None
    except (KeyringError, RuntimeError) as problem:
        raise _no_keyring(f"{type(problem).__name__}: {problem}") from None


def _no_keyring(why: str) -> Refused:
    return Refused(
        f"The sign-in cannot be kept in this computer's keyring: {why}.",
        "login",
        "Unlock the keyring, or install one (Linux: gnome-keyring or KWallet). For a job that runs unattended use a "
        'service account\'s key_file, or auth = "adc".',
    )


# --- the browser -----------------------------------------------------------------------------------------------------


def login(
    client: OAuthClient,
    scope: str,
    *,
    show: Callable[[str], None],
    browser: bool = True,
    port: int = 0,
    patience: float = 300.0,
) -> str:
    """Asks a person for access, in the browser.

    Args:
        client: on whose behalf.
        scope: what for.
        show: is handed the address of Google's page.
        browser: open the page; otherwise only show its address.
        port: the port on this computer that takes the answer; 0: any free one.
        patience: seconds to wait for the person.

    Returns:
        The refresh token.

    Raises:
        Refused: the port is busy, consent was refused, nobody answered, or the code was not taken.
    """
    from google_auth_oauthlib.flow import InstalledAppFlow

    try:
        server = _Listener((HOST, port), _Answer)
    except OSError as problem:
        raise Refused(
            f"Port {port} on this computer is busy ({problem.strerror}).",
            "login",
            "Leave out --port, then any free one is taken.",
        ) from None
    with server:
        back = f"http://{HOST}:{server.server_address[1]}/"
        flow = InstalledAppFlow.from_client_config(
            {"installed": client.config}, [scope], redirect_uri=back, autogenerate_code_verifier=True
        )
        with _plain_http_here(client.local):
            # With prompt=consent Google hands out a refresh token also to those who allowed this before.
            address, server.state = flow.authorization_url(access_type="offline", prompt="consent")
        show(address)
        if browser:
            webbrowser.open(address, new=1)
        answer = _wait(server, patience)
    if "code" not in answer:
        raise _not_allowed(answer.get("error", ""))
    return _exchange(flow, client, answer["code"], scope)


def _wait(server: _Listener, patience: float) -> dict[str, str]:
    end = time.monotonic() + patience
    while server.answer is None:
        server.timeout = min(1.0, end - time.monotonic())
        if server.timeout <= 0:
            raise Refused(
                f"Nobody allowed access within {round(patience)} seconds.",
                "login",
                "Run it again and finish in the browser. If Google's page showed an error, the client file is probably "
                'not of the kind "Desktop app", or the account is no test user of the app.',
            )
        server.handle_request()
    return server.answer


def _not_allowed(error: str) -> Refused:
    if error == "access_denied":
        return Refused("Access was not allowed on Google's page.", "login", "Run it again and choose Allow.")
    hint = "Your organisation may forbid this app: ask its Google Workspace administrator."
    return Refused(f"Google's page answered: {error or 'nothing'}.", "login", hint)


def _exchange(flow: Any, client: OAuthClient, code: str, scope: str) -> str:
    if client.local:
        flow.oauth2session.trust_env = False
    try:
        with _plain_http_here(client.local):
            token = flow.fetch_token(code=code, include_client_id=True, timeout=30)
    except requests.RequestException as problem:
        host = urlsplit(client.token_uri).netloc
        raise Refused(
            f"{host} cannot be reached ({type(problem).__name__}).", "network", "Check the network."
        ) from None
    except Exception as problem:
        # By name: the class belongs to a package that is google-auth-oauthlib's business, not ours.
        if not type(problem).__module__.startswith("oauthlib."):
            raise
        said = getattr(problem, "description", "") or getattr(problem, "error", "") or type(problem).__name__
        raise Refused(
            f"The sign-in was not completed: {said}",
            "login",
            "Run it again. If it stays so, download the client file anew and check this computer's clock.",
        ) from None
    finally:
        flow.oauth2session.close()
    granted = token.get("scope", [])
    if scope not in (granted.split() if isinstance(granted, str) else granted):
        hint = "Run it again and leave the box for Google Sheets ticked."
        raise Refused("Access to Google Sheets was left out on Google's page.", "scope", hint)
    if not token.get("refresh_token"):
        hint = "Take back the app's access at https://myaccount.google.com/permissions and run it again."
        raise Refused("Google gave no lasting sign-in.", "login", hint)
    return str(token["refresh_token"])


@contextmanager
def _plain_http_here(local: bool) -> Iterator[None]:
    """Two rules of oauthlib eased: https, which there is none of between two ends of one computer, and that a scope left
    out is an exception, which is told in plain words instead."""
    wanted = {"OAUTHLIB_RELAX_TOKEN_SCOPE": "1"} | ({"OAUTHLIB_INSECURE_TRANSPORT": "1"} if local else {})
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _Listener(HTTPServer):
    """Takes the one answer that carries our state; a stray visitor changes nothing."""

    allow_reuse_address = False
    state = ""
    answer: dict[str, str] | None = None

    def server_bind(self) -> None:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows lets two programs share a port otherwise
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        super().server_bind()


class _Answer(BaseHTTPRequestHandler):
    server: _Listener
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """The address holds the code: nothing of it is printed."""

    def do_GET(self) -> None:
        given = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if not self.server.state or given.get("state") != self.server.state:
            self._say(400, "This is not the answer we wait for.", "Go back to the terminal.")
            return
        self.server.answer = given
        if "code" in given:
            self._say(200, "You are signed in.", "You may close this window and go back to the terminal.")
        else:
            self._say(200, "Access was not allowed.", "Nothing was changed. The terminal says more.")

    def _say(self, status: int, title: str, text: str) -> None:
        page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
            "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;"
            f"margin:15vh auto;padding:0 1rem}}</style></head><body><h1>{title}</h1><p>{text}</p></body></html>"
        ).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page)
