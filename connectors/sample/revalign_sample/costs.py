"""What it all costs, and what was promised: the books of finance, the goals of the year."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from revalign_sample.clock import FIRST, LAST, MONTHS, iso, later, money, month_of, months
from revalign_sample.marketing import media
from revalign_sample.out import Ids, Out
from revalign_sample.world import CHANNELS, World

__all__ = ["write_expenses", "write_goals"]

#: function -> (people at first, people more per month, dollars per person and month, team)
_PEOPLE = {
    "marketing": (5.0, 0.11, 8_600, "marketing"),
    "sales": (9.0, 0.27, 9_800, "sdr"),
    "success": (3.0, 0.08, 7_600, "success"),
    "support": (3.0, 0.09, 6_200, "support"),
    "product": (9.0, 0.30, 10_500, "product"),
    "g_and_a": (4.0, 0.08, 9_000, "finance"),
}
_TOOLS = {"marketing": 5_500, "sales": 7_000, "success": 1_800, "support": 2_400, "product": 4_000, "g_and_a": 3_000}


def mrr_of(world: World, day: int) -> int:
    """Recurring cents of a month, at the end of a day; euros at a round rate."""
    total = 0
    for sub in world.subs:
        if yearly := sub.yearly(day):
            total += yearly * (110 if world.orgs[sub.org - 1].currency == "EUR" else 100) // 1200
    return total


def write_expenses(world: World, out: Out, ids: Ids) -> None:
    """The table expense: people, tools, campaigns, commissions and the cost of running the product, by month."""
    dice = world.dice("expenses")
    rows: Callable[[Sequence[Any]], None] = out.table(
        "expense",
        "id date period_start period_end amount currency function kind team_id campaign_id channel",
    )
    count = 0

    def add(function: str, kind: str, cents: int, start: int, end: int | None, **more: str | None) -> None:
        nonlocal count
        count += 1
        dates = (iso(start), None, None) if end is None else (None, iso(start), iso(end))
        rest = (more.get("team"), more.get("campaign"), more.get("channel"))
        rows((f"exp-{count:05d}", *dates, money(cents), more.get("currency", "USD"), function, kind, *rest))

    sold = _sold(world)
    for number, start, end in months():
        for function, (first, more, pay, team) in _PEOPLE.items():
            people = max(1.0, (first + more * number) * world.scale)
            add(function, "salary", int(people * pay * 100), start, end, team=ids.team(team))
            add(function, "tool", int(_TOOLS[function] * 100 * max(world.scale, 0.1)), start, end)
        for channel in CHANNELS:
            add("marketing", "programme", media(world, number, channel.name), start, end, channel=channel.name)
        if commission := sold.get(month_of(start), 0) // 11:
            add("sales", "commission", commission, end, None, team=ids.team("north"))
        running = mrr_of(world, end)
        add("product", "cogs", running * 15 // 100, start, end)
        add("support", "cogs", running * dice.between(5, 7) // 100, start, end)
        add("g_and_a", "overhead", int(14_000_00 * world.scale), start, end)
        if number % 6 == 4:  # stands are paid once, in euros
            fair = next(
                (c for c in world.campaigns if c.channel == "event" and c.start <= start <= (c.end or start)), None
            )
            campaign = ids.key("cmp", fair.number) if fair else None
            price = int(9_000_00 * world.scale)
            add("marketing", "programme", price, start + 9, None, channel="event", campaign=campaign, currency="EUR")
        if number % 12 == 0:  # paid in advance for a year: spread by day
            add("sales", "tool", int(18_000_00 * world.scale), start, min(later(start, 12) - 1, LAST))


def _sold(world: World) -> dict[str, int]:
    """Cents of a year sold, by month: what commissions are paid on."""
    sold: dict[str, int] = {}
    for opp in world.opps:
        if opp.outcome == "won" and opp.kind != "renewal" and opp.close_day >= FIRST:
            times = {"tcv": 12 / max(12, opp.term), "mrr": 12.0}.get(opp.basis, 1.0)
            month = month_of(opp.close_day)
            sold[month] = sold.get(month, 0) + int(opp.amount * times)
    return sold


def write_goals(world: World, out: Out, ids: Ids) -> None:
    """The table goal: targets by month and quarter, quotas of people, and promises between teams."""
    dice = world.dice("goals")
    add = out.table("goal", "metric period value currency team_id owner_id is_commitment")
    sold, mrr = _sold(world), 0
    for number in range(MONTHS + 2):  # to the end of the quarter that is running
        start = later(FIRST, number)
        end, month = later(start, 1) - 1, month_of(start)
        mrr = mrr_of(world, end) if end <= LAST else mrr * 102 // 100
        add(("mrr", month, money(mrr * dice.between(97, 107) // 100), "USD", None, None, "false"))
        add(("logo_churn", month, "0.02", None, ids.team("success"), None, "false"))
        leads = int((240 + 4.8 * number) * world.scale)
        add(("new_leads", month, leads, None, ids.team("marketing"), None, "false"))
        # marketing promises so many qualified leads, sales promises to work on them
        add(("mql", month, leads * 2 // 5, None, ids.team("marketing"), None, "true"))
        add(("sql_leads", month, leads // 5, None, ids.team("sdr"), None, "true"))
        if number % 3 == 1:
            _quarter(world, add, ids, start, sum(sold.get(month_of(later(start, back)), 0) for back in (-4, -3, -2)))


def _quarter(world: World, add: Callable[[Sequence[Any]], None], ids: Ids, last: int, before: int) -> None:
    """Goals of the quarter whose last month starts on a day: a tenth above the quarter before, shared by the reps."""
    month = month_of(last)
    period = f"{month[:4]}-Q{int(month[5:]) // 3}"
    wanted = max(before, int(world.scale * 300_000_00)) * 110 // 100
    add(("bookings", period, money(wanted), "USD", None, None, "false"))
    add(("nrr", period, "1.05", None, ids.team("success"), None, "false"))
    staff = world.staff("ae", last)
    for owner in staff:
        quota = wanted * (85 + owner.number * 7 % 40) // 100 // len(staff)
        add(("bookings", period, money(quota), "USD", None, ids.key("own", owner.number), "false"))
