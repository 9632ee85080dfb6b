"""A spreadsheet as a source: the cells of its tabs, each as the value it stands for.

A date in a spreadsheet is a number that is shown as one; only its format says so. A tab is therefore read with the formats,
not with the shown texts, which depend on the spreadsheet's language and lose digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from revalign_udf.config import Project, SheetSettings
from revalign_udf.errors import ConfigError, Fatal, SurfaceError, did_you_mean
from revalign_udf.sheets import a1
from revalign_udf.sheets.client import Json, Refused, SpreadsheetClient
from revalign_udf.sheets.gsheets import open_spreadsheet
from revalign_udf.sheets.retry import Retry
from revalign_udf.sheets.target import target_from

__all__ = ["GoogleSheet", "open_sheet"]

#: cells asked for in one call
CELLS = 100_000
#: day 0 of Google Sheets, in every spreadsheet
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - of no time zone
_BOOK = "spreadsheetUrl,properties(title,timeZone),sheets(properties(sheetId,title,sheetType,gridProperties),merges)"
_CELLS = "sheets(data(rowData(values(effectiveValue,effectiveFormat(numberFormat)))))"
_ERRORS: Mapping[str, str] = {
    "NULL_VALUE": "#NULL!", "DIVIDE_BY_ZERO": "#DIV/0!", "VALUE": "#VALUE!", "REF": "#REF!", "NAME": "#NAME?",
    "NUM": "#NUM!", "N_A": "#N/A", "LOADING": "#LOADING!",
}  # fmt: skip
_SIGN_IN = ("key_file", "base_url", "auth", "client_file", "impersonate", "subject")
#: what a number format shows literally
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


def open_sheet(project: Project, settings: Mapping[str, Any], *, retry: Retry | None = None) -> GoogleSheet:
    """The spreadsheet that a source's settings name. Nothing is called yet.

    Args:
        project: whose settings; paths count from its folder.
        settings: ``url`` or ``key``, and how to sign in: ``sheet``, the name of a ``[sheets.NAME]`` whose sign-in (and,
            without ``url``, whose spreadsheet) is taken, or the same keys as there (``key_file``, ``auth`` ...).
        retry: the retry policy.

    Raises:
        ConfigError: REV-302 or REV-305 for settings that do not go together.
        Fatal: REV-702 for a bad address or key, or nobody signed in.
    """
    given = {name: str(settings[name]) for name in _SIGN_IN if settings.get(name)}
    key = str(settings.get("url") or settings.get("key") or "")
    name = str(settings.get("sheet") or "")
    if name:
        if name not in project.sheets:
            near = did_you_mean(name, project.sheets)
            hint = f"Did you mean {near}?" if near else f"Known: {', '.join(project.sheets) or 'none'}."
            raise ConfigError(f"There is no [sheets.{name}] to sign in like.", code="REV-302", hint=hint)
        if given:
            hint = "Keep `sheet`, or write the sign-in here."
            raise ConfigError(f"sheet = {name!r} and {', '.join(given)} do not go together.", code="REV-302", hint=hint)
        found = project.sheets[name]
        found = replace(found, key=key or found.key)
    elif given.get("client_file") or given.get("auth") == "oauth":
        raise ConfigError(
            "A person signs in for a [sheets.NAME] of the settings.",
            code="REV-302",
            hint='Add [sheets.NAME] with client_file, run revalign sheets login NAME, and write sheet = "NAME" here.',
        )
    else:
        if not given.get("key_file") and given.get("auth") != "adc":
            raise ConfigError(
                "Nothing says how to sign in to Google.",
                code="REV-305",
                hint='Add key_file = "PATH" (a service account), auth = "adc" (the identity of this machine), or '
                'sheet = "NAME" to sign in like [sheets.NAME].',
            )
        found = SheetSettings(
            "source", key, key_file=given.get("key_file", ""), base_url=given.get("base_url", ""),
            auth=given.get("auth", ""), impersonate=given.get("impersonate", ""), subject=given.get("subject", ""),
        )  # fmt: skip
    if not found.key:
        raise ConfigError("No spreadsheet is named.", code="REV-305", hint='Add url = "https://docs.google.com/...".')
    try:
        return GoogleSheet(open_spreadsheet(target_from(found, project.folder), retry=retry))
    except Refused as problem:
        raise _fatal(problem) from None


def _fatal(problem: SurfaceError) -> Fatal:
    """What a source says of a spreadsheet it cannot read; to read, a viewer's right is enough."""
    return Fatal(problem.message, code=problem.code, hint=problem.hint.replace("as Editor with", "as Viewer with"))


class GoogleSheet:
    """A Google spreadsheet opened for reading: a :class:`~revalign_udf.connector.SheetReader`.

    Args:
        client: the opened spreadsheet.
    """

    def __init__(self, client: SpreadsheetClient) -> None:
        self._client = client
        self._known: Json | None = None

    @property
    def title(self) -> str:
        """The spreadsheet's name."""
        return str(self._book.get("properties", {}).get("title", ""))

    @property
    def url(self) -> str:
        """Where a person opens it."""
        return self._client.url

    @property
    def time_zone(self) -> str:
        """The spreadsheet's time zone, in which its clock times are."""
        return str(self._book.get("properties", {}).get("timeZone", "") or "UTC")

    def tabs(self) -> Sequence[str]:
        """The titles of its tabs with cells, hidden ones too, in order."""
        return [str(sheet["properties"]["title"]) for sheet in self._grids()]

    def rows(self, tab: str) -> Sequence[Sequence[Any]]:
        """The cells of a tab from A1 on, without blank ones at the end of a row or of the tab.

        Numbers as numbers (a percentage as its fraction: 5% is 0.05), true and false, texts, blanks as None. A date as
        ``2026-03-01``; one whose format shows no day as ``2026-03``; a clock time of a day with the offset of the
        spreadsheet's time zone, ``2026-03-01T09:30:00+01:00``; a time of day as ``09:30:00``. An error as its text, ``#N/A``.
        Of merged cells only the first has the value. Formulas have their result. Hidden rows are like others.

        Raises:
            Fatal: REV-501 for a tab that is not there, REV-702 when the spreadsheet cannot be read.
            Retriable: REV-505, still busy after every attempt.
        """
        grid = self._grid(tab)["properties"].get("gridProperties", {})
        height, width = int(grid.get("rowCount", 0)), max(1, int(grid.get("columnCount", 1)))
        zone = _zone(self.time_zone)
        found: list[list[Any]] = []
        step = max(1, CELLS // width)
        for first in range(0, height, step):
            last = min(first + step, height)
            area = f"{a1.tab(tab)}!{a1.cell(first, 0)}:{a1.cell(last - 1, width - 1)}"
            found += [[] for _ in range(first - len(found))]  # what came before was blank at its end
            found += [_row(cells, zone) for cells in self._cells(area)]
        while found and not found[-1]:
            found.pop()
        return found

    def merges(self, tab: str) -> Sequence[tuple[int, int, int, int]]:
        """Merged cells of a tab as (first row, first column, row after, column after), counted from 0."""
        return [
            (
                int(area.get("startRowIndex", 0)),
                int(area.get("startColumnIndex", 0)),
                int(area.get("endRowIndex", 0)),
                int(area.get("endColumnIndex", 0)),
            )
            for area in self._grid(tab).get("merges", ())
        ]

    def close(self) -> None:
        """Close the connection."""
        close = getattr(self._client, "close", None)
        if close is not None:
            close()

    @property
    def _book(self) -> Json:
        if self._known is None:
            self._known = self._read(_BOOK)
        return self._known

    def _grids(self) -> list[Json]:
        return [
            sheet
            for sheet in self._book.get("sheets", ())
            if sheet["properties"].get("sheetType", "GRID") == "GRID"
        ]  # fmt: skip

    def _grid(self, tab: str) -> Json:
        for sheet in self._grids():
            if sheet["properties"]["title"] == tab:
                return sheet
        near = did_you_mean(tab, self.tabs())
        hint = f"Did you mean {near!r}?" if near else f"Its tabs: {', '.join(self.tabs())}."
        raise Fatal(f"The spreadsheet {self.title!r} has no tab {tab!r}.", code="REV-501", hint=hint)

    def _cells(self, area: str) -> Iterator[Sequence[Json]]:
        for sheet in self._read(_CELLS, [area]).get("sheets", ()):
            for data in sheet.get("data", ()):
                for row in data.get("rowData", ()):
                    yield row.get("values", ())

    def _read(self, fields: str, ranges: Sequence[str] = ()) -> Json:
        try:
            return self._client.read(fields, ranges)
        except SurfaceError as problem:
            raise _fatal(problem) from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Fatal(
            f"The spreadsheet's time zone {name!r} is not known here.",
            code="REV-702",
            hint="Choose another under File > Settings, or update the package tzdata.",
        ) from None


def _row(cells: Sequence[Json], zone: ZoneInfo) -> list[Any]:
    found = [_value(cell, zone) for cell in cells]
    while found and found[-1] is None:
        found.pop()
    return found


def _value(cell: Json, zone: ZoneInfo) -> Any:
    value = cell.get("effectiveValue") or {}
    if "numberValue" in value:
        number = value["numberValue"]
        shown = cell.get("effectiveFormat", {}).get("numberFormat", {})
        kind = str(shown.get("type", ""))
        return (
            _moment(number, kind, str(shown.get("pattern", "")), zone)
            if kind in {"DATE", "DATE_TIME", "TIME"}
            else number
        )
    if "errorValue" in value:
        return _ERRORS.get(str(value["errorValue"].get("type", "")), "#ERROR!")
    return value.get("boolValue", value.get("stringValue")) if value.get("stringValue") != "" else None


def _moment(number: float, kind: str, pattern: str, zone: ZoneInfo) -> Any:
    """What a number stands for that is shown as a date or time; the number itself beyond the years 1 to 9999.

    >>> zone = ZoneInfo("Europe/Berlin")
    >>> _moment(46082, "DATE", "", zone), _moment(46082, "DATE", "mmm yyyy", zone), _moment(0.375, "TIME", "", zone)
    ('2026-03-01', '2026-03', '09:00:00')
    >>> _moment(46082.5, "DATE_TIME", "", zone), _moment(46083, "DATE", "yyyy-mm", zone)
    ('2026-03-01T12:00:00+01:00', '2026-03-02')
    """
    milliseconds = round(number * 86_400_000)  # a double holds a date to within a microsecond
    try:
        found = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return number
    if kind == "TIME":
        return found.time().isoformat() if 0 <= number < 1 else number
    if found.time() == time():
        return _day(found.date(), kind, pattern)
    return found.replace(tzinfo=zone).isoformat()


def _day(day: date, kind: str, pattern: str) -> str:
    """A day, or the month alone where nothing else is shown: 2026-01 typed into a cell becomes its first day there."""
    shows = _LITERAL.sub("", pattern).lower()
    monthly = kind == "DATE" and day.day == 1 and "y" in shows and "m" in shows and "d" not in shows
    return day.isoformat()[:7] if monthly else day.isoformat()
