"""Builds the .xlsx of a report: live formulas with cached values, native charts, notes, print set-up."""

from __future__ import annotations

from revalign_udf.workbook.build import build
from revalign_udf.workbook.formulas import Route

__all__ = ["Route", "build"]
