"""Bridges: every part of the difference of two rival numbers, by hand, and nothing left over."""

from fractions import Fraction
from pathlib import Path

import pytest
from beside import campaign

from revalign_udf.errors import RevalignError, UserError
from revalign_udf.metrics.profiles import PROFILES, steps_of
from revalign_udf.query import Bridge, Query
from revalign_udf.testing import project_of


def items(bridge: Bridge) -> dict[str, Fraction]:
    assert bridge.residual == 0
    return {item.name: item.value for item in bridge.items if item.value}


@pytest.fixture(scope="module")
def deals(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """March: Ada books 1,200 and pays 90 a month; Bob books 600 and pays from April; Cy booked in February and pays 40
    from March; Dee books 2,400 and never pays; Eve pays 25 and never booked; Fay books EUR 1,200 at 1.0 and pays EUR 100
    from the 20th at 1.1; Gil renews for 5,000 and goes on paying 400."""
    return project_of(
        tmp_path_factory.mktemp("deals"),
        {
            "organization": "id name\n"
            + "\n".join(f"{n[0].lower()} {n}" for n in "Ada Bob Cy Dee Eve Fay Gil".split()),
            "opportunity": "id org_id created_at closed_at outcome amount amount_basis currency type\n"
            "1 a 2026-01-01 2026-03-02 won 1200 acv - new\n2 b 2026-01-01 2026-03-03 won 600 acv - new\n"
            "3 c 2026-01-01 2026-02-20 won 480 acv - new\n4 d 2026-01-01 2026-03-09 won 2400 acv - new\n"
            "5 f 2026-01-01 2026-03-05 won 1200 acv EUR new\n6 g 2026-01-01 2026-03-05 won 5000 acv - renewal\n"
            "7 a 2026-01-01 2026-03-06 lost 999 acv - upsell",
            "subscription": "id org_id started_at ended_at\na a 2026-03-10 -\nb b 2026-04-01 -\nc c 2026-03-01 -\n"
            "e e 2026-03-15 -\nf f 2026-03-20 -\ng g 2025-03-05 -\nh g 2026-01-01 2026-03-30",
            "subscription_item_period": "id subscription_id valid_from amount interval currency\na a 2026-03-10 90 month -\n"
            "b b 2026-04-01 50 month -\nc c 2026-03-01 40 month -\ne e 2026-03-15 25 month -\nf f 2026-03-20 100 month EUR\n"
            "g g 2025-03-05 400 month -\nh h 2026-01-01 10 month -",
            "fx_rate": "date from_currency to_currency rate\n2026-02-26 EUR USD 1.0\n"
            "2026-03-03 EUR USD 1.0\n2026-03-13 EUR USD 1.0\n2026-03-18 EUR USD 1.1\n"
            + "\n".join(f"2026-{day} EUR USD 1.2" for day in "03-25 03-31 04-07 04-14 04-21 04-28".split()),
        },
        '[company]\ncurrency = "USD"\n',
        through="2026-04-30",
    )


def test_bookings_to_new_mrr(deals: Query) -> None:
    bridge = deals.bridge("bookings", "new_mrr", "2026-03")
    assert (bridge.start, bridge.end) == (1200 + 600 + 2400 + 1200 + 5000, 90 + 40 + 25 + 110)
    assert items(bridge) == {
        "per month": -Fraction(10400 * 11, 12),
        "renewals": -Fraction(5000, 12),
        "timing: booked here, paying from another period": -50,
        "timing: booked in another period, paying from here": 40,
        "unmatched: booked, never paying": -200,
        "unmatched: paying, never booked": 25,
        "FX": 10,  # a month of EUR 1,200 at 1.1 instead of 1.0
        "scope": -10,  # Ada's 100 became 90
    }
    shown = {row[0]: row[2] for row in bridge.records.rows}
    assert shown["scope"] == "Ada"
    assert shown["FX"] == "Fay"


def test_bookings_to_mrr_goes_on_with_the_movements(deals: Query) -> None:
    found = items(deals.bridge("bookings", "mrr", "2026-03"))
    assert (found["opening_mrr"], found["contraction_mrr"], found["fx_impact_mrr"]) == (410, -10, 10)
    assert items(deals.bridge("bookings", "arr", "2026-03"))["opening_mrr"] == 4920
    assert items(deals.bridge("bookings", "net_new_mrr", "2026-03"))["contraction_mrr"] == -10
    assert "per year" not in items(deals.bridge("bookings", "arr_new", "2026-03"))  # an annual value as it is
    assert items(deals.bridge("bookings", "mrr", "2026-Q1"))
    assert items(deals.bridge("bookings", "mrr", "2026-03", currency="EUR"))["scope"]
    with pytest.raises(RevalignError, match="REV-208"):  # nobody knows what a dollar of January was in euros
        deals.bridge("bookings", "mrr", "2026-Q1", currency="EUR")


def test_what_no_bridge_leads_to(deals: Query) -> None:
    for start, end in (("bookings", "logo_churn"), ("mrr", "bookings"), ("bookings", "mrr@stripe")):
        with pytest.raises(UserError, match="no bridge"):
            deals.bridge(start, end, "2026-03")
    with pytest.raises(UserError, match="table"):
        deals.bridge("mrr_movements", "mrr_movements@stripe", "2026-03")
    with pytest.raises(RevalignError, match="REV-204"):
        deals.bridge("bookings", "mrr", "2030-03")


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Ada pays 100 less a first month's 20; Bob EUR 50 since January; Cy cancels in February, paid to 15 March; Dee joins and
    leaves in February; Eve's item is metered."""
    return project_of(
        tmp_path_factory.mktemp("vendors"),
        {
            "subscription": "id org_id started_at cancelled_at ended_at currency\na a 2026-01-20 - - USD\n"
            "b b 2026-01-05 - - EUR\nc c 2026-01-15 2026-02-15 2026-03-15 USD\n"
            "d d 2026-02-03 - 2026-02-20 USD\ne e 2026-01-03 - - USD",
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval discount_amount metered\n"
            "a a 2026-01-20 2026-03-20 100 month 20 false\na2 a 2026-03-20 - 100 month 0 false\n"
            "b b 2026-01-05 - 50 month 0 false\nc c 2026-01-15 - 40 month 0 false\n"
            "d d 2026-02-03 - 30 month 0 false\ne e 2026-01-03 - 5 month 0 true",
            "fx_rate": "date from_currency to_currency rate\n"
            + "\n".join(f"2026-{m:02d}-{d:02d} EUR USD 1.{m - 1}" for m in (1, 2, 3, 4) for d in range(1, 28, 5)),
        },
        '[company]\ncurrency = "USD"\n',
        through="2026-04-20",
    )


def test_ours_to_stripe_rule_by_rule(vendors: Query) -> None:
    bridge = vendors.bridge("mrr", "mrr@stripe", "2026-02")
    assert (bridge.start, bridge.end) == (80 + 55 + 40, 100 + 55)
    assert items(bridge) == {"churn_date": -40, "discount": 20}
    churn = vendors.bridge("logo_churn", "logo_churn@stripe", "2026-02")
    # 0 of Ada, Bob and Cy; 1 of 3 when the cancellation counts; 2 of 4 by Stripe's population
    assert items(churn) == {"churn_date": Fraction(1, 3), "definitions": Fraction(1, 2) - Fraction(1, 3)}
    assert churn.table.rows[0][2] == 0
    assert churn.unit == "rate"


def test_between_vendors_the_way_leads_over_ours(vendors: Query) -> None:
    bridge = vendors.bridge("mrr@profitwell", "mrr@stripe", "2026-02")
    direct = {p: vendors.metric("mrr", "2026-02", profile=p).exact for p in ("profitwell", "stripe")}
    assert (bridge.start, bridge.end) == (direct["profitwell"], direct["stripe"])
    assert {"churn_date", "discount", "fx", "metered"} >= set(items(bridge)) >= {"churn_date", "discount", "fx"}


_PAIRS = [(first, last) for first in PROFILES for last in PROFILES]
_PAIRS.sort(key=lambda pair: "default" not in pair)


@pytest.mark.parametrize(("first", "last"), campaign(_PAIRS, 2 * len(PROFILES) - 1))
def test_nothing_is_left_over_between_any_two(vendors: Query, first: str, last: str) -> None:
    undefined: list[str] = []
    for name in ("mrr", "logo_churn", "nrr", "churned_mrr", "ltv_arpa_churn"):
        for period in ("2026-02", "2026-Q1"):
            try:
                bridge = vendors.bridge(f"{name}@{first}", f"{name}@{last}", period)
            except RevalignError as error:
                undefined.append(error.code)
                continue
            assert bridge.residual == 0
            if first == last:
                assert bridge.start == bridge.end
    assert set(undefined) <= {"REV-110", "REV-201", "REV-204"}
    assert len(undefined) < 5


def test_a_rule_that_leaves_nothing_to_divide_goes_with_the_next(tmp_path: Path) -> None:
    # who is billed in metered items only is no customer by our rules: churn is undefined until they are counted
    query = project_of(
        tmp_path,
        {
            "subscription": "id org_id started_at ended_at\na a 2026-01-20 2026-02-10",
            "subscription_item_period": "id subscription_id valid_from amount interval metered\na a 2026-01-20 100 month true",
        },
        through="2026-04-20",
    )
    with pytest.raises(RevalignError, match=r"REV-20|REV-110"):
        query.bridge("logo_churn", "logo_churn@profitwell", "2026-02")


def test_the_steps_of_a_profile() -> None:
    assert [rule for rule, _ in steps_of(PROFILES["stripe"])] == ["churn_date", "discount", "definitions"]
    assert steps_of(PROFILES["default"]) == []
    assert [rule for rule, _ in steps_of(PROFILES["constant_rate"])] == ["rates"]
