"""Conditional formats: what the look of cells says about their values, also when these change.

An error is grey, an amount that rounds to nothing is a plain 0, and the rules a layout asks for. Formulas in place of
Excel's ready-made tests: to those a blank cell is 0 and an empty text is larger than any number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from xlsxwriter.utility import xl_range, xl_range_abs, xl_rowcol_to_cell

from revalign_udf.layout import formats
from revalign_udf.layout.model import Block, Rule
from revalign_udf.layout.palette import FLAG, HEAT
from revalign_udf.workbook.formulas import quoted
from revalign_udf.workbook.gaps import MISSING, drawn_as_lines, gaps
from revalign_udf.workbook.styles import ACCENT, BARS, RULE, Desk

__all__ = ["write_rules"]

#: how far up the heat scale a white number is read better than a black one: there both have a contrast of 4.6
_DARK = 0.94


def write_rules(desk: Desk, sheet: Any, block: Block, first: int, forms: Sequence[str], spare: int = 0) -> None:
    """The conditional formats of a block whose data begin in row ``first``; ``spare`` rows beneath may be filled too."""
    last = first + max(len(block.rows), 1) - 1
    width = len(block.columns)
    for area in _missing(block, first):
        # a gap in the table, and no 0 in the chart; any other error stays to be seen
        test = f"=ISNA({xl_rowcol_to_cell(area[0], area[1])})"
        hidden = desk.book.add_format({"font_color": "#FFFFFF"})
        gap = {"type": "formula", "criteria": test, "format": hidden, "stop_if_true": True}
        sheet.conditional_format(*area, gap)
    grey = {"type": "errors", "format": desk.book.add_format({"font_color": "#A6A6A6"})}
    sheet.conditional_format(first, 0, last + spare, width - 1, grey)
    _no_minus_zero(desk, sheet, block, first, forms, spare)
    data = last - block.totals
    places = {column.key: number for number, column in enumerate(block.columns)}
    for rule in block.rules:
        columns = [places[name] for name in rule.columns if name in places]
        if rule.kind == "flag":
            for number in columns:
                _flag(desk, sheet, rule, number, (first, last + spare))
        elif data >= first and columns:
            # rows that come later belong to the scale, unless totals stand between
            rows = first, data if block.totals else last + spare
            (_heat if rule.kind == "heat" else _bars)(desk, sheet, rule, columns, block, rows)
    if block.spill and block.totals:
        _spilled_totals(desk, sheet, block, first, spare)
    if spare:
        filled = f'={xl_rowcol_to_cell(last + 1, 0, col_abs=True)}<>""'
        line = {
            "type": "formula",
            "criteria": filled,
            "format": desk.book.add_format({"bottom": 1, "bottom_color": RULE}),
        }
        sheet.conditional_format(last + 1, 0, last + spare, width - 1, line)


def _missing(block: Block, first: int) -> Iterable[tuple[int, int, int, int]]:
    """The cells of lines that are ``#N/A`` where there is no number, those below each other together."""
    drawn = drawn_as_lines(block)
    if block.spill or not drawn:
        # any cell of a table may become one
        yield from ((first, number, first + len(block.rows) - 1, number) for number in sorted(drawn) if block.rows)
        return
    rows = [gaps(block, cells, drawn) for cells in block.rows]
    for number in sorted(drawn):
        for gap, group in groupby(enumerate(row[number] for row in rows), lambda pair: pair[1]):
            found = [down for down, _ in group]
            if gap == MISSING:
                yield first + found[0], number, first + found[-1], number


def _no_minus_zero(desk: Desk, sheet: Any, block: Block, first: int, forms: Sequence[str], spare: int) -> None:
    for number, column in enumerate(block.columns):
        own = [cells[number].format for cells in block.rows]
        if not any(own) and (column.unit != "money" or column.format):
            continue
        usual = forms[number] if column.unit == "money" and not column.format else ""
        shown = [form or usual for form in own] or [usual]
        if not any(own):
            shown += [usual] * spare
        for form, group in groupby(range(len(shown)), shown.__getitem__):
            if not form or ";" in form or formats.kind(form) != "CURRENCY":
                continue
            rows = list(group)
            edge = 0.5 * 10.0 ** -form.partition(".")[2].count("0")
            zero = desk.book.add_format({"num_format": f"{form};{form}"})
            rule = {"type": "cell", "criteria": "between", "minimum": -edge, "maximum": 0, "format": zero}
            sheet.conditional_format(first + rows[0], number, first + rows[-1], number, rule)


def _heat(desk: Desk, sheet: Any, rule: Rule, columns: Sequence[int], block: Block, rows: tuple[int, int]) -> None:
    """One scale over all the columns; numbers on its dark end are white."""
    del block
    areas = list(_areas(columns, rows))
    ends = {"min_color": HEAT[0], "max_color": HEAT[1]}
    low = {"min_type": "min"} if rule.low is None else {"min_type": "num", "min_value": rule.low}
    high = {"max_type": "max"} if rule.high is None else {"max_type": "num", "max_value": rule.high}
    every = ",".join(xl_range_abs(*area) for area in areas)
    bottom = f"MIN({every})" if rule.low is None else _number(rule.low)
    top = f"MAX({every})" if rule.high is None else _number(rule.high)
    white = desk.book.add_format({"font_color": "#FFFFFF"})
    for area in areas:
        cell = xl_rowcol_to_cell(area[0], area[1])
        dark = f"=AND(ISNUMBER({cell}),{top}>{bottom},{cell}>={bottom}+{_DARK}*({top}-{bottom}))"
        sheet.conditional_format(*area, {"type": "formula", "criteria": dark, "format": white})
    where = {} if len(areas) == 1 else {"multi_range": " ".join(xl_range(*area) for area in areas)}
    sheet.conditional_format(*areas[0], {"type": "2_color_scale", **ends, **low, **high, **where})


def _bars(desk: Desk, sheet: Any, rule: Rule, columns: Sequence[int], block: Block, rows: tuple[int, int]) -> None:
    """A bar in each cell from 0 on; to the left of an axis where a number is negative."""
    del desk
    first, last = rows
    for number in columns:
        values = [cells[number].value for cells in block.rows[: last - first + 1]]
        negative = any(isinstance(value, int | float) and value < 0 for value in values)
        low = rule.low if rule.low is not None else None if negative else 0
        bar: dict[str, object] = {"type": "data_bar", "bar_solid": True, "bar_no_border": True, "bar_color": BARS[0]}
        bar |= {"bar_negative_color": BARS[1], "bar_axis_color": "#7F7F7F"}
        bar |= {} if low is None else {"min_type": "num", "min_value": low}
        bar |= {} if rule.high is None else {"max_type": "num", "max_value": rule.high}
        sheet.conditional_format(first, number, last, number, bar)


def _flag(desk: Desk, sheet: Any, rule: Rule, column: int, rows: tuple[int, int]) -> None:
    """Bold on amber. A blank cell passes no test, and text none against a number."""
    cell = xl_rowcol_to_cell(rows[0], column)
    if isinstance(rule.limit, str):
        test = f'=AND({cell}<>"",ISTEXT({cell}),{cell}{rule.test}{quoted(rule.limit)})'
    else:
        test = f"=AND(ISNUMBER({cell}),{cell}{rule.test}{_number(rule.limit or 0.0)})"
    marked = desk.book.add_format({"bold": True, "bg_color": FLAG})
    sheet.conditional_format(rows[0], column, rows[1], column, {"type": "formula", "criteria": test, "format": marked})


def _spilled_totals(desk: Desk, sheet: Any, block: Block, first: int, spare: int) -> None:
    """Totals of a spill stay bold wherever they move when it grows: by the word they begin with."""
    words = list(dict.fromkeys(row[0].value for row in block.rows[-block.totals :]))
    cell = xl_rowcol_to_cell(first, 0, col_abs=True)
    area = first, 0, first + len(block.rows) - 1 + spare, len(block.columns) - 1
    look = desk.book.add_format({"bold": True, "top": 1, "top_color": ACCENT})
    for word in words:
        if isinstance(word, str) and word:
            sheet.conditional_format(*area, {"type": "formula", "criteria": f"={cell}={quoted(word)}", "format": look})


def _areas(columns: Iterable[int], rows: tuple[int, int]) -> Iterable[tuple[int, int, int, int]]:
    """The rectangles of some columns, neighbours together."""
    for _, group in groupby(enumerate(sorted(set(columns))), lambda pair: pair[1] - pair[0]):
        found = [column for _, column in group]
        yield rows[0], found[0], rows[1], found[-1]


def _number(value: float) -> str:
    return repr(float(value)).upper()
