"""Who may ask: the bearer of the token, by a name that means this machine."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from revalign_udf.errors import ConfigError, UserError
from revalign_udf.server.replies import refusal

__all__ = ["LOOPBACK", "Guard", "usable"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: what answers without a token
_OPEN = frozenset({"/health"})


def usable(token: str) -> str:
    """The token, if it can travel in a header. Raises ConfigError REV-305."""
    if not token or not all("!" <= sign <= "~" for sign in token):
        raise ConfigError(
            "The server's token is empty, or holds blanks or signs outside ASCII.",
            code="REV-305",
            hint="Set REVALIGN_TOKEN to letters and digits, or unset it to have one made.",
        )
    return token


class Guard:
    """ASGI middleware before everything else.

    The host name is checked because a page in a browser can be talked into calling loopback under another name. No
    header ever invites other origins.
    """

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str]) -> None:
        self._app, self._token, self._hosts = app, usable(token).encode("ascii"), hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        refused = self._refused(scope) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if _host(headers.get("host", "")) not in self._hosts:
            return refusal(403, UserError("This server answers on this machine only.", code="REV-403"))
        if scope["path"] in _OPEN:
            return None
        kind, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip().encode("latin-1", "replace") if kind.lower() == "bearer" else b""
        # compared in constant time: how long it takes says nothing about how much was right
        if hmac.compare_digest(given, self._token):
            return None
        text = "The token is not this server's." if given else "No token."
        hint = "Send Authorization: Bearer TOKEN, with the token that revalign serve prints."
        return refusal(401, UserError(text, code="REV-401", hint=hint), {"WWW-Authenticate": "Bearer"})


def _host(text: str) -> str | None:
    try:
        return urlsplit(f"//{text}").hostname
    except ValueError:
        return None
