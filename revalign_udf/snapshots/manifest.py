"""What a snapshot says of itself: ``manifest.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from revalign_udf.errors import NoData
from revalign_udf.metrics import Declared, Metric
from revalign_udf.periods import Calendar

__all__ = ["FORMAT", "FactInfo", "Manifest", "SourceInfo", "damaged"]

#: version of the snapshot format; a reader refuses a newer one
FORMAT = 1


def damaged(path: Path, why: str) -> NoData:
    """The error for a snapshot that cannot be trusted."""
    return NoData(
        f"The snapshot {path.name} is damaged: {why}.", code="REV-207", hint="Publish a new one: revalign build."
    )


@dataclass(frozen=True, slots=True)
class FactInfo:
    """One fact table: its rows, the days it spans, through which day its sources are complete, and its file."""

    name: str
    rows: int
    first_day: date | None = None
    last_day: date | None = None
    watermark: date | None = None
    tables: tuple[str, ...] = ()
    hash: str = ""
    size: int = 0
    currencies: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    """(name, type) of a table without rows, which has no file"""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """How fresh a connection is."""

    name: str
    connector: str
    complete_through: date
    pulled_at: str
    rejects: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a reader needs besides the Parquet files. ``content`` is the hash of what was published."""

    label: str
    as_of: date
    created_at: str
    company: str
    currency: str
    time_zone: str
    fiscal_year_start: int
    facts: Mapping[str, FactInfo]
    sources: tuple[SourceInfo, ...]
    metrics: tuple[Metric, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    declared: Mapping[str, Any] = field(default_factory=dict)
    """facts, components and dimensions it was published with, as plain data"""
    variants: Mapping[str, str] = field(default_factory=dict)
    """rules of movements -> the table that answers them"""
    objects: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """the project's agreements by name, each a list of rows; see :mod:`revalign_udf.config.objects`"""
    versions: Sequence[Mapping[str, Any]] = ()
    """every version of the metrics the project has written of: state, signatures, the whole text"""
    content: str = ""
    version: str = ""
    format: int = FORMAT
    fiscal_weeks: str = ""
    fiscal_year_end_day: str = "saturday"
    fiscal_year_end: str = "last"

    @property
    def calendar(self) -> Calendar:
        """How the company names its periods."""
        return Calendar(self.fiscal_year_start, self.fiscal_weeks, self.fiscal_year_end_day, self.fiscal_year_end)

    @property
    def additions(self) -> Declared:
        """What was declared when it was published: the catalogue's, the project's and the plugins'."""
        return Declared.from_dict(self.declared)

    def write(self, folder: Path) -> None:
        """Write ``manifest.json`` into a folder."""
        plain = _plain(self)
        plain["facts"] = {name: _plain(info) for name, info in self.facts.items()}
        plain["sources"] = [_plain(source) for source in self.sources]
        plain["metrics"] = [metric.as_dict() for metric in self.metrics]
        text = json.dumps(plain, default=str, sort_keys=True)
        (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read a snapshot's manifest. Raises NoData REV-207 when it is damaged."""
        try:
            raw = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            if raw["format"] > FORMAT:
                raise damaged(folder, f"it has format {raw['format']}, this Revalign reads up to {FORMAT}")
            facts = {
                name: FactInfo(
                    **{
                        **info,
                        **{key: _day(info[key]) for key in ("first_day", "last_day", "watermark")},
                        "tables": tuple(info["tables"]),
                        "currencies": tuple(info["currencies"]),
                        "columns": tuple((name, kind) for name, kind in info.get("columns", ())),
                    }
                )
                for name, info in raw["facts"].items()
            }
            sources = tuple(
                SourceInfo(**{**info, "complete_through": date.fromisoformat(info["complete_through"])})
                for info in raw["sources"]
            )
            return cls(
                **{
                    **raw,
                    "as_of": date.fromisoformat(raw["as_of"]),
                    "facts": facts,
                    "sources": sources,
                    "metrics": tuple(Metric.from_dict(item) for item in raw["metrics"]),
                }
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(folder, f"its manifest cannot be read ({type(error).__name__})") from error


def _plain(item: FactInfo | SourceInfo | Manifest) -> dict[str, Any]:
    """The fields as they are; ``asdict`` copies every value, down to each column's name."""
    return {one.name: getattr(item, one.name) for one in fields(item)}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
