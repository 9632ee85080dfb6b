"""The funnel: lifecycle events -> the day on which each lead reached each stage.

Events of a person, an organization or an opportunity are brought home to their lead. Stages are canonical or mapped by
``stage_map``; an unknown stage is listed, never guessed.
"""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of
from revalign_udf.metrics import STAGES, STATES

__all__ = ["ASIDE", "REOPENED", "build_deal_leads", "build_reach"]

#: states in which a lead waits; what comes after opens it again
ASIDE = ("not_ready", "disqualified")
#: the name under which f_reach holds leads opened again
REOPENED = "reopened"


def build_deal_leads(con: duckdb.DuckDBPyConnection) -> None:
    """``k_deal_lead``: the one lead of each opportunity: the lead that names it, else the lead it names, else its
    primary contact's latest earlier lead. Where several leads name it, the latest earlier one."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_deal_lead AS WITH named AS (SELECT _conn, id, lead_id FROM (SELECT o._conn, o.id,"
        " l.id AS lead_id, row_number() OVER (PARTITION BY o._conn, o.id ORDER BY CASE WHEN l.created_at <= o.created_at"
        " THEN 0 ELSE 1 END, l.created_at DESC, l.id) AS n FROM c_opportunity o JOIN c_lead l ON l._conn = o._conn"
        " AND l.opportunity_id = o.id) x WHERE n = 1),"
        " met AS (SELECT _conn, id, lead_id FROM (SELECT o._conn, o.id, l.id AS lead_id, row_number() OVER (PARTITION BY"
        " o._conn, o.id ORDER BY l.created_at DESC, l.id) AS n FROM c_opportunity o JOIN c_opportunity_contact k"
        " ON k._conn = o._conn AND k.opportunity_id = o.id AND k.is_primary JOIN c_lead l ON l._conn = o._conn"
        " AND l.person_id = k.person_id AND l.created_at <= o.created_at) x WHERE n = 1)"
        " SELECT o._conn, o.id, coalesce(a.lead_id, l.id, m.lead_id) AS lead_id FROM c_opportunity o"
        " LEFT JOIN named a ON a._conn = o._conn AND a.id = o.id LEFT JOIN c_lead l ON l._conn = o._conn AND l.id = o.lead_id"
        " LEFT JOIN met m ON m._conn = o._conn AND m.id = o.id"
    )


def build_reach(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``f_reach``, leads opened again among it, and list what could not be placed in ``f_excluded``."""
    position = " ".join(f"WHEN '{stage}' THEN {number}" for number, stage in enumerate(STAGES, 1))
    _stages(con)
    _home(con)
    con.execute(
        "INSERT INTO f_excluded SELECT 'reach', 'no lead for this ' || e.subject_type, 'lifecycle_event', e._conn, e.id,"
        " e.on_day FROM k_stage_event e WHERE e.stage IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM k_home h WHERE h._conn = e._conn AND h.id = e.id)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_reached AS WITH e AS (SELECT h._conn, h.lead_id, h.on_day,"
        f" CASE h.stage {position} ELSE 0 END AS place FROM k_home h),"
        # a lead without an event of its own at a place is placed by its row, its opportunity and that one's outcome
        f" own AS (SELECT l._conn, l.id, l.created_at__on AS on_day, 1 AS place FROM c_lead l WHERE NOT EXISTS"
        f" (SELECT 1 FROM e WHERE e._conn = l._conn AND e.lead_id = l.id AND e.place = 1)),"
        f" deal AS (SELECT o._conn, b.lead_id, o.created_at__on, o.outcome, o.closed_at__on"
        f" FROM c_opportunity o JOIN k_deal_lead b ON b._conn = o._conn AND b.id = o.id"
        f" WHERE coalesce(o.type, 'new') = 'new' AND b.lead_id IS NOT NULL),"
        f" late AS (SELECT _conn, lead_id, max(place) AS place FROM e GROUP BY _conn, lead_id),"
        f" every AS (SELECT _conn, lead_id, on_day, place FROM e WHERE place > 0"
        f" UNION ALL SELECT _conn, id, on_day, place FROM own"
        f" UNION ALL SELECT d._conn, d.lead_id, d.created_at__on, 5 FROM deal d LEFT JOIN late t ON t._conn = d._conn"
        f" AND t.lead_id = d.lead_id WHERE coalesce(t.place, 0) < 5"
        f" UNION ALL SELECT d._conn, d.lead_id, d.closed_at__on, 6 FROM deal d LEFT JOIN late t ON t._conn = d._conn"
        f" AND t.lead_id = d.lead_id WHERE d.outcome = 'won' AND d.closed_at__on IS NOT NULL"
        f" AND coalesce(t.place, 0) < 6)"
        f" SELECT _conn, lead_id, {_firsts()} FROM every GROUP BY _conn, lead_id"
    )
    customer, joins = customer_of("l", "l.org_id", "l.person_id")
    days = ", ".join(f"r.{stage}_day" for stage in STAGES)
    rows = " UNION ALL ".join(
        f"SELECT '{stage}' AS stage, r.{stage}_day AS on_day, r._conn, r.lead_id, {days} FROM k_reached r"
        f" WHERE r.{stage}_day IS NOT NULL"
        for stage in STAGES
    )
    later = ", ".join(f"r.{stage}_day" for stage in STAGES[1:])
    _reopened(con)
    nothing = ", ".join(["CAST(NULL AS DATE)"] * len(STAGES))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE f_reach AS SELECT r.on_day, r.stage, {later}, {customer} AS customer, l.channel,"
        f" l.lead_source, l.campaign_id AS campaign, l.owner_id AS owner, strftime(r.on_day, '%Y-%m') AS cohort,"
        f" l._conn AS system, 'lead' AS record_table, l.id AS record_id FROM ({rows} UNION ALL"
        f" SELECT '{REOPENED}', on_day, _conn, lead_id, {nothing} FROM k_reopened) r"
        f" JOIN c_lead l ON l._conn = r._conn AND l.id = r.lead_id {joins}"
    )


def _reopened(con: duckdb.DuckDBPyConnection) -> None:
    """``k_reopened``: after a lead was found not ready or disqualified, the next touch that counts as engagement or the
    next event at a stage of the funnel opens it again, once until it is put aside anew. What made the lead new in the
    first place never opens it again."""
    aside = ", ".join(f"'{state}'" for state in ASIDE)
    stages = ", ".join(f"'{stage}'" for stage in STAGES)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_reopened AS WITH e AS (SELECT _conn, lead_id, stage, occurred_at AS moment, on_day"
        f" FROM k_home), s AS (SELECT _conn, lead_id, min(moment) AS first_at,"
        f" min(CASE WHEN stage = '{STAGES[0]}' THEN moment END) AS lead_at FROM e WHERE stage IN ({stages})"
        f" GROUP BY _conn, lead_id),"
        # as for its first day: without an event of its own a lead began with its row
        f" born AS (SELECT l._conn, l.id AS lead_id, CASE WHEN s.first_at IS NULL OR (s.lead_at IS NULL"
        f" AND l.created_at < s.first_at) THEN l.created_at ELSE s.first_at END AS moment FROM c_lead l"
        f" LEFT JOIN s ON s._conn = l._conn AND s.lead_id = l.id),"
        f" wakes AS (SELECT _conn, lead_id, moment, on_day FROM e WHERE stage IN ({stages})"
        f" UNION SELECT _conn, lead_id, occurred_at, on_day FROM k_engaged WHERE lead_id IS NOT NULL),"
        f" next AS (SELECT a._conn, a.lead_id, a.moment AS put_aside, min(w.moment) AS moment FROM e a"
        f" JOIN k_reached r ON r._conn = a._conn AND r.lead_id = a.lead_id AND a.on_day >= r.lead_day"
        f" JOIN born b ON b._conn = a._conn AND b.lead_id = a.lead_id"
        f" JOIN wakes w ON w._conn = a._conn AND w.lead_id = a.lead_id AND w.moment > a.moment AND w.moment > b.moment"
        f" WHERE a.stage IN ({aside}) GROUP BY a._conn, a.lead_id, a.moment)"
        # put aside several times before it woke is one cycle
        f" SELECT n._conn, n.lead_id, n.moment, min(w.on_day) AS on_day FROM (SELECT DISTINCT _conn, lead_id, moment FROM next) n"
        f" JOIN wakes w ON w._conn = n._conn AND w.lead_id = n.lead_id AND w.moment = n.moment"
        f" GROUP BY n._conn, n.lead_id, n.moment"
    )


def _firsts() -> str:
    return ", ".join(
        f"min(CASE WHEN place >= {number} THEN on_day END) AS {stage}_day" for number, stage in enumerate(STAGES, 1)
    )


def _stages(con: duckdb.DuckDBPyConnection) -> None:
    """``k_stage_event``: events with their canonical stage. A mapping row says what a source's stage means, even one
    with a canonical name (some equate SQL and opportunity); the connection's own row goes before one for all (``*``),
    the row of the opportunity's pipeline before one for all pipelines. A stage that is nowhere, or that equally good
    rows map differently, is listed and left out."""
    known = ", ".join(f"'{name}'" for name in (*STAGES, *STATES))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_mapped AS WITH fit AS (SELECT e._conn, e.id, lower(trim(m.stage)) AS stage,"
        " CASE WHEN m.connection = e._conn THEN 0 ELSE 3 END + CASE WHEN m.pipeline IS NULL THEN 1"
        " WHEN o.pipeline IS NULL THEN 2 ELSE 0 END AS rank"
        " FROM c_lifecycle_event e JOIN c_stage_map m ON m.connection IN (e._conn, '*')"
        " AND lower(m.object) = e.subject_type AND lower(trim(m.source_stage)) = lower(trim(e.stage))"
        " AND (m.valid_from IS NULL OR m.valid_from <= e.occurred_at__on)"
        " AND (m.valid_to IS NULL OR e.occurred_at__on < m.valid_to)"
        " LEFT JOIN c_opportunity o ON e.subject_type = 'opportunity' AND o._conn = e._conn AND o.id = e.subject_id"
        " WHERE m.pipeline IS NULL OR o.pipeline IS NULL OR m.pipeline = o.pipeline),"
        " best AS (SELECT _conn, id, min(rank) AS rank FROM fit GROUP BY _conn, id)"
        " SELECT f._conn, f.id, min(f.stage) AS stage, CASE WHEN min(f.stage) <> max(f.stage) THEN 1 ELSE 0 END AS several"
        " FROM fit f JOIN best b ON b._conn = f._conn AND b.id = f.id AND b.rank = f.rank GROUP BY f._conn, f.id"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_named AS SELECT e._conn, e.id, e.subject_type, e.subject_id, e.occurred_at,"
        " e.occurred_at__on AS on_day, e.stage AS raw, coalesce(m.several, 0) AS several,"
        " coalesce(m.stage, lower(trim(e.stage))) AS stage FROM c_lifecycle_event e"
        " LEFT JOIN k_mapped m ON m._conn = e._conn AND m.id = e.id"
    )
    con.execute(
        f"INSERT INTO f_excluded SELECT 'reach', CASE WHEN several = 1 THEN 'stage \"' || raw || '\" is mapped to several'"
        f" ELSE 'unknown stage \"' || raw || '\"' END, 'lifecycle_event', _conn, id, on_day"
        f" FROM k_named WHERE several = 1 OR stage NOT IN ({known})"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_stage_event AS SELECT _conn, id, subject_type, subject_id, occurred_at, on_day,"
        f" CASE WHEN several = 0 AND stage IN ({known}) THEN stage END AS stage FROM k_named"
    )


def _home(con: duckdb.DuckDBPyConnection) -> None:
    """``k_home``: each event with its lead. A person's or organization's event belongs to the latest lead that began
    before it (else the first one); a lead without an organization belongs to its person's. An opportunity's event
    belongs to the opportunity's lead."""

    def nearest(column: str, subject: str) -> str:
        return (
            f"SELECT _conn, id, stage, occurred_at, on_day, lead_id FROM (SELECT e._conn, e.id, e.stage, e.occurred_at,"
            f" e.on_day, l.id AS lead_id,"
            f" row_number() OVER (PARTITION BY e._conn, e.id ORDER BY CASE WHEN l.created_at <= e.occurred_at THEN 0"
            f" ELSE 1 END, CASE WHEN l.created_at <= e.occurred_at THEN l.created_at END DESC, l.created_at, l.id) AS n"
            f" FROM k_stage_event e JOIN k_lead l ON l._conn = e._conn AND l.{column} = e.subject_id"
            f" WHERE e.subject_type = '{subject}' AND e.stage IS NOT NULL) x WHERE n = 1"
        )

    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_lead AS SELECT l._conn, l.id, l.created_at, l.person_id,"
        " coalesce(l.org_id, p.org_id) AS org_id FROM c_lead l LEFT JOIN c_person p ON p._conn = l._conn"
        " AND p.id = l.person_id"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_home AS SELECT e._conn, e.id, e.stage, e.occurred_at, e.on_day,"
        f" e.subject_id AS lead_id"
        f" FROM k_stage_event e JOIN k_lead l ON l._conn = e._conn AND l.id = e.subject_id"
        f" WHERE e.subject_type = 'lead' AND e.stage IS NOT NULL"
        f" UNION ALL {nearest('person_id', 'person')}"
        f" UNION ALL {nearest('org_id', 'organization')}"
        f" UNION ALL SELECT e._conn, e.id, e.stage, e.occurred_at, e.on_day, d.lead_id FROM k_stage_event e JOIN k_deal_lead d"
        f" ON d._conn = e._conn AND d.id = e.subject_id WHERE e.subject_type = 'opportunity' AND e.stage IS NOT NULL"
        f" AND d.lead_id IS NOT NULL"
    )
