"""Who is the same customer: one key per organization (or person, in shops) across connections, reversibly.

How records are joined is said in :mod:`revalign_udf.kernels.matching`. The joining lives in a derived table only; the
records stay as they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from revalign_udf.kernels.matching import ExternalKey, match

__all__ = ["build_customers_keys", "customer_of"]


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


def build_customers_keys(
    con: duckdb.DuckDBPyConnection, keys: Sequence[ExternalKey] = (), decided: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Make ``k_same(entity, conn, id, root)``: the key of everything that is joined to something else."""
    roots = match(con, keys, decided, names=False).roots
    con.execute("CREATE OR REPLACE TEMP TABLE k_same (entity VARCHAR, conn VARCHAR, id VARCHAR, root VARCHAR)")
    rows = [(*node, _named(root)) for node, root in roots.items()]
    columns = list(zip(*rows, strict=True)) or [()] * 4
    # one batch: a row at a time takes a minute for a company whose systems share all their customers
    batch = pa.table([pa.array(values, pa.string()) for values in columns], ["entity", "conn", "id", "root"])
    con.register("k_same_batch", batch)
    con.execute("INSERT INTO k_same SELECT * FROM k_same_batch")
    con.unregister("k_same_batch")


def _named(root: tuple[str, str, str]) -> str:
    entity, conn, key = root
    return f"{conn}:{key}" if entity == "organization" else f"{conn}:person:{key}"
