"""bridge: from one number to a rival one, item by item."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import ask, guarded, json_option, parse_where, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.errors import UserError
from revalign_udf.query import Table

__all__ = ["bridge_command"]


@click.command("bridge")
@click.argument("start")
@click.argument("end")
@click.argument("period", required=False)
@click.option("--from", "own", metavar="PROFILE", help="Definitions of the first number; default: the project's.")
@click.option("--to", "other", metavar="PROFILE", help="Definitions of the second number.")
@click.option("--where", "-w", "where", multiple=True, metavar="FIELD=VALUE", help="Only this slice; repeatable.")
@click.option("--as-of", "as_of", metavar="DATE", help="Answer from the newest snapshot not later than this day.")
@click.option("--currency", metavar="CODE", help="Show amounts in another currency.")
@click.option("--limit", default=20, show_default=True, help="Customers shown; all in --json.")
@project_option
@json_option
@guarded
def bridge_command(
    start: str, end: str, period: str | None, own: str | None, other: str | None, where: tuple[str, ...],
    as_of: str | None, currency: str | None, limit: int, project: Path, as_json: bool,
) -> None:  # fmt: skip
    """What lies between two rival numbers START and END in a PERIOD, with nothing left over.

    One metric by two profiles: bridge logo_churn logo_churn@stripe 2026-09, or shorter bridge logo_churn 2026-09 --to
    stripe. Bookings and recurring revenue: bridge bookings mrr 2026-09.
    """
    if period is None:
        if not (own or other):
            raise UserError(
                "Say what to compare with.", hint="bridge mrr 2026-09 --to stripe, or bridge bookings mrr 2026-09."
            )
        end, period = start, end
    first, last = (side if name is None else f"{side}@{name}" for side, name in ((start, own), (end, other)))
    found = ask(project).bridge(first, last, period, parse_where(where), as_of=as_of, currency=currency)
    if as_json:
        return print_json(found.as_json())
    print_table(found.table, f"{found.start_name} -> {found.end_name} · {found.period}", found.currency)
    if found.records.rows:
        shown = Table(found.records.columns, found.records.rows[:limit], found.records.units)
        print_table(shown, f"\nCustomers ({len(shown.rows)} of {len(found.records.rows)})", found.currency)
    return console.print(f"[dim]Nothing is left over. Snapshot {found.snapshot}[/dim]")
