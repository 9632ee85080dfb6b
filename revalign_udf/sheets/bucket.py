"""The quota of one account, shared by every job of this computer.

Google counts reads and writes per minute and account. Each kind has 50 tokens here (Google allows 60); a token comes
back 60 seconds after it was taken, so no window of a minute holds more than 50 calls. When none is left, a caller takes
the next one that comes back and sleeps until then: whoever asked first goes first, and a job that dies while it waits
has lost its turn and holds up nobody.

The moments are kept in a small file named by a hash of the account, changed under a lock that the system releases when
its holder dies. Where the file cannot be kept, each process counts for itself.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from revalign_udf.errors import Retriable

__all__ = ["Bucket", "Kind", "state_folder"]

Kind = Literal["read", "write"]
WINDOW = 60.0
#: seconds to wait for the lock; its holder needs a millisecond
_LOCK_WAIT = 5.0
#: seconds since 1970 that no clock shows
_END_OF_TIME = 1e11


def state_folder() -> Path:
    """Where what all projects of a person share is kept; ``REVALIGN_STATE_DIR`` overrules it."""
    chosen = os.environ.get("REVALIGN_STATE_DIR")
    return Path(chosen) if chosen else user_state_path("revalign", appauthor=False)


class Bucket:
    """Tokens for calls.

    Args:
        account: whose quota; only its hash is stored.
        folder: where the file is kept; the state folder of the person when left out.
        reads: calls that read, per minute.
        writes: calls that write, per minute.
        patience: seconds a caller waits at most.
        clock: seconds since 1970.
        sleep: waits.
    """

    def __init__(
        self,
        account: str,
        *,
        folder: Path | None = None,
        reads: int = 50,
        writes: int = 50,
        patience: float = 600.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        name = hashlib.sha256(f"revalign:quota:{account}".encode()).hexdigest()[:32]
        self.path = (folder or state_folder() / "sheets") / f"quota-{name}.json"
        self._size: dict[Kind, int] = {"read": reads, "write": writes}
        self._patience, self._clock, self._sleep = patience, clock, sleep
        self._own: dict[str, Any] = {}

    def take(self, kind: Kind, told: Callable[[str], None] | None = None) -> float:
        """Takes a token, waiting for it if need be.

        Args:
            kind: what the call does.
            told: hears of a wait of more than a second.

        Returns:
            The seconds waited.

        Raises:
            Retriable: REV-505: so many calls are waiting that the turn would come too late.
        """
        wait = self._reserve(kind)
        if wait > 1 and told is not None:
            told(f"waiting for the quota, {math.ceil(wait)} s")
        if wait > 0:
            self._sleep(wait)
        return wait

    def _reserve(self, kind: Kind) -> float:
        """Writes down a turn and says how far off it is."""
        with self._state() as state:
            now = self._clock()
            if now < state["seen"]:  # the clock was set back: what was written down moves with it
                back = state["seen"] - now
                for each in ("read", "write"):
                    state[each] = [moment - back for moment in state[each]]
            state["seen"] = now
            size = self._size[kind]
            # Moments beyond every wait we grant cannot be ours.
            latest = now + self._patience + WINDOW
            taken = sorted(moment for moment in state[kind] if now - WINDOW < moment < latest)
            turn = now if len(taken) < size else max(now, taken[-size] + WINDOW)
            if turn - now > self._patience:
                raise Retriable(
                    f"Too many calls wait for this account's quota ({round(turn - now)} s).",
                    hint="Run fewer jobs at once, or give each its own service account.",
                    retry_after=turn - now,
                )
            state[kind] = [*taken[-size:], turn]
        return max(0.0, turn - now)

    @contextmanager
    def _state(self) -> Iterator[dict[str, Any]]:
        """The moments, to be changed in place; kept when the block ends well."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_WAIT)
            lock.acquire()
        except (OSError, Timeout, NotImplementedError):
            self._own = _healed(self._own, self._clock())
            yield self._own
            return
        try:
            state = _healed(self._load(), self._clock())
            yield state
            self._save(state)
        finally:
            lock.release()

    def _load(self) -> Any:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None

    def _save(self, state: dict[str, Any]) -> None:
        part = self.path.with_suffix(".part")
        # A disk that is full costs the sharing of the quota, not the sync.
        with suppress(OSError):
            part.write_text(json.dumps(state), encoding="utf-8")
            part.replace(self.path)


def _healed(found: Any, now: float) -> dict[str, Any]:
    """A state whatever was in the file: what cannot be read counts as nothing taken."""
    found = found if isinstance(found, dict) else {}
    seen = found.get("seen")
    state: dict[str, Any] = {"seen": seen if _is_moment(seen) else now}
    for kind in ("read", "write"):
        moments = found.get(kind)
        state[kind] = [item for item in moments if _is_moment(item)] if isinstance(moments, list) else []
    return state


def _is_moment(item: object) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool) and 0 <= item < _END_OF_TIME
