"""Ids: chosen by the client, or drawn at random."""

from __future__ import annotations

import secrets
from collections.abc import Container, Mapping
from typing import Any

from revalign_udf.localsheets.problems import bad_request

__all__ = ["number", "text"]


def number(given: Mapping[str, Any], name: str, taken: Container[int], noun: str) -> int:
    """A numeric id.

    Raises:
        ApiError: negative, or already taken.
    """
    if name not in given:
        while (drawn := secrets.randbelow(2**31 - 2) + 1) in taken:
            pass
        return drawn
    chosen = int(given[name])
    if chosen < 0:
        raise bad_request(f"{noun} id must be non-negative: {chosen}")
    if chosen in taken:
        raise bad_request(f"{noun} with id {chosen} already exists.")
    return chosen


def text(given: Mapping[str, Any], name: str, taken: Container[str], noun: str) -> str:
    """A text id.

    Raises:
        ApiError: already taken.
    """
    chosen = str(given.get(name, "")) or str(secrets.randbelow(2**31))
    if chosen in taken:
        raise bad_request(f"{noun} with id '{chosen}' already exists.")
    return chosen
