"""Commission: the pools of a pay period, and how they are shared to the last cent.

The pot is a pool for net new business and one for expansion. Each is shared by what every rep brought in; what a rep
lost again inside the clawback is taken off first, never below nothing. Source: Revalign metric catalogue, section D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

from revalign_udf.calc.agreed import Cells
from revalign_udf.calc.attribution import split_units
from revalign_udf.calc.ratios import at_most
from revalign_udf.calc.sums import Number, minor_units, whole_numbers
from revalign_udf.errors import Undefined
from revalign_udf.money import largest_remainder, round_half_away

__all__ = ["GRAINS", "SPLITS", "Amount", "Rule", "read_rules", "shared", "split_pot", "spread"]

#: how long a pay period may be
GRAINS = ("month", "quarter", "year", "fiscal_month", "fiscal_quarter", "fiscal_year")
SPLITS = {"80/20": (Fraction(80), Fraction(20)), "50/50": (Fraction(50), Fraction(50))}
#: the longest list of shares anybody pays; a whole column of cells is refused
MOST_SHARES = 100_000
_FIRST, _LAST = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Amount:
    """The size of a pool: an amount of money, or (``rate``) a share of what is sold."""

    value: Fraction
    rate: bool = False

    def of(self, base: Fraction, exchange: Fraction) -> Fraction:
        """The pool: the share of ``base``, or the amount at an exchange rate."""
        return self.value * base if self.rate else self.value * exchange


@dataclass(frozen=True, slots=True)
class Rule:
    """One commission rule. It holds for pay periods that begin from ``start`` to the day before ``end``.

    Either ``pot`` with ``split``, or the two pools by themselves.
    """

    name: str
    grain: str
    new: Amount
    expansion: Amount
    pot: Amount | None
    split: tuple[Fraction, Fraction] | None
    currency: str
    clawback: int
    start: date = _FIRST
    end: date = _LAST

    @property
    def money(self) -> bool:
        """Whether a part of the pot is an amount of money, which has a currency."""
        return any(not one.rate and one.value for one in (self.pot, self.new, self.expansion) if one)

    def pools(
        self, new: Fraction, expansion: Fraction, unit: int, exchange: Fraction = Fraction(1),
        split: tuple[Fraction, Fraction] | None = None,
    ) -> tuple[int, int]:  # fmt: skip
        """The pools of net new business and of expansion in minor units, of which a major one has ``unit``.

        ``new`` and ``expansion`` are what all reps brought in, deductions made: a pool in per cent is a share of that.
        ``split`` shares the same pot otherwise.
        """
        sizes = [
            round_half_away(self.new.of(new, exchange) * unit),
            round_half_away(self.expansion.of(expansion, exchange) * unit),
        ]
        own = split or self.split
        if self.pot is not None:
            sizes = [round_half_away(self.pot.of(new + expansion, exchange) * unit), 0]
        if own is not None:
            sizes = largest_remainder(sum(sizes), own)
        return sizes[0], sizes[1]


def read_rules(rows: Sequence[Mapping[str, Any]], company: str) -> list[Rule]:
    """The rules of the object ``commission``; ``company`` is the currency of amounts that name none.

    Raises ConfigError REV-305 for a cell that cannot be read, a split that is not 100 %, a pot beside pools, and two
    rules that hold at once.
    """
    rules = [_rule(Cells("commission", place, row), company) for place, row in enumerate(rows, 1)]
    ordered = sorted(enumerate(rules, 1), key=lambda item: item[1].start)
    for (_, first), (place, second) in pairwise(ordered):
        if second.start < first.end:
            raise Cells("commission", place, {}).problem(
                f"{second.name} and {first.name} hold at the same time.",
                "valid_to of one is the day from which the other holds.",
            )
    return rules


def _rule(cells: Cells, company: str) -> Rule:
    pot = _amount(cells, "pot")
    new, expansion = (_amount(cells, column) for column in ("pool_new", "pool_expansion"))
    split = _split(cells)
    if pot is None and new is None and expansion is None:
        raise cells.problem(
            "it has no pot.", 'Write pool_new and pool_expansion (50000, or "10%"), or pot and split = "80/20".'
        )
    if pot is not None and (new is not None or expansion is not None):
        raise cells.problem("pot stands beside a pool of its own.", "Write pot and split, or the two pools.")
    if (pot is None) != (split is None):
        raise cells.problem("pot and split belong together.", 'Write pot = 50000 and split = "80/20".')
    start, end = cells.day("valid_from") or _FIRST, cells.day("valid_to") or _LAST
    if end <= start:
        raise cells.problem(f"it is valid to {end}, which is not after {start}.")
    nothing = Amount(Fraction(0))
    return Rule(
        cells.text("name"), cells.one_of("period", GRAINS, "quarter"), new or nothing, expansion or nothing, pot, split,
        cells.text("currency", company).upper(), cells.whole("clawback_months", 12, 0, 120), start, end,
    )  # fmt: skip


def _amount(cells: Cells, column: str) -> Amount | None:
    text = cells.text(column)
    rate = text.endswith("%")
    bare = Cells(cells.thing, cells.place, {column: text.rstrip("% ")})
    value = bare.number(column)
    if value is None:
        return None
    if value < 0 or (rate and value > 100):
        raise cells.problem(f"{column} is {text}.", "Write an amount of money, or a share up to 100%.")
    return Amount(value / 100 if rate else value, rate)


def _split(cells: Cells) -> tuple[Fraction, Fraction] | None:
    text = cells.text("split").replace(" ", "").replace("%", "")
    if not text:
        return None
    first, slash, second = text.partition("/")
    shares = [Cells(cells.thing, cells.place, {"split": part}).number("split") for part in (first, second)]
    new, expansion = shares
    if not slash or new is None or expansion is None or new < 0 or expansion < 0:
        raise cells.problem(f"split is {text!r}.", 'Write "80/20": per cent for new business / for expansion.')
    if new + expansion != 100:
        total = float(new + expansion)
        raise cells.problem(f"split {text} makes {total:g} % and not 100 %.", 'Write "80/20".')
    return new, expansion


def shared(pool: int, weights: Sequence[Fraction]) -> list[int] | None:
    """A pool by weights, to the last minor unit; a weight below nothing counts as nothing. None where nobody has any
    weight: then there is nothing to share it by.

    >>> shared(100, [Fraction(2), Fraction(1), Fraction(-5)]), shared(100, [Fraction(0)])
    ([67, 33, 0], None)
    """
    counted = [max(weight, Fraction(0)) for weight in weights]
    return largest_remainder(pool, counted) if any(counted) else None


def split_pot(pot: Fraction, weights: Sequence[Number]) -> list[Fraction]:
    """A pot of money by weights, the shares adding up to it; a weight below nothing counts as nothing.

    Without a currency at hand shares are whole hundredths, or finer where the pot itself is.

    >>> [str(share) for share in split_pot(Fraction(100), [1, 1, 1])]
    ['1667/50', '3333/100', '3333/100']

    Raises Undefined REV-110 where nobody has a weight above nothing, UserError REV-114 for more than 100,000 weights.
    """
    at_most(len(weights), MOST_SHARES, "weights")
    units, counted = minor_units(pot), [max(weight, 0) for weight in whole_numbers(weights)[0]]
    if not any(counted):
        raise Undefined("No weight is above zero, so there is nothing to share the pot by.")
    return [Fraction(part, units) for part in split_units(int(pot * units), counted)]


def spread(total: int, parts: Sequence[Fraction]) -> list[int]:
    """A share over the signed amounts it was earned by, so that the pieces add up to it exactly.

    Each piece is the rounded running total less the one before. Amounts that make nothing or less earn nothing.

    >>> spread(100, [Fraction(3), Fraction(-1), Fraction(1)]), spread(0, [Fraction(1), Fraction(-1)])
    ([100, -33, 33], [0, 0])
    """
    whole = sum(parts, Fraction(0))
    if whole <= 0:
        return [0] * len(parts)
    running, before, found = Fraction(0), 0, []
    for part in parts:
        running += part
        reached = round_half_away(total * running / whole)
        found.append(reached - before)
        before = reached
    return found
