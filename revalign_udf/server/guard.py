"""Who may ask, from where, and how much: everything that is decided before a question is read.

========================= ==========================================================================================
check                     why
========================= ==========================================================================================
host name                 a page in a browser can be talked into calling loopback under another name
size by Content-Length    what is announced as too large is refused before any of it is read
origin                    no other origin is invited unless it is named; then only what the add-in needs, no cookies
token                     the server's own, compared in constant time, or one of the company's sign-in (OIDC)
repeated failures         a token that failed five times in a minute is not looked at again in that minute
space                     an answer from another company than the asked one would be a wrong number
========================= ==========================================================================================
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from revalign_udf.errors import ConfigError, UnknownName, UserError
from revalign_udf.query import Caller
from revalign_udf.server.calls import Refused
from revalign_udf.server.figures import Figures
from revalign_udf.server.replies import refusal
from revalign_udf.server.signin import SignIn

__all__ = ["LOOPBACK", "MAX_BODY", "SPACE_HEADER", "Failures", "Guard", "usable"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_BODY = 5 * 1024 * 1024
#: names the company a question is about: the live one, or the sample one
SPACE_HEADER = "Revalign-Space"
#: what answers without a token: whether it is alive, and the files of the add-in, which hold no numbers
_OPEN = ("/health", "/addin/")
_ASKED = "Authorization, Content-Type, If-None-Match, Revalign-Space"
_SHOWN = "ETag, Retry-After, Revalign-Edition, Revalign-Snapshot"
#: seconds a browser may remember what an origin may do
_REMEMBERED = "600"


def usable(token: str) -> str:
    """The token, if it can travel in a header. Raises ConfigError REV-305."""
    if not token or not all("!" <= sign <= "~" for sign in token):
        raise ConfigError(
            "The server's token is empty, or holds blanks or signs outside ASCII.",
            code="REV-305",
            hint="Set REVALIGN_TOKEN to letters and digits, or unset it to have one made.",
        )
    return token


class Failures:
    """Tokens that failed lately, by their hash: after ``most`` failures in ``seconds`` one is refused unseen."""

    def __init__(self, most: int = 5, seconds: float = 60, room: int = 10_000) -> None:
        self._most, self._seconds, self._room = most, seconds, room
        self._seen: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def blocked(self, token: bytes) -> int:
        """Seconds until it may be tried again; 0: now."""
        count, since = self._seen.get(_hash(token), (0, 0.0))
        left = since + self._seconds - time.monotonic()
        return int(left) + 1 if count >= self._most and left > 0 else 0

    def add(self, token: bytes) -> None:
        """One more failure."""
        key, now = _hash(token), time.monotonic()
        count, since = self._seen.pop(key, (0, now))
        self._seen[key] = (count + 1, since) if now - since < self._seconds else (1, now)
        while len(self._seen) > self._room:
            self._seen.popitem(last=False)


def _hash(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


class Guard:
    """ASGI middleware before everything else.

    Args:
        app: what answers.
        token: the server's own token; None when only the company's sign-in opens it.
        hosts: host names it may be called by.
        figures: where requests are counted.
        sign_in: the company's sign-in.
        origins: other origins whose pages may ask, such as ``https://addin.example.com``.
        spaces: companies a question may name.
    """

    def __init__(
        self, app: ASGIApp, token: str | None, hosts: Collection[str], figures: Figures, *,
        sign_in: SignIn | None = None, origins: Collection[str] = (), spaces: Collection[str] = ("live",),
    ) -> None:  # fmt: skip
        self._app, self._hosts, self._figures = app, hosts, figures
        self._token = usable(token).encode("ascii") if token is not None else None
        self._sign_in, self._origins, self._spaces = sign_in, frozenset(origins), spaces
        self._failures = Failures()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, status = time.perf_counter(), [0]
        origin = Headers(scope=scope).get("origin", "")
        shared = origin if origin in self._origins else ""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                self._marked(MutableHeaders(scope=message), shared)
            await send(message)

        try:
            refused = self._preflight(scope, shared) or await self._refused(scope)
            return await (refused or self._app)(scope, receive, sent)
        finally:
            self._figures.request(scope["path"], status[0], time.perf_counter() - began)

    def _marked(self, headers: MutableHeaders, shared: str) -> None:
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        if self._origins:
            headers.add_vary_header("Origin")
        if shared:
            headers["Access-Control-Allow-Origin"] = shared
            headers["Access-Control-Expose-Headers"] = _SHOWN

    def _preflight(self, scope: Scope, shared: str) -> Response | None:
        """The answer to a browser that asks whether a named origin may ask."""
        headers = Headers(scope=scope)
        if not (shared and scope["method"] == "OPTIONS" and "access-control-request-method" in headers):
            return None
        if _host(headers.get("host", "")) not in self._hosts:
            return None
        allowed = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": _ASKED,
            "Access-Control-Max-Age": _REMEMBERED,
        }
        if headers.get("access-control-request-private-network") == "true":
            # A browser that asks this way is told yes; newer ones ask the person instead and send nothing.
            allowed["Access-Control-Allow-Private-Network"] = "true"
        return Response(status_code=204, headers=allowed)

    async def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if _host(headers.get("host", "")) not in self._hosts:
            text = "This server does not answer to that name."
            hint = "Start it with --host-name NAME to let it." if self._sign_in else ""
            return refusal(403, UserError(text, code="REV-403", hint=hint))
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return too_large()
        path = scope["path"]
        if path in _OPEN or path.startswith(_OPEN[1]):
            return None
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        try:
            caller = await self._caller(headers)
        except Refused as error:
            told = {"WWW-Authenticate": "Bearer"} if error.code == "REV-401" else {}
            if error.retry_after:
                told["Retry-After"] = str(error.retry_after)
            return refusal(error.status, error, told)
        if caller is not None:
            state["caller"] = caller
        space = headers.get(SPACE_HEADER, "live")
        if space not in self._spaces:
            return refusal(404, UnknownName("space", space, self._spaces, hint="Start the server with --demo DIR."))
        return None

    async def _caller(self, headers: Headers) -> Caller | None:
        """Who asks, as the sign-in says; None for the bearer of the server's own token.

        Raises Refused: 401 REV-401, 429, or 503 REV-408 when the sign-in cannot be asked for its keys.
        """
        kind, _, text = headers.get("authorization", "").partition(" ")
        given = text.strip().encode("latin-1", "replace") if kind.lower() == "bearer" else b""
        # compared in constant time: how long it takes says nothing about how much was right
        if self._token is not None and hmac.compare_digest(given, self._token):
            return None
        if given and (wait := self._failures.blocked(given)):
            raise Refused(
                429, "This token has been refused several times.", code="REV-401", retry_after=wait,
                hint="Sign in anew.",
            )  # fmt: skip
        try:
            return await run_in_threadpool(self._signed_in, given)
        except Refused as error:
            if given and error.status == 401:
                self._failures.add(given)
            self._figures.sign_in_failed()
            raise

    def _signed_in(self, given: bytes) -> Caller:
        if given and self._sign_in is not None:
            return self._sign_in.caller(given.decode("latin-1"))
        raise Refused(
            401, "The token is not this server's." if given else "No token.", code="REV-401",
            hint="Send Authorization: Bearer TOKEN, with the token that revalign serve prints.",
        )  # fmt: skip


def too_large() -> Response:
    """The refusal of a body over the limit. The connection ends: nobody reads the rest."""
    hint = f"Send at most {MAX_BODY // 1024**2} MB at a time."
    return refusal(413, UserError("The request is too large.", hint=hint), {"Connection": "close"})


def _host(text: str) -> str | None:
    try:
        return urlsplit(f"//{text}").hostname
    except ValueError:
        return None
