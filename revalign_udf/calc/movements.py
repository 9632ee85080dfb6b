"""Movements and cohorts of a ledger: how recurring revenue went from one period to the next, and what cohorts keep.

Definitions of the metrics ``mrr_movements`` and ``retention_cohorts`` (Revalign metric catalogue, "Movements"), for
balances given per period instead of dated items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from revalign_udf.calc.ledger import Ledger
from revalign_udf.errors import NoData

__all__ = ["MEASURES", "MOVES", "Cohort", "Step", "cohorts", "movements"]

MOVES = ("new", "expansion", "contraction", "churned", "reactivation")


@dataclass(frozen=True, slots=True)
class Step:
    """One period: its opening, its moves by name (losses negative), its closing. Opening and moves make the closing."""

    period: str
    opening: Fraction
    moves: Mapping[str, Fraction]
    closing: Fraction


def movements(ledger: Ledger) -> list[Step]:
    """The steps of a ledger of balances, period by period.

    Paying is a balance above 0. From not paying to paying is ``new`` the first time and ``reactivation`` later, from
    paying to not paying ``churned``; any other change is ``expansion`` or ``contraction`` by its sign, so a balance
    below 0 stays in the sums. Nothing is known before the first period: it opens with 0 and its balances are new.

    >>> from revalign_udf.calc.ledger import read_ledger
    >>> rows = ["A", "B", "A"], ["2026-01", "2026-01", "2026-02"], [100, 50, 120]
    >>> [(step.period, {name: int(move) for name, move in step.moves.items() if move}) for step in movements(read_ledger(*rows))]
    [('2026-01', {'new': 150}), ('2026-02', {'expansion': 20, 'churned': -50})]
    """
    count = len(ledger.periods)
    sums = [dict.fromkeys(MOVES, 0) for _ in range(count)]
    for amounts in ledger.amounts.values():
        before, paid = 0, False
        for place in sorted({at for own in amounts for at in (own, own + 1) if at < count}):
            after = amounts.get(place, 0)
            if after != before:
                sums[place][_move(before, after, paid)] += after - before
            before, paid = after, paid or after > 0
    steps, opening = [], 0
    for period, moved in zip(ledger.periods, sums, strict=True):
        closing = opening + sum(moved.values())
        moves = {name: Fraction(amount, ledger.unit) for name, amount in moved.items()}
        steps.append(Step(str(period), Fraction(opening, ledger.unit), moves, Fraction(closing, ledger.unit)))
        opening = closing
    return steps


def _move(before: int, after: int, paid: bool) -> str:
    if before <= 0 < after:
        return "reactivation" if paid else "new"
    if after <= 0 < before:
        return "churned"
    return "expansion" if after > before else "contraction"


@dataclass(frozen=True, slots=True)
class Cohort:
    """The customers whose first amount above 0 falls in one period: how many they are, and a number for that period and
    each one after it, as far as there are rows. None where there is nothing to take a share of."""

    period: str
    size: int
    cells: list[Fraction | None]


#: measure -> a number of one cohort and period, of (amount then, amount in the cohort's own period) per customer
_Pairs = list[tuple[int, int]]
_COUNTED: Mapping[str, Callable[[_Pairs], int]] = MappingProxyType(
    {
        "logo": lambda pairs: sum(now > 0 for now, _ in pairs),
        "nrr": lambda pairs: sum(now for now, _ in pairs),
        "grr": lambda pairs: sum(min(pair) for pair in pairs),
        "amount": lambda pairs: sum(now for now, _ in pairs),
        "customers": lambda pairs: sum(now > 0 for now, _ in pairs),
    }
)
MEASURES = tuple(_COUNTED)
_MONEY = ("amount",)
_SHARES = ("logo", "nrr", "grr")


def cohorts(ledger: Ledger, measure: str = "logo") -> list[Cohort]:
    """The cohorts of a ledger, one per period.

    ``logo``: customers with an amount above 0 / customers of the cohort; ``nrr``: amount / amount in the cohort's own
    period; ``grr``: the same, each customer counted with at most what it had then; ``amount`` and ``customers``: the sums
    themselves. Who comes back counts again. Who never has an amount above 0 is in no cohort.

    >>> from revalign_udf.calc.ledger import read_ledger
    >>> rows = ["A", "B", "A", "C"], ["2026-01", "2026-01", "2026-02", "2026-02"], [100, 50, 120, 10]
    >>> [(cohort.period, cohort.size, cohort.cells) for cohort in cohorts(read_ledger(*rows))]
    [('2026-01', 2, [Fraction(1, 1), Fraction(1, 2)]), ('2026-02', 1, [Fraction(1, 1)])]

    Raises NoData REV-204 where nobody has an amount above 0.
    """
    count = len(ledger.periods)
    born: list[list[tuple[dict[int, int], int]]] = [[] for _ in range(count)]
    for amounts in ledger.amounts.values():
        first = min((place for place, amount in amounts.items() if amount > 0), default=None)
        if first is not None:
            born[first].append((amounts, amounts[first]))
    if not any(born):
        raise NoData("No customer has an amount above 0.")
    counted, unit = _COUNTED[measure], ledger.unit if measure in _MONEY else 1
    found = []
    for start, members in enumerate(born):
        numbers = [
            counted([(amounts.get(place, 0), base) for amounts, base in members]) for place in range(start, count)
        ]
        whole = len(members) if measure == "logo" else sum(base for _, base in members)
        cells = [_cell(number, whole if measure in _SHARES else unit) for number in numbers]
        found.append(Cohort(str(ledger.periods[start]), len(members), cells))
    return found


def _cell(number: int, whole: int) -> Fraction | None:
    return Fraction(number, whole) if whole else None
