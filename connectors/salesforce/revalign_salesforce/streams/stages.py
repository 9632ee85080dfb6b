"""What stages and statuses mean: opportunity stages by Salesforce's own flags, lead statuses by their usual names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from revalign_udf.connector import CanonicalRow

__all__ = ["LEAD_STATUSES", "lead_meaning", "lead_status", "opportunity_stage"]

#: the statuses a new organization begins with, today's and the older ones
LEAD_STATUSES = {
    "new": "lead",
    "open - not contacted": "lead",
    "contacted": "sal",
    "working": "sal",
    "working - contacted": "sal",
    "nurturing": "not_ready",
    "unqualified": "disqualified",
    "closed - not converted": "disqualified",
    "qualified": "sql",
    "converted": "sql",
    "closed - converted": "sql",
}
#: these say themselves what they mean
_CANONICAL = frozenset("lead mql sal sql opportunity customer not_ready disqualified rejected recycled".split())


def opportunity_stage(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG001 - as all others
    """OpportunityStage -> stage_map: won is customer, closed without winning is lost, everything else an opportunity."""
    won, closed = bool(record.get("IsWon")), bool(record.get("IsClosed"))
    stage = "customer" if won else "lost" if closed else "opportunity"
    for name in dict.fromkeys((record.get("ApiName"), record.get("MasterLabel"))):
        if name:
            yield _meaning("opportunity", name, stage, record, is_won=won, is_lost=closed and not won)


def lead_meaning(record: Mapping[str, Any]) -> str | None:
    """What a lead status means: by its name, else the one every lead begins with, else the one that converts; None when
    nobody can tell from Salesforce alone.
    """
    name = str(record.get("ApiName") or record.get("MasterLabel") or "").strip().casefold()
    if name in _CANONICAL:
        return name
    if name in LEAD_STATUSES:
        return LEAD_STATUSES[name]
    if record.get("IsConverted"):
        return "sql"
    return "lead" if record.get("IsDefault") else None


def lead_status(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG001 - as all others
    """LeadStatus -> stage_map, where its meaning is known. The others are reported as unknown until somebody says."""
    stage = lead_meaning(record)
    for name in dict.fromkeys((record.get("ApiName"), record.get("MasterLabel"))):
        if name and stage:
            yield _meaning("lead", name, stage, record)


def _meaning(subject: str, name: str, stage: str, record: Mapping[str, Any], **flags: bool) -> CanonicalRow:
    return (
        "stage_map",
        {
            "connection": "", "object": subject, "source_stage": name, "stage": stage, "position": record.get("SortOrder"),
            **flags,
        },
    )  # fmt: skip
