"""Customer lifetime value: what each customer has spent, and what it is likely to spend in the next 52 weeks.

A **purchase** is a day with at least one order: a sales order of an amount not below zero, or an invoice whose lines come
to no less (the rule of ``orders`` and of a customer's first date; an order of nothing is an order). Purchases of one day
are one, worth that day's orders or invoice lines together. Credits and refunds lessen what was spent and are no purchase.
Days after the as-of day are not looked at. Weeks are days / 7.

The models are in :mod:`revalign_udf.kernels.clv.models`. Predictions are computed from the parameters as published, so
that they can be computed again from them. What cannot be fitted is refused with a reason; a build never fails of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from revalign_udf.kernels.clv.result import Fit, Refusal, too_few

if TYPE_CHECKING:
    from revalign_udf.kernels.clv.models import Array

__all__ = ["HORIZON_WEEKS", "build_clv"]

HORIZON_WEEKS = 52
_MICROS = 1_000_000
#: purchases and money beyond which a prediction is no prediction
_MOST_PURCHASES, _MOST_MONEY = 1e5, 1e12


@dataclass(slots=True)
class _Outcome:
    """What came of both models. ``notes`` are diagnostics: (model, name) -> value."""

    fits: dict[str, Fit] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)
    notes: dict[tuple[str, str], float] = field(default_factory=dict)
    predictions: pa.Table | None = None


def build_clv(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make ``f_clv`` (one row per customer with a purchase) and ``f_clv_model`` (one row per parameter and diagnostic).

    Reads ``f_sale``, adds to ``f_excluded``. ``spend`` and ``repeat_spend`` (the purchases after the first day) are exact
    micros of the company currency, NULL where an exchange rate is missing; ``predicted`` is whole micros, NULL where a
    model was refused (``refusal`` then says why) or the customer's repeat purchases have no rate.
    """
    _buyers(con, as_of)
    buyers, repeated = con.execute(
        "SELECT count(*), coalesce(sum(CASE WHEN frequency > 0 THEN 1 ELSE 0 END), 0) FROM k_buyer"
    ).fetchall()[0]
    outcome = _Outcome()
    if buyers and (refused := too_few(int(repeated))):
        outcome.refused["bg_nbd"] = refused
    elif buyers:
        outcome = _fitted(con)
    _write_customers(con, outcome)
    _write_model(con, outcome, as_of, int(buyers), int(repeated))


def _buyers(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """``k_buyer``: numbered customers in the order of their keys, with what the models need of each."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_purchase AS SELECT customer, on_day, CASE WHEN count(amount) = count(*)"
        f" THEN sum(amount) END AS amount FROM f_sale WHERE customer IS NOT NULL AND on_day <= DATE '{as_of}'"
        # every line of a day's invoices belongs to their value; an order below zero is a return
        f" AND (orders > 0 OR record_table = 'invoice_line') GROUP BY customer, on_day HAVING sum(orders) > 0"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_buyer AS WITH d AS (SELECT customer, min(on_day) AS first_day,"
        f" max(on_day) AS last_day, count(*) - 1 AS frequency FROM k_purchase GROUP BY customer),"
        f" again AS (SELECT k.customer, CASE WHEN count(k.amount) = count(*) THEN sum(k.amount) END AS amount"
        f" FROM k_purchase k JOIN d ON d.customer = k.customer AND k.on_day > d.first_day GROUP BY k.customer),"
        f" s AS (SELECT customer, CASE WHEN count(amount) = count(*) THEN sum(amount) END AS amount FROM f_sale"
        f" WHERE on_day <= DATE '{as_of}' GROUP BY customer)"
        f" SELECT row_number() OVER (ORDER BY d.customer) AS n, d.customer, d.first_day AS on_day, d.frequency,"
        f" date_diff('day', d.first_day, d.last_day) AS recency_days,"
        f" date_diff('day', d.first_day, DATE '{as_of}') AS age_days, CAST(s.amount AS DECIMAL(38, 12)) AS spend,"
        f" CAST(CASE WHEN d.frequency = 0 THEN 0 ELSE again.amount END AS DECIMAL(38, 12)) AS repeat_spend"
        f" FROM d JOIN s ON s.customer = d.customer LEFT JOIN again ON again.customer = d.customer"
    )
    con.execute(
        f"INSERT INTO f_excluded SELECT 'clv', CASE WHEN f.customer IS NULL THEN 'no customer is known' ELSE"
        f" 'its customer bought nothing, credits and refunds only' END, f.record_table, f.system, f.record_id, f.on_day"
        f" FROM f_sale f LEFT JOIN k_buyer b ON b.customer = f.customer WHERE b.customer IS NULL"
        f" AND f.on_day <= DATE '{as_of}'"
    )


def _fitted(con: duckdb.DuckDBPyConnection) -> _Outcome:
    """Fit both models to ``k_buyer`` and predict every customer."""
    import numpy as np

    from revalign_udf.kernels.clv import models

    rows = con.execute(
        f"SELECT CAST(frequency AS DOUBLE) AS frequency, CAST(recency_days AS DOUBLE) / 7 AS recency,"
        f" CAST(age_days AS DOUBLE) / 7 AS age, coalesce(CAST(repeat_spend AS DOUBLE) / {_MICROS}, 0) AS spend,"
        f" repeat_spend IS NOT NULL AS known FROM k_buyer ORDER BY n"
    ).fetchnumpy()
    frequency, recency, age, spend = (
        np.asarray(rows[name], dtype=np.float64) for name in ("frequency", "recency", "age", "spend")
    )
    known = np.asarray(rows["known"], dtype=bool)
    outcome = _Outcome()

    histories, which, counts = _distinct(frequency, recency, age)
    often = models.fit_bg_nbd(counts, *histories)
    if isinstance(often, Refusal):
        outcome.refused["bg_nbd"] = often
        return outcome
    outcome.fits["bg_nbd"] = often
    alive = models.alive(often.parameters, *histories)
    expected = models.expected_purchases(often.parameters, HORIZON_WEEKS, *histories)
    ages, _, how_many = _distinct(age)
    of_new = models.expected_purchases_of_new(often.parameters, *ages)
    outcome.notes["bg_nbd", "repeat_purchases"] = float(np.sum(frequency))
    outcome.notes["bg_nbd", "repeat_purchases_expected"] = float(np.sum(how_many * of_new))
    if not (np.all(np.isfinite(alive)) and np.all((expected >= 0) & (expected < _MOST_PURCHASES))):
        outcome.refused["bg_nbd"] = Refusal("out_of_range", "BG/NBD: the purchases predicted are no sensible number")
        return outcome
    alive, expected = alive[which], expected[which]

    mean = np.where(frequency > 0, spend / np.maximum(frequency, 1), 0.0)
    usable = known & (mean > 0)
    pairs, _, counts = _distinct(frequency[usable], mean[usable])
    value = models.fit_gamma_gamma(counts, *pairs)
    predicted, there = np.zeros(len(frequency)), np.zeros(len(frequency), dtype=bool)
    if isinstance(value, Fit):
        outcome.fits["gamma_gamma"] = value
        outcome.notes["gamma_gamma", "frequency_value_correlation"] = _correlation(frequency[usable], mean[usable])
        predicted = expected * models.expected_value(value.parameters, frequency, mean)
        there = known
        if not np.all((predicted >= 0) & (predicted < _MOST_MONEY)):
            value = Refusal("out_of_range", "Gamma-Gamma: the values predicted are no sensible number")
    if isinstance(value, Refusal):
        outcome.refused["gamma_gamma"] = value
        predicted, there = np.zeros(len(frequency)), np.zeros(len(frequency), dtype=bool)
    outcome.predictions = pa.table(
        {
            "n": pa.array(np.arange(1, len(frequency) + 1)),
            "p_alive": pa.array(np.round(alive, 12)),
            "expected_purchases": pa.array(np.round(expected, 12)),
            "predicted": pa.array(np.floor(predicted * _MICROS + 0.5).astype(np.int64), mask=~there),
        }
    )
    return outcome


def _distinct(*columns: Array) -> tuple[list[Array], Any, Array]:
    """(distinct rows as columns, which of them each row is, how often each occurs), in ascending order: what is summed
    over them does not depend on the order of the rows."""
    import numpy as np

    found, which, counts = np.unique(np.column_stack(columns), axis=0, return_inverse=True, return_counts=True)
    return list(found.T.copy()), which.reshape(-1), counts.astype(np.float64)


def _correlation(frequency: Array, mean: Array) -> float:
    """Pearson's correlation of how often and how much, which Gamma-Gamma takes for none; 0 where one does not vary."""
    import numpy as np

    left, right = frequency - np.mean(frequency), mean - np.mean(mean)
    size = float(np.sqrt(np.sum(left**2) * np.sum(right**2)))
    return float(np.sum(left * right)) / size if size else 0.0


def _write_customers(con: duckdb.DuckDBPyConnection, outcome: _Outcome) -> None:
    empty = pa.table(
        [pa.array([], kind) for kind in (pa.int64(), pa.float64(), pa.float64(), pa.int64())],
        ["n", "p_alive", "expected_purchases", "predicted"],
    )
    refusal = next((refused.text for refused in outcome.refused.values()), None)
    con.register("k_prediction", empty if outcome.predictions is None else outcome.predictions)
    con.execute("CREATE OR REPLACE TEMP TABLE k_refusal (text VARCHAR)")
    con.execute("INSERT INTO k_refusal VALUES (?)", [refusal])
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_clv AS SELECT b.on_day, b.customer, b.frequency, b.recency_days, b.age_days,"
        " b.spend, b.repeat_spend, CAST(p.p_alive AS DECIMAL(18, 12)) AS p_alive,"
        " CAST(p.expected_purchases AS DECIMAL(18, 12)) AS expected_purchases, p.predicted, r.text AS refusal,"
        " CAST(NULL AS VARCHAR) AS system, 'customer' AS record_table, b.customer AS record_id"
        " FROM k_buyer b LEFT JOIN k_prediction p ON p.n = b.n CROSS JOIN k_refusal r"
    )
    con.unregister("k_prediction")


def _write_model(con: duckdb.DuckDBPyConnection, outcome: _Outcome, as_of: date, buyers: int, repeated: int) -> None:
    """Parameters, standard errors and diagnostics of both models; of a refused one, why."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_clv_model (on_day DATE, model VARCHAR, name VARCHAR, value DECIMAL(38, 12),"
        " text VARCHAR, system VARCHAR, record_table VARCHAR, record_id VARCHAR)"
    )
    if not buyers:
        return
    rows: list[tuple[str, str, float | None, str | None]] = [
        ("bg_nbd", "customers", buyers, None),
        ("bg_nbd", "repeat_customers", repeated, None),
        ("bg_nbd", "horizon_weeks", HORIZON_WEEKS, None),
    ]
    for model, fit in outcome.fits.items():
        rows += [(model, name, value, None) for name, value in _numbers(fit).items()]
        if model != "bg_nbd":
            rows.append((model, "customers", fit.customers, None))
    rows += [(model, name, float(f"{value:.9g}"), None) for (model, name), value in outcome.notes.items()]
    for model in outcome.fits | outcome.refused:
        refused = outcome.refused.get(model)
        rows.append((model, "converged", 0 if refused else 1, None))
        if refused:
            rows += [(model, "refusal_code", None, refused.code), (model, "refusal", None, refused.text)]
    con.executemany(
        "INSERT INTO f_clv_model VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL)",
        [
            (as_of, model, name, None if value is None else Decimal(str(value)), text)
            for model, name, value, text in rows
        ],
    )


def _numbers(fit: Fit) -> Mapping[str, float]:
    errors = {f"{name}_standard_error": error for name, error in fit.standard_errors.items()}
    return {**fit.parameters, **errors, "log_likelihood": fit.log_likelihood, "iterations": fit.iterations}
