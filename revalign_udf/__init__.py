"""Revalign: one calculation core for marketing, sales, customer success and finance.

Importing this package imports nothing heavy: pandas, duckdb and pyarrow come when a function needs them.
"""

from __future__ import annotations

from typing import Any

__all__ = ["__version__", "open"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "open":
        from revalign_udf.notebook import open_project

        return open_project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
