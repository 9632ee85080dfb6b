"""A chat channel: its address for incoming messages takes a text as JSON."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from revalign_udf.errors import ConfigError, Fatal, Retriable, RevalignError, redact

__all__ = ["Webhook", "is_here", "send_webhook"]

#: seconds to connect, and to wait for each piece of the answer
_TIMEOUT = (5, 10)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A chat channel. It is its own only receiver."""

    url: str = field(repr=False)

    @property
    def receivers(self) -> Mapping[str, str]:
        """What tells receivers apart -> their names for people. The address itself is a secret."""
        try:
            host = urlsplit(self.url).hostname or ""
        except ValueError:
            host = ""
        return {self.url: f"webhook {host}".strip()}

    def send(self, subject: str, text: str, receivers: Sequence[str]) -> Mapping[str, RevalignError]:
        """Send to the receivers; those it did not reach, with the reason."""
        try:
            send_webhook(self.url, text or subject)
        except RevalignError as error:
            return dict.fromkeys(receivers, error)
        return {}


def send_webhook(url: str, text: str) -> None:
    """Send a text as ``{"text": ...}``, which Slack, Teams and Mattermost take.

    The address is a secret: no message names more of it than the host. Raises ConfigError REV-305 unless it is https, or
    http on this machine; Retriable REV-505 when trying again may help; Fatal REV-506 when the channel refuses.
    """
    host, local = _channel(url)
    with requests.Session() as session:
        session.trust_env = not local  # a proxy leads out, never back to this machine
        try:
            answer = session.post(
                url, json={"text": redact(text, [url])}, timeout=_TIMEOUT, allow_redirects=False, stream=True
            )
        except requests.RequestException as error:
            # the library's own text holds the address
            reason = type(error).__name__
            raise Retriable(f"The alert did not reach {host}: {reason}.", hint="Check the network.") from None
        answer.close()
    if answer.ok and not answer.is_redirect:
        return
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Retriable(f"The alert channel {host} answered {answer.status_code}.")
    raise Fatal(
        f"The alert channel {host} refused with {answer.status_code}.",
        hint="Make a new webhook address there, and put it into the settings.",
    )


def _channel(url: str) -> tuple[str, bool]:
    """The host of an address, and whether it is this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    local = is_here(host)
    # blanks and backslashes are read in different ways by different libraries, so the host checked might not be the one called
    plain = all("!" <= sign <= "~" and sign != "\\" for sign in url)
    if not host or not plain or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ConfigError(
            "The address of the alert channel must be https (http only on this machine).",
            code="REV-305",
            hint="Copy it in full from the chat's settings for incoming webhooks.",
        )
    return host, local


def is_here(host: str) -> bool:
    """Whether a host is this machine, by its name or number alone.

    >>> is_here("localhost"), is_here("127.0.0.2"), is_here("::1"), is_here("localhost.example")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
