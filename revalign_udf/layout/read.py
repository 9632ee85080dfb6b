"""Reads ``layout.toml`` and refuses, with file and place, whatever it does not understand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.columns import SPOKEN, column_hint, merged, one_metric
from revalign_udf.layout.columns import columns as read_columns
from revalign_udf.layout.columns import computed as read_computed
from revalign_udf.layout.columns import metrics as read_metrics
from revalign_udf.layout.fields import Fields, slug
from revalign_udf.layout.model import APPENDED, Chart, ChartKind, Mode
from revalign_udf.layout.plan import BlockPlan, Kind, Layout, MetricPlan, TabPlan
from revalign_udf.periods import GRAINS

__all__ = ["check_chart", "read"]

#: sheets the workbook adds itself; a tab of that name would be refused by Excel
RESERVED = ("cover", "definitions", "about", "history")
#: rows of a sheet; no limit can be larger
_MOST = 1_000_000


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
    where = merged({}, fields.where())
    tables = fields.tables("tab", required=True)
    fields.done()
    tabs = tuple(_tab(table, where) for table in tables)
    _once(fields, "tab", (tab.key for tab in tabs))
    _once(fields, "tab name", (tab.name.casefold() for tab in tabs))
    return Layout(path.parent.name, title, description, tabs, path)


def _tab(fields: Fields, outer: Mapping[str, str]) -> TabPlan:
    key = fields.key()
    name = fields.text("name", key.replace("_", " ").capitalize())
    if len(name) > 31 or re.search(r"[\[\]:*?/\\]|^'|'$", name) or name.casefold() in RESERVED:
        hint = f"At most 31 characters, none of [ ] : * ? / \\, and not {', '.join(RESERVED)}."
        raise fields.problem(f"{name!r} cannot be the name of a sheet.", "name", hint)
    outer, mode = merged(outer, fields.where()), _mode(fields)
    tables = fields.tables("block", required=True)
    fields.done()
    blocks = tuple(_block(table, outer, mode) for table in tables)
    _once(fields, "block", (block.key for block in blocks))
    return TabPlan(key, name, blocks)


def _mode(fields: Fields) -> Mode | None:
    return cast("Mode | None", fields.choice("mode", get_args(Mode), "") or None)


def _block(fields: Fields, outer: Mapping[str, str], mode: Mode | None) -> BlockPlan:
    key = fields.key()
    kind = cast(Kind, fields.choice("kind", get_args(Kind)))
    common, decimals = fields.where(), fields.decimals()
    mode = _mode(fields) or mode or ("upsert" if kind == "records" else "replace")
    first, last = _periods(fields, kind)
    more = _rows(fields, kind) if kind in ("table", "records") else {}
    if kind in ("table", "records"):
        metrics: tuple[MetricPlan, ...] = (one_metric(fields, outer, common),)
        columns: list[str] = []
    else:
        more = {"by": fields.key("by") if kind == "breakdown" else ""}
        more["grain"] = (fields.choice("grain", GRAINS, "") or None) if kind == "series" else None
        metrics = read_metrics(fields, outer, common, decimals)
        columns = [*(APPENDED if mode == "append" else ()), "period", *([more["by"]] if more["by"] else [])]
    x = columns[-1] if columns else None
    columns += [metric.key for metric in metrics if columns]
    computed = []
    for table in fields.tables("computed"):
        if x is None:
            said = "its columns are" if kind == "table" else "their columns are"
            raise table.problem(f"{SPOKEN[kind]} cannot have computed columns: {said} known only when asked.")
        computed.append(read_computed(table, columns, decimals))
        columns.append(computed[-1].key)
    _once(fields, "column", columns)
    charts = tuple(_chart(table, number, x, columns) for number, table in enumerate(fields.tables("chart"), start=1))
    _once(fields, "chart", (chart.key for chart in charts))
    plan = BlockPlan(
        key=key, title=fields.text("title", ""), kind=kind, metrics=metrics, first=first, last=last, place=fields.place,
        computed=tuple(computed), charts=charts, about=fields.text("about", ""), mode=mode,
        outer={name: value for name, value in outer.items() if slug(name) not in {slug(own) for own in common}},
        decimals=decimals, **more,
    )  # fmt: skip
    fields.done()
    return plan


def _rows(fields: Fields, kind: Kind) -> dict[str, Any]:
    """What tables and records say of their rows and columns."""
    plans, chosen = read_columns(fields)
    found: dict[str, Any] = {"columns": plans, "chosen": chosen}
    if kind == "table":
        return {**found, "row_key": fields.texts("row_key") if "row_key" in fields else ()}
    sort = fields.texts("sort") if "sort" in fields else ()
    return {**found, "sort": sort, "limit": fields.whole("limit", 1, _MOST)}


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


def _chart(fields: Fields, number: int, x: str | None, columns: list[str]) -> Chart:
    chart = Chart(
        key=fields.key("key", f"chart{number}"),
        title=fields.text("title", ""),
        kind=cast(ChartKind, fields.choice("kind", get_args(ChartKind))),
        x=fields.text("x", x),
        series=fields.texts("series"),
    )
    fields.done()
    if x is not None:
        check_chart(chart, columns, fields)
    return chart


def check_chart(chart: Chart, columns: list[str], fields: Fields) -> None:
    """Refuses a chart that names a column its block does not have."""
    for key, names in (("x", (chart.x,)), ("series", chart.series)):
        for name in names:
            if name not in columns:
                raise fields.problem(f'no column "{name}" in this block.', key, column_hint(name, columns))


def _once(fields: Fields, kind: str, names: Iterable[str]) -> None:
    seen = set[str]()
    for name in names:
        if name in seen:
            hint = 'Give one of them another "key".' if kind == "column" else ""
            raise fields.problem(f'two {kind}s named "{name}".', hint=hint)
        seen.add(name)
