"""What invoices tell of the time before the first pull: which item was billed at which price, from when.

Stripe lists invoices newest first; equal lines of an item that follow each other are kept as one, so what is held is the
number of changes, not of invoices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from revalign_stripe.lines import LineFacts, facts_of
from revalign_stripe.pricing import Terms, minor_text
from revalign_stripe.timeline import Billed, Points
from revalign_udf.errors import BadRecord

__all__ = ["History", "Told"]

_GAP = 86_400
"""seconds without a bill from which on an item counts as not billed in between"""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    price: str
    quantity: str
    discount: int
    proration: bool
    credit: bool


@dataclass(slots=True)
class Told:
    """What the invoices tell of one subscription."""

    points: Points = field(default_factory=dict)
    billed: dict[str, list[Billed]] = field(default_factory=dict)
    unknown: int = 0
    """lines whose price is not known, or whose discount is not"""


class History:
    """Lines of subscriptions, gathered from invoices that come newest first."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, list[_Line]]] = {}
        self.prices: dict[str, Mapping[str, Any]] = {}
        """prices that old payloads carry in their lines"""

    def add(self, invoice: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> None:
        """Take note of an invoice, whatever its status: it shows what the subscription was when it was made."""
        for raw in lines:
            line = facts_of(raw, invoice)
            if line.subscription and line.item and line.price and line.period is not None:
                if line.price_object is not None:
                    self.prices.setdefault(line.price, line.price_object)
                self._keep(line)

    def _keep(self, line: LineFacts) -> None:
        start, end = line.period or (0, 0)
        credit = line.proration and line.credited
        one = _Line(start, end, line.price, line.quantity, line.discount, line.proration, credit)
        kept = self._lines.setdefault(line.subscription, {}).setdefault(line.item, [])
        newer = kept[-1] if kept else None
        same = newer and not one.proration and replace(newer, start=0, end=0) == replace(one, start=0, end=0)
        if newer and same and one.end == newer.start:
            kept[-1] = replace(newer, start=one.start)
        else:
            kept.append(one)

    def of(self, subscription: str, terms_of: Callable[[str, str, str], Terms], *, live: Iterable[str]) -> Told:
        """The moments of a subscription's items. ``terms_of(item, price, quantity)`` prices a line (BadRecord: it
        cannot); ``live`` are the items it still has: the others end with their credit, else with their last bill."""
        told, here = Told(), set(live)
        for item, lines in self._lines.pop(subscription, {}).items():
            _item(told, item, lines, terms_of, live=item in here)
        return told


def _item(told: Told, item: str, lines: list[_Line], terms_of: Callable[[str, str, str], Terms], *, live: bool) -> None:
    # newest invoices come first, so the last word on one start is the first one seen
    debits: dict[int, _Line] = {}
    for line in lines:
        if not line.credit and line.end > line.start:
            debits.setdefault(line.start, line)
    order = sorted(debits)
    steps: list[tuple[int, Terms | None]] = []
    billed: list[Billed] = []
    last: _Line | None = None
    share: Fraction | None = None
    for start, following in zip(order, [*order[1:], None], strict=True):
        line = debits[start]
        try:
            terms = terms_of(item, line.price, line.quantity)
        except BadRecord:
            told.unknown += 1
            continue
        if last and start - last.end > _GAP:
            steps.append((last.end, None))
        steps.append((start, terms))
        if not line.proration and not terms.metered and terms.gross:
            share = line.discount / terms.gross
        if share is not None and not terms.metered:
            # a proration has no discount of its own: it has the same share of the price as the bill before
            end = line.end if following is None else min(line.end, following)
            billed.append(Billed(start, end, minor_text(share * terms.gross, terms.currency)))
        last = line
    if not live and last:
        given_back = [line.start for line in lines if line.credit and line.start >= last.start]
        steps.append((min([last.end, *given_back]), None))
    if steps:
        told.points[item] = steps
        told.billed[item] = billed
