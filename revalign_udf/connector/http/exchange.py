"""One call, once: sent to allowed servers only, read in bounded memory, and looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from revalign_udf.connector.http import meaning
from revalign_udf.connector.http.address import Addresses, origin_of
from revalign_udf.connector.http.limits import Limits, Pace, retry_after
from revalign_udf.connector.http.reply import Reply
from revalign_udf.connector.http.signals import Again
from revalign_udf.connector.http.transport import unpacked
from revalign_udf.errors import Fatal, Retriable

if TYPE_CHECKING:
    from revalign_udf.connector.protocol import Context

__all__ = ["JSON", "Body", "Exchange", "Wanted"]

JSON = "application/json"
_REDIRECTS = 5
_REDIRECTING = frozenset((301, 302, 303, 307, 308))
_NEVER = frozenset((501, 505))
"""statuses of the 500s that no repetition changes"""
_WEB_PAGE_TRIES = 3
"""a web page instead of JSON may be a moment's maintenance, and rarely is"""
_LINES = ("ndjson", "jsonl", "json-seq", "json-lines", "jsonlines")
"""media types of one JSON text per line"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One call as asked for."""

    method: str
    url: str
    headers: httpx.Headers = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    allow: Collection[int] = ()
    idempotent: bool = True
    token: bool = False
    """of a token server: not signed, and not looked at by the connector"""


@dataclass(slots=True)
class Body:
    """A large body, piece by piece. Iterate over it once."""

    reply_headers: Mapping[str, str]
    status: int
    _pieces: Iterator[bytes] = field(repr=False)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def __next__(self) -> bytes:
        return next(self._pieces)


class Exchange:
    """Sends the calls of one connection. What it raises is :class:`Again` where another try may help."""

    def __init__(
        self, ctx: Context, client: httpx.Client, addresses: Addresses, limits: Limits, pace: Pace,
        judge: Callable[[Reply], None] | None, hide: Callable[[str], str], look_at: Callable[[], str],
    ) -> None:  # fmt: skip
        self._ctx = ctx
        self._client = client
        self._addresses = addresses
        self._limits = limits
        self._pace = pace
        self._judge = judge
        self._hide = hide
        self._look_at = look_at

    def whole(self, wanted: Wanted, signature: Mapping[str, str]) -> Reply:
        """The reply with all of its body."""
        reply = self._read(wanted, self._sent(wanted, signature))
        self._look(wanted, reply)
        return reply

    def begun(self, wanted: Wanted, signature: Mapping[str, str]) -> tuple[httpx.Response, Iterator[bytes]]:
        """A reply with its body, of which the first piece has come. The caller closes the reply."""
        response = self._sent(wanted, signature)
        if not response.is_success:
            self._look(wanted, self._read(wanted, response))
        try:
            pieces = self._pieces(wanted, response)
            first = next(pieces, b"")
        except BaseException:
            response.close()
            raise
        return response, self._handed_out(first, pieces)

    def _handed_out(self, first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Once a piece was handed out, the call cannot be made again."""
        try:
            if first:
                yield first
            yield from pieces
        except Again as again:
            final = again.final
        else:
            return
        raise final

    def _sent(self, wanted: Wanted, signature: Mapping[str, str]) -> httpx.Response:
        """Send, and follow redirects as far as that is safe."""
        url = self._addresses.check(wanted.url)
        for _ in range(_REDIRECTS + 1):
            if wait := self._pace.turn():
                self._ctx.wait(wait)
            # credentials go home only
            headers = wanted.headers.copy()
            headers.update(signature if origin_of(url) == self._addresses.home else None)
            try:
                request = self._client.build_request(wanted.method, url, headers=headers, content=wanted.content)
                response = self._client.send(request, stream=True)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                problem = meaning.broken(self._at(wanted), url.host, error, self._limits)
            else:
                if response.status_code not in _REDIRECTING or "location" not in response.headers:
                    return response
                response.close()
                url = self._redirected(wanted, url, response.headers["location"])
                continue
            raise problem  # out here, so that the library's error does not hang on it
        raise Fatal(f"{self._at(wanted)} redirects in a circle.", hint="Check base_url.")

    def _redirected(self, wanted: Wanted, url: httpx.URL, location: str) -> httpx.URL:
        if wanted.method not in ("GET", "HEAD"):
            raise Fatal(
                f"{self._at(wanted)} redirects a {wanted.method}, which is not followed.",
                hint="Check base_url: a missing s in https:// or a moved system does that.",
            )
        try:
            target = url.join(location)
        except httpx.InvalidURL:
            raise Fatal(f"{self._at(wanted)} redirects to an address that cannot be read.") from None
        return self._addresses.check(str(target))

    def _read(self, wanted: Wanted, response: httpx.Response) -> Reply:
        most = self._limits.max_bytes
        announced = response.headers.get("content-length", "")
        try:
            if announced.isdecimal() and int(announced) > most:
                raise self._too_long(wanted)
            content = b"".join(self._pieces(wanted, response, most))
        finally:
            response.close()
        url = str(response.url)
        return Reply(response.status_code, response.headers, url, content, where=self._at(wanted), hide=self._hide)

    def _pieces(self, wanted: Wanted, response: httpx.Response, most: float = math.inf) -> Iterator[bytes]:
        """The body up to a limit, counted after unpacking. Raises Again when it breaks off."""
        size = 0
        try:
            for piece in unpacked(response, self._at(wanted)):
                self._ctx.stop_if_cancelled()
                size += len(piece)
                if size > most:
                    raise self._too_long(wanted)
                yield piece
        except (httpx.HTTPError, httpx.StreamError, EOFError) as error:
            problem = meaning.broken(self._at(wanted), response.url.host, error, self._limits)
        else:
            return
        raise problem

    def _too_long(self, wanted: Wanted) -> Fatal:
        return Fatal(
            f"{self._at(wanted)}: the reply is longer than {self._limits.max_bytes:,} bytes and was not read.",
            hint="Ask the connector's author for smaller pages.",
        )

    def _look(self, wanted: Wanted, reply: Reply) -> None:
        """Return for a reply to hand on; raise what it means otherwise."""
        status = reply.status
        if status in wanted.allow:
            return
        if 200 <= status < 300:
            self._sound(wanted, reply)
            if self._judge is not None and not wanted.token:
                self._judge(reply)
            return
        throttled = status == 429 or (status == 403 and "retry-after" in reply.headers)
        if throttled or status in (408, 425) or (status >= 500 and status not in _NEVER):
            what = "is asked too much" if throttled else f"failed ({status})"
            now = self._ctx.clock()
            raise meaning.later(
                f"{self._at(wanted)} {what}{meaning.told(reply)}.", retry_after(reply.headers, now), self._limits, now,
                safe=throttled or status == 503,
            )  # fmt: skip
        raise meaning.refused(self._at(wanted), reply, self._look_at())

    def _sound(self, wanted: Wanted, reply: Reply) -> None:
        """Whether what should be JSON is JSON, while the call can still be repeated."""
        if not reply.content or JSON not in wanted.headers.get("accept", ""):
            return
        begins = reply.content.lstrip()[:1]
        kind = reply.kind or ("json" if begins in (b"{", b"[") else "html" if begins == b"<" else "")
        if "html" not in kind and ("json" not in kind or any(word in kind for word in _LINES)):
            return
        try:
            _ = reply.json
        except Retriable as error:
            problem = Again(error)
        except Fatal as error:
            if begins != b"<":
                raise
            problem = Again(error, tries=_WEB_PAGE_TRIES)
        else:
            return
        raise problem

    def _at(self, wanted: Wanted) -> str:
        """Which call, without its query: keys and tokens may stand there."""
        path = wanted.url.partition("?")[0].removeprefix(self._addresses.root)
        return f"{self._ctx.connection}: {wanted.method} {path or '/'}"
