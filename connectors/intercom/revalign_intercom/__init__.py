"""Revalign connector intercom: support conversations and companies."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_intercom.connector import IntercomConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["IntercomConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [IntercomConnector()]
