"""What became of bookings: how much of a won deal was turned into revenue, and whether its customer still pays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import groupby

import duckdb
import pyarrow as pa

__all__ = ["CLAIM_DAYS", "build_booking_paying", "build_booking_revenue", "covered"]

#: an annual value is claimed from the revenue of the year after the deal closed
CLAIM_DAYS = 365
_DECIMAL = pa.decimal128(38, 12)
_COLUMNS = (
    "d.currency, d.customer, d.owner, d.channel, d.lead_source, d.campaign, d.system, d.record_table, d.record_id"
)


def build_booking_revenue(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_booking_revenue``: what revenue covers of each won deal and on which day (``paid_day``), in company
    currency. Every won deal has a row of nothing on the day it closed; without any sale there is no row at all.

    An amount nobody can convert (no rate) leaves what it may cover unknown: its row has no amount.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_won AS SELECT customer, on_day, system, record_id, amount FROM f_deal"
        " WHERE outcome = 'won'"
    )
    deals = con.execute("SELECT customer, on_day, system, record_id, amount FROM k_won ORDER BY ALL").fetchall()
    sales = con.execute(
        "SELECT customer, on_day, sum(amount), sum(CASE WHEN amount IS NULL THEN 1 ELSE 0 END) FROM f_sale"
        " WHERE customer IN (SELECT customer FROM k_won) GROUP BY customer, on_day ORDER BY customer, on_day"
    ).fetchall()
    of_customer = {key: list(rows) for key, rows in groupby(sales, key=lambda row: row[0])}
    found: list[tuple[str, str, date, Decimal | None]] = []
    for customer, rows in groupby(deals, key=lambda row: row[0]):
        own = list(rows)
        values = [(on_day, amount) for _, on_day, _, _, amount in own]
        money = [(day, None if missing else amount) for _, day, amount, missing in of_customer.get(customer, ())]
        with localcontext(prec=60):  # an amount has up to 38 digits
            found += [(*own[place][2:4], day, part) for place, day, part in covered(values, money)]
    batch = pa.table(
        [
            pa.array([row[0] for row in found], pa.string()),
            pa.array([row[1] for row in found], pa.string()),
            pa.array([row[2] for row in found], pa.date32()),
            pa.array([row[3] for row in found], _DECIMAL),
        ],
        ["system", "record_id", "paid_day", "amount"],
    )
    con.register("k_covered_batch", batch)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_booking_revenue AS SELECT d.on_day, c.paid_day, c.amount, {_COLUMNS} FROM f_deal d"
        f" JOIN (SELECT system, record_id, paid_day, amount FROM k_covered_batch UNION ALL SELECT system, record_id, on_day,"
        f" CAST(0 AS DECIMAL(38, 12)) FROM k_won WHERE EXISTS (SELECT 1 FROM f_sale)) c"
        f" ON c.system = d.system AND c.record_id = d.record_id"
    )
    con.unregister("k_covered_batch")


def covered(
    deals: Sequence[tuple[date, Decimal | None]], money: Iterable[tuple[date, Decimal | None]]
) -> Iterator[tuple[int, date, Decimal | None]]:
    """(place of the deal, day, amount) for all that one customer's revenue covers of its won deals.

    ``deals`` are (closing day, annual value) and ``money`` (day, revenue), both in the order of their days. Revenue counts
    once: it goes to the deal closed first, up to its value, in the 365 days from its closing, then to the next. What is
    given back is taken first from what no deal needed since the first of them closed, then from the latest deal. None
    stands for what is not known for want of a rate, from the first day on that needs it.

    >>> from datetime import date
    >>> one, two = date(2026, 1, 1), date(2026, 1, 1)
    >>> [(place, int(part)) for place, _, part in covered([(one, 100), (two, 100)], [(one, 150), (date(2026, 2, 1), -70)])]
    [(0, 100), (1, 50), (1, -50), (0, -20)]
    """
    taken = [Decimal(0)] * len(deals)
    free = Decimal(0)
    for day, amount in money:
        alive = [n for n, (closed, _) in enumerate(deals) if closed <= day < closed + timedelta(days=CLAIM_DAYS)]
        if not any(closed <= day for closed, _ in deals):
            continue
        if amount is None or any(deals[n][1] is None for n in alive):
            yield from ((n, day, None) for n in alive)
            continue
        rest = abs(amount)
        if amount < 0:
            free, rest = max(free - rest, Decimal(0)), max(rest - free, Decimal(0))
        for n in alive if amount > 0 else reversed(alive):
            value = deals[n][1] or Decimal(0)
            part = min(rest, max(value - taken[n], Decimal(0)) if amount > 0 else taken[n])
            if part:
                rest -= part
                signed = part if amount > 0 else -part
                taken[n] += signed
                yield n, day, signed
        if amount > 0:
            free += rest


def build_booking_paying(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_booking_paying``: one row per won deal and stretch of days on which its customer pays (MRR above zero),
    with the deal's annual value; a deal whose customer never pays has one row without such days. Without any recurring
    item there is no row: nobody could be paying.

    A day whose movement nobody can name for want of a rate neither begins nor ends a stretch.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_paying AS WITH e AS (SELECT DISTINCT customer, on_day,"
        " CASE WHEN kind = 'churned' THEN 0 ELSE 1 END AS pays FROM f_movement"
        " WHERE kind IN ('new', 'reactivation', 'churned')),"
        " s AS (SELECT customer, on_day, pays, lead(on_day) OVER (PARTITION BY customer ORDER BY on_day) AS until FROM e)"
        " SELECT customer, on_day AS paid_from, until AS paid_until FROM s WHERE pays = 1"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_booking_paying AS SELECT d.on_day, k.paid_from, k.paid_until, d.amount,"
        f" d.amount_src, {_COLUMNS} FROM f_deal d LEFT JOIN k_paying k ON k.customer = d.customer"
        f" AND (k.paid_until IS NULL OR k.paid_until > d.on_day)"
        f" WHERE d.outcome = 'won' AND EXISTS (SELECT 1 FROM f_movement)"
    )
