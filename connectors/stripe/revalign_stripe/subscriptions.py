"""What one subscription was, is and will be: its object, its events, its invoices -> dated periods per item.

Where a subscription brings no recurring revenue: before it was first paid (``incomplete``), in its trial, when it is
``unpaid`` or ``paused``, and while its collection is paused with ``void`` or ``mark_uncollectible`` (the service is given
away); with ``keep_as_draft`` it is billed later and counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from revalign_stripe.calendar import Rhythm
from revalign_stripe.catalogue import Catalogue
from revalign_stripe.discounts import Discount, read_discount
from revalign_stripe.history import History
from revalign_stripe.pricing import Terms, reference, terms
from revalign_stripe.timeline import Book, Points, Segment, Snapshot, advance, compiled
from revalign_udf.errors import BadRecord

__all__ = ["Outcome", "Reading", "event_snapshot", "follow", "relevant"]

_OFF = {"unpaid", "paused", "incomplete", "incomplete_expired"}
_NEVER = {"incomplete", "incomplete_expired"}
_FREE = {"void", "mark_uncollectible"}
_MATTERS = {
    "items", "status", "pause_collection", "discounts", "discount", "quantity", "plan", "trial_end", "trial_start",
    "ended_at",
}  # fmt: skip
_SAME_TIME = 60
"""seconds within which an item was made together with its subscription"""


@dataclass(slots=True)
class Reading:
    """What all subscriptions of a pull share."""

    catalogue: Catalogue
    history: History
    floor: int
    """seconds: the earliest moment of which events are known"""
    silence: bool = False
    """the last pull was so long ago that events are missing"""
    guessed: list[str] = field(default_factory=list)
    """subscriptions with a change whose day is not known"""
    unknown: int = 0
    """invoice lines of the past that could not be priced"""

    def price(self, key: str) -> Mapping[str, Any] | None:
        """A price, as Stripe has it now or as an old payload had it."""
        return self.history.prices.get(key) or self.catalogue.price(key)


@dataclass(slots=True)
class Outcome:
    """What a subscription came to: rows to send, keys (item, start) of rows that no longer hold, what is to be kept for
    later pulls, and why items are missing."""

    rows: dict[str, list[Segment]]
    gone: list[tuple[str, int]]
    book: dict[str, Any]
    problems: list[str]


def relevant(event: Mapping[str, Any]) -> bool:
    """Whether an event of a subscription can change what it is worth (most only start the next billing period)."""
    before = (event.get("data") or {}).get("previous_attributes")
    return before is None or bool(_MATTERS & before.keys())


def event_snapshot(event: Mapping[str, Any], details: Callable[[str], Mapping[str, Any] | None]) -> Snapshot:
    """A subscription as an event shows it, with what the event says of before."""
    data = event["data"]
    item = data["object"]
    previous = data.get("previous_attributes") or {}
    before: dict[str, Terms] = {}
    if (previous.get("items") or {}).get("data"):
        before, _ = _terms_of({**item, "items": previous["items"]}, details)
    shot = _snapshot(item, int(event["created"]), details, before)[0]
    return replace(shot, was_off=_state({**item, **previous}) == "off" and item.get("status") not in _NEVER)


def _snapshot(
    item: Mapping[str, Any], at: int, details: Callable[[str], Mapping[str, Any] | None],
    before: Mapping[str, Terms] | None = None,
) -> tuple[Snapshot, list[str]]:  # fmt: skip
    found, problems = _terms_of(item, details)
    partial = bool((item.get("items") or {}).get("has_more")) or bool(problems)
    named = [reference(one) for one in _raw_discounts(item)]
    named += [reference(one) for line in (item.get("items") or {}).get("data") or () for one in _raw_discounts(line)]
    trial_end = item.get("trial_end")
    shot = Snapshot(
        at,
        _state(item),
        found,
        before=before or {},
        partial=partial,
        discounts=frozenset(named),
        trial_end=None if trial_end is None else int(trial_end),
    )
    return shot, problems


def _raw_discounts(item: Mapping[str, Any]) -> list[Any]:
    return list(item.get("discounts") or ([item["discount"]] if item.get("discount") else []))


def _state(item: Mapping[str, Any]) -> Literal["on", "off", "trial"]:
    if item.get("status") == "trialing":
        return "trial"
    paused = (item.get("pause_collection") or {}).get("behavior") in _FREE
    return "off" if item.get("status") in _OFF or paused else "on"


def _terms_of(
    item: Mapping[str, Any], details: Callable[[str], Mapping[str, Any] | None]
) -> tuple[dict[str, Terms], list[str]]:
    found: dict[str, Terms] = {}
    problems: list[str] = []
    for line in (item.get("items") or {}).get("data") or ():
        try:
            found[str(line["id"])] = terms(line, str(item.get("currency") or ""), details)
        except BadRecord as error:
            problems.append(error.message)
    return found, problems


def follow(
    reading: Reading, item: Mapping[str, Any], events: Sequence[Snapshot], known: Mapping[str, Any] | None,
    touched: int, extra: Iterable[Discount] = (),
) -> Outcome:  # fmt: skip
    """What a subscription comes to.

    Args:
        reading: What the pull shares.
        item: The subscription with all its items, ``discounts`` expanded, ``customer`` expanded.
        events: Its relevant events, oldest first.
        known: What an earlier pull kept, None for a subscription seen for the first time.
        touched: When it was last heard of (seconds).
        extra: Discounts that events tell of and the subscription no longer has.
    """
    ended = None if item.get("ended_at") is None else int(item["ended_at"])
    book = Book.unpacked(known) if known and "t" in known else None
    now, problems = _snapshot(item, max(touched, book.at if book else 0), reading.price)
    if book is None and (item.get("status") in _NEVER):
        return Outcome({}, [], {"e": ended} if ended else Book(touched).packed(), problems)
    current, trouble = _discounts(reading, item)
    problems += trouble
    register = {one.id: one for one in extra} | (book.discounts if book else {}) | current
    register = _removed(register, current, events, now)
    told = reading.history.of(str(item["id"]), _pricer(reading, item), live=now.items)
    reading.unknown += told.unknown
    rhythms = _rhythms(item, [*events, now], told.points)
    if book is not None:
        if (news := [one for one in events if one.at > book.at]) and news[0].discounts - register.keys():
            reading.unknown += 1
        if reading.silence and book.at < reading.floor and ended is None:
            events = [*_silence(reading, item, book, events, now, told.points), *events]
        rows, gone = advance(book, events, now, register, rhythms, ended)
    else:
        points = _first_points(reading, item, events, now, told.points, ended, rhythms)
        rows, gone = compiled(points, register.values(), rhythms, told.billed, ended), []
    kept = {key: alive for key, many in rows.items() if (alive := [one for one in many if one.end is None
            or one.end > now.at])}  # fmt: skip
    if ended is not None:
        return Outcome(rows, gone, {"e": ended}, problems)
    live = {key: one for key, one in register.items() if _goes_on(one, rhythms, now.at)}
    return Outcome(rows, gone, Book(now.at, kept, live, now.state == "trial").packed(), problems)


def _goes_on(one: Discount, rhythms: Mapping[str, Rhythm], at: int) -> bool:
    ends = [one.window(rhythm)[1] for rhythm in rhythms.values()]
    return one.removed is None or any(end is None or end > at for end in ends)


def _pricer(reading: Reading, item: Mapping[str, Any]) -> Callable[[str, str, str], Terms]:
    def price_of(line: str, price: str, quantity: str) -> Terms:
        found = reading.price(price)
        if found is None:
            raise BadRecord(f"the price {price} is not known")
        return terms({"id": line, "price": found, "quantity": quantity}, str(item.get("currency") or ""), reading.price)

    return price_of


def _discounts(reading: Reading, item: Mapping[str, Any]) -> tuple[dict[str, Discount], list[str]]:
    """The discounts of a subscription and its items now; without any of its own, the customer's."""
    problems: list[str] = []
    found: dict[str, Discount] = {}
    currency = str(item.get("currency") or "")
    customer = item.get("customer")
    own = _raw_discounts(item)
    if not own and isinstance(customer, Mapping) and customer.get("discount"):
        own = [customer["discount"]]
    raw = [(one, "") for one in own]
    for line in (item.get("items") or {}).get("data") or ():
        listed = _raw_discounts(line)
        if any(isinstance(one, str) for one in listed):
            listed = _raw_discounts(reading.catalogue.item(str(line["id"])) or {})
        raw += [(one, str(line["id"])) for one in listed]
    for one, line in raw:
        discount = discount_of(reading.catalogue, one, line, currency)
        if discount is None:
            problems.append(f"the coupon of discount {reference(one)} is not known: the price is taken without it")
        else:
            found[discount.id] = discount
    return found, problems


def discount_of(catalogue: Catalogue, raw: object, line: str, currency: str) -> Discount | None:
    """A discount with the particulars of its coupon; None where they are not known."""
    if not isinstance(raw, Mapping):
        return None
    coupon = (raw.get("source") or {}).get("coupon") or raw.get("coupon")
    key = reference(coupon)
    full = catalogue.coupon(key) if key else None
    if full is None and isinstance(coupon, Mapping):
        full = coupon
    return None if full is None else read_discount(raw, full, line, currency)


def _removed(
    register: Mapping[str, Discount], current: Mapping[str, Discount], events: Sequence[Snapshot], now: Snapshot
) -> dict[str, Discount]:
    """Those that are no longer listed, with the day since when: of the first event that does not name them."""
    found = dict(register)
    for key, one in register.items():
        if key in current or one.removed is not None:
            continue
        # events of a subscription do not name the discounts of its customer
        without = [shot.at for shot in events if key not in shot.discounts and shot.at >= one.start]
        found[key] = replace(one, removed=min([now.at, *([] if one.customer else without)]))
    return found


def _rhythms(item: Mapping[str, Any], shots: Sequence[Snapshot], told: Points) -> dict[str, Rhythm]:
    anchor = int(item.get("billing_cycle_anchor") or item.get("start_date") or item["created"])
    starts = {
        str(line["id"]): int(line.get("current_period_start") or item.get("current_period_start") or anchor)
        for line in (item.get("items") or {}).get("data") or ()
    }
    found: dict[str, Rhythm] = {}
    for key, steps in told.items():
        last = next((one for _, one in reversed(steps) if one is not None), None)
        if last is not None:
            found[key] = Rhythm(anchor, *last.period)
    for shot in shots:
        for key, one in shot.items.items():
            found[key] = _rhythm(anchor, starts.get(key, anchor), one)
    return found


def _rhythm(anchor: int, start: int, one: Terms) -> Rhythm:
    """Counted from the anchor, which keeps the day of the month, where the current period lies on its grid."""
    grid = Rhythm(anchor, *one.period)
    return grid if grid.at_or_after(start) == start else Rhythm(start, *one.period)


def _silence(
    reading: Reading, item: Mapping[str, Any], book: Book, events: Sequence[Snapshot], now: Snapshot, told: Points
) -> list[Snapshot]:  # fmt: skip
    """What happened between the last pull and the earliest event that is kept: by invoices, and what they cannot tell."""
    items = {key: rows[-1].terms for key, rows in book.items.items() if rows and rows[-1].end is None}
    found: list[Snapshot] = []
    for at in sorted({at for steps in told.values() for at, _ in steps if book.at < at < reading.floor}):
        for key, steps in told.items():
            known = [one for since, one in steps if since <= at]
            if known and known[-1] is not None:
                items[key] = known[-1]
            elif known:
                items.pop(key, None)
        if not found or found[-1].items != items:
            found.append(Snapshot(at, "on", dict(items)))
    first = events[0] if events else now
    wanted: Mapping[str, Terms] = first.items if not events else {**items, **first.before}
    state = now.state if not events else "off" if first.was_off else "on"
    if state == "off" and items:
        found.append(Snapshot(max(book.at, min(_off_since(item, now), reading.floor)), "off", {}))
    elif state == "on" and wanted != items:
        found.append(Snapshot(reading.floor, "on", dict(wanted)))
    else:
        return found
    reading.guessed.append(str(item["id"]))
    return sorted(found, key=lambda one: one.at)


def _first_points(
    reading: Reading, item: Mapping[str, Any], events: Sequence[Snapshot], now: Snapshot, told: Points, ended: int | None,
    rhythms: Mapping[str, Rhythm],
) -> Points:  # fmt: skip
    """The moments of a subscription that was never read before."""
    created, start = int(item["created"]), int(item.get("start_date") or item["created"])
    made = {
        str(line["id"]): int(line.get("created") or created) for line in (item.get("items") or {}).get("data") or ()
    }
    points: Points = {key: list(steps) for key, steps in told.items()}
    first = events[0] if events else None
    opening = (first.before or {}) if first else now.items
    for key, one in {**(first.items if first else {}), **opening, **now.items}.items():
        base = start if made.get(key, created) <= created + _SAME_TIME else made[key]
        steps = points.setdefault(key, [])
        if steps:
            steps[0] = (max(min(steps[0][0], base), start), steps[0][1])
        elif first is None or first.at > base + _SAME_TIME:
            steps.append((base, opening.get(key) or (first.items.get(key) if first else None) or one))
    for key, before in (first.before if first else {}).items():
        if first and _before(points, key, first.at) not in (before, None):
            reading.guessed.append(str(item["id"]))
            points[key] = [one for one in points[key] if one[0] < first.at]
            points[key].append((max(reading.floor, points[key][-1][0]), before))
    if first and first.was_off and first.at - start > _SAME_TIME:
        # since when, no event tells any more: since the billing period it was in had begun
        reading.guessed.append(str(item["id"]))
        for key, steps in points.items():
            known = [one for one in steps if one[0] < first.at]
            since = rhythms[key].at_or_before(first.at) if key in rhythms else first.at
            points[key] = [*known, (max([since, *(at for at, _ in known[-1:])]), None)]
    for shot in events:
        _note(points, shot, start if shot.at - start <= _SAME_TIME else shot.at)
    if ended is None:
        last = events[-1].at if events else 0
        unsaid = () if now.state == "on" else (None,)
        differs = [key for key, one in now.items.items() if _last(points, key) not in (one, *unsaid)]
        gone = [key for key in points if key not in now.items and _last(points, key) is not None and not now.partial]
        at = max(last, reading.floor)
        if differs or gone:
            # changed without a proration on any invoice, before the events that are kept: its day is not known
            reading.guessed.append(str(item["id"]))
        for key in differs:
            points[key].append((max(at, points[key][-1][0]), now.items[key]))
        for key in gone:
            points[key].append((max(at, points[key][-1][0]), None))
        if now.state != "on" and not any(shot.state == now.state for shot in events[-1:]):
            since = _off_since(item, now)
            points = {key: [*steps, (max(since, steps[-1][0]), None)] for key, steps in points.items()}
    return _without_trial(item, now, points)


def _note(points: Points, shot: Snapshot, at: int) -> None:
    for key in dict.fromkeys((*points, *shot.items)):
        one = shot.items.get(key)
        if one is None and shot.partial:
            continue
        steps = points.setdefault(key, [])
        while steps and steps[-1][0] > at:
            steps.pop()  # an invoice that bills ahead; the event is the better witness
        steps.append((at, one if shot.state == "on" else None))


def _last(points: Points, key: str) -> Terms | None:
    return points[key][-1][1] if points.get(key) else None


def _before(points: Points, key: str, at: int) -> Terms | None:
    return next((one for since, one in reversed(points.get(key, [])) if since < at), None)


def _off_since(item: Mapping[str, Any], now: Snapshot) -> int:
    """Since when a subscription is not billed, where no event tells: since its current period began."""
    if now.state == "trial":
        return int(item.get("trial_start") or item["created"])
    lines = (item.get("items") or {}).get("data") or ()
    starts = [int(line["current_period_start"]) for line in lines if line.get("current_period_start")]
    return min(starts or [int(item.get("current_period_start") or item["created"])])


def _without_trial(item: Mapping[str, Any], now: Snapshot, points: Points) -> Points:
    """Nothing is billed from the start of the trial to its end."""
    begin, end = item.get("trial_start"), item.get("trial_end")
    if begin is None or end is None:
        return points
    begin, end = int(begin), int(end)
    found: Points = {}
    for key, steps in points.items():
        inside = [one for at, one in steps if at < end]
        after = [(at, one) for at, one in steps if at >= end]
        before = [(at, one) for at, one in steps if at < begin - _SAME_TIME]
        if inside and now.state != "trial":
            # the terms agreed on during the trial, from its end on; events of the trial say None
            agreed = next((one for one in reversed(inside) if one is not None), None)
            if agreed is None and after:
                agreed = after[0][1]
            if not (after and after[0][0] == end):
                after.insert(0, (end, agreed))
        found[key] = [*before, *([(begin, None)] if before else []), *after]
    return {key: steps for key, steps in found.items() if steps}
