"""One open snapshot and everything already computed from it.

Components are fetched for a whole question at once and remembered. A surface that asks cell by cell is noticed: after a
few misses of one kind the whole grain is fetched in one statement, and the following cells are answered from memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

from revalign_udf.calc.survival import kaplan_meier
from revalign_udf.errors import NoData
from revalign_udf.metrics import COMPONENTS, FACTS, STEPS, Component
from revalign_udf.money import exact
from revalign_udf.periods import Period, between, of_grain
from revalign_udf.query.names import Catalogue
from revalign_udf.snapshots import FactInfo, Measured, Slice, Snapshot, Window

__all__ = ["Session"]

#: below this many ended customers a lifetime is refused
_ENDED = 30
#: questions of one kind not known yet after which the whole grain is fetched, by the number of filters: the more
#: filters, the more slices nobody may ask for
_PATIENCE = {0: 3, 1: 3, 2: 12}
#: a cohort is young until nine of ten have had their time
_USUAL = Fraction(9, 10)
_DAYS_PER_YEAR = Fraction(1461, 4)

_Kind = tuple[str, tuple[str, ...]]
"""(component, names of the filters)"""


class Session:
    """A snapshot with its catalogue and memory."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.manifest = snapshot.manifest
        self.catalogue = Catalogue(self.manifest.metrics)
        self._values: dict[str, list[str]] = {}
        self._known: dict[_Kind, dict[tuple[date, date], dict[Slice, Measured]]] = {}
        self._single: dict[tuple[_Kind, date, date, Slice], Measured] = {}
        self._misses: Counter[tuple[str, tuple[str, ...], str]] = Counter()
        self._lifetimes: dict[tuple[Window, tuple[tuple[str, str], ...]], list[tuple[int, int, int]]] = {}
        self._steps: dict[str, int | None] = {}
        self.pairs: dict[tuple[str, Period], list[tuple[str, Period]]] = {}
        """what each metric and period rests on, remembered by :mod:`~revalign_udf.query.formulas`"""
        self._recalled: set[_Kind] = set()

    def values_of(self, dimension: str) -> list[str]:
        """Every value of a dimension."""
        if dimension not in self._values:
            self._values[dimension] = self.snapshot.values_of(dimension)
        return self._values[dimension]

    # --- availability ------------------------------------------------------------------------------------------

    def fact(self, component: Component) -> FactInfo:
        """What the snapshot knows of a component's facts."""
        # a snapshot published before the fact was declared has no rows of it
        known = self.manifest.facts.get(component.fact)
        return known or FactInfo(component.fact, 0, tables=FACTS[component.fact].tables)

    def window(self, component: Component, period: Period) -> Window:
        """The days a component can be computed for. Raises NoData with the reason when there are none.

        Between the first record and the watermark an additive component is a number, zero without rows; outside it is
        unknown, which is not zero.
        """
        info = self.fact(component)
        if not info.rows or info.first_day is None or info.watermark is None:
            tables = " or ".join(info.tables) or component.fact
            raise NoData(f"{component.name}: no rows in {tables}.", code="REV-201", hint="Pull a source that has them.")
        if period.end <= info.first_day:
            raise NoData(f"{component.name}: {period} lies before the first record ({info.first_day}).")
        if period.start > info.watermark:
            raise NoData(
                f"{component.name}: {period} lies after {info.watermark}, through which its sources are loaded.",
                hint="Pull again: revalign run.",
            )
        return Window(period.start, min(period.end, info.watermark + timedelta(days=1)))

    def is_partial(self, component: Component, period: Period) -> bool:
        """Whether the period is not over, or not loaded to its end."""
        if component.shape == "lifetime" and self._given_lifetime is not None:
            return False
        mark = self.fact(component).watermark
        return mark is None or period.end > mark + timedelta(days=1)

    def still_growing(self, name: str, period: Period) -> int | None:
        """The days in which nine of ten made a step, where the period's last leads have not had as many; else None."""
        mark = self.fact(COMPONENTS[name]).watermark
        if name not in STEPS or mark is None:
            return None
        if name not in self._steps:
            steps = self.snapshot.evaluator.step_days(*STEPS[name])
            done, wanted = 0, _USUAL * sum(count for _, count in steps)
            self._steps[name] = None
            for days, count in steps:
                done += count
                if done >= wanted:
                    self._steps[name] = days
                    break
        usual = self._steps[name]
        return usual if usual is not None and (mark - period.last_day).days < usual else None

    # --- components --------------------------------------------------------------------------------------------

    def prefetch(self, wanted: Iterable[tuple[str, Period]], where: Mapping[str, str], by: Sequence[str] = ()) -> None:
        """Fetch what a question needs that is not known yet, one statement per fact."""
        names = tuple(sorted({*where, *by}))
        missing: dict[str, dict[Window, set[str]]] = {}
        asked: set[tuple[str, str]] = set()
        for name, period in wanted:
            component = COMPONENTS[name]
            if component.shape == "lifetime":
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
                self._fetch([COMPONENTS[name] for name in sorted(some)], days, where, by)

    def _impatient(self, component: Component, period: Period, names: tuple[str, ...]) -> bool:
        """Count a question that has to be computed; after some of its kind fetch the whole grain, and say so."""
        kind = (component.fact, names, period.grain)
        self._misses[kind] += 1
        if self._misses[kind] != _PATIENCE.get(len(names)) or period.grain == "span":
            return False
        self._fill(component, period, names)
        return True

    def count(self, name: str, period: Period, where: Mapping[str, str]) -> Fraction | int:
        """How much there is to count in a slice: the component's value, or the customers a lifetime is told from."""
        component = COMPONENTS[name]
        if component.shape == "lifetime":
            return sum(ended + running for _, ended, running in self._lives(self.window(component, period), where))
        return self.value(name, period, where)

    def value(self, name: str, period: Period, where: Mapping[str, str]) -> Fraction:
        """A component's exact value. Raises NoData: REV-201, REV-204, REV-208 (a missing rate), REV-209."""
        component = COMPONENTS[name]
        if component.shape == "lifetime":
            return self._lifetime(component, period, where)
        try:
            window = self.window(component, period)
        except NoData as error:
            if component.optional and error.code == "REV-201":
                return Fraction(0)
            raise
        if not self._has(component, window, tuple(sorted(where)), where, ()):
            self._fetch([component], [window], where, ())
        measured = self._read(component, window, where)
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
        evaluator = self.snapshot.evaluator
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
        info = self.fact(component)
        if info.first_day is None or info.watermark is None:  # pragma: no cover - a window was computed from them
            return
        first = of_grain(period.grain, info.first_day, period.calendar)
        last = of_grain(period.grain, info.watermark, period.calendar)
        periods = between(first, last, period.grain)[-60:]
        same = [item for item in COMPONENTS.values() if item.fact == component.fact and item.shape != "lifetime"]
        self._fetch(same, [self.window(component, item) for item in periods], {}, names)

    def _recall(self, kind: _Kind) -> None:
        """Take from the snapshot's cube what it holds of one component and at most one dimension."""
        self._recalled.add(kind)
        name, names = kind
        if len(names) > 1:
            return
        for _, start, end, _, value, amount, unrated in self.snapshot.cube(name, names[0] if names else ""):
            slices = self._known.setdefault(kind, {}).setdefault((start, end), {})
            if amount is not None:
                slices[(value,) if names else ()] = Measured(Fraction(amount), unrated)

    # --- lifetimes ---------------------------------------------------------------------------------------------

    @property
    def _given_lifetime(self) -> Fraction | None:
        """The lifetime the settings give, in years."""
        given = self.manifest.parameters.get("lifetime_years")
        return None if given is None else exact(given)

    def _lives(self, window: Window, where: Mapping[str, str]) -> list[tuple[int, int, int]]:
        key = (window, tuple(sorted(where.items())))
        if key not in self._lifetimes:
            self._lifetimes[key] = self.snapshot.evaluator.lifetimes(window, where)
        return self._lifetimes[key]

    def _lifetime(self, component: Component, period: Period, where: Mapping[str, str]) -> Fraction:
        if self._given_lifetime is not None:
            return self._given_lifetime
        curve = kaplan_meier(self._lives(self.window(component, period), where))
        return curve.require(_ENDED).restricted_mean / _DAYS_PER_YEAR
