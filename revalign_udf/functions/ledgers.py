"""Functions on finance's own numbers: recurring revenue from period to period, and cohorts."""

from __future__ import annotations

from typing import Any

from revalign_udf.calc import movements as calc
from revalign_udf.calc.ledger import read_ledger
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.registry import Example, function
from revalign_udf.functions.rows import cohort_rows, step_rows

_CUSTOMER = Argument(
    "customer",
    "cells",
    "Customer of each row, written the same way in every row; rows of one customer and period are added up.",
)
_PERIOD = "Period of each row: a date (its month), 2026-09, 2026-Q3 or 2026; all of one length."


@function(
    "MOVEMENTS",
    [
        _CUSTOMER,
        Argument("period", "cells", f"{_PERIOD} Every period from the first to the last is listed."),
        Argument(
            "mrr", "cells", "MRR of the customer in that period. A customer without a row in a period has none then."
        ),
    ],
    returns="spill",
    examples=[
        Example(
            (["A", "B", "A", "B", "B"], ["2026-01", "2026-01", "2026-02", "2026-03", "2026-02"], [100, 50, 120, 40, 0]),
            [
                ["period", "opening", "new", "expansion", "contraction", "churned", "reactivation", "closing"],
                ["2026-01", 0.0, 150.0, 0.0, 0.0, 0.0, 0.0, 150.0],
                ["2026-02", 150.0, 0.0, 20.0, 0.0, -50.0, 0.0, 120.0],
                ["2026-03", 120.0, 0.0, 0.0, 0.0, -120.0, 40.0, 40.0],
            ],
            "A has no row in March: it has churned",
        ),
        Example((["A", "A"], ["2026-01", "2026-Q1"], [1, 2]), "#VALUE!", "periods of different length"),
        Example(([["Customer"], [None]], [["Month"], [None]], [["MRR"], [None]]), "#N/A"),
    ],
)
def movements(customer: list[Any], period: list[Any], mrr: list[Any]) -> list[list[Any]]:
    """How MRR went from each period to the next: opening, moves (losses negative), closing. The first period opens with 0,
    so all its MRR is new."""
    return step_rows(calc.movements(read_ledger(customer, period, mrr, balance="mrr")))


@function(
    "COHORTS",
    [
        _CUSTOMER,
        Argument("period", "cells", _PERIOD),
        Argument("amount", "cells", "Amount of the customer in that period: MRR, revenue, or 1 for being there."),
        Argument(
            "measure",
            "choice",
            '"logo" (default): share of customers; "nrr", "grr": share of the first amount, "grr" of each customer at most '
            'what it had; "amount", "customers": the sums.',
            optional=True,
            enum=calc.MEASURES,
        ),
    ],
    returns="spill",
    examples=[
        Example(
            (["A", "B", "A", "C"], ["2026-01", "2026-01", "2026-02", "2026-02"], [100, 50, 120, 10]),
            [["cohort", "size", 0.0, 1.0], ["2026-01", 2.0, 1.0, 0.5], ["2026-02", 1.0, 1.0, None]],
        ),
        Example(
            (["A", "B", "A", "C"], ["2026-01", "2026-01", "2026-02", "2026-02"], [100, 50, 120, 10], "nrr"),
            [["cohort", "size", 0.0, 1.0], ["2026-01", 2.0, 1.0, 0.8], ["2026-02", 1.0, 1.0, None]],
        ),
        Example((["A"], ["2026-01"], [0]), "#N/A", "nobody has an amount"),
    ],
)
def cohorts(customer: list[Any], period: list[Any], amount: list[Any], measure: str) -> list[list[Any]]:
    """Cohorts by the period of each customer's first amount above 0: what is left in that period and each one after it;
    blank where there are no rows yet."""
    return cohort_rows(calc.cohorts(read_ledger(customer, period, amount), measure))
