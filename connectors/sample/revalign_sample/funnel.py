"""Leads and what becomes of them: the walk through the funnel, the hand-offs, the deals that come out."""

from __future__ import annotations

from revalign_sample.clock import DAY, FIRST, LAST, Dice, at, day_of, months
from revalign_sample.out import Ids, Out
from revalign_sample.people import new_org, new_person
from revalign_sample.world import CHANNELS, PRODUCTS, Channel, Deal, Lead, Opp, Org, World

__all__ = ["make_deal", "run_funnel", "write_funnel"]

_SEGMENTS = {
    "outbound": {"SMB": 0.35, "MM": 0.45, "ENT": 0.20},
    "event": {"SMB": 0.50, "MM": 0.35, "ENT": 0.15},
}
_USUAL = {"SMB": 0.62, "MM": 0.29, "ENT": 0.09}
_CYCLE = {"SMB": (12, 45), "MM": (25, 90), "ENT": (60, 170)}
_LOST = ("price", "missing feature", "no decision", "timing", "competitor")
_RIVALS = ("Northwind", "Contoso", "in-house")
_REFUSED = ("bad_data", "wrong_fit", "no_budget", "no_response")
_NOTES = {
    "bad_data": "phone number does not exist",
    "wrong_fit": "too small for our offer",
    "no_budget": "asks again next year",
    "no_response": "five attempts, no answer",
}
#: what the CRM called the stages until the middle of 2024
_OLD_NAMES = {"mql": "Marketing Qualified", "sal": "Sales Accepted", "sql": "Sales Qualified"}
_RENAMED = day_of("2024-07-01") * DAY
STAGES = ("Discovery", "Evaluation", "Proposal", "Negotiation")


def make_deal(dice: Dice, segment: str, currency: str) -> Deal:
    """What a company of a segment buys at first."""
    seats = dice.between(*{"SMB": (6, 30), "MM": (25, 120), "ENT": (120, 400)}[segment])
    price = {"SMB": 39, "MM": 35, "ENT": 28}[segment] * (92 if currency == "EUR" else 100)
    if segment == "SMB":
        interval, term = dice.weigh({("month", 1): 0.62, ("year", 12): 0.38})
    elif segment == "MM":
        interval, term = dice.weigh({("month", 1): 0.18, ("quarter", 12): 0.17, ("year", 12): 0.60, ("year", 24): 0.05})
    else:
        interval, term = dice.weigh({("quarter", 12): 0.10, ("year", 12): 0.60, ("year", 24): 0.16, ("year", 36): 0.14})
    price *= {"month": 1, "quarter": 3, "year": 12}[interval]
    price = price * 9 // 10 if interval == "year" else price
    discount = seats * price * dice.pick((10, 15, 20)) // 100 if dice.chance(0.25) else 0
    addon = dice.pick(("insights", "vault")) if dice.chance({"SMB": 0.1, "MM": 0.25, "ENT": 0.4}[segment]) else ""
    return Deal(seats, price, discount, interval, term, addon)


def run_funnel(world: World) -> None:
    """Customers from before the sample begins, then every lead of every month."""
    dice = world.dice("funnel")
    for _ in range(round(0.375 * world.customers)):
        start = FIRST - dice.between(5, 700)
        org = new_org(world, dice, start - 60)
        new_person(world, dice, (start - 60) * DAY, "before", org)
        channel = dice.pick(CHANNELS)
        opp = _open_opp(world, dice, org, start - 40, (channel, dice.pick(channel.sources)))
        _close(opp, start, "won")
        org.from_day = start
    for number, start, end in months():
        every = world.scale * (236 + 4.6 * number)
        for channel in CHANNELS:
            for _ in range(dice.round(every * channel.share)):
                created = (start + dice.between(0, end - start)) * DAY + dice.between(7 * 3600, 21 * 3600)
                _lead(world, dice, created, channel)


def _lead(world: World, dice: Dice, created: int, channel: Channel) -> None:
    source = dice.pick(channel.sources)
    person = new_person(world, dice, created - dice.soon(20) * DAY, source)
    lead = _row(world, dice, created, person.number, (channel, source))
    if dice.chance(0.004):
        lead.test = True
        return
    _walk(world, dice, lead, created)
    if lead.back is not None:
        lead.cycle = 2
        _walk(world, dice, lead, lead.back + dice.between(1, 5) * DAY)
    if dice.chance(0.045):
        # filled in a second form; half of the time as somebody new
        again = created + dice.between(1, 25) * DAY
        if again < (LAST + 1) * DAY:
            who = person.number
            if dice.chance(0.5):
                twin = new_person(world, dice, again, source)
                twin.email, twin.org, twin.twin_of = person.email, person.org, person.number
                who = twin.number
            _row(world, dice, again, who, (channel, source)).duplicate = True


def _row(world: World, dice: Dice, created: int, person: int, origin: tuple[Channel, str]) -> Lead:
    channel, source = origin
    day = created // DAY
    running = [c for c in world.campaigns if c.channel == channel.name and c.start <= day and (c.end or day) >= day]
    campaign = dice.pick(running).number if running and dice.chance(0.85) else None
    owner = dice.pick(world.staff("sdr", day)).number
    lead = Lead(len(world.leads) + 1, created, person, None, channel, source, campaign, owner)
    lead.events.append((created, "lead", 1, None, None, None))
    world.leads.append(lead)
    return lead


def _walk(world: World, dice: Dice, lead: Lead, start: int) -> None:
    """From lead towards opportunity; every step takes its time and may be the last."""
    now, before, limit = start, "lead", (LAST + 1) * DAY
    steps = lead.channel.steps if lead.cycle == 1 else tuple(step * 0.85 for step in lead.channel.steps)
    for stage, chance, wait in zip(("mql", "sal", "sql"), steps, (12, 4, 14), strict=False):
        passed = dice.chance(chance)
        now += dice.soon(wait) * DAY + dice.between(1, 9) * 3600
        if now >= limit:
            return
        if stage == "sal":
            passed = _hand(world, dice, lead, now, to="sdr", passed=passed)
            now = min(now + 2 * 3600, limit - 1)
        if not passed:
            _stuck(dice, lead, now, before, stage)
            return
        if stage != "sal" or not dice.chance(0.08):  # some are accepted without anybody noting it
            _note(lead, now, stage, before)
            before = stage
        if stage == "sal" and lead.org is None:
            segment = dice.weigh(_SEGMENTS.get(lead.channel.name, _USUAL))
            org = new_org(world, dice, now // DAY, segment)
            person = world.persons[lead.person - 1]
            person.org, lead.org = org.number, org.number
            person.email = f"{person.email.split('@')[0]}@{org.domain}"
            world.people_of[org.number] = [person.number]
            if dice.chance(0.4):
                new_person(world, dice, now, lead.source, org)
    now += dice.soon(10) * DAY
    if lead.org is not None and dice.chance(steps[3]) and now < limit:
        _convert(world, dice, lead, now)


def _convert(world: World, dice: Dice, lead: Lead, now: int) -> None:
    org = world.orgs[(lead.org or 1) - 1]
    _hand(world, dice, lead, now, to=dice.pick(("north", "south")), passed=True)
    opp = _open_opp(world, dice, org, now // DAY, (lead.channel, lead.source))
    opp.created, opp.campaign, opp.lead = now, lead.campaign, lead.number
    opp.stages[0] = (now, STAGES[0])
    lead.converted, lead.opp = now, opp.number
    low, high = _CYCLE[org.segment]
    fast = 0.7 if lead.channel.name == "referral" else 1.0
    closes = now // DAY + int(dice.between(low, high) * fast)
    opp.close_day = closes
    if lead.channel.name == "referral" and (
        known := [o for o in world.orgs[:-1] if o.from_day and o.from_day < closes]
    ):
        org.referrer = dice.pick(known).number
    wins = steps_to_win(lead.channel, org.segment)
    for index, stage in enumerate(STAGES[1:], 1):
        when = now + (closes * DAY - now) * index // len(STAGES)
        if when < (LAST + 1) * DAY and not dice.chance(0.1):
            opp.stages.append((when, stage))
    if closes > LAST:
        return
    if dice.chance(wins):
        _close(opp, closes, "won")
        org.from_day = closes
    else:
        _close(opp, closes, "lost", dice.pick(_LOST))
        opp.competitor = dice.pick(_RIVALS) if opp.reason == "competitor" or dice.chance(0.2) else None


def steps_to_win(channel: Channel, segment: str) -> float:
    """The chance of an opportunity: large companies decide against more often."""
    return channel.steps[4] * {"SMB": 1.08, "MM": 1.0, "ENT": 0.75}[segment]


def _open_opp(world: World, dice: Dice, org: Org, day: int, origin: tuple[Channel, str]) -> Opp:
    channel, source = origin
    deal = make_deal(dice, org.segment, org.currency)
    basis = "tcv" if deal.term > 12 else dice.weigh({"acv": 0.74, "arr": 0.2, "mrr": 0.06})
    addon = PRODUCTS[deal.addon][2] * 1200 if deal.addon else 0
    yearly = deal.yearly + addon
    amount = {"tcv": yearly * deal.term // 12, "mrr": yearly // 12}.get(basis, yearly)
    owner = dice.pick(world.staff("ae", day)).number
    created = day * DAY + 9 * 3600
    number = len(world.opps) + 1
    opp = Opp(number, org.number, created, "new", deal, amount, owner, channel.name, source, "New business", basis)
    opp.term = max(1, deal.term)
    opp.stages.append((created, STAGES[0]))
    world.opps.append(opp)
    return opp


def _close(opp: Opp, day: int, outcome: str, reason: str | None = None) -> None:
    opp.close_day, opp.outcome, opp.reason = day, outcome, reason
    opp.closed = max(day * DAY + 15 * 3600, opp.stages[-1][0] + 60)
    opp.stages.append((opp.closed, "Closed Won" if outcome == "won" else "Closed Lost"))


def _note(lead: Lead, now: int, stage: str, before: str | None, reason: str | None = None) -> None:
    name = _OLD_NAMES.get(stage, stage) if now < _RENAMED else stage
    lead.events.append((now, name, lead.cycle, before, reason, _NOTES.get(reason or "")))


def _hand(world: World, dice: Dice, lead: Lead, now: int, *, to: str, passed: bool) -> bool:
    """A hand-off; most are touched within a working day, some wait for days."""
    contact = now + (dice.between(600, 20_000) if dice.chance(0.78) else dice.between(1, 6) * DAY)
    answer = contact + dice.between(900, 2 * DAY)
    staff = world.staff("sdr" if to == "sdr" else "ae", now // DAY)
    limit = (LAST + 1) * DAY
    reason = None if passed else dice.pick(_REFUSED)
    back = answer + dice.between(1, 72) * 3600
    lead.handoffs.append(
        {
            "from": "marketing" if to == "sdr" else "sdr", "to": to, "at": now, "owner": dice.pick(staff).number,
            "contact": contact if contact < limit and not dice.chance(0.03) else None,
            "accepted": answer if passed and answer < limit else None,
            "rejected": answer if not passed and answer < limit else None,
            "reason": reason if answer < limit else None,
            "feedback": back if back < limit and dice.chance(0.7) else None,
            "returned": back if not passed and back < limit else None,
            "fields": 12 - dice.soon(5),
        }
    )  # fmt: skip
    if not passed and answer < limit:
        _note(lead, answer, "rejected", "mql", reason)
    return passed


def _stuck(dice: Dice, lead: Lead, now: int, before: str, stage: str) -> None:
    """Not ready, not fit, or simply never heard of again; some come back."""
    fate = dice.random()
    when = now + dice.between(4, 20) * DAY
    if when >= (LAST + 1) * DAY:
        return
    if fate < 0.30:
        _note(lead, when, "not_ready", before, "no_budget")
        back = when + dice.between(25, 200) * DAY
        if lead.cycle == 1 and dice.chance(0.35) and back < (LAST - 10) * DAY:
            lead.back = back
    elif fate < 0.48:
        _note(lead, when, "disqualified", before, "wrong_fit")
    elif fate < 0.55 and stage != "mql":
        _note(lead, when, "recycled", before, "no_response")


def write_funnel(world: World, out: Out, ids: Ids) -> None:
    """The tables lead, lifecycle_event (of leads), handoff."""
    add = out.table(
        "lead",
        "id created_at person_id org_id channel lead_source campaign_id owner_id converted_at opportunity_id cycle_no"
        " deleted attrs",
    )
    event = out.table(
        "lifecycle_event",
        "id subject_type subject_id stage occurred_at cycle_no from_stage reason_code reason_text owner_id",
    )
    hand = out.table(
        "handoff",
        "id lead_id from_team to_team handed_at to_owner_id first_contact_at accepted_at rejected_at reason_code"
        " feedback_at returned_at fields_present fields_required",
    )
    for lead in world.leads:
        key, owner = ids.key("lead", lead.number), ids.key("own", lead.owner)
        made = (lead.channel.name, lead.source, ids.key("cmp", lead.campaign), owner, at(lead.converted))
        attrs = '{"form":"webinar"}' if lead.number % 11 == 0 else None
        person = ids.key("per", lead.person)
        whom = (key, at(lead.created), person, ids.org(lead.org), *made, ids.key("opp", lead.opp))
        add((*whom, lead.cycle, "true" if lead.test else "false", attrs))
        for number, (second, stage, cycle, before, reason, text) in enumerate(lead.events, 1):
            event((f"{key}-e{number}", "lead", key, stage, at(second), cycle, before, reason, text, owner))
        for number, one in enumerate(lead.handoffs, 1):
            times = (at(one["contact"]), at(one["accepted"]), at(one["rejected"]), one["reason"], at(one["feedback"]))
            who = (ids.team(one["from"]), ids.team(one["to"]), at(one["at"]), ids.key("own", one["owner"]))
            hand((f"{key}-h{number}", key, *who, *times, at(one["returned"]), one["fields"], 12))
