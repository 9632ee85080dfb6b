"""How customers fare: what they use, what they ask, what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from revalign_sample.clock import DAY, FIRST, LAST, Dice, at, iso, weekday
from revalign_sample.out import Ids, Out
from revalign_sample.world import Org, World

__all__ = ["write_health"]

_FEATURES = ("reports", "planning", "alerts")
#: usual answer to "would you recommend us", by segment
_MOOD = {"SMB": 8.2, "MM": 8.6, "ENT": 8.9}
_COMMENTS = {
    "good": ("Saves us a day every month.", "The team answers fast.", "Does what was promised."),
    "bad": ("Too slow on large data.", "Not what we were shown.", "Hard to get an answer."),
}


def write_health(world: World, out: Out, ids: Ids) -> None:
    """The tables usage_daily, ticket, survey_response."""
    _usage(world, out, ids)
    _Desk(world, out, ids).write()


def _seats(org: Org, day: int) -> int:
    held = 0
    for start, seats in org.seats:
        if start > day:
            break
        held = seats
    return held


def _usage(world: World, out: Out, ids: Ids) -> None:
    """Every Wednesday, by feature. In the last months before they leave customers use less and less."""
    dice = world.dice("usage")
    add = out.table("usage_daily", "date org_id product_id feature active_users events seats monthly_active_users")
    product = ids.product("core")
    first = next(day for day in range(FIRST, FIRST + 7) if weekday(day) == 2)
    for org in world.paying():
        key, level = ids.org(org.number), 0.45 + 0.45 * dice.random()
        features = _FEATURES[: 1 + (dice.random() < 0.6) + (dice.random() < 0.3)]
        last = min(LAST, org.gone or LAST)
        for day in range(first, last + 1, 7):
            if day < (org.from_day or 0):
                continue
            seats = _seats(org, day)
            ramp = min(1.0, 0.35 + (day - (org.from_day or 0)) / 90)
            left = (org.gone or LAST + 999) - day
            fade = max(0.15, left / 120) if left < 120 else 1.0
            for place, feature in enumerate(features):
                monthly = min(seats, int(seats * level * ramp * fade * (1.0, 0.6, 0.3)[place]) + 1)
                active = max(1, monthly * dice.between(45, 90) // 100)
                add((iso(day), key, product, feature, active, active * dice.between(4, 30), seats, monthly))


class _Desk:
    """Tickets and answers while they are written."""

    def __init__(self, world: World, out: Out, ids: Ids) -> None:
        self.world, self.ids, self.dice = world, ids, world.dice("support")
        self.tickets = self.answers = 0
        self.ticket: Callable[[Sequence[Any]], None] = out.table(
            "ticket",
            "id org_id created_at first_response_at solved_at reopened priority channel owner_id deleted attrs",
        )
        self.survey: Callable[[Sequence[Any]], None] = out.table(
            "survey_response",
            "id responded_at kind score scale_max comment org_id person_id product_id invited_at",
        )

    def write(self) -> None:
        """Everything customers asked and said."""
        for org in self.world.paying():
            start, end = max(FIRST, org.from_day or 0), min(LAST, org.gone or LAST)
            large = {"SMB": 1, "MM": 2, "ENT": 4}[org.segments[-1][1]]
            for day in range(start, end + 1, 30):
                for _ in range(self.dice.round(0.5 * large * (1.8 if (org.gone or 9999) - day < 90 else 1))):
                    self.open(org, day + self.dice.between(0, 29), end)
            for day in range(start + 60 + org.number % 30, end + 1, 182):
                if self.dice.chance(0.45):
                    mood = self.mood(org, day)
                    self.answer(org, "nps", day, min(10, max(0, mood)), 10)
            if start + 45 <= end and (org.from_day or 0) >= FIRST and self.dice.chance(0.5):
                self.answer(org, "match", start + 45, int(self.dice.chance(0.78)), 1)
            if self.dice.chance(0.05) and end - start > 40:
                kind = "interview" if self.dice.chance(0.5) else "informal"
                self.answer(org, kind, start + self.dice.between(20, end - start), None, None)

    def mood(self, org: Org, day: int) -> int:
        """An answer from 0 to 10: those about to leave are cross, some always are."""
        near = (org.gone or 9999) - day < 120
        middle = _MOOD[org.segments[-1][1]] - (3.2 if near else 0) - (2.5 if org.number % 6 == 0 else 0)
        spread = self.dice.random() + self.dice.random() + self.dice.random() - 1.5
        return round(middle + spread * 2.6)

    def open(self, org: Org, day: int, end: int) -> None:
        """A ticket, and sometimes what they thought of the answer."""
        if day > end:
            return
        dice: Dice = self.dice
        self.tickets += 1
        created = day * DAY + dice.between(7 * 3600, 20 * 3600)
        response = created + (dice.between(300, 14_000) if dice.chance(0.8) else dice.between(1, 4) * DAY)
        solved = response + dice.soon(9) * DAY + dice.between(600, 50_000)
        limit = (LAST + 1) * DAY
        staff = self.world.staff("support", day)
        answered = at(response) if response < limit else None
        done = at(solved) if solved < limit and not dice.chance(0.02) else None
        again = "true" if dice.chance(0.07) else "false"
        rest = (dice.weigh({"normal": 0.7, "high": 0.2, "urgent": 0.1}), dice.pick(("email", "chat", "phone")))
        gone = "true" if self.tickets % 151 == 1 else "false"  # spam that was deleted
        attrs = '{"topic":"import"}' if self.tickets % 5 == 0 else None
        owner = self.ids.key("own", dice.pick(staff).number)
        key = f"tic-{self.tickets:05d}"
        self.ticket((key, self.ids.org(org.number), at(created), answered, done, again, *rest, owner, gone, attrs))
        if done and dice.chance(0.25):
            self.answer(org, "csat", solved // DAY + 1, max(1, min(5, self.mood(org, day) // 2 + 1)), 5)
        elif done and dice.chance(0.1):
            self.answer(org, "ces", solved // DAY + 1, dice.between(2, 7), 7)

    def answer(self, org: Org, kind: str, day: int, score: int | None, scale: int | None) -> None:
        """What somebody there said."""
        if day > LAST:
            return
        self.answers += 1
        good = score is not None and scale is not None and score * 10 >= scale * 7
        said = self.dice.pick(_COMMENTS["good" if good else "bad"]) if scale is None or self.dice.chance(0.25) else None
        invited = at(day * DAY - self.dice.between(1, 9) * 3600) if scale is not None else None
        people = self.world.people_of.get(org.number)
        person = self.ids.key("per", people[0]) if people else None
        second = at(day * DAY + self.dice.between(8 * 3600, 18 * 3600))
        product = self.ids.product("core")
        whom = (self.ids.org(org.number), person, product, invited)
        self.survey((f"sur-{self.answers:05d}", second, kind, score, scale, said, *whom))
