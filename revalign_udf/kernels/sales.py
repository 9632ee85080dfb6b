"""Revenue: orders, or invoice lines less credits and uncovered refunds -> sales."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates

__all__ = ["build_sales", "revenue_tables"]


def revenue_tables(con: duckdb.DuckDBPyConnection, wanted: str) -> tuple[str, ...]:
    """The canonical tables revenue is read from: what the settings say, else sales orders where there are any."""
    orders = con.execute("SELECT count(*) FROM c_sales_order").fetchall()[0][0]
    if wanted == "sales_order" or (not wanted and orders):
        return ("sales_order",)
    return ("invoice_line", "credit_note", "refund")


def _micros(expression: str) -> str:
    """Whole micros of an amount, half away from zero (DuckDB rounds decimals that way)."""
    return f"CAST(round(CAST({expression} AS DECIMAL(38, 10)) * 1000000, 0) AS BIGINT)"


def build_sales(con: duckdb.DuckDBPyConnection, currency: str, wanted: str, book: RateBook) -> tuple[str, ...]:
    """Make ``f_sale`` (without the customers' first dates, which come later). Returns the tables it rests on."""
    tables = revenue_tables(con, wanted)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_sale (on_day DATE, customer VARCHAR, kind VARCHAR, amount_src BIGINT,"
        " orders INTEGER, currency VARCHAR, product VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR)"
    )
    if tables == ("sales_order",):
        customer, joins = customer_of("o", "o.org_id", "o.person_id")
        con.execute(
            f"INSERT INTO k_sale SELECT o.ordered_at__on, {customer}, o.kind, {_micros('o.amount')},"
            f" CASE WHEN o.amount >= 0 THEN 1 ELSE 0 END, coalesce(o.currency, '{currency}'), o.product_id, o._conn,"
            f" 'sales_order', o.id FROM c_sales_order o {joins}"
        )
    else:
        _invoices(con, currency)
    add_rates(book, "k_sale", "on_day", "currency")
    return tables


def _invoices(con: duckdb.DuckDBPyConnection, currency: str) -> None:
    customer, joins = customer_of("i", "i.org_id")
    out = "lower(coalesce(i.status, '')) IN ('void', 'voided', 'draft')"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_invoice AS SELECT i._conn, i.id, i.issued_at__on AS on_day,"
        f" {customer} AS customer, coalesce(i.currency, '{currency}') AS currency, {out} AS out_of, i.status,"
        f" i.total, i.tax FROM c_invoice i {joins}"
    )
    con.execute(
        f"INSERT INTO k_sale SELECT i.on_day, i.customer, NULL,"
        f" CASE WHEN l.kind = 'credit' THEN -abs({_micros('l.amount')}) ELSE {_micros('l.amount')} END,"
        f" CASE WHEN row_number() OVER (PARTITION BY l._conn, l.invoice_id ORDER BY l.id) = 1 THEN 1 ELSE 0 END,"
        f" i.currency, l.product_id, l._conn, 'invoice_line', l.id FROM c_invoice_line l"
        f" JOIN k_invoice i ON i._conn = l._conn AND i.id = l.invoice_id WHERE NOT i.out_of"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'sale', CASE WHEN i.id IS NULL THEN 'its invoice is not known'"
        " ELSE 'invoice is ' || lower(i.status) END, 'invoice_line', l._conn, l.id, i.on_day FROM c_invoice_line l"
        " LEFT JOIN k_invoice i ON i._conn = l._conn AND i.id = l.invoice_id WHERE i.id IS NULL OR i.out_of"
    )
    void = "lower(coalesce(n.status, '')) IN ('void', 'voided', 'failed', 'canceled', 'cancelled')"
    customer, joins = customer_of("n", "n.org_id")
    con.execute(
        f"INSERT INTO k_sale SELECT n.at__on, coalesce(i.customer, {customer}), NULL, -abs({_micros('n.amount')}), 0,"
        f" coalesce(n.currency, i.currency, '{currency}'), NULL, n._conn, 'credit_note', n.id FROM c_credit_note n"
        f" LEFT JOIN k_invoice i ON i._conn = n._conn AND i.id = n.invoice_id {joins}"
        f" WHERE NOT {void} AND NOT coalesce(i.out_of, false)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_refund AS SELECT n._conn, n.id, n.at__on AS on_day, n.amount, n.currency,"
        f" n.org_id, coalesce(n.invoice_id, p.invoice_id) AS invoice_id, {void} AS out_of, n.status FROM c_refund n"
        f" LEFT JOIN c_payment p ON p._conn = n._conn AND p.id = n.payment_id"
    )
    covered = (
        "EXISTS (SELECT 1 FROM c_credit_note k WHERE k._conn = n._conn AND k.invoice_id = n.invoice_id"
        " AND lower(coalesce(k.status, '')) NOT IN ('void', 'voided'))"
    )
    # the refund's part that is not tax: amount x (total - tax) / total of its invoice
    net = (
        f"CASE WHEN i.total > 0 AND i.tax > 0 THEN CAST((2 * CAST({_micros('n.amount')} AS HUGEINT)"
        f" * ({_micros('i.total')} - {_micros('i.tax')}) + {_micros('i.total')}) // (2 * CAST({_micros('i.total')}"
        f" AS HUGEINT)) AS BIGINT) ELSE {_micros('n.amount')} END"
    )
    con.execute(
        f"INSERT INTO k_sale SELECT n.on_day, coalesce(i.customer, {customer}), NULL, -abs({net}), 0,"
        f" coalesce(n.currency, i.currency, '{currency}'), NULL, n._conn, 'refund', n.id FROM k_refund n"
        f" LEFT JOIN k_invoice i ON i._conn = n._conn AND i.id = n.invoice_id {joins}"
        f" WHERE NOT n.out_of AND NOT {covered}"
    )
    con.execute(
        f"INSERT INTO f_excluded SELECT 'sale', CASE WHEN n.out_of THEN 'refund is ' || lower(n.status)"
        f" ELSE 'a credit note covers it' END, 'refund', n._conn, n.id, n.on_day FROM k_refund n"
        f" WHERE n.out_of OR {covered}"
    )
