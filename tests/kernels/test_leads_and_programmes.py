"""Trials, reopened leads, criteria, scores, speed, programmes, sources and spend, on tables checked by hand."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of


def rows_of(query: Query, metric: str, period: str, **where: str) -> list[dict[str, Any]]:
    answer = query.metric(metric, period, where)
    assert answer.rows is not None, (answer.status, answer.message)
    return answer.rows.dicts()


# --- trials ----------------------------------------------------------------------------------------------------------

TRIALS = {
    "organization": "id name segment\nA Ada SMB\nB Bob SMB\nC Cy ENT\nD Dot ENT\nE Eve ENT\nF Fay ENT",
    "person": "id org_id anonymous_id\npa A -\npe E cookie\npq - -\npt - twice\npu - twice",
    "lead": "id created_at person_id org_id\nlb 2025-01-01 - B",
    "touch": """
        id person_id lead_id anonymous_id occurred_at kind  is_bot
        t1 pa        -       -            2025-01-10  trial -
        t2 -         lb      -            2025-01-10  trial -
        t3 pa        -       -            2025-01-20  trial -
        t4 -         -       cookie       2025-01-31  trial -
        t5 pq        -       -            2025-01-31  trial -
        t6 -         -       twice        2025-01-31  trial -
        t7 pa        -       -            2025-01-31  trial true
        t8 pa        -       -            2025-01-05  demo  -
    """,
    "sales_order": """
        id org_id person_id ordered_at amount
        s1 A      -         2025-01-10 10
        s2 A      -         2025-01-30 10
        s3 B      -         2025-04-11 10
        s4 E      -         2025-05-01 0
        s5 -      pq        2025-05-02 10
    """,
}


def test_trials_that_begin_to_pay_in_time(tmp_path: Path) -> None:
    """Of six: t1 pays that day; t2 on day 91; t3 was paying before; t4, known by its cookie, orders for nothing on day
    90; t5, a person, on day 91; t6 is nobody we know."""
    query = project_of(tmp_path, TRIALS, through="2025-12-31")
    assert query.metric("trials", "2025-01").exact == 6
    assert query.metric("trial_to_paid", "2025-01").exact == Fraction(2, 6)
    assert query.metric("trial_to_paid", "2025-01", {"days": "91"}).exact == Fraction(4, 6)
    assert query.metric("trial_to_paid", "2025-01", {"days": "1"}).exact == Fraction(1, 6)
    assert query.metric("trial_to_paid", "2025-Q1", {"segment": "ENT"}).exact == 1
    assert query.metric("trial_to_paid", "2025-02").status == "REV-110"
    ids = {row["id"] for row in query.records("trial_to_paid", "2025-01").dicts() if "paid" in str(row["component"])}
    assert ids == {"t1", "t4"}


@pytest.mark.parametrize(("through", "status"), [("2025-04-30", "partial"), ("2025-05-01", "ok")])
def test_trials_are_partial_until_their_days_have_passed(tmp_path: Path, through: str, status: str) -> None:
    query = project_of(tmp_path, TRIALS, through=through)
    found = query.metric("trial_to_paid", "2025-01")
    assert found.status == status
    # what is known of the day after the last one does not count yet
    assert found.exact == Fraction(2 if status == "ok" else 1, 6)


# --- e-mail ----------------------------------------------------------------------------------------------------------


def test_a_message_opened_late_by_whoever_belongs_to_its_delivery(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {
            "organization": "id name segment\nA Ada SMB",
            "person": "id org_id anonymous_id\np1 A cookie",
            "lead": "id created_at person_id\nl1 2025-01-01 p1",
            "touch": """
                id person_id lead_id anonymous_id occurred_at kind      message_id
                m1 p1        -       -            2025-01-31  delivered one
                m2 -         l1      -            2025-03-01  opened    one
                m3 -         -       cookie       2025-05-01  clicked   one
                m4 p1        -       -            2025-01-31  sent      two
                m5 p1        -       -            2025-01-31  opened    three
            """,
        },
        through="2025-04-30",
    )
    assert query.metric("email_open_rate", "2025-01").exact == 1
    assert query.metric("email_open_rate", "2025-01", {"segment": "SMB"}).exact == 1
    assert query.metric("email_ctr", "2025-01").exact == 0  # the click lies in the future
    found = {row["reason"] for row in query.explain("email_ctr", "2025-01").excluded.dicts()}
    assert found == {"never delivered", "opened or clicked, delivery not recorded"}


# --- reopened leads --------------------------------------------------------------------------------------------------

REOPENED = {
    "person": "id\np1\np2",
    "lead": """
        id     created_at person_id channel
        touch  2025-01-05 p1        a
        stage  2025-01-05 -         a
        cycles 2025-01-05 -         a
        mute   2025-01-05 -         a
        never  2025-01-05 -         a
        first  2025-02-01 -         a
        old    2025-01-05 p2        b
        young  2025-03-10 p2        b
        born   2025-01-05 -         b
    """,
    "lifecycle_event": """
        id subject_type subject_id stage        occurred_at
        a1 lead         touch      not_ready    2025-01-10
        b1 lead         stage      disqualified 2025-01-10
        b2 lead         stage      recycled     2025-02-10
        b3 lead         stage      mql          2025-03-10
        c1 lead         cycles     not_ready    2025-01-10
        c2 lead         cycles     disqualified 2025-01-12
        c3 lead         cycles     mql          2025-02-01
        c4 lead         cycles     sql          2025-02-02
        c5 lead         cycles     not_ready    2025-02-03
        c6 lead         cycles     mql          2025-03-03
        d1 lead         mute       not_ready    2025-01-10
        f1 lead         first      disqualified 2025-01-20
        f2 lead         first      lead         2025-02-02
        o1 lead         old        not_ready    2025-01-10
        g1 lead         born       not_ready    2025-01-05
        g2 lead         born       lead         2025-01-05T10:00:00Z
    """,
    "touch": """
        id person_id lead_id occurred_at          kind      is_bot
        t1 p1        -       2025-01-10           form      -
        t2 p1        -       2025-02-20           opened    -
        t3 p1        -       2025-02-21           visit     -
        t4 p1        -       2025-02-22           visit     -
        t5 -         mute    2025-02-20           visit     true
        t6 -         mute    2025-02-20           delivered -
        t7 -         never   2025-02-20           visit     -
        t8 p2        -       2025-03-10T08:00:00Z form      -
    """,
}


def reopened(query: Query, period: str) -> list[str]:
    found = query.records("reopened_leads", period).dicts()
    return [f"{row['id']} {row['on']} x{row['contribution']:.0f}" for row in found]


def test_one_reopening_per_cycle_and_never_of_a_new_lead(tmp_path: Path) -> None:
    """The touch on the day it was put aside is not after it; being recycled is no stage; two states and one return are one
    cycle; opened mails, bots and touches of a lead never put aside do nothing; the event that makes a lead new, however
    put aside before, does not reopen it; what makes a second lead new does not reopen the first."""
    query = project_of(tmp_path, REOPENED, through="2025-12-31")
    assert reopened(query, "2025") == ["cycles 2025-02-01 x2", "touch 2025-02-21 x1", "stage 2025-03-10 x1"]
    assert reopened(query, "2025-03") == ["cycles 2025-03-03 x1", "stage 2025-03-10 x1"]
    found = {
        m: query.metric("reopened_leads", m).exact for m in ("2025-01", "2025-02", "2025-03", "2025-04", "2025-Q1")
    }
    assert list(found.values()) == [0, 2, 2, 0, 4]
    assert query.metric("reopened_leads", "2025", {"channel": "b"}).exact == 0
    assert query.metric("new_leads", "2025").exact == 9  # reopening makes nothing new
    assert query.metric("reopened_leads", "2024-12").status == "REV-204"


# --- rates, speed ----------------------------------------------------------------------------------------------------

FUNNEL = {
    "web_daily": "date channel visitors signups\n2025-01-05 a 100 5\n2025-03-05 a 10 5",
    "campaign": "id name channel\nk K a",
    "campaign_cost": "campaign_id date amount\nk 2025-01-05 60\nk 2025-02-05 80\nk 2025-03-05 20",
    "lead": """
        id created_at channel lead_source campaign_id
        l1 2025-01-01 a       web         k
        l2 2025-01-01 a       web         -
        l3 2025-01-01 a       fair        -
        l4 2025-01-01 a       -           -
        l5 2025-03-01 b       -           -
    """,
    "lifecycle_event": """
        id subject_type subject_id stage occurred_at
        e1 lead         l1         mql   2025-01-03
        e2 lead         l2         mql   2025-01-11
        e3 lead         l3         mql   2025-02-10
        e4 lead         l1         sql   2025-01-03
        e5 lead         l5         mql   2025-03-30
        e6 lead         l5         customer 2025-04-02
    """,
}


@pytest.fixture(scope="module")
def funnel(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("rates"), FUNNEL, through="2025-03-31")


def test_the_same_period_form_divides_events_by_events(funnel: Query) -> None:
    assert funnel.metric("mql_rate", "2025-01").exact == Fraction(3, 4)
    assert funnel.metric("mql_rate_period", "2025-01").exact == Fraction(2, 4)
    assert funnel.metric("mql_rate_period", "2025-02").status == "REV-110"  # one MQL, no new lead
    assert funnel.metric("mql_rate_period", "2025-Q1").exact == Fraction(4, 5)
    assert funnel.metric("sql_rate_period", "2025-Q1").exact == Fraction(1, 4)
    assert funnel.metric("sql_to_customer_period", "2025-Q1").exact == 0
    assert funnel.metric("visitor_to_lead", "2025-01").exact == Fraction(4, 100)
    assert funnel.metric("visitor_to_lead", "2025-Q1", {"channel": "a"}).exact == Fraction(4, 110)
    steps = {row["from_stage"]: row for row in rows_of(funnel, "stage_conversion_period", "2025-02")}
    assert (steps["lead"]["reached"], steps["lead"]["reached_later"], steps["lead"]["rate"]) == (0, 1, None)
    assert steps["mql"]["rate"] == 0


def test_cost_can_be_read_months_earlier(funnel: Query) -> None:
    assert funnel.metric("cost_per_mql", "2025-02").exact == 80
    assert funnel.metric("cost_per_mql", "2025-02", {"lag": "1"}).exact == 60
    assert funnel.metric("cost_per_mql", "2025-03", {"lag": "2"}).exact == 60
    assert funnel.metric("cost_per_lead", "2025-Q1").exact == Fraction(160, 5)
    assert funnel.metric("cost_per_lead", "2025-Q1", {"lag": "3"}).status == "REV-204"
    assert funnel.metric("cost_per_lead", "2025-Q1", {"lead_source": "web"}).exact == 160 / 2
    assert "60 / 1" in funnel.explain("cost_per_mql", "2025-02", {"lag": "1"}).arithmetic.replace(",", " /")


def test_speed_counts_those_still_waiting(funnel: Query) -> None:
    """Four leads of January: MQL after 2, 10 and 40 days, one waits for 89. Survival 3/4, 1/2, 1/4: the median is 10 days,
    the third quarter 40, nine in ten are not reached. The mean of the finished would say 17."""
    rows = {(row["from_stage"], row["to_stage"]): row for row in rows_of(funnel, "stage_velocity", "2025-01")}
    assert len(rows) == 8
    found = rows["lead", "mql"]
    assert [found[name] for name in ("leads", "finished", "median_days", "p75_days", "p90_days")] == [
        4,
        3,
        10,
        40,
        None,
    ]
    # of the two MQLs of January one went on at once, one waits
    found = rows["mql", "sql"]
    assert [found[name] for name in ("leads", "finished", "median_days", "p75_days")] == [2, 1, 0, None]
    # nobody got to be an opportunity, and what comes after the as-of day is not known
    assert rows["opportunity", "customer"]["leads"] == 0
    assert rows["opportunity", "customer"]["median_days"] is None
    march = {(row["from_stage"], row["to_stage"]): row for row in rows_of(funnel, "stage_velocity", "2025-03")}
    assert march["lead", "customer"]["finished"] == 0


def test_who_waits_is_at_risk_until_the_last_known_day(tmp_path: Path) -> None:
    """Both begin on day 0; one makes the step on day 5, the other is last seen on day 5: at risk then, so the median is 5.
    Seen a day less, it would not have been at risk and the curve would fall to zero."""
    tables = {
        "lead": "id created_at\nx 2025-01-01\ny 2025-01-01\nz 2025-01-02",
        "lifecycle_event": "id subject_type subject_id stage occurred_at\ne1 lead x mql 2025-01-06",
    }
    query = project_of(tmp_path, tables, through="2025-01-06")
    found = rows_of(query, "stage_velocity", "2025-01")[0]
    # z was seen for four days: 1 of 2 at risk on day 5
    assert [found[name] for name in ("leads", "finished", "median_days", "p75_days")] == [3, 1, 5, None]


# --- criteria, scores ------------------------------------------------------------------------------------------------


def test_lift_of_each_criterion(tmp_path: Path) -> None:
    """Twenty leads: ten with a budget, six of them won; ten without or silent, two won."""
    lines = ["id created_at budget size note"]
    events = ["id subject_type subject_id stage occurred_at"]
    for n in range(20):
        budget = "yes" if n < 10 else "no" if n < 16 else "-"
        lines.append(f"l{n} 2025-01-05 {budget} {'big' if n % 2 else 'small'} n{n}")
        if n in (0, 1, 2, 3, 4, 5, 10, 18):
            events.append(f"e{n} lead l{n} customer 2025-02-01")
    lines.append("late 2025-03-05 yes big n0")
    query = project_of(tmp_path, {"lead": "\n".join(lines), "lifecycle_event": "\n".join(events)}, through="2025-12-31")
    rows = rows_of(query, "criterion_lift", "2025-01")
    assert [(row["criterion"], row["value"]) for row in rows] == [
        ("budget", "yes"), ("size", "small"), ("size", "big"), ("budget", "no"),
    ]  # fmt: skip
    best = rows[0]
    assert (best["leads_with"], best["converted_with"], best["leads_without"], best["converted_without"]) == (
        10,
        6,
        10,
        2,
    )
    assert (best["rate_with"], best["rate_without"], best["lift"]) == (0.6, 0.2, 3.0)
    assert best["difference"] == 0.4
    # Wilson: 0.3127 to 0.8318 of 6/10, 0.0567 to 0.5098 of 2/10
    low = 0.4 - ((0.6 - 0.31267) ** 2 + (0.50984 - 0.2) ** 2) ** 0.5
    high = 0.4 + ((0.83182 - 0.6) ** 2 + (0.2 - 0.05668) ** 2) ** 0.5
    assert best["low"] == pytest.approx(low, abs=1e-4)
    assert best["high"] == pytest.approx(high, abs=1e-4)
    assert (best["not_said"], best["small"]) == (4, "small")
    assert rows[3]["leads_with"] == 6  # "no"; the silent ones are without
    # the stage is a choice; nobody was found to be an MQL after March
    assert rows_of(query, "criterion_lift", "2025-01", to="mql")[0]["converted_with"] == 6
    assert rows_of(query, "criterion_lift", "2025-03")[0]["difference"] is None  # nobody without
    left_out = query.explain("criterion_lift", "2025-01").excluded.dicts()
    assert left_out == [{"reason": 'custom field "note" has more than 12 values', "table": "lead", "count": 1}]


def test_without_custom_fields_there_is_no_lift(funnel: Query) -> None:
    assert funnel.metric("criterion_lift", "2025-01").status == "REV-201"


SCORES = {
    "person": "id\np1\np2",
    "lead": """
        id created_at person_id
        l1 2025-01-05 p1
        l2 2025-01-31 p1
        l3 2025-01-05 -
        l4 2025-02-05 p2
        l5 2025-01-07 -
    """,
    "score_event": """
        id person_id lead_id occurred_at          value
        s1 p1        -       2024-12-01           12
        s2 -         l1      2025-01-20           30
        s3 -         l1      2025-01-31T23:00:00Z 44
        s4 -         l1      2025-02-01           99
        s5 p1        -       2025-01-20           18.5
        s6 p2        -       2025-02-10           7
        s7 -         l3      2025-02-10           50
        s8 p1        l2      2025-01-06           21
    """,
}


def test_scores_are_those_of_the_month_end(tmp_path: Path) -> None:
    """January: l1 44 (its own last event, not February's 99), l2 18.5 (its person's, later than its own 21), l3 and l5 none
    by then. A quarter takes each lead at the end of its own month: l4 at 7, l3 still none."""
    query = project_of(tmp_path, SCORES, through="2025-12-31")
    january = {row["row"]: row for row in rows_of(query, "lead_score_profile", "2025-01")}
    assert (january["leads"]["leads"], january["scored"]["leads"], january["scored"]["share"]) == (4, 2, 0.5)
    assert [january[name]["score"] for name in ("minimum", "p25", "median", "p75", "maximum")] == [
        18.5, 18.5 + 25.5 / 4, 31.25, 18.5 + 25.5 * 3 / 4, 44,
    ]  # fmt: skip
    bands = [(row["row"], row["leads"]) for row in list(january.values())[7:]]
    assert bands == [("10 to below 20", 1), ("20 to below 30", 0), ("30 to below 40", 0), ("40 to below 50", 1)]
    quarter = {row["row"]: row for row in rows_of(query, "lead_score_profile", "2025-Q1", band="20")}
    assert [quarter[name]["score"] for name in ("minimum", "median", "maximum")] == [7, 18.5, 44]
    assert quarter["0 to below 20"]["leads"] == 2
    assert [row["row"] for row in rows_of(query, "lead_score_profile", "2025-03")] == ["leads", "scored"]


def test_without_scores_there_is_no_profile(funnel: Query) -> None:
    assert funnel.metric("lead_score_profile", "2025-01").status == "REV-201"


# --- programmes, sources, spend --------------------------------------------------------------------------------------


def test_steps_of_a_programme(tmp_path: Path) -> None:
    """Mail 2 comes before Mail 10. Scores in Mail 2: from 10 to 25; from 5 (the event says 8, +3) to 8; nothing known;
    known and unchanged; an event when the step is left belongs to the next one."""
    tables = {
        "campaign": "id name channel automated\nnurture Nurture email true",
        "lead": "id created_at person_id\nl1 2025-01-01 p1\nl2 2025-01-01 p2",
        "person": "id\np1\np2\np3\np4",
        "programme_membership": """
            id person_id lead_id campaign_id step   entered_at left_at    status
            a1 -         l1      nurture     Mail~2  2025-01-05 2025-01-10 advanced
            a2 p2        -       nurture     Mail~2  2025-01-05 -          stalled
            a3 p3        -       nurture     Mail~2  2025-01-05 2025-01-06 dropped
            a4 p4        -       nurture     Mail~2  2025-01-05 -          -
            a5 -         l1      nurture     Mail~10 2025-01-10 -          advanced
            a6 -         l1      nurture     Mail~10 2025-02-10 -          advanced
        """,
        "score_event": """
            id person_id lead_id occurred_at value delta
            s1 p1        -       2025-01-01  10    -
            s2 -         l1      2025-01-05  20    10
            s3 p1        -       2025-01-09  25    5
            s4 -         l1      2025-01-10  40    15
            s5 p2        -       2025-01-20  8     3
            s6 p4        -       2025-01-01  50    -
        """,
    }
    query = project_of(tmp_path, tables, through="2025-12-31")
    rows = rows_of(query, "programme_effectiveness", "2025-01")
    assert [row["step"] for row in rows] == ["Mail~2", "Mail~10"]
    first = rows[0]
    assert [first[name] for name in ("entered", "advanced", "stalled", "dropped", "still_in")] == [4, 1, 1, 1, 1]
    assert [first[name] for name in ("advanced_share", "still_in_share")] == [0.25, 0.25]
    assert (first["scored"], first["mean_score_change"]) == (3, float(Fraction(15 + 3 + 0, 3)))
    assert (rows[1]["scored"], rows[1]["mean_score_change"]) == (1, 15)
    assert rows_of(query, "programme_effectiveness", "2025-02")[0]["entered"] == 1
    assert "what caused what" in query.define("programme_effectiveness").rows[2][1]  # type: ignore[operator]
    assert query.metric("programme_effectiveness", "2024-12").status == "REV-204"


def test_sources(tmp_path: Path) -> None:
    tables = {
        **FUNNEL,
        "organization": "id name\nA Ada",
        "campaign": "id name\nk K\nm M",
        "campaign_cost": "campaign_id date amount\nk 2025-01-05 60\nm 2025-01-05 80",
        "lead": FUNNEL["lead"] + "l6 2025-01-01 a fair m\nl7 2025-01-01 a web m",
        "opportunity": """
            id org_id created_at closed_at  outcome amount lead_id
            o1 A      2025-01-10 2025-01-20 won     500    l1
            o2 A      2025-01-10 2025-01-20 won     40     -
        """,
    }
    query = project_of(tmp_path, tables, through="2025-03-31")
    rows = {(row["lead_source"], row["campaign"]): row for row in rows_of(query, "source_effectiveness", "2025-01")}
    best = rows["web", "k"]
    assert [best[name] for name in list(best)[2:]] == [1, 1, 500, 60, 60, 500 / 60]
    # m's leads name two sources: its cost is a row of its own, no part of either
    assert [rows["(none)", "m"][name] for name in ("leads", "cost", "cost_per_customer")] == [0, 80, None]
    assert (rows["fair", "m"]["leads"], rows["fair", "m"]["cost"]) == (1, None)
    only = rows_of(query, "source_effectiveness", "2025-01", lead_source="fair")
    assert {row["campaign"]: row["cost"] for row in only} == {"m": None, "(none)": 0}
    assert (rows["fair", "(none)"]["leads"], rows["fair", "(none)"]["cost"]) == (1, 0)  # no campaign, no cost
    assert rows["(none)", "(none)"]["value"] == 40
    assert sum(row["cost"] or 0 for row in rows.values()) == 140
    campaigns = {row["campaign"]: row for row in rows_of(query, "source_effectiveness", "2025-01", by="campaign")}
    assert [campaigns["m"][name] for name in ("lead_source", "leads", "cost")] == ["(all)", 2, 80]
    assert (campaigns["k"]["cost_per_customer"], campaigns["k"]["value_to_cost"]) == (60, 500 / 60)
    sources = {row["lead_source"]: row for row in rows_of(query, "source_effectiveness", "2025-01", by="lead_source")}
    # the 60 of k are not all that web cost: it shares m, and nobody can say how much of m's 80 it took
    assert [sources["web"][name] for name in ("campaign", "leads", "value", "cost")] == ["(all)", 3, 500, None]
    assert [sources["(none)"][name] for name in ("value", "cost", "value_to_cost")] == [40, 80, None]
    assert sum(row["leads"] for row in rows.values()) == query.metric("new_leads", "2025-01").exact


def test_unknown_cost_is_blank_not_nothing(tmp_path: Path) -> None:
    tables = {name: text for name, text in FUNNEL.items() if name != "campaign_cost"}
    query = project_of(tmp_path, tables, through="2025-03-31")
    row = rows_of(query, "source_effectiveness", "2025-01")[0]
    assert (row["cost"], row["value"], row["cost_per_customer"]) == (None, None, None)
    assert query.metric("spend_efficiency", "2025-01").status == "REV-201"


def test_spend_beside_conversion(funnel: Query) -> None:
    """February to March: cost 80 to 20; leads 0 to 1. January to February has no conversion to compare."""
    total = rows_of(funnel, "spend_efficiency", "2025-02", to="mql")[0]
    assert [total[name] for name in list(total)[1:4]] == [60, 80, 1 / 3]
    assert [total[name] for name in list(total)[4:]] == [0.5, None, None]
    quarter = rows_of(funnel, "spend_efficiency", "2025-Q1", to="mql")[0]
    assert (quarter["previous_spend"], quarter["spend_change"], quarter["conversion"]) == (None, None, 0.8)
    march = {row["channel"]: row for row in rows_of(funnel, "spend_efficiency", "2025-03", to="mql")}
    assert march["a"]["spend_change"] == -0.75
    assert (march["b"]["conversion"], march["b"]["conversion_change"]) == (1, None)
    assert rows_of(funnel, "spend_efficiency", "2025-03")[0]["conversion"] == 0
