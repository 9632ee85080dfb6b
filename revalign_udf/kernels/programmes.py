"""What leads are like, and what nurture programmes did with them: criteria, scores, steps."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from revalign_udf.kernels.identity import customer_of

__all__ = ["FEW", "build_lead_traits", "build_programmes"]

#: a custom field with more values than this is no criterion
FEW = 12


def build_lead_traits(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make ``f_lead_score`` and ``f_criterion``: new leads with their score at the end of the month they were opened in,
    and new leads once per custom field with few values."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_score AS SELECT _conn, id, lead_id, person_id, occurred_at AS moment,"
        f" occurred_at__on AS on_day, value, delta FROM c_score_event WHERE occurred_at__on <= DATE '{as_of}'"
    )
    _scores(con)
    _criteria(con)


def _scores(con: duckdb.DuckDBPyConnection) -> None:
    """The score of a lead is the value of its last event of the month of its first day or before, so that scoring it
    again later changes nothing. An event that names a lead is that lead's alone; one that names only a person counts for
    every lead of the person. Without any event at all there is no row."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_lead_score AS WITH l AS (SELECT r.system, r.record_id, c.person_id,"
        " CAST(date_trunc('month', r.on_day) + INTERVAL 1 MONTH AS DATE) AS month_end FROM f_reach r"
        " JOIN c_lead c ON c._conn = r.system AND c.id = r.record_id WHERE r.stage = 'lead'),"
        " e AS (SELECT l.system, l.record_id, s.moment, s.id, s.value FROM l JOIN k_score s ON s._conn = l.system"
        " AND s.lead_id = l.record_id AND s.on_day < l.month_end"
        " UNION ALL SELECT l.system, l.record_id, s.moment, s.id, s.value FROM l JOIN k_score s ON s._conn = l.system"
        " AND s.person_id = l.person_id AND s.lead_id IS NULL AND s.on_day < l.month_end)"
        " SELECT system, record_id, value FROM (SELECT *, row_number() OVER (PARTITION BY system, record_id"
        " ORDER BY moment DESC, id DESC) AS n FROM e) x WHERE n = 1"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_lead_score AS SELECT r.*, s.value AS score FROM f_reach r"
        " LEFT JOIN k_lead_score s ON s.system = r.system AND s.record_id = r.record_id"
        " WHERE r.stage = 'lead' AND EXISTS (SELECT 1 FROM c_score_event)"
    )


def _criteria(con: duckdb.DuckDBPyConnection) -> None:
    """Each field is taken for all leads there are: a field is few-valued or not, whatever the period asked for."""
    found: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    rows = con.execute("SELECT _conn, id, attrs FROM c_lead WHERE attrs IS NOT NULL ORDER BY _conn, id")
    while batch := rows.fetchmany(100_000):
        for connection, lead, text in batch:
            fields = json.loads(text)
            for name, value in fields.items() if isinstance(fields, dict) else ():
                if (plain := _plain(value)) is not None:
                    found[str(name)].append((connection, lead, plain))
    many = [name for name, seen in found.items() if len({value for _, _, value in seen}) > FEW]
    if many:
        con.executemany(
            "INSERT INTO f_excluded VALUES ('criterion', ?, 'lead', NULL, ?, NULL)",
            [(f'custom field "{name}" has more than {FEW} values', name) for name in sorted(many)],
        )
    kept = [(c, lead, name, v) for name, seen in sorted(found.items()) if name not in many for c, lead, v in seen]
    columns = list(zip(*kept, strict=True)) or [()] * 4
    names = ["_conn", "id", "criterion", "value"]
    con.register("k_trait_batch", pa.table([pa.array(values, pa.string()) for values in columns], names))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE f_criterion AS SELECT r.*, t.criterion, t.value FROM f_reach r"
        " JOIN k_trait_batch t ON t._conn = r.system AND t.id = r.record_id WHERE r.stage = 'lead'"
    )
    con.unregister("k_trait_batch")


def _plain(value: Any) -> str | None:
    """A custom field's value as text; None for nothing and for anything that is no single value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str | int | float):
        return str(value).strip() or None
    return None


def build_programmes(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Make ``f_programme``: one row per entry into a step of a nurture programme, with how the score moved in it.

    The score moved from its last value before the entry (else what the first event inside says it came from) to its
    last value before the step was left. An event at the moment of entry belongs to the step.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_member AS SELECT m._conn, m.id, m.lead_id, coalesce(m.person_id, l.person_id)"
        " AS person_id, l.org_id, l.lead_source, l.owner_id AS owner, m.campaign_id AS campaign, m.step, m.status,"
        " m.entered_at, m.entered_at__on AS on_day, m.left_at FROM c_programme_membership m"
        " LEFT JOIN c_lead l ON l._conn = m._conn AND l.id = m.lead_id"
    )
    inside = "CASE WHEN s.moment < m.entered_at THEN 0 ELSE 1 END AS inside"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_moved AS WITH e AS (SELECT m._conn, m.id, s.moment, s.id AS event, s.value, s.delta,"
        f" {inside} FROM k_member m JOIN k_score s ON s._conn = m._conn AND s.lead_id = m.lead_id"
        f" WHERE m.left_at IS NULL OR s.moment < m.left_at"
        f" UNION ALL SELECT m._conn, m.id, s.moment, s.id, s.value, s.delta, {inside} FROM k_member m JOIN k_score s"
        f" ON s._conn = m._conn AND s.person_id = m.person_id AND (s.lead_id IS NULL OR m.lead_id IS NULL)"
        f" WHERE m.left_at IS NULL OR s.moment < m.left_at),"
        f" o AS (SELECT *, row_number() OVER (PARTITION BY _conn, id, inside ORDER BY moment DESC, event DESC) AS back,"
        f" row_number() OVER (PARTITION BY _conn, id, inside ORDER BY moment, event) AS ahead FROM e)"
        f" SELECT _conn, id, max(CASE WHEN inside = 0 AND back = 1 THEN value END) AS before,"
        f" max(CASE WHEN inside = 1 AND back = 1 THEN value END) AS after,"
        f" max(CASE WHEN inside = 1 AND ahead = 1 THEN value - delta END) AS base FROM o GROUP BY _conn, id"
    )
    customer, joins = customer_of("m", "m.org_id", "m.person_id")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_programme AS SELECT m.on_day, m.campaign, m.step, m.status,"
        f" coalesce(v.after, v.before) - coalesce(v.before, v.base) AS score_change, {customer} AS customer, c.channel,"
        f" m.lead_source, m.owner, m._conn AS system, 'programme_membership' AS record_table, m.id AS record_id"
        f" FROM k_member m LEFT JOIN k_moved v ON v._conn = m._conn AND v.id = m.id"
        f" LEFT JOIN c_campaign c ON c._conn = m._conn AND c.id = m.campaign {joins} WHERE m.on_day <= DATE '{as_of}'"
    )
