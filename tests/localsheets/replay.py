"""Plays recorded traffic of real clients against the local server and compares the replies field by field.

    python tests/localsheets/replay.py FOLDER [--all]

FOLDER holds recordings as VCR and Betamax write them (JSON: ``interactions`` with ``request`` and ``response``), also
in folders beneath it. What only the service can choose (ids, addresses, moments) is mapped, not compared. A recording
that begins in the middle of a spreadsheet's life gets an empty spreadsheet with the tabs its first reply shows. Exit
code 1 when a reply differs.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.service_account import Credentials

from revalign_udf.localsheets import LocalSheets
from revalign_udf.localsheets.batch.tabs import new_sheet

__all__ = ["Difference", "Replay", "Tally", "differences"]

SCOPES = ("https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive")
HOSTS = {"sheets.googleapis.com", "www.googleapis.com"}
#: Fields the service fills in as it likes: the same recorded value must always meet the same value of ours.
CHOSEN = {"spreadsheetId", "id", "sheetId", "namedRangeId", "protectedRangeId", "chartId", "bandedRangeId"}
CHOSEN |= {"filterViewId", "metadataId", "slicerId", "newSheetId", "sourceSheetId", "objectId", "filterId"}
CHOSEN |= {"destinationSpreadsheetId", "permissionId"}
#: Moments, people, and what else no two services share.
IGNORED = {"createdTime", "modifiedTime", "etag", "version", "lastModifyingUser", "owners", "permissions"}
IGNORED |= {"displayName", "emailAddress", "webViewLink", "users", "photoLink", "nextPageToken"}
_BOOK = re.compile(r"/(?:v4/spreadsheets|drive/v[23]/files)/([A-Za-z0-9_-]+)")


class _LocalCredentials(Credentials):  # type: ignore[misc,unused-ignore]
    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


@dataclass(frozen=True)
class Difference:
    """One field that is not as recorded."""

    place: str
    recorded: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.place}: recorded {_short(self.recorded)}, ours {_short(self.ours)}"


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) < 160 else f"{text[:157]}..."


@dataclass
class Tally:
    """What came of a folder."""

    same: int = 0
    different: int = 0
    skipped: int = 0
    by_method: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        lines = [f"{self.same} the same, {self.different} different, {self.skipped} skipped"]
        lines += [f"  {count:5d} different: {method}" for method, count in self.by_method.most_common()]
        lines += [f"  {count:5d} x {place}" for place, count in self.places.most_common(20)]
        return "\n".join(lines)


def differences(recorded: Any, ours: Any, ids: dict[Any, Any], place: str = "") -> Iterator[Difference]:
    """Every field that differs; ids of the service are learnt on the way."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        for name in sorted(set(recorded) | set(ours)):
            where = f"{place}.{name}" if place else name
            if name in IGNORED:
                continue
            if name not in recorded or name not in ours:
                yield Difference(where, recorded.get(name, ABSENT), ours.get(name, ABSENT))
            elif name in CHOSEN and not isinstance(recorded[name], dict | list):
                if ids.setdefault(recorded[name], ours[name]) != ours[name]:
                    yield Difference(where, recorded[name], ours[name])
            else:
                yield from differences(_sorted(name, recorded[name]), _sorted(name, ours[name]), ids, where)
    elif isinstance(recorded, list) and isinstance(ours, list):
        if place.endswith("files"):  # ours also has the spreadsheets of other recordings
            known = {item.get("id") for item in ours}
            missing = [item for item in recorded if ids.get(item.get("id"), item.get("id")) not in known]
            yield from (Difference(place, item, ABSENT) for item in missing)
            return
        if len(recorded) != len(ours):
            yield Difference(f"{place} (length)", len(recorded), len(ours))
        for number, (left, right) in enumerate(zip(recorded, ours, strict=False)):
            yield from differences(left, right, ids, f"{place}[{number}]")
    elif _mapped(recorded, ids) != ours:
        yield Difference(place, recorded, ours)


def _sorted(name: str, value: Any) -> Any:
    """Google's order of theme colours changes from call to call."""
    if name == "themeColors" and isinstance(value, list):
        return sorted(value, key=lambda item: str(item.get("colorType")))
    return value


def _mapped(value: Any, ids: dict[Any, Any]) -> Any:
    if isinstance(value, str):
        for recorded, ours in ids.items():
            if isinstance(recorded, str) and len(recorded) > 20:
                value = value.replace(recorded, str(ours))
    return value


class Replay:
    """A server, and the sessions played against it."""

    def __init__(self, server: LocalSheets) -> None:
        self.server = server
        credentials = _LocalCredentials.from_service_account_file(str(server.key_file), scopes=list(SCOPES))
        self._tokens = requests.Session()
        self._session = AuthorizedSession(credentials, auth_request=Request(self._tokens))
        self.tally = Tally()

    def close(self) -> None:
        """Hangs up."""
        self._session.close()
        self._tokens.close()

    def play(self, recording: dict[str, Any]) -> Iterator[tuple[str, list[Difference]]]:
        """Plays one recording.

        Yields:
            The method and address of each call with what differs.
        """
        calls = recording.get("interactions", recording.get("http_interactions", []))
        ids: dict[Any, Any] = {}
        for at, call in enumerate(calls):
            request, response = call["request"], call["response"]
            uri = urlsplit(request["uri"])
            if uri.netloc not in HOSTS:
                self.tally.skipped += 1
                continue
            self._seed(uri.path, calls[at:], ids)
            said = f"{request['method']} {uri.path}"
            found = list(self._call(request, response, ids))
            self.tally.same += not found
            self.tally.different += bool(found)
            if found:
                self.tally.by_method[f"{request['method']} {_shape(uri.path)}"] += 1
                self.tally.places.update(re.sub(r"\[\d+\]", "[]", item.place) for item in found)
            yield said, found

    def _seed(self, path: str, rest: list[dict[str, Any]], ids: dict[Any, Any]) -> None:
        """A spreadsheet for a recording that does not begin with its creation."""
        match = _BOOK.search(path)
        if match is None or match[1] in ids or match[1].startswith("/"):
            return
        identity = match[1]
        status = int(_status(rest[0]["response"]))
        if status == 404 or identity == "files":
            return
        ids[identity] = key = self.server.create("recorded", shared=status != 403)
        shown = (_json(call["response"]) for call in rest if identity in call["request"]["uri"])
        first = next((item for item in shown if isinstance(item, dict) and item.get("sheets")), None)
        properties = (first or {}).get("properties", {})
        book = self.server.book(key)
        book.title = properties.get("title", book.title)
        book.locale = properties.get("locale", book.locale)
        book.time_zone = properties.get("timeZone", book.time_zone)
        tabs = [
            sheet["properties"] for sheet in (first or {}).get("sheets", ()) if "title" in sheet.get("properties", {})
        ]
        if tabs:
            book.sheets.clear()
            for tab in tabs:
                new_sheet(book, tab)

    def _call(self, request: dict[str, Any], response: dict[str, Any], ids: dict[Any, Any]) -> Iterator[Difference]:
        uri = urlsplit(request["uri"])
        path = re.sub(r"(?<=[/:])\d+(?=[/:]|$)", lambda found: str(ids.get(int(found[0]), found[0])), uri.path)
        address = self.server.base_url + _mapped(path, ids) + (f"?{_mapped(uri.query, ids)}" if uri.query else "")
        content, kind = _body(request, ids)
        answer = self._session.request(
            request["method"], address, data=content, headers={"Content-Type": kind} if content else {}, timeout=60
        )
        status = _status(response)
        if answer.status_code != status:
            yield Difference("(status)", status, f"{answer.status_code} {answer.text[:200]}")
            return
        recorded = _json(response)
        if uri.path.startswith("/upload/"):
            return  # Drive's second version tells a hundred things about a file
        try:
            ours = answer.json()
        except ValueError:
            ours = answer.text
        yield from differences(recorded, ours, ids)


def _shape(path: str) -> str:
    return re.sub(r"(spreadsheets|files|values|permissions)/[^/:]+", r"\1/*", path)


def _status(response: dict[str, Any]) -> int:
    status = response["status"]
    return int(status["code"] if isinstance(status, dict) else status)


def _text(body: Any) -> str | bytes:
    if isinstance(body, dict):
        if "base64_string" in body:
            return base64.b64decode(body["base64_string"])
        body = body.get("string", "")
    return body or ""


def _json(response: dict[str, Any]) -> Any:
    text = _text(response.get("body"))
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _body(request: dict[str, Any], ids: dict[Any, Any]) -> tuple[bytes | None, str]:
    text = _text(request.get("body"))
    if not text:
        return None, ""
    try:
        parsed = json.loads(text)
    except ValueError:
        return (text if isinstance(text, bytes) else text.encode("utf-8")), "text/csv"
    return json.dumps(_renumbered(parsed, ids)).encode("utf-8"), "application/json"


def _renumbered(node: Any, ids: dict[Any, Any]) -> Any:
    if isinstance(node, list):
        return [_renumbered(item, ids) for item in node]
    if isinstance(node, dict):
        return {
            name: ids.get(value, value)
            if name in CHOSEN and not isinstance(value, dict | list)
            else _renumbered(value, ids)
            for name, value in node.items()
        }
    return node


def main() -> int:
    """Plays a folder and prints what differs."""
    parser = argparse.ArgumentParser(description="Play recorded traffic against the local spreadsheet server.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="print every call, not only those that differ")
    options = parser.parse_args()
    files = sorted(options.folder.rglob("*.json"))
    if not files:
        print(f"{options.folder} holds no recording (*.json).", file=sys.stderr)
        return 2
    with LocalSheets() as server:
        replay = Replay(server)
        try:
            for file in files:
                for said, found in replay.play(json.loads(file.read_text(encoding="utf-8"))):
                    if found or options.all:
                        print(f"{file.name}: {said}: {'differs' if found else 'the same'}")
                    for item in found:
                        print(f"    {item}")
        finally:
            replay.close()
        print(replay.tally)
        return 1 if replay.tally.different else 0


if __name__ == "__main__":
    sys.exit(main())
