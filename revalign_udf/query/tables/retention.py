"""Retention as tables: churn by kind and why it changed, and cohorts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from revalign_udf.calc.ratios import ratio
from revalign_udf.errors import NoData, Undefined
from revalign_udf.metrics.retention import ENDINGS
from revalign_udf.periods import Grain, Period, between, span
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share
from revalign_udf.snapshots.cuts import Window
from revalign_udf.snapshots.stats_retention import Cohort, cohorts_of

__all__ = ["TABLES", "Churn", "changes"]


@dataclass(frozen=True, slots=True)
class Churn:
    """What logo churn is made of: customers at start, up for renewal, lost of these, lost in all."""

    at_start: Fraction
    eligible: Fraction
    lost_eligible: Fraction
    lost: Fraction

    @property
    def share(self) -> Fraction:
        """The share of customers up for renewal. Raises Undefined where nobody was paying."""
        return ratio(self.eligible, self.at_start, what="Customers at start")

    @property
    def rate(self) -> Fraction | None:
        """Eligible churn; None where nobody was up for renewal."""
        return self.lost_eligible / self.eligible if self.eligible else None

    @property
    def other(self) -> Fraction:
        """Losses outside a renewal, as a share of customers at start."""
        return ratio(self.lost - self.lost_eligible, self.at_start, what="Customers at start")


def changes(now: Churn, before: Churn) -> tuple[Fraction, Fraction, Fraction]:
    """The change of logo churn as contract effect, behaviour and losses outside a renewal, which add up to it.

    >>> year = Churn(Fraction(100), Fraction(10), Fraction(3), Fraction(5))
    >>> changes(Churn(Fraction(100), Fraction(20), Fraction(6), Fraction(7)), year)
    (Fraction(3, 100), Fraction(0, 1), Fraction(-1, 100))

    Raises Undefined REV-110 where nobody was paying at one of the starts.
    """
    known = [rate for rate in (now.rate, before.rate) if rate is not None] or [Fraction(0)]
    rate_now, rate_before = known[0], known[-1]
    contract = (now.share - before.share) * (rate_now + rate_before) / 2
    behaviour = (rate_now - rate_before) * (now.share + before.share) / 2
    return contract, behaviour, now.other - before.other


def _churn(ask: Ask, period: Period) -> Churn:
    names = ("customers_at_start", "eligible_customers", "lost_eligible_customers", "lost_customers")
    return Churn(*(ask.value(name, period) for name in names))


_KIND, _CHANGE = "kind of churn", "change of logo churn"


def _churn_by_kind(ask: Ask) -> Table:
    people, money = ask.value("customers_at_start"), ask.value("base_mrr")
    rows: list[tuple[str | float | None, ...]] = []
    lost, gone = Fraction(0), Fraction(0)
    for ending, how in ENDINGS.items():
        some, amount = ask.value(f"lost_{how}"), ask.value(f"mrr_lost_{how}")
        lost, gone = lost + some, gone + amount
        rows.append((_KIND, ending, number(some), number(amount), share(some, people), share(amount, money)))
    rows.append((_KIND, "all", number(lost), number(gone), share(lost, people), share(gone, money)))
    effects: tuple[Fraction | None, ...]
    try:
        effects = changes(_churn(ask, ask.period), _churn(ask, ask.period.previous()))
        effects = (*effects, sum(effects, Fraction(0)))
    except (NoData, Undefined):  # the period before is not known, or had nobody to lose
        effects = (None,) * 4
    for what, effect in zip(("contract effect", "behaviour", "outside a renewal", "all"), effects, strict=True):
        rows.append((_CHANGE, what, None, None, number(effect), None))
    return Table(
        ("part", "row", "lost_customers", "lost_mrr", "share_of_customers", "share_of_mrr"), tuple(rows),
        ("text", "text", "count", "money", "rate", "rate"),
    )  # fmt: skip


def _retention_cohorts(ask: Ask) -> Table:
    info, window = ask.session.fact("payer"), ask.window("payer")
    assert info.first_day is not None  # there is a window
    assert info.watermark is not None
    known, calendar = info.watermark + timedelta(days=1), ask.period.calendar
    start, grain = max(ask.period.start, info.first_day), _grain(ask)
    inside, since = span(start, window.end, calendar), span(start, known, calendar)
    born, seen = between(inside, inside, grain), between(since, since, grain)
    over = [Window(item.start, item.end) for item in seen if item.end <= known]
    begun = [Window(item.start, min(item.end, known)) for item in born]
    found = cohorts_of(ask.evaluator, ask.where, begun, over)
    rows = tuple(
        (str(item), cohort.size, *cells, *(None,) * (len(seen) - len(cells)))
        for item, cohort, cells in (
            (item, cohort, _cells(ask.parameters["of"], cohort, n, len(over)))
            for n, (item, cohort) in enumerate(zip(born, found, strict=True))
        )
    )
    head = tuple(f"{ask.parameters['grain']}_{n}" for n in range(len(seen)))
    return Table(("cohort", "size", *head), rows, ("text", "count", *("rate" for _ in head)))


def _grain(ask: Ask) -> Grain:
    """Fiscal cohorts are asked for by a fiscal period; months are the company's own where it counts in weeks."""
    if ask.parameters["grain"] == "month":
        return "fiscal_month" if ask.period.by_weeks else "month"
    return "fiscal_quarter" if ask.period.fiscal or ask.period.grain.startswith("fiscal") else "quarter"


def _cells(of: str, cohort: Cohort, began: int, windows: int) -> list[float | None]:
    """What is left at the end of each window that is over, from the cohort's own on."""
    place = {"logo": 0, "nrr": 1, "grr": 2}[of]
    nothing = (0, Fraction(0), Fraction(0))
    whole = Fraction(cohort.size) if of == "logo" else Fraction(cohort.left.get(began, nothing)[1])
    return [share(Fraction(cohort.left.get(n, nothing)[place]), whole) for n in range(began, windows)]


_CHURN = (
    "customers_at_start", "lost_customers", "base_mrr", *(f"lost_{how}" for how in ENDINGS.values()),
    *(f"mrr_lost_{how}" for how in ENDINGS.values()), "eligible_customers", "lost_eligible_customers",
)  # fmt: skip

TABLES = {
    "churn_by_kind": TableMetric(_CHURN, _churn_by_kind),
    "retention_cohorts": TableMetric(("customers_ever",), _retention_cohorts),
}
