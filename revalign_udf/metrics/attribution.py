"""Attribution: which touches won deals are credited to, and what campaigns earned in their first year."""

from __future__ import annotations

from revalign_udf.calc.attribution import HALF_LIFE, MODELS
from revalign_udf.metrics.facts import CUSTOMER, MARKETING, OWNER, RECORD
from revalign_udf.metrics.model import Component, Fact, Family, Metric, Parameter

__all__ = ["ATTRIBUTION", "CUTS"]

_CATALOGUE = "Revalign metric catalogue, section A, and its convention Attribution"
#: what credits can be listed by
CUTS = ("channel", "lead_source", "campaign")
_MODEL = Parameter(
    "model", "last",
    "which touches are credited; the last one unless asked otherwise, because that is what advertising and sales systems"
    " report by themselves, so the number can be laid beside theirs, and because it assumes no weights",
    MODELS,
)  # fmt: skip
_TOUCHES = (
    "Touches that count: those of the deal's customer, of its contacts, and of its lead and the lead's person, up to the"
    " day it was won, however old; no bots, and nothing that was only sent, delivered, bounced, opened or unsubscribed. A"
    " deal without any is credited to its own channel, lead source and campaign, else its lead's."
)
_FIRST_YEAR = (
    "Annual contract value credited to the campaign and won within 365 days of its start, renewals left out, {what} the"
    " campaign's cost until the same day, what was spent before the start included. Campaigns belong to the period they"
    " started in; one without a start (always on) counts each touch and each cost on its own day. Partial until day 365."
    " By channel: the campaign's. By lead source: the one all leads of the campaign name, whoever the deal or the touch"
    " names, so that value and cost are of the same campaigns. A source that shares a campaign with others has no number"
    " for a period to which that campaign brings value or cost, because nobody can say how much of it is its own; (none)"
    " is of all campaigns that match no single source. " + _TOUCHES
)

ATTRIBUTION = Family(
    facts=(
        Fact(
            "credit", "on_day", ("opportunity", "touch"), {**CUSTOMER, **MARKETING, **RECORD, **OWNER},
            "one row per deal won, touch and model, by closing date: what the touch is credited; a deal lost has one row"
            " without credit; micros",
        ),
        Fact(
            "campaign_year", "on_day", ("campaign_cost", "opportunity", "touch"), MARKETING,
            "credits and costs of a campaign's first year, on the day the campaign started",
        ),
    ),
    components=(
        Component(
            "credited", "credit", "flow", "f.amount", "money",
            f"annual contract value won, as credited by the model {{model}} (time decay: at a half-life of {HALF_LIFE} days)",
            "f.model = '{model}'",
        ),
        Component(
            "campaign_value", "campaign_year", "flow", "f.amount", "money",
            "annual contract value credited by the model {model} and won in the first year of campaigns begun in the period",
            "f.kind = 'value' AND f.model = '{model}' AND f.happened < p.known_end", settles="365",
        ),
        Component(
            "campaign_year_cost", "campaign_year", "flow", "f.amount", "money",
            "cost of campaigns begun in the period, until the end of their first year",
            "f.kind = 'cost' AND f.happened < p.known_end", settles="365",
        ),
    ),
    metrics=(
        Metric(
            "attribution", "Attribution", "attribution", "", "money",
            "Annual contract value of the deals won in the period, credited to the touches before them, by channel, lead"
            " source or campaign. first, last: all to that touch. linear: evenly. u: 40 % first, 40 % last, 20 % evenly"
            " between, on two touches half each. w: 30 % each to the first touch and those of the lead's and the"
            " opportunity's creation, 10 % evenly to the rest; without a rest that goes to the three, and what falls on one"
            " touch adds up. time_decay: a touch weighs half as much per half-life in days before the day of winning. One"
            " touch gets everything. A deal's credits are whole minor units of its currency and add up to it (largest"
            " remainder, ties to the earlier touch), so that all of them are the bookings. The touch of a creation is the"
            " last one up to its moment on its day, else the first one later that day, else the last before, else the"
            f" first. The explanation of time decay lists the credits at {HALF_LIFE} days. " + _TOUCHES,
            kind="table", additivity="flow", owners=("marketing", "sales"), source=_CATALOGUE,
            parameters=(
                _MODEL,
                Parameter("half_life", str(HALF_LIFE), "days in which the weight of a touch halves (time_decay)", low=1),
                Parameter("by", "channel", "what credits are listed by", CUTS),
            ),
        ),
        Metric(
            "campaign_value_ratio", "Campaign value ratio", "attribution", "ratio(campaign_value, campaign_year_cost)",
            "number", _FIRST_YEAR.format(what="/"), owners=("marketing", "finance"), source=_CATALOGUE,
            parameters=(_MODEL,),
        ),
        Metric(
            "campaign_roi", "Campaign ROI", "attribution",
            "ratio(campaign_value - campaign_year_cost, campaign_year_cost)", "rate",
            "(value - cost) / cost. Value: " + _FIRST_YEAR.format(what="less, and then divided by,"),
            owners=("marketing", "finance"), source=_CATALOGUE, parameters=(_MODEL,),
        ),
    ),
)  # fmt: skip
