"""Revenue by hand: orders, invoices with credits and refunds, unit economics of the worked numbers."""

from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of


def test_published_numbers(tmp_path: Path) -> None:
    """21 x 7,500 = 157,500; 1,800,000 / 360 = 5,000; 360 / 60 = 6; 100 / 5 % = 2,000."""
    organizations = [f"a{n}" for n in range(21)] + [f"b{n}" for n in range(60)] + [f"c{n}" for n in range(20)]
    orders = [f"x{n} a{n} 2025-01-15 7500 -" for n in range(21)] + [
        f"y{n} b{n % 60} 2025-03-15 5000 -" for n in range(360)
    ]
    query = project_of(
        tmp_path,
        {
            "organization": "id name\n" + "\n".join(f"{key} {key}" for key in organizations),
            "sales_order": "id org_id ordered_at amount currency\n" + "\n".join(orders) + "\nz c0 2025-06-01 0 -",
            "subscription": "id org_id started_at\n" + "\n".join(f"s{n} c{n} 2025-04-01" for n in range(20)),
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n"
            + "\n".join(f"i{n} s{n} 2025-04-01 {'2025-06-15' if n == 0 else '-'} 100 month" for n in range(20)),
            "expense": "id date amount function kind\ne1 2025-04-05 8000 marketing -\ne2 2025-04-06 4000 sales salary\n"
            "e3 2025-04-06 999 sales cogs\ne4 2025-04-06 999 success -",
        },
        "[definitions]\nlifetime_years = 0.8",
        through="2025-12-31",
    )

    def ask(name: str, period: str) -> Fraction | None:
        return query.metric(name, period).exact

    assert ask("revenue", "2025-01") == 157_500
    assert ask("aov", "2025-03") == 5_000
    assert ask("order_frequency", "2025-03") == 6
    assert ask("ltv_orders", "2025-03") == 24_000
    assert query.metric("ltv_orders", "2025-03").status == "ok"  # a lifetime from the settings is never partial
    assert ask("arpu", "2025-06") == 100
    assert ask("logo_churn", "2025-06") == Fraction(1, 20)
    assert ask("ltv_arpa_churn", "2025-06") == 2_000
    assert "taken as none" in query.metric("ltv_arpa_churn", "2025-06").message
    assert ask("cac", "2025-04") == 600
    assert ask("customer_lifetime", "2025-06") == Fraction(48, 5)
    assert ask("revenue_growth", "2025-03") is None  # nothing was sold in February
    assert query.metric("revenue_growth", "2025-03").status == "REV-110"
    assert query.metric("revenue_growth", "2025-01").status == "REV-204"  # nothing is known of December
    assert ask("revenue_growth", "2025-Q2") == Fraction(0 - 1_957_500, 1_957_500)
    # nothing between the first record and the watermark is 0; outside it is unknown
    assert [query.metric("revenue", period).exact for period in ("2025-02", "2025-12")] == [0, 0]
    assert [query.metric("revenue", period).status for period in ("2024-12", "2026-01")] == ["REV-204", "REV-204"]
    # an order of 0 is an order, and makes a customer of somebody new only
    assert (ask("orders", "2025-06"), ask("new_customers", "2025-06")) == (1, 0)
    assert query.metric("ltv_to_cac", "2025-06").status == "REV-110"  # nobody new to share the cost


INVOICED = {
    "organization": "id name\no1 One\no2 Two",
    "product": "id name product_line\nA a core\nB b extra",
    "invoice": """id org_id issued_at status total tax
        plain    o1 2025-01-10 paid   120  20
        credited o1 2025-02-10 paid   120  20
        refunded o1 2025-03-10 paid   120  20
        both     o1 2025-04-10 paid   120  20
        part     o1 2025-05-10 paid   120  20
        void     o2 2025-06-10 void   120  20
        draft    o2 2025-06-10 draft  120  20
        giving   o2 2025-07-10 paid   -   -
        three    o2 2025-08-10 open   10   0""",
    "invoice_line": """id invoice_id amount kind product_id
        plain    plain    100 -    A
        credited credited 100 -    A
        refunded refunded 100 -    A
        both     both     100 -    A
        part     part     100 -    A
        void     void     100 -    A
        draft    draft    100 -    A
        giving   giving    50 credit A
        t1       three     60 -    A
        t2       three     50 -    B
        t3       three     10 credit B""",
    "payment": "id invoice_id amount at\npay refunded 120 2025-03-11\npay2 void 120 2025-06-11",
    "credit_note": """id invoice_id payment_id org_id amount at status
        c1 credited - - 30 2025-02-20 issued
        c2 both     - - 40 2025-04-20 issued
        c3 part     - - 10 2025-05-20 issued
        c4 plain    - - 99 2025-05-20 void
        c5 void     - - 99 2025-06-20 issued
        c6 -        - o2 5 2025-09-20 -""",
    "refund": """id invoice_id payment_id org_id amount at status
        r1 -    pay  - 60 2025-03-20 succeeded
        r2 both -    - 48 2025-05-02 succeeded
        r3 part -    - 24 2025-10-02 succeeded
        r4 part -    - 24 2025-10-03 succeeded
        r5 -    pay2 - 60 2025-06-20 succeeded
        r6 plain -   - 60 2025-06-20 failed
        r7 -    -   o2  7 2025-09-21 -""",
}


@pytest.fixture(scope="module")
def invoiced(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("invoiced"), INVOICED, through="2025-12-31")


@pytest.mark.parametrize(
    ("period", "revenue", "orders"),
    [
        ("2025-01", 100, 1),  # lines are without tax; a void credit note and a failed refund do nothing
        ("2025-02", 70, 1),
        ("2025-03", 50, 1),  # 60 given back, of which 10 is tax
        ("2025-04", 60, 1),
        ("2025-05", 90, 1),  # the refund of 48 (40 without tax) is the money of the credit note of 40
        ("2025-06", 0, 0),  # void and draft never were revenue, nor is what is given back of them
        ("2025-07", -50, 0),  # an invoice that only gives back is no order
        ("2025-08", 100, 1),  # one invoice of three lines is one order
        ("2025-09", -12, 0),  # without an invoice nothing is known of tax
        ("2025-10", -30, 0),  # 20 and 20 given back, 10 of it by the credit note in May
    ],
)
def test_invoices(invoiced: Query, period: str, revenue: int, orders: int) -> None:
    assert (invoiced.metric("revenue", period).exact, invoiced.metric("orders", period).exact) == (revenue, orders)


def test_what_is_given_back_is_counted_or_listed(invoiced: Query) -> None:
    found = {
        (row["reason"], row["table"]): row["count"] for row in invoiced.explain("revenue", "2025-12").excluded.dicts()
    }
    assert found == {
        ("invoice is void", "invoice_line"): 1,
        ("invoice is draft", "invoice_line"): 1,
        ("credit note is void", "credit_note"): 1,
        ("its invoice is void", "credit_note"): 1,
        ("its invoice is void", "refund"): 1,
        ("refund is failed", "refund"): 1,
        ("a credit note covers it", "refund"): 1,
        ("a credit note covers part of it", "refund"): 1,
    }
    assert invoiced.metric("revenue", "2025-08", {"product_line": "extra"}).exact == 40


def test_orders_by_setting_although_there_are_invoices(tmp_path: Path) -> None:
    tables = {
        **INVOICED,
        "sales_order": "id org_id ordered_at amount kind\nq1 o1 2025-01-05 7 new\nq2 o1 2025-02-05 -2 upsell",
    }
    query = project_of(tmp_path / "a", tables, through="2025-12-31")
    assert query.metric("revenue", "2025-01").exact == 7  # the project has that table
    assert (query.metric("revenue", "2025-02").exact, query.metric("orders", "2025-02").exact) == (-2, 0)
    other = project_of(tmp_path / "b", tables, '[definitions]\nrevenue_source = "invoice"', through="2025-12-31")
    assert other.metric("revenue", "2025-01").exact == 100  # never both
