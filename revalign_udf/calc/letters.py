"""The letters of a spreadsheet's columns, counted from 0."""

from __future__ import annotations

from functools import cache

__all__ = ["column_index", "column_letters"]


@cache
def column_letters(index: int) -> str:
    """The letters of a column.

    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def column_index(letters: str) -> int:
    """The column of some letters, of either case.

    >>> column_index("AB")
    27
    """
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1
