"""Numbers about deals and refunds that once were wrong without a word."""

from pathlib import Path

from revalign_udf.testing import project_of


def test_refunds(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {
            "organization": "id name\no O",
            "invoice": "id org_id issued_at status\nsmall o 2025-01-01 paid\nvoid o 2025-02-01 void\nback o 2025-03-01 paid",
            "invoice_line": "id invoice_id amount kind\nl1 small 100 -\nl2 void 100 -\nl3 back 50 credit",
            "credit_note": "id invoice_id amount at\nc small 10 2025-01-02",
            "refund": "id invoice_id amount at\nr1 small 100 2025-01-03\nr2 void 100 2025-02-03",
        },
        through="2025-12-31",
    )
    # any credit note, however small, hid a refund of the whole invoice: 90 of revenue that had been paid back
    assert query.metric("revenue", "2025-01").exact == 100 - 10 - 90
    # a refund of a void invoice took away revenue that never was counted
    assert query.metric("revenue", "2025-02").exact == 0
    # an invoice of nothing but a credit was an order, and lowered the average order value
    assert query.metric("orders", "2025-03").exact == 0


def test_deals(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {
            "organization": "id name\no O",
            "person": "id org_id\np o",
            "lead": "id created_at person_id opportunity_id\na 2025-01-01 - d1\nb 2025-01-02 - d1\nc 2025-01-03 p -",
            "opportunity": """id org_id created_at closed_at outcome pipeline
                d1 o 2025-02-01 2026-02-01 won  east
                d2 o 2025-02-01 -          open west""",
            "opportunity_contact": "opportunity_id person_id is_primary\nd2 p true",
            "stage_map": """connection object pipeline source_stage stage
                files opportunity east go mql
                files opportunity west go sql""",
            "lifecycle_event": """id subject_type subject_id stage occurred_at
                e1 opportunity d1 go 2025-01-20
                e2 opportunity d2 go 2025-01-20""",
        },
        through="2025-12-31",
    )
    # two leads that name one opportunity both reached it, while the lead of its primary contact never did
    assert sorted(str(row["id"]) for row in query.records("opportunities", "2025-02").dicts()) == ["b", "c"]
    # stages of two pipelines with one name became the one that comes first in the alphabet
    assert (query.metric("mql", "2025-01").exact, query.metric("sql_leads", "2025-01").exact) == (2, 1)
    # a deal won after the as-of day made its cohort a success already
    assert query.metric("sql_to_customer", "2025-02").exact == 0
