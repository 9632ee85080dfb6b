"""What all searched streams share: contacts, conversations and tickets are read alike.

State: ``cursor``, the last change read (seconds), and ``swept_at``, when everything was read last. The search shows new
records some minutes late and knows no deletions, so that each pull begins a while before the cursor and everything is
read again every few days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from revalign_intercom.api import Api, Raw
from revalign_udf.connector import Context, Mark, Message, Present, Records
from revalign_udf.connector.cursors import parsed, sweep_due

__all__ = ["LOOKBACK", "read_searched"]

LOOKBACK = 900
"""seconds before the cursor that are read again, unless the settings say otherwise"""

State = Mapping[str, Any]


def read_searched(
    ctx: Context, state: State, stream: str, items: str, *, table: str, key: Callable[[Raw], str], prefix: str = "",
    join: Callable[[Api, list[Raw]], None] = lambda _api, _page: None,
) -> Iterator[Message]:  # fmt: skip
    """Changed records, oldest change first; in a sweep all of them, with their keys."""
    api = Api(ctx)
    sweep = sweep_due(state, ctx.clock(), float(ctx.settings.get("sweep_days") or 7))
    since = _start(ctx, None if sweep else state.get("cursor"))
    swept = state["swept_at"] if state.get("swept_at") and not sweep else ctx.clock().isoformat()
    floor: int | None = None
    newest, ordered = since, True
    for page, moment in api.search(stream, items, 0 if sweep else since):
        # what changes behind our back while the pages are read is left to the next pull, by Intercom's own clock
        floor = int(moment.timestamp()) if floor is None else floor
        moments = [int(one["updated_at"]) for one in page]
        ordered = ordered and moments == sorted(moments) and (newest == since or not moments or moments[0] >= newest)
        fresh = [one for one in page if int(one["updated_at"]) >= since]
        if fresh:
            join(api, fresh)
            yield Records(stream, fresh)
        newest = max([newest, *moments])
        if sweep:
            yield Present(table, [key(one) for one in page], prefix=prefix)
        elif ordered:
            # out of order there is no point to go on from before the end
            yield Mark({"cursor": min(newest, floor), "swept_at": swept})
    if sweep:
        yield Present(table, [], last=True, prefix=prefix)
    yield Mark({"cursor": min(newest, floor or newest), "swept_at": swept})


def _start(ctx: Context, cursor: int | None) -> int:
    """From which last change on records are taken, in seconds."""
    chosen = ctx.settings.get("lookback")
    lookback = LOOKBACK if chosen is None else int(chosen)
    if cursor is not None:
        return max(0, int(cursor) - lookback)
    since = ctx.settings.get("since")
    return int(parsed(str(since)).timestamp()) if since else 0
