"""Functions on finance's own numbers: an amount shared exactly, over the touches before a sale or over the reps."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from revalign_udf.calc.attribution import HALF_LIFE, MODELS, attributed, read_touches
from revalign_udf.calc.cells import Column
from revalign_udf.calc.commission import split_pot
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.registry import Example, function
from revalign_udf.functions.rows import labelled, share_rows

_EXACT = "whole hundredths that add up to it, or finer where it has more decimals"
_DATES = ["2026-03-01", "2026-03-05", "2026-03-09", "2026-03-12"]


@function(
    "ATTRIBUTION",
    [
        Argument("model", "choice", f"{', '.join(MODELS)}.", enum=MODELS),
        Argument("touch_dates", "cells", "When each touch was: dates, with times where one day has several; in any order."),
        Argument("channels", "cells", 'Channel of each touch, beside it; blank is "(none)".'),
        Argument("value", "number", f"Value of the sale; credits are {_EXACT}."),
        Argument(
            "half_life_days",
            "number",
            f"For time_decay: whole days in which a touch's weight halves. Default {HALF_LIFE}.",
            optional=True,
        ),
        Argument(
            "conversion_date",
            "day",
            "Day of the sale. Touches after it are credited nothing; time_decay counts back from it, else from the last "
            "touch.",
            optional=True,
        ),
        Argument(
            "key_dates",
            "instants",
            "For w: two cells, when the lead and when the opportunity was created; a blank one counts at the first touch.",
            optional=True,
        ),
    ],
    returns="spill",
    examples=[
        Example(
            ("u", _DATES, ["ads", "mail", "ads", "call"], 100),
            [["channel", "credit"], ["ads", 50.0], ["mail", 10.0], ["call", 40.0]],
        ),
        Example(
            ("linear", _DATES[:3], ["ads", "mail", "call"], 100),
            [["channel", "credit"], ["ads", 33.34], ["mail", 33.33], ["call", 33.33]],
            "the cent left over goes to the earliest",
        ),
        Example(
            ("last", _DATES, ["ads", "mail", "ads", "call"], 100, None, "2026-03-10"),
            [["channel", "credit"], ["ads", 100.0], ["mail", 0.0], ["call", 0.0]],
            "the call came after the sale",
        ),
        Example(
            ("w", _DATES, ["ads", "mail", "web", "call"], 100, None, None, ["2026-03-05", "2026-03-12"]),
            [["channel", "credit"], ["ads", 30.0], ["mail", 30.0], ["web", 10.0], ["call", 30.0]],
        ),
        Example(("w", _DATES, ["ads", "mail", "web", "call"], 100), "#VALUE!", "w needs key_dates"),
    ],
)  # fmt: skip
def attribution(
    model: str, touch_dates: list[Any], channels: list[Any], value: Fraction, half_life_days: Fraction | None,
    conversion_date: date | None, key_dates: list[datetime | None],
) -> list[list[Any]]:  # fmt: skip
    """What each channel is credited of a sale's value, by a published model; the credits add up to the value."""
    touches = read_touches(touch_dates, channels)
    found = attributed(model, touches, value, half_life_days, conversion_date, key_dates)
    return share_rows(("channel", "credit"), found)


@function(
    "COMMISSION_SPLIT",
    [
        Argument("pot", "number", f"Money to share; shares are {_EXACT}."),
        Argument("weights", "column", "What each share goes by, such as net new revenue; below 0 counts as 0."),
        Argument("labels", "labels", "Name of each share, such as the rep; numbered from 1 without.", optional=True),
    ],
    returns="spill",
    examples=[
        Example(
            (100, [1, 1, 1], ["Ann", "Bo", "Cy"]),
            [["label", "share"], ["Ann", 33.34], ["Bo", 33.33], ["Cy", 33.33]],
        ),
        Example((1000, [[300.0], [-50.0], [100.0]]), [["label", "share"], ["1", 750.0], ["2", 0.0], ["3", 250.0]]),
        Example((100, [0, -5]), "#DIV/0!"),
    ],
)
def commission_split(pot: Fraction, weights: Column, labels: list[str | None]) -> list[list[Any]]:
    """A pot shared by weights to the last cent: the shares add up to the pot, largest remainders first."""
    shares = split_pot(pot, weights.values)
    return share_rows(("label", "share"), labelled(labels, weights.values, shares))
