"""The figures of a running server, in the text format of Prometheus: what was asked, how it went, how long it took."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from revalign_udf.functions.registry import bare_name, registry

if TYPE_CHECKING:
    from revalign_udf.server.calls import Standing

__all__ = ["Figures"]

#: upper bounds in seconds of the groups that durations are counted in
_BOUNDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)


class Figures:
    """Counters of one server. Names that come from outside are counted only where they are known ones."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.paths = frozenset(paths)
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._calls: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._groups: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._failed = 0

    def request(self, path: str, status: int, seconds: float) -> None:
        """One request has been answered; status 0: it broke off."""
        known = path if path in self.paths else "/addin/" if path.startswith("/addin/") else "other"
        with self._lock:
            self._requests[known, status] += 1
            self._groups.setdefault(known, [0] * (len(_BOUNDS) + 1))[bisect_left(_BOUNDS, seconds)] += 1
            self._seconds[known] = self._seconds.get(known, 0.0) + seconds

    def batch(self, functions: Mapping[str, int], codes: Mapping[str, int]) -> None:
        """A batch has been answered: calls by function, refused ones by code."""
        with self._lock:
            for name, count in functions.items():
                bare = bare_name(name)
                self._calls[bare if bare in registry() else "other"] += count
            self._codes.update(codes)

    def sign_in_failed(self) -> None:
        """A token was refused."""
        with self._lock:
            self._failed += 1

    def text(self, standings: Mapping[str, Standing]) -> str:
        """Everything, as Prometheus reads it."""
        lines: list[str] = []

        def add(name: str, kind: str, about: str, values: Iterable[tuple[str, float]]) -> None:
            lines.extend([f"# HELP revalign_{name} {about}", f"# TYPE revalign_{name} {kind}"])
            lines.extend(f"revalign_{name}{labels} {value:.10g}" for labels, value in values)

        with self._lock:
            add("requests_total", "counter", "Requests by path and status.", [
                (f'{{path="{path}",status="{status}"}}', count)
                for (path, status), count in sorted(self._requests.items())
            ])  # fmt: skip
            add("calls_total", "counter", "Calls answered with a value, by function.",
                [(f'{{function="{name}"}}', count) for name, count in sorted(self._calls.items())])  # fmt: skip
            add("call_errors_total", "counter", "Calls answered with an error, by code.",
                [(f'{{code="{code}"}}', count) for code, count in sorted(self._codes.items())])  # fmt: skip
            add("sign_in_failures_total", "counter", "Tokens refused.", [("", self._failed)])
            lines += ["# HELP revalign_request_seconds Time to answer a request.",
                      "# TYPE revalign_request_seconds histogram"]  # fmt: skip
            for path, groups in sorted(self._groups.items()):
                total = 0
                for bound, count in zip((*map(str, _BOUNDS), "+Inf"), groups, strict=True):
                    total += count
                    lines.append(f'revalign_request_seconds_bucket{{path="{path}",le="{bound}"}} {total}')
                lines.append(f'revalign_request_seconds_sum{{path="{path}"}} {self._seconds[path]:.6f}')
                lines.append(f'revalign_request_seconds_count{{path="{path}"}} {total}')
        ages = [(space, _age(standing)) for space, standing in standings.items()]
        add("snapshot_age_seconds", "gauge", "Seconds since the published snapshot was made.",
            [(f'{{space="{space}"}}', age) for space, age in ages if age is not None])  # fmt: skip
        add("snapshot_published", "gauge", "Whether there is a published snapshot.",
            [(f'{{space="{space}"}}', float(standing.status == "ok")) for space, standing in standings.items()])  # fmt: skip
        return "\n".join(lines) + "\n"


def _age(standing: Standing) -> float | None:
    if standing.created_at is None:
        return None
    made = datetime.fromisoformat(standing.created_at)
    return (datetime.now(UTC) - (made if made.tzinfo else made.replace(tzinfo=UTC))).total_seconds()
