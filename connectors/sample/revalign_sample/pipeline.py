"""The opportunities as the CRM shows them: won, lost, open, growing, renewing; and what its stages mean."""

from __future__ import annotations

from revalign_sample.clock import DAY, FIRST, LAST, at, iso, money
from revalign_sample.out import Ids, Out
from revalign_sample.world import PRODUCTS, Opp, World

__all__ = ["run_growth", "write_pipeline"]

_MAP = (
    ("opportunity", "Discovery", "opportunity", "false", "false"),
    ("opportunity", "Evaluation", "opportunity", "false", "false"),
    ("opportunity", "Proposal", "opportunity", "false", "false"),
    ("opportunity", "Negotiation", "opportunity", "false", "false"),
    ("opportunity", "Closed Won", "customer", "true", "false"),
    ("opportunity", "Closed Lost", "lost", "false", "true"),
    ("lead", "Marketing Qualified", "mql", "false", "false"),
    ("lead", "Sales Accepted", "sal", "false", "false"),
    ("lead", "Sales Qualified", "sql", "false", "false"),
)


def run_growth(world: World) -> None:
    """Opportunities for what existing customers bought: four in five expansions pass through the CRM, renewals all."""
    dice = world.dice("growth")
    won = {opp.org: opp for opp in world.opps if opp.outcome == "won"}
    for growth in world.growth:
        if growth.day < FIRST or growth.yearly <= 0 or (growth.kind == "expansion" and dice.chance(0.2)):
            continue
        first = won[growth.org]
        opened = growth.day - dice.between(10, 60)
        owner = dice.pick(world.staff("ae", opened)).number
        number = len(world.opps) + 1
        pipeline = "Renewals" if growth.kind == "renewal" else "New business" if growth.kind == "new" else "Growth"
        created = opened * DAY + 10 * 3600
        opp = Opp(
            number, growth.org, created, growth.kind, None, growth.yearly, owner, first.channel, first.source, pipeline
        )
        opp.term, opp.close_day, opp.outcome = max(1, growth.term), growth.day, "won"
        opp.closed = growth.day * DAY + 14 * 3600
        opp.stages = [(created, "Discovery"), (created + 3 * DAY, "Proposal"), (opp.closed, "Closed Won")]
        world.opps.append(opp)
        if growth.kind != "renewal" and dice.chance(0.35):
            _refused(world, opp)


def _refused(world: World, like: Opp) -> None:
    """Something offered at the same time that they did not want."""
    number = len(world.opps) + 1
    kind = "new_product" if number % 4 == 0 else "cross_sell"
    amount = like.amount * 3 // 5
    opp = Opp(
        number, like.org, like.created, kind, None, amount, like.owner, like.channel, like.source, "Growth",
        close_day=like.close_day, closed=like.closed, outcome="lost", reason="price",
    )  # fmt: skip
    assert like.closed is not None
    opp.stages = [(like.created, "Discovery"), (like.closed, "Closed Lost")]
    world.opps.append(opp)


def write_pipeline(world: World, out: Out, ids: Ids) -> None:
    """The tables stage_map, opportunity and its parts; adds the events of opportunities and customers."""
    stage_map = out.table(
        "stage_map",
        "connection object pipeline source_stage stage position owner_team is_won is_lost valid_from valid_to",
    )
    for place, (thing, name, stage, won, lost) in enumerate(_MAP, 1):
        team = ids.team("sdr") if thing == "lead" else ids.team("north")
        stage_map((ids.connection, thing, None, name, stage, place, team, won, lost, "2020-01-01", None))
    add = out.table(
        "opportunity",
        "id org_id created_at stage type amount currency amount_basis term_months owner_id close_date closed_at outcome"
        " loss_reason competitor channel lead_source campaign_id lead_id pipeline deleted",
    )
    event = out.rows["lifecycle_event"].append
    for opp in world.opps:
        key, org = ids.key("opp", opp.number), world.orgs[opp.org - 1]
        owner = ids.key("own", opp.owner)
        value = (money(opp.amount), org.currency, opp.basis, opp.term, owner)
        end = (iso(opp.close_day), at(opp.closed), opp.outcome, opp.reason, opp.competitor)
        origin = (opp.channel, opp.source, ids.key("cmp", opp.campaign), ids.key("lead", opp.lead), opp.pipeline)
        made = (key, ids.org(opp.org), at(opp.created), opp.stages[-1][1], opp.kind)
        add((*made, *value, *end, *origin, "true" if opp.outcome == "open" and opp.number % 40 == 0 else "false"))
        before = None
        for number, (second, stage) in enumerate(opp.stages, 1):
            name = f"{key}-e{number}"
            event((name, "opportunity", key, stage, at(second), 1, before, opp.reason if second == opp.closed else None,
                   None, owner))  # fmt: skip
            before = stage
        if opp.kind in ("renewal", "expansion") and opp.outcome == "won":
            stage = "renewed" if opp.kind == "renewal" else "expanded"
            event((f"{key}-o", "organization", ids.org(opp.org), stage, at(opp.closed), 1, None, None, None, owner))
    for org in world.orgs:
        if org.gone is not None and org.gone <= LAST:
            key = ids.org(org.number)
            event((f"{key}-gone", "organization", key, "churned", at(org.gone * DAY), 1, None, None, None, None))
    _parts(world, out, ids)


def _parts(world: World, out: Out, ids: Ids) -> None:
    dice = world.dice("parts")
    snapshot = out.table("opportunity_snapshot", "opportunity_id valid_from valid_to stage amount close_date owner_id")
    contact = out.table("opportunity_contact", "opportunity_id person_id role is_primary")
    line = out.table("opportunity_line", "id opportunity_id product_id quantity amount recurring term_months")
    for opp in world.opps:
        key, owner = ids.key("opp", opp.number), ids.key("own", opp.owner)
        days: dict[int, str] = {}
        for second, stage in opp.stages:
            days[second // DAY] = stage  # two on one day: the later one holds
        starts = list(days)
        moved = opp.close_day - dice.between(5, 30)
        for place, (day, stage) in enumerate(days.items()):
            until = starts[place + 1] if place + 1 < len(starts) else None
            hoped = opp.close_day if place else moved  # first guesses of a date are early
            share = dice.pick((80, 90, 100, 110)) if until is not None else 100
            snapshot((key, iso(day), iso(until), stage, money(opp.amount * share // 100), iso(hoped), owner))
        for place, person in enumerate(world.people_of.get(opp.org, ())[:3]):
            role = ("champion", "decision maker", "user")[place]
            contact((key, ids.key("per", person), role, "false" if place else "true"))
        deal = opp.deal
        seats = deal.seats if deal else 1
        extra = 0
        if deal and deal.addon:
            extra = min(opp.amount // 2, PRODUCTS[deal.addon][2] * 1200)
            line((f"{key}-2", key, ids.product(deal.addon), 1, money(extra), "true", opp.term))
        product = (
            "insights" if opp.kind in ("cross_sell", "upsell") else "vault" if opp.kind == "new_product" else "core"
        )
        line((f"{key}-1", key, ids.product(product), seats, money(opp.amount - extra), "true", opp.term))
        if deal and seats >= 20:
            line((f"{key}-3", key, ids.product("onboarding"), 1, "900.00", "false", None))
