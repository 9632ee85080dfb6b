"""What a canonical table declaration is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

__all__ = ["COMMON", "Column", "Kind", "Table", "declare"]

#: text · whole number · exact decimal · decimal major units of the row's currency · true/false · instant · business
#: date · JSON object
Kind = Literal["text", "int", "decimal", "money", "bool", "instant", "date", "json"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, kind, whether a row needs it, what it may hold and whether it is personal data."""

    name: str
    kind: Kind = "text"
    required: bool = False
    references: str = ""
    enum: tuple[str, ...] = ()
    default: str | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table. ``key`` is ``("id",)`` or the natural key; a row needs one group of ``one_of``."""

    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ("id",)
    one_of: tuple[tuple[str, ...], ...] = field(default=())
    about: str = ""

    @property
    def natural(self) -> bool:
        """Whether rows are identified by business columns instead of an id."""
        return self.key != ("id",)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns a file must have."""
        return tuple(column.name for column in self.columns.values() if column.required)

    def of_kind(self, *kinds: Kind) -> tuple[str, ...]:
        """Names of the columns of some kinds."""
        return tuple(column.name for column in self.columns.values() if column.kind in kinds)


#: Columns every table may carry besides its own.
COMMON = (
    Column("updated_at", "instant"),
    Column("deleted", "bool", default="false"),
    Column("merged_into"),
    Column("attrs", "json"),
)

_WORD = re.compile(
    r"(?P<name>\w+)(?P<marks>[!*]*)(?::(?P<kind>\w+))?(?:>(?P<ref>\w+))?(?:=(?P<default>[\w.]+))?(?:\{(?P<enum>[^}]*)\})?"
)


def declare(name: str, text: str, *, key: str = "id", one_of: str = "", about: str = "") -> Table:
    """Read a table declaration: words ``name!*:kind>references=default{a b c}``.

    ``!`` marks a required column and ``*`` personal data; ``key`` lists key columns; ``one_of`` lists alternatives as
    ``a|b+c`` (a, or b and c together). Columns without a kind are text.

    >>> table = declare("demo", "id! email* paid_at:instant status{open done}")
    >>> table.required, table.columns["email"].personal, table.columns["status"].enum
    (('id',), True, ('open', 'done'))
    """
    columns: dict[str, Column] = {}
    for word in re.findall(r"[^\s{]+(?:\{[^}]*\})?", text):
        match = _WORD.fullmatch(word)
        if match is None or (match["kind"] or "text") not in get_args(Kind) or match["name"] in columns:
            raise ValueError(f"{name}: cannot read the column declaration {word!r}")
        kind = match["kind"] or "text"
        default = match["default"] or ("false" if kind == "bool" else None)
        columns[match["name"]] = Column(
            match["name"],
            kind,  # type: ignore[arg-type]
            "!" in match["marks"],
            match["ref"] or "",
            tuple((match["enum"] or "").split()),
            default,
            "*" in match["marks"],
        )
    for column in COMMON:
        columns.setdefault(column.name, column)
    groups = tuple(tuple(option.split("+")) for option in one_of.split("|")) if one_of else ()
    keys = tuple(key.split())
    unknown = [k for k in (*keys, *(c for group in groups for c in group)) if k not in columns]
    if unknown:
        raise ValueError(f"{name}: no such columns: {unknown}")
    return Table(name, MappingProxyType(columns), keys, groups, about)
