"""Looking over a connector's shoulder during a pull: what it sends and raises, where it calls, how long it waits."""

from __future__ import annotations

import copy
import socket
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from revalign_udf.connector import CanonicalRow, Check, Connector, Context, Linked, Message, Spec, Stream

__all__ = ["PatientContext", "Watch", "guarded_sockets", "watched"]


#: of so many records ``map`` is looked at closely
_LOOKS = 50


@dataclass(slots=True)
class Watch:
    """What was seen during a pull."""

    messages: list[tuple[str, Message, int]] = field(default_factory=list)
    """(stream, message, calls the vendor had answered by then)"""
    begun: dict[str, int] = field(default_factory=dict)
    """stream -> calls the vendor had answered when its read began"""
    states: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """stream -> the state its read was given"""
    streams: list[Stream] = field(default_factory=list)
    """those that were discovered"""
    errors: list[BaseException] = field(default_factory=list)
    """what discover and read raised, as raised: nothing is redacted yet"""
    mutated: list[str] = field(default_factory=list)
    """streams of which ``map`` changed a record (the first records are looked at)"""
    looked: int = 0
    calls: Callable[[], int] = lambda: 0
    on_message: Callable[[int, Message], None] = lambda _number, _message: None
    """called with the number of messages so far (from 1) after each was taken; may raise to stop the pull there"""
    change_record: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] | None = None
    """what a record looks like instead of how it was read"""


class _Watched:
    """A connector that passes everything through and tells a :class:`Watch`."""

    def __init__(self, connector: Connector, watch: Watch) -> None:
        self._connector, self._watch = connector, watch
        self.spec: Spec = connector.spec

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    def check(self, ctx: Context) -> Check:
        return self._connector.check(ctx)

    def discover(self, ctx: Context) -> Sequence[Stream]:
        try:
            self._watch.streams = list(self._connector.discover(ctx))
        except BaseException as error:
            self._watch.errors.append(error)
            raise
        return self._watch.streams

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        watch = self._watch
        watch.begun[stream.name] = watch.calls()
        watch.states[stream.name] = dict(state)
        try:
            for message in self._connector.read(ctx, stream, state):
                watch.messages.append((stream.name, message, watch.calls()))
                yield message
                watch.on_message(len(watch.messages), message)
        except GeneratorExit:
            raise
        except BaseException as error:
            watch.errors.append(error)
            raise

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        if self._watch.change_record is not None:
            record = self._watch.change_record(stream, record)
        if self._watch.looked >= _LOOKS:
            return self._connector.map(stream, record, mapping)
        self._watch.looked += 1
        before = copy.deepcopy(record)
        rows = list(self._connector.map(stream, record, mapping))
        if record != before:
            self._watch.mutated.append(stream)
        return rows


class _WatchedLinked(_Watched):
    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Those of the connector."""
        found: Mapping[str, str] = self._connector.links(settings)  # type: ignore[attr-defined]
        return found


def watched(connector: Connector, watch: Watch) -> Connector:
    """The connector under watch."""
    return _WatchedLinked(connector, watch) if isinstance(connector, Linked) else _Watched(connector, watch)


class PatientContext(Context):
    """A context that tells ``sleep`` of a whole wait at once, so that a test sees how long it was."""

    __slots__ = ()

    def wait(self, seconds: float) -> None:
        """Wait, unless the pull is cancelled."""
        self.stop_if_cancelled()
        self.sleep(seconds)
        self.stop_if_cancelled()


_LOCAL = ("localhost", "::1", "127.0.0.1")
_LOCK = threading.RLock()


@contextmanager
def guarded_sockets(ports: Collection[int], seen: list[str]) -> Iterator[None]:
    """Refuse every connection except to some ports of this machine, and note who else was called in ``seen``.

    Holds for the whole process, one block at a time.
    """

    def allowed(address: Any) -> bool:
        if not isinstance(address, tuple):
            return True  # a socket of the file system
        return (str(address[0]) in _LOCAL or str(address[0]).startswith("127.")) and address[1] in ports

    def refuse(address: Any) -> ConnectionRefusedError:
        seen.append(f"{address[0]}:{address[1]}")
        return ConnectionRefusedError(f"{address[0]}:{address[1]} is not the address of this connection")

    def connect(self: socket.socket, address: Any) -> None:
        if not allowed(address):
            raise refuse(address)
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        if not allowed(address):
            raise refuse(address)
        return real_connect_ex(self, address)

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name not in _LOCAL and not str(name).startswith("127."):
            raise refuse((name, port))
        return real_lookup(host, port, *args, **options)

    with _LOCK:
        real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
        real_lookup = socket.getaddrinfo
        socket.socket.connect = connect  # type: ignore[method-assign, assignment]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign, assignment]
        socket.getaddrinfo = getaddrinfo
        try:
            yield
        finally:
            socket.socket.connect = real_connect  # type: ignore[method-assign]
            socket.socket.connect_ex = real_connect_ex  # type: ignore[method-assign]
            socket.getaddrinfo = real_lookup
