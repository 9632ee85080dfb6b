"""What a failed call means, in words that say what to do next.

Texts of the HTTP library are never shown: they may quote a header. The client takes secrets out of what is said here.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from revalign_udf.connector.http.limits import Limits
from revalign_udf.connector.http.reply import Reply, said
from revalign_udf.connector.http.signals import Again, Refused
from revalign_udf.errors import Fatal, Retriable

__all__ = ["LATER", "broken", "later", "refused", "told", "where_to_look"]

LATER = "Pull again later; what was read up to the last mark is kept."


def told(reply: Reply) -> str:
    """The vendor's own words, as the end of a sentence."""
    message = said(reply)
    return f": {message}".rstrip(".") if message else ""


def later(message: str, after: float | None, limits: Limits, now: datetime, *, safe: bool) -> Again | Retriable:
    """Another try after the asked time, or the end of the stream where that is longer than the limit.

    ``safe``: the call was certainly not carried out.
    """
    if after is None or after <= limits.longest_wait:
        return Again(Retriable(message, hint=LATER, retry_after=after), after=after, safe=safe)
    try:
        when = f"after {now + timedelta(seconds=after):%Y-%m-%d %H:%M %Z}".rstrip()
    except OverflowError:
        when = "much later"
    return Retriable(f"{message} It asks to wait {after:,.0f} seconds.", hint=f"Pull again {when}.", retry_after=after)


def broken(at: str, host: str, error: Exception, limits: Limits) -> Again | Fatal:
    """What it means that a call did not go through.

    ``at`` says which call, ``host`` whom it was to reach.
    """
    if isinstance(error, EOFError | httpx.RemoteProtocolError | httpx.ReadError):
        return Again(Retriable(f"{at}: the reply was cut off.", hint=LATER))
    if _is_certificate(error):
        return Fatal(
            f"{at}: the server's certificate is not trusted.",
            hint="If your company signs certificates itself, name their file in ca_file of this source.",
        )
    if isinstance(error, httpx.ProxyError):
        status = str(error)[:3]
        if status in ("401", "403", "407"):
            return Fatal(f"{at}: the proxy refuses ({status}).", hint="Check the address in proxy.")
        return Again(Retriable(f"{at}: the proxy does not get through to {host}.", hint=LATER), safe=True)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        hint = "Check the network and base_url, then pull again."
        return Again(Retriable(f"{at}: {host} cannot be reached.", hint=hint), safe=True)
    if isinstance(error, httpx.TimeoutException):
        return Again(Retriable(f"{at}: no answer within {limits.timeout:g} seconds.", hint=LATER))
    if isinstance(error, httpx.NetworkError):
        return Again(Retriable(f"{at}: the connection broke off.", hint=LATER))
    return Fatal(f"{at}: the call cannot be sent as it is.", hint="Check the address and keys of this source.")


def refused(at: str, reply: Reply, where: str) -> Refused:
    """What a final status means. ``where``: see :func:`where_to_look`."""
    words, status = told(reply), reply.status
    if status == 401:
        hint = f"The key may be wrong, expired or withdrawn. {where}"
        return Refused(f"{at}: the source does not accept the key (401){words}.", reply=reply, hint=hint)
    if status == 403:
        hint = f"The key lacks a right (scope); the connector's README lists what is needed. {where}"
        return Refused(f"{at}: the source forbids this (403){words}.", reply=reply, hint=hint)
    if status == 404:
        hint = "Check base_url, and whether this part of the system is switched on."
        return Refused(f"{at}: not found (404){words}.", reply=reply, code="REV-501", hint=hint)
    if status == 407:
        return Refused(f"{at}: the proxy wants a password (407).", reply=reply, hint="Check the address in proxy.")
    hint = "The source may have changed: look for a newer version of the connector."
    return Refused(f"{at}: the source refuses the call ({status}){words}.", reply=reply, hint=hint)


def where_to_look(name: str, settings: Mapping[str, Any], secrets: Collection[str]) -> str:
    """The setting that holds the refused key.

    >>> where_to_look("stripe", {"since": "2026-01-01", "api_key": "sk_1"}, ["sk_1"])
    'Look at api_key in [source.stripe] of revalign.toml.'
    """
    names = [key for key, value in settings.items() if isinstance(value, str) and value.strip() in secrets]
    where = f"{', '.join(names)} in [source.{name}]" if names else f"[source.{name}]"
    return f"Look at {where} of revalign.toml."


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
