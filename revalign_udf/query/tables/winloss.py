"""Win/loss: the largest deals won and lost, and why and against whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from revalign_udf.errors import NoData
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric, number, share
from revalign_udf.snapshots.cuts import NONE, exact_of

__all__ = ["TABLES"]

_MICRO = Fraction(1, 10**6)
_FEW = 30
_OUTCOMES = ("won", "lost")


def _known(ask: Ask) -> str:
    """The amount in SQL, once every deal of the question has one. Raises NoData REV-201, REV-204, REV-208."""
    ask.window("deal")
    if "loss_reason" not in ask.evaluator.lens.columns("deal"):
        raise NoData(
            "The snapshot was published before reasons and competitors were kept.", code="REV-201",
            hint="Publish a new one: revalign build.",
        )  # fmt: skip
    for outcome in _OUTCOMES:
        ask.value(f"acv_{outcome}")  # an amount without a rate is refused here
    return ask.evaluator.measured(ask.session.component("acv_won"))


def _winloss(ask: Ask) -> Table:
    amount, most = _known(ask), int(ask.parameters["top"])
    rows = ask.rows(
        "deal", f"f.outcome, f.system, f.record_id, f.customer, coalesce(f.name, f.customer), coalesce(f.rep, f.owner),"
        f" f.on_day, f.kind, f.loss_reason, f.competitor, sum({amount})",
    )  # fmt: skip
    found = []
    for outcome in _OUTCOMES:
        own = [(*row[:-1], exact_of(row[-1]) * _MICRO) for row in rows if row[0] == outcome]
        own.sort(key=lambda row: (-row[-1], row[6], row[1], row[2]))
        found += [
            (
                outcome,
                system,
                record,
                customer,
                name,
                rep or NONE,
                day.isoformat(),
                kind,
                number(value),
                reason,
                competitor,
            )
            for _, system, record, customer, name, rep, day, kind, reason, competitor, value in own[:most]
        ]
    columns = (
        "outcome", "system", "id", "customer", "name", "rep", "on", "kind", "acv", "reason", "competitor",
    )  # fmt: skip
    units = ("text", "text", "text", "text", "text", "text", "date", "text", "money", "text", "text")
    return Table(columns, tuple(found), units)


@dataclass
class _Tally:
    """Deals of one reason or against one competitor."""

    shown: str
    won: int = 0
    lost: int = 0
    acv_won: Fraction = Fraction(0)
    acv_lost: Fraction = Fraction(0)


def _winloss_reasons(ask: Ask) -> Table:
    amount = _known(ask)
    lost = ask.value("deals_lost")
    rows = []
    for column, rule in (("loss_reason", "f.outcome = 'lost'"), ("competitor", "true")):
        tallies: dict[str, _Tally] = {}
        found = ask.rows("deal", f"f.{column}, f.outcome, count(*), sum({amount})", rule=rule)
        spellings: dict[str, str] = defaultdict(str)
        for value, *_ in found:
            spelling = value or NONE
            spellings[spelling.casefold()] = min(spelling, spellings[spelling.casefold()] or spelling)
        for value, outcome, count, acv in found:
            key = (value or NONE).casefold()
            tally = tallies.setdefault(key, _Tally(spellings[key]))
            if outcome == "won":
                tally.won, tally.acv_won = tally.won + count, tally.acv_won + exact_of(acv) * _MICRO
            else:
                tally.lost, tally.acv_lost = tally.lost + count, tally.acv_lost + exact_of(acv) * _MICRO
        ordered = sorted(tallies.values(), key=lambda one: (one.shown == NONE, -one.acv_lost, -one.lost, one.shown))
        rows += [_row(column, one, lost) for one in ordered]
    columns = (
        "by", "value", "lost", "acv_lost", "share_of_lost", "won", "acv_won", "win_rate", "win_rate_value", "under_30",
    )  # fmt: skip
    units = ("text", "text", "count", "money", "rate", "count", "money", "rate", "rate", "text")
    return Table(columns, tuple(rows), units)


def _row(column: str, one: _Tally, lost: Fraction) -> tuple[str | float | None, ...]:
    head = (column.removeprefix("loss_"), one.shown, one.lost, number(one.acv_lost), share(Fraction(one.lost), lost))
    few = "yes" if one.won + one.lost < _FEW else "no"
    if column == "loss_reason":  # a reason for a loss has nothing won to it
        return (*head, None, None, None, None, few)
    return (
        *head, one.won, number(one.acv_won), share(Fraction(one.won), Fraction(one.won + one.lost)),
        share(one.acv_won, one.acv_won + one.acv_lost), few,
    )  # fmt: skip


_DEALS = ("deals_won", "deals_lost", "acv_won", "acv_lost")

TABLES = {
    "winloss": TableMetric(_DEALS, _winloss),
    "winloss_reasons": TableMetric(_DEALS, _winloss_reasons),
}
