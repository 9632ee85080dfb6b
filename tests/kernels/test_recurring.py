"""Items to movements, by hand. Every case is a customer of its own, told apart by a made-up country."""

from fractions import Fraction

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of

# country (the case), item rows: subscription id, from, to, amount, and more
CASES = """
    half-open      2025-01-01 2025-02-01 100 month
    month-end      2025-01-31 2025-02-28 100 month
    leap-day       2024-02-29 2024-03-01 100 month
    inside         2025-05-05 2025-05-20 100 month
    forever        2025-01-01 -          100 month
    weekly         2025-01-01 -           12 week
    daily          2025-01-01 -           12 day
    quarterly      2025-01-01 -          100 quarter
    yearly         2025-01-01 -          100 year
"""
TABLES = {
    "organization": "id name country\n" + "\n".join(
        f"{case} {case} {case}" for case in (
            "half-open month-end leap-day inside forever weekly daily quarterly yearly restart downgrade second-product back"
            " backdated ends-first cancelled credit out two-currencies counted swap-later").split()
    ),
    "subscription": "id org_id started_at ended_at cancelled_at\n" + "\n".join([
        *(f"{line.split()[0]} {line.split()[0]} 2025-01-01 - -" for line in CASES.strip().splitlines()),
        "r1 restart 2025-01-01 - -", "r2 restart 2025-03-10 - -", "d1 downgrade 2025-01-01 - -",
        "p1 second-product 2025-01-01 - -", "b1 back 2025-01-01 - -", "bd backdated 2025-01-01 2025-03-15 2025-04-02",
        "ef ends-first 2025-01-01 2025-09-01 -", "ca cancelled 2025-01-01 - 2025-02-01", "cr credit 2025-01-01 - -",
        "ou out 2025-01-01 - -", "tc two-currencies 2025-01-01 - -", "co counted 2025-01-01 - -",
        "sl swap-later 2025-01-01 - -",
    ]),
    "subscription_item_period": (
        "id subscription_id valid_from valid_to amount interval quantity discount_amount interval_count currency product_id"
        " one_time metered\n"
    ) + "\n".join([
        *(f"i{n} {a} {b} {c} {d} {e} 1 0 1 - - false false"
          for n, (a, b, c, d, e) in enumerate(line.split() for line in CASES.strip().splitlines())),
        # cancelled and started again on one day, under another subscription
        "r1 r1 2025-01-01 2025-03-10 100 month 1 0 1 - A false false",
        "r2 r2 2025-03-10 -          100 month 1 0 1 - B false false",
        "d1 d1 2025-01-01 2025-03-10 100 month 1 0 1 - A false false",
        "d2 d1 2025-03-10 -           80 month 1 0 1 - B false false",
        "p1 p1 2025-01-01 -          100 month 1 0 1 - A false false",
        "p2 p1 2025-03-10 -           30 month 1 0 1 - B false false",
        "b1 b1 2025-01-01 2025-02-10 100 month 1 0 1 - - false false",
        "b2 b1 2025-04-10 -          120 month 1 0 1 - - false false",
        "s1 sl 2025-01-01 2025-03-10 100 month 1 0 1 - - false false",
        "s2 sl 2025-03-11 -          100 month 1 0 1 - - false false",
        "bd bd 2025-01-01 2025-06-01 100 month 1 0 1 - - false false",
        "ef ef 2025-01-01 2025-03-15 100 month 1 0 1 - - false false",
        "ca ca 2025-01-01 -          100 month 1 0 1 - - false false",
        "c1 cr 2025-01-01 -           50 month 1 0 1 - - false false",
        "c2 cr 2025-02-01 -          -80 month 1 0 1 - - false false",
        "o1 ou 2025-01-01 -          100 month 1 0 1 - - true  false",
        "o2 ou 2025-01-01 -          100 month 1 0 1 - - false true",
        "o3 ou 2025-01-01 2025-01-01 100 month 1 0 1 - - false false",
        "o4 no 2025-01-01 -          100 month 1 0 1 - - false false",
        "t1 tc 2025-01-01 2025-03-10 100 month 1 0 1 EUR - false false",
        "t2 tc 2025-01-01 2025-03-10 100 month 1 0 1 GBP - false false",
        "co co 2025-01-01 -           10 month 3 5 2 - - false false",
    ]),
    "fx_rate": "date from_currency to_currency rate\n" + "\n".join(
        f"2025-{month:02d}-{day:02d} {code} USD {rate + month / 100}"
        for month in range(1, 13) for day in (1, 8, 15, 22, 29) if (month, day) != (2, 29)
        for code, rate in (("EUR", 1.1), ("GBP", 1.3))
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("recurring"), TABLES, through="2025-12-31")


def ask(query: Query, case: str, name: str, period: str) -> Fraction | None:
    return query.metric(name, period, {"country": case}).exact


@pytest.mark.parametrize(
    ("case", "values"),
    [
        # the day an item ends is the first day without it
        ("half-open", {"2025-01": 100, "2025-02": 0}),
        ("month-end", {"2025-01": 100, "2025-02": 0}),
        ("leap-day", {"2024-02": 100, "2024-03": 0}),
        ("inside", {"2025-04": 0, "2025-05": 0, "2025-Q2": 0}),
        ("weekly", {"2025-01": 52}),
        ("daily", {"2025-01": 365}),
        ("quarterly", {"2025-01": Fraction(100, 3)}),
        ("yearly", {"2025-01": Fraction(100, 12)}),
        # (10 x 3 - 5) every two months
        ("counted", {"2025-01": Fraction(25, 2)}),
        ("backdated", {"2025-02": 100, "2025-03": 0}),
        ("ends-first", {"2025-02": 100, "2025-03": 0}),
        ("cancelled", {"2025-03": 100, "2025-12": 100}),
        ("credit", {"2025-01": 50, "2025-02": -30}),
        ("out", {"2025-01": 0}),
        ("two-currencies", {"2025-01": Fraction("111") + Fraction("131"), "2025-03": 0, "2025-12": 0}),
    ],
)
def test_mrr(query: Query, case: str, values: dict[str, int | Fraction]) -> None:
    if case == "out":  # nobody of this name pays anything, so the name is still a country
        assert query.metric("mrr", "2025-01", {"country": case}).exact == 0
        return
    assert {period: ask(query, case, "mrr", period) for period in values} == values


def test_arr_is_twelve_times_mrr_and_a_year_is_its_last_day(query: Query) -> None:
    assert ask(query, "yearly", "arr", "2025") == 100
    assert ask(query, "half-open", "arr", "2025") == 0


@pytest.mark.parametrize(
    ("case", "period", "moved"),
    [
        ("half-open", "2025-02", {"churned": -100}),
        ("inside", "2025-05", {"new": 100, "churned": -100}),
        ("inside", "2025", {"new": 100, "churned": -100}),
        # the same day nets out: neither churn nor new business
        ("restart", "2025-03", {"expansion": 0}),
        ("downgrade", "2025-03", {"contraction": -20}),
        ("second-product", "2025-03", {"expansion": 30}),
        # a day between is a day without paying
        ("swap-later", "2025-03", {"churned": -100, "reactivation": 100}),
        ("back", "2025-02", {"churned": -100}),
        ("back", "2025-04", {"reactivation": 120}),
        ("credit", "2025-02", {"churned": -80}),
        ("out", "2025", {}),
    ],
)
def test_movements(query: Query, case: str, period: str, moved: dict[str, int]) -> None:
    kinds = ("new", "expansion", "contraction", "churned", "reactivation")
    assert {kind: ask(query, case, f"{kind}_mrr", period) for kind in kinds} == dict.fromkeys(kinds, 0) | moved


def test_a_swap_is_told_by_the_whole_customer_in_each_product(query: Query) -> None:
    for product, amount in (("A", -100), ("B", 80)):
        assert query.metric("contraction_mrr", "2025-03", {"product": product, "country": "downgrade"}).exact == amount
        assert query.metric("new_mrr", "2025-03", {"product": product, "country": "downgrade"}).exact == 0


def test_negative_net_mrr_is_not_paying_and_stays_in_the_sums(query: Query) -> None:
    assert ask(query, "credit", "customers", "2025-01") == 1
    assert ask(query, "credit", "customers", "2025-02") == 0
    assert ask(query, "credit", "lost_customers", "2025-02") == 1
    assert ask(query, "credit", "mrr", "2025-03") == -30


def test_two_currencies_that_all_end_leave_exactly_nobody(query: Query) -> None:
    answers = {
        name: query.metric(name, "2025-03", {"country": "two-currencies"})
        for name in ("logo_churn", "nrr", "grr", "customers")
    }
    assert {name: answer.exact for name, answer in answers.items()} == {
        "logo_churn": 1,
        "nrr": 0,
        "grr": 0,
        "customers": 0,
    }
    churned, opening, impact = (
        query.metric(name, "2025-03", {"country": "two-currencies"}).exact
        for name in ("churned_mrr", "opening_mrr", "fx_impact_mrr")
    )
    assert churned == -(113 + 133)  # at the rates of the day they left
    assert (opening, impact) == (112 + 132, 2)


def test_joined_and_left_inside_is_in_no_churn_population(query: Query) -> None:
    assert ask(query, "inside", "customers_at_start", "2025-05") == 0
    assert query.metric("logo_churn", "2025-05", {"country": "inside"}).status == "REV-110"
    assert ask(query, "inside", "new_customers", "2025-05") == 1


def test_what_is_out_says_why(query: Query) -> None:
    found = query.explain("mrr", "2025-01").excluded.dicts()
    assert {(row["reason"], row["count"]) for row in found} == {
        ("one-time", 1), ("metered", 1), ("ends on or before the day it starts", 1), ("its subscription is not known", 1),
    }  # fmt: skip
