"""Reads ``layout.toml`` and refuses, with file and place, whatever it does not understand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.columns import column_hint, merged
from revalign_udf.layout.fields import Fields, slug
from revalign_udf.layout.kinds import KEPT, KINDS, Body, Given
from revalign_udf.layout.looks import read_charts, read_rules
from revalign_udf.layout.model import Chart, Mode, Rule
from revalign_udf.layout.parameters import read_parameters, refuse_unknown
from revalign_udf.layout.plan import BlockPlan, Kind, Layout, TabPlan

__all__ = ["read"]

#: sheets the workbook adds itself; a tab of that name would be refused by Excel
RESERVED = ("cover", "definitions", "about", "history", "lists")


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
    parameters = read_parameters(fields)
    tables = fields.tables("tab", required=True)
    fields.done()
    tabs = tuple(_tab(table, where) for table in tables)
    _once(fields, "tab", (tab.key for tab in tabs))
    _once(fields, "tab name", (tab.name.casefold() for tab in tabs))
    layout = Layout(path.parent.name, title, description, tabs, path, parameters)
    refuse_unknown(layout)
    return layout


def _tab(fields: Fields, outer: Mapping[str, str]) -> TabPlan:
    key = fields.key()
    if key == "param":
        raise fields.problem('"param" is kept for the cells of parameters.', "key", "Choose another key.")
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
    if common and kind in ("calls", "spill"):
        raise fields.problem("functions take no filters from around them.", "where", "Give them among the arguments.")
    if common and kind == "notes":
        raise fields.problem("notes have no numbers to filter.", "where")
    mode = _modes(fields, kind, mode)
    body = KINDS[kind](Given(fields, kind, outer, common, decimals, mode))
    charts, rules = read_charts(fields, body.x), read_rules(fields)
    if body.columns:
        _once(fields, "column", body.columns)
        _check_looks(fields, charts, rules, body)
    plan = BlockPlan(
        key=key, title=fields.text("title", ""), kind=kind, metrics=body.metrics, first=body.first, last=body.last,
        place=fields.place, charts=charts, rules=rules, about=fields.text("about", ""), mode=mode,
        outer={name: value for name, value in outer.items() if slug(name) not in {slug(own) for own in common}},
        decimals=decimals, **body.more,
    )  # fmt: skip
    fields.done()
    return plan


def _modes(fields: Fields, kind: Kind, outer: Mode | None) -> Mode:
    usual: Mode = "upsert" if kind == "records" else "replace"
    own = _mode(fields)
    if kind not in KEPT:
        if own not in (None, "replace"):
            raise fields.problem(f"a block of kind {kind!r} is always replaced.", "mode")
        return "replace"
    return own or outer or usual


def _check_looks(fields: Fields, charts: Sequence[Chart], rules: Sequence[Rule], body: Body) -> None:
    """Refuses charts and rules over columns that cannot be there; patterns are looked at when columns have units."""
    for chart, table in zip(charts, fields.tables("chart"), strict=True):
        _check(table, "x", (chart.x,), body.columns)
        _check(table, "series", chart.series, body.columns)
    for rule, table in zip(rules, fields.tables("rule"), strict=True):
        _check(table, "columns", rule.columns, body.columns)


def _check(fields: Fields, key: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if "*" not in name and name not in known:
            raise fields.problem(f'no column "{name}" in this block.', key, column_hint(name, known))


def _once(fields: Fields, kind: str, names: Iterable[str]) -> None:
    seen = set[str]()
    for name in names:
        if name in seen:
            hint = 'Give one of them another "key".' if kind == "column" else ""
            raise fields.problem(f'two {kind}s named "{name}".', hint=hint)
        seen.add(name)
