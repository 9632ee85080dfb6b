"""From versions of a subscription to dated item periods.

A version is a subscription as it stood at a moment: the content of an event, or the subscription as listed now. Each item
is open from the version that first has it so until the version that has it otherwise. What is open is kept in the
stream's state, so that a later pull can close it; a version not newer than the last one seen changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from revalign_chargebee.api import Record
from revalign_chargebee.catalogue import Catalogue, product_of
from revalign_chargebee.discounts import Line, discounts_of, schedule
from revalign_chargebee.prices import number_of, plain, priced
from revalign_udf.errors import BadRecord

__all__ = ["History", "Version", "monthly"]

_BILLING = ("active", "non_renewing")
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True, slots=True)
class Version:
    """A subscription as it stood: when, and what kind of event says so (empty: it was listed)."""

    subscription: Record
    at: int
    event: str = ""

    @property
    def number(self) -> int:
        """Chargebee's version of the record, in milliseconds; from the time where it gives none."""
        return int(self.subscription.get("resource_version") or self.at * 1000)


class History:
    """The open items of every subscription, as the state keeps them.

    An entry is ``[version, closed at, [line, ...]]``; a line is ``[price, from, product, amount, quantity, interval,
    count, discount, [[when, discount], ...], one-time, metered, currency]``. Entries are replaced, never changed, so that
    a copy of the mapping is a state of its own.
    """

    def __init__(self, entries: Mapping[str, Any], catalogue: Catalogue) -> None:
        self._entries = dict(entries)
        self._catalogue = catalogue
        self.assumed = 0
        """subscriptions first met by a change: what they cost before it is not known and taken to be the same"""

    def state(self) -> dict[str, Any]:
        """What to keep."""
        return dict(self._entries)

    def take(self, version: Version) -> list[dict[str, Any]] | None:
        """The periods that a version closes and opens, or leaves open; None for a version already seen.

        Raises BadRecord REV-503 where it cannot be worked out.
        """
        subscription = version.subscription
        key = str(subscription["id"])
        entry = self._entries.get(key)
        if entry and version.number <= entry[0]:
            return None
        status = str(subscription.get("status"))
        begins, ends = _moments(version, entry)
        open_lines: list[list[Any]] = [list(line) for line in entry[2]] if entry else []
        wanted: list[list[Any]] = []
        if status in _BILLING or (entry is None and begins and ends):
            wanted = self._lines(subscription, begins, ends or version.at)
        if entry is None and ends:
            open_lines = wanted
        periods = list(_expired(key, open_lines, ends or begins or version.at))
        closed = int(entry[1]) if entry else 0
        if ends:
            periods += [_period(key, line, ends) for line in open_lines]
            open_lines, closed = [], ends
        else:
            kept = _kept(open_lines, wanted)
            gone = [line for line in open_lines if line not in kept.values()]
            periods += [_period(key, line, begins) for line in gone]
            if entry is None and version.event in _CHANGES:
                self.assumed += 1
            open_lines = [kept.get(place, line) for place, line in enumerate(wanted)]
            periods += [_period(key, line) for line in open_lines]
        self._entries[key] = [version.number, closed, open_lines]
        return periods

    def open(self, key: str) -> list[dict[str, Any]]:
        """The periods of a subscription that are open."""
        return [_period(key, line) for line in self._entries.get(key, (0, 0, ()))[2]]

    def expire(self, now: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Close what a discount covered that has ended since, without any version saying so: (subscription, periods)."""
        for key, (number, closed, lines) in list(self._entries.items()):
            if any(line[8] and line[8][0][0] <= now for line in lines):
                found = [list(line) for line in lines]
                periods = list(_expired(key, found, now))
                self._entries[key] = [number, closed, found]
                yield key, [*periods, *(_period(key, line) for line in found)]

    def _lines(self, subscription: Record, begins: int, now: int) -> list[list[Any]]:
        """The lines of a version, as they are from ``begins`` on."""
        currency = str(subscription["currency_code"])
        entries = list(_entries_of(subscription, self._catalogue))
        lines = [line for line, *_ in entries]
        recurring = discounts_of(subscription, self._catalogue.coupons(subscription), currency, begins)
        costs = schedule(lines, recurring, currency, begins)
        found: list[list[Any]] = []
        slots: dict[str, int] = {}
        for (line, entity, billing, metered, trial), steps in zip(entries, costs, strict=True):
            count, unit = billing
            slots[line.price_id] = slots.get(line.price_id, 0) + 1
            slot = line.price_id if slots[line.price_id] == 1 else f"{line.price_id}#{slots[line.price_id]}"
            product = product_of(self._catalogue, entity, line.price_id)
            later = [[when, plain(off)] for when, off in steps[1:]]
            found.append(
                [
                    slot, max(begins, trial) if trial > now else begins, product, plain(line.unit), plain(line.quantity),
                    unit, count, plain(steps[0][1]), later, not line.recurring, metered, currency,
                ]
            )  # fmt: skip
        return found


#: events that tell of a change to what was there before
_CHANGES = {
    "subscription_changed", "subscription_changed_with_backdating", "subscription_renewed", "subscription_items_renewed",
    "subscription_ramp_applied",
}  # fmt: skip


def _moments(version: Version, entry: Sequence[Any] | None) -> tuple[int, int]:
    """(since when it is as the version says, when it ended; 0 while it runs)."""
    subscription, status = version.subscription, str(version.subscription.get("status"))
    active = int(subscription.get("activated_at") or 0)
    if status in _BILLING:
        if entry is None:
            first = active or int(subscription.get("started_at") or subscription.get("created_at") or version.at)
            return (version.at if version.event == "subscription_moved_in" else first), 0
        # activated for the first time, or again: Chargebee says since when
        again = not entry[2] and active > int(entry[1])
        return (active if again else version.at), 0
    began = active or (int(subscription.get("started_at") or 0) if not subscription.get("trial_start") else 0)
    if status == "cancelled":
        ended = int(subscription.get("cancelled_at") or version.at)
    elif status == "paused":
        ended = int(subscription.get("pause_date") or version.at)
    elif status == "transferred":
        ended = version.at
    else:  # not begun, or in its trial
        return 0, (version.at if entry and entry[2] else 0)
    return (began if began < ended else 0), ended


def _kept(old: Sequence[list[Any]], new: Sequence[list[Any]]) -> dict[int, list[Any]]:
    """Which lines go on as they were: place among the new ones -> the old line."""
    left = list(old)
    kept: dict[int, list[Any]] = {}
    for place, line in enumerate(new):
        same = next((other for other in left if [other[0], *other[2:]] == [line[0], *line[2:]]), None)
        if same is not None:
            left.remove(same)
            kept[place] = same
    return kept


def _expired(key: str, lines: list[list[Any]], now: int) -> Iterator[dict[str, Any]]:
    """Close lines at the ends of their discounts, and go on without; ``lines`` is brought up to date."""
    for place, line in enumerate(lines):
        current = line
        while current[8] and current[8][0][0] <= now:
            when, discount = current[8][0]
            yield _period(key, current, when)
            current = [current[0], when, *current[2:7], discount, current[8][1:], *current[9:]]
        lines[place] = current


def _period(key: str, line: Sequence[Any], ends: int = 0) -> dict[str, Any]:
    """A line as the record that ``map`` turns into an item period."""
    slot, begins, product, amount, quantity, unit, count, discount, _, one_time, metered, currency = line
    return {
        "id": f"{key}:{slot}:{begins}", "subscription_id": key, "valid_from": begins, "valid_to": ends or None,
        "amount": amount, "quantity": quantity, "interval": unit, "interval_count": count, "discount_amount": discount,
        "currency": currency, "product_id": product, "one_time": one_time, "metered": metered, "price": slot,
    }  # fmt: skip


def _entries_of(subscription: Record, catalogue: Catalogue) -> Iterator[tuple[Line, str, tuple[int, str], bool, int]]:
    """(line, what kind of thing it is a price of, (count, interval), whether metered, end of its own trial)."""
    currency = str(subscription["currency_code"])
    common = (int(subscription.get("billing_period") or 1), str(subscription.get("billing_period_unit") or "month"))
    for item in subscription.get("subscription_items") or ():
        price = catalogue.get("item_prices", item["item_price_id"])
        product = catalogue.get("items", price.get("item_id"))
        kind = str(item.get("item_type") or price.get("item_type") or "plan")
        metered = bool(product.get("metered"))
        tiers = [
            tier for tier in subscription.get("item_tiers") or () if tier["item_price_id"] == item["item_price_id"]
        ]
        unit, quantity = _metered(item, price, currency) if metered else priced(item, price, tiers, currency)
        own = item.get("billing_period")
        billing = (int(own), str(item["billing_period_unit"])) if own else common
        line = Line(
            str(item["item_price_id"]), kind, str(price.get("item_family_id") or ""), unit, quantity, kind != "charge"
        )
        yield line, f"{kind}_item_price", billing, metered, int(item.get("trial_end") or 0)
    if subscription.get("plan_id"):
        plan = {
            "id": subscription["plan_id"], "quantity": subscription.get("plan_quantity") or 1,
            **{
                name.removeprefix("plan_"): value for name, value in subscription.items()
                if name in _PLAN and value is not None
            },
        }  # fmt: skip
        unit, quantity = priced(plan, {}, (), currency)
        yield Line(str(plan["id"]), "plan", "", unit, quantity, recurring=True), "plan", common, False, 0
        for addon in subscription.get("addons") or ():
            known = catalogue.get("addons", addon["id"])
            unit, quantity = priced(addon, known, (), currency)
            recurring = known.get("charge_type") != "non_recurring"
            line = Line(str(addon["id"]), "addon", "", unit, quantity, recurring)
            yield line, "addon", common, False, int(addon.get("trial_end") or 0)


_PLAN = {
    "plan_quantity_in_decimal", "plan_unit_price", "plan_unit_price_in_decimal", "plan_amount", "plan_amount_in_decimal",
    "plan_free_quantity", "plan_free_quantity_in_decimal",
}  # fmt: skip


def _metered(item: Record, price: Record, currency: str) -> tuple[Decimal, Decimal]:
    """A metered line: what one unit costs, and what was used so far; it is no part of MRR unless a profile says so."""
    plain_item = {**item, "amount": None, "amount_in_decimal": None, "quantity": 1, "quantity_in_decimal": None}
    try:
        unit, _ = priced(plain_item, {**price, "pricing_model": "per_unit", "free_quantity": 0}, (), currency)
    except BadRecord:  # priced by tiers: what is used is what it costs, and we do not know it
        unit = Decimal(0)
    return unit, number_of(item, "metered_quantity") or Decimal(0)


def monthly(periods: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """Monthly recurring revenue of open periods, None where one is billed by days or weeks."""
    total = Decimal(0)
    for period in periods:
        if period["one_time"] or period["metered"] or period["valid_to"]:
            continue
        if period["interval"] not in _MONTHS:
            return None
        months = _MONTHS[period["interval"]] * int(period["interval_count"])
        total += (Decimal(period["amount"]) * Decimal(period["quantity"]) - Decimal(period["discount_amount"])) / months
    return total
