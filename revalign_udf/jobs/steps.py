"""The steps of a run, in order: connectors -> store -> snapshot -> workbooks -> sheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revalign_udf.config import Project
from revalign_udf.errors import ConfigError, RevalignError
from revalign_udf.governance import record
from revalign_udf.jobs.notices import tell_people
from revalign_udf.jobs.reports import draft_of, report_of
from revalign_udf.jobs.sheets import SheetReport, sync_sheets, target_of
from revalign_udf.kernels import Additions
from revalign_udf.kernels.matching import ExternalKey
from revalign_udf.metrics import DIMENSIONS, CustomDimension
from revalign_udf.plugins import Registry, discover
from revalign_udf.publish import Published, publish
from revalign_udf.query import Query
from revalign_udf.store import Store
from revalign_udf.sync import Progress, PullOptions, SourceReport, pull_sources

# the surfaces are loaded by the steps that write them: a pull or a build needs neither gspread nor XlsxWriter
if TYPE_CHECKING:
    from revalign_udf.workbook import Built, Route
    from revalign_udf.workbook import Progress as WorkbookProgress

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


@dataclass(slots=True)
class RunReport:
    """What a run did."""

    sources: list[SourceReport] = field(default_factory=list)
    published: Published | None = None
    workbooks: list[Path] = field(default_factory=list)
    sheets: list[SheetReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    cut_short: bool = False
    """whether steps were left out, because the program was told to end"""

    def stops(self, ended: Callable[[], bool]) -> bool:
        """Ask whether to leave out the other steps, and note the answer."""
        self.cut_short = ended()
        return self.cut_short

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
    return Additions(tuple(every), tuple(plugins.kernels), keys_of(project, plugins))


def keys_of(project: Project, plugins: Registry) -> tuple[ExternalKey, ...]:
    """Fields that hold another system's ids, for the connections of the settings."""
    by_connector: dict[str, list[str]] = {}
    for source in project.sources.values():
        by_connector.setdefault(source.connector, []).append(source.name)
    return tuple(
        ExternalKey(key.entity, own, key.field, other)
        for key in plugins.identity_keys
        for own in by_connector.get(key.connector, ())
        for other in by_connector.get(key.other, ())
        if own != other
    )


def plugins_of(project: Project) -> Registry:
    """Every plugin a project can see."""
    return discover(project.plugins, project.folder / project.plugins.folder)


def pull(
    project: Project, names: Sequence[str] = (), progress: Progress | None = None, registry: Registry | None = None,
    options: PullOptions | None = None,
) -> list[SourceReport]:  # fmt: skip
    """Pull sources into the store."""
    with Store.open(project.data, project.company.time_zone, memory_limit=project.memory_limit) as store:
        return pull_sources(project, store, registry or plugins_of(project), names, progress, options)


def build(project: Project, as_of: date | None = None, registry: Registry | None = None) -> Published:
    """Publish a snapshot of what the store knows."""
    plugins = registry or plugins_of(project)
    with Store.open(project.data, project.company.time_zone, memory_limit=project.memory_limit) as store:
        done = publish(project, store, plugins.metrics, as_of, additions_of(project, plugins))
    if done.is_new:
        record(project.folder, "published", snapshot=done.label, as_of=done.as_of.isoformat())
    return done


def write_workbooks(
    project: Project, query: Query, names: Sequence[str] = (), folder: Path | None = None, route: Route = "classic",
    watch: Callable[[str], WorkbookProgress | None] = lambda _: None,
) -> list[Built]:  # fmt: skip
    """Write reports as .xlsx into the project's output folder (or another one), sheet by sheet.

    ``watch`` is given each report's name and gives what is told of its progress.
    """
    from revalign_udf.workbook import write

    target = folder or project.output
    return [
        write(draft_of(project, query, name), target / f"{name}.xlsx", route, watch(name))
        for name in names or project.workbooks
    ]


def run(
    project: Project, progress: Progress | None = None, ended: Callable[[], bool] = lambda: False
) -> RunReport:  # fmt: skip
    """Everything: pull, build, workbooks, sheets; problems are told to the channels of the settings.

    What fails is reported and the rest goes on: a source (the snapshot then rests on what was pulled before), a
    workbook, a sheet. Between two steps ``ended`` is asked whether to leave out the rest. Raises what keeps a snapshot
    from being built at all.
    """
    report = RunReport()
    registry = plugins_of(project)
    try:
        _run(project, report, progress, ended, registry)
    except RevalignError as error:
        if error.code != "REV-802":  # another run is at it, and tells people
            report.problems.append(str(error))
            _tell(project, report, registry)
        raise
    if not report.cut_short:
        _tell(project, report, registry)
    return report


def _run(
    project: Project, report: RunReport, progress: Progress | None, ended: Callable[[], bool], registry: Registry
) -> None:
    report.problems += [str(problem) for problem in registry.problems]
    report.sources = pull(project, (), progress, registry)
    report.problems += [f"{source.name}: {text}" for source in report.sources for text in source.failures]
    if report.stops(ended):
        return
    report.published = build(project, None, registry)
    if report.stops(ended):
        return
    query = Query(project.snapshots)
    try:
        for name in project.workbooks:
            try:
                report.workbooks += [built.path for built in write_workbooks(project, query, [name])]
            except RevalignError as error:
                report.problems.append(f"workbook {name}: {error}")
        if report.stops(ended):
            return
        failed = [source.name for source in report.sources if source.failures]
        report.sheets = sync_sheets(project, query, failed=failed)
    finally:
        query.close()
    report.problems += [f"sheet {sheet.name}: {sheet.failure}" for sheet in report.sheets if sheet.failure]


def _tell(project: Project, report: RunReport, registry: Registry) -> None:
    """Tell people; that somebody cannot be told is one more problem, not the end of the run."""
    held_back = [text for sheet in report.sheets for text in sheet.held_back]
    report.problems += tell_people(project, report.problems, held_back, registry.alert_channels)
