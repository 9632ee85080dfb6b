"""How a number came about: definition, components, arithmetic, records in and out."""

from __future__ import annotations

from collections.abc import Mapping

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import NoData, Undefined
from revalign_udf.metrics import COMPONENTS, Metric, qualified
from revalign_udf.money import to_double
from revalign_udf.periods import Period
from revalign_udf.query.answers import Answer, Explanation, Table
from revalign_udf.query.formulas import evaluate, needs
from revalign_udf.query.session import Session
from revalign_udf.query.tables import table_needs
from revalign_udf.snapshots.records import excluded_of, records_of

__all__ = ["component_periods", "explain", "record_table"]

_RECORDS = ("component", "period", "system", "table", "id", "customer", "on", "contribution")


def component_periods(session: Session, metric: Metric, period: Period) -> list[tuple[str, Period]]:
    """The (component, period) pairs a metric rests on, in a stable order."""
    if metric.kind == "table":
        return [(name, period) for name in table_needs(metric)]
    order = {name: number for number, name in enumerate(COMPONENTS)}
    return sorted(needs(session, metric, period), key=lambda pair: (pair[1].start, order[pair[0]]))


def record_table(session: Session, metric: Metric, period: Period, where: Mapping[str, str]) -> Table:
    """Every record behind a metric with its contribution to each component."""
    rows: list[tuple[str | float | None, ...]] = []
    for name, when in component_periods(session, metric, period):
        component = COMPONENTS[name]
        try:
            window = session.window(component, when)
        except NoData:
            continue
        rows += [
            (name, str(when), r.system, r.table, r.id, r.customer, r.on.isoformat() if r.on else None,
             to_double(r.contribution))
            for r in records_of(session.snapshot.evaluator, component, window, where)
        ]  # fmt: skip
    return Table(_RECORDS, tuple(rows), ("text",) * 7 + ("number",))


def explain(session: Session, metric: Metric, period: Period, where: Mapping[str, str], answer: Answer) -> Explanation:
    """Everything about one answer."""
    pairs = component_periods(session, metric, period)
    rows: list[tuple[str | float | None, ...]] = []
    for name, when in pairs:
        component = COMPONENTS[name]
        try:
            value: float | None = to_double(session.value(name, when, where))
            note = component.about
        except NoData as error:
            value, note = None, str(error)
        rows.append((name, str(when), value, component.unit, note))
    components = Table(
        ("component", "period", "value", "unit", "meaning"), tuple(rows), ("text", "text", "number", "text", "text")
    )
    excluded: list[tuple[str, str, int]] = []
    if pairs:
        facts = sorted({COMPONENTS[name].fact for name, _ in pairs})
        try:
            excluded = excluded_of(session.snapshot.evaluator, facts, session.window(COMPONENTS[pairs[0][0]], period))
        except NoData:
            excluded = []
    return Explanation(
        answer,
        metric.definition,
        metric.formula,
        components,
        _arithmetic(session, metric, period, where, answer),
        record_table(session, metric, period, where),
        Table(("reason", "table", "count"), tuple(excluded), ("text", "text", "count")),
    )


def _arithmetic(session: Session, metric: Metric, period: Period, where: Mapping[str, str], answer: Answer) -> str:
    """The formula with numbers in place of names."""
    if not metric.formula:
        return ""

    def shown(name: str) -> str:
        qualifier, plain = qualified(name, COMPONENTS)
        if qualifier == "monthly_mean_":
            return name
        when = period.previous() if qualifier else period
        try:
            if plain in COMPONENTS:
                return f"{to_double(session.value(plain, when, where)):.15g}"
            return f"{to_double(evaluate(session, session.catalogue.metrics[plain], when, where)):.15g}"
        except (NoData, Undefined):
            return "none"

    result = "no value" if answer.value is None else f"{answer.value:.15g}"
    return f"{Expression(metric.formula).render(shown)} = {result}"
