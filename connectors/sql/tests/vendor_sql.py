"""A company's billing database in a real PostgreSQL, and the same in SQLite."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from postgres import PASSWORD, Cluster, cluster

from revalign_sql import SqlConnector
from revalign_udf.connector import Connector
from revalign_udf.testing import Vendor, without_http

START = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = {
    "table": "sales_order",
    "from": "orders",
    "key": "id",
    "cursor": "changed_at",
    "tombstone": "removed_at",
    "columns": {"ordered_at": "placed_at", "amount": "total", "org_id": "customer"},
    "attrs": ["note"],
    "mode": "sweep",
    "sweep_days": 0,
    "lookback": 5,
}
TABLE = """CREATE TABLE orders (id {text} PRIMARY KEY, customer {text}, placed_at {instant}, total {number}, currency {text},
    note {text}, changed_at {instant}, removed_at {instant})"""


class SqlVendor(Vendor):
    """Orders in PostgreSQL. What is changed here is changed by SQL, as the company's own software would."""

    connector: ClassVar[Connector] = SqlConnector(batch=20)
    page_size = 20
    main = "orders"
    table = "sales_order"
    now = datetime(2026, 6, 1, tzinfo=UTC)
    skips: ClassVar = without_http(
        "reads a database, not an API",
        test_merged_is_linked="a table of a database knows no merges",
        test_an_unknown_stage_is_kept_and_reported="the tables of the test have no stages: a database has those it is given",
        test_more_than_the_search_gives="a SELECT has no limit of its own",
        test_nights_with_23_or_25_hours="rows come in bulk; test_sql has instants of every kind",
        test_a_stopped_pull_ends_soon="the rule counts calls over HTTP; test_sql stops a pull between batches",
    )

    def __init__(self) -> None:
        super().__init__()
        self.open()
        self.run(TABLE.format(text="text", instant="timestamptz", number="numeric"))
        self.count = 0
        self.latest = START

    def open(self) -> None:
        self.cluster: Cluster = cluster()
        self.url = self.cluster.database("orders")
        self.ports = (self.cluster.port,)  # type: ignore[misc]
        self.owner = psycopg.connect(
            host=str(self.cluster.folder), port=self.cluster.port, user="owner", dbname="orders", autocommit=True
        )

    def close(self) -> None:
        self.owner.close()
        super().close()

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        self.owner.execute(sql, values or None)

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "tables": [ORDERS]}

    def secrets(self) -> Sequence[str]:
        return [PASSWORD, self.url]

    def add(self, moment: datetime, **more: Any) -> str:
        self.count += 1
        row = {"customer": "c1", "placed_at": START, "total": self.count, "currency": "EUR", **more}
        key = f"o{self.count:07}"
        names = ", ".join(row)
        marks = ", ".join(["%s"] * (len(row) + 2))
        self.run(f"INSERT INTO orders (id, changed_at, {names}) VALUES ({marks})", [key, moment, *row.values()])
        return key

    def next(self) -> datetime:
        self.latest += timedelta(seconds=1)
        return self.latest

    def fill(self, count: int) -> list[str]:
        first = self.count + 1
        keys = [f"o{number:07}" for number in range(first, first + count)]
        self.run(
            "INSERT INTO orders SELECT 'o' || lpad(n::text, 7, '0'), 'c' || mod(n, 7), %s::timestamptz, n, 'EUR', NULL,"
            " %s::timestamptz + (n - %s) * interval '1 second', NULL FROM generate_series(%s::int, %s::int) n",
            [START, self.latest + timedelta(seconds=1), first, first, first + count - 1],
        )
        self.count += count
        self.latest += timedelta(seconds=count)
        return keys

    def change(self, key: str) -> None:
        self.run("UPDATE orders SET total = total + 1, changed_at = %s WHERE id = %s", [self.next(), key])

    def same_second(self, count: int) -> list[str]:
        if not hasattr(self, "_second"):
            self._second = self.next()
        return [self.add(self._second) for _ in range(count)]

    def remove(self, key: str) -> None:
        self.run("DELETE FROM orders WHERE id = %s", [key])

    def custom(self, key: str, value: str) -> str:
        self.run("UPDATE orders SET note = %s, changed_at = %s WHERE id = %s", [value, self.next(), key])
        return "note"

    def money(self) -> tuple[str, str, str]:
        return "sales_order", self.add(self.next(), total=5000, currency="JPY"), "5000"

    def revoke(self) -> None:
        self.run("REVOKE ALL ON orders FROM reader")


class SqliteVendor(SqlVendor):
    """The same in SQLite, which keeps times as text."""

    skips: ClassVar = {
        **SqlVendor.skips,
        "test_states_of_every_release_load": "the kept states are PostgreSQL's, with instants where SQLite has text",
    }

    def open(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="revalign-sqlite-")
        self.file = Path(self._folder.name) / "orders.db"
        self.lite = sqlite3.connect(self.file, isolation_level=None)

    def close(self) -> None:
        self.lite.close()
        self._folder.cleanup()
        Vendor.close(self)

    def settings(self) -> dict[str, Any]:
        return {"dialect": "sqlite", "database": str(self.file), "tables": [ORDERS]}

    def secrets(self) -> Sequence[str]:
        return ()

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        plain = [value.strftime("%Y-%m-%d %H:%M:%SZ") if isinstance(value, datetime) else value for value in values]
        self.lite.execute(sql.replace("%s", "?"), plain)

    def fill(self, count: int) -> list[str]:
        with contextlib.closing(self.lite.cursor()) as cursor:
            cursor.execute("BEGIN")
            keys = [self.add(self.next()) for _ in range(count)]
            cursor.execute("COMMIT")
        return keys
