"""How often, how long and how much: a connection's limits, its pace, and when a refused call may be made again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["Limits", "Pace", "backoff", "retry_after"]

_EPOCH = 1_000_000_000
"""numbers from here on are a moment (seconds since 1970), smaller ones a number of seconds"""
_EPOCH_MS = 100_000_000_000
_RESETS = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")


@dataclass(frozen=True)
class Limits:
    """What a connection may ask of a source, and wait for.

    >>> Limits(per_second=8).tries
    6
    """

    per_second: float = 0
    """our own pace, shared by all streams of the connection; 0: as fast as the source answers"""
    tries: int = 6
    """per call, the first included"""
    longest_wait: float = 300
    """seconds; a source that asks for more ends the stream, and the error says when to come again"""
    timeout: float = 60
    """seconds without a byte"""
    max_bytes: int = 64 * 2**20
    """of one reply after unpacking; a body read through ``stream`` has no such end"""


class Pace:
    """Calls at even distances, at most ``per_second`` of them. Threads take their turns."""

    def __init__(self, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1 / per_second if per_second > 0 else 0.0
        self._next = 0.0
        self._monotonic = monotonic
        self._lock = threading.Lock()

    def turn(self) -> float:
        """Seconds to wait before the next call; the turn is taken."""
        if not self._gap:
            return 0.0
        with self._lock:
            now = self._monotonic()
            start = max(now, self._next)
            self._next = start + self._gap
        return start - now


def backoff(attempt: int) -> float:
    """Seconds to wait after the given attempt (from 1): doubling from 1 s, at most 60 s, less up to half by chance.

    The chance keeps many connections from coming back in the same moment.
    """
    return float(min(60.0, 2.0 ** min(attempt - 1, 10))) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a reply asks to wait: Retry-After (RFC 9110, seconds or a date), else a rate limit's reset.

    Dates count from the reply's own Date, so that a wrong clock on either side does no harm; a moment that has passed is
    0. None when the reply does not say.

    >>> retry_after({"retry-after": "7"}, datetime(2026, 1, 1, tzinfo=UTC))
    7.0
    >>> retry_after({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"}, datetime(2026, 1, 1, tzinfo=UTC))
    30.0
    """
    now = _moment(headers.get("date", "")) or now
    said = headers.get("retry-after", "").strip()
    if (seconds := _number(said)) is not None:
        return max(0.0, seconds)
    if moment := _moment(said):
        return max(0.0, (moment - now).total_seconds())
    for name in _RESETS:
        reset = _number(headers.get(name, ""))
        if reset is None:
            continue
        if reset >= _EPOCH:
            reset = (reset / 1000 if reset >= _EPOCH_MS else reset) - now.timestamp()
        return max(0.0, reset)
    return None


def _number(text: str) -> float | None:
    """A plain decimal number; ``nan`` and ``inf`` are none."""
    return float(text) if text.strip().replace(".", "", 1).isdecimal() else None


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
