"""Running the app: on loopback for one person, or behind a company's proxy or certificate for a team."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from revalign_udf.errors import UserError
from revalign_udf.server.tls import Certificate

__all__ = ["HOST", "Server", "serve"]

#: one person on one machine; anything wider needs HTTPS and a sign-in
HOST = "127.0.0.1"
#: connections and requests at one time; what comes above it is told to come again
_AT_ONCE = 256


class Server(uvicorn.Server):
    """The app; calls ``ready`` with its base URL once it answers. ``should_exit`` ends it.

    Args:
        app: what answers.
        port: where; 0 is any free one.
        ready: gets the base URL once it answers.
        bound: gets the base URL before it answers.
        host: the address to listen at.
        certificate: makes it HTTPS.
        proxies: addresses of proxies whose word about the scheme and the caller's address is taken.

    Raises UserError REV-102 when the port is taken.
    """

    def __init__(
        self, app: ASGIApp, port: int, ready: Callable[[str], None], *, host: str = HOST,
        certificate: Certificate | None = None, proxies: str = "", bound: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        try:
            # bound here, so that the port the system chose is known and stays ours
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family)
        except (OSError, OverflowError) as error:
            hint = "Name another port, or 0 for any free one."
            raise UserError(f"Port {port} cannot be used: {getattr(error, 'strerror', error)}.", hint=hint) from None
        name = "localhost" if certificate else f"[{host}]" if ":" in host else host
        self.base_url = f"{'https' if certificate else 'http'}://{name}:{self._socket.getsockname()[1]}"
        self._ready = ready
        if bound is not None:
            bound(self.base_url)
        # requests are not logged, and warnings go where the program's go
        super().__init__(
            uvicorn.Config(
                app, loop="asyncio", http="h11", ws="none", lifespan="on", log_config=None, log_level="warning",
                access_log=False, server_header=False, timeout_graceful_shutdown=5, limit_concurrency=_AT_ONCE,
                h11_max_incomplete_event_size=32 * 1024, timeout_keep_alive=30,
                ssl_certfile=certificate.sound().cert if certificate else None,
                ssl_keyfile=certificate.key if certificate else None,
                proxy_headers=bool(proxies), forwarded_allow_ips=proxies or None,
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


def serve(
    app: ASGIApp, port: int, ready: Callable[[str], None], *, host: str = HOST,
    certificate: Certificate | None = None, proxies: str = "", bound: Callable[[str], None] | None = None,
) -> None:  # fmt: skip
    """Run the app until Ctrl-C. ``ready`` gets its base URL once it answers; port 0 is any free one."""
    server = Server(app, port, ready, host=host, certificate=certificate, proxies=proxies, bound=bound)
    with suppress(KeyboardInterrupt):  # it has ended in good order by then
        server.run()
