"""The further keys of a mapping: rows that count, columns from other files, values, amounts and times of other systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["OPTIONS", "Join", "Spec", "read_options"]

#: a column's name, a template of several (``{a}:{b}``), a path into JSON (``data->plan.id``), or the first filled of some
Spec = str | tuple[str, ...]

OPTIONS = (
    "sheet", "header_row", "action", "where", "unless", "unless_file", "join", "values", "minor_units",
    "currency_column", "domains", "time_zone", "date_formats", "nulls", "attrs", "parentheses", "trailing_minus", "percent",
    "currency_signs",
)  # fmt: skip
_TEXTS = ("sheet", "action", "currency_column", "time_zone")
_LISTS = ("unless_file", "minor_units", "domains", "nulls", "attrs", "currency_signs")
_FLAGS = ("parentheses", "trailing_minus", "percent")
_JOIN = ("file", "on", "key", "prefix", "where", "latest", "first", "optional")


@dataclass(frozen=True, slots=True)
class Join:
    """Columns of another file, by a key: they stand beside the row as ``prefix.column``."""

    files: tuple[str, ...]
    on: str
    key: str
    prefix: str
    where: Mapping[str, tuple[str, ...]]
    latest: str = ""
    """of several rows with one key the one with the greatest text here"""
    first: bool = False
    """of several rows with one key the first"""
    optional: bool = False
    """whether the file may be missing: then its columns are blank"""


def read_options(raw: Mapping[str, Any], table: str, where: str) -> dict[str, Any]:
    """The keys of a mapping that this module knows, typed. Raises ConfigError REV-302 or REV-305."""
    found: dict[str, Any] = {}
    for key in _TEXTS:
        if key in raw:
            found[key] = _is(raw[key], str, f"{where} {key}", "is text")
    for key in _LISTS:
        if key in raw:
            found[key] = _texts(raw[key], f"{where} {key}")
    for key in _FLAGS:
        if key in raw:
            found[key] = _is(raw[key], bool, f"{where} {key}", "is true or false")
    if "header_row" in raw:
        row = raw["header_row"]
        if not isinstance(row, int) or isinstance(row, bool) or row < 1:
            raise ConfigError(f"{where} header_row is a row counted from 1, not {row!r}.", code="REV-305")
        found["header_row"] = row
    if found.get("action", "rows") not in ("rows", "delete", "merge"):
        raise ConfigError(f"{where} action is rows, delete or merge, not {raw['action']!r}.", code="REV-305")
    for key in ("where", "unless"):
        if key in raw:
            found[key] = _conditions(raw[key], f"{where} {key}")
    if "values" in raw:
        found["values"] = {
            name: {str(old).casefold(): str(new) for old, new in _table(items, f"{where} values.{name}").items()}
            for name, items in _table(raw["values"], f"{where} values").items()
        }
    if "date_formats" in raw:
        formats = _table(raw["date_formats"], f"{where} date_formats")
        found["date_formats"] = {
            name: _is(text, str, f"{where} date_formats.{name}", "is text") for name, text in formats.items()
        }
    if "join" in raw:
        items = raw["join"] if isinstance(raw["join"], list) else [raw["join"]]
        found["joins"] = tuple(_join(item, f"{where} join") for item in items)
    _check_zone(found.get("time_zone", ""), where)
    if table:
        _check_kinds(found, table, where)
    return found


def _join(raw: object, where: str) -> Join:
    items = _table(raw, where)
    for key in items:
        if key not in _JOIN:
            near = did_you_mean(key, _JOIN)
            hint = f"Did you mean {near}?" if near else f"Known are {', '.join(_JOIN)}."
            raise ConfigError(f'{where} has an unknown key "{key}".', code="REV-302", hint=hint)
    for key in ("file", "on", "key", "prefix"):
        if not items.get(key):
            hint = 'Write join = [{ file = "plan.csv", on = "plan_id", key = "id", prefix = "plan" }].'
            raise ConfigError(f"{where} lacks {key}.", code="REV-305", hint=hint)
    return Join(
        _texts(items["file"], f"{where} file"),
        _is(items["on"], str, f"{where} on", "is text"),
        _is(items["key"], str, f"{where} key", "is text"),
        _is(items["prefix"], str, f"{where} prefix", "is text"),
        _conditions(items.get("where", {}), f"{where} where"),
        _is(items.get("latest", ""), str, f"{where} latest", "is text"),
        _is(items.get("first", False), bool, f"{where} first", "is true or false"),
        _is(items.get("optional", False), bool, f"{where} optional", "is true or false"),
    )


def _check_zone(name: str, where: str) -> None:
    try:
        ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "Write a name such as UTC or Europe/Berlin."
        raise ConfigError(f"{where} time_zone: there is no {name!r}.", code="REV-305", hint=hint) from None


def _check_kinds(found: Mapping[str, Any], table: str, where: str) -> None:
    for key, kinds in (("minor_units", ("money",)), ("date_formats", ("date", "instant"))):
        fitting = [name for name, column in TABLES[table].columns.items() if column.kind in kinds]
        for name in found.get(key, ()):
            if name in TABLES[table].columns and name not in fitting:
                raise ConfigError(
                    f"{where} {key}: {name} is no {' or '.join(kinds)} column of {table}.",
                    code="REV-305",
                    hint=f"There are {', '.join(fitting)}.",
                )


def _is(value: Any, kind: type, what: str, wanted: str) -> Any:
    if not isinstance(value, kind):
        raise ConfigError(f"{what} {wanted}, not {value!r}.", code="REV-305")
    return value


def _table(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{what} is a table such as {{ name = ... }}, not {value!r}.", code="REV-305")
    return value


def _texts(value: object, what: str) -> tuple[str, ...]:
    items: Iterable[object] = [value] if isinstance(value, str) else value if isinstance(value, list) else [None]
    found = tuple(item for item in items if isinstance(item, str))
    if len(found) != len(list(items)):
        raise ConfigError(f"{what} is a list of texts, not {value!r}.", code="REV-305")
    return found


def _conditions(value: object, what: str) -> dict[str, tuple[str, ...]]:
    """Column -> texts or patterns, in small letters."""
    return {
        name: tuple(text.casefold() for text in _texts(_said(items), f"{what}.{name}"))
        for name, items in _table(value, what).items()
    }


def _said(value: object) -> object:
    """True as ``true``: what a file would hold."""
    return str(value).lower() if isinstance(value, bool | int) else value
