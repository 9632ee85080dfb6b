"""What goes with a page of records beside their rows: conversions, rows that no longer hold, and what is not understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from revalign_salesforce.objects import Object
from revalign_salesforce.streams.sales import type_of
from revalign_udf.connector import Log, Merges, Message, Tombstones
from revalign_udf.errors import BadRecord

__all__ = ["Notes"]

#: kinds whose records may have no row in a table (yet, or any more)
_SOMETIMES = frozenset({"Task", "Event", "Contract", "Order", "CampaignMember"})


@dataclass(slots=True)
class Notes:
    """Gathers over the pages of one object."""

    kind: Object
    mapping: Mapping[str, Any]
    unknown: Counter[str] = field(default_factory=Counter)
    unused: int = 0

    def of(self, records: Sequence[Mapping[str, Any]], *, again: bool) -> Iterator[Message]:
        """What goes with a page of live records. ``again``: earlier pulls may have stored rows of them."""
        if self.kind.name == "Lead":
            # until then the lead was a person of its own
            pairs = [
                (str(record["Id"]), str(record["ConvertedContactId"]))
                for record in records
                if record.get("IsConverted") and record.get("ConvertedContactId")
            ]
            if pairs:
                yield Merges("person", pairs)
        elif self.kind.name == "Opportunity":
            for record in records:
                if record.get("Type") and type_of(record, self.mapping) is None:
                    self.unknown[str(record["Type"])] += 1
        elif self.kind.name in _SOMETIMES:
            yield from self._without_rows(records, again=again)

    def _without_rows(self, records: Sequence[Mapping[str, Any]], *, again: bool) -> Iterator[Message]:
        """A task that was opened again, a response taken back: rows sent before no longer hold."""
        without: dict[str, list[str]] = {table: [] for table in self.kind.tables}
        for record in records:
            try:
                tables = {table for table, _ in self.kind.mapper(record, self.mapping)}
            except BadRecord:
                continue  # it is listed with the rejects, and its last good version stays
            self.unused += not tables
            for table in self.kind.tables:
                if table not in tables:
                    without[table].append(str(record["Id"]))
        for table, keys in without.items():
            if again and keys:
                yield Tombstones(table, keys)

    def told(self) -> Iterator[Log]:
        """What a person should know at the end."""
        if self.unused:
            why = {
                "Task": "not done yet, neither call, mail nor meeting, or with nobody",
                "Event": "copies, series, or with nobody",
                "Contract": "drafts",
                "Order": "drafts",
            }
            yield Log(f"{self.kind.name}: {self.unused:,} records are left out ({why.get(self.kind.name, 'no row')}).")
        if self.unknown:
            values = ", ".join(f"{value} ({count:,})" for value, count in self.unknown.most_common(20))
            yield Log(
                f"Opportunity.Type has values whose meaning is not known: {values}. These deals count as new business. Say"
                ' what they are: [source.NAME.mapping.Opportunity] "type.VALUE" = "expansion".',
                "warning",
            )
