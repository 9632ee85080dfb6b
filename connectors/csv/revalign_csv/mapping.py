"""What ``[source.NAME.mapping]`` says about a file, and which file of a folder fills which canonical table."""

from __future__ import annotations

import codecs
import fnmatch
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError, Fatal, did_you_mean

__all__ = ["Assignment", "FileMapping", "assign", "read_mapping"]

WHITESPACE = "whitespace"
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": WHITESPACE}
_KEYS = (
    "table", "delimiter", "header", "encoding", "decimal", "thousands", "date_format", "columns", "constants",
)  # fmt: skip
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
    columns: Mapping[str, str] = field(default_factory=dict)
    """canonical name -> name in the file"""
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> bytes:
        """Changes whenever the same file would be read differently."""
        return json.dumps(asdict(self), sort_keys=True).encode()


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which files fill which table, and what there is to say about the rest."""

    files: Mapping[str, Mapping[str, FileMapping]]
    """table -> file -> mapping; tables in the order of the canonical model"""
    warnings: tuple[str, ...]


def read_mapping(settings: Mapping[str, Any], connection: str) -> dict[str, FileMapping]:
    """File name or pattern -> mapping. One mapping for everything stands under ``*``.

    Raises ConfigError REV-302 or REV-305 for what cannot be meant.
    """
    raw = settings.get("mapping") or {}
    where = f"[source.{connection}.mapping]"
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{where} is a table, not {raw!r}.", code="REV-305")
    per_file = bool(raw) and all(isinstance(value, Mapping) for value in raw.values()) and not raw.keys() & set(_KEYS)
    if per_file:
        return {name: _one(value, f'[source.{connection}.mapping."{name}"]') for name, value in raw.items()}
    return {"*": _one(raw, where)} if raw else {}


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
    )
    if len(mapping.decimal) != 1 or len(mapping.thousands) > 1 or mapping.decimal == mapping.thousands:
        hint = 'For 1.234,56 write decimal = "," and thousands = ".".'
        raise ConfigError(f"{where} decimal and thousands are two different signs.", code="REV-305", hint=hint)
    for name in sorted(mapping.columns.keys() & mapping.constants.keys()):
        raise ConfigError(f'{where} names "{name}" both in columns and in constants.', code="REV-302")
    if table:
        _check_names(mapping, where)
    return mapping


def _known(name: str, known: Iterable[str], what: str) -> None:
    known = tuple(known)
    if name not in known:
        near = did_you_mean(name, known)
        hint = f"Did you mean {near}?" if near else f"Known are {', '.join(known)}."
        raise ConfigError(f'{what} "{name}".', code="REV-302", hint=hint)


def _check_names(mapping: FileMapping, where: str) -> None:
    """The left side of columns and constants is canonical; a slip there must not end in attrs."""
    for key in (*mapping.columns, *mapping.constants):
        _known(key, TABLES[mapping.table].columns, f"{where} names an unknown column of {mapping.table},")


def _columns(raw: Mapping[str, Any], where: str) -> dict[str, str]:
    for key, value in raw.items():
        if not isinstance(value, str):
            raise ConfigError(f"{where} columns.{key} names a column of the file, not {value!r}.", code="REV-305")
    return {key: value.strip() for key, value in raw.items()}


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


def assign(files: Iterable[str], mappings: Mapping[str, FileMapping], connection: str) -> Assignment:
    """Give every file its table: by its mapping, else by its name when that is ``TABLE.csv``.

    Hidden files are passed over. Raises ConfigError REV-302 for a mapping without a table, and Fatal REV-507 when there
    are files and none of them can be loaded.
    """
    visible = [name for name in files if not any(part.startswith(".") for part in PurePosixPath(name).parts)]
    found: dict[str, dict[str, FileMapping]] = {}
    warnings: list[str] = []
    used: set[str] = set()
    for name in visible:
        path = PurePosixPath(name)
        pattern = _pattern(name, mappings)
        if pattern is not None:
            used.add(pattern)
            mapping = mappings[pattern]
            table = mapping.table or (path.stem if path.stem in TABLES else "")
            where = f"[source.{connection}.mapping]" if pattern == "*" else f'[source.{connection}.mapping."{pattern}"]'
            if not table:
                near = did_you_mean(path.stem, TABLES)
                hint = f'Add table = "{near or "sales_order"}".'
                raise ConfigError(f"{where} does not say which table {name} fills.", code="REV-302", hint=hint)
            if not mapping.table:
                mapping = FileMapping(**{**asdict(mapping), "table": table})
                _check_names(mapping, where)
            found.setdefault(table, {})[name] = mapping
        elif path.suffix.lower() == ".csv" and path.stem in TABLES:
            found.setdefault(path.stem, {})[name] = FileMapping(table=path.stem)
        else:
            warnings.append(_not_loaded(path))
    if visible and not found:
        raise Fatal(
            "None of the files can be loaded. " + " ".join(warnings[:5]),
            code="REV-507",
            hint=f"Name files after canonical tables, or describe them in [source.{connection}.mapping].",
        )
    warnings += [f"The mapping of {pattern} matches no file." for pattern in mappings if pattern not in used]
    return Assignment({table: found[table] for table in TABLES if table in found}, tuple(warnings))


def _pattern(name: str, mappings: Mapping[str, FileMapping]) -> str | None:
    """The key that describes a file: its own name first, then the first pattern that fits name or path."""
    base = PurePosixPath(name).name
    for exact in (name, base):
        if exact in mappings:
            return exact
    fits = (key for key in mappings if fnmatch.fnmatchcase(name, key) or fnmatch.fnmatchcase(base, key))
    return next(fits, None)


def _not_loaded(path: PurePosixPath) -> str:
    near = did_you_mean(path.stem, TABLES)
    text = f"{path} is not loaded: its name is not that of a canonical table with .csv."
    return f"{text} Did you mean {near}.csv?" if near else text
