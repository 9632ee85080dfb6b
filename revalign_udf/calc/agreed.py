"""Reading the cells of an agreement: numbers, days, lists and yes or no, as TOML, CSV or a workbook gives them.

Every problem is a ConfigError REV-305 that names the object, the row and the column.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from revalign_udf.errors import ConfigError, UserError, did_you_mean
from revalign_udf.money import exact

__all__ = ["TEAMS", "Cells"]

#: the functions of a company that can agree on something, in the order in which they hand over
TEAMS = ("marketing", "sales", "success", "product", "finance", "support")
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Cells:
    """The cells of one row of an object: ``Cells("commission", 2, row).number("pot")``."""

    def __init__(self, thing: str, place: int, row: Mapping[str, Any]) -> None:
        self.thing, self.place, self.row = thing, place, row

    def problem(self, text: str, hint: str = "") -> ConfigError:
        """A coded error that says where."""
        return ConfigError(f"{self.thing} {self.place}: {text}", code="REV-305", hint=hint)

    def text(self, column: str, default: str = "") -> str:
        """A text; a number as it is written."""
        value = self.row.get(column)
        if value is None or value == "":
            return default
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value).strip()

    def number(self, column: str, default: Fraction | None = None) -> Fraction | None:
        """A number, exactly as written."""
        if (text := self.text(column)) == "":
            return default
        try:
            return exact(text.replace(" ", ""))
        except UserError:
            raise self.problem(f"{column} is {text!r} and no number.") from None

    def whole(self, column: str, default: int, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self.number(column)
        if value is None:
            return default
        if value.denominator != 1 or not low <= value <= high:
            raise self.problem(f"{column} is a whole number from {low} to {high}, not {self.text(column)}.")
        return int(value)

    def day(self, column: str) -> date | None:
        """A date."""
        if not (text := self.text(column)):
            return None
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise self.problem(f"{column} is {text!r} and no date.", "Write 2026-09-30.") from None

    def yes(self, column: str) -> bool | None:
        """Yes or no; None where nothing is said."""
        if not (text := self.text(column).casefold()):
            return None
        if text not in _YES:
            raise self.problem(f"{column} is {text!r}.", "Write yes or no.")
        return _YES[text]

    def one_of(self, column: str, known: Collection[str], default: str = "") -> str:
        """One of some words, in any case."""
        text = self.text(column, default)
        same = [word for word in known if word.casefold() == text.casefold()]
        if same:
            return same[0]
        near = did_you_mean(text, known)
        hint = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
        raise self.problem(f"{column} is {text!r}.", hint)

    def listed(self, column: str) -> tuple[str, ...]:
        """Several texts: a TOML list, or one text with commas."""
        value = self.row.get(column)
        parts = value if isinstance(value, list) else self.text(column).split(",")
        return tuple(text for part in parts if (text := str(part).strip()))
