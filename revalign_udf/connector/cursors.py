"""How far a stream was read: cursors that never skip, windows of a first pull, and when a key sweep is due.

A cursor is the greatest modification time (or id) that was fully read, as the SOURCE says it, never our own clock. A pull
starts again at ``>= cursor - lookback``, and the store's upsert makes what was read twice count once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["Cursor", "parsed", "sweep_due", "windows"]


def parsed(text: str) -> datetime:
    """An ISO text as an instant; without offset it is in UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Cursor:
    """The greatest modification time seen.

    >>> cursor = Cursor({"cursor": "2026-01-01T00:00:10+00:00"}, lookback=5)
    >>> cursor.start
    datetime.datetime(2026, 1, 1, 0, 0, 5, tzinfo=datetime.timezone.utc)
    >>> cursor.see("2026-01-01T00:00:20Z"), cursor.see("2026-01-01T00:00:15Z"), cursor.value
    (None, None, '2026-01-01T00:00:20+00:00')
    """

    def __init__(
        self, state: Mapping[str, Any], *, key: str = "cursor", lookback: int = 0, since: str | None = None
    ) -> None:
        self.value: str | None = state.get(key)
        self._lookback = timedelta(seconds=lookback)
        self._since = since

    @property
    def start(self) -> datetime | None:
        """From when on to read: the cursor less the lookback; at first the setting ``since``; None for everything."""
        if self.value:
            return parsed(self.value) - self._lookback
        return parsed(self._since) if self._since else None

    def see(self, moment: str | None) -> None:
        """Take note of a record's modification time (ISO text)."""
        if moment and (self.value is None or parsed(moment) > parsed(self.value)):
            self.value = parsed(moment).isoformat()


def windows(start: datetime, end: datetime, size: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Half-open windows [from, to) that cover start to end, none longer than ``size``.

    >>> hour = timedelta(hours=1)
    >>> day = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [(a.hour, b.hour) for a, b in windows(day, day + 2.5 * hour, hour)]
    [(0, 1), (1, 2), (2, 2)]
    """
    while start < end:
        stop = min(start + size, end)
        yield start, stop
        start = stop


def sweep_due(state: Mapping[str, Any], now: datetime, days: float = 7) -> bool:
    """Whether the list of all keys is to be read again, to find deletions a source does not tell.

    The first pull has nothing to sweep; ``swept_at`` of the state says when it last happened.
    """
    last = state.get("swept_at")
    return bool(state) and (last is None or now - parsed(last) >= timedelta(days=days))
