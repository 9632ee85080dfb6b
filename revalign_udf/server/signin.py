"""The company's sign-in: bearer tokens of an OpenID Connect provider, for a server that a team shares.

What is checked of a token, in this order: its algorithm is one of a fixed list of asymmetric ones (never ``none``, never
one with a shared secret, whatever the token says of itself); its key is in the provider's published set, meant for
signatures and for that algorithm; the signature; issuer, audience, and that it is neither expired nor not yet valid,
with half a minute for clocks that disagree.

The key set is fetched when it is first needed and kept for an hour. A token that names a key not in it has the set
fetched anew, at most once in half a minute, so that a flood of invented names is no flood at the provider. When the
provider cannot be reached, keys known for less than a day go on being used.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests

from revalign_udf.errors import ConfigError
from revalign_udf.query import Caller
from revalign_udf.server.calls import Refused

__all__ = ["ALGORITHMS", "Issuer", "Keys", "SignIn"]

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
#: seconds that clocks may disagree
LEEWAY = 30
#: seconds: how long keys are kept, how long at most when the provider is away, and between two fetches
_KEPT, _AT_MOST, _PAUSE = 3600.0, 86_400.0, 30.0
_TIMEOUT, _MOST = 5.0, 1024 * 1024
#: a header and a payload of a token are small; nobody needs more
_LONGEST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are taken.

    Args:
        issuer: the provider's address, exactly as its tokens say it in ``iss``.
        audience: what ``aud`` must name: the id of this application at the provider.
        jwks_url: where the keys are; empty: where the provider's own description says.
        roles_claim: the claim that lists a person's roles.
    """

    issuer: str
    audience: str
    jwks_url: str = ""
    roles_claim: str = "roles"


class Keys:
    """The published keys of a provider. Threads may ask side by side."""

    def __init__(self, issuer: Issuer, *, pause: float = _PAUSE) -> None:
        for name, address in (("issuer", issuer.issuer), ("jwks_url", issuer.jwks_url)):
            _sound(name, address, optional=name == "jwks_url")
        self._issuer, self._pause = issuer, pause
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")

    def key(self, name: str, algorithm: str) -> jwt.PyJWK:
        """The key a token names. Raises Refused: 401 there is none, 503 the provider cannot be asked."""
        with self._lock:
            now = time.monotonic()
            if now - self._fetched > _KEPT or name not in self._keys:
                self._fetch(now)
            if time.monotonic() - self._fetched > _AT_MOST:
                raise Refused(
                    503, "The company's sign-in cannot be asked for its keys.", code="REV-408", retry_after=10,
                    hint="Try again in a moment.",
                )  # fmt: skip
            found = self._keys.get(name)
        if found is None or found.algorithm_name != algorithm:
            raise _refused("it is signed with a key that the company's sign-in does not publish")
        return found

    def _fetch(self, now: float) -> None:
        if now - self._tried < self._pause:
            return
        self._tried = now
        try:
            address = self._issuer.jwks_url or self._described()
            keys: dict[str, jwt.PyJWK] = {}
            for item in _json(address).get("keys", []):
                found = _usable(item)
                if found is not None:
                    keys[str(item.get("kid") or "")] = found
        except (requests.RequestException, ValueError, AttributeError, TypeError):
            return  # what is known goes on being used for a while
        self._keys, self._fetched = keys, time.monotonic()

    def _described(self) -> str:
        """Where the provider's own description says its keys are."""
        told = _json(self._issuer.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if told.get("issuer") != self._issuer.issuer:
            raise ValueError("the description is of another issuer")
        return str(told["jwks_uri"])


class SignIn:
    """Says who bears a token. ``keys`` are the provider's."""

    def __init__(self, issuer: Issuer, keys: Keys | None = None) -> None:
        if not issuer.audience:
            raise ConfigError(
                "The sign-in names no audience: any token of the provider would open this server.",
                code="REV-305",
                hint='Add audience = "the application id at the provider" to [server].',
            )
        self._issuer, self._keys = issuer, keys or Keys(issuer)

    def caller(self, token: str) -> Caller:
        """Who bears the token. Raises Refused 401 REV-401 (the reason in the message), 503 REV-408."""
        if len(token) > _LONGEST:
            raise _refused("it is too long")
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS or not isinstance(algorithm, str):
                raise _refused("its algorithm is not accepted")
            key = self._keys.key(str(header.get("kid") or ""), algorithm)
            claims = jwt.decode(
                token, key.key, algorithms=[algorithm], audience=self._issuer.audience, issuer=self._issuer.issuer,
                leeway=LEEWAY, options={"require": ["exp", "iss", "aud", "sub"]},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise _refused("it has expired") from None
        except jwt.InvalidAudienceError:
            raise _refused("it is meant for another application") from None
        except jwt.InvalidIssuerError:
            raise _refused("it comes from another sign-in") from None
        except jwt.ImmatureSignatureError:
            raise _refused("it is not valid yet") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _refused("it is not a sound token of the company's sign-in") from None
        return _caller(claims, self._issuer.roles_claim)


def _caller(claims: Mapping[str, Any], roles_claim: str) -> Caller:
    name = next((str(claims[one]) for one in ("email", "preferred_username", "name", "sub") if claims.get(one)), "")
    roles = claims.get(roles_claim)
    roles = [roles] if isinstance(roles, str) else roles if isinstance(roles, list) else []
    return Caller(name, tuple(str(role) for role in roles))


def _refused(reason: str) -> Refused:
    return Refused(401, f"The sign-in was not accepted: {reason}.", code="REV-401", hint="Sign in anew.")


def _usable(item: Any) -> jwt.PyJWK | None:
    """A published key, if it is one of ours to check signatures with; one we cannot read stops no other."""
    if not isinstance(item, dict) or item.get("use", "sig") != "sig" or item.get("kty") == "oct":
        return None
    try:
        found = jwt.PyJWK(item)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return found if found.algorithm_name in ALGORITHMS else None


def _json(address: str) -> dict[str, Any]:
    """The JSON object at an address. Raises RequestException or ValueError."""
    with requests.Session() as asking:
        asking.trust_env = False
        with asking.get(address, timeout=_TIMEOUT, allow_redirects=False, stream=True) as answer:
            if answer.status_code != 200:
                raise ValueError(f"the answer is {answer.status_code}")
            content = answer.raw.read(_MOST + 1, decode_content=True)
    if len(content) > _MOST:
        raise ValueError("the answer is too long")
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("the answer is no object")  # noqa: TRY004 - one kind of refusal for all of them
    return found


def _sound(name: str, address: str, *, optional: bool) -> None:
    if optional and not address:
        return
    parts = urlsplit(address)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        raise ConfigError(
            f"server.{name} must be an https address, not {address!r}.", code="REV-305",
            hint="Keys that travel in the open could be anybody's.",
        )  # fmt: skip
