"""Google's published description of the Sheets API as strict checks of requests and replies.

The discovery documents come with ``google-api-python-client``, a development dependency. Without it every check
passes and the server's own handlers are what refuses nonsense.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

from revalign_udf.localsheets import lenient
from revalign_udf.localsheets.fields import Mask
from revalign_udf.localsheets.problems import ApiError, bad_request

__all__ = ["available", "check_mask", "check_query", "check_reply", "check_request"]

_INT32 = 2**31


@cache
def _document() -> dict[str, Any] | None:
    found = importlib.util.find_spec("googleapiclient")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "discovery_cache" / "documents" / "sheets.v4.json"
    if not path.is_file():
        return None
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def available() -> bool:
    """Whether requests and replies are checked against Google's description."""
    return _document() is not None


def _convert(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": f"#/definitions/{node['$ref']}"}
    kind = node.get("type", "any")
    if kind == "any":
        return {}
    made: dict[str, Any] = {"type": kind}
    if "enum" in node:
        made["enum"] = node["enum"]
    if node.get("format") == "int32":
        made |= {"minimum": -_INT32, "maximum": _INT32 - 1}
    if kind == "array":
        made["items"] = _convert(node["items"])
    elif kind == "object" and "additionalProperties" in node:
        made["additionalProperties"] = _convert(node["additionalProperties"])
    elif kind == "object":
        made["properties"] = {name: _convert(inner) for name, inner in node.get("properties", {}).items()}
        made["additionalProperties"] = False
    return made


@cache
def _definitions() -> dict[str, Any]:
    document = _document() or {"schemas": {}}
    return {name: _convert(node) for name, node in document["schemas"].items()}


@cache
def _validator(name: str) -> Callable[[Any], Any]:
    compiled: Callable[[Any], Any] = fastjsonschema.compile(
        {"$ref": f"#/definitions/{name}", "definitions": _definitions()}, use_default=False
    )
    return compiled


def check_request(name: str, body: Any, place: str = "") -> Any:
    """Refuses a body that Google's description does not know.

    Args:
        name: the schema.
        body: the body.
        place: where the body stands in the request, as errors name it.

    Returns:
        The body; numbers and flags written as text, single values in place of lists and names with underscores are
        put right first, as Google reads them too.

    Raises:
        ApiError: with Google's words: which name, where.
    """
    if not available():
        return body
    try:
        _validator(name)(body)
    except fastjsonschema.JsonSchemaValueException:
        body = lenient.read(body, name, _definitions())
        problems = lenient.problems(body, name, _definitions(), place)
        if problems:
            raise _refused(problems) from None
        try:
            _validator(name)(body)
        except fastjsonschema.JsonSchemaValueException as problem:
            raise bad_request(f"Invalid value at '{place}': {problem.message}") from None
    return body


def check_reply(name: str, body: Any) -> None:
    """Refuses to send a reply Google would never send; that is a bug of this server.

    Raises:
        ApiError: 500, naming what is wrong.
    """
    if not available():
        return
    try:
        _validator(name)(body)
    except fastjsonschema.JsonSchemaValueException as problem:
        raise ApiError(500, f"The local server made a reply that is no {name}: {problem.message}") from None


def _refused(found: list[tuple[str, str]]) -> ApiError:
    violations = [{"field": place, "description": line} if place else {"description": line} for place, line in found]
    detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}
    return ApiError(400, "\n".join(line for _, line in found), details=(detail,))


@cache
def _methods() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    document = _document()
    if document is None:
        return found
    common = set(document["parameters"])

    def walk(node: dict[str, Any]) -> None:
        for method in node.get("methods", {}).values():
            found[method["id"]] = frozenset(common | set(method.get("parameters", {})))
        for inner in node.get("resources", {}).values():
            walk(inner)

    walk(document)
    return found


def check_query(method: str, names: Iterable[str]) -> None:
    """Refuses a query parameter the method (``sheets.spreadsheets.get``) does not have.

    Raises:
        ApiError: with Google's words.
    """
    known = _methods().get(method)
    if known is None:
        return
    for name in names:
        if name not in known:
            raise bad_request(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message."
            )


def check_mask(name: str, mask: Mask, text: str, place: tuple[str, ...] = ()) -> None:
    """Refuses a field mask that names no field of the resource.

    Raises:
        ApiError: with the path that is unknown.
    """
    definition = _definitions().get(name)
    if definition is None:
        return
    known = definition.get("properties", {})
    for key, inner in mask.items():
        if key == "*":
            continue
        if key not in known:
            raise bad_request(f"Invalid field: {'.'.join((*place, key))} in the field mask '{text}'.")
        node = known[key]
        node = node.get("items", node)
        if "$ref" in node:
            check_mask(node["$ref"].rpartition("/")[2], inner, text, (*place, key))
