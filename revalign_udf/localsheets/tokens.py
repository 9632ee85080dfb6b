"""The service account of the local server: its key file, and the tokens it gives for a signed assertion."""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

__all__ = ["AUDIENCE", "ServiceAccount", "TokenRefusedError"]

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
}


class TokenRefusedError(Exception):
    """The token endpoint says no; ``body`` is its JSON."""

    def __init__(self, error: str, description: str) -> None:
        self.body = {"error": error, "error_description": description}
        super().__init__(description)


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class ServiceAccount:
    """A key pair, the file a client signs with, and the tokens handed out."""

    def __init__(self, project: str = "revalign-local") -> None:
        self.project = project
        self.email = f"sync@{project}.iam.gserviceaccount.com"
        self.key_id = secrets.token_hex(20)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._tokens: dict[str, tuple[frozenset[str], float]] = {}

    def write_key(self, folder: Path, base_url: str) -> Path:
        """Writes the key file, readable by its owner only.

        Args:
            folder: where to.
            base_url: the server's address; ``token_uri`` points there.

        Returns:
            The file.
        """
        path = folder / "service-account.json"
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        content = {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": self.key_id,
            "private_key": pem.decode("ascii"),
            "client_email": self.email,
            "client_id": "100000000000000000000",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": f"{base_url}/token",
            "universe_domain": "googleapis.com",
        }
        path.unlink(missing_ok=True)
        # Created closed: a file made readable first and closed after is open for a moment.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        return path

    def grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        """A token for a signed assertion.

        Raises:
            TokenRefusedError: wrong grant, signature, audience, issuer, time or scope.
        """
        if form.get("grant_type") != GRANT:
            raise TokenRefusedError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        claims = self._verified(form.get("assertion", ""))
        now = time.time()
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
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes or any(scope.removeprefix(_PREFIX) not in _SCOPES for scope in scopes):
            raise TokenRefusedError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = f"ya29.local-{secrets.token_urlsafe(24)}"
        self._tokens[token] = scopes, now + LIFETIME
        return {"access_token": token, "expires_in": LIFETIME - 1, "token_type": "Bearer"}

    def scopes(self, token: str) -> frozenset[str] | None:
        """What a bearer token allows (without Google's prefix); None when it is unknown or has expired."""
        found = self._tokens.get(token)
        if found is None or found[1] <= time.time():
            return None
        return frozenset(scope.removeprefix(_PREFIX) for scope in found[0])

    def revoke(self) -> None:
        """Forgets every token, as when an hour has passed."""
        self._tokens.clear()

    def _verified(self, assertion: str) -> dict[str, Any]:
        try:
            head, body, signature = assertion.split(".")
            header = json.loads(_decode(head))
            claims: dict[str, Any] = json.loads(_decode(body))
            signed = _decode(signature)
        except (ValueError, binascii.Error):
            raise TokenRefusedError("invalid_grant", "Invalid JWT: not three encoded parts.") from None
        if header.get("alg") != "RS256":
            raise TokenRefusedError("invalid_grant", "Invalid JWT: the algorithm must be RS256.")
        try:
            self._key.public_key().verify(signed, f"{head}.{body}".encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise TokenRefusedError("invalid_grant", "Invalid JWT Signature.") from None
        return claims
