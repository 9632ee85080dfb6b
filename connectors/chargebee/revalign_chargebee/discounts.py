"""Coupons and manual discounts of a Chargebee subscription, as what each line costs less per billing period.

A discount counts towards recurring revenue where it recurs: ``forever``, or ``limited_period`` until ``apply_till``. One
that is given once does not. Discounts of single items come off first, those of the whole invoice off what is left, each
in the order Chargebee lists them; percentages are rounded to the currency's minor unit, half up, as on an invoice. A
fixed amount off the invoice is split over the lines by what they cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from revalign_chargebee.prices import Record, amount_of, number_of
from revalign_udf.errors import BadRecord
from revalign_udf.money import decimals, largest_remainder

__all__ = ["Discount", "Line", "coupons_on", "discounts_of", "schedule"]

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a subscription, as far as discounts look at it."""

    price_id: str
    item_type: str
    family: str
    unit: Decimal
    quantity: Decimal
    recurring: bool

    @property
    def total(self) -> Decimal:
        """What the line costs per billing period."""
        return self.unit * self.quantity


@dataclass(frozen=True, slots=True)
class Discount:
    """A recurring discount: what it takes off, off which lines, and until when (epoch seconds, 0: for ever)."""

    kind: str
    value: Decimal
    whole: bool
    covers: Callable[[Line], bool]
    until: int


def schedule(
    lines: Sequence[Line], discounts: Sequence[Discount], currency: str, now: int
) -> list[list[tuple[int, Decimal]]]:
    """For each line what it costs less: [(from when, amount)], the first from now on, the next when a discount ends.

    Raises BadRecord REV-503 for a discount that cannot be worked out.
    """
    holding = [discount for discount in discounts if not discount.until or discount.until > now]
    moments = [now, *sorted({discount.until for discount in holding if discount.until})]
    found: list[list[tuple[int, Decimal]]] = [[] for _ in lines]
    for moment in moments:
        left = _taken_off(lines, [d for d in holding if not d.until or d.until > moment], currency)
        for place, line in enumerate(lines):
            off = line.total - left[place]
            if not found[place] or found[place][-1][1] != off:
                found[place].append((moment, off))
    return found


def _taken_off(lines: Sequence[Line], discounts: Sequence[Discount], currency: str) -> list[Decimal]:
    """What is left of each line's amount."""
    left = [line.total for line in lines]
    for discount in sorted(discounts, key=lambda item: item.whole):
        places = [place for place, line in enumerate(lines) if line.recurring and discount.covers(line)]
        if discount.whole and discount.kind == "fixed_amount":
            parts = _split(discount.value, [left[place] for place in places], currency)
        else:
            parts = [_off(discount, lines[place], left[place], currency) for place in places]
        for place, part in zip(places, parts, strict=True):
            left[place] -= min(part, left[place])
    return left


def _off(discount: Discount, line: Line, left: Decimal, currency: str) -> Decimal:
    if discount.kind == "percentage":
        return _rounded(left * discount.value / 100, currency)
    if discount.kind == "fixed_amount":
        return discount.value
    if discount.kind == "offer_quantity":
        return min(discount.value, line.quantity) * line.unit
    raise BadRecord(f"a discount of the kind {discount.kind!r} is not known", code="REV-507")


def _split(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """A fixed amount over lines by what they cost, to the minor unit, never more than they cost together."""
    whole = min(amount, sum(weights, _ZERO))
    if not whole:
        return [_ZERO for _ in weights]
    unit = Decimal(1).scaleb(-decimals(currency))
    parts = largest_remainder(int((whole / unit).to_integral_value(ROUND_HALF_UP)), weights)
    return [part * unit for part in parts]


def _rounded(value: Decimal, currency: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals(currency)), ROUND_HALF_UP)


def discounts_of(subscription: Record, coupons: Mapping[str, Record], currency: str, moment: int) -> list[Discount]:
    """The recurring discounts of a subscription. ``coupons`` are Chargebee's by id.

    Raises BadRecord REV-503 for a coupon that Chargebee does not know (any more), and for conditions by billing period.
    """
    found: list[Discount] = []
    for entry in coupons_on(subscription):
        coupon = coupons.get(str(entry["coupon_id"]))
        if coupon is None:
            raise BadRecord(f"the coupon {entry['coupon_id']} is not known", code="REV-503")
        if recurring := _recurring(coupon, entry, moment):
            whole = coupon.get("apply_on") != "each_specified_item"
            value = _value(coupon, currency, "discount_")
            found.append(Discount(str(coupon["discount_type"]), value, whole, _covered(coupon), recurring - 1))
    for entry in subscription.get("discounts") or ():
        if entry.get("coupon_id"):
            continue  # listed among the coupons
        if recurring := _recurring(entry, entry, moment):
            item = entry.get("item_price_id") if entry.get("apply_on") == "specific_item_price" else None
            found.append(
                Discount(
                    str(entry["type"]), _value(entry, currency, ""), item is None,
                    lambda line, item=item: item is None or line.price_id == item,  # type: ignore[misc]
                    recurring - 1,
                )
            )  # fmt: skip
    return found


def coupons_on(subscription: Record) -> list[Record]:
    """The coupons of a subscription; the oldest form names just one."""
    listed = list(subscription.get("coupons") or ())
    if not listed and subscription.get("coupon"):
        listed = [{"coupon_id": subscription["coupon"]}]
    return listed


def _recurring(terms: Record, applied: Record, moment: int) -> int:
    """One more than when it ends: 1 for never, 0 where it does not recur or has ended."""
    duration = terms.get("duration_type") or "forever"
    if duration == "one_time":
        return 0
    till = int(applied.get("apply_till") or 0)
    if duration == "limited_period" and till and till <= moment:
        return 0
    return till + 1


def _value(terms: Record, currency: str, prefix: str) -> Decimal:
    kind = terms.get("discount_type") or terms.get("type")
    if kind == "fixed_amount":
        amount = amount_of(terms, f"{prefix}amount", currency)
        return amount if amount is not None else _ZERO
    return number_of(terms, f"{prefix}percentage" if kind == "percentage" else f"{prefix}quantity") or _ZERO


def _covered(coupon: Record) -> Callable[[Line], bool]:
    """Which lines a coupon comes off."""
    if coupon.get("apply_on") != "each_specified_item":
        return lambda _line: True
    constraints = {str(one.get("item_type")): one for one in coupon.get("item_constraints") or ()}
    criteria = {str(one.get("item_type")): one for one in coupon.get("item_constraint_criteria") or ()}
    if not constraints:  # product catalogue 1.0
        constraints = {
            kind: {"constraint": coupon.get(f"{kind}_constraint"), "item_price_ids": coupon.get(f"{kind}_ids") or ()}
            for kind in ("plan", "addon")
        }

    def covers(line: Line) -> bool:
        rule = constraints.get(line.item_type, {})
        kind = rule.get("constraint") or "none"
        if kind == "specific":
            return line.price_id in _ids(rule.get("item_price_ids") or ())
        if kind == "criteria":
            return _meets(criteria.get(line.item_type, {}), line, str(coupon["id"]))
        return str(kind) == "all"

    return covers


def _meets(criterion: Record, line: Line, coupon: str) -> bool:
    if criterion.get("item_price_periods"):
        raise BadRecord(
            f"the coupon {coupon} covers items by their billing period, which this connector does not read",
            code="REV-507", hint="Name the item prices in the coupon instead.",
        )  # fmt: skip
    families = _ids(criterion.get("item_family_ids") or ())
    return not families or line.family in families


def _ids(values: Sequence[Any]) -> set[str]:
    return {str(value.get("id")) if isinstance(value, Mapping) else str(value) for value in values}
