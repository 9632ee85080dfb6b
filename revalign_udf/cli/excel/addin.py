"""excel addin: the classic add-in for Excel on Windows."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option
from revalign_udf.cli.output import console, print_json

__all__ = ["addin_command"]


@click.command("addin")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=Path("revalign-addin"), show_default=True,
    metavar="FOLDER", help="Where to write.",
)  # fmt: skip
@click.option(
    "--python", default="", metavar="PATH",
    help="The pythonw.exe that Excel starts; may hold %LOCALAPPDATA%. [default: this one on Windows, else by name]",
)  # fmt: skip
@click.option("--project", default="", metavar="DIR", help="The project whose published numbers cells read.")
@click.option(
    "--check", "existing", type=click.Path(path_type=Path), metavar="FILE",
    help="Write nothing: say in what an existing .xlam differs from the installed functions; exit 1 when it does.",
)  # fmt: skip
@json_option
@guarded
def addin_command(folder: Path, python: str, project: str, existing: Path | None, as_json: bool) -> None:
    """Write the classic add-in (revalign.xlam) with its text and a README; needs no Excel."""
    if existing is not None:
        _check(existing, as_json)
        return
    from revalign_udf.excel.addin import write
    from revalign_udf.excel.addin.writing import settings_for

    written = write(folder, settings_for(python or _this_python(), _full(project)))
    if as_json:
        print_json(
            {
                "files": [path.as_posix() for path in written.files],
                "functions": written.functions,
                "python": written.settings.python,
                "project": written.settings.project,
                "problem": str(written.problem) if written.problem else None,
            }
        )
        if written.problem:
            raise SystemExit(PROBLEM)
        return
    for path in written.files:
        console.print(str(path), markup=False)
    if written.problem:
        raise written.problem
    console.print(f"{written.functions} functions. README.txt says how to install them on Windows.")


def _check(path: Path, as_json: bool) -> None:
    from revalign_udf.excel.addin import compare

    found = compare(path)
    if as_json:
        print_json({"file": path.as_posix(), "fits": not found, "differences": [asdict(one) for one in found]})
    else:
        for one in found:
            console.print(f"{one.how}: {one.what} {one.name}", markup=False)
        console.print("Write it again: revalign excel addin." if found else "It fits the installed functions.")
    if found:
        raise SystemExit(PROBLEM)


def _this_python() -> str:
    if os.name != "nt":
        return ""
    beside = Path(sys.executable).with_name("pythonw.exe")
    return str(beside if beside.exists() else sys.executable)


def _full(project: str) -> str:
    """A folder of this PC in full, where this PC runs Windows; elsewhere as it was given."""
    return str(Path(project).resolve()) if project and os.name == "nt" and "%" not in project else project
