"""Rates for the kernels: the rate of every (day, currency) that an amount falls on."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from revalign_udf.calc.fx import Rates

__all__ = ["RateBook", "add_rates", "currency_of"]


def currency_of(company: str, *columns: str) -> str:
    """The currency of a row in SQL: its own, else that of what it belongs to, else the company's.

    >>> currency_of("EUR", "i.currency")
    "upper(coalesce(i.currency, 'EUR'))"
    """
    return f"upper(coalesce({', '.join(columns)}, '{company}'))"


class RateBook:
    """Opens the stored rates once for all kernels."""

    def __init__(self, con: duckdb.DuckDBPyConnection, company: str) -> None:
        self.con, self.company = con, company
        rows = con.execute(
            "SELECT date, upper(from_currency), upper(to_currency), rate FROM c_fx_rate WHERE rate > 0 ORDER BY ALL"
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
    columns = list(zip(*found, strict=True)) or [()] * 3
    kinds = (pa.date32(), pa.string(), pa.string())
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    book.con.register("k_rate_batch", pa.table(arrays, ["day", "currency", "rate"]))
    book.con.execute("INSERT INTO k_rate SELECT day, currency, CAST(rate AS DECIMAL(24, 12)) FROM k_rate_batch")
    book.con.unregister("k_rate_batch")


def _rate(book: RateBook, day: date, currency: str) -> str | None:
    rate = book.rates.on(day, currency)
    if rate is None:
        return None
    whole, rest = divmod(rate.numerator * 10**12 // rate.denominator, 10**12)
    return f"{whole}.{rest:012d}"
