"""Attribution: what is credited to the touches before each won deal, and what campaigns earned in their first year.

The arithmetic is :mod:`revalign_udf.calc.attribution`; here the touches of a deal are found, and credits become facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import duckdb
import pyarrow as pa

from revalign_udf.calc.attribution import MODELS, created_at, credits_of
from revalign_udf.kernels.touches import person_key
from revalign_udf.money import MICROS, decimals

__all__ = ["FIRST_YEAR", "build_campaign_year", "build_credits"]

#: days after a campaign's start in which deals won, and costs, count
FIRST_YEAR = 365
#: models that credit one touch only: the others keep a row per touch, even of nothing
_ONE_TOUCH = {"first": "p.place = 1", "last": "p.place = p.touches"}


def build_credits(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_credit``: one row per deal won, touch and model with what the touch is credited of the deal's annual
    contract value. A deal lost has one row without a model, so that a period without a win is known to have none.

    The touches of a deal are those of its customer, of its contacts, and of its lead and the lead's person, up to the day
    it was won. A deal without any is credited to its own channel, lead source and campaign.
    """
    _paths(con)
    found = con.execute(
        "SELECT n, deal, amount_src, currency, age, touch_on, touch_at, lead_on, lead_at, opened_on, opened_at FROM k_path"
        " ORDER BY n"
    )
    columns: dict[str, list[int]] = {name: [] for name in ("n", *MODELS)}
    for numbers, parts in _credited(found):
        columns["n"] += numbers
        for model, credits_ in zip(MODELS, parts, strict=True):
            columns[model] += credits_
    con.register("k_credit_batch", pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()}))
    con.execute("CREATE OR REPLACE TEMP TABLE k_credited AS SELECT * FROM k_credit_batch")
    con.unregister("k_credit_batch")
    rows = " UNION ALL ".join(
        f"SELECT p.n, '{model}' AS model, c.{model} AS amount_src FROM k_path p JOIN k_credited c ON c.n = p.n"
        f" WHERE {_ONE_TOUCH.get(model, 'true')}"
        for model in MODELS
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_credit AS SELECT p.on_day, 'won' AS outcome, x.model, p.system || ':' ||"
        f" p.record_id AS deal, p.kind, p.place, p.touches, p.age, p.touch_day, CASE WHEN x.amount_src = 0"
        f" THEN CAST(0 AS DECIMAL(38, 12)) ELSE CAST(CAST(x.amount_src AS DECIMAL(26, 0)) * r.rate AS DECIMAL(38, 12)) END"
        f" AS amount, x.amount_src, p.currency, p.customer, p.owner, p.channel, p.lead_source, p.campaign, p.system,"
        f" 'opportunity' AS record_table, p.record_id, p.touch_system, p.touch FROM ({rows}) x JOIN k_path p ON p.n = x.n"
        f" LEFT JOIN k_rate r ON r.day = p.on_day AND r.currency = p.currency"
        f" UNION ALL SELECT d.on_day, d.outcome, NULL, d.system || ':' || d.record_id, d.kind, 0, 0, NULL, NULL,"
        f" CAST(0 AS DECIMAL(38, 12)), 0, d.currency, d.customer, d.owner, d.channel, d.lead_source, d.campaign, d.system,"
        f" 'opportunity', d.record_id, NULL, NULL FROM f_deal d WHERE d.outcome = 'lost'"
    )


def _paths(con: duckdb.DuckDBPyConnection) -> None:
    """``k_path``: the touches of every won deal in the order they came, numbered; one row without a touch for a deal
    that has none."""
    person, join = person_key("k", "k.person_id", "contact")
    lead_person, lead_join = person_key("l", "l.person_id", "led")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_won AS SELECT row_number() OVER (ORDER BY d.system, d.record_id) AS deal, d.*,"
        f" o.created_at, o.created_at__on AS opened_day, l.created_at AS lead_created_at, l.created_at__on AS lead_day,"
        f" d.system || ':lead:' || l.id AS lead_key, {lead_person} AS lead_person FROM f_deal d"
        f" JOIN c_opportunity o ON o._conn = d.system AND o.id = d.record_id"
        f" LEFT JOIN k_deal_lead b ON b._conn = d.system AND b.id = d.record_id"
        f" LEFT JOIN c_lead l ON l._conn = d.system AND l.id = b.lead_id {lead_join} WHERE d.outcome = 'won'"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_met AS WITH known AS (SELECT deal, customer AS key FROM k_won"
        f" UNION SELECT deal, lead_key FROM k_won UNION SELECT deal, lead_person FROM k_won"
        f" UNION SELECT w.deal, {person} FROM k_won w JOIN c_opportunity_contact k ON k._conn = w.system"
        f" AND k.opportunity_id = w.record_id {join}),"
        f" seen AS (SELECT _conn, id, on_day, customer AS key FROM k_engaged"
        f" UNION SELECT _conn, id, on_day, person FROM k_engaged"
        f" UNION SELECT _conn, id, on_day, _conn || ':lead:' || lead_id FROM k_engaged)"
        f" SELECT DISTINCT n.deal, s._conn, s.id FROM known n JOIN seen s ON s.key = n.key JOIN k_won w ON w.deal = n.deal"
        f" AND s.on_day <= w.on_day"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_path AS WITH j AS (SELECT w.*, t.id AS touch, t._conn AS touch_system,"
        " t.on_day AS touch_day, t.occurred_at AS touched_at, t.channel AS touch_channel, t.lead_source AS touch_source,"
        " t.campaign AS touch_campaign FROM k_won w LEFT JOIN k_met m ON m.deal = w.deal"
        " LEFT JOIN k_engaged t ON t._conn = m._conn AND t.id = m.id)"
        " SELECT row_number() OVER (ORDER BY deal, touched_at, touch_system, touch) AS n, deal,"
        " row_number() OVER (PARTITION BY deal ORDER BY touched_at, touch_system, touch) AS place,"
        " count(*) OVER (PARTITION BY deal) AS touches, on_day, kind, amount_src, currency, customer, owner, system,"
        " record_id, touch, touch_system, touch_day, opened_day,"
        " CASE WHEN touch IS NULL THEN channel ELSE touch_channel END AS channel,"
        " CASE WHEN touch IS NULL THEN lead_source ELSE touch_source END AS lead_source,"
        " CASE WHEN touch IS NULL THEN campaign ELSE touch_campaign END AS campaign,"
        " coalesce(date_diff('day', touch_day, on_day), 0) AS age,"
        f" {_moment('touch_day', 'touched_at', 'touch')}, {_moment('lead_day', 'lead_created_at', 'lead')},"
        f" {_moment('opened_day', 'created_at', 'opened')} FROM j"
    )


def _moment(day: str, instant: str, name: str) -> str:
    """Day and moment as whole numbers; -1 where there is none."""
    return (
        f"coalesce(date_diff('day', DATE '1970-01-01', {day}), -1) AS {name}_on,"
        f" coalesce(epoch_us({instant}), -1) AS {name}_at"
    )


def _credited(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[list[int], list[list[int]]]]:
    """Deal by deal: the numbers of its rows of the path, and their credits in micros by each model."""

    def fetched() -> Iterator[tuple[int, ...]]:
        while batch := found.fetchmany(100_000):
            yield from batch

    for _, group in groupby(fetched(), key=itemgetter(1)):
        rows = list(group)
        _, _, total, currency, _, _, _, lead_on, lead_at, opened_on, opened_at = rows[0]
        numbers = [row[0] for row in rows]
        if len(rows) == 1:  # all of it, by any model
            yield numbers, [[total]] * len(MODELS)
            continue
        touches = [(row[5], row[6]) for row in rows]
        keys = {"lead": created_at(touches, lead_on, lead_at), "opportunity": created_at(touches, opened_on, opened_at)}
        unit, ages = MICROS // 10 ** decimals(str(currency)), [row[4] for row in rows]
        yield numbers, [credits_of(total, ages, model, unit=unit, **keys) for model in MODELS]


def build_campaign_year(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_campaign_year``: credits and costs of each campaign on the day it started (of one that is always on: on
    the touch's or the cost's own day), as far as they fall into its first year.

    Credits and costs go by the lead source of the campaign, both sides alike; of a campaign that several share,
    ``shared_by`` lists them. Without any opportunity, or any cost, nothing can be said and there is no row.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_year AS"
        " SELECT coalesce(c.start_date, f.touch_day, o.created_at__on) AS on_day, 'value' AS kind, f.model,"
        " f.on_day AS happened, f.kind = 'renewal' AS renewal, f.amount, f.currency, f.customer,"
        " coalesce(c.channel, f.channel) AS channel, s.lead_source, s.shared_by, f.campaign, f.system, f.record_table,"
        " f.record_id"
        " FROM f_credit f JOIN c_opportunity o ON o._conn = f.system AND o.id = f.record_id"
        " LEFT JOIN c_campaign c ON c._conn = coalesce(f.touch_system, f.system) AND c.id = f.campaign"
        " LEFT JOIN k_campaign_source s ON s._conn = coalesce(f.touch_system, f.system) AND s.campaign = f.campaign"
        " WHERE f.model IS NOT NULL AND f.campaign IS NOT NULL"
        " UNION ALL SELECT coalesce(c.start_date, s.on_day), 'cost', NULL, s.on_day, false, s.amount, s.currency, NULL,"
        " coalesce(c.channel, s.channel), s.lead_source, s.shared_by, s.campaign, s.system, s.record_table, s.record_id"
        " FROM f_campaign_spend s LEFT JOIN c_campaign c ON c._conn = s.system AND c.id = s.campaign"
    )
    late = f"date_diff('day', on_day, happened) > {FIRST_YEAR}"
    why = (
        f"CASE WHEN renewal THEN 'a renewal is no first year' WHEN {late} THEN CASE WHEN kind = 'cost' THEN 'spent' ELSE"
        f" 'won' END || ' more than {FIRST_YEAR} days after the campaign started'"
        f" WHEN kind = 'value' AND happened < on_day THEN 'won before the campaign started' END"
    )
    con.execute(
        f"INSERT INTO f_excluded SELECT DISTINCT 'campaign_year', {why}, record_table, system, record_id, happened"
        f" FROM k_year WHERE {why} IS NOT NULL"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_campaign_year AS SELECT on_day, kind, model, happened, amount, currency, customer,"
        f" channel, lead_source, shared_by, campaign, system, record_table, record_id FROM k_year WHERE {why} IS NULL"
        f" AND EXISTS (SELECT 1 FROM c_opportunity) AND EXISTS (SELECT 1 FROM c_campaign_cost)"
    )
