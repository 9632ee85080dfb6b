"""Exchange rates and expenses by hand: the age of a rate, yen, what is missing, what is spread over days."""

from fractions import Fraction

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name country\n" + "\n".join(f"{c} {c} {c}" for c in ("seven", "eight", "yen", "mixed", "other", "clear")),
    "subscription": "id org_id started_at currency\n" + "\n".join(
        f"{s} {o} 2025-03-01 {c}" for s, o, c in (
            ("s7", "seven", "EUR"), ("s8", "eight", "GBP"), ("sy", "yen", "JPY"), ("so", "other", "usd"),
            ("m1", "mixed", "USD"), ("m2", "mixed", "SEK"), ("c1", "clear", "USD"), ("c2", "clear", "SEK"))),
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        i7 s7 2025-03-01 -          100  month
        i8 s8 2025-03-01 -          100  month
        iy sy 2025-03-01 -          1500 month
        io so 2025-03-01 -          70   month
        m1 m1 2025-03-01 2025-05-01 100  month
        m2 m2 2025-03-01 -          -900 month
        c1 c1 2025-03-01 2025-05-01 100  month
        c2 c2 2025-03-01 -          900  month""",
    "fx_rate": """date from_currency to_currency rate
        2025-02-27 EUR USD 1.5
        2025-03-24 EUR USD 1.5
        2025-02-27 GBP USD 2
        2025-03-23 GBP USD 2
        2025-02-27 usd jpy 150
        2025-03-31 USD JPY 160
        2025-04-25 EUR USD 1.6
        2025-04-24 USD EUR 99""",
    "expense": """id date period_start period_end amount currency function kind
        flat  2025-03-31 -          -          50   -   sales     -
        three -          2025-01-31 2025-02-02 100  -   marketing tool
        back  -          2025-01-31 2025-02-02 -100 -   sales     -
        leap  -          2024-02-28 2024-03-01 3    -   marketing -
        bad   -          2025-05-02 2025-05-01 9    -   marketing -
        euro  2025-03-31 -          -          10   EUR marketing -
        goods -          2025-03-01 2025-03-31 31   -   marketing cogs
        care  2025-03-31 -          -          99   -   success   -
        later 2025-12-01 -          -          9    GBP product   -""",
}  # fmt: skip


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("rates"), TABLES, through="2025-12-31")


def test_a_rate_is_good_for_seven_days_and_not_for_eight(query: Query) -> None:
    assert query.metric("mrr", "2025-03", {"country": "seven"}).exact == 150
    missing = query.metric("mrr", "2025-03", {"country": "eight"})
    assert (missing.exact, missing.status, missing.cell) == (None, "REV-208", "#N/A")
    assert (
        dict(query.breakdown("mrr", "2025-03", "country"))["eight"].status == "REV-208"
    )  # there is something to count
    assert query.metric("mrr", "2025-03").status == "REV-208"  # a whole with an unknown part is unknown
    assert query.metric("new_mrr", "2025-03", {"country": "eight"}).exact == 200  # at the rate of its day it is known
    assert query.metric("customers_at_start", "2025-03", {"country": "eight"}).exact == 0
    assert query.metric("logo_churn", "2025-04", {"country": "eight"}).status == "REV-208"


def test_the_inverse_of_a_rate_will_do_where_there_is_no_direct_one(query: Query) -> None:
    rate = Fraction(round(Fraction(10**12, 160)), 10**12)
    assert query.metric("mrr", "2025-03", {"country": "yen"}).exact == 1500 * rate
    assert query.metric("new_mrr", "2025-03", {"country": "yen"}).exact == 1500 * Fraction(6_666_666_667, 10**12)
    assert query.metric("mrr", "2025-04", {"country": "seven"}).exact == 160
    assert query.metric("mrr", "2025-03", {"country": "other"}).exact == 70  # codes are read whatever their case


def test_nothing_is_ever_converted_at_one(query: Query) -> None:
    # 100 dollars and minus 900 kronor of unknown worth: whether this customer pays, nobody can say
    for name in ("new_mrr", "churned_mrr", "contraction_mrr", "expansion_mrr", "reactivation_mrr"):
        assert query.metric(name, "2025-Q2", {"country": "mixed"}).status == "REV-208", name
    assert query.metric("mrr", "2025-03", {"country": "mixed"}).status == "REV-208"
    # where all point the same way the name of the change is known, and the amount in dollars
    assert query.metric("contraction_mrr", "2025-05", {"country": "clear"}).exact == -100
    assert query.metric("churned_mrr", "2025-05", {"country": "clear"}).exact == 0


def test_records_without_a_rate_are_no_contribution(query: Query) -> None:
    assert query.records("mrr", "2025-03", {"country": "eight"}).rows == ()
    assert query.explain("mrr", "2025-03", {"country": "eight"}).answer.status == "REV-208"


def test_expenses_are_spread_by_day(query: Query) -> None:
    def spent(period: str) -> Fraction:
        return sum((Fraction(str(r["contribution"])) for r in query.records("cac", period).dicts()
                    if r["component"] == "acquisition_cost"), Fraction(0))  # fmt: skip

    def own(period: str, key: str) -> list[float]:
        return [float(str(r["contribution"])) for r in query.records("cac", period).dicts() if r["id"] == key]

    assert own("2025-01", "three") == [33.333334]  # the first day gets the millionth left over
    assert own("2025-02", "three") == [66.666666]
    assert (spent("2025-01"), spent("2025-02")) == (0, 0)  # a correction takes back exactly what was spread
    assert (own("2024-02", "leap"), own("2024-03", "leap")) == ([2], [1])
    # sales and marketing, neither goods nor success, in company currency
    assert query.metric("cac", "2025-03").exact == Fraction(50 + 15, 6 - 1)
    excluded = query.explain("cac", "2025-12").excluded.dicts()
    assert {"reason": "period ends before it begins", "table": "expense", "count": 1} in excluded


def test_zero_inside_and_unknown_outside(query: Query) -> None:
    assert query.metric("gross_margin", "2025-03").status == "REV-201"  # nothing was ever sold
    assert query.metric("mrr", "2025-02").status == "REV-204"
    assert query.metric("mrr", "2026-01").status == "REV-204"
    assert query.metric("mrr", "2025-12", {"country": "other", "product": "(none)"}).exact == 70
    assert query.metric("churned_mrr", "2025-12", {"country": "other"}).exact == 0
