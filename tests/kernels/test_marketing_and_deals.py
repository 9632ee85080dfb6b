"""Visits, campaign cost, touches, e-mail, deals and surveys on tables small enough to check by hand."""

from fractions import Fraction

import pytest

from revalign_udf.metrics import METRICS
from revalign_udf.query import Query
from revalign_udf.testing import project_of

TABLES = {
    "web_daily": """
        date       channel visitors signups
        2026-01-01 paid    1000     -
        2026-01-31 organic 100      11
        2026-02-01 paid    7        7
    """,
    "campaign": """
        id name   channel audience automated
        c1 Launch paid    prospect false
        c2 Drip   email   prospect true
        c3 News   email   customer false
    """,
    "campaign_cost": """
        campaign_id date       amount currency kind
        c1          2026-01-10 100    -        media
        c1          2026-01-10 50     EUR      labour
        c2          2026-01-20 -10    -        other
    """,
    "fx_rate": """
        date       from_currency to_currency rate
        2026-01-09 EUR           USD         1.20
        2026-01-15 EUR           USD         1.20
    """,
    "lead": """
        id created_at channel org_id
        l1 2026-01-05 paid    A
        l2 2026-01-06 email   -
    """,
    "organization": "id name segment\nA Ada SMB\nB Bob ENT",
    "touch": """
        id person_id lead_id occurred_at          kind      campaign_id message_id is_bot
        t1 -         l1      2026-01-07           demo      c1          -          -
        t2 -         l1      2026-01-08           demo      c1          -          true
        t3 p1        -       2026-01-09           trial     -           -          -
        m1 p1        -       2026-01-31T23:00:00Z delivered c1          one        -
        m2 p1        -       2026-02-01           opened    c1          one        -
        m3 p1        -       2026-02-02           opened    c1          one        -
        m4 p2        -       2026-01-31           delivered c1          one        -
        m5 p2        -       2026-01-31           opened    c1          one        true
        m6 p3        -       2026-01-31           sent      c1          one        -
        m7 p4        -       2026-01-15           delivered c2          two        -
        m8 p4        -       2026-01-16           clicked   c2          two        -
        m9 p5        -       2026-01-15           delivered c3          three      -
    """,
    "opportunity": """
        id org_id created_at closed_at  close_date outcome amount amount_basis term_months currency type
        o1 A      2026-01-01 2026-01-11 -          won     24000  tcv          24          -        new
        o2 A      2026-01-01 2026-01-31 -          won     100    mrr          -           -        expansion
        o3 B      2026-01-05 -          2026-01-20 lost    1000   arr          36          EUR      new
        o4 B      2026-01-05 -          2026-03-20 open    5      arr          -           -        new
        o5 B      2026-01-05 -          -          won     7      arr          -           -        new
        o6 B      2026-01-05 2026-01-06 -          won     600    tcv          6           -        new
        o7 B      2026-01-05 2026-01-06 -          lost    -      -            -           -        new
        o8 B      2026-01-05 2026-01-06 -          lost    70     -            24          -        new
    """,
    "survey_response": """
        id responded_at kind score scale_max org_id
        s1 2026-01-01   nps  10    -         A
        s2 2026-01-02   nps  9     -         A
        s3 2026-01-03   nps  8     -         B
        s4 2026-01-04   nps  0     -         B
        s5 2026-01-05   nps  -     -         B
        s6 2026-01-05   csat 4     -         A
        s7 2026-01-05   csat 3     -         A
        s8 2026-01-05   csat 8     10        B
        s9 2026-01-05   ces  1     -         B
    """,
}


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("marketing"), TABLES, through="2026-02-28")


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("visitors", 1100),
        ("signups", 11),
        ("visitor_to_signup", Fraction(11, 1100)),
        ("demos", 1),
        ("trials", 1),
        ("campaign_cost", 100 + 60 - 10),
        ("cost_per_lead", Fraction(150, 2)),
        ("emails_delivered", 2),
        ("email_open_rate", Fraction(1, 2)),
        ("email_ctr", 0),
        ("email_ctr_automated", 1),
        ("email_ctr_customers", 0),
        ("deals_won", 3),
        ("deals_lost", 3),
        ("win_rate", Fraction(1, 2)),
        # 24,000 over 24 months is 12,000 a year; 100 a month is 1,200; six months of 600 stay 600
        ("bookings", 12_000 + 1_200 + 600),
        ("win_rate_value", Fraction(13_800, 13_800 + 1_200 + 70)),
        ("nps", 25),
        ("csat", Fraction(2, 3)),
    ],
)
def test_january(query: Query, metric: str, expected: Fraction) -> None:
    if metric not in METRICS:
        assert query.session().value(metric, query.period("2026-01"), {}) == expected
    else:
        assert query.metric(metric, "2026-01").exact == expected


def test_slices(query: Query) -> None:
    assert query.metric("nps", "2026-01", {"segment": "SMB"}).exact == 100
    assert query.metric("nps", "2026-01", {"segment": "ENT"}).exact == -50
    assert query.metric("visitors", "2026-01", {"channel": "paid"}).exact == 1000
    assert query.metric("campaign_cost", "2026-01", {"channel": "email"}).exact == -10
    assert query.metric("win_rate", "2026-01", {"segment": "SMB"}).exact == 1


def test_a_message_counts_on_the_day_it_was_delivered(query: Query) -> None:
    assert query.metric("email_open_rate", "2026-02").status == "REV-110"


def test_what_is_left_out_is_listed(query: Query) -> None:
    found = {
        name: {(row[0], row[2]) for row in query.explain(name, "2026-01").excluded.rows}
        for name in ("demos", "win_rate", "nps")
    }
    assert found == {"demos": {("a bot", 1)}, "win_rate": {("closed without a date", 1)}, "nps": {("no score", 1)}}


@pytest.mark.parametrize("metric", ["campaign_cost", "bookings", "demos", "visitors"])
def test_records_add_up(query: Query, metric: str) -> None:
    records = query.records(metric, "2026-01").dicts()
    total = sum(Fraction(str(row["contribution"])) for row in records)
    assert total == query.metric(metric, "2026-01").exact


def test_every_new_rate_names_its_vanity_counterpart(query: Query) -> None:
    for metric in METRICS.values():
        if metric.role == "vanity":
            assert metric.counterpart in METRICS
            assert metric.question.endswith("?")
    assert query.declaration("traffic").name == "visitors"
