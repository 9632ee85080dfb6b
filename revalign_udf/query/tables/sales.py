"""Sales as tables."""

from __future__ import annotations

from fractions import Fraction

from revalign_udf.errors import NoData
from revalign_udf.metrics import FACTS
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share
from revalign_udf.snapshots.cuts import NONE, exact_of
from revalign_udf.snapshots.stats_sales import median

__all__ = ["TABLES"]

_MICRO = Fraction(1, 10**6)
_GROUPS = {1: "referral", 0: "other"}


def _referral(ask: Ask) -> Table:
    people = {1: ask.value("new_by_referral"), 0: ask.value("new_otherwise")}
    referrers = {1: ask.value("referrers"), 0: None}
    costs, deals = _campaign_cost(ask), _deals(ask)
    rows = []
    for flag, group in _GROUPS.items():
        won, lost, value, cycle = deals.get(flag, (None, None, None, None))
        cost = costs.get(flag)
        rows.append(
            (
                group,
                number(people[flag]),
                number(won),
                None if cost is None else share(cost, people[flag]),
                number(cycle),
                None if won is None or value is None else share(value, won),
                None if won is None or lost is None else share(won, won + lost),
                number(referrers[flag]),
            )
        )
    columns = (
        "group", "new_customers", "deals_won", "cost_per_customer", "cycle_days", "mean_acv", "win_rate",
        "referring_customers",
    )  # fmt: skip
    units = ("text", "count", "count", "money", "number", "money", "rate", "count")
    return Table(columns, tuple(rows), units)


def _deals(ask: Ask) -> dict[int, tuple[Fraction, Fraction, Fraction, Fraction | None]]:
    """By referral or not: deals won, deals lost, annual value won, median days. Nothing where no deals are known."""
    try:
        found = ask.rows(
            "deal", "f.referral, f.outcome, count(*), sum(f.amount),"
            " sum(CASE WHEN f.amount IS NULL THEN 1 ELSE 0 END)",
        )  # fmt: skip
        days = ask.rows(
            "deal", "f.referral, f.cycle_days, count(*)", rule="f.outcome = 'won' AND f.cycle_days IS NOT NULL"
        )
    except NoData:
        return {}
    won = {flag: (count, amount, missing) for flag, outcome, count, amount, missing in found if outcome == "won"}
    lost = {flag: count for flag, outcome, count, _, _ in found if outcome == "lost"}
    if any(missing for *_, missing in won.values()):
        raise NoData("Deals won have no exchange rate at most 7 days old.", code="REV-208", hint="Load fx_rate rows.")
    return {
        flag: (
            Fraction(won.get(flag, (0, 0, 0))[0]),
            Fraction(lost.get(flag, 0)),
            exact_of(won.get(flag, (0, 0, 0))[1]) * _MICRO,
            median((value, count) for one, value, count in days if one == flag),
        )
        for flag in _GROUPS
    }


def _campaign_cost(ask: Ask) -> dict[int, Fraction]:
    """Campaign cost of the channel referral and of the other channels; nothing where there is none, where a filter does
    not reach campaigns, or where it matches no lead source, or one that shares campaigns with others."""
    if not set(ask.where) <= set(FACTS["campaign_spend"].dimensions):
        return {}
    if ask.where.get("lead_source") == NONE or ask.shares("campaign_cost"):
        return {}
    flag = "CASE WHEN lower(trim(f.channel)) = 'referral' THEN 1 ELSE 0 END"
    missing = "sum(CASE WHEN f.amount IS NULL THEN 1 ELSE 0 END)"
    try:
        found = ask.rows("campaign_spend", f"{flag} AS flag, sum(f.amount), {missing}", rule="f.channel IS NOT NULL")
    except NoData:
        return {}
    if any(unrated for *_, unrated in found):
        raise NoData(
            "Campaign cost has no exchange rate at most 7 days old.", code="REV-208", hint="Load fx_rate rows."
        )
    return {flag: exact_of(amount) * _MICRO for flag, amount, _ in found}


TABLES = {"referral_business": TableMetric(("new_by_referral", "new_otherwise", "referrers"), _referral)}
