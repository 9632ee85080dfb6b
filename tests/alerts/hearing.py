"""Receivers of alerts on loopback: a chat's webhook, and real SMTP servers with and without encryption."""

import asyncio
import datetime as dt
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["PASSWORD", "SECRET", "Chat", "Post", "certificate", "chat", "post"]

SECRET = "T000-B000-secretpath"
PASSWORD = "p@ss/word:1"


class Chat:
    """A chat's webhook: remembers what came, answers as told."""

    def __init__(self) -> None:
        channel = self
        self.came: list[tuple[str, str, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                channel.came.append((self.path, self.headers["Content-Type"], json.loads(body)))
                self.send_response(channel.status)
                for name, value in {"Content-Length": "2", **channel.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = f"{self.base}/hooks/{SECRET}"

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, _, body in self.came]


@contextmanager
def chat() -> Iterator[Chat]:
    """A webhook that listens."""
    found = Chat()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        found.server.shutdown()
        thread.join()
        found.server.server_close()


class Post:
    """A mail server: remembers what came, and refuses whom it is told to."""

    def __init__(self) -> None:
        self.came: list[tuple[list[str], EmailMessage]] = []
        self.refused: dict[str, str] = {}
        self.answer = "250 OK"
        self.port = 0
        self.encrypted: list[bool] = []
        self.logins: list[str] = []

    @property
    def texts(self) -> list[str]:
        return [message.get_content().replace("\r\n", "\n") for _, message in self.came]

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert server.transport is not None
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.came.append((list(envelope.rcpt_tos), message))
            self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return self.answer

    def sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        self.logins.append(data.login.decode())
        return AuthResult(success=good, handled=False)


@contextmanager
def post(files: tuple[Path, Path] | None = None, how: str = "plain", *, login: bool = False) -> Iterator[Post]:
    """A mail server that listens: ``plain``, ``starttls`` (asked for before anything else) or ``tls``."""
    found = Post()
    context = None
    if files is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    options: dict[str, Any] = {}
    if how == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if login:
        options |= {
            "authenticator": found.sign_in,
            "auth_required": how == "starttls",
            "auth_require_tls": how == "starttls",
        }
    loop, ready, done = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await loop.create_server(
            lambda: SMTP(found, hostname="mail.example", loop=loop, **options), "127.0.0.1", 0,
            ssl=context if how == "tls" else None,
        )  # fmt: skip
        found.port = server.sockets[0].getsockname()[1]
        ready.set()
        await done.wait()
        server.close()
        await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield found
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signs itself for a host, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "mail.pem", folder / "mail.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files
