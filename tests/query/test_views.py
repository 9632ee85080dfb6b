"""Profiles and currencies: the same rows by other definitions, at other rates, in another currency."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.errors import NoData, RevalignError, UnknownName
from revalign_udf.query import Query
from revalign_udf.testing import project_of

#: EUR 1 = USD 1 on 1 January, 1.10 from 10 February, 1.20 from 1 March
RATES = "date from_currency to_currency rate\n" + "\n".join(
    f"2026-{month:02d}-{day:02d} EUR USD {'1.0' if (month, day) < (2, 10) else '1.1' if month < 3 else '1.2'}"
    for month, last in ((1, 31), (2, 28), (3, 31), (4, 30))
    for day in range(1, last + 1, 3)
)


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Ada pays USD 100; Bob EUR 50, EUR 80 from 20 February; Cy cancels on 15 February and is paid up to 15 March."""
    return project_of(
        tmp_path_factory.mktemp("views"),
        {
            "organization": "id name segment\na Ada one\nb Bob two\nc Cy one\nd Dee one",
            "subscription": "id org_id started_at cancelled_at ended_at currency\na a 2026-01-05 - - USD\n"
            "b b 2026-01-05 - - EUR\nc c 2026-01-15 2026-02-15 2026-03-15 USD\nd d 2026-02-03 - 2026-02-20 USD",
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval discount_amount\n"
            "a a 2026-01-05 - 120 month 20\nb b 2026-01-05 2026-02-20 50 month 0\nb2 b 2026-02-20 - 80 month 0\n"
            "c c 2026-01-15 2026-03-15 40 month 0\nd d 2026-02-03 - 30 month 0",
            "sales_order": "id org_id ordered_at amount currency kind\n1 a 2026-01-10 100 USD new\n2 b 2026-01-10 100 EUR new\n"
            "3 b 2026-02-15 100 EUR upsell\n4 b 2026-02-16 50 USD repeat",
            "expense": "id date amount currency function\n1 2026-02-15 110 EUR marketing",
            "fx_rate": RATES,
        },
        '[company]\ncurrency = "USD"\n',
        through="2026-04-20",
    )


def exact(query: Query, name: str, period: str, **view: str) -> Fraction | None:
    return query.metric(name, period, **view).exact  # type: ignore[arg-type]


def test_movements_by_the_day_and_their_remainder(query: Query) -> None:
    # Bob's 50 were USD 50, are USD 55 at the end of February; +30 on a day at 1.1 are 33
    assert exact(query, "opening_mrr", "2026-02") == 100 + 50 + 40
    assert exact(query, "expansion_mrr", "2026-02") == 33
    assert exact(query, "mrr", "2026-02") == 100 + 88 + 40
    assert exact(query, "fx_impact_mrr", "2026-02") == 5


def test_constant_rates_leave_no_impact(query: Query) -> None:
    # all at the rate of the as-of day, 20 April: 1.2
    view = {"profile": "constant_rate"}
    assert exact(query, "opening_mrr", "2026-02", **view) == 100 + 60 + 40
    assert exact(query, "expansion_mrr", "2026-02", **view) == 36
    assert exact(query, "mrr", "2026-02", **view) == 100 + 96 + 40
    assert exact(query, "fx_impact_mrr", "2026-02", **view) == 0
    assert exact(query, "revenue", "2026-01", **view) == 100 + 120
    answer = query.metric("mrr", "2026-02", profile="constant-rate")
    assert (answer.profile, answer.currency) == ("constant_rate", "USD")
    assert answer.fingerprint != query.metric("mrr", "2026-02").fingerprint


def test_the_day_of_constant_rates_can_be_named(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {"sales_order": "id org_id ordered_at amount currency\n1 a 2026-02-20 100 EUR", "fx_rate": RATES},
        '[company]\ncurrency = "USD"\n[definitions]\nprofile = "constant_rate"\nconstant_rate_on = 2026-01-15\n',
        through="2026-04-20",
    )
    assert exact(query, "revenue", "2026-02") == 100
    assert exact(query, "revenue", "2026-02", profile="default") == 110


def test_period_end_rates_are_those_of_the_asked_period(query: Query) -> None:
    view = {"profile": "period_end"}
    assert exact(query, "expansion_mrr", "2026-02", **view) == 33
    # of the first quarter the last day is 31 March, at 1.2
    assert exact(query, "expansion_mrr", "2026-Q1", **view) == 36
    assert exact(query, "revenue", "2026-02", **view) == 110 + 50
    assert exact(query, "revenue", "2026-Q1", **view) == 100 + 120 + 120 + 50
    moved = sum(
        (exact(query, f"{kind}_mrr", "2026-Q1", **view) or Fraction(0))
        for kind in ("opening", "new", "expansion", "contraction", "churned", "reactivation", "fx_impact")
    )
    assert moved == exact(query, "mrr", "2026-Q1", **view)


def test_amounts_in_another_currency_are_converted_row_by_row(query: Query) -> None:
    # 100 USD at 1.0 and 100 EUR; then 100 EUR and 50 USD at 1.1
    assert exact(query, "revenue", "2026-01", currency="eur") == 200
    assert exact(query, "revenue", "2026-02", currency="EUR") == 100 + 50 * Fraction(909090909091, 10**12)
    answer = query.metric("mrr", "2026-02", currency="EUR")
    assert answer.currency == "EUR"
    assert answer.exact == 80 + 140 * Fraction(909090909091, 10**12)
    assert exact(query, "logo_churn", "2026-03", currency="EUR") == exact(query, "logo_churn", "2026-03")
    # 110 EUR of expense, one new customer in February
    assert exact(query, "cac", "2026-02", currency="EUR") == 110
    assert query.metric("mrr", "2026-02", currency="USD").fingerprint == query.metric("mrr", "2026-02").fingerprint
    with pytest.raises(UnknownName, match="currency"):
        query.metric("mrr", "2026-02", currency="EUT")


@pytest.mark.parametrize("view", [{"currency": "EUR"}, {"profile": "period_end"}, {"profile": "stripe"}, {}])
def test_records_add_up_in_every_view(query: Query, view: dict[str, str]) -> None:
    for name in ("revenue", "mrr", "expansion_mrr", "churned_mrr", "customers"):
        for period in ("2026-02", "2026-Q1"):
            table = query.records(name, period, None, **view)
            total = sum(row[-1] for row in table.rows if isinstance(row[-1], int | float))
            assert total == pytest.approx(query.metric(name, period, None, **view).value)


def test_stripe_counts_a_cancellation_when_it_is_made(query: Query) -> None:
    # by our rules Cy is a customer until 15 March; Dee joins and leaves in February
    assert exact(query, "customers", "2026-02") == 3
    assert exact(query, "logo_churn", "2026-02") == 0
    assert exact(query, "customers", "2026-02", profile="stripe") == 2
    # Cy and Dee / (Ada, Bob, Cy at the start + Dee)
    assert exact(query, "logo_churn", "2026-02", profile="stripe") == Fraction(2, 4)
    assert exact(query, "logo_churn", "2026-03") == Fraction(1, 3)
    assert exact(query, "logo_churn", "2026-03", profile="stripe") == 0


def test_profiles_by_name(query: Query) -> None:
    assert exact(query, "new_revenue", "2026-Q1") == 100 + 100 + 110
    assert exact(query, "new_revenue", "2026-Q1", profile="business") == 100 + 100
    with pytest.raises(UnknownName, match="stripe"):
        query.metric("mrr", "2026-02", profile="stripes")
    # one rate for the life of an item: what came in euros at 1.0 stays there
    assert exact(query, "mrr", "2026-03", profile="profitwell") == 100 + 88
    with pytest.raises(RevalignError, match="no other currency"):
        query.metric("mrr", "2026-03", {"currency": "EUR"}, profile="profitwell")
    assert query.metric("revenue", "2026-02", {"currency": "EUR"}, profile="profitwell").exact == 110


def test_what_keeps_no_currency_is_not_shown_in_another(query: Query) -> None:
    with pytest.raises(RevalignError, match="REV-104"):
        query.session(currency="EUR").value("predicted_revenue", query.period("2026-02"), {})


def test_a_snapshot_without_a_vendors_movements_does_not_answer_with_ours(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {
            "subscription": "id org_id started_at\na a 2026-01-05",
            "subscription_item_period": "id subscription_id valid_from amount interval\na a 2026-01-05 10 month",
        },
        through="2026-04-20",
    )
    path = query.session().snapshot.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "variants": {}}), encoding="utf-8")
    older = Query(query.root)
    assert older.metric("mrr", "2026-02").exact == 10
    with pytest.raises(NoData, match="no movements by the rules of stripe"):
        older.metric("mrr", "2026-02", profile="stripe")
