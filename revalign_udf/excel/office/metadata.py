"""``functions.json``: what Excel knows of the functions before it calls any.

========================= ==========================================================================================
in the registry           in the file
========================= ==========================================================================================
one number, text, day     ``scalar``: Excel hands over one cell; for a range it calls once per cell and spills
amounts, lists, ranges    ``matrix``: a range arrives whole, one value as a range of one cell
pairs                     one repeating ``matrix``: field, value, field, value ... or one range of two columns
an enumerated text        ``customEnumId``: Excel offers the words while typing
everything                type ``any``: nothing is turned into text or 0 on the way, errors arrive and go on
========================= ==========================================================================================

No function is volatile or streams; every one can be canceled. One in which a blank is not 0 asks for the addresses of its
arguments: Excel on the desktop hands over 0 for a blank cell, and only the sheet knows better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.registry import Function

__all__ = ["Shape", "function_id", "metadata", "shapes"]

#: kinds that mean one cell; a range stands wherever any other kind is meant
_SCALARS = frozenset({"number", "text", "choice", "day", "period"})
#: kinds in which a blank is something else than 0: no answer, a number that is missing or has a default, one for all
_ANSWERS = frozenset({"answers", "factors", "number"})


def function_id(name: str) -> str:
    """The id of a function in the add-in, which may hold letters, digits and periods only. It never changes.

    >>> function_id("LTV_TO_CAC")
    'LTV.TO.CAC'
    """
    return name.replace("_", ".")


def metadata(functions: Mapping[str, Function]) -> dict[str, Any]:
    """The whole file as plain data."""
    enums: dict[tuple[str, ...], str] = {}
    described = [_described(function, enums) for function in functions.values()]
    return {
        "$schema": "https://developer.microsoft.com/json-schemas/office-js/custom-functions.schema.json",
        "allowCustomDataForDataTypeAny": True,
        "allowErrorForDataTypeAny": True,
        "enums": [
            {"id": key, "type": "string", "values": [{"name": one, "stringValue": one} for one in words]}
            for words, key in enums.items()
        ],
        "functions": described,
    }


def _described(function: Function, enums: dict[tuple[str, ...], str]) -> dict[str, Any]:
    return {
        "id": function_id(function.name),
        "name": function.name,
        "description": function.summary,
        "parameters": [_parameter(function, argument, enums) for argument in function.arguments],
        "result": {"type": "any", "dimensionality": "matrix" if function.returns == "spill" else "scalar"},
        "options": {"cancelable": True} | ({"requiresParameterAddresses": True} if _unlike_zero(function) else {}),
    }


def _unlike_zero(function: Function) -> list[int]:
    return [place for place, argument in enumerate(function.arguments) if argument.kind in _ANSWERS]


def _parameter(function: Function, argument: Argument, enums: dict[tuple[str, ...], str]) -> dict[str, Any]:
    scalar = argument.kind in _SCALARS
    found: dict[str, Any] = {
        "name": argument.name,
        "description": argument.help,
        "type": "any",
        "dimensionality": "scalar" if scalar else "matrix",
    }
    if argument.optional or argument.repeating:
        found["optional"] = True
    if argument.repeating:
        found["repeating"] = True
    if argument.enum and scalar:
        # the words of one argument name, shared by functions that take the same ones
        key = enums.setdefault(argument.enum, f"{function_id(function.name)}.{argument.name.upper().replace('_', '.')}")
        found |= {"type": "string", "customEnumId": key}
    return found


@dataclass(frozen=True, slots=True)
class Shape:
    """What the script must know of one function: its name; how many arguments stand before a repeating one, and whether
    there is one; whether it answers a table; places of the arguments in which a blank is not 0; whether it reads the
    snapshot; places of the arguments whose numbers may be days."""

    name: str
    count: int
    repeats: bool
    table: bool
    blanks: list[int]
    snapshot: bool
    days: list[int]


def shapes(functions: Mapping[str, Function]) -> dict[str, Shape]:
    """The shape of every function by its id."""
    found = {}
    for name, function in functions.items():
        repeats = bool(function.arguments) and function.arguments[-1].repeating
        found[function_id(name)] = Shape(
            name,
            len(function.arguments) - repeats,
            repeats,
            table=function.returns == "spill",
            blanks=_unlike_zero(function),
            snapshot=function.snapshot,
            days=[place for place, argument in enumerate(function.arguments) if argument.dated],
        )
    return found
