"""What every kind of block is made with: metrics told of, cells, titles, places in the layout file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast, get_args

from revalign_udf.errors import RevalignError, SurfaceError, UnknownName
from revalign_udf.layout import formats
from revalign_udf.layout.ask import Ask, Caller, Declaration
from revalign_udf.layout.columns import SPOKEN
from revalign_udf.layout.fields import Fields, slug
from revalign_udf.layout.looks import drawn, ruled
from revalign_udf.layout.model import APPENDED, Argument, Block, Call, Cell, Column, Ref, Unit
from revalign_udf.layout.parameters import Chosen, used
from revalign_udf.layout.plan import BlockPlan, Layout, Look, MetricPlan
from revalign_udf.periods import Grain, Period, parse_period
from revalign_udf.query.answers import Answer
from revalign_udf.query.shaping import as_day

__all__ = ["Maker", "Row", "as_day", "status_of", "unit_of"]

Row = tuple[Cell, ...]

_WIDTHS: Mapping[str, int] = {"text": 18, "date": 12, "rate": 12, "count": 12, "points": 12, "months": 12}


class Maker:
    """Makes blocks one by one and remembers, in ``used``, every metric it met, in order."""

    def __init__(self, layout: Layout, ask: Ask, call: Caller | None = None) -> None:
        self.layout, self.ask, self.call = layout, ask, call
        self.chosen = Chosen.of(layout, ask)
        self.used: dict[str, Declaration] = {}

    # --- questions -----------------------------------------------------------------------------------------------

    @contextmanager
    def place(self, place: str) -> Iterator[None]:
        """Says where in the layout file a question stands that cannot be answered as asked."""
        try:
            yield
        except UnknownName as error:
            near = [error.suggestion] if error.suggestion else []
            hint = f"It stands in {self.layout.path} at {place}."
            raise UnknownName(error.kind, error.name, near, code=error.code, hint=hint) from None
        except RevalignError as error:
            if not error.code.startswith("REV-1"):
                raise
            raise self.problem(error.message, place, error.hint) from None

    def problem(self, message: str, place: str, hint: str = "") -> SurfaceError:
        """The error that names the file and the place in it."""
        return Fields({}, self.layout.path, place).problem(message, hint=hint)

    def period(self, token: str) -> Period:
        """What a period token, or that of a parameter, means on the snapshot's day."""
        return parse_period(self.chosen.value(token), self.ask.as_of, self.ask.calendar)

    def one(self, metric: MetricPlan, period: str) -> Answer:
        """One answer."""
        return self.ask.metric(metric.metric, period, self.given(metric))

    def over(self, metric: MetricPlan, periods: Sequence[str], grain: Grain | None) -> list[Answer]:
        """One answer for each of some neighbouring periods."""
        found = self.ask.series(metric.metric, periods[0], periods[-1], grain, self.given(metric))
        by_name = {answer.period: answer for answer in found}
        return [by_name.get(period) or self.one(metric, period) for period in periods]

    # --- parameters ------------------------------------------------------------------------------------------------

    def given(self, metric: MetricPlan) -> dict[str, str] | None:
        """The filters of a metric with the values they have now; None without any."""
        return self.chosen.where(metric.where) or None

    def pairs(self, where: Mapping[str, str | Ref]) -> list[Argument]:
        """Filters as the trailing arguments of a call: field, value, field, value ...; a parameter is its cell."""
        found: list[Argument] = []
        for name, value in where.items():
            found += [name, (self.chosen.name(value) or value) if isinstance(value, str) else value]
        return found

    def argument(self, token: str) -> Argument:
        """A period token as an argument: the parameter it asks for, else the period as of the snapshot's day."""
        return self.chosen.name(token) or str(self.period(token))

    def period_cell(self, token: str, *, partial: bool = False) -> Cell:
        """The cell that says the period of its row."""
        return Cell(str(self.period(token)), partial=partial, name=self.chosen.name(token))

    def declared(self, metric: MetricPlan, *, table: bool | None = None) -> Declaration:
        """The declaration of a metric; ``table`` says whether it must be one, or a number."""
        with self.place(metric.place):
            known = self.ask.declaration(metric.metric)
        if table is not None and known.kind == ("scalar" if table else "table"):
            fit = '"series" or "breakdown"' if known.kind == "scalar" else '"table"'
            hint = f"Show it in a block of kind {fit}."
            raise self.problem(f'"{known.name}" is a {known.kind} metric.', metric.place, hint)
        return self.used.setdefault(known.name, known)

    # --- columns -------------------------------------------------------------------------------------------------

    def column(self, metric: MetricPlan) -> Column:
        """The column of a metric that is a number."""
        known = self.declared(metric, table=False)
        told = [value for value in metric.told.values() if not used(value)]
        cuts = [*told, *(f"every {name.replace('_', ' ')}" for name in metric.lifted)]
        title = " ".join([known.label, *(f"({value})" for value in cuts)])
        return self.looked(Column(metric.key, title, unit_of(known.unit), self.note(metric)), metric)

    def note(self, metric: MetricPlan) -> str:
        """What a header says of a metric: definition, version, owners, filters."""
        known = self.declared(metric)
        parts = [known.definition, f"v{known.version}", f"owners: {', '.join(known.owners)}"]
        parts += [f"fingerprint {self.ask.digest(known.name)}"]
        parts += [f"{known.question} See {known.counterpart}."] if known.question and known.counterpart else []
        return _joined([*parts, *self._only(metric.where, _own(known))])

    def looked(self, column: Column, look: Look) -> Column:
        """A column as the layout wants it shown. Raises SurfaceError REV-701 for a format that cannot show its unit."""
        unit = column.unit
        if look.format and not formats.fits(look.format, unit):
            kind = formats.kind(look.format).lower().replace("_", " ")
            hint = {"text": "Texts need no format.", "date": "Write yyyy-mm-dd, for instance."}.get(
                unit, "Write #,##0.0."
            )
            raise self.problem(f'"{column.key}" is {unit}, and {look.format!r} shows a {kind}.', look.place, hint)
        return replace(
            column,
            title=look.title or column.title,
            note=_joined([look.note, column.note]),
            width=look.width or _WIDTHS.get(unit, 14),
            fixed=bool(look.width),
            decimals=look.decimals,
            format=look.format,
        )

    # --- cells ---------------------------------------------------------------------------------------------------

    def cell(self, plan: BlockPlan, metric: MetricPlan, answer: Answer, cut: Mapping[str, str | Ref]) -> Cell:
        """A number with the call that gives it. What is appended asks the snapshot its row names."""
        pairs = self.pairs({**metric.where, **cut})
        day = Ref(APPENDED[1]) if plan.mode == "append" else None
        rest: list[Argument] = [day, *pairs] if day or pairs else []
        call = Call("METRIC", (self.declared(metric).name, Ref("period"), *rest))
        if answer.value is None:
            error = answer.cell or "#N/A"
            return Cell(None, call, "", status_of(answer), answer.partial, answer.fingerprint, error)
        return Cell(answer.value, call, partial=answer.partial, fingerprint=answer.fingerprint)

    # --- blocks --------------------------------------------------------------------------------------------------

    def done(
        self, plan: BlockPlan, columns: Sequence[Column], rows: Sequence[Row], keys: Sequence[str], lead: int,
        about: Sequence[str] = (), totals: int = 0,
    ) -> Block:  # fmt: skip
        """The finished block; one that is appended to begins with the snapshot and its day.

        Raises SurfaceError REV-701 for a chart or a rule over a column the block does not have.
        """
        if plan.mode == "append":
            snapshot, day = self.ask.snapshot, self.ask.as_of
            columns = [
                Column(APPENDED[0], "Snapshot", "text", "The snapshot the row was written from.", 14),
                Column(APPENDED[1], "As of", "date", "The day of that snapshot.", 12),
                *columns,
            ]
            rows = [(Cell(snapshot), Cell(day), *row) for row in rows]
            keys, lead = [f"{snapshot}|{key}" for key in keys], lead + len(APPENDED)
        names = [column.key for column in columns]
        for name in names:
            if names.count(name) > 1:
                raise self.problem(
                    f'two columns named "{name}".', plan.place, "A block that is appended to has both of its own."
                )
        own = _own(self.declared(plan.metrics[0])) if plan.metrics else ()
        said = _joined([plan.about, *self._only(self.told(plan), own), *about])
        title = self.title(plan)
        path = self.layout.path
        charts = (drawn(chart, columns, lead, path, plan.place) for chart in plan.charts)
        rules = (ruled(rule, number, columns, lead, path, plan.place) for number, rule in enumerate(plan.rules, 1))
        return Block(
            plan.key, title, tuple(columns), tuple(rows), tuple(keys),
            tuple(chart for chart in charts if chart.series), said, plan.mode, lead,
            calendar=plan.kind in ("series", "grid"), totals=totals, rules=tuple(rule for rule in rules if rule.columns),
        )  # fmt: skip

    def _only(self, where: Mapping[str, str], own: Sequence[str] = ()) -> list[str]:
        """Filters in words; those a reader may change are named by their parameter. ``own`` are parameters of the metric,
        which filter nothing."""
        found = []
        for name, value in where.items():
            key = used(value)
            said = f" as chosen on the cover ({self.chosen.parameters[key].title})" if key else f" = {value}"
            found.append(f"{'' if slug(name) in own else 'only '}{name}{said}")
        return found

    @staticmethod
    def told(plan: BlockPlan) -> Mapping[str, str]:
        """The filters the line under the title names: those of report and tab, and where no head names them all."""
        if not plan.metrics:
            return {}
        return plan.metrics[0].where if plan.kind in (*SPOKEN, "grid") else plan.outer

    def title(self, plan: BlockPlan) -> str:
        """Of a block: as declared, else its only metric's label."""
        if plan.title or len(plan.metrics) != 1:
            return plan.title or plan.key.replace("_", " ").capitalize()
        return self.declared(plan.metrics[0]).label

    def said(self, token: str) -> str:
        """The period of a block in words; one that a reader may change is named by its parameter."""
        if key := used(token):
            return f"period as chosen on the cover ({self.chosen.parameters[key].title})"
        return self.spelled(self.period(token))

    def spelled(self, period: Period) -> str:
        """A period; words that move with the as-of date (``LTM``) are spelled out."""
        return f"{period} = {period.start} to {period.last_day}" if period.grain == "span" else str(period)


def _own(metric: Declaration) -> tuple[str, ...]:
    return tuple(parameter.name for parameter in metric.parameters)


def _joined(parts: Sequence[str]) -> str:
    return " · ".join(part for part in parts if part)


def status_of(answer: Answer) -> str:
    """Why there is no number: code and words."""
    return answer.message if answer.message.startswith(answer.status) else f"{answer.status} {answer.message}".strip()


def unit_of(unit: str) -> Unit:
    """A unit the surfaces know; anything else is a number."""
    return cast(Unit, unit) if unit in get_args(Unit) else "number"
