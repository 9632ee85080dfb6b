"""The connection to a source: certificates, proxies, and bodies that are unpacked in bounded memory."""

from __future__ import annotations

import os
import ssl
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx

from revalign_udf.connector.http.address import names_host
from revalign_udf.connector.http.limits import Limits
from revalign_udf.errors import ConfigError, Fatal

__all__ = ["ACCEPTED", "opened", "proxy_of", "unpacked"]

ACCEPTED = "gzip, deflate"
"""the encodings that :func:`unpacked` can take apart piece by piece"""
_PIECE = 256 * 1024
_LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


def proxy_of(settings: Mapping[str, Any]) -> httpx.Proxy | None:
    """The proxy that the settings name. Raises ConfigError REV-305."""
    address = settings.get("proxy")
    if not address:
        return None
    try:
        found = httpx.Proxy(str(address))
    except (ValueError, httpx.InvalidURL):
        raise _no_proxy() from None
    if not names_host(found.url):
        raise _no_proxy()
    return found


def _no_proxy() -> ConfigError:
    return ConfigError(
        "The proxy's address cannot be used.", code="REV-305", hint="Write it as http://proxy.example:3128."
    )


def opened(proxy: httpx.Proxy | None, ca_file: Path | None, limits: Limits, *, environment: bool) -> httpx.Client:
    """The client of a connection. Raises ConfigError REV-305 for a proxy or certificates that cannot be used.

    A proxy of the settings serves every address; with ``environment``, one of the environment (HTTPS_PROXY, NO_PROXY)
    serves all but this computer's own.
    """
    straight: dict[str, httpx.BaseTransport | None] = {} if proxy else dict.fromkeys(_LOOPBACK)
    try:
        return httpx.Client(
            proxy=proxy,
            verify=_certificates(ca_file),
            trust_env=environment and not proxy,
            mounts=straight,
            timeout=httpx.Timeout(limits.timeout, connect=min(limits.timeout, 20)),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=30),
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        raise _no_proxy() from None


def _certificates(ca_file: Path | None) -> ssl.SSLContext:
    """The authorities to trust: the usual ones, and those in a file."""
    usual = (os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))
    try:
        return _trusting(ca_file, ca_file.stat().st_mtime_ns if ca_file else 0, usual)
    except (OSError, ssl.SSLError) as error:
        reason = "it holds no certificates (PEM)" if isinstance(error, ssl.SSLError) else error.strerror
        where = f"ca_file {ca_file}" if ca_file else f"SSL_CERT_FILE or SSL_CERT_DIR ({' '.join(usual).strip()})"
        raise ConfigError(f"{where} cannot be used: {reason}.", code="REV-305", hint="Correct the path.") from None


@lru_cache(maxsize=8)
def _trusting(ca_file: Path | None, _changed: int, _usual: tuple[str, str]) -> ssl.SSLContext:
    """Kept: reading the authorities takes longer than a call. ``_changed`` and ``_usual`` say when they are others."""
    context = httpx.create_ssl_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def unpacked(response: httpx.Response, name: str) -> Iterator[bytes]:
    """The body in pieces of at most 256 KiB after unpacking, however much is packed into one network packet.

    Raises EOFError when a packed body ends early, Fatal REV-506 for a packing that was not asked for.
    """
    encodings = [e.strip().lower() for e in response.headers.get("content-encoding", "").split(",")]
    encodings = [e for e in encodings if e not in ("", "identity")]
    if not encodings:
        yield from response.iter_raw()
        return
    if len(encodings) > 1 or encodings[0] not in ("gzip", "x-gzip", "deflate"):
        raise Fatal(f"{name} packs its replies as {', '.join(encodings)}, which was not asked for.")
    yield from _inflated(response.iter_raw(), name, gzip=encodings[0] != "deflate")


def _inflated(raw: Iterator[bytes], name: str, *, gzip: bool) -> Iterator[bytes]:
    unpack: Any = None
    started = False
    for chunk in raw:
        rest = chunk
        while rest:
            if unpack is None:
                if started and not rest.strip(b"\0"):
                    break  # padding after the last member
                # deflate comes with zlib's frame (RFC 9110) or, from some servers, without
                framed = rest[0] & 0x0F == 8
                unpack = zlib.decompressobj(31 if gzip else 15 if framed else -15)
                started = True
            try:
                piece = unpack.decompress(rest, _PIECE)
            except zlib.error:
                raise Fatal(f"{name} sent a packed reply that cannot be unpacked.", hint="Try again later.") from None
            if piece:
                yield piece
            if unpack.eof:
                rest, unpack = unpack.unused_data, None
            else:
                rest = unpack.unconsumed_tail
    if unpack is not None:
        raise EOFError
