"""doctor: what is wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from revalign_udf.alignment.stages import shared_pipeline
from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.config import Project, load
from revalign_udf.errors import ConfigError, RevalignError, redact
from revalign_udf.jobs.definitions import problems_of
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.layout import find, read
from revalign_udf.query import Query
from revalign_udf.query.answers import Table
from revalign_udf.snapshots import Snapshot, current
from revalign_udf.store import Store
from revalign_udf.sync import check_source

__all__ = ["doctor_command"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    area: str
    state: Literal["ok", "note", "problem"]
    text: str


def examine(project: Project) -> Iterator[Finding]:
    """Look at settings, plugins, sources, store, snapshot and layouts of a project."""
    yield Finding("settings", "ok", str(project.folder / "revalign.toml"))
    registry = plugins_of(project)
    for problem in registry.problems:
        yield Finding("plugins", "problem", str(problem))
    for plugin in registry.plugins:
        if plugin.state == "disabled":
            yield Finding("plugins", "note", f"{plugin.name} is not enabled ({plugin.origin})")
    if not project.sources:
        yield Finding("sources", "problem", "REV-302 No [source.NAME] in the settings. Add one.")
    for name in project.sources:
        try:
            check = check_source(project, registry, name)
            yield Finding(f"source {name}", "ok" if check.ok else "problem", check.message)
        except RevalignError as error:
            yield Finding(f"source {name}", "problem", str(error))
    yield from _agreed(project)
    yield from _data(project)
    for report in project.workbooks:
        try:
            read(find(report, project.folder))
        except RevalignError as error:
            yield Finding(f"report {report}", "problem", str(error))
    yield from _sheets(project)


def _sheets(project: Project) -> Iterator[Finding]:
    """Whether each spreadsheet can be read and written."""
    if not project.sheets:
        return
    from revalign_udf.sheets.access import check_access
    from revalign_udf.sheets.target import target_from

    for name, sheet in project.sheets.items():
        try:
            found = check_access(target_from(sheet, project.folder))
        except RevalignError as error:
            yield Finding(f"sheet {name}", "problem", str(error))
            continue
        if not found.ok:
            yield Finding(f"sheet {name}", "problem", f"{found.code} {found.message} {found.hint}")
            continue
        yield Finding(f"sheet {name}", "ok", f'"{found.title}" can be read and written, {found.url}')
        yield from (Finding(f"sheet {name}", "note", note) for note in found.notes)


def _agreed(project: Project) -> Iterator[Finding]:
    """Definitions that cannot be used or wait for signatures."""
    try:
        wrong, waiting = problems_of(project)
    except RevalignError as error:
        yield Finding("definitions", "problem", str(error))
        return
    yield from (Finding("definitions", "problem", text) for text in wrong)
    yield from (Finding("definitions", "note", text) for text in waiting)


def _data(project: Project) -> Iterator[Finding]:
    if not (project.data / "store.duckdb").is_file():
        yield Finding("store", "note", "nothing pulled yet: revalign run")
        return
    try:
        with Store.open(project.data, project.company.time_zone) as store:
            counts = store.counts()
            yield Finding("store", "ok", f"{sum(counts.values()):,} rows in {len(counts)} tables")
            refused = store.rejects()
            for item in refused[:20]:
                place = f"{item['file']}:{item['line']}" if item["file"] else item["table"]
                yield Finding("refused row", "problem", f"{item['connection']} {place} {item['code']} {item['reason']}")
            if len(refused) > 20:
                yield Finding("refused row", "problem", f"... and {len(refused) - 20} more")
        snapshot = Snapshot(project.snapshots / current(project.snapshots))
        yield Finding("snapshot", "ok", f"{snapshot.label}, made {snapshot.manifest.created_at}")
        for reason, count in snapshot.con.execute(
            "SELECT reason, count(*) FROM excluded GROUP BY 1 ORDER BY 2 DESC"
        ).fetchall():
            yield Finding("left out", "note", f"{count:,} records: {reason}")
        found = shared_pipeline(Query(project.snapshots))
        for row in found.unknown.dicts():
            text = f"{row['stage']} of {row['source']} is {row['why']}: {row['events']:,.0f} events; map it in"
            yield Finding("stage", "note", f"{text} alignment/stages.toml")
        yield from (Finding("stage", "note", text) for text in found.problems)
        for row in Query(project.snapshots).status().dicts():
            text = f"complete through {row['complete_through']}, pulled {row['pulled_at']} UTC"
            yield Finding(f"freshness {row['source']}", "ok" if row["state"] == "fresh" else "note", text)
    except RevalignError as error:
        yield Finding("store and snapshot", "problem", str(error))


@click.command("doctor")
@project_option
@json_option
@guarded
def doctor_command(project: Path, as_json: bool) -> None:
    """What is wrong with a project, and what to do about it. Exits 1 when there is a problem."""
    try:
        chosen = load(project)
    except ConfigError as error:
        findings = [
            Finding(
                "settings",
                "note" if error.code == "REV-301" and "No revalign" in error.message else "problem",
                str(error),
            )
        ]
        origins: dict[str, str] = {}
    else:
        findings, origins = list(examine(chosen)), dict(chosen.origins)
    findings = [Finding(f.area, f.state, redact(f.text)) for f in findings]
    if as_json:
        print_json({"findings": [asdict(item) for item in findings], "settings": origins})
    else:
        # A text may name a section, [sheets.board], which rich would take for a style.
        rows = tuple((item.state, item.area, item.text.replace("[", r"\[")) for item in findings)
        print_table(Table(("", "what", "found"), rows))
        if origins:
            console.print()
            print_table(Table(("setting", "from"), tuple(sorted(origins.items()))))
    if any(item.state == "problem" for item in findings):
        raise SystemExit(PROBLEM)
