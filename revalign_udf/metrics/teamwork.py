"""What teams agree on, as tables: KPIs, vanity, priorities, their own customer profiles, pace against goals."""

from __future__ import annotations

from revalign_udf.metrics.model import Family, Metric, Parameter

__all__ = ["TEAMWORK"]

_CATALOGUE = "Revalign metric catalogue, section D"
_ALL = ("marketing", "sales", "success")

_METRICS = (
    Metric(
        "kpis", "KPI matrix", "teamwork", "", "count",
        "A row per metric, a column per team: owns, feeds or watches, by the object kpis; without it every metric belongs to"
        " the teams its declaration names.",
        kind="table", additivity="balance", owners=_ALL, source=_CATALOGUE,
    ),
    Metric(
        "kpis_shared", "Shared KPIs", "teamwork", "", "count",
        "A row per pair of teams that hand over to each other (marketing, sales, success; product and finance where the"
        " object kpis names them): the KPIs that both own or feed. Leading and vanity numbers align nobody.",
        kind="table", additivity="balance", owners=_ALL, source=_CATALOGUE,
    ),
    Metric(
        "kpi_conflicts", "Mutually exclusive KPIs", "teamwork", "", "count",
        "Pairs of KPIs of different teams that exclude each other: declared (exclusive_with), or detected, where both contain"
        " one component and the directions wanted pull it opposite ways. The way a formula moves with a component is read"
        " off the formula; what is not certain does not count, nor does a pair of which one team is measured on both.",
        kind="table", additivity="balance", direction="down", owners=_ALL, source=_CATALOGUE,
    ),
    Metric(
        "vanity", "Vanity register", "teamwork", "", "number",
        "Every metric declared as vanity, the question it dodges, and the counterpart that answers it, with both numbers.",
        kind="table", additivity="balance", owners=_ALL, source=_CATALOGUE,
    ),
    Metric(
        "priorities", "Priorities", "teamwork", "", "rate",
        "The three priorities of each team by the object priorities: for every pair of teams the topics they share (actual"
        " overlap: shared / the topics of the longer list), how many of the two believe that theirs match (believed overlap),"
        " and the gap: believed less actual. The last row is of all teams together.",
        kind="table", additivity="balance", owners=_ALL, source=_CATALOGUE,
    ),
    Metric(
        "team_profiles", "Customer profiles of the teams", "teamwork", "", "count",
        "The traits each team gives its ideal customer by the object profiles: a row per trait and value, a column per team,"
        " and whether all teams say it.",
        kind="table", additivity="balance", owners=("marketing", "sales"), source=_CATALOGUE,
    ),
    Metric(
        "profile_overlap", "Overlap of the teams' profiles", "teamwork", "", "rate",
        "A row per pair of teams: the traits both give their ideal customer, those only one gives, and the overlap: shared /"
        " all of both (Jaccard).",
        kind="table", additivity="balance", owners=("marketing", "sales"), source=_CATALOGUE,
    ),
    Metric(
        "profile_fit", "How the teams' profiles fit", "teamwork", "", "rate",
        "How many of the successful, of the rest and of the worst customers (as in ideal_customer_profile) fit the profile"
        " each team gives: for every trait it names one of the values it names. lift is the share among the successful /"
        " that among the rest, lift_on_worst / that among the worst. Marked where fewer than 30 customers fit.",
        kind="table", owners=("marketing", "sales"), source=_CATALOGUE, dimensions=("segment",),
    ),
    Metric(
        "early_warning", "Early warning", "teamwork", "", "rate",
        "Per stage from visitor to customer, and for every other additive metric with a goal for the period: what is reached"
        " of the goal beside what is gone of the business days (Monday to Friday) up to the day the sources are loaded"
        " through; the forecast goes on at the same pace. ahead: not less of the goal reached than of the days gone; behind:"
        " less; of a number wanted low the other way round.",
        kind="table", additivity="flow", role="leading", owners=_ALL, source=_CATALOGUE,
        parameters=(Parameter("tolerance", "0", "points of the share reached a stage may lag before it is behind", high=100),),
    ),
)  # fmt: skip

TEAMWORK = Family((), _METRICS)
