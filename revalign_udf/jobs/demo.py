"""The demo: the sample company from four systems to workbooks and a synced sheet, offline, in one go."""

from __future__ import annotations

import json
import re
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from revalign_udf.config import SETTINGS_FILE, SheetSettings, load
from revalign_udf.errors import ConfigError
from revalign_udf.jobs.projects import SAMPLE, init_project
from revalign_udf.jobs.sample import write_sample_files
from revalign_udf.jobs.steps import RunReport, run, sync_sheets
from revalign_udf.layout import available
from revalign_udf.localsheets import LocalSheets
from revalign_udf.query import Answer, Query
from revalign_udf.sync import Progress

__all__ = ["Demo", "is_sample", "reports_of", "run_demo"]

_HEADLINES = ("mrr", "nrr", "logo_churn", "cac", "ltv_to_cac")
#: the report to open first, and the one the synced sheet shows
_FIRST, _SYNCED = "start", "saas_metrics"
_WORKBOOKS = """
# All reports there are: what the demo has written, revalign run writes anew.
[workbooks]
reports = {names}
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo made: the run, the page of the synced sheet, a few numbers to look at first, and how many native
    charts there are in all its workbooks."""

    folder: Path
    report: RunReport
    page: Path
    headlines: tuple[Answer, ...]
    charts: int


def run_demo(folder: Path, progress: Progress | None = None) -> Demo:
    """Make (or refresh) the sample project in a folder and run everything. Raises ConfigError REV-306 when the folder
    holds another project."""
    settings = folder / SETTINGS_FILE
    if settings.exists():
        text = settings.read_text(encoding="utf-8")
        if not is_sample(text):
            head = SAMPLE.partition("\n")[0]
            what = "a demo with other settings, or of another version" if text.startswith(head) else "another project"
            raise ConfigError(
                f"{folder} holds {what}.", code="REV-306", hint="Name an empty folder: revalign demo DIR."
            )
    else:
        names = json.dumps(reports_of(folder))
        init_project(folder, SAMPLE + _WORKBOOKS.format(names=names))
    write_sample_files(folder)
    project = replace(load(folder), workbooks=reports_of(folder))
    report = run(project, progress)
    query = Query(project.snapshots)
    try:
        headlines = tuple(query.metric(name, "LAST_MONTH") for name in _HEADLINES)
        page = folder / "sheet.html"
        with LocalSheets() as server:
            key = server.create("Revalign demo")
            sheet = SheetSettings("demo", key, _SYNCED, str(server.key_file), server.base_url)
            there = replace(project, sheets={"demo": sheet})
            report.sheets = sync_sheets(there, query)
            report.problems += [f"sheet {item.name}: {item.failure}" for item in report.sheets if item.failure]
            with urllib.request.urlopen(f"{server.base_url}/view/{key}") as answer:  # noqa: S310 - our own loopback server
                page.write_bytes(answer.read())
        return Demo(folder, report, page, headlines, _charts(report.workbooks))
    finally:
        query.close()


def is_sample(settings: str) -> bool:
    """Whether these are the settings of the demo: the sample company's, with any reports."""
    try:
        own = tomllib.loads(settings.removeprefix(SAMPLE))
    except tomllib.TOMLDecodeError:
        return False
    return settings.startswith(SAMPLE) and own.keys() <= {"workbooks"}


def reports_of(folder: Path) -> tuple[str, ...]:
    """Every report, the one to begin with first."""
    return tuple(sorted(available(folder), key=lambda name: (name != _FIRST, name)))


def _charts(workbooks: Iterable[Path]) -> int:
    """How many native charts the workbooks hold."""
    count = 0
    for path in workbooks:
        with zipfile.ZipFile(path) as package:
            count += sum(bool(re.fullmatch(r"xl/charts/chart\d+\.xml", name)) for name in package.namelist())
    return count
