"""Certificates and proxies, with a real TLS server and a real proxy on this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from revalign_udf.connector.http import Bearer, Http
from revalign_udf.errors import ConfigError, Fatal, Retriable
from revalign_udf.testing import FakeApi

Connect = Callable[..., Http]


class Relay:
    """A server that passes bytes on. With a TLS context it is the TLS end of a server; else it is an HTTP proxy that leads
    every address to ``target``."""

    def __init__(self, target: int, tls: ssl.SSLContext | None = None) -> None:
        self.target = target
        self.tls = tls
        self.heads: list[str] = []
        """the first lines and headers of what a proxy was asked"""
        self.answer = b""
        """what a proxy answers instead of passing on"""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain, socket.create_connection(("127.0.0.1", self.target)) as onward:
            if self.tls is not None:
                with self.tls.wrap_socket(plain, server_side=True) as connection:
                    _both(connection, onward)
                return
            head = b""
            while b"\r\n\r\n" not in head and (more := plain.recv(65_536)):
                head += more
            self.heads.append(head.decode())
            if self.answer:
                plain.sendall(self.answer)
                return
            method, address, rest = head.split(b" ", 2)
            if method == b"CONNECT":
                plain.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                parts = urlsplit(address.decode())
                onward.sendall(b" ".join((method, parts.path.encode(), rest.replace(b"keep-alive", b"close"))))
            _both(plain, onward)


def _both(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until either side ends."""

    def pass_on(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=pass_on, args=(other, one), daemon=True)
    back.start()
    pass_on(one, other)
    back.join(5)


def _certificate(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own authority, as a PEM file and ready to serve."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Our own authority")])
    known = [x509.DNSName(n) for n in names if n != "127.0.0.1"]
    addresses = [x509.IPAddress(ipaddress.ip_address(n)) for n in names if n == "127.0.0.1"]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([*known, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "ours.pem").write_bytes(pem)
    both = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(private + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return folder / "ours.pem", context


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return _certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1", "shop.example")


@pytest.fixture
def tls(api: FakeApi, certified: tuple[Path, ssl.SSLContext], tmp_path: Path) -> Iterator[Relay]:
    """The server behind TLS; ``ours.pem`` in the project is its authority."""
    (tmp_path / "ours.pem").write_bytes(certified[0].read_bytes())
    api.route("GET", "/x")(lambda _call: {"a": 1})
    relay = Relay(api.port, certified[1])
    yield relay
    relay.close()


@pytest.fixture
def proxy(api: FakeApi) -> Iterator[Relay]:
    api.route("GET", "/x")(lambda _call: {"a": 1})
    relay = Relay(api.port)
    yield relay
    relay.close()


@pytest.fixture(autouse=True)
def _no_proxies_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_an_unknown_authority_is_refused_at_once_and_ca_file_is_the_advice(tls: Relay, connect: Connect) -> None:
    http = connect(Bearer("sk-1234567"), base_url=f"https://127.0.0.1:{tls.port}")
    with pytest.raises(Fatal, match="certificate is not trusted") as caught:
        http.get("/x")
    assert "ca_file" in caught.value.hint


def test_an_own_authority_named_relative_to_the_project_is_trusted(tls: Relay, connect: Connect, api: FakeApi) -> None:
    http = connect(Bearer("sk-1234567"), base_url=f"https://127.0.0.1:{tls.port}", settings={"ca_file": "ours.pem"})
    assert http.get("/x").json == {"a": 1}
    assert api.calls[0].headers["Authorization"] == "Bearer sk-1234567"


def test_a_certificate_of_another_name_is_refused(api: FakeApi, tmp_path: Path, connect: Connect) -> None:
    _, context = _certificate(tmp_path, "other.example")
    relay = Relay(api.port, context)
    http = connect(base_url=f"https://127.0.0.1:{relay.port}", settings={"ca_file": "ours.pem"})
    with pytest.raises(Fatal, match="not trusted"):
        http.get("/x")
    relay.close()
    assert api.calls == []


def test_the_usual_authorities_stay_trusted_beside_an_own_one(certified: tuple[Path, ssl.SSLContext]) -> None:
    from revalign_udf.connector.http.transport import _certificates

    usual = len(_certificates(None).get_ca_certs())
    assert len(_certificates(certified[0]).get_ca_certs()) == usual + 1
    assert usual > 1


def test_certificates_that_cannot_be_read_are_a_mistake_in_the_settings(tmp_path: Path, connect: Connect) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for name, says in (("missing.pem", "No such file"), ("empty.pem", "no certificates")):
        with pytest.raises(ConfigError, match=says) as caught:
            connect(settings={"ca_file": name})
        assert caught.value.code == "REV-305"


def test_a_changed_file_of_certificates_is_read_again(tls: Relay, tmp_path: Path, connect: Connect) -> None:
    good = (tmp_path / "ours.pem").read_bytes()
    _certificate(tmp_path, "other.example")
    settings = {"ca_file": "ours.pem"}
    with pytest.raises(Fatal, match="not trusted"):
        connect(base_url=f"https://127.0.0.1:{tls.port}", settings=settings).get("/x")
    (tmp_path / "ours.pem").write_bytes(good)
    assert connect(base_url=f"https://127.0.0.1:{tls.port}", settings=settings).get("/x").status == 200


def test_a_proxy_of_the_settings_serves_every_address(proxy: Relay, connect: Connect) -> None:
    http = connect(settings={"proxy": f"http://127.0.0.1:{proxy.port}"})
    assert http.get("/x").json == {"a": 1}
    assert proxy.heads[0].startswith("GET http://127.0.0.1:")


def test_a_tunnel_through_a_proxy_shows_it_no_credentials(tls: Relay, proxy: Relay, connect: Connect) -> None:
    proxy.target = tls.port
    settings = {"proxy": f"http://127.0.0.1:{proxy.port}", "ca_file": "ours.pem"}
    http = connect(Bearer("sk-1234567"), base_url="https://shop.example", settings=settings)
    assert http.get("/x").json == {"a": 1}
    assert proxy.heads[0].startswith("CONNECT shop.example:443 ")
    assert "sk-1234567" not in "".join(proxy.heads)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_honoured(
    name: str, tls: Relay, proxy: Relay, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.target = tls.port
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    http = connect(base_url="https://shop.example", settings={"ca_file": "ours.pem"})
    assert http.get("/x").json == {"a": 1}
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_a_proxy_of_the_environment_never_serves_this_computer(
    name: str, proxy: Relay, api: FakeApi, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert connect().get("/x").json == {"a": 1}
    # nor where it is a further host
    shop = connect(base_url="https://shop.example", hosts=[api.base_url])
    assert shop.get(f"{api.base_url}/x").json == {"a": 1}
    # nor under its other names
    with pytest.raises(Retriable, match="cannot be reached"):
        connect(base_url="http://127.0.0.2:9").get("/x")
    assert proxy.heads == []


def test_a_proxy_that_wants_a_password_is_final_and_its_password_stays_secret(proxy: Relay, connect: Connect) -> None:
    proxy.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    settings = {"proxy": f"http://ann:geheim123@127.0.0.1:{proxy.port}"}
    for base_url in ("https://shop.example", ""):
        http = connect(base_url=base_url, settings=settings)
        with pytest.raises(Fatal, match="407") as caught:
            http.get("/x")
        assert "proxy" in caught.value.hint
        assert "geheim123" not in str(caught.value)
        assert http.hide("geheim123") == "***"
    assert len(proxy.heads) == 2


def test_a_proxy_that_does_not_get_through_is_retriable(proxy: Relay, connect: Connect) -> None:
    proxy.answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    http = connect(base_url="https://shop.example", settings={"proxy": f"http://127.0.0.1:{proxy.port}"})
    with pytest.raises(Retriable, match=r"does not get through to shop\.example"):
        http.post("/x", {}, idempotent=False)
    assert len(proxy.heads) == 6


@pytest.mark.parametrize("address", ["proxy.example:3128", "socks9://proxy.example", "http://[", "ftp://proxy.example"])
def test_a_proxy_that_cannot_be_used_is_a_mistake_in_the_settings(address: str, connect: Connect) -> None:
    with pytest.raises(ConfigError, match="proxy") as caught:
        connect(settings={"proxy": address})
    assert caught.value.code == "REV-305"
