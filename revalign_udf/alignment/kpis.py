"""The KPI matrix: which team owns which number, and whether teams that hand over to each other share one.

A team measured only on what nobody else is measured on will meet its number at the next team's cost.
"""

from __future__ import annotations

from itertools import pairwise

from revalign_udf.metrics import Metric
from revalign_udf.query import Query, Table

__all__ = ["CHAIN", "kpi_matrix", "kpi_problems", "shared_kpis"]

#: who hands over to whom
CHAIN = ("marketing", "sales", "success")
OWNS = "owns"


def kpi_matrix(query: Query) -> Table:
    """A row per metric, a column per team: ``owns`` where the team is one of its declared owners. Its role is ``kpi``,
    ``leading`` or ``vanity``; ``table`` for an answer of several numbers, which is nobody's target.

    Teams stand in the order in which they hand over, others after them. Raises NoData REV-205 while nothing is published.
    """
    declared = _declared(query)
    others = sorted({team for metric in declared for team in metric.owners} - set(CHAIN))
    teams = (*CHAIN, *others)
    rows = tuple((m.name, _role(m), *(OWNS if team in m.owners else "" for team in teams)) for m in declared)
    return Table(("metric", "role", *teams), rows, ("text",) * (2 + len(teams)))


def shared_kpis(query: Query) -> Table:
    """A row per pair of adjacent teams: how many KPIs they share, and which.

    Only the role ``kpi`` counts: a leading or a vanity number shared by two teams aligns nobody.
    """
    kpis = [metric for metric in _declared(query) if _role(metric) == "kpi"]
    rows = []
    for giver, taker in pairwise(CHAIN):
        shared = [metric.name for metric in kpis if {giver, taker} <= set(metric.owners)]
        rows.append((giver, taker, len(shared), ", ".join(shared)))
    return Table(("team", "next_team", "shared", "kpis"), tuple(rows), ("text", "text", "count", "text"))


def kpi_problems(query: Query) -> Table:
    """What is wrong with the matrix: adjacent teams that share no KPI, metrics that nobody owns."""
    problems = [
        (f"{row['team']} and {row['next_team']} share no KPI.",)
        for row in shared_kpis(query).dicts()
        if not row["shared"]
    ]
    problems += [(f"{metric.name} has no owner.",) for metric in _declared(query) if not metric.owners]
    return Table(("problem",), tuple(problems), ("text",))


def _declared(query: Query) -> list[Metric]:
    """The metrics of the published snapshot, those of plugins too."""
    return [query.declaration(name) for name in query.names("metrics")]


def _role(metric: Metric) -> str:
    return metric.role if metric.kind == "scalar" else metric.kind
