"""Reads ``layout.toml`` and refuses, with file and place, whatever it does not understand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast, get_args

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import RevalignError, SurfaceError, did_you_mean
from revalign_udf.layout.fields import Fields, slug
from revalign_udf.layout.model import Chart, ChartKind, Unit
from revalign_udf.layout.plan import BlockPlan, ComputedPlan, Kind, Layout, MetricPlan, TabPlan
from revalign_udf.periods import GRAINS, Grain

__all__ = ["check_chart", "read"]

#: sheets the workbook adds itself; a tab of that name would be refused by Excel
RESERVED = ("cover", "definitions", "about", "history")


def read(path: Path) -> Layout:
    """The checked layout of a file. Raises SurfaceError REV-701 naming the file and the place in it."""
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise SurfaceError(f"There is no layout at {path}.", code="REV-701") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SurfaceError(f"{path}: cannot be read: {error}.", code="REV-701", hint="Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SurfaceError(
            f"{path}: not valid TOML: {error}.", code="REV-701", hint="Texts stand in double quotes."
        ) from None
    fields = Fields(values, path)
    title, description = fields.text("title"), fields.text("description", "")
    tables = fields.tables("tab", required=True)
    fields.done()
    tabs = tuple(_tab(table) for table in tables)
    _once(fields, "tab", (tab.key for tab in tabs))
    _once(fields, "tab name", (tab.name.casefold() for tab in tabs))
    return Layout(path.parent.name, title, description, tabs, path)


def _tab(fields: Fields) -> TabPlan:
    key = fields.key()
    name = fields.text("name", key.replace("_", " ").capitalize())
    if len(name) > 31 or re.search(r"[\[\]:*?/\\]|^'|'$", name) or name.casefold() in RESERVED:
        hint = f"At most 31 characters, none of [ ] : * ? / \\, and not {', '.join(RESERVED)}."
        raise fields.problem(f"{name!r} cannot be the name of a sheet.", "name", hint)
    tables = fields.tables("block", required=True)
    fields.done()
    blocks = tuple(_block(table) for table in tables)
    _once(fields, "block", (block.key for block in blocks))
    return TabPlan(key, name, blocks)


def _block(fields: Fields) -> BlockPlan:
    key = fields.key()
    kind = cast(Kind, fields.choice("kind", get_args(Kind)))
    title, about, common = fields.text("title", ""), fields.text("about", ""), fields.where()
    by = fields.key("by") if kind == "breakdown" else ""
    decimals = fields.decimals()
    metrics = _metrics(fields, common, decimals)
    if kind == "table" and len(metrics) > 1:
        raise fields.problem("a table shows one metric.", "metrics")
    first, last = _periods(fields, kind)
    grain = cast("Grain | None", fields.choice("grain", GRAINS, "") or None) if kind == "series" else None
    lead = {"series": ("period",), "breakdown": ("period", by), "table": ()}[kind]
    columns = [*lead, *(metric.key for metric in metrics if kind != "table")]
    computed = []
    for table in fields.tables("computed"):
        if kind == "table":
            raise table.problem("a table cannot have computed columns: its columns are known only when it is asked.")
        computed.append(_computed(table, columns, decimals))
        columns.append(computed[-1].key)
    _once(fields, "column", columns)
    charts = tuple(
        _chart(table, number, lead, columns, kind) for number, table in enumerate(fields.tables("chart"), start=1)
    )
    _once(fields, "chart", (chart.key for chart in charts))
    fields.done()
    return BlockPlan(key, title, kind, metrics, first, last, grain, by, tuple(computed), charts, about, fields.place)


def _periods(fields: Fields, kind: Kind) -> tuple[str, str]:
    if kind != "series":
        token = fields.text("period")
        return token, token
    if "periods" in fields:
        if "from" in fields or "to" in fields:
            raise fields.problem('give either "periods" or "from" and "to".')
        token = fields.text("periods")
        return token, token
    if "from" not in fields and "to" not in fields:
        hint = 'Add periods = "LTM", or from = "2026-01" and to = "2026-06".'
        raise fields.problem('"periods" is missing.', hint=hint)
    return fields.text("from"), fields.text("to")


def _metrics(fields: Fields, common: dict[str, str], decimals: int | None) -> tuple[MetricPlan, ...]:
    listed = fields.any("metrics")
    if not isinstance(listed, list) or not listed:
        raise fields.problem('"metrics" is missing or empty.', hint='Add metrics = ["mrr", "nrr"].')
    found = []
    for number, item in enumerate(listed, start=1):
        place = f"{fields.place}.metrics[{number}]"
        inner = Fields(item if isinstance(item, dict) else {}, fields.file, place)
        found.append(_metric(item, inner, common, decimals))
    return tuple(found)


def _metric(item: Any, fields: Fields, common: dict[str, str], decimals: int | None) -> MetricPlan:
    if isinstance(item, str) and item.strip():
        return MetricPlan(item.strip(), slug(item), "", common, decimals, fields.place)
    if not isinstance(item, dict):
        hint = 'Write "mrr" or { metric = "mrr" }.'
        raise fields.problem(f"must be a metric's name or a table, not {item!r}.", hint=hint)
    metric, own = fields.text("metric"), fields.where()
    key = fields.key("key", "_".join(slug(part) for part in (metric, *own.values())))
    title, decimals = fields.text("title", ""), fields.decimals(decimals)
    fields.done()
    return MetricPlan(metric, key, title, {**common, **own}, decimals, fields.place)


def _computed(fields: Fields, columns: list[str], decimals: int | None) -> ComputedPlan:
    key = fields.key()
    title, note = fields.text("title", key.replace("_", " ").capitalize()), fields.text("note", "")
    unit = cast(Unit, fields.choice("unit", get_args(Unit), "number"))
    try:
        formula = Expression(fields.text("formula"))
    except RevalignError as error:
        if isinstance(error, SurfaceError):
            raise
        raise fields.problem(error.message, "formula", error.hint) from None
    for name in formula.names:
        if name not in columns:
            raise fields.problem(f'no column "{name}" before this one.', "formula", _hint(name, columns))
    for name in formula.calls:
        if name not in ("min", "max"):
            raise fields.problem(f'no function "{name}".', "formula", "Use min(...) and max(...).")
    decimals = fields.decimals(decimals)
    fields.done()
    return ComputedPlan(key, title, unit, formula, note, decimals)


def _chart(fields: Fields, number: int, lead: tuple[str, ...], columns: list[str], kind: Kind) -> Chart:
    chart = Chart(
        key=fields.key("key", f"chart{number}"),
        title=fields.text("title", ""),
        kind=cast(ChartKind, fields.choice("kind", get_args(ChartKind))),
        x=fields.text("x", lead[-1] if lead else None),
        series=fields.texts("series"),
    )
    fields.done()
    if kind != "table":
        check_chart(chart, columns, fields)
    return chart


def check_chart(chart: Chart, columns: list[str], fields: Fields) -> None:
    """Refuses a chart that names a column its block does not have."""
    for key, names in (("x", (chart.x,)), ("series", chart.series)):
        for name in names:
            if name not in columns:
                raise fields.problem(f'no column "{name}" in this block.', key, _hint(name, columns))


def _hint(name: str, known: Iterable[str]) -> str:
    near = did_you_mean(name, known)
    return f"Did you mean {near}?" if near else f"Columns: {', '.join(known)}."


def _once(fields: Fields, kind: str, names: Iterable[str]) -> None:
    seen = set[str]()
    for name in names:
        if name in seen:
            hint = 'Give one of them another "key".' if kind == "column" else ""
            raise fields.problem(f'two {kind}s named "{name}".', hint=hint)
        seen.add(name)
