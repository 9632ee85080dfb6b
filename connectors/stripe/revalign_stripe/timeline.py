"""From what is known of a subscription at moments to dated periods per item.

A :class:`Snapshot` says what a subscription was like from a moment on (an event, an invoice line, the object as it is
now). :func:`compiled` turns moments and discounts into :class:`Segment` rows; :func:`advance` goes on from what an
earlier pull sent. What was sent is what gets closed: a period keeps its key and its start for ever, later pulls only end
it and append. So a figure of the past does not move because Stripe forgot how it came about (events: 30 days).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from revalign_stripe.calendar import Rhythm
from revalign_stripe.discounts import Discount, taken_off
from revalign_stripe.pricing import Terms

__all__ = ["Billed", "Book", "Points", "Segment", "Snapshot", "advance", "compiled"]

Points = dict[str, list[tuple[int, Terms | None]]]
"""subscription item -> (from when, at what terms; None: not billed), in the order of time; the later word counts"""

_TERMS = 9


@dataclass(frozen=True, slots=True)
class Segment:
    """A row of ``subscription_item_period`` of one item: [start, end) in seconds, the discount in major units."""

    start: int
    end: int | None
    terms: Terms
    discount: str = "0"

    def packed(self) -> list[Any]:
        """For a state."""
        return [self.start, self.end, self.discount, *self.terms.packed()]

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> Segment:
        """From a state."""
        return cls(values[0], values[1], Terms(*values[3 : 3 + _TERMS]), values[2])


@dataclass(frozen=True, slots=True)
class Billed:
    """What a discount is known to be for a period, in major units: an invoice shows it, or it was sent so before."""

    start: int
    end: int | None
    discount: str
    terms: Terms | None = None
    """only as long as these hold"""

    def covers(self, at: int, terms: Terms) -> bool:
        """Whether it speaks of an item at a moment."""
        return self.start <= at and (self.end is None or at < self.end) and self.terms in (None, terms)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A subscription from a moment on."""

    at: int
    state: Literal["on", "off", "trial"]
    items: Mapping[str, Terms]
    before: Mapping[str, Terms] = field(default_factory=dict)
    """items as they were until then, where the event says so"""
    was_off: bool = False
    """it was not billed until then, as the event says"""
    partial: bool = False
    """items that are not listed are not known to be gone"""
    discounts: frozenset[str] = frozenset()
    trial_end: int | None = None


@dataclass(slots=True)
class Book:
    """What a later pull has to know of a subscription that goes on."""

    at: int
    """through which moment it was read"""
    items: dict[str, list[Segment]] = field(default_factory=dict)
    """sent periods that have not ended by then"""
    discounts: dict[str, Discount] = field(default_factory=dict)
    trial: bool = False
    """it was in its trial then"""

    def packed(self) -> dict[str, Any]:
        """For a state."""
        found: dict[str, Any] = {"t": self.at}
        if self.items:
            found["i"] = {key: [one.packed() for one in segments] for key, segments in self.items.items()}
        if self.discounts:
            found["d"] = [one.packed() for one in self.discounts.values()]
        if self.trial:
            found["trial"] = True
        return found

    @classmethod
    def unpacked(cls, values: Mapping[str, Any]) -> Book:
        """From a state."""
        items = {key: [Segment.unpacked(one) for one in many] for key, many in values.get("i", {}).items()}
        discounts = [Discount.unpacked(one) for one in values.get("d", [])]
        return cls(values["t"], items, {one.id: one for one in discounts}, bool(values.get("trial")))


def compiled(
    points: Points, discounts: Iterable[Discount], rhythms: Mapping[str, Rhythm],
    billed: Mapping[str, Sequence[Billed]] | None = None, end: int | None = None,
) -> dict[str, list[Segment]]:  # fmt: skip
    """Rows from moments: cut wherever terms or a discount change, joined where nothing did. ``end``: of everything."""
    billed, discounts = billed or {}, list(discounts)
    cuts = {at for steps in points.values() for at, _ in steps}
    cuts |= {bound for shown in billed.values() for one in shown for bound in (one.start, one.end) if bound is not None}
    for discount in discounts:
        for rhythm in rhythms.values():
            cuts |= {bound for bound in discount.window(rhythm) if bound is not None}
    first = min((steps[0][0] for steps in points.values() if steps), default=0)
    moments = sorted(cut for cut in cuts if cut >= first and (end is None or cut < end))
    found: dict[str, list[Segment]] = {}
    for at, until in zip(moments, [*moments[1:], end][: len(moments)], strict=True):
        now = {key: terms for key, steps in points.items() if (terms := _at(steps, at)) is not None}
        off = taken_off(now, discounts, rhythms, at)
        for key, terms in now.items():
            shown = next((one for one in billed.get(key, ()) if one.covers(at, terms)), None)
            _append(
                found.setdefault(key, []), Segment(at, until, terms, shown.discount if shown else off.get(key, "0"))
            )
    return found


def _at(steps: Sequence[tuple[int, Terms | None]], moment: int) -> Terms | None:
    found: Terms | None = None
    for at, terms in steps:
        if at > moment:
            break
        found = terms
    return found


def _append(segments: list[Segment], one: Segment) -> None:
    last = segments[-1] if segments else None
    if last and last.end == one.start and (last.terms, last.discount) == (one.terms, one.discount):
        segments[-1] = replace(last, end=one.end)
    else:
        segments.append(one)


def advance(
    book: Book, snapshots: Sequence[Snapshot], now: Snapshot, discounts: Mapping[str, Discount],
    rhythms: Mapping[str, Rhythm], end: int | None,
) -> tuple[dict[str, list[Segment]], list[tuple[str, int]]]:  # fmt: skip
    """Go on from what was sent: (rows to send, keys (item, start) of sent rows that no longer hold).

    ``snapshots`` are the events since, ``now`` the object as it is, dated by its last event.
    """
    news = [one for one in snapshots if one.at > book.at]
    sent = _corrected(book.items, news[0]) if news else book.items
    steps = [*news, replace(now, at=max(now.at, news[-1].at if news else book.at))]
    points: Points = {}
    trial = book.trial
    billed = {
        key: [Billed(row.start, row.end, row.discount, row.terms) for row in rows]
        for key, rows in sent.items()
        if _windows(book.discounts, rhythms) == _windows(discounts, rhythms)
    }
    for one in steps:
        at = one.at
        if one.state == "on" and trial and one.trial_end and book.at <= one.trial_end <= at:
            at = one.trial_end  # billing began with the end of the trial, not with its event
        for key in dict.fromkeys((*sent, *points, *one.items)):
            terms = one.items.get(key)
            if terms is None and one.partial:
                continue
            points.setdefault(key, []).append((at, terms if one.state == "on" else None))
        trial = one.state == "trial"
    if end is not None:
        # an end that came with an event of the same second, or was dated back
        points = {key: [(min(at, end), terms) for at, terms in found] for key, found in points.items()}
    since = min(at for found in points.values() for at, _ in found) if points else book.at
    coming = compiled(points, discounts.values(), rhythms, billed, end)
    result: dict[str, list[Segment]] = {}
    gone: list[tuple[str, int]] = []
    for key in dict.fromkeys((*sent, *coming)):
        rows = [
            replace(row, end=since if row.end is None or row.end > since else row.end)
            for row in sent.get(key, [])
            if row.start < since
        ]
        for row in coming.get(key, []):
            _append(rows, row)
        starts = {row.start for row in rows}
        gone += [(key, row.start) for row in book.items.get(key, []) if row.start not in starts]
        result[key] = rows
    return result, gone


def _windows(
    discounts: Mapping[str, Discount], rhythms: Mapping[str, Rhythm]
) -> dict[str, dict[str, tuple[int, int | None]]]:
    """In which periods discounts count: as long as that is the same, what was sent of them holds."""
    return {
        name: {key: one.window(rhythm) for key, rhythm in rhythms.items() if one.item in ("", key)}
        for name, one in discounts.items()
    }


def _corrected(sent: Mapping[str, list[Segment]], first: Snapshot) -> Mapping[str, list[Segment]]:
    """Rows sent, put right where the object was read after a change whose event was read only now: then the row has the
    new terms from its start, and the event tells the old ones."""
    found = dict(sent)
    for key, before in first.before.items():
        rows = found.get(key)
        after = first.items.get(key)
        if rows and rows[-1].terms != before and rows[-1].terms == after and rows[-1].start < first.at:
            found[key] = [*rows[:-1], replace(rows[-1], terms=before)]
    return found
