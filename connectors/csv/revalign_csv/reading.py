"""One file for one table, from its bytes to messages: text or workbook, with the files that are joined to it."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from revalign_csv.assigning import Task
from revalign_csv.excel import Sheet
from revalign_csv.files import find, stamp
from revalign_csv.mapping import BOOKS, FileMapping
from revalign_csv.options import Join
from revalign_csv.plan import Plan
from revalign_csv.shape import Joined, Shape
from revalign_csv.text import Lines, digest, open_text
from revalign_udf.connector import Context, Folder, Log, Merges, Message, Rejected, Tombstones, Whole
from revalign_udf.errors import Fatal, Retriable

__all__ = ["Reader"]

#: several ids in one cell: ``[12, 34]``, ``12;34``
_IDS = re.compile(r"[\s\[\],;]+")


class Reader:
    """Reads the files of one connection during one pull.

    Args:
        ctx: the connection.
        folder: its folder.
        names: every file there, for joins.
    """

    def __init__(self, ctx: Context, folder: Folder, names: Sequence[str]) -> None:
        self._ctx, self._folder, self._names = ctx, folder, names

    def digest(self, task: Task) -> str:
        """Changes with the file, with what its mapping says, and with the files joined to it.

        Raises Fatal REV-501 or REV-503.
        """
        own = digest(self._folder, task.name, task.mapping)
        if not task.mapping.joins:
            return own
        total = hashlib.sha256(own.encode())
        for join in task.mapping.joins:
            other = self._other(task, join)
            total.update(digest(self._folder, other, _like(task.mapping)).encode() if other else b"-")
        return total.hexdigest()

    def check(self, scope: str, task: Task) -> None:
        """Raise Fatal REV-502 for a file whose columns cannot be used."""
        with self._opened(task.name, task.mapping) as source:
            shape = self._shape(task, source.header, whole=False)
            if task.mapping.action == "rows":
                Plan.of(task.name, scope, shape, self._ctx.currency)

    def rows(self, scope: str, task: Task) -> Iterator[Message]:
        """Everything in one file, then that it was everything."""
        before = stamp(self._folder, task.name)
        with self._opened(task.name, task.mapping) as source:
            shape = self._shape(task, source.header)
            plan = Plan.of(task.name, scope, shape, self._ctx.currency)
            yield from (Log(text) for text in plan.notes)
            for batch in source:
                if self._ctx.cancelled():
                    raise Retriable("Stopped before the end.", code="REV-505")
                count = len(batch.rows)
                yield from plan.messages(batch)
                self._ctx.progress(count)
        self._unchanged(task, before)
        yield from self._left_out(task, shape)
        yield Whole(task.mapping.table, scope)

    def gone(self, task: Task) -> Iterator[Message]:
        """The rows of other files that this one says are deleted, or merged into others."""
        table = task.mapping.table
        before = stamp(self._folder, task.name)
        with self._opened(task.name, task.mapping) as source:
            shape = self._shape(task, source.header)
            places = [shape.header.index(shape.columns[name]) for name in ("gone", "stays") if name in shape.columns]
            for batch in source:
                for line, reason, value in batch.bad:
                    yield Rejected(table, reason, file=task.name, line=line, value=value)
                batch = shape.apply(batch)  # noqa: PLW2901
                keys = [(_IDS.split(row[places[0]].strip("[] ")), row[places[-1]].strip()) for row in batch.rows]
                if task.mapping.action == "delete":
                    yield Tombstones(table, [key for gone, _ in keys for key in gone if key])
                else:
                    yield Merges(table, [(key, stays) for gone, stays in keys for key in gone if key and stays != key])
        self._unchanged(task, before)
        yield from self._left_out(task, shape)

    # --- one file ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _opened(self, name: str, mapping: FileMapping) -> Iterator[Lines | Sheet]:
        if name.lower().endswith(BOOKS):
            yield Sheet(self._folder, name, mapping)
            return
        with open_text(self._folder, name, mapping) as file:
            yield Lines(file, name, mapping)

    def _shape(self, task: Task, header: Sequence[str], *, whole: bool = True) -> Shape:
        return Shape.of(task.name, header, task.mapping, lambda join: self._joined(task, join, whole=whole))

    def _unchanged(self, task: Task, before: tuple[int, int]) -> None:
        if stamp(self._folder, task.name) != before:
            raise Retriable(f"{task.name} was written to while it was read.", code="REV-505", hint="Pull again.")

    def _left_out(self, task: Task, shape: Shape) -> Iterable[Message]:
        if shape.left_out:
            yield Log(f"{task.name} as {task.mapping.table}: {shape.left_out:,} rows left out by where and unless.")
        for prefix, count in shape.unmatched.items():
            yield Log(f"{task.name} as {task.mapping.table}: {count:,} rows have no match in {prefix}.")

    # --- joins -------------------------------------------------------------------------------------------------------

    def _other(self, task: Task, join: Join) -> str | None:
        """The file of a join; None when it may be missing and is. Raises Fatal REV-501."""
        found = find((name for name in self._names if name != task.name), join.files)
        if found is None and not join.optional:
            raise Fatal(
                f"{task.name} is read together with {join.files[0]}, which is not there.",
                code="REV-501",
                hint="Add that file, or take the join out of the mapping.",
            )
        return found

    def _joined(self, task: Task, join: Join, *, whole: bool) -> Joined | None:
        """The rows of another file by their key. Raises Fatal REV-502 for missing columns, REV-504 for two with one key."""
        name = self._other(task, join)
        if name is None:
            return None
        with self._opened(name, _like(task.mapping)) as source:
            header = source.header
            place = {column: index for index, column in enumerate(header)}
            for column in (join.key, *join.where, *([join.latest] if join.latest else [])):
                if column not in place:
                    raise Fatal(
                        f'{name} has no column "{column}", by which {task.name} is joined.',
                        code="REV-502",
                        hint=f"Found: {', '.join(header)}.",
                    )
            rows: dict[str, Sequence[str]] = {}
            for batch in source if whole else ():
                for row in batch.rows:
                    key = row[place[join.key]]
                    if not key or not all(_fits(row[place[c]], patterns) for c, patterns in join.where.items()):
                        continue
                    if key in rows and not (join.first or join.latest):
                        raise Fatal(
                            f"{name} has two rows with {join.key} {key!r}, so {task.name} cannot be joined to it.",
                            code="REV-504",
                            hint='Add `latest = "COLUMN"`, `first = true` or a `where` to the join.',
                        )
                    if key in rows and (join.first or rows[key][place[join.latest]] >= row[place[join.latest]]):
                        continue
                    rows[key] = row
        return Joined(header, rows)


def _like(mapping: FileMapping) -> FileMapping:
    """How a joined file is written: like the one it is joined to."""
    return FileMapping(delimiter=mapping.delimiter, encoding=mapping.encoding)


def _fits(cell: str, patterns: Sequence[str]) -> bool:
    text = cell.strip().casefold()
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)
