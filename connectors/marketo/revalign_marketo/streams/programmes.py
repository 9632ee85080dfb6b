"""Programmes -> campaigns; their period costs -> campaign costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_marketo.api import Marketo, Record
from revalign_udf.connector import CanonicalRow, Context, Mark, Message, Present, Records, Whole
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.values import Path, attrs, fill, instant

__all__ = ["programme_rows", "read_programmes"]


def read_programmes(ctx: Context, marketo: Marketo, state: Mapping[str, Any]) -> Iterator[Message]:
    """All programmes are listed each time, as nothing tells which were deleted; those that changed are read with their
    costs, which the list does not have."""
    cursor = str(state.get("cursor") or "")
    keys: list[str] = []
    top = cursor
    for page in marketo.assets("/rest/asset/v1/programs.json"):
        ctx.stop_if_cancelled()
        keys += [str(one["id"]) for one in page]
        plain: list[Record] = []
        for one in page:
            changed = _moment(one.get("updatedAt")) or ""
            # a change in the second of the cursor may have come after it was read
            if cursor and changed and parsed(changed) < parsed(cursor):
                continue
            top = changed if not top or (changed and parsed(changed) > parsed(top)) else top
            found = (marketo.result(f"/rest/asset/v1/program/{one['id']}.json") or [one])[0]
            if not cursor and not found.get("costs"):
                plain.append(found)
                continue
            # the costs of a programme are a scope of their own: one that was taken out is no longer sent
            yield Records("programmes", [found], scope=f"program:{one['id']}")
            yield Whole("campaign_cost", f"program:{one['id']}")
        yield Records("programmes", plain)
    yield Present("campaign", keys, last=True)
    yield Mark({"cursor": top or None})


def programme_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One programme and its period costs, in the company's currency: Marketo names none."""
    defaults: dict[str, Path] = {
        "id": "id",
        "name": "name",
        "type": "type",
        "channel": "channel",
        "automated": lambda one: one.get("type") == "Engagement",
        "start_date": lambda one: _moment(one.get("startDate")),
        "end_date": lambda one: _moment(one.get("endDate")),
        "updated_at": lambda one: _moment(one.get("updatedAt")),
    }
    row = fill(record, defaults, mapping, "programmes")
    tags = [(str(tag["tagType"]), tag.get("tagValue")) for tag in record.get("tags") or () if tag.get("tagType")]
    yield (
        "campaign",
        attrs(row, {}, more=[("status", record.get("status")), ("workspace", record.get("workspace")), *tags]),
    )
    sums: dict[str, Any] = {}
    for cost in record.get("costs") or ():
        day = str(cost["startDate"])[:10]
        sums[day] = sums.get(day, 0) + cost["cost"]
    for day, amount in sums.items():
        yield (
            "campaign_cost",
            {"campaign_id": str(record["id"]), "date": day, "amount": str(amount), "channel": record.get("channel")},
        )


def _moment(value: object) -> str | None:
    """The times of assets: ``2015-05-21T22:45:13Z+0000``."""
    return instant(str(value).replace("Z+0000", "+00:00")) if value else None
