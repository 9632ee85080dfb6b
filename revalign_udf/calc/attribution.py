"""Attribution: what is credited to each touch on the way to a conversion.

Rules of the published models: one touch gets everything; **U** gives 40 % to the first and the last touch and 20 % evenly
to those between, on two touches half each; **W** gives 30 % to the first touch, to that of the lead's creation and to that
of the opportunity's creation, and 10 % evenly to the rest; **time decay** halves a touch's weight per half-life back from
the conversion. Credits are whole minor units of the currency and add up to the amount exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from revalign_udf.calc.instants import has_heading, instant
from revalign_udf.calc.ratios import not_negative
from revalign_udf.calc.sums import minor_units
from revalign_udf.calc.texts import text, unequal
from revalign_udf.errors import NoData, UserError

__all__ = [
    "HALF_LIFE", "MODELS", "NO_CHANNEL", "Touch", "attributed", "attribution_weights", "created_at", "credits_of", "read_touches",
    "split_units", "touch_at",
]  # fmt: skip

MODELS = ("first", "last", "linear", "u", "w", "time_decay")
#: days in which the weight of a touch halves, where nobody says otherwise
HALF_LIFE = 7
#: the channel of touches that name none, as in the dimension `channel`
NO_CHANNEL = "(none)"
#: digits of a weight between two whole half-lives; amounts have far fewer
_DIGITS = 30


def attribution_weights(
    model: str, ages: Sequence[int], *, lead: int = 0, opportunity: int = 0, half_life: int = HALF_LIFE
) -> list[int]:
    """The weight of each touch, earliest first; only their proportions mean something.

    ``ages`` are whole days from each touch to the conversion (without one: to the last touch). ``lead`` and
    ``opportunity`` are the places (from 0) of the touches at which the lead and the opportunity were created; without
    one it is the first touch.

    >>> attribution_weights("u", [30, 20, 10, 0])
    [4, 1, 1, 4]
    >>> attribution_weights("w", [40, 30, 20, 10, 0], lead=1, opportunity=3)
    [60, 60, 10, 60, 10]
    >>> early, late = attribution_weights("time_decay", [14, 7])
    >>> late == 2 * early
    True

    Raises UserError REV-114 for an unknown model, a place without a touch, or a half-life below one day.
    """
    count = len(ages)
    if model not in MODELS:
        raise UserError(f"{model} is no attribution model: {', '.join(MODELS)}.", code="REV-114")
    if not count:
        return []
    if model in ("first", "last"):
        chosen = 0 if model == "first" else count - 1
        return [int(place == chosen) for place in range(count)]
    if model == "linear" or count == 1:
        return [1] * count
    if model == "u":
        # 40 : 20 / (n - 2) : 40
        return [1, 1] if count == 2 else [2 * (count - 2), *[1] * (count - 2), 2 * (count - 2)]
    if model == "w":
        return _three_keys(count, (0, lead, opportunity))
    return _decayed(ages, half_life)


def _three_keys(count: int, keys: Sequence[int]) -> list[int]:
    """30 each to three touches, 10 over the rest; keys that fall on one touch add up there."""
    if any(not 0 <= key < count for key in keys):
        raise UserError("There is no touch at this place.", code="REV-114")
    times = [keys.count(place) for place in range(count)]
    rest = times.count(0)
    # without a rest its tenth goes evenly to the three
    return [30 * rest * n if n else 10 for n in times] if rest else times


def _decayed(ages: Sequence[int], half_life: int) -> list[int]:
    if half_life < 1:
        raise UserError("A half-life is at least one day.", code="REV-114")
    not_negative(min(ages), "The days from a touch to the conversion")
    halvings = [divmod(age, half_life) for age in ages]
    most = max(whole for whole, _ in halvings)
    return [_between(rest, half_life) << (most - whole) for whole, rest in halvings]


@lru_cache(maxsize=4096)
def _between(days: int, half_life: int) -> int:
    """2 ** -(days / half_life) to thirty digits, as a whole number: the same on every machine."""
    context = Context(prec=2 * _DIGITS, rounding=ROUND_HALF_EVEN)
    power = context.power(Decimal(2), context.divide(Decimal(-days), Decimal(half_life)))
    return int(power.scaleb(_DIGITS, context).to_integral_value(ROUND_HALF_EVEN, context))


def split_units(total: int, weights: Sequence[int], unit: int = 1) -> list[int]:
    """Split a whole number by weights into whole units that add up to it, by largest remainder.

    Each part gets the whole units below its exact share; what is left goes, one unit each, to the largest remainders,
    ties to the earlier part. Where the total itself is no whole number of units, the piece of a unit left at the end goes
    to the next in that order. A total below zero is split like its opposite.

    >>> split_units(100, [1, 1, 1]), split_units(-100, [1, 1, 1])
    ([34, 33, 33], [-34, -33, -33])
    >>> split_units(1_000_005, [1, 1, 1], unit=10_000)
    [340000, 330005, 330000]
    """
    whole = sum(weights)
    if not whole:
        raise UserError("There is nothing to split the amount over.", code="REV-114", cell="#NUM!")
    sign, size = (-1, -total) if total < 0 else (1, total)
    step = whole * unit
    parts, rests = [], []
    for place, weight in enumerate(weights):
        units, rest = divmod(size * weight, step)
        parts.append(units * unit)
        rests.append((-rest, place))
    left = size - sum(parts)
    for _, place in sorted(rests):
        if left <= 0:
            break
        parts[place] += min(unit, left)
        left -= unit
    return [sign * part for part in parts]


def credits_of(
    total: int, ages: Sequence[int], model: str, *, unit: int = 1, lead: int = 0, opportunity: int = 0,
    half_life: int = HALF_LIFE,
) -> list[int]:  # fmt: skip
    """What each touch, earliest first, is credited of an amount, in whole units; see :func:`attribution_weights`.

    >>> credits_of(100_00, [30, 20, 10, 0], "u")
    [4000, 1000, 1000, 4000]
    """
    weights = attribution_weights(model, ages, lead=lead, opportunity=opportunity, half_life=half_life)
    return split_units(total, weights, unit)


Touch = tuple[datetime, str]
"""when, and through which channel"""


def read_touches(dates: Sequence[Any], channels: Sequence[Any]) -> list[Touch]:
    """The touches of two columns of cells side by side, earliest first; those of one moment stay in their order.

    Rows blank in both are left out, a first row of headings too; a touch without a channel is one of "(none)".

    >>> [channel for _, channel in read_touches(["date", "2026-03-02", "2026-03-01", 0], ["channel", "ads", None, None])]
    ['(none)', 'ads']

    Raises UserError REV-102 for columns of different length, REV-112 for a channel without a date, a date that cannot be
    read, and times of which only some have a time zone; NoData REV-204 without a touch.
    """
    if len(dates) != len(channels):
        raise unequal("channels", len(channels), len(dates))
    found: list[Touch] = []
    skipped = has_heading(dates)
    for row, (cell, name) in enumerate(zip(dates[skipped:], channels[skipped:], strict=True), 1 + skipped):
        when, channel = instant(cell, f"touch_dates: row {row}"), text(name, "channels")
        if when is not None:
            found.append((when, channel or NO_CHANNEL))
        elif channel is not None:
            raise UserError(f"Row {row} has a channel and no date.", code="REV-112", hint="Say when the touch was.")
    if not found:
        raise NoData("There is no touch.")
    _one_clock([when for when, _ in found])
    return sorted(found, key=lambda touch: touch[0])


def _one_clock(moments: Sequence[datetime]) -> None:
    if len({when.utcoffset() is None for when in moments}) > 1:
        raise UserError(
            "Some times have a time zone and others have none.", code="REV-112", hint="Give all of them one or none."
        )


def touch_at(touches: Sequence[datetime], when: datetime | None) -> int:
    """The place of the touch at which something was created: the last of its day up to its moment, else the first later
    that day (who knows days only says midnight), else the last before, else the first. None is the first.

    >>> days = [datetime.fromisoformat(text) for text in ("2026-03-01", "2026-03-05 10:00", "2026-03-05 15:00")]
    >>> [touch_at(days, datetime.fromisoformat(text)) for text in ("2026-03-05 12:00", "2026-03-05", "2026-03-04", "2026-02-01")]
    [1, 1, 0, 0]
    """
    return created_at([(touch.date(), touch) for touch in touches], when.date(), when) if when else 0


def created_at(touches: Sequence[tuple[Any, Any]], day: Any, moment: Any) -> int:
    """The same for touches as (day, moment) in any units that compare, such as whole days and microseconds.

    >>> created_at([(1, 10), (5, 50), (5, 55)], 5, 52), created_at([(1, 10), (5, 50)], 5, 48)
    (1, 1)
    """
    same = [place for place, (on, _) in enumerate(touches) if on == day]
    before = [place for place, (on, at) in enumerate(touches) if on <= day and at <= moment]
    if same and not (before and before[-1] in same):
        return same[0]
    return before[-1] if before else 0


def attributed(
    model: str, touches: Sequence[Touch], value: Fraction, half_life: Fraction | None = None, won: date | None = None,
    keys: Sequence[datetime | None] = (),
) -> list[tuple[str, Fraction]]:  # fmt: skip
    """What each channel is credited of a value, the credits adding up to it; in the order of the first touches.

    ``touches`` come earliest first. Those after the day ``won`` are no part of the way there and get 0. ``keys`` are the
    moments at which the lead and the opportunity were created, for the model ``w``; one that is None counts at the first
    touch. Without a currency at hand credits are whole hundredths, or finer where the value itself is.

    >>> touches = [(datetime(2026, 3, day), channel) for day, channel in ((1, "ads"), (5, "mail"), (9, "ads"), (12, "call"))]
    >>> [(channel, str(credit)) for channel, credit in attributed("u", touches, Fraction(100))]
    [('ads', '50'), ('mail', '10'), ('call', '40')]

    Raises UserError REV-102 for ``w`` without keys, REV-114 for an unknown model or a half-life that is no whole number of
    days; NoData REV-204 where every touch came after the day.
    """
    days = Fraction(HALF_LIFE) if half_life is None else half_life
    if days.denominator != 1 or days < 1:
        raise UserError("A half-life is a whole number of days, at least 1.", code="REV-114", cell="#NUM!")
    way = [when for when, _ in touches if won is None or when.date() <= won]
    if not way:
        raise NoData(f"Every touch came after {won}.")
    if model == "w" and len(way) > 1 and not any(keys):
        raise UserError(
            "The model w needs to know when the lead and the opportunity were created.", hint="Give both as key_dates."
        )
    if len(keys) > 2:
        raise UserError(f"key_dates has {len(keys)} dates.", hint="Give two: lead created, opportunity created.")
    lead, opportunity = [*keys, None, None][:2]
    _one_clock([way[0], *filter(None, (lead, opportunity))])
    ages = [((won or way[-1].date()) - when.date()).days for when in way]
    units = minor_units(value)
    parts = credits_of(
        int(value * units), ages, model, lead=touch_at(way, lead), opportunity=touch_at(way, opportunity),
        half_life=int(days),
    )  # fmt: skip
    found: dict[str, int] = {}
    for place, (_, channel) in enumerate(touches):
        found[channel] = found.get(channel, 0) + (parts[place] if place < len(parts) else 0)
    return [(channel, Fraction(part, units)) for channel, part in found.items()]
