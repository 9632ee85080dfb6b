"""Hand-offs: who gave which lead to whom, when it was first contacted, and what was reported back.

They are the rows of ``handoff``. Where a project has none at all, a hand-off is told from the stages a mapping names: a
lead that goes from ``mql`` to ``sql`` and changes its owner. Instants are in UTC, days in the company's time zone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from revalign_udf.calc.promises import INFORMATION
from revalign_udf.kernels.identity import customer_of

__all__ = ["TOLD_FROM", "build_handoffs"]

#: what is told from stages is known only as far as stages and contacts are
TOLD_FROM = ("lifecycle_event", "touch")

#: answers to a hand-off, as instants and as days
_ANSWERS = ("contact", "accepted", "rejected", "feedback", "returned")
#: stages and states after a hand-off that answer it, where there is no record of one
_TOLD = {
    "accepted": ("opportunity", "customer"),
    "rejected": ("rejected", "disqualified"),
    "returned": ("recycled", "not_ready"),
}
#: what somebody does who contacts a lead
_CONTACTS = ("meeting", "call", "sent")
#: table -> its alias below
_ALIASES = {"lead": "l", "person": "p", "organization": "g"}


def build_handoffs(con: duckdb.DuckDBPyConnection) -> Sequence[str]:
    """Make ``f_handoff``: one row per hand-off; and ``d_team``: the teams by key, name and function. Returns the tables
    it was made of.

    A hand-off without a first contact of its own takes the first meeting, call or mail its new owner has with the lead or
    its person from then on. Hand-offs of a lead that is not there, and hand-offs answered before they were made, are
    listed and left out.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE d_team AS SELECT _conn AS system, id, name, function, pod FROM c_team")
    recorded = bool(con.execute("SELECT count(*) FROM c_handoff").fetchall()[0][0])
    _recorded(con) if recorded else _told(con)
    _contacts(con)
    _reported(con)
    _information(con)
    early = " OR ".join(f"h.{name}_at < h.handed_at" for name in _ANSWERS)
    no_lead = "l.id IS NULL AND EXISTS (SELECT 1 FROM c_lead x WHERE x._conn = h._conn)"
    con.execute(
        f"INSERT INTO f_excluded SELECT 'handoff', CASE WHEN {no_lead} THEN 'no such lead'"
        f" ELSE 'answered before it was made' END, h.record_table, h._conn, h.id, h.on_day FROM k_handoff h"
        f" LEFT JOIN c_lead l ON l._conn = h._conn AND l.id = h.lead_id WHERE ({no_lead}) OR ({early})"
    )
    customer, joins = customer_of("l", "l.org_id", "l.person_id")
    answers = ", ".join(f"h.{name}_at, h.{name}_on" for name in _ANSWERS)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_handoff AS SELECT h.on_day, h.handed_at, h.from_team, h.to_team, h.owner,"
        f" CASE WHEN o.id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM c_owner x WHERE x._conn = h._conn) THEN 1 ELSE 0 END"
        f" AS owner_known, o.active_from, o.active_to, h.lead_id AS lead, {answers}, h.reason, h.fields_present,"
        f" h.fields_required, i.fields, {customer} AS customer, l.channel, l.lead_source, l.campaign_id AS campaign,"
        f" h._conn AS system, h.record_table, h.id AS record_id FROM k_handoff h"
        f" LEFT JOIN c_lead l ON l._conn = h._conn AND l.id = h.lead_id {joins}"
        f" LEFT JOIN c_owner o ON o._conn = h._conn AND o.id = h.owner"
        f" LEFT JOIN k_information i ON i._conn = h._conn AND i.lead_id = h.lead_id"
        f" WHERE NOT ({no_lead}) AND NOT coalesce({early}, false)"
    )
    return ("handoff",) if recorded else TOLD_FROM


def _recorded(con: duckdb.DuckDBPyConnection) -> None:
    answers = ", ".join(
        f"{name}_at, {name}_at__on AS {name}_on" for name in ("accepted", "rejected", "feedback", "returned")
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_handoff AS SELECT _conn, id, 'handoff' AS record_table, lead_id, from_team, to_team,"
        f" handed_at, handed_at__on AS on_day, to_owner_id AS owner, first_contact_at AS contact_at,"
        f" first_contact_at__on AS contact_on, {answers}, reason_code AS reason, fields_present, fields_required"
        f" FROM c_handoff"
    )


def _told(con: duckdb.DuckDBPyConnection) -> None:
    """From an event at ``mql`` to the next at ``sql`` with another owner. Without an owner at ``sql`` nobody can tell
    whether the lead changed hands: such events are listed."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_owned AS SELECT h._conn, h.id, h.lead_id, h.stage, h.occurred_at, h.on_day,"
        " v.owner_id, v.reason_code FROM k_home h JOIN c_lifecycle_event v ON v._conn = h._conn AND v.id = h.id"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_step AS SELECT * FROM (SELECT *, lag(stage) OVER w AS stage_before,"
        " lag(owner_id) OVER w AS giver FROM k_owned WHERE stage IN ('mql', 'sql') WINDOW w AS (PARTITION BY _conn, lead_id"
        " ORDER BY occurred_at, stage, id)) x WHERE stage = 'sql' AND stage_before = 'mql'"
    )
    con.execute(
        "INSERT INTO f_excluded SELECT 'handoff', 'no owner at stage sql', 'lifecycle_event', _conn, id, on_day FROM k_step"
        " WHERE owner_id IS NULL"
    )
    answers = ", ".join(f"CAST(NULL AS TIMESTAMP) AS {name}_at, CAST(NULL AS DATE) AS {name}_on" for name in _ANSWERS)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_handoff AS SELECT s._conn, s.id, 'lifecycle_event' AS record_table, s.lead_id,"
        f" a.team AS from_team, b.team AS to_team, s.occurred_at AS handed_at, s.on_day, s.owner_id AS owner, {answers},"
        f" CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS BIGINT) AS fields_present,"
        f" CAST(NULL AS BIGINT) AS fields_required FROM k_step s"
        f" LEFT JOIN k_owner_team a ON a._conn = s._conn AND a.owner = s.giver AND a.valid_from <= s.on_day"
        f" AND s.on_day < a.valid_to"
        f" LEFT JOIN k_owner_team b ON b._conn = s._conn AND b.owner = s.owner_id AND b.valid_from <= s.on_day"
        f" AND s.on_day < b.valid_to WHERE s.owner_id IS NOT NULL AND (s.giver IS NULL OR s.giver <> s.owner_id)"
    )


def _contacts(con: duckdb.DuckDBPyConnection) -> None:
    """The new owner's first contact, where a hand-off does not say."""
    kinds = ", ".join(f"'{kind}'" for kind in _CONTACTS)
    outward = f"t.kind IN ({kinds}) AND coalesce(t.direction, 'out') = 'out' AND NOT coalesce(t.is_bot, false)"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_contacted AS WITH t AS (SELECT * FROM c_touch t WHERE {outward}),"
        f" every AS (SELECT h._conn, h.id, t.occurred_at, t.occurred_at__on FROM k_handoff h JOIN t ON t._conn = h._conn"
        f" AND t.owner_id = h.owner AND t.lead_id = h.lead_id AND t.occurred_at >= h.handed_at"
        f" UNION ALL SELECT h._conn, h.id, t.occurred_at, t.occurred_at__on FROM k_handoff h"
        f" JOIN c_lead l ON l._conn = h._conn AND l.id = h.lead_id JOIN t ON t._conn = h._conn AND t.owner_id = h.owner"
        f" AND t.lead_id IS NULL AND t.person_id = l.person_id AND t.occurred_at >= h.handed_at)"
        f" SELECT _conn, id, min(occurred_at) AS contact_at, min(occurred_at__on) AS contact_on FROM every"
        f" GROUP BY _conn, id"
    )
    con.execute(
        "UPDATE k_handoff SET contact_at = c.contact_at, contact_on = c.contact_on FROM k_contacted c"
        " WHERE c._conn = k_handoff._conn AND c.id = k_handoff.id AND k_handoff.contact_at IS NULL"
    )


def _reported(con: duckdb.DuckDBPyConnection) -> None:
    """What became of a lead whose hand-off was told from stages: the first event of each kind until it changes hands
    again. Going on to an opportunity accepts it."""
    if not con.execute("SELECT count(*) FROM k_handoff WHERE record_table = 'lifecycle_event'").fetchall()[0][0]:
        return
    for name, stages in _TOLD.items():
        listed = ", ".join(f"'{stage}'" for stage in stages)
        reason = ", reason = coalesce(k_handoff.reason, a.reason_code)" if name != "accepted" else ""
        con.execute(
            f"UPDATE k_handoff SET {name}_at = a.occurred_at, {name}_on = a.on_day{reason} FROM (SELECT * FROM"
            f" (SELECT h._conn, h.id, e.occurred_at, e.on_day, e.reason_code, row_number() OVER (PARTITION BY h._conn, h.id"
            f" ORDER BY e.occurred_at, e.id) AS n FROM (SELECT *, lead(handed_at) OVER (PARTITION BY _conn, lead_id"
            f" ORDER BY handed_at, id) AS next_at FROM k_handoff) h JOIN k_owned e ON e._conn = h._conn"
            f" AND e.lead_id = h.lead_id AND e.occurred_at >= h.handed_at AND e.id <> h.id"
            f" AND (h.next_at IS NULL OR e.occurred_at < h.next_at) WHERE e.stage IN ({listed})) x WHERE n = 1) a"
            f" WHERE a._conn = k_handoff._conn AND a.id = k_handoff.id"
        )


def _information(con: duckdb.DuckDBPyConnection) -> None:
    """``k_information``: the names of what is known of each lead handed over, apart by bars: columns of the lead, its
    person and its organization, and the lead's custom fields. Names only, never what they hold."""
    named = " || ".join(
        f"CASE WHEN nullif(trim(CAST({_ALIASES[table]}.{column} AS VARCHAR)), '') IS NULL THEN ''"
        f" ELSE '{table}.{column}|' END"
        for table, columns in INFORMATION.items()
        for column in columns
    )
    found: dict[tuple[str, str], str] = {}
    rows = con.execute(
        f"SELECT l._conn, l.id, {named}, l.attrs FROM c_lead l"
        f" JOIN (SELECT DISTINCT _conn, lead_id FROM k_handoff) h ON h._conn = l._conn AND h.lead_id = l.id"
        f" LEFT JOIN c_person p ON p._conn = l._conn AND p.id = l.person_id"
        f" LEFT JOIN c_organization g ON g._conn = l._conn AND g.id = coalesce(l.org_id, p.org_id)"
    )
    while batch := rows.fetchmany(100_000):
        for connection, lead, names, attrs in batch:
            fields = json.loads(attrs) if attrs else {}
            given = fields.items() if isinstance(fields, dict) else ()
            own = sorted(str(key) for key, value in given if value not in (None, ""))
            found[connection, lead] = f"|{names}{''.join(f'{key}|' for key in own)}"
    connections, leads = ([key[place] for key in found] for place in (0, 1))
    batch = pa.table(
        [pa.array(values, pa.string()) for values in (connections, leads, [*found.values()])],
        ["_conn", "lead_id", "fields"],
    )
    con.register("k_information_batch", batch)
    con.execute("CREATE OR REPLACE TEMP TABLE k_information AS SELECT * FROM k_information_batch")
    con.unregister("k_information_batch")
