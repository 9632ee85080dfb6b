"""The HTTP server: who may call, faults on demand, the log of calls."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from revalign_udf.localsheets import view
from revalign_udf.localsheets.book import Book
from revalign_udf.localsheets.faults import Fault, Faults
from revalign_udf.localsheets.problems import ApiError, bad_request
from revalign_udf.localsheets.routes import Asked, Library, answer
from revalign_udf.localsheets.tokens import ServiceAccount, TokenRefusedError

__all__ = ["Call", "LocalSheets"]

#: Loopback only: the sheets are nobody else's business.
HOST = "127.0.0.1"
MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it went over the wire. ``status`` 0: the connection was dropped without an answer."""

    method: str
    path: str
    request_bytes: int
    reply_bytes: int
    status: int
    kinds: tuple[str, ...] = ()
    """the kinds of request in a batch, in order"""

    @property
    def writes(self) -> bool:
        """Whether it asked to change a spreadsheet."""
        if not self.path.startswith("/v4/") or self.path.endswith(":search"):
            return False
        return self.method != "GET"


class LocalSheets:
    """A Google Sheets server on loopback, running as long as the ``with`` block.

    Args:
        port: 0 lets the system choose.
        folder: where the key file is written; a temporary folder, removed at the end, when left out.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int = 0, *, folder: Path | None = None) -> None:
        self.account = ServiceAccount()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.library = Library()
        self.lock = threading.RLock()
        self._folder = folder
        self._own_folder: Path | None = None
        self._http = _Server((HOST, port), _Handler)
        self._http.local = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.base_url = f"http://{HOST}:{self._http.server_address[1]}"
        self.library.base_url = self.base_url
        self.key_file = Path()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Writes the key file and begins to answer."""
        if self._folder is None:
            self._own_folder = Path(tempfile.mkdtemp(prefix="revalign-sheets-"))
        self.key_file = self.account.write_key(self._folder or self._own_folder or Path(), self.base_url)
        self._thread.start()

    def close(self) -> None:
        """Stops answering, hangs up, and removes the key file it made in a folder of its own."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.hang_up()
        self._http.server_close()
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)

    def create(self, title: str, *, shared: bool = True) -> str:
        """A new spreadsheet, as a person makes one and shares it with the service account.

        Args:
            title: its title.
            shared: False leaves the service account out.

        Returns:
            The spreadsheet's key.
        """
        with self.lock:
            return self.library.create(title, {self.account.email: "writer"} if shared else {}).id

    def share(self, key: str, role: str | None = "writer") -> None:
        """Makes the service account ``writer`` or ``reader`` of a spreadsheet, or shuts it out (None)."""
        with self.lock:
            roles = self.library.books[key].roles
            roles.pop(self.account.email, None)
            if role:
                roles[self.account.email] = role

    def book(self, key: str) -> Book:
        """A spreadsheet as it is now, to look inside.

        Raises:
            KeyError: there is none.
        """
        with self.lock:
            return self.library.books[key]

    def writes(self) -> list[Call]:
        """The calls that asked for a change, in order."""
        return [call for call in self.calls if call.writes]


class _Server(ThreadingHTTPServer):
    """Keeps the open connections, so that closing does not wait for a client to hang up."""

    local: LocalSheets
    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is nothing to report."""

    def hang_up(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it was already gone


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server_version = "RevalignLocalSheets"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Calls are logged as data, not to the terminal."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        local = self.server.local
        raw = self._read_body()
        if raw is None:
            return
        path = urlsplit(self.path).path
        with local.lock:
            fault = local.faults.take(f"{self.command} {path}")
        if fault is not None and fault.delay:
            time.sleep(fault.delay)
        if fault is not None and fault.drop:
            self._drop(path, raw)
        elif fault is not None and fault.status:
            self._send(path, raw, fault.status, _json(_fault_body(fault)), dict(fault.headers))
        else:
            with local.lock:
                status, content, kind = self._answer(path, raw)
            if fault is not None and fault.drop_after_commit:
                self._drop(path, raw)
            else:
                self._send(path, raw, status, content, {"Content-Type": kind, **(fault.headers if fault else {})})

    def _read_body(self) -> bytes | None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            self._send(urlsplit(self.path).path, b"", 413, _json(ApiError(413, "Request too large.").body()), {})
            return None
        return self.rfile.read(length) if length else b""

    def _drop(self, path: str, raw: bytes) -> None:
        self._log(path, raw, 0, 0)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, path: str, raw: bytes, status: int, content: bytes, headers: dict[str, str]) -> None:
        self._log(path, raw, len(content), status)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=UTF-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _log(self, path: str, raw: bytes, reply: int, status: int) -> None:
        kinds: tuple[str, ...] = ()
        if path.startswith("/v4/") and path.endswith(":batchUpdate"):
            try:
                requests = json.loads(raw).get("requests", ())
                kinds = tuple(str(next(iter(request), "")) for request in requests)
            except (ValueError, AttributeError, TypeError):
                kinds = ()
        self.server.local.calls.append(Call(self.command, path, len(raw), reply, status, kinds))

    def _answer(self, path: str, raw: bytes) -> tuple[int, bytes, str]:
        as_json = "application/json; charset=UTF-8"
        local = self.server.local
        # A page in a browser could be talked into calling loopback under another name.
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in {HOST, "localhost"}:
            return 403, _json(ApiError(403, "This server answers on loopback only.").body()), as_json
        try:
            if path == "/token" and self.command == "POST":
                form = {name: given[-1] for name, given in parse_qs(raw.decode("utf-8", "replace")).items()}
                return 200, _json(local.account.grant(form)), as_json
            if self.command == "GET" and (page := view.page(local.library, path)) is not None:
                return 200, page.encode("utf-8"), "text/html; charset=UTF-8"
            return 200, _json(answer(local.library, self._asked(path, raw))), as_json
        except TokenRefusedError as problem:
            return 400, _json(problem.body), as_json
        except ApiError as problem:
            return problem.code, _json(problem.body()), as_json
        except Exception as problem:  # noqa: BLE001 - a bug here must reach the client as an answer, not as silence
            text = f"The local server failed: {type(problem).__name__}: {problem}"
            return 500, _json(ApiError(500, text).body()), as_json

    def _asked(self, path: str, raw: bytes) -> Asked:
        local = self.server.local
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        scopes = local.account.scopes(token.strip()) if kind.lower() == "bearer" else None
        if scopes is None:
            message = (
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
                "valid authentication credential. "
                "See https://developers.google.com/identity/sign-in/web/devconsole-project."
            )
            raise ApiError(401, message)
        try:
            body = json.loads(raw) if raw.strip() else None
        except ValueError as problem:
            raise bad_request(f"Invalid JSON payload received. {problem}") from None
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return Asked(self.command, path, query, _without_nulls(body), scopes, local.account.email)


def _without_nulls(node: Any) -> Any:
    """A body with the fields that are null left out, as JSON of a protocol buffer is read; blanks in rows stay."""
    if isinstance(node, dict):
        return {name: _without_nulls(value) for name, value in node.items() if value is not None}
    if isinstance(node, list):
        return [_without_nulls(item) for item in node]
    return node


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _fault_body(fault: Fault) -> dict[str, Any]:
    if fault.body is not None:
        return dict(fault.body)
    return ApiError(fault.status, f"Injected fault {fault.status}.").body()
