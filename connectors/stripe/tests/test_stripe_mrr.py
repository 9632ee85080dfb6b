"""MRR from Stripe to the answer, month by month, against a computation by hand.

The same seven months are read three ways: by a pull every two weeks, by pulls with a gap of more than 25 days, and by a
single pull at the end, which knows the past from invoices alone. All three have to come to the same figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.config import load as load_project
from revalign_udf.connector import Context
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.query import Query
from revalign_udf.sync import PullOptions

fake = load(Path(__file__).with_name("fake_stripe.py"))
moment = fake.moment

#: month -> customer -> MRR by hand
BY_HAND = {
    # monthly 100.00; three of them from 15 December on, two from 10 March on
    "upgrades": {"2025-10": 100, "2025-11": 100, "2025-12": 300, "2026-01": 300, "2026-02": 300, "2026-03": 200, "2026-04": 200},
    # monthly 50.00 from 5 November, half of it off for three months
    "coupon": {"2025-11": 25, "2025-12": 25, "2026-01": 25, "2026-02": 50, "2026-03": 50, "2026-04": 50},
    # monthly 80.00 after a trial from 20 January to 3 February
    "trial": {"2026-02": 80, "2026-03": 80, "2026-04": 80},
    # 1,200.00 a year from 10 November
    "annual": {"2025-11": 100, "2025-12": 100, "2026-01": 100, "2026-02": 100, "2026-03": 100, "2026-04": 100},
    # 10,000 yen a month from 1 December, at 0.007 dollars
    "yen": {"2025-12": 70, "2026-01": 70, "2026-02": 70, "2026-03": 70, "2026-04": 70},
    # monthly 40.00 from 15 October, cancelled on 20 February for the end of the period, 15 March
    "leaves": {"2025-10": 40, "2025-11": 40, "2025-12": 40, "2026-01": 40, "2026-02": 40},
    # monthly 60.00 from 2 March, 20.00 off the first bill
    "once": {"2026-03": 40, "2026-04": 60},
    # 30.00 a month and 1.00 per unit used; only the 30.00 recur. From 7 January, another plan (45.00) from 18 March
    "plan": {"2026-01": 30, "2026-02": 30, "2026-03": 45, "2026-04": 45},
    # a second item from 12 February to 25 March
    "items": {"2026-01": 10, "2026-02": 17, "2026-03": 10, "2026-04": 10},
    # the whole customer has 10 % off
    "everyone": {"2026-02": 90, "2026-03": 90, "2026-04": 90},
    # collection paused with void from 8 March to 6 April
    "paused": {"2026-02": 20, "2026-04": 20},
    # never paid
    "incomplete": {},
}  # fmt: skip
MONTHS = ["2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]


class Story:
    """Seven months at Stripe's; ``until`` plays them up to a day."""

    def __init__(self) -> None:
        self.stripe = fake.FakeStripe()
        self.stripe.now = moment("2025-09-30")
        self.subs: dict[str, str] = {}
        self.customers = {name: self.stripe.customer(name, f"a@{name}.example") for name in BY_HAND}
        self._steps = sorted(self._script(), key=lambda step: step[0])

    def until(self, day: str) -> None:
        while self._steps and self._steps[0][0] <= day:
            at, step = self._steps.pop(0)
            self.stripe.advance(moment(at) + 9 * 3_600)
            step()
        self.stripe.advance(moment(day) + 12 * 3_600)

    def _subscribe(self, name: str, *lines: tuple[str, int | None], **more: Any) -> None:
        self.subs[name] = self.stripe.subscribe(self.customers[name], *lines, **more)

    def _script(self) -> list[tuple[str, Any]]:
        s, sub = self.stripe, self.subs
        hundred, fifty, eighty, forty, sixty = (s.price(cents) for cents in (10000, 5000, 8000, 4000, 6000))
        year, yen = s.price(120000, interval="year"), s.price(10000, "jpy")
        base, used, other = s.price(3000), s.price("100", usage="metered"), s.price(4500)
        ten, seven, twenty = s.price(1000), s.price(700), s.price(2000)
        half = s.coupon("repeating", percent_off=50, duration_in_months=3)
        off = s.coupon("once", amount_off=2000, currency="usd")
        tenth = s.coupon("forever", percent_off="10")

        def unpause() -> None:
            s.status(sub["paused"], "", pause_collection=None)

        return [
            ("2025-10-01", lambda: self._subscribe("upgrades", (hundred, 1))),
            ("2025-10-15", lambda: self._subscribe("leaves", (forty, 1))),
            ("2025-11-05", lambda: self._subscribe("coupon", (fifty, 1), coupon=half)),
            ("2025-11-10", lambda: self._subscribe("annual", (year, 1))),
            ("2025-12-01", lambda: self._subscribe("yen", (yen, 1))),
            ("2025-12-15", lambda: s.change(sub["upgrades"], quantity=3)),
            ("2026-01-04", lambda: self._subscribe("items", (ten, 1))),
            ("2026-01-07", lambda: self._subscribe("plan", (base, 1), (used, None))),
            ("2026-01-20", lambda: self._subscribe("trial", (eighty, 1), trial_end=moment("2026-02-03"))),
            ("2026-02-01", lambda: self._subscribe("incomplete", (fifty, 9), status="incomplete")),
            ("2026-02-02", lambda: s.status(sub["incomplete"], "incomplete_expired", ended_at=s.now)),
            ("2026-02-03", lambda: self._subscribe("paused", (twenty, 1))),
            ("2026-02-08", lambda: s.give_customer(self.customers["everyone"], tenth)),
            ("2026-02-09", lambda: self._subscribe("everyone", (hundred, 1))),
            ("2026-02-12", lambda: sub.update(line=s.add_line(sub["items"], seven, 1))),
            ("2026-02-20", lambda: s.cancel(sub["leaves"], at_period_end=True, feedback="too_expensive")),
            ("2026-03-02", lambda: self._subscribe("once", (sixty, 1), coupon=off)),
            ("2026-03-08", lambda: s.status(sub["paused"], "", pause_collection={"behavior": "void", "resumes_at": None})),
            ("2026-03-10", lambda: s.change(sub["upgrades"], quantity=2)),
            ("2026-03-18", lambda: s.change(sub["plan"], price=other)),
            ("2026-03-25", lambda: s.remove_line(sub["items"], sub["line"])),
            ("2026-04-06", unpause),
        ]  # fmt: skip


SETTINGS = """
[company]
name = "Test"
currency = "USD"
time_zone = "UTC"

[source.stripe]
connector = "stripe"
api_key = "$env:STRIPE_TEST_OF_MRR"
base_url = "{base_url}"

[source.stripe.mapping.customers]
industry = "name"

[source.files]
connector = "csv"
path = "data"
"""


def told(
    folder: Path, days: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, dict[str, Fraction]], list[str]]:
    """MRR by customer and month after pulls on some days, and what the pulls reported."""
    monkeypatch.setenv("STRIPE_TEST_OF_MRR", fake.KEY)
    story, said = Story(), list[str]()
    with story.stripe.api as api:
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "fx_rate.csv").write_text(
            "date,from_currency,to_currency,rate\n"
            + "".join(f"{month}-01,JPY,USD,0.007\n{month}-28,JPY,USD,0.007\n" for month in MONTHS)
        )
        (folder / "revalign.toml").write_text(SETTINGS.format(base_url=api.base_url))
        project = load_project(folder)
        registry = plugins_of(project)

        def prepare(ctx: Context) -> None:
            ctx.clock = lambda: datetime.fromtimestamp(story.stripe.now, UTC)

        for day in days:
            story.until(day)
            for report in pull(project, registry=registry, options=PullOptions(prepare=prepare)):
                assert not report.failures
                assert not report.counts.rejects
                said += report.messages
    build(project, registry=registry)
    query = Query(project.snapshots)
    found: dict[str, dict[str, Fraction]] = {name: {} for name in BY_HAND}
    for month in MONTHS:
        total = Fraction(0)
        for name, answer in query.breakdown("mrr", month, "industry"):
            if answer.value:
                found[name][month] = Fraction(answer.value)
                total += Fraction(answer.value)
        assert query.metric("mrr", month).value == total
    return found, said


OFTEN = [
    "2025-12-31", "2026-01-06", "2026-01-19", "2026-01-30", "2026-02-02", "2026-02-08", "2026-02-10", "2026-02-16",
    "2026-03-01", "2026-03-05", "2026-03-09", "2026-03-17", "2026-03-31", "2026-04-14", "2026-04-30",
]  # fmt: skip


@pytest.mark.parametrize(
    "days",
    campaign(
        [
            pytest.param(["2026-02-14", "2026-03-09", "2026-03-31", "2026-04-20", "2026-04-30"], id="pulled steadily"),
            pytest.param(["2026-04-30"], id="pulled once, the past from invoices"),
            pytest.param(["2026-02-14", "2026-04-01", "2026-04-30"], id="after silences of more than 25 days"),
            pytest.param(OFTEN, id="pulled often"),
        ],
        usual=2,
    ),
)
def test_mrr_of_every_customer_and_month_is_that_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: list[str]
) -> None:
    found, said = told(tmp_path, days, monkeypatch)
    by_hand = {name: dict(months) for name, months in BY_HAND.items()}
    if len(days) == 1:
        # it was paused on 8 March: no invoice tells that, and events of that day are gone by the end of April
        by_hand["paused"]["2026-03"] = 20
        assert [text.split(";")[0] for text in said] == ["1 subscription changed on a day that Stripe no longer tells"]
    else:
        assert said == []
    assert found == by_hand
