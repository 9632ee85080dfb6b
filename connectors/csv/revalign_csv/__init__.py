"""Revalign connector csv: one delimited text file, or a folder of them."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_csv.connector import CsvConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import hookimpl

__all__ = ["CsvConnector", "register_connectors"]


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [CsvConnector()]
