"""Lists that Chargebee sorts by the time of change: pages with a mark after each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_chargebee.api import Record, Site, epoch, latest
from revalign_udf.connector import Context, Stream

__all__ = ["changed"]


def changed(
    ctx: Context, site: Site, stream: Stream, state: Mapping[str, Any], path: str, kind: str, *, since: bool = True
) -> Iterator[tuple[list[Record], dict[str, Any]]]:
    """Pages of what changed, deleted objects too, oldest change first: (records, the state once they are read).

    ``since`` says whether the setting of that name limits the first pull. ``whole`` in the state: a first pull was
    finished before.
    """
    cursor = int(state.get("cursor") or 0)
    after = cursor - stream.lookback if cursor else epoch(ctx.settings.get("since")) if since else 0
    params: dict[str, Any] = {"include_deleted": "true", "sort_by[asc]": "updated_at"}
    if after > 0:
        params["updated_at[after]"] = after - 1
    reached: dict[str, Any] = dict(state)
    for records, _ in site.listed(path, kind, params):
        ctx.stop_if_cancelled()
        cursor = max(cursor, latest(records))
        reached = {**reached, "cursor": cursor}
        yield records, reached
    yield [], {**reached, "cursor": cursor, "whole": True}
