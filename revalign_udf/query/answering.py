"""From a sound question to an answer: the number, or the coded reason why there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from revalign_udf.calc.results import CellError
from revalign_udf.errors import NoData, Undefined, UserError
from revalign_udf.metrics import Metric
from revalign_udf.periods import Period
from revalign_udf.query.answers import Answer
from revalign_udf.query.formulas import component_periods, evaluate
from revalign_udf.query.session import Session
from revalign_udf.query.tables import TABLES, Ask
from revalign_udf.snapshots import View

__all__ = ["answer", "as_date", "cell", "has_anything"]

Where = Mapping[str, str]
Pairs = Sequence[tuple[str, Period]]
"""the components a metric rests on, each with the period it is read for"""


def answer(session: Session, metric: Metric, period: Period, where: Where) -> Answer:
    """One number or one table, of a metric with its parameters filled in and filters already checked. A sound question
    without a number has its reason as status."""
    found: dict[str, object]
    parameters = {item.name: item.default for item in metric.parameters}
    pairs = component_periods(session, metric, period)
    partial = _open(session, pairs, period)
    young = [] if partial else _young(session, pairs)
    try:
        if metric.name in TABLES:
            found = {"rows": TABLES[metric.name].build(Ask(session, period, where, parameters))}
        else:
            found = {"exact": evaluate(session, metric, period, where)}
        notes = [f"{period} is not over, or not loaded to its end."] if partial else young
        notes = [*notes, *_taken_as_none(session, pairs, where)]
        found |= {"status": "partial" if partial or young else "ok", "message": " ".join(notes)}
    except (NoData, Undefined) as error:
        found = {"status": error.code, "message": str(error), "cell": error.cell}
    return Answer(
        metric.name,
        metric.label,
        str(period),
        metric.unit,
        partial=partial or bool(young),
        currency=session.evaluator.lens.currency if metric.unit == "money" else "",
        where=dict(where),
        parameters=parameters,
        profile=session.profile,
        definition_version=metric.version,
        snapshot=session.snapshot.label,
        as_of=session.snapshot.as_of.isoformat(),
        fingerprint=_fingerprint(session, metric, period, where),
        question=metric.question if metric.role == "vanity" else "",
        counterpart=metric.counterpart if metric.role == "vanity" else "",
        **found,  # type: ignore[arg-type]
    )


def _open(session: Session, pairs: Pairs, period: Period) -> bool:
    """Whether the period is not over, or not loaded to its end. A month of it that is over does not matter."""
    return any(session.is_partial(session.component(name), when) for name, when in pairs if when.end >= period.end)


def _young(session: Session, pairs: Pairs) -> list[str]:
    """Why a cohort may still grow: it is younger than nine out of ten needed for the step."""
    found = []
    for name, when in pairs:
        if (needed := session.still_growing(name, when)) is not None:
            step = name.replace("_then_", " to ")
            found.append(f"More of {when} may follow: of those who make it from {step} nine in ten take {needed} days.")
        elif (needed := session.unsettled(name, when)) is not None:
            found.append(f"{name} of {when} may still grow until {needed} days after its end.")
    return found


def _taken_as_none(session: Session, pairs: Pairs, where: Where) -> list[str]:
    """What the number took as nothing because nothing is known of it."""
    return [
        f"{name} is not known and taken as none."
        for name, when in pairs
        if session.component(name).optional and not session.value(name, when, where)
    ]


def has_anything(session: Session, metric: Metric, period: Period, where: Where, *, known: bool) -> bool:
    """Whether a slice has anything to count. Where nothing can be counted in any slice, a ``known`` value is shown with
    the reason all the same; the rest without a value is not."""
    counted = False
    for name, when in component_periods(session, metric, period):
        try:
            if session.count(name, when, where):
                return True
            counted = True
        except NoData as error:
            if error.code == "REV-208":  # there is something, and no rate for it
                return True
    return known and not counted


def cell(found: Answer) -> float | CellError:
    """A number, or the error a cell shows in its place."""
    return CellError(found.cell) if found.value is None else found.value


def as_date(value: object) -> date:
    """A day as typed. Raises UserError REV-101 for anything else.

    >>> as_date("2026-09-30 "), as_date(datetime(2026, 9, 30, 12))
    (datetime.date(2026, 9, 30), datetime.date(2026, 9, 30))
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise UserError(f'"{value}" is not a date.', code="REV-101", hint="Write 2026-09-30.") from None


def _fingerprint(session: Session, metric: Metric, period: Period, where: Where) -> str:
    """What identifies a value: definition, arguments and snapshot."""
    arguments = [session.catalogue.digest(metric), str(period.start), str(period.end), sorted(where.items())]
    if session.view != View():
        arguments.append(f"{session.profile} {session.view!r}")
    digest = hashlib.sha256(json.dumps(arguments).encode()).hexdigest()[:8]
    return f"{metric.name} v{metric.version} · d:{digest} · s:{session.snapshot.label}"
