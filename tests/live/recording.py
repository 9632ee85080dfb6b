"""What is said between the sync and a spreadsheet service, written down without anything private, and compared.

A recording has the shape that VCR writes, so ``tests/localsheets/replay.py`` plays it against the local server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from beside import load

from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet

__all__ = ["GOLDEN_KEY", "Recorder", "compare", "redacted", "secrets_of"]

#: Stands for the spreadsheet's key.
GOLDEN_KEY = "1aRecordedSpreadsheetOfTheLiveCheck-0000000001"
#: Stands for its title; the local server gives it to a spreadsheet it is played a recording of.
GOLDEN_TITLE = "recorded"
_HOME = "https://sheets.googleapis.com"
_PEOPLE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"https?://[^\s\"'<>]+")
_PROJECT = re.compile(r"(project_number:|projects/|in project )\d+")
_TOKEN = re.compile(r"ya29\.|Bearer |PRIVATE KEY|access_token|id_token|refresh_token")

#: step, request, status, answer
Heard = tuple[str, requests.PreparedRequest, int, str]


def secrets_of(key_file: Path) -> tuple[str, ...]:
    """Every text of a service account's key file that names somebody or opens something."""
    found: dict[str, Any] = json.loads(key_file.read_text(encoding="utf-8"))
    public = {"service_account", "googleapis.com"}
    texts = [text for value in found.values() for text in str(value).splitlines()]
    return tuple(
        text for text in texts if len(text) > 5 and text not in public and not text.startswith(("http", "-----"))
    )


def redacted(node: Any, stands: Mapping[str, str]) -> Any:
    """A piece of JSON with keys, people, links and project numbers written over; ``stands`` says what for what."""
    if isinstance(node, dict):
        return {name: redacted(value, stands) for name, value in node.items()}
    if isinstance(node, list):
        return [redacted(value, stands) for value in node]
    if not isinstance(node, str):
        return node
    text = _PROJECT.sub(r"\g<1>0", _PEOPLE.sub("person@example.com", _LINK.sub("https://example.com/", node)))
    for secret, stand_in in stands.items():
        text = text.replace(secret, stand_in)
    return text


@dataclass
class Recorder:
    """Hears every call of a client.

    Args:
        key: of the spreadsheet.
        secrets: texts that must not be in the recording.
    """

    key: str
    secrets: Sequence[str]
    step: str = ""
    heard: list[Heard] = field(default_factory=list)

    @contextmanager
    def listening(self, client: GoogleSpreadsheet) -> Iterator[None]:
        """Listens as long as the ``with`` block; calls for tokens go another way and are not heard."""
        hooks = client._http.session.hooks["response"]

        def hear(response: requests.Response, **_: Any) -> None:
            self.heard.append((self.step, response.request, response.status_code, response.text))

        hooks.append(hear)
        try:
            yield
        finally:
            hooks.remove(hear)

    def recording(self) -> dict[str, Any]:
        """What was heard, redacted. Headers are left out."""
        stands = {self.key: GOLDEN_KEY} | dict.fromkeys(self.secrets, "private")
        calls: list[dict[str, Any]] = []
        for step, request, status, answer in self.heard:
            address = urlsplit(str(request.url))
            uri = f"{_HOME}{address.path}{'?' if address.query else ''}{address.query}".replace(self.key, GOLDEN_KEY)
            body = request.body.decode() if isinstance(request.body, bytes) else request.body
            calls.append(
                {
                    "step": step,
                    "request": {"method": request.method, "uri": uri, "body": _text(body, stands)},
                    "response": {"status": {"code": status, "message": ""}, "body": {"string": _text(answer, stands)}},
                }
            )
        return {"interactions": calls}

    def save(self, path: Path) -> None:
        """Writes the recording.

        Raises:
            ValueError: it holds a private text, or something like a token; nothing is written.
        """
        text = json.dumps(self.recording(), indent=1, ensure_ascii=False) + "\n"
        left = [secret for secret in (self.key, *self.secrets) if secret in text]
        if left or _TOKEN.search(text):
            raise ValueError(f"The recording holds {len(left)} private texts or something like a token.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _text(body: str | None, stands: Mapping[str, str]) -> str | None:
    if not body:
        return body
    try:
        found = json.loads(body)
    except ValueError:
        return str(redacted(body, stands))
    for book in (found, found.get("updatedSpreadsheet")) if isinstance(found, dict) else ():
        if isinstance(book, dict) and "title" in book.get("properties", {}):
            book["properties"]["title"] = GOLDEN_TITLE
    return json.dumps(redacted(found, stands), ensure_ascii=False)


def compare(recording: Mapping[str, Any]) -> list[str]:
    """Plays a recording against a fresh local server.

    Returns:
        A line per field that differs: the step, the call, the field, what was recorded and what is ours.
    """
    replay = load(Path(__file__).parents[1] / "localsheets" / "replay.py")
    calls = recording["interactions"]
    with LocalSheets() as server:
        player = replay.Replay(server)
        try:
            played = zip(calls, player.play(recording), strict=True)
            return [f"{call['step']}: {said}: {item}" for call, (said, found) in played for item in found]
        finally:
            player.close()
