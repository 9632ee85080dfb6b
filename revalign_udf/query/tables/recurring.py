"""Recurring revenue as tables."""

from __future__ import annotations

from revalign_udf.metrics import METRICS
from revalign_udf.money import to_double
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric

__all__ = ["TABLES"]

_MOVEMENTS = (
    "opening_mrr", "new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr", "entering_mrr",
    "leaving_mrr", "mrr",
)  # fmt: skip


def _movements(ask: Ask) -> Table:
    values = {name: ask.value(name) for name in _MOVEMENTS}
    closing = values.pop("mrr")
    values |= {"fx_impact_mrr": closing - sum(values.values()), "mrr": closing}
    order = (*_MOVEMENTS[:6], "fx_impact_mrr", *_MOVEMENTS[6:])
    rows = [(name, METRICS[name].label, to_double(values[name])) for name in order]
    return Table(("movement", "label", "value"), tuple(rows), ("text", "text", "money"))


TABLES = {"mrr_movements": TableMetric(_MOVEMENTS, _movements)}
