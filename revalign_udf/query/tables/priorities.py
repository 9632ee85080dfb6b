"""Priorities of the heads: what they share, what they believe they share, and the gap between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from typing import Any

from revalign_udf.calc.agreed import TEAMS, Cells
from revalign_udf.config import rows_for
from revalign_udf.errors import NoData
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number

__all__ = ["TABLES", "Head", "heads_of"]

_MOST = 3


@dataclass
class Head:
    """What one head lists, by rank, and whether they say that it matches the others' lists."""

    team: str
    topics: dict[int, str] = field(default_factory=dict)
    believes: bool | None = None

    @property
    def folded(self) -> set[str]:
        """The topics, whatever their case."""
        return {topic.casefold() for topic in self.topics.values()}


def heads_of(rows: Sequence[Mapping[str, Any]]) -> list[Head]:
    """The lists of the object ``priorities``, in the order of the teams.

    Raises ConfigError REV-305 for an unknown team, a rank that is not 1 to 3 or given twice, a topic listed twice, and
    for a head who both believes and does not.
    """
    found: dict[str, Head] = {}
    for place, row in enumerate(rows, 1):
        cells = Cells("priorities", place, row)
        team = cells.one_of("team", TEAMS)
        head = found.setdefault(team, Head(team))
        rank, topic, believes = cells.whole("priority", 0, 1, _MOST), cells.text("topic"), cells.yes("believes_match")
        if rank in head.topics:
            raise cells.problem(f"{team} has two priorities {rank}.")
        if topic.casefold() in head.folded:
            raise cells.problem(f"{team} lists {topic} twice.")
        if believes is not None and head.believes is not None and believes != head.believes:
            raise cells.problem(f"{team} says both that the priorities match and that they do not.")
        head.topics[rank] = topic
        head.believes = head.believes if believes is None else believes
    return sorted(found.values(), key=lambda head: TEAMS.index(head.team))


def _row(name: str, other: str, heads: Sequence[Head]) -> tuple[str | float | None, ...]:
    shared = set.intersection(*(head.folded for head in heads))
    actual = Fraction(len(shared), max(len(head.topics) for head in heads))
    said = [head.believes for head in heads if head.believes is not None]
    believed = Fraction(sum(said), len(said)) if said else None
    topics = [topic for _, topic in sorted(heads[0].topics.items()) if topic.casefold() in shared]
    gap = None if believed is None else believed - actual
    return (name, other, len(shared), ", ".join(topics), number(actual), number(believed), number(gap))


def _priorities(ask: Ask) -> Table:
    heads = heads_of(rows_for(ask.session.manifest.objects, "priorities"))
    if len(heads) < 2:
        raise NoData(
            "There are no priorities of two teams to compare.",
            hint="Write alignment/priorities.toml with [[priorities]] tables: team, priority, topic.",
        )
    rows = [_row(one.team, other.team, (one, other)) for one, other in combinations(heads, 2)]
    rows.append(_row("all", "", heads))
    columns = ("team", "other_team", "shared", "topics", "actual_overlap", "believed_overlap", "gap")
    return Table(columns, tuple(rows), ("text", "text", "count", "text", "rate", "rate", "rate"))


TABLES = {"priorities": TableMetric((), _priorities)}
