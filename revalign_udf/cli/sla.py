"""sla, handoffs: what teams promised each other and what became of the leads they handed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from revalign_udf.alignment.handoffs import handoff_routes, orphaned_handoffs
from revalign_udf.alignment.sla import sla_breaches, sla_monitor
from revalign_udf.cli.common import ask, guarded, json_option, parse_where, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.query import Answer, Table

__all__ = ["handoffs_command", "sla_command"]

_where = click.option(
    "--where", "-w", "where", multiple=True, metavar="FIELD=VALUE", help="Only this slice; repeatable."
)
#: columns a terminal leaves out; all are in --json
_WIDE = ("promised_share", "delivered", "limit_hours", "p90_hours", "system", "handoff", "due", "off_route")


@click.command("sla")
@click.argument("period", default="LAST_MONTH")
@click.option(
    "--team", default="", metavar="NAME", help="Promises of and to this team; with --breaches those it broke."
)
@click.option("--breaches", is_flag=True, help="Every broken promise, to the record.")
@_where
@project_option
@json_option
@guarded
def sla_command(period: str, team: str, breaches: bool, where: tuple[str, ...], project: Path, as_json: bool) -> None:
    """The promises between teams in a PERIOD (default LAST_MONTH): kept, broken, not yet due.

    Promises are [[sla]] rows of the project's alignment/ folder, in business hours of a [[calendar]].

    For example: revalign sla 2026-Q3, or revalign sla 2026-09 --team sales --breaches
    """
    query, cut = ask(project), parse_where(where)
    found = (sla_breaches if breaches else sla_monitor)(query, period, team, cut)
    if as_json:
        return print_json(found.as_json())
    return _show(found)


@click.command("handoffs")
@click.argument("period", default="LAST_MONTH")
@click.option("--orphans", is_flag=True, help="The hand-offs nobody takes care of, with the reason.")
@_where
@project_option
@json_option
@guarded
def handoffs_command(period: str, orphans: bool, where: tuple[str, ...], project: Path, as_json: bool) -> None:
    """The hand-offs of a PERIOD (default LAST_MONTH) per route: answered, returned, orphaned, and who to ask.

    Who gets which leads are [[routing]] rows of the project's alignment/ folder.

    For example: revalign handoffs 2026-09, or revalign handoffs THIS_MONTH --orphans
    """
    query, cut = ask(project), parse_where(where)
    found = (orphaned_handoffs if orphans else handoff_routes)(query, period, cut)
    if as_json:
        return print_json(found.as_json())
    return _show(found)


def _show(answer: Answer) -> None:
    """A table, or the reason why there is none."""
    title = f"{answer.label} · {answer.period}"
    if answer.rows is None:
        console.print(f"{title}\n  {answer.message}", markup=False)
        return
    print_table(_narrow(answer.rows), title)
    if not answer.rows.rows:
        console.print("  none", markup=False)
    if answer.message:
        console.print(f"  {answer.message}", markup=False, style="yellow")


def _narrow(table: Table) -> Table:
    places = [place for place, name in enumerate(table.columns) if name not in _WIDE]

    def some(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(row[place] for place in places)

    moments = {place for place, name in enumerate(table.columns) if name.endswith("_at")}
    rows = (tuple(_short(cell) if place in moments else cell for place, cell in enumerate(row)) for row in table.rows)
    return Table(some(table.columns), tuple(some(row) for row in rows), some(table.units))


def _short(cell: Any) -> Any:
    """An instant to the minute, in the time zone the promise is counted in."""
    return f"{cell[:10]} {cell[11:16]}" if isinstance(cell, str) else cell
