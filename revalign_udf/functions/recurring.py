"""Functions on finance's own numbers: recurring revenue."""

from __future__ import annotations

from fractions import Fraction

from revalign_udf.calc import recurring as calc
from revalign_udf.calc.cells import Column
from revalign_udf.calc.sums import Number, total
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.registry import Example, function

_NAMES = ", ".join(calc.INTERVALS)


@function(
    "MRR",
    [
        Argument("amounts", "column", "Amount of each item per billing interval, less its discount."),
        Argument(
            "intervals",
            "texts",
            f"Billing interval of each item, or one for all: {_NAMES}. Default month.",
            optional=True,
            enum=tuple(calc.INTERVALS),
        ),
        Argument("quantities", "factors", "Quantity of each item, or one for all. Default 1.", optional=True),
        Argument("one_time_flags", "flags", "TRUE for items that do not recur; they are left out.", optional=True),
    ],
    examples=[
        Example(([[100.0], [250.5]],), 350.5),
        Example(([1200, 10, 500], ["year", "month", None], [1, 3, 1], [False, None, True]), 130.0),
        Example((52, "week"), 225.33333333333334),
        Example((100, "fortnight"), "#VALUE!"),
    ],
)
def mrr(amounts: Column, intervals: list[str | None], quantities: list[Number], one_time_flags: list[bool]) -> Fraction:
    """Monthly recurring revenue of a list of items. One-time items are left out."""
    plain = not any(intervals) and not any(one_time_flags) and quantities.count(1) == len(quantities)
    if plain and len(amounts.values) == len(quantities):  # monthly items, one of each: the usual column
        return total(amounts.values)
    return calc.mrr(zip(amounts.values, intervals, quantities, one_time_flags, strict=True))


@function(
    "ARR",
    [Argument("mrr", "amount", "Monthly recurring revenue at one instant; a range is added up.")],
    examples=[Example((1000,), 12000.0), Example(([[500.0], [500.0]],), 12000.0)],
)
def arr(mrr: Fraction) -> Fraction:
    """Annual recurring revenue: 12 x MRR."""
    return calc.arr(mrr)


@function(
    "ARR_CONTRACT",
    [
        Argument("contract_value", "number", "Value of the whole contract, without one-off payments."),
        Argument("months", "number", "Length of the contract in months."),
    ],
    examples=[Example((100_000, 60), 20000.0), Example((100_000, 0), "#DIV/0!"), Example((100_000, -1), "#NUM!")],
)
def arr_contract(contract_value: Fraction, months: Fraction) -> Fraction:
    """Annual value of a contract: value x 12 / months."""
    return calc.arr_contract(contract_value, months)


@function(
    "ANNUALISE",
    [
        Argument("churn_rate", "number", "Share lost per term, as a fraction: 3 % is 0.03."),
        Argument("term_months", "number", "Length of one term in months."),
    ],
    examples=[Example((0.5, 6), 0.75), Example((0.75, 24), 0.5), Example((1.5, 12), "#NUM!")],
)
def annualise(churn_rate: Fraction, term_months: Fraction) -> Fraction:
    """A churn rate per contract term as a rate per year: 1 - (1 - rate) ^ (12 / term)."""
    return calc.annualise(churn_rate, term_months)
