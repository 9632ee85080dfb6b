"""What conditional formats and alternating colours add to the format a cell shows.

Rules on values and text are worked out; custom formulas, dates and colour scales are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from revalign_udf.localsheets.book import Cell, Json, Rect, Sheet
from revalign_udf.localsheets.formats import show, typed

__all__ = ["banding_of", "rule_format"]


def _covers(sheet: Sheet, given: Mapping[str, Any], row: int, column: int) -> bool:
    rect = Rect(
        sheet.id,
        int(given.get("startRowIndex", 0)),
        int(given.get("startColumnIndex", 0)),
        int(given.get("endRowIndex", sheet.rows)),
        int(given.get("endColumnIndex", sheet.columns)),
    )
    return rect.holds(row, column)


def rule_format(sheet: Sheet, row: int, column: int, cell: Cell) -> Json:
    """The format of the rules that hold for a cell; of two that set the same, the first wins."""
    made: Json = {}
    for rule in sheet.conditional_formats:
        boolean = rule.get("booleanRule")
        if boolean is None or not any(_covers(sheet, item, row, column) for item in rule["ranges"]):
            continue
        if _holds(boolean.get("condition", {}), cell):
            for name, value in boolean.get("format", {}).items():
                if isinstance(value, Mapping) and name == "textFormat":
                    made[name] = {**value, **made.get(name, {})}
                else:
                    made.setdefault(name, value)
    return made


def _number(text: str) -> float | None:
    """What was typed as a number of the spreadsheet's country."""
    value = typed(text)[0]
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_NUMBERS: dict[str, Callable[[float, list[float]], bool]] = {
    "NUMBER_GREATER": lambda value, given: value > given[0],
    "NUMBER_GREATER_THAN_EQ": lambda value, given: value >= given[0],
    "NUMBER_LESS": lambda value, given: value < given[0],
    "NUMBER_LESS_THAN_EQ": lambda value, given: value <= given[0],
    "NUMBER_EQ": lambda value, given: value == given[0],
    "NUMBER_NOT_EQ": lambda value, given: value != given[0],
    "NUMBER_BETWEEN": lambda value, given: min(given) <= value <= max(given),
    "NUMBER_NOT_BETWEEN": lambda value, given: not min(given) <= value <= max(given),
}
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "TEXT_CONTAINS": lambda shown, given: given in shown,
    "TEXT_NOT_CONTAINS": lambda shown, given: given not in shown,
    "TEXT_STARTS_WITH": lambda shown, given: shown.startswith(given),
    "TEXT_ENDS_WITH": lambda shown, given: shown.endswith(given),
    "TEXT_EQ": lambda shown, given: shown == given,
    "TEXT_NOT_EQ": lambda shown, given: shown != given,
}


def _holds(condition: Mapping[str, Any], cell: Cell) -> bool:
    kind = str(condition.get("type", ""))
    given = [str(item.get("userEnteredValue", "")) for item in condition.get("values", ())]
    shown = cell.error or show(cell.value, cell.format.get("numberFormat"))
    if kind == "BLANK":
        return not shown
    if kind == "NOT_BLANK":
        return bool(shown)
    if kind in _TEXTS and given:
        return _TEXTS[kind](shown.casefold(), given[0].casefold())
    numbers = [number for number in map(_number, given) if number is not None]
    plain = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    if kind in _NUMBERS and numbers and len(numbers) == len(given) and plain and not cell.error:
        return _NUMBERS[kind](float(cell.value or 0), numbers)
    return False


def banding_of(sheet: Sheet, row: int, column: int) -> Json:
    """The background alternating colours give a cell; columns go over rows."""
    made: Json = {}
    for item in sheet.bandings:
        if not _covers(sheet, item["range"], row, column):
            continue
        for name, at, start, end in (
            ("rowProperties", row, "startRowIndex", "endRowIndex"),
            ("columnProperties", column, "startColumnIndex", "endColumnIndex"),
        ):
            if name in item:
                size = sheet.rows if name == "rowProperties" else sheet.columns
                first, last = int(item["range"].get(start, 0)), int(item["range"].get(end, size)) - 1
                made |= _band(item[name], at - first, last - first)
    return made


def _band(properties: Mapping[str, Any], at: int, last: int) -> Json:
    if at == 0 and "headerColor" in properties:
        name = "headerColor"
    elif at == last and "footerColor" in properties:
        name = "footerColor"
    else:
        odd = (at - ("headerColor" in properties)) % 2
        name = "secondBandColor" if odd else "firstBandColor"
    if name not in properties:
        return {}
    return {"backgroundColor": properties[name], "backgroundColorStyle": properties.get(f"{name}Style", {})}
