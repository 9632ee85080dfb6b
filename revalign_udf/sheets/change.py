"""What happens to a block: counts, words, the edits of people that were met, and the requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area
from revalign_udf.sheets.memory import BlockMemory, KeptBlock
from revalign_udf.sheets.requests import Outbox
from revalign_udf.sheets.rules import RuleChange

__all__ = ["BlockChange", "Edit", "Refusal"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A synced cell that a person changed: left alone and logged (``warned``), then written over (``replaced``)."""

    path: str
    tab: str
    cell: str
    row: str
    column: str
    theirs: Json | None
    ours: Json | None
    action: Literal["warned", "replaced"]

    @property
    def words(self) -> str:
        """For the log."""
        said = "left for now, written over at the next sync" if self.action == "warned" else "written over"
        return (
            f"{self.cell} ({self.row}, {self.column}): {show(self.theirs)} entered by hand, {said}: {show(self.ours)}"
        )

    def as_json(self) -> Json:
        """The stable JSON form."""
        return {
            "tab": self.tab, "cell": self.cell, "row": self.row, "column": self.column, "theirs": show(self.theirs),
            "ours": show(self.ours), "action": self.action,
        }  # fmt: skip


def show(value: Json | None) -> str:
    """An entered value for people.

    >>> show({"numberValue": 12.5}), show({"numberValue": 7.0}), show(None)
    ('12.5', '7', '(blank)')
    """
    found = next(iter(value.values())) if value else None
    if isinstance(found, float) and found.is_integer() and abs(found) < 1e15:
        found = int(found)
    return "(blank)" if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan is not carried out as it is."""

    code: str
    path: str
    message: str
    hint: str

    def as_json(self) -> Json:
        """The stable JSON form."""
        return {"code": self.code, "block": self.path, "message": self.message, "hint": self.hint}


@dataclass(slots=True)
class BlockChange:
    """What happens to a block: counts of rows, structural words, requests in order."""

    inserted: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    kept: int = 0
    """rows gone from the source but set apart beneath the block"""
    words: list[str] = field(default_factory=list)
    out: Outbox = field(default_factory=Outbox)
    edits: list[Edit] = field(default_factory=list)
    refusal: Refusal | None = None
    memory: BlockMemory | None = None
    """what to remember once the change has been made"""
    before: KeptBlock | None = None
    area: Area | None = None
    """the rectangle as it will be, before blocks above it grow"""
    grown: int = 0
    """rows the tab gains"""
    rules: RuleChange = field(default_factory=RuleChange)
    """conditional formats"""
    puts: list[Json] = field(default_factory=list)
    """the requests among ``out`` that put them in; their place in the tab's list is still open"""
    shaken: set[int] = field(default_factory=set)
    """rows on the sheet that are deleted or moved"""
