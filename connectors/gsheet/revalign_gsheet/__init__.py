"""Revalign connector gsheet: tabs of a Google Sheet."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_gsheet.connector import GoogleSheetConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["GoogleSheetConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [GoogleSheetConnector()]
