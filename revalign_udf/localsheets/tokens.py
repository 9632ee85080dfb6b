"""Who may call: the service account's key file and signed assertion, and every bearer token handed out."""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

__all__ = ["AUDIENCE", "GRANT", "LIFETIME", "Grant", "ServiceAccount", "TokenRefusedError", "Tokens", "write_closed"]

#: Clients sign for this audience whatever ``token_uri`` says.
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 3600
SKEW = 300
_PREFIX = "https://www.googleapis.com/auth/"
_SCOPES = {
    "spreadsheets",
    "spreadsheets.readonly",
    "drive",
    "drive.file",
    "drive.readonly",
    "drive.metadata.readonly",
    "cloud-platform",
    "iam",
    "userinfo.email",
    "openid",
    "email",
}


class TokenRefusedError(Exception):
    """The token endpoint says no; ``body`` is its JSON, ``status`` the HTTP status."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        self.body = {"error": error, "error_description": description}
        self.status = status
        super().__init__(description)


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encode(content: bytes) -> str:
    """URL-safe base64 without padding, as tokens and PKCE write it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def known_scopes(text: str) -> frozenset[str]:
    """The scopes asked for.

    Raises:
        TokenRefusedError: none, or one that Sheets and Drive do not know.
    """
    scopes = frozenset(text.split())
    if not scopes or any(scope.removeprefix(_PREFIX) not in _SCOPES for scope in scopes):
        raise TokenRefusedError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return scopes


def write_closed(path: Path, content: Mapping[str, Any] | str) -> Path:
    """Writes a file only its owner can read: JSON, or the text as it is."""
    path.unlink(missing_ok=True)
    # Created closed: a file made readable first and closed after is open for a moment.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content if isinstance(content, str) else json.dumps(content, indent=2))
    return path


@dataclass(frozen=True, slots=True)
class Grant:
    """What a bearer token stands for."""

    caller: str
    """address of the person or service account"""
    scopes: frozenset[str]
    """as asked for, with Google's prefix"""
    expires: float
    """seconds since 1970, by the server's clock"""

    @property
    def short(self) -> frozenset[str]:
        """The scopes without Google's prefix."""
        return frozenset(scope.removeprefix(_PREFIX) for scope in self.scopes)


class Tokens:
    """Every bearer token handed out. Writes and reads are single operations on a dict, so threads may share it."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        #: what ``expires_in`` says and how long a token is accepted, in seconds
        self.lifetime = LIFETIME
        self._held: dict[str, Grant] = {}

    def issue(self, caller: str, scopes: Iterable[str], lifetime: float | None = None) -> str:
        """A new token."""
        token = f"ya29.local-{secrets.token_urlsafe(24)}"
        expires = self.now() + (self.lifetime if lifetime is None else lifetime)
        self._held[token] = Grant(caller, frozenset(scopes), expires)
        return token

    def answer(self, caller: str, scopes: Iterable[str]) -> dict[str, Any]:
        """The body of a token endpoint's reply."""
        # Google says one second less than it grants.
        return {
            "access_token": self.issue(caller, scopes),
            "expires_in": max(self.lifetime - 1, 1),
            "token_type": "Bearer",
        }

    def find(self, token: str) -> Grant | None:
        """What a token stands for; None when it is unknown or has expired."""
        found = self._held.get(token)
        return None if found is None or found.expires <= self.now() else found

    def held(self) -> Mapping[str, Grant]:
        """The tokens still kept, by their text."""
        return dict(self._held)

    def drop(self, caller: str | None = None) -> None:
        """Forgets the tokens of one caller, or of everybody."""
        self._held = {} if caller is None else {key: it for key, it in self._held.items() if it.caller != caller}


class KeyPair:
    """An RSA key pair: what it signs, it can check."""

    def __init__(self) -> None:
        self.key_id = secrets.token_hex(20)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def pem(self) -> str:
        """The private key as a key file holds it."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JWT."""
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key_id}
        said = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
        signature = self._key.sign(said.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        return f"{said}.{encode(signature)}"

    def verified(self, assertion: str) -> dict[str, Any]:
        """The claims of a JWT this pair signed.

        Raises:
            TokenRefusedError: not a JWT, another algorithm, or another key.
        """
        try:
            head, body, signature = assertion.split(".")
            header = json.loads(_decode(head))
            claims: dict[str, Any] = json.loads(_decode(body))
            signed = _decode(signature)
            given = f"{head}.{body}".encode("ascii")
        except (ValueError, binascii.Error):
            raise TokenRefusedError("invalid_grant", "Invalid JWT: not three encoded parts.") from None
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise TokenRefusedError("invalid_grant", "Invalid JWT: not three encoded parts.")
        if header.get("alg") != "RS256":
            raise TokenRefusedError("invalid_grant", "Invalid JWT: the algorithm must be RS256.")
        try:
            self._key.public_key().verify(signed, given, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise TokenRefusedError("invalid_grant", "Invalid JWT Signature.") from None
        return claims


class ServiceAccount:
    """A service account: its address, the key file a client signs with, and the check of what was signed."""

    def __init__(self, project: str = "revalign-local", tokens: Tokens | None = None) -> None:
        self.project = project
        self.email = f"sync@{project}.iam.gserviceaccount.com"
        self.tokens = tokens or Tokens()
        self._pair = KeyPair()
        self.key_id = self._pair.key_id

    @property
    def _tokens(self) -> dict[str, tuple[frozenset[str], float]]:
        """Its tokens: scopes and end of each."""
        held = self.tokens.held()
        return {token: (it.scopes, it.expires) for token, it in held.items() if it.caller == self.email}

    def write_key(self, folder: Path, base_url: str) -> Path:
        """Writes the key file, readable by its owner only.

        Args:
            folder: where to.
            base_url: the server's address; ``token_uri`` points there.

        Returns:
            The file.
        """
        content = {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": self.key_id,
            "private_key": self._pair.pem(),
            "client_email": self.email,
            "client_id": "100000000000000000000",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": f"{base_url}/token",
            "universe_domain": "googleapis.com",
        }
        return write_closed(folder / "service-account.json", content)

    def grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        """A token for a signed assertion.

        Raises:
            TokenRefusedError: wrong grant, signature, audience, issuer, time or scope.
        """
        if form.get("grant_type") != GRANT:
            raise TokenRefusedError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        claims = self._pair.verified(form.get("assertion", ""))
        now = self.tokens.now()
        if claims.get("iss") != self.email:
            raise TokenRefusedError("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") != AUDIENCE:
            raise TokenRefusedError("invalid_grant", "Invalid JWT: Failed audience check.")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(expires, int):
            raise TokenRefusedError("invalid_grant", "Invalid JWT: iat and exp are required.")
        if issued > now + SKEW or expires <= now or expires - issued > LIFETIME:
            raise TokenRefusedError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )
        return self.tokens.answer(self.email, known_scopes(str(claims.get("scope", ""))))

    def scopes(self, token: str) -> frozenset[str] | None:
        """What a bearer token allows (without Google's prefix); None when it is unknown or has expired."""
        found = self.tokens.find(token)
        return None if found is None else found.short

    def revoke(self) -> None:
        """Forgets every token of this account, as when an hour has passed."""
        self.tokens.drop(self.email)
