"""The shape of a reply on the wire: what Google leaves out because it is zero.

In ranges and coordinates tab 0 is not named, and in coordinates neither row 0 nor column 0; ends and starts of ranges
are. Tab properties and places of developer metadata do name tab 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["wire"]

_RANGES = frozenset(
    {
        "range",
        "ranges",
        "gridRange",
        "dimensionRange",
        "dimensions",
        "sources",
        "source",
        "merges",
        "destination",
        "dataRange",
    }
)
_CORNERS = frozenset({"anchorCell", "start"})
_CORNER_FIELDS = ("sheetId", "rowIndex", "columnIndex")
#: Flags that are simply absent when off.
_FLAGS = frozenset(
    {"strict", "showCustomUi", "warningOnly", "unprotectedSheetUsersCanEdit", "domainUsersCanEdit", "hiddenByUser"}
    | {"hiddenByFilter", "collapsed", "hidden", "rightToLeft", "hideGridlines", "requestingUserCanEdit"}
    | {"rowGroupControlAfter", "columnGroupControlAfter"}
)


def wire(node: Any, name: str = "") -> Any:
    """A resource as it goes out.

    Args:
        node: a resource, or part of one.
        name: the field it stands in.
    """
    if isinstance(node, list):
        return [wire(item, name) for item in node]
    if not isinstance(node, Mapping):
        return node
    made = {key: wire(value, key) for key, value in node.items() if not (value is False and key in _FLAGS)}
    if name in _RANGES and made.get("sheetId") == 0:
        del made["sheetId"]
    if name in _CORNERS:
        made = {key: value for key, value in made.items() if value != 0 or key not in _CORNER_FIELDS}
    return made
