"""Which definition of a metric holds: the catalogue's, or one the owner teams have signed.

``definitions/metrics.toml`` proposes versions of metrics; signatures (:mod:`revalign_udf.governance.signatures`) agree to
them. A version is written as what is otherwise than in the version before it, and signed as the whole text that results.

* ``proposed`` until every owner team has signed: the teams that own the agreed version, and those the new one names, so
  that no team is dropped by a change it never saw.
* ``agreed`` with the last signature; what was signed is computed from then on, whatever becomes of the file. To change
  it takes a new version. Of several agreed versions the highest holds; the others are ``replaced`` and stay computable.
* ``waiting``: agreed, but for snapshots that speak of a day from its ``valid_from`` on.
* ``overtaken``: proposed, and a later version has been agreed instead.

What cannot be used (a formula that cannot be read, a name nobody knows, an owner that is no team) is a problem to be
told, and left out; it never stops a build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from revalign_udf.calc.agreed import TEAMS
from revalign_udf.calc.expression import Expression
from revalign_udf.config.definitions import DEFINITIONS_FOLDER, METRICS_FILE, Problem, read_metric_tables
from revalign_udf.errors import ConfigError, NoData, Undefined, UnknownName, UserError
from revalign_udf.governance.signatures import Signature, digest_of, read_signatures
from revalign_udf.metrics import METRICS, Declared, Metric, qualified
from revalign_udf.metrics.model import Unit
from revalign_udf.query.formulas import CALLS
from revalign_udf.query.names import checked_parameter

__all__ = ["Definitions", "State", "Version", "resolve", "teams_of"]

State = Literal["agreed", "proposed", "replaced", "waiting", "overtaken"]
_WRITTEN = f"{DEFINITIONS_FOLDER}/{METRICS_FILE}"
_CHOICES: dict[str, tuple[str, ...]] = {
    "unit": get_args(Unit), "additivity": ("flow", "balance", "ratio", "distinct"),
    "direction": ("up", "down", "neutral"), "role": ("kpi", "leading", "vanity"),
}  # fmt: skip
#: what the first version of a metric must say
_NEEDED = ("formula", "unit", "definition", "owners")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a metric's definition. ``digest`` is empty for the catalogue's own, which nobody has to sign."""

    metric: Metric
    state: State
    digest: str = ""
    signatures: tuple[Signature, ...] = ()
    needed: tuple[str, ...] = ()

    @property
    def waiting(self) -> tuple[str, ...]:
        """Owner teams that have not signed yet."""
        if self.state != "proposed":
            return ()
        signed = {one.team for one in self.signatures}
        return tuple(team for team in self.needed if team not in signed)

    @property
    def told(self) -> str:
        """The state in words: ``proposed (waiting for: sales)``."""
        if self.state == "proposed":
            return f"proposed (waiting for: {', '.join(self.waiting)})"
        return f"agreed, from {self.metric.valid_from}" if self.state == "waiting" else self.state

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form, as a manifest keeps it too."""
        return {
            "name": self.metric.name, "version": self.metric.version, "state": self.state, "digest": self.digest,
            "waiting_for": list(self.waiting), "signatures": [one.as_json() for one in self.signatures],
            "definition": self.metric.as_dict(),
        }  # fmt: skip


@dataclass(frozen=True)
class Definitions:
    """Every version of every metric of a project, and what is wrong with the rest."""

    versions: Mapping[str, Sequence[Version]]
    problems: Sequence[Problem] = ()
    _holding: Mapping[str, Metric] = field(default_factory=dict)

    @property
    def metrics(self) -> list[Metric]:
        """What numbers are computed by: of each metric the definition that holds."""
        return list(self._holding.values())

    @property
    def changed(self) -> list[Version]:
        """Every version of the metrics the project has written of, the catalogue's own among them."""
        return [one for found in self.versions.values() if any(v.digest for v in found) for one in found]

    @property
    def proposed(self) -> list[Version]:
        """What waits for signatures."""
        return [one for one in self.changed if one.state == "proposed"]

    def holds(self, name: str) -> Version | None:
        """The version that holds, if one does."""
        metric = self._holding.get(name)
        return next((one for one in self.versions.get(name, ()) if one.metric is metric), None)

    def version(self, name: str, number: int | None) -> Version:
        """A version by its number; without one the highest that is proposed.

        Raises UnknownName REV-101 with the nearest name, UserError REV-106 where nothing is proposed, and whatever is
        wrong with a version that cannot be used.
        """
        found = self.versions.get(name, ())
        for problem in self.problems:
            if problem.name == name and (number is None or problem.version in (0, number)):
                raise problem.error
        if not found:
            raise UnknownName("metric", name, self.versions, hint="The list: revalign metrics list.")
        if number is None:
            open_ones = [one for one in found if one.state == "proposed"]
            if not open_ones:
                last = max(one.metric.version for one in found)
                raise UserError(
                    f"Nothing is proposed for {name}; version {last} is its last.", code="REV-106",
                    hint=f"Write version {last + 1} into {_WRITTEN}.",
                )  # fmt: skip
            return open_ones[-1]
        for one in found:
            if one.metric.version == number:
                return one
        known = ", ".join(str(one.metric.version) for one in found)
        raise UserError(f"{name} has no version {number}.", code="REV-101", hint=f"It has: {known}.")


def teams_of(metrics: Iterable[Metric]) -> list[str]:
    """Every team there is: the functions of a company, and those plugins name as owners."""
    return [*TEAMS, *sorted({team for metric in metrics for team in metric.owners} - set(TEAMS))]


def resolve(
    folder: Path, metrics: Sequence[Metric] = (), declared: Declared | None = None, as_of: date | None = None
) -> Definitions:
    """Every definition of a project on a day (default: today). ``metrics`` and ``declared`` are the catalogue and what
    plugins add. Raises StoreError REV-801 where nobody can say what has been signed."""
    return _Resolver(folder, list(metrics) or list(METRICS.values()), declared or Declared(), as_of).resolve()


class _Resolver:
    def __init__(self, folder: Path, metrics: Sequence[Metric], declared: Declared, as_of: date | None) -> None:
        self.base = {metric.name: metric for metric in metrics}
        self.declared = declared
        self.as_of = str(as_of or date.today())  # noqa: DTZ011 - the day of the reader
        self.teams = teams_of(metrics)
        self.tables, self.problems = read_metric_tables(folder)
        self.signatures = read_signatures(folder)
        self.named = {**self.base, **{str(table["name"]): None for table in self.tables}}

    def resolve(self) -> Definitions:
        tables: dict[str, list[dict[str, Any]]] = {}
        for table in self.tables:
            first = self.base[table["name"]].version + 1 if table["name"] in self.base else 1
            tables.setdefault(table["name"], []).append({"version": first, **table})
        names = [*self.base, *(name for name in tables if name not in self.base)]
        names += [s.name for s in self.signatures if s.agreed and s.name not in names]
        versions: dict[str, list[Version]] = {}
        for name in dict.fromkeys(names):
            if found := self._versions(name, sorted(tables.get(name, []), key=lambda table: int(table["version"]))):
                versions[name] = found
        return Definitions(versions, self.problems, self._holding(versions))

    def _versions(self, name: str, tables: Sequence[Mapping[str, Any]]) -> list[Version]:
        own = [one for one in self.signatures if one.name == name]
        found: dict[int, Version] = {}
        if base := self.base.get(name):
            found[base.version] = Version(base, "agreed")
        for one in own:
            if one.agreed:
                same = tuple(s for s in own if (s.version, s.digest) == (one.version, one.digest))
                found[one.version] = Version(_metric_from(one.definition), "agreed", one.digest, same, one.needed)
        for table in tables:
            if (made := self._written(table, found, own)) is not None:
                found[made.metric.version] = made
        last = max((n for n, one in found.items() if one.state == "agreed"), default=0)
        reached = max((n for n, one in found.items() if one.state == "agreed" and self._begun(one)), default=0)
        return [replace(one, state=self._state(number, one, last, reached)) for number, one in sorted(found.items())]

    def _begun(self, one: Version) -> bool:
        return one.metric.valid_from <= self.as_of

    def _state(self, number: int, one: Version, last: int, reached: int) -> State:
        if one.state != "agreed":
            return "overtaken" if number < last else one.state
        if number == reached:
            return "agreed"
        return "replaced" if number < reached or self._begun(one) else "waiting"

    def _written(
        self, table: Mapping[str, Any], found: Mapping[int, Version], own: Sequence[Signature]
    ) -> Version | None:
        """The version a table writes; None, and a problem, where it cannot be used."""
        name, number = str(table["name"]), int(table["version"])
        before = max((n for n in found if n < number), default=0)
        try:
            if name in self.base and number <= self.base[name].version:
                raise ConfigError(
                    f"Version {self.base[name].version} of {name} is the catalogue's own.", code="REV-302",
                    hint=f"Write it as version {self.base[name].version + 1}.",
                )  # fmt: skip
            metric = self._made(table, found[before].metric if before else None)
            self._check(metric)
        except UserError as error:
            told = ConfigError(
                f"{_WRITTEN}: {name} version {number}: {error.message}", code=error.code, hint=error.hint
            )
            self.problems.append(Problem(told, name, number))
            return None
        digest = digest_of(metric.as_dict())
        if number in found and found[number].digest == digest:
            return None
        if number in found:
            agreed_on = any(one.agreed and one.version == number for one in own)
            last = max(found)
            why = "was signed with another text, which still holds" if agreed_on else "is written twice"
            hint = f"Write the change as version {last + 1}." if agreed_on else "Keep one of them."
            told = ConfigError(f"{_WRITTEN}: version {number} of {name} {why}.", code="REV-106", hint=hint)
            self.problems.append(Problem(told, name, number))
            return None
        agreed = [one for n, one in found.items() if n < number and one.state == "agreed"]
        needed = dict.fromkeys([*(agreed[-1].metric.owners if agreed else ()), *metric.owners])
        signed = tuple(one for one in own if (one.version, one.digest) == (number, digest))
        complete = bool(signed) and set(needed) <= {one.team for one in signed}
        return Version(metric, "agreed" if complete else "proposed", digest, signed, tuple(needed))

    def _made(self, table: Mapping[str, Any], before: Metric | None) -> Metric:
        """The whole text: what the table says, else what the version before said."""
        given: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
        parameters = given.pop("parameters", {})
        given.setdefault("source", "the project's definitions")
        if before is None:
            name = str(table["name"])
            if missing := [key for key in _NEEDED if not given.get(key)]:
                raise ConfigError(f"it does not say its {', '.join(missing)}.", code="REV-305")
            if parameters:
                raise UnknownName("parameter", next(iter(parameters)))
            if not re.fullmatch(r"[a-z][a-z0-9_]{1,60}", name) or "__" in name:
                raise ConfigError("its name is small letters, digits and underscores.", code="REV-305")
            if name in self.declared.components or name in self.declared.dimensions:
                raise ConfigError("that is the name of something else already.", code="REV-302")
            label = name.replace("_", " ").capitalize()
            return Metric(**{"label": label, "family": "project", **given})
        given.setdefault("valid_from", "")
        known = {item.name: item for item in before.parameters}
        for name in parameters:
            if name not in known:
                raise UnknownName(f"parameter of {before.name}", name, known)
        values = {name: checked_parameter(before, known[name], value) for name, value in parameters.items()}
        changed = tuple(replace(item, default=values.get(item.name, item.default)) for item in before.parameters)
        return replace(before, **given, parameters=changed)

    def _check(self, metric: Metric) -> None:
        """Raises UserError with its code for a text that nobody could compute or own."""
        for key, known in _CHOICES.items():
            if getattr(metric, key) not in known:
                raise UnknownName(key, getattr(metric, key), known)
        if not metric.owners:
            raise ConfigError("nobody owns it.", code="REV-305")
        for team in metric.owners:
            if team not in self.teams:
                raise UnknownName("team", team, self.teams)
        for name in metric.dimensions:
            if name not in self.declared.dimensions:
                raise UnknownName("dimension", name, self.declared.dimensions)
        if metric.counterpart and metric.counterpart not in self.named:
            raise UnknownName("metric", metric.counterpart, self.named)
        if metric.kind != "scalar":
            if metric.formula:
                raise ConfigError("it is a table and has no formula.", code="REV-302")
            return
        formula = Expression(metric.read())
        for call in formula.calls:
            if call not in CALLS:
                raise UnknownName("function in a formula", call, CALLS)
        for used in formula.names:
            _, plain = qualified(used, self.declared.components)
            known_metric = self.base.get(plain)
            if plain in self.declared.components or (plain in self.named and plain != metric.name):
                if known_metric is not None and known_metric.kind != "scalar" and plain not in self.declared.components:
                    raise ConfigError(f"{plain} is a table, not a number.", code="REV-102")
                continue
            if plain == metric.name and not used.startswith("goal_"):
                raise ConfigError(f"the formula reads {metric.name} itself.", code="REV-102")
            if plain != metric.name:
                raise UnknownName("name in a formula", used, [*self.declared.components, *self.named])
        with suppress(Undefined, NoData):  # which is of numbers; ones are as good as any to count the arguments
            formula.evaluate(lambda _: Fraction(1), CALLS)

    def _holding(self, versions: Mapping[str, Sequence[Version]]) -> dict[str, Metric]:
        """The definition that holds of each metric. One that would read itself through others stays out."""
        found = dict(self.base)
        when = {(one.name, one.version): place for place, one in enumerate(self.signatures)}
        chosen = [v for own in versions.values() for v in own if v.digest and v.state == "agreed"]
        for one in sorted(chosen, key=lambda one: when.get((one.metric.name, one.metric.version), 0)):
            name = one.metric.name
            found_with = {**found, name: one.metric}
            if circle := self._circle(one.metric, found_with):
                told = ConfigError(
                    f"{_WRITTEN}: {name} version {one.metric.version} reads itself: {circle}.", code="REV-102",
                    hint="It is left out until that is changed.",
                )  # fmt: skip
                self.problems.append(Problem(told, name, one.metric.version))
                continue
            found = found_with
        return found

    def _circle(self, metric: Metric, metrics: Mapping[str, Metric]) -> str:
        """The way from a metric's formula back to itself, if there is one."""

        def follow(name: str, way: tuple[str, ...]) -> str:
            inner = metrics.get(name)
            for used in Expression(inner.read()).names if inner and inner.formula else ():
                qualifier, plain = qualified(used, self.declared.components)
                if qualifier == "goal_" or plain in self.declared.components:
                    continue
                if plain == metric.name:
                    return " -> ".join((*way, plain))
                if plain not in way and (found := follow(plain, (*way, plain))):
                    return found
            return ""

        return follow(metric.name, (metric.name,))


def _metric_from(definition: Mapping[str, Any]) -> Metric:
    """A signed text as a declaration, whatever fields the version of Revalign had that it was signed with."""
    known = {item.name for item in fields(Metric)}
    return Metric.from_dict({key: value for key, value in definition.items() if key in known})
