"""The models of customer lifetime value as a table."""

from __future__ import annotations

from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric

__all__ = ["TABLES"]


def _clv_model(ask: Ask) -> Table:
    """Every parameter and diagnostic; where a fit was refused, its code and why in ``text``."""
    found = ask.rows("clv_model", "f.model, f.name, f.value, f.text", shape="to_date")
    rows = [(model, name, None if value is None else float(value), text) for model, name, value, text in found]
    return Table(("model", "name", "value", "text"), tuple(rows), ("text", "text", "number", "text"))


TABLES = {"clv_model": TableMetric(("clv_diagnostics",), _clv_model)}
