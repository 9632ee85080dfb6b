"""One HTTP connection: reads a call, lets faults strike, asks the right service, writes the answer and the log."""

from __future__ import annotations

import base64
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from revalign_udf.localsheets import view
from revalign_udf.localsheets.faults import Fault
from revalign_udf.localsheets.federation import GRANT as EXCHANGE
from revalign_udf.localsheets.problems import ApiError, bad_request, service_disabled, unauthenticated
from revalign_udf.localsheets.routes import Asked, Raw, answer
from revalign_udf.localsheets.tokens import TokenRefusedError

if TYPE_CHECKING:
    from revalign_udf.localsheets.server import LocalSheets

__all__ = ["HOST", "Call", "Handler", "HttpServer"]

#: Loopback only: the sheets are nobody else's business.
HOST = "127.0.0.1"
#: what is read at all; the limit of a payload is a setting of the server, and far below
MAX_BODY = 128 * 1024 * 1024

_JSON = "application/json; charset=UTF-8"
_HTML = "text/html; charset=UTF-8"
_READS = (":search", ":batchGetByDataFilter", ":getByDataFilter")
_IMPERSONATE = re.compile(r"/v1/projects/-/serviceAccounts/([^/]+):generateAccessToken")


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
        return self.path.startswith("/v4/") and _writes(self.method, self.path)

    @property
    def reads(self) -> bool:
        """Whether it asked to see a spreadsheet."""
        return self.path.startswith("/v4/") and not self.writes


def _writes(method: str, path: str) -> bool:
    return method != "GET" and not path.endswith(_READS)


@dataclass(slots=True)
class _Answer:
    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


class HttpServer(ThreadingHTTPServer):
    """Keeps the open connections, so that closing does not wait for a client to hang up."""

    local: LocalSheets
    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Takes the connection into the books."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Takes it out again."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is nothing to report."""

    def hang_up(self) -> None:
        """Ends every open connection."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it was already gone


class Handler(BaseHTTPRequestHandler):
    """One connection, call after call."""

    server: HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server_version = "RevalignLocalSheets"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Calls are logged as data, not to the terminal."""

    def do_GET(self) -> None:
        """A read."""
        self._serve()

    def do_POST(self) -> None:
        """Anything with a body."""
        self._serve()

    def do_PUT(self) -> None:
        """Values written."""
        self._serve()

    def do_PATCH(self) -> None:
        """A file changed."""
        self._serve()

    def do_DELETE(self) -> None:
        """A file removed."""
        self._serve()

    def _serve(self) -> None:
        local = self.server.local
        raw = self._read_body()
        if raw is None:
            return
        path = urlsplit(self.path).path
        said = f"{self.command} {path}"
        local.faults.tell("before", said)
        fault = local.faults.take(said)
        if fault is None:
            made = self._answer(path, raw)
            local.faults.tell("after", said)
            self._send(path, raw, made)
            return
        fault.reached.set()
        if fault.expire:
            local.expire_tokens()
        if fault.hold == "before":
            fault.released.wait()
        if fault.delay:
            time.sleep(fault.delay)
        if fault.drop:
            self._drop(path, raw)
            return
        made = self._faulty(fault) if fault.status else self._answer(path, raw)
        if not fault.status and fault.text is not None:
            made = _Answer(200, fault.text.encode("utf-8"), {"Content-Type": _HTML})
        made.headers |= fault.headers
        if fault.hold == "after":
            fault.released.wait()
        local.faults.tell("after", said)
        if fault.drop_after_commit:
            self._drop(path, raw)
        else:
            self._send(path, raw, made, cut=fault.truncate)

    def _faulty(self, fault: Fault) -> _Answer:
        if fault.text is not None:
            return _Answer(fault.status, fault.text.encode("utf-8"), {"Content-Type": _HTML})
        if fault.body is not None:
            return _Answer(fault.status, _json(dict(fault.body)))
        return _Answer(fault.status, _json(ApiError(fault.status, f"Injected fault {fault.status}.").body()))

    def _read_body(self) -> bytes | None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if 0 <= length <= MAX_BODY:
            return self.rfile.read(length) if length else b""
        self.close_connection = True
        problem = ApiError(413, "Request too large.") if length > 0 else bad_request("Invalid Content-Length.")
        self._send(urlsplit(self.path).path, b"", _Answer(problem.code, _json(problem.body())))
        return None

    def _drop(self, path: str, raw: bytes) -> None:
        self._log(path, raw, 0, 0)
        self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the client was quicker

    def _send(self, path: str, raw: bytes, made: _Answer, *, cut: bool = False) -> None:
        self._log(path, raw, len(made.content), made.status)
        self.send_response(made.status)
        for name, value in {"Content-Type": _JSON, **made.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(made.content)))
        self.end_headers()
        self.wfile.write(made.content[: len(made.content) // 2] if cut else made.content)
        if cut:
            self.wfile.flush()
            self._hang_up()

    def _log(self, path: str, raw: bytes, reply: int, status: int) -> None:
        kinds: tuple[str, ...] = ()
        if path.startswith("/v4/") and path.endswith(":batchUpdate"):
            try:
                requests = json.loads(raw).get("requests", ())
                kinds = tuple(str(next(iter(request), "")) for request in requests)
            except (ValueError, AttributeError, TypeError):
                kinds = ()
        self.server.local.calls.append(Call(self.command, path, len(raw), reply, status, kinds))

    # --- which service answers ---------------------------------------------------------------------------------------

    def _answer(self, path: str, raw: bytes) -> _Answer:
        # A page in a browser could be talked into calling loopback under another name.
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in {HOST, "localhost"}:
            return _Answer(403, _json(ApiError(403, "This server answers on loopback only.").body()))
        try:
            if path.startswith(("/v4/", "/drive/")):
                return self._api(path, raw)
            return self._signing_in(path, raw) or self._page(path) or self._api(path, raw)
        except TokenRefusedError as problem:
            return _Answer(problem.status, _json(problem.body))
        except ApiError as problem:
            return _Answer(problem.code, _json(problem.body()), dict(problem.headers))
        except Exception as problem:  # noqa: BLE001 - a bug here must reach the client as an answer, not as silence
            text = f"The local server failed: {type(problem).__name__}: {problem}"
            return _Answer(500, _json(ApiError(500, text).body()))

    def _query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    def _signing_in(self, path: str, raw: bytes) -> _Answer | None:
        """Tokens and consent."""
        local = self.server.local
        if path in {"/o/oauth2/v2/auth", "/o/oauth2/auth"}:
            return self._consent(raw)
        if self.command != "POST":
            return None
        with local.lock:
            if path == "/token":
                form = _form(raw)
                kind = form.get("grant_type")
                if kind in {"authorization_code", "refresh_token"}:
                    return _Answer(200, _json(local.oauth.exchange({**form, **self._basic()})))
                return _Answer(200, _json(local.account.grant(form)))
            if path == "/v1/token":
                return _Answer(200, _json(local.federation.exchange({"grant_type": EXCHANGE, **_form(raw)})))
            if path == "/revoke":
                query = {name: given[-1] for name, given in self._query().items()}
                local.oauth.revoke({**query, **_form(raw)}.get("token", ""))
                return _Answer(200, b"{}")
            if found := _IMPERSONATE.fullmatch(path):
                body = _without_nulls(_loaded(raw)) or {}
                return _Answer(200, _json(local.federation.impersonate(found[1], self._bearer(), body)))
        return None

    def _consent(self, raw: bytes) -> _Answer:
        local = self.server.local
        given = {name: values[-1] for name, values in self._query().items()}
        pressed = ""
        if self.command == "POST":
            given = _form(raw)
            pressed = given.pop("pressed", "deny")
        with local.lock:
            made = local.oauth.authorize(given, pressed=pressed)
        headers = {"Content-Type": _HTML, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        if made.location:
            headers["Location"] = made.location
        return _Answer(made.status, made.page.encode("utf-8"), headers)

    def _page(self, path: str) -> _Answer | None:
        if self.command != "GET":
            return None
        local = self.server.local
        with local.lock:
            found = view.page(local.library, path, self._query())
        if found is None:
            return None
        return _Answer(found.status, found.html.encode("utf-8"), {"Content-Type": _HTML, **found.headers})

    # --- the API -----------------------------------------------------------------------------------------------------

    def _bearer(self) -> str:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def _basic(self) -> dict[str, str]:
        """The client's name and secret, when it sends them in the header (RFC 6749, 2.3.1)."""
        kind, _, coded = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return {}
        try:
            name, _, secret = base64.b64decode(coded).decode("utf-8").partition(":")
        except ValueError:
            return {}
        return {"client_id": unquote(name), "client_secret": unquote(secret)}

    def _api(self, path: str, raw: bytes) -> _Answer:
        local = self.server.local
        if len(raw) > local.max_request:
            raise bad_request(f"Request payload size exceeds the limit: {local.max_request} bytes.")
        token = self._bearer()
        if not token:
            raise unauthenticated("CREDENTIALS_MISSING")
        held = local.tokens.find(token)
        if held is None:
            raise unauthenticated("ACCESS_TOKEN_EXPIRED")
        if not local.api_enabled:
            service = "drive.googleapis.com" if path.startswith("/drive/") else "sheets.googleapis.com"
            raise service_disabled(local.project_number, service)
        if local.quota is not None and path.startswith("/v4/"):
            local.quota.take(held.caller, write=_writes(self.command, path))
        body = raw if path.startswith("/upload/") else _without_nulls(_loaded(raw))
        asked = Asked(self.command, path, self._query(), body, held.short, held.caller)
        with local.lock:
            made = answer(local.library, asked)
        if isinstance(made, Raw):
            return _Answer(made.status, made.content, {"Content-Type": made.kind})
        return _Answer(200, _json(made))


def _form(raw: bytes) -> dict[str, str]:
    return {name: given[-1] for name, given in parse_qs(raw.decode("utf-8", "replace")).items()}


def _loaded(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw.strip() else None
    except ValueError as problem:
        raise bad_request(f"Invalid JSON payload received. {problem}") from None


def _without_nulls(node: Any) -> Any:
    """A body with the fields that are null left out, as JSON of a protocol buffer is read; blanks in rows stay."""
    if isinstance(node, Mapping):
        return {name: _without_nulls(value) for name, value in node.items() if value is not None}
    if isinstance(node, list):
        return [_without_nulls(item) for item in node]
    return node


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")
