"""Credits of won deals and what campaigns earned, on tables small enough to check by hand."""

from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of

TABLES = {
    "organization": """
        id name segment
        A  Ada  SMB
        B  Bob  ENT
        C  Cy   ENT
        D  Dot  ENT
    """,
    "person": """
        id org_id anonymous_id
        pa A      cookie
        pb -      shared
        pc -      shared
        pd -      -
    """,
    "campaign": """
        id   name  channel start_date
        spring Spring paid  2025-03-01
        always Always email -
        old    Old    event 2024-01-01
    """,
    "lead": """
        id created_at person_id org_id lead_source channel campaign_id opportunity_id
        la 2025-03-05 pa        -      web         paid    spring      o1
        lb 2025-03-07 pb        -      fair        -       old         -
        lc 2025-03-07 pd        -      fair        event   old         o4
    """,
    "opportunity": """
        id org_id created_at closed_at  outcome amount amount_basis term_months currency type      owner_id channel campaign_id
        o1 A      2025-03-20 2025-04-10 won     100    acv          -           -        new       r1       -       -
        o2 B      2025-03-20 2025-04-15 won     50     acv          -           EUR      new       r2       -       -
        o3 C      2025-04-01 2025-04-20 won     30     acv          -           -        new       r1       partner always
        o4 D      2025-03-20 2025-04-25 won     0.05   acv          -           -        new       r1       -       -
        o5 A      2025-04-01 2025-04-30 lost    999    acv          -           -        new       r1       -       -
        o6 A      2026-02-01 2026-02-28 won     70     acv          -           -        expansion r1       -       -
        o7 A      2026-01-05 2026-01-10 won     1000   acv          -           -        renewal   r1       -       -
        o8 A      2026-03-01 2026-03-02 won     7      acv          -           -        new       r1       -       -
    """,
    "opportunity_contact": """
        opportunity_id person_id is_primary
        o2 pb true
    """,
    "touch": """
        id person_id lead_id anonymous_id occurred_at kind campaign_id channel is_bot
        t1 pa -  -      2025-02-20           visit        -      organic -
        t2 pa -  -      2025-03-05T09:00:00Z form         spring -       -
        t3 -  la -      2025-03-19           meeting      -      sales   -
        t4 -  -  cookie 2025-04-10T23:00:00Z clicked      always -       -
        t5 pa -  -      2025-04-11           visit        spring -       -
        n1 pa -  -      2025-03-01           opened       spring -       -
        n2 pa -  -      2025-03-01           delivered    spring -       -
        n3 pa -  -      2025-03-01           visit        spring -       true
        n4 pa -  -      2025-03-01           unsubscribed spring -       -
        n5 -  -  shared 2025-03-01           visit        spring -       -
        b1 pb -  -      2025-03-25           demo         always -       -
        d1 pd -  -      2025-03-25           demo         -      x       -
        d2 pd -  -      2025-03-26           demo         -      y       -
        d3 pd -  -      2025-03-27           demo         -      z       -
    """,
    "campaign_cost": """
        campaign_id date       amount currency kind
        spring      2025-02-10 20     -        labour
        spring      2025-03-10 10     -        media
        spring      2026-03-01 5      -        media
        spring      2026-03-02 500    -        media
        always      2025-04-05 4      EUR      media
        old         2025-03-05 6      -        media
    """,
    "fx_rate": """
        date       from_currency to_currency rate
        2025-04-04 EUR           USD         2
        2025-04-15 EUR           USD         3
        2025-04-22 EUR           USD         3
    """,
}


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("credits"), TABLES, through="2026-06-30")


def credits_by(query: Query, period: str, **where: str) -> dict[str, float]:
    answer = query.metric("attribution", period, where)
    assert answer.rows is not None, answer.message
    by = where.get("by", "channel")
    return {str(row[by]): row["credit"] for row in answer.rows.dicts() if row["credit"]}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        # o1: organic, paid, sales, email 10 April; o2: 50 EUR at 3; o3 has no touch; o4: x y z, 5 cents
        ("first", {"organic": 100, "email": 150, "partner": 30, "x": 0.05}),
        ("last", {"email": 100 + 150, "partner": 30, "z": 0.05}),
        ("linear", {"organic": 25, "paid": 25, "sales": 25, "email": 25 + 150, "partner": 30, "x": 0.02, "y": 0.02, "z": 0.01}),
        ("u", {"organic": 40, "paid": 10, "sales": 10, "email": 40 + 150, "partner": 30, "x": 0.02, "y": 0.01, "z": 0.02}),
        # the lead came on 5 March with the form, the opportunity on 20 March after the meeting; o4's lead and
        # opportunity are older than its touches, so all three keys are the first one: 90 % and 10 % over two
        ("w", {"organic": 30, "paid": 30, "sales": 30, "email": 10 + 150, "partner": 30, "x": 0.05}),
    ],
)  # fmt: skip
def test_models(query: Query, model: str, expected: dict[str, float]) -> None:
    assert credits_by(query, "2025-04", model=model) == expected


def test_time_decay_halves_per_half_life(query: Query) -> None:
    # o1: 49, 36, 22 and 0 days; o4: 31, 30, 29 days
    weights = [2 ** (-days / 7) for days in (49, 36, 22, 0)]
    first, second, third, last = (100 * weight / sum(weights) for weight in weights)
    found = credits_by(query, "2025-04", model="time_decay")
    for channel, credit in (("organic", first), ("paid", second), ("sales", third), ("email", last + 150)):
        assert found[channel] == pytest.approx(credit, abs=0.01)
    assert (found["x"], found["y"], found["z"]) == (
        0.01,
        0.02,
        0.02,
    )  # 1.65, 1.67 and 1.68 cents, one each and two left
    slow = credits_by(query, "2025-04", model="time_decay", half_life="49")
    weights = [2 ** (-days / 49) for days in (49, 36, 22, 0)]
    assert slow["organic"] == pytest.approx(100 * weights[0] / sum(weights), abs=0.01)
    assert round(sum(found.values()), 6) == round(sum(slow.values()), 6) == 280.05
    # a part of the touches is credited what they are credited among all
    assert credits_by(query, "2025-04", model="time_decay", half_life="49", channel="organic") == {
        "organic": slow["organic"]
    }
    assert credits_by(query, "2025-04", model="time_decay", half_life="7") == found


def test_credits_are_the_bookings(query: Query) -> None:
    session = query.session()
    for period in ("2025-04", "2025-Q2", "2025", "2026-Q1", "LTM:2026-03"):
        for model in ("first", "last", "linear", "u", "w", "time_decay"):
            component = session.catalogue.bind_component("credited", {"model": model})
            for where in ({}, {"owner": "r1"}, {"segment": "ENT"}, {"currency": "EUR"}):
                booked = query.metric("bookings", period, where).exact
                assert session.value(component.name, query.period(period), where) == booked
    assert query.metric("attribution", "2025-05").rows is not None  # nothing won is no reason for no answer
    assert query.metric("attribution", "2025-05").status == "ok"


def test_by_campaign_and_lead_source(query: Query) -> None:
    # a touch without a campaign, or of a person without a lead, has none; pb's lead is of a fair
    assert credits_by(query, "2025-04", by="campaign") == {"always": 100 + 150 + 30, "(none)": 0.05}
    assert credits_by(query, "2025-04", by="lead_source") == {"web": 100, "fair": 150.05, "(none)": 30}
    answer = query.metric("attribution", "2025-04", {"by": "campaign", "model": "linear"}).rows
    assert answer is not None
    rows = {row["campaign"]: row for row in answer.dicts()}
    # o1: the click; o2: the demo; o3: no touch at all
    assert (rows["always"]["touches"], rows["always"]["deals"]) == (2, 3)
    assert [row["campaign"] for row in answer.dicts()] == ["always", "(none)", "spring"]
    assert sum(Fraction(str(row["share"])) for row in answer.dicts()) == pytest.approx(1)


def test_records_are_the_deals(query: Query) -> None:
    rows = query.records("attribution", "2025-04", {"channel": "email"}).dicts()
    assert {(row["id"], row["contribution"]) for row in rows} == {("o1", 100), ("o2", 150)}


def test_another_currency(query: Query) -> None:
    # dollars at 2 on 10 April and at 3 on 15 April and after
    shown = query.metric("attribution", "2025-04", currency="EUR")
    assert shown.rows is not None
    assert {row["channel"]: row["credit"] for row in shown.rows.dicts()} == {
        "email": 100, "partner": pytest.approx(10), "z": pytest.approx(0.05 / 3),
    }  # fmt: skip
    shown = query.metric("attribution", "2025-04", {"half_life": "49", "model": "time_decay"}, currency="EUR")
    assert shown.rows is not None
    assert sum(row["credit"] for row in shown.rows.dicts()) == pytest.approx(100 + 10 + 0.05 / 3)  # type: ignore[misc]


def test_first_year_of_a_campaign(query: Query) -> None:
    """Spring began on 1 March 2025: by the linear model 25 of o1, of o6 and o8 two of five touches; o7 is a renewal and
    o8, like the cost of 2 March, comes on day 366."""
    march, cost = {"model": "linear"}, 20 + 10 + 5
    value = 25 + Fraction(2, 5) * 70
    # what is always on counts with its own days: 150 of o2 in March, its cost in April
    assert query.metric("campaign_value_ratio", "2025-03", march).exact == (value + 150) / cost
    assert query.metric("campaign_roi", "2025-03", march).exact == (value + 150 - cost) / cost
    assert query.metric("campaign_roi", "2025-03", {"channel": "paid", **march}).exact == (value - cost) / cost
    assert query.metric("campaign_roi", "2025-03", {"lead_source": "web", **march}).exact == (value - cost) / cost
    assert query.metric("campaign_roi", "2025-03", {"campaign": "spring", **march}).exact == (value - cost) / cost


def test_a_campaign_that_is_always_on_counts_by_touch_and_cost(query: Query) -> None:
    # last touches of always: b1 on 25 March (o2), t4 on 10 April (o1); o3 without touches on its creation, 1 April
    assert query.metric("campaign_value_ratio", "2025-03", {"campaign": "always"}).status == "REV-110"
    found = query.metric("campaign_value_ratio", "2025-04", {"campaign": "always"})
    assert found.exact == Fraction(100 + 30, 8)


def test_the_first_year_is_partial_until_day_365(query: Query, tmp_path: Path) -> None:
    assert query.metric("campaign_roi", "2025-03").status == "ok"
    assert query.metric("campaign_roi", "2025-07").status == "REV-110"
    early = project_of(tmp_path, TABLES, through="2026-03-30")
    late = early.metric("campaign_roi", "2025-03")
    assert late.partial
    assert "365 days" in late.message


def test_what_is_left_out_is_listed(query: Query) -> None:
    found = {row["reason"]: row["count"] for row in query.explain("campaign_roi", "2026-Q2").excluded.dicts()}
    assert found == {
        "a renewal is no first year": 1,
        "won more than 365 days after the campaign started": 1,
        "spent more than 365 days after the campaign started": 2,
    }


def test_without_opportunities_there_is_no_return(tmp_path: Path) -> None:
    tables = {name: text for name, text in TABLES.items() if not name.startswith("opportunity")}
    tables["lead"] = "id created_at\nl1 2025-03-01"
    query = project_of(tmp_path, tables, through="2026-06-30")
    assert query.metric("campaign_roi", "2025-03").status == "REV-201"
    assert query.metric("attribution", "2025-03").status == "REV-201"


def test_a_campaign_that_won_nothing_earned_nothing(tmp_path: Path) -> None:
    tables = {
        **TABLES,
        "opportunity": "id org_id created_at closed_at outcome amount\no1 A 2025-03-02 2025-04-01 lost 7",
    }
    query = project_of(tmp_path, tables, through="2026-06-30")
    assert query.metric("campaign_value_ratio", "2025-03").exact == 0
    assert query.metric("campaign_roi", "2025-03").exact == -1
