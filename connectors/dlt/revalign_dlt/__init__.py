"""Revalign connector dlt: the resources of any dlt source."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_dlt.connector import DltConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["DltConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [DltConnector()]
