"""Functions on finance's own numbers: churn, retention and how growth compares with losses."""

from __future__ import annotations

from fractions import Fraction

from revalign_udf.calc import ratios
from revalign_udf.calc import retention as calc
from revalign_udf.calc.cells import Column
from revalign_udf.calc.sums import Number
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.registry import Example, function

_PER_CUSTOMER = [
    Argument("opening_mrr", "column", "MRR of each customer at the start; rows at zero or below do not count."),
    Argument("closing_mrr", "beside", "MRR of the same customers at the end, in the same order; blank is 0."),
]
_LOSS = "as magnitudes or negative; a range is added up."
_EXPANSION = Argument("expansion", "amount", "Revenue gained from customers that were there; a range is added up.")
_CONTRACTION = Argument("contraction", "loss", f"Revenue lost from customers that stayed, {_LOSS}")
_CHURNED = Argument("churned", "loss", f"Revenue lost with customers that left, {_LOSS}")
_TOTALS = [
    Argument("opening", "amount", "Recurring revenue at the start; a range is added up."),
    _EXPANSION,
    _CONTRACTION,
    _CHURNED,
]


@function(
    "CHURN",
    [
        Argument("lost", "amount", "Customers (or revenue) lost of those at the start; a range is added up."),
        Argument("at_start", "amount", "Customers (or revenue) at the start; a range is added up."),
    ],
    examples=[
        Example((10, 100), 0.1),
        Example(([1, 10], [10, 1000]), 0.010891089108910891, "the ratio of sums"),
        Example((0, 0), "#DIV/0!"),
        Example((11, 10), "#NUM!"),
    ],
)
def churn(lost: Fraction, at_start: Fraction) -> Fraction:
    """Share lost of what was there at the start. Leave out who joined and left inside the period."""
    return calc.churn(lost, at_start)


@function(
    "ELIGIBLE_CHURN",
    [
        Argument("lost_at_renewal", "amount", "Lost of those up for renewal; a range is added up."),
        Argument("up_for_renewal", "amount", "Up for renewal in the period; a range is added up."),
    ],
    examples=[Example((3, 12), 0.25), Example((0, 0), "#DIV/0!")],
)
def eligible_churn(lost_at_renewal: Fraction, up_for_renewal: Fraction) -> Fraction:
    """Share lost of those whose contract came up for renewal."""
    return calc.eligible_churn(lost_at_renewal, up_for_renewal)


@function(
    "NRR",
    _PER_CUSTOMER,
    examples=[Example(([60, 40, 0], [70, 20, 500]), 0.9, "who came later does not count"), Example((0, 5), "#DIV/0!")],
)
def nrr(opening_mrr: Column, closing_mrr: list[Number]) -> Fraction:
    """Net revenue retention of the customers paying at the start: closing MRR / opening MRR."""
    return calc.nrr(opening_mrr.values, closing_mrr)


@function(
    "GRR",
    _PER_CUSTOMER,
    examples=[Example(([60, 40, 0], [70, 20, 500]), 0.8), Example((0, 5), "#DIV/0!")],
)
def grr(opening_mrr: Column, closing_mrr: list[Number]) -> Fraction:
    """Gross revenue retention: as NRR, each customer counted with at most its opening MRR."""
    return calc.grr(opening_mrr.values, closing_mrr)


@function(
    "NRR_TOTALS",
    _TOTALS,
    examples=[Example((100, 10, 10, 10), 0.9), Example((100, 10, -10, -10), 0.9), Example((0, 1, 1, 1), "#DIV/0!")],
)
def nrr_totals(opening: Fraction, expansion: Fraction, contraction: Fraction, churned: Fraction) -> Fraction:
    """Net revenue retention approximated from period totals: (opening + expansion - losses) / opening."""
    return calc.nrr_totals(opening, expansion, contraction, churned)


@function(
    "GRR_TOTALS",
    _TOTALS,
    examples=[Example((100, 10, 10, 10), 0.8), Example((100, 10, -10, -10), 0.8)],
)
def grr_totals(opening: Fraction, expansion: Fraction, contraction: Fraction, churned: Fraction) -> Fraction:
    """Gross revenue retention approximated from period totals: (opening - losses) / opening."""
    return calc.grr_totals(opening, expansion, contraction, churned)


@function(
    "QUICK_RATIO",
    [
        Argument("new", "amount", "Recurring revenue from new customers; a range is added up."),
        _EXPANSION,
        _CONTRACTION,
        _CHURNED,
        Argument(
            "reactivation", "amount", "Recurring revenue from returning customers, if it shall count.", optional=True
        ),
    ],
    examples=[Example((30, 10, -5, -5), 4.0), Example((30, 10, 5, 5, 10), 5.0), Example((30, 10, 0, 0), "#DIV/0!")],
)
def quick_ratio(
    new: Fraction, expansion: Fraction, contraction: Fraction, churned: Fraction, reactivation: Fraction
) -> Fraction:
    """Growth against losses: (new + expansion + reactivation) / (contraction + churned)."""
    return calc.quick_ratio(new, expansion, contraction, churned, reactivation)


@function(
    "UPSELL_SHARE",
    [
        Argument("upsell", "amount", "Upsell, cross-sell and expansion value; a range is added up."),
        Argument("total_sales", "amount", "All sales value without renewals; a range is added up."),
    ],
    examples=[Example((30, 100), 0.3), Example((0, 0), "#DIV/0!")],
)
def upsell_share(upsell: Fraction, total_sales: Fraction) -> Fraction:
    """Share of sales that came from selling more to customers; renewals belong in neither number."""
    return ratios.ratio(upsell, total_sales, what="Total sales")
