"""Jobs: what runs unattended. Pull, build, workbooks and sheets, each usable alone and all together in ``run``."""

from revalign_udf.jobs.projects import init_project
from revalign_udf.jobs.steps import RunReport, SheetReport, build, pull, run, sync_sheets, write_workbooks

__all__ = ["RunReport", "SheetReport", "build", "init_project", "pull", "run", "sync_sheets", "write_workbooks"]
