"""Which way a formula moves: against the formula itself, computed twice."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.expression import Expression
from revalign_udf.calc.signs import Pull, pulls
from revalign_udf.errors import UserError
from revalign_udf.metrics import COMPONENTS, METRICS, qualified
from revalign_udf.query.formulas import CALLS

SIGNS = {"a": "+", "b": "+", "loss": "-", "odd": "?"}


@pytest.mark.parametrize(
    ("formula", "moves"),
    [
        ("a", {"a": "+"}),
        ("-a", {"a": "-"}),
        ("a - b", {"a": "+", "b": "-"}),
        ("ratio(a, b)", {"a": "+", "b": "-"}),
        ("ratio(a, a + b)", {"a": "+", "b": "-"}),
        ("ratio(a, b + a)", {"a": "+", "b": "-"}),
        ("ratio(a - b, b)", {"a": "+", "b": "-"}),
        ("ratio(a - b, a)", {"a": "+", "b": "-"}),
        ("ratio(a, -loss)", {"a": "+", "loss": "+"}),
        ("ratio(a, odd)", {"a": "?", "odd": "-"}),
        ("ratio(odd, a)", {"odd": "+", "a": "?"}),
        ("a * (b - a)", {"a": "?", "b": "+"}),
        ("margin(a, b)", {"a": "-", "b": "+"}),
        ("growth(a, b)", {"a": "+", "b": "-"}),
        ("payback(a, b)", {"a": "+", "b": "-"}),
        ("renewals(a, b)", {"a": "+", "b": "-"}),
        ("at_most(a, b)", {"a": "-", "b": "+"}),
        ("annualise(a, b)", {"a": "+", "b": "?"}),
        ("ratio(a, max(0, b - a))", {"a": "+", "b": "-"}),
        ("min(a, b) * 12", {"a": "+", "b": "+"}),
        ("nobody_knows(a)", {"a": "?"}),
    ],
)
def test_a_formula_moves(formula: str, moves: dict[str, str]) -> None:
    assert dict(pulls(formula, SIGNS.__getitem__).moves) == moves


def test_a_name_may_be_a_formula_itself() -> None:
    names: dict[str, Pull | str] = {"x": Pull("+", {"a": "+", "b": "-"}), "a": "+"}
    assert pulls("ratio(x, a)", names.__getitem__).moves == {"a": "?", "b": "-"}


def test_a_formula_without_end_is_not_certain() -> None:
    assert pulls("-" * 60 + "a", SIGNS.__getitem__).moves == {}


FORMULAS = sorted({
    m.read() for m in METRICS.values() if m.formula and not any(q in m.formula for q in ("prev_", "goal_", "mean_", "lag"))
})  # fmt: skip


@given(st.sampled_from(FORMULAS), st.data())
def test_what_is_certain_holds_for_the_numbers_of_every_metric(formula: str, data: st.DataObject) -> None:
    """A little more of one component never moves the result against its certain sign."""

    def sign(name: str) -> str:
        return "-" if name in ("churned_mrr", "contraction_mrr", "leaving_mrr") else "+"

    names = Expression(formula).names
    values = {
        name: Fraction(data.draw(st.integers(1, 60), label=name)) * (-1 if sign(name) == "-" else 1) for name in names
    }
    assert all(qualified(name, COMPONENTS)[0] == "" for name in names)
    for name, move in pulls(formula, sign).moves.items():
        if move == "?":
            continue
        more = {**values, name: values[name] + Fraction(1, 2)}
        try:
            before, after = (Expression(formula).evaluate(some, CALLS) for some in (values, more))
        except UserError:  # nothing to divide by, or a churn rate above one
            continue
        assert after >= before if move == "+" else after <= before, (formula, name)
