"""Telling people about problems: one message to a chat channel's webhook, and silence while nothing has changed."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests

from revalign_udf.errors import ConfigError, Fatal, Retriable, StoreError, redact

__all__ = ["STATE_FILE", "digest", "notify", "send_webhook"]

#: what each channel was last told
STATE_FILE = Path(".revalign") / "alerts.json"
#: seconds to connect, and to wait for each piece of the answer
_TIMEOUT = (5, 10)
#: a message is read on a telephone
_SHOWN, _LENGTH = 20, 400


def digest(problems: Sequence[str]) -> str:
    """Problems as one message, each once; secrets are blanked.

    >>> print(digest(["crm: REV-506 refused", "crm: REV-506 refused", "sheet board: REV-702"]))
    Revalign: 2 problems
    - crm: REV-506 refused
    - sheet board: REV-702
    >>> digest([])
    'Revalign: no problems any more.'
    """
    found = _distinct(problems)
    if not found:
        return "Revalign: no problems any more."
    head = f"Revalign: {len(found)} {'problem' if len(found) == 1 else 'problems'}"
    lines = [f"- {text if len(text) <= _LENGTH else text[:_LENGTH] + ' ...'}" for text in found[:_SHOWN]]
    rest = [f"and {len(found) - _SHOWN} more: revalign doctor"] if len(found) > _SHOWN else []
    return "\n".join([head, *lines, *rest])


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


def notify(project_folder: Path, problems: Sequence[str], url: str) -> bool:
    """Tell a channel, unless it knows: whether a message went out.

    Nothing is sent while the set of problems is the one last sent there, in whatever order; once they are gone, that is
    said once. What could not be delivered counts as unsaid, so the next run tries again.

    Raises what `send_webhook` raises, StoreError REV-804 when the state cannot be kept.
    """
    path = project_folder / STATE_FILE
    told = _told(path)
    channel = _hash(url)  # the address itself must not be written down
    found = _distinct(problems)
    now = _hash("\n".join(sorted(found))) if found else ""
    if told.get(channel, "") == now:
        return False
    send_webhook(url, digest(found))
    _remember(path, {**told, channel: now})
    return True


def _distinct(problems: Sequence[str]) -> list[str]:
    """Each problem once, on one line, without secrets."""
    return list(dict.fromkeys(" ".join(redact(problem).split()) for problem in problems))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _channel(url: str) -> tuple[str, bool]:
    """The host of an address, and whether it is this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    local = host == "localhost" or _is_loopback(host)
    # blanks and backslashes are read in different ways by different libraries, so the host checked might not be the one called
    plain = all("!" <= sign <= "~" and sign != "\\" for sign in url)
    if not host or not plain or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ConfigError(
            "The address of the alert channel must be https (http only on this machine).",
            code="REV-305",
            hint="Copy it in full from the chat's settings for incoming webhooks.",
        )
    return host, local


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _told(path: Path) -> dict[str, str]:
    """What each channel was last told. Better said twice than never: a state that cannot be read is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _remember(path: Path, told: dict[str, str]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="ascii")
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            f"The alert went out, but {path} cannot be written: {error.strerror}.",
            code="REV-804",
            hint="Make room, or the alert repeats.",
        ) from error
