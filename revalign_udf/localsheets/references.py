"""References that move with a copy: what is relative shifts, what is pinned with ``$`` stays."""

from __future__ import annotations

import re

from revalign_udf.calc.letters import column_index, column_letters

__all__ = ["copied"]

_PART = re.compile(
    r"\"(?:[^\"]|\"\")*\""  # text
    r"|(?P<sheet>(?:'(?:[^']|'')+'|[A-Za-z_][A-Za-z0-9_.]*)!)?"
    r"(?:"
    r"(?P<cells>\$?[A-Za-z]{1,3}\$?[1-9]\d*(?::\$?[A-Za-z]{1,3}(?:\$?[1-9]\d*)?)?)(?![A-Za-z0-9_(.!])"
    r"|(?P<columns>\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3})(?![A-Za-z0-9_(.!$])"
    r"|(?<![A-Za-z0-9_$.:])(?P<rows>\$?[1-9]\d*:\$?[1-9]\d*)(?![A-Za-z0-9_.])"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)"
    r")"
)
_CORNER = re.compile(r"(\$?)([A-Za-z]{1,3})?(\$?)(\d+)?$")


def copied(formula: str, down: int, across: int) -> str:
    """The formula as it stands after it was copied somewhere else.

    Args:
        formula: text beginning with ``=``.
        down: rows further down.
        across: columns further to the right.

    >>> copied('=A1+$B$2&"C3"', 1, 1), copied("=SUM(B:B,2:2)", 1, 1), copied("=A1", -1, 0)
    ('=B2+$B$2&"C3"', '=SUM(C:C,3:3)', '=#REF!')
    """
    if not (down or across):
        return formula

    def one(found: re.Match[str]) -> str:
        reference = found["cells"] or found["columns"] or found["rows"]
        if not reference:
            return found[0]
        corners = [_corner(part, down, across) for part in reference.split(":")]
        if None in corners:
            return "#REF!"
        return (found["sheet"] or "") + ":".join(corner for corner in corners if corner)

    return _PART.sub(one, formula)


def _corner(text: str, down: int, across: int) -> str | None:
    found = _CORNER.match(text)
    if found is None:
        return text
    pin_column, letters, pin_row, digits = found.groups()
    if letters is None:  # only a row: its pin was read as the column's
        pin_row, pin_column = pin_column or pin_row, ""
    made = ""
    if letters:
        column = column_index(letters) + (0 if pin_column else across)
        if column < 0:
            return None
        made += pin_column + column_letters(column)
    if digits:
        row = int(digits) + (0 if pin_row else down)
        if row < 1:
            return None
        made += pin_row + str(row)
    return made
