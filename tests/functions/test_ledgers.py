"""MOVEMENTS and COHORTS: tables checked by hand, the traps of real sheets, and what must hold for any table."""

from collections import defaultdict
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.ledger import read_ledger
from revalign_udf.calc.movements import MEASURES, MOVES, cohorts, movements
from revalign_udf.functions import call, call_cell

HEADER = ["period", "opening", "new", "expansion", "contraction", "churned", "reactivation", "closing"]
ZERO = [0.0] * 5


def rows_of(name: str, *arguments: Any) -> list[list[Any]]:
    answer = call_cell(name, list(arguments))
    assert "cell" in answer, answer
    found: list[list[Any]] = answer["cell"]
    return found


def error_of(name: str, *arguments: Any) -> tuple[str, str]:
    answer = call_cell(name, list(arguments))
    assert "error" in answer, answer
    return answer["error"], answer["message"]


def test_movements_by_hand() -> None:
    table = """
        A 2026-01 100   A 2026-02 130   A 2026-03 130   A 2026-04 80
        B 2026-01 50                    B 2026-03 60
        C 2026-02 20    C 2026-03 0
    """.split()
    found = rows_of("MOVEMENTS", table[::3], table[1::3], [float(cell) for cell in table[2::3]])
    assert found == [
        HEADER,
        ["2026-01", 0.0, 150.0, 0.0, 0.0, 0.0, 0.0, 150.0],
        # A +30, B gone, C comes
        ["2026-02", 150.0, 20.0, 30.0, 0.0, -50.0, 0.0, 150.0],
        # B comes back with more than it had, C has a row of nothing
        ["2026-03", 150.0, 0.0, 0.0, 0.0, -20.0, 60.0, 190.0],
        ["2026-04", 190.0, 0.0, 0.0, -50.0, -60.0, 0.0, 80.0],
    ]


def test_a_period_without_rows_has_no_revenue_and_is_listed() -> None:
    assert rows_of("MOVEMENTS", ["A", "A"], ["2025-11", "2026-02"], [10, 10]) == [
        HEADER,
        ["2025-11", 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 10.0],
        ["2025-12", 10.0, 0.0, 0.0, 0.0, -10.0, 0.0, 0.0],
        ["2026-01", 0.0, *ZERO, 0.0],
        ["2026-02", 0.0, 0.0, 0.0, 0.0, 0.0, 10.0, 10.0],
    ]


def test_a_balance_below_zero_is_not_paying_and_stays_in_the_sums() -> None:
    months = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]
    assert rows_of("MOVEMENTS", ["A"] * 5, months, [-5, -2, 10, -1, -4]) == [
        HEADER,
        ["2026-01", 0.0, 0.0, 0.0, -5.0, 0.0, 0.0, -5.0],
        ["2026-02", -5.0, 0.0, 3.0, 0.0, 0.0, 0.0, -2.0],
        ["2026-03", -2.0, 12.0, 0.0, 0.0, 0.0, 0.0, 10.0],
        ["2026-04", 10.0, 0.0, 0.0, 0.0, -11.0, 0.0, -1.0],
        ["2026-05", -1.0, 0.0, 0.0, -3.0, 0.0, 0.0, -4.0],
    ]


def test_items_of_one_customer_and_period_are_added_up_before_anything_is_decided() -> None:
    # a second product is expansion of the customer, a swap of products is nothing
    found = rows_of("MOVEMENTS", ["A", "A", "A", "A", "A"], ["2026-01", "2026-02", "2026-02", "2026-03", "2026-03"],
                    [10, 10, 5, 0, 15])  # fmt: skip
    assert [row[1:] for row in found[1:]] == [
        [0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 10.0],
        [10.0, 0.0, 5.0, 0.0, 0.0, 0.0, 15.0],
        [15.0, *ZERO, 15.0],
    ]


def test_a_balance_at_two_dates_of_one_period_would_be_counted_twice() -> None:
    for dates in (["2026-01-01", "2026-01-31"], [46023.0, 46053.0], [date(2026, 1, 1), "2026-01-31"]):
        shown, message = error_of("MOVEMENTS", ["A", "A"], dates, [10, 10])
        assert shown == "#VALUE!"
        assert message.startswith(
            'REV-102 Row 2: "A" has two dates in 2026-01. mrr stands at one instant: give one date per'
        )
    # orders of one month are no balance
    assert rows_of("COHORTS", ["A", "A"], [46023.0, 46053.0], [10, 10], "amount")[1] == ["2026-01", 1.0, 20.0]


@pytest.mark.parametrize(
    "january",
    ["2026-01", "2026-01-01", 46023.0, 46023, date(2026, 1, 1), datetime(2026, 1, 1, 9, tzinfo=UTC), " 2026-01 ",
     "2026-01-01T00:00:00"],
)  # fmt: skip
def test_a_month_in_any_spelling(january: Any) -> None:
    found = rows_of("MOVEMENTS", ["A", "A", "B"], [january, "2026-02", january], [1, 2, 3])
    assert [row[0] for row in found[1:]] == ["2026-01", "2026-02"]
    assert found[1][2] == 4.0


@pytest.mark.parametrize(
    ("first", "second", "listed"),
    [
        ("2025-Q4", "2026-Q2", ["2025-Q4", "2026-Q1", "2026-Q2"]),
        (2024.0, "2026", ["2024", "2025", "2026"]),
        ("FY25-Q4", "FY26-Q1", ["FY25-Q4", "FY26-Q1"]),
        ("FY25-P12", "FY26-P01", ["FY25-P12", "FY26-P01"]),
        ("2025-12", 46054.0, ["2025-12", "2026-01", "2026-02"]),
    ],
)
def test_grains(first: Any, second: Any, listed: list[str]) -> None:
    assert [row[0] for row in rows_of("MOVEMENTS", ["A", "A"], [first, second], [1, 1])[1:]] == listed
    assert [row[0] for row in rows_of("COHORTS", ["A", "A"], [second, first], [1, 1])[1:]] == listed


@pytest.mark.parametrize(
    ("columns", "shown", "message"),
    [
        ((["A", "A"], ["2026-01", "2026-Q1"], [1, 2]), "#VALUE!", "REV-101 Row 2: 2026-Q1 is a quarter, and 2026-01 is a"),
        ((["A", "A"], ["2026-01", 2026.0], [1, 2]), "#VALUE!", "REV-101 Row 2: 2026 is a year"),
        ((["A"], ["LAST_MONTH"], [1]), "#VALUE!", "REV-101 Row 1: LAST_MONTH means another period every month."),
        ((["A"], ["YTD:2026-03"], [1]), "#VALUE!", "REV-101 Row 1: YTD:2026-03 means"),
        ((["A"], ["FYTD"], [1]), "#VALUE!", "REV-101 Row 1: FYTD means"),
        ((["A"], ["Jan-22"], [1]), "#VALUE!", 'REV-101 Row 1: "Jan-22" can mean'),
        ((["A"], ["2026-13"], [1]), "#VALUE!", "REV-101 Row 1:"),
        ((["A"], [202601.0], [1]), "#VALUE!", "REV-101 Row 1:"),
        ((["A"], [True], [1]), "#VALUE!", "REV-101 Row 1:"),
        ((["A"], [{"a": 1}], [1]), "#VALUE!", "REV-101 Row 1"),
        ((["A"], ["9999-12"], [1]), "#VALUE!", "REV-101 Row 1:"),
        ((["A", "B"], ["2026-01", "2206-01"], [1, 1]), "#NUM!", "REV-114 From 2026-01 to 2206-01 are 2161 periods."),
        ((["A", "A"], ["2026-01", None], [1, 0]), "#VALUE!", "REV-112 Row 2 has no period."),
        ((["A", None], ["2026-01", "2026-02"], [1, 5]), "#VALUE!", "REV-112 Row 2 has an amount and no customer."),
        ((["A", "B"], ["2026-01", "2026-02"], [1, "5"]), "#VALUE!", 'REV-112 mrr: row 2, column 1 holds the text "5"'),
        ((["A", "B"], ["2026-01", "2026-02"], [1, True]), "#VALUE!", "REV-112 mrr: row 2, column 1 holds TRUE"),
        ((["A", "B"], ["2026-01"], [1, 2]), "#VALUE!", "REV-102 period has 1 cells beside 2."),
        ((["A", "B"], ["2026-01", "2026-01"], [1]), "#VALUE!", "REV-102 mrr has 1 cells beside 2."),
        # headings over some of the columns only
        ((["Customer", "A"], ["2026-01", "2026-02"], ["MRR", 1]), "#VALUE!", "REV-112 mrr: row 1, column 1 holds the text"),
        ((["Customer", "A"], ["Month", "2026-02"], [5, 1]), "#VALUE!", "REV-101 Row 1:"),
        ((["Customer", "A"], ["Month", "2026-02"], ["1,250", 1]), "#VALUE!", "REV-112 mrr: row 1"),
        # an error wins over any complaint about the columns before it
        ((["A", "B"], ["Jan-22", "2026-01"], [1, "#REF!"]), "#REF!", "REV-112 An input cell holds #REF!."),
        ((["#N/A", "B"], ["2026-01"], [1, "#REF!"]), "#N/A", "REV-112"),
        ((["A", None], ["2026-01", "#DIV/0!"], [1, None]), "#DIV/0!", "REV-112"),
        (([], [], []), "#N/A", "REV-204 There is no row with a customer."),
        (([[None]], [[None]], [[None]]), "#N/A", "REV-204"),
        (([["A", "B"], ["C", "D"]], ["2026-01"], [1]), "#VALUE!", "REV-102 customer is one row or one column"),
    ],
)  # fmt: skip
def test_what_is_refused(columns: tuple[Any, ...], shown: str, message: str) -> None:
    found = error_of("MOVEMENTS", *columns)
    assert found[0] == shown
    assert found[1].startswith(message)


@pytest.mark.parametrize("nothing", [None, 0, 0.0, "", " "])
def test_blanks_around_the_table_say_nothing(nothing: Any) -> None:
    """Headings, gaps and the empty rest of whole columns, as None or as 0, whole or as numbers of customers."""
    columns = (
        ["Customer", "A", nothing, 1001.0, "1001", nothing, nothing],
        ["Month", "2026-01", nothing, 46054.0, "2026-02", "2026-03", nothing],
        ["MRR", 5.0, nothing, 2.0, 1.0, nothing, nothing],
    )
    assert rows_of("MOVEMENTS", *columns) == rows_of("MOVEMENTS", *([[cell] for cell in column] for column in columns)) == [
        HEADER, ["2026-01", 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 5.0], ["2026-02", 5.0, 3.0, 0.0, 0.0, -5.0, 0.0, 3.0],
    ]  # fmt: skip
    assert len(rows_of("COHORTS", *columns)) == 3


def test_cohorts_by_hand() -> None:
    table = """
        A 2026-01 100   A 2026-02 150   A 2026-03 40
        B 2026-01 100                   B 2026-03 100
        C 2026-02 10    C 2026-03 10
        D 2026-01 0                     D 2026-03 -5
    """.split()
    columns = table[::3], table[1::3], [float(cell) for cell in table[2::3]]
    head = ["cohort", "size", 0.0, 1.0, 2.0]
    # B is away in February and counts again in March; D never has an amount above 0
    assert rows_of("COHORTS", *columns) == [
        head, ["2026-01", 2.0, 1.0, 0.5, 1.0], ["2026-02", 1.0, 1.0, 1.0, None], ["2026-03", 0.0, None, None, None],
    ]  # fmt: skip
    assert rows_of("COHORTS", *columns, "NRR")[1] == ["2026-01", 2.0, 1.0, 0.75, 0.7]
    assert rows_of("COHORTS", *columns, "grr")[1] == ["2026-01", 2.0, 1.0, 0.5, 0.7]
    assert rows_of("COHORTS", *columns, "amount")[1:] == [
        ["2026-01", 2.0, 200.0, 150.0, 140.0], ["2026-02", 1.0, 10.0, 10.0, None], ["2026-03", 0.0, 0.0, None, None],
    ]  # fmt: skip
    assert rows_of("COHORTS", *columns, "customers")[1] == ["2026-01", 2.0, 2.0, 1.0, 2.0]
    assert error_of("COHORTS", *columns, "ndr")[1].startswith('REV-101 Unknown measure "ndr". Did you mean nrr?')
    assert error_of("COHORTS", ["A"], ["2026-01"], [-1])[0] == "#N/A"


amounts = st.one_of(
    st.decimals(-50, 10_000, places=2).map(float),
    st.sampled_from([0, 0.0, 1, 0.1, 1e15, 12345.678901]),
    st.floats(-1e6, 1e6),
)
tables = st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(0, 9), amounts), min_size=1, max_size=40)


def cells(rows: list[tuple[str, int, float]]) -> tuple[list[str], list[str], list[float]]:
    return (
        [customer for customer, _, _ in rows],
        [f"{2025 + (7 + month) // 12}-{(7 + month) % 12 + 1:02d}" for _, month, _ in rows],
        [amount for _, _, amount in rows],
    )


def balances(rows: list[tuple[str, int, float]]) -> dict[tuple[str, int], Fraction]:
    found: defaultdict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for customer, month, amount in rows:
        found[customer, month] += Fraction(repr(amount))
    return found


@given(tables, st.randoms(use_true_random=False))
def test_movements_close_and_agree_with_a_plain_oracle(rows: list[tuple[str, int, float]], shuffle: Any) -> None:
    have, customers = balances(rows), sorted({customer for customer, _, _ in rows})
    first, last = min(month for _, month, _ in rows), max(month for _, month, _ in rows)
    steps = movements(read_ledger(*cells(rows), balance="mrr"))
    assert len(steps) == last - first + 1
    before, paid = dict.fromkeys(customers, Fraction(0)), set[str]()
    for month, step in enumerate(steps, first):
        moved: defaultdict[str, Fraction] = defaultdict(Fraction)
        for customer in customers:
            now, then = have[customer, month], before[customer]
            if now > 0 >= then:
                moved["reactivation" if customer in paid else "new"] += now - then
            elif then > 0 >= now:
                moved["churned"] += now - then
            else:
                moved["expansion" if now > then else "contraction"] += now - then
            before[customer] = now
            paid |= {customer} if now > 0 else set()
        assert step.moves == {name: moved[name] for name in MOVES}
        assert step.closing == step.opening + sum(step.moves.values()) == sum(before.values())
    assert all(earlier.closing == later.opening for earlier, later in pairwise(steps))
    again = rows.copy()
    shuffle.shuffle(again)
    assert movements(read_ledger(*cells(again), balance="mrr")) == steps, "the order of rows says nothing"


@given(tables, st.sampled_from(MEASURES))
def test_cohorts_agree_with_a_plain_oracle(rows: list[tuple[str, int, float]], measure: str) -> None:
    have, customers = balances(rows), {customer for customer, _, _ in rows}
    first, last = min(month for _, month, _ in rows), max(month for _, month, _ in rows)
    born = {
        customer: min((month for month in range(first, last + 1) if have[customer, month] > 0), default=None)
        for customer in customers
    }
    if not any(month is not None for month in born.values()):
        return
    found = cohorts(read_ledger(*cells(rows)), measure)
    assert sum(cohort.size for cohort in found) == sum(month is not None for month in born.values())
    for start, cohort in enumerate(found, first):
        members = [customer for customer in customers if born[customer] == start]
        assert cohort.size == len(members)
        assert len(cohort.cells) == last - start + 1, "a triangle: nothing is said about months after the last"
        for month, cell in enumerate(cohort.cells, start):
            now = [have[customer, month] for customer in members]
            base = [have[customer, start] for customer in members]
            paying, kept = sum(amount > 0 for amount in now), sum(map(min, now, base), Fraction(0))
            expected = {
                "logo": Fraction(paying, len(members)) if members else None,
                "nrr": sum(now, Fraction(0)) / sum(base, Fraction(0)) if members else None,
                "grr": kept / sum(base, Fraction(0)) if members else None,
                "amount": sum(now, Fraction(0)),
                "customers": Fraction(paying),
            }
            assert cell == expected[measure]


def test_the_cell_is_the_double_nearest_the_exact_sum() -> None:
    found = call("MOVEMENTS", [["A", "B", "C"], ["2026-01"] * 3, [0.1, 0.2, 1e-9]])
    assert found[1][2] == Fraction("0.300000001")
    assert rows_of("MOVEMENTS", ["A", "B"], ["2026-01"] * 2, [0.1, 0.2])[1][2] == 0.3
