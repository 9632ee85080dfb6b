"""What marketing does and sees: campaigns, their cost, touches, scores, nurture programmes, visitors, assets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from revalign_sample.clock import DAY, FIRST, LAST, Dice, at, iso, later, money, months, weekday
from revalign_sample.out import Ids, Out
from revalign_sample.world import CHANNELS, Campaign, Lead, World

__all__ = ["media", "plan_campaigns", "write_marketing"]

_KINDS = {
    "paid": ("Search ads", "Social ads"), "organic": ("Guide", "SEO sprint"), "event": ("Trade fair", "Webinar series"),
    "partner": ("Co-marketing", "Partner day"), "outbound": ("Sequence", "Account list"), "referral": ("Bring a friend",),
}  # fmt: skip
_MEDIA = {"media": 0.78, "technology": 0.07, "other": 0.15}


def plan_campaigns(world: World) -> None:
    """Two programmes that never stop, one for customers, and each quarter one campaign or two per channel."""
    dice = world.dice("campaigns")

    def add(
        name: str,
        kind: str,
        channel: str,
        audience: str,
        *,
        start: int = FIRST,
        end: int | None = None,
        auto: bool = False,
    ) -> None:
        world.campaigns.append(Campaign(len(world.campaigns) + 1, name, kind, channel, audience, auto, start, end))

    add("Nurture", "email programme", "email", "prospect", auto=True)
    add("Newsletter", "email", "email", "prospect")
    add("Customer update", "email", "email", "customer")
    for number, start, _ in months():
        if number % 3:
            continue
        label = f"{iso(start)}"[:7]
        for channel in CHANNELS:
            for kind in _KINDS[channel.name]:
                if dice.chance(0.8) or number == 0:
                    end = min(later(start, 3) - 1, LAST)
                    add(f"{kind} {label}", kind.lower(), channel.name, "prospect", start=start, end=end)


def media(world: World, number: int, channel: str) -> int:
    """What a channel costs in a month beside people, in cents; it grows with the company."""
    base = next(one.media for one in CHANNELS if one.name == channel)
    return int(base * 100 * world.scale * (0.8 + 0.017 * number))


def write_marketing(world: World, out: Out, ids: Ids) -> None:
    """The tables campaign, campaign_cost, touch, score_event, programme_membership, web_daily, content_asset."""
    add = out.table("campaign", "id name type channel audience automated start_date end_date")
    for one in world.campaigns:
        what = (one.kind, one.channel, one.audience, "true" if one.automated else "false")
        add((ids.key("cmp", one.number), one.name, *what, iso(one.start), iso(one.end)))
    _costs(world, out, ids)
    _touches(world, out, ids)
    _web(world, out)
    dice = world.dice("assets")
    asset = out.table("content_asset", "id name team_id stage campaign_id profile last_used_at last_reviewed_at")
    for number in range(1, 41):
        stage = dice.pick(("lead", "mql", "sal", "opportunity", "customer"))
        name = f"{dice.pick(('Guide', 'Case study', 'Checklist', 'Slides', 'Battle card'))} {number}"
        reviewed = LAST - dice.between(5, 500)
        used = LAST - dice.soon(300)
        campaign = ids.key("cmp", dice.pick(world.campaigns).number) if dice.chance(0.6) else None
        team = ids.team(dice.pick(("marketing", "sdr", "success")))
        profile = dice.pick(("SMB", "MM", "ENT", None))
        asset((ids.key("ast", number), name, team, stage, campaign, profile, at(used * DAY), at(reviewed * DAY)))


def _costs(world: World, out: Out, ids: Ids) -> None:
    """Monthly cost of each campaign: its share of the channel's money, and of the people's time."""
    add = out.table("campaign_cost", "campaign_id date amount currency kind channel")
    for number, start, end in months():
        for channel in CHANNELS:
            running = [
                c for c in world.campaigns if c.channel == channel.name and c.start <= end and (c.end or end) >= start
            ]
            if not running:
                continue
            each = media(world, number, channel.name) // len(running)
            for one in running:
                for kind, share in _MEDIA.items():
                    cents = int(each * share)
                    add((ids.key("cmp", one.number), iso(start), money(cents), "USD", kind, channel.name))
                labour = money(each // 4)
                add((ids.key("cmp", one.number), iso(start), labour, "USD", "labour", channel.name))


class _Trail:
    """What leads leave behind, lead by lead."""

    def __init__(self, world: World, out: Out, ids: Ids) -> None:
        self.world, self.ids, self.dice = world, ids, world.dice("touches")
        self.count = 0
        self.touch: Callable[[Sequence[Any]], None] = out.table(
            "touch",
            "id person_id lead_id anonymous_id occurred_at kind campaign_id channel message_id owner_id direction asset_id"
            " is_bot deleted",
        )
        self.score = out.table(
            "score_event", "id person_id lead_id occurred_at value delta reason touch_id model_version"
        )
        self.step = out.table("programme_membership", "id person_id lead_id campaign_id step entered_at left_at status")

    def add(self, lead: Lead, when: int, kind: str, **more: str | None) -> str:
        """One touch; nothing after the last day."""
        if when >= (LAST + 1) * DAY:
            return ""
        self.count += 1
        key, ids = f"tch-{self.count:06d}", self.ids
        anonymous = f"anon-{lead.person:06d}" if when < lead.created else None
        who = (None, None) if anonymous else (ids.key("per", lead.person), ids.key("lead", lead.number))
        campaign = more["campaign"] if "campaign" in more else ids.key("cmp", lead.campaign)
        kinds = (kind, campaign, more.get("channel", lead.channel.name), more.get("message"), more.get("owner"))
        flags = (more.get("direction", "in"), more.get("asset"), more.get("bot", "false"), more.get("deleted", "false"))
        self.touch((key, *who, anonymous, at(when), *kinds, *flags))
        return key


def _touches(world: World, out: Out, ids: Ids) -> None:
    trail, dice = _Trail(world, out, ids), world.dice("trail")
    for lead in world.leads:
        now = lead.created
        if lead.channel.name in ("paid", "organic") and not lead.duplicate:
            trail.add(lead, now - dice.between(1, 9) * DAY, "ad_click" if lead.channel.name == "paid" else "visit")
        kinds = {"outbound": "call", "event": "meeting"}
        first = trail.add(
            lead, now, kinds.get(lead.channel.name, "signup" if lead.number % 7 == 0 else "form"),
            deleted="true" if lead.test else "false", asset=ids.key("ast", 1 + lead.number % 40),
        )  # fmt: skip
        _score(trail, dice, lead, first)
        if dice.chance(0.45):
            _mails(trail, dice, lead)
        reached = {stage.lower().replace("marketing qualified", "mql").replace("sales accepted", "sal")
                   for _, stage, *_ in lead.events}  # fmt: skip
        if "mql" in reached and dice.chance(0.5):
            trail.add(lead, now + dice.between(1, 14) * DAY, "trial" if lead.number % 3 == 0 else "demo")
        owner = ids.key("own", lead.owner)
        for one in lead.handoffs:
            if one["contact"] is not None:
                kind = "call" if dice.chance(0.6) else "meeting"
                trail.add(lead, one["contact"], kind, owner=owner, direction="out", campaign=None)
        if lead.back is not None:
            trail.add(lead, lead.back, "form")


def _score(trail: _Trail, dice: Dice, lead: Lead, first: str) -> None:
    """Points add up; the model was replaced at the start of 2025."""
    total, when, ids = 0, lead.created, trail.ids
    reached = len(lead.events)
    for number in range(1, 2 + dice.between(0, 2) + (reached > 1)):
        points = dice.between(5, 25) + 8 * (reached > 1)
        total += points
        if when >= (LAST + 1) * DAY:
            return
        model = "v2" if when >= 1827 * DAY else "v1"
        reason = dice.pick(("form", "page view", "mail click", "company size"))
        about = (total, points, reason, first if number == 1 and first else None, model)
        who = (ids.key("per", lead.person), ids.key("lead", lead.number))
        trail.score((f"scr-{lead.number:05d}-{number}", *who, at(when), *about))
        when += dice.between(1, 12) * DAY


def _mails(trail: _Trail, dice: Dice, lead: Lead) -> None:
    """The nurture programme: a step per mail, until something happens or nothing does."""
    ids, campaign = trail.ids, trail.ids.key("cmp", 1)
    when = lead.created + DAY
    who = (ids.key("per", lead.person), ids.key("lead", lead.number))
    for step in range(1, 2 + dice.soon(3)):
        if when >= (LAST - 12) * DAY:
            return
        mail = {
            "campaign": campaign,
            "channel": "email",
            "message": f"msg-{lead.number:05d}-{step}",
            "direction": "out",
        }
        reply = {**mail, "direction": "in"}
        trail.add(lead, when, "sent", **mail)
        opened = clicked = False
        if dice.chance(0.03):
            trail.add(lead, when + 30, "bounced", **reply)
        else:
            trail.add(lead, when + 20, "delivered", **mail)
            if dice.chance(0.12):
                trail.add(lead, when + 25, "opened", **reply, bot="true")
            opened = dice.chance(0.34)
            if opened:
                trail.add(lead, when + dice.between(60, 90_000), "opened", **reply)
                clicked = dice.chance(0.2)
            if clicked:
                trail.add(lead, when + 90_000 + dice.between(5, 90), "clicked", **reply)
            if dice.chance(0.006):
                trail.add(lead, when + 95_000, "unsubscribed", **reply)
        status = "advanced" if clicked or opened else "stalled" if dice.chance(0.7) else "dropped"
        left = when + 7 * DAY
        trail.step((f"mem-{lead.number:05d}-{step}", *who, campaign, f"Mail {step}", at(when), at(left), status))
        if status == "dropped":
            return
        when = left


def _web(world: World, out: Out) -> None:
    """Visitors per day and channel: fewer at weekends, more every month, one month in which traffic is worthless."""
    dice = world.dice("web")
    add = out.table("web_daily", "date channel visitors sessions signups campaign_id")
    for day in range(FIRST, LAST + 1):
        trend = (0.7 + 0.6 * (day - FIRST) / (LAST - FIRST)) * (0.45 if weekday(day) > 4 else 1.15)
        for channel in CHANNELS:
            bought = 3 if channel.name == "paid" and 500 <= day - FIRST < 530 else 1
            visitors = int(channel.visitors * trend * world.scale * bought * (0.8 + 0.4 * dice.random())) + 1
            signups = dice.round(visitors * 0.017 / bought)
            add((iso(day), channel.name, visitors, visitors + visitors * dice.between(10, 40) // 100, signups, None))
