"""How a number came about: definition, components, arithmetic, records in and out."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import NoData, Undefined
from revalign_udf.metrics import Metric, qualified
from revalign_udf.money import to_double
from revalign_udf.periods import Period
from revalign_udf.query.answers import Answer, Explanation, Table
from revalign_udf.query.formulas import component_periods, evaluate, when_read
from revalign_udf.query.promises import records_of_promises
from revalign_udf.query.session import Session
from revalign_udf.snapshots import Window
from revalign_udf.snapshots.records import Record, excluded_of, records_of

__all__ = ["explain", "record_table"]

_RECORDS = ("component", "period", "system", "table", "id", "customer", "name", "on", "url", "contribution")


def record_table(session: Session, metric: Metric, period: Period, where: Mapping[str, str]) -> Table:
    """Every record behind a metric with its contribution to each component."""
    found: list[tuple[str, str, Record]] = []
    for name, when in component_periods(session, metric, period):
        component = session.component(name)
        try:
            window = session.window(component, when)
        except NoData:
            continue
        found += [(name, str(when), r) for r in records_of_promises(session, component, when, where)]
        found += [(name, str(when), record) for record in records_of(session.evaluator, component, window, where)]
    names = session.snapshot.names_of({record.customer for _, _, record in found})
    links = {(row["system"], row["table"]): str(row["url"]) for row in session.manifest.objects.get("addresses", ())}
    rows = tuple(
        (name, when, r.system, r.table, r.id, r.customer, names.get(r.customer, ""), r.on.isoformat() if r.on else None,
         _address(links, r), to_double(r.contribution))
        for name, when, r in found
    )  # fmt: skip
    return Table(_RECORDS, rows, ("text",) * 9 + ("number",))


def _address(links: Mapping[tuple[str, str], str], record: Record) -> str | None:
    """The page of a record in its own system, where the system has told how its addresses are made."""
    template = links.get((record.system, record.table))
    return template.replace("{id}", quote(record.id, safe="")) if template else None


def explain(session: Session, metric: Metric, period: Period, where: Mapping[str, str], answer: Answer) -> Explanation:
    """Everything about one answer."""
    pairs = component_periods(session, metric, period)
    rows: list[tuple[str | float | None, ...]] = []
    for name, when in pairs:
        component = session.component(name)
        try:
            value: float | None = to_double(session.value(name, when, where))
            note = component.about
        except NoData as error:
            value, note = None, str(error)
        rows.append((name, str(when), value, component.unit, note))
    components = Table(
        ("component", "period", "value", "unit", "meaning"), tuple(rows), ("text", "text", "number", "text", "text")
    )
    facts = sorted({session.component(name).fact for name, _ in pairs})
    excluded = excluded_of(session.evaluator, facts, Window(period.start, period.end))
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
        qualifier, plain = qualified(name, session.catalogue.components)
        if qualifier == "monthly_mean_":
            return name
        when = when_read(qualifier, period)[0]
        inner = session.catalogue.resolve(plain)
        try:
            if qualifier == "goal_":
                return _digits(to_double(session.goal(plain, period, where)))
            if inner is None or plain in session.catalogue.components:
                return _digits(to_double(session.value(plain, when, where)))
            return _digits(to_double(evaluate(session, session.catalogue.bind(inner), when, where)))
        except (NoData, Undefined):
            return "none"

    result = "no value" if answer.value is None else _digits(answer.value)
    return f"{Expression(metric.formula).render(shown)} = {result}"


def _digits(value: float) -> str:
    """A number as text; a negative one in parentheses, so that a sum stays readable."""
    return f"{value:.15g}" if value >= 0 else f"({value:.15g})"
