"""When to try again: full jitter, a cap, a total deadline, and the server's own word (``Retry-After``) before ours."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Retry", "retry_after"]


@dataclass(frozen=True, slots=True)
class Retry:
    """The policy. The wait before attempt n is drawn from 0 to ``base * 2**n`` seconds, at most ``cap``.

    ``deadline`` bounds the whole call, waits included; ``sleep``, ``clock`` and ``draw`` are there to be replaced in
    tests.
    """

    attempts: int = 6
    base: float = 1.0
    cap: float = 32.0
    deadline: float = 150.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    # Jitter spreads clients apart; nobody gains from guessing it.
    draw: Callable[[], float] = field(default=random.random)

    def wait(self, attempt: int, asked: float | None = None) -> float:
        """Seconds to wait after a failed attempt (counted from 0); never less than the server asked for."""
        ours = self.draw() * min(self.cap, self.base * 2.0**attempt)
        return ours if asked is None else max(asked, ours)


def retry_after(header: str | None, now: float | None = None) -> float | None:
    """Seconds from a ``Retry-After`` header: a number or a date; None when absent or unreadable.

    >>> retry_after("7"), retry_after(None), retry_after("soon")
    (7.0, None, None)
    """
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))
