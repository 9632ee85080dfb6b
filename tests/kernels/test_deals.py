"""Deals on tables small enough to check by hand: cycles, upsell, quotas, pipeline, and what became of bookings."""

from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of

ORGANIZATIONS = "id name segment\n" + "\n".join(f"{key} {key} {'SMB' if key in 'AB' else 'ENT'}" for key in "ABCDEF")
CLOSED = {
    "organization": ORGANIZATIONS,
    "opportunity": """
        id org_id created_at closed_at  outcome amount amount_basis term_months type      owner_id currency
        d1 A      2026-01-01 2026-01-11 won     24000  tcv          24          new       r1       -
        d2 A      2026-01-05 2026-01-25 won     600    tcv          -           upsell    r1       usd
        d3 C      2026-01-10 2026-01-31 won     100    mrr          -           expansion r2       -
        d4 C      2026-01-25 2026-01-20 won     5000   arr          -           renewal   r2       -
        d5 C      2026-01-01 2026-01-20 lost    900    arr          -           upsell    r2       -
        d6 A      2026-02-01 2026-02-06 won     -      -            -           new       r1       -
        d7 A      2026-02-01 2026-02-11 won     400    arr          -           cross_sell r3      -
    """,
    "goal": """
        metric   period  value owner_id
        bookings 2026-01 20000 -
        quota    2026-01 12600 r1
        quota    2026-01 10000 r2
        bookings 2026-02 1000  r1
        bookings 2026-02 3000  r3
        mrr      2026-01 1     r3
    """,
}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("closed"), CLOSED, through="2026-03-31")


@pytest.mark.parametrize(
    ("metric", "period", "expected"),
    [
        ("sales_cycle", "2026-01", 20),  # 10, 20, 21; d4 closed before it was created
        ("sales_cycle", "2026-02", Fraction(15, 2)),  # 5 and 10
        ("sales_cycle", "2026-Q1", 10),  # 5, 10, 10, 20, 21
        ("upsell_share", "2026-01", Fraction(600 + 1200, 12_000 + 600 + 1200)),  # a renewal is neither
        ("upsell_share", "2026-02", 1),
        ("quota_attainment", "2026-01", Fraction(12_000 + 600 + 1200 + 5000, 20_000)),  # the company's goal
        ("quota_attainment", "2026-02", Fraction(400, 4000)),  # without one, those of the owners
        ("quota_attainment", "2026-Q1", None),  # March has no goal
        ("reps_at_quota", "2026-01", Fraction(1, 2)),  # exactly the quota is the quota; a goal of MRR is none
        ("reps_at_quota", "2026-02", 0),
        ("reps_at_quota", "2026-03", None),
        ("bookings", "2026-02", 400),
    ],
)
def test_closed_deals(closed: Query, metric: str, period: str, expected: Fraction | None) -> None:
    assert closed.metric(metric, period).exact == expected


def test_nothing_won_has_no_cycle_and_no_quota_has_no_attainment(closed: Query) -> None:
    assert [closed.metric(name, "2026-03").status for name in ("sales_cycle", "quota_attainment", "reps_at_quota")] == [
        "REV-204"
    ] * 3
    assert closed.metric("upsell_share", "2026-03").status == "REV-110"


def test_attainment_of_an_owner_is_of_the_owners_own_goal(closed: Query) -> None:
    found = {name: answer.exact for name, answer in closed.breakdown("quota_attainment", "2026-01", "owner")}
    assert found == {"r1": 1, "r2": Fraction(6200, 10_000)}
    assert closed.metric("reps_at_quota", "2026-01", {"owner": "r2"}).exact == 0
    assert closed.metric("sales_cycle", "2026-01", {"segment": "SMB"}).exact == 15


def test_what_was_supposed_of_a_deal_is_counted_in_its_explanation(closed: Query) -> None:
    found = {row["reason"]: row["count"] for row in closed.explain("bookings", "2026-02").excluded.dicts()}
    assert found == {
        "no term: its total counts as that of 12 months": 1,
        "won without an amount: counts as 0": 1,
        "closed before it was created: in no sales cycle": 1,
    }


def test_upsell_of_a_shop_is_read_from_its_orders(tmp_path: Path) -> None:
    orders = """
        id org_id ordered_at amount kind
        q1 A      2026-01-05 100    new
        q2 A      2026-01-20 40     upsell
        q3 A      2026-02-05 1000   repeat
        q4 B      2026-02-06 50     -
        q5 B      2026-02-07 50     cross_sell
        q6 B      2026-03-07 70     -
        q7 B      2026-03-08 30     upsell
    """
    query = project_of(tmp_path, {"organization": ORGANIZATIONS, "sales_order": orders}, through="2026-03-31")
    assert query.metric("upsell_share", "2026-01").exact == Fraction(40, 140)
    assert query.metric("upsell_share", "2026-02").exact == Fraction(1, 2)  # B's first order is new without a kind
    assert query.metric("upsell_share", "2026-03").exact == 1  # and its later one a repeat
    assert query.metric("upsell_share", "2026-Q1").exact == Fraction(120, 340)  # in its first quarter it is new
    assert query.metric("bookings", "2026-01").status == "REV-201"


PIPELINE = {
    "organization": ORGANIZATIONS,
    "opportunity": """
        id org_id created_at closed_at  close_date outcome amount amount_basis owner_id pipeline
        o1 A      2026-01-05 -          2026-02-25 open    1000   arr          r1       -
        o2 A      2026-01-05 2026-02-10 2026-02-10 won     500    arr          r1       -
        o3 A      2026-02-01 -          2026-02-15 open    7      arr          r1       -
        o4 A      2026-01-05 -          2026-03-15 open    11     arr          r1       -
        o5 C      2026-01-10 -          2026-04-01 open    300    arr          r2       -
        o6 C      2026-01-02 2026-01-20 2026-01-20 lost    13     arr          r2       -
        o7 C      2026-01-02 -          -          open    17     arr          r2       -
        o8 C      2026-01-02 2026-02-01 2026-02-01 lost    40     arr          r2       -
        o9 C      2026-01-02 -          2026-02-20 open    80     arr          r2       -
        oa C      2026-01-02 -          2026-02-20 open    99     arr          r2       deals
        ob C      2026-01-02 -          -          won     1      arr          r2       -
    """,
    "opportunity_snapshot": """
        opportunity_id valid_from valid_to   stage    amount close_date owner_id
        o5             2026-01-10 2026-01-25 -        700    2026-02-20 -
        o5             2026-01-25 2026-02-05 Proposal 900    2026-02-27 r1
        o5             2026-02-05 -          Proposal 300    2026-04-01 -
        o9             2026-02-03 -          -        60     2026-02-20 -
        oa             2026-01-02 -          New      99     2026-02-20 -
        oa             2026-01-15 -          Dead     99     2026-02-20 -
        oa             2026-02-15 -          New      99     2026-02-20 -
        gone           2026-01-02 -          -        5      2026-02-20 -
    """,
    "stage_map": "connection object pipeline source_stage stage is_lost\n* opportunity deals Dead lost true",
    "goal": "metric period value owner_id\nbookings 2026-02 3000 -\nbookings 2026-02 2900 r1\nbookings 2026-01 500 -",
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("pipeline"), PIPELINE, through="2026-02-12")


def test_open_at_the_start_and_expected_in_the_period_though_it_is_not_over(pipeline: Query) -> None:
    """Of o1 1,000, o2 500 (won since), o5 900 (as it was then), o8 40 (closed on the first day), o9 60 (as in its first
    snapshot); 500 of 3,000 is won. Closing dates after the last day loaded count: they are expectations."""
    found = pipeline.metric("pipeline_coverage", "2026-02")
    assert found.exact == Fraction(1000 + 500 + 900 + 40 + 60, 3000 - 500)
    assert found.status == "partial"
    records = {
        row["id"]: row["contribution"]
        for row in pipeline.records("pipeline_coverage", "2026-02").dicts()
        if str(row["component"]).startswith("open_pipeline")
    }
    assert records == {"o1": 1000, "o2": 500, "o5": 900, "o8": 40, "o9": 60}


def test_the_owner_of_an_open_deal_is_the_one_it_had_then(pipeline: Query) -> None:
    found = pipeline.metric("pipeline_coverage", "2026-02", {"owner": "r1"})
    assert found.exact == Fraction(1000 + 500 + 900, 2900 - 500)


def test_a_goal_that_is_reached_needs_no_pipeline(tmp_path: Path, pipeline: Query) -> None:
    assert pipeline.metric("pipeline_coverage", "2026-01").exact == 0  # nothing was open when January began
    tables = {**PIPELINE, "goal": "metric period value\nbookings 2026-02 500"}
    reached = project_of(tmp_path, tables, through="2026-02-12").metric("pipeline_coverage", "2026-02")
    assert (reached.exact, reached.status) == (None, "REV-110")


def test_open_deals_left_out_are_listed(pipeline: Query) -> None:
    found = {row["reason"]: row["count"] for row in pipeline.explain("pipeline_coverage", "2026-02").excluded.dicts()}
    assert found == {
        "closed without a date": 2,  # as an open deal and as one that was won
        "its opportunity is not known": 1,
        "open without an expected closing date": 1,
    }


BOOKED = {
    "organization": ORGANIZATIONS,
    "opportunity": """
        id org_id created_at closed_at  outcome amount amount_basis owner_id
        e1 A      2024-12-01 2025-01-10 won     100    arr          r1
        e2 A      2024-12-01 2025-01-20 won     100    arr          r2
        e3 B      2024-12-01 2025-01-15 won     100    arr          r1
        e4 C      2024-12-01 2025-01-31 won     50     arr          r1
        e5 D      2024-12-01 2025-01-20 won     40     arr          r1
        e6 E      2024-12-01 2025-01-20 lost    1000   arr          r1
    """,
    "sales_order": """
        id org_id ordered_at amount
        q0 A      2025-01-05 99
        q1 A      2025-01-15 150
        q2 A      2025-01-25 30
        q3 A      2025-02-01 -60
        q4 B      2025-06-01 40
        q5 B      2026-01-15 60
        q6 E      2025-01-25 1000
    """,
    "subscription": "id org_id started_at\n" + "\n".join(f"s{key} {key} 2025-01-01" for key in "ABCD"),
    "subscription_item_period": """
        id subscription_id valid_from valid_to   amount interval
        a  sA              2025-02-01 -          10     month
        b1 sB              2025-01-01 2026-01-01 10     month
        b2 sB              2026-01-16 -          10     month
        c  sC              2025-01-01 2026-01-31 10     month
        d  sD              2025-01-01 2026-01-21 10     month
    """,
}


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("booked"), BOOKED, through="2026-02-01")


def test_revenue_counts_once_and_from_closing_on(booked: Query) -> None:
    """A's 150 fill e1 (100) and leave 50 over, its 30 go to e2, of which the 60 given back take 10 after the 50 left over;
    B's second payment comes 365 days after closing, a day too late."""
    found = booked.metric("bookings_to_revenue", "2025-01")
    assert (found.exact, found.status) == (Fraction(100 + 20 + 40, 390), "ok")
    assert booked.metric("bookings_to_revenue", "2025-01", {"days": "10"}).exact == Fraction(100 + 30, 390)
    assert booked.metric("bookings_to_revenue", "2025-01", {"owner": "r2"}).exact == Fraction(20, 100)
    assert booked.metric("bookings_to_revenue", "2025-01", {"segment": "ENT"}).exact == 0
    covered = [
        row for row in booked.records("bookings_to_revenue", "2025-01").dicts() if "covered" in str(row["component"])
    ]
    assert {row["id"]: row["contribution"] for row in covered} == {"e1": 100, "e2": 20, "e3": 40}


def test_who_pays_a_year_after_closing(booked: Query) -> None:
    """A does; B paused over 15 January; C's last day was the 30th and a year after closing is the 31st; D's last day is the
    very day."""
    found = booked.metric("bookings_retained", "2025-01")
    assert (found.exact, found.status) == (Fraction(200 + 40, 390), "ok")
    assert booked.metric("bookings_retained", "2025-01", {"months": "6"}).exact == 1
    assert booked.metric("bookings_retained", "2025-01", {"months": "1", "owner": "r2"}).exact == 1


def test_bookings_are_partial_until_their_time_is_over(tmp_path: Path) -> None:
    query = project_of(tmp_path, BOOKED, through="2026-01-25")
    assert query.metric("bookings_to_revenue", "2025-01").status == "partial"
    # C's year is over on the 31st: who stays is not known, and not lost
    assert query.metric("bookings_retained", "2025-01").status == "REV-204"
    assert query.metric("bookings_retained", "2025-01", {"months": "6"}).status == "ok"


@pytest.mark.parametrize(
    ("gone", "metric"), [("sales_order", "bookings_to_revenue"), ("subscription_item_period", "bookings_retained")]
)
def test_without_sales_or_recurring_items_there_is_no_share(tmp_path: Path, gone: str, metric: str) -> None:
    tables = {name: text for name, text in BOOKED.items() if name != gone}
    assert project_of(tmp_path, tables, through="2026-02-01").metric(metric, "2025-01").status == "REV-201"


REFERRED = {
    "organization": """
        id name referrer_org_id
        A  A    -
        B  B    A
        C  C    -
        D  D    D
        E  E    A
        F  F    C
    """,
    "opportunity": """
        id org_id created_at closed_at  outcome amount amount_basis channel  lead_source currency
        f1 B      2026-01-01 2026-01-11 won     100    arr          paid     -           -
        f2 C      2026-01-01 2026-01-21 won     300    arr          Referral -           -
        f3 D      2026-01-01 2026-01-31 won     50     arr          paid     -           -
        f4 A      2026-01-01 2026-01-31 lost    50     arr          paid     -           -
        f5 A      2026-01-01 2026-01-31 lost    50     arr          -        REFERRAL    -
    """,
    "sales_order": """
        id org_id ordered_at amount
        q1 B      2026-01-12 10
        q2 C      2026-01-22 10
        q3 D      2026-02-01 10
        q4 E      2026-01-02 10
        q5 F      2026-02-02 10
    """,
    "campaign": "id name channel\nk1 Friends referral\nk2 Ads paid\nk3 Fair -",
    "campaign_cost": "campaign_id date amount\nk1 2026-01-02 30\nk2 2026-01-02 200\nk3 2026-01-02 1000",
}


def test_referral_beside_the_rest(tmp_path: Path) -> None:
    query = project_of(tmp_path, REFERRED, through="2026-03-31")
    table = query.metric("referral_business", "2026-01").rows
    assert table is not None
    referral, other = table.dicts()
    # B and E were sent by A, C came by the channel; the deals of B and C were won, one of A by lead source was lost
    assert referral == {
        "group": "referral", "new_customers": 3, "deals_won": 2, "cost_per_customer": 10, "cycle_days": 15,
        "mean_acv": 200, "win_rate": 2 / 3, "referring_customers": 1,
    }  # fmt: skip
    # D names itself, which is no referral; the fair has no channel
    assert other == {
        "group": "other", "new_customers": 0, "deals_won": 1, "cost_per_customer": None, "cycle_days": 30,
        "mean_acv": 50, "win_rate": 0.5, "referring_customers": None,
    }  # fmt: skip
    later = query.metric("referral_business", "2026-Q1").rows
    assert later is not None
    assert [(row["new_customers"], row["referring_customers"]) for row in later.dicts()] == [(4, 2), (1, None)]
    assert later.dicts()[1]["cost_per_customer"] == 200
    segment = query.metric("referral_business", "2026-01", {"segment": "(none)"}).rows
    assert segment is not None
    assert segment.dicts()[0]["cost_per_customer"] is None  # a campaign has no segment


def test_referrals_without_customers_are_no_empty_table(tmp_path: Path) -> None:
    tables = {name: text for name, text in REFERRED.items() if name != "sales_order"}
    found = project_of(tmp_path, tables, through="2026-03-31").metric("referral_business", "2026-01")
    assert (found.rows, found.status) == (None, "REV-201")
