"""Functions on finance's own numbers: what customers cost and what they bring."""

from __future__ import annotations

from fractions import Fraction

from revalign_udf.calc import acquisition as calc
from revalign_udf.calc import ratios
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.registry import Example, function

_CUSTOMERS = Argument("new_customers", "amount", "Customers won in the period; a range is added up.")
_ORDERS = Argument("orders", "amount", "Number of orders of the period; a range is added up.")


@function(
    "CAC",
    [
        Argument("sales_expense", "amount", "Sales expense of the period, salaries included; a range is added up."),
        Argument("marketing_expense", "amount", "Marketing expense, tools and agencies included; a range is added up."),
        _CUSTOMERS,
    ],
    examples=[
        Example((100, 200, 3), 100.0),
        Example(([["Sales"], [60.0], [None], [40.0]], [200.0], "3"), 100.0, "a header and a blank cell"),
        Example((100, 200, 0), "#DIV/0!"),
    ],
)
def cac(sales_expense: Fraction, marketing_expense: Fraction, new_customers: Fraction) -> Fraction:
    """Customer acquisition cost: all sales and marketing expense of a period divided by its new customers."""
    return calc.cac(sales_expense + marketing_expense, new_customers)


@function(
    "LTV",
    [
        Argument("average_order_value", "number", "Money per order, as AOV gives it."),
        Argument("order_frequency", "number", "Orders per customer and year, as ORDER_FREQUENCY gives it."),
        Argument("lifetime", "number", "How long a customer stays, in the unit named next."),
        Argument(
            "unit",
            "text",
            'Unit of the lifetime: "years" or "months". It must be given.',
            optional=True,
            enum=calc.LIFETIME_UNITS,
        ),
        Argument(
            "acquisition_cost", "amount", "Subtracted from the result; leave out for the gross value.", optional=True
        ),
    ],
    examples=[
        Example((5000, 6, 8, "months"), 20000.0),
        Example((5000, 6, 0.8, "years"), 24000.0),
        Example((5000, 6, 8, "months", 1500), 18500.0),
        Example((5000, 6, 0.8), "#VALUE!", "a lifetime without a unit is refused: REV-111"),
    ],
)
def ltv(
    average_order_value: Fraction,
    order_frequency: Fraction,
    lifetime: Fraction,
    unit: str | None,
    acquisition_cost: Fraction,
) -> Fraction:
    """Lifetime value of a customer: order value x orders per year x lifetime, less the acquisition cost if given."""
    years = calc.lifetime_in_years(lifetime, unit)
    return calc.ltv_orders(average_order_value, order_frequency, years) - acquisition_cost


@function(
    "LTV_TO_CAC",
    [
        Argument("ltv", "number", "Lifetime value of a customer."),
        Argument("cac", "number", "Acquisition cost of a customer."),
    ],
    examples=[Example((3000, 1000), 3.0), Example((3000, 0), "#DIV/0!")],
)
def ltv_to_cac(ltv: Fraction, cac: Fraction) -> Fraction:
    """Lifetime value divided by acquisition cost. The benchmark is strictly above 3."""
    return calc.ltv_to_cac(ltv, cac)


@function(
    "PAYBACK",
    [
        Argument("cac", "number", "Acquisition cost of a customer."),
        Argument("monthly_contribution", "number", "Monthly revenue per customer x gross margin."),
    ],
    examples=[Example((1200, 100), 12.0), Example((1200, 0), "#DIV/0!"), Example((1200, -5), "#DIV/0!")],
)
def payback(cac: Fraction, monthly_contribution: Fraction) -> Fraction:
    """Months until a customer's margin has paid its acquisition cost. #DIV/0! means never."""
    return calc.payback_months(cac, monthly_contribution)


@function(
    "RENEWALS_TO_BREAK_EVEN",
    [
        Argument("payback_months", "number", "Months to pay back, as PAYBACK gives it."),
        Argument("term_months", "number", "Length of one contract term in months."),
    ],
    examples=[Example((12, 12), 0.0), Example((13, 12), 1.0), Example((25, 12), 2.0)],
)
def renewals_to_break_even(payback_months: Fraction, term_months: Fraction) -> Fraction:
    """Renewals a customer must sign before its acquisition is paid back."""
    return calc.renewals_to_break_even(payback_months, term_months)


@function(
    "AOV",
    [Argument("revenue", "amount", "Revenue of the orders; a range is added up."), _ORDERS],
    examples=[Example((1_800_000, 360), 5000.0), Example((0, 0), "#DIV/0!")],
)
def aov(revenue: Fraction, orders: Fraction) -> Fraction:
    """Average order value: revenue divided by the number of orders."""
    return calc.aov(revenue, orders)


@function(
    "ORDER_FREQUENCY",
    [_ORDERS, _CUSTOMERS],
    examples=[Example((360, 60), 6.0)],
)
def order_frequency(orders: Fraction, new_customers: Fraction) -> Fraction:
    """Orders per new customer of the same period."""
    return calc.order_frequency(orders, new_customers)


@function(
    "REVENUE_GROWTH",
    [
        Argument("current", "amount", "Revenue of the later period; a range is added up."),
        Argument("previous", "amount", "Revenue of the earlier period of the same length; a range is added up."),
    ],
    examples=[Example((157_500, 150_000), 0.05), Example((100, 0), "#DIV/0!"), Example((100, -50), "#DIV/0!")],
)
def revenue_growth(current: Fraction, previous: Fraction) -> Fraction:
    """Change of revenue from one period to the next, as a fraction of the earlier one."""
    return ratios.growth(current, previous)


@function(
    "ROI",
    [
        Argument("value", "amount", "What it brought; a range is added up."),
        Argument("cost", "amount", "What it cost; a range is added up."),
        Argument(
            "form",
            "choice",
            '"roi" (default) for (value - cost) / cost, "ratio" for value / cost.',
            optional=True,
            enum=("roi", "ratio"),
        ),
    ],
    examples=[
        Example((30_000, 10_000), 2.0),
        Example((30_000, 10_000, "ratio"), 3.0),
        Example((30_000, 0), "#DIV/0!"),
    ],
)
def roi(value: Fraction, cost: Fraction, form: str) -> Fraction:
    """Return on a cost: (value - cost) / cost, or value / cost with form "ratio"."""
    return ratios.roi(value, cost) if form == "roi" else ratios.value_ratio(value, cost)
