"""What customers pay again and again: subscriptions, their lines over time, terms and contracts."""

from __future__ import annotations

from revalign_sample.clock import FIRST, LAST, Dice, iso, later, money
from revalign_sample.out import Ids, Out
from revalign_sample.world import PRODUCTS, Deal, Growth, Line, Opp, Org, Period, Sub, World

__all__ = ["run_revenue", "write_revenue"]

#: chance to leave, per month; annual terms gather it up to their end
_LEAVES = {"SMB": 0.035, "MM": 0.0158, "ENT": 0.0070}
_GROWS = {"SMB": 0.034, "MM": 0.057, "ENT": 0.064}
_SHRINKS = {"SMB": 0.008, "MM": 0.008, "ENT": 0.007}
_REASONS = ("price", "missing feature", "no longer needed", "competitor", "company closed", "low adoption")
_TIMES = {"month": 1, "quarter": 3, "year": 12}


def run_revenue(world: World) -> None:
    """The life of every customer, from the first deal on."""
    dice = world.dice("revenue")
    won = {opp.org: opp for opp in world.opps if opp.outcome == "won"}
    for org in world.orgs:
        if org.from_day is None:
            continue
        opp = won[org.number]
        assert opp.deal is not None
        first = _begin(world, org, org.from_day, opp.deal, opp)
        if dice.chance(0.12):
            _metered(dice, first)
        last = _live(world, dice, org, first)
        if last.end is not None and not last.involuntary and dice.chance(0.18):
            back = last.end + dice.between(40, 240)
            if back <= LAST:
                seats = max(2, opp.deal.seats * 7 // 10)
                again = Deal(seats, opp.deal.price, 0, opp.deal.interval, opp.deal.term)
                returned = _begin(world, org, back, again, None)
                world.growth.append(Growth(org.number, back, "new", returned.yearly(back), returned.term))
                last = _live(world, dice, org, returned)
        org.gone = last.end


def _begin(world: World, org: Org, day: int, deal: Deal, opp: Opp | None) -> Sub:
    sub = Sub(len(world.subs) + 1, org.number, day, deal.interval, deal.term, opp=opp.number if opp else None)
    sub.terms.append((day, later(day, deal.term), deal.term))
    sub.lines.append(Line("core", deal.interval, [Period(day, None, deal.price, deal.seats, deal.discount)]))
    if deal.addon:
        sub.lines.append(_addon(org, deal.addon, deal.interval, day))
    if opp is not None and deal.seats >= 20:
        price = PRODUCTS["onboarding"][2] * (92 if org.currency == "EUR" else 100)
        sub.lines.append(Line("onboarding", deal.interval, [Period(day, later(day, 1), price, 1)], one_time=True))
    world.subs.append(sub)
    org.seats.append((day, deal.seats))
    return sub


def _addon(org: Org, product: str, interval: str, day: int) -> Line:
    price = PRODUCTS[product][2] * (92 if org.currency == "EUR" else 100) * _TIMES[interval]
    return Line(product, interval, [Period(day, None, price, 1)])


def _metered(dice: Dice, sub: Sub) -> None:
    """Usage is billed by the month; each month's count is a period of its own."""
    line = Line("api", "month", [Period(sub.start, None, 200, dice.between(20, 200))], metered=True)
    for number in range(1, 60):
        day = later(sub.start, number)
        if day > LAST:
            break
        line.change(day, quantity=max(1, line.periods[-1].quantity + dice.between(-12, 14)))
    sub.lines.append(line)


def _live(world: World, dice: Dice, org: Org, sub: Sub) -> Sub:
    """Month after month until the end of the sample or of the customer. Returns the last subscription."""
    ended_discount = dice.pick((3, 6, 12, 12))
    number = 0
    while True:
        number += 1
        before, day = later(sub.start, number - 1), later(sub.start, number)
        if day > LAST:
            return sub
        _grow(world, dice, org, sub, (before, day))
        core = sub.lines[0]
        if core.periods[-1].discount and number == ended_discount:
            core.change(day, discount=0)
        _, end, term = sub.terms[-1]
        if sub.term == 1 and dice.chance(0.0035):
            sub.terms.append((day, later(day, 1), 1))
            _end(sub, day + 15, dice, involuntary=True)
        elif day == end:
            leaves = 1 - (1 - _LEAVES[org.segments[-1][1]]) ** min(term, 18)
            if dice.chance(leaves):
                _end(sub, day, dice)
            else:
                sub = _renew(world, dice, org, sub, day)
                number = number if sub.start != day else 0
        if sub.end is not None:
            if sub.end > LAST:  # the card fails after the sample's last day
                sub.end, sub.cancelled, sub.reason, sub.involuntary = None, None, None, False
                _open_again(sub)
            return sub


def _grow(world: World, dice: Dice, org: Org, sub: Sub, month: tuple[int, int]) -> None:
    """More seats, fewer seats, one product more or less, another segment."""
    before, day = month
    when = before + dice.between(1, max(1, day - before - 1))
    core = sub.lines[0]
    seats = core.periods[-1].quantity
    yearly = sub.yearly(when - 1)
    segment = org.segments[-1][1]
    draw = dice.random()
    kind = ""
    if draw < _GROWS[segment]:
        core.change(when, quantity=seats + max(1, seats * dice.between(12, 40) // 100))
        kind = "expansion"
    elif draw < _GROWS[segment] + _SHRINKS[segment] and seats > 4:
        core.change(when, quantity=seats - max(1, seats * dice.between(8, 25) // 100))
    elif draw > 0.988 and len([line for line in sub.lines if not line.one_time]) < 3:
        held = {line.product for line in sub.lines}
        product = next((one for one in ("insights", "vault") if one not in held), "")
        if product:
            sub.lines.append(_addon(org, product, sub.interval, when))
            kind = "cross_sell" if product == "insights" else "upsell"
    elif draw > 0.985:
        for line in sub.lines[1:]:
            if line.product in ("insights", "vault") and line.periods[-1].end is None and line.periods[-1].start < when:
                line.periods[-1].end = when
                break
    if core.periods[-1].quantity != seats:
        org.seats.append((when, core.periods[-1].quantity))
        _outgrow(org, when, core.periods[-1].quantity)
    if kind:
        world.growth.append(Growth(org.number, when, kind, sub.yearly(when) - yearly, sub.term))


def _outgrow(org: Org, day: int, seats: int) -> None:
    """Companies grow out of their segment."""
    wanted = "MM" if org.segments[-1][1] == "SMB" and seats > 34 else ""
    wanted = "ENT" if org.segments[-1][1] == "MM" and seats > 165 else wanted
    if wanted and org.segments[-1][0] < day:
        org.segments.append((day, wanted))


def _renew(world: World, dice: Dice, org: Org, sub: Sub, day: int) -> Sub:
    """The next term: often dearer, sometimes longer, now and then as a new subscription."""
    core = sub.lines[0]
    if sub.term > 1 and dice.chance(0.55):
        price = core.periods[-1].price
        core.change(day, price=price + price * dice.pick((3, 4, 5)) // 100)
    if sub.term > 1:
        world.growth.append(Growth(org.number, day, "renewal", sub.yearly(day), sub.term))
    if sub.term > 1 and dice.chance(0.04):
        new = Sub(len(world.subs) + 1, org.number, day, sub.interval, sub.term, after=sub.number)
        for line in sub.lines:
            last = line.periods[-1]
            if line.one_time or last.end is not None:
                continue
            # a metered line already has its months ahead: they move to the successor
            ahead = [p for p in line.periods if p.start >= day] or [Period(day, None, last.price, last.quantity)]
            line.periods = [p for p in line.periods if p.start < day]
            line.periods[-1].end = day
            ahead[0].discount = 0
            new.lines.append(Line(line.product, line.interval, ahead, metered=line.metered))
        new.terms.append((day, later(day, sub.term), sub.term))
        world.subs.append(new)
        sub.end, sub.cancelled, sub.reason = day, day, "replaced"
        return new
    term = 24 if sub.term == 12 and dice.chance(0.03) else sub.terms[-1][2]
    sub.terms.append((day, later(sub.start, (_gone_by(sub) + term)), term))
    return sub


def _gone_by(sub: Sub) -> int:
    """Months of all terms so far: ends are counted from the first day, so that a 31st comes back."""
    return sum(term for _, _, term in sub.terms)


def _end(sub: Sub, day: int, dice: Dice, *, involuntary: bool = False) -> None:
    """The customer leaves. Most say so before the end; cards that fail say nothing."""
    sub.end, sub.involuntary = day, involuntary
    notice = dice.between(1, 20) if sub.term == 1 else dice.between(10, 75)
    sub.cancelled = day if involuntary else max(sub.start, day - notice)
    sub.reason = "payment failed" if involuntary else dice.pick(_REASONS)
    careless = dice.chance(0.04)  # some lines are left open: the subscription's end holds all the same
    for line in sub.lines:
        line.periods = [period for period in line.periods if period.start < day]
        last = line.periods[-1]
        if last.end is None or last.end > day:
            last.end = None if careless else day


def _open_again(sub: Sub) -> None:
    for line in sub.lines:
        if not line.one_time and line.periods[-1].end is not None and line.periods[-1].end > LAST:
            line.periods[-1].end = None


def write_revenue(world: World, out: Out, ids: Ids) -> None:
    """The tables contract, subscription, subscription_term, subscription_item_period."""
    contract = out.table(
        "contract",
        "id org_id start_date end_date value currency term_months billing_interval auto_renew renewal_of opportunity_id",
    )
    add = out.table(
        "subscription",
        "id org_id started_at ended_at cancelled_at cancel_reason involuntary term_months status currency contract_id"
        " opportunity_id deleted",
    )
    term_row = out.table("subscription_term", "subscription_id start_date end_date term_months")
    item = out.table(
        "subscription_item_period",
        "id subscription_id valid_from valid_to amount quantity interval interval_count discount_amount currency"
        " product_id one_time metered deleted",
    )
    last_contract: dict[int, str] = {}
    for sub in world.subs:
        org = world.orgs[sub.org - 1]
        key, currency, opp = f"sub_{sub.number:05d}", org.currency, ids.key("opp", sub.opp)
        before = last_contract.get(sub.after or 0)
        for number, (start, end, term) in enumerate(sub.terms, 1):
            name = f"con_{sub.number:05d}_{number}"
            value = money(sub.yearly(start) * term // 12)
            what = (iso(start), iso(end), value, currency, term, sub.interval)
            contract((name, ids.org(sub.org), *what, "true", before, opp if number == 1 else None))
            before = name
            if sub.term > 1:
                term_row((key, iso(start), iso(end), term))
        last_contract[sub.number] = before or ""
        status = "active" if sub.end is None else "canceled"
        status = "past_due" if sub.number % 83 == 0 else status  # a status decides nothing
        when = (iso(sub.start), iso(sub.end), iso(sub.cancelled), sub.reason, "true" if sub.involuntary else "false")
        add((key, ids.org(sub.org), *when, sub.term, status, currency, f"con_{sub.number:05d}_1", opp, "false"))
        for place, line in enumerate(sub.lines, 1):
            for number, one in enumerate(line.periods, 1):
                name = f"si_{sub.number:05d}_{place}_{number}"
                count, interval = (3, "month") if line.interval == "quarter" and sub.number % 2 else (1, line.interval)
                price = (money(one.price), one.quantity, interval, count, money(one.discount), currency)
                kinds = ("true" if line.one_time else "false", "true" if line.metered else "false", "false")
                item((name, key, iso(one.start), iso(one.end), *price, ids.product(line.product), *kinds))
    # entered to try the system out and deleted afterwards: must never count
    org_key, day = ids.org(world.paying()[0].number), iso(FIRST + 40)
    add(("sub_test", org_key, day, None, None, None, "false", 1, "active", "USD", None, None, "true"))
    absurd = ("99999.00", 1, "month", 1, "0.00", "USD", ids.product("core"))
    item(("si_test", "sub_test", day, None, *absurd, "false", "false", "true"))
