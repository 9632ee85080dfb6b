"""What stands under "(none)" because no record says whose it is, and is no 0 of anybody else.

An additive component is 0 where it has no row. That is a made-up 0 in two cases, and there is no number then:

- A campaign whose leads name several lead sources costs each of them something, and nobody knows how much. A source has a
  number only where no campaign it shares came to anything; see :data:`~revalign_udf.metrics.facts.SHARED`.
- Where expense is not kept by campaign at all, no campaign is known to have cost nothing; see
  :data:`~revalign_udf.metrics.facts.UNNAMED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from revalign_udf.errors import NoData, Undivided
from revalign_udf.metrics import Component, Metric
from revalign_udf.metrics.facts import SHARED, UNNAMED
from revalign_udf.money import decimals, round_half_away
from revalign_udf.periods import Period
from revalign_udf.snapshots import NONE, Slice, Window
from revalign_udf.snapshots.cuts import SCALES, exact_of

if TYPE_CHECKING:
    from revalign_udf.query.session import Session

__all__ = ["Shared", "refuse_rest", "refuse_unknown"]

Where = Mapping[str, str]
#: names a sentence lists before it counts the rest
_NAMED = 3
_HINT = "Ask by campaign or channel instead."


@dataclass(frozen=True, slots=True)
class Shared:
    """What one campaign comes to in a slice and period (None: a rate is missing), and the lead sources that share it;
    None where the snapshot was published before they were kept, and it may be any."""

    campaign: str
    amount: Fraction | None
    sources: tuple[str, ...] | None


def refuse_unknown(session: Session, component: Component, period: Period, window: Window, where: Where) -> None:
    """Raise Undivided REV-204 where a component is asked for one value of a dimension, and an unknown part of what
    stands under "(none)" in the slice is of that value. What "(none)" comes to is known, and so is the whole."""
    source = where.get(SHARED.get(component.fact, ""), NONE)
    if source != NONE:
        shared = [one for one in _shared(session, component, window, where) if source in (one.sources or (source,))]
        if shared:
            raise _of_source(session, component, period, source, shared)
    for dimension in UNNAMED.get(component.fact, ()):
        if where.get(dimension, NONE) != NONE and _unnamed(session, component, dimension, period, where):
            raise _of_unnamed(session, component, dimension, period, where[dimension])


def refuse_rest(session: Session, metric: Metric, pairs: Sequence[tuple[str, Period]], where: Where) -> None:
    """Raise Undivided REV-204 where a formula sets a component's "(none)" beside that of something else, and an unknown
    part of it is of the other values: the leads of shared campaigns have a lead source, each its own.

    ``pairs`` are the components the metric rests on. Of one component alone "(none)" is a number like any other.
    """
    if NONE not in where.values() or len({session.component(name).fact for name, _ in pairs}) < 2:
        return
    for name, when in pairs:
        component = session.component(name)
        try:
            window = session.window(component, when)
        except NoData:
            continue  # the formula says so itself
        if where.get(SHARED.get(component.fact, "")) == NONE:
            shared = _shared(session, component, window, where)
            if shared:
                raise _of_rest(session, metric, component, when, shared)
        for dimension in UNNAMED.get(component.fact, ()):
            apart = where.get(dimension) == NONE and _unnamed(session, component, dimension, when, where)
            if apart and any(_named(session, *pair, dimension, where) for pair in pairs if pair != (name, when)):
                raise _of_unnamed(session, component, dimension, when, "what has none")


def _shared(session: Session, component: Component, window: Window, where: Where) -> Sequence[Shared]:
    """The shared campaigns that come to something, whatever the lead source; by campaign, because of nothing everybody
    took nothing."""
    names = tuple(sorted(name for name in where if name != SHARED[component.fact]))
    key = (component.name, window, names)
    if key not in session.sharing:
        session.sharing[key] = _read(session, component, window, names)
    return session.sharing[key].get(tuple(where[name] for name in names), ())


def _read(session: Session, component: Component, window: Window, names: Sequence[str]) -> dict[Slice, list[Shared]]:
    """By the values of the other filters, all of them at once: a breakdown asks for one after the other."""
    evaluator, dimension = session.evaluator, SHARED[component.fact]
    kept = "shared_by" in evaluator.lens.columns(component.fact)
    listed = "f.shared_by" if kept else "NULL"
    rule = "f.shared_by IS NOT NULL" if kept else f"f.{dimension} IS NULL AND f.campaign IS NOT NULL"
    measure = "1" if component.shape == "distinct" else evaluator.measured(component)
    rows = evaluator.rows(
        component.fact, window, {},
        f"f.system, f.campaign, {listed} AS sources, sum({measure}), sum(CASE WHEN ({measure}) IS NULL THEN 1 ELSE 0 END)",
        rule=f"{rule} AND ({component.where or 'true'})", shape=component.shape, by=names,
    )  # fmt: skip
    scale, found = SCALES[component.scale], dict[Slice, list[Shared]]()
    for row in rows:
        _, campaign, named, amount, unrated = row[len(names) :]
        if amount or unrated:
            known = None if unrated else exact_of(amount) * scale
            one = Shared(str(campaign), known, None if named is None else tuple(named))
            found.setdefault(row[: len(names)], []).append(one)
    return found


def _unnamed(session: Session, component: Component, dimension: str, period: Period, where: Where) -> bool:
    """Whether a component comes to anything in the slice, whatever the dimension, and no row of it, of whichever day,
    names a value of the dimension."""
    info, key = session.fact(component.fact), (component.name, dimension)
    if key not in session.unnamed:
        if info.first_day is None or info.last_day is None:  # pragma: no cover - there is a window, so there are rows
            return False
        ever = Window(info.first_day, info.last_day + timedelta(days=1))
        rule = component.where or "true"
        rows = session.evaluator.rows(component.fact, ever, {}, f"count(f.{dimension}), count(*)", rule=rule)
        session.unnamed[key] = any(every and not named for named, every in rows)
    if not session.unnamed[key]:
        return False
    others = {name: value for name, value in where.items() if name != dimension}
    try:
        return bool(session.value(component.name, period, others))
    except NoData:
        return True  # there is something, and it has no rate, or is unknown for another reason besides


def _named(session: Session, name: str, period: Period, dimension: str, where: Where) -> bool:
    """Whether a part of a component has a value of a dimension, and "(none)" is not the whole of it."""
    others = {field: value for field, value in where.items() if field != dimension}
    try:
        return session.value(name, period, others) != session.value(name, period, where)
    except NoData:
        return False  # the formula says so itself


# --- in words --------------------------------------------------------------------------------------------------------


def _of_source(
    session: Session, component: Component, period: Period, source: str, shared: Sequence[Shared]
) -> Undivided:
    what = f"{component.name} of {period}"
    if session.discreet:
        return Undivided(
            f"{what}: {source} shares campaigns with others, and nobody can say how much is its own.", hint=_HINT
        )
    amount, campaigns = _total(session, component, shared), _listed({one.campaign for one in shared}, "campaigns")
    if any(one.sources is None for one in shared):
        return Undivided(
            f"{what}: {amount} of {campaigns} match no single lead source, and this snapshot does not tell which share it,"
            f" so nobody can say how much is of {source}.",
            hint="Publish a new one: revalign build. Or ask by campaign or channel.",
        )
    others = {name for one in shared for name in one.sources or () if name != source}
    return Undivided(
        f"{what}: {source} shares {campaigns} with {_listed(others, 'lead sources')}, and nobody can say how much of"
        f" the {amount} is its own.",
        hint=_HINT,
    )


def _of_rest(
    session: Session, metric: Metric, component: Component, period: Period, shared: Sequence[Shared]
) -> Undivided:
    amount = _total(session, component, shared)
    campaigns = _listed({one.campaign for one in shared}, "campaigns")
    why = "name several lead sources" if all(one.sources for one in shared) else "may name several lead sources"
    return Undivided(
        f"{metric.name}: {amount} of the {component.name} of {period} that matches no lead source is of {campaigns}, whose"
        f" leads {why}: it is none of what has no lead source.",
        hint=_HINT,
    )


def _of_unnamed(session: Session, component: Component, dimension: str, period: Period, value: str) -> Undivided:
    tables, label = " or ".join(session.fact(component.fact).tables), dimension.replace("_", " ")
    return Undivided(
        f"{component.name} of {period}: no row of {tables} behind it names a {label}, so nobody can say how much is of"
        f" {value}.",
        hint=f"Load {tables} with a {label}, or ask without it.",
    )


def _total(session: Session, component: Component, shared: Sequence[Shared]) -> str:
    """What shared campaigns come to, as text."""
    known = [one.amount for one in shared if one.amount is not None]
    if len(known) < len(shared):
        return "amount, for which a rate is missing,"
    currency = session.evaluator.lens.currency if component.unit == "money" else ""
    places = decimals(currency) if currency else 0
    units = round_half_away(sum(known, Fraction(0)) * 10**places)
    return f"{units / 10**places:,.{places}f} {currency}".strip()


def _listed(names: set[str], kind: str) -> str:
    """Some names in words: ``a, b, c and 4 more campaigns``."""
    known = sorted(names)
    if len(known) > _NAMED + 1:
        return f"{', '.join(known[:_NAMED])} and {len(known) - _NAMED} more {kind}"
    return " and ".join(filter(None, [", ".join(known[:-1]), known[-1]]))
