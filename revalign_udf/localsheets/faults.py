"""Faults on demand: what a network, a quota or a crash does to a client, made to happen at the wanted call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Fault", "Faults"]


@dataclass(slots=True)
class Fault:
    """One planned fault. ``after`` calls that match pass first, then ``times`` calls fail."""

    match: re.Pattern[str]
    status: int = 0
    times: int = 1
    after: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    drop: bool = False
    drop_after_commit: bool = False
    delay: float = 0.0
    hits: int = 0


class Faults:
    """The faults still to come, in the order they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        match: str = "",
        *,
        status: int = 0,
        times: int = 1,
        after: int = 0,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        drop: bool = False,
        drop_after_commit: bool = False,
        delay: float = 0.0,
    ) -> Fault:
        """Plans a fault.

        Args:
            match: a regular expression over ``METHOD /path``; empty matches every call.
            status: answer with this HTTP status instead of doing anything.
            times: how many calls fail.
            after: how many matching calls pass before.
            headers: extra headers of the answer (``Retry-After``).
            body: the JSON of the answer; Google's usual shape when left out.
            drop: close the connection before anything is done.
            drop_after_commit: do it, then close the connection without an answer.
            delay: seconds to wait before going on.

        Returns:
            The fault; its ``hits`` says how often it struck.
        """
        fault = Fault(
            re.compile(match), status, times, after, dict(headers or {}), body, drop, drop_after_commit, delay
        )
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forgets every planned fault."""
        self._faults.clear()

    def take(self, call: str) -> Fault | None:
        """The fault that strikes this call, if any."""
        for fault in self._faults:
            if fault.hits >= fault.times or not fault.match.search(call):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.hits += 1
            return fault
        return None
