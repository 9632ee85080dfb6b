"""Metrics derived from movements: three customers, one of whom leaves, comes back, and one who grows and shrinks."""

from fractions import Fraction

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of

TABLES = {
    "subscription": "id org_id started_at\na A 2026-01-01\nb B 2026-01-01\nc C 2026-02-01",
    "subscription_item_period": """
        id subscription_id valid_from valid_to   amount interval
        1  a               2026-01-01 2026-02-10 100    month
        2  a               2026-03-05 -          80     month
        3  b               2026-01-01 2026-02-15 50     month
        4  b               2026-02-15 2026-03-15 70     month
        5  b               2026-03-15 -          60     month
        6  c               2026-02-01 -          30     month
    """,
}


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("derived"), TABLES, through="2026-03-31")


@pytest.mark.parametrize(
    ("metric", "period", "expected"),
    [
        # February: 150 + new 30 + expansion 20 - churned 100 = 100
        ("gross_mrr", "2026-02", 200),
        ("net_mrr", "2026-02", 100),
        ("net_arr", "2026-02", 1200),
        ("arr_new", "2026-02", 360),
        ("quick_ratio", "2026-02", Fraction(50, 100)),
        # March: 100 + reactivated 80 - contraction 10 = 170
        ("gross_mrr", "2026-03", 180),
        ("quick_ratio", "2026-03", 0),
        ("quick_ratio_with_reactivation", "2026-03", 8),
        # half of two customers leave in February; nobody leaves in March
        ("customer_lifetime_inverse_churn", "2026-02", 2),
        ("customer_lifetime_inverse_churn", "2026-03", None),
    ],
)
def test_by_hand(query: Query, metric: str, period: str, expected: object) -> None:
    assert query.metric(metric, period).exact == expected
