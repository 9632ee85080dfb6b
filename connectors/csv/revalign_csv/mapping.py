"""What ``[source.NAME.mapping]`` says about a file: how it is written and what its columns mean."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from revalign_csv.options import OPTIONS, Join, Spec, read_options
from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["BOOKS", "WHITESPACE", "FileMapping", "Mappings", "check_names", "read_mapping"]

#: files that are workbooks
BOOKS = (".xlsx", ".xlsm", ".ods")
WHITESPACE = "whitespace"
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": WHITESPACE}
_KEYS = (
    "table",
    "delimiter",
    "header",
    "encoding",
    "decimal",
    "thousands",
    "date_format",
    "columns",
    "constants",
    *OPTIONS,
)
_TEXTS = ("table", "delimiter", "encoding", "decimal", "thousands", "date_format")


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one kind of file is written and what its columns mean. The defaults describe a canonical file."""

    table: str = ""
    delimiter: str = ","
    header: tuple[str, ...] = ()
    """names of the columns of a file that has no header line"""
    encoding: str = "utf-8-sig"
    decimal: str = "."
    thousands: str = ""
    date_format: str = ""
    columns: Mapping[str, Spec] = field(default_factory=dict)
    """canonical name -> name in the file, or how the value is made of several"""
    constants: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    """of a workbook; empty: the one named like the table, else the first that is not hidden"""
    header_row: int = 1
    """the row (line) with the names of the columns, counted from 1; blank ones after it are passed over"""
    action: str = "rows"
    """``rows``, or ``delete`` and ``merge``: rows that say which others are gone, or were merged (``gone``, ``stays``)"""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless_file: tuple[str, ...] = ()
    joins: tuple[Join, ...] = ()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """canonical name -> value in the file (in small letters) -> value; ``*`` for every other"""
    minor_units: tuple[str, ...] = ()
    currency_column: str = "currency"
    """whose currency decides about minor units where the table has no such column"""
    domains: tuple[str, ...] = ()
    time_zone: str = ""
    date_formats: Mapping[str, str] = field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    attrs: tuple[str, ...] = ("*",)
    parentheses: bool = False
    trailing_minus: bool = False
    percent: bool = False
    currency_signs: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> bytes:
        """Changes whenever the same file would be read differently."""
        return json.dumps(asdict(self), sort_keys=True).encode()


#: file name or pattern -> what is made of the file
Mappings = dict[str, tuple[FileMapping, ...]]


def read_mapping(raw: object, where: str) -> Mappings:
    """File name or pattern -> mappings, several where a file fills several tables. One for everything stands under ``*``.

    Raises ConfigError REV-302 or REV-305 for what cannot be meant; ``where`` says in which settings.
    """
    raw = raw or {}
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{where} is a table, not {raw!r}.", code="REV-305")
    per_file = (
        bool(raw) and all(isinstance(value, Mapping | list) for value in raw.values()) and not raw.keys() & set(_KEYS)
    )
    if not per_file:
        return {"*": (_one(raw, where),)} if raw else {}
    found: Mappings = {}
    for name, value in raw.items():
        own = f'{where.rstrip("]")}."{name}"]'
        items = value if isinstance(value, list) else [value]
        for number, item in enumerate(items, 1):
            if not isinstance(item, Mapping):
                raise ConfigError(f"{own} number {number} is a table, not {item!r}.", code="REV-305")
        found[name] = tuple(_one(item, own) for item in items)
    return found


def _one(raw: Mapping[str, Any], where: str) -> FileMapping:
    for key in raw:
        if key not in _KEYS:
            near = did_you_mean(key, _KEYS)
            hint = f"Did you mean {near}?" if near else f"Known are {', '.join(_KEYS)}."
            raise ConfigError(f'{where} has an unknown key "{key}".', code="REV-302", hint=hint)
    for key in _TEXTS:
        if key in raw and not isinstance(raw[key], str):
            raise ConfigError(f"{where} {key} is text, not {raw[key]!r}.", code="REV-305")
    for key in ("columns", "constants"):
        if not isinstance(raw.get(key, {}), Mapping):
            raise ConfigError(f"{where} {key} is a table such as {{ amount = ... }}, not {raw[key]!r}.", code="REV-305")
    table = raw.get("table", "")
    if table:
        _known(table, TABLES, f"{where} names an unknown table")
    mapping = FileMapping(
        table=table,
        delimiter=_delimiter(raw.get("delimiter", ","), where),
        header=_header(raw.get("header", True), where),
        encoding=_encoding(raw.get("encoding", "utf-8"), where),
        decimal=raw.get("decimal", "."),
        thousands=raw.get("thousands", ""),
        date_format=raw.get("date_format", ""),
        columns=_columns(raw.get("columns", {}), where),
        constants={key: _text(value) for key, value in raw.get("constants", {}).items()},
        **read_options(raw, table, where),
    )
    if len(mapping.decimal) != 1 or len(mapping.thousands) > 1 or mapping.decimal == mapping.thousands:
        hint = 'For 1.234,56 write decimal = "," and thousands = ".".'
        raise ConfigError(f"{where} decimal and thousands are two different signs.", code="REV-305", hint=hint)
    for name in sorted(mapping.columns.keys() & mapping.constants.keys()):
        raise ConfigError(f'{where} names "{name}" both in columns and in constants.', code="REV-302")
    if table:
        check_names(mapping, where)
    return mapping


def _known(name: str, known: Iterable[str], what: str) -> None:
    known = tuple(known)
    if name not in known:
        near = did_you_mean(name, known)
        hint = f"Did you mean {near}?" if near else f"Known are {', '.join(known)}."
        raise ConfigError(f'{what} "{name}".', code="REV-302", hint=hint)


def check_names(mapping: FileMapping, where: str) -> None:
    """The left side of columns and constants is canonical; a slip there must not end in attrs."""
    if mapping.action != "rows":
        wanted = {"delete": {"gone"}, "merge": {"gone", "stays"}}[mapping.action]
        if set(mapping.columns) != wanted:
            hint = f"Write columns = {{ {', '.join(f'{name} = ...' for name in sorted(wanted))} }}."
            raise ConfigError(f"{where}: {mapping.action} has these columns.", code="REV-305", hint=hint)
        return
    named = (*mapping.columns, *mapping.constants, *mapping.values, *mapping.date_formats)
    for key in (*named, *mapping.minor_units, *mapping.domains):
        _known(key, TABLES[mapping.table].columns, f"{where} names an unknown column of {mapping.table},")


def _columns(raw: Mapping[str, Any], where: str) -> dict[str, Spec]:
    found: dict[str, Spec] = {}
    for key, value in raw.items():
        items = value if isinstance(value, list) and value else [value]
        if not all(isinstance(item, str) and item.strip() for item in items):
            raise ConfigError(f"{where} columns.{key} names a column of the file, not {value!r}.", code="REV-305")
        found[key] = tuple(item.strip() for item in items) if isinstance(value, list) else value.strip()
    return found


def _delimiter(value: str, where: str) -> str:
    value = _DELIMITERS.get(value.lower(), value.lower() if value.lower() == WHITESPACE else value)
    if value == WHITESPACE or (len(value) == 1 and value not in '"\r\n'):
        return WHITESPACE if value == " " else value
    hint = f'Use "," ";" "|" or one of {", ".join(_DELIMITERS)}, {WHITESPACE}.'
    raise ConfigError(f"{where} delimiter is one sign, not {value!r}.", code="REV-305", hint=hint)


def _header(value: object, where: str) -> tuple[str, ...]:
    if value is True:
        return ()
    if isinstance(value, list | tuple) and value and all(isinstance(name, str) and name.strip() for name in value):
        names = tuple(str(name).strip() for name in value)
        if len(set(names)) == len(names):
            return names
    hint = "For a file without a header line list the names of its columns, each once, in their order."
    raise ConfigError(f"{where} header is true or a list of names, not {value!r}.", code="REV-305", hint=hint)


def _encoding(value: str, where: str) -> str:
    try:
        name = codecs.lookup(value).name
    except LookupError:
        hint = "Use a name such as utf-8, cp1252, latin-1 or utf-16."
        raise ConfigError(f"{where} names an unknown encoding {value!r}.", code="REV-305", hint=hint) from None
    return "utf-8-sig" if name == "utf-8" else name


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
