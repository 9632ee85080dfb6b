"""Beside a number: the period before, the same period last year, the target."""

from fractions import Fraction

import pytest

from revalign_udf.errors import NoData, UnknownName, UserError
from revalign_udf.query import Answer, Query, Table
from revalign_udf.query.grids import stacked
from revalign_udf.testing import project_of


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(
        tmp_path_factory.mktemp("compared"),
        {
            "organization": "id name segment\na A one\nb B two",
            "sales_order": "id org_id ordered_at amount currency\n1 a 2025-03-01 80 USD\n2 a 2026-02-01 100 USD\n"
            "3 a 2026-03-01 60 USD\n4 b 2026-03-02 40 USD\n5 b 2026-01-09 -10 USD",
            "subscription": "id org_id started_at\na a 2025-02-10",
            "subscription_item_period": "id subscription_id valid_from amount interval\na a 2025-02-10 100 month",
            "goal": "metric period value currency team_id owner_id is_commitment\nrevenue 2026-03 125 - - - false\n"
            "revenue 2026-02 50 EUR - - false\nturnover 2026-01 20 - - o1 false\nrevenue 2026-01 30 - - o2 false\n"
            "mrr 2026-03 200 - - - false\nmql 2026-03 7 - t - false\nmql 2026-03 9 - - - true\nunknown 2026-03 7 - - - false\n"
            "revenue soon 7 - - - false\nrevenue 2026-04 0 - - - false",
            "fx_rate": "date from_currency to_currency rate\n2026-02-25 EUR USD 1.2",
        },
        '[company]\ncurrency = "USD"\n',
        through="2026-04-20",
    )


def told(query: Query, name: str, period: str, compare: str) -> tuple[object, ...]:
    (found,) = query.metric(name, period, compare=compare).comparisons
    return found.period, found.exact, found.difference, found.share


def test_before_last_year_and_target(query: Query) -> None:
    assert told(query, "revenue", "2026-03", "previous") == ("2026-02", 100, 0, 0)
    assert told(query, "revenue", "2026-03", "last year") == ("2025-03", 80, 20, Fraction(1, 4))
    # of a target the share reached is told
    assert told(query, "revenue", "2026-03", "target") == ("2026-03", 125, -25, Fraction(4, 5))
    assert told(query, "revenue", "2026-Q1", "previous")[:3] == ("2025-Q4", 0, 190)
    both = query.metric("revenue", "2026-03", compare="previous, target").comparisons
    assert [item.versus for item in both] == ["previous", "target"]
    with pytest.raises(UnknownName, match="previous"):
        query.metric("revenue", "2026-03", compare="previuos")
    with pytest.raises(UserError, match="compares with nothing"):
        query.metric("mrr_movements", "2026-03", compare="previous")


def test_where_there_is_nothing_to_compare_with(query: Query) -> None:
    before = query.metric("revenue", "2025-03", compare="previous").comparisons[0]
    assert (before.exact, before.difference) == (None, None)
    assert "before the first record" in before.message
    # growth over nothing, or over less than nothing, is no number; the difference is
    over = query.metric("revenue", "2026-02", compare="previous").comparisons[0]
    assert (over.exact, over.difference, over.share) == (-10, 110, None)
    assert "REV-110" in over.message
    none = query.metric("revenue", "2025-06", compare="target").comparisons[0]
    assert "no goal of revenue for 2025-06" in none.message
    zero = query.metric("revenue", "2026-04", compare="target").comparisons[0]
    assert (zero.exact, zero.difference, zero.share) == (0, 0, None)
    assert query.metric("logo_churn", "2025-02", compare="previous").comparisons[0].exact is None


def test_targets(query: Query) -> None:
    assert told(query, "revenue", "2026-02", "target")[1] == 60  # EUR 50 at 1.2
    assert told(query, "revenue", "2026-01", "target")[1] == 50  # two reps, one under another name of the metric
    assert told(query, "revenue", "2026-Q1", "target")[1] == 125 + 60 + 50  # a flow: the sum of its months
    assert told(query, "mrr", "2026-Q1", "target")[1] == 200  # a balance: that of the last month
    assert "no goal" in query.metric("revenue", "2026-Q2", compare="target").comparisons[0].message
    sliced = query.metric("revenue", "2026-03", {"segment": "one"}, compare="target").comparisons[0]
    assert "no goal of revenue by segment" in sliced.message
    goal = query.session().goal
    assert goal("mql", query.period("2026-03"), {}) == 7  # a target goes before a promise
    assert goal("revenue", query.period("2026-01"), {"owner": "o2"}) == 30
    assert goal("mql", query.period("2026-03"), {"team": "t"}) == 7


def test_series_and_tables(query: Query) -> None:
    series = query.series("revenue", "2026-02", "2026-03", compare="previous")
    assert [a.comparisons[0].difference for a in series] == [110, 0]
    table = query.table(["revenue", "mrr"], ["2026-03"], compare=["previous"])
    assert table.columns == (
        "period", "revenue", "revenue previous difference", "revenue previous share", "mrr", "mrr previous difference",
        "mrr previous share",
    )  # fmt: skip
    assert table.rows == (("2026-03", 100, 0, 0, 100, 0, 0),)
    assert table.units == ("text", "money", "money", "rate", "money", "money", "rate")
    cut = query.table(["revenue"], ["2026-03"], "segment", compare="previous")
    assert cut.rows == (
        ("2026-03", "one", 60, -40, -0.4),
        ("2026-03", "two", 40, 40, None),
        ("2026-03", "total", 100, 0, 0),
    )


def test_as_json(query: Query) -> None:
    (found,) = query.metric("revenue", "2026-03", compare="last_year").as_json()["comparisons"]
    assert found == {
        "with": "last_year", "period": "2025-03", "value": 80, "difference": 20, "share": 0.25, "message": "",
    }  # fmt: skip


def test_a_table_metric_is_asked_alone(query: Query) -> None:
    table = query.table(["mrr_movements"], ["2026-02", "2026-03"])
    assert table.columns == ("period", "movement", "label", "value")
    assert table.units == ("text", "text", "text", "money")
    assert [row[0] for row in table.rows] == ["2026-02"] * 10 + ["2026-03"] * 10
    assert table.rows[-1] == ("2026-03", "mrr", "MRR", 100)
    assert query.table(["mrr_movements"], ["2020-01", "2026-03"]).rows[0][0] == "2026-03"
    assert query.table(["early_warning"], ["2026-Q1"]).columns[0] in ("period", "asked_period")
    own = Answer("sla", "SLA", "2026-03", "number", rows=Table(("promise", "period"), (("p", "2026-Q1"),)))
    assert stacked([own]).dicts() == [{"asked_period": "2026-03", "promise": "p", "period": "2026-Q1"}]
    with pytest.raises(UserError, match="no column of one"):
        query.table(["mrr_movements", "mrr"], ["2026-03"])
    with pytest.raises(UserError, match="no column of one"):
        query.table(["mrr_movements"], ["2026-03"], "segment")
    with pytest.raises(NoData, match="REV-204"):
        query.table(["mrr_movements"], ["2020-01"])
