"""The three ways to sign in that Salesforce gives a program: refresh token, client credentials, JWT bearer."""

from __future__ import annotations

from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.http import Auth, ClientCredentials, JwtBearer, OAuth2Refresh
from revalign_udf.errors import ConfigError

__all__ = ["TOKEN", "auth_of", "signs_in_with"]

#: on the organization's own address (My Domain), which client credentials insist on
TOKEN = "/services/oauth2/token"  # noqa: S105 - an address


def auth_of(ctx: Context) -> Auth:
    """How this connection signs in, from what its settings hold.

    Raises ConfigError REV-305 when they hold no complete way, or two.
    """
    given = ctx.settings
    client = str(given.get("client_id") or "")
    key = _key(ctx)
    refresh = given.get("refresh_token")
    if key and refresh:
        raise _incomplete(ctx, "has both a refresh_token and a private key", "Keep one of them.")
    if not client:
        raise _incomplete(ctx, "has no client_id", "It is the consumer key of the connected app.")
    if key:
        if not given.get("username"):
            raise _incomplete(ctx, "has a private key and no username", "Name the user the app signs in as.")
        audience = str(given.get("login_url") or "https://login.salesforce.com").rstrip("/")
        return JwtBearer(TOKEN, client, str(given["username"]), audience, key)
    if not given.get("client_secret"):
        raise _incomplete(ctx, "has no client_secret", "Or sign in with a private key (private_key_file).")
    secret = str(given["client_secret"])
    if refresh:
        return OAuth2Refresh(
            TOKEN, client, secret, str(refresh), keep=lambda renewed: ctx.keep("refresh_token", renewed)
        )
    return ClientCredentials(TOKEN, client, secret)


def _key(ctx: Context) -> str:
    if ctx.settings.get("private_key"):
        return str(ctx.settings["private_key"])
    if not ctx.settings.get("private_key_file"):
        return ""
    with ctx.folder("private_key_file").open("") as file:
        return file.read().decode("ascii", "replace")


def _incomplete(ctx: Context, what: str, hint: str) -> ConfigError:
    return ConfigError(f"[source.{ctx.connection}] {what}.", code="REV-305", hint=hint)


def signs_in_with(settings: Any) -> str:
    """The way in words, for the answer of ``check``."""
    if settings.get("private_key") or settings.get("private_key_file"):
        return f"signed key as {settings.get('username')}"
    return "refresh token" if settings.get("refresh_token") else "client credentials"
