"""metric, series, table, records, explain: questions to the published snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from revalign_udf.cli.common import (
    PROBLEM,
    Asked,
    ask,
    compare_option,
    cut_options,
    guarded,
    json_option,
    project_option,
)
from revalign_udf.cli.output import beside, console, print_answer, print_json, print_table, slim
from revalign_udf.errors import NoData
from revalign_udf.periods import Grain, between
from revalign_udf.query import Answer, Table

__all__ = ["explain_command", "metric_command", "records_command", "series_command", "table_command"]


def _no_snapshot(name: str, period: str, error: NoData, as_json: bool) -> None:
    """No snapshot to ask: a problem, but in JSON still an answer with the coded reason."""
    answer = Answer(name, name, period, "", status=error.code, message=str(error), cell=error.cell)
    if as_json:
        print_json(answer.as_json())
        raise SystemExit(PROBLEM)
    raise error


@click.command("metric")
@click.argument("name")
@click.argument("period")
@cut_options
@click.option("--by", metavar="DIMENSION", help="One number per value of a dimension.")
@compare_option
@project_option
@json_option
@guarded
def metric_command(
    name: str, period: str, asked: Asked, by: str | None, compare: tuple[str, ...], project: Path, as_json: bool
) -> None:
    """The number a metric NAME has in a PERIOD (2026-09, 2026-Q3, LAST_MONTH, LTM ...)."""
    query = ask(project)
    try:
        answer = query.metric(name, period, asked.where, **asked.view, compare=compare)
        answer = query.with_counterpart(answer, period, **asked.view)
    except NoData as error:
        return _no_snapshot(name, period, error, as_json)
    if not by:
        return print_json(answer.as_json()) if as_json else print_answer(answer)
    parts = query.breakdown(name, period, by, asked.where, **asked.view)
    if as_json:
        return print_json({**answer.as_json(), "by": by, "rows": [{by: v, **a.as_json()} for v, a in parts]})
    rows = tuple((value, part.value, part.message if part.value is None else "") for value, part in parts)
    print_answer(answer)
    return print_table(Table((by, answer.metric, ""), rows, ("text", answer.unit, "text")), currency=answer.currency)


@click.command("series")
@click.argument("name")
@click.argument("first")
@click.argument("last")
@click.option("--grain", type=click.Choice([g for g in get_args(Grain) if g != "span"]), help="Default: as FIRST.")
@cut_options
@compare_option
@project_option
@json_option
@guarded
def series_command(
    name: str, first: str, last: str, grain: Grain | None, asked: Asked, compare: tuple[str, ...], project: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """A metric NAME for every period from FIRST to LAST."""
    try:
        answers = ask(project).series(name, first, last, grain, asked.where, **asked.view, compare=compare)
    except NoData as error:
        return _no_snapshot(name, f"{first}..{last}", error, as_json)
    if as_json:
        return print_json({"metric": answers[0].metric, "rows": [answer.as_json() for answer in answers]})
    head = answers[0]
    rows = tuple(
        (a.period, a.value, *beside(*a.comparisons), "partial" if a.partial and a.value is not None else a.message)
        for a in answers
    )
    names = tuple(f"{item.versus} {what}" for item in head.comparisons for what in ("difference", "share"))
    units = tuple(unit for _ in head.comparisons for unit in (head.unit, "rate"))
    table = Table(("period", head.metric, *names, ""), rows, ("text", head.unit, *units, "text"))
    return print_table(table, head.label, head.currency)


@click.command("table")
@click.argument("metrics")
@click.argument("periods")
@click.option("--by", metavar="DIMENSION", help="A row per value, and a recomputed total.")
@cut_options
@compare_option
@project_option
@json_option
@guarded
def table_command(
    metrics: str, periods: str, by: str | None, asked: Asked, compare: tuple[str, ...], project: Path, as_json: bool
) -> None:
    """Several METRICS (comma-separated) over several PERIODS (comma-separated, or FIRST..LAST)."""
    query = ask(project)
    names = [name.strip() for name in metrics.split(",")]
    first, dots, last = periods.partition("..")
    chosen: list[object] = [*periods.split(",")]
    if dots:
        chosen = [*between(query.period(first, asked.as_of), query.period(last, asked.as_of))]
    found = query.table(names, chosen, by, asked.where, **asked.view, compare=compare)
    if as_json:
        return print_json({"columns": found.columns, "rows": found.dicts()})
    return print_table(found, currency=query.shown_currency(**asked.view))


@click.command("records")
@click.argument("name")
@click.argument("period")
@cut_options
@project_option
@json_option
@guarded
def records_command(name: str, period: str, asked: Asked, project: Path, as_json: bool) -> None:
    """The source records behind a number; their contributions add up to its components."""
    found = ask(project).records(name, period, asked.where, **asked.view)
    if as_json:
        return print_json({"columns": found.columns, "rows": found.dicts()})
    return print_table(slim(found))


@click.command("explain")
@click.argument("name")
@click.argument("period")
@cut_options
@click.option("--limit", default=20, show_default=True, help="Records shown; all in --json.")
@project_option
@json_option
@guarded
def explain_command(name: str, period: str, asked: Asked, limit: int, project: Path, as_json: bool) -> None:
    """How a number came about: definition, components, arithmetic, records in and out."""
    query = ask(project)
    found = query.explain(name, period, asked.where, **asked.view)
    if as_json:
        return print_json(found.as_json())
    print_answer(found.answer)
    console.print(f"\n{found.definition}", markup=False)
    if found.arithmetic:
        console.print(f"{found.formula}\n= {found.arithmetic}\n", markup=False)
    print_table(found.components, "Components")
    shown = Table(found.records.columns, found.records.rows[:limit], found.records.units)
    print_table(slim(shown), f"\nRecords ({len(shown.rows)} of {len(found.records.rows)})")
    if found.excluded.rows:
        print_table(found.excluded, "\nLeft out")
    return None
