"""What a line of a Chargebee subscription costs per billing period: pricing models and decimals.

Chargebee gives each line's whole ``amount`` per billing period. It is the truth where it is given; from the pricing model
it is worked out only where it is not. Amounts are in minor units, or in major units where the site prices in decimals
(``..._in_decimal``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from revalign_udf.connector.values import from_minor
from revalign_udf.errors import BadRecord

__all__ = ["amount_of", "number_of", "plain", "priced", "tier_total"]

Record = Mapping[str, Any]
_ZERO = Decimal(0)


def plain(value: Decimal) -> str:
    """A decimal as text without exponent and without trailing zeros.

    >>> plain(Decimal("1E+2")), plain(Decimal("19.90")), plain(Decimal("0.00"))
    ('100', '19.9', '0')
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_of(record: Record, name: str, currency: str) -> Decimal | None:
    """An amount in major units: from ``name_in_decimal`` where the site has it, else from minor units.

    >>> amount_of({"unit_price": 1999}, "unit_price", "USD"), amount_of({"unit_price": 500}, "unit_price", "JPY")
    (Decimal('19.99'), Decimal('500'))
    >>> amount_of({"unit_price": 2, "unit_price_in_decimal": "0.0175"}, "unit_price", "USD")
    Decimal('0.0175')
    """
    exact = record.get(f"{name}_in_decimal")
    if exact not in (None, ""):
        return Decimal(str(exact))
    major = from_minor(record.get(name), currency)
    return None if major is None else Decimal(major)


def number_of(record: Record, name: str) -> Decimal | None:
    """A quantity, with decimals where the site has them."""
    value = record.get(f"{name}_in_decimal")
    if value in (None, ""):
        value = record.get(name)
    return None if value in (None, "") else Decimal(str(value))


def priced(line: Record, price: Record, tiers: Sequence[Record], currency: str) -> tuple[Decimal, Decimal]:
    """(amount for one, quantity) of a line per billing period; together they are the line's whole amount.

    Where unit price times quantity is not the whole amount (tiers, free units) the whole amount is given for one.

    >>> priced({"unit_price": 1000, "quantity": 3, "amount": 3000}, {}, [], "USD")
    (Decimal('10.00'), Decimal('3'))
    >>> priced({"quantity": 15, "amount": 13000}, {"pricing_model": "tiered"}, [], "USD")
    (Decimal('130.00'), Decimal('1'))

    Raises BadRecord REV-503 where neither the amount nor what it is worked out from is known.
    """
    quantity = number_of(line, "quantity")
    unit = amount_of(line, "unit_price", currency)
    total = amount_of(line, "amount", currency)
    if total is None:
        total = _worked_out(line, price, tiers, currency, quantity, unit)
    if unit is not None and quantity is not None and unit * quantity == total:
        return unit, quantity
    return total, Decimal(1)


def _worked_out(
    line: Record, price: Record, tiers: Sequence[Record], currency: str, quantity: Decimal | None, unit: Decimal | None
) -> Decimal:
    model = str(price.get("pricing_model") or ("per_unit" if quantity is not None else "flat_fee"))
    if unit is None:
        unit = amount_of(price, "price", currency)
    if model in ("tiered", "volume", "stairstep"):
        found = list(tiers or price.get("tiers") or ())
        return tier_total(model, quantity or _ZERO, found, currency)
    if unit is None:
        raise BadRecord(f"the price of {line.get('item_price_id') or line.get('id')} is not known", code="REV-503")
    if model == "flat_fee":
        return unit
    free = number_of(line, "free_quantity") or number_of(price, "free_quantity") or _ZERO
    return unit * max((quantity if quantity is not None else Decimal(1)) - free, _ZERO)


def tier_total(model: str, quantity: Decimal, tiers: Sequence[Record], currency: str) -> Decimal:
    """What a quantity costs by tiers: ``tiered`` charges each unit at its own tier, ``volume`` all at the tier reached,
    ``stairstep`` the price of that tier once.

    >>> steps = [{"starting_unit": 1, "ending_unit": 10, "price": 1000}, {"starting_unit": 11, "price": 600}]
    >>> [str(tier_total(model, Decimal(15), steps, "USD")) for model in ("tiered", "volume", "stairstep")]
    ['130.00', '90.00', '6.00']

    Raises BadRecord REV-503 for a quantity no tier covers.
    """
    ordered = sorted(tiers, key=lambda tier: number_of(tier, "starting_unit") or _ZERO)
    if not ordered:
        raise BadRecord(f"a price by {model} has no tiers", code="REV-503")
    if model != "tiered":
        for tier in ordered:
            end = number_of(tier, "ending_unit")
            if end is None or quantity <= end:
                price = _tier_price(tier, currency)
                return price if model == "stairstep" else _units(tier, quantity, price)
        raise BadRecord(f"no tier covers a quantity of {plain(quantity)}", code="REV-503")
    total, done = _ZERO, _ZERO
    for tier in ordered:
        end = number_of(tier, "ending_unit")
        upto = quantity if end is None else min(quantity, end)
        if upto > done:
            total += _units(tier, upto - done, _tier_price(tier, currency))
            done = upto
    if done < quantity:
        raise BadRecord(f"no tier covers a quantity of {plain(quantity)}", code="REV-503")
    return total


def _tier_price(tier: Record, currency: str) -> Decimal:
    price = amount_of(tier, "price", currency)
    if price is None:
        raise BadRecord("a tier has no price", code="REV-503")
    return price


def _units(tier: Record, units: Decimal, price: Decimal) -> Decimal:
    """The price of some units of one tier: each, once, or by the package begun."""
    kind = tier.get("pricing_type") or "per_unit"
    if kind == "flat_fee":
        return price
    if kind == "package":
        size = number_of(tier, "package_size") or Decimal(1)
        return price * (units / size).to_integral_value(ROUND_CEILING)
    return price * units
