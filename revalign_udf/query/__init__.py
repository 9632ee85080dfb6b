"""The one door for numbers.

Excel, Sheets, workbooks, the command line and notebooks all ask here; the same question gives the same answer, to the
last digit, everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from revalign_udf.config import load, rows_for
from revalign_udf.errors import NoData, UnknownName, UserError
from revalign_udf.governance import Close, Closes
from revalign_udf.metrics import Metric
from revalign_udf.metrics.profiles import Profile
from revalign_udf.periods import Calendar, Grain, Period, between, parse_period
from revalign_udf.query.answering import answer, as_date, cell, has_anything
from revalign_udf.query.answers import Answer, Caller, Comparison, Explanation, Table, Versus
from revalign_udf.query.bridging import BOOKED, TARGETS, Bridge, between_profiles, bookings_to_mrr
from revalign_udf.query.closing import Frozen, kept
from revalign_udf.query.comparing import compared, versus
from revalign_udf.query.drifting import drift_of
from revalign_udf.query.drifts import PeriodDrift
from revalign_udf.query.explaining import explain, record_table
from revalign_udf.query.formulas import component_periods
from revalign_udf.query.session import Session
from revalign_udf.query.versions import pinned
from revalign_udf.query.viewing import chosen_profile, view_of
from revalign_udf.snapshots import NONE, Snapshot, current, newest_as_of

__all__ = ["Answer", "Bridge", "Caller", "Comparison", "Explanation", "PeriodDrift", "Query", "Table"]

Where = Mapping[str, str] | None
#: snapshots kept open at once, and how many rows of facts all of them may hold before that many are enough
_OPEN, _ROWS = 4, 4_000_000
#: the other period a comparison looks at
_OTHERS = {"previous": Period.previous, "last_year": Period.last_year}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question understood: the session that answers it, the metric with its parameters, and the filters."""

    session: Session
    metric: Metric
    cut: dict[str, str]
    elsewhere: Callable[[Period], _Asked | None] | None = None
    """who answers for a closed period"""
    close: Close | None = None
    note: str = ""

    def at(self, when: Period) -> _Asked:
        """The same question to the snapshot that answers for a period: of a closed one the frozen snapshot."""
        return (self.elsewhere(when) if self.elsewhere else None) or self

    def answer(self, when: Period, cut: dict[str, str] | None = None) -> Answer:
        """The answer for a period, of another slice where one is given."""
        found = answer(self.session, self.metric, when, self.cut if cut is None else cut)
        if self.close is not None:
            found = kept(self.close, self.session, self.metric, when, found)
        return replace(found, message=f"{found.message} {self.note}".strip()) if self.note else found

    def period(self, token: object) -> Period:
        """What a period token means to the snapshot."""
        return parse_period(token, self.session.snapshot.as_of, self.session.manifest.calendar)


class Query:
    """Questions to the published snapshots of a project. Reads only; never opens the working store.

    Names nobody declared raise UnknownName REV-101 with the nearest one. A sound question without a number is answered
    by an :class:`Answer` whose ``status`` is the coded reason.
    """

    def __init__(self, root: Path, caller: Caller | None = None) -> None:
        self.root, self.caller = root, caller or Caller()
        self._snapshots: dict[str, Snapshot] = {}
        self._sessions: dict[tuple[str, str, str], Session] = {}
        self._current = ""
        self._frozen = Frozen(root)

    @classmethod
    def open(cls, project: str | Path, caller: Caller | None = None) -> Query:
        """The door of a project folder. Raises ConfigError REV-301 where there is no project."""
        return cls(load(project).snapshots, caller)

    # --- which snapshot ----------------------------------------------------------------------------------------

    def changed(self) -> bool:
        """Whether another snapshot has been published, or a period closed, since the last question."""
        return bool(self._current) and (current(self.root) != self._current or self._frozen.changed())

    def refresh(self) -> None:
        """Read the published snapshot anew from now on."""
        self._current = ""
        self._frozen.forget()

    @property
    def closes(self) -> Closes:
        """The closed periods. Raises StoreError REV-801 where nobody can say what is closed."""
        return self._frozen.closes

    def session(self, as_of: object = None, profile: str | None = None, currency: str | None = None) -> Session:
        """The open snapshot a question goes to, in the view it asks for; ``today`` means the published one. Raises
        NoData REV-205, REV-206, REV-207, UnknownName REV-101 for a profile or a currency nobody knows."""
        if as_of is None or as_of == "" or _today(as_of):
            self._current = self._current or current(self.root)
            return self._load(self._current, profile, currency)
        return self._load(newest_as_of(self.root, as_date(as_of)), profile, currency)

    def _load(self, name: str, profile: str | None, currency: str | None) -> Session:
        snapshot = self._snapshots.pop(name, None)
        if snapshot is None:
            # a year of closed months is a dozen snapshots: small ones all stay open
            while len(self._snapshots) >= _OPEN and sum(map(_rows, self._snapshots.values())) > _ROWS:
                self._forget(next(iter(self._snapshots)))  # the one not asked for the longest time
            snapshot = Snapshot(self.root / name)
        self._snapshots[name] = snapshot
        chosen = chosen_profile(snapshot.manifest, profile)
        view = view_of(snapshot, chosen, currency)
        key = (name, chosen.name, view.currency)
        if key not in self._sessions:
            self._sessions[key] = Session(snapshot, view, chosen)
        return self._sessions[key]

    def _forget(self, name: str) -> None:
        self._snapshots.pop(name).close()
        for key in [key for key in self._sessions if key[0] == name]:
            del self._sessions[key]

    def close(self) -> None:
        """Close every open snapshot."""
        for name in list(self._snapshots):
            self._forget(name)

    @property
    def snapshot(self) -> str:
        """Label of the published snapshot, ``2026-10-31#2``."""
        return self.session().snapshot.label

    @property
    def as_of(self) -> date:
        """The day the published snapshot speaks of."""
        return self.session().snapshot.as_of

    @property
    def currency(self) -> str:
        """The company currency."""
        return self.session().manifest.currency

    def shown_currency(self, *, as_of: object = None, profile: str | None = None, currency: str | None = None) -> str:
        """The currency amounts of a view are told in."""
        return self.session(as_of, profile, currency).evaluator.lens.currency

    @property
    def company(self) -> str:
        """The company's name."""
        return self.session().manifest.company

    @property
    def calendar(self) -> Calendar:
        """How the company names its periods."""
        return self.session().manifest.calendar

    # --- questions ---------------------------------------------------------------------------------------------

    def period(self, token: object, anchor: object = None) -> Period:
        """What a period token means, relative words counted from ``anchor`` or the snapshot's as-of date."""
        session = self.session()
        day = as_date(anchor) if anchor and not _today(anchor) else session.snapshot.as_of
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
        return self._answers(self._asked(name, where, as_of, profile, currency), [period], versus(compare))[0]

    def series(
        self, name: str, first: object, last: object, grain: Grain | None = None, where: Where = None, *,
        as_of: object = None, profile: str | None = None, currency: str | None = None, compare: object = None,
    ) -> list[Answer]:  # fmt: skip
        """One answer per period from the one holding ``first`` to the one holding ``last``."""
        asked = self._asked(name, where, as_of, profile, currency)
        return self._answers(asked, between(asked.period(first), asked.period(last), grain), versus(compare))

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
            return _stacked([ask(tables[0], period, where) for period in periods])

        def cells(found: Sequence[Answer]) -> list[str | float | None]:
            return [value for one in found for value in (cell(one), *_beside(one))]

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

    def records(
        self, name: str, period: object, where: Where = None, *, as_of: object = None, profile: str | None = None,
        currency: str | None = None,
    ) -> Table:  # fmt: skip
        """The source records behind a number with their contributions, which add up to its components."""
        asked = self._asked(name, where, as_of, profile, currency)
        when = asked.period(period)
        asked = asked.at(when)
        return record_table(asked.session, asked.metric, when, asked.cut)

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
            return Session(snapshot, view_of(snapshot, profile, currency), profile)

        def read(session: Session) -> tuple[Metric, dict[str, str]]:
            metric = session.catalogue.metrics[name]
            filters, parameters = session.catalogue.split(metric, where)
            metric = session.catalogue.bind(metric, parameters)
            return metric, self._cut(session, metric, filters)

        profiles = [chosen_profile(snapshot.manifest, one) for one in (own, other)]
        return between_profiles(open_session, name, profiles[0], profiles[1], when, read)

    def drift(self, period: object = None, metrics: Sequence[str] = ()) -> list[PeriodDrift]:
        """What became of the numbers of each closed period (or of one), by cause; see
        :mod:`revalign_udf.query.drifting`. Raises UserError REV-105 for a period that is not closed, REV-403 for a caller
        who may not see whole numbers."""
        if self.caller.row_filter:
            raise UserError(
                f"{self.caller.name} may not see whole numbers, and drift is told of those.", code="REV-403"
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

    def names(self, kind: str) -> list[str]:
        """Valid names: ``metrics``, ``dimensions``, ``sources``, or the values of a dimension."""
        session = self.session()
        known = session.catalogue.metrics.values()
        kinds = {
            "metrics": lambda: sorted(session.catalogue.metrics),
            "dimensions": lambda: sorted({d for m in known for d in session.catalogue.dimensions(m)}),
            "sources": lambda: [source.name for source in session.manifest.sources],
            "periods": lambda: ["THIS_MONTH", "LAST_MONTH", "THIS_QUARTER", "LAST_QUARTER", "THIS_YEAR", "LAST_YEAR",
                                "MTD", "QTD", "YTD", "LTM", "LAST_N_MONTHS:12",
                                "THIS_FISCAL_MONTH", "LAST_FISCAL_MONTH", "THIS_FISCAL_QUARTER", "LAST_FISCAL_QUARTER",
                                "THIS_FISCAL_YEAR", "LAST_FISCAL_YEAR", "FMTD", "FQTD", "FYTD"],
        }  # fmt: skip
        if kind in kinds:
            return kinds[kind]()
        dimensions = kinds["dimensions"]()
        if kind in dimensions:
            allowed = {field.strip().casefold(): value for field, value in self.caller.row_filter.items()}
            return [allowed[kind]] if kind in allowed else session.values_of(kind)
        raise UnknownName("kind of name", kind, [*kinds, *dimensions])

    def objects(self, name: str, *, as_of: object = None) -> list[Mapping[str, Any]]:
        """The rows of one of the project's agreements (``sla``, ``commission`` ...) as they were published; none where
        the project has not written it."""
        return rows_for(self.session(as_of).manifest.objects, name)

    def declaration(self, name: str) -> Metric:
        """A metric's declaration, by name or alias."""
        return self.session().catalogue.metric(name)

    def dimensions(self, name: str) -> tuple[str, ...]:
        """What a metric may be cut by."""
        catalogue = self.session().catalogue
        return catalogue.dimensions(catalogue.metric(name))

    def define(self, name: str) -> Table:
        """A metric's definition as field and text."""
        metric = self.declaration(name)
        rows = (
            ("metric", metric.name),
            ("label", metric.label),
            ("definition", metric.definition),
            ("formula", metric.formula or "a table"),
            ("unit", metric.unit),
            ("owners", ", ".join(metric.owners)),
            ("version", str(metric.version)),
            ("can be cut by", ", ".join(self.dimensions(name))),
            ("source", metric.source),
        )
        return Table(("field", "value"), rows, ("text", "text"))

    def status(self) -> Table:
        """How fresh each source of the published snapshot is.

        ``stale``: more than a day behind the snapshot's as-of day. ``pulled_at`` is in UTC.
        """
        manifest = self.session().manifest
        late = manifest.as_of - timedelta(days=1)
        rows = tuple(
            (
                s.name,
                s.connector,
                "stale" if s.complete_through < late else "fresh",
                s.complete_through.isoformat(),
                s.pulled_at,
                s.rejects,
            )
            for s in manifest.sources
        )
        return Table(
            ("source", "connector", "state", "complete_through", "pulled_at", "rejects"), rows,
            ("text", "text", "text", "date", "text", "count"),
        )  # fmt: skip

    def banner(self) -> str:
        """One line saying what the numbers rest on."""
        manifest = self.session().manifest
        count = len(manifest.sources)
        names = ", ".join(source.name for source in manifest.sources)
        plural = "source" if count == 1 else "sources"
        return f"As of {manifest.as_of} · snapshot {manifest.label} · {count} {plural}: {names}"

    # --- answering ---------------------------------------------------------------------------------------------

    def _asked(self, name: str, where: Where, as_of: object, profile: str | None, currency: str | None) -> _Asked:
        session = self.session(as_of, profile, currency)
        explicit = as_of is not None and as_of != ""
        try:
            found = self._understood(session, name, where)
        except UnknownName as error:
            if explicit or not error.kind.startswith("value of"):
                raise
            # a value only closed periods know is a name all the same
            others = [self._closed(one, profile, currency) for one in self.closes.standing]
            found = self._understood(session, name, where, others)
        if explicit:
            return found

        def elsewhere(when: Period) -> _Asked | None:
            close = self.closes.of(when)
            if close is None:
                return None
            frozen = self._closed(close, profile, currency)
            try:
                return replace(self._understood(frozen, name, where, [session]), close=close)
            except UserError as error:
                if error.code == "REV-403":
                    raise
                note = f"Not declared when {close.period} was closed; computed from the published snapshot."
                return replace(found, note=f"{found.note} {note}".strip())

        return replace(found, elsewhere=elsewhere)

    def _closed(self, close: Close, profile: str | None, currency: str | None) -> Session:
        """The frozen snapshot of a closed period. Raises NoData REV-207 when it is not there any more."""
        return self._load(self._frozen.trusted(close).snapshot, profile, currency)

    def _understood(self, session: Session, name: str, where: Where, others: Sequence[Session] = ()) -> _Asked:
        """A question in the words of one snapshot; values of dimensions may be those of others too."""
        metric, given, note = pinned(session, name, where)
        filters, parameters = session.catalogue.split(metric, given)
        metric = session.catalogue.bind(metric, parameters)
        cut = self._cut(session, metric, filters, others)
        if "currency" in cut and session.view.movements and session.rests_on(metric, "movement"):
            raise UserError(
                f"The profile {session.profile} converts every item at one rate of its own; its movements have no other"
                " currency to cut by.",
                code="REV-103",
            )
        return _Asked(session, metric, cut, note=note)

    @staticmethod
    def _answers(asked: _Asked, periods: Sequence[object], beside: Sequence[Versus] = ()) -> list[Answer]:
        if beside and asked.metric.kind != "scalar":
            raise UserError(f"{asked.metric.name} is a table and compares with nothing.", hint="Ask for two periods.")
        whens = [asked.period(token) for token in periods]
        others = [o for w in whens for o in (_OTHERS[one](w) for one in beside if one in _OTHERS)]
        homes = {when: asked.at(when) for when in (*whens, *others)}
        needed: dict[str, tuple[_Asked, list[tuple[str, Period]]]] = {}
        for when, home in homes.items():
            _, pairs = needed.setdefault(home.session.snapshot.label, (home, []))
            pairs += component_periods(home.session, home.metric, when)
        for home, pairs in needed.values():
            home.session.prefetch(pairs, home.cut)

        def one(when: Period) -> Answer:
            return homes[when].answer(when)

        found = [one(when) for when in whens]
        if not beside:
            return found
        return [
            compared(homes[w].session, homes[w].metric, w, a, beside, one) for w, a in zip(whens, found, strict=True)
        ]

    def _cut(
        self, session: Session, metric: Metric, where: Mapping[str, object], others: Sequence[Session] = ()
    ) -> dict[str, str]:
        """The filters of a question, narrowed to what the caller may see. Raises UserError REV-403 beyond that."""

        def known(dimension: str) -> list[str]:
            own = session.values_of(dimension)
            return [*own, *(v for one in others for v in one.values_of(dimension) if v not in own)]

        asked = session.catalogue.check(metric, where, known)
        if not self.caller.row_filter:
            return asked
        limits = ", ".join(f"{field} = {value}" for field, value in self.caller.row_filter.items())
        refused = UserError(f"{self.caller.name} may only ask for {limits}.", code="REV-403")
        if not all(str(value).strip() for value in self.caller.row_filter.values()):
            raise refused
        try:
            allowed = session.catalogue.check(metric, self.caller.row_filter, known)
        except UserError as error:
            raise refused from error
        if any(asked.get(name, value) != value for name, value in allowed.items()):
            raise refused
        return dict(sorted({**asked, **allowed}.items()))


def _today(as_of: object) -> bool:
    """Whether the published snapshot is asked for by name, closed periods or not."""
    return isinstance(as_of, str) and as_of.strip().casefold() == "today"


def _rows(snapshot: Snapshot) -> int:
    return sum(info.rows for info in snapshot.manifest.facts.values())


def _stacked(answers: Sequence[Answer]) -> Table:
    """The rows of one table metric for several periods, the period in front. Raises NoData with the reason of the first
    period where none has rows; columns that only some periods have are blank in the others."""
    found = [(answer.period, answer.rows) for answer in answers if answer.rows is not None]
    if not found:
        first = answers[0]
        raise NoData(
            first.message.removeprefix(first.status).strip(), code=first.status or None, cell=first.cell or None
        )
    names: dict[str, str] = {}
    for _, table in found:
        names |= dict(zip(table.columns, table.units or ("text",) * len(table.columns), strict=True))
    rows = [(period, *(row.get(name) for name in names)) for period, table in found for row in table.dicts()]
    front = "asked_period" if "period" in names else "period"  # a table may tell periods of its own
    return Table((front, *names), tuple(rows), ("text", *names.values()))


def _side(text: str) -> tuple[str, str | None]:
    """A side of a bridge as (metric, profile)."""
    name, _, profile = text.partition("@")
    return name.strip(), profile.strip() or None


def _beside(found: Answer) -> list[str | float | None]:
    """The comparisons of an answer as cells: difference and share; a blank where there is none."""
    return [
        None if value is None else cell(replace(found, exact=value))
        for item in found.comparisons
        for value in (item.difference, item.share)
    ]
