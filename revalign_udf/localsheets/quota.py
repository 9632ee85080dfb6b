"""The quota of the Sheets API: so many reads and writes a minute for a project, fewer for each user of it.

Off unless asked for. Limits as Google publishes them (developers.google.com/sheets/api/limits). A call that fails for
another reason counts like one that succeeds; one refused for its number does not.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from revalign_udf.localsheets.problems import ApiError

__all__ = ["Quota"]

#: seconds a call counts
WINDOW = 60.0


class Quota:
    """Counts calls in the minute that has just passed.

    Args:
        per_project: reads, and as many writes, a minute for everybody together.
        per_user: reads, and as many writes, a minute for one caller.
        retry_after: say ``Retry-After`` in a refusal; the real service does not.
        now: seconds that never run backwards.
        number: the project's number in the words of a refusal.
    """

    def __init__(
        self,
        per_project: int = 300,
        per_user: int = 60,
        *,
        retry_after: bool = False,
        now: Callable[[], float] = time.monotonic,
        number: str = "100000000000",
    ) -> None:
        self.per_project, self.per_user, self.retry_after = per_project, per_user, retry_after
        self.now, self.number = now, number
        #: calls refused so far
        self.refused = 0
        self._lock = threading.Lock()
        self._calls: dict[tuple[str, str], deque[float]] = {}

    def take(self, caller: str, *, write: bool) -> None:
        """Counts one call.

        Raises:
            ApiError: 429, a limit is reached.
        """
        kind = "Write" if write else "Read"
        with self._lock:
            now = self.now()
            user, project = self._recent(kind, caller, now), self._recent(kind, "", now)
            over = ""
            if len(project) >= self.per_project:
                over, calls, limit = "project", project, self.per_project
            elif len(user) >= self.per_user:
                over, calls, limit = "user", user, self.per_user
            if over:
                self.refused += 1
                freed = calls[len(calls) - limit] + WINDOW - now if limit else WINDOW
                raise self._refusal(kind, over, limit, freed)
            user.append(now)
            project.append(now)

    def left(self, caller: str, *, write: bool) -> int:
        """How many more calls of a kind the caller may make right now."""
        kind = "Write" if write else "Read"
        with self._lock:
            now = self.now()
            user, project = self._recent(kind, caller, now), self._recent(kind, "", now)
            return max(0, min(self.per_user - len(user), self.per_project - len(project)))

    def _recent(self, kind: str, caller: str, now: float) -> deque[float]:
        calls = self._calls.setdefault((kind, caller), deque())
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        return calls

    def _refusal(self, kind: str, over: str, limit: int, freed: float) -> ApiError:
        by = " per user" if over == "user" else ""
        message = (
            f"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute{by}' of service "
            f"'sheets.googleapis.com' for consumer 'project_number:{self.number}'."
        )
        info: dict[str, Any] = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "RATE_LIMIT_EXCEEDED",
            "domain": "googleapis.com",
            "metadata": {
                "consumer": f"projects/{self.number}",
                "service": "sheets.googleapis.com",
                "quota_metric": f"sheets.googleapis.com/{kind.lower()}_requests",
                "quota_limit": f"{kind}RequestsPerMinutePer{'User' if over == 'user' else 'Project'}",
                "quota_limit_value": str(limit),
                "quota_location": "global",
                "quota_unit": "1/min/{project}" + ("/{user}" if over == "user" else ""),
            },
        }
        link = {
            "description": "Request a higher quota limit.",
            "url": "https://cloud.google.com/docs/quotas/help/request_increase",
        }
        more = {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]}
        headers = {"Retry-After": str(max(1, int(freed + 0.999)))} if self.retry_after else {}
        return ApiError(429, message, details=(info, more), headers=headers)
