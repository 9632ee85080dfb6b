"""The sql connector against a real PostgreSQL: what changes, what goes, what a value becomes, what goes wrong."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from beside import load
from postgres import PASSWORD, Cluster

from revalign_sql import SqlConnector, register_connectors
from revalign_udf.connector import Connector, Mark, Message, Present, Rows, Tombstones, Whole
from revalign_udf.errors import Fatal, Retriable
from revalign_udf.testing import pulled

BESIDE = load(Path(__file__).with_name("sql_source.py"))
server, own, source, Source = BESIDE.server, BESIDE.own, BESIDE.source, BESIDE.Source
rows, ids, rejected, logged = BESIDE.rows, BESIDE.ids, BESIDE.rejected, BESIDE.logged
PRODUCTS, CHANGING = BESIDE.PRODUCTS, BESIDE.CHANGING
VENDOR = load(Path(__file__).with_name("vendor_sql.py"))
SqlVendor, SqliteVendor = VENDOR.SqlVendor, VENDOR.SqliteVendor

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def test_is_a_connector() -> None:
    (made,) = register_connectors()
    assert isinstance(made, Connector)
    assert made.spec.name == "sql"
    assert {item.name for item in made.spec.settings if item.kind == "secret"} == {"url", "password"}


# --- through the real sync engine and store ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SqlVendor, SqliteVendor])
def test_changes_deletes_and_custom_fields_reach_the_store(kind: Any) -> None:
    with kind() as vendor:
        keys = vendor.fill(5)
        first = pulled(vendor)
        assert first.ok, first.report.failures
        assert first.keys("sales_order") == set(keys)
        again = pulled(vendor)
        assert (again.report.counts.written, again.report.counts.deleted) == (0, 0)
        vendor.change(keys[0])
        vendor.remove(keys[1])
        name = vendor.custom(keys[2], "Größe 7")
        table, yen, amount = vendor.money()
        third = pulled(vendor)
        assert third.report.counts.written == 3
        assert third.report.counts.deleted == 1
        assert third.row("sales_order", keys[0])["amount"] == 2
        assert keys[1] not in third.keys("sales_order")
        assert json.loads(third.row("sales_order", keys[2])["attrs"]) == {name: "Größe 7"}
        assert str(third.row(table, yen)["amount"].normalize()) in {amount, "5E+3"}
        assert not third.strangers


def test_a_tombstone_column_marks_the_row_deleted_and_back() -> None:
    with SqlVendor() as vendor:
        keys = vendor.fill(2)
        pulled(vendor)
        vendor.run("UPDATE orders SET removed_at = now(), changed_at = %s WHERE id = %s", [vendor.next(), keys[0]])
        assert pulled(vendor).keys("sales_order") == {keys[1]}
        vendor.run("UPDATE orders SET removed_at = NULL, changed_at = %s WHERE id = %s", [vendor.next(), keys[0]])
        assert pulled(vendor).keys("sales_order") == set(keys)


def test_no_state_report_or_error_holds_the_password() -> None:
    with SqlVendor() as vendor:
        vendor.fill(2)
        good = pulled(vendor)
        vendor.revoke()
        bad = pulled(vendor)
        assert "GRANT SELECT" in bad.report.failures[0]
        shown = json.dumps([good.state, good.report.as_json(), bad.report.as_json()], default=str)
        assert all(secret not in shown for secret in vendor.secrets())


# --- what changed -----------------------------------------------------------------------------------------------------


def test_only_what_changed_is_read_again(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamptz)")
    own.execute("INSERT INTO product VALUES (1, 'a', '2026-03-01'), (2, 'b', '2026-03-02')")
    assert ids(source.read(CHANGING)) == ["1", "2"]
    own.execute("UPDATE product SET name = 'A', at = '2026-03-03' WHERE id = 1")
    # the row at the cursor itself comes again: another one may have got that very moment since
    assert ids(source.read(CHANGING)) == ["2", "1"]


def test_rows_of_one_moment_at_the_boundary_of_a_batch_are_all_read(own: psycopg.Connection[Any], source: Any) -> None:
    source.batch = 2
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamptz)")
    own.execute("INSERT INTO product SELECT n, 'x', '2026-03-01' FROM generate_series(1, 5) n")
    messages = source.read(CHANGING)
    assert ids(messages) == ["1", "2", "3", "4", "5"]
    assert [len(message) for message in messages if isinstance(message, Rows)] == [2, 2, 1]
    own.execute("INSERT INTO product VALUES (6, 'late', '2026-03-01')")
    assert "6" in ids(source.read(CHANGING))


def test_a_read_that_breaks_off_goes_on_and_forgets_neither_equal_moments_nor_rows_without_one(
    own: psycopg.Connection[Any], server: Cluster, source: Any
) -> None:
    source.batch = 2
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamptz)")
    own.execute("INSERT INTO product SELECT n, 'x', '2026-03-01' FROM generate_series(1, 5) n")
    own.execute("INSERT INTO product VALUES (9, 'x', NULL)")
    ctx = source.context([CHANGING])
    (stream,) = SqlConnector().discover(ctx)
    seen: list[Message] = []
    for message in SqlConnector(source.batch).read(ctx, stream, {}):
        seen.append(message)
        if isinstance(message, Mark):
            source.states[stream.name] = message.state
            break
    ctx.close()
    assert ids(seen) == ["1", "2"]
    rest = source.read(CHANGING)
    assert {*ids(seen), *ids(rest)} == {"1", "2", "3", "4", "5", "9"}
    assert "unfinished" not in source.states["product"]


def test_rows_without_a_cursor_are_read_at_first_and_said(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamptz)")
    own.execute("INSERT INTO product VALUES (1, 'a', NULL), (2, 'b', '2026-03-02'), (3, 'c', 'infinity')")
    first = source.read(CHANGING)
    assert sorted(ids(first)) == ["1", "2", "3"]
    assert "2 rows have no usable at" in logged(first)
    assert sorted(ids(source.read(CHANGING))) == ["2", "3"]


def test_a_transaction_that_commits_late_is_caught_by_the_lookback(
    own: psycopg.Connection[Any], server: Cluster, source: Any
) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamptz)")
    slow = psycopg.connect(host=str(server.folder), port=server.port, user="owner", dbname="books")
    with contextlib.closing(slow):
        slow.execute("INSERT INTO product VALUES (1, 'slow', %s)", [DAY])  # written first, not committed yet
        own.execute("INSERT INTO product VALUES (2, 'quick', %s)", [DAY + timedelta(minutes=5)])
        looking = {**CHANGING, "lookback": 600}
        assert ids(source.read(looking)) == ["2"]
        slow.commit()
    assert ids(source.read(looking)) == ["1", "2"]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("timestamp", "2026-03-01 10:00:00.123456", "2026-03-01 10:00:00.123457"),
        ("date", "2026-03-01", "2026-03-02"),
        ("bigint", "9000000000", "9000000001"),
        ("numeric", "1.5", "1.6"),
        ("text", "2026-03-01T10:00:00Z", "2026-03-01T10:00:01Z"),
    ],
)
def test_kinds_of_cursors(own: psycopg.Connection[Any], source: Any, kind: str, before: str, after: str) -> None:
    own.execute(f"CREATE TABLE product (id int PRIMARY KEY, name text, at {kind})")
    own.execute("INSERT INTO product VALUES (1, 'a', %s), (2, 'b', %s)", [before, before])
    source.read(CHANGING)
    own.execute("UPDATE product SET at = %s WHERE id = 1", [after])
    source.read(CHANGING)
    assert ids(source.read(CHANGING)) == ["1"]


def test_a_cursor_of_another_type_starts_over(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamp)")
    own.execute("INSERT INTO product VALUES (1, 'a', '2026-03-01'), (2, 'b', '2026-03-02')")
    source.read(CHANGING)
    own.execute("ALTER TABLE product ALTER at TYPE timestamptz")
    messages = source.read(CHANGING)
    assert {"1", "2"} <= set(ids(messages))
    assert "has another type than before" in logged(messages)
    assert ids(source.read(CHANGING)) == ["2"]


def test_a_cursor_that_is_no_point_in_time_or_number_is_said(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute(
        "CREATE TABLE product (id int PRIMARY KEY, name text, at bool); INSERT INTO product VALUES (1, 'a', true)"
    )
    with pytest.raises(Fatal, match="at holds 'True'") as caught:
        source.read(CHANGING)
    assert caught.value.code == "REV-503"


def test_lookback_of_times_kept_as_text(tmp_path: Path) -> None:
    from revalign_sql.connector import _earlier

    assert _earlier("2026-03-01 00:00:05Z", 10) == "2026-02-28 23:59:55"
    assert _earlier("2026-03-01T00:00:05.250", 5) == "2026-03-01T00:00:00"
    assert _earlier("2026-03-01", 1) == "2026-02-28"
    assert _earlier("v17", 10) == "v17"


def test_another_definition_is_read_from_the_start(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, line text, at timestamptz)")
    own.execute("INSERT INTO product VALUES (1, 'a', 'x', '2026-03-01'), (2, 'b', 'y', '2026-03-02')")
    source.read(CHANGING)
    messages = source.read({**CHANGING, "columns": {"product_line": "line"}})
    assert ids(messages) == ["1", "2"]
    assert "from the start" in logged(messages)


# --- what is gone -----------------------------------------------------------------------------------------------------


def test_a_full_read_says_that_it_was_everything(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, gone bool)")
    own.execute("INSERT INTO product VALUES (1, 'a', false), (2, 'b', true)")
    messages = source.read({**PRODUCTS, "tombstone": "gone"})
    assert ids(messages) == ["1"]
    assert [type(message) for message in messages][-2:] == [Whole, Mark]
    assert not any(isinstance(message, Tombstones) for message in messages)


def test_a_sweep_lists_the_keys_that_are_there_when_it_is_time(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamptz, gone bool)")
    own.execute("INSERT INTO product VALUES (1, 'a', '2026-03-01', false), (2, 'b', '2026-03-02', true)")
    entry = {**CHANGING, "mode": "sweep", "sweep_days": 7, "tombstone": "gone"}
    present = [message for message in source.read(entry) if isinstance(message, Present)]
    assert [(message.keys, message.last) for message in present] == [(["1"], False), ([], True)]
    source.clock += timedelta(days=6)
    assert not any(isinstance(message, Present) for message in source.read(entry))
    source.clock += timedelta(days=1)
    assert any(isinstance(message, Present) for message in source.read(entry))


def test_keys_of_tables_without_an_id_are_written_as_the_store_writes_them(
    own: psycopg.Connection[Any], source: Any
) -> None:
    own.execute("CREATE TABLE spend (campaign int, at timestamptz, amount numeric, kind text, day timestamptz)")
    # 03:00 in UTC is the evening before in New York, where the company is
    own.execute(
        "INSERT INTO spend VALUES (7, now(), 10, 'Media', '2026-03-02 03:00+00'), (8, now(), 1, NULL, '2026-03-02')"
    )
    entry = {
        "table": "campaign_cost", "from": "spend", "key": ["campaign", "day"], "cursor": "at", "mode": "sweep",
        "columns": {"campaign_id": "campaign", "date": "day"},
    }  # fmt: skip
    present = [key for m in source.read(entry) if isinstance(m, Present) for key in m.keys]
    assert present == ["7|2026-03-01|media", "8|2026-03-02|media"]


def test_the_store_agrees_about_those_keys(own: psycopg.Connection[Any], server: Cluster) -> None:
    class Spend(SqlVendor):  # type: ignore[misc, valid-type]
        def settings(self) -> dict[str, Any]:
            entry = {
                "table": "campaign_cost", "from": "spend", "key": ["campaign", "day"], "cursor": "at", "mode": "sweep",
                "sweep_days": 0, "columns": {"campaign_id": "campaign", "date": "day"},
            }  # fmt: skip
            return {"url": self.url, "tables": [entry]}

    with Spend() as vendor:
        vendor.run("CREATE TABLE spend (campaign int, at timestamptz, amount numeric, kind text, day timestamptz)")
        vendor.run(
            "INSERT INTO spend VALUES (7, now(), 10, 'Media', '2026-03-02 03:00+00'), (8, now(), 1, NULL, now())"
        )
        first = pulled(vendor, time_zone="America/New_York")
        assert "7|2026-03-01|media" in first.keys("campaign_cost")
        assert len(pulled(vendor).keys("campaign_cost")) == 2
        vendor.run("DELETE FROM spend WHERE campaign = 8")
        assert pulled(vendor).keys("campaign_cost") == {"7|2026-03-01|media"}


def test_a_table_taken_out_of_the_settings_takes_its_rows_along(server: Cluster, source: Any) -> None:
    ctx = source.context([PRODUCTS])
    stream = replace(SqlConnector().discover(ctx)[0], name="old")
    messages = list(SqlConnector().read(ctx, stream, {"table": "product", "entry": "x"}))
    assert Whole("product", "old") in messages
    assert messages[-1] == Mark({})
    assert list(SqlConnector().read(ctx, stream, {})) == []
    ctx.close()


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_missing_tables_and_columns_name_the_nearest(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, title text)")
    own.execute("CREATE SCHEMA billing; CREATE TABLE billing.ledger (id int)")
    for entry, code, wanted in (
        ({**PRODUCTS, "from": "produkt"}, "REV-501", "Did you mean product?"),
        ({**PRODUCTS, "from": "ledger"}, "REV-501", "Did you mean billing.ledger?"),
        ({**PRODUCTS, "columns": {"name": "titel"}}, "REV-502", "Did you mean title?"),
        ({**PRODUCTS, "key": "no"}, "REV-502", "Found: id, title"),
        (PRODUCTS, "REV-502", "lacks what product needs: name"),
        ({"table": "product", "query": "SELECT nope FROM product"}, "REV-502", "nope"),
        ({"table": "product", "query": "SELECT id FROM nope"}, "REV-501", "nope"),
    ):
        with pytest.raises(Fatal) as caught:
            source.read(entry)
        assert caught.value.code == code
        assert wanted in str(caught.value)


def test_a_connection_that_is_cut_midway_is_retriable_and_the_next_read_goes_on(
    own: psycopg.Connection[Any], source: Any
) -> None:
    source.batch = 100
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamptz)")
    own.execute("INSERT INTO product SELECT n, repeat('x', 500), timestamptz '2026-03-01' + n * interval '1 s'"
                " FROM generate_series(1, 5000) n")  # fmt: skip
    ctx = source.context([CHANGING])
    (stream,) = SqlConnector().discover(ctx)
    seen: list[Message] = []
    with pytest.raises(Retriable) as caught:
        for message in SqlConnector(source.batch).read(ctx, stream, {}):
            seen.append(message)
            if isinstance(message, Mark) and len(seen) < 10:
                source.states[stream.name] = message.state
                own.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
    ctx.close()
    assert caught.value.code == "REV-505"
    assert 0 < len(ids(seen)) < 5000
    assert {*ids(seen), *ids(source.read(CHANGING))} == {str(number) for number in range(1, 5001)}


def test_a_statement_out_of_time_is_retriable(own: psycopg.Connection[Any], source: Any) -> None:
    source.settings["statement_timeout"] = 1
    with pytest.raises(Retriable, match="took longer than 1 seconds"):
        source.read({"table": "product", "query": "SELECT 1 AS id, 'a' AS name FROM pg_sleep(5)"})


def test_a_pull_that_is_stopped_ends_at_the_next_batch(own: psycopg.Connection[Any], source: Any) -> None:
    source.batch = 1
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text); INSERT INTO product VALUES (1, 'a'), (2, 'b')")
    ctx = source.context([PRODUCTS])
    seen: list[Message] = []
    ctx.cancelled = lambda: bool(seen)
    with pytest.raises(Retriable, match="stopped"):
        for message in SqlConnector(source.batch).read(ctx, SqlConnector().discover(ctx)[0], {}):
            seen += [message]
    ctx.close()


def test_check_says_what_it_found(own: psycopg.Connection[Any], source: Any) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text)")
    ctx = source.context([PRODUCTS])
    good = SqlConnector().check(ctx)
    ctx.close()
    assert good.ok
    assert "product -> product" in good.message
    assert "postgresql 15" in good.message or "postgresql" in good.message
    ctx = source.context([{**PRODUCTS, "from": "produkt"}])
    bad = SqlConnector().check(ctx)
    ctx.close()
    assert not bad.ok
    assert "Did you mean product?" in bad.message


def test_the_parts_of_an_address_may_hold_any_sign(server: Cluster, own: psycopg.Connection[Any]) -> None:
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text); INSERT INTO product VALUES (1, 'a')")
    parts = {
        "dialect": "postgresql", "host": "127.0.0.1", "port": server.port, "database": "books", "user": "reader",
        "password": PASSWORD, "options": {"sslmode": "prefer"},
    }  # fmt: skip
    made = Source(server)
    made.settings = parts
    assert ids(made.read(PRODUCTS)) == ["1"]


def test_memory_is_that_of_a_batch_not_of_the_table(own: psycopg.Connection[Any], source: Any) -> None:
    source.batch = 500
    own.execute("CREATE TABLE product (id int PRIMARY KEY, name text, at timestamptz)")
    own.execute("INSERT INTO product SELECT n, repeat('x', 2000), timestamptz '2026-03-01' + n * interval '1 s'"
                " FROM generate_series(1, 10000) n")  # fmt: skip
    ctx = source.context([CHANGING])
    (stream,) = SqlConnector().discover(ctx)
    count = 0
    tracemalloc.start()
    for message in SqlConnector(source.batch).read(ctx, stream, {}):
        count += len(message) if isinstance(message, Rows) else 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    ctx.close()
    assert count == 10_000
    assert peak < 8_000_000  # the names alone are 20 MB
