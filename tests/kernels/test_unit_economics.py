"""Unit economics by hand: ten customers paying 100, one leaves and one joins in February."""

from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.errors import UnknownName
from revalign_udf.query import Query
from revalign_udf.testing import project_of

_OLD = [f"c{n}" for n in range(10)]
_FEBRUARY = [f"{key} {60 if key == 'c9' else 100}" for key in _OLD] + ["new 40"]
_MARCH = [f"{key} 100" for key in (*_OLD[1:9], "new")] + ["c0 50", "c0 50"]
_INVOICES = [
    *(("2024-12-20", row) for row in ("c1 10",)),
    *(("2025-02-10", row) for row in _FEBRUARY),
    *(("2025-03-10", row) for row in _MARCH),
    *(("2025-04-10", row) for row in ("c1 50", "late 50")),
]

TABLES = {
    "organization": "id name country\n"
    + "\n".join(f"{key} {key} {'SE' if key in ('c0', 'c1', 'c9') else 'DE'}" for key in (*_OLD, "new", "late")),
    "person": "id org_id first_source\np1 new ads",
    "product": "id name product_line\nA a core\nB b extra",
    "subscription": "id org_id started_at\n" + "\n".join(f"s{key} {key} 2024-12-01" for key in (*_OLD, "new")),
    "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n"
    + "\n".join(f"i{key} s{key} 2024-12-01 {'2025-02-15' if key == 'c9' else '-'} 100 month" for key in _OLD)
    + "\ninew snew 2025-02-20 - 100 month",
    "invoice": "id org_id issued_at\n"
    + "\n".join(f"v{n} {row.split()[0]} {day}" for n, (day, row) in enumerate(_INVOICES)),
    "invoice_line": "id invoice_id amount product_id\n"
    + "\n".join(f"l{n} v{n} {row.split()[1]} {'A' if n % 2 else 'B'}" for n, (_, row) in enumerate(_INVOICES)),
    "expense": """
        id date       amount function  kind   channel
        e1 2025-01-10 90     marketing -      -
        e2 2025-02-10 200    marketing -      ads
        e3 2025-02-10 60     sales     salary event
        e4 2025-02-10 40     sales     -      -
        e5 2025-01-20 20     support   -      -
        e6 2025-02-20 30     support   salary -
        e7 2025-02-20 20     success   -      -
        e8 2025-03-20 50     success   -      -
        e9 2025-03-20 200    support   cogs   -
    """,
}
SETTINGS = "[definitions]\nlifetime_years = 0.5"


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("units"), TABLES, SETTINGS, through="2025-06-30")


@pytest.mark.parametrize(
    ("metric", "period", "where", "expected"),
    [
        # LTV 100 / 10 % = 1,000; CAC 300; support and success 50 / 10 customers a month, for 1 / 10 % = 10 months
        ("ltv_arpa_churn", "2025-02", {}, 1000),
        ("cac", "2025-02", {}, 300),
        ("ltv_net", "2025-02", {}, 1000 - 300 - 50),
        # the quarter: mean churn (0 + 10 % + 0) / 3, margin 1 - 200 / 2,000, cost of a month (20 + 50 + 50) / 3 = 40, and
        # what support costs as cost of goods sold counts once
        ("ltv_arpa_churn", "2025-Q1", {}, 100 * Fraction(9, 10) * 30),
        ("ltv_net", "2025-Q1", {}, 2700 - 390 - 40 * 30 // 10),
        ("cac", "2025-02", {"lag": "1"}, 90),  # January's expense for February's customer
        ("ltv_net", "2025-02", {"lag": "1"}, 1000 - 90 - 50),
        ("ltv_to_cac", "2025-02", {}, Fraction(1000, 300)),
        ("ltv_to_cac", "2025-02", {"method": "ltv_net"}, Fraction(650, 300)),
        ("ltv_to_cac", "2025-02", {"method": "LTV orders"}, Fraction(500, 300)),  # 1,000 / 11 x 11 / 1 x half a year
        ("ltv_to_cac", "2025-02", {"method": "clv_observed"}, Fraction(1010, 11) / 300),
        ("ltv_to_cac", "2025-02", {"method": "clv_observed", "lag": 1}, Fraction(1010, 11) / 90),
        ("cac_payback_months", "2025-02", {}, 3),
        ("payback_to_lifetime", "2025-02", {}, Fraction(1, 2)),
        ("renewals_to_break_even", "2025-02", {}, 0),
        ("renewals_to_break_even", "2025-02", {"term": "3"}, 0),  # paid back after exactly one term
        ("renewals_to_break_even", "2025-02", {"term": "2"}, 1),
        ("renewals_to_break_even", "2025-02", {"term": "1"}, 2),
        ("acquisition_vs_retention_cost", "2025-02", {}, 60),  # 300 / (50 / 10)
        ("acquisition_vs_retention_cost", "2025-Q1", {}, Fraction(390, 12)),
        # who left or joined inside brings no contribution; all revenue shares the cost of goods sold
        ("contribution", "2025-02", {}, 900),
        ("contribution", "2025-03", {}, 1000 - 200),
        ("contribution", "2025-Q1", {}, 1800 - 200 * Fraction(1800, 2000)),
        ("contribution", "2025-Q1", {"country": "SE"}, 400 - 200 * Fraction(400, 2000)),
        ("contribution", "2025-Q1", {"country": "DE"}, 1400 - 200 * Fraction(1400, 2000)),
        ("order_frequency_active", "2025-02", {}, 1),
        ("order_frequency_active", "2025-03", {}, Fraction(11, 10)),
        ("order_frequency_active", "2025-Q1", {}, Fraction(22, 11)),  # recounted, not 10 + 11
        ("alignment_warning", "2024-12", {}, 1),  # young: everybody is new
        ("alignment_warning", "2025-02", {}, 0),
        ("alignment_warning", "2025-04", {}, 1),  # 50 and 50: it does not exceed
    ],
)
def test_by_hand(query: Query, metric: str, period: str, where: dict[str, str], expected: Fraction) -> None:
    assert query.metric(metric, period, where).exact == expected


def test_cac_by_channel_keeps_spend_without_a_match_as_rows(query: Query) -> None:
    found = {channel: (answer.exact, answer.status) for channel, answer in query.breakdown("cac", "2025-02", "channel")}
    assert found == {"ads": (200, "ok"), "event": (None, "REV-110"), "(none)": (None, "REV-110")}
    explained = query.explain("cac", "2025-02", {"channel": "(none)"}).components.dicts()
    assert {row["component"]: row["value"] for row in explained} == {"acquisition_cost": 40, "new_customers": 0}


def test_contribution_of_products_adds_up_and_its_missing_cost_is_said(query: Query) -> None:
    parts = [answer.exact for _, answer in query.breakdown("contribution", "2025-Q1", "product")]
    assert len(parts) == 2
    assert sum(part or 0 for part in parts) == query.metric("contribution", "2025-Q1").exact
    assert "taken as none" in query.metric("contribution", "2025-02").message
    assert query.metric("contribution", "2025-05").exact == 0
    assert query.metric("contribution", "2024-11").status == "REV-204"


def test_an_unknown_method_names_the_known_ones(query: Query) -> None:
    with pytest.raises(UnknownName, match="ltv_net"):
        query.metric("ltv_to_cac", "2025-02", {"method": "ltv_nett"})


def test_reasons_without_a_number(query: Query) -> None:
    # nobody left, nobody came, and no expense of two months before the first
    assert query.metric("ltv_net", "2025-03").status == "REV-110"
    assert query.metric("payback_to_lifetime", "2025-03").status == "REV-110"
    assert query.metric("cac", "2025-02", {"lag": "2"}).status == "REV-204"
    assert query.metric("acquisition_vs_retention_cost", "2025-05").status == "REV-110"
    assert query.metric("order_frequency_active", "2025-05").status == "REV-110"


def test_nobody_can_stay_where_nothing_recurs(tmp_path: Path) -> None:
    tables = {name: text for name, text in TABLES.items() if not name.startswith("subscription")}
    found = project_of(tmp_path, tables, SETTINGS, through="2025-06-30").metric("contribution", "2025-02")
    assert (found.exact, found.status) == (None, "REV-201")
