"""export: any answer as a file."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from revalign_udf.cli.common import Asked, ask, compare_option, cut_options, guarded, json_option, project_option
from revalign_udf.cli.output import beside, console, print_json
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.query import Answer, Query, Table
from revalign_udf.workbook.export import export

__all__ = ["export_command"]

_VIEW = ("as_of", "profile", "currency")
Where = dict[str, str]
Options = dict[str, Any]
"""as_of, profile and currency, as every question takes them; compare, where it can be asked"""


def _metric(query: Query, words: list[str], by: str | None, where: Where, more: Options) -> Table:
    name, period = words
    answer = query.metric(name, period, where, **more)
    if answer.rows is not None:
        return answer.rows
    if by:
        parts = query.breakdown(name, period, by, where, **{key: more[key] for key in _VIEW})
        return Table((by, answer.metric), tuple((value, part.value) for value, part in parts), ("text", answer.unit))
    names, units = _compared(answer)
    row = (answer.metric, answer.period, answer.value, *beside(*answer.comparisons), answer.status, answer.fingerprint)
    return Table(
        ("metric", "period", "value", *names, "status", "fingerprint"), (row,),
        ("text", "text", answer.unit, *units, "text", "text"),
    )  # fmt: skip


def _series(query: Query, words: list[str], _by: str | None, where: Where, more: Options) -> Table:
    name, first, last = words
    answers = query.series(name, first, last, None, where, **more)
    names, units = _compared(answers[0])
    rows = tuple((a.period, a.value, *beside(*a.comparisons), a.status) for a in answers)
    return Table(("period", answers[0].metric, *names, "status"), rows, ("text", answers[0].unit, *units, "text"))


def _compared(answer: Answer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units of the columns that comparisons add."""
    names = tuple(f"{item.versus}_{what}" for item in answer.comparisons for what in ("difference", "share"))
    return names, tuple(unit for _ in answer.comparisons for unit in (answer.unit, "rate"))


def _table(query: Query, words: list[str], by: str | None, where: Where, more: Options) -> Table:
    names, periods = words
    return query.table([name.strip() for name in names.split(",")], periods.split(","), by, where, **more)


def _records(query: Query, words: list[str], _by: str | None, where: Where, more: Options) -> Table:
    name, period = words
    return query.records(name, period, where, **{key: more[key] for key in _VIEW})


def _bridge(query: Query, words: list[str], _by: str | None, where: Where, more: Options) -> Table:
    start, end, period = words
    if more["profile"]:
        raise UserError("A bridge names the profiles itself.", hint=f"Write {start} {end}@{more['profile']} {period}.")
    return query.bridge(start, end, period, where, as_of=more["as_of"], currency=more["currency"]).table


#: question -> (how many words follow at least and at most, what answers it)
_QUESTIONS: dict[str, tuple[int, int, Callable[[Query, list[str], str | None, Where, Options], Table]]] = {
    "metric": (2, 2, _metric),
    "series": (3, 3, _series),
    "table": (2, 2, _table),
    "records": (2, 2, _records),
    "bridge": (3, 3, _bridge),
}


@click.command("export")
@click.argument("question", nargs=-1, required=True)
@click.option(
    "--to", "path", type=click.Path(path_type=Path), required=True, help="File to write: .csv, .parquet or .xlsx."
)
@click.option("--by", metavar="DIMENSION", help="For metric and table: one row per value.")
@cut_options
@compare_option
@project_option
@json_option
@guarded
def export_command(
    question: tuple[str, ...], path: Path, by: str | None, asked: Asked, compare: tuple[str, ...], project: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """Write the answer to a QUESTION into a file: revalign export series mrr 2026-01 2026-09 --to mrr.csv.

    A question is written as its command: metric NAME PERIOD, series NAME FIRST LAST, table NAMES PERIODS, records NAME
    PERIOD, bridge START END PERIOD; NAME PERIOD alone is a metric.
    """
    words = shlex.split(question[0]) if len(question) == 1 else list(question)
    kind = words.pop(0) if words and words[0] in _QUESTIONS else "metric"
    least, most, answer = _QUESTIONS[kind]
    if len(words) > most:
        raise UnknownName("question", words[0], _QUESTIONS, hint=f"Known: {', '.join(_QUESTIONS)}.")
    if len(words) < least:
        raise UserError(f"The question {kind} needs {least} words after it.", hint="See revalign export --help.")
    if by and kind not in ("metric", "table"):
        raise UserError(f"--by does not go with {kind}.", hint="It cuts metric and table.")
    if compare and (by or kind in ("records", "bridge")):
        raise UserError(
            f"--compare does not go with {'--by' if by else kind}.", hint="It goes with a metric, series or table."
        )
    found = answer(ask(project), words, by, asked.where, {**asked.view, "compare": compare})
    export(found, path)
    if as_json:
        return print_json({"path": str(path), "columns": found.columns, "rows": len(found.rows)})
    return console.print(f"Wrote {path} ({len(found.rows):,} rows)", markup=False)
