"""Drift: what became of closed numbers, told apart by cause. The closed number itself never moves.

For each closed period the number written down at the close stands beside the one of the published snapshot. Their
difference is taken apart record by record, over each component the metric rests on:

=============== ===================================================================================================
late record     a record the frozen snapshot did not have
deleted         a record the published snapshot does not have any more
edited record   a record both have, with another date, amount, customer, stage ...
FX              the same record at other exchange rates: what it contributes now, less what it would contribute at the
                rates known at the close
new definition  the frozen facts under the definition of today, less the number that was closed
=============== ===================================================================================================

A record that is itself unchanged may count otherwise because of another one of its customer (a late subscription turns
what was new into an expansion); it takes that one's cause. A population (who was paying, what was kept) lists customers,
each with the cause that changed its balance most.

The items of a component add up to its difference exactly. So do those of a metric that is a sum of components; of a ratio
the components are told and the ratio's own numbers stand beside them. A statistic (a median, a survival) is no sum: its
numbers are told, its records are not. Tables are not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from typing import cast

import duckdb

from revalign_udf.errors import NoData, RevalignError
from revalign_udf.governance import Close
from revalign_udf.metrics import Component, Metric
from revalign_udf.periods import Period, parse_period
from revalign_udf.query.changes import Changes, Key, Records
from revalign_udf.query.closing import text_of
from revalign_udf.query.drifts import CAUSES, Cause, ComponentDrift, Item, MetricDrift, PeriodDrift, by_cause
from revalign_udf.query.formulas import component_periods, evaluate
from revalign_udf.query.names import Catalogue
from revalign_udf.query.session import Session
from revalign_udf.snapshots import Evaluator
from revalign_udf.snapshots.lens import Lens
from revalign_udf.snapshots.records import records_of

__all__ = ["drift_of", "drifted"]

_Pair = tuple[str, Period]


def drifted(close: Close, now: Session) -> int:
    """How many of the numbers written down at a close are other ones now."""
    period = _period_of(close, now)
    known = close.values.get(f"{period.start}..{period.last_day}", {})
    metrics = [now.catalogue.bind(m) for m in now.catalogue.metrics.values() if m.kind == "scalar" and m.name in known]
    now.prefetch([pair for metric in metrics for pair in component_periods(now, metric, period)], {})
    gone = [name for name in known if name not in now.catalogue.metrics]
    return len(gone) + sum(text_of(now, metric, period) != known[metric.name] for metric in metrics)


def _period_of(close: Close, session: Session) -> Period:
    """The closed period, with the days it had at the close."""
    try:
        named = parse_period(close.period, session.manifest.as_of, session.manifest.calendar)
        return replace(named, start=close.start, end=close.end)
    except RevalignError:
        return Period(close.period, close.start, close.end, "span", session.manifest.calendar)


def drift_of(close: Close, old: Session, now: Session, names: Sequence[str] = ()) -> PeriodDrift:
    """The drift of one closed period: of the metrics named, else of all whose number is another one now.

    Raises UnknownName REV-101 for a metric nobody declares or declared.
    """
    return _Comparison(close, old, now).told(names)


class _Comparison:
    """A frozen snapshot beside the published one."""

    def __init__(self, close: Close, old: Session, now: Session) -> None:
        self.close, self.old, self.now = close, old, now
        self.period = _period_of(close, now)
        self._parts: dict[_Pair, ComponentDrift] = {}
        self._kept: dict[_Pair, Fraction | None] = {}
        self._balances: dict[_Pair, list[Item]] = {}
        self._read: dict[_Pair, tuple[Records, Records, Records]] = {}

    def told(self, names: Sequence[str]) -> PeriodDrift:
        scalars = {
            n: m for n, m in {**self.old.catalogue.metrics, **self.now.catalogue.metrics}.items() if m.kind == "scalar"
        }
        if names:
            chosen = [scalars[self._name(name)] for name in names if self._name(name) in scalars]
        else:
            # a metric declared since has no closed number that could move
            chosen = [metric for name, metric in scalars.items() if name in self.old.catalogue.metrics]
        for session in (self.old, self.now):
            own = [
                session.catalogue.bind(session.catalogue.metrics[m.name])
                for m in chosen
                if m.name in session.catalogue.metrics
            ]
            session.prefetch([pair for metric in own for pair in component_periods(session, metric, self.period)], {})
        found = [self._told(metric) for metric in chosen]
        if not names:
            found = [one for one in found if one.moved]
        notes = self._notes()
        if any(one.moved for one in found):
            notes.append(
                f"A period that contains {self.period} without being closed itself (a year, YTD, LTM) is computed from"
                " the published snapshot: this drift is part of it."
            )
        label, currency = self.now.snapshot.label, self.now.manifest.currency
        return PeriodDrift(self.close, label, currency, len(chosen), tuple(found), tuple(notes))

    def _name(self, name: str) -> str:
        try:
            return self.now.catalogue.metric(name).name
        except RevalignError:
            if name in self.old.catalogue.metrics:
                return name
            raise

    def _notes(self) -> list[str]:
        """What else is different: settings, the version, and what the comparison leaves out."""
        before, after = self.old.manifest, self.now.manifest
        settings = [
            f"{name} was {before.parameters.get(name)!r} and is {after.parameters.get(name)!r} now"
            for name in sorted({*before.parameters, *after.parameters})
            if before.parameters.get(name) != after.parameters.get(name)
        ]
        settings += [
            f"the company's {name} was {getattr(before, name)} and is {getattr(after, name)} now"
            for name in ("currency", "time_zone", "calendar")
            if getattr(before, name) != getattr(after, name)
        ]
        if before.version != after.version:
            settings.append(f"computed by Revalign {before.version} then, {after.version} now")
        return settings

    # --- a metric ----------------------------------------------------------------------------------------------

    def _told(self, metric: Metric) -> MetricDrift:
        closed, closed_status = self._closed(metric.name)
        now, now_status = self._value(self.now, metric.name)
        found = MetricDrift(metric.name, metric.label, metric.unit, closed, now, closed_status, now_status)
        if not found.moved:
            return found
        if metric.name not in self.now.catalogue.metrics:
            return replace(found, note="It is not declared any more.")
        if metric.name not in self.old.catalogue.metrics:
            return replace(found, note="It was not declared at the close.")
        own = self.now.catalogue.bind(self.now.catalogue.metrics[metric.name])
        pairs = component_periods(self.now, own, self.period)
        parts = tuple(part for part in map(self._part, pairs) if part.closed != part.now or part.items)
        causes = self._causes(own, pairs, closed, now)
        note = "" if parts or causes else "No component of it moved: a target or a setting did."
        return replace(found, components=parts, causes=causes, note=note)

    def _closed(self, name: str) -> tuple[Fraction | None, str]:
        """The number at the close: the one written down, else the frozen snapshot's."""
        known = self.close.values.get(f"{self.period.start}..{self.period.last_day}", {}).get(name)
        if known is None:
            return self._value(self.old, name)
        return (None, known) if known.startswith("REV") else (Fraction(known), "ok")

    def _value(self, session: Session, name: str) -> tuple[Fraction | None, str]:
        if name not in session.catalogue.metrics:
            return None, "REV-101"
        found = text_of(session, session.catalogue.bind(session.catalogue.metrics[name]), self.period)
        return (None, found) if found.startswith("REV") else (Fraction(found), "ok")

    def _causes(
        self, metric: Metric, pairs: Sequence[_Pair], closed: Fraction | None, now: Fraction | None
    ) -> dict[Cause, Fraction]:
        """The difference by cause where the metric is a sum of its components, exactly; else nothing."""
        if closed is None or now is None or "goal_" in metric.formula:
            return {}
        before = {pair: self._under_new(pair) for pair in pairs}
        after = {pair: self._value_of(self.now, pair) for pair in pairs}
        weights = self._weights(metric, pairs)
        if weights is None or any(one is None for one in (*before.values(), *after.values())):
            return {}

        def total(values: Mapping[_Pair, Fraction | None]) -> Fraction:
            return self._constant(metric) + sum((weights[p] * (v or 0) for p, v in values.items()), Fraction(0))

        if total(after) != now:
            return {}  # no sum after all: a largest or smallest of several, say
        items = [
            replace(item, difference=weights[pair] * item.difference)
            for pair in pairs
            for item in self._part(pair).items
            if item.cause != "new definition" and weights[pair]
        ]
        items.append(Item("new definition", total(before) - closed))
        found = {cause: value for cause, value in by_cause(items).items() if value}
        return found if sum(found.values(), Fraction(0)) == now - closed else {}

    def _weights(self, metric: Metric, pairs: Sequence[_Pair]) -> dict[_Pair, Fraction] | None:
        """How often each component counts in a metric that is a sum of them; None for any other formula."""
        try:
            base = self._constant(metric)
            return {pair: self._assumed(metric, {pair: Fraction(1)}) - base for pair in pairs}
        except RevalignError:
            return None

    def _constant(self, metric: Metric) -> Fraction:
        return self._assumed(metric, {})

    def _assumed(self, metric: Metric, values: Mapping[_Pair, Fraction]) -> Fraction:
        assumed = _Assumed(
            self.now.catalogue, lambda name, period: values.get((name, period), Fraction(0)), self.now.goal
        )
        return evaluate(cast("Session", assumed), metric, self.period, {})

    # --- a component -------------------------------------------------------------------------------------------

    def _part(self, pair: _Pair) -> ComponentDrift:
        if pair not in self._parts:
            name, period = pair
            component = self.now.component(name)
            closed, now = self._value_of(self.old, pair), self._value_of(self.now, pair)
            found = ComponentDrift(name, str(period), component.unit, closed, now)
            if closed is not None and now is not None and closed != now:
                found = replace(found, items=tuple(self._items(component, period, closed, now)))
            self._parts[pair] = found
        return self._parts[pair]

    @staticmethod
    def _value_of(session: Session, pair: _Pair) -> Fraction | None:
        name, period = pair
        if name not in session.catalogue.components:
            return None
        try:
            return session.value(name, period, {})
        except RevalignError:
            return None

    def _under_new(self, pair: _Pair) -> Fraction | None:
        """A component of the frozen facts by the definition of today; None where they do not tell."""
        if pair not in self._kept:
            name, period = pair
            component = self.now.component(name)
            if self.old.catalogue.components.get(name) == component:
                self._kept[pair] = self._value_of(self.old, pair)
            elif component.shape == "statistic":
                self._kept[pair] = None
            else:
                self._kept[pair] = self._measured(component, period)
        return self._kept[pair]

    def _measured(self, component: Component, period: Period) -> Fraction | None:
        try:
            window = self.old.window(component, period)
            found = self.old.evaluator.evaluate([component], [window], {})
        except NoData as error:
            return Fraction(0) if component.optional and error.code == "REV-201" else None
        except (duckdb.Error, KeyError):
            return None  # the frozen facts have no such column or table
        measured = found.get((component.name, 0, ()))
        if measured is None:
            return Fraction(0)
        return None if measured.unrated else measured.value

    def _items(self, component: Component, period: Period, closed: Fraction, now: Fraction) -> list[Item]:
        if component.shape == "statistic":
            return []
        base = self._under_new((component.name, period))
        if base is None:
            return [Item("new definition", now - closed)]
        before, between, after = self._three(component, period)
        found = [Item("new definition", base - closed)] if base != closed else []
        found += self._changed(component, period)
        found += [
            self._item("FX", key, before, after, after.amount(key) - between.amount(key))
            for key in sorted({*after.amounts, *between.amounts})
            if after.amount(key) != between.amount(key)
        ]
        customers = {item.customer for item in found if item.customer}
        names = {**self.old.snapshot.names_of(customers), **self.now.snapshot.names_of(customers)}
        return [replace(item, name=names.get(item.customer) or "") for item in found]

    def _three(self, component: Component, period: Period) -> tuple[Records, Records, Records]:
        """The records at the close, those of now at the rates of the close, those of now."""
        pair = (component.name, period)
        if pair not in self._read:
            before = self._records(self.old, self.old.evaluator, component, period)
            after = self._records(self.now, self.now.evaluator, component, period)
            self._read[pair] = before, self._at_old_rates(component, period, after), after
        return self._read[pair]

    def _changed(self, component: Component, period: Period) -> list[Item]:
        """What each record contributes now, at the rates of the close, less what it contributed then."""
        before, after, _ = self._three(component, period)
        keys = sorted(key for key in {*before.amounts, *after.amounts} if before.amount(key) != after.amount(key))
        causes = self._changes.causes({key: before.whose.get(key) or after.whose.get(key, "") for key in keys})
        if component.shape in ("start", "end") and component.measure not in ("opening", "closing"):
            of_balance = self._causes_of_balances(component, period)
            causes |= {
                key: cause for key in keys if (cause := of_balance.get(after.whose.get(key) or before.whose[key]))
            }
        return [self._item(causes[key], key, before, after, after.amount(key) - before.amount(key)) for key in keys]

    def _causes_of_balances(self, component: Component, period: Period) -> dict[str, Cause]:
        """By customer what changed the balances a population is told by: of several causes the largest."""
        sums: dict[str, dict[Cause, Fraction]] = {}
        for word, name in (("opening", "opening_mrr"), ("closing", "mrr")):
            if word not in component.measure:
                continue
            if (name, period) not in self._balances:
                self._balances[name, period] = self._changed(self.now.component(name), period)
            for item in self._balances[name, period]:
                own = sums.setdefault(item.customer, {})
                own[item.cause] = own.get(item.cause, Fraction(0)) + abs(item.difference)
        order = {cause: place for place, cause in enumerate(CAUSES)}
        return {
            customer: min(own, key=lambda cause, own=own: (-own[cause], order[cause]))  # type: ignore[misc]
            for customer, own in sums.items()
        }

    @staticmethod
    def _item(cause: Cause, key: Key, before: Records, after: Records, difference: Fraction) -> Item:
        told = after if key in after.amounts else before
        return Item(cause, difference, *key, told.whose.get(key, ""), told.on.get(key))

    @staticmethod
    def _records(session: Session, evaluator: Evaluator, component: Component, period: Period) -> Records:
        try:
            window = session.window(component, period)
        except NoData:
            return Records([])
        return Records(records_of(evaluator, component, window, {}))

    def _at_old_rates(self, component: Component, period: Period, after: Records) -> Records:
        """The records of today at the rates known at the close."""
        if not self._rates_moved:
            return after
        window = self.now.window(component, period)
        same, old = (Records(records_of(one, component, window, {})) for one in self._revaluing)
        if same.amounts != after.amounts:
            return after  # amounts that cannot be converted anew: kept in company currency only
        # of what the old rates cannot convert nothing is said of rates
        for key, amount in after.amounts.items():
            old.amounts.setdefault(key, amount)
        return old

    @cached_property
    def _revaluing(self) -> tuple[Evaluator, Evaluator]:
        """What reads the facts of now, every amount converted anew: at the rates of now, and at those of the close."""
        infos = self.now.manifest.facts.items()
        known = {name: info.watermark + timedelta(days=1) for name, info in infos if info.watermark}
        lens, found = self.now.evaluator.lens, []
        for session in (self.now, self.old):
            rates = session.snapshot.rates
            anew = _Anew(lens.con, lambda rates=rates: rates, lens.company, lens.currencies, lens.view)  # type: ignore[misc]
            found.append(Evaluator(self.now.snapshot.con, anew, known, self.now.evaluator.facts))
        return found[0], found[1]

    @cached_property
    def _rates_moved(self) -> bool:
        """Whether any rate up to the end of the period is another one now."""
        sql = "SELECT on_day, from_currency, to_currency, rate FROM fx WHERE on_day < ? ORDER BY ALL"
        before, after = (
            session.snapshot.con.execute(sql, [self.period.end]).fetchall() for session in (self.old, self.now)
        )
        return bool(before != after)

    @cached_property
    def _changes(self) -> Changes:
        return Changes(self.old, self.now, rates=self._rates_moved)


class _Anew(Lens):
    """A lens that converts every amount anew, also into the company's currency."""

    @property
    def ordinary(self) -> bool:
        """Never as published."""
        return False


@dataclass(frozen=True, slots=True)
class _Assumed:
    """Components with values given by hand, in the place of a session, to see how a formula uses them."""

    catalogue: Catalogue
    given: Callable[[str, Period], Fraction]
    goal: Callable[[str, Period, Mapping[str, str]], Fraction]

    def value(self, name: str, period: Period, where: Mapping[str, str]) -> Fraction:  # noqa: ARG002
        """The value given for a component."""
        return self.given(name, period)
