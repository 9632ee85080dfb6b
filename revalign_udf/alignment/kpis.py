"""The KPI matrix: which team owns which number, and whether teams that hand over to each other share one.

A team measured only on what nobody else is measured on will meet its number at the next team's cost. The object
``kpis`` says who owns, feeds or watches what; without it the declared owners do.
"""

from __future__ import annotations

from revalign_udf.query import Query, Table
from revalign_udf.query.tables import TABLES, Ask
from revalign_udf.query.tables.kpis import CHAIN, kpis_of

__all__ = ["CHAIN", "kpi_conflicts", "kpi_matrix", "kpi_problems", "shared_kpis"]


def _asked(query: Query, name: str) -> Table:
    return TABLES[name].build(Ask(query.session(), query.period("THIS_MONTH"), {}, {}))


def kpi_matrix(query: Query) -> Table:
    """A row per metric, a column per team: ``owns``, ``feeds``, ``watches`` or nothing. Its role is ``kpi``, ``leading``
    or ``vanity``; ``table`` for an answer of several numbers, which is nobody's target.

    Teams stand in the order in which they hand over, others after them. Raises NoData REV-205 while nothing is published,
    ConfigError REV-305 for a row of ``kpis`` that cannot be read.
    """
    return _asked(query, "kpis")


def shared_kpis(query: Query) -> Table:
    """A row per pair of adjacent teams: how many KPIs they share, and which. Who only watches shares nothing.

    Only the role ``kpi`` counts: a leading or a vanity number shared by two teams aligns nobody.
    """
    return _asked(query, "kpis_shared")


def kpi_conflicts(query: Query) -> Table:
    """Pairs of KPIs of the object ``kpis`` that exclude each other, declared or detected; see ``kpi_conflicts`` in the
    catalogue. None without the object: what a declaration calls an owner is nobody's target yet."""
    return _asked(query, "kpi_conflicts")


def kpi_problems(query: Query) -> Table:
    """What is wrong with the matrix: adjacent teams that share no KPI, metrics that nobody owns, KPIs that exclude each
    other."""
    session = query.session()
    kpis, written = kpis_of(session.catalogue, session.manifest.objects)
    problems = [
        (f"{row['team']} and {row['next_team']} share no KPI.",)
        for row in shared_kpis(query).dicts()
        if not row["shared"]
    ]
    names = {kpi.metric.name for kpi in kpis} if written else set(session.catalogue.metrics)
    owned = {kpi.metric.name for kpi in kpis if kpi.relation == "owns"}
    problems += [(f"{name} has no owner.",) for name in sorted(names - owned)]
    problems += [(str(row["explanation"]),) for row in kpi_conflicts(query).dicts()]
    return Table(("problem",), tuple(problems), ("text",))
