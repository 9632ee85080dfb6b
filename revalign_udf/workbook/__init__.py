"""Builds the .xlsx of a report: live formulas with cached values, native charts, notes, print set-up."""

from __future__ import annotations

from revalign_udf.workbook.build import Built, Progress, Tabs, build, write
from revalign_udf.workbook.formulas import Route

__all__ = ["Built", "Progress", "Route", "Tabs", "build", "write"]
