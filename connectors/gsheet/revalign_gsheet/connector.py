"""The gsheet connector: reads the tabs that changed and says what is gone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from revalign_gsheet.entries import Entry, read_entries
from revalign_gsheet.grid import Area, Grid
from revalign_udf.canonical import TABLES
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Mark,
    Message,
    Setting,
    SheetReader,
    Spec,
    Stream,
    Whole,
)
from revalign_udf.errors import Fatal, RevalignError

__all__ = ["GoogleSheetConnector"]


@runtime_checkable
class _Merging(Protocol):
    """A sheet reader that knows which cells are merged."""

    def merges(self, tab: str) -> Sequence[Area]:
        """(first row, first column, row after, column after), counted from 0."""
        ...


class GoogleSheetConnector:
    """Reads tabs of one spreadsheet, each as a canonical table. One stream per ``[[source.NAME.tabs]]``."""

    spec = Spec(
        name="gsheet",
        version="0.1.0",
        about="tabs of a Google Sheet: goals, spend, stage map, any canonical table",
        settings=(
            Setting("url", "text", help="the spreadsheet's address in the browser"),
            Setting("key", "text", help="or its key"),
            Setting(
                "sheet", "text", help="the [sheets.NAME] whose sign-in, and without url whose spreadsheet, is used"
            ),
            Setting("key_file", "path", help="the service account's JSON key, outside the project folder"),
            Setting("auth", "text", help='"service_account" or "adc" (the identity of this machine)'),
            Setting("client_file", "path", help='for a person sign in through [sheets.NAME] and write sheet = "NAME"'),
            Setting("impersonate", "text", help="a service account to act as"),
            Setting("subject", "text", help="a person the service account acts for (domain-wide delegation)"),
            Setting("base_url", "text", help="another server that speaks the Sheets API; empty: Google"),
            Setting("tabs", "list", required=True, help="which tabs to read: [[source.NAME.tabs]]"),
        ),
        needs=("sheets",),
        scopes=("share the spreadsheet as Viewer with the account that signs in",),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the spreadsheet can be read, and its tabs have what the tables need."""
        try:
            entries = read_entries(ctx.settings.get("tabs"), ctx.connection)
            reader = ctx.sheet()
            for entry in entries.values():
                _grid(reader, entry, _cells(reader, entry))
            title = reader.title
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        listed = ", ".join(f"{entry.tab} -> {entry.table}" for entry in entries.values())
        return Check(ok=True, message=f"{title}: {listed}.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """One stream per entry. Raises ConfigError REV-302 or REV-305."""
        entries = read_entries(ctx.settings.get("tabs"), ctx.connection)
        return [
            Stream(entry.name, (entry.table,), TABLES[entry.table].key, delete_mode="sweep", about=f"tab {entry.tab}")
            for entry in entries.values()
        ]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """The rows of a tab, when it or what the settings say of it changed; they replace those it brought before."""
        entry = read_entries(ctx.settings.get("tabs"), ctx.connection).get(stream.name)
        if entry is None:
            yield from _dropped(stream.name, state)
            return
        reader = ctx.sheet()
        cells = _cells(reader, entry)
        merges = _merges(reader, entry)
        content = hashlib.sha256(repr((entry.fingerprint, cells, merges)).encode()).hexdigest()
        if state.get("content") == content:
            return
        ctx.stop_if_cancelled()
        yield from Grid.of(entry, cells, merges).messages()
        ctx.progress(len(cells))
        yield Whole(entry.table, entry.name)
        yield Mark({"content": content, "table": entry.table})

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002 - the protocol's signature
        """A record is a canonical row already; rows are sent in bulk and do not come this way."""
        return [(stream, record)]


def _cells(reader: SheetReader, entry: Entry) -> list[list[Any]]:
    cells = [list(row) for row in reader.rows(entry.tab)]
    if not cells:
        hint = "Nothing is taken away for an emptied tab; write the header again, or take the tab out of the settings."
        raise Fatal(f"The tab {entry.tab!r} is empty.", code="REV-502", hint=hint)
    return cells


def _merges(reader: SheetReader, entry: Entry) -> list[Area]:
    return sorted(map(tuple, reader.merges(entry.tab))) if isinstance(reader, _Merging) else []  # type: ignore[arg-type]


def _grid(reader: SheetReader, entry: Entry, cells: Sequence[Sequence[Any]]) -> Grid:
    return Grid.of(entry, cells, _merges(reader, entry))


def _dropped(name: str, state: Mapping[str, Any]) -> Iterator[Message]:
    """A tab that the settings no longer name takes its rows with it."""
    if table := state.get("table"):
        yield Log(f"{name} is no longer among the tabs: its rows are marked deleted.")
        yield Whole(str(table), name)
        yield Mark({})
