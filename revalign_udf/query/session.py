"""One open snapshot and everything already computed from it.

Components are fetched for a whole question at once and remembered. A surface that asks cell by cell is noticed: after a
few misses of one kind the whole grain is fetched in one statement, and the following cells are answered from memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property

from revalign_udf.errors import NoData, Undivided, UserError
from revalign_udf.metrics import STEPS, Component, Declared, Metric, components_of
from revalign_udf.metrics.facts import SHARED
from revalign_udf.metrics.profiles import PROFILES, Profile
from revalign_udf.money import exact
from revalign_udf.periods import Period, between, of_grain, parse_period
from revalign_udf.query.goals import Goal, goal_of, read_goals
from revalign_udf.query.memory import Memory
from revalign_udf.query.names import Catalogue
from revalign_udf.query.quotas import OF_TARGETS
from revalign_udf.query.sharing import Shared, refuse_unknown
from revalign_udf.query.tables import table_needs
from revalign_udf.snapshots import FactInfo, Measured, Slice, Snapshot, View, Window
from revalign_udf.snapshots.statistics import statistic, step_days

__all__ = ["Session"]

#: questions of one kind not known yet after which the whole grain is fetched, by the number of filters: the more
#: filters, the more slices nobody may ask for
_PATIENCE = {0: 3, 1: 3, 2: 12}
#: kinds of period tokens whose meaning is remembered, and how many
_REMEMBERED, _PERIODS = (str, date), 2_000
#: a cohort is young until nine of ten have had their time
_USUAL = Fraction(9, 10)

#: components whose totals are taken from the cube one by one, before all of them are
_SOME = 8

_Kind = tuple[str, tuple[str, ...]]
"""(component, names of the filters)"""


class Session:
    """A snapshot seen in one view, with its catalogue and memory. ``discreet``: whoever asks may see a part of it only,
    so no reason tells of the rest."""

    def __init__(
        self, snapshot: Snapshot, view: View | None = None, profile: Profile | None = None, *, discreet: bool = False
    ) -> None:
        self.snapshot, self.discreet = snapshot, discreet
        self.view = view or View()
        self.manifest = snapshot.manifest
        self.evaluator = snapshot.seen(self.view)
        own = profile or PROFILES["default"]
        self.profile = own.name
        self._own = {item.name for item in own.components}
        instead = {item.name: item for item in own.metrics}
        declared = Declared().beside(self.manifest.additions)
        components = {**declared.components, **{item.name: item for item in own.components}}
        metrics = [instead.pop(metric.name, metric) for metric in self.manifest.metrics]
        self.catalogue = Catalogue([*metrics, *instead.values()], replace(declared, components=components))
        self._values: dict[str, list[str]] = {}
        self._known: dict[_Kind, dict[tuple[date, date], dict[Slice, Measured]]] = {}
        self._single: dict[tuple[_Kind, date, date, Slice], Measured] = {}
        self._misses: Counter[tuple[str, tuple[str, ...], str]] = Counter()
        self._statistics: dict[tuple[str, Window, tuple[tuple[str, str], ...]], Fraction | NoData] = {}
        self._steps: dict[str, int | None] = {}
        self.pairs: dict[tuple[str, str, tuple[tuple[str, str], ...], Period], list[tuple[str, Period]]] = {}
        """what each metric and period rests on, remembered by :mod:`~revalign_udf.query.formulas`"""
        self.sharing: dict[tuple[str, Window, tuple[str, ...]], dict[Slice, list[Shared]]] = {}
        """what several lead sources share, remembered by :mod:`~revalign_udf.query.sharing`"""
        self.unnamed: dict[tuple[str, str], bool] = {}
        """whether no record of a component ever names a value of a dimension"""
        self._recalled: set[_Kind] = set()
        self._totals = 0
        self._periods: Memory[str | date, Period] = Memory(_PERIODS)

    @cached_property
    def goals(self) -> list[Goal]:
        """The targets teams have set."""
        return read_goals(self)

    def goal(self, name: str, period: Period, where: Mapping[str, str]) -> Fraction:
        """The target of a metric for a period. Raises NoData REV-204 where none is set."""
        return goal_of(self, name, period, where)

    def period(self, token: object) -> Period:
        """What a period token means to the snapshot; relative words count from its as-of day."""
        if token.__class__ not in _REMEMBERED:
            return parse_period(token, self.snapshot.as_of, self.manifest.calendar)
        found = self._periods.get(token)
        if found is None:
            found = parse_period(token, self.snapshot.as_of, self.manifest.calendar)
            self._periods.put(token, found)
        return found

    def values_of(self, dimension: str) -> list[str]:
        """Every value of a dimension."""
        if dimension not in self._values:
            self._values[dimension] = self.snapshot.values_of(dimension)
        return self._values[dimension]

    # --- availability ------------------------------------------------------------------------------------------

    def component(self, name: str) -> Component:
        """A declared component."""
        return self.catalogue.components[name]

    def fact(self, name: str) -> FactInfo:
        """What the snapshot knows of a fact."""
        # a snapshot published before the fact was declared has no rows of it
        known = self.manifest.facts.get(name)
        return known or FactInfo(name, 0, tables=self.catalogue.facts[name].tables)

    def window(self, component: Component, period: Period) -> Window:
        """The days a component can be computed for. Raises NoData with the reason when there are none.

        Between the first record and the watermark an additive component is a number, zero without rows; outside it is
        unknown, which is not zero.
        """
        window = self.window_of(component.fact, period, component.name)
        return Window(period.start, period.end) if component.ahead else window

    def window_of(self, fact: str, period: Period, what: str = "") -> Window:
        """The days a fact is known for in a period. Raises NoData with the reason when there are none."""
        info, what = self.fact(fact), what or fact
        if not info.rows or info.first_day is None or info.watermark is None:
            tables = " or ".join(info.tables) or fact
            raise NoData(f"{what}: no rows in {tables}.", code="REV-201", hint="Pull a source that has them.")
        if period.end <= info.first_day:
            raise NoData(f"{what}: {period} lies before the first record ({info.first_day}).")
        if period.start > info.watermark:
            raise NoData(
                f"{what}: {period} lies after {info.watermark}, through which its sources are loaded.",
                hint="Pull again: revalign run.",
            )
        return Window(period.start, min(period.end, info.watermark + timedelta(days=1)))

    def rests_on(self, metric: Metric, fact: str) -> bool:
        """Whether a metric reads a fact."""
        catalogue = self.catalogue
        parts = table_needs(metric) or components_of(
            metric, {**catalogue.metrics, **catalogue.inner}, catalogue.components
        )
        return any(catalogue.components[name].fact == fact for name in parts)

    def is_partial(self, component: Component, period: Period) -> bool:
        """Whether the period is not over, or not loaded to its end."""
        if component.name == "lifetime_years" and self._given_lifetime is not None:
            return False
        mark = self.fact(component.fact).watermark
        return mark is None or period.end > mark + timedelta(days=1)

    def still_growing(self, name: str, period: Period) -> int | None:
        """The days in which nine of ten made a step, where the period's last leads have not had as many; else None."""
        mark = self.fact(self.component(name).fact).watermark
        if name not in STEPS or mark is None:
            return None
        if name not in self._steps:
            steps = step_days(self.evaluator, *STEPS[name])
            done, wanted = 0, _USUAL * sum(count for _, count in steps)
            self._steps[name] = None
            for days, count in steps:
                done += count
                if done >= wanted:
                    self._steps[name] = days
                    break
        usual = self._steps[name]
        return usual if usual is not None and (mark - period.last_day).days < usual else None

    def unsettled(self, name: str, period: Period) -> int | None:
        """The days a component needs after a period to be final, where as many have not passed yet; else None."""
        component = self.component(name)
        mark = self.fact(component.fact).watermark
        if not component.settles or mark is None:
            return None
        number, _, unit = component.settles.partition(" ")
        needed = -(-int(number) * 1461 // 48) if unit == "months" else int(number)  # a month has 30.4375 days
        return needed if (mark - period.last_day).days < needed else None

    # --- components --------------------------------------------------------------------------------------------

    def prefetch(self, wanted: Iterable[tuple[str, Period]], where: Mapping[str, str], by: Sequence[str] = ()) -> None:
        """Fetch what a question needs that is not known yet, one statement per fact."""
        names = tuple(sorted({*where, *by}))
        missing: dict[str, dict[Window, set[str]]] = {}
        asked: set[tuple[str, str]] = set()
        for name, period in wanted:
            component = self.component(name)
            if component.shape == "statistic":
                continue
            try:
                window = self.window(component, period)
            except NoData:
                continue
            if self._has(component, window, names, where, by):
                continue
            if not by and (component.fact, period.grain) not in asked:
                asked.add((component.fact, period.grain))
                if self._impatient(component, period, names) and self._has(component, window, names, where, by):
                    continue
            missing.setdefault(component.fact, {}).setdefault(window, set()).add(name)
        for windows in missing.values():
            by_names: dict[frozenset[str], list[Window]] = {}
            for window, wanted_names in windows.items():
                by_names.setdefault(frozenset(wanted_names), []).append(window)
            for some, days in by_names.items():
                self._fetch([self.component(name) for name in sorted(some)], days, where, by)

    def _impatient(self, component: Component, period: Period, names: tuple[str, ...]) -> bool:
        """Count a question that has to be computed; after some of its kind fetch the whole grain, and say so."""
        kind = (component.fact, names, period.grain)
        self._misses[kind] += 1
        if self._misses[kind] != _PATIENCE.get(len(names)) or period.grain == "span":
            return False
        self._fill(component, period, names)
        return True

    def count(self, name: str, period: Period, where: Mapping[str, str]) -> Fraction | int:
        """How much there is to count in a slice: the component's value; 1 where there is something for a statistic, or
        a part of something that several lead sources share."""
        try:
            return self.value(name, period, where)
        except Undivided:
            return int(SHARED.get(self.component(name).fact, "") in where)
        except NoData as error:
            if self.component(name).shape == "statistic" and error.code == "REV-209":
                return 1
            raise

    def value(self, name: str, period: Period, where: Mapping[str, str]) -> Fraction:
        """A component's exact value. Raises NoData: REV-201, REV-204, REV-208 (a missing rate), REV-209; Undivided
        REV-204 for what several values of a filter share; UserError REV-104 for an amount that cannot be shown in the
        view's currency."""
        component = self.component(name)
        if not self.evaluator.lens.converts(component):
            raise UserError(
                f"{name} is kept in {self.manifest.currency} only and cannot be shown otherwise.", code="REV-104",
                hint="Ask without a currency and a profile of rates.",
            )  # fmt: skip
        if component.shape == "statistic":
            return self._statistic(component, period, where)
        try:
            window = self.window(component, period)
        except NoData as error:
            if component.optional and error.code == "REV-201":
                return Fraction(0)
            raise
        if not component.early and (needed := self.unsettled(name, period)) is not None:
            raise NoData(f"{name} of {period} is not known until {needed} days after its end.")
        refuse_unknown(self, component, period, window, where)
        if not self._has(component, window, tuple(sorted(where)), where, ()):
            self._fetch([component], [window], where, ())
        measured = self._read(component, window, where)
        if measured.unrated and component.unknown:
            raise NoData(f"{name}: {component.unknown}", code="REV-209")
        if measured.unrated:
            raise NoData(
                f"{name}: {measured.unrated} amount(s) have no exchange rate at most 7 days old.",
                code="REV-208",
                hint="Load fx_rate rows for those days.",
            )
        return measured.value

    def _has(
        self, component: Component, window: Window, names: tuple[str, ...], where: Mapping[str, str], by: Sequence[str]
    ) -> bool:
        kind = (component.name, names)
        if kind not in self._recalled:
            self._recall(kind)
        if (window.start, window.end) in self._known.get(kind, {}):
            return True
        values = tuple(where[name] for name in names if name in where)
        return not by and (kind, window.start, window.end, values) in self._single

    def _read(self, component: Component, window: Window, where: Mapping[str, str]) -> Measured:
        names = tuple(sorted(where))
        kind, values = (component.name, names), tuple(where[name] for name in names)
        slices = self._known.get(kind, {}).get((window.start, window.end))
        if slices is not None:
            return slices.get(values, Measured(Fraction(0)))
        return self._single[kind, window.start, window.end, values]

    def _fetch(
        self, components: Sequence[Component], windows: Sequence[Window], where: Mapping[str, str], by: Sequence[str]
    ) -> None:
        """Compute and remember. With ``by`` the filters become groups too, so that every slice is known afterwards."""
        names = tuple(sorted({*where, *by}))
        evaluator = self.evaluator
        if by or not names:
            found = evaluator.evaluate(components, windows, {}, names)
            for component in components:
                known = self._known.setdefault((component.name, names), {})
                for window in windows:
                    known[window.start, window.end] = {}
            for (name, index, slices), measured in found.items():
                self._known[name, names][windows[index].start, windows[index].end][slices] = measured
            return
        ordered = {name: where[name] for name in names}
        values = tuple(ordered.values())
        found = evaluator.evaluate(components, windows, ordered)
        for component in components:
            for index, window in enumerate(windows):
                measured = found.get((component.name, index, ()), Measured(Fraction(0)))
                self._single[(component.name, names), window.start, window.end, values] = measured

    def _fill(self, component: Component, period: Period, names: tuple[str, ...]) -> None:
        """Fetch every period of a grain and every slice of the filters for all components of a fact."""
        info = self.fact(component.fact)
        if info.first_day is None or info.watermark is None:  # pragma: no cover - a window was computed from them
            return
        first = of_grain(period.grain, info.first_day, period.calendar)
        last = of_grain(period.grain, info.watermark, period.calendar)
        periods = between(first, last, period.grain)[-60:]
        same = [item for item in self.catalogue.components.values() if item.fact == component.fact and item.kept]
        self._fetch(same, [self.window(component, item) for item in periods], {}, names)

    def _recall(self, kind: _Kind) -> None:
        """Take from the snapshot's cube what it holds of one component and at most one dimension; after a few totals all
        of them."""
        self._recalled.add(kind)
        name, names = kind
        if len(names) > 1 or self.view != View() or name in self._own:
            return
        self._totals += not names
        every = not names and self._totals == _SOME
        for component, start, end, _, value, amount, unrated in self.snapshot.cube(
            None if every else name, names[0] if names else ""
        ):
            if component != name and (component in self._own or (component, names) in self._recalled):
                continue
            slices = self._known.setdefault((component, names), {}).setdefault((start, end), {})
            if amount is not None:
                slices[(value,) if names else ()] = Measured(Fraction(amount), unrated)
        if every:
            self._recalled |= {(component, names) for component in self.catalogue.components}

    # --- statistics --------------------------------------------------------------------------------------------

    @property
    def _given_lifetime(self) -> Fraction | None:
        """The lifetime the settings give, in years."""
        given = self.manifest.parameters.get("lifetime_years")
        return None if given is None else exact(given)

    def _statistic(self, component: Component, period: Period, where: Mapping[str, str]) -> Fraction:
        if component.name == "lifetime_years" and self._given_lifetime is not None:
            return self._given_lifetime
        window = self.window(component, period)
        if component.measure in OF_TARGETS:
            return OF_TARGETS[component.measure](self, period, where)
        key = (component.name, window, tuple(sorted(where.items())))
        if key not in self._statistics:
            try:
                self._statistics[key] = statistic(self.evaluator, component, window, where)
            except NoData as error:
                self._statistics[key] = error
        found = self._statistics[key]
        if isinstance(found, NoData):
            raise NoData(found.message, code=found.code, hint=found.hint)
        return found
