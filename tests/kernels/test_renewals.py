"""Who could leave: renewal days, the customers and the revenue that came up, and what was lost, by hand."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of

# subscription, customer, began, ended, term in months
DATES = """
    month_end    2025-01-31 -          1
    leap         2024-02-29 -          12
    end_on_day   2025-01-15 2025-03-15 1
    end_before   2025-01-15 2025-03-14 1
    end_first    2025-01-15 2025-01-15 1
    fortnight    2025-05-20 -          -
    thirty_days  2025-05-01 -          -
    quarter      2024-11-30 -          -
    two_years    2023-05-05 -          24
    zero_term    2025-03-10 -          0
    grown_up     2025-01-10 -          -
    with_add_on  2024-03-01 -          -
    all_ended    2025-01-20 -          -
    paused       2025-01-05 -          -
    one_time     2025-01-01 -          -
    not_begun    2025-12-01 -          1
    last_days    2024-02-01 -          1
    first_after  2024-02-01 -          1
    mixed_ends   2024-02-01 -          1
    early        2024-02-01 -          -
    gap          2024-02-01 -          -
    odd          2025-01-01 -          -
"""
ITEMS = """
    id subscription_id valid_from valid_to   amount interval interval_count one_time metered
    1  fortnight       2025-05-20 -          10     week     2              -        -
    2  thirty_days     2025-05-01 -          10     day      30             -        -
    3  quarter         2024-11-30 -          10     quarter  1              -        -
    4  zero_term       2025-03-10 -          10     month    2              -        -
    5  grown_up        2025-01-10 2025-04-10 10     month    1              -        -
    6  grown_up        2025-04-10 -          90     year     1              -        -
    7  with_add_on     2024-03-01 -          90     year     1              -        -
    8  with_add_on     2024-03-01 -          5      month    1              -        -
    9  with_add_on     2024-03-01 -          5      year     3              true     -
    10 with_add_on     2024-03-01 -          5      year     3              -        true
    11 all_ended       2025-01-20 2025-03-20 10     month    1              -        -
    12 paused          2025-01-05 2025-02-05 10     month    1              -        -
    13 paused          2025-04-05 -          10     month    1              -        -
    14 one_time        2025-01-01 -          10     month    1              true     -
"""
TERMS = """
    subscription_id start_date end_date   term_months
    last_days       2024-02-01 2025-01-31 -
    last_days       2025-02-01 2026-01-31 -
    first_after     2024-02-01 2025-02-01 -
    first_after     2025-02-01 2025-05-01 -
    mixed_ends      2024-02-01 2025-01-31 12
    mixed_ends      2025-02-01 2025-05-01 12
    early           2024-02-01 2025-01-31 -
    early           2024-11-15 2025-05-14 -
    gap             2024-02-01 2025-01-31 -
    gap             2025-04-01 2026-03-31 -
    odd             2025-01-01 2025-01-10 -
    odd             2025-06-01 2025-05-01 -
    nobody          2025-01-01 2025-12-31 -
"""


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Query:
    keys = [line.split() for line in DATES.strip().splitlines()]
    return project_of(
        tmp_path_factory.mktemp("days"),
        {
            "subscription": "id org_id started_at ended_at term_months\n"
            + "\n".join(f"{key} c_{key} {began} {ended} {term}" for key, began, ended, term in keys),
            "subscription_item_period": ITEMS,
            "subscription_term": TERMS,
        },
        through="2025-06-30",
    )


@pytest.mark.parametrize(
    ("subscription", "expected"),
    [
        # counted from the original day, not from the renewal before
        ("month_end", "2025-02-28 2025-03-31 2025-04-30 2025-05-31 2025-06-30"),
        ("leap", "2025-02-28"),
        # the day of the end counts, what comes after does not
        ("end_on_day", "2025-02-15 2025-03-15"),
        ("end_before", "2025-02-15"),
        ("end_first", ""),
        ("fortnight", "2025-06-03 2025-06-17"),
        ("thirty_days", "2025-05-31 2025-06-30"),
        ("quarter", "2025-02-28 2025-05-30"),
        ("two_years", "2025-05-05"),
        ("zero_term", "2025-05-10"),
        # a term of nothing is none; the interval in force decides, the longest of several
        ("grown_up", "2025-02-10 2025-03-10 2025-04-10"),
        ("with_add_on", "2025-03-01"),
        # with its last item it has ended, whether or not anybody said so; a pause is none
        ("all_ended", "2025-02-20 2025-03-20"),
        ("paused", "2025-02-05 2025-05-05 2025-06-05"),
        ("one_time", ""),
        ("not_begun", ""),
        # written terms go before term_months; their end may be the last day or the first after
        ("last_days", "2025-02-01"),
        ("first_after", "2025-02-01 2025-05-01"),
        ("mixed_ends", "2025-02-01 2025-05-01"),
        ("early", "2024-11-15 2025-05-15"),
        ("gap", "2025-02-01"),
        ("odd", "2025-01-11"),
    ],
)
def test_renewal_days(days: Query, subscription: str, expected: str) -> None:
    rows = days.session().snapshot.con.execute(
        "SELECT on_day FROM fact_renewal WHERE kind = 'renewal' AND subscription = ? ORDER BY 1", [subscription]
    )
    assert " ".join(str(day) for (day,) in rows.fetchall()) == expected


@pytest.mark.parametrize(
    ("subscription", "day", "months"),
    [
        ("leap", date(2025, 2, 28), 12),
        ("fortnight", date(2025, 6, 3), Fraction(14 * 12, 365)),
        ("quarter", date(2025, 2, 28), 3),
        ("grown_up", date(2025, 4, 10), 1),
        ("last_days", date(2025, 2, 1), 12),
        ("first_after", date(2025, 5, 1), 3),
        ("mixed_ends", date(2025, 5, 1), 12),
        ("odd", date(2025, 1, 11), Fraction(10 * 12, 365)),
    ],
)
def test_terms_in_months(days: Query, subscription: str, day: date, months: Fraction) -> None:
    rows = days.session().snapshot.con.execute(
        "SELECT term FROM fact_renewal WHERE subscription = ? AND on_day = ?", [subscription, day]
    )
    assert [Fraction(term, 365) for (term,) in rows.fetchall()] == [months]


def test_what_has_no_term_is_listed(days: Query) -> None:
    rows = days.session().snapshot.con.execute(
        "SELECT reason, record_table, count(*) FROM excluded WHERE fact = 'renewal' GROUP BY ALL ORDER BY ALL"
    )
    assert rows.fetchall() == [
        ("ends before it starts", "subscription_term", 1),
        ("ends on or before the day it starts", "subscription", 1),
        ("its subscription is not known", "subscription_term", 1),
        ("no term is known", "subscription", 1),  # one_time
    ]


# customer | subscriptions as key began ended term amount
PEOPLE = """
    stays        | 2025-01-10 - 12 100
    leaves       | 2025-01-10 2026-01-10 12 100
    off_cycle    | 2025-07-10 2026-01-20 12 100
    late         | 2025-01-10 2026-01-09 12 100
    replaced     | 2025-01-10 2026-01-10 12 100 | 2026-01-10 - 12 80
    next_day     | 2025-01-10 2026-01-10 12 100 | 2026-01-11 - 12 80
    half         | 2025-01-10 2026-01-10 12 60  | 2025-05-01 - 12 40
    two_for_one  | 2025-01-10 2026-01-10 12 30  | 2025-01-11 2026-01-10 12 50 | 2026-01-10 - 12 70
    newcomer     | 2026-01-01 2026-02-01 1 100
    often        | 2025-11-10 - 1 100
    returns      | 2025-01-10 2025-11-10 12 100 | 2026-01-05 - 1 100
    credit       | 2025-01-10 2026-01-10 12 -20 | 2025-05-01 - 12 100
"""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Query:
    subscriptions, items = [], []
    for line in PEOPLE.strip().splitlines():
        customer, *own = (part.split() for part in line.split("|"))
        for n, (began, ended, term, amount) in enumerate(own):
            key = f"{customer[0]}_{n}"
            subscriptions.append(f"{key} {customer[0]} {began} {ended} {term}")
            items.append(f"{key} {key} {began} - {amount} month")
    names = [line.split()[0] for line in PEOPLE.strip().splitlines()]
    return project_of(
        tmp_path_factory.mktemp("people"),
        {
            "organization": "id name segment\n" + "\n".join(f"{name} {name} {name}" for name in names),
            "subscription": "id org_id started_at ended_at term_months\n" + "\n".join(subscriptions),
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n" + "\n".join(items),
        },
        through="2026-06-30",
    )


@pytest.fixture(scope="module")
def ask(people: Query) -> Callable[..., Fraction | None]:
    def one(metric: str, period: str = "2026-01", **where: str) -> Fraction | None:
        return people.metric(metric, period, where).exact

    return one


@pytest.mark.parametrize(
    ("customer", "eligible", "lost", "mrr", "lost_mrr"),
    [
        ("stays", 1, 0, 100, 0),
        # an end exactly on the renewal day is a loss at renewal, one day earlier or ten later is none
        ("leaves", 1, 1, 100, 100),
        ("off_cycle", 0, 0, 0, 0),
        ("late", 0, 0, 0, 0),
        # replaced the same day is renewed, for the customer and for its money; a day later only the customer is kept
        ("replaced", 1, 0, 100, 0),
        ("next_day", 1, 0, 100, 100),
        # one of two contracts comes up and ends: the customer stays, the money of that one is lost
        ("half", 1, 0, 60, 60),
        # one successor continues one of two
        ("two_for_one", 1, 0, 30, 0),
        # begun inside the period: not paying at its start
        ("newcomer", 0, 0, 0, 0),
        ("often", 1, 0, 100, 0),
        ("returns", 0, 0, 0, 0),
        # a credit is not the customer's to lose
        ("credit", 1, 0, 0, 0),
    ],
)
def test_january_by_hand(
    ask: Callable[..., Fraction | None], customer: str, eligible: int, lost: int, mrr: int, lost_mrr: int
) -> None:
    found = [ask(f"{part}eligible_{what}", segment=customer) for what in ("customers", "mrr") for part in ("", "lost_")]
    assert found == [eligible, lost, mrr, lost_mrr]


def test_ratios_over_everybody(ask: Callable[..., Fraction | None]) -> None:
    # stays, leaves, replaced, next_day, half, two_for_one, often, credit
    assert ask("eligible_customers") == 8
    assert ask("eligible_logo_churn") == ask("eligible_churn") == Fraction(1, 8)
    assert ask("eligible_mrr") == 100 + 100 + 100 + 100 + 60 + 30 + 100
    assert ask("eligible_revenue_churn") == Fraction(100 + 100 + 60, 590)
    # lost: leaves, off_cycle, late of 10 paying at the start: the same losses look smaller against everybody
    assert ask("customers_at_start") == 10
    assert ask("logo_churn") == Fraction(3, 10)


def test_once_per_customer_whatever_the_length(ask: Callable[..., Fraction | None]) -> None:
    assert ask("eligible_customers", "2026-Q1", segment="often") == 1
    assert ask("eligible_mrr", "2026-Q1", segment="often") == 100
    # over the year half's other contract comes up too
    assert ask("eligible_mrr", "2026", segment="half") == 100
    assert ask("lost_eligible_mrr", "2026", segment="half") == 60
    assert ask("eligible_customers", "2026", segment="half") == 1
    # a loss in March is one of the quarter in which it was eligible: newcomer renews and leaves on 1 February
    assert ask("eligible_customers", "2026-02", segment="newcomer") == 1
    assert ask("lost_eligible_customers", "2026-02", segment="newcomer") == 1


def test_nobody_up_for_renewal_is_no_rate(people: Query) -> None:
    assert people.metric("eligible_customers", "2025-06").exact == 0
    assert people.metric("eligible_logo_churn", "2025-06").status == "REV-110"
    assert people.metric("annualised_eligible_logo_churn", "2025-06").status == "REV-110"
    assert people.metric("eligible_customers", "2024-12").status == "REV-204"


def test_made_yearly(ask: Callable[..., Fraction | None]) -> None:
    # all of twelve months: the rate is the yearly one already
    assert ask("annualised_eligible_logo_churn", segment="leaves") == 1
    # seven of twelve months and one of one: n = 85 / 8
    value = ask("annualised_eligible_logo_churn")
    assert value is not None
    assert float(value) == pytest.approx(1 - (1 - 1 / 8) ** (12 / (85 / 8)), rel=1e-12)
    revenue = ask("annualised_eligible_revenue_churn")
    assert revenue is not None
    months = (490 * 12 + 100) / 590
    assert float(revenue) == pytest.approx(1 - (1 - 260 / 590) ** (12 / months), rel=1e-12)


def test_a_period_longer_than_the_term_is_no_term(people: Query) -> None:
    """Monthly contracts seen for a quarter: the loss is one of three months, and 4 quarters make the year, not 12."""
    assert people.metric("annualised_eligible_logo_churn", "2026-Q1", {"segment": "often"}).exact == 0
    shown = people.explain("annualised_eligible_logo_churn", "2026-Q1", {"segment": "often"}).components.dicts()
    assert {row["component"]: row["value"] for row in shown}["eligible_term"] == 3 * 365


def test_records_add_up(people: Query) -> None:
    for metric in ("eligible_customers", "lost_eligible_customers", "eligible_mrr", "lost_eligible_mrr"):
        rows = people.records(metric, "2026-01").dicts()
        assert sum(Fraction(str(row["contribution"])) for row in rows) == people.metric(metric, "2026-01").exact
    assert {row["id"] for row in people.records("lost_eligible_mrr", "2026-01").dicts()} == {
        "files:leaves_0", "files:next_day_0", "files:half_0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        # what has ended is worth nothing at any rate, and the opening is at the rate of 31 December
        ("2026-01-10", Fraction(150, 250)),
        ("-", "REV-208"),  # no rate at the end of January
    ],
)
def test_money_in_two_currencies(tmp_path: Path, ended: str, expected: Fraction | str) -> None:
    query = project_of(
        tmp_path,
        {
            "subscription": f"id org_id started_at ended_at term_months currency\na A 2025-01-10 {ended} 12 EUR\n"
            "b B 2025-01-10 - 12 USD",
            "subscription_item_period": "id subscription_id valid_from amount interval\n1 a 2025-01-10 100 month\n"
            "2 b 2025-01-10 100 month",
            "fx_rate": "date from_currency to_currency rate\n2025-01-10 EUR USD 1.1\n2025-12-31 EUR USD 1.5\n"
            "2026-01-10 EUR USD 1.2",
        },
        through="2026-01-31",
    )
    found = query.metric("eligible_revenue_churn", "2026-01")
    assert expected in (found.exact, found.status)
    assert query.metric("logo_churn", "2026-01").exact == (None if ended == "-" else Fraction(1, 2))
    assert query.metric("eligible_mrr", "2026-01").exact == 150 + 100


def test_a_missing_rate_of_who_is_not_up_for_renewal_does_not_matter(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {
            "subscription": "id org_id started_at ended_at term_months currency\na A 2025-01-10 2026-01-10 12 USD\n"
            "b B 2025-05-10 - 12 EUR",
            "subscription_item_period": "id subscription_id valid_from amount interval\n1 a 2025-01-10 100 month\n"
            "2 b 2025-05-10 100 month",
            "fx_rate": "date from_currency to_currency rate\n2025-05-10 EUR USD 1.1",
        },
        through="2026-01-31",
    )
    assert query.metric("logo_churn", "2026-01").status == "REV-208"
    assert query.metric("eligible_logo_churn", "2026-01").exact == 1
    assert query.metric("eligible_revenue_churn", "2026-01").exact == 1
