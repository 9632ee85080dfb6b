"""Calling a function as a cell would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from revalign_udf.calc.results import as_json, failure
from revalign_udf.functions.registry import find

__all__ = ["call", "call_cell"]


def call(name: str, arguments: Sequence[Any]) -> Any:
    """The exact result of a function, by any spelling of its name, for raw cells.

    >>> call("REVALIGN.CAC", [100, 200, 3])
    Fraction(100, 1)

    Raises RevalignError; its ``cell`` is what a cell shows.
    """
    return find(name).call(arguments)


def call_cell(name: str, arguments: Sequence[Any]) -> Mapping[str, Any]:
    """What a cell shows: ``{"cell": value}`` or ``{"error": "#DIV/0!", "message": "REV-110 ..."}``. Never raises.

    >>> call_cell("revalign_cac", [100, 200, [[2], [1]]])
    {'cell': 100.0}
    >>> call_cell("CAC", [100, 200, 0])["error"]
    '#DIV/0!'
    """
    try:
        return as_json(call(name, arguments))
    except Exception as error:  # noqa: BLE001 - a cell must show something whatever happened
        return failure(error)
