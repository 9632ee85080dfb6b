"""Bridges: what lies between two rival numbers, item by item, with nothing left over.

**One metric by two profiles.** The rules of the one are exchanged for those of the other one at a time, in a fixed
order: when churn counts, which discounts, metered items, at which rates, and last the formulas. Each exchange moves the
number by an amount; that amount is the item. Between two vendors the way leads over our own definitions, and a rule
changed on both legs is one item. A rule that leaves the number undefined is exchanged together with the next.

**Bookings and recurring revenue.** Won deals of the period, a month of their annual value, against the MRR that the
same customers brought in the period:

=================== =================================================================================================
per month           the annual contract value / 12
renewals            renewal deals: they are booked, and bring no new MRR
timing              customers who booked in the period and began to pay in another, less those the other way round
unmatched           booked by customers who never began to pay, less paid by customers who never booked
FX                  the deal's amount at the rates of the day billing changed instead of the day it closed
scope               the rest of customers who did both: one-off parts, discounts, other quantities
=================== =================================================================================================

A bridge to ``net_new_mrr``, ``mrr`` or ``arr`` goes on with the movements that lie between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from revalign_udf.errors import NoData, Undefined, UserError
from revalign_udf.metrics import Metric
from revalign_udf.metrics.profiles import PROFILES, Profile, steps_of
from revalign_udf.money import to_double
from revalign_udf.periods import Period
from revalign_udf.query.answers import Table
from revalign_udf.query.formulas import evaluate
from revalign_udf.query.session import Session
from revalign_udf.snapshots import Window

__all__ = ["BOOKED", "TARGETS", "Bridge", "Item", "between_profiles", "bookings_to_mrr"]

Where = Mapping[str, str]
_MICRO = Fraction(1, 10**6)
_YEARLY = Fraction(1, 12 * 10**6)

#: the metric a bridge over deals starts from
BOOKED = "bookings"
_LOSSES = ("contraction_mrr", "churned_mrr")
_REST = ("fx_impact_mrr", "entering_mrr", "leaving_mrr", "opening_mrr")
#: what a bridge from bookings may lead to -> (movements that follow the gains, times so much)
TARGETS: Mapping[str, tuple[tuple[str, ...], int]] = {
    "new_mrr": ((), 1),
    "arr_new": ((), 12),
    "net_new_mrr": (_LOSSES, 1),
    "mrr": ((*_LOSSES, *_REST), 1),
    "arr": ((*_LOSSES, *_REST), 12),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One part of the way from one number to the other; ``parts`` are the customers it consists of."""

    name: str
    about: str
    value: Fraction
    parts: tuple[tuple[str, Fraction], ...] = ()


@dataclass(frozen=True, slots=True)
class Bridge:
    """Two numbers and the items between them. ``start + all items = end``, exactly."""

    start_name: str
    end_name: str
    period: str
    unit: str
    currency: str
    start: Fraction
    end: Fraction
    items: tuple[Item, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    """display names of customers"""
    snapshot: str = ""

    @property
    def residual(self) -> Fraction:
        """What the items do not explain: zero."""
        return self.end - self.start - sum((item.value for item in self.items), Fraction(0))

    @property
    def table(self) -> Table:
        """The bridge from top to bottom."""
        rows = [
            (self.start_name, "", to_double(self.start)),
            *((item.name, item.about, to_double(item.value)) for item in self.items),
            (self.end_name, "", to_double(self.end)),
        ]
        return Table(("item", "about", "value"), tuple(rows), ("text", "text", self.unit))

    @property
    def records(self) -> Table:
        """The customers behind each item."""
        rows = tuple(
            (item.name, customer, self.names.get(customer, ""), to_double(value))
            for item in self.items
            for customer, value in item.parts
        )
        return Table(("item", "customer", "name", "value"), rows, ("text", "text", "text", self.unit))

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return {
            "from": self.start_name,
            "to": self.end_name,
            "period": self.period,
            "unit": self.unit,
            "currency": self.currency,
            "start": to_double(self.start),
            "end": to_double(self.end),
            "items": [{"item": i.name, "about": i.about, "value": to_double(i.value)} for i in self.items],
            "residual": to_double(self.residual),
            "records": self.records.dicts(),
            "snapshot": self.snapshot,
        }


# --- profiles ----------------------------------------------------------------------------------------------------------

_RULES = {
    "churn_date": "when a customer counts as lost",
    "discount": "which discounts are subtracted",
    "metered": "whether metered items count",
    "fx": "at which rate an amount is converted",
    "rates": "the rates of the question",
    "definitions": "population and formula",
}


def between_profiles(
    open_session: Callable[[Profile], Session], name: str, first: Profile, last: Profile, period: Period,
    ask: Callable[[Session], tuple[Metric, Where]],
) -> Bridge:  # fmt: skip
    """One metric by two profiles. ``ask`` reads the metric and the filters of a session.

    Raises NoData or Undefined where one of the two numbers does not exist, UserError REV-102 for a table.
    """
    default = PROFILES["default"]

    def value(profile: Profile) -> Fraction:
        session = open_session(profile)
        metric, where = ask(session)
        if metric.kind != "scalar":
            raise UserError(f"{metric.name} is a table; a bridge leads from one number to another.")
        return evaluate(session, metric, period, where)

    up, down = steps_of(last), steps_of(first)
    # down the first one's rules to ours, then up to the last one's
    back = down[::-1]
    way = [
        (rule, back[place + 1][1] if place + 1 < len(back) else default) for place, (rule, _) in enumerate(back)
    ] + up
    start, end = value(first), value(last)
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    here, waiting = start, list[str]()
    for place, (rule, profile) in enumerate(way):
        waiting.append(rule)
        try:
            there = end if place == len(way) - 1 else value(profile)
        except (NoData, Undefined):
            continue
        found[" and ".join(dict.fromkeys(waiting))] += there - here
        here, waiting = there, []
    items = tuple(Item(rules, _told(rules.split(" and "), first, last), size) for rules, size in found.items())
    session = open_session(last)
    metric, _ = ask(session)
    currency = session.evaluator.lens.currency if metric.unit == "money" else ""
    return Bridge(
        f"{name} ({first.name})", f"{name} ({last.name})", str(period), metric.unit, currency, start, end, items,
        snapshot=session.snapshot.label,
    )  # fmt: skip


def _told(rules: Sequence[str], first: Profile, last: Profile) -> str:
    return "; ".join(f"{_RULES[rule]}: {_says(first, rule)} -> {_says(last, rule)}" for rule in rules)


def _says(profile: Profile, rule: str) -> str:
    if rule == "definitions":
        return profile.label
    return str(profile.rates if rule == "rates" else getattr(profile.movements, rule))


# --- bookings ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Customer:
    """What one customer booked and began to pay, a month's worth."""

    booked: Fraction = Fraction(0)
    revalued: Fraction = Fraction(0)
    billed: Fraction = Fraction(0)
    has_booked: bool = False
    has_billed: bool = False


def bookings_to_mrr(session: Session, target: str, period: Period, where: Where) -> Bridge:
    """From the bookings of a period to recurring revenue. Raises NoData where one of the two does not exist, UserError
    REV-102 for another target."""
    if target not in TARGETS:
        raise UserError(
            f"There is no bridge from {BOOKED} to {target}.",
            hint=f"Possible: {', '.join(TARGETS)}; or two profiles of one metric.",
        )
    more, times = TARGETS[target]
    metrics = session.catalogue.metrics
    start = evaluate(session, session.catalogue.bind(metrics[BOOKED]), period, where)
    end = evaluate(session, session.catalogue.bind(metrics[target]), period, where)
    kinds = ("new",) if target in ("new_mrr", "arr_new") else ("new", "expansion", "reactivation")
    per_month = start * Fraction(times, 12) - start
    items = [Item("per month" if times == 1 else "per year", f"annual contract value x {times} / 12", per_month)]
    items += [
        Item(name, about, size * times, tuple((who, part * times) for who, part in parts))
        for name, about, size, parts in _matched(session, period, where, kinds)
    ]
    for name in more:
        size = evaluate(session, session.catalogue.bind(metrics[name]), period, where) * times
        items.append(Item(name, metrics[name].label, size))
    customers = {who for item in items for who, _ in item.parts}
    currency = session.evaluator.lens.currency
    return Bridge(
        BOOKED, target, str(period), "money", currency, start, end, tuple(item for item in items if item.value or item.parts),
        session.snapshot.names_of(customers), session.snapshot.label,
    )  # fmt: skip


_Found = tuple[str, str, Fraction, list[tuple[str, Fraction]]]


def _matched(session: Session, period: Period, where: Where, kinds: Sequence[str]) -> list[_Found]:
    """(item, meaning, size, customers) of what lies between a month of the deals and the MRR they brought."""
    deals, gains = session.window_of("deal", period), session.window_of("movement", period)
    named = ", ".join(f"'{kind}'" for kind in kinds)
    rows = session.evaluator.rows
    won, gained = "f.outcome = 'won'", f"f.kind IN ({named})"
    people: defaultdict[str, _Customer] = defaultdict(_Customer)
    renewals: defaultdict[str, Fraction] = defaultdict(Fraction)
    days: dict[str, date] = {}
    for who, day, amount in rows("movement", gains, where, "f.customer, f.on_day, sum(f.amount)", rule=gained):
        people[who or ""].billed += _known(amount, day) * _YEARLY
        days.setdefault(who or "", day)
    select = "f.customer, f.on_day, f.kind, f.currency, sum(f.amount), sum(f.amount_src)"
    for who, day, kind, currency, amount, source in rows("deal", deals, where, select, rule=won):
        if kind == "renewal":
            renewals[who or ""] += _known(amount, day) * _MICRO / 12
            continue
        one = people[who or ""]
        one.booked += _known(amount, day) * _MICRO / 12
        one.revalued += _revalued(session, days.get(who or "", day), currency, source, amount) / 12
    ever = Window(date(1, 1, 1), session.snapshot.as_of + timedelta(days=1))
    for (who,) in rows("deal", ever, where, "f.customer", rule=f"{won} AND f.kind <> 'renewal'"):
        people[who or ""].has_booked = True
    for (who,) in rows("movement", ever, where, "f.customer", rule=gained):
        people[who or ""].has_billed = True
    found: defaultdict[str, list[tuple[str, Fraction]]] = defaultdict(list)
    found["renewals"] = [(who, -size) for who, size in sorted(renewals.items()) if size]
    for who, one in sorted(people.items()):
        for name, size in _parts(one):
            if size:
                found[name].append((who, size))
    return [
        (name, about, sum((part for _, part in found[name]), Fraction(0)), found[name])
        for name, about in _ABOUT.items()
    ]


def _known(amount: Decimal | None, day: date) -> Fraction:
    if amount is None:
        raise NoData(f"An amount of {day} has no exchange rate at most 7 days old.", code="REV-208")
    return Fraction(amount)


_ABOUT = {
    "renewals": "renewal deals bring no new MRR",
    "timing: booked here, paying from another period": "",
    "timing: booked in another period, paying from here": "",
    "unmatched: booked, never paying": "",
    "unmatched: paying, never booked": "",
    "FX": "the deal at the rates of the day billing changed",
    "scope": "one-off parts, discounts, other amounts than booked",
}


def _parts(one: _Customer) -> list[tuple[str, Fraction]]:
    """What a customer adds to each item; together billed - booked."""
    if one.booked and one.billed:
        return [("FX", one.revalued - one.booked), ("scope", one.billed - one.revalued)]
    here, there = (
        "timing: booked here, paying from another period",
        "timing: booked in another period, paying from here",
    )
    return [
        (here if one.has_billed else "unmatched: booked, never paying", -one.booked),
        (there if one.has_booked else "unmatched: paying, never booked", one.billed),
    ]


def _revalued(session: Session, day: date, currency: str, source: int, amount: Any) -> Fraction:
    """A deal's amount at the rate of another day; as it is where that day has none, so that FX is not guessed."""
    lens = session.evaluator.lens
    rate = lens.rates().on(day, currency, lens.currency)
    return Fraction(amount) * _MICRO if rate is None else source * rate * _MICRO
