"""Every way in which the value of a subscription changes, and every way in which a pull may meet it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_stripe.calendar import Rhythm
from revalign_udf.connector import Context
from revalign_udf.errors import ConfigError, Fatal

fake = load(Path(__file__).with_name("fake_stripe.py"))
reading = load(Path(__file__).with_name("reading_stripe.py"))
moment = fake.moment
DAY = 86_400


@pytest.fixture
def stripe() -> Iterator[Any]:
    server = fake.FakeStripe()
    server.now = moment("2026-01-01")
    with server.api:
        yield server


def subscribed(stripe: Any, *lines: Any, **more: Any) -> str:
    customer = stripe.customer("Ann", "ann@a.example")
    return str(stripe.subscribe(customer, *(lines or ((stripe.price(1000), 1),)), **more))


# -- prices ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "quantity", "expected"),
    [
        pytest.param({"amount": "0.5"}, 30000, ("0.005", "30000"), id="half a cent"),
        pytest.param({"amount": "1.999999999999"}, 1, ("0.01999999999999", "1"), id="twelve decimals of a cent"),
        pytest.param({"amount": 0}, 1, ("0.00", "1"), id="free is a price, not a missing one"),
        pytest.param({"amount": 1500, "currency": "jpy"}, 2, ("1500", "2"), id="yen have no decimals"),
        pytest.param({"amount": 12345, "currency": "kwd"}, 1, ("12.345", "1"), id="dinars have three"),
        pytest.param(
            {"amount": 700, "transform_quantity": {"divide_by": 10, "round": "up"}}, 41, ("7.00", "5"), id="packages, up"
        ),
        pytest.param(
            {"amount": 700, "transform_quantity": {"divide_by": 10, "round": "down"}}, 49, ("7.00", "4"), id="packages, down"
        ),
    ],
)  # fmt: skip
def test_unit_prices_are_exact(stripe: Any, fields: dict[str, Any], quantity: int, expected: tuple[str, str]) -> None:
    sub = subscribed(stripe, (stripe.price(**fields), quantity))
    reader = reading.Reader(stripe)
    reader.pull()
    assert [(row[2], row[3]) for row in reader.brief(sub)] == [expected]


TIERS = [
    {"up_to": 5, "unit_amount": 1000, "flat_amount": None},
    {"up_to": 10, "unit_amount": 800, "flat_amount": 5000},
    {"up_to": None, "unit_amount_decimal": "12.5", "flat_amount": None},
]


@pytest.mark.parametrize(
    ("mode", "quantity", "total"),
    [
        ("volume", 5, "50.00"),
        ("volume", 6, "98.00"),  # 50 + 6 x 8
        ("volume", 100, "12.500"),
        ("graduated", 5, "50.00"),
        ("graduated", 7, "116.00"),  # 5 x 10, then 50 + 2 x 8
        ("graduated", 12, "140.250"),  # 5 x 10 + 50 + 5 x 8 + 2 x 0.125
    ],
)
def test_tiers_are_asked_for_and_added_up(stripe: Any, mode: str, quantity: int, total: str) -> None:
    price = stripe.price(None, billing_scheme="tiered", tiers_mode=mode, tiers=TIERS)
    sub = subscribed(stripe, (price, quantity))
    reader = reading.Reader(stripe)
    reader.pull()
    (row,) = reader.periods(sub)
    assert (row["amount"].rstrip("0"), row["quantity"]) == (total.rstrip("0"), "1")
    assert f'"units": "{quantity}"' in row["attrs"]


def test_a_price_in_several_currencies_counts_in_that_of_the_subscription(stripe: Any) -> None:
    price = stripe.price(1000, currency_options={"jpy": {"unit_amount": 150, "unit_amount_decimal": "150"}})
    sub = subscribed(stripe, (price, 1))
    stripe.objects["subscription"][sub]["currency"] = "jpy"
    reader = reading.Reader(stripe, history=False)
    reader.pull()
    assert [(row["amount"], row["currency"]) for row in reader.periods(sub)] == [("150", "JPY")]


def test_a_price_the_customer_chooses_is_refused_and_the_rest_of_the_subscription_is_not(stripe: Any) -> None:
    sub = subscribed(stripe, (stripe.price(1000), 1), (stripe.price(None), 1))
    reader = reading.Reader(stripe)
    reader.pull()
    assert [row[2] for row in reader.brief(sub)] == ["10.00"]
    assert "has no amount" in reader.rejects[0]


def test_metered_items_are_marked_and_bring_nothing_by_themselves(stripe: Any) -> None:
    sub = subscribed(stripe, (stripe.price(5, usage="metered"), None))
    reader = reading.Reader(stripe)
    reader.pull()
    assert [(row["metered"], row["amount"]) for row in reader.periods(sub)] == [(True, "0")]


# -- discounts ---------------------------------------------------------------------------------------------------------


def test_a_coupon_of_three_months_lowers_the_whole_year_it_was_invoiced_in(stripe: Any) -> None:
    coupon = stripe.coupon("repeating", percent_off=25, duration_in_months=3)
    sub = subscribed(stripe, (stripe.price(120000, interval="year"), 1), coupon=coupon)
    reader = reading.Reader(stripe)
    reader.pull()
    year = [("2026-01-01", "2027-01-01", "1200.00", "1", "300.00"), ("2027-01-01", None, "1200.00", "1", "0")]
    assert reader.brief(sub) == year
    stripe.advance(moment("2026-04-20"))
    reader.pull()
    assert reader.brief(sub) == year


def test_a_coupon_for_one_bill_given_in_mid_period_counts_for_the_next_period(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    stripe.advance(moment("2026-01-15"))
    stripe.give(sub, stripe.coupon("once", amount_off=400, currency="usd"))
    reader.pull()
    plan = [
        ("2026-01-01", "2026-02-01", "10.00", "1", "0"), ("2026-02-01", "2026-03-01", "10.00", "1", "4.00"),
        ("2026-03-01", None, "10.00", "1", "0"),
    ]  # fmt: skip
    assert reader.brief(sub) == plan
    for day in ("2026-02-02", "2026-02-20", "2026-03-10"):  # used up by the bill of 1 February, and no longer listed
        stripe.advance(moment(day))
        reader.pull()
        assert reader.brief(sub) == plan


def test_a_coupon_for_one_bill_given_and_used_between_two_pulls_is_found_in_the_event(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-01-20"))
    one = stripe.give(sub, stripe.coupon("once", amount_off=400, currency="usd"))
    raw = next(item for item in stripe.objects["subscription"][sub]["discounts"] if item["id"] == one)
    event = stripe.make(
        "event", "evt", type="customer.discount.created", api_version=fake.VERSION, data={"object": dict(raw)}
    )
    assert event["created"] == stripe.now
    stripe.advance(moment("2026-02-10"))
    reader.pull()
    assert reader.brief(sub) == [
        ("2026-01-01", "2026-02-01", "10.00", "1", "0"), ("2026-02-01", "2026-03-01", "10.00", "1", "4.00"),
        ("2026-03-01", None, "10.00", "1", "0"),
    ]  # fmt: skip


def test_a_coupon_taken_back_before_the_next_bill_never_counted(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    stripe.advance(moment("2026-01-10"))
    stripe.give(sub, stripe.coupon("once", amount_off=400, currency="usd"))
    reader.pull()
    stripe.advance(moment("2026-01-12"))
    stripe.take_back(sub)
    reader.pull()
    assert reader.brief(sub) == [("2026-01-01", None, "10.00", "1", "0")]


def test_a_coupon_taken_back_in_mid_period_counts_until_the_next_bill(stripe: Any) -> None:
    sub = subscribed(stripe, coupon=stripe.coupon("forever", percent_off=10))
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-01-20"))
    stripe.take_back(sub)
    reader.pull()
    expected = [("2026-01-01", "2026-02-01", "10.00", "1", "1.00"), ("2026-02-01", None, "10.00", "1", "0")]
    assert reader.brief(sub) == expected


def test_item_discounts_come_first_and_each_on_what_the_one_before_left(stripe: Any) -> None:
    sub = subscribed(stripe)
    stripe.now = moment("2026-01-01") + 60
    stripe.give(sub, stripe.coupon(percent_off=50))
    stripe.give(sub, stripe.coupon(amount_off=200, currency="usd"), line=stripe.lines(sub)[0])
    reader = reading.Reader(stripe, history=False)
    reader.pull()
    assert reader.brief(sub)[-1] == ("2026-01-01", None, "10.00", "1", "6.00")  # 10 - 2 = 8, half of it: 4 left


def test_an_amount_off_is_shared_to_the_cent_and_only_among_the_products_it_is_for(stripe: Any) -> None:
    ours, other = stripe.product("Ours"), stripe.product("Other")
    lines = [
        (stripe.price(1000, product=ours), 1),
        (stripe.price(2000, product=ours), 1),
        (stripe.price(900, product=other), 1),
    ]
    sub = subscribed(stripe, *lines)
    stripe.now += 60
    stripe.give(sub, stripe.coupon(amount_off=100, currency="usd", applies_to={"products": [ours]}))
    reader = reading.Reader(stripe, history=False)
    reader.pull()
    assert [row[4] for row in reader.brief(sub) if row[1] is None] == ["0.33", "0.67", "0"]


def test_a_discount_never_makes_a_price_negative(stripe: Any) -> None:
    sub = subscribed(stripe)
    stripe.now += 60
    stripe.give(sub, stripe.coupon(amount_off=99900, currency="usd"))
    reader = reading.Reader(stripe, history=False)
    reader.pull()
    assert reader.brief(sub)[-1][2:] == ("10.00", "1", "10.00")


# -- changes and pulls -------------------------------------------------------------------------------------------------


def test_a_change_ends_a_period_at_its_event_and_keeps_the_key_of_the_one_before(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    reader.pull()
    (before,) = reader.periods(sub)
    stripe.advance(moment("2026-01-11"))
    stripe.change(sub, quantity=4)
    reader.pull()
    first, second = reader.periods(sub)
    assert first == {**before, "valid_to": "2026-01-11T00:00:00+00:00"}
    assert (second["quantity"], second["valid_to"]) == ("4", None)


def test_two_changes_in_one_second_leave_the_last_word(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-01-11"))
    stripe.change(sub, quantity=4)
    reader.pull()
    stripe.change(sub, quantity=6)
    reader.pull()
    assert reader.brief(sub) == [
        ("2026-01-01", "2026-01-11", "10.00", "1", "0"),
        ("2026-01-11", None, "10.00", "6", "0"),
    ]


def test_a_change_while_everything_is_listed_is_dated_by_the_event_read_later(stripe: Any) -> None:
    sub = subscribed(stripe)
    stripe.advance(moment("2026-01-20"))
    stripe.customer("Later", None)  # the newest event when the listing begins

    def change() -> None:
        stripe.now += 5 * DAY
        stripe.change(sub, quantity=4)

    stripe.api.faults.add(r"GET /v1/subscriptions\?", quiet=True, then=change)
    reader = reading.Reader(stripe, history=False)
    reader.pull()
    assert reader.brief(sub) == [("2026-01-01", None, "10.00", "4", "0")]  # as far as it can know
    stripe.now += DAY
    reader.pull()
    assert reader.brief(sub) == [
        ("2026-01-01", "2026-01-25", "10.00", "1", "0"),
        ("2026-01-25", None, "10.00", "4", "0"),
    ]


def test_a_change_without_proration_is_dated_by_its_event_not_by_the_next_bill(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-01-11"))
    stripe.change(sub, quantity=2, prorate=False)
    reader.pull()
    for day in ("2026-02-03", "2026-02-25", "2026-03-20"):  # long after Stripe has forgotten the event
        stripe.advance(moment(day))
        reader.pull()
    assert reader.brief(sub) == [
        ("2026-01-01", "2026-01-11", "10.00", "1", "0"),
        ("2026-01-11", None, "10.00", "2", "0"),
    ]


def test_a_change_nobody_can_date_any_more_is_said_to_be_a_guess(stripe: Any) -> None:
    sub = subscribed(stripe, (stripe.price(120000, interval="year"), 1))
    stripe.advance(moment("2026-02-01"))
    stripe.change(sub, quantity=2, prorate=False)
    stripe.advance(moment("2026-06-30"))
    reader = reading.Reader(stripe)
    reader.pull()
    assert reader.brief(sub) == [
        ("2026-01-01", "2026-05-31", "1200.00", "1", "0"), ("2026-05-31", None, "1200.00", "2", "0"),
    ]  # fmt: skip
    assert "1 subscription changed on a day that Stripe no longer tells" in reader.said[0]


def test_after_a_silence_of_months_invoices_date_what_events_no_longer_can(stripe: Any) -> None:
    sub = subscribed(stripe)
    extra = stripe.add_line(sub, stripe.price(300), 1)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-01-20"))
    stripe.change(sub, stripe.lines(sub)[0], quantity=5)
    stripe.advance(moment("2026-02-10"))
    stripe.remove_line(sub, extra)
    stripe.advance(moment("2026-05-20"))
    reader.pull()
    assert reader.brief(sub) == [
        ("2026-01-01", "2026-01-20", "10.00", "1", "0"), ("2026-01-20", None, "10.00", "5", "0"),
        ("2026-01-01", "2026-02-10", "3.00", "1", "0"),
    ]  # fmt: skip
    assert reader.said == []


def test_after_a_silence_a_change_that_no_invoice_shows_is_said_to_be_a_guess(stripe: Any) -> None:
    sub = subscribed(stripe, (stripe.price(120000, interval="year"), 1))
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-02-10"))
    stripe.change(sub, quantity=2, prorate=False)
    stripe.advance(moment("2026-06-30"))
    reader.pull()
    assert [row[:2] for row in reader.brief(sub)] == [("2026-01-01", "2026-05-31"), ("2026-05-31", None)]
    assert "no longer tells" in reader.said[0]
    stripe.advance(moment("2026-07-10"))
    assert (reader.pull(), len(reader.brief(sub))) == (1, 2)


def test_unpaid_for_months_of_silence_ends_with_the_bill_before(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-02-10"))
    whole = stripe.objects["subscription"][sub]
    stripe.status(sub, "unpaid")
    whole["items"]["data"][0]["current_period_end"] = moment("2030-01-01")  # no bills any more
    stripe.advance(moment("2026-06-30"))
    reader.pull()
    assert reader.brief(sub) == [("2026-01-01", "2026-02-01", "10.00", "1", "0")]
    assert "no longer tells" in reader.said[0]


def test_unpaid_ends_revenue_and_past_due_does_not(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-01-10"))
    stripe.status(sub, "past_due")
    reader.pull()
    assert reader.brief(sub) == [("2026-01-01", None, "10.00", "1", "0")]
    stripe.advance(moment("2026-01-20"))
    stripe.status(sub, "unpaid")
    reader.pull()
    stripe.advance(moment("2026-01-25"))
    stripe.status(sub, "active")
    reader.pull()
    assert reader.brief(sub) == [
        ("2026-01-01", "2026-01-20", "10.00", "1", "0"),
        ("2026-01-25", None, "10.00", "1", "0"),
    ]


def test_collection_paused_as_drafts_goes_on_counting(stripe: Any) -> None:
    sub = subscribed(stripe)
    stripe.advance(moment("2026-01-10"))
    stripe.status(sub, "", pause_collection={"behavior": "keep_as_draft", "resumes_at": None})
    reader = reading.Reader(stripe)
    reader.pull()
    assert reader.brief(sub) == [("2026-01-01", None, "10.00", "1", "0")]


def test_a_trial_that_is_cancelled_never_had_a_period(stripe: Any) -> None:
    sub = subscribed(stripe, trial_end=moment("2026-01-15"))
    reader = reading.Reader(stripe)
    reader.pull()
    assert reader.brief(sub) == []
    stripe.advance(moment("2026-01-10"))
    stripe.cancel(sub)
    reader.pull()
    assert reader.brief(sub) == []
    again = reading.Reader(stripe)
    again.pull()
    assert again.brief(sub) == []


def test_an_edit_after_the_end_changes_no_period(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-01-11"))
    stripe.change(sub, quantity=3)
    reader.pull()
    stripe.advance(moment("2026-01-21"))
    stripe.cancel(sub, reason="payment_failed")
    reader.pull()
    ended = reader.brief(sub)
    assert [row[1] for row in ended] == ["2026-01-11", "2026-01-21"]
    for day in ("2026-02-10", "2026-03-01"):
        stripe.advance(moment(day))
        stripe.update("subscription", sub, metadata={"note": day})
        reader.pull()
        assert reader.brief(sub) == ended
    assert reader.rows["subscription"][sub]["involuntary"] is True
    assert '"note": "2026-03-01"' in reader.rows["subscription"][sub]["attrs"]


def test_more_than_ten_items_are_all_read(stripe: Any) -> None:
    sub = subscribed(stripe, *[(stripe.price(100 + number), 1) for number in range(23)])
    reader = reading.Reader(stripe)
    reader.pull()
    assert len(reader.periods(sub)) == 23


def test_read_from_the_start_again_there_is_nothing_twice(stripe: Any) -> None:
    sub = subscribed(stripe)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.advance(moment("2026-01-11"))
    stripe.change(sub, quantity=2, prorate=False)
    reader.pull()
    stripe.advance(moment("2026-02-20"))
    reader.state = {}
    reader.pull()
    # the event of 11 January is forgotten; what is known is that it was before 21 January, and that is said
    assert reader.brief(sub) == [
        ("2026-01-01", "2026-01-21", "10.00", "1", "0"), ("2026-01-21", None, "10.00", "2", "0"),
    ]  # fmt: skip
    assert "no longer tells" in reader.said[0]


def test_killed_between_pages_of_the_first_pull_and_resumed_is_the_same(stripe: Any) -> None:
    for number in range(150):
        stripe.now += 60
        subscribed(stripe, (stripe.price(1000 + number), 1))
    whole = reading.Reader(stripe)
    whole.pull()
    killed = reading.Reader(stripe)
    killed.pull(marks=1)
    assert 0 < len(killed.rows["subscription"]) < 150
    killed.pull()
    assert killed.rows == whole.rows


def test_a_pull_without_news_is_one_call_and_one_change_a_few(stripe: Any) -> None:
    subs = [subscribed(stripe) for _ in range(5)]
    stripe.now += 60
    stripe.customer("Later", None)
    reader = reading.Reader(stripe)
    reader.pull()
    stripe.now += DAY
    stripe.change(subs[2], quantity=2)
    reader.pull()
    assert len(reader.calls) == 2, reader.calls  # the events, the subscription
    assert reader.pull() == 1
    stripe.now += 26 * DAY
    reader.pull()
    assert any(target.startswith("/v1/subscriptions?") and "status=all" in target for target in reader.calls)


# -- keys and kinds of data --------------------------------------------------------------------------------------------


def test_a_test_key_is_refused_unless_asked_for(stripe: Any) -> None:
    reader = reading.Reader(stripe)
    settings = {"api_key": "sk_test_abc", "base_url": stripe.api.base_url}
    with pytest.raises(ConfigError, match="test mode"):
        reader.connector.discover(Context("x", settings))
    ctx = Context("x", {**settings, "test_data": True})
    assert reader.connector.discover(ctx)
    ctx.close()


def test_test_data_and_test_clocks_stay_out(stripe: Any) -> None:
    clocked = subscribed(stripe)
    stripe.objects["subscription"][clocked]["test_clock"] = "clock_1"
    reader = reading.Reader(stripe)
    reader.pull()
    assert reader.rows.get("subscription", {}) == {}
    stripe.objects["subscription"][clocked].update(test_clock=None, livemode=False)
    reader.state = {}
    with pytest.raises(Fatal, match="test data"):
        reader.pull()


def test_a_connected_account_and_the_version_stand_in_every_call(stripe: Any) -> None:
    reading.Reader(stripe, account="acct_1").pull()
    assert stripe.accounts == {"acct_1"}
    assert stripe.versions == {fake.VERSION}


def test_check_names_every_right_that_the_key_lacks(stripe: Any) -> None:
    reader = reading.Reader(stripe)
    ctx = Context("x", {"api_key": fake.KEY, "base_url": stripe.api.base_url}, sleep=lambda _s: None)
    assert reader.connector.check(ctx).ok
    stripe.forbidden = {"credit_notes", "events"}
    answer = reader.connector.check(ctx)
    ctx.close()
    assert not answer.ok
    assert "Credit notes, Events" in answer.message


def test_months_keep_the_day_of_the_anchor() -> None:
    rhythm = Rhythm(moment("2026-01-31"), "month", 1)
    starts = [datetime.fromtimestamp(rhythm.nth(number), UTC).date().isoformat() for number in range(3)]
    assert starts == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert rhythm.at_or_before(moment("2026-03-30")) == moment("2026-02-28")
    assert rhythm.after(moment("2026-02-28")) == moment("2026-03-31")


# -- anything at all ---------------------------------------------------------------------------------------------------


def _play(stripe: Any, dice: random.Random, subs: list[str], prices: list[str]) -> None:
    """Something happens to a subscription."""
    sub = dice.choice(subs)
    whole = stripe.objects["subscription"][sub]
    if whole["ended_at"] is not None:
        return
    what = dice.choice(
        ["quantity", "price", "add", "remove", "unpaid", "paid", "pause", "resume", "cancel", "later", "none"]
    )
    lines = stripe.lines(sub)
    if what == "quantity":
        stripe.change(sub, dice.choice(lines), quantity=dice.randint(1, 9), prorate=dice.random() < 0.7)
    elif what == "price":
        stripe.change(sub, dice.choice(lines), price=dice.choice(prices), prorate=dice.random() < 0.7)
    elif what == "add":
        stripe.add_line(sub, dice.choice(prices), dice.randint(1, 3))
    elif what == "remove" and len(lines) > 1:
        stripe.remove_line(sub, dice.choice(lines))
    elif what in ("unpaid", "paid") and whole["status"] != "trialing":
        stripe.status(sub, "unpaid" if what == "unpaid" else "active")
    elif what in ("pause", "resume"):
        paused = {"behavior": "void", "resumes_at": None} if what == "pause" else None
        stripe.status(sub, "", pause_collection=paused)
    elif what in ("cancel", "later") and dice.random() < 0.3:
        stripe.cancel(sub, at_period_end=what == "later")


def _worth(stripe: Any) -> dict[str, tuple[str, int]]:
    """What every billed item is at this moment: item -> (price, quantity)."""
    return {
        line["id"]: (line["price"]["id"], line["quantity"])
        for sub in stripe.objects["subscription"].values()
        if sub["status"] in ("active", "past_due") and not sub["pause_collection"]
        for line in sub["items"]["data"]
    }


@pytest.mark.parametrize("seed", campaign(range(60), usual=6))
def test_whatever_happens_every_moment_is_told_as_it_was_and_no_periods_overlap(stripe: Any, seed: int) -> None:
    dice = random.Random(seed)
    prices = [stripe.price(cents) for cents in (500, 1000, 2500)]
    subs = [subscribed(stripe, (dice.choice(prices), 1)) for _ in range(3)]
    subs.append(subscribed(stripe, (prices[0], 2), trial_end=stripe.now + 12 * DAY))
    reader = reading.Reader(stripe)
    known: list[tuple[str, dict[str, tuple[str, int]]]] = []
    reader.pull()
    for _ in range(40):
        stripe.advance(stripe.now + dice.randint(3_600, 4 * DAY))
        _play(stripe, dice, subs, prices)
        if dice.random() < 0.15:
            _play(stripe, dice, subs, prices)  # in the same second
        known.append((datetime.fromtimestamp(stripe.now, UTC).isoformat(), _worth(stripe)))
        if dice.random() < 0.4:
            reader.pull()
    reader.pull()
    rows = reader.periods()
    for one, following in itertools.pairwise(rows):
        if one["id"].split(":")[0] == following["id"].split(":")[0]:
            assert one["valid_to"] is not None
            assert one["valid_to"] <= following["valid_from"]
    for at, worth in known:
        told = {
            row["id"].split(":")[0]: (row["attrs"].split('"price": "')[1].split('"')[0], int(row["quantity"]))
            for row in rows
            if row["valid_from"] <= at and (row["valid_to"] is None or at < row["valid_to"])
        }
        assert told == worth, at
    assert reader.said == []
