"""What names a row of a table for ever, so that a synced sheet keeps people's notes beside the right one.

The values of a column may be unique today and not tomorrow, so this is declared and not guessed from the rows.
"""

from __future__ import annotations

from collections.abc import Mapping

from revalign_udf.query.answers import Table

__all__ = ["RECORD_KEY", "ROW_KEYS", "named_by"]

#: a record contributes to a component once; its identifier is unique within a table of a system
RECORD_KEY = ("system", "table", "id", "component")

#: table metric -> the columns that name a row, or how many of the first do (where their names depend on the question)
ROW_KEYS: Mapping[str, tuple[str, ...] | int] = {
    "attribution": 1,
    "churn_by_kind": ("part", "row"),
    "churn_lift": ("product_line",),
    "clv_model": ("model", "name"),
    "commission": ("rep",),
    # a record counts in several pools, and moves up and down on several days
    "commission_statement": ("rule", "rep", "pool", "system", "table", "id", "on"),
    "content": ("system", "id"),  # two assets may have one name
    "content_coverage": ("stage", "profile"),
    "criterion_lift": ("criterion", "value"),
    "definition_differences": ("subject", "question"),
    "early_warning": ("metric",),
    "feedback": ("kind",),
    "funnel": ("stage",),
    "handoff_orphans": ("system", "handoff"),
    "handoffs": ("from_team", "to_team", "rule"),
    "ideal_customer_profile": ("trait", "value"),
    "kpi_conflicts": ("team", "metric", "other_team", "other_metric", "component"),
    "kpis": ("metric",),
    "kpis_shared": ("team", "next_team"),
    "lead_score_profile": ("row",),
    "missing_expansion": ("dimension", "value"),
    "mrr_movements": ("movement",),
    "priorities": ("team", "other_team"),
    "profile_fit": ("team",),
    "profile_overlap": ("team", "other_team"),
    "programme_effectiveness": ("campaign", "step"),
    "referral_business": ("group",),
    "rep_long_term": ("rep",),
    "retention_cohorts": ("cohort",),  # the ages are columns
    "shared_pipeline": ("stage",),  # its position moves when another is added
    "signatures": ("metric", "version"),
    "sla": ("promise", "period"),
    # a promise of a volume is broken by no hand-off: its rows are numbered in the order of their periods
    "sla_breaches": ("promise", "system", "handoff"),
    "source_effectiveness": ("lead_source", "campaign"),
    "spend_efficiency": 1,
    "stage_conversion": ("from_stage", "to_stage"),
    "stage_conversion_period": ("from_stage", "to_stage"),
    "stage_velocity": ("from_stage", "to_stage"),
    "team_profiles": ("trait", "value"),
    "unhappy_revenue": ("segment",),
    "unknown_stages": ("source", "stage", "why"),
    "usage_adoption": 1,
    "vanity": ("metric",),
    "winloss": ("system", "id"),
    "winloss_reasons": ("by", "value"),
}


def named_by(metric: str, table: Table) -> list[str]:
    """The columns that name a row of a metric's table: as declared, else its leading texts and days, at least one."""
    declared = ROW_KEYS.get(metric)
    if isinstance(declared, tuple) and set(declared) <= set(table.columns):
        return list(declared)
    if isinstance(declared, int):
        return list(table.columns[:declared])
    units = table.units or ("text",) * len(table.columns)
    leading = next((at for at, unit in enumerate(units) if unit not in ("text", "date")), len(units))
    return list(table.columns[: max(1, leading)])
