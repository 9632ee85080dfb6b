"""Revalign connector singer: any Singer tap."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_singer.connector import SingerConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["SingerConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [SingerConnector()]
