"""Excel's error values as the whole numbers COM carries.

A cell that holds an error arrives in Python as such a number, and an error goes back as one: numbers of ours are always
floats, so a whole number in the range below is an error and nothing else. The generated VBA module turns it into a
real error value with ``CVErr``; through xlwings alone it would stay a number, which is why that module and no other
belongs into the add-in.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CODES", "MISSING", "code_of", "text_of"]

#: added to the number of an error (``xlErrNA`` is 2042) in the variant that carries it
_BASE = -2146828288
_NUMBERS = {
    "#NULL!": 2000,
    "#DIV/0!": 2007,
    "#VALUE!": 2015,
    "#REF!": 2023,
    "#NAME?": 2029,
    "#NUM!": 2036,
    "#N/A": 2042,
    "#GETTING_DATA": 2043,
    "#SPILL!": 2045,
    "#CONNECT!": 2046,
    "#BLOCKED!": 2047,
    "#UNKNOWN!": 2048,
    "#FIELD!": 2049,
    "#CALC!": 2050,
}

#: what COM carries for an optional argument that was left out
MISSING = -2147352572

CODES = MappingProxyType({text: _BASE + number for text, number in _NUMBERS.items()})
_TEXTS = {code: text for text, code in CODES.items()}


def code_of(text: str) -> int:
    """The number of an error; ``#VALUE!`` for one Excel's object model has no number for.

    >>> code_of("#N/A"), code_of("#DIV/0!"), code_of("#BUSY!") == code_of("#VALUE!")
    (-2146826246, -2146826281, True)
    """
    return CODES.get(text, CODES["#VALUE!"])


def text_of(code: int) -> str | None:
    """What a cell with this error shows, or None when the number is no error.

    >>> text_of(-2146826246), text_of(-2146825963), text_of(7)
    ('#N/A', '#UNKNOWN!', None)
    """
    if not _BASE + 2000 <= code < _BASE + 3000:
        return None
    return _TEXTS.get(code, "#UNKNOWN!")
