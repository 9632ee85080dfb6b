"""Content: what there is for each stage and profile, and what nobody has touched for long."""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Fact, Family, Metric, Parameter

__all__ = ["CONTENT"]

_CATALOGUE = "Revalign metric catalogue, section D"
_OWNERS = ("marketing", "sales")
_DAYS = Parameter("days", "180", "days without use or review after which an asset is stale", low=1)
_STALE = "f.last_day < p.end_day - 1 - {days}"
_KEPT = (
    " A source tells when an asset was last used and reviewed, not when it was made: a past period lists every asset, and one"
    " used after the period is not stale in it."
)

_FACTS = (
    Fact(
        "content", "on_day", ("content_asset",),
        {"team": "self", "pod": "self", "campaign": "self", "system": "self"}, "one row per content asset",
    ),
)  # fmt: skip

_COMPONENTS = (
    Component("assets", "content", "held", "1", "count", "content assets"),
    Component(
        "assets_stale", "content", "held", "1", "count", "of those, neither used nor reviewed for more than {days} days",
        _STALE,
    ),
    Component("assets_undated", "content", "held", "1", "count", "of those, without any date", "f.last_day IS NULL"),
)  # fmt: skip

_METRICS = (
    Metric(
        "content_assets", "Content assets", "content", "assets", "count", "Content assets.", additivity="balance",
        direction="neutral", owners=_OWNERS, source=_CATALOGUE,
    ),
    Metric(
        "stale_content", "Stale content", "content", "ratio(assets_stale, assets - assets_undated)", "rate",
        "Content assets neither used nor reviewed for more than 180 days (a parameter) at the end of the period / assets of"
        " which a date is known." + _KEPT,
        direction="down", owners=_OWNERS, source=_CATALOGUE, parameters=(_DAYS,),
    ),
    Metric(
        "content", "Content", "content", "", "count",
        "Every content asset with its stage, campaign, profile and team, when it was last used and reviewed, and its age: the"
        " days since the later of the two. stale: more than 180 (a parameter); unknown: no date." + _KEPT,
        kind="table", additivity="balance", owners=_OWNERS, source=_CATALOGUE, parameters=(_DAYS,),
    ),
    Metric(
        "content_coverage", "Content coverage", "content", "", "count",
        "A row per stage and profile: assets, of those stale, and those of the stage that name no profile; gap: none at all"
        " for that stage and profile. Stages are those of the funnel and any other an asset names; profiles those that"
        " assets name." + _KEPT,
        kind="table", additivity="balance", owners=_OWNERS, source=_CATALOGUE, parameters=(_DAYS,),
    ),
)  # fmt: skip

CONTENT = Family(_COMPONENTS, _METRICS, _FACTS)
