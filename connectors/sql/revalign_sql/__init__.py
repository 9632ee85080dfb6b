"""Revalign connector sql: tables, views and queries of any SQL database."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_sql.connector import SqlConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["SqlConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [SqlConnector()]
