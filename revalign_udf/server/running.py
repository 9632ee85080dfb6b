"""Running the app on loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from revalign_udf.errors import UserError

__all__ = ["HOST", "Server", "serve"]

#: one person on one machine; anything wider needs HTTPS in front
HOST = "127.0.0.1"


class Server(uvicorn.Server):
    """The app on loopback; calls ``ready`` with its base URL once it answers. ``should_exit`` ends it.

    Raises UserError REV-102 when the port is taken.
    """

    def __init__(self, app: ASGIApp, port: int, ready: Callable[[str], None]) -> None:
        try:
            # bound here, so that the port the system chose is known and stays ours
            self._socket = socket.create_server((HOST, port))
        except OSError as error:
            hint = "Name another port, or 0 for any free one."
            raise UserError(f"Port {port} cannot be used: {error.strerror}.", hint=hint) from None
        self.base_url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self._ready = ready
        # requests are not logged, and warnings go where the program's go
        super().__init__(
            uvicorn.Config(
                app, loop="asyncio", http="h11", ws="none", lifespan="on", log_config=None, log_level="warning",
                access_log=False, server_header=False, timeout_graceful_shutdown=5,
            )
        )  # fmt: skip

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where it is when it answers."""
        await super().startup(sockets)
        if self.started:
            self._ready(self.base_url)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer until told to end."""
        with self._socket:
            super().run([self._socket, *(sockets or [])])


def serve(app: ASGIApp, port: int, ready: Callable[[str], None]) -> None:
    """Run the app on loopback until Ctrl-C. ``ready`` gets its base URL once it answers; port 0 is any free one."""
    server = Server(app, port, ready)
    with suppress(KeyboardInterrupt):  # it has ended in good order by then
        server.run()
