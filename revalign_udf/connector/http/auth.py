"""Ways to say who we are: a key, a password, or a token that is fetched and renewed.

A connection has one such object. Its secrets never show up in its ``repr``, in messages or in logs, and are sent to the
base address only, never to the further hosts of a connection.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol

from revalign_udf.connector.http.reply import Reply, said
from revalign_udf.errors import ConfigError, Fatal

if TYPE_CHECKING:
    from revalign_udf.connector.http.client import Http

__all__ = ["ApiKey", "Auth", "Basic", "Bearer", "ClientCredentials", "JwtBearer", "NoAuth", "OAuth2Refresh"]


class Auth(Protocol):
    """What signs the calls of a connection."""

    token_url: str
    """where tokens come from, a path on the base address or a full address; empty for keys"""

    def headers(self, http: Http) -> Mapping[str, str]:
        """What to send along with a call; may fetch a token first."""
        ...

    def renew(self, http: Http, used: Mapping[str, str]) -> bool:
        """Whether there is a new token now that the one in ``used`` was refused."""
        ...

    def secrets(self) -> Sequence[str]:
        """Every secret it knows now."""
        ...


def _checked(value: object, what: str, *, blanks: bool = False) -> str:
    """A secret as it can be sent: without blanks around it, printable ASCII inside. Raises ConfigError REV-305/304."""
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise ConfigError(
            f"{what} is empty.", code="REV-304", hint="Set the variable or keyring entry it is read from."
        )
    if not text.isascii() or not text.isprintable() or (" " in text and not blanks):
        raise ConfigError(
            f"{what} has a blank, line break or sign in it that no key has.", code="REV-305", hint="Copy it again."
        )
    return text


class _Key:
    """A key that is sent as it is and cannot be renewed."""

    token_url = ""

    def __init__(self, header: str, value: str, secrets: Sequence[str]) -> None:
        self._headers = {header: value}
        self._secrets = tuple(secrets)

    def headers(self, http: Http) -> Mapping[str, str]:  # noqa: ARG002
        """What to send along with a call."""
        return self._headers

    def renew(self, http: Http, used: Mapping[str, str]) -> bool:  # noqa: ARG002
        """A key cannot be renewed."""
        return False

    def secrets(self) -> Sequence[str]:
        """The key."""
        return self._secrets

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class NoAuth(_Key):
    """Nothing is sent."""

    def __init__(self) -> None:
        super().__init__("", "", ())
        self._headers = {}


class Bearer(_Key):
    """``Authorization: Bearer TOKEN``.

    >>> Bearer("token-of-ours")
    Bearer(***)
    """

    def __init__(self, token: str) -> None:
        token = _checked(token, "the token")
        super().__init__("Authorization", f"Bearer {token}", [token])


class Basic(_Key):
    """``Authorization: Basic``: user and password, or a key as the user and no password."""

    def __init__(self, user: str, password: str = "") -> None:
        if ":" in str(user):
            raise ConfigError(
                "The user name has a : in it.", code="REV-305", hint="User and password are two settings."
            )
        user = _checked(user, "the user name", blanks=True)
        password = password and _checked(password, "the password", blanks=True)
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        # with a password the user is a name; without one it is the key
        super().__init__("Authorization", f"Basic {pair}", [pair, password or user])


class ApiKey(_Key):
    """A key in a header of its own.

    >>> ApiKey("X-Api-Key", "abcdef").headers(None), ApiKey("Authorization", "abcdef", "Token ").headers(None)
    ({'X-Api-Key': 'abcdef'}, {'Authorization': 'Token abcdef'})
    """

    def __init__(self, header: str, value: str, prefix: str = "") -> None:
        value = _checked(value, "the key", blanks=True)
        super().__init__(header, f"{prefix}{value}", [value])


class _Token:
    """A token that is fetched when first needed, before it expires, and once when it is refused."""

    #: whether asking twice does no harm; a rotating refresh token is used up by the first ask
    _repeatable = True

    def __init__(self, token_url: str, secrets: Sequence[str]) -> None:
        self.token_url = token_url
        self._known = [secret for secret in secrets if secret]
        self._lock = threading.Lock()
        self._token = ""
        self._expires: float | None = None

    def headers(self, http: Http) -> Mapping[str, str]:
        """``Authorization: Bearer`` with a token that has not expired."""
        with self._lock:
            if not self._token or (self._expires is not None and http.monotonic() >= self._expires):
                self._fetch(http)
            return {"Authorization": f"Bearer {self._token}"}

    def renew(self, http: Http, used: Mapping[str, str]) -> bool:
        """Fetch a new token, unless another thread has done so since ``used`` was made."""
        with self._lock:
            if used == {"Authorization": f"Bearer {self._token}"}:
                self._fetch(http)
        return True

    def secrets(self) -> Sequence[str]:
        """Keys and every token so far."""
        return tuple(self._known)

    def _ask(self, http: Http) -> Reply:
        raise NotImplementedError

    def _taken(self, http: Http, body: Mapping[str, Any]) -> None:
        """What else a token reply brings."""

    def _fetch(self, http: Http) -> None:
        self._token = ""
        asked = http.monotonic()
        reply = self._ask(http)
        if reply.status >= 400:
            raise _refused(reply, http)
        body = reply.json
        token = body.get("access_token") if isinstance(body, Mapping) else None
        if not isinstance(token, str) or not token:
            if isinstance(body, Mapping) and (body.get("error") or body.get("errors")):
                raise _refused(reply, http)
            raise Fatal(
                f"{http.name}: the token address answered without an access_token.",
                hint="Check the address of the token server and the kind of app at the vendor's.",
            )
        self._learn(http, token)
        self._token = token
        self._expires = None
        life = _seconds(body.get("expires_in"))
        if life is not None:
            # asked again a minute before the end; a short life keeps nine tenths of it
            self._expires = asked + life - min(60.0, life / 10)
        self._taken(http, body)

    def _learn(self, http: Http, secret: str) -> None:
        self._known.append(secret)
        http.learn(secret)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.token_url.partition('?')[0]!r}, ***)"


def _seconds(value: object) -> float | None:
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if 0 < found < 10**10 else None


def _refused(reply: Reply, http: Http) -> Fatal:
    """What a refusal of the token server means (RFC 6749, 5.2)."""
    try:
        body = reply.json
    except Exception:  # noqa: BLE001 - a web page, or nothing: only the status is known
        body = {}
    code = body.get("error") if isinstance(body, Mapping) else ""
    message = said(reply)
    told = http.hide(f" It says: {message}" if message else "")
    if code == "invalid_grant":
        return Fatal(
            f"{http.name}: revoked credentials: the access was withdrawn, has expired or was used up.{told}",
            hint="Sign in again at the vendor's and store the new credentials where the setting points.",
        )
    if code in ("invalid_client", "unauthorized_client", "unauthorized"):
        return Fatal(
            f"{http.name}: the token server does not know this app.{told}",
            hint="Check the client id and the client secret.",
        )
    return Fatal(
        f"{http.name}: no token was given (status {reply.status}).{told}",
        hint="Check the credentials in the settings of this source and the address of the token server.",
    )


def _client(
    client_id: str, client_secret: str, style: str, form: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Form and headers with the client's own credentials in one of the two standard places (RFC 6749, 2.3.1)."""
    if style == "basic":
        pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        return form, {"Authorization": f"Basic {pair}"}
    return {**form, "client_id": client_id, "client_secret": client_secret}, {}


class OAuth2Refresh(_Token):
    """OAuth 2.0 with a refresh token (RFC 6749, 6).

    A vendor that rotates refresh tokens sends a new one with each access token: it goes to ``keep``, and where that
    cannot store it, ``http.warnings`` says so. Such a token is used up by being asked with, so that the call is not
    repeated when its answer was lost.
    """

    _repeatable = False

    def __init__(
        self, token_url: str, client_id: str, client_secret: str, refresh_token: str, *,
        style: Literal["body", "basic"] = "body", keep: Callable[[str], bool] | None = None,
    ) -> None:  # fmt: skip
        self._client_id = _checked(client_id, "client_id")
        self._client_secret = _checked(client_secret, "client_secret")
        self._refresh = _checked(refresh_token, "refresh_token")
        self._style = style
        self._keep = keep
        super().__init__(token_url, [self._client_secret, self._refresh])

    def _ask(self, http: Http) -> Reply:
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh}
        form, headers = _client(self._client_id, self._client_secret, self._style, form)
        return http.ask_token("POST", self.token_url, data=form, headers=headers, idempotent=self._repeatable)

    def _taken(self, http: Http, body: Mapping[str, Any]) -> None:
        fresh = body.get("refresh_token")
        if not isinstance(fresh, str) or not fresh or fresh == self._refresh:
            return
        self._learn(http, fresh)
        self._refresh = fresh
        try:
            kept = self._keep is not None and self._keep(fresh)
        except Exception:  # noqa: BLE001 - the access token is good, and the pull goes on with it
            kept = False
        if not kept:
            http.warn(
                "The vendor sent a new refresh token and it could not be stored where the setting points. The old one may "
                "no longer work at the next pull: keep it in the keyring ($keyring:...), which can be written, and sign in "
                "again."
            )


class ClientCredentials(_Token):
    """OAuth 2.0 for an app of its own (RFC 6749, 4.4). ``style`` "query" sends everything in the address by GET (Marketo)."""

    def __init__(
        self, token_url: str, client_id: str, client_secret: str, *, scope: str = "",
        style: Literal["body", "basic", "query"] = "body", extra: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._client_id = _checked(client_id, "client_id")
        self._client_secret = _checked(client_secret, "client_secret")
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {}), **(extra or {})}
        self._style = style
        super().__init__(token_url, [self._client_secret])

    def _ask(self, http: Http) -> Reply:
        form, headers = _client(self._client_id, self._client_secret, self._style, self._form)
        if self._style == "query":
            return http.ask_token("GET", self.token_url, params=form)
        return http.ask_token("POST", self.token_url, data=form, headers=headers)


class JwtBearer(_Token):
    r"""OAuth 2.0 with a signed statement (RFC 7523), as Salesforce's JWT flow wants it: RS256, valid ``lifetime`` seconds.

    ``private_key`` is PEM text; ``\n`` written out, as variables hold it, is read as a line break.
    """

    def __init__(
        self, token_url: str, issuer: str, subject: str, audience: str, private_key: str, *, scope: str = "",
        lifetime: int = 180,
    ) -> None:  # fmt: skip
        key = str(private_key or "").replace("\\n", "\n").strip()
        if not key.startswith("-----BEGIN") or "PRIVATE KEY" not in key:
            raise ConfigError(
                "private_key is not PEM text.", code="REV-305",
                hint="It begins with -----BEGIN PRIVATE KEY-----; store the whole file's text, line breaks as \\n.",
            )  # fmt: skip
        self._key = key
        self._claims = {"iss": issuer, "sub": subject, "aud": audience, **({"scope": scope} if scope else {})}
        self._lifetime = timedelta(seconds=lifetime)
        super().__init__(token_url, [key, str(private_key)])

    def _ask(self, http: Http) -> Reply:
        import jwt

        now = http.now()
        claims = {**self._claims, "iat": int(now.timestamp()), "exp": int((now + self._lifetime).timestamp())}
        try:
            assertion = jwt.encode(claims, self._key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise ConfigError(
                "private_key cannot be read; it must be an RSA key without a passphrase.", code="REV-305",
                hint="Make a new one, and store the certificate at the vendor's.",
            ) from None  # fmt: skip
        self._learn(http, assertion)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return http.ask_token("POST", self.token_url, data=form)
