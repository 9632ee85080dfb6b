"""Dates and times out of cells, and the share of hand-offs contacted in time on ranges."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.calc.instants import days, instant, instants
from revalign_udf.errors import UserError
from revalign_udf.functions import call_cell

WEEK = "Mon-Fri 09:00-17:00 Europe/Stockholm"


def wall(*parts: int) -> datetime:
    """What a clock shows."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (46098.375, wall(2026, 3, 17, 9)),
        # ten past nine is no exact fraction of a day
        (46098 + 550 / 1440, wall(2026, 3, 17, 9, 10)),
        (46098, wall(2026, 3, 17)),
        (date(2026, 3, 17), wall(2026, 3, 17)),
        ("2026-03-17T09:00:30", wall(2026, 3, 17, 9, 0, 30)),
        # a host labels its clock with a zone that is not its own
        (datetime(2026, 3, 17, 9, tzinfo=UTC), wall(2026, 3, 17, 9)),
        ("2026-03-17T09:00:00+02:00", datetime.fromisoformat("2026-03-17T09:00:00+02:00")),
        (None, None), ("", None), (0, None), (0.0, None),
    ],
)  # fmt: skip
def test_one_instant(cell: Any, found: datetime | None) -> None:
    assert instant(cell, "handed_at") == found


@pytest.mark.parametrize("cell", ["yesterday", 12.5, True, "17.03.2026", "#N/A"])
def test_no_instant(cell: Any) -> None:
    with pytest.raises(UserError) as caught:
        instant(cell, "handed_at")
    assert caught.value.code == "REV-112"


def test_ranges_with_headers_and_blanks() -> None:
    assert instants([["Handed over"], ["2026-03-17"], [""], [46098.0]], "x") == [
        wall(2026, 3, 17),
        None,
        wall(2026, 3, 17),
    ]
    assert days([[46098.375, "2026-03-18"]], "x") == [date(2026, 3, 17), date(2026, 3, 18)]
    assert days(None, "x") == []


def rate(*arguments: Any) -> Any:
    answer = call_cell("SLA_RATE", list(arguments))
    return answer["error"] if "error" in answer else answer["cell"]


@pytest.mark.parametrize(
    ("arguments", "cell"),
    [
        # Friday 16:00 to Monday 12:00 is four hours, the clock change notwithstanding; a second more is too late
        ((["2026-03-27 16:00", "2026-03-27 16:00"], ["2026-03-30 12:00", "2026-03-30 12:00:01"], 4, WEEK), 0.5),
        # the same as serial numbers, as columns, with headers
        (([["handed"], [46108.666666666664]], [["first"], [46111.5]], 4, WEEK), 1.0),
        # Monday is a holiday: Tuesday at noon is in time
        (("2026-03-27 16:00", "2026-03-31 12:00", 4, WEEK, "2026-03-30"), 1.0),
        # 24 x 7: 66 hours on the clock of a week without a change of it
        (("2026-03-20 16:00", "2026-03-23 10:00", 66), 1.0),
        (("2026-03-20 16:00", "2026-03-23 10:00:01", 66), 0.0),
        # offsets are taken at their word: 16:00 in New York is 21:00 in Stockholm, closed
        (("2026-03-20T16:00-04:00", "2026-03-23T09:30+01:00", Fraction(1, 2), WEEK), 1.0),
        # still waiting: broken once the time is up, left out before, and a date means its end
        ((["2026-03-25 10:00", "2026-03-25 16:00"], [None, "2026-03-25 16:30"], 8, WEEK, None, "2026-03-25"), 1.0),
        ((["2026-03-25 10:00", "2026-03-25 16:00"], [None, "2026-03-25 16:30"], 6, WEEK, None, "2026-03-25"), 0.5),
        (
            (["2026-03-25 10:00", "2026-03-25 16:00"], [None, "2026-03-25 16:30"], 6, WEEK, None, "2026-03-25 15:59"),
            "#NUM!",
        ),
        # a contact after as_of was not known then
        (("2026-03-25 10:00", "2026-03-25 18:00", 6, WEEK, None, "2026-03-25 17:00"), 0.0),
        ((["2026-03-25 10:00"], [None], 8, WEEK, None, "2026-03-25"), "#DIV/0!"),
        ((["2026-03-25 10:00"], [None], 8, WEEK), "#VALUE!"),
        ((["2026-03-25 10:00", None], ["2026-03-25 11:00", None], 8, WEEK), 1.0),
        ((["2026-03-25 10:00", None], ["2026-03-25 11:00", "2026-03-25 11:00"], 8, WEEK), "#VALUE!"),
        (("2026-03-25 10:00", "2026-03-25 09:00", 8, WEEK), "#NUM!"),
        (("2026-03-25 10:00", "2026-03-25 11:00", -1, WEEK), "#NUM!"),
        ((["2026-03-25 10:00"] * 2, ["2026-03-25 11:00"], 8, WEEK), "#VALUE!"),
        (("2026-03-25 10:00", "2026-03-25 11:00", 8, "nine to five"), "#VALUE!"),
        ((["2026-03-25 10:00", "#REF!"], ["2026-03-25 11:00", None], 8, WEEK), "#REF!"),
    ],
)
def test_the_share_kept(arguments: tuple[Any, ...], cell: Any) -> None:
    assert rate(*arguments) == cell


@given(st.lists(st.integers(0, 30), min_size=1), st.integers(9, 30))
def test_adding_a_broken_promise_never_improves_the_share(hours: list[int], late: int) -> None:
    start = wall(2026, 3, 25, 9)

    def share(waited: list[int]) -> Any:
        return rate([start] * len(waited), [start + timedelta(hours=one) for one in waited], 8)

    assert share(hours) == float(Fraction(sum(one <= 8 for one in hours), len(hours)))
    assert share([*hours, late]) <= share(hours)
