"""Which addresses may be called, and how paths, next-page links and parameters become one.

Credentials travel with every call, so that calling a wrong host gives them away: nothing but the declared origins
(scheme, host and port) is ever called.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import httpx

from revalign_udf.errors import ConfigError, Fatal

__all__ = ["Addresses", "Origin", "is_loopback", "names_host", "origin_of", "with_params"]

Origin = tuple[str, str, int]
"""(scheme, host, port)"""

_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?|[0-9A-Fa-f:.]+")
_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Whether a host is this very computer.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("localhost.example")
    (True, True, True, False)
    """
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def names_host(url: httpx.URL) -> bool:
    """Whether an address has a host that can be one."""
    return bool(_HOST.fullmatch(url.host))


def origin_of(url: httpx.URL) -> Origin:
    """What has to be equal for two addresses to be of the same server."""
    return url.scheme, url.host.rstrip(".").lower(), url.port or _PORTS.get(url.scheme, 0)


def _checked(text: str, what: str) -> httpx.URL:
    """An address of the settings. Raises ConfigError REV-305 for one that must not be called."""
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in _PORTS or not names_host(url):
        raise ConfigError(f"{what} is not a web address.", code="REV-305", hint="Write it as https://api.example.com.")
    if url.userinfo:
        raise ConfigError(
            f"{what} holds a user name or password.", code="REV-305", hint="Put them into the settings meant for them."
        )
    if url.scheme == "http" and not is_loopback(url.host):
        raise ConfigError(
            f"{what} {url.scheme}://{url.host} is not encrypted: keys and data could be read on the way.",
            code="REV-305", hint="Write it with https://.",
        )  # fmt: skip
    return url


def with_params(url: str, params: Mapping[str, Any] | None) -> str:
    """The address with parameters added to those it has. None is left out; a list gives the name several times.

    >>> with_params("/x?a=1", {"b": True, "c": None, "d": ["p q", 2]})
    '/x?a=1&b=true&d=p%20q&d=2'
    """
    pairs = [
        (name, _plain(value))
        for name, given in (params or {}).items()
        for value in (given if isinstance(given, list | tuple) else (given,))
        if value is not None
    ]
    if not pairs:
        return url
    url, _, _ = url.partition("#")
    joiner = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return url + joiner + urlencode(pairs, quote_via=quote, safe="")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def _unreadable() -> Fatal:
    return Fatal("The source gave an address that cannot be read.", hint="Nothing was called.")


class Addresses:
    """The base address and everything else that may be called.

    >>> addresses = Addresses("https://gw.example/crm/", ["https://login.example"])
    >>> addresses.of("/v1/deals"), addresses.of("https://login.example/token")
    ('https://gw.example/crm/v1/deals', 'https://login.example/token')
    """

    def __init__(self, base_url: str, hosts: Iterable[str] = ()) -> None:
        base = _checked(base_url, "base_url")
        if base.query or base.fragment:
            raise ConfigError("base_url has a ? or # in it.", code="REV-305", hint="Write it up to the path only.")
        self.base = base
        self.prefix = base.raw_path.decode("ascii").rstrip("/")
        self.home = origin_of(base)
        self.allowed: set[Origin] = {self.home}
        for host in hosts:
            self.allow(host)

    @property
    def loopback(self) -> bool:
        """Whether the base address is this very computer."""
        return is_loopback(self.home[1])

    def allow(self, host: str) -> None:
        """Also allow a host, ``https://host`` or bare. Raises ConfigError REV-305."""
        self.allowed.add(origin_of(_checked(host if "://" in host else f"https://{host}", "a further host")))

    def of(self, path: str, seen_at: str = "") -> str:
        """The full address of a path under the base address, or of an absolute one that may be called.

        ``seen_at``: the page that a link was read from, for links relative to it. Raises Fatal REV-506 for another host.
        """
        start = path.partition("?")[0]
        if "\\" in start or any(char < " " for char in path):
            raise _unreadable()
        if start.startswith("//"):
            full = f"{self.home[0]}:{path}"
        elif "://" in start:
            full = path
        elif start.startswith("/"):
            below = path == self.prefix or path.startswith((f"{self.prefix}/", f"{self.prefix}?"))
            full = f"{self.root}{path if self.prefix and below else self.prefix + path}"
        else:
            full = urljoin(seen_at, path) if seen_at else f"{self.root}{self.prefix}/{path}"
        self.check(full)
        return full

    def check(self, full: str) -> httpx.URL:
        """The parsed address. Raises Fatal REV-506 for one that is not of an allowed host."""
        try:
            url = httpx.URL(full)
        except httpx.InvalidURL:
            raise _unreadable() from None
        if url.userinfo:
            raise Fatal("The source gave an address with a user name in it.", hint="Nothing was called.")
        if origin_of(url) not in self.allowed:
            scheme, host, port = origin_of(url)
            allowed = ", ".join(sorted(f"{s}://{h}:{p}" for s, h, p in self.allowed))
            raise Fatal(
                f"The source leads to {scheme}://{host}:{port}, which is not one of its addresses ({allowed}).",
                hint="Nothing was sent there. If the system has moved, correct base_url in revalign.toml.",
            )
        return url

    @property
    def root(self) -> str:
        """Scheme, host and port of the base address."""
        scheme, host, port = self.home
        shown = f"[{host}]" if ":" in host else host
        return f"{scheme}://{shown}" + ("" if port == _PORTS[scheme] else f":{port}")
