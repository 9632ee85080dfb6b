"""The sample company with its published snapshot, and what is made once for all workers of a run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from revalign_udf.config import load
from revalign_udf.jobs import init_project
from revalign_udf.jobs.projects import SAMPLE
from revalign_udf.jobs.sample import write_sample_files
from revalign_udf.jobs.steps import build, pull

__all__ = ["make_company", "once", "run_folder"]


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, made by whoever asks first; others wait. What was left half done is made anew."""
    done = folder.with_name(f"{folder.name}.done")
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def make_company(folder: Path) -> None:
    """Pulls and publishes the sample company into a folder, as `revalign demo` does, without reports."""
    init_project(folder, SAMPLE)
    write_sample_files(folder)
    project = load(folder)
    failed = [text for source in pull(project) for text in source.failures]
    assert failed == []
    build(project)
