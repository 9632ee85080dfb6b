"""Who is the same customer: one key per organization (or person, in shops) across connections, reversibly.

Organizations of different connections join by explicit ``identity_link`` rows, by a merge the source reported, and by
domain where exactly one organization of each connection has it. Free-mail domains join nobody. The joining lives in
this derived table only; the records stay as they came.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

__all__ = ["build_customers_keys", "customer_of"]

_FREE_MAIL = (
    "gmail.com googlemail.com outlook.com hotmail.com live.com yahoo.com icloud.com me.com aol.com gmx.de gmx.net"
    " web.de proton.me protonmail.com mail.ru yandex.ru qq.com 163.com"
).split()

_DOMAIN = r"regexp_replace(regexp_replace(lower(trim(domain)), '^[a-z]+://', ''), '^www\.|/.*$', '', 'g')"


def customer_of(alias: str, org: str, person: str | None = None, name: str = "customer") -> tuple[str, str]:
    """(select expression, joins) giving the customer key of a row with an organization and/or person key."""
    joins = [
        f"LEFT JOIN k_same {name}_o ON {name}_o.entity = 'organization' AND {name}_o.conn = {alias}._conn AND {name}_o.id = {org}"
    ]
    parts = [f"{name}_o.root", f"{alias}._conn || ':' || {org}"]
    if person:
        joins.append(f"LEFT JOIN c_person {name}_p ON {name}_p._conn = {alias}._conn AND {name}_p.id = {person}")
        joins.append(
            f"LEFT JOIN k_same {name}_po ON {name}_po.entity = 'organization' AND {name}_po.conn = {alias}._conn"
            f" AND {name}_po.id = {name}_p.org_id"
        )
        joins.append(
            f"LEFT JOIN k_same {name}_s ON {name}_s.entity = 'person' AND {name}_s.conn = {alias}._conn"
            f" AND {name}_s.id = {person}"
        )
        parts += [
            f"{name}_po.root",
            f"{alias}._conn || ':' || {name}_p.org_id",
            f"{name}_s.root",
            f"{alias}._conn || ':person:' || {person}",
        ]
    return f"coalesce({', '.join(parts)})", " ".join(joins)


def build_customers_keys(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``k_same(entity, conn, id, root)``: the key of everything that is joined to something else."""
    pairs: list[tuple[str, tuple[str, str], tuple[str, str]]] = []
    links = con.execute(
        "SELECT entity, source_a, id_a, source_b, id_b FROM c_identity_link"
        " WHERE entity IN ('organization', 'person') AND valid_to IS NULL ORDER BY ALL"
    ).fetchall()
    pairs += [(entity, (a, ida), (b, idb)) for entity, a, ida, b, idb in links]
    for entity in ("organization", "person"):
        merged = con.execute(
            f"SELECT _conn, id, merged_into FROM x_{entity} WHERE merged_into IS NOT NULL ORDER BY ALL"
        ).fetchall()
        pairs += [(entity, (conn, gone), (conn, stays)) for conn, gone, stays in merged]
    pairs += [("organization", a, b) for a, b in _same_domain(con)]
    con.execute("CREATE OR REPLACE TEMP TABLE k_same (entity VARCHAR, conn VARCHAR, id VARCHAR, root VARCHAR)")
    columns = list(zip(*_roots(pairs), strict=True)) or [()] * 4
    # one batch: a row at a time takes a minute for a company whose systems share all their customers
    batch = pa.table([pa.array(values, pa.string()) for values in columns], ["entity", "conn", "id", "root"])
    con.register("k_same_batch", batch)
    con.execute("INSERT INTO k_same SELECT * FROM k_same_batch")
    con.unregister("k_same_batch")


def _same_domain(con: duckdb.DuckDBPyConnection) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    free = ", ".join(f"'{domain}'" for domain in _FREE_MAIL)
    rows = con.execute(
        f"WITH d AS (SELECT _conn, {_DOMAIN} AS domain, min(id) AS id FROM c_organization WHERE domain IS NOT NULL"
        f" AND merged_into IS NULL GROUP BY 1, 2 HAVING count(*) = 1)"
        f" SELECT a._conn, a.id, b._conn, b.id FROM d a JOIN d b ON a.domain = b.domain AND a._conn < b._conn"
        f" WHERE a.domain NOT IN ({free}) AND a.domain LIKE '%_.__%' ORDER BY ALL"
    ).fetchall()
    return [((ca, a), (cb, b)) for ca, a, cb, b in rows]


def _roots(
    pairs: list[tuple[str, tuple[str, str], tuple[str, str]]],
) -> list[tuple[str, str, str, str]]:
    """Connected parts, each named by its smallest (connection, id)."""
    parent: dict[tuple[str, str, str], tuple[str, str, str]] = {}

    def top(node: tuple[str, str, str]) -> tuple[str, str, str]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for entity, a, b in pairs:
        first, second = sorted((top((entity, *a)), top((entity, *b))))
        parent[second] = first
    found = []
    for entity, conn, key in sorted(parent):
        _, root_conn, root = top((entity, conn, key))
        name = f"{root_conn}:{root}" if entity == "organization" else f"{root_conn}:person:{root}"
        found.append((entity, conn, key, name))
    return found
