import ctypes
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command import command

from revalign_udf.config import load
from revalign_udf.jobs import build, pull

Run = Callable[..., subprocess.CompletedProcess[str]]

TABLES = {
    "organization": "id,name,segment\n1,Ada,SMB\n2,Bo,ENT\n",
    "subscription": "id,org_id,started_at\ns1,1,2026-01-01\ns2,2,2026-02-01\n",
    "subscription_item_period": (
        "id,subscription_id,valid_from,amount,interval\ni1,s1,2026-01-01,100,month\ni2,s2,2026-02-01,50,month\n"
    ),
}
SETTINGS = '[source.files]\nconnector = "csv"\npath = "data"\ncomplete_through = "2026-06-30"\n'


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project of two customers, not pulled yet."""
    folder = tmp_path / "shop"
    (folder / "data").mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / "data" / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "revalign.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


@pytest.fixture
def published(shop: Path) -> Path:
    """The same, pulled and built (in this process, which is quicker)."""
    project = load(shop)
    pull(project)
    build(project)
    return shop


def _as_anybody() -> None:
    """Root may write anything; a process without these two rights obeys permissions like everybody else."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            if libc.prctl(24, right, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError(ctypes.get_errno(), "cannot give up a right")


@pytest.fixture
def revalign(shop: Path) -> Run:
    """Run the command; ``anybody`` runs it without root's right to write anything."""

    def run(*arguments: str, project: Path = shop, anybody: bool = False) -> subprocess.CompletedProcess[str]:
        return command(*arguments, "--project", project, before=_as_anybody if anybody else None)

    return run
