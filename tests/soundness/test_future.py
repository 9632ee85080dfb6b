"""A subscription that is yet to start made today's revenue that of a customer from the future."""

from pathlib import Path

from revalign_udf.testing import project_of

TABLES = {
    "invoice": "id org_id issued_at\n1 A 2026-01-10\n2 A 2026-03-10",
    "invoice_line": "id invoice_id amount\n1 1 100\n2 2 40",
    "subscription": "id org_id started_at\ns A 2026-06-01",
    "subscription_item_period": "id subscription_id valid_from amount interval\n1 s 2026-06-01 10 month",
}


def test_what_has_not_begun_does_not_say_since_when(tmp_path: Path) -> None:
    query = project_of(tmp_path, TABLES, through="2026-03-31")
    assert query.metric("new_business_revenue", "2026-01").value == 100
    assert query.metric("existing_business_revenue", "2026-03").value == 40
    assert query.metric("new_business_revenue", "2026-03").value == 0
    query.close()
