"""A database called ``books`` on a real PostgreSQL, and the connector reading it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from beside import load
from postgres import Cluster, cluster

from revalign_sql import SqlConnector
from revalign_udf.connector import Context, Log, Mark, Message, Rejected, Rows

VENDOR = load(Path(__file__).with_name("vendor_sql.py"))
SqlVendor, SqliteVendor = VENDOR.SqlVendor, VENDOR.SqliteVendor


@pytest.fixture(scope="module")
def server() -> Cluster:
    return cluster()


@pytest.fixture
def own(server: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """The owner of an empty database called ``books``."""
    if not server.run("SELECT 1 FROM pg_database WHERE datname = 'books'"):
        server.database("books")
    made = psycopg.connect(host=str(server.folder), port=server.port, user="owner", dbname="books", autocommit=True)
    with contextlib.closing(made):
        made.execute(
            'DROP SCHEMA IF EXISTS public, billing, "Odd.Place" CASCADE; CREATE SCHEMA public;'
            " GRANT USAGE ON SCHEMA public TO reader"
        )
        yield made


class Source:
    """A connection to ``books``, read as often as wanted."""

    def __init__(self, server: Cluster, **settings: Any) -> None:
        self.settings: dict[str, Any] = {"url": server.url("books"), **settings}
        self.clock = datetime(2026, 6, 1, tzinfo=UTC)
        self.states: dict[str, Mapping[str, Any]] = {}
        self.batch = 20_000

    def context(self, tables: Sequence[Mapping[str, Any]]) -> Context:
        return Context(
            "books", {**self.settings, "tables": list(tables)}, "USD", "America/New_York", clock=lambda: self.clock
        )

    def read(self, *tables: Mapping[str, Any], name: str = "") -> list[Message]:
        ctx = self.context(tables)
        found: list[Message] = []
        try:
            for stream in SqlConnector().discover(ctx):
                for message in SqlConnector(self.batch).read(ctx, stream, self.states.get(stream.name, {})):
                    found.append(message)
                    if isinstance(message, Mark):
                        self.states[stream.name] = json.loads(json.dumps(message.state))
        finally:
            ctx.close()
        return found


@pytest.fixture
def source(server: Cluster) -> Source:
    return Source(server)


def rows(messages: Sequence[Message]) -> list[dict[str, Any]]:
    found = []
    for message in messages:
        if isinstance(message, Rows):
            names = list(message.columns)
            found += [dict(zip(names, row, strict=True)) for row in zip(*message.columns.values(), strict=True)]
    return found


def ids(messages: Sequence[Message]) -> list[str]:
    return [row["id"] for row in rows(messages)]


def rejected(messages: Sequence[Message]) -> list[Rejected]:
    return [message for message in messages if isinstance(message, Rejected)]


def logged(messages: Sequence[Message]) -> str:
    return "\n".join(message.text for message in messages if isinstance(message, Log))


PRODUCTS = {"table": "product", "from": "product", "key": "id"}
CHANGING = {"table": "product", "from": "product", "key": "id", "cursor": "at", "lookback": 0}
