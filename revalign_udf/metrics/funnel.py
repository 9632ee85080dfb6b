"""The funnel: which stages leads reached, and when.

reached(k) is the first event at stage k or any later one, once ever: a skipped stage counts as reached when a later one
was, a backward move never takes a reach away.
"""

from __future__ import annotations

from itertools import pairwise

from revalign_udf.metrics.facts import MARKETING, OWNER, Path
from revalign_udf.metrics.model import Component, Fact, Family, Metric, Parameter

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


def _rate_period(name: str, label: str, stage: str, later: str, owners: tuple[str, ...]) -> Metric:
    return Metric(
        f"{name}_period", f"{label}, same period", "funnel", f"ratio(reached_{later}, reached_{stage})", "rate",
        f"Same-period form: leads that first reached {later} in the period / leads that first reached {stage} in it. They"
        " need not be the same leads, so it may exceed 100 %.",
        owners=owners, source=_CATALOGUE,
    )  # fmt: skip


def _count(name: str, label: str, stage: str, owners: tuple[str, ...], **more: str) -> Metric:
    return Metric(
        name, label, "funnel", f"reached_{stage}", "count", f"Leads that first reached {stage} in the period.",
        additivity="flow", owners=owners, source=_CATALOGUE, **more,  # type: ignore[arg-type]
    )  # fmt: skip


_BOTH = ("marketing", "sales")
_RATES = (
    ("mql_rate", "Lead to MQL", "lead", "mql", _BOTH),
    ("sql_rate", "MQL to SQL", "mql", "sql", _BOTH),
    ("sql_to_customer", "SQL to customer", "sql", "customer", ("sales",)),
)
#: dimensions of a lead
_LEAD: dict[str, Path] = {
    **MARKETING, **OWNER, "cohort": "self", "system": "self", "segment": "customer", "country": "customer",
    "industry": "customer",
}  # fmt: skip

FUNNEL = Family(
    facts=(
        Fact(
            "lead_score", "on_day", ("lead", "score_event"), _LEAD,
            "one row per new lead, with its score at the end of the month it was opened in",
        ),
        Fact(
            "criterion", "on_day", ("lead",), _LEAD,
            "one row per new lead and custom field with few values, with the days it reached later stages",
        ),
    ),
    components=(
        *(_reached(stage) for stage in STAGES),
        Component(
            "reopened_leads", "reach", "flow", "1", "count", "leads opened again in the period", "f.stage = 'reopened'",
        ),
        Component(
            "leads_reaching", "reach", "flow", "1", "count", "leads that first reached {to} in the period", "f.stage = '{to}'",
        ),
        Component(
            "leads_converted", "reach", "flow", "1", "count", "new leads that have reached {to} by the as-of date",
            "f.stage = 'lead' AND f.{to}_day < p.known_end",
        ),
        Component("leads_opened", "lead_score", "flow", "1", "count", "new leads of the period"),
        Component(
            "leads_scored", "lead_score", "flow", "1", "count", "of those, with a score at the end of their month",
            "f.score IS NOT NULL",
        ),
        Component(
            "criteria_known", "criterion", "flow", "1", "count", "custom fields known of new leads of the period",
        ),
        *(_moved_on(stage, later) for stage, later in STEPS.values()),
    ),
    metrics=(
        _count("new_leads", "New leads", "lead", ("marketing",), role="vanity", counterpart="sql_to_customer",
               question="How many of them become customers?"),
        _count("mql", "MQL", "mql", _BOTH, role="leading"),
        _count("sql_leads", "SQL", "sql", _BOTH, role="leading"),
        _count("opportunities", "Opportunities", "opportunity", ("sales",)),
        *(_rate(*one) for one in _RATES),
        *(_rate_period(*one) for one in _RATES),
        Metric(
            "reopened_leads", "Reopened leads", "funnel", "reopened_leads", "count",
            "Leads opened again in the period: the first touch that counts as engagement (no bot, nothing only sent,"
            " delivered, bounced, opened or unsubscribed), or the first event at a stage of the funnel, after the lead was"
            " found not ready or disqualified; once until it is put aside anew. What made a lead new never reopens it.",
            additivity="flow", owners=("marketing",), source=_CATALOGUE,
        ),
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
        Metric(
            "stage_conversion_period", "Stage conversion, same period", "funnel", "", "rate",
            "The same-period conversion of every step of the funnel: leads that first reached the later stage in the period"
            " / leads that first reached the earlier one in it.",
            kind="table", owners=_BOTH, source=_CATALOGUE,
        ),
        Metric(
            "stage_velocity", "Stage velocity", "funnel", "", "number",
            "Days from a stage to a later one, of the leads that first reached the earlier one in the period: median, 75th"
            " and 90th percentile by Kaplan-Meier, which counts leads that have not made the step as at risk until the"
            " as-of date; lost and disqualified ones too. Blank where the curve never falls that far.",
            kind="distribution", direction="down", owners=_BOTH, source=_CATALOGUE, aliases=("velocity",),
        ),
        Metric(
            "criterion_lift", "Criterion lift", "funnel", "", "rate",
            "Per value of a custom field of leads (fields with at most 12 values over all leads): new leads of the period"
            " with it and without it, how many have reached a later stage by the as-of date, the two rates, their ratio"
            " (lift) and their difference with its 95 % interval (Newcombe's hybrid of Wilson's score intervals). Leads that"
            " do not say count as without, and are counted in a column of their own. Below 30 leads on either side the row"
            " is marked small. Largest difference first.",
            kind="table", owners=_BOTH, source=_CATALOGUE,
            parameters=(Parameter("to", STAGES[-1], "the stage that counts as converted", STAGES[1:]),),
        ),
        Metric(
            "lead_score_profile", "Lead score profile", "funnel", "", "count",
            "New leads of the period by score, as it stood at the end of the calendar month each lead was opened in (the"
            " last score event of that month or before); scoring a lead again later changes nothing. Bands of equal"
            " width, with leads in all, leads with a score, and the scores' minimum, quartiles and maximum (between two"
            " scores a quartile is interpolated, as a spreadsheet's PERCENTILE does).",
            kind="distribution", additivity="flow", direction="neutral", owners=_BOTH, source=_CATALOGUE,
            parameters=(Parameter("band", "10", "width of a band of scores", low=1),),
        ),
    ),
)  # fmt: skip
