"""What a user typed -> what it names: metrics, dimensions, values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.metrics import Component, Declared, Metric, Parameter, bound, components_of, qualified
from revalign_udf.query.tables import table_needs

__all__ = ["Catalogue", "checked_parameter"]


def _fold(text: str) -> str:
    return re.sub(r"[\s\-_]+", "_", text.strip().casefold())


class Catalogue:
    """The metrics of a snapshot by name and alias, and the dimensions each may be cut by."""

    def __init__(self, metrics: Sequence[Metric], declared: Declared | None = None) -> None:
        own = declared or Declared()
        self.metrics: dict[str, Metric] = {metric.name: metric for metric in metrics}
        self.components: dict[str, Component] = dict(own.components)
        self.facts, self.known_dimensions = own.facts, own.dimensions
        self.inner: dict[str, Metric] = {}
        """metrics inside a formula, with parameters filled in"""
        self._bound: dict[tuple[str, int, str, tuple[str, ...]], Metric] = {}
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

    def resolve(self, name: str) -> Metric | None:
        """The metric a formula reads by a name, if there is one."""
        return self.metrics.get(name) or self.inner.get(name)

    # --- parameters --------------------------------------------------------------------------------------------

    def split(self, metric: Metric, given: Mapping[str, object] | None) -> tuple[dict[str, object], dict[str, str]]:
        """What a question gives, told apart: filters, and the metric's parameters with checked values.

        Raises UserError REV-102 for a value out of bounds, UnknownName REV-101 for one that is no choice.
        """
        known = {item.name: item for item in metric.parameters}
        filters: dict[str, object] = {}
        values: dict[str, str] = {}
        for field, value in (given or {}).items():
            item = known.get(_fold(str(field)))
            if item is None or _fold(str(field)) in self.known_dimensions:
                filters[field] = value
            elif text := _text(value):
                values[item.name] = checked_parameter(metric, item, text)
        return filters, values

    def bind(
        self, metric: Metric, values: Mapping[str, str] | None = None, seen: frozenset[str] = frozenset()
    ) -> Metric:
        """The metric with its parameters filled in, in the formula and in the components it reads.

        Components and metrics that depend on a parameter get a name of their own: ``trials_paid__90``.
        """
        chosen = {item.name: (values or {}).get(item.name, item.default) for item in metric.parameters}
        key = (metric.name, metric.version, metric.formula, tuple(chosen.values()))
        if key not in self._bound:
            formula = bound(metric.formula, chosen)
            if formula:
                names = {
                    name: self._bind_name(name, chosen, seen | {metric.name}) for name in Expression(formula).names
                }
                formula = re.sub(r"[A-Za-z_]\w*", lambda match: names.get(match[0], match[0]), formula)
            parameters = tuple(replace(item, default=chosen[item.name]) for item in metric.parameters)
            self._bound[key] = replace(metric, formula=formula, parameters=parameters)
        return self._bound[key]

    def _bind_name(self, name: str, values: Mapping[str, str], seen: frozenset[str]) -> str:
        qualifier, plain = qualified(name, self.components)
        if plain in self.components:
            return qualifier + self.bind_component(plain, values).name
        inner = self.resolve(plain)
        if inner is None or plain in seen or qualifier == "goal_":
            return name
        found = self.bind(inner, values, seen)
        if found == inner:
            return name
        own = "_".join(re.sub(r"\W", "_", item.default) for item in found.parameters)
        found = self.inner.setdefault(f"{plain}__{own}", replace(found, name=f"{plain}__{own}"))
        return qualifier + found.name

    def bind_component(self, name: str, values: Mapping[str, str]) -> Component:
        """A component with the parameters it mentions filled in."""
        item = self.components[name]
        used = [key for key in values if f"{{{key}}}" in f"{item.measure} {item.where} {item.settles}"]
        if not used:
            return item
        own = "_".join(re.sub(r"\W", "_", values[key]) for key in used)
        found = replace(
            item, name=f"{name}__{own}", measure=bound(item.measure, values), where=bound(item.where, values),
            settles=bound(item.settles, values), about=bound(item.about, values),
        )  # fmt: skip
        return self.components.setdefault(found.name, found)

    # --- dimensions --------------------------------------------------------------------------------------------

    def dimensions(self, metric: Metric) -> tuple[str, ...]:
        """The dimensions every component of a metric allows (and its declaration, where it names some)."""
        key = f"{metric.name} {metric.version} {metric.formula}"
        if key not in self._dimensions:
            parts = table_needs(metric) or components_of(metric, {**self.metrics, **self.inner}, self.components)
            allowed = [name for name in self.known_dimensions if parts and all(name in self._reach(p) for p in parts)]
            self._dimensions[key] = tuple(
                name for name in allowed if not metric.dimensions or name in metric.dimensions
            )
        return self._dimensions[key]

    def _reach(self, component: str) -> tuple[str, ...]:
        """Dimensions that reach a component. A statistic of customers belongs to the whole customer, not to one of its
        items."""
        declared = self.components[component]
        ways = self.facts[declared.fact].dimensions
        whole = declared.shape == "statistic" and declared.fact == "movement"
        return tuple(name for name, way in ways.items() if not whole or way == "customer")

    def digest(self, metric: Metric) -> str:
        """What a metric is defined by: its declaration and those of the metrics and components it reads."""
        key = f"{metric.name} {metric.version} {metric.formula} {[item.default for item in metric.parameters]}"
        if key not in self._digests:
            parts = [json.dumps(metric.as_dict(), sort_keys=True)]
            names = Expression(metric.read()).names if metric.formula else table_needs(metric)
            for name in names:
                _, plain = qualified(name, self.components)
                if plain in self.components:
                    parts.append(repr(self.components[plain]))
                elif (inner := self.resolve(plain)) is not None:
                    parts.append(self.digest(inner))
            self._digests[key] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return self._digests[key]

    def check(
        self, metric: Metric, where: Mapping[str, object] | None, values_of: Callable[[str], Sequence[str]]
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
        if name not in self.known_dimensions:
            raise UnknownName("field", field, [*self.known_dimensions, *(item.name for item in metric.parameters)])
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


def checked_parameter(metric: Metric, item: Parameter, text: str) -> str:
    """A parameter's value as it is filled in. Raises UserError REV-102 out of bounds, UnknownName REV-101 for no choice."""
    if item.choices:
        same = [choice for choice in item.choices if _fold(choice) == _fold(text)]
        if not same:
            raise UnknownName(f"{item.name} of {metric.name}", text, item.choices)
        return same[0]
    if not text.isdecimal() or not item.low <= int(text) <= item.high:
        raise UserError(
            f"{item.name} of {metric.name} is a whole number from {item.low} to {item.high}, not {text}.",
            code="REV-102",
        )
    return str(int(text))
