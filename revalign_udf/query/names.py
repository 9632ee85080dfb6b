"""What a user typed -> what it names: metrics, dimensions, values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.metrics import COMPONENTS, DIMENSIONS, FACTS, Metric, components_of, qualified
from revalign_udf.query.tables import table_needs

__all__ = ["Catalogue"]


def _fold(text: str) -> str:
    return re.sub(r"[\s\-_]+", "_", text.strip().casefold())


class Catalogue:
    """The metrics of a snapshot by name and alias, and the dimensions each may be cut by."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self.metrics: Mapping[str, Metric] = {metric.name: metric for metric in metrics}
        self._names: dict[str, list[str]] = {}
        self._dimensions: dict[str, tuple[str, ...]] = {}
        self._digests: dict[str, str] = {}
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
        if metric.name not in self._dimensions:
            parts = table_needs(metric) or self.components(metric)
            allowed = [name for name in DIMENSIONS if parts and all(name in _reach(part) for part in parts)]
            self._dimensions[metric.name] = tuple(
                name for name in allowed if not metric.dimensions or name in metric.dimensions
            )
        return self._dimensions[metric.name]

    def digest(self, metric: Metric) -> str:
        """What a metric is defined by: its declaration and those of the metrics and components it reads."""
        if metric.name not in self._digests:
            parts = [json.dumps(metric.as_dict(), sort_keys=True)]
            names = Expression(metric.formula).names if metric.formula else table_needs(metric)
            for name in names:
                _, plain = qualified(name, COMPONENTS)
                if plain in COMPONENTS:
                    parts.append(repr(COMPONENTS[plain]))
                elif plain in self.metrics:
                    parts.append(self.digest(self.metrics[plain]))
            self._digests[metric.name] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return self._digests[metric.name]

    def check(
        self, metric: Metric, where: Mapping[str, str] | None, values_of: Callable[[str], Sequence[str]]
    ) -> dict[str, str]:
        """Filters with fields and values spelled as declared. An empty value means all and falls away.

        Raises UnknownName REV-101 for a field or value nobody knows, UserError REV-101 for a value that can mean
        several, REV-102 for two values of one field, REV-103 for a field that does not reach this metric.
        """
        found: dict[str, str] = {}
        for field, value in (where or {}).items():
            text = _text(value)
            if not text:
                continue
            name = self.dimension(metric, str(field))
            known = values_of(name)
            if text not in known:
                same = [item for item in known if item.casefold() == text.casefold()]
                if len(same) > 1:
                    raise UserError(f'"{text}" can mean {" or ".join(same)}.', code="REV-101", hint="Mind the case.")
                if not same:
                    raise UnknownName(f"value of {name}", text, known)
                text = same[0]
            if found.setdefault(name, text) != text:
                raise UserError(f"{name} is asked to be both {found[name]} and {text}.", code="REV-102")
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


def _text(value: object) -> str:
    """A filter's value as text; a spreadsheet hands the key 7 over as 7.0.

    >>> _text(7.0), _text(" SMB "), _text(None)
    ('7', 'SMB', '')
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _reach(component: str) -> tuple[str, ...]:
    """Dimensions that reach a component. A lifetime belongs to the whole customer, not to one of its items."""
    declared = COMPONENTS[component]
    ways = FACTS[declared.fact].dimensions
    return tuple(name for name, way in ways.items() if declared.shape != "lifetime" or way == "customer")
