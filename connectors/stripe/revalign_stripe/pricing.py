"""What one item of a subscription costs per billing interval, exactly.

Amounts of Stripe are in minor units, with fractions of cents in the ``..._decimal`` fields; currencies without decimals
(JPY) have none here either. Old payloads carry a ``plan`` where new ones carry a ``price``: both are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Any

from revalign_udf.connector.values import from_minor
from revalign_udf.errors import BadRecord
from revalign_udf.money import decimals, round_half_away

__all__ = ["Details", "Terms", "minor_text", "reference", "terms"]

Details = Callable[[str], Mapping[str, Any] | None]
"""price id -> the price with its tiers and its amounts in other currencies"""


@dataclass(frozen=True, slots=True)
class Terms:
    """The price of an item: ``amount`` (major units, exact text) per interval and for one, times ``quantity``."""

    amount: str
    quantity: str
    interval: str
    interval_count: int
    currency: str
    product: str
    metered: bool
    price: str
    units: str = ""
    """the quantity as sold where ``amount`` is the total already (tiers, packages)"""

    @property
    def gross(self) -> Fraction:
        """What an interval costs before discounts, in minor units."""
        return Fraction(self.amount) * Fraction(self.quantity) * int(10 ** decimals(self.currency))

    @property
    def period(self) -> tuple[str, int]:
        """The billing interval."""
        return self.interval, self.interval_count

    def packed(self) -> list[Any]:
        """For a state; ``Terms(*packed)`` undoes it."""
        return list(astuple(self))


def reference(value: object) -> str:
    """The id of an object that may be expanded; empty for none."""
    return str((value.get("id") if isinstance(value, Mapping) else value) or "")


def minor_text(amount: Fraction, currency: str) -> str:
    """Minor units as text in major units, rounded half away from zero to a whole minor unit; nothing is ``0``."""
    whole = round_half_away(amount)
    return (from_minor(whole, currency) or "0") if whole else "0"


def terms(item: Mapping[str, Any], currency: str, details: Details) -> Terms:
    """The terms of a subscription item (or of a line with ``price`` and ``quantity``).

    ``currency`` is the subscription's, which decides where a price has several. Raises BadRecord REV-503 for a price
    whose amount is not known.
    """
    price = item.get("price") or item.get("plan")
    if not isinstance(price, Mapping):
        raise BadRecord(f"the item {item.get('id')} has no price")
    rhythm = price.get("recurring") or price
    interval, count = rhythm.get("interval"), int(rhythm.get("interval_count") or 1)
    key = str(price["id"])
    if not interval:
        raise BadRecord(f"the price {key} of the item {item.get('id')} does not recur")
    base = str(price.get("currency") or currency).lower()
    currency = (currency or base).lower()
    metered = rhythm.get("usage_type") == "metered"
    quantity = Decimal(str(1 if item.get("quantity") is None else item["quantity"]))
    common = (str(interval), count, currency.upper(), reference(price.get("product")), metered, key)
    if metered:
        # what is used is known when it is billed: see invoice lines of the kind usage
        return Terms("0", "1", *common)
    found = price
    if currency != base or price.get("billing_scheme") == "tiered":
        found = details(key) or price
    if currency != base:
        found = (found.get("currency_options") or {}).get(currency) or {}
        if not found:
            raise BadRecord(f"the price {key} has no amount in {currency.upper()}, the currency of its subscription")
    if price.get("billing_scheme") == "tiered":
        total = _tiered(found.get("tiers") or [], str(price.get("tiers_mode")), quantity, key)
        return Terms(from_minor(total, currency) or "0", "1", *common, units=format(quantity, "f"))
    unit = _amount(found, "unit_amount")
    unit = _amount(found, "amount") if unit is None else unit  # a plan
    if unit is None:
        raise BadRecord(f"the price {key} has no amount: the customer chooses it, or its form is not known")
    if packages := price.get("transform_quantity") or price.get("transform_usage"):
        rounding = ROUND_CEILING if packages.get("round") == "up" else ROUND_FLOOR
        whole = (quantity / Decimal(str(packages["divide_by"]))).to_integral_value(rounding)
        return Terms(from_minor(unit, currency) or "0", format(whole, "f"), *common, units=format(quantity, "f"))
    return Terms(from_minor(unit, currency) or "0", format(quantity, "f"), *common)


def _amount(price: Mapping[str, Any], name: str) -> Decimal | None:
    """An amount in minor units: the exact field where there is one."""
    for field in (f"{name}_decimal", name):
        if price.get(field) is not None:
            return Decimal(str(price[field]))
    return None


def _tiered(tiers: Sequence[Mapping[str, Any]], mode: str, quantity: Decimal, key: str) -> Decimal:
    """The total of a quantity by tiers, in minor units: ``volume`` prices all of it by the tier it falls into,
    ``graduated`` each part by its own tier (https://docs.stripe.com/products-prices/pricing-models)."""
    total, below = Decimal(0), Decimal(0)
    for tier in tiers:
        end = tier.get("up_to")
        last = end is None or end == "inf"
        top = quantity if last else min(quantity, Decimal(str(end)))
        flat, unit = _amount(tier, "flat_amount") or Decimal(0), _amount(tier, "unit_amount") or Decimal(0)
        if mode == "volume":
            if last or quantity <= Decimal(str(end)):
                return flat + unit * quantity
        elif mode == "graduated":
            total += flat + unit * (top - below)
            if top == quantity:
                return total
        below = top
    raise BadRecord(f"the tiers of the price {key} say nothing of a quantity of {quantity}")
