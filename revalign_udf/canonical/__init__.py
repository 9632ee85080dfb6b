"""The canonical model: plain declarations of the tables connectors fill and metrics read."""

from revalign_udf.canonical.model import COMMON, Column, Kind, Table
from revalign_udf.canonical.tables import TABLES

__all__ = ["COMMON", "TABLES", "Column", "Kind", "Table"]
