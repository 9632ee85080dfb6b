"""Requests and replies of a spreadsheet service, written down without secrets, and played again to another server."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

__all__ = ["Exchange", "Recorder", "differences", "load", "replay", "save"]

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"https?://[^\s\"']+")
#: fields that differ from one spreadsheet, account or day to the next
_VOLATILE = {"spreadsheetId", "spreadsheetUrl", "title"}


@dataclass(frozen=True)
class Exchange:
    """One call: what was asked, what came back. ``path`` is ``/v4/spreadsheets/KEY...``."""

    method: str
    path: str
    query: list[list[str]]
    request: Any
    status: int
    reply: Any


@dataclass
class Recorder:
    """Listens to a session. Headers, and so tokens, are never looked at.

    ``secrets`` are texts to leave out (the spreadsheet's key), each with what stands for it.
    """

    secrets: dict[str, str]
    found: list[Exchange] = field(default_factory=list)

    def listen(self, session: requests.Session) -> None:
        session.hooks["response"].append(self._hear)

    def _hear(self, response: requests.Response, **_: Any) -> None:
        sent = response.request
        address = urlsplit(str(sent.url))
        if not address.path.startswith("/v4/"):
            return  # a token
        body = sent.body.decode() if isinstance(sent.body, bytes) else sent.body
        made = Exchange(
            str(sent.method), address.path, [list(pair) for pair in parse_qsl(address.query)],
            json.loads(body) if body else None, response.status_code, response.json(),
        )  # fmt: skip
        self.found.append(Exchange(**self._clean(asdict(made))))

    def _clean(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {key: self._clean(value) for key, value in node.items()}
        if isinstance(node, list):
            return [self._clean(item) for item in node]
        if not isinstance(node, str):
            return node
        for secret, stands in self.secrets.items():
            node = node.replace(secret, stands)
        return _ADDRESS.sub("someone@example.com", _LINK.sub("https://example.com/", node))


def save(path: Path, exchanges: list[Exchange]) -> None:
    """Writes a golden file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(item) for item in exchanges], indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> list[Exchange]:
    """Reads a golden file."""
    return [Exchange(**item) for item in json.loads(path.read_text(encoding="utf-8"))]


def replay(exchanges: list[Exchange], session: requests.Session, base_url: str, key: str) -> list[str]:
    """Sends the same requests to another server; says in which replies it differs."""
    found: list[str] = []
    for number, item in enumerate(exchanges):
        answer = session.request(
            item.method, base_url + item.path.replace("KEY", key), params=[(name, value) for name, value in item.query],
            json=item.request, timeout=60,
        )  # fmt: skip
        where = f"call {number} ({item.method} {item.path})"
        if answer.status_code != item.status:
            found.append(f"{where}: status {answer.status_code}, recorded {item.status}")
            continue
        found += [f"{where}: {line}" for line in differences(item.reply, answer.json())]
    return found


def differences(recorded: Any, local: Any, at: str = "") -> list[str]:
    """Where two replies differ, in words; what is volatile is passed over."""
    if isinstance(recorded, dict) and isinstance(local, dict):
        keys = sorted(
            (set(recorded) | set(local)) - (_VOLATILE if not at or at.endswith("updatedSpreadsheet") else set())
        )
        return [line for key in keys for line in differences(recorded.get(key), local.get(key), f"{at}.{key}")]
    if isinstance(recorded, list) and isinstance(local, list) and len(recorded) == len(local):
        pairs = enumerate(zip(recorded, local, strict=True))
        return [line for number, (one, other) in pairs for line in differences(one, other, f"{at}[{number}]")]
    same = recorded == local and isinstance(recorded, bool) == isinstance(local, bool)
    volatile = at.rpartition(".")[2] in {"spreadsheetId", "spreadsheetUrl"}
    return [] if same or volatile else [f"{at}: recorded {recorded!r}, here {local!r}"]
