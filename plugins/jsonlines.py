"""Drop-in connector: a folder of JSON-lines files, one canonical row per line.

``organization.jsonl``, ``sales_order.jsonl`` ... : every file named after a canonical table loads into it. Unknown keys
are kept in ``attrs``. A line that is no JSON object goes to the rejects with its number; the rest loads.

    [plugins]
    enabled = ["jsonlines"]

    [source.lake]
    connector = "jsonlines"
    path = "exports"
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from revalign_udf.canonical import TABLES
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Mark,
    Message,
    Rejected,
    Rows,
    Setting,
    Spec,
    Stream,
    Whole,
)
from revalign_udf.hookspecs import hookimpl

_BATCH = 5_000


class JsonLinesConnector:
    """Reads JSON-lines files of canonical rows."""

    spec = Spec(
        name="jsonlines",
        version="1.0",
        about="a folder of JSON-lines files named after canonical tables",
        settings=(Setting("path", "path", required=True, help="file or folder, relative to revalign.toml"),),
        needs=("folder",),
    )

    def check(self, ctx: Context) -> Check:
        """Whether there is a file for a canonical table."""
        files = ctx.folder().files("*.jsonl")
        return Check(ok=bool(files), message=f"{len(files)} file(s): {', '.join(files) or 'none ends in .jsonl'}")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """One stream per canonical table that has a file."""
        names = {PurePosixPath(name).stem for name in ctx.folder().files("*.jsonl")}
        return [Stream(name, (name,)) for name in sorted(names & set(TABLES))]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Every line of every file of the stream; what is no longer there is gone."""
        folder = ctx.folder()
        found = []
        for name in folder.files("*.jsonl"):
            table = PurePosixPath(name).stem
            if table not in TABLES:
                yield Log(f"{name} is not named after a canonical table and was not read.", "warning")
            if table != stream.name:
                continue
            found.append(name)
            with folder.open(name) as file:
                lines = enumerate(file, 1)
                while batch := list(islice(lines, _BATCH)):
                    yield from self._batch(stream.name, name, batch)
            yield Whole(stream.name, name)
        for name in state.get("files", []):
            if name not in found:
                yield Whole(stream.name, name)
        yield Mark({"files": found})

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002
        """The record as it is; keys the table does not have are kept in ``attrs``."""
        known = TABLES[stream].columns
        row = {key: value for key, value in record.items() if key in known}
        if more := {key: value for key, value in record.items() if key not in known}:
            own = row.get("attrs")
            row["attrs"] = {**own, **more} if isinstance(own, Mapping) else more
        if isinstance(row.get("attrs"), Mapping):
            row["attrs"] = json.dumps(row["attrs"], sort_keys=True)
        yield stream, row

    def _batch(self, stream: str, name: str, lines: Sequence[tuple[int, bytes]]) -> Iterator[Message]:
        """Rows rather than records, so that a refused value is reported with its line."""
        rows, numbers = [], []
        for number, line in lines:
            if not line.strip():
                continue
            try:
                record = json.loads(line, parse_float=str)
            except ValueError as error:
                yield Rejected(stream, f"not JSON: {error}", "REV-503", name, number)
                continue
            if isinstance(record, dict):
                rows += [row for _, row in self.map(stream, record, {})]
                numbers.append(number)
            else:
                yield Rejected(stream, "not a JSON object", "REV-503", name, number)
        if rows:
            needed = [column for column in TABLES[stream].columns if any(column in row for row in rows)]
            needed += [column for column in TABLES[stream].required if column not in needed]
            columns = {column: [row.get(column) for row in rows] for column in needed}
            yield Rows(stream, columns, name, numbers, scope=name)


@hookimpl
def register_connectors() -> list[JsonLinesConnector]:
    """The connectors of this plugin."""
    return [JsonLinesConnector()]
