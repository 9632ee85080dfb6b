"""The demo: the sample company from four systems to a workbook and a synced sheet, offline, in one go."""

from __future__ import annotations

import urllib.request
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

__all__ = ["Demo", "run_demo"]

_HEADLINES = ("mrr", "nrr", "logo_churn", "cac", "ltv_to_cac")


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo made: the run, the page of the synced sheet, and a few numbers to look at first."""

    folder: Path
    report: RunReport
    page: Path
    headlines: tuple[Answer, ...]


def run_demo(folder: Path, progress: Progress | None = None) -> Demo:
    """Make (or refresh) the sample project in a folder and run everything. Raises ConfigError REV-306 when the folder
    holds another project."""
    settings = folder / SETTINGS_FILE
    if settings.exists():
        if settings.read_text(encoding="utf-8") != SAMPLE:
            raise ConfigError(
                f"{folder} holds another project.", code="REV-306", hint="Name an empty folder: revalign demo DIR."
            )
    else:
        init_project(folder, SAMPLE)
    write_sample_files(folder)
    project = replace(load(folder), workbooks=tuple(available(folder)))
    report = run(project, progress)
    query = Query(project.snapshots)
    try:
        headlines = tuple(query.metric(name, "LAST_MONTH") for name in _HEADLINES)
        page = folder / "sheet.html"
        with LocalSheets() as server:
            key = server.create("Revalign demo")
            sheet = SheetSettings("demo", key, project.workbooks[0], str(server.key_file), server.base_url)
            there = replace(project, sheets={"demo": sheet})
            report.sheets = sync_sheets(there, query)
            report.problems += [f"sheet {item.name}: {item.failure}" for item in report.sheets if item.failure]
            with urllib.request.urlopen(f"{server.base_url}/view/{key}") as answer:  # noqa: S310 - our own loopback server
                page.write_bytes(answer.read())
        return Demo(folder, report, page, headlines)
    finally:
        query.close()
