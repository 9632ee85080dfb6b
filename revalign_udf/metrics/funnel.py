"""The funnel: which stages leads reached, and when.

reached(k) is the first event at stage k or any later one, once ever: a skipped stage counts as reached when a later one
was, a backward move never takes a reach away.
"""

from __future__ import annotations

from itertools import pairwise

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["FUNNEL", "STAGES", "STATES", "STEPS"]

_CATALOGUE = "Revalign metric catalogue, section A"

#: the order of the funnel; a visitor is known only in numbers, not by name
STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")
#: what a lead can be besides; none of them is a step forward
STATES = ("visitor", "not_ready", "disqualified", "rejected", "recycled", "lost", "renewed", "expanded", "churned")


def _reached(stage: str) -> Component:
    return Component(
        f"reached_{stage}", "reach", "flow", "1", "count", f"leads that first reached {stage} in the period",
        f"f.stage = '{stage}'",
    )  # fmt: skip


def _moved_on(stage: str, later: str) -> Component:
    return Component(
        f"{stage}_then_{later}", "reach", "flow", "1", "count",
        f"leads that first reached {stage} in the period and have reached {later} by the as-of date",
        f"f.stage = '{stage}' AND f.{later}_day < p.known_end",
    )  # fmt: skip


#: component -> the step it counts
STEPS = {
    f"{stage}_then_{later}": (stage, later)
    for stage, later in (*pairwise(STAGES), ("lead", "customer"), ("mql", "sql"), ("sql", "customer"))
}


def _rate(name: str, label: str, stage: str, later: str, owners: tuple[str, ...]) -> Metric:
    return Metric(
        name, label, "funnel", f"ratio({stage}_then_{later}, reached_{stage})", "rate",
        f"Cohort form: of the leads that first reached {stage} in the period, the share that has reached {later} by the"
        " as-of date. Partial until nine in ten of all who made the step would have had the time, counted from the"
        " period's last day.",
        owners=owners, source=_CATALOGUE,
    )  # fmt: skip


def _count(name: str, label: str, stage: str, owners: tuple[str, ...], **more: str) -> Metric:
    return Metric(
        name, label, "funnel", f"reached_{stage}", "count", f"Leads that first reached {stage} in the period.",
        additivity="flow", owners=owners, source=_CATALOGUE, **more,  # type: ignore[arg-type]
    )  # fmt: skip


_BOTH = ("marketing", "sales")

FUNNEL = Family(
    (
        *(_reached(stage) for stage in STAGES),
        *(_moved_on(stage, later) for stage, later in STEPS.values()),
    ),
    (
        _count("new_leads", "New leads", "lead", ("marketing",), role="vanity", counterpart="sql_to_customer",
               question="How many of them become customers?"),
        _count("mql", "MQL", "mql", _BOTH, role="leading"),
        _count("sql_leads", "SQL", "sql", _BOTH, role="leading"),
        _count("opportunities", "Opportunities", "opportunity", ("sales",)),
        _rate("mql_rate", "Lead to MQL", "lead", "mql", _BOTH),
        _rate("sql_rate", "MQL to SQL", "mql", "sql", _BOTH),
        _rate("sql_to_customer", "SQL to customer", "sql", "customer", ("sales",)),
        Metric(
            "funnel", "Funnel", "funnel", "", "count",
            "Per stage: leads that first reached it in the period, how many of them have reached the next stage by the"
            " as-of date, and the share.",
            kind="table", additivity="flow", owners=_BOTH, source=_CATALOGUE,
        ),
        Metric(
            "stage_conversion", "Stage conversion", "funnel", "", "rate",
            "The cohort conversion of every step of the funnel.", kind="table", owners=_BOTH, source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
