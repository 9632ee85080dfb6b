"""Secret references. A settings file names where a secret is kept; it never holds the secret."""

from __future__ import annotations

import os
import re

from revalign_udf.errors import ConfigError

__all__ = ["is_reference", "looks_secret", "resolve", "store_secret"]

_NAMES = re.compile(r"(?i)(^|_)(api_?key|secret|token|password|passwd|private_key|client_secret|access_key)$")
_VALUES = re.compile(r"^(sk_|rk_|pk_live|xox[abp]-|ghp_|pat-|AKIA|eyJ|-----BEGIN)")


def is_reference(value: object) -> bool:
    """Whether a value is ``$env:NAME`` or ``$keyring:service/name``."""
    return isinstance(value, str) and value.startswith(("$env:", "$keyring:"))


def looks_secret(name: str, value: object) -> bool:
    """Whether a setting holds a literal secret, by its name or by the form of its value.

    >>> looks_secret("api_key", "abc"), looks_secret("api_key", "$env:KEY"), looks_secret("note", "sk_live_1")
    (True, False, True)
    """
    if not isinstance(value, str) or not value or is_reference(value):
        return False
    return bool(_NAMES.search(name) or _VALUES.match(value))


def resolve(reference: str, where: str) -> str:
    """The secret behind a reference. Raises ConfigError REV-304 saying where it was looked for."""
    kind, _, rest = reference.partition(":")
    if kind == "$env":
        if value := os.environ.get(rest):
            return value
        raise ConfigError(
            f"{where} reads the environment variable {rest}, which is not set.",
            code="REV-304",
            hint=f"Set it: export {rest}=...",
        )
    service, _, name = rest.partition("/")
    try:
        import keyring

        found: str | None = keyring.get_password(service, name)
    except Exception as error:
        raise ConfigError(
            f"{where} reads the keyring, which cannot be used here: {error}.",
            code="REV-304",
            hint="Use $env:NAME on this machine.",
        ) from error
    if found:
        return found
    raise ConfigError(
        f"{where} reads {service}/{name} from the keyring, where there is nothing.",
        code="REV-304",
        hint=f"Store it: keyring set {service} {name}",
    )


def store_secret(reference: str, value: str) -> bool:
    """Put a renewed secret where a reference points. False where that place cannot be written: an environment variable,
    or a computer without a keyring."""
    kind, _, rest = reference.partition(":")
    if kind != "$keyring":
        return False
    service, _, name = rest.partition("/")
    try:
        import keyring

        keyring.set_password(service, name, value)
    except Exception:  # noqa: BLE001 - backends fail in ways of their own
        return False
    return True
