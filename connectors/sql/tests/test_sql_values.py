"""The sql connector against a real PostgreSQL: what a value becomes, queries, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from beside import load

from revalign_sql import SqlConnector
from revalign_udf.connector import Context
from revalign_udf.errors import ConfigError, Fatal, RevalignError

BESIDE = load(Path(__file__).with_name("sql_source.py"))
server, own, source, Source = BESIDE.server, BESIDE.own, BESIDE.source, BESIDE.Source
rows, ids, rejected, logged = BESIDE.rows, BESIDE.ids, BESIDE.rejected, BESIDE.logged
PRODUCTS, CHANGING = BESIDE.PRODUCTS, BESIDE.CHANGING


# --- values -----------------------------------------------------------------------------------------------------------


def test_values_are_exact(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute(
        "CREATE TABLE orders (no uuid PRIMARY KEY, customer int, placed timestamp, total numeric(30, 10), rate real,"
        " data jsonb, tags text[], seen timestamptz, day date, half double precision)"
    )
    number = "11111111-1111-1111-1111-111111111111"
    own.execute(
        "INSERT INTO orders VALUES (%s, 5, '2026-03-08 01:30', 12345678901234567890.1, 0.1, %s, %s,"
        " '2026-03-01 00:00+02', '2026-02-28', 1e-7)",
        [number, '{"a": 1.10}', ["x", "y"]],
    )
    entry = {
        "table": "sales_order", "from": "orders", "key": "no", "time_zone": "Europe/Berlin",
        "columns": {"org_id": "customer", "ordered_at": "placed", "amount": "total", "updated_at": "seen"},
        "constants": {"kind": "new"}, "attrs": ["rate", "data", "tags", "day", "half"],
    }  # fmt: skip
    assert rows(source.read(entry)) == [
        {
            "kind": "new",
            "id": number,
            "org_id": "5",
            "amount": "12345678901234567890.1000000000",
            "ordered_at": "2026-03-08T01:30:00+01:00",  # a plain timestamp is in the table's own zone
            "updated_at": "2026-02-28T22:00:00+00:00",
            "attrs": '{"rate":0.1,"data":{"a": 1.10},"tags":["x","y"],"day":"2026-02-28","half":0.0000001}',
        }
    ]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("amount", "'NaN'::numeric", "is no finite number"),
        ("amount", "'-Infinity'::double precision", "is no finite number"),
        ("ordered_at", "'infinity'::timestamptz", "is a date outside the years 1 to 9999"),
        ("ordered_at", "'0044-03-15 BC'::date", "is a date outside the years 1 to 9999"),
        ("kind", "'\\x00ff'::bytea", "is binary data"),
        ("quantity", "interval '2 days'", "is a span of time"),
        ("attrs", "'NaN'::numeric", "is no finite number"),
    ],
)
def test_values_nobody_can_count_with_are_refused_with_the_reason(
    own: psycopg.Connection[Any], source: Any, column: str, value: str, reason: str
) -> None:
    given = {"org_id": "c1", "ordered_at": "2026-03-01", "amount": "1", "quantity": "2"}
    entry = {
        "table": "sales_order", "query": f"SELECT 17 AS id, {value} AS odd UNION ALL SELECT 18, NULL", "key": "id",
        "columns": {} if column == "attrs" else {column: "odd"}, "attrs": ["odd"] if column == "attrs" else [],
        "constants": {name: text for name, text in given.items() if name != column},
    }  # fmt: skip
    messages = source.read(entry)
    (reject,) = rejected(messages)
    assert (reject.column, reject.code, reject.file) == (column, "REV-503", "sales_order")
    assert reason in reject.reason
    assert "(row 17)" in reject.reason
    assert ids(messages) == ["18"]


def test_amounts_in_minor_units_and_epoch_times(own: psycopg.Connection[Any], source: Any) -> None:
    query = "SELECT 1 AS id, 'c' AS org_id, 1767225600 AS ordered_at, 1999 AS amount, 'EUR' AS currency"
    more = " UNION ALL SELECT 2, 'c', 1767225600, 500, 'JPY' UNION ALL SELECT 3, 'c', 1767225600, 12345, NULL"
    entry = {
        "table": "sales_order", "query": query + more, "key": "id", "minor_units": ["amount"], "epoch": ["ordered_at"],
    }  # fmt: skip
    found = rows(source.read(entry))
    assert [row["amount"] for row in found] == ["19.99", "500", "123.45"]
    assert found[0]["ordered_at"] == "2026-01-01T00:00:00+00:00"


def test_ids_of_several_columns_and_names_that_need_quotes(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute('CREATE SCHEMA "Odd.Place"; CREATE TABLE "Odd.Place"."order" ("select" int, "No %" int, "Na:me" text)')
    own.execute("""INSERT INTO "Odd.Place"."order" VALUES (1, 2, 'it''s 100% : yes')""")
    own.execute('GRANT USAGE ON SCHEMA "Odd.Place" TO reader; GRANT SELECT ON "Odd.Place"."order" TO reader')
    entry = {
        "table": "product", "from": '"Odd.Place"."order"', "key": ["select", "No %"], "columns": {"name": "Na:me"},
    }  # fmt: skip
    assert rows(source.read(entry)) == [{"id": "1:2", "name": "it's 100% : yes"}]


def test_columns_nobody_asked_for_stay_in_the_database(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, password_hash text)")
    own.execute("REVOKE SELECT ON product FROM reader; GRANT SELECT (id, name) ON product TO reader")
    own.execute("INSERT INTO product VALUES (1, 'a', 'x')")
    messages = source.read(PRODUCTS)
    assert rows(messages) == [{"id": "1", "name": "a"}]
    assert "columns not read: password_hash" in logged(messages)


# --- queries ----------------------------------------------------------------------------------------------------------


def test_a_query_with_colons_percents_and_comments(own: psycopg.Connection[Any], source: Any) -> None:
    query = "WITH p AS (SELECT 1 AS id) -- one; only\nSELECT id, '50% :off; --x' AS name, '2026-03-01'::date AS d FROM p; -- end"
    assert rows(source.read({"table": "product", "query": query}))[0]["name"] == "50% :off; --x"


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM product",
        "SELECT 1 AS id; DELETE FROM product",
        "WITH gone AS (DELETE FROM product RETURNING *) SELECT * FROM gone",
        "SELECT id, name FROM wipe()",
    ],
)
def test_a_query_that_would_write_is_refused_and_nothing_happens(
    own: psycopg.Connection[Any], source: Any, query: str
) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text); INSERT INTO product VALUES (1, 'a')")
    own.execute("GRANT ALL ON product TO reader")
    own.execute(
        "CREATE FUNCTION wipe() RETURNS SETOF product LANGUAGE sql VOLATILE AS 'DELETE FROM product RETURNING *'"
    )
    with pytest.raises(RevalignError) as caught:
        source.read({"table": "product", "query": query})
    assert caught.value.code in {"REV-305", "REV-506"}
    assert own.execute("SELECT count(*) FROM product").fetchone() == (1,)


def test_two_columns_of_one_name_in_a_query_are_refused(own: psycopg.Connection[Any], source: Any) -> None:
    with pytest.raises(Fatal, match="columns of one name: id"):
        source.read({"table": "product", "query": "SELECT 1 AS id, 2 AS id, 'a' AS name"})


# --- settings ---


@pytest.mark.parametrize(
    ("change", "code", "wanted"),
    [
        ({"tabel": "x"}, "REV-302", "Did you mean table?"),
        ({"table": "produkt"}, "REV-302", "Did you mean product?"),
        ({"columns": {"nam": "x"}}, "REV-302", "Did you mean name?"),
        ({"columns": {"name": 5}}, "REV-305", "names a column"),
        ({"columns": {"name": "x"}, "constants": {"name": "y"}}, "REV-302", "both in columns"),
        ({"query": "SELECT 1"}, "REV-305", "one of from and query"),
        ({"mode": "ful"}, "REV-302", "Did you mean full?"),
        ({"mode": "incremental"}, "REV-305", "needs a cursor and a key"),
        ({"cursor": "at", "lookback": -1}, "REV-305", "not negative"),
        ({"time_zone": "Berlin"}, "REV-305", "no time zone"),
        ({"minor_units": ["name"]}, "REV-302", "money columns"),
        ({"minor_units": [1]}, "REV-302", "money columns"),
        ({"key": [1]}, "REV-305", "lists names"),
        ({"from": 5}, "REV-305", "cannot be 5"),
    ],
)
def test_settings_that_cannot_be_meant(change: dict[str, Any], code: str, wanted: str) -> None:
    ctx = Context("books", {"url": "sqlite:///x.db", "tables": [{**PRODUCTS, **change}]})
    with pytest.raises(ConfigError) as caught:
        SqlConnector().discover(ctx)
    assert caught.value.code == code
    assert wanted in str(caught.value)


def test_settings_of_the_connection_that_cannot_be_meant() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"tables": []}, "nothing says what to read"),
        ({"tables": [PRODUCTS, PRODUCTS]}, "two entries called product"),
        ({"tables": [{**CHANGING, "mode": "sweep"}, {**PRODUCTS, "name": "b"}]}, "would take away the rows"),
    ]
    for settings, wanted in wrong:
        with pytest.raises(ConfigError, match=wanted):
            SqlConnector().discover(Context("books", settings))
    wrong = [
        ({"tables": [PRODUCTS]}, "does not say which database"),
        ({"tables": [PRODUCTS], "url": "sqlite:///x.db", "host": "h"}, "keep one form"),
    ]
    for settings, wanted in wrong:
        check = SqlConnector().check(Context("books", settings))
        assert not check.ok
        assert wanted in check.message
