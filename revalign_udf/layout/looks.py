"""Charts and rules of a block: which columns they are about, read from the layout and settled once columns are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import cast, get_args

from revalign_udf.layout.columns import column_hint
from revalign_udf.layout.fields import Fields
from revalign_udf.layout.model import Chart, ChartKind, Column, Rule, RuleKind

__all__ = ["drawn", "read_charts", "read_rules", "ruled"]

_TEST = re.compile(r"(<=|>=|<>|<|>|=)\s*(.+)")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?\s*%?")


# --- reading ---------------------------------------------------------------------------------------------------------


def read_charts(fields: Fields, x: str | None) -> tuple[Chart, ...]:
    """The charts of a block. ``x`` is the column of names where the layout gives none; None: it must give one."""
    charts = list[Chart]()
    for number, table in enumerate(fields.tables("chart"), start=1):
        chart = Chart(
            key=table.key("key", f"chart{number}"),
            title=table.text("title", ""),
            kind=cast(ChartKind, table.choice("kind", get_args(ChartKind))),
            x=table.text("x", x),
            series=table.texts("series"),
        )
        table.done()
        if any(chart.key == other.key for other in charts):
            raise fields.problem(f'two charts named "{chart.key}".')
        charts.append(chart)
    return tuple(charts)


def read_rules(fields: Fields) -> tuple[Rule, ...]:
    """The rules of a block, ``[[tab.block.rule]]``."""
    rules = []
    for table in fields.tables("rule"):
        kind = cast(RuleKind, table.choice("kind", get_args(RuleKind)))
        columns = table.texts("columns", ("*",))
        if kind == "flag":
            test, limit = _tested(table)
            rules.append(Rule(kind, columns, test=test, limit=limit))
        elif kind == "heat":
            low, high = table.number("low"), table.number("high")
            if low is not None and high is not None and low >= high:
                raise table.problem(f"low {low:g} is not below high {high:g}.")
            rules.append(Rule(kind, columns, low, high))
        else:
            rules.append(Rule(kind, columns))
        table.done()
    return tuple(rules)


def _tested(fields: Fields) -> tuple[str, float | str]:
    """The test of a flag: ``< 0.9``, ``>= 95 %``, ``= no``."""
    text = fields.text("when")
    found = _TEST.fullmatch(text)
    if not found:
        raise fields.problem(f"{text!r} is no test.", "when", 'Write when = "< 0.9", or when = "= no".')
    test, said = found[1], found[2].strip()
    if _NUMBER.fullmatch(said):
        return test, float(said.rstrip("% ")) / 100 if said.endswith("%") else float(said)
    if test not in ("=", "<>"):
        raise fields.problem(
            f"{said!r} is no number to compare with.", "when", 'Texts go with = and <>: when = "= no".'
        )
    return test, said.strip("\"'")


# --- once columns are known ------------------------------------------------------------------------------------------


def drawn(chart: Chart, columns: Sequence[Column], lead: int, file: Path, place: str) -> Chart:
    """A chart over columns that are there; patterns such as ``*`` stand for the numbers they fit."""
    fields = Fields({}, file, f"{place}.chart[{chart.key}]")
    names = [column.key for column in columns if not column.hidden]
    if chart.x not in names:
        raise fields.problem(f'no column "{chart.x}" in this block.', "x", column_hint(chart.x, names))
    return replace(chart, series=_fitting(chart.series, columns, lead, fields, "series"))


def ruled(rule: Rule, number: int, columns: Sequence[Column], lead: int, file: Path, place: str) -> Rule:
    """A rule over columns that are there."""
    fields = Fields({}, file, f"{place}.rule[{number}]")
    return replace(rule, columns=_fitting(rule.columns, columns, lead, fields, "columns"))


def _fitting(names: Sequence[str], columns: Sequence[Column], lead: int, fields: Fields, key: str) -> tuple[str, ...]:
    shown = [column.key for column in columns if not column.hidden]
    numbers = [c.key for c in columns[lead:] if not c.hidden and not c.total and c.unit not in ("text", "date")]
    found = list[str]()
    for name in names:
        if "*" in name:
            fit = [one for one in numbers if fnmatchcase(one, name)]
            if not fit and numbers:  # a company without any value of a dimension has no column a pattern could fit
                raise fields.problem(
                    f'no column of numbers fits "{name}".', key, column_hint(name.strip("*_"), numbers)
                )
        elif name in shown:
            fit = [name]
        else:
            raise fields.problem(f'no column "{name}" in this block.', key, column_hint(name, shown))
        found += [one for one in fit if one not in found]
    return tuple(found)
