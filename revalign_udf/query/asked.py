"""A question understood: everything that is said about it before a number is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from revalign_udf.governance import Close
from revalign_udf.metrics import Metric
from revalign_udf.periods import Period
from revalign_udf.query.answering import answer
from revalign_udf.query.answers import Answer
from revalign_udf.query.closing import kept
from revalign_udf.query.session import Session

__all__ = ["Asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question understood: the session that answers it, the metric with its parameters, and the filters."""

    session: Session
    metric: Metric
    cut: dict[str, str]
    elsewhere: Callable[[Period], Asked | None] | None = None
    """who answers for a closed period"""
    close: Close | None = None
    note: str = ""

    def at(self, when: Period) -> Asked:
        """The same question to the snapshot that answers for a period: of a closed one the frozen snapshot."""
        return (self.elsewhere(when) if self.elsewhere else None) or self

    def answer(self, when: Period, cut: dict[str, str] | None = None) -> Answer:
        """The answer for a period, of another slice where one is given."""
        found = answer(self.session, self.metric, when, self.cut if cut is None else cut)
        if self.close is not None:
            found = kept(self.close, self.session, self.metric, when, found)
        return replace(found, message=f"{found.message} {self.note}".strip()) if self.note else found

    def period(self, token: object) -> Period:
        """What a period token means to the snapshot."""
        return self.session.period(token)
