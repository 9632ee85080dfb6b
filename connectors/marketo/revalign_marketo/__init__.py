"""Revalign connector marketo: leads, their stages and scores, touches, programmes and what they cost."""

from __future__ import annotations

from collections.abc import Sequence

from revalign_marketo.connector import MarketoConnector
from revalign_udf.connector import Connector
from revalign_udf.hookspecs import StageDefault, hookimpl

__all__ = ["MarketoConnector", "register_connectors", "register_stage_defaults"]

#: what lead statuses that say it by their name mean; every other one is a company's own and is reported
_STAGES = {
    "Lead": "lead", "MQL": "mql", "Marketing Qualified": "mql", "SAL": "sal", "Sales Accepted": "sal", "SQL": "sql",
    "Sales Qualified": "sql", "Opportunity": "opportunity", "Customer": "customer", "Disqualified": "disqualified",
    "Recycled": "recycled", "Rejected": "rejected", "Lost": "lost",
}  # fmt: skip


@hookimpl
def register_connectors() -> Sequence[Connector]:
    """The connectors of this package."""
    return [MarketoConnector()]


@hookimpl
def register_stage_defaults() -> Sequence[StageDefault]:
    """What a lead status of a plain name means. Marketo ships no stages with a meaning of their own."""
    return [StageDefault("marketo", "lead", source, stage) for source, stage in _STAGES.items()]
