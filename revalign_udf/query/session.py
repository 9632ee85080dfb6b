"""One open snapshot and everything already computed from it.

Components are fetched for a whole question at once and remembered. A surface that asks cell by cell is noticed: after a
few misses of one kind the whole grain is fetched in one statement, and the following cells are answered from memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property

from revalign_udf.calc.survival import kaplan_meier
from revalign_udf.errors import NoData
from revalign_udf.metrics import COMPONENTS, Component
from revalign_udf.money import exact
from revalign_udf.periods import Period, between, of_grain
from revalign_udf.query.names import Catalogue
from revalign_udf.snapshots import FactInfo, Measured, Slice, Snapshot, Window

__all__ = ["Session"]

#: below this many ended customers a lifetime is refused
_ENDED = 30
#: misses of one kind after which the whole grain is fetched
_PATIENCE = 3
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
        self._load_cube()

    def values_of(self, dimension: str) -> list[str]:
        """Every value of a dimension."""
        if dimension not in self._values:
            self._values[dimension] = self.snapshot.values_of(dimension)
        return self._values[dimension]

    # --- availability ------------------------------------------------------------------------------------------

    def fact(self, component: Component) -> FactInfo:
        """What the snapshot knows of a component's facts."""
        return self.manifest.facts[component.fact]

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
        mark = self.fact(component).watermark
        return mark is None or period.end > mark + timedelta(days=1)

    # --- components --------------------------------------------------------------------------------------------

    def prefetch(self, wanted: Iterable[tuple[str, Period]], where: Mapping[str, str], by: Sequence[str] = ()) -> None:
        """Fetch what a question needs that is not known yet, one statement per fact."""
        names = tuple(sorted({*where, *by}))
        missing: dict[str, dict[Window, set[str]]] = {}
        for name, period in wanted:
            component = COMPONENTS[name]
            if component.shape == "lifetime":
                continue
            try:
                window = self.window(component, period)
            except NoData:
                continue
            if not self._has(component, window, names, where, by):
                missing.setdefault(component.fact, {}).setdefault(window, set()).add(name)
                self._misses[component.fact, names, period.grain] += 1
                if self._misses[component.fact, names, period.grain] == _PATIENCE and not by:
                    self._fill(component, period, names)
        for windows in missing.values():
            by_names: dict[frozenset[str], list[Window]] = {}
            for window, wanted_names in windows.items():
                by_names.setdefault(frozenset(wanted_names), []).append(window)
            for some, days in by_names.items():
                self._fetch([COMPONENTS[name] for name in sorted(some)], days, where, by)

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
        if period.grain == "span" or info.first_day is None or info.watermark is None or len(names) > 2:
            return
        first = of_grain(period.grain, info.first_day, period.calendar)
        last = of_grain(period.grain, info.watermark, period.calendar)
        periods = between(first, last, period.grain)[-60:]
        same = [item for item in COMPONENTS.values() if item.fact == component.fact and item.shape != "lifetime"]
        self._fetch(same, [self.window(component, item) for item in periods], {}, names)

    def _load_cube(self) -> None:
        for name, start, end, dimension, value, amount, unrated in self.snapshot.cube():
            names = (dimension,) if dimension else ()
            slices = self._known.setdefault((name, names), {}).setdefault((start, end), {})
            if amount is not None:
                slices[(value,) if dimension else ()] = Measured(Fraction(amount), unrated)

    # --- lifetimes ---------------------------------------------------------------------------------------------

    def _lifetime(self, component: Component, period: Period, where: Mapping[str, str]) -> Fraction:
        given = self.manifest.parameters.get("lifetime_years")
        if given is not None:
            return exact(given)
        window = self.window(component, period)
        return self._observed_years(window, where)

    def _observed_years(self, window: Window, where: Mapping[str, str]) -> Fraction:
        curve = kaplan_meier(self.snapshot.evaluator.lifetimes(window, where))
        return curve.require(_ENDED).restricted_mean / _DAYS_PER_YEAR

    @cached_property
    def today(self) -> date:
        """The day relative periods count from."""
        return self.snapshot.as_of
