"""Our default, stated rule by rule, and variations of it by one rule."""

from __future__ import annotations

from revalign_udf.metrics.profiles.model import Profile, Rule, overriding

__all__ = ["BUSINESS", "CONSTANT_RATE", "DEFAULT", "PERIOD_END"]

_CONVENTIONS = "Revalign metric catalogue, conventions"
_CATALOGUE = "Revalign metric catalogue, section B"
_CONSTANT = "ACT Wiki, Constant currency, https://wiki.treasurers.org/wiki/Constant_currency"

DEFAULT = Profile(
    "default",
    "Revalign",
    "The definitions of the catalogue.",
    (
        Rule("churn_base", "Customers paying at the end of the day before the period.", _CONVENTIONS),
        Rule("joined_and_left", "Out: who was not paying at start never enters a churn population.", _CONVENTIONS),
        Rule(
            "churn_date",
            "An item ends at the earlier of its own end and the subscription's; a cancellation never ends it by itself.",
            _CONVENTIONS,
        ),
        Rule(
            "revenue_churn",
            "Of customers paying at start, by endpoint. Gross: sum of max(0, opening - closing) / opening. Net: (opening -"
            " closing) / opening.",
            _CONVENTIONS,
        ),
        Rule("discount", "Every discount is subtracted while it lasts.", _CONVENTIONS),
        Rule("metered", "Metered items are out of MRR.", _CONVENTIONS),
        Rule(
            "fx",
            "Movements at the rate of their day, balances at the rate of their instant; the remainder is fx_impact_mrr.",
            _CONVENTIONS,
        ),
        Rule("ltv", "ARPU x gross margin / mean monthly logo churn of the period's months.", _CATALOGUE),
        Rule("arpu", "MRR / paying customers, at the end of the period.", _CATALOGUE),
        Rule("past_due", "Status fields never matter: an item counts until it ends.", _CONVENTIONS),
        Rule("new_revenue", "By acquisition: first-time, upsell, cross-sell and new products.", _CATALOGUE),
    ),
)

BUSINESS = Profile(
    "business",
    "New business only",
    "New revenue read as revenue of new customers: first-time sales only, without upsell, cross-sell and new products.",
    (Rule("new_revenue", "First-time sales only.", _CATALOGUE, differs=True),),
    metrics=(
        overriding(
            "business", "new_revenue", "first_time_revenue",
            "Sales marked new; where no kind is given, sales to customers new in the period. Upsell, cross-sell and new"
            " products are not in it.",
            _CATALOGUE,
        ),
    ),
)  # fmt: skip

CONSTANT_RATE = Profile(
    "constant_rate",
    "Constant exchange rates",
    "Every amount of every day at one day's rates, so that exchange rates change nothing over time.",
    (
        Rule(
            "fx",
            "One rate for all days: that of the snapshot's as-of day, or of the day [definitions] constant_rate_on names.",
            f'{_CONSTANT}: "the same foreign exchange rates in successive periods"',
            differs=True,
        ),
    ),
    rates="constant",
)  # fmt: skip

PERIOD_END = Profile(
    "period_end",
    "Period-end exchange rates",
    "Flows at the rate of the asked period's last day, as balances at its end are anyway. A quarter is then not the sum of"
    " its months.",
    (
        Rule(
            "fx",
            "Flows of a period at the rate of its last day; balances at the rate of their instant.",
            _CONVENTIONS,
            differs=True,
        ),
    ),
    rates="period_end",
)
