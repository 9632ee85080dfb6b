"""The one door for numbers: what can be asked of the published snapshots of a project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from revalign_udf.config import rows_for
from revalign_udf.errors import UserError
from revalign_udf.metrics import Metric
from revalign_udf.metrics.profiles import Profile
from revalign_udf.periods import Grain, Period, between, parse_period
from revalign_udf.query.answering import as_date, cell, has_anything
from revalign_udf.query.answers import Answer, Explanation, Table, Versus
from revalign_udf.query.bridging import BOOKED, TARGETS, Bridge, between_profiles, bookings_to_mrr
from revalign_udf.query.comparing import versus
from revalign_udf.query.drifting import drift_of
from revalign_udf.query.drifts import PeriodDrift
from revalign_udf.query.explaining import explain, record_table
from revalign_udf.query.formulas import component_periods
from revalign_udf.query.grids import beside_cells, stacked
from revalign_udf.query.naming import banner_of, definition_of, names_of, status_of
from revalign_udf.query.reading import in_turn, is_today
from revalign_udf.query.session import Session
from revalign_udf.query.understanding import Understanding, Where, answers_of, marked
from revalign_udf.query.viewing import chosen_profile, view_of
from revalign_udf.snapshots import NONE

__all__ = ["Query"]


class Query(Understanding):
    """Questions to the published snapshots of a project. Reads only; never opens the working store.

    Names nobody declared raise UnknownName REV-101 with the nearest one. A sound question without a number is answered
    by an :class:`Answer` whose ``status`` is the coded reason. What was answered is remembered until :meth:`refresh`.
    Threads may ask side by side; they are answered one at a time.
    """

    # --- questions ---------------------------------------------------------------------------------------------

    @in_turn
    def period(self, token: object, anchor: object = None) -> Period:
        """What a period token means, relative words counted from ``anchor`` or the snapshot's as-of date."""
        session = self.session()
        day = as_date(anchor) if anchor and not is_today(anchor) else session.snapshot.as_of
        return parse_period(token, day, session.manifest.calendar)

    def metric(
        self, name: str, period: object, where: Where = None, *, as_of: object = None, profile: str | None = None,
        currency: str | None = None, compare: object = None,
    ) -> Answer:  # fmt: skip
        """One number, or the rows of a table metric.

        ``where`` filters by dimensions and sets the metric's parameters. ``currency`` shows amounts in another currency,
        ``profile`` asks by other definitions, ``compare`` puts the answer beside ``previous``, ``last_year`` or
        ``target`` (several: a list, or commas).
        """
        said, beside = self._said, versus(compare) if compare else ()
        key = (name, period.__class__, period, marked(where) if where else (), as_of, profile, currency, beside)
        try:
            known = said.get(key)
        except TypeError:  # something nobody can look up, such as a list
            return self._metric(name, period, where, as_of, profile, currency, beside)
        if known is None:
            try:
                known = self._metric(name, period, where, as_of, profile, currency, beside)
            except UserError as error:
                if error.code.startswith("REV-1"):  # a typo copied down a column is looked up once
                    said.put(key, error)
                raise
            if known.rows is None:
                said.put(key, known)
        if isinstance(known, Answer):
            return known
        raise known.with_traceback(None)

    @in_turn
    def _metric(
        self, name: str, period: object, where: Where, as_of: object, profile: str | None, currency: str | None,
        beside: Sequence[Versus],
    ) -> Answer:  # fmt: skip
        return answers_of(self._asked(name, where, as_of, profile, currency), [period], beside)[0]

    @in_turn
    def series(
        self, name: str, first: object, last: object, grain: Grain | None = None, where: Where = None, *,
        as_of: object = None, profile: str | None = None, currency: str | None = None, compare: object = None,
    ) -> list[Answer]:  # fmt: skip
        """One answer per period from the one holding ``first`` to the one holding ``last``."""
        asked = self._asked(name, where, as_of, profile, currency)
        return answers_of(asked, between(asked.period(first), asked.period(last), grain), versus(compare))

    @in_turn
    def breakdown(
        self, name: str, period: object, by: str, where: Where = None, *, as_of: object = None,
        profile: str | None = None, currency: str | None = None,
    ) -> list[tuple[str, Answer]]:  # fmt: skip
        """One answer per value of a dimension that has anything to count, in alphabetical order."""
        asked = self._asked(name, where, as_of, profile, currency)
        when = asked.period(period)
        asked = asked.at(when)
        session, metric, fixed = asked.session, asked.metric, asked.cut
        dimension = session.catalogue.dimension(metric, by)
        session.prefetch(component_periods(session, metric, when), fixed, [dimension])
        values = [fixed[dimension]] if dimension in fixed else session.values_of(dimension)
        cuts = [(value, {**fixed, dimension: value}) for value in values]
        return [
            (value, asked.answer(when, dict(sorted(cut.items()))))
            for value, cut in cuts
            if has_anything(session, metric, when, cut, known=value != NONE)
        ]

    @in_turn
    def table(
        self, metrics: Sequence[str], periods: Sequence[object], by: str | None = None, where: Where = None, *,
        as_of: object = None, profile: str | None = None, currency: str | None = None, compare: object = None,
    ) -> Table:  # fmt: skip
        """Several metrics over several periods: a row per period (and value of ``by``), a column per metric.

        With ``by`` a row ``total`` follows each period; totals are recomputed, never summed. A number that cannot be had
        is its cell error (``#DIV/0!``). Values come in alphabetical order, records without one last. Each comparison
        adds two columns per metric: the difference and the share. A metric that is a table itself is asked alone and
        without ``by``: its own rows, the period before each.
        """
        beside = versus(compare)
        ask = partial(self.metric, as_of=as_of, profile=profile, currency=currency, compare=beside)
        cut_by = partial(self.breakdown, as_of=as_of, profile=profile, currency=currency)
        catalogue = self.session(as_of, profile, currency).catalogue
        declared = [catalogue.metric(name) for name in metrics]
        if tables := [m.name for m in declared if m.kind != "scalar"]:
            if len(declared) > 1 or by:
                raise UserError(f"{tables[0]} is a table itself and no column of one.", hint="Ask for it alone.")
            return stacked([ask(tables[0], period, where) for period in periods])

        def cells(found: Sequence[Answer]) -> list[str | float | None]:
            return [value for one in found for value in (cell(one), *beside_cells(one))]

        rows: list[tuple[str | float | None, ...]] = []
        for token in periods:
            when = self._asked(declared[0].name, None, as_of, profile, currency).period(token) if declared else token
            if by:
                cuts = [dict(cut_by(m.name, when, by, where)) for m in declared]
                for value in sorted({value for cut in cuts for value in cut}, key=lambda value: (value == NONE, value)):
                    part = {**(where or {}), by: value}
                    found = [
                        (None if beside else cut.get(value)) or ask(m.name, when, part)
                        for m, cut in zip(declared, cuts, strict=True)
                    ]
                    rows.append((str(when), value, *cells(found)))
            totals = cells([ask(m.name, when, where) for m in declared])
            rows.append((str(when), "total", *totals) if by else (str(when), *totals))
        head = ("period", by) if by else ("period",)
        names, units = list(head), ["text"] * len(head)
        for metric in declared:
            names += [
                metric.name,
                *(f"{metric.name} {one} {what}" for one in beside for what in ("difference", "share")),
            ]
            units += [metric.unit, *(unit for _ in beside for unit in (metric.unit, "rate"))]
        return Table(tuple(names), tuple(rows), tuple(units))

    @in_turn
    def records(
        self, name: str, period: object, where: Where = None, *, as_of: object = None, profile: str | None = None,
        currency: str | None = None,
    ) -> Table:  # fmt: skip
        """The source records behind a number with their contributions, which add up to its components."""
        asked = self._asked(name, where, as_of, profile, currency)
        when = asked.period(period)
        asked = asked.at(when)
        return record_table(asked.session, asked.metric, when, asked.cut)

    @in_turn
    def explain(
        self, name: str, period: object, where: Where = None, *, as_of: object = None, profile: str | None = None,
        currency: str | None = None,
    ) -> Explanation:  # fmt: skip
        """How one number came about."""
        asked = self._asked(name, where, as_of, profile, currency)
        when = asked.period(period)
        asked = asked.at(when)
        found = self.with_counterpart(asked.answer(when), when, as_of=as_of, profile=profile, currency=currency)
        return explain(asked.session, asked.metric, when, asked.cut, found)

    @in_turn
    def with_counterpart(
        self, found: Answer, period: object, *, as_of: object = None, profile: str | None = None,
        currency: str | None = None,
    ) -> Answer:  # fmt: skip
        """The answer of a vanity metric with the number of its counterpart, for the same period and filters; any other
        answer as it is. Why there is none stands in ``counterpart_message``."""
        if not found.counterpart:
            return found
        try:
            other = self.metric(found.counterpart, period, found.where, as_of=as_of, profile=profile, currency=currency)
        except UserError as error:
            return replace(found, counterpart_message=str(error))
        why = "" if other.exact is not None else other.message or f"{other.metric} is a table."
        return replace(found, counterpart_exact=other.exact, counterpart_unit=other.unit, counterpart_message=why)

    @in_turn
    def bridge(
        self, start: str, end: str, period: object, where: Where = None, *, as_of: object = None,
        currency: str | None = None,
    ) -> Bridge:  # fmt: skip
        """What lies between two rival numbers, with nothing left over; see :mod:`revalign_udf.query.bridging`.

        Each side is a metric, with ``@profile`` behind it for the definitions of a profile: ``logo_churn`` and
        ``logo_churn@stripe``, or ``bookings`` and ``mrr``.
        """
        (first, own), (last, other) = (_side(side) for side in (start, end))
        asked = self._asked(first, where, as_of, own, currency)
        second = self._asked(last, where, as_of, other, currency)
        when = asked.period(period)
        asked, second = asked.at(when), second.at(when)
        if asked.metric.name != second.metric.name:
            if asked.metric.name != BOOKED or asked.session is not second.session:
                raise UserError(
                    f"There is no bridge from {start} to {end}.",
                    hint=f"Two profiles of one metric (mrr mrr@stripe), or {BOOKED} and {', '.join(TARGETS)}.",
                )
            return bookings_to_mrr(asked.session, second.metric.name, when, asked.cut)
        snapshot, name = asked.session.snapshot, asked.metric.name

        def open_session(profile: Profile) -> Session:
            return Session(
                snapshot, view_of(snapshot, profile, currency), profile, discreet=bool(self.caller.row_filter)
            )

        def read(session: Session) -> tuple[Metric, dict[str, str]]:
            metric = session.catalogue.metrics[name]
            filters, parameters = session.catalogue.split(metric, where)
            metric = session.catalogue.bind(metric, parameters)
            return metric, self._cut(session, metric, filters)

        profiles = [chosen_profile(snapshot.manifest, one) for one in (own, other)]
        return between_profiles(open_session, name, profiles[0], profiles[1], when, read)

    @in_turn
    def drift(self, period: object = None, metrics: Sequence[str] = ()) -> list[PeriodDrift]:
        """What became of the numbers of each closed period (or of one), by cause; see
        :mod:`revalign_udf.query.drifting`. Raises UserError REV-105 for a period that is not closed, REV-403 for a caller
        who may not see whole numbers."""
        if self.caller.row_filter:
            raise UserError(
                f"{self.caller.name} may not see whole numbers, and drift is told of those.",
                code="REV-403",
                cell="#N/A",
            )
        now, chosen = self.session(), self.closes.standing
        if period is not None and period != "":
            when = self.period(period)
            chosen = [one for one in chosen if (one.start, one.end) == (when.start, when.end)]
            if not chosen:
                raise UserError(f"{when} is not closed.", code="REV-105", hint="What is: revalign period status.")
        # by today's profile on both sides: that another one is chosen is a new definition
        return [drift_of(close, self._closed(close, now.profile, None), now, metrics) for close in chosen]

    # --- names -------------------------------------------------------------------------------------------------

    @in_turn
    def names(self, kind: str) -> list[str]:
        """Valid names, for drop-downs.

        ``metrics``, ``dimensions``, ``sources``, ``profiles``, ``currencies``, ``promises``; ``periods`` are the relative
        words, ``months``, ``quarters``, ``years`` (and ``fiscal_months`` ...) those from the first record to the as-of
        day, ``closed`` the closed ones; the name of a dimension means its values.
        """
        closed = [one.period for one in self.closes.standing] if str(kind).strip().casefold() == "closed" else ()
        return names_of(self.session(), kind, self.caller, closed)

    @in_turn
    def objects(self, name: str, *, as_of: object = None) -> list[Mapping[str, Any]]:
        """The rows of one of the project's agreements (``sla``, ``commission`` ...) as they were published; none where
        the project has not written it."""
        return rows_for(self.session(as_of).manifest.objects, name)

    @in_turn
    def declaration(self, name: str) -> Metric:
        """A metric's declaration, by name or alias."""
        return self.session().catalogue.metric(name)

    @in_turn
    def digest(self, name: str) -> str:
        """What a metric is defined by, in eight characters: they change with its definition, or one it reads."""
        catalogue = self.session().catalogue
        return catalogue.digest(catalogue.metric(name))[:8]

    @in_turn
    def dimensions(self, name: str) -> tuple[str, ...]:
        """What a metric may be cut by."""
        catalogue = self.session().catalogue
        return catalogue.dimensions(catalogue.metric(name))

    def define(self, name: str) -> Table:
        """A metric's definition as field and text."""
        metric = self.declaration(name)
        return definition_of(metric, self.dimensions(metric.name))

    @in_turn
    def status(self) -> Table:
        """How fresh each source of the published snapshot is.

        ``stale``: more than a day behind the snapshot's as-of day. ``pulled_at`` is in UTC.
        """
        return status_of(self.session())

    def banner(self) -> str:
        """One line saying what the numbers rest on."""
        return banner_of(self.session())


def _side(text: str) -> tuple[str, str | None]:
    """A side of a bridge as (metric, profile)."""
    name, _, profile = text.partition("@")
    return name.strip(), profile.strip() or None
