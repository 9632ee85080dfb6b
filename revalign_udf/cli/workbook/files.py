"""What the commands on files share: many files in a row, where the result goes, the numbers, the progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from revalign_udf.cli.common import PROBLEM, exit_code
from revalign_udf.cli.output import stderr
from revalign_udf.config import load
from revalign_udf.errors import RevalignError, UserError, redact
from revalign_udf.functions.session import PROJECT_VARIABLE, Door
from revalign_udf.query import Query

__all__ = [
    "as_of_option",
    "day_of",
    "doors",
    "each",
    "failed",
    "files_argument",
    "progress",
    "target",
    "to_options",
]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

files_argument = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
as_of_option = click.option(
    "--as-of", "as_of", metavar="DATE",
    help="Answer from the newest snapshot not later than this day, wherever a cell names none.",
)  # fmt: skip


def to_options(command: F) -> F:
    """--to and --in-place, handed on as ``to`` and ``in_place``."""
    told = "A file, or a folder for several. Default: in place."
    command = click.option("--to", type=click.Path(path_type=Path), help=told)(command)
    return click.option("--in-place", "in_place", is_flag=True, help="Write over FILE, the default.")(command)


def target(file: Path, files: Sequence[Path], to: Path | None, in_place: bool) -> Path | None:
    """Where the result of a file goes; None for its own place. Raises UserError REV-102."""
    if to is None:
        return None
    if in_place:
        raise UserError("--to and --in-place exclude each other.", hint="Choose one.")
    if to.is_dir() or len(files) > 1:
        if to.exists() and not to.is_dir():
            raise UserError(f"{to} is one file for {len(files)}.", hint="Name a folder.")
        return to / file.name
    return to


def day_of(text: str | None) -> date | None:
    """The day of --as-of. Raises UserError REV-102."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"--as-of {text} is not a date.", hint="Write it as 2026-10-31.") from None


def doors(project: Path) -> Callable[[date | None], Door]:
    """Opens the published numbers of a project when the first cell asks for them, pinned to a day where one is given."""

    @cache
    def opened(day: date | None) -> Door:
        from revalign_udf.functions.pinned import pinned

        folder = Path(os.environ[PROJECT_VARIABLE]) if project == Path() and PROJECT_VARIABLE in os.environ else project
        root = load(folder).snapshots
        if day is not None:
            return pinned(Query(root), day)
        query = Query(root)
        query.session()  # nothing published is a problem of the run, not of each cell
        found: Door = query
        return found

    return opened


def each(files: Sequence[Path], work: Callable[[Path], T]) -> tuple[list[tuple[Path, T | RevalignError]], int]:
    """Do the same with every file; one that cannot be used does not stop the others. With the exit code so far."""
    done: list[tuple[Path, T | RevalignError]] = []
    code = 0
    for file in files:
        try:
            done.append((file, work(file)))
        except RevalignError as error:
            if len(files) == 1:
                raise
            done.append((file, error))
            code = max(code, exit_code(error)) if code != PROBLEM else PROBLEM
    return done, code


def failed(error: RevalignError) -> dict[str, str]:
    """A coded error for a JSON document."""
    return {"code": error.code, "message": redact(error.message), "hint": redact(error.hint)}


@contextmanager
def progress(file: Path, shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar of the calls answered, on standard error of a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not (shown and stderr.is_terminal)) as bar:
        task = bar.add_task(file.name.replace("[", r"\["), total=None)

        def called(count: int) -> None:
            if count >= 0:
                bar.update(task, total=count)
            else:
                bar.advance(task)

        yield called
