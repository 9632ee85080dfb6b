"""Customer health as tables: feedback, usage, unhappy revenue, churn and expansion by line, the successful customer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from revalign_udf.calc.proportions import wilson_interval
from revalign_udf.calc.ratios import ratio
from revalign_udf.errors import NoData, Undefined
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share
from revalign_udf.snapshots.cuts import NONE
from revalign_udf.snapshots.stats_retention import first_amounts, seats_of

__all__ = ["TABLES", "TRAITS", "customers_by_success", "least_used"]

#: below this many a share says little, and the row is marked
_FEW = 30
_Row = tuple[str | float | None, ...]


def _few(count: Fraction | int) -> str:
    return "yes" if count < _FEW else "no"


def _slices(ask: Ask, dimension: str, components: Sequence[str]) -> list[str]:
    """Every value of a dimension, its components fetched at once."""
    if dimension in ask.where:
        return [ask.where[dimension]]
    ask.session.prefetch([(name, ask.period) for name in components], ask.where, [dimension])
    return ask.session.values_of(dimension)


# --- feedback ---------------------------------------------------------------------------------------------------------

_KINDS = {
    "nps": ("points", "nps"),
    "csat": ("share", "csat"),
    "ces": ("mean", ""),
    "match": ("share", "feedback_match"),
    "interview": ("", ""),
    "informal": ("", ""),
}


def _feedback(ask: Ask) -> Table:
    ask.value("survey_answers")
    found = {
        kind: (int(answers), Fraction(scores or 0), int(scales), int(words))
        for kind, answers, scores, scales, words in ask.rows(
            "survey", "f.kind, count(f.score), sum(f.score), count(DISTINCT f.scale_max), sum(f.verbatim)"
        )
    }
    rows: list[_Row] = []
    for kind, (measured, metric) in _KINDS.items():
        answers, scores, scales, words = found.get(kind, (0, Fraction(0), 0, 0))
        # answers on several scales have no mean in common
        mean = share(scores, Fraction(answers)) if measured and scales == 1 else None
        score = ask.maybe(metric) if metric else mean
        if answers or words:
            rows.append((kind, answers, score, measured or None, _few(answers) if measured else None, words))
    columns = ("kind", "answers", "score", "measured_in", "under_30", "verbatims")
    return Table(columns, tuple(rows), ("text", "count", "number", "text", "text", "count"))


# --- usage ------------------------------------------------------------------------------------------------------------


def least_used(usage: Sequence[tuple[str, tuple[int, int]]]) -> set[str]:
    """Of (customer, use), the quarter with the least use, and everybody who used as little as its last.

    >>> sorted(least_used([("a", (0, 0)), ("b", (1, 0)), ("c", (0, 0)), ("d", (9, 9))]))
    ['a', 'c']
    """
    if not usage:
        return set()
    ordered = sorted(use for _, use in usage)
    limit = ordered[math.ceil(len(ordered) / 4) - 1]
    return {customer for customer, use in usage if use <= limit}


def _usage_before(ask: Ask, by: str) -> dict[tuple[str, str], tuple[int, int]] | None:
    """(value of a product dimension or "", customer) -> (user-days, events) in the period before; None where unknown.

    It is the period before because who leaves stops using, which would put it among those who use least."""
    own = {name: value for name, value in ask.where.items() if name in ("product", "product_line", "system")}
    cut = [by] if by == "product_line" else []
    try:
        window = ask.window("usage", ask.period.previous())
    except NoData:
        return None
    rows = ask.evaluator.rows("usage", window, own, "f.customer, sum(f.users), sum(f.events)", by=cut)
    return {((row[0] if cut else ""), row[-3]): (int(row[-2]), int(row[-1])) for row in rows}


def _usage_churn(ask: Ask, before: dict[tuple[str, str], tuple[int, int]] | None, by: str, value: str | None) -> _Row:
    """(customers in the least quarter, their churn, the rest, their churn, under 30) of a slice; blanks where unknown."""
    where = dict(ask.where) if value is None else {**ask.where, by: value}
    try:
        window = ask.window("movement")
        ask.session.value("lost_customers", ask.period, where)  # a balance without a rate is refused here
    except NoData:
        return (None,) * 5
    if before is None:
        return (None,) * 5
    paying = [(who, closing) for who, opening, closing in ask.evaluator.customers(window, where) if opening > 0]
    use: Counter[str] = Counter()
    events: Counter[str] = Counter()
    for (line, who), (days, count) in before.items():
        if value is None or by != "product_line" or line == value:
            use[who], events[who] = use[who] + days, events[who] + count
    least = least_used([(who, (use[who], events[who])) for who, _ in paying])
    cells: list[str | float | None] = []
    for group in ([c for who, c in paying if who in least], [c for who, c in paying if who not in least]):
        lost = sum(closing <= 0 for closing in group)
        cells += [len(group), share(Fraction(lost), Fraction(len(group)))]
    return (*cells, _few(len(least)))


def _usage_adoption(ask: Ask) -> Table:
    by = ask.parameters["by"]
    ask.value("user_days")
    window = ask.window("usage")
    days, used = (window.end - window.start).days, "f.active_users > 0 OR f.events > 0"
    select = "count(DISTINCT f.customer), count(DISTINCT f.feature)"
    parts = {row[0]: row[1:] for row in ask.rows("usage", select, rule=used, by=(by,))}
    named = f"({used}) AND f.feature IS NOT NULL"
    pairs = Counter(row[0] for row in ask.rows("usage", "f.customer, f.feature", rule=named, by=(by,)))
    seats = seats_of(ask.evaluator, window, ask.where, by)
    before = _usage_before(ask, by)
    whole = ask.rows("usage", select, rule=used)
    every = ask.rows("usage", "f.customer, f.feature", rule=named)

    def row(value: str | None, counts: Sequence[int], of_customer: int, seat: tuple[int, int] | None) -> _Row:
        customers, features = counts
        cut = {} if value is None else {by: value}
        users = ask.value("user_days", None, **cut)
        taken = (number(Fraction(seat[0])), number(Fraction(seat[1]))) if seat else (None, None)
        return (
            "all" if value is None else value, customers, number(users / days), features,
            share(Fraction(of_customer), Fraction(customers)), *taken,
            share(Fraction(seat[1]), Fraction(seat[0])) if seat else None,
            ask.maybe("feedback_match", None, **cut), *_usage_churn(ask, before, by, value),
        )  # fmt: skip

    values = _slices(ask, by, ["user_days"])
    rows = [row(v, parts.get(v, (0, 0)), pairs[v], seats.get(v)) for v in values if v in parts or v in seats]
    total = (sum(s for s, _ in seats.values()), sum(u for _, u in seats.values())) if seats else None
    rows.append(row(None, whole[0] if whole else (0, 0), len(every), total))
    return Table(
        (by, "customers", "active_users", "features", "features_per_customer", "seats", "seats_used", "share_of_seats",
         "feedback_match", "least_users", "least_churn", "rest", "rest_churn", "under_30"), tuple(rows),
        ("text", "count", "number", "count", "number", "count", "count", "rate", "rate", "count", "rate", "count", "rate",
         "text"),
    )  # fmt: skip


# --- revenue ----------------------------------------------------------------------------------------------------------

_UNHAPPY = ("mrr", "retained_mrr", "base_mrr", "nps_answers", "nps_promoters", "nps_detractors")


def _unhappy_revenue(ask: Ask) -> Table:
    for name in _UNHAPPY:
        ask.value(name)
    limit, points = Fraction(int(ask.parameters["nrr"]), 100), Fraction(int(ask.parameters["nps"]))
    rows: list[_Row] = []
    for value in _slices(ask, "segment", _UNHAPPY):
        cut = {"segment": value}
        try:
            nrr, nps = ask.metric("nrr", None, **cut), ask.metric("nps", None, **cut)
        except Undefined:  # nobody paying at start, or nobody asked: neither kept nor unhappy
            continue
        if nrr >= limit and nps < points:
            answers = ask.value("nps_answers", None, **cut)
            rows.append(
                (value, number(ask.value("mrr", None, **cut)), number(nrr), number(nps), number(answers), _few(answers))
            )
    columns = ("segment", "mrr", "nrr", "nps", "nps_answers", "under_30")
    return Table(columns, tuple(rows), ("text", "money", "rate", "points", "count", "text"))


def _churn_lift(ask: Ask) -> Table:
    names = ("customers_at_start", "lost_customers")
    there, gone = (ask.value(name) for name in names)
    company = None if not there else gone / there
    rows: list[_Row] = []
    for value in _slices(ask, "product_line", names):
        own, lost = (ask.value(name, product_line=value) for name in names)
        if own > 0:
            lift = share(lost / own, company) if company is not None else None
            rows.append((value, number(own), number(lost), number(lost / own), lift, _few(own)))
    rows.append(
        ("company", number(there), number(gone), number(company), number(Fraction(1)) if company else None, _few(there))
    )
    columns = ("product_line", "customers_at_start", "lost_customers", "churn", "lift", "under_30")
    return Table(columns, tuple(rows), ("text", "count", "count", "rate", "number", "text"))


def _missing_expansion(ask: Ask) -> Table:
    names = ("opening_mrr", "expansion_mrr")
    opening, gained = (ask.value(name) for name in names)
    company = ratio(gained, opening, what="Opening MRR")
    found: list[tuple[Fraction, _Row]] = []
    for dimension in ("product_line", "segment"):
        for value in _slices(ask, dimension, names):
            own, more = (ask.value(name, None, **{dimension: value}) for name in names)
            if own > 0 and more / own < company:
                short = company * own - more
                cells = (number(own), number(more), number(more / own), number(company), number(short))
                found.append((short, (dimension, value, *cells)))
    rows = tuple(row for _, row in sorted(found, key=lambda item: (-item[0], item[1][0], item[1][1])))
    columns = ("dimension", "value", "opening_mrr", "expansion_mrr", "share", "company_share", "missing_mrr")
    return Table(columns, rows, ("text", "text", "money", "money", "rate", "rate", "money"))


# --- the ideal customer -----------------------------------------------------------------------------------------------

TRAITS = ("segment", "country", "industry", "size", "channel", "lead_source")


def customers_by_success(ask: Ask) -> list[tuple[list[tuple[str, str]], list[str]]]:
    """(traits with their values, groups) of everybody who ever paid: ``good`` or ``rest``, and ``worst`` who stopped."""
    ask.value("customers_ever")
    ask.value("mrr")  # a balance without a rate is refused here
    by = [name for name in TRAITS if name != "size"]
    customers = ask.rows("payer", f"coalesce(f.size, '{NONE}'), f.customer", shape="held", by=by)
    paying = {who: closing for who, _, closing in ask.evaluator.customers(ask.window("movement"), {}) if closing > 0}
    first = first_amounts(ask.evaluator, ask.window("movement"))
    rule, window = "f.kind = 'renewal' AND f.kept = 1", ask.window("renewal")
    renewed = {who for (who,) in ask.evaluator.rows("renewal", window, {}, "f.customer", rule=rule, shape="to_date")}
    found = []
    for *values, size, who in customers:
        closing = paying.get(who, Fraction(0))
        group = ["good"] if who in renewed and closing > 0 and closing >= first[who] else ["rest"]
        group += ["worst"] if closing <= 0 else []
        found.append(([*zip(by, values, strict=True), ("size", size)], group))
    return found


def _ideal_customer_profile(ask: Ask) -> Table:
    groups: dict[str, Counter[tuple[str, str]]] = {"good": Counter(), "rest": Counter(), "worst": Counter()}
    sizes: Counter[str] = Counter()
    for traits, group in customers_by_success(ask):
        for name in group:
            sizes[name] += 1
            groups[name].update(traits)
    rows: list[_Row] = []
    every = groups["good"] + groups["rest"]
    for trait, value in sorted(every, key=lambda key: (TRAITS.index(key[0]), key[1] == NONE, key[1])):
        good, rest, worst = (groups[name][trait, value] for name in ("good", "rest", "worst"))
        shares = [_part(groups[name][trait, value], sizes[name]) for name in ("good", "rest", "worst")]
        low, high = wilson_interval(good, sizes["good"]) if sizes["good"] else (None, None)
        rows.append(
            (trait, value, good, rest, worst, *map(number, shares), _lift(shares[0], shares[1]), _lift(shares[0], shares[2]),
             low, high, _few(good + rest))
        )  # fmt: skip
    return Table(
        ("trait", "value", "successful", "rest", "worst", "share_successful", "share_rest", "share_worst", "lift",
         "lift_on_worst", "low", "high", "under_30"), tuple(rows),
        ("text", "text", "count", "count", "count", "rate", "rate", "rate", "number", "number", "rate", "rate", "text"),
    )  # fmt: skip


def _part(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _lift(share_of: Fraction | None, against: Fraction | None) -> float | None:
    return share(share_of, against) if share_of is not None and against is not None else None


TABLES = {
    "feedback": TableMetric(("survey_answers",), _feedback),
    "usage_adoption": TableMetric(("user_days", "customers_using", "features_used"), _usage_adoption),
    "unhappy_revenue": TableMetric(_UNHAPPY, _unhappy_revenue),
    "churn_lift": TableMetric(("customers_at_start", "lost_customers"), _churn_lift),
    "missing_expansion": TableMetric(("opening_mrr", "expansion_mrr"), _missing_expansion),
    "ideal_customer_profile": TableMetric(("customers_ever", "customers"), _ideal_customer_profile),
}
