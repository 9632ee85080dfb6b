"""Conditional formats: which cells they touch, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from revalign_udf.localsheets.book import Book, Cell, Json, Rect, Scalar, Sheet
from revalign_udf.localsheets.expressions import single
from revalign_udf.localsheets.formats import show, typed
from revalign_udf.localsheets.formulas import CellError, evaluate
from revalign_udf.localsheets.view.colours import Colour, colour_of

__all__ = ["Conditions", "described"]

_SIGNS = {
    "NUMBER_GREATER": ">",
    "NUMBER_GREATER_THAN_EQ": "≥",
    "NUMBER_LESS": "<",
    "NUMBER_LESS_THAN_EQ": "≤",
    "NUMBER_EQ": "=",
    "NUMBER_NOT_EQ": "≠",
    "DATE_AFTER": "after",
    "DATE_BEFORE": "before",
    "DATE_EQ": "on",
    "TEXT_CONTAINS": "contains",
    "TEXT_NOT_CONTAINS": "does not contain",
    "TEXT_STARTS_WITH": "starts with",
    "TEXT_ENDS_WITH": "ends with",
    "TEXT_EQ": "is",
    "TEXT_NOT_EQ": "is not",
    "BLANK": "is blank",
    "NOT_BLANK": "is not blank",
    "CUSTOM_FORMULA": "formula",
    "NUMBER_BETWEEN": "between",
    "NUMBER_NOT_BETWEEN": "not between",
}


@dataclass(frozen=True, slots=True)
class _Scale:
    """A colour scale: two or three values, each with its colour."""

    points: tuple[tuple[float, Colour], ...]

    def at(self, value: float) -> Colour:
        low, high = self.points[0], self.points[-1]
        if value <= low[0]:
            return low[1]
        for left, right in zip(self.points, self.points[1:], strict=False):
            if value <= right[0]:
                share = (value - left[0]) / (right[0] - left[0]) if right[0] > left[0] else 1.0
                return tuple(a + (b - a) * share for a, b in zip(left[1], right[1], strict=True))  # type: ignore[return-value]
        return high[1]


class Conditions:
    """The conditional formats of a tab."""

    def __init__(self, book: Book, sheet: Sheet) -> None:
        self.book, self.sheet = book, sheet
        self.rules = [
            (rule, [book.rect(item) for item in rule.get("ranges", ())]) for rule in sheet.conditional_formats
        ]
        self._scales: dict[int, _Scale | None] = {}

    def at(self, row: int, column: int, cell: Cell) -> Json:
        """The format the rules add to a cell; of two rules the one that stands first wins."""
        made: Json = {}
        for number, (rule, rects) in enumerate(self.rules):
            if not any(rect.holds(row, column) for rect in rects):
                continue
            if "booleanRule" in rule:
                if self._holds(rule["booleanRule"].get("condition", {}), row, column, cell, rects[0]):
                    made = _beneath(made, rule["booleanRule"].get("format", {}))
            elif "gradientRule" in rule and isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
                if number not in self._scales:
                    self._scales[number] = self._scale(rule["gradientRule"], rects)
                scale = self._scales[number]
                if scale is not None and "backgroundColorStyle" not in made:
                    parts = dict(zip(("red", "green", "blue"), scale.at(float(cell.value)), strict=True))
                    made["backgroundColorStyle"] = {"rgbColor": parts}
        return made

    def _value(self, text: str, row: int, column: int, home: Rect) -> Scalar:
        """What a condition is compared with: typed text, or a formula beside the range's first cell."""
        if text.startswith("="):
            shift = (row - home.top, column - home.left)
            try:
                return single(evaluate(self.book, self.sheet.id, text, row, column, shift))
            except CellError:
                return None
        return typed(text)[0]

    def _holds(self, condition: Mapping[str, Any], row: int, column: int, cell: Cell, home: Rect) -> bool:
        kind = str(condition.get("type", ""))
        texts = [str(item.get("userEnteredValue", "")) for item in condition.get("values", ())]
        if kind == "BLANK":
            return cell.value in {None, ""} and not cell.error
        if kind == "NOT_BLANK":
            return cell.error != "" or cell.value not in {None, ""}
        if kind == "CUSTOM_FORMULA":
            return bool(texts) and self._value(texts[0], row, column, home) not in {None, False, ""}
        if cell.error:
            return False
        if kind.startswith("TEXT"):
            return _text_holds(kind, show(cell.value, cell.format.get("numberFormat")), texts)
        value = cell.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        limits = [self._value(text, row, column, home) for text in texts]
        numbers = [float(item) for item in limits if isinstance(item, int | float)]
        return _number_holds(kind, float(value), numbers)

    def _scale(self, rule: Mapping[str, Any], rects: list[Rect]) -> _Scale | None:
        values = sorted(_numbers(self.sheet, rects))
        if not values:
            return None
        points: list[tuple[float, Colour]] = []
        for name in ("minpoint", "midpoint", "maxpoint"):
            point = rule.get(name)
            colour = colour_of(point, "color") if point else None
            if point and colour is not None:
                points.append((_stop(point, values), colour))
        return _Scale(tuple(points)) if len(points) > 1 else None


def _beneath(upper: Json, lower: Mapping[str, Any]) -> Json:
    """Two formats in one; the upper one wins."""
    made = {**lower, **upper}
    if "textFormat" in lower and "textFormat" in upper:
        made["textFormat"] = {**lower["textFormat"], **upper["textFormat"]}
    return made


def _numbers(sheet: Sheet, rects: list[Rect]) -> Iterator[float]:
    for key, cell in sheet.cells.items():
        if (
            isinstance(cell.value, int | float)
            and not isinstance(cell.value, bool)
            and any(r.holds(*key) for r in rects)
        ):
            yield float(cell.value)


def _stop(point: Mapping[str, Any], values: list[float]) -> float:
    kind, low, high = str(point.get("type", "MIN")), values[0], values[-1]
    found = typed(str(point.get("value", "0")))[0]
    given = float(found) if isinstance(found, int | float) else 0.0
    if kind == "MIN":
        return low
    if kind == "MAX":
        return high
    if kind == "PERCENT":
        return low + (high - low) * given / 100
    if kind == "PERCENTILE":
        place = (len(values) - 1) * given / 100
        left = min(int(place), len(values) - 1)
        right = min(left + 1, len(values) - 1)
        return values[left] + (values[right] - values[left]) * (place - left)
    return given


def _text_holds(kind: str, shown: str, texts: list[str]) -> bool:
    if not texts:
        return False
    has, wanted = shown.lower(), texts[0].lower()
    return {
        "TEXT_CONTAINS": wanted in has,
        "TEXT_NOT_CONTAINS": wanted not in has,
        "TEXT_STARTS_WITH": has.startswith(wanted),
        "TEXT_ENDS_WITH": has.endswith(wanted),
        "TEXT_EQ": has == wanted,
        "TEXT_NOT_EQ": has != wanted,
    }.get(kind, False)


def _number_holds(kind: str, value: float, limits: list[float]) -> bool:
    if kind.endswith("BETWEEN"):
        if len(limits) < 2:
            return False
        return (min(limits) <= value <= max(limits)) == (kind == "NUMBER_BETWEEN")
    if not limits:
        return False
    limit = limits[0]
    return {
        "NUMBER_GREATER": value > limit,
        "NUMBER_GREATER_THAN_EQ": value >= limit,
        "NUMBER_LESS": value < limit,
        "NUMBER_LESS_THAN_EQ": value <= limit,
        "NUMBER_EQ": value == limit,
        "NUMBER_NOT_EQ": value != limit,
        "DATE_AFTER": value > limit,
        "DATE_BEFORE": value < limit,
        "DATE_EQ": value == limit,
    }.get(kind, False)


def described(rule: Mapping[str, Any]) -> str:
    """A rule in words."""
    if "gradientRule" in rule:
        return "colour scale"
    condition = rule.get("booleanRule", {}).get("condition", {})
    kind = str(condition.get("type", ""))
    values = " and ".join(str(item.get("userEnteredValue", "")) for item in condition.get("values", ()))
    return f"{_SIGNS.get(kind, kind.lower().replace('_', ' '))} {values}".strip()
