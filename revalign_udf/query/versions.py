"""Versions of a definition, asked for by number, and what a change of one would do to the numbers.

A question pins a version with the pair ``version``: ``--with version=2`` on the command line, ``"version", 2`` in a cell.
The pin is that of the metric asked for; the metrics its formula reads are the agreed ones. Without it the agreed version
answers. A pinned answer says so where the version is not the agreed one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from revalign_udf.errors import UnknownName, UserError
from revalign_udf.metrics import Metric
from revalign_udf.metrics.profiles import PROFILES
from revalign_udf.money import to_double
from revalign_udf.periods import Period
from revalign_udf.query.answering import answer
from revalign_udf.query.answers import Answer
from revalign_udf.query.formulas import component_periods
from revalign_udf.query.session import Session
from revalign_udf.snapshots.records import records_of

__all__ = ["PIN", "Change", "impact", "pinned"]

#: the pair that names a version
PIN = "version"


def pinned(session: Session, name: str, where: Mapping[str, object] | None) -> tuple[Metric, dict[str, object], str]:
    """The metric a question means, its filters and parameters without the pin, and what to say of the version.

    Raises UnknownName REV-101 for a metric nobody knows, UserError REV-101 for a version it does not have, REV-106 for a
    metric nobody has agreed on yet, REV-102 for a version of a definition that is a profile's own.
    """
    catalogue = session.catalogue
    pins = [key for key in where or {} if str(key).strip().casefold() == PIN and PIN not in catalogue.known_dimensions]
    rest = {key: value for key, value in (where or {}).items() if key not in pins}
    wanted = _number((where or {})[pins[0]]) if pins else None
    offered = [item for item in session.manifest.versions if _same(str(item["name"]), name)]
    try:
        metric = catalogue.metric(name)
    except UnknownName as error:
        if not offered:
            raise
        if wanted is None:
            first = offered[-1]
            raise UserError(
                f"{first['name']} is proposed and not agreed yet (waiting for: {', '.join(first['waiting_for'])}).",
                code="REV-106", hint=f"To see it all the same: --with {PIN}={first['version']}.",
            ) from error  # fmt: skip
    else:
        offered = [item for item in session.manifest.versions if item["name"] == metric.name]
        if wanted is None or (wanted == metric.version and not _of_profile(session, metric.name)):
            return metric, rest, ""
        if _of_profile(session, metric.name):
            raise UserError(
                f"The profile {session.profile} defines {metric.name} itself; it has no versions.", code="REV-102",
                hint="Ask without the profile, or without the version.",
            )  # fmt: skip
    for item in offered:
        if item["version"] == wanted:
            waits = f" (waiting for: {', '.join(item['waiting_for'])})" if item["waiting_for"] else ""
            note = f"By version {wanted} of the definition, which is {item['state']}{waits}."
            return Metric.from_dict(item["definition"]), rest, note
    known = ", ".join(str(item["version"]) for item in offered) or str(catalogue.metric(name).version)
    raise UserError(
        f"{name} has no version {wanted} in the snapshot {session.snapshot.label}.", code="REV-101",
        hint=f"It has: {known}. A version just written is there after: revalign build.",
    )  # fmt: skip


def _of_profile(session: Session, name: str) -> bool:
    return any(item.name == name for item in PROFILES[session.profile].metrics)


def _same(known: str, asked: str) -> bool:
    return known == "_".join(str(asked).casefold().replace("-", " ").split())


def _number(value: object) -> int | None:
    """A version as typed: ``2``, ``2.0`` of a cell, ``v2``; None for a blank. Raises UserError REV-102."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value or "").strip()
    if not text:
        return None
    digits = text.casefold().removeprefix("v")
    if not digits.isdecimal():
        raise UserError(f"A version is a whole number, not {text}.", code="REV-102", hint=f"Write {PIN}=2.")
    return int(digits)


@dataclass(frozen=True, slots=True)
class Change:
    """What another definition does to one period. ``customers`` are those whose records count otherwise, ``records`` the
    records without a customer that do; None where the number is no sum of records."""

    period: Period
    before: Answer
    after: Answer
    customers: int | None
    records: int | None

    @property
    def difference(self) -> Fraction | None:
        """After less before, where both are numbers."""
        if self.before.exact is None or self.after.exact is None:
            return None
        return self.after.exact - self.before.exact

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        gap = self.difference
        return {
            "period": str(self.period), "from": self.before.value, "to": self.after.value,
            "difference": None if gap is None else to_double(gap), "customers": self.customers, "records": self.records,
            "from_status": self.before.status, "to_status": self.after.status,
        }  # fmt: skip


def impact(session: Session, before: Metric, after: Metric, periods: Sequence[Period]) -> list[Change]:
    """Two definitions of one metric side by side, over the same facts.

    Components both read are the same for everybody. Of those only one of them reads, what each customer contributes is
    compared: with the same amounts under another name (lost of all, lost of those eligible) nothing has changed for it.
    Raises UserError REV-106 for a table, which has no one number.
    """
    if before.kind != "scalar" or after.kind != "scalar":
        raise UserError(f"{after.name} is a table: there is no one number to compare.", code="REV-106")
    old, new = session.catalogue.bind(before), session.catalogue.bind(after)
    for metric in (old, new):
        session.prefetch([pair for when in periods for pair in component_periods(session, metric, when)], {})
    return [
        Change(when, answer(session, old, when, {}), answer(session, new, when, {}), *_counts(session, old, new, when))
        for when in periods
    ]


def _counts(session: Session, old: Metric, new: Metric, period: Period) -> tuple[int | None, int | None]:
    """How many customers, and how many records without one, count otherwise."""
    first, second = (component_periods(session, metric, period) for metric in (old, new))
    gone, come = ([pair for pair in one if pair not in other] for one, other in ((first, second), (second, first)))
    if any(session.component(name).shape == "statistic" for name, _ in (*gone, *come)):
        return None, None
    was, now = _contributions(session, gone), _contributions(session, come)
    other = [key for key in {*was, *now} if was.get(key) != now.get(key)]
    return sum(bool(customer) for customer, _ in other), sum(not customer for customer, _ in other)


def _contributions(session: Session, pairs: Sequence[tuple[str, Period]]) -> dict[tuple[str, str], Counter[Fraction]]:
    """(customer, "") or ("", record) -> its amounts in each component, whichever it is."""
    found: dict[tuple[str, str], Counter[Fraction]] = {}
    for name, when in pairs:
        component = session.component(name)
        try:
            window = session.window(component, when)
        except UserError:
            continue
        sums: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for one in records_of(session.evaluator, component, window, {}):
            key = (one.customer, "" if one.customer else f"{one.system} {one.table} {one.id}")
            sums[key] += one.contribution
        for key, amount in sums.items():
            if amount:
                found.setdefault(key, Counter())[amount] += 1
    return found
