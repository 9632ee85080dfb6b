"""From the store to a published snapshot.

A build runs the kernels, writes facts and manifest into a hidden folder beside the published ones, flushes it to disk,
renames it and swaps the pointer. A crash at any point leaves the old snapshot published; the next build clears the rest.
When nothing changed, nothing new is published.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from revalign_udf import __version__
from revalign_udf.config import Project
from revalign_udf.errors import NoData, StoreError
from revalign_udf.governance import read_closes
from revalign_udf.kernels import Additions, build_facts
from revalign_udf.kernels.matching import check_decisions
from revalign_udf.metrics import METRICS, Declared, Metric
from revalign_udf.publish.agreements import links_of, read_agreements, unknown_stages
from revalign_udf.publish.cube import CUBE, write_cube
from revalign_udf.snapshots import POINTER, FactInfo, Manifest, SourceInfo, current, label_of, point_to, published
from revalign_udf.store import Store, Watermark, disk_problem

__all__ = ["Published", "publish"]

_WORK = ".building-"
#: rows of a snapshot from which on it pays to free the memory of the kernels' tables before the cube is computed
_MANY = 100_000


@dataclass(frozen=True, slots=True)
class Published:
    """What a build did: the snapshot's label and folder, whether it is new, how many rows each table has, and what to
    tell of the project's agreements: unusable texts, proposals that wait for signatures, stages nobody mapped."""

    label: str
    folder: Path
    is_new: bool
    as_of: date
    rows: dict[str, int]
    notes: tuple[str, ...] = ()


def publish(
    project: Project, store: Store, metrics: Sequence[Metric] = (), as_of: date | None = None,
    additions: Additions | None = None,
) -> Published:  # fmt: skip
    """Build and publish a snapshot of what the store knows (knew at the end of ``as_of``, when given).

    ``metrics`` and ``additions`` are plugins' and the project's declarations. Raises NoData REV-205 for a store without a
    single pulled source, StoreError REV-804 for a full or read-only disk.
    """
    marks = [mark for mark in store.watermarks() if mark.connection in project.sources]
    if not marks:
        raise NoData("No source has been pulled yet.", code="REV-205", hint="Run: revalign pull.")
    filled = store.open_views(as_of, sorted(project.sources))
    as_of_day = as_of or project.as_of or _as_of(project, marks)
    root = project.snapshots
    try:
        root.mkdir(parents=True, exist_ok=True)
        for left in root.glob(f"{_WORK}*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in root.glob(f".{POINTER}.*"):
            left.unlink(missing_ok=True)
        work = root / f"{_WORK}{os.getpid()}"
        work.mkdir()
        try:
            return _build(
                project, store, [*METRICS.values(), *metrics], marks, as_of_day, root, work, additions or Additions(),
                filled,
            )  # fmt: skip
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except (OSError, duckdb.Error) as error:
        raise disk_problem(error, f"the snapshot in {root}") or StoreError(
            f"Cannot publish into {root}: {error}"
        ) from error


def _as_of(project: Project, marks: Sequence[Watermark]) -> date:
    """Today, or the last day any source speaks of when that is earlier."""
    today = datetime.now(ZoneInfo(project.company.time_zone)).date()
    return min(today, max(mark.through for mark in marks))


def _build(
    project: Project, store: Store, metrics: Sequence[Metric], marks: Sequence[Watermark], as_of: date, root: Path,
    work: Path, additions: Additions, filled: Collection[str],
) -> Published:  # fmt: skip
    agreed = read_agreements(project, store.con, metrics, additions, as_of)
    links = links_of(project, store)
    decided = tuple(agreed.objects.get("identity", ()))
    check_decisions(decided, project.sources)
    additions = replace(additions, decided=decided)
    through = _Through(store.con, marks, as_of, filled)
    built = build_facts(
        store.con, project.company.currency, as_of, project.definitions.revenue_source, additions, through, filled
    )
    columns, some = _described(store.con, built.tables.values())
    facts = {
        name: _write(store.con, name, table, columns[table], work, built.rests_on.get(name, ()), through)
        if table in some else _without_rows(name, columns[table], built.rests_on.get(name, ()), through)
        for name, table in built.tables.items()
    }  # fmt: skip
    manifest = Manifest(
        label="",
        as_of=as_of,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        company=project.company.name,
        currency=project.company.currency,
        time_zone=project.company.time_zone,
        fiscal_year_start=project.company.fiscal_year_start,
        fiscal_weeks=project.company.fiscal_weeks,
        fiscal_year_end_day=project.company.fiscal_year_end_day,
        fiscal_year_end=project.company.fiscal_year_end,
        facts=facts,
        sources=_sources(project, store, marks),
        metrics=tuple(agreed.definitions.metrics),
        # all of them, so that a later version reads this snapshot by the definitions it was published with
        declared=Declared().beside(built.declared).as_dict(),
        objects={**agreed.objects, **({"addresses": links} if links else {})},
        versions=[one.as_json() for one in agreed.definitions.changed],
        variants={key: table.removeprefix("f_") for key, table in built.variants.items()},
        parameters={
            "lifetime_years": project.definitions.lifetime_years,
            "profile": project.definitions.profile,
            "constant_rate_on": project.definitions.constant_rate_on,
            **agreed.parameters,
        },
        version=__version__,
    )
    manifest = replace(manifest, content=_content(manifest))
    rows = {name: info.rows for name, info in facts.items()}
    notes = (*agreed.notes, *unknown_stages(store.con))
    if (same := _unchanged(root, manifest)) is not None:
        _point(root, same)
        return Published(label_of(same), root / same, is_new=False, as_of=as_of, rows=rows, notes=notes)
    if sum(rows.values()) > _MANY:
        _forget(store.con)
    name = _next_name(root, as_of)
    manifest = replace(manifest, label=label_of(name))
    manifest.write(work)
    cube = write_cube(work, project.memory_limit, project.data / "spill")
    replace(manifest, facts={**facts, CUBE: cube}).write(work)
    _flush(work)
    work.rename(root / name)
    _point(root, name)
    _prune(root, project.keep_snapshots, name, project.folder)
    return Published(label_of(name), root / name, is_new=True, as_of=as_of, rows=rows, notes=notes)


def _forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the kernels' tables: written by now, and a large company's take much memory."""
    found = con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary AND table_name ~ '^[dfk]_'").fetchall()
    con.execute("; ".join(f"DROP TABLE {name}" for (name,) in found))


class _Through:
    """Through which day the connections that fill some tables are complete, never after the as-of date."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, marks: Sequence[Watermark], as_of: date, filled: Collection[str]
    ) -> None:
        self.con, self.marks, self.as_of, self.filled = con, marks, as_of, filled
        self._days: dict[str, list[date]] = {}

    def __call__(self, tables: Sequence[str]) -> date | None:
        found = [day for table in tables if table in self.filled for day in self._of(table)]
        return min([*found, self.as_of]) if found else None

    def _of(self, table: str) -> list[date]:
        if table not in self._days:
            self._days[table] = []
            for (connection,) in self.con.execute(f"SELECT DISTINCT _conn FROM c_{table}").fetchall():
                own = [mark for mark in self.marks if mark.connection == connection]
                exact = [mark.through for mark in own if mark.stream == table]
                self._days[table] += exact or [min((mark.through for mark in own), default=self.as_of)]
        return self._days[table]


_Columns = tuple[tuple[str, str], ...]
"""(name, type) of the columns of a table"""


def _described(con: duckdb.DuckDBPyConnection, tables: Collection[str]) -> tuple[dict[str, _Columns], set[str]]:
    """The columns of the kernels' tables, and which of these have rows."""
    columns = {
        table: tuple((row[0], row[1]) for row in con.execute(f"DESCRIBE {table}").fetchall()) for table in tables
    }
    looks = (f"SELECT '{table}' FROM (SELECT 1 FROM {table} LIMIT 1) x" for table in tables)
    return columns, {row[0] for row in con.execute(" UNION ALL ".join(looks)).fetchall()}


def _without_rows(name: str, columns: _Columns, rests_on: Sequence[str], through: _Through) -> FactInfo:
    """Of a table without rows nothing is kept but how it would look."""
    mark = through(rests_on) if rests_on else None
    return FactInfo(name, 0, watermark=mark, tables=tuple(rests_on), hash="0:0", columns=columns)


def _write(
    con: duckdb.DuckDBPyConnection, name: str, table: str, kinds: _Columns, work: Path, rests_on: Sequence[str],
    through: _Through,
) -> FactInfo:  # fmt: skip
    path = work / f"{name}.parquet"
    quoted = str(path).replace("'", "''")
    columns = [column for column, _ in kinds]
    order = ", ".join(f'"{column}"' for column in columns)
    con.execute(f"COPY (SELECT * FROM {table} ORDER BY {order}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)")
    days = "min(on_day), max(on_day)" if "on_day" in columns else "NULL, NULL"
    count, digest, first, last = con.execute(
        f"SELECT count(*), sum(CAST(md5_number_lower(concat_ws(chr(31),"
        f" {', '.join(f'coalesce(CAST({c} AS VARCHAR), chr(0))' for c in columns)})) AS HUGEINT)), {days} FROM {table}"
    ).fetchall()[0]
    info = FactInfo(name, int(count), hash=f"{count}:{digest or 0}", size=path.stat().st_size)
    if not rests_on:
        return info
    currencies: tuple[str, ...] = ()
    if count and "currency" in columns:
        found = con.execute(f"SELECT DISTINCT currency FROM {table} WHERE currency IS NOT NULL ORDER BY 1").fetchall()
        currencies = tuple(row[0] for row in found)
    return replace(
        info, first_day=first, last_day=last, watermark=through(rests_on), tables=tuple(rests_on), currencies=currencies
    )


def _sources(project: Project, store: Store, marks: Sequence[Watermark]) -> tuple[SourceInfo, ...]:
    found = []
    for name, source in sorted(project.sources.items()):
        own = [mark for mark in marks if mark.connection == name]
        if own:
            found.append(
                SourceInfo(
                    name,
                    source.connector,
                    min(mark.through for mark in own),
                    max(mark.pulled_at for mark in own).isoformat(timespec="seconds"),
                    len(store.rejects(name)),
                )
            )
    return tuple(found)


def _content(manifest: Manifest) -> str:
    """A hash of what was published: facts, watermarks and definitions; not when or by which run."""
    described = {
        "as_of": str(manifest.as_of),
        "company": [manifest.currency, manifest.time_zone, asdict(manifest.calendar)],
        "facts": {name: [info.hash, str(info.watermark)] for name, info in sorted(manifest.facts.items())},
        "metrics": [metric.as_dict() for metric in manifest.metrics],
        "declared": dict(manifest.declared),
        "objects": dict(manifest.objects),
        "versions": list(manifest.versions),
        "parameters": dict(manifest.parameters),
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()


def _unchanged(root: Path, manifest: Manifest) -> str | None:
    """The published snapshot of the same day with the same content, if there is one."""
    for name in reversed(published(root)):
        if name.startswith(f"{manifest.as_of}."):
            try:
                known = Manifest.read(root / name)
            except NoData:
                continue
            if known.content == manifest.content and _whole(root / name, known):
                return name
    return None


def _whole(folder: Path, manifest: Manifest) -> bool:
    """Whether every file is there in its full size: a build puts a damaged snapshot right, it does not point to it."""
    sizes = {path.stem: path.stat().st_size for path in folder.glob("*.parquet")}
    return all(sizes.get(name, 0) == info.size for name, info in manifest.facts.items())


def _next_name(root: Path, as_of: date) -> str:
    """A name no folder has, not even a damaged one."""
    used = [path.name.rpartition(".")[2] for path in root.glob(f"{as_of}.*")]
    return f"{as_of}.{max((int(number) for number in used if number.isdigit()), default=0) + 1}"


def _flush(folder: Path) -> None:
    """Make sure every file is on disk before the pointer can name it."""
    for path in folder.iterdir():
        # opened for writing: Windows flushes no other descriptor
        with path.open("r+b") as file:
            os.fsync(file.fileno())


def _point(root: Path, name: str) -> None:
    """Swap the pointer, unless what it names speaks of a later day: recomputing a day of the past publishes that day
    for who asks for it, and leaves today's numbers where they are."""
    try:
        known = current(root)
    except NoData:
        known = ""
    if known.rpartition(".")[0] <= name.rpartition(".")[0]:
        point_to(root, name)


def _prune(root: Path, keep: int, new: str, folder: Path) -> None:
    """Remove the oldest snapshots beyond the number to keep; never the published one, nor the one just made, nor one a
    period was closed on. Those do not count towards the number. Nothing goes while nobody can say what is closed."""
    try:
        closed = read_closes(folder).snapshots
    except StoreError:
        return
    kept = {current(root), new}
    names = [name for name in published(root) if name not in kept | closed]
    for name in names[: max(0, len(names) + len(kept) - max(keep, 1))]:
        shutil.rmtree(root / name, ignore_errors=True)
