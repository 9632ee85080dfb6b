"""The csv connector: finds the files, reads what changed, says what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from revalign_csv.mapping import Assignment, FileMapping, assign, read_mapping
from revalign_csv.plan import Plan
from revalign_csv.text import Lines, digest, open_text
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
from revalign_udf.errors import ConfigError, Fatal, Retriable, RevalignError

__all__ = ["CsvConnector"]

_STATE_VERSION = 1


class CsvConnector:
    """Reads one delimited text file, or every known file of a folder. One stream per canonical table."""

    spec = Spec(
        name="csv",
        version="0.1.0",
        about="delimited text: one file or a folder of canonical tables",
        settings=(
            Setting("path", "path", required=True, help="a file or a folder, relative to revalign.toml"),
            Setting("mapping", "table", help="how files are written and what their columns mean"),
            Setting("complete_through", "date", help="the last day the files are complete for; else the time of pull"),
        ),
        needs=("folder",),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the files are there and their headers have what the tables need."""
        try:
            folder, assignment = _find(ctx)
            files = 0
            for tables in assignment.files.values():
                for name, mapping in tables.items():
                    _read_header(folder, name, mapping)
                    files += 1
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        tables_found = ", ".join(assignment.files) or "none"
        text = f"{files} {'file' if files == 1 else 'files'} for {len(assignment.files)} tables: {tables_found}."
        return Check(ok=True, message=" ".join([text, *assignment.warnings]))

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """One stream per canonical table that has a file. Raises Fatal REV-501 or REV-507, ConfigError."""
        _, assignment = _find(ctx)
        return [
            Stream(table, (table,), TABLES[table].key, delete_mode="sweep", about=", ".join(files))
            for table, files in assignment.files.items()
        ]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """The rows of every new or changed file of a table, then what is gone.

        A file that cannot be used does not keep the table's other files from loading: its error is raised after them.
        """
        folder, assignment = _find(ctx)
        if stream.name == next(iter(assignment.files), stream.name):  # once per pull, not once per table
            yield from (Log(text, "warning") for text in assignment.warnings)
        files = assignment.files.get(stream.name, {})
        known: dict[str, str] = dict(state.get("files", {}))
        failed: list[Fatal] = []
        for name, mapping in files.items():
            try:
                content = digest(folder, name, mapping)
                if known.get(name) == content:
                    continue
                _read_header(folder, name, mapping)
            except Fatal as error:
                failed.append(error)
                continue
            yield from _load(ctx, folder, name, mapping)
            known[name] = content
            yield Mark(_state(known))
        gone = sorted(known.keys() - files.keys())
        for name in gone:
            yield Whole(stream.name, name)
            del known[name]
        if gone:
            yield Mark(_state(known))
        if failed:
            raise failed[0] if len(failed) == 1 else _together(failed)
        if through := _complete_through(ctx):
            yield Complete(through)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002 - the protocol's signature
        """A record is a canonical row already; files are sent in bulk and do not come this way."""
        return [(stream, record)]


def _find(ctx: Context) -> tuple[Folder, Assignment]:
    if not ctx.settings.get("path"):
        hint = 'Add path = "data" with the file or folder to read.'
        raise ConfigError(f"[source.{ctx.connection}] has no path.", code="REV-302", hint=hint)
    folder = ctx.folder()
    return folder, assign(folder.files(), read_mapping(ctx.settings, ctx.connection), ctx.connection)


def _read_header(folder: Folder, name: str, mapping: FileMapping) -> None:
    """Raise Fatal REV-502 for a file whose columns cannot be used."""
    with open_text(folder, name, mapping) as file:
        Plan.of(name, Lines(file, name, mapping).header, mapping)


def _load(ctx: Context, folder: Folder, name: str, mapping: FileMapping) -> Iterator[Message]:
    """Everything in one file, then that it was everything."""
    before = _stamp(folder, name)
    with open_text(folder, name, mapping) as file:
        lines = Lines(file, name, mapping)
        plan = Plan.of(name, lines.header, mapping)
        yield from (Log(text) for text in plan.notes)
        for batch in lines:
            if ctx.cancelled():
                raise Retriable("Stopped before the end.", code="REV-505")
            yield from plan.messages(batch)
            ctx.progress(len(batch.rows))
    if _stamp(folder, name) != before:
        raise Retriable(f"{name} was written to while it was read.", code="REV-505", hint="Pull again.")
    yield Whole(mapping.table, name)


def _stamp(folder: Folder, name: str) -> tuple[int, int]:
    try:
        status = folder.path(name).stat()
    except OSError as error:
        raise Fatal(f"Cannot read {folder.path(name)}: {error.strerror}.", code="REV-501") from error
    return status.st_size, status.st_mtime_ns


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
