"""Field masks: which parts of a reply to send, which parts of a resource a request changes."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from revalign_udf.localsheets.problems import bad_request

__all__ = ["Mask", "beneath", "merge", "parse", "paths", "prune", "wants"]

#: A parsed mask: field -> what is asked beneath it; an empty mapping means all of it.
Mask = dict[str, "Mask"]

_TOKEN = re.compile(r"\s*([A-Za-z_][\w]*|[*.,()/])")


def parse(text: str) -> Mask:
    """A mask as a tree.

    >>> parse("sheets(properties/title,data),spreadsheetId")
    {'sheets': {'properties': {'title': {}}, 'data': {}}, 'spreadsheetId': {}}

    Raises:
        ApiError: not a mask.
    """
    tokens: list[str] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found:
            raise bad_request(f"Invalid field mask: {text}")
        tokens.append(found[1])
        at = found.end()
    tree, rest = _many(tokens, 0, text)
    if rest != len(tokens):
        raise bad_request(f"Invalid field mask: {text}")
    return tree


def _many(tokens: list[str], at: int, text: str) -> tuple[Mask, int]:
    tree: Mask = {}
    while True:
        at = _one(tokens, at, tree, text)
        if at < len(tokens) and tokens[at] == ",":
            at += 1
            continue
        return tree, at


def _one(tokens: list[str], at: int, tree: Mask, text: str) -> int:
    node = tree
    while True:
        if at >= len(tokens) or tokens[at] in ".,()/":
            raise bad_request(f"Invalid field mask: {text}")
        node = node.setdefault(tokens[at], {})
        at += 1
        if at < len(tokens) and tokens[at] in "./":
            at += 1
            continue
        if at < len(tokens) and tokens[at] == "(":
            inner, at = _many(tokens, at + 1, text)
            if at >= len(tokens) or tokens[at] != ")":
                raise bad_request(f"Invalid field mask: {text}")
            node.update(inner)
            at += 1
        return at


def prune(value: Any, mask: Mask) -> Any:
    """The value with only what the mask asks for."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [prune(item, mask) for item in value]
    if isinstance(value, Mapping):
        return {key: prune(value[key], inner) for key, inner in mask.items() if key in value}
    return value


def wants(mask: Mask, *path: str) -> bool:
    """Whether a mask asks for anything at a path."""
    for name in path:
        if not mask or "*" in mask:
            return True
        if name not in mask:
            return False
        mask = mask[name]
    return True


def beneath(mask: Mask, *path: str) -> Mask | None:
    """What a mask asks for beneath a path: an empty mask for all of it, None for nothing."""
    for name in path:
        if not mask or "*" in mask:
            return {}
        if name not in mask:
            return None
        mask = mask[name]
    return mask


def paths(mask: Mask, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The leaves of a mask, one path each."""
    for key, inner in mask.items():
        if inner:
            yield from paths(inner, (*prefix, key))
        else:
            yield (*prefix, key)


def merge(target: Mapping[str, Any], source: Mapping[str, Any], mask: Mask) -> dict[str, Any]:
    """``target`` with the masked fields of ``source``; a masked field the source lacks is cleared."""
    result: dict[str, Any] = copy.deepcopy(dict(target))
    for path in paths(mask):
        if path == ("*",):
            return copy.deepcopy(dict(source))
        _assign(result, source, path)
    return result


def _assign(target: dict[str, Any], source: Mapping[str, Any], path: tuple[str, ...]) -> None:
    name, rest = path[0], path[1:]
    if not rest or rest == ("*",):
        if name in source:
            target[name] = copy.deepcopy(source[name])
        else:
            target.pop(name, None)
        return
    given = source.get(name)
    if isinstance(given, list):  # a list is written whole: there is no telling which of its items are meant
        target[name] = copy.deepcopy(given)
        return
    inner = target.get(name)
    node: dict[str, Any] = dict(inner) if isinstance(inner, Mapping) else {}
    _assign(node, given if isinstance(given, Mapping) else {}, rest)
    if node or isinstance(given, Mapping):
        target[name] = node
    else:
        target.pop(name, None)
