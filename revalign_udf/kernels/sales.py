"""Revenue: orders, or invoice lines less credits and uncovered refunds -> sales."""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.kernels.rates import RateBook, add_rates, currency_of

__all__ = ["build_sales", "revenue_tables"]


def revenue_tables(con: duckdb.DuckDBPyConnection, wanted: str) -> tuple[str, ...]:
    """The canonical tables revenue is read from: what the settings say, else sales orders where there are any. The
    first is the one whose rows count; the others date, correct or take back what it says."""
    orders = con.execute("SELECT count(*) FROM c_sales_order").fetchall()[0][0]
    if wanted == "sales_order" or (not wanted and orders):
        return ("sales_order",)
    return ("invoice_line", "invoice", "credit_note", "refund")


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
            f" CASE WHEN o.amount >= 0 THEN 1 ELSE 0 END, {currency_of(currency, 'o.currency')}, o.product_id, o._conn,"
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
        f" {customer} AS customer, {currency_of(currency, 'i.currency')} AS currency, {out} AS out_of, i.status,"
        f" {_micros('i.total')} AS total, {_micros('i.tax')} AS tax FROM c_invoice i {joins}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_line AS SELECT l._conn, l.id, l.invoice_id, i.on_day, i.customer, i.currency,"
        f" l.product_id, CASE WHEN l.kind = 'credit' THEN -abs({_micros('l.amount')}) ELSE {_micros('l.amount')} END"
        f" AS amount FROM c_invoice_line l JOIN k_invoice i ON i._conn = l._conn AND i.id = l.invoice_id"
        f" WHERE NOT i.out_of"
    )
    # an invoice is one order, at its first line; one that gives more back than it takes is none, as with sales orders
    con.execute(
        "INSERT INTO k_sale SELECT on_day, customer, NULL, amount, CASE WHEN row_number() OVER (PARTITION BY _conn,"
        " invoice_id ORDER BY id) = 1 AND sum(amount) OVER (PARTITION BY _conn, invoice_id) >= 0 THEN 1 ELSE 0 END,"
        " currency, product_id, _conn, 'invoice_line', id FROM k_line"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'sale', CASE WHEN i.id IS NULL THEN 'its invoice is not known'"
        " ELSE 'invoice is ' || lower(i.status) END, 'invoice_line', l._conn, l.id, i.on_day FROM c_invoice_line l"
        " LEFT JOIN k_invoice i ON i._conn = l._conn AND i.id = l.invoice_id WHERE i.id IS NULL OR i.out_of"
    )
    _given_back(con, "credit_note", currency)
    _given_back(con, "refund", currency)
    con.execute(
        "INSERT INTO k_sale SELECT on_day, customer, NULL, -amount, 0, currency, NULL, _conn, 'credit_note', id"
        " FROM k_credit_note WHERE reason IS NULL"
    )
    # refunds of an invoice in the order of their days eat up its credit notes; what is left over is a loss of revenue
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_uncovered AS WITH noted AS (SELECT _conn, invoice_id, currency,"
        " sum(amount) AS amount FROM k_credit_note WHERE reason IS NULL AND invoice_id IS NOT NULL"
        " GROUP BY _conn, invoice_id, currency),"
        " r AS (SELECT r.*, coalesce(k.amount, 0) AS noted, sum(r.amount) OVER (PARTITION BY r._conn, r.invoice_id,"
        " r.currency ORDER BY r.on_day, r.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far"
        " FROM k_refund r LEFT JOIN noted k ON k._conn = r._conn AND k.invoice_id = r.invoice_id"
        " AND k.currency = r.currency WHERE r.reason IS NULL)"
        " SELECT _conn, id, on_day, customer, currency, amount, CASE WHEN noted = 0 OR so_far - amount >= noted"
        " THEN amount WHEN so_far <= noted THEN 0 ELSE so_far - noted END AS rest FROM r"
    )
    con.execute(
        "INSERT INTO k_sale SELECT on_day, customer, NULL, CAST(-rest AS BIGINT), 0, currency, NULL, _conn, 'refund', id"
        " FROM k_uncovered WHERE rest <> 0"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'sale', CASE WHEN rest = 0 THEN 'a credit note covers it' ELSE 'a credit note"
        " covers part of it' END, 'refund', _conn, id, on_day FROM k_uncovered WHERE rest < amount"
    )


def _given_back(con: duckdb.DuckDBPyConnection, table: str, currency: str) -> None:
    """``k_<table>``: credit notes or refunds as positive micros, with their invoice, and why they do not count."""
    customer, joins = customer_of("n", "n.org_id")
    gross = f"abs({_micros('n.amount')})"
    # the refund's part that is not tax: amount x (total - tax) / total of its invoice, half a micro away from zero
    net = (
        f"CASE WHEN i.total > 0 AND i.tax > 0 THEN CAST((2 * CAST({gross} AS HUGEINT) * (i.total - i.tax) + i.total)"
        f" // (2 * CAST(i.total AS HUGEINT)) AS BIGINT) ELSE {gross} END"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_{table} AS SELECT n._conn, n.id, n.at__on AS on_day, i.id AS invoice_id,"
        f" coalesce(i.customer, {customer}) AS customer,"
        f" {currency_of(currency, 'n.currency', 'i.currency')} AS currency,"
        f" {net if table == 'refund' else gross} AS amount,"
        f" CASE WHEN lower(coalesce(n.status, '')) IN ('void', 'voided', 'failed', 'canceled', 'cancelled')"
        f" THEN '{table.replace('_', ' ')} is ' || lower(n.status)"
        f" WHEN i.out_of THEN 'its invoice is ' || lower(i.status) END AS reason"
        f" FROM c_{table} n LEFT JOIN c_payment p ON p._conn = n._conn AND p.id = n.payment_id"
        f" LEFT JOIN k_invoice i ON i._conn = n._conn AND i.id = coalesce(n.invoice_id, p.invoice_id) {joins}"
    )
    con.execute(
        f"INSERT INTO f_excluded SELECT 'sale', reason, '{table}', _conn, id, on_day FROM k_{table}"
        f" WHERE reason IS NOT NULL"
    )
