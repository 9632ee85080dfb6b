"""The catalogue's formulas over the oracle's components, and the periods they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from beside import load

ORACLE: Any = load(Path(__file__).with_name("oracle.py"))
Where = dict[str, str]
Formula = Callable[[Any, "Span", Where], Fraction]


def month_start(number: int) -> date:
    """The first day of a month counted from year 0."""
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True)
class Span:
    """A period of whole months."""

    token: str
    first: int
    months: int

    @property
    def start(self) -> date:
        return month_start(self.first)

    @property
    def end(self) -> date:
        return month_start(self.first + self.months)

    @property
    def before(self) -> Span:
        return Span("", self.first - self.months, self.months)

    @property
    def parts(self) -> list[Span]:
        return [Span("", self.first + n, 1) for n in range(self.months)]


def months() -> list[Span]:
    first = 2024 * 12 + 10  # two months before the data begins, one after it ends
    return [Span(f"{n // 12}-{n % 12 + 1:02d}", n, 1) for n in range(first, first + 20)]


def longer() -> list[Span]:
    quarters = [Span(f"{n // 4}-Q{n % 4 + 1}", n * 3, 3) for n in range(2024 * 4 + 3, 2026 * 4 + 3)]
    return [*quarters, Span("2025", 2025 * 12, 12), Span("2026", 2026 * 12, 12), Span("LTM:2026-04", 2025 * 12 + 4, 12)]


def sales(rule: Callable[[Any, Any], bool], what: str = "amount") -> Formula:
    return lambda o, p, w: o.sold(p.start, p.end, w, lambda sale: rule(sale, p), what)


def flow(kind: str) -> Formula:
    return lambda o, p, w: o.flow(kind, p.start, p.end, w)


def people(side: str, measure: Callable[[Fraction, Fraction], Any]) -> Formula:
    return lambda o, p, w: o.people(p.start, p.end, w, side, measure)


def moved(*, entering: bool) -> Formula:
    return lambda o, p, w: o.moved(*o.clip("movement", p.start, p.end), w, entering=entering)


def divided(above: Formula, below: Formula) -> Formula:
    def run(o: Any, p: Span, w: Where) -> Fraction:
        top, bottom = above(o, p, w), below(o, p, w)
        return ORACLE.divide(top, bottom)  # type: ignore[no-any-return]

    return run


def leads(stage: str, later: str = "") -> Formula:
    return lambda o, p, w: o.leads(p.start, p.end, w, stage, later)


def first_time(sale: Any, p: Span) -> bool:
    return bool(sale["kind"] == "new" or (sale["kind"] is None and sale["since"] >= p.start))


revenue = sales(lambda sale, p: True)
orders = sales(lambda sale, p: True, "orders")
existing = sales(lambda sale, p: sale["since"] < p.start)
mrr = people("end", lambda opening, closing: closing)
opening_mrr = people("start", lambda opening, closing: opening)
customers = people("end", lambda opening, closing: closing > 0)
at_start = people("start", lambda opening, closing: opening > 0)
lost = people("start", lambda opening, closing: opening > 0 >= closing)
base = people("start", lambda opening, closing: max(opening, 0))
retained = people("start", lambda opening, closing: closing if opening > 0 else 0)
kept = people("start", lambda opening, closing: min(opening, closing) if opening > 0 else 0)
KINDS = ("new", "expansion", "contraction", "churned", "reactivation")


def began(o: Any, p: Span, w: Where) -> Fraction:
    return o.began(p.start, p.end, w)  # type: ignore[no-any-return]


def growth(o: Any, p: Span, w: Where) -> Fraction:
    now, then = revenue(o, p, w), revenue(o, p.before, w)
    if then <= 0:
        raise ORACLE.NoValue
    return (now - then) / then


def net_new(o: Any, p: Span, w: Where) -> Fraction:
    return sum((flow(kind)(o, p, w) for kind in KINDS), Fraction(0))


def fx_impact(o: Any, p: Span, w: Where) -> Fraction:
    known = net_new(o, p, w) + moved(entering=True)(o, p, w) + moved(entering=False)(o, p, w)
    return mrr(o, p, w) - opening_mrr(o, p, w) - known


def quick(o: Any, p: Span, w: Where) -> Fraction:
    won = flow("new")(o, p, w) + flow("expansion")(o, p, w)
    gone = flow("churned")(o, p, w) + flow("contraction")(o, p, w)
    return ORACLE.divide(won, -gone)  # type: ignore[no-any-return]


def acquisition(o: Any, p: Span, w: Where) -> Fraction:
    return o.spent(p.start, p.end, w, lambda row: row["function"] in ("marketing", "sales") and row["kind"] != "cogs")  # type: ignore[no-any-return]


def margin(o: Any, p: Span, w: Where) -> Fraction:
    cogs, sold = o.spent(p.start, p.end, w, lambda row: row["kind"] == "cogs"), revenue(o, p, w)
    return 1 - ORACLE.divide(cogs, sold) if cogs else Fraction(1)


def monthly_churn(o: Any, p: Span, w: Where) -> Fraction:
    found = []
    for part in p.parts:
        try:
            found.append(logo_churn(o, part, w))
        except ORACLE.NoValue:
            continue
    if not found:
        raise ORACLE.NoValue
    return sum(found, Fraction(0)) / len(found)


def payback(o: Any, p: Span, w: Where) -> Fraction:
    cost, contribution = cac(o, p, w), arpu(o, p, w) * margin(o, p, w)
    if contribution <= 0:
        raise ORACLE.NoValue
    return cost / contribution


def ltv(o: Any, p: Span, w: Where) -> Fraction:
    return ORACLE.divide(arpu(o, p, w) * margin(o, p, w), monthly_churn(o, p, w))  # type: ignore[no-any-return]


arpu = divided(mrr, customers)
logo_churn = divided(lost, at_start)
cac = divided(acquisition, began)

METRICS: dict[str, Formula] = {
    "revenue": revenue,
    "revenue_growth": growth,
    "orders": orders,
    "aov": divided(revenue, orders),
    "order_frequency": divided(orders, began),
    "new_revenue": sales(
        lambda sale, p: first_time(sale, p) or sale["kind"] in ("upsell", "cross_sell", "new_product")
    ),
    "new_business_revenue": lambda o, p, w: revenue(o, p, w) - existing(o, p, w),
    "existing_business_revenue": existing,
    "existing_share": divided(existing, revenue),
    "new_customers": began,
    "mrr": mrr,
    "arr": lambda o, p, w: 12 * mrr(o, p, w),
    "opening_mrr": opening_mrr,
    **{f"{kind}_mrr": flow(kind) for kind in KINDS},
    "entering_mrr": moved(entering=True),
    "leaving_mrr": moved(entering=False),
    "fx_impact_mrr": fx_impact,
    "net_new_mrr": net_new,
    "quick_ratio": quick,
    "customers": customers,
    "customers_at_start": at_start,
    "lost_customers": lost,
    "arpu": arpu,
    "logo_churn": logo_churn,
    "revenue_churn_gross": divided(lambda o, p, w: base(o, p, w) - kept(o, p, w), base),
    "revenue_churn_net": divided(lambda o, p, w: base(o, p, w) - retained(o, p, w), base),
    "nrr": divided(retained, base),
    "grr": divided(kept, base),
    "new_leads": leads("lead"),
    "mql": leads("mql"),
    "sql_leads": leads("sql"),
    "opportunities": leads("opportunity"),
    "mql_rate": divided(leads("lead", "mql"), leads("lead")),
    "sql_rate": divided(leads("mql", "sql"), leads("mql")),
    "sql_to_customer": divided(leads("sql", "customer"), leads("sql")),
    "cac": cac,
    "gross_margin": margin,
    "ltv_arpa_churn": ltv,
    "ltv_to_cac": divided(ltv, cac),
    "cac_payback_months": payback,
}


def slices(query: Any, metric: str, *, most: int = 3) -> Iterator[Where]:
    """Filters by every dimension of a metric, and a few by two."""
    dimensions = query.dimensions(metric)
    for name in dimensions:
        for value in query.names(name)[-most:]:
            yield {name: value}
    for first, second in (("segment", "country"), ("segment", "product"), ("channel", "product_line")):
        if first in dimensions and second in dimensions:
            yield {first: query.names(first)[0], second: query.names(second)[0]}
