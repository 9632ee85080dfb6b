"""Rates for the kernels: the rate of every (day, currency) that an amount falls on."""

from __future__ import annotations

from datetime import date

import duckdb

from revalign_udf.calc.fx import Rates

__all__ = ["RateBook", "add_rates"]


class RateBook:
    """Opens the stored rates once for all kernels."""

    def __init__(self, con: duckdb.DuckDBPyConnection, company: str) -> None:
        self.con, self.company = con, company
        rows = con.execute(
            "SELECT date, from_currency, to_currency, rate FROM c_fx_rate WHERE rate > 0 ORDER BY ALL"
        ).fetchall()
        self.rates = Rates(rows, company)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE k_rate (day DATE, currency VARCHAR, rate DECIMAL(24, 12),"
            " PRIMARY KEY (day, currency))"
        )


def add_rates(book: RateBook, source: str, day: str, currency: str) -> None:
    """Look up the rate of every (day, currency) in a table once. A pair without a rate stays out: its amounts are
    NULL, and a question that needs them is refused (REV-208), never answered at 1.0."""
    pairs = book.con.execute(
        f"SELECT DISTINCT {day}, {currency} FROM {source} WHERE {day} IS NOT NULL"
        f" EXCEPT SELECT day, currency FROM k_rate ORDER BY ALL"
    ).fetchall()
    found = [(on, code, rate) for on, code in pairs if (rate := _rate(book, on, code)) is not None]
    if found:
        book.con.executemany("INSERT INTO k_rate VALUES (?, ?, CAST(? AS DECIMAL(24, 12)))", found)


def _rate(book: RateBook, day: date, currency: str) -> str | None:
    rate = book.rates.on(day, currency)
    if rate is None:
        return None
    whole, rest = divmod(rate.numerator * 10**12 // rate.denominator, 10**12)
    return f"{whole}.{rest:012d}"
