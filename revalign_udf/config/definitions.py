"""What a project writes about its definitions, read as it stands; what the names mean is looked up above.

They lie in ``definitions/``:

* ``definitions/<team>.toml``: what one team understands by the words all use. A table per subject, a key per question:
  ``[qualified_lead] score_from = 60``. Or rows team, subject, question, answer of the object ``definitions`` in
  ``alignment/``.
* ``definitions/metrics.toml``: ``[[metric]]`` tables with ``name``, ``version`` and what is to be otherwise than in the
  version before. To write one is to propose it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from revalign_udf.errors import ConfigError, UserError, did_you_mean

__all__ = ["DEFINITIONS_FOLDER", "METRICS_FILE", "Problem", "read_answers", "read_metric_tables"]

DEFINITIONS_FOLDER = "definitions"
METRICS_FILE = "metrics.toml"
#: key of a [[metric]] table -> kind
_KEYS: dict[str, type | tuple[type, ...]] = {
    "name": str, "version": int, "label": str, "family": str, "formula": str, "unit": str, "definition": str,
    "additivity": str, "direction": str, "role": str, "owners": list, "aliases": list, "dimensions": list,
    "counterpart": str, "question": str, "valid_from": (str, date), "source": str, "parameters": Mapping,
}  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something written that cannot be used, and why. ``name`` and ``version`` are those of a metric, where known."""

    error: UserError
    name: str = ""
    version: int = 0

    def __str__(self) -> str:
        return str(self.error)


def read_metric_tables(project: Path) -> tuple[list[Row], list[Problem]]:
    """The ``[[metric]]`` tables of a project, and what is wrong with the others: nothing here stops a build."""
    path = project / DEFINITIONS_FOLDER / METRICS_FILE
    if not path.is_file():
        return [], []
    try:
        raw = _toml(path)
    except ConfigError as error:
        return [], [Problem(error)]
    problems = [Problem(_unknown(path, "table", key, ["metric"])) for key in raw if key != "metric"]
    tables = raw.get("metric", [])
    if not isinstance(tables, list) or not all(isinstance(item, Mapping) for item in tables):
        return [], [*problems, Problem(_kind(path, "metric", "tables, written [[metric]]", tables))]
    found: list[Row] = []
    for number, table in enumerate(tables, 1):
        try:
            clean = _metric_table(path, number, table)
        except ConfigError as error:
            name, version = table.get("name"), table.get("version")
            problems.append(
                Problem(error, name if isinstance(name, str) else "", version if isinstance(version, int) else 0)
            )
            continue
        same = [one for one in found if (one["name"], one.get("version")) == (clean["name"], clean.get("version"))]
        if same:
            twice = f"{path}: version {clean.get('version', '')} of {clean['name']} is written twice."
            problems.append(Problem(ConfigError(twice, code="REV-302", hint="Keep one of them."), clean["name"]))
            continue
        found.append(clean)
    return found, problems


def _metric_table(path: Path, number: int, table: Mapping[str, Any]) -> Row:
    where = f"metric {number}"
    for key, value in table.items():
        if key not in _KEYS:
            raise _unknown(path, "key", key, _KEYS, where)
        wanted = _KEYS[key]
        if not isinstance(value, wanted) or isinstance(value, bool):
            names = [item.__name__ for item in (wanted if isinstance(wanted, tuple) else (wanted,))]
            kinds = {"str": "text", "int": "a whole number", "list": "a list", "Mapping": "a table"}
            raise _kind(path, f"{key} of {where}", " or ".join(kinds.get(item, item) for item in names), value)
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise _kind(path, f"{key} of {where}", "a list of names", value)
    found: Row = {key: value.strip() if isinstance(value, str) else value for key, value in table.items()}
    if not found.get("name"):
        raise ConfigError(f"{path}: {where} does not say its name.", code="REV-305")
    if found.get("version", 1) < 1:
        raise _kind(path, f"version of {where}", "1 or more", found["version"])
    if found.get("valid_from"):
        try:
            given = found["valid_from"]
            day = given.date() if isinstance(given, datetime) else given
            found["valid_from"] = str(day if isinstance(day, date) else date.fromisoformat(str(day)))
        except ValueError:
            raise _kind(path, f"valid_from of {where}", "a date such as 2026-09-30", found["valid_from"]) from None
    if "parameters" in found:
        found["parameters"] = {str(name): str(value).strip() for name, value in found["parameters"].items()}
    return found


def read_answers(project: Path, rows: Sequence[Mapping[str, Any]] = ()) -> tuple[list[Row], list[Problem]]:
    """What each team answers: team, subject, question, answer, of the files of the teams and of ``rows`` of the object
    ``definitions``; and what of it cannot be used. Blank answers are none."""
    found: dict[tuple[str, str, str], Row] = {}
    problems: list[Problem] = []

    def take(row: Row, where: object) -> None:
        key = (_fold(row["team"]), _fold(row["subject"]), _fold(row["question"]))
        if key in found and found[key]["answer"] != row["answer"]:
            twice = f"{where}: {row['team']} answers {row['subject']} {row['question']} twice, and not the same."
            problems.append(Problem(ConfigError(twice, code="REV-302", hint="Keep one of them.")))
            return
        found.setdefault(key, dict(zip(("team", "subject", "question"), key, strict=True)) | {"answer": row["answer"]})

    folder = project / DEFINITIONS_FOLDER
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        if path.name == METRICS_FILE or path.name.startswith((".", "~")):
            continue
        try:
            raw = _toml(path)
        except ConfigError as error:
            problems.append(Problem(error))
            continue
        for subject, questions in raw.items():
            if not isinstance(questions, Mapping):
                problems.append(Problem(_kind(path, subject, f"a table, written [{subject}]", questions)))
                continue
            for question, answer in _leaves(questions):
                take({"team": path.stem, "subject": subject, "question": question, "answer": answer}, path)
    for row in rows:
        answer = _plain(row.get("answer", ""))
        if answer not in ("", []):
            take({**{key: str(row[key]) for key in ("team", "subject", "question")}, "answer": answer}, "alignment")
    return list(found.values()), problems


def _leaves(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = f"{above}.{key}" if above else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, name)
        elif (plain := _plain(value)) not in ("", []):
            yield name, plain


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.strip() if isinstance(value, str) else value


def _fold(text: str) -> str:
    return "_".join(text.casefold().replace("-", " ").split())


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", code="REV-301", hint="Correct that file.") from error


def _unknown(path: Path, kind: str, name: str, known: Mapping[str, Any] | list[str], where: str = "") -> ConfigError:
    near = did_you_mean(name, known)
    hint = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
    return ConfigError(f"{path}: unknown {kind} {name}{f' in {where}' if where else ''}.", code="REV-302", hint=hint)


def _kind(path: Path, name: str, wanted: str, value: object) -> ConfigError:
    return ConfigError(f"{path}: {name} must be {wanted}, not {value!r}.", code="REV-305")
