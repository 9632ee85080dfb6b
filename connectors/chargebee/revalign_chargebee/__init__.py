"""Revalign connector chargebee: customers, catalogue, subscriptions with their history, invoices and payments."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_chargebee.connector import ChargebeeConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["ChargebeeConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [ChargebeeConnector()]
