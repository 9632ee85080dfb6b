"""Revalign connector stripe: customers, products, subscriptions with their dated prices, invoices, payments."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_stripe.connector import StripeConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["StripeConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [StripeConnector()]
