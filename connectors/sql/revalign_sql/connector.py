"""The sql connector: opens the database, reads what is new, says what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from revalign_sql.entries import Entry, read_entries
from revalign_sql.rows import Plan
from revalign_sql.values import gone
from revalign_udf.canonical import TABLES
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Mark,
    Message,
    Present,
    Setting,
    Spec,
    Stream,
    Whole,
)
from revalign_udf.connector.cursors import sweep_due
from revalign_udf.connector.database import Database, Unusable
from revalign_udf.errors import ConfigError, Fatal, RevalignError

__all__ = ["SqlConnector"]


class SqlConnector:
    """Reads tables, views and queries of one database. One stream per ``[[source.NAME.tables]]``.

    Args:
        batch: rows that are fetched, and held in memory, at a time.
    """

    def __init__(self, batch: int = 20_000) -> None:
        self.batch = batch

    spec = Spec(
        name="sql",
        version="0.1.0",
        about="tables and queries of PostgreSQL, SQLite and other SQL databases",
        settings=(
            Setting("url", "secret", help="the database's address with user and password, as a reference"),
            Setting("dialect", "text", help="instead of url: postgresql, sqlite, mysql+pymysql ..."),
            Setting("host", "text", help="the server's name or address"),
            Setting("port", "int", help="its port; empty: the dialect's own"),
            Setting("database", "text", help="the database's name; for SQLite the file, relative to revalign.toml"),
            Setting("user", "text", help="who reads; best a role that may only SELECT"),
            Setting("password", "secret", help="the user's password, as a reference"),
            Setting("options", "table", help='further parts of the address: options = { sslmode = "require" }'),
            Setting("statement_timeout", "int", default=300, help="seconds one statement may take"),
            Setting("tables", "list", required=True, help="what to read: [[source.NAME.tables]]"),
        ),
        needs=("database",),
        scopes=("CONNECT on the database", "USAGE on the schema", "SELECT on the tables that are read"),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the database answers, and every table has what the settings name."""
        try:
            entries = _entries(ctx)
            database = _database(ctx)
            version = database.version()
            for entry in entries.values():
                _plan(ctx, database, entry)
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        listed = ", ".join(f"{entry.name} -> {entry.table}" for entry in entries.values())
        return Check(ok=True, message=f"{version}, {database.where}: {listed}.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """One stream per entry. Raises ConfigError REV-302 or REV-305."""
        return [_stream(entry) for entry in _entries(ctx).values()]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """The rows of one entry: all of them, or those that changed."""
        entry = _entries(ctx).get(stream.name)
        if entry is None:
            yield from _dropped(stream.name, state)
            return
        database = _database(ctx)
        plan = _plan(ctx, database, entry)
        if state.get("entry") != entry.fingerprint:
            if plan.left_out:
                yield Log(f"{entry.name}: columns not read: {', '.join(plan.left_out)}.")
            if state:
                yield Log(f"{entry.name} is read differently from now on, so it is read from the start.")
                if entry.mode == "incremental":
                    yield Log(f"{entry.name}: rows that it leaves out from now on stay as they were.", "warning")
            state = {}
        if entry.mode == "full":
            yield from _full(ctx, database, plan, self.batch)
        else:
            yield from _changed(ctx, database, plan, state, self.batch)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002 - the protocol's signature
        """A record is a canonical row already; rows are sent in bulk and do not come this way."""
        return [(stream, record)]


def _entries(ctx: Context) -> dict[str, Entry]:
    return read_entries(ctx.settings.get("tables"), ctx.connection)


def _stream(entry: Entry) -> Stream:
    deletes: Mapping[str, Any] = {"full": "sweep", "sweep": "sweep"}
    return Stream(
        entry.name,
        (entry.table,),
        TABLES[entry.table].key,
        cursor=entry.cursor if entry.mode != "full" else "",
        granularity="second" if entry.mode != "full" else "",  # the coarsest that is usual; the lookback covers more
        delete_mode=deletes.get(entry.mode, "tombstone" if entry.tombstone else "none"),
        about=str(entry.relation),
        lookback=entry.lookback if entry.mode != "full" else 0,
    )


def _database(ctx: Context) -> Database:
    """The database of ``url``, or of the parts of an address. Raises ConfigError REV-305."""
    settings = ctx.settings
    where = f"[source.{ctx.connection}]"
    parts = [name for name in ("dialect", "host", "port", "database", "user", "password") if settings.get(name)]
    if settings.get("url"):
        if parts:
            raise ConfigError(f"{where} has url and {', '.join(parts)}: keep one form.", code="REV-305")
        return ctx.database()
    if not settings.get("dialect") or not settings.get("database"):
        raise ConfigError(
            f"{where} does not say which database.",
            code="REV-305",
            hint='Write url = "$env:DATABASE_URL", or dialect, host, database, user and password = "$env:NAME".',
        )
    user = quote(str(settings.get("user") or ""), safe="")
    password = f":{quote(str(settings['password']), safe='')}" if settings.get("password") else ""
    port = f":{settings['port']}" if settings.get("port") else ""
    host = str(settings.get("host") or "")
    server = f"{user}{password}{'@' if user else ''}{f'[{host}]' if ':' in host else host}{port}"
    more = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in (settings.get("options") or {}).items())
    url = f"{settings['dialect']}://{server}/{settings['database']}" + (f"?{more}" if more else "")
    return replace(ctx, settings={**settings, "url": url}).database()


def _plan(ctx: Context, database: Database, entry: Entry) -> Plan:
    plan = Plan.of(entry, database.columns(entry.relation), ctx.currency, ctx.time_zone)
    plan.check_minor()
    return plan


def _full(ctx: Context, database: Database, plan: Plan, batch: int) -> Iterator[Message]:
    """Every row, in one snapshot; a mark only at the end, since what is missing from the whole is gone."""
    entry = plan.entry
    # closing, here and below: whatever goes wrong, the transaction must not stay open
    with closing(database.batches(entry.relation, plan.selected, order=entry.key, size=batch)) as batches:
        for rows in batches:
            ctx.stop_if_cancelled()
            yield from plan.messages(rows, whole=True)
            ctx.progress(len(rows))
    yield Whole(entry.table, entry.name)
    yield Mark(_state(entry))


class _AnotherType(Exception):
    """The cursor column holds values that cannot be compared with the one that was kept."""


def _changed(ctx: Context, database: Database, plan: Plan, state: Mapping[str, Any], batch: int) -> Iterator[Message]:
    """What changed since the state; everything, when the cursor's column has another type than then."""
    try:
        yield from _since(ctx, database, plan, state, batch)
    except _AnotherType:
        entry = plan.entry
        yield Log(f"{entry.name}: {entry.cursor} has another type than before, so it is read from the start.")
        yield from _since(ctx, database, plan, {}, batch)


def _since(ctx: Context, database: Database, plan: Plan, state: Mapping[str, Any], batch: int) -> Iterator[Message]:
    """Rows from the cursor on, in its order, with a mark after each batch; then, when it is time, the list of keys."""
    entry = plan.entry
    first = "cursor" not in state
    swept = state.get("swept_at")
    due = entry.mode == "sweep" and (first or sweep_due(state, ctx.clock(), entry.sweep_days))
    begun = ctx.clock()
    highest = _read_cursor(state)
    start = None if first else (entry.cursor, _earlier(highest, entry.lookback))
    unfinished = first or bool(state.get("unfinished"))  # rows without a cursor may still be to come
    place = plan.selected.index(entry.cursor)
    blank = 0
    found = database.batches(
        entry.relation, plan.selected, order=[entry.cursor, *entry.key], size=batch, at_least=start,
        or_blank=due or unfinished,
    )  # fmt: skip
    with closing(found) as batches:
        for rows in batches:
            ctx.stop_if_cancelled()
            seen = [row[place] for row in rows if row[place] is not None and not isinstance(row[place], Unusable)]
            for value in (seen[0], seen[-1]) if seen else ():  # in order: the ends are enough
                if highest is not None and _kind(entry, value) != _kind(entry, highest):
                    raise _AnotherType
                highest = value if highest is None or value > highest else highest
            yield from plan.messages(rows, whole=False)
            blank += len(rows) - len(seen)
            if highest is not None:
                yield Mark(_state(entry, highest, swept, unfinished=unfinished))
            ctx.progress(len(rows))
    if blank:
        when = "read again at each key sweep" if entry.mode == "sweep" else "not read again until that is filled"
        yield Log(f"{entry.name}: {blank} rows have no usable {entry.cursor}; they are {when}.", "warning")
    if due:
        yield from _keys(ctx, database, plan, batch)
        swept = begun.isoformat()
    yield Mark(_state(entry, highest, swept))


def _keys(ctx: Context, database: Database, plan: Plan, batch: int) -> Iterator[Message]:
    """Every key the source has, for rows that vanished without a trace."""
    entry, columns = plan.entry, plan.key_columns
    place = columns.index(entry.tombstone) if entry.tombstone else None
    with closing(database.batches(entry.relation, columns, size=batch)) as batches:
        for rows in batches:
            ctx.stop_if_cancelled()
            alive = rows if place is None else [row for row in rows if not gone(row[place])]
            yield Present(entry.table, plan.keys(alive, columns))
    yield Present(entry.table, [], last=True)


def _dropped(name: str, state: Mapping[str, Any]) -> Iterator[Message]:
    """An entry that the settings no longer have takes its rows with it, as a removed file does."""
    if table := state.get("table"):
        yield Log(f"{name} is no longer among the tables: its rows are marked deleted.")
        yield Whole(str(table), name)
        yield Mark({})


# --- the cursor ------------------------------------------------------------------------------------------------------


def _state(entry: Entry, cursor: Any = None, swept: str | None = None, *, unfinished: bool = False) -> dict[str, Any]:
    state: dict[str, Any] = {"entry": entry.fingerprint, "table": entry.table}
    if unfinished:
        state["unfinished"] = True
    if cursor is not None:
        state["cursor"] = cursor.isoformat() if isinstance(cursor, date) else str(cursor)
        state["kind"] = _kind(entry, cursor)
    if swept:
        state["swept_at"] = swept
    return state


def _kind(entry: Entry, value: Any) -> str:
    """What a cursor is, as the state calls it. Raises Fatal REV-503 for what is no point to go on from."""
    if isinstance(value, datetime):
        return "instant" if value.tzinfo else "naive"
    kinds: Mapping[str, type] = {"date": date, "int": int, "decimal": Decimal, "text": str}
    found = next((name for name, kind in kinds.items() if isinstance(value, kind) and not isinstance(value, bool)), "")
    if not found:
        raise Fatal(
            f"{entry.name}: {entry.cursor} holds {str(value)[:40]!r}, which is no point to go on from.",
            code="REV-503",
            hint="A cursor is a time, a date or a number that grows with every change; choose another column.",
        )
    return found


def _read_cursor(state: Mapping[str, Any]) -> Any:
    if "cursor" not in state:
        return None
    text, kind = str(state["cursor"]), state["kind"]
    readers: Mapping[str, Any] = {
        "instant": datetime.fromisoformat, "naive": datetime.fromisoformat, "date": date.fromisoformat, "int": int,
        "decimal": Decimal,
    }  # fmt: skip
    return readers.get(kind, str)(text)


def _earlier(cursor: Any, lookback: int) -> Any:
    """The cursor less the lookback: seconds for times, a count for numbers; dates go back whole days."""
    if isinstance(cursor, datetime):
        return cursor - timedelta(seconds=lookback)
    if isinstance(cursor, date):
        return cursor - timedelta(days=-(-lookback // 86_400))
    if isinstance(cursor, int | Decimal):
        return cursor - lookback
    return _earlier_text(str(cursor), lookback)


def _earlier_text(cursor: str, lookback: int) -> str:
    """A time kept as text (SQLite), written as it was; other text as it is."""
    try:
        moment = datetime.fromisoformat(cursor)
    except ValueError:
        return cursor
    made = moment - timedelta(seconds=lookback)
    if len(cursor) <= 10:
        return made.date().isoformat()
    text = made.replace(microsecond=0, tzinfo=None).isoformat(sep="T" if "T" in cursor else " ")
    return text[: len(cursor)]
