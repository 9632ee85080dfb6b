"""Closed periods: whose numbers stay, whatever becomes known later.

A close names a period and the snapshot it is frozen on. It is one line of ``governance/closes.jsonl`` in the project
folder: who, when, why, the snapshot with the hash of its content, and the exact value of every metric on that day. Lines
are only ever added; to reopen a period adds a line too, with its own who, when and why.

What is closed:

* a closed period freezes every stretch of days inside it: a closed quarter its months, a closed month its weeks. Of
  several closed periods around the days asked for the shortest one answers, so that closing a quarter does not move the
  numbers of a month closed before it;
* a period that only contains closed ones is not closed: a year of twelve closed months is computed anew;
* the snapshot of a close is never removed, not even when the period has been reopened.

A line that cannot be read stops every question: nobody could say any more which numbers are to stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from revalign_udf.errors import StoreError, UserError, redact
from revalign_udf.governance.audit import user
from revalign_udf.governance.lines import adding, content_of
from revalign_udf.periods import Period

__all__ = ["CLOSES_FILE", "Close", "Closes", "Reopening", "add_close", "add_reopening", "read_closes"]

CLOSES_FILE = Path("governance") / "closes.jsonl"
_NAME = "The list of closed periods"


@dataclass(frozen=True, slots=True)
class Reopening:
    """Who opened a closed period again, when (UTC) and why."""

    who: str
    when: str
    why: str


@dataclass(frozen=True, slots=True)
class Close:
    """One closed period: the days from ``start`` to before ``end``, frozen on a snapshot.

    ``snapshot`` is its folder's name, ``content`` the hash of what was published, ``when`` UTC in ISO 8601. ``values``
    are, by period and metric, the exact values of the day of the close as fractions (``21/20``), or the codes of the
    reasons why there was none. ``forced``: the period was not over, or not loaded to its end.
    """

    period: str
    start: date
    end: date
    snapshot: str
    content: str = ""
    who: str = ""
    when: str = ""
    why: str = ""
    forced: bool = False
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reopened: Reopening | None = None

    @property
    def label(self) -> str:
        """The snapshot as people see it: ``2026-10-31#2``."""
        day, _, number = self.snapshot.rpartition(".")
        return f"{day}#{number}"

    @property
    def note(self) -> str:
        """What an answer says: ``closed 2026-10-05 by ada``."""
        return f"closed {self.when[:10]} by {self.who}"

    def holds(self, start: date, end: date) -> bool:
        """Whether a stretch of days lies inside the period."""
        return self.start <= start and end <= self.end

    def value_of(self, period: Period, metric: str) -> Fraction | None:
        """The exact value a metric had at the close; None where there was none or where it was not written down."""
        found = self.values.get(f"{period.start}..{period.last_day}", {}).get(metric, "REV")
        return None if found.startswith("REV") else Fraction(found)

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form, without the values."""
        found = asdict(self)
        del found["values"]
        return {**found, "start": str(self.start), "end": str(self.end), "snapshot": self.label}


@dataclass(frozen=True)
class Closes:
    """Every close of a project, oldest first, reopened ones too."""

    every: tuple[Close, ...] = ()

    @cached_property
    def standing(self) -> list[Close]:
        """What is closed now, by first day."""
        return sorted((one for one in self.every if one.reopened is None), key=lambda one: (one.start, one.end))

    @property
    def snapshots(self) -> frozenset[str]:
        """Folders of all snapshots a close names, never to be removed."""
        return frozenset(one.snapshot for one in self.every)

    def of(self, period: Period) -> Close | None:
        """The close a period is answered from: the shortest one around it."""
        around = [one for one in self.standing if one.holds(period.start, period.end)]
        return min(around, key=lambda one: (one.end - one.start, one.start), default=None)


def read_closes(project_folder: Path) -> Closes:
    """Every close of a project. Raises StoreError REV-801 where a line cannot be read."""
    path = project_folder / CLOSES_FILE
    return _read(path, content_of(path, _NAME))


def add_close(project_folder: Path, close: Close) -> Close:
    """Close a period now; ``who`` is the user of the operating system unless the close names another.

    Raises UserError REV-105 for a period that is closed already, REV-102 without a reason.
    """
    why = _reason(close.why)
    with adding(project_folder / CLOSES_FILE, _NAME) as file:
        known = _read(project_folder / CLOSES_FILE, file.content())
        for other in known.standing:
            if other.holds(close.start, close.end):
                whole = "" if (other.start, other.end) == (close.start, close.end) else f" as part of {other.period}"
                raise UserError(
                    f"{close.period} is {other.note}{whole} ({other.why}).", code="REV-105",
                    hint=f"To close it anew, first: revalign period reopen {other.period} --reason TEXT.",
                )  # fmt: skip
        made = replace(close, who=close.who.strip() or user(), when=_now(), why=why, reopened=None)
        line = asdict(made)
        del line["reopened"]
        file.add({"action": "close", **line})
    return made


def add_reopening(project_folder: Path, period: Period, why: str, who: str = "") -> Close:
    """Open a closed period again; the close stays on record. Raises UserError REV-105 where it is not closed, REV-102
    without a reason."""
    why = _reason(why)
    _standing(read_closes(project_folder), period)
    with adding(project_folder / CLOSES_FILE, _NAME) as file:
        found = _standing(_read(project_folder / CLOSES_FILE, file.content()), period)
        opened = Reopening(who.strip() or user(), _now(), why)
        file.add({"action": "reopen", "period": found.period, "start": found.start, "end": found.end, **asdict(opened)})
    return replace(found, reopened=opened)


def _standing(closes: Closes, period: Period) -> Close:
    """The close of exactly these days. Raises UserError REV-105 where there is none."""
    for one in closes.standing:
        if (one.start, one.end) == (period.start, period.end):
            return one
    around = closes.of(period)
    part = f" It is part of {around.period}: reopen that." if around else ""
    raise UserError(f"{period} is not closed.{part}", code="REV-105", hint="What is: revalign period status.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _reason(text: str) -> str:
    text = redact(" ".join(text.split()))
    if not text:
        raise UserError("A reason is needed, so that others can read why.", hint="Write --reason TEXT.")
    return text


def _read(path: Path, content: bytes) -> Closes:
    found: list[Close] = []
    for place, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            _take(found, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"Line {place} of {CLOSES_FILE.as_posix()} cannot be read: nobody can say which periods are closed.",
                hint=f"Restore {path} from version control; remove the line if a crash cut it short, and close again.",
            ) from error
    return Closes(tuple(found))


def _take(found: list[Close], raw: dict[str, Any]) -> None:
    """Add what one line says. Raises ValueError for a line that fits nothing before it."""
    action = raw.pop("action")
    start, end = date.fromisoformat(raw.pop("start")), date.fromisoformat(raw.pop("end"))
    if action == "close":
        made = Close(start=start, end=end, **raw)
        if not all(isinstance(text, str) for text in (made.period, made.snapshot, made.who, made.when, made.why)):
            raise TypeError(action)
        found.append(made)
        return
    if action != "reopen":
        raise ValueError(action)
    del raw["period"]
    # the last one of those days that stands
    place = max(n for n, one in enumerate(found) if (one.start, one.end) == (start, end) and one.reopened is None)
    found[place] = replace(found[place], reopened=Reopening(**raw))
