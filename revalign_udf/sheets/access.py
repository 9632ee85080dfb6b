"""Whether a spreadsheet can be read and written, and if not, what exactly is in the way."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from revalign_udf.errors import RevalignError
from revalign_udf.sheets import identity
from revalign_udf.sheets.client import Json, Refused, SpreadsheetClient, Why
from revalign_udf.sheets.gsheets import GoogleSpreadsheet, open_spreadsheet
from revalign_udf.sheets.retry import Retry
from revalign_udf.sheets.target import SheetTarget

__all__ = ["Access", "check_access", "look_at"]

_FIELDS = (
    "properties(title,locale,timeZone),sheets(properties(sheetId,title),developerMetadata(metadataKey),"
    "protectedRanges(range,warningOnly,requestingUserCanEdit,unprotectedRanges))"
)
#: for a person who waits: a check gives up sooner than a sync
_SOON = Retry(attempts=3, cap=8.0, deadline=30.0)


@dataclass(frozen=True, slots=True)
class Access:
    """What a check found. ``why`` is empty when the spreadsheet can be read and written."""

    name: str
    ok: bool
    key: str = ""
    url: str = ""
    title: str = ""
    locale: str = ""
    time_zone: str = ""
    tabs: tuple[str, ...] = ()
    account: str = ""
    """who reads and writes; empty where only Google knows it"""
    notes: tuple[str, ...] = ()
    """what is no obstacle now and may become one"""
    why: Why | str = ""
    """what is in the way, for programs; a busy service is ``busy``"""
    code: str = ""
    message: str = ""
    hint: str = ""
    share_with: str = ""
    """the address to share the spreadsheet with, when that is what is missing"""

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return asdict(self) | {"tabs": list(self.tabs), "notes": list(self.notes)}


def check_access(target: SheetTarget, *, retry: Retry = _SOON, told: Callable[[str], None] | None = None) -> Access:
    """Reads a spreadsheet's properties and proves that it can be written to, leaving nothing behind.

    Two calls: one read, and one batch that makes a mark nobody sees and takes it away again.

    Args:
        target: which, and how to sign in.
        retry: the retry policy.
        told: hears of waits.

    Returns:
        What was found; failures are told, not raised.
    """
    client: GoogleSpreadsheet | None = None
    try:
        with open_spreadsheet(target, retry=retry, told=told) as client:
            return look_at(client, target.name)
    except RevalignError as problem:
        return Access(
            target.name,
            ok=False,
            key=client.key if client else "",
            url=client.url if client else "",
            account=client.address if client else "",
            why=problem.why if isinstance(problem, Refused) else "busy" if problem.code == "REV-505" else "settings",
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
            share_with=problem.share_with if isinstance(problem, Refused) else "",
        )


def look_at(client: GoogleSpreadsheet, name: str) -> Access:
    """The check of an open spreadsheet.

    Raises:
        Refused: REV-702, with what is in the way.
        Retriable: REV-505, busy after every attempt.
    """
    found = client.read(_FIELDS)
    _prove(client)
    ours, notes = _protected(found, client.address or "the account you signed in with")
    if ours:
        raise Refused(
            f"The sync cannot write to {' and '.join(ours)}: protected.",
            "protected",
            f"Data > Protect sheets and ranges: allow {client.address or 'the account you signed in with'}, or turn the "
            "protection into a warning.",
            client.address,
        )
    properties = found.get("properties", {})
    return Access(
        name,
        ok=True,
        key=client.key,
        url=client.url,
        title=str(properties.get("title", "")),
        locale=str(properties.get("locale", "")),
        time_zone=str(properties.get("timeZone", "")),
        tabs=tuple(str(sheet["properties"].get("title", "")) for sheet in found.get("sheets", ())),
        account=client.address,
        notes=tuple(notes),
    )


def _prove(client: SpreadsheetClient) -> None:
    """A mark made and taken away in one batch: both happen or neither."""
    number = secrets.randbelow(2**31 - 2) + 1
    mark = {
        "metadataId": number,
        "metadataKey": "revalign.access",
        "location": {"spreadsheet": True},
        "visibility": "DOCUMENT",
    }
    lookup = {"developerMetadataLookup": {"metadataId": number}}
    client.batch_update(
        [
            {"createDeveloperMetadata": {"developerMetadata": mark}},
            {"deleteDeveloperMetadata": {"dataFilter": lookup}},
        ]
    )


def _protected(found: Json, who: str) -> tuple[list[str], list[str]]:
    """Our tabs that are shut to us as a whole, and notes on everything else that is protected against us."""
    ours: list[str] = []
    notes: list[str] = []
    for sheet in found.get("sheets", ()):
        title = json.dumps(sheet["properties"].get("title", ""), ensure_ascii=False)
        mine = any(mark.get("metadataKey") == identity.TAB for mark in sheet.get("developerMetadata", ()))
        for guard in sheet.get("protectedRanges", ()):
            if guard.get("warningOnly") or guard.get("requestingUserCanEdit"):
                continue
            area = guard.get("range", {})
            whole = not any(key.endswith("Index") for key in area)
            if mine and whole and not guard.get("unprotectedRanges"):
                ours.append(f"the tab {title}")
            else:
                part = "The tab" if whole else "A part of the tab"
                notes.append(f"{part} {title} is protected against {who}; the sync cannot write there.")
    return ours, list(dict.fromkeys(notes))
