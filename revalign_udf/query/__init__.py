"""The one door for numbers.

Excel, Sheets, workbooks, the command line and notebooks all ask here; the same question gives the same answer, to the
last digit, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from revalign_udf.config import load
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.metrics import Metric
from revalign_udf.periods import Calendar, Grain, Period, between, parse_period
from revalign_udf.query.answering import answer, as_date, cell, has_anything
from revalign_udf.query.answers import Answer, Caller, Explanation, Table
from revalign_udf.query.explaining import explain, record_table
from revalign_udf.query.formulas import component_periods
from revalign_udf.query.session import Session
from revalign_udf.snapshots import NONE, Snapshot, current, newest_as_of

__all__ = ["Answer", "Caller", "Explanation", "Query", "Table"]

Where = Mapping[str, str] | None
#: snapshots kept open at once
_OPEN = 4


class Query:
    """Questions to the published snapshots of a project. Reads only; never opens the working store.

    Names nobody declared raise UnknownName REV-101 with the nearest one. A sound question without a number is answered
    by an :class:`Answer` whose ``status`` is the coded reason.
    """

    def __init__(self, root: Path, caller: Caller | None = None) -> None:
        self.root, self.caller = root, caller or Caller()
        self._sessions: dict[str, Session] = {}
        self._current = ""

    @classmethod
    def open(cls, project: str | Path, caller: Caller | None = None) -> Query:
        """The door of a project folder. Raises ConfigError REV-301 where there is no project."""
        return cls(load(project).snapshots, caller)

    # --- which snapshot ----------------------------------------------------------------------------------------

    def changed(self) -> bool:
        """Whether another snapshot has been published since the last question."""
        return bool(self._current) and current(self.root) != self._current

    def refresh(self) -> None:
        """Read the published snapshot anew from now on."""
        self._current = ""

    def session(self, as_of: object = None) -> Session:
        """The open snapshot a question goes to. Raises NoData REV-205, REV-206, REV-207."""
        if as_of is None or as_of == "":
            self._current = self._current or current(self.root)
            return self._load(self._current)
        return self._load(newest_as_of(self.root, as_date(as_of)))

    def _load(self, name: str) -> Session:
        session = self._sessions.pop(name, None)
        if session is None:
            while len(self._sessions) >= _OPEN:  # the one not asked for the longest time goes
                self._sessions.pop(next(iter(self._sessions))).snapshot.close()
            session = Session(Snapshot(self.root / name))
        self._sessions[name] = session
        return session

    def close(self) -> None:
        """Close every open snapshot."""
        for session in self._sessions.values():
            session.snapshot.close()
        self._sessions.clear()

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
        return parse_period(token, as_date(anchor) if anchor else session.snapshot.as_of, session.manifest.calendar)

    def metric(
        self, name: str, period: object, where: Where = None, *, as_of: object = None, profile: str | None = None
    ) -> Answer:
        """One number, or the rows of a table metric."""
        return self._answers(name, [period], where, as_of, profile)[0]

    def series(
        self, name: str, first: object, last: object, grain: Grain | None = None, where: Where = None, *,
        as_of: object = None, profile: str | None = None,
    ) -> list[Answer]:  # fmt: skip
        """One answer per period from the one holding ``first`` to the one holding ``last``."""
        session = self.session(as_of)
        anchor, calendar = session.snapshot.as_of, session.manifest.calendar
        periods = between(parse_period(first, anchor, calendar), parse_period(last, anchor, calendar), grain)
        return self._answers(name, periods, where, as_of, profile)

    def breakdown(
        self, name: str, period: object, by: str, where: Where = None, *, as_of: object = None,
        profile: str | None = None,
    ) -> list[tuple[str, Answer]]:  # fmt: skip
        """One answer per value of a dimension that has anything to count, in alphabetical order."""
        session = self.session(as_of)
        metric = session.catalogue.metric(name)
        dimension = session.catalogue.dimension(metric, by)
        when = parse_period(period, session.snapshot.as_of, session.manifest.calendar)
        fixed = self._cut(session, metric, where)
        self._profile(session, profile)
        session.prefetch(component_periods(session, metric, when), fixed, [dimension])
        values = [fixed[dimension]] if dimension in fixed else session.values_of(dimension)
        cuts = [(value, {**fixed, dimension: value}) for value in values]
        return [
            (value, answer(session, metric, when, dict(sorted(cut.items()))))
            for value, cut in cuts
            if has_anything(session, metric, when, cut, known=value != NONE)
        ]

    def table(
        self, metrics: Sequence[str], periods: Sequence[object], by: str | None = None, where: Where = None, *,
        as_of: object = None, profile: str | None = None,
    ) -> Table:  # fmt: skip
        """Several metrics over several periods: a row per period (and value of ``by``), a column per metric.

        With ``by`` a row ``total`` follows each period; totals are recomputed, never summed. A number that cannot be had
        is its cell error (``#DIV/0!``). Values come in alphabetical order, records without one last.
        """
        session = self.session(as_of)
        declared = [session.catalogue.metric(name) for name in metrics]
        if tables := [m.name for m in declared if m.kind == "table"]:
            raise UserError(f"{tables[0]} is a table itself and no column of one.", hint="Ask for it alone: metric.")
        rows: list[tuple[str | float | None, ...]] = []
        for token in periods:
            when = parse_period(token, session.snapshot.as_of, session.manifest.calendar)
            if by:
                cuts = [dict(self.breakdown(m.name, when, by, where, as_of=as_of, profile=profile)) for m in declared]
                for value in sorted({value for cut in cuts for value in cut}, key=lambda value: (value == NONE, value)):
                    part = {**(where or {}), by: value}
                    cells = [
                        cell(cut.get(value) or self.metric(m.name, when, part, as_of=as_of, profile=profile))
                        for m, cut in zip(declared, cuts, strict=True)
                    ]
                    rows.append((str(when), value, *cells))
            totals = [cell(self.metric(m.name, when, where, as_of=as_of, profile=profile)) for m in declared]
            rows.append((str(when), "total", *totals) if by else (str(when), *totals))
        head = ("period", by) if by else ("period",)
        units = ("text",) * len(head) + tuple(m.unit for m in declared)
        return Table((*head, *(m.name for m in declared)), tuple(rows), units)

    def records(
        self, name: str, period: object, where: Where = None, *, as_of: object = None, profile: str | None = None
    ) -> Table:
        """The source records behind a number with their contributions, which add up to its components."""
        session = self.session(as_of)
        metric = session.catalogue.metric(name)
        self._profile(session, profile)
        when = parse_period(period, session.snapshot.as_of, session.manifest.calendar)
        return record_table(session, metric, when, self._cut(session, metric, where))

    def explain(
        self, name: str, period: object, where: Where = None, *, as_of: object = None, profile: str | None = None
    ) -> Explanation:
        """How one number came about."""
        found = self.metric(name, period, where, as_of=as_of, profile=profile)
        session = self.session(as_of)
        when = parse_period(period, session.snapshot.as_of, session.manifest.calendar)
        return explain(session, session.catalogue.metric(name), when, found.where, found)

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
                                "MTD", "QTD", "YTD", "LTM", "LAST_N_MONTHS:12"],
        }  # fmt: skip
        if kind in kinds:
            return kinds[kind]()
        dimensions = kinds["dimensions"]()
        if kind in dimensions:
            allowed = {field.strip().casefold(): value for field, value in self.caller.row_filter.items()}
            return [allowed[kind]] if kind in allowed else session.values_of(kind)
        raise UnknownName("kind of name", kind, [*kinds, *dimensions])

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

    def _answers(
        self, name: str, periods: Sequence[object], where: Where, as_of: object, profile: str | None
    ) -> list[Answer]:
        session = self.session(as_of)
        metric = session.catalogue.metric(name)
        self._profile(session, profile)
        cut = self._cut(session, metric, where)
        anchor, calendar = session.snapshot.as_of, session.manifest.calendar
        whens = [parse_period(token, anchor, calendar) for token in periods]
        session.prefetch([pair for when in whens for pair in component_periods(session, metric, when)], cut)
        return [answer(session, metric, when, cut) for when in whens]

    @staticmethod
    def _profile(session: Session, asked: str | None) -> None:
        """Refuse a profile nobody declared."""
        chosen = str(asked or session.manifest.parameters.get("profile") or "default")
        if chosen.strip().casefold() != "default":
            raise UnknownName("profile", chosen, ["default"])

    def _cut(self, session: Session, metric: Metric, where: Where) -> dict[str, str]:
        """The filters of a question, narrowed to what the caller may see. Raises UserError REV-403 beyond that."""
        asked = session.catalogue.check(metric, where, session.values_of)
        if not self.caller.row_filter:
            return asked
        limits = ", ".join(f"{field} = {value}" for field, value in self.caller.row_filter.items())
        refused = UserError(f"{self.caller.name} may only ask for {limits}.", code="REV-403")
        if not all(str(value).strip() for value in self.caller.row_filter.values()):
            raise refused
        try:
            allowed = session.catalogue.check(metric, self.caller.row_filter, session.values_of)
        except UserError as error:
            raise refused from error
        if any(asked.get(name, value) != value for name, value in allowed.items()):
            raise refused
        return dict(sorted({**asked, **allowed}.items()))
