"""Revalign connector quickbooks: customers, invoices, payments, credits, and what the company spends."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_quickbooks.connector import QuickbooksConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["QuickbooksConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [QuickbooksConnector()]
