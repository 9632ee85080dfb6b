"""Databases opened for reading: addresses, read-only transactions, and errors that never hold a password."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres import PASSWORD, Cluster, cluster

from revalign_udf.connector import Context
from revalign_udf.connector.database import Database, Relation, Unusable
from revalign_udf.errors import ConfigError, Fatal, Retriable, RevalignError


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    made = cluster()
    made.database("looked_at")
    made.run(
        """CREATE TABLE "Order" (id int PRIMARY KEY, day date, at timestamptz, data json);
        INSERT INTO "Order" VALUES (1, '2026-03-01', '2026-03-01 12:00+02', '{"a": 1.10}'), (2, 'infinity', '-infinity', NULL);
        CREATE VIEW shown AS SELECT id FROM "Order"; CREATE TABLE hidden (id int); REVOKE ALL ON hidden FROM reader""",
        "looked_at",
    )
    yield made
    made.run("DROP DATABASE looked_at WITH (FORCE)")


@contextlib.contextmanager
def opened(url: str, **settings: Any) -> Iterator[Database]:
    database = Database(Context("books", settings), url)
    try:
        yield database
    finally:
        database.close()


def everything(database: Database, relation: Relation, **options: Any) -> list[tuple[Any, ...]]:
    columns = database.columns(relation)
    return [tuple(row) for rows in database.batches(relation, columns, **options) for row in rows]


def test_rows_come_in_order_in_batches_with_what_our_calendar_lacks_as_it_is(server: Cluster) -> None:
    with opened(server.url("looked_at")) as database:
        assert (database.kind, database.where) == ("postgresql", f"looked_at on 127.0.0.1:{server.port}")
        assert database.version().startswith("postgresql 1")
        (batch_1, batch_2) = database.batches(Relation("Order"), ["id", "day", "at", "data"], order=["id"], size=1)
        assert [str(value) for value in batch_1[0]] == ["1", "2026-03-01", "2026-03-01 10:00:00+00:00", '{"a": 1.10}']
        assert tuple(batch_2[0]) == (2, Unusable("infinity"), Unusable("-infinity"), None)
        assert database.columns(Relation("shown")) == ["id"]


def test_names_with_dots_and_quotes() -> None:
    assert Relation("orders").parts == (None, "orders")
    assert Relation("sales.orders").parts == ("sales", "orders")
    assert Relation("base.dbo.orders").parts == ("base.dbo", "orders")
    assert Relation('"sales.eu"."My ""Orders"""').parts == ("sales.eu", 'My "Orders"')


def test_one_read_sees_one_moment(server: Cluster) -> None:
    made = psycopg.connect(host=str(server.folder), port=server.port, user="owner", dbname="looked_at", autocommit=True)
    with contextlib.closing(made), opened(server.url("looked_at")) as database:
        made.execute("CREATE TABLE moving AS SELECT n AS id, 0 AS v FROM generate_series(1, 4) n")
        batches = database.batches(Relation("moving"), ["id", "v"], order=["id"], size=2)
        first = list(next(batches))
        made.execute("UPDATE moving SET v = 1")
        second = list(next(batches))
        batches.close()
        assert [row[1] for row in [*first, *second]] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("user", "password", "database", "code", "wanted"),
    [
        ("reader", "not-the-password", "looked_at", "REV-506", "Check the user, and the password"),
        ("stranger", PASSWORD, "looked_at", "REV-506", "Check the user"),
        ("reader", PASSWORD, "nowhere", "REV-501", "Correct the name of the database"),
    ],
)
def test_who_is_refused_learns_why_without_the_password(
    server: Cluster, user: str, password: str, database: str, code: str, wanted: str
) -> None:
    with opened(server.url(database, user, password)) as made, pytest.raises(Fatal) as caught:
        made.version()
    assert caught.value.code == code
    assert wanted in str(caught.value)
    whole = "".join(traceback.format_exception(caught.value))
    assert password not in whole
    assert password.replace("/", "%2F").replace(":", "%3A").replace("@", "%40") not in whole


def test_a_host_nobody_knows_is_fatal_and_a_server_that_is_down_is_not() -> None:
    with (
        opened("postgresql://u:hunter22@no-such-host.invalid/x") as made,
        pytest.raises(Fatal, match="Correct the host's name") as caught,
    ):
        made.version()
    assert caught.value.code == "REV-501"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with opened(f"postgresql://u:hunter22@127.0.0.1:{port}/x") as made, pytest.raises(Retriable) as down:
        made.version()
    assert down.value.code == "REV-505"
    assert "hunter22" not in f"{caught.value}{down.value}"


def test_what_may_not_be_read_says_what_to_grant(server: Cluster) -> None:
    with opened(server.url("looked_at")) as made, pytest.raises(Fatal, match="GRANT SELECT") as caught:
        list(made.batches(Relation("hidden"), ["id"]))
    assert caught.value.code == "REV-506"


def test_nothing_is_written_even_by_a_function(server: Cluster) -> None:
    server.run(
        "CREATE TABLE counter (n int); INSERT INTO counter VALUES (0); GRANT ALL ON counter TO reader;"
        "CREATE FUNCTION bump() RETURNS int LANGUAGE sql VOLATILE AS 'UPDATE counter SET n = n + 1 RETURNING n'",
        "looked_at",
    )
    with opened(server.url("looked_at")) as made, pytest.raises(Fatal, match="Only reading is allowed"):
        list(made.batches(Relation(query="SELECT bump() AS n"), ["n"]))
    assert server.run("SELECT n FROM counter", "looked_at") == "0"


@pytest.mark.parametrize(
    "url", ["::::", "nonsense", "postgresql://u:hunter22@host:port/x", "klingon://u:hunter22@h/x", "sqlite://"]
)
def test_an_address_that_cannot_be_read_is_not_quoted(url: str) -> None:
    with pytest.raises(ConfigError) as caught, opened(url):
        pass
    assert caught.value.code == "REV-305"
    assert "hunter22" not in "".join(traceback.format_exception(caught.value))


def test_a_missing_driver_and_a_missing_package_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    with pytest.raises(Fatal, match="pip install 'pyodbc'") as caught, opened("mssql+pyodbc://u:hunter22@h/x"):
        pass
    assert caught.value.code == "REV-601"
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(Fatal, match="pip install revalign-sql"), opened("sqlite:///x.db"):
        pass


# --- SQLite -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "books of 100%?#.db"
    with contextlib.closing(sqlite3.connect(path)) as made:
        made.executescript(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, at TEXT); INSERT INTO orders VALUES (1, NULL), (2, 'b')"
        )
    return path


def lite(file: Path, *, name: str = "") -> Database:
    import sqlalchemy

    url = sqlalchemy.URL.create("sqlite", database=name or file.name)
    return Database(Context("books", {}, project=file.parent), url.render_as_string())


def test_sqlite_is_found_from_the_project_and_opened_for_reading_only(file: Path) -> None:
    with contextlib.closing(lite(file)) as database:
        assert everything(database, Relation("orders"), order=["id"]) == [(1, None), (2, "b")]
        assert database.where == file.name
    with contextlib.closing(lite(file)) as database, pytest.raises(RevalignError):
        list(database.batches(Relation(query="SELECT load_extension('x') AS n"), ["n"]))


def test_rows_from_a_value_on_and_those_without_one(file: Path) -> None:
    with contextlib.closing(lite(file)) as database:
        assert everything(database, Relation("orders"), at_least=("at", "b")) == [(2, "b")]
        assert everything(database, Relation("orders"), at_least=("at", "c"), or_blank=True) == [(1, None)]


def test_a_missing_or_foreign_file_is_said(file: Path) -> None:
    with pytest.raises(Fatal, match="There is no database file") as caught:
        lite(file, name="gone.db")
    assert caught.value.code == "REV-501"
    other = file.with_name("text.db")
    other.write_text("this is no database at all, only text that goes on for a while" * 20)
    with contextlib.closing(lite(other)) as database, pytest.raises(Fatal, match="no SQLite database"):
        database.columns(Relation("orders"))


def test_a_locked_file_is_retriable(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        made = Database(Context("books", {"statement_timeout": 0.1}), f"sqlite:///{file}".replace("?", "%3F"))
        with contextlib.closing(made), pytest.raises(Retriable):
            list(made.batches(Relation("orders"), ["id"]))
