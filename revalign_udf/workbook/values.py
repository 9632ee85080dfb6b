"""What a file holds as the value of a cell, and how a value is written there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from revalign_udf.calc.results import CellError
from revalign_udf.workbook.book import plain_text
from revalign_udf.workbook.engine import SHIFT_1904, Value
from revalign_udf.workbook.sheetxml import Node

__all__ = ["PLAIN_ERRORS", "same", "shown", "stored", "written"]

#: errors a file may hold. Excel keeps newer ones (#SPILL!, #CALC!) as #VALUE! with a note beside, and other readers
#: refuse a whole sheet for one of them
PLAIN_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})
#: two results of a native formula are the same number when they agree to the 15 digits Excel keeps
_PRECISE = 5e-15
#: below this a sum that cancels out is 0 to Excel
_NOTHING = 1e-9
_LONGEST = 32_767
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff\r]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell knows no time zone


def stored(node: Node | None, strings: Callable[[], Sequence[str]], *, date1904: bool = False) -> Value:
    """The value a file holds for a cell; None for none, or one that cannot be read."""
    if node is None:
        return None
    kind, text = node.attributes.get("t", "n"), node.value
    if kind == "inlineStr":
        return plain_text(node.inline or "")
    if kind == "str" and text is not None:
        return plain_text(text)
    if text is None or not text.strip():
        return None
    try:
        if kind == "s":
            return strings()[int(text)]
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind == "e":
            return CellError(text.strip())
        if kind == "d":
            day = datetime.fromisoformat(text.strip().removesuffix("Z"))
            return (day - _DAY_ZERO).total_seconds() / 86_400 - (SHIFT_1904 if date1904 else 0)
        return float(text)
    except (ValueError, IndexError):
        return None


def same(old: Value, new: Value, *, exact: bool) -> bool:
    """Whether a stored value is the computed one; ``exact``: to the last bit, else to the digits Excel keeps.

    >>> same(0.1 + 0.2, 0.3, exact=False), same(0.1 + 0.2, 0.3, exact=True), same(1.0, True, exact=False)
    (True, False, False)
    """
    if isinstance(old, bool) or isinstance(new, bool) or isinstance(old, str) or isinstance(new, str):
        if isinstance(new, CellError) and new not in PLAIN_ERRORS:
            new = CellError("#VALUE!")
        return type(old) is type(new) and old == new
    if old is None or new is None:
        return old is new
    if old == new:
        return True
    if exact:
        return False
    if not old or not new:
        return abs(old - new) < _NOTHING
    return abs(old - new) <= _PRECISE * max(abs(old), abs(new))


def written(value: Value) -> tuple[str, str]:
    """The type and the text of a value in a file.

    >>> written(5.0), written(0.1), written("a & b"), written(CellError("#SPILL!")), written(True)
    (('', '5'), ('', '0.1'), ('str', 'a &amp; b'), ('e', '#VALUE!'), ('b', '1'))
    """
    if value is None:
        return "", ""
    if isinstance(value, CellError):
        return "e", value if value in PLAIN_ERRORS else "#VALUE!"
    if isinstance(value, bool):
        return "b", str(int(value))
    if isinstance(value, str):
        if len(value) > _LONGEST:
            return "e", "#VALUE!"
        text = _LOOKS_ESCAPED.sub("_x005F_", value)
        text = _UNWRITABLE.sub(lambda sign: f"_x{ord(sign[0]):04X}_", text)
        return "str", escape(text)
    if value.is_integer() and abs(value) < 1e15:
        return "", str(int(value))
    return "", repr(value).upper()


def shown(value: Value) -> str:
    """A value for people.

    >>> shown(None), shown(True), shown("x"), shown(0.5), shown(CellError("#N/A"))
    ('nothing', 'TRUE', '"x"', '0.5', '#N/A')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, CellError):
        return str(value)
    return f'"{value}"' if isinstance(value, str) else written(value)[1]
