"""Coupons on subscriptions: in which billing periods they count, and what they take off each item.

A discount counts in the billing periods whose invoice falls between its start and its end: a coupon of three months on
an annual price lowers the whole year that is invoiced meanwhile, one given in mid-period begins with the next invoice,
and one of duration ``once`` counts for one period. Item discounts come before those of the subscription, each on what
the one before left (https://docs.stripe.com/billing/subscriptions/coupons).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from fractions import Fraction
from typing import Any

from revalign_stripe.calendar import Rhythm
from revalign_stripe.pricing import Terms, minor_text, reference
from revalign_udf.money import largest_remainder, round_half_away

__all__ = ["Discount", "read_discount", "taken_off"]


@dataclass(frozen=True, slots=True)
class Discount:
    """A coupon as it was given to a subscription or to one of its items."""

    id: str
    start: int
    end: int | None
    percent: str
    off: str
    """an amount in minor units"""
    once: bool
    item: str
    """the subscription item it belongs to, empty for the subscription as a whole"""
    products: tuple[str, ...] = ()
    """products it is limited to; empty: all"""
    customer: bool = False
    """given to the customer, for all subscriptions without a discount of their own"""
    removed: int | None = None
    """when it was taken away, or last seen"""

    def packed(self) -> list[Any]:
        """For a state; ``Discount.unpacked`` undoes it."""
        return list(astuple(self))

    @classmethod
    def unpacked(cls, values: list[Any]) -> Discount:
        """From a state."""
        return replace(cls(*values), products=tuple(values[7]))

    def window(self, rhythm: Rhythm) -> tuple[int, int | None]:
        """From when until when it counts for an item; an empty window (x, x) where it was never used."""
        first = rhythm.at_or_after(self.start)
        ends = [moment for moment in (self.end, self.removed) if moment is not None]
        if self.once:
            # used up by the invoice of its period, and then no longer listed; taken away before, it never counted
            if self.removed is not None and self.removed < first:
                return first, first
            return first, rhythm.after(first)
        return first, max(first, rhythm.at_or_after(min(ends))) if ends else None


def read_discount(raw: Mapping[str, Any], coupon: Mapping[str, Any], item: str, currency: str) -> Discount:
    """A discount object with its coupon's particulars; ``currency`` is its subscription's where that is known."""
    off = coupon.get("amount_off")
    if off is not None and currency and str(coupon.get("currency") or currency).lower() != currency.lower():
        off = ((coupon.get("currency_options") or {}).get(currency.lower()) or {}).get("amount_off")
    return Discount(
        str(raw["id"] if raw.get("id") else f"{coupon.get('id')}@{raw.get('start')}"),
        int(raw["start"]),
        None if raw.get("end") is None else int(raw["end"]),
        "" if coupon.get("percent_off") is None else str(coupon["percent_off"]),
        "" if off is None else str(off),
        coupon.get("duration") == "once",
        item,
        tuple(reference(one) for one in (coupon.get("applies_to") or {}).get("products") or ()),
        customer=bool(raw.get("customer")) and not raw.get("subscription") and not item,
    )


def taken_off(
    items: Mapping[str, Terms], discounts: Iterable[Discount], rhythms: Mapping[str, Rhythm], at: int
) -> dict[str, str]:
    """What discounts take off each item per interval at a moment, as text in major units; items without are left out.

    A percentage is rounded to the minor unit per item, half away from zero; an amount off the whole subscription is
    shared by what the items cost, to the last minor unit. Nothing goes below zero.
    """
    left = {key: one.gross for key, one in items.items() if not one.metered}
    for discount in sorted(discounts, key=lambda one: (not one.item, one.start, one.id)):
        hit = [
            key
            for key in left
            if discount.item in ("", key)
            and (not discount.products or items[key].product in discount.products)
            and _counts(discount, rhythms.get(key), at)
        ]
        for key, off in _shares(discount, hit, left).items():
            left[key] = max(Fraction(0), left[key] - off)
    return {
        key: minor_text(items[key].gross - rest, items[key].currency)
        for key, rest in left.items()
        if rest != items[key].gross
    }


def _counts(discount: Discount, rhythm: Rhythm | None, at: int) -> bool:
    if rhythm is None:
        return False
    begin, end = discount.window(rhythm)
    return begin <= at and (end is None or at < end)


def _shares(discount: Discount, hit: list[str], left: Mapping[str, Fraction]) -> dict[str, Fraction]:
    if discount.percent:
        share = Fraction(discount.percent) / 100
        return {key: Fraction(round_half_away(left[key] * share)) for key in hit}
    total = sum(left[key] for key in hit)
    if not discount.off or total <= 0:
        return {}
    parts = largest_remainder(int(Fraction(discount.off)), [left[key] for key in hit])
    return {key: Fraction(part) for key, part in zip(hit, parts, strict=True)}
