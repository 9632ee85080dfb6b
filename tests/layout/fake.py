"""A stand-in for the one door for numbers: a small company with round stories, computed from nothing but arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from revalign_udf.errors import UnknownName, UserError
from revalign_udf.metrics import Parameter
from revalign_udf.periods import Calendar, Grain, between, parse_period
from revalign_udf.query.answers import Answer, Comparison, Table

UNITS = {
    "mrr": "money", "arr": "money", "customers": "count", "arpu": "money", "nrr": "rate", "grr": "rate",
    "logo_churn": "rate", "quick_ratio": "number", "cac": "money", "ltv_to_cac": "number",
    "cac_payback_months": "months", "new_customers": "count", "ltv_arpa_churn": "money",
    "opening_mrr": "money", "new_mrr": "money", "expansion_mrr": "money",
    "contraction_mrr": "money", "churned_mrr": "money", "reactivation_mrr": "money", "fx_impact_mrr": "money",
    "entering_mrr": "money", "leaving_mrr": "money", "revenue": "money", "revenue_growth": "rate", "aov": "money",
    "order_frequency": "number", "new_business_revenue": "money", "existing_business_revenue": "money",
    "existing_share": "rate", "funnel": "count", "new_leads": "count", "mql": "count", "sql_leads": "count",
    "retention_cohorts": "rate", "mql_rate": "rate", "sql_rate": "rate", "sql_to_customer": "rate", "nps": "points",
    "net_new_mrr": "money", "customers_at_start": "count", "lost_customers": "count", "eligible_customers": "count",
    "lost_eligible_customers": "count", "eligible_logo_churn": "rate", "annualised_eligible_logo_churn": "rate",
    "revenue_churn_gross": "rate", "revenue_churn_net": "rate", "eligible_mrr": "money", "lost_eligible_mrr": "money",
    "eligible_revenue_churn": "rate", "annualised_eligible_revenue_churn": "rate", "gross_margin": "rate",
    "customer_lifetime_inverse_churn": "months", "ltv_net": "money", "renewals_to_break_even": "count",
}  # fmt: skip
UPPER = {"mrr", "arr", "arpu", "nrr", "grr", "cac", "aov", "mql", "nps"}
SEGMENTS = ("Enterprise", "Mid-Market", "SMB", '=HYPERLINK("http://x";"y")')
MOVED = {"new": 9100, "expansion": 5200, "contraction": -1900, "churned": -4300, "reactivation": 700, "fx_impact": -310}


@dataclass(frozen=True)
class Declared:
    name: str
    label: str
    unit: str
    definition: str
    version: int
    owners: tuple[str, ...]
    formula: str
    kind: str = "scalar"
    question: str = ""
    counterpart: str = ""
    parameters: tuple[Parameter, ...] = ()


class FakeAsk:
    """Fits ``revalign_udf.layout.ask.Ask``."""

    snapshot = "2026-10-14#2"
    as_of = date(2026, 10, 14)
    currency = "EUR"
    calendar = Calendar()
    company = "Nordlicht Software"

    def __init__(self, state: str = "fresh", empty: bool = False) -> None:
        self.state, self.empty = state, empty

    def records(self, name: str, period: str, where: Mapping[str, str] | None = None) -> Table:
        self.metric(name, period, where)
        columns = ("component", "period", "system", "table", "id", "customer", "name", "on", "url", "contribution")
        rows = [] if self.empty else [
            (name, period, "billing", "item", "3", "c", "Corvus", "2026-09-12", None, -10.5),
            (name, period, "billing", "item", "1", "a", "=Ada", "2026-09-02", None, 250.0),
            (name, period, "crm", "item", "1", "b", "Borel", "2026-09-02", None, 40.0),
            ("opening_mrr", period, "billing", "item", "1", "a", "=Ada", None, None, 7.0),
        ]  # fmt: skip
        return Table(columns, tuple(rows), ("text",) * 9 + ("number",))

    def banner(self) -> str:
        return f"As of {self.as_of} · snapshot {self.snapshot} · 2 sources: billing, crm"

    def breakdown(
        self, name: str, period: str, by: str, where: Mapping[str, str] | None = None
    ) -> Sequence[tuple[str, Answer]]:
        if by not in ("segment", "country"):
            raise UnknownName("field", by, ("segment", "country"))
        if by == "country":
            return [(value, self.metric(name, period, {**(where or {}), by: value})) for value in ("DE", "SE")]
        shown = () if self.empty else SEGMENTS[:-1] if name == "nrr" else SEGMENTS
        return [(value, self.metric(name, period, {**(where or {}), by: value})) for value in shown]

    def digest(self, name: str) -> str:
        return f"{sum(name.encode()):08x}"

    def declaration(self, name: str) -> Declared:
        if name not in UNITS:
            raise UnknownName("metric", name, UNITS)
        words = " ".join(part.upper() if part in UPPER else part for part in name.split("_"))
        return Declared(
            name,
            words[0].upper() + words[1:],
            UNITS[name],
            f"What {words} means to marketing, sales, customer success and finance, in one sentence they all signed.",
            2,
            ("finance", "success"),
            f"sum({name}) / sum(at_start)",
            "table" if name in ("funnel", "retention_cohorts") else "scalar",
            parameters=(Parameter("of", "logo", "what is kept"),) if name == "retention_cohorts" else (),
        )

    def series(
        self, name: str, first: str, last: str, grain: Grain | None = None, where: Mapping[str, str] | None = None
    ) -> Sequence[Answer]:
        ends = [parse_period(token, self.as_of, self.calendar) for token in (first, last)]
        return [self.metric(name, str(period), where) for period in between(ends[0], ends[1], grain)]

    def metric(
        self, name: str, period: str, where: Mapping[str, str] | None = None, *, compare: object = None
    ) -> Answer:
        answer = self._metric(name, period, where)
        if not compare or answer.exact is None:
            return answer
        found = []
        for versus in compare:  # type: ignore[attr-defined]
            if versus == "target":
                found.append(Comparison("target", period, message="REV-204 no goal."))
                continue
            when = parse_period(period, self.as_of, self.calendar)
            before = str(when.previous() if versus == "previous" else when.last_year())
            # days of one's own (the twelve months before the last twelve) are beyond this stand-in
            base = None if when.grain == "span" else self._metric(name, before, where).exact
            if base is None:
                found.append(Comparison(versus, before, message="REV-204 nothing before."))
                continue
            difference = answer.exact - base
            found.append(Comparison(versus, before, base, difference, difference / base if base > 0 else None))
        return replace(answer, comparisons=tuple(found))

    def names(self, kind: str) -> Sequence[str]:
        known = {"segment": SEGMENTS, "country": ("DE", "SE"), "months": ("2026-08", "2026-09", "2026-10")}
        if kind not in known:
            raise UnknownName("kind of name", kind, known)
        return known[kind]

    def _metric(self, name: str, period: str, where: Mapping[str, str] | None = None) -> Answer:
        known, when = self.declaration(name), parse_period(period, self.as_of, self.calendar)
        name = known.name
        if unknown := set(where or ()) - {"segment", "country", *(("of",) if name == "retention_cohorts" else ())}:
            raise UserError(f"{name} cannot be cut by {unknown.pop()}.", code="REV-103", hint="Use segment.")
        partial = when.end > self.as_of and when.grain != "span"
        common = {"partial": partial, "where": dict(where or {}), "snapshot": self.snapshot, "definition_version": 2}
        print_ = f"{name} v2 · d:9f2c · s:{self.snapshot}"
        if known.kind == "table":
            rows = None if self.empty else self._rows(name)
            return Answer(name, known.label, period, known.unit, rows=rows, **common)  # type: ignore[arg-type]
        if name == "cac" and when.last_day < date(2025, 12, 31):
            said = {"status": "REV-204", "message": "REV-204 no expense before 2025-12.", "cell": "#N/A"}
            return Answer(name, known.label, period, known.unit, **said, **common)  # type: ignore[arg-type]
        if name == "order_frequency" and period == "2026-03":
            said = {"status": "REV-110", "message": "no new customer.", "cell": "#DIV/0!"}
            return Answer(name, known.label, period, known.unit, **said, **common)  # type: ignore[arg-type]
        exact = self._value(name, (when.end.year - 2024) * 12 + when.end.month, where)
        return Answer(name, known.label, period, known.unit, exact, "ok", "", fingerprint=print_, **common)  # type: ignore[arg-type]

    def _value(self, name: str, t: int, where: Mapping[str, str] | None) -> Fraction:
        share = Fraction(1, 2 + SEGMENTS.index(where["segment"])) if where and where.get("segment") in SEGMENTS else 1
        wave = Fraction((t * 7) % 12 - 6, 60)
        closing = self._mrr(t)
        if name in ("mrr", "arr", "opening_mrr"):
            return share * {"mrr": closing, "arr": 12 * closing, "opening_mrr": self._mrr(t - 1)}[name]
        if name.endswith("_mrr"):
            return share * self._moved(t).get(name[:-4], Fraction(0))
        if name in ("new_leads", "mql", "sql_leads"):
            return Fraction({"new_leads": 1400, "mql": 430, "sql_leads": 120}[name] + (t * 37) % 90)
        base = {
            "customers": Fraction(310 + 3 * t), "arpu": Fraction(412) / 3, "nrr": Fraction(1013, 1000),
            "grr": Fraction(985, 1000), "logo_churn": Fraction(21, 1000), "quick_ratio": Fraction(23, 10),
            "cac": Fraction(1940), "new_customers": Fraction(31), "ltv_arpa_churn": Fraction(6596),
            "ltv_to_cac": Fraction(34, 10), "cac_payback_months": Fraction(121, 10),
            "revenue": Fraction(187_432), "revenue_growth": Fraction(2, 100), "aov": Fraction(4312),
            "order_frequency": Fraction(6), "new_business_revenue": Fraction(51_200),
            "existing_business_revenue": Fraction(136_232), "existing_share": Fraction(72, 100), "nps": Fraction(41),
            "customers_at_start": Fraction(307 + 3 * t), "lost_customers": Fraction(7), "eligible_customers": Fraction(70),
            "lost_eligible_customers": Fraction(6), "ltv_net": Fraction(4100), "renewals_to_break_even": Fraction(1),
        }.get(name, Fraction(3, 10))  # fmt: skip
        spread = Fraction(1, 12) if UNITS[name] == "rate" and base > Fraction(1, 2) else Fraction(1)
        scale = share if UNITS[name] in ("money", "count") else 1
        value = base * (1 + wave * spread) * scale
        return Fraction(round(value)) if UNITS[name] == "count" else value

    @staticmethod
    def _moved(t: int) -> dict[str, Fraction]:
        return {name: Fraction(size * (9 + (t * (i + 3)) % 7), 12) for i, (name, size) in enumerate(MOVED.items())}

    def _mrr(self, t: int) -> Fraction:
        return 98_000 + sum((sum(self._moved(k).values(), Fraction(0)) for k in range(1, t + 1)), Fraction(0))

    @staticmethod
    def _rows(name: str) -> Table:
        if name == "retention_cohorts":
            cohorts = (("2026-09", 4, 1.0, 0.75), ("2026-10", 2, 1.0, None))
            return Table(("cohort", "size", "month_0", "month_1"), cohorts, ("text", "count", "rate", "rate"))
        counts = (21_040, 5_310, 1_420, 960, 310)
        names = ("lead", "mql", "sql", "opportunity", "customer")
        later = (*counts[1:], None)
        rows = [
            (name, count, after, None if after is None else after / count)
            for name, count, after in zip(names, counts, later, strict=True)
        ]
        units = ("text", "count", "count", "rate")
        return Table(("stage", "reached", "reached_next", "conversion"), tuple(rows), units)

    def status(self) -> Table:
        return Table(("source", "state"), (("billing", "fresh"), ("crm", self.state)))
