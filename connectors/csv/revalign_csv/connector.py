"""The csv connector: finds the files, reads what changed, says what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from revalign_csv import presets
from revalign_csv.assigning import Assignment, Task, assign
from revalign_csv.files import names
from revalign_csv.mapping import read_mapping
from revalign_csv.reading import Reader
from revalign_udf.canonical import TABLES
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Complete,
    Context,
    Folder,
    Log,
    Mark,
    Message,
    Setting,
    Spec,
    Stream,
    Whole,
)
from revalign_udf.errors import ConfigError, Fatal, RevalignError

__all__ = ["CsvConnector"]

_STATE_VERSION = 1


class CsvConnector:
    """Reads delimited text and workbooks: one file, or every known file of a folder. One stream per canonical table."""

    spec = Spec(
        name="csv",
        version="0.2.0",
        about="delimited text and Excel files: one file or a folder, canonical or with a mapping",
        settings=(
            Setting("path", "path", required=True, help="a file or a folder, relative to revalign.toml"),
            Setting("mapping", "table", help="how files are written and what their columns mean"),
            Setting("preset", "text", help="a ready mapping for another system's export, such as stripe_export"),
            Setting("complete_through", "date", help="the last day the files are complete for; else the time of pull"),
        ),
        needs=("folder",),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the files are there and their headers have what the tables need."""
        try:
            folder, assignment = _find(ctx)
            reader = Reader(ctx, folder, assignment.names)
            read: set[str] = set()
            for tasks in assignment.files.values():
                for scope, task in tasks.items():
                    reader.check(scope, task)
                    read.add(task.name)
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        tables_found = ", ".join(assignment.files) or "none"
        count = len(read)
        text = f"{count} {'file' if count == 1 else 'files'} for {len(assignment.files)} tables: {tables_found}."
        return Check(ok=True, message=" ".join([text, *assignment.warnings]))

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """One stream per canonical table that has a file. Raises Fatal REV-501 or REV-507, ConfigError."""
        _, assignment = _find(ctx)
        return [
            Stream(
                table, (table,), TABLES[table].key, delete_mode="sweep",
                about=", ".join(dict.fromkeys(task.name for task in tasks.values())),
            )
            for table, tasks in assignment.files.items()
        ]  # fmt: skip

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """The rows of every new or changed file of a table, then what is gone.

        A file that cannot be used does not keep the table's other files from loading: its error is raised after them.
        """
        folder, assignment = _find(ctx)
        if stream.name == next(iter(assignment.files), stream.name):  # once per pull, not once per table
            yield from (Log(text, "warning") for text in (*_notes(ctx), *assignment.warnings))
        tasks = assignment.files.get(stream.name, {})
        reader = Reader(ctx, folder, assignment.names)
        known: dict[str, str] = dict(state.get("files", {}))
        failed: list[Fatal] = []
        changed = False
        for scope, task in tasks.items():
            if task.mapping.action != "rows":
                continue
            try:
                content = reader.digest(task)
                if known.get(scope) == content:
                    continue
                reader.check(scope, task)
            except Fatal as error:
                failed.append(error)
                continue
            yield from reader.rows(scope, task)
            known[scope] = content
            changed = True
            yield Mark(_state(known))
        yield from _said_gone(reader, tasks, known, failed, changed=changed)
        gone = sorted(known.keys() - tasks.keys())
        for scope in gone:
            yield Whole(stream.name, scope)
            del known[scope]
        if gone:
            yield Mark(_state(known))
        if failed:
            raise failed[0] if len(failed) == 1 else _together(failed)
        if through := _complete_through(ctx):
            yield Complete(through)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002 - the protocol's signature
        """A record is a canonical row already; files are sent in bulk and do not come this way."""
        return [(stream, record)]


def _said_gone(
    reader: Reader, tasks: Mapping[str, Task], known: dict[str, str], failed: list[Fatal], *, changed: bool
) -> Iterator[Message]:
    """What files say is deleted or merged. Also after other files changed: a row sent again would be back otherwise."""
    for scope, task in tasks.items():
        if task.mapping.action == "rows":
            continue
        try:
            content = reader.digest(task)
            if known.get(scope) == content and not changed:
                continue
            reader.check(scope, task)
        except Fatal as error:
            failed.append(error)
            continue
        yield from reader.gone(task)
        known[scope] = content
        yield Mark(_state(known))


def _find(ctx: Context) -> tuple[Folder, Assignment]:
    if not ctx.settings.get("path"):
        hint = 'Add path = "data" with the file or folder to read.'
        raise ConfigError(f"[source.{ctx.connection}] has no path.", code="REV-302", hint=hint)
    folder = ctx.folder()
    mappings = read_mapping(ctx.settings.get("mapping"), f"[source.{ctx.connection}.mapping]")
    chosen = ctx.settings.get("preset")
    ready = presets.preset(str(chosen)).mappings if chosen else None
    return folder, assign(names(folder), mappings, ctx.connection, ready)


def _notes(ctx: Context) -> Sequence[str]:
    chosen = ctx.settings.get("preset")
    return [f"{chosen}: {note}" for note in presets.preset(str(chosen)).notes] if chosen else ()


def _state(files: Mapping[str, str]) -> dict[str, Any]:
    return {"version": _STATE_VERSION, "files": dict(files)}


def _together(failed: Sequence[Fatal]) -> Fatal:
    text = " ".join(f"{error.message} {error.hint}".strip() for error in failed)
    return Fatal(f"{len(failed)} files cannot be used. {text}", code=failed[0].code)


def _complete_through(ctx: Context) -> str:
    value = ctx.settings.get("complete_through") or ""
    if isinstance(value, date):  # TOML has dates of its own
        return value.isoformat()
    try:
        date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        where = f"[source.{ctx.connection}] complete_through"
        raise ConfigError(f"{where} is a date such as 2026-09-30, not {value!r}.", code="REV-305") from None
    return str(value)
