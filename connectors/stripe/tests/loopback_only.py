"""Runs the unchanged localstripe program, except that where it would listen on every interface it listens on loopback.

localstripe (GPL-3) is a program of its own that tests start; nothing of it is imported anywhere else.
Usage: python loopback_only.py PORT
"""

import runpy
import socket
import sys
from typing import Any

bind = socket.socket.bind


def on_loopback(self: socket.socket, address: Any) -> None:
    bind(self, ("::ffff:127.0.0.1", *address[1:]) if address[0] == "::" else address)


if __name__ == "__main__":
    socket.socket.bind = on_loopback  # type: ignore[method-assign, assignment]
    sys.argv = ["localstripe", "--port", sys.argv[1], "--from-scratch"]
    runpy.run_module("localstripe", run_name="__main__")
