"""What a customer costs, what a customer is worth, and when the first is paid back by the second."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

from revalign_udf.calc.ratios import not_negative, ratio
from revalign_udf.calc.sums import Number
from revalign_udf.errors import Undefined, UnknownName, UserError
from revalign_udf.money import exact

__all__ = [
    "LIFETIME_UNITS",
    "aov",
    "cac",
    "lifetime_in_years",
    "ltv_arpa_churn",
    "ltv_orders",
    "ltv_to_cac",
    "order_frequency",
    "payback_months",
    "payback_to_lifetime",
    "renewals_to_break_even",
]

LIFETIME_UNITS: tuple[Literal["years"], Literal["months"]] = ("years", "months")


def cac(expense: Number, new_customers: Number) -> Fraction:
    """Customer acquisition cost: all marketing and sales expense of a period / its new customers, in money.

    All related cost belongs in ``expense``, salaries and tools included, not only campaigns.

    >>> cac(100 + 200, 3)
    Fraction(100, 1)

    Raises Undefined REV-110 without a new customer, UserError REV-114 for a negative count.
    """
    return ratio(expense, not_negative(new_customers, "New customers"), what="The number of new customers")


def aov(revenue: Number, orders: Number) -> Fraction:
    """Average order value: revenue / orders, in money.

    >>> aov(1_800_000, 360)
    Fraction(5000, 1)

    Raises Undefined REV-110 without an order, UserError REV-114 for a negative count.
    """
    return ratio(revenue, not_negative(orders, "Orders"), what="The number of orders")


def order_frequency(orders: Number, new_customers: Number) -> Fraction:
    """Orders per NEW customer of the same period, as the published definition has it.

    >>> order_frequency(360, 60)
    Fraction(6, 1)

    Raises Undefined REV-110 without a customer, UserError REV-114 for a negative count.
    """
    customers = not_negative(new_customers, "New customers")
    return ratio(not_negative(orders, "Orders"), customers, what="The number of new customers")


def lifetime_in_years(value: Number, unit: str | None) -> Fraction:
    """A customer lifetime in years. ``unit`` is ``"years"`` or ``"months"`` and must be given.

    "About 8 months" entered as 0.8 gives an LTV a fifth too high; that is why a bare number is refused.

    >>> lifetime_in_years(8, "months")
    Fraction(2, 3)

    Raises UserError REV-111 without a unit, UnknownName REV-101 for another one, UserError REV-114 when negative.
    """
    if unit is None or not unit.strip():
        raise UserError("The lifetime has no unit.", code="REV-111", hint='Give the unit: "years" or "months".')
    word = unit.strip().casefold()
    named = word if word.endswith("s") else f"{word}s"
    if named not in LIFETIME_UNITS:
        raise UnknownName("unit of time", unit, LIFETIME_UNITS, hint='Use "years" or "months".')
    years = not_negative(value, "The lifetime")
    return years if named == "years" else years / 12


def ltv_orders(average_order_value: Number, frequency: Number, lifetime_years: Number) -> Fraction:
    """Lifetime value from orders: average order value x orders per year x lifetime IN YEARS, in money.

    >>> ltv_orders(5000, 6, Fraction(8, 12))
    Fraction(20000, 1)
    >>> ltv_orders(5000, 6, 0.8)
    Fraction(24000, 1)

    Raises UserError REV-114 for a negative frequency or lifetime.
    """
    orders = not_negative(frequency, "The order frequency")
    return exact(average_order_value) * orders * not_negative(lifetime_years, "The lifetime")


def ltv_arpa_churn(arpa: Number, monthly_churn: Number, margin: Number = 1) -> Fraction:
    """Lifetime value from subscriptions: monthly revenue per account x gross margin / monthly churn, in money.

    >>> ltv_arpa_churn(100, 0.05)
    Fraction(2000, 1)

    Raises Undefined REV-110 when nobody churns (the formula would promise an endless lifetime), UserError REV-114
    for a churn outside 0..1.
    """
    churn = not_negative(monthly_churn, "Churn")
    if churn > 1:
        raise UserError("A churn above 1 (100 %) cannot be.", code="REV-114", cell="#NUM!", hint="3 % is 0.03.")
    return ratio(exact(arpa) * exact(margin), churn, what="Churn")


def ltv_to_cac(ltv: Number, acquisition_cost: Number) -> Fraction:
    """Lifetime value / acquisition cost. The benchmark is STRICTLY above 3.

    >>> ltv_to_cac(3000, 1000) > 3
    False

    Raises Undefined REV-110 when acquiring cost nothing.
    """
    return ratio(ltv, acquisition_cost, what="The acquisition cost")


def payback_months(acquisition_cost: Number, monthly_contribution: Number) -> Fraction:
    """Months until the margin of a customer has paid the acquisition cost: CAC / (monthly revenue x gross margin).

    >>> payback_months(1200, 100)
    Fraction(12, 1)

    Raises Undefined REV-113 "never" (cell ``#DIV/0!``) when the contribution is zero or negative.
    """
    contribution = exact(monthly_contribution)
    if contribution <= 0:
        raise Undefined("Never: the monthly contribution is not above zero.", code="REV-113")
    return exact(acquisition_cost) / contribution


def payback_to_lifetime(payback: Number, lifetime_months: Number) -> Fraction:
    """The share of a customer's lifetime that goes into paying back its acquisition: payback / lifetime, in months.

    >>> payback_to_lifetime(12, 48)
    Fraction(1, 4)

    Raises Undefined REV-110 for a lifetime of zero.
    """
    return ratio(payback, lifetime_months, what="The lifetime")


def renewals_to_break_even(payback: Number, term_months: Number) -> Fraction:
    """Renewals a customer must sign before its acquisition is paid: max(0, ceil(payback / term) - 1).

    >>> [int(renewals_to_break_even(months, 12)) for months in (0, 12, 13, 24, 25)]
    [0, 0, 1, 1, 2]

    Raises Undefined REV-110 for a term of zero, UserError REV-114 for a negative one.
    """
    terms = ratio(payback, not_negative(term_months, "The term"), what="The term")
    return Fraction(max(0, math.ceil(terms) - 1))
