"""The KPI matrix: which team owns, feeds or watches which number, and which numbers pull against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from revalign_udf.calc.agreed import TEAMS, Cells
from revalign_udf.calc.signs import UNKNOWN, Pull, pulls
from revalign_udf.config import rows_for
from revalign_udf.errors import UserError
from revalign_udf.metrics import Component, Metric, qualified
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric

if TYPE_CHECKING:
    from revalign_udf.query.names import Catalogue

__all__ = ["CHAIN", "RELATIONS", "TABLES", "Kpi", "conflicts", "kpis_of"]

#: who hands over to whom; product and finance where they have a KPI of their own
CHAIN = ("marketing", "sales", "success")
_MORE = ("product", "finance")
RELATIONS = ("owns", "feeds", "watches")
#: who watches a number does not work for it
_WORKING = ("owns", "feeds")
_DIRECTIONS = ("up", "down")
#: amounts that are below zero by definition: losses are signed
_LOSSES = ("churned_mrr", "contraction_mrr", "leaving_mrr")


@dataclass(frozen=True, slots=True)
class Kpi:
    """One cell of the matrix: what a team has to do with a metric, and which way it wants it."""

    team: str
    metric: Metric
    relation: str
    direction: str
    exclusive: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Whether the team is measured on it."""
        return self.relation in _WORKING


def kpis_of(catalogue: Catalogue, objects: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[list[Kpi], bool]:
    """(the cells of the matrix, whether the project wrote them). Without an object ``kpis`` the declared owners own.

    Raises ConfigError REV-305 for an unknown team, metric or relation, and for a team that says two things of a metric.
    """
    rows = rows_for(objects, "kpis")
    if not rows:
        metrics = sorted(catalogue.metrics.values(), key=lambda metric: metric.name)
        return [Kpi(team, m, "owns", _wanted(m.direction)) for m in metrics for team in m.owners], False
    found: dict[tuple[str, str], Kpi] = {}
    for place, row in enumerate(rows, 1):
        cells = Cells("kpis", place, row)
        metric = _metric(cells, catalogue, cells.text("metric"))
        direction = cells.one_of("direction", _DIRECTIONS) if cells.text("direction") else _wanted(metric.direction)
        exclusive = tuple(_metric(cells, catalogue, name).name for name in cells.listed("exclusive_with"))
        kpi = Kpi(cells.one_of("team", TEAMS), metric, cells.one_of("relation", RELATIONS), direction, exclusive)
        if found.setdefault((kpi.team, metric.name), kpi) is not kpi:
            raise cells.problem(f"{kpi.team} says twice what it has to do with {metric.name}.", "Keep one row.")
    return [*found.values()], True


def _metric(cells: Cells, catalogue: Catalogue, name: str) -> Metric:
    try:
        return catalogue.metric(name)
    except UserError as error:
        raise cells.problem(error.message, error.hint) from None


def _wanted(direction: str) -> str:
    return direction if direction in _DIRECTIONS else ""


# --- pulling against each other ---------------------------------------------------------------------------------------


def conflicts(catalogue: Catalogue, kpis: Sequence[Kpi]) -> list[tuple[str, ...]]:
    """Pairs of KPIs of different teams that exclude each other: (team, metric, wants, other team, other metric, wants,
    component, found, explanation).

    ``declared``: a row says so. ``detected``: both contain one component, and the way each team wants its number pulls
    the component opposite ways; only certain signs count (:mod:`revalign_udf.calc.signs`). A pair is left out where the
    one team is measured on both: it weighs them itself.
    """
    working = [kpi for kpi in kpis if kpi.works]
    on = {team: {kpi.metric.name for kpi in working if kpi.team == team} for team in {kpi.team for kpi in working}}
    known: dict[str, Mapping[str, str]] = {}
    found: list[tuple[str, ...]] = []
    for one, other in combinations(working, 2):
        if one.team == other.team:
            continue
        pair = (one.team, one.metric.name, one.direction, other.team, other.metric.name, other.direction)
        if other.metric.name in one.exclusive or one.metric.name in other.exclusive:
            text = f"{one.team} and {other.team} have declared that {one.metric.name} and {other.metric.name} exclude each other"
            found.append((*pair, "", "declared", f"{text}."))
            continue
        same = one.metric.name == other.metric.name
        if not same and (other.metric.name in on[one.team] or one.metric.name in on[other.team]):
            continue
        for kpi in (one, other):
            if kpi.metric.name not in known:
                known[kpi.metric.name] = _pull(catalogue, kpi.metric, frozenset()).moves
        found += [(*pair, name, "detected", text) for name, text in _opposed(catalogue, one, other, known)]
    return found


def _opposed(
    catalogue: Catalogue, one: Kpi, other: Kpi, known: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, str]]:
    """(component, explanation) of every component the two pull opposite ways; of one metric wanted both ways, itself."""
    if not one.direction or not other.direction:
        return []
    if one.metric.name == other.metric.name:
        if one.direction == other.direction:
            return []
        name = one.metric.name
        text = f"{one.team} wants {name} {one.direction}, {other.team} wants it {other.direction}."
        return [("", text)]
    mine, theirs = known[one.metric.name], known[other.metric.name]
    found = []
    for name in mine:
        if UNKNOWN in (mine[name], theirs.get(name, UNKNOWN)):
            continue
        ways = [_way(kpi.direction, moves[name]) for kpi, moves in ((one, mine), (other, theirs))]
        if ways[0] != ways[1]:
            about = catalogue.components[name].about if name in catalogue.components else ""
            text = "; ".join(
                f"{kpi.team} wants {kpi.metric.name} {kpi.direction}, which pulls {name} {way}"
                for kpi, way in zip((one, other), ways, strict=True)
            )
            found.append((name, f"{text} ({name}: {about})." if about else f"{text}."))
    return found


def _way(direction: str, move: str) -> str:
    return "up" if (direction == "up") == (move == "+") else "down"


def _pull(catalogue: Catalogue, metric: Metric, seen: frozenset[str]) -> Pull:
    """The way a metric moves with the components in it, through other metrics too."""

    def named(name: str) -> Pull | str:
        qualifier, plain = qualified(name, catalogue.components)
        if qualifier in ("prev_", "goal_"):
            return Pull("+", {name: "+"})  # another number: the past, or a target
        if plain in catalogue.components:
            sign = _sign(catalogue.components[plain])
            return Pull(sign, {plain: "+"})
        inner = catalogue.resolve(plain)
        return UNKNOWN if inner is None or plain in seen else _pull(catalogue, inner, seen | {plain})

    return pulls(metric.read(), named) if metric.formula else Pull()


def _sign(component: Component) -> str:
    """The sign of a component's value. Counts are never below zero; money is what it is called: a value, a cost."""
    if component.name in _LOSSES:
        return "-"
    return "?" if component.shape == "statistic" and component.scale == "money" else "+"


# --- tables -----------------------------------------------------------------------------------------------------------


def _read(ask: Ask) -> tuple[list[Kpi], bool]:
    return kpis_of(ask.session.catalogue, ask.session.manifest.objects)


def _matrix(ask: Ask) -> Table:
    kpis, _ = _read(ask)
    others = sorted({kpi.team for kpi in kpis} - set(CHAIN))
    teams = (*CHAIN, *others)
    cells = {(kpi.metric.name, kpi.team): kpi.relation for kpi in kpis}
    metrics = {kpi.metric.name: kpi.metric for kpi in kpis}
    unowned = {} if _read(ask)[1] else {name: m for name, m in ask.session.catalogue.metrics.items() if not m.owners}
    rows = tuple(
        (name, _role(metric), *(cells.get((name, team), "") for team in teams))
        for name, metric in sorted({**metrics, **unowned}.items())
    )
    return Table(("metric", "role", *teams), rows, ("text",) * (2 + len(teams)))


def _shared(ask: Ask) -> Table:
    kpis, written = _read(ask)
    present = {kpi.team for kpi in kpis}
    chain = (*CHAIN, *(team for team in _MORE if written and team in present))
    works = {(kpi.team, kpi.metric.name) for kpi in kpis if kpi.works and _role(kpi.metric) == "kpi"}
    rows = []
    for giver, taker in pairwise(chain):
        shared = sorted(
            {name for team, name in works if team == giver} & {name for team, name in works if team == taker}
        )
        rows.append((giver, taker, len(shared), ", ".join(shared)))
    return Table(("team", "next_team", "shared", "kpis"), tuple(rows), ("text", "text", "count", "text"))


def _conflicts(ask: Ask) -> Table:
    kpis, written = _read(ask)
    chosen = kpis if written else []
    columns = (
        "team", "metric", "wants", "other_team", "other_metric", "other_wants", "component", "found", "explanation",
    )  # fmt: skip
    return Table(columns, tuple(conflicts(ask.session.catalogue, chosen)), ("text",) * len(columns))


def _role(metric: Metric) -> str:
    return metric.role if metric.kind == "scalar" else metric.kind


TABLES = {
    "kpis": TableMetric((), _matrix),
    "kpis_shared": TableMetric((), _shared),
    "kpi_conflicts": TableMetric((), _conflicts),
}
