"""A vendor's API on this machine: a small, fast HTTP server for the tests of connectors.

A fake keeps its own records and answers as the vendor does; faults happen at the wanted call, without the fake knowing:

>>> import urllib.request
>>> with FakeApi() as api:
...
...     @api.route("GET", "/v1/deals/([0-9]+)")
...     def deal(call):
...         return {"id": call.match[1], "expand": call.query.get("expand", "")}
...
...     with urllib.request.urlopen(f"{api.base_url}/v1/deals/7?expand=owner") as reply:
...         reply.read()
...     api.calls[0].method, api.calls[0].path
b'{"id": "7", "expand": "owner"}'
('GET', '/v1/deals/7')

The server speaks HTTP/1.1 with kept-alive connections, one thread each. Handlers run one at a time, so a fake needs no
locks. A handler that raises answers 500, and leaving the ``with`` block raises what it raised: a mistake in a fake
never passes for a mistake of the vendor.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import IO, Any, Self, TypeAlias, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["Answer", "ApiFault", "ApiFaults", "Call", "FakeApi", "Headers"]


class Headers(Mapping[str, str]):
    """Header fields, found in any spelling of upper and lower case."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = {name.lower(): value for name, value in fields}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in."""

    method: str
    target: str
    """path and query as sent"""
    path: str
    """the path without the query, percent signs decoded"""
    queries: dict[str, list[str]]
    """every value of every query parameter"""
    headers: Headers
    body: bytes
    match: re.Match[str]
    """of the route's pattern on the path"""

    @property
    def query(self) -> dict[str, str]:
        """The last value of every query parameter."""
        return {name: values[-1] for name, values in self.queries.items()}

    @property
    def json(self) -> Any:
        """The body as JSON; None where there is none."""
        return json.loads(self.body) if self.body else None

    @property
    def form(self) -> dict[str, str]:
        """The body as form fields, the last value of each."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass(slots=True)
class Answer:
    """What a handler answers: JSON, bytes, or chunks sent one by one."""

    status: int = 200
    json: Any = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes] | None = None
    """sent with chunked transfer, for large bodies"""


Handler: TypeAlias = Callable[[Call], Any]
"""``handler(call)`` -> an :class:`Answer`, something that can be written as JSON, or (status, JSON)"""
_H = TypeVar("_H", bound=Handler)


@dataclass(slots=True)
class ApiFault:
    """One planned fault; ``hits`` says how often it has struck."""

    where: re.Pattern[str]
    answer: Answer | None
    times: int
    after: int
    cut: int | None
    quiet: bool
    delay: float
    drop: bool
    repeat: bool
    then: Callable[[], object] | None
    seen: int = 0
    hits: int = 0


class ApiFaults:
    """The faults still to come, in the order they were added. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[ApiFault] = []

    def add(
        self,
        where: str = "",
        *,
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        json: Any = None,
        times: int = 1,
        after: int = 0,
        cut: int | None = None,
        quiet: bool = False,
        delay: float = 0.0,
        drop: bool = False,
        repeat: bool = False,
        then: Callable[[], object] | None = None,
    ) -> ApiFault:
        """Plan a fault.

        Args:
            where: a regular expression searched in ``METHOD /path?query``; empty for every call.
            status: answer with this status instead of asking the fake (with ``body`` or ``json`` alone: 200).
            headers: header fields of that answer, such as ``Retry-After``.
            body: the bytes of that answer.
            json: the JSON of that answer.
            times: how many matching calls are answered so.
            after: how many matching calls pass before.
            cut: the right answer, cut off after this many bytes of the body; the connection is closed then.
            quiet: with ``cut``: the length is announced as cut, so that only the reader of the JSON can notice.
            delay: seconds to wait before answering.
            drop: close the connection without an answer; the fake is not asked.
            repeat: the first call struck is answered rightly, and every later one gets that same answer.
            then: something to do at that call, before it is answered, such as letting the token expire.
        """
        given = status or body or json is not None or headers
        answer = Answer(status or 200, json, body, dict(headers or {})) if given else None
        fault = ApiFault(re.compile(where), answer, times, after, cut, quiet, delay, drop, repeat, then)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every planned fault."""
        with self._lock:
            self._faults.clear()

    def strike(self, call: str) -> ApiFault | None:
        """The fault that strikes this call, if any."""
        with self._lock:
            for fault in self._faults:
                if fault.hits >= fault.times or not fault.where.search(call):
                    continue
                fault.seen += 1
                if fault.seen <= fault.after:
                    continue
                fault.hits += 1
                return fault
        return None


class FakeApi:
    """A vendor's API on a free port of 127.0.0.1. Runs from construction to :meth:`close` (or as a context manager)."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        """every call that was looked at, in order; a dropped one too"""
        self.remember = True
        """False: ``calls`` stays as it is, where there are very many"""
        self.strangers: list[str] = []
        """Host fields that were not this server's own: somebody was sent here by another name"""
        self.unknown: list[str] = []
        """calls that no route answers, as ``METHOD /path``"""
        self.faults = ApiFaults()
        self.authorize: Callable[[Call], bool] | None = None
        """asked before every handler; where it says False the call is answered with 401"""
        self.lock = threading.RLock()
        """held while a handler runs; hold it to change a fake's records from a test while calls may come in"""
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._failed: list[BaseException] = []
        self._closing = threading.Event()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._server.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, name=f"fake-api-{self.port}", daemon=True)
        self._acceptor.start()

    def route(self, method: str, pattern: str) -> Callable[[_H], _H]:
        """A decorator: answer calls of a method whose whole path matches a regular expression.

        The route added first wins, except that a later one with the very same method and pattern replaces it.
        """

        def add(handler: _H) -> _H:
            new = (method.upper(), re.compile(pattern), handler)
            for place, (own, compiled, _) in enumerate(self._routes):
                if (own, compiled.pattern) == (new[0], pattern):
                    self._routes[place] = new
                    return handler
            self._routes.append(new)
            return handler

        return add

    def called(self, where: str = "") -> list[Call]:
        """The calls so far whose ``METHOD /path?query`` contains a match of a regular expression."""
        return [call for call in tuple(self.calls) if re.search(where, f"{call.method} {call.target}")]

    def close(self) -> None:
        """Stop serving. Raises what a handler raised."""
        if not self._closing.is_set():
            self._closing.set()
            _shut(self._server)
            self._acceptor.join()
            with self.lock:
                left = dict(self._open)
            for connection in left:
                _shut(connection, close=False)
            for thread in left.values():
                thread.join()
        if self._failed:
            raise self._failed.pop(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except BaseException:
            if error is None:
                raise

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self.lock:
                self._open[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while not self._closing.is_set() and self._exchange(connection, stream):
                    pass
        except (OSError, ValueError):
            pass  # the other side went away, or wrote what is no HTTP
        finally:
            with self.lock:
                self._open.pop(connection, None)

    def _exchange(self, connection: socket.socket, stream: IO[bytes]) -> bool:
        """One request and its answer. False: the connection ends."""
        line = stream.readline(65_536)
        if not line.strip():
            return False
        method, target, _ = line.decode("latin-1").split(" ", 2)
        headers = Headers(_fields(stream))
        if headers.get("Expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        call, handler = self._looked_at(method, target, headers, _body(stream, headers))
        stays = headers.get("Connection", "").lower() != "close"
        fault = self.faults.strike(f"{method} {call.target}")
        if fault is None:
            return self._send(connection, method, self._asked(call, handler), stays=stays)
        if fault.delay and self._closing.wait(fault.delay):
            return False
        if fault.then is not None:
            try:
                fault.then()
            except Exception as error:  # noqa: BLE001 - told when the server closes
                self._failed.append(error)
        if fault.drop:
            return False
        answer = fault.answer or self._asked(call, handler)
        if fault.repeat:
            fault.answer = answer
        return self._send(connection, method, answer, stays=stays, cut=fault.cut, quiet=fault.quiet)

    def _looked_at(self, method: str, target: str, headers: Headers, body: bytes) -> tuple[Call, Handler | None]:
        parts = urlsplit(target)
        path = unquote(parts.path) or "/"
        plain = f"{parts.path}?{parts.query}" if parts.query else parts.path
        found: tuple[re.Match[str] | None, Handler | None] = (None, None)
        for own, pattern, handler in self._routes:
            if own == method and (match := pattern.fullmatch(path)):
                found = (match, handler)
                break
        match = found[0] or re.compile("(?s:.*)").fullmatch(path)
        assert match is not None
        call = Call(method, plain, path, parse_qs(parts.query, keep_blank_values=True), headers, body, match)
        with self.lock:
            if self.remember:
                self.calls.append(call)
            host = parts.netloc or headers.get("Host", "")
            if host not in (f"127.0.0.1:{self.port}", f"localhost:{self.port}"):
                self.strangers.append(host)
        return call, found[1]

    def _asked(self, call: Call, handler: Handler | None) -> Answer:
        """What the fake answers."""
        with self.lock:
            try:
                if self.authorize is not None and not self.authorize(call):
                    return Answer(401, {"error": "unauthorized", "message": "the key or token is not accepted"})
                if handler is None:
                    self.unknown.append(f"{call.method} {call.path}")
                    return Answer(404, {"error": "not_found", "message": f"nothing at {call.path}"})
                answer = handler(call)
            except Exception as error:  # noqa: BLE001 - told when the server closes
                self._failed.append(error)
                return Answer(500, {"error": "fake", "message": f"the fake failed: {type(error).__name__}"})
        if isinstance(answer, Answer):
            return answer
        if isinstance(answer, tuple):
            return Answer(answer[0], answer[1])
        return Answer(200, answer)

    def _send(
        self, connection: socket.socket, method: str, answer: Answer, *,
        stays: bool, cut: int | None = None, quiet: bool = False,
    ) -> bool:  # fmt: skip
        headers = {name.title(): value for name, value in answer.headers.items()}
        body = answer.body
        if answer.json is not None or (not body and answer.chunks is None and answer.status not in (204, 304)):
            body = json.dumps(answer.json, ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
        announced = body
        if cut is not None:
            body = body[:cut]
            announced, stays = (body if quiet else announced), stays and quiet
        if not stays:
            headers["Connection"] = "close"
        if answer.chunks is None:
            headers.setdefault("Content-Length", str(len(announced)))
        else:
            headers["Transfer-Encoding"] = "chunked"
        reason = next((status.phrase for status in HTTPStatus if status == answer.status), "Status")
        lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        if answer.chunks is None:
            connection.sendall(head if method == "HEAD" else head + body)
            return stays
        connection.sendall(head)
        sent = 0
        for chunk in answer.chunks:
            if cut is not None and sent + len(chunk) > cut:
                return False
            if chunk:
                connection.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                sent += len(chunk)
        connection.sendall(b"0\r\n\r\n")
        return stays


def _fields(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    while (line := stream.readline(65_536)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip(), value.strip()


def _body(stream: IO[bytes], headers: Headers) -> bytes:
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        return stream.read(int(headers.get("Content-Length", "0")))
    parts = []
    while size := int(stream.readline().split(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    while stream.readline() not in (b"\r\n", b"\n", b""):
        pass
    return b"".join(parts)


def _shut(connection: socket.socket, *, close: bool = True) -> None:
    with contextlib.suppress(OSError):  # it may be closed already
        connection.shutdown(socket.SHUT_RDWR)
    if close:
        connection.close()
