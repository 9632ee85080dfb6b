"""HTTPS on this machine: a local certificate authority and a certificate for loopback, made once and kept.

Office takes add-ins from HTTPS only. For one person the authority is made here, kept in the person's own data folder
(its key readable by nobody else), and trusted once by hand; the certificate is made anew before it ends. The
authority may sign loopback names only, so that its key, were it stolen, opens no other site. A team's server has a
certificate of the company instead.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from revalign_udf.errors import ConfigError, UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["Certificate", "data_folder", "local_certificate", "trust_steps"]

_ADDRESSES = ("127.0.0.1", "::1")
#: days: browsers and macOS refuse certificates of servers that last longer than 825, some longer than 397
_DAYS, _CA_DAYS, _RENEW = 397, 3650, 30


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a certificate and its key; ``authority``: the one that a machine must trust for it, if it is ours."""

    cert: Path
    key: Path
    authority: Path | None = None

    def sound(self) -> Certificate:
        """Itself, if a server can use it. Raises ConfigError REV-305."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.cert, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"The certificate {self.cert} cannot be used with the key {self.key}: {error.strerror or error}.",
                code="REV-305",
                hint="Both must be PEM files that belong together, the key without a password.",
            ) from None
        return self


def data_folder() -> Path:
    """Where programs keep what is theirs and this person's, on this system."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Revalign"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Revalign"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "revalign"


def local_certificate(folder: Path | None = None) -> Certificate:
    """The certificate for loopback, made when there is none or it ends soon.

    Args:
        folder: where it is kept; the person's data folder when left out.

    Raises:
        UserError: REV-804 the folder cannot be written.
    """
    folder = (folder or data_folder()) / "tls"
    found = Certificate(folder / "server.pem", folder / "server.key", folder / "authority.pem")
    try:
        if not _lasts(found.authority, _RENEW) or not (folder / "authority.key").is_file():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_authority(folder)
            _make_server(folder)
        elif not _lasts(found.cert, _RENEW) or not found.key.is_file():
            _make_server(folder)
    except OSError as error:
        text = f"The certificate cannot be kept in {folder}: {error.strerror}."
        raise UserError(text, code="REV-804", hint="Name your own with --tls-cert and --tls-key.") from None
    return found


def trust_steps(authority: Path) -> str:
    """How this system is told to trust the authority: once, by hand."""
    if sys.platform == "win32":
        return f'certutil -user -addstore Root "{authority}"'
    if sys.platform == "darwin":
        keychain = "~/Library/Keychains/login.keychain-db"
        return f'security add-trusted-cert -r trustRoot -p ssl -k {keychain} "{authority}"'
    return f'sudo cp "{authority}" /usr/local/share/ca-certificates/revalign.crt && sudo update-ca-certificates'


def _lasts(path: Path | None, days: int) -> bool:
    from cryptography import x509

    if path is None or not path.is_file():
        return False
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        return False
    return found.not_valid_after_utc > datetime.now(UTC) + timedelta(days=days)


def _make_authority(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Revalign on this machine")])
    now = datetime.now(UTC)
    networks = (x509.IPAddress(ipaddress.ip_network(one)) for one in _ADDRESSES)
    allowed = [x509.DNSName("localhost"), *networks]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    _write(folder / "authority.key", _private(key), secret=True)
    _write(folder / "authority.pem", made.public_bytes(serialization.Encoding.PEM))


def _make_server(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    authority = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "authority.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    known = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(one)) for one in _ADDRESSES)]
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )  # fmt: skip
    _write(folder / "server.key", _private(key), secret=True)
    _write(folder / "server.pem", made.public_bytes(serialization.Encoding.PEM))


def _private(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Write a file whole or not at all; a secret one is never readable by others, not even for a moment."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644), "wb") as file:
        file.write(content)
    beside.replace(path)
