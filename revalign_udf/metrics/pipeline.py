"""Deals: what was won, what was lost, what was booked, and what became of it."""

from __future__ import annotations

from revalign_udf.metrics.facts import CUSTOMER, MARKETING, OWNER, RECORD, Path
from revalign_udf.metrics.model import Component, Fact, Family, Metric, Parameter

__all__ = ["PIPELINE"]

_CATALOGUE = "Revalign metric catalogue, section B"
_WON = "f.outcome = 'won'"
_LOST = "f.outcome = 'lost'"
_OF_CUSTOMER: dict[str, Path] = {"segment": "customer", "country": "customer", "industry": "customer"}
_DEAL: dict[str, Path] = {**MARKETING, **RECORD, **OWNER, **_OF_CUSTOMER}
#: an order without a kind is a first one in the customer's first period, as in new revenue; later it is a repeat
_SOLD = "f.kind <> 'renewal' OR (f.kind IS NULL AND f.since >= p.start_day)"
_STILL = "f.on_day + INTERVAL '{months}' MONTH"

_DAYS = Parameter("days", "365", "days after closing in which revenue counts", low=1, high=365)
_MONTHS = Parameter("months", "12", "months after closing at which the customer is looked at", low=1, high=120)

_FACTS = (
    Fact(
        "selling", "on_day", ("opportunity", "sales_order"), _DEAL,
        "one row per opportunity won, by closing date; of a project without opportunities one per sales order; micros",
    ),
    Fact(
        "open_deal", "on_day", ("opportunity", "opportunity_snapshot"), _DEAL,
        "one row per opportunity and stretch of days on which it was open with one amount and closing date; micros a year",
    ),
    Fact(
        "booking_revenue", "on_day", ("opportunity", "sales_order", "invoice_line"), _DEAL,
        "one row per opportunity won and day on which revenue covers a part of it, by closing date; micros",
    ),
    Fact(
        "booking_paying", "on_day", ("opportunity", "subscription_item_period", "subscription"), _DEAL,
        "one row per opportunity won and stretch of days on which its customer pays, by closing date; micros a year",
    ),
    Fact(
        "referred", "on_day", ("subscription_item_period", "sales_order", "subscription"), {**CUSTOMER, "system": "self"},
        "one row per customer, on its first day: whether it came by referral, and from whom",
    ),
)  # fmt: skip

_COMPONENTS = (
    Component("deals_won", "deal", "flow", "1", "count", "opportunities won, by closing date", _WON),
    Component("deals_lost", "deal", "flow", "1", "count", "opportunities lost, by closing date", _LOST),
    Component("acv_won", "deal", "flow", "f.amount", "money", "annual contract value won", _WON),
    Component("acv_lost", "deal", "flow", "f.amount", "money", "annual contract value lost", _LOST),
    Component(
        "cycle_days", "deal", "statistic", "cycle_days", "count",
        "median days from creation to closing of the opportunities won",
    ),
    Component(
        "reps_with_goal", "deal", "statistic", "reps_with_goal", "count", "owners with a goal of bookings for the period",
    ),
    Component(
        "reps_at_goal", "deal", "statistic", "reps_at_goal", "count", "of those, owners whose value won is not below it",
    ),
    Component("sold", "selling", "flow", "f.amount", "money", "value sold, renewals left out", _SOLD),
    Component(
        "sold_to_existing", "selling", "flow", "f.amount", "money", "of that, upsell, cross-sell and expansion",
        "f.kind IN ('upsell', 'cross_sell', 'expansion')",
    ),
    Component(
        "open_pipeline", "open_deal", "held_at_start", "f.amount", "money",
        "annual contract value open at the end of the day before the period and expected to close in it",
        "f.close_date >= p.start_day AND f.close_date < p.end_day", ahead=True,
    ),
    Component(
        "acv_covered", "booking_revenue", "flow", "f.amount", "money",
        "of the annual contract value won, what revenue covered within {days} days of closing",
        "f.paid_day < f.on_day + {days}", settles="{days}",
    ),
    Component(
        "acv_paying", "booking_paying", "flow", "f.amount", "money",
        "of the annual contract value won, that of customers paying {months} months after closing",
        f"f.paid_from <= {_STILL} AND (f.paid_until IS NULL OR {_STILL} < f.paid_until) AND {_STILL} < p.known_end",
        settles="{months} months",
        early=False,
    ),
    Component(
        "new_by_referral", "referred", "flow", "1", "count", "new customers that came by referral", "f.referral = 1",
    ),
    Component("new_otherwise", "referred", "flow", "1", "count", "new customers that did not", "f.referral = 0"),
    Component(
        "referrers", "referred", "distinct", "f.referrer", "count", "customers that referred one of the new ones",
    ),
)  # fmt: skip

_METRICS = (
    Metric(
        "win_rate", "Win rate", "sales", "ratio(deals_won, deals_won + deals_lost)", "rate",
        "Won / (won + lost) of the opportunities closed in the period.", owners=("sales",), source=_CATALOGUE,
    ),
    Metric(
        "win_rate_value", "Win rate by value", "sales", "ratio(acv_won, acv_won + acv_lost)", "rate",
        "Annual contract value won / (won + lost) of the opportunities closed in the period.", owners=("sales",),
        source=_CATALOGUE,
    ),
    Metric(
        "bookings", "Bookings", "sales", "acv_won", "money",
        "Annual contract value of the opportunities won in the period: a total contract value x 12 / max(12, term), an"
        " annual value as it is, a monthly one x 12; a missing term counts as 12 months, and the explanation counts how"
        " often; a missing basis counts as annual, a missing amount as 0.",
        additivity="flow", role="vanity", counterpart="bookings_retained", owners=("sales", "finance"),
        question="How much of it is still paying a year later?", source=_CATALOGUE,
    ),
    Metric(
        "deals_won", "Deals won", "sales", "deals_won", "count", "Opportunities won, by closing date.",
        additivity="flow", owners=("sales",), source=_CATALOGUE,
    ),
    Metric(
        "deals_lost", "Deals lost", "sales", "deals_lost", "count", "Opportunities lost, by closing date.",
        additivity="flow", direction="down", owners=("sales",), source=_CATALOGUE,
    ),
    Metric(
        "sales_cycle", "Sales cycle", "sales", "cycle_days", "number",
        "Median days from creation to closing of the opportunities won in the period; of an even number the mean of the"
        " two in the middle. One that closed before it was created has no cycle.",
        direction="down", aliases=("sales cycle length",), owners=("sales",), source=_CATALOGUE,
    ),
    Metric(
        "upsell_share", "Upsell share", "sales", "ratio(sold_to_existing, sold)", "rate",
        "Upsell, cross-sell and expansion / all that was sold without renewals: annual contract value won, by type of"
        " opportunity. A project without a single opportunity is read from its sales orders, of which a repeat is a"
        " renewal, and so is an order without a kind beyond the customer's first period. Published: 10 to 30 % of a young"
        " firm, near half or more of an experienced one.",
        owners=("sales", "success"), source=_CATALOGUE,
    ),
    Metric(
        "quota_attainment", "Quota attainment", "sales", "ratio(acv_won, goal_bookings)", "rate",
        "Annual contract value won / the goal of bookings (also written quota) for the period. By owner or team: of the"
        " owner's or team's own goal.",
        dimensions=("owner", "team"), role="vanity", counterpart="bookings_to_revenue",
        question="How much of what beat the quota was invoiced?", aliases=("attainment",), owners=("sales", "finance"),
        source=_CATALOGUE,
    ),
    Metric(
        "reps_at_quota", "Reps at quota", "sales", "ratio(reps_at_goal, reps_with_goal)", "rate",
        "Of the owners with a goal of bookings for the period, the share whose annual contract value won is not below it.",
        dimensions=("owner",), owners=("sales",), source=_CATALOGUE,
    ),
    Metric(
        "pipeline_coverage", "Pipeline coverage", "sales", "ratio(open_pipeline, max(0, goal_bookings - acv_won))",
        "number",
        "Annual contract value open at the end of the day before the period and expected to close in it / (goal of"
        " bookings - what was won in the period). No value once the goal is reached. With snapshots an opportunity is taken"
        " as it was then (before its first one as in the first), without them with the amount and closing date it has now.",
        dimensions=("owner", "team"), role="leading", owners=("sales",), source=_CATALOGUE,
    ),
    Metric(
        "bookings_to_revenue", "Bookings to revenue", "sales", "ratio(acv_covered, acv_won)", "rate",
        "Of the annual contract value won in the period, the share that revenue of the same customers covered within 365"
        " days of closing (parameter days). Revenue counts once: for the deal closed first, up to its value, then for the"
        " next; what is given back is taken first from what no deal needed, then from the latest deal. Revenue does not"
        " say which deal it is of, so what a customer pays for older contracts covers a new one too.",
        parameters=(_DAYS,), owners=("finance", "sales"), source=_CATALOGUE,
    ),
    Metric(
        "bookings_retained", "Bookings retained", "sales", "ratio(acv_paying, acv_won)", "rate",
        "Of the annual contract value won in the period, the share of customers paying (MRR above zero) at the end of the"
        " day 12 months after closing (parameter months). There is none until the last deal is that old: who has not come so"
        " far is not lost.",
        parameters=(_MONTHS,), owners=("success", "sales", "finance"), source=_CATALOGUE,
    ),
    Metric(
        "referral_business", "Referral business", "sales", "", "number",
        "Customers and deals by referral beside the rest: new customers, deals won, campaign cost per new customer (cost"
        " of the channel referral, and of the other channels; cost without a channel is in neither, and without any such"
        " row it is blank), median days from creation to closing, mean annual contract value, win rate, and the customers"
        " that referred somebody. A customer or deal is by referral when its channel or lead source is referral in any"
        " case, or its organization names who referred it.",
        kind="table", additivity="flow", owners=("marketing", "sales"), source=_CATALOGUE,
        dimensions=("segment", "country", "industry", "channel", "lead_source", "campaign", "system"),
    ),
)  # fmt: skip

PIPELINE = Family(_COMPONENTS, _METRICS, _FACTS)
