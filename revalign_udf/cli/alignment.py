"""vanity, kpis: the objects that keep teams aligned."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.alignment import kpi_conflicts, kpi_matrix, kpi_problems, shared_kpis, vanity_register
from revalign_udf.cli.common import ask, guarded, json_option, project_option
from revalign_udf.cli.output import console, number, print_json, print_table
from revalign_udf.query import Table

__all__ = ["kpis_command", "vanity_command"]


@click.command("vanity")
@click.argument("period", default="LAST_MONTH")
@project_option
@json_option
@guarded
def vanity_command(period: str, project: Path, as_json: bool) -> None:
    """The vanity register for a PERIOD (default LAST_MONTH): numbers that flatter, the question each dodges, and the
    counterpart that answers it."""
    query = ask(project)
    found = vanity_register(query, period)
    if as_json:
        return print_json({"period": str(query.period(period)), "snapshot": query.snapshot, "rows": found.dicts()})
    rows = []
    for row in found.dicts():
        mine, theirs = (
            number(row[name], str(row[unit]), query.currency)
            for name, unit in (("value", "unit"), ("counterpart_value", "counterpart_unit"))
        )
        rows.append((row["metric"], mine, row["question"], row["counterpart"], theirs, row["note"]))
    print_table(
        Table(("metric", "value", "dodges", "counterpart", "value", ""), tuple(rows)), str(query.period(period))
    )
    return None


@click.command("kpis")
@project_option
@json_option
@guarded
def kpis_command(project: Path, as_json: bool) -> None:
    """The KPI matrix: which team owns, feeds or watches which number, what teams that hand over to each other share, and
    which KPIs exclude each other. Written in alignment/kpis.toml (team, metric, relation, direction, exclusive_with).

    For example: revalign kpis --json
    """
    query = ask(project)
    matrix, shared, problems = kpi_matrix(query), shared_kpis(query), kpi_problems(query)
    conflicts = kpi_conflicts(query)
    listed = [str(problem) for (problem,) in problems.rows]
    if as_json:
        teams, rows = matrix.columns[2:], matrix.dicts()
        more = {"shared": shared.dicts(), "conflicts": conflicts.dicts(), "problems": listed}
        return print_json({"teams": teams, "rows": rows, **more})
    print_table(matrix)
    print_table(shared, "\nShared by teams that hand over to each other")
    for problem in listed:
        console.print(f"Problem: {problem}", markup=False, style="red")
    return None
