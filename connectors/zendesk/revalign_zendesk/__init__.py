"""Revalign connector zendesk: tickets, organizations, people and satisfaction ratings."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl
from revalign_zendesk.connector import ZendeskConnector

__all__ = ["ZendeskConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [ZendeskConnector()]
