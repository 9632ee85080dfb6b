"""A network that fails on demand: a proxy before a real server, told what to do with each request in turn."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

__all__ = ["Flaky", "flaky"]


class Flaky:
    """``plan``: what happens to the next requests; when it is over, they pass.

    pass; drop (the server answers, the answer is lost); 429, 502, 503, 504 with Retry-After; cut (half the answer);
    page (a sign-in page with status 200); small (refuse what is longer than 20 KB).
    """

    def __init__(self, base_url: str) -> None:
        self.base_url, self.target = "", base_url
        self.plan: list[str] = []
        self.always = ""
        self.seen: list[str] = []


@contextmanager
def flaky(target: str) -> Iterator[Flaky]:
    state = Flaky(target)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.handled(b"")

        def do_POST(self) -> None:
            self.handled(self.rfile.read(int(self.headers["Content-Length"])))

        def handled(self, body: bytes) -> None:
            what = state.always or (state.plan.pop(0) if state.plan else "pass")
            if what == "small":
                what = "413" if len(body) > 20_000 else "pass"
            state.seen.append(what)
            if what.isdecimal():
                self.answer(int(what), b"<html>busy</html>", {"Retry-After": "0.01"})
                return
            if what == "page":
                self.answer(200, b"<html>Sign in to the network</html>", {"Content-Type": "text/html"})
                return
            headers = {
                k: v for k, v in self.headers.items() if k.lower() not in ("connection", "host", "content-length")
            }
            with requests.Session() as asking:
                asking.trust_env = False
                found = asking.request(self.command, state.target + self.path, data=body, headers=headers, timeout=30)
            if what == "drop":
                self.close_connection = True
                self.connection.close()
                return
            kept = {k: v for k, v in found.headers.items() if k.lower().startswith(("revalign-", "content-type"))}
            self.answer(found.status_code, found.content, kept, cut=what == "cut")

        def answer(self, status: int, content: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if cut else content)
            if cut:
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()

    class Quiet(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    state.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
