"""commission: how a pot is shared, and the statement of a rep."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.alignment.commission import commission, long_term, statement
from revalign_udf.cli.common import ask, guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.query import Answer, Table

__all__ = ["commission_command", "rows_of", "show"]


@click.command("commission")
@click.argument("period", default="LAST_QUARTER")
@click.option("--rep", default="", metavar="NAME", help="One rep: the share and its statement to the record.")
@click.option("--split", default="", metavar="80/20", help="Share the same pot otherwise: 80/20 or 50/50.")
@project_option
@json_option
@guarded
def commission_command(period: str, rep: str, split: str, project: Path, as_json: bool) -> None:
    """The commission of a PERIOD of whole pay periods (default LAST_QUARTER), by the rules in alignment/commission.toml:
    name, pot and split (net new business / expansion, "80/20"), or pool_new and pool_expansion (an amount, or "10%");
    period, clawback_months, valid_from, valid_to.

    For example: revalign commission 2026-Q3 --rep "Ada Byron"
    """
    query = ask(project)
    shares, long = commission(query, period, rep, split), long_term(query, period, rep)
    if as_json:
        parts = statement(query, period, rep, split)
        return print_json({**shares.as_json(), "statement": rows_of(parts), "long_term": rows_of(long)})
    show(shares, f"Commission · {shares.period}")
    if rep:
        show(statement(query, period, rep, split), "\nStatement", ("rule", "rep", "system", "table", "customer"))
    return show(long, "\nCustomers won: how they fare")


def rows_of(answer: Answer) -> object:
    """The rows of a table metric, or the reason why there are none."""
    return answer.rows.dicts() if answer.rows is not None else {"status": answer.status, "message": answer.message}


def show(answer: Answer, title: str, without: tuple[str, ...] = ()) -> None:
    """The rows of a table metric under a title, some columns left to --json, or the reason why there are none."""
    if answer.rows is None:
        console.print(f"{title}\n  {answer.message}", markup=False)
        return
    table = answer.rows
    kept = [place for place, name in enumerate(table.columns) if name not in without]
    rows = tuple(tuple(row[place] for place in kept) for row in table.rows)
    names, units = (tuple(some[place] for place in kept) for some in (table.columns, table.units))
    print_table(Table(names, rows, units), title, answer.currency)
    if answer.message:
        console.print(f"  {answer.message}", markup=False, style="yellow")
