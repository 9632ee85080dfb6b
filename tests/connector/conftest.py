"""A server on this machine, and clients whose waits take no time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.connector import Context
from revalign_udf.connector.http import Http
from revalign_udf.testing import FakeApi


class Patient(Context):
    """A context that notes how long it was asked to wait, and does not wait."""

    waits: list[float]

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.stop_if_cancelled()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


Connect = Callable[..., Http]


@pytest.fixture
def connect(api: FakeApi, tmp_path: Path) -> Iterator[Connect]:
    """``connect(auth, ...)``: a client of the server, as ``ctx.http`` makes it; its waits are in ``http.ctx.waits``."""
    opened: list[Http] = []

    def made(auth: Any = None, *, context: dict[str, Any] | None = None, base_url: str = "", **options: Any) -> Http:
        settings = options.pop("settings", {})
        ctx = Patient("shop", settings, project=tmp_path, **(context or {}))
        ctx.waits = []
        opened.append(Http(ctx, base_url or api.base_url, auth=auth, **options))
        return opened[-1]

    yield made
    for http in opened:
        http.close()


@pytest.fixture
def waits() -> Callable[[Http], list[float]]:
    """What a client was asked to wait, in seconds."""

    def found(http: Http) -> list[float]:
        ctx = http._ctx
        assert isinstance(ctx, Patient)
        return ctx.waits

    return found


@pytest.fixture
def raw() -> Iterator[Callable[..., str]]:
    """``raw(reply, ...)``: the address of a server that sends these bytes, one reply per connection, and closes; the last
    one again and again."""
    servers: list[tuple[socket.socket, threading.Thread]] = []

    def serving(*replies: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            left = list(replies)
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    asked = b""
                    while b"\r\n\r\n" not in asked:
                        asked += connection.recv(65_536) or b"\r\n\r\n"
                    connection.sendall(left.pop(0) if len(left) > 1 else left[0])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield serving
    for server, thread in servers:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()
