"""Options shared by commands, and how errors become exit codes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from revalign_udf.cli.output import print_json, stderr
from revalign_udf.config import Project, load
from revalign_udf.errors import ConfigError, NoData, RevalignError, Undefined, UserError, redact
from revalign_udf.query import Query

__all__ = [
    "PROBLEM",
    "USAGE",
    "Asked",
    "ask",
    "compare_option",
    "cut_options",
    "guarded",
    "json_option",
    "project_option",
    "settings",
]

#: exit codes: 0 an answer, 1 a problem found, 2 names or arguments that mean nothing
PROBLEM, USAGE = 1, 2

F = TypeVar("F", bound=Callable[..., Any])

project_option = click.option(
    "--project", "project", type=click.Path(path_type=Path), default=Path(), show_default="current folder",
    help="The project folder (where revalign.toml is).",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What every question takes besides names and periods: filters and parameters, and the view."""

    where: dict[str, str]
    as_of: str | None = None
    profile: str | None = None
    currency: str | None = None

    @property
    def view(self) -> dict[str, Any]:
        """The keywords of a question to the one door."""
        return {"as_of": self.as_of, "profile": self.profile, "currency": self.currency}


def cut_options(command: F) -> F:
    """--where, --with, --method, --as-of, --profile and --currency, handed on as ``asked``."""
    options = [
        click.option(
            "--where", "-w", "where", multiple=True, metavar="FIELD=VALUE", help="Only this slice; repeatable."
        ),
        click.option(
            "--with", "given", multiple=True, metavar="NAME=VALUE",
            help="A parameter of the metric, such as lag=1 or model=linear; repeatable.",
        ),
        click.option("--method", metavar="NAME", help="Short for --with method=NAME."),
        click.option(
            "--as-of", "as_of", metavar="DATE", help="Answer from the newest snapshot not later than this day."
        ),
        click.option("--profile", metavar="NAME", help="Another set of definitions: stripe, chartmogul, profitwell ..."),
        click.option("--currency", metavar="CODE", help="Show amounts in another currency."),
    ]  # fmt: skip

    @functools.wraps(command)
    def run(
        *args: Any, where: tuple[str, ...], given: tuple[str, ...], method: str | None, as_of: str | None,
        profile: str | None, currency: str | None, **more: Any,
    ) -> Any:  # fmt: skip
        pairs = parse_where(where) | parse_where(given, "--with", "lag=1") | ({"method": method} if method else {})
        return command(*args, asked=Asked(pairs, as_of, profile, currency), **more)

    found: Any = guarded(run)
    for option in reversed(options):
        found = option(found)
    return found  # type: ignore[no-any-return]


compare_option = click.option(
    "--compare", multiple=True, metavar="WITH", help="Beside it: previous, last_year or target; repeatable."
)


def parse_where(pairs: tuple[str, ...], option: str = "--where", example: str = "segment=SMB") -> dict[str, str]:
    """``segment=SMB`` -> {"segment": "SMB"}. Raises UserError REV-102."""
    found = {}
    for pair in pairs:
        field, sign, value = pair.partition("=")
        if not sign or not field.strip():
            raise UserError(f"{option} {pair} is not FIELD=VALUE.", hint=f"Write {option} {example}.")
        found[field.strip()] = value.strip()
    return found


def settings(project: Path) -> Project:
    """The project's settings."""
    return load(project)


def ask(project: Path) -> Query:
    """The one door for numbers of a project."""
    return Query(load(project).snapshots)


def exit_code(error: RevalignError) -> int:
    """2 for names, arguments and settings that mean nothing; 1 for a problem of data, sources or disk."""
    if isinstance(error, NoData | Undefined):
        return PROBLEM
    if isinstance(error, ConfigError):
        return PROBLEM if error.code in ("REV-304", "REV-804") else USAGE
    return USAGE if isinstance(error, UserError) and error.code[4] in "13" else PROBLEM


def guarded(command: F) -> F:
    """Print a coded error instead of a traceback, and exit with its code."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except RevalignError as error:
            if options.get("as_json"):
                described = {"code": error.code, "message": redact(error.message), "hint": redact(error.hint)}
                print_json({"error": described, "status": error.code, "value": None})
            stderr.print(f"[red]{error.code}[/red] {_plain(error.message)}")
            if error.hint:
                stderr.print(f"        {_plain(error.hint)}")
            raise SystemExit(exit_code(error)) from None

    return run  # type: ignore[return-value]


def _plain(text: str) -> str:
    """Text that rich shows as it is: no secrets, no mark-up."""
    return redact(text).replace("[", r"\[")
