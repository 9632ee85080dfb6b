"""How a workbook looks: one place for fonts and colours. Number formats are :mod:`revalign_udf.layout.formats`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from revalign_udf.layout import formats
from revalign_udf.layout.model import Cell, Report, Unit
from revalign_udf.workbook.formulas import Route

__all__ = ["ACCENT", "GREY", "PALETTE", "RULE", "Desk", "Styles", "axis_format"]

ACCENT, GREY, PALE, RULE = "#0B3C5D", "#767676", "#EAF1F6", "#DDE3E8"

#: Okabe and Ito: told apart with every kind of colour vision
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000")


def axis_format(unit: Unit, currency: str, largest: float) -> str:
    """The number format of a chart's axis: as short as it can be read."""
    if unit == "rate":
        return "0%" if largest >= 0.2 else "0.0%"
    if largest >= 2_000_000:
        body = '0.0,,"M"'
    elif largest >= 10_000:
        body = '#,##0,"k"'
    elif unit in ("count", "points") or largest >= 100:
        body = "#,##0"
    else:
        body = "0.0"
    signed = (formats.sign(currency) if unit == "money" else "") + body
    return f"{signed};-{signed};0"  # a bare 0 instead of "€0k"


@dataclass(frozen=True, slots=True)
class Desk:
    """What every writer of a workbook has at hand."""

    book: Any
    report: Report
    styles: Styles
    route: Route


class Styles:
    """Formats of one workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, object], ...], Any] = {}

    def __call__(self, **properties: object) -> Any:
        """The format with these XlsxWriter properties on top of the house font."""
        known = tuple(sorted({"font_name": "Arial", "font_size": 10, "valign": "vcenter", **properties}.items()))
        if known not in self._made:
            self._made[known] = self._book.add_format(dict(known))
        return self._made[known]

    def title(self, size: int = 16) -> Any:
        """A heading."""
        return self(font_size=size, bold=True, font_color=ACCENT)

    def quiet(self, **more: object) -> Any:
        """Small grey text beside the matter."""
        return self(font_size=9, font_color=GREY, **more)

    def header(self, *, number: bool = False, computed: bool = False) -> Any:
        """A column's head; a computed column's is paler than one that asks the core."""
        back, front = (PALE, ACCENT) if computed else (ACCENT, "#FFFFFF")
        rule = {"bottom": 1, "bottom_color": ACCENT, "left": 1, "left_color": "#FFFFFF"}
        align = "right" if number else "left"
        return self(bold=True, text_wrap=True, align=align, bg_color=back, font_color=front, **rule)

    def body(self, form: str, cell: Cell, *, wrapped: bool = False) -> Any:
        """A cell of a block. A text that Excel would take for a formula when edited is marked as text."""
        marks: dict[str, object] = {"italic": True} if cell.partial else {}
        if wrapped:
            marks |= {"text_wrap": True, "valign": "top"}
        if isinstance(cell.value, str) and cell.value[:1] in ("=", "+", "-", "@", "\t", "\r"):
            marks["quote_prefix"] = True
        return self(num_format=form, bottom=1, bottom_color=RULE, **marks)

    def link(self, **more: object) -> Any:
        """A link inside the workbook."""
        return self(font_color="#0072B2", underline=1, **more)
