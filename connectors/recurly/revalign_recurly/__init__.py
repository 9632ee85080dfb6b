"""Revalign connector recurly: accounts, plans, subscriptions, invoices, transactions."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_recurly.connector import RecurlyConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["RecurlyConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [RecurlyConnector()]
