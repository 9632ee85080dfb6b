"""Bodies as Google's parser reads them: what it puts right in silence, and its words for what it cannot read.

It takes numbers and flags written as text, one value where a list is due, and names with underscores. Everything it
refuses is named in one answer, each with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["problems", "read", "snake"]

_API = "type.googleapis.com/google.apps.sheets.v4"
_LIST = "type.googleapis.com/google.protobuf.ListValue"
_INT32 = 2**31

#: Names of lists of values where they are not the field's own; the published description does not tell them.
_ENUMS = {
    "dimension": "Dimension",
    "major_dimension": "Dimension",
    "shift_dimension": "Dimension",
    "horizontal_alignment": "HorizontalAlign",
    "vertical_alignment": "VerticalAlign",
    "merge_type": "MergeCellsRequest.MergeType",
}

Definitions = Mapping[str, Mapping[str, Any]]


def snake(name: str) -> str:
    """A field's name as errors write it.

    >>> snake("updateSheetProperties")
    'update_sheet_properties'
    """
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def _target(node: Mapping[str, Any], definitions: Definitions) -> tuple[str, Mapping[str, Any]]:
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        return name, definitions[name]
    return "", node


# --- what is put right -----------------------------------------------------------------------------------------------


def read(body: Any, name: str, definitions: Definitions) -> Any:
    """The body with what Google's parser puts right; the rest as it was."""
    return _read(body, definitions[name], definitions)


def _read(value: Any, node: Mapping[str, Any], definitions: Definitions) -> Any:
    _, node = _target(node, definitions)
    kind = node.get("type")
    if kind == "array":
        if not isinstance(value, list):
            items = _target(node["items"], definitions)[1]
            if items.get("type") == "array":
                return value
            value = [value]
        elif _target(node["items"], definitions)[1].get("type") == "object":
            value = _flat(value)
        return [_read(item, node["items"], definitions) for item in value]
    if kind == "object" and isinstance(value, Mapping):
        return _read_object(value, node, definitions)
    return _read_scalar(value, node)


def _flat(values: list[Any]) -> list[Any]:
    """Lists within a list of messages are unrolled."""
    made: list[Any] = []
    for value in values:
        made += _flat(value) if isinstance(value, list) else [value]
    return made


def _read_object(value: Mapping[str, Any], node: Mapping[str, Any], definitions: Definitions) -> dict[str, Any]:
    known = node.get("properties", {})
    made: dict[str, Any] = {}
    for name, item in value.items():
        field = name if name in known else _camel(name)
        made[field if field in known else name] = _read(item, known[field], definitions) if field in known else item
    return made


def _read_scalar(value: Any, node: Mapping[str, Any]) -> Any:
    kind = node.get("type")
    if isinstance(value, str) and kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if isinstance(value, float) and kind == "integer" and value.is_integer():
        return int(value)
    if isinstance(value, str) and kind == "number":
        try:
            return float(value)
        except ValueError:
            return value
    if isinstance(value, str) and kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


# --- what is refused -------------------------------------------------------------------------------------------------


def problems(body: Any, name: str, definitions: Definitions, place: str = "") -> list[tuple[str, str]]:
    """Everything Google's parser cannot read: its place, and Google's words.

    Args:
        body: the body, put right.
        name: its schema.
        definitions: all schemas.
        place: where the body stands in the request.
    """
    return list(_problems(body, {"$ref": f"#/{name}"}, definitions, place))


def _problems(value: Any, node: Mapping[str, Any], definitions: Definitions, place: str) -> Iterator[tuple[str, str]]:
    name, node = _target(node, definitions)
    kind = node.get("type")
    if kind == "array":
        if not isinstance(value, list):
            yield _wrong(place, _LIST, value)
            return
        rows = _target(node["items"], definitions)[1].get("type") == "array"
        for number, item in enumerate(value):
            where = f"{place}[{number}]"
            if rows and not isinstance(item, list):
                yield _wrong(where, _LIST, item)
            else:
                yield from _problems(item, node["items"], definitions, where)
    elif kind == "object" and "properties" in node:
        if not isinstance(value, Mapping):
            yield _wrong(place, f"{_API}.{_message(name)}", value)
            return
        yield from _fields(value, node, definitions, place)
    elif (expected := _expected(value, node, place)) is not None:
        yield _wrong(place, expected, value)


def _fields(
    value: Mapping[str, Any], node: Mapping[str, Any], definitions: Definitions, place: str
) -> Iterator[tuple[str, str]]:
    known = node["properties"]
    for field, item in value.items():
        if field not in known:
            where = f" at '{place}'" if place else ""
            yield place, f'Invalid JSON payload received. Unknown name "{field}"{where}: Cannot find field.'
            continue
        yield from _problems(item, known[field], definitions, f"{place}.{snake(field)}" if place else snake(field))


def _message(name: str) -> str:
    return "BatchUpdateSpreadsheetRequest.Request" if name == "Request" else name


def _expected(value: Any, node: Mapping[str, Any], place: str) -> str | None:
    """The type Google would name, or None when the value will do."""
    kind = node.get("type")
    if "enum" in node:
        last = place.rpartition(".")[2]
        named = _ENUMS.get(last, last[:1].upper() + _camel(last)[1:])
        return None if value in node["enum"] else f"{_API}.{named}"
    flag = isinstance(value, bool)
    if kind == "integer":
        whole = isinstance(value, int) and not flag and -_INT32 <= value < _INT32
        return None if whole else "TYPE_INT32"
    if kind == "number":
        return None if isinstance(value, int | float) and not flag else "TYPE_DOUBLE"
    if kind == "boolean":
        return None if flag else "TYPE_BOOL"
    if kind == "string":
        return None if isinstance(value, str) else "TYPE_STRING"
    return None


def _wrong(place: str, expected: str, value: Any) -> tuple[str, str]:
    shown = json.dumps(value, ensure_ascii=False) if not isinstance(value, dict | list) else ""
    tail = f", {shown}" if shown else ""
    return place, f"Invalid value at '{place}' ({expected}){tail}"
