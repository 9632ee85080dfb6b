"""How a workbook looks: one place for fonts and colours. Number formats are :mod:`revalign_udf.layout.formats`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from revalign_udf.layout import formats
from revalign_udf.layout.model import Cell, Report, Unit
from revalign_udf.layout.palette import ACCENT, ENTRY, ENTRY_TEXT, PALE
from revalign_udf.workbook.formulas import Route

__all__ = ["ACCENT", "BARS", "GREY", "RULE", "Desk", "Styles", "axis_format"]

GREY, RULE = "#767676", "#DDE3E8"

#: the bars within cells: positive and negative, light enough for the number on top
BARS = ("#9EC9E8", "#C9CDD2")


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


Total = Literal["", "first", "more"]
#: where a text on several lines stands in a row that is taller; empty: on one line
Wrapped = Literal["", "top", "vcenter"]


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

    def header(self, *, number: bool = False, computed: bool = False, indent: int = 0) -> Any:
        """A column's head; a computed column's is paler than one that asks the core."""
        back, front = (PALE, ACCENT) if computed else (ACCENT, "#FFFFFF")
        rule = {"bottom": 1, "bottom_color": ACCENT, "left": 1, "left_color": "#FFFFFF"}
        align = "right" if number else "left"
        marks: dict[str, object] = {"indent": indent} if indent else {}
        return self(bold=True, text_wrap=True, align=align, bg_color=back, font_color=front, **rule, **marks)

    def body(
        self,
        form: str,
        cell: Cell,
        *,
        wrapped: Wrapped = "",
        total: Total = "",
        indent: int = 0,
        computed: bool = False,
    ) -> Any:
        """A cell of a block. A text that Excel would take for a formula when edited is marked as text, unless a formula
        gives it (``computed``).

        ``wrapped``: on several lines, and where in a row that is taller.
        ``total``: the first of the rows of totals has a rule above. ``indent`` keeps a text off the number left of it.
        """
        marks: dict[str, object] = {"italic": True} if cell.partial else {}
        if wrapped:
            marks |= {"text_wrap": True, "valign": wrapped}
        computed = computed or bool(cell.call or cell.formula or cell.name)
        if not computed and isinstance(cell.value, str) and cell.value[:1] in ("=", "+", "-", "@", "\t", "\r"):
            marks["quote_prefix"] = True
        if indent:
            marks |= {"align": "left", "indent": indent}
        if total:
            marks |= {"bold": True} | ({"top": 1, "top_color": ACCENT} if total == "first" else {})
        if cell.entry:
            marks |= {"bg_color": ENTRY, "font_color": ENTRY_TEXT, "locked": False}
        return self(num_format=form, bottom=1, bottom_color=RULE, **marks)

    def spare(self, form: str, indent: int = 0) -> Any:
        """A cell a table may grow into: nothing but the number format, and a place for its text."""
        marks: dict[str, object] = {"align": "left", "indent": indent} if indent else {}
        return self(num_format=form, **marks)

    def link(self, **more: object) -> Any:
        """A link inside the workbook."""
        return self(font_color="#0072B2", underline=1, **more)
