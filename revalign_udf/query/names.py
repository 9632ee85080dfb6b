"""What a user typed -> what it names: metrics, dimensions, values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from revalign_udf.errors import UnknownName, UserError, did_you_mean
from revalign_udf.metrics import COMPONENTS, DIMENSIONS, FACTS, Metric, components_of

__all__ = ["Catalogue"]


def _fold(text: str) -> str:
    return re.sub(r"[\s\-_]+", "_", text.strip().casefold())


class Catalogue:
    """The metrics of a snapshot by name and alias, and the dimensions each may be cut by."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self.metrics: Mapping[str, Metric] = {metric.name: metric for metric in metrics}
        self._names: dict[str, list[str]] = {}
        for metric in metrics:
            self._names[_fold(metric.name)] = [metric.name]
        for metric in metrics:
            for alias in (*metric.aliases, metric.label):
                known = self._names.setdefault(_fold(alias), [])
                if metric.name not in known and _fold(alias) not in self.metrics:
                    known.append(metric.name)

    def metric(self, name: str) -> Metric:
        """The metric a name or alias means.

        Raises UnknownName REV-101 with the nearest name, or listing the metrics that share an alias.
        """
        found = self._names.get(_fold(str(name)), [])
        if len(found) == 1:
            return self.metrics[found[0]]
        if found:
            raise UserError(
                f'"{name}" can mean {" or ".join(found)}.', code="REV-101", hint="Write the one you mean in full."
            )
        raise UnknownName("metric", name, [*self.metrics, *self._names], hint="The list: revalign metrics list.")

    def components(self, metric: Metric) -> tuple[str, ...]:
        """Every component a metric rests on."""
        return components_of(metric, dict(self.metrics))

    def dimensions(self, metric: Metric) -> tuple[str, ...]:
        """The dimensions every component of a metric allows (and its declaration, where it names some)."""
        names = [*self.components(metric), *_TABLE_PARTS.get(metric.name, ())]
        allowed = [name for name in DIMENSIONS if all(name in _reach(part) for part in names)] if names else []
        return tuple(name for name in allowed if not metric.dimensions or name in metric.dimensions)

    def check(
        self, metric: Metric, where: Mapping[str, str] | None, values_of: Callable[[str], Sequence[str]]
    ) -> dict[str, str]:
        """Filters with fields and values spelled as declared. An empty value means all and falls away.

        Raises UnknownName REV-101 for a field or value nobody knows, UserError REV-103 for a field that does not reach
        this metric.
        """
        found: dict[str, str] = {}
        for field, value in (where or {}).items():
            if not str(value or "").strip():
                continue
            name = self.dimension(metric, str(field))
            known = values_of(name)
            text = str(value).strip()
            if text not in known:
                same = [item for item in known if item.casefold() == text.casefold()]
                if len(same) != 1:
                    raise UnknownName(f"value of {name}", value, known)
                text = same[0]
            found[name] = text
        return dict(sorted(found.items()))

    def dimension(self, metric: Metric, field: str) -> str:
        """The dimension a field names, allowed for this metric."""
        name = _fold(field)
        if name not in DIMENSIONS:
            raise UnknownName("field", field, DIMENSIONS)
        allowed = self.dimensions(metric)
        if name not in allowed:
            cuts = f"Possible: {', '.join(allowed)}." if allowed else "It can only be asked as a whole."
            raise UserError(f"{metric.name} cannot be cut by {name}.", code="REV-103", hint=cuts)
        return name

    def near(self, name: str) -> str | None:
        """The nearest metric to a mistyped name."""
        return did_you_mean(name, self.metrics)


#: components that the rows of a table metric rest on
_TABLE_PARTS: dict[str, tuple[str, ...]] = {
    "mrr_movements": ("opening_mrr", "mrr", "new_mrr"),
    "funnel": ("reached_lead",),
    "stage_conversion": ("reached_lead",),
}


def _reach(component: str) -> tuple[str, ...]:
    """Dimensions that reach a component. A lifetime belongs to the whole customer, not to one of its items."""
    declared = COMPONENTS[component]
    ways = FACTS[declared.fact].dimensions
    return tuple(name for name, way in ways.items() if declared.shape != "lifetime" or way == "customer")
