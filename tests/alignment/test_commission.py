"""Commission by hand: pools, shares to the cent, clawback, statement; and what becomes of the customers a rep won."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.commission import read_rules, shared, spread
from revalign_udf.errors import ConfigError, UserError
from revalign_udf.query import Query
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name\na Alpha\nb Beta\nc Gamma\nd Delta\ne Epsilon",
    "team": "id name function\nt1 North sales",
    "owner": "id name team_id\no1 Ada t1\no2 Bo t1\no3 Cy t1",
    # Ada wins a and b, Bo wins c; nobody owns the deal of d; a renewal and a lost deal are nobody's new business
    "opportunity": """id org_id created_at type amount amount_basis outcome closed_at owner_id
        A a 2024-12-01 new     1200 acv won  2025-01-10 o1
        B b 2024-12-01 new      600 acv won  2025-02-10 o1
        C c 2024-12-01 new      900 acv won  2025-03-31 o2
        D d 2024-12-01 new      500 acv won  2025-03-01 -
        E a 2024-12-01 renewal 9000 acv won  2025-03-02 o3
        F e 2024-12-01 new     9000 acv lost 2025-03-02 o3
        G c 2025-04-01 new      100 acv won  2025-04-20 o3""",
    "subscription": """id org_id started_at
        sa a 2025-01-10
        sb b 2025-02-10
        sc c 2025-03-31
        sd d 2025-03-01""",
    # a grows by 10 a month in May (120 a year); b leaves in June; c leaves on 2026-03-31, the day after twelve months are over
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        a1 sa 2025-01-10 -          100 month
        a2 sa 2025-05-05 -           10 month
        b1 sb 2025-02-10 2025-06-10  50 month
        c1 sc 2025-03-31 2026-03-31  75 month
        d1 sd 2025-03-01 -           40 month
        d2 sd 2025-05-06 -            5 month""",
}  # fmt: skip
RULE = '[[commission]]\nname = "plan"\npot = 1000\nsplit = "80/20"\n'


def project(folder: Path, rules: str = RULE, through: str = "2026-06-30", **tables: str) -> Query:
    (folder / "alignment").mkdir(parents=True)
    (folder / "alignment" / "commission.toml").write_text(rules)
    return project_of(folder, {**TABLES, **tables}, through=through)


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project(tmp_path_factory.mktemp("commission") / "p")


def rows(query: Query, name: str, period: str, **where: str) -> list[dict[str, Any]]:
    found = query.metric(name, period, where)
    assert found.rows is not None, found.message
    return found.rows.dicts()


def by_rep(query: Query, period: str, **where: str) -> dict[str, dict[str, Any]]:
    return {str(row["rep"]): row for row in rows(query, "commission", period, **where)}


def test_the_pool_of_new_business_is_shared_by_value_won_and_nobody_is_paid_for_a_renewal(query: Query) -> None:
    found = by_rep(query, "2025-Q1")
    assert list(found) == ["Ada", "Bo", "(none)", "(not shared)", "total"]
    # 800 x 1800 / 2700 and 800 x 900 / 2700, the odd cent to the larger remainder
    assert [found[rep]["share_of_new"] for rep in ("Ada", "Bo")] == [533.33, 266.67]
    assert [found[rep]["new"] for rep in ("Ada", "Bo", "(none)")] == [1800, 900, 500]
    assert (found["(none)"]["share"], found["(none)"]["share_of_new"]) == (None, None)
    # nobody expanded: its pool stays whole instead of being shared evenly
    assert (found["(not shared)"]["share_of_expansion"], found["(not shared)"]["share"]) == (200, 200)
    assert (found["total"]["share"], found["total"]["deals"]) == (1000, 4)


def test_a_churn_inside_the_clawback_is_deducted_when_it_happens_and_never_below_nothing(query: Query) -> None:
    found = by_rep(query, "2025-Q2")
    ada = found["Ada"]
    # b paid 600 a year and left 120 days after it was won; Ada won nothing in this quarter
    assert (ada["new"], ada["deducted"], ada["net_new"], ada["not_deducted"]) == (0, -600, 0, 600)
    assert (ada["share_of_new"], ada["clawbacks"]) == (0, 1)
    assert found["Cy"]["share_of_new"] == 800
    # the customer is Ada's, so its expansion is; what nobody won has no share
    assert (ada["expansion"], ada["share_of_expansion"], found["(none)"]["expansion"]) == (120, 200, 60)
    assert found["total"]["share"] == 1000


def test_the_excess_is_not_carried_on(query: Query) -> None:
    assert [row["rep"] for row in rows(query, "commission", "2025-Q3")] == ["(not shared)", "total"]


def test_the_latest_deal_says_whose_customer_it_is(query: Query) -> None:
    # c was won by Bo in March 2025 and again by Cy in April: it left eleven months after that
    found = by_rep(query, "2026-Q1")
    assert (found["Cy"]["deducted"], found["Cy"]["clawbacks"]) == (-900, 1)
    assert "Bo" not in found


def test_a_churn_on_the_day_twelve_months_after_the_win_is_outside(tmp_path: Path) -> None:
    once = TABLES["opportunity"].rpartition("\n")[0]
    assert "Bo" not in by_rep(project(tmp_path / "p", opportunity=once), "2026-Q1")
    earlier = TABLES["subscription_item_period"].replace("2026-03-31", "2026-03-30")
    inside = project(tmp_path / "q", opportunity=once, subscription_item_period=earlier)
    assert by_rep(inside, "2026-Q1")["Bo"]["deducted"] == -900


def test_of_one_deal_a_churn_is_deducted_once(tmp_path: Path) -> None:
    periods = """id subscription_id valid_from valid_to amount interval
        b1 sb 2025-02-10 2025-04-10  50 month
        b2 sb 2025-05-10 2025-06-10  50 month"""
    query = project(tmp_path / "p", subscription_item_period=periods)
    assert by_rep(query, "2025-Q2")["Ada"]["deducted"] == -600


def test_the_year_is_its_pay_periods_together(query: Query) -> None:
    year, quarters = by_rep(query, "2025"), [by_rep(query, f"2025-Q{n}") for n in range(1, 5)]
    for rep in ("Ada", "Bo", "Cy"):
        assert year[rep]["share"] == pytest.approx(
            sum(float(str(q[rep]["share"])) for q in quarters if rep in q), abs=1e-9
        )
    assert year["total"]["share"] == 4000


def test_a_period_that_is_not_whole_pay_periods_is_refused(query: Query) -> None:
    with pytest.raises(UserError, match="pays by quarter") as caught:
        query.metric("commission", "2025-02")
    assert caught.value.code == "REV-102"
    assert "2025-Q1" in caught.value.hint


def test_the_statement_adds_up_to_the_shares(query: Query) -> None:
    for period in ("2025-Q1", "2025-Q2", "2025", "2026-Q1"):
        shares = by_rep(query, period)
        sums: dict[str, Fraction] = {}
        for row in rows(query, "commission_statement", period):
            if row["share"] is not None:
                sums[str(row["rep"])] = sums.get(str(row["rep"]), Fraction(0)) + Fraction(str(row["share"]))
        for rep, total in sums.items():
            assert float(total) == shares[rep]["share"], (period, rep)
    found = rows(query, "commission_statement", "2025-Q2", rep="Ada")
    assert [(row["id"], row["pool"], row["amount"], row["share"], row["note"]) for row in found] == [
        ("b1", "new", -600, 0, "stopped paying 120 days after B was won"),
        ("a2", "expansion", 120, 200, "expansion; won by A"),
    ]
    assert found[0]["name"] == "Beta"


def test_one_rep_sees_the_share_the_whole_company_leaves(query: Query) -> None:
    [own] = rows(query, "commission", "2025-Q1", rep="Ada")
    assert own == by_rep(query, "2025-Q1")["Ada"]


def test_another_split_shares_the_same_pot(query: Query) -> None:
    found = by_rep(query, "2025-Q1", split="50/50")
    assert [found[rep]["share_of_new"] for rep in ("Ada", "Bo")] == [333.33, 166.67]
    assert found["total"]["share"] == 1000


def test_a_pool_in_per_cent_is_of_what_is_left_after_deductions(tmp_path: Path) -> None:
    rule = '[[commission]]\nname = "rate"\nperiod = "year"\npool_new = "10 %"\npool_expansion = 50\n'
    found = by_rep(project(tmp_path / "p", rule), "2025")
    # Ada 1,800 - 600, Bo 900, Cy 100
    assert [found[rep]["share_of_new"] for rep in ("Ada", "Bo", "Cy")] == [120, 90, 10]
    assert (found["Ada"]["share_of_expansion"], found["total"]["share"]) == (50, 270)


def test_without_a_clawback_and_an_expansion_pool_no_subscriptions_are_needed(tmp_path: Path) -> None:
    alone = {
        "subscription": "id org_id started_at",
        "subscription_item_period": "id subscription_id valid_from amount interval",
    }
    rule = '[[commission]]\nname = "wins"\npool_new = 90\nclawback_months = 0\n'
    found = by_rep(project(tmp_path / "p", rule, **alone), "2025-Q1")
    assert [found[rep]["share"] for rep in ("Ada", "Bo")] == [60, 30]
    answer = project(tmp_path / "q", RULE, **alone).metric("commission", "2025-Q1")
    assert (answer.rows, answer.status) == (None, "REV-201")


def test_no_rule_no_number(tmp_path: Path) -> None:
    answer = project(tmp_path / "p", "").metric("commission", "2025-Q1")
    assert (answer.status, answer.rows) == ("REV-204", None)
    assert "alignment/commission.toml" in answer.message
    late = RULE + "valid_from = 2025-04-01\n"
    query = project(tmp_path / "q", late)
    assert "No commission rule holds on 2025-01-01" in query.metric("commission", "2025-Q1").message
    assert query.metric("commission", "2025-Q2").rows is not None


def test_a_pot_in_another_currency_takes_the_rate_of_the_last_day(tmp_path: Path) -> None:
    rates = "date from_currency to_currency rate\n2025-03-31 EUR USD 1.25"
    rule = RULE + 'currency = "eur"\n'
    query = project(tmp_path / "p", rule, fx_rate=rates)
    assert by_rep(query, "2025-Q1")["total"]["share"] == 1250
    assert query.metric("commission", "2025-Q2").status == "REV-208"  # the rate is older than seven days


def test_how_the_customers_fare_that_each_rep_won(query: Query) -> None:
    found = {str(row["rep"]): row for row in rows(query, "rep_long_term", "2025-Q2")}
    assert list(found) == ["Ada", "Bo", "(none)", "all"]
    ada = found["Ada"]
    # a (100, grows to 110) and b (50, leaves) were paying at the start
    assert (ada["customers_won"], ada["customers_at_start"], ada["lost_customers"], ada["logo_churn"]) == (2, 2, 1, 0.5)
    assert (ada["opening_mrr"], ada["churned_mrr"], ada["expansion_mrr"]) == (150, -50, 10)
    assert (ada["revenue_churn_gross"], ada["nrr"]) == (50 / 150, 110 / 150)
    assert (found["Bo"]["customers_at_start"], found["Bo"]["nrr"]) == (1, 1)
    assert (found["(none)"]["customers_won"], found["(none)"]["expansion_mrr"]) == (1, 5)
    whole = found["all"]
    assert whole["nrr"] == query.metric("nrr", "2025-Q2").value
    assert whole["logo_churn"] == query.metric("logo_churn", "2025-Q2").value
    assert whole["revenue_churn_gross"] == query.metric("revenue_churn_gross", "2025-Q2").value
    assert whole["expansion_mrr"] == query.metric("expansion_mrr", "2025-Q2").value
    # from the next quarter on c is Cy's, who won it again
    assert [row["rep"] for row in rows(query, "rep_long_term", "2025-Q3")] == ["Ada", "Cy", "(none)", "all"]
    assert [row["rep"] for row in rows(query, "rep_long_term", "2025-Q3", rep="cy")] == ["Cy"]


def test_an_unknown_rep_gets_a_hint(query: Query) -> None:
    with pytest.raises(UserError, match="Ada"):
        query.metric("commission", "2025-Q1", {"rep": "Adaa"})


def test_excel_shows_the_shares_and_a_reps_statement(query: Query) -> None:
    from revalign_udf.functions import call_cell, session

    session.use(query.root.parent)
    try:
        shares = call_cell("REVALIGN.SPLIT", ["2025-Q1"])["cell"]
        own = call_cell("REVALIGN.SPLIT", ["2025-Q1", "Ada"])["cell"]
        refused = call_cell("REVALIGN.SPLIT", ["2025-02"])
    finally:
        session.use(None)
    assert (shares[0][0], shares[1][0], shares[1][4], shares[-1][0]) == ("rep", "Ada", 533.33, "total")
    assert (own[0][:3], [line[6] for line in own[1:]]) == (["period", "rule", "rep"], ["A", "B"])
    assert (refused["error"], refused["message"][:7]) == ("#VALUE!", "REV-102")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"name": "x"}, "it has no pot"),
        ({"name": "x", "pot": 5}, "belong together"),
        ({"name": "x", "pot": 5, "split": "80/30"}, "makes 110 % and not 100 %"),
        ({"name": "x", "pot": 5, "split": "most"}, "split is 'most'"),
        ({"name": "x", "pot": 5, "split": "80/20", "pool_new": 1}, "beside a pool of its own"),
        ({"name": "x", "pool_new": "-5"}, "pool_new is -5"),
        ({"name": "x", "pool_new": "101%"}, "pool_new is 101%"),
        ({"name": "x", "pool_new": "lots"}, "no number"),
        ({"name": "x", "pool_new": 1, "period": "quater"}, "period is 'quater'"),
        ({"name": "x", "pool_new": 1, "clawback_months": 1.5}, "whole number"),
        ({"name": "x", "pool_new": 1, "valid_from": "soon"}, "no date"),
        ({"name": "x", "pool_new": 1, "valid_from": "2025-02-01", "valid_to": "2025-02-01"}, "not after"),
    ],
)
def test_a_rule_that_cannot_be_used_says_where(row: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match="commission 1: ") as caught:
        read_rules([row], "USD")
    assert said in caught.value.message
    assert caught.value.code == "REV-305"


def test_two_rules_at_once_are_refused() -> None:
    one = {"name": "one", "pool_new": 1, "valid_to": "2025-07-01"}
    assert len(read_rules([one, {"name": "two", "pool_new": 1, "valid_from": "2025-07-01"}], "USD")) == 2
    with pytest.raises(ConfigError, match="commission 2: two and one hold at the same time"):
        read_rules([one, {"name": "two", "pool_new": 1, "valid_from": "2025-06-30"}], "USD")


AMOUNTS = st.lists(st.fractions(min_value=-1000, max_value=1000, max_denominator=97), min_size=1, max_size=12)


@given(st.integers(min_value=0, max_value=10**9), AMOUNTS)
def test_shares_add_up_to_the_pot_and_nobody_owes(pool: int, weights: list[Fraction]) -> None:
    found = shared(pool, weights)
    if found is None:
        assert max(weights) <= 0
        return
    assert sum(found) == pool
    whole = sum(max(weight, Fraction(0)) for weight in weights)
    for part, weight in zip(found, weights, strict=True):
        assert part >= 0
        assert abs(part - pool * max(weight, Fraction(0)) / whole) < 1


@given(st.integers(min_value=0, max_value=10**9), AMOUNTS)
def test_a_statement_adds_up_to_its_share(total: int, parts: list[Fraction]) -> None:
    assert sum(spread(total, parts)) == (total if sum(parts) > 0 else 0)
