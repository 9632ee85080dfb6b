"""Commission, win/loss and content a second time: plain Python over plain rows, written from the definitions."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from beside import load

HERE = Path(__file__).parent
ORACLE: Any = load(HERE / "oracle.py")
FORMULAS: Any = load(HERE / "formulas.py")
COMPANY: Any = load(HERE / "company.py")
SALES: Any = load(HERE / "oracle_sales.py")
Row = dict[str, Any]
ONE = timedelta(days=1)
NONE = "(none)"
#: cents a month for new business and for expansion, and the months in which a churn is deducted
POT, SHARES, CLAWBACK = 100_001, (70, 30), 18
RULE = (
    f'[[commission]]\nname = "m"\nperiod = "month"\npot = {POT / 100}\nsplit = "70/30"\nclawback_months = {CLAWBACK}\n'
)


class TeamworkCompany(SALES.SalesCompany):  # type: ignore[misc]
    """The random company with deals, why they were lost, and content."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, invoiced=False)
        own = random.Random(seed + 1)
        for deal in self.tables["opportunity"]:
            lost = deal["outcome"] == "lost"
            deal["loss_reason"] = own.choice(("price", "Price", "timing", None)) if lost else None
            deal["competitor"] = own.choice(("Rival", "RIVAL", "Other", None))
        self.tables["content_asset"] = [
            {"id": f"k{n}", "name": f"Asset{n}", "team_id": None, "stage": own.choice(("mql", "lead", None)),
             "profile": own.choice(("SMB", "ENT", None)), "campaign_id": own.choice(("k1", "k2", None)),
             "last_used_at": self.maybe(self.day(), 0.7), "last_reviewed_at": self.maybe(self.day(), 0.7)}
            for n in range(40)
        ]  # fmt: skip


def split(total: int, weights: list[Fraction]) -> list[int]:
    """The whole number in parts: rounded down, what is left to the largest remainders, the earlier first."""
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [int(part) for part in exact]
    for place in sorted(range(len(parts)), key=lambda n: (-(exact[n] - parts[n]), n))[: total - sum(parts)]:
        parts[place] += 1
    return parts


class TeamworkOracle(SALES.SalesOracle):  # type: ignore[misc]
    """What the definitions say of commission, win/loss and content."""

    # --- win/loss -------------------------------------------------------------------------------------------------

    def both(self, p: Any, where: dict[str, str]) -> list[tuple[str, Row, Fraction]]:
        return [(out, deal, self.value(deal)) for out in ("won", "lost") for deal in self.closed(p, where, out)]

    def reasons(self, p: Any, where: dict[str, str]) -> dict[tuple[str, str], tuple[Any, ...]]:
        """(by, value in small letters) -> lost, lost value, share of lost, won, won value, win rate."""
        deals = self.both(p, where)
        lost = sum(out == "lost" for out, _, _ in deals)
        found: dict[tuple[str, str], tuple[Any, ...]] = {}
        for by, column in (("reason", "loss_reason"), ("competitor", "competitor")):
            for out, deal, _ in deals:
                if by == "reason" and out == "won":
                    continue
                key = (deal[column] or NONE).casefold()
                own = [(o, v) for o, d, v in deals if (d[column] or NONE).casefold() == key]
                gone = [v for o, v in own if o == "lost"]
                won = [v for o, v in own if o == "won"]
                share = float(Fraction(len(gone), lost)) if lost else None
                head = (len(gone), float(sum(gone)), share)
                rest = (None, None, None) if by == "reason" else (
                    len(won), float(sum(won)), float(Fraction(len(won), len(own))))  # fmt: skip
                found[by, key] = (*head, *rest)
        return found

    def largest(self, p: Any, where: dict[str, str], top: int) -> list[tuple[str, str, float]]:
        found = []
        for out in ("won", "lost"):
            own = [(deal, value) for o, deal, value in self.both(p, where) if o == out]
            own.sort(key=lambda item: (-item[1], item[0]["closed"], item[0]["id"]))
            found += [(out, deal["id"], float(value)) for deal, value in own[:top]]
        return found

    # --- content --------------------------------------------------------------------------------------------------

    def stale(self, p: Any, days: int) -> Fraction:
        assets = [(row["last_used_at"], row["last_reviewed_at"]) for row in self.rows("content_asset")]
        dated = [max(day for day in own if day is not None) for own in assets if any(own)]
        first = min(day for own in assets for day in own if day is not None)
        if p.end <= first or p.start > self.through:
            raise ORACLE.NoValue
        last = min(p.end - ONE, self.through)
        return Fraction(sum((last - day).days > days for day in dated), len(dated))

    # --- commission -----------------------------------------------------------------------------------------------

    def new_deals(self) -> list[Row]:
        won = [
            deal for deal in self.deals if deal["outcome"] == "won" and deal["closed"] and deal["type"] in (None, "new")
        ]
        return sorted(won, key=lambda deal: (deal["closed"], deal["id"]))

    def commission(self, p: Any) -> tuple[dict[str, list[Fraction]], list[int]]:
        """Rep -> new, deducted, expansion, share of new, share of expansion; and what stays unshared of both pools."""
        first = self.first_day("deal")
        parts = [part for part in p.parts if part.start <= self.through and part.end > first]
        if not parts or p.end <= first:
            raise ORACLE.NoValue
        found: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 5)
        left = [0, 0]
        for part in parts:
            self._month(part, found, left)
        return dict(found), left

    def _month(self, part: Any, found: dict[str, list[Fraction]], left: list[int]) -> None:
        end = min(part.end, self.through + ONE)
        deals = self.new_deals()
        seen = [deal for deal in deals if deal["closed"] < end]

        def winner(customer: str, day: date, *, later: bool) -> Row | None:
            own = [deal for deal in seen if deal["customer"] == customer]
            before = [deal for deal in own if deal["closed"] <= day]
            return before[-1] if before else own[0] if own and later else None

        amounts: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)
        for deal in seen:
            if part.start <= deal["closed"]:
                amounts[deal["owner_id"] or NONE][0] += self.value(deal)
        taken: dict[str, date] = {}
        for day, customer, kind, amount, _ in sorted(self.movements, key=lambda row: row[:3]):
            if kind == "expansion" and part.start <= day < end:
                winning = winner(customer, day, later=True)
                amounts[(winning and winning["owner_id"]) or NONE][2] += 12 * amount
            if kind == "churned" and day < end and (winning := winner(customer, day, later=False)) is not None:
                inside = day < SALES.later(winning["closed"], CLAWBACK)
                if inside and taken.setdefault(winning["id"], day) == day and part.start <= day:
                    amounts[winning["owner_id"] or NONE][1] += 12 * amount
        pools = split(POT, [Fraction(one) for one in SHARES])
        nets = {rep: (own[0] + own[1], own[2]) for rep, own in sorted(amounts.items()) if rep != NONE}
        for rep, own in amounts.items():
            for place in range(3):
                found[rep] = [*found[rep][:place], found[rep][place] + own[place], *found[rep][place + 1 :]]
        for place, pool in enumerate(pools):
            weights = [max(Fraction(0), net[place]) for net in nets.values()]
            if not any(weights):
                left[place] += pool
                continue
            for rep, cents in zip(nets, split(pool, weights), strict=True):
                found[rep][3 + place] += Fraction(cents, 100)
