"""Every example of every declaration, and the traps of real sheets."""

from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.functions import Example, Function, call, call_cell, registry

EXAMPLES = [(function, example) for function in registry().values() for example in function.examples]


def cell_of(answer: Any) -> Any:
    return answer["error"] if "error" in answer else answer["cell"]


@pytest.mark.parametrize(("function", "example"), EXAMPLES, ids=lambda value: getattr(value, "name", None))
def test_examples(function: Function, example: Example) -> None:
    assert cell_of(call_cell(function.name, example.arguments)) == example.cell


@pytest.mark.parametrize("function", [f for f in registry().values() if not f.snapshot], ids=lambda f: f.name)
def test_every_range_function(function: Function) -> None:
    """Each has an example that works, and refuses what no function can answer."""
    assert any(not str(example.cell).startswith("#") for example in function.examples)
    assert call_cell(function.name, [])["error"] == "#VALUE!"
    too_many = [1.0] * (len(function.arguments) + 1)
    assert call_cell(function.name, too_many)["error"] in ("#VALUE!", "#NUM!")
    for place in range(function.required):
        cells: list[Any] = list(function.examples[0].arguments)
        cells[place] = [[1.0], ["#N/A"], ["text"]]
        assert call_cell(function.name, cells)["error"] == "#N/A"
        cells[place] = True
        assert call_cell(function.name, cells)["error"] == "#VALUE!"


@pytest.mark.parametrize(
    ("name", "arguments", "cell"),
    [
        # blank against 0, headers, one cell against a range
        ("CAC", ([[100.0], [None]], [[200.0], [0.0]], [[3.0]]), 100.0),
        ("CAC", ([["Sales"], [100.0]], [["Marketing"], [200.0]], [["New"], [3.0]]), 100.0),
        ("CAC", (None, 300, 3), 100.0),
        ("CAC", ("100", "200", "3"), 100.0),
        ("CAC", ([[0.1]] * 3, 0, 1), 0.3),
        ("CAC", (-30, 330, 3), 100.0),
        # a loss may be given either way, but not both ways at once
        ("NRR_TOTALS", (100, 10, [-5, -5], [4, 6]), 0.9),
        ("NRR_TOTALS", (100, 10, [-5, 5], 10), "#NUM!"),
        ("NRR_TOTALS", (100, -10, 5, 10), "#NUM!"),
        # rows belong together: a blank closing is a lost customer, a header counts in both
        ("NRR", ([["Open"], [60.0], [40.0]], [["Close"], [60.0], [None]]), 0.6),
        ("NRR", ([60.0, None, 40.0], [60.0, 999.0, 20.0]), 0.8),
        ("NRR", ([60.0, 40.0], [60.0]), "#VALUE!"),
        # a heading over one column only: the ranges begin in different rows, and every pair would be wrong
        ("NRR", ([60.0, 40.0], [["Close"], [60.0], [40.0]]), "#VALUE!"),
        ("NRR", ([["Open"], [60.0], [40.0]], [[60.0], [40.0]]), "#VALUE!"),
        ("NRR", ([["Open"], [60.0], [40.0]], [[60.0], [40.0], [20.0]]), "#VALUE!"),
        ("NRR", ([["Open"], [60.0]], [[None], [60.0]]), "#VALUE!"),
        ("MRR", ([["a", "b"], [1.0, 2.0], [3.0, 4.0]], None, [["a", "b", "c"], [1.0, 2.0, 3.0]]), "#VALUE!"),
        ("MRR", ([["a", "b"], [1.0, 2.0], [3.0, 4.0]], None, [["a", "b"], [1.0, 0.0], [0.0, 1.0]]), 5.0),
        ("NRR", ([["Open"], [60.0]], [[0.0], [60.0]]), "#VALUE!"),
        ("MRR", ([["Amount"], [12.0], [24.0]], [["year"], ["month"]]), "#VALUE!"),
        ("MRR", ([12.0, 24.0], [["Interval"], ["year"], ["year"]]), "#VALUE!"),
        ("MRR", ([["Amount"], [12.0]], [["Interval"], ["year"]], [["Qty"], [2.0]], [["Once"], [False]]), 2.0),
        ("SLA_RATE", ([["Handed"], ["2026-03-02"], ["2026-03-03"]], [["2026-03-02"], ["2026-03-03"]], 1), "#VALUE!"),
        ("SLA_RATE", ([["Handed"], ["2026-03-02"]], [["2026-03-02"], ["2026-03-02"]], 1), "#VALUE!"),
        ("SLA_RATE", ([["Handed"], ["2026-03-02"]], [["Contacted"], ["2026-03-02"]], 1), 1.0),
        # whole columns: blanks below the data, handed over as None or as 0
        ("NRR", ([["Open"], [60.0], [None], [None]], [["Close"], [30.0], [None], [None]]), 0.5),
        ("NRR", ([["Open"], [60.0], [0], [0]], [["Close"], [30.0], [0], [0]]), 0.5),
        ("SLA_RATE", ([["2026-03-02"], [None], [0]], [["2026-03-02"], [0], [None]], 1), 1.0),
        ("FUNNEL", ([["n"], [4.0], [0], [None]], [["stage"], ["lead"], ["mql"], [None]]),
         [["stage", "reached", "step_conversion", "overall_conversion"],
          ["lead", 4.0, None, 1.0], ["mql", 0.0, 0.0, 0.0]]),
        ("CAC", ([float("nan"), 100.0], 200, 3), 100.0),
        ("CAC", ([[-0.0]], 0, 3), 0.0),
        ("ARR", ([1e308, 1e308, -1e308, -1e308, 1.0],), 12.0),
        ("ARR", ([[2**53 + 1], [-(2**53)]],), 12.0),
        ("CHURN", ([1e308, 1e308], [1e308, 1e308, 1e308, 1e308]), 0.5),
        ("NRR", ([60.0, 40.0], 60), "#VALUE!"),
        ("NRR", (50, None), 0.0),
        ("NRR", ([[50.0]], [[None]]), 0.0),
        ("GRR", (50, 75), 1.0),
        ("MRR", ([["Amount"], [1200.0], [10.0]], [["Interval"], ["Year"], [None]]), 110.0),
        ("MRR", ([10.0, 20.0], "month", [[1.0], [None]]), 10.0),
        ("MRR", ([10.0, 20.0], None, 3), 90.0),
        ("MRR", ([10.0, 20.0], None, [1, 2, 3]), "#VALUE!"),
        ("MRR", ([10.0, 20.0], "months"), "#VALUE!"),
        ("MRR", ([10.0, 20.0], None, 0), 0.0),
        ("MRR", ([10.0, 20.0], None, [[None], [2.0]]), 40.0),
        ("MRR", ([[None], [None]],), 0.0),
        ("FUNNEL", ([4.0, 2.0], "lead"), "#VALUE!"),
        ("LTV", (5000, 6, 8, 0), "#VALUE!"),
        ("LTV", (5000, 6, 8, "#REF!"), "#REF!"),
        ("LTV", ([[5000.0], [1.0]], 6, 8, "years"), "#VALUE!"),
        ("LTV", (5000, None, 8, "years"), "#VALUE!"),
        ("ROI", (3, 1, "RATIO"), 3.0),
        ("ROI", (3, 1, "percent"), "#VALUE!"),
        ("NPS", ([[10.0], [None], [""], [0.0]],), 0.0),
        ("QUICK_RATIO", (30, 10, 5, [-2, -3], None), 4.0),
        ("UPSELL_SHARE", (-5, 100), -0.05),
        ("ANNUALISE", ("0.5", "6"), 0.75),
        ("FUNNEL", ([0, 5],), [["stage", "reached", "step_conversion", "overall_conversion"],
                               ["1", 0.0, None, "#DIV/0!"], ["2", 5.0, "#DIV/0!", "#DIV/0!"]]),
        ("FUNNEL", ([["n"], [4.0], [2.0]], [["stage"], ["lead"], ["mql"]]),
         [["stage", "reached", "step_conversion", "overall_conversion"],
          ["lead", 4.0, None, 1.0], ["mql", 2.0, 0.5, 0.5]]),
        ("ARR", (1e308,), "#NUM!"),
    ],
)  # fmt: skip
def test_traps(name: str, arguments: tuple[Any, ...], cell: Any) -> None:
    assert cell_of(call_cell(name, arguments)) == cell


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("CAC", ([[100.0], ["n/a"], [5.0]], 1, 1), 'REV-112 sales_expense: row 2, column 1 holds the text "n/a"'),
        ("CAC", ([[1.0, 2.0], [3.0, True]], 1, 1), "REV-112 sales_expense: row 2, column 2 holds TRUE"),
        ("CAC", (100, 200), "REV-102 CAC needs new_customers."),
        ("CAC", (1, 2, 3, 4), "REV-102 CAC takes 3 arguments, not 4."),
        ("LTV", (5000, 6, 0.8), "REV-111 The lifetime has no unit."),
        ("PAYBACK", (1200, 0), "REV-113 Never"),
        ("MRR", (5, "monthh"), 'REV-101 Unknown billing interval "monthh". Did you mean month?'),
        ("ROI", (3, 1, "ratoi"), 'REV-101 Unknown form "ratoi". Did you mean ratio?'),
    ],
)
def test_messages_say_where_and_what(name: str, arguments: tuple[Any, ...], message: str) -> None:
    assert call_cell(name, arguments)["message"].startswith(message)


def test_ten_thousand_rows() -> None:
    amounts = [["MRR"], *([0.1 * place / 0.1] for place in range(10_000))]
    assert call_cell("ARR", [amounts]) == {"cell": 12.0 * 49_995_000}
    assert call_cell("NRR", [amounts, amounts]) == {"cell": 1.0}
    cells: list[Any] = [[0.01]] * 10_000
    assert call_cell("ARR", [cells]) == {"cell": 1200.0}
    cells[7_000] = ["oops"]
    assert "row 7001, column 1" in call_cell("ARR", [cells])["message"]


def test_data_frames_of_a_notebook() -> None:
    frame = pd.DataFrame({"open": [60.0, 40.0, float("nan")], "close": [60.0, float("nan"), 9.0]})
    assert call("NRR", [frame["open"], frame["close"]]) == Fraction(6, 10)
    assert call_cell("CAC", [frame[["open"]], 0, 10]) == {"cell": 10.0}
    assert call_cell("ARR", [pd.Series([1.0, "#N/A", "x"])])["error"] == "#N/A"


@given(st.lists(st.decimals(0, 10_000, places=2).map(float), min_size=1), st.integers(1, 500))
def test_a_split_range_gives_the_same_cell(expenses: list[float], customers: int) -> None:
    whole = call("CAC", [expenses, 0, customers])
    for cut in range(len(expenses)):
        assert call("CAC", [expenses[:cut], expenses[cut:], customers]) == whole
