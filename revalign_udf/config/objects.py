"""The agreements of a project as data: promises, rules, matrices, answers of teams.

They lie in the project's ``alignment/`` folder, each under its own name: ``sla.toml`` with ``[[sla]]`` tables, or ``sla.csv``
with a header, or a tab ``sla`` of any workbook (.xlsx, .xlsm, .ods) in that folder. All say the same: a list of rows. A
build copies them into the snapshot, so that a cell answers from what held when it was published.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from revalign_udf.calc.hours import WEEKDAYS
from revalign_udf.calc.promises import CONDITIONS, check_promises
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["FOLDER", "OBJECTS", "read_objects", "rows_for"]

#: the folder of a project that holds them
FOLDER = "alignment"
#: object -> its columns; those with ``!`` must be there and filled in
OBJECTS: dict[str, tuple[str, ...]] = {
    "commission": (
        "name!", "period", "pool_new", "pool_expansion", "pot", "split", "currency", "clawback_months", "valid_from",
        "valid_to",
    ),
    "definitions": ("team!", "subject!", "question!", "answer"),
    "stages": (
        "connection", "object!", "pipeline", "source_stage!", "stage!", "position", "owner_team", "is_won", "is_lost",
        "valid_from", "valid_to",
    ),
    "identity": ("entity!", "source_a!", "id_a!", "source_b!", "id_b!", "same", "note"),
    "kpis": ("team!", "metric!", "relation!", "direction", "exclusive_with"),
    "priorities": ("team!", "priority!", "topic!", "text", "believes_match"),
    "profiles": ("team!", "trait!", "value!"),
    "review": ("part!", "limit!"),
    "sla": (
        "name!", "kind!", "by!", "to!", "metric", "stage", "amount", "fields", "hours", "share", "period", "calendar",
        "valid_from", "valid_to",
    ),
    "calendar": ("name!", "time_zone", "hours", *WEEKDAYS, "holidays"),
    "routing": ("from_team!", "to_team!", *CONDITIONS, "contact", "contact_for_questions", "priority"),
}  # fmt: skip
_BOOKS = (".xlsx", ".xlsm", ".ods")

Row = Mapping[str, Any]


def read_objects(project: Path) -> dict[str, list[dict[str, Any]]]:
    """Every object of a project by name, values as JSON can hold them (dates and times as ISO text).

    Raises ConfigError REV-302 for an unknown object or column (with the nearest name) and for one given twice, REV-305 for
    a required column that is missing or empty, REV-301 for a file that cannot be read.
    """
    folder = project / FOLDER
    found: dict[str, list[dict[str, Any]]] = {}
    origin: dict[str, str] = {}
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if path.name.startswith((".", "~")) or not path.is_file():
            continue
        for name, rows in _read(path).items():
            if name in found:
                raise ConfigError(
                    f"{name} is given by {origin[name]} and by {path}.", code="REV-302", hint="Keep one of them."
                )
            found[name], origin[name] = _checked(name, rows, path), str(path)
    check_promises(found)
    return found


def rows_for(objects: Mapping[str, Sequence[Row]], name: str) -> list[Row]:
    """The rows of one object; none where the project has not written it."""
    return list(objects.get(name, ()))


def _read(path: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        if path.suffix == ".toml":
            return _toml(path)
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                return {path.stem: [dict(row) for row in csv.DictReader(file)]}
        if path.suffix in _BOOKS:
            return _book(path)
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", code="REV-301", hint="Correct that file.") from error
    return {}


def _toml(path: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name, value in tomllib.loads(path.read_text(encoding="utf-8-sig")).items():
        if isinstance(value, Mapping):
            found[name] = [dict(value)]
        elif isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
            found[name] = [dict(item) for item in value]
        else:
            raise ConfigError(f"{path}: {name} must be written [[{name}]].", code="REV-305")
    return found


def _book(path: Path) -> dict[str, list[dict[str, Any]]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    found: dict[str, list[dict[str, Any]]] = {}
    for name in book.sheet_names:
        if name.strip().casefold() not in OBJECTS:
            continue  # a workbook may hold other tabs
        header, *rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True) or [[]]
        keys = [str(cell).strip() for cell in header]
        found[name.strip().casefold()] = [
            dict(zip(keys, row, strict=False)) for row in rows if any(c != "" for c in row)
        ]
    return found


def _checked(name: str, rows: Sequence[Row], path: Path) -> list[dict[str, Any]]:
    if name not in OBJECTS:
        near = did_you_mean(name, OBJECTS)
        hint = f"Did you mean {near}?" if near else f"Known: {', '.join(OBJECTS)}."
        raise ConfigError(f"{path}: there is no object {name}.", code="REV-302", hint=hint)
    known = [column.rstrip("!") for column in OBJECTS[name]]
    needed = [column.rstrip("!") for column in OBJECTS[name] if column.endswith("!")]
    found = []
    for number, row in enumerate(rows, 1):
        for key in row:
            if key not in known:
                near = did_you_mean(str(key), known)
                hint = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
                raise ConfigError(f"{path}: {name} {number} has an unknown column {key}.", code="REV-302", hint=hint)
        clean = {key: _plain(value) for key, value in row.items() if value is not None and value != ""}
        for key in needed:
            if key not in clean:
                raise ConfigError(f"{path}: {name} {number} does not say its {key}.", code="REV-305")
        found.append(clean)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value.strip() if isinstance(value, str) else value
