"""A kernel with nothing to read need not run: what is made in its place is what its SQL gives, to the last column."""

from collections.abc import Collection
from datetime import date, timedelta

import duckdb
import pytest
from beside import campaign

from revalign_udf.canonical import TABLES, Column
from revalign_udf.kernels import Built, build_facts
from revalign_udf.kernels.idle import IDLE
from revalign_udf.store.schema import column_list, stored_columns

AS_OF = date(2026, 6, 30)
KEYS = "abcd"
SETS = sorted({reads for reads, _ in IDLE.values()})
#: one read by many, and one with something between it and the fact, come first: a usual run takes these
FIRST = ("touch", "handoff lifecycle_event team")


#: a message that was delivered, and a subscription that takes the place of another
OWN = {
    ("touch", "kind"): ("demo", "delivered", "opened", "trial"),
    ("subscription", "org_id"): ("a", "a", "c", "d"),
    ("subscription", "ended_at"): (date(2026, 1, 2), None, None, None),
}


def value(table: str, column: Column, place: int) -> object:
    """Row by row the same key in every column that is one, so that all tables join; days that follow each other."""
    name, key = column.name, KEYS[place]
    if (table, name) in OWN:
        return OWN[table, name][place]
    if name in ("merged_into", "referrer_org_id", "parent_org_id", "status") or name.startswith("cancel"):
        return None
    if column.enum:
        return column.enum[place % len(column.enum)]
    if column.kind in ("instant", "date"):
        late = any(part in name for part in ("end", "_to", "close", "left", "last", "through"))
        return date(2026, 1 + 3 * late, 1) + timedelta(days=place)
    fixed = {"stage": ("lead", "mql", "sql", "opportunity")[place], "currency": "USD", "from_currency": "EUR",
             "to_currency": "USD", "outcome": ("won", "lost", "won", None)[place], "subject_type": "lead",
             "connection": "*", "entity": "organization", "source_a": "s", "source_b": "s", "id_b": "a",
             "amount_basis": "acv", "attribute": "segment", "interval": "month", "metric": "mrr",
             "period": "2026-01"}  # fmt: skip
    if name in fixed:
        return fixed[name]
    known = {
        "int": place + 1,
        "decimal": place + 1,
        "money": 10 * (place + 1),
        "bool": None,
        "json": f'{{"x": "{key}"}}',
    }
    return known.get(column.kind, key)


def filled(empty: Collection[str] = ()) -> duckdb.DuckDBPyConnection:
    """A connection with a few rows in every canonical table but some."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    for table in TABLES.values():
        columns = [("_conn", "VARCHAR"), ("_key", "VARCHAR"), ("_scope", "VARCHAR"), ("recorded_at", "TIMESTAMP")]
        columns += stored_columns(table)
        con.execute(f"CREATE TEMP TABLE c_{table.name} ({column_list(columns)})")
        for place, key in enumerate(KEYS if table.name not in empty else ""):
            row: dict[str, object] = {"_conn": "s", "_key": key, "_scope": ""}
            for column in table.columns.values():
                row[column.name] = value(table.name, column, place) if column.default is None else column.default
                if column.kind == "instant":
                    row[f"{column.name}__on"] = row[column.name]
            names = ", ".join(f'"{name}"' for name in row)
            con.execute(f"INSERT INTO c_{table.name} ({names}) VALUES ({', '.join('?' * len(row))})", [*row.values()])
    for name in ("organization", "person"):
        con.execute(f"CREATE TEMP VIEW x_{name} AS SELECT * FROM c_{name}")
    return con


def built(empty: Collection[str], told: Collection[str] | None) -> tuple[duckdb.DuckDBPyConnection, Built]:
    con = filled(empty)
    return con, build_facts(con, "USD", AS_OF, filled=told)


def columns(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in con.execute(f"DESCRIBE {table}").fetchall()]


def same(empty: Collection[str]) -> None:
    """Told which tables have rows, the kernels leave what they leave when all of them run."""
    (all_run, expected), (some_run, found) = (built(empty, None), built(empty, set(TABLES) - {*empty}))
    assert found == expected
    for table in expected.tables.values():
        assert columns(some_run, table) == columns(all_run, table), table
        assert content(some_run, table) == content(all_run, table), table
    idle = [made for reads, made in IDLE.values() if not set(reads.split()) - {*empty}]
    assert idle
    for table in {name for made in idle for name in made}:
        assert columns(some_run, table) == columns(all_run, table), table
        # who is known by an anonymous key, or how a lead was scored, matters to no one without touches or members
        assert table.startswith("k_") or not content(all_run, table), table
    all_run.close()
    some_run.close()


def content(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    return con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()


def test_nothing_at_all() -> None:
    """Every kernel at once, and every table made in place of one."""
    same(TABLES)


@pytest.mark.parametrize("empty", campaign([*FIRST, *(one for one in SETS if one not in FIRST)], len(FIRST)))
def test_where_only_these_are_empty(empty: str) -> None:
    same(empty.split())


def test_with_rows_in_every_table_every_kernel_has_something_to_say() -> None:
    """Else the tests above would compare nothing with nothing."""
    con, found = built((), None)
    silent = sorted(name for name, table in found.tables.items() if not content(con, table))
    assert silent == []
    con.close()


def test_a_canonical_table_named_there_exists() -> None:
    assert {name for reads in SETS for name in reads.split()} <= set(TABLES)


def test_facts_have_the_columns_of_teams_with_and_without_owners() -> None:
    """Without an owner, or in a fact without rows, they are added without looking anybody up."""
    (known, tables), (unknown, _), (nobody, _) = (built(empty, None) for empty in ((), ("owner", "owner_team"), TABLES))
    assert known.execute("SELECT count(*) FROM f_deal WHERE rep IS NOT NULL").fetchall() != [(0,)]
    assert unknown.execute("SELECT count(*) FROM f_deal WHERE rep IS NULL").fetchall() != [(0,)]
    for table in tables.tables.values():
        assert columns(unknown, table) == columns(nobody, table) == columns(known, table), table
    for con in (known, unknown, nobody):
        con.close()
