"""The steps of a run, in order: connectors -> store -> snapshot -> workbooks -> sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revalign_udf.alerts import notify
from revalign_udf.config import Project, SheetSettings, is_reference
from revalign_udf.config import resolve as resolve_secret
from revalign_udf.errors import ConfigError, RevalignError
from revalign_udf.governance import record
from revalign_udf.kernels import Additions
from revalign_udf.layout import find, read, resolve
from revalign_udf.layout.model import Report
from revalign_udf.metrics import DIMENSIONS, CustomDimension
from revalign_udf.plugins import Registry, discover
from revalign_udf.publish import Published, publish
from revalign_udf.query import Query
from revalign_udf.store import Store
from revalign_udf.sync import Progress, SourceReport, pull_sources

# the surfaces are loaded by the steps that write them: a pull or a build needs neither gspread nor XlsxWriter
if TYPE_CHECKING:
    from revalign_udf.sheets import SheetPlan, SheetTarget
    from revalign_udf.workbook import Route

__all__ = [
    "RunReport",
    "SheetReport",
    "build",
    "plugins_of",
    "pull",
    "report_of",
    "run",
    "sync_sheets",
    "target_of",
    "write_workbooks",
]


@dataclass(frozen=True, slots=True)
class SheetReport:
    """What a sync did to one spreadsheet, or why it could not."""

    name: str
    plan: SheetPlan | None = None
    failure: str = ""

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        found: dict[str, Any] = {"sheet": self.name, "status": "failed" if self.failure else "ok"}
        if self.plan is not None:
            found |= self.plan.as_json()
        if self.failure:
            found["failure"] = self.failure
        return found


@dataclass(slots=True)
class RunReport:
    """What a run did."""

    sources: list[SourceReport] = field(default_factory=list)
    published: Published | None = None
    workbooks: list[Path] = field(default_factory=list)
    sheets: list[SheetReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything went well."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            "status": "ok" if self.ok else "problems",
            "sources": [source.as_json() for source in self.sources],
            "snapshot": self.published.label if self.published else None,
            "new": self.published.is_new if self.published else False,
            "rows": self.published.rows if self.published else {},
            "notes": list(self.published.notes) if self.published else [],
            "workbooks": [str(path) for path in self.workbooks],
            "sheets": [sheet.as_json() for sheet in self.sheets],
            "problems": self.problems,
        }


def additions_of(project: Project, plugins: Registry) -> Additions:
    """Dimensions and facts that the settings and the plugins add to the catalogue. Raises ConfigError REV-302 for a name
    that is taken."""
    own = [CustomDimension(item.name, item.table, item.key, item.label, item.kind) for item in project.dimensions]
    every = [*own, *plugins.dimensions]
    for item in every:
        if item.name in DIMENSIONS or [other.name for other in every].count(item.name) > 1:
            raise ConfigError(
                f"The dimension {item.name} is declared already.", code="REV-302", hint="Give it another name."
            )
    return Additions(tuple(every), tuple(plugins.kernels))


def plugins_of(project: Project) -> Registry:
    """Every plugin a project can see."""
    return discover(project.plugins, project.folder / project.plugins.folder)


def pull(
    project: Project, names: Sequence[str] = (), progress: Progress | None = None, registry: Registry | None = None
) -> list[SourceReport]:
    """Pull sources into the store."""
    with Store.open(project.data, project.company.time_zone, memory_limit=project.memory_limit) as store:
        return pull_sources(project, store, registry or plugins_of(project), names, progress)


def build(project: Project, as_of: date | None = None, registry: Registry | None = None) -> Published:
    """Publish a snapshot of what the store knows."""
    plugins = registry or plugins_of(project)
    with Store.open(project.data, project.company.time_zone, memory_limit=project.memory_limit) as store:
        done = publish(project, store, plugins.metrics, as_of, additions_of(project, plugins))
    if done.is_new:
        record(project.folder, "published", snapshot=done.label, as_of=done.as_of.isoformat())
    return done


def report_of(project: Project, query: Query, name: str) -> Report:
    """A report's layout, resolved against the published snapshot."""
    return resolve(read(find(name, project.folder)), query)


def write_workbooks(
    project: Project, query: Query, names: Sequence[str] = (), folder: Path | None = None, route: Route = "classic"
) -> list[Path]:
    """Write reports as .xlsx into the project's output folder (or another one)."""
    from revalign_udf.workbook import build as build_workbook

    target = folder or project.output
    return [
        build_workbook(report_of(project, query, name), target / f"{name}.xlsx", route)
        for name in names or project.workbooks
    ]


def target_of(project: Project, sheet: SheetSettings) -> SheetTarget:
    """A spreadsheet of the settings, its key file's path made absolute."""
    from revalign_udf.sheets import SheetTarget

    key_file = project.folder / sheet.key_file if sheet.key_file else Path()
    return SheetTarget(sheet.name, sheet.key, key_file, sheet.base_url, sheet.layout)


def sync_sheets(project: Project, query: Query, names: Sequence[str] = ()) -> list[SheetReport]:
    """Bring each spreadsheet of the settings to what the snapshot says. One that fails does not stop the others."""
    from revalign_udf.sheets import open_spreadsheet, sync_report

    found = []
    for name, sheet in project.sheets.items():
        if names and name not in names:
            continue
        try:
            with open_spreadsheet(target_of(project, sheet)) as client:
                plan = sync_report(client, report_of(project, query, sheet.layout))
            found.append(SheetReport(name, plan))
            if not plan.empty:
                record(project.folder, "sheet synced", sheet=name, snapshot=query.snapshot, calls=plan.calls)
        except RevalignError as error:
            found.append(SheetReport(name, failure=str(error)))
    return found


def run(project: Project, progress: Progress | None = None) -> RunReport:
    """Everything: pull, build, workbooks, sheets; problems are told to the webhook of the settings, if there is one.

    What fails is reported and the rest goes on: a source (the snapshot then rests on what was pulled before), a
    workbook, a sheet. Raises what keeps a snapshot from being built at all.
    """
    report = RunReport()
    try:
        _run(project, report, progress)
    except RevalignError as error:
        report.problems.append(str(error))
        _tell(project, report)
        raise
    _tell(project, report)
    return report


def _run(project: Project, report: RunReport, progress: Progress | None) -> None:
    registry = plugins_of(project)
    report.problems += [str(problem) for problem in registry.problems]
    report.sources = pull(project, (), progress, registry)
    report.problems += [f"{source.name}: {text}" for source in report.sources for text in source.failures]
    report.published = build(project, None, registry)
    query = Query(project.snapshots)
    try:
        for name in project.workbooks:
            try:
                report.workbooks += write_workbooks(project, query, [name])
            except RevalignError as error:
                report.problems.append(f"workbook {name}: {error}")
        report.sheets = sync_sheets(project, query)
    finally:
        query.close()
    report.problems += [f"sheet {sheet.name}: {sheet.failure}" for sheet in report.sheets if sheet.failure]


def _tell(project: Project, report: RunReport) -> None:
    """Tell the webhook; that it cannot be told is one more problem, not the end of the run."""
    if not project.alert_webhook:
        return
    try:
        address = project.alert_webhook
        notify(
            project.folder,
            report.problems,
            resolve_secret(address, "alerts.webhook") if is_reference(address) else address,
        )
    except RevalignError as error:
        report.problems.append(f"alert: {error}")
