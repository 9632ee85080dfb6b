"""Which file of a folder fills which canonical table, and how."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from revalign_csv.files import base_of, find, plain_path
from revalign_csv.mapping import BOOKS, FileMapping, Mappings, check_names
from revalign_udf.canonical import TABLES
from revalign_udf.errors import ConfigError, Fatal, did_you_mean

__all__ = ["Assignment", "Task", "assign"]


@dataclass(frozen=True, slots=True)
class Task:
    """One file read for one table."""

    name: str
    mapping: FileMapping


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which files fill which table, and what there is to say about the rest."""

    files: Mapping[str, Mapping[str, Task]]
    """table -> scope -> task; tables in the order of the canonical model. A file that is read twice for one table has a
    second scope, ``NAME#2``"""
    warnings: tuple[str, ...]
    names: tuple[str, ...]
    """every file of the folder, for joins"""


def assign(files: Iterable[str], mappings: Mappings, connection: str, preset: Mappings | None = None) -> Assignment:
    """Give every file its tables: by its mapping, else by the preset, else by its name when that is ``TABLE.csv``.

    Hidden files are passed over. Raises ConfigError REV-302 for a mapping without a table, and Fatal REV-507 when there
    are files and none of them can be loaded.
    """
    preset = preset or {}
    visible = [name for name in files if not any(part.startswith((".", "~$")) for part in PurePosixPath(name).parts)]
    found: dict[str, dict[str, Task]] = {}
    warnings: list[str] = []
    used: set[str] = set()
    spare: list[str] = []
    for name in visible:
        path = plain_path(name)
        pattern = _pattern(name, mappings)
        if pattern is not None:
            used.add(pattern)
            where = f"[source.{connection}.mapping]" if pattern == "*" else f'[source.{connection}.mapping."{pattern}"]'
            chosen = [_with_table(mapping, path, name, where) for mapping in mappings[pattern]]
        elif (pattern := _pattern(name, preset)) is not None:
            chosen = list(preset[pattern])
        elif path.suffix.lower() in (".csv", *BOOKS) and path.stem in TABLES:
            chosen = [FileMapping(table=path.stem)]
        elif preset:
            spare.append(name)
            continue
        else:
            warnings.append(_not_loaded(path))
            continue
        for mapping in chosen:
            if mapping.unless_file and find((other for other in visible if other != name), mapping.unless_file):
                continue
            tasks = found.setdefault(mapping.table, {})
            number = 1 + sum(task.name == name for task in tasks.values())
            tasks[name if number == 1 else f"{name}#{number}"] = Task(name, mapping)
    warnings += _of_no_use(spare, found)
    if visible and not found:
        raise Fatal(
            "None of the files can be loaded. " + " ".join(warnings[:5]),
            code="REV-507",
            hint=f"Name files after canonical tables, or describe them in [source.{connection}.mapping].",
        )
    warnings += [f"The mapping of {pattern} matches no file." for pattern in mappings if pattern not in used]
    tables = {table: found[table] for table in TABLES if table in found}
    return Assignment(tables, tuple(warnings), tuple(visible))


def _with_table(mapping: FileMapping, path: PurePosixPath, name: str, where: str) -> FileMapping:
    if mapping.table:
        return mapping
    if path.stem not in TABLES:
        near = did_you_mean(path.stem, TABLES)
        hint = f'Add table = "{near or "sales_order"}".'
        raise ConfigError(f"{where} does not say which table {name} fills.", code="REV-302", hint=hint)
    mapping = replace(mapping, table=path.stem)
    check_names(mapping, where)
    return mapping


def _pattern(name: str, mappings: Mappings) -> str | None:
    """The key that describes a file: its own name first, then the first pattern that fits name or path."""
    forms = dict.fromkeys((name, PurePosixPath(name).name, base_of(name)))
    for exact in forms:
        if exact in mappings:
            return exact
    return next((key for key in mappings if any(fnmatch.fnmatchcase(form, key) for form in forms)), None)


def _not_loaded(path: PurePosixPath) -> str:
    near = did_you_mean(path.stem, TABLES)
    text = f"{path} is not loaded: its name is not that of a canonical table with .csv."
    return f"{text} Did you mean {near}.csv?" if near else text


def _of_no_use(spare: Iterable[str], found: Mapping[str, Mapping[str, Task]]) -> list[str]:
    """One line for all files that a preset does not read, those it joins left out."""
    joined = {
        pattern
        for tasks in found.values()
        for task in tasks.values()
        for join in task.mapping.joins
        for pattern in join.files
    }
    others = [name for name in spare if base_of(name) not in joined]
    return [f"The preset reads no file called {', '.join(others)}."] if others else []
