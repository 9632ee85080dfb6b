"""Revalign connector sample: a made-up software company, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_sample.connector import SampleConnector
from revalign_sample.tables import write_csv
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["SampleConnector", "register_connectors", "write_csv"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [SampleConnector()]
