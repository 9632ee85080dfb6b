"""Marketing as tables: attribution, nurture programmes, sources, spend beside conversion."""

from __future__ import annotations

import re
from collections import defaultdict
from fractions import Fraction
from itertools import product

from revalign_udf.calc.attribution import HALF_LIFE, credits_of
from revalign_udf.calc.ratios import growth
from revalign_udf.errors import NoData, Undefined
from revalign_udf.money import MICROS, decimals, exact
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share
from revalign_udf.snapshots.cuts import NONE

__all__ = ["TABLES"]

Cell = str | float | None
#: reasons for which a column stays blank: its tables hold nothing, or nothing for these days
_UNKNOWN = ("REV-201", "REV-204")


def _values(ask: Ask, dimension: str) -> list[str]:
    """The values of a dimension a question is about."""
    return [ask.where[dimension]] if dimension in ask.where else ask.session.values_of(dimension)


# --- attribution -----------------------------------------------------------------------------------------------------


def _attribution(ask: Ask) -> Table:
    by, model, half_life = (ask.parameters[name] for name in ("by", "model", "half_life"))
    total = ask.value("credited")
    if model == "time_decay" and int(half_life) != HALF_LIFE:
        credit = dict(_decayed(ask, by, int(half_life)))
        total = sum(credit.values(), Fraction(0))
    else:
        credit = _credited(ask, by)
    rule = f"f.model = '{model}'"
    counts = {
        str(row[0]): (int(row[1]), int(row[2]))
        for row in ask.rows("credit", "count(f.touch), count(DISTINCT f.deal)", rule=rule, by=(by,))
    }
    found = [
        (value, float(counts[value][0]), float(counts[value][1]), number(credit[value]), share(credit[value], total))
        for value in sorted(counts, key=lambda value: (-credit[value], value == NONE, value))
    ]
    return Table((by, "touches", "deals", "credit", "share"), tuple(found), ("text", "count", "count", "money", "rate"))


def _credited(ask: Ask, by: str) -> dict[str, Fraction]:
    """Credit by value of a dimension, as it was published."""
    name = ask.session.catalogue.bind_component("credited", ask.parameters).name
    ask.session.prefetch([(name, ask.period)], ask.where, [by])
    return {value: ask.value("credited", ask.period, **{by: value}) for value in _values(ask, by)}


def _decayed(ask: Ask, by: str, half_life: int) -> defaultdict[str, Fraction]:
    """Credit by time decay at another half-life than the published one: shared anew among all touches of each deal, of
    which the question may be about some only."""
    component = ask.session.catalogue.bind_component("credited", {**ask.parameters, "model": "linear"})
    money, window = ask.evaluator.measured(component), ask.window("credit")
    select = f"f.deal, f.place, f.age, f.currency, sum(f.amount_src), sum({money})"
    deals: defaultdict[str, list[tuple[int, int, str, int, Fraction | None]]] = defaultdict(list)
    for deal, place, age, currency, micros, amount in ask.evaluator.rows(
        "credit", window, {}, select, rule=component.where
    ):
        known = None if amount is None else exact(amount)
        deals[deal].append((int(place), int(age), str(currency), int(micros), known))
    parts: dict[tuple[str, int], Fraction] = {}
    for deal, touches in deals.items():
        touches.sort(key=lambda row: row[0])
        amounts = [row[4] for row in touches if row[4] is not None]
        if len(amounts) < len(touches):
            continue
        micros, amount = sum(row[3] for row in touches), sum(amounts, Fraction(0))
        unit = MICROS // 10 ** decimals(touches[0][2])
        credited = credits_of(micros, [row[1] for row in touches], "time_decay", unit=unit, half_life=half_life)
        for (place, *_), part in zip(touches, credited, strict=True):
            parts[deal, place] = amount * part / micros / MICROS if micros else Fraction(0)
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for value, deal, place in ask.rows("credit", "f.deal, f.place", rule=component.where, by=(by,)):
        if (deal, int(place)) not in parts:
            raise NoData(
                f"credited: {deal} has no exchange rate at most 7 days old.", code="REV-208",
                hint="Load fx_rate rows for those days.",
            )  # fmt: skip
        found[value] += parts[deal, int(place)]
    return found


# --- programmes ------------------------------------------------------------------------------------------------------


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Mail 2 before Mail 10."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text.casefold()) if part
    )


def _programmes(ask: Ask) -> Table:
    ask.value("steps_entered")  # without any programme there is no table, empty or not
    status = ", ".join(
        f"sum(CASE WHEN f.status = '{name}' THEN 1 ELSE 0 END)" for name in ("advanced", "stalled", "dropped")
    )
    change = "sum(f.score_change), count(f.score_change)"
    found = ask.rows("programme", f"f.campaign, f.step, count(*), {status}, {change}")
    rows: list[tuple[Cell, ...]] = []
    for campaign, step, entered, advanced, stalled, dropped, moved, known in sorted(
        found, key=lambda row: (str(row[0]), _natural(str(row[1])), str(row[1]))
    ):
        inside = entered - advanced - stalled - dropped
        counts = [Fraction(int(count)) for count in (advanced, stalled, dropped, inside)]
        mean = exact(moved) / int(known) if known else None
        rows.append(
            (campaign, step, float(entered), *(number(count) for count in counts),
             *(share(count, Fraction(int(entered))) for count in counts), float(known), number(mean))
        )  # fmt: skip
    states = ("advanced", "stalled", "dropped", "still_in")
    columns = (
        "campaign",
        "step",
        "entered",
        *states,
        *(f"{name}_share" for name in states),
        "scored",
        "mean_score_change",
    )
    units = ("text", "text", *["count"] * 5, *["rate"] * 4, "count", "number")
    return Table(columns, tuple(rows), units)


# --- sources, spend --------------------------------------------------------------------------------------------------

_ALL = "(all)"
_SOURCE = ("reached_lead", "reached_customer", "acv_won", "campaign_cost")


def _known(ask: Ask, name: str, **where: str) -> Fraction | None:
    """A component; None where its tables say nothing of these days. A missing rate is no such reason."""
    try:
        return ask.value(name, ask.period, **where)
    except NoData as error:
        if error.code in _UNKNOWN:
            return None
        raise


def _per(above: Fraction | None, below: Fraction | None) -> float | None:
    return None if above is None or below is None else share(above, below)


def _sources(ask: Ask) -> Table:
    ask.value("reached_lead")
    chosen = ask.parameters["by"]
    by = ("lead_source", "campaign") if chosen == "both" else (chosen,)
    ask.session.prefetch([(name, ask.period) for name in _SOURCE], ask.where, by)
    of_any = {name: value for name, value in ask.where.items() if name != "lead_source"}
    every = Ask(ask.session, ask.period, of_any, ask.parameters)
    ask.session.prefetch([("campaign_cost", ask.period)], of_any, ["campaign"])
    rows: list[tuple[Cell, ...]] = []
    for values in product(*(_values(ask, name) for name in by)):
        one = dict(zip(by, values, strict=True))
        source, campaign = (one.get(name, _ALL) for name in ("lead_source", "campaign"))
        leads, won, value, cost = (_known(ask, name, **one) for name in _SOURCE)
        if not any((leads, won, value, cost)) and not ask.shares("campaign_cost", **one):
            continue
        named = {**ask.where, **one}
        of_both = "lead_source" in named and "campaign" in named
        if of_both and not cost and _known(every, "campaign_cost", campaign=named["campaign"]):
            cost = None  # the campaign cost something, and nobody can say how much of it this source took
        # what matches no source is no cost of the leads without one
        per = None if named.get("lead_source") == NONE else cost
        rows.append((source, campaign, number(leads), number(won), number(value), number(cost), _per(per, won),
                     _per(value, per)))  # fmt: skip
    columns = ("lead_source", "campaign", "leads", "customers", "value", "cost", "cost_per_customer", "value_to_cost")
    units = ("text", "text", "count", "count", "money", "money", "money", "number")
    return Table(columns, tuple(rows), units)


def _changed(now: Fraction | None, then: Fraction | None) -> float | None:
    try:
        return None if now is None or then is None else number(growth(now, then))
    except Undefined:
        return None


def _efficiency(ask: Ask) -> Table:
    before = ask.period.previous()
    bound = ask.session.catalogue.bind_component("leads_reaching", ask.parameters).name
    names = ("campaign_cost", "reached_lead", bound)
    ask.session.window(ask.session.component("campaign_cost"), ask.period)
    ask.value("reached_lead")
    ask.session.prefetch([(name, when) for name in names for when in (ask.period, before)], ask.where, ["channel"])

    def numbers(value: str | None) -> tuple[Cell, ...]:
        cut = {} if value is None else {"channel": value}
        spend: list[Fraction | None] = []
        rates: list[Fraction | None] = []
        for when in (before, ask.period):
            at = Ask(ask.session, when, ask.where, ask.parameters)
            cost, leads, later = (_known(at, name, **cut) for name in names)
            spend.append(cost)
            rates.append(later / leads if leads and later is not None else None)
        return (
            number(spend[0]), number(spend[1]), _changed(spend[1], spend[0]),
            number(rates[0]), number(rates[1]), _changed(rates[1], rates[0]),
        )  # fmt: skip

    rows = [("total", *numbers(None))]
    for value in _values(ask, "channel"):
        found = numbers(value)
        if any(found):
            rows.append((value, *found))
    columns = (
        "channel", "previous_spend", "spend", "spend_change", "previous_conversion", "conversion", "conversion_change",
    )  # fmt: skip
    return Table(columns, tuple(rows), ("text", "money", "money", "rate", "rate", "rate", "rate"))


TABLES = {
    "attribution": TableMetric(("credited",), _attribution),
    "programme_effectiveness": TableMetric(
        ("steps_entered", "steps_advanced", "steps_stalled", "steps_dropped"), _programmes
    ),
    "source_effectiveness": TableMetric(_SOURCE, _sources),
    "spend_efficiency": TableMetric(("campaign_cost", "reached_lead", "leads_reaching"), _efficiency),
}
