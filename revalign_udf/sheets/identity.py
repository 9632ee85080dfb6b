"""Who is who on a spreadsheet: ids and names that follow from a block's path, and what its mark remembers.

A path is ``report/tab/block``. Ids are chosen here, not by Google, so that a create that is sent twice fails the
second time instead of making a twin.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

__all__ = [
    "BLOCK",
    "BOX",
    "RUN",
    "TAB",
    "WHOLE",
    "BlockMark",
    "TabMark",
    "block_path",
    "number_id",
    "range_name",
    "tab_path",
    "text_id",
]

#: Keys of our developer metadata.
TAB = "revalign.tab"
BLOCK = "revalign.block"
RUN = "revalign.run"
#: How the id of a refresh box's named range begins.
BOX = "rvbox"
#: The path that stands for the spreadsheet itself: its log, its stage.
WHOLE = "spreadsheet"
_VERSION = 1
#: What marks of the first versions did not have.
_LATER = ("totals", "formats", "rules", "links")


def tab_path(report: str, tab: str) -> str:
    """The path of a tab."""
    return f"{report}/{tab}"


def block_path(report: str, tab: str, block: str) -> str:
    """The path of a block."""
    return f"{report}/{tab}/{block}"


def _digest(kind: str, path: str) -> bytes:
    return hashlib.sha256(f"revalign:{kind}:{path}".encode()).digest()


def number_id(kind: str, path: str) -> int:
    """A positive 31-bit id for a sheet, chart, protection or mark."""
    return int.from_bytes(_digest(kind, path)[:4], "big") % (2**31 - 2) + 1


def text_id(kind: str, path: str) -> str:
    """An id for a named range."""
    return f"{BOX if kind == 'box' else 'rv'}{_digest(kind, path).hex()[:16]}"


def range_name(path: str) -> str:
    """The name people see for a block's rectangle.

    >>> range_name("saas_metrics/overview/mrr-bridge")
    'rv_overview_mrr_bridge_2d1e'
    """
    words = "_".join(re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_") for part in path.split("/")[1:])
    return f"rv_{words[:200]}_{_digest('name', path).hex()[:4]}"


@dataclass(frozen=True, slots=True)
class TabMark:
    """What the mark of a tab remembers: whose it is, and the state its banner was coloured for."""

    path: str
    state: str = ""
    box: bool = False
    """the refresh box was made; if it is gone, a person took it away"""

    def dump(self) -> str:
        """As the metadata's value."""
        return json.dumps({"v": _VERSION, **asdict(self)}, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class BlockMark:
    """What the mark of a block remembers of what was set once, so that a person's later change is left alone."""

    path: str
    title: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    """key and unit of each column whose number format was set"""
    currency: str = ""
    notes: str = ""
    """fingerprint of the header notes"""
    charts: tuple[str, ...] = ()
    """charts made; one that is gone was deleted by a person"""
    banded: bool = False
    """the stripes were made"""
    partial: tuple[str, ...] = ()
    """keys of the rows shown as partial"""
    totals: tuple[str, ...] = ()
    """keys of the rows shown as totals, in order"""
    formats: tuple[tuple[str, str], ...] = ()
    """short name of each row with number formats of its own, and a fingerprint of those"""
    rules: tuple[tuple[str, str], ...] = ()
    """name of each conditional format made, and what it tests; one that is gone was deleted by a person"""
    links: tuple[str, ...] = ()
    """columns whose addresses were made links"""

    def dump(self) -> str:
        """As the metadata's value. What a block does not have is not said: a mark made before it could be stays."""
        said = {"v": _VERSION, **asdict(self)}
        return json.dumps(
            {name: value for name, value in said.items() if value or name not in _LATER},
            ensure_ascii=False,
            sort_keys=True,
        )


def _load(value: str) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("path"), str) else {}


def load_tab(value: str) -> TabMark | None:
    """A tab's mark, or None when the text is not one."""
    found = _load(value)
    return TabMark(found["path"], str(found.get("state", "")), found.get("box") is True) if found else None


def load_block(value: str) -> BlockMark | None:
    """A block's mark, or None when the text is not one."""
    found = _load(value)
    if not found:
        return None
    return BlockMark(
        found["path"],
        str(found.get("title", "")),
        tuple((str(key), str(unit)) for key, unit in found.get("columns", ())),
        str(found.get("currency", "")),
        str(found.get("notes", "")),
        tuple(str(key) for key in found.get("charts", ())),
        found.get("banded") is True,
        tuple(str(key) for key in found.get("partial", ())),
        tuple(str(key) for key in found.get("totals", ())),
        tuple((str(row), str(look)) for row, look in found.get("formats", ())),
        tuple((str(name), str(test)) for name, test in found.get("rules", ())),
        tuple(str(key) for key in found.get("links", ())),
    )


def fingerprint(texts: tuple[str, ...]) -> str:
    """A short fingerprint of some texts."""
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:12]
