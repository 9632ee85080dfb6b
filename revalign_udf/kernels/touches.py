"""Who touched us: touches that count as engagement, each with its person, its lead and its customer.

What a machine does (bots), what we send (sent, delivered, bounced) and what says little or the opposite (opened,
unsubscribed) is no engagement.
"""

from __future__ import annotations

import duckdb

from revalign_udf.kernels.identity import customer_of

__all__ = ["NO_ENGAGEMENT", "build_engagement", "person_key", "touch_person"]

NO_ENGAGEMENT = ("sent", "delivered", "bounced", "unsubscribed", "opened")


def touch_person(alias: str = "t") -> tuple[str, str]:
    """(select expression, joins) giving the person of a touch: its own, its lead's, or the one known by its anonymous
    key. The joins bring the lead as ``l``."""
    joins = (
        f"LEFT JOIN c_lead l ON l._conn = {alias}._conn AND l.id = {alias}.lead_id"
        f" LEFT JOIN k_anonymous a ON a._conn = {alias}._conn AND a.anonymous_id = {alias}.anonymous_id"
    )
    return f"coalesce({alias}.person_id, l.person_id, a.person_id)", joins


def person_key(alias: str, person: str, name: str) -> tuple[str, str]:
    """(select expression, join) giving one key for a person, whichever connection knows it."""
    join = (
        f"LEFT JOIN k_same {name} ON {name}.entity = 'person' AND {name}.conn = {alias}._conn AND {name}.id = {person}"
    )
    return f"coalesce({name}.root, {alias}._conn || ':person:' || {person})", join


def build_engagement(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``k_engaged``: one row per touch that counts, and ``k_anonymous``: persons by their anonymous key.

    A touch belongs to the lead it names, else to the latest lead its person had begun by that day (else the first). An
    anonymous key that several persons share is nobody's.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_anonymous AS SELECT _conn, anonymous_id, min(id) AS person_id FROM c_person"
        " WHERE anonymous_id IS NOT NULL GROUP BY _conn, anonymous_id HAVING count(*) = 1"
    )
    person, joins = touch_person()
    out = ", ".join(f"'{kind}'" for kind in NO_ENGAGEMENT)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_touch AS SELECT t._conn, t.id, t.kind, t.occurred_at, t.occurred_at__on AS on_day,"
        f" t.lead_id, {person} AS person_id, l.org_id, coalesce(t.channel, c.channel) AS channel,"
        f" t.campaign_id AS campaign FROM c_touch t {joins}"
        f" LEFT JOIN c_campaign c ON c._conn = t._conn AND c.id = t.campaign_id"
        f" WHERE t.kind NOT IN ({out}) AND NOT coalesce(t.is_bot, false)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE k_touch_lead AS SELECT _conn, id, lead_id FROM (SELECT t._conn, t.id,"
        " m.id AS lead_id, row_number() OVER (PARTITION BY t._conn, t.id ORDER BY CASE WHEN m.created_at__on <= t.on_day"
        " THEN 0 ELSE 1 END, CASE WHEN m.created_at__on <= t.on_day THEN m.created_at END DESC, m.created_at, m.id) AS n"
        " FROM k_touch t JOIN c_lead m ON m._conn = t._conn AND m.person_id = t.person_id WHERE t.lead_id IS NULL) x"
        " WHERE n = 1"
    )
    customer, customer_joins = customer_of("t", "t.org_id", "t.person_id")
    key, key_join = person_key("t", "t.person_id", "same_person")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE k_engaged AS SELECT t._conn, t.id, t.kind, t.occurred_at, t.on_day,"
        f" coalesce(t.lead_id, h.lead_id) AS lead_id, {key} AS person, {customer} AS customer, t.channel,"
        f" m.lead_source, t.campaign FROM k_touch t"
        f" LEFT JOIN k_touch_lead h ON h._conn = t._conn AND h.id = t.id"
        f" LEFT JOIN c_lead m ON m._conn = t._conn AND m.id = coalesce(t.lead_id, h.lead_id) {customer_joins} {key_join}"
    )
