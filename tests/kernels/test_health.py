"""Feedback, usage, unhappy revenue, churn and expansion by line, and the successful customer, by hand."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.calc.proportions import wilson_interval
from revalign_udf.query import Query
from revalign_udf.query.tables.health import least_used
from revalign_udf.testing import project_of


def rows(query: Query, metric: str, period: str, **where: str) -> list[dict[str, Any]]:
    table = query.metric(metric, period, where).rows
    assert table is not None
    return table.dicts()


# --- feedback ---------------------------------------------------------------------------------------------------------

ANSWERS = """
    id responded_at kind      score scale_max comment org_id
    1  2026-01-01   nps       10    -         -       A
    2  2026-01-02   nps       3     -         slow    A
    3  2026-01-02   nps       -     -         hm      B
    4  2026-01-02   nps       -     -         -       B
    5  2026-01-03   match     4     5         -       A
    6  2026-01-03   match     3     5         no      B
    7  2026-01-03   match     8     10        -       B
    8  2026-01-03   match     1     1         -       B
    9  2026-01-03   match     0     1         -       B
    10 2026-01-04   ces       5     -         -       A
    11 2026-01-04   ces       6     -         -       B
    12 2026-01-05   interview -     -         long    A
    13 2026-01-05   csat      5     -         -       A
"""


def test_feedback_by_kind(tmp_path: Path) -> None:
    query = project_of(tmp_path, {"survey_response": ANSWERS}, through="2026-02-28")
    assert query.metric("feedback_match", "2026-01").exact == Fraction(3, 5)
    assert query.metric("nps", "2026-01").exact == 0
    assert [tuple(row.values()) for row in rows(query, "feedback", "2026-01")] == [
        ("nps", 2, 0.0, "points", "yes", 2),
        ("csat", 1, 1.0, "share", "yes", 0),
        ("ces", 2, 5.5, "mean", "yes", 0),
        ("match", 5, 0.6, "share", "yes", 1),
        ("interview", 0, None, None, None, 1),
    ]
    assert rows(query, "feedback", "2026-02") == []
    assert query.metric("feedback_match", "2026-02").status == "REV-110"
    assert query.metric("feedback", "2025-12").status == "REV-204"
    left_out = {(row[0], row[2]) for row in query.explain("nps", "2026-01").excluded.rows}
    assert left_out == {("no score", 3)}  # two without, and the interview


@pytest.mark.parametrize(
    ("answers", "expected", "left_out"),
    [
        # yes and no without a scale; a single 3 says that it is no such scale, and nobody knows of what the 1 is one
        ("1 0 1 1", Fraction(3, 4), set()),
        ("1 0 3 1", "REV-201", {("its scale is not known", 4)}),
    ],
)
def test_a_match_without_a_scale(tmp_path: Path, answers: str, expected: object, left_out: object) -> None:
    text = "id responded_at kind score\n" + "\n".join(
        f"{n} 2026-01-01 match {s}" for n, s in enumerate(answers.split())
    )
    query = project_of(tmp_path, {"survey_response": text}, through="2026-01-31")
    found = query.metric("feedback_match", "2026-01")
    assert expected in (found.exact, found.status)
    assert {(row[0], row[2]) for row in query.explain("feedback_match", "2026-01").excluded.rows} == left_out


def test_thirty_answers_are_enough(tmp_path: Path) -> None:
    lines = [f"{n} 2026-0{1 + n // 30}-01 nps 9" for n in range(59)]
    query = project_of(
        tmp_path, {"survey_response": "id responded_at kind score\n" + "\n".join(lines)}, through="2026-02-28"
    )
    assert [rows(query, "feedback", month)[0]["under_30"] for month in ("2026-01", "2026-02")] == ["no", "yes"]


# --- usage ------------------------------------------------------------------------------------------------------------

CUSTOMERS = "abcdefgh"


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Eight customers pay for core, h for more as well; a, b and h leave in February."""
    usage = [
        # January: a and b hardly use it, c as little as b
        "2026-01-10 a core - 1 1 10 -", "2026-01-10 b core - 2 2 10 -", "2026-01-11 c core - 2 2 10 -",
        *(f"2026-01-12 {k} core - 9 9 10 -" for k in "defgh"), "2026-01-12 h more - 1 1 4 -",
        # February: rows by feature and one without, seats that change, a monthly number
        "2026-02-01 d core search 5 50 10 -", "2026-02-01 d core export 4 9 10 -", "2026-02-01 d core - 7 - 12 -",
        "2026-02-02 d core search 8 10 - 9", "2026-02-03 e core search 3 3 10 -", "2026-02-03 e core export 2 1 10 -",
        "2026-02-04 h more report 1 1 4 -", "2026-02-05 c core - 0 0 10 -",
    ]  # fmt: skip
    return project_of(
        tmp_path_factory.mktemp("used"),
        {
            "organization": "id name segment\n"
            + "\n".join(f"{k} {k} {'SMB' if k < 'e' else 'ENT'}" for k in CUSTOMERS),
            "product": "id name product_line\ncore Core Core\nmore More More",
            "subscription": "id org_id started_at ended_at\n"
            + "\n".join(f"{k} {k} 2025-12-01 {'2026-02-20' if k in 'abh' else '-'}" for k in CUSTOMERS),
            "subscription_item_period": "id subscription_id valid_from amount interval product_id\n"
            + "\n".join(f"{k} {k} 2025-12-01 100 month core" for k in CUSTOMERS)
            + "\nmore h 2025-12-01 10 month more",
            "usage_daily": "date org_id product_id feature active_users events seats monthly_active_users\n"
            + "\n".join(usage),
            "survey_response": "id responded_at kind score scale_max org_id product_id\n1 2026-02-01 match 1 1 d core\n"
            "2 2026-02-01 match 0 1 e core",
        },
        through="2026-02-28",
    )


def test_usage_by_segment(used: Query) -> None:
    found = {row["segment"]: row for row in rows(used, "usage_adoption", "2026-02")}
    assert list(found) == ["ENT", "SMB", "all"]
    small = found["SMB"]
    # d: 7 users on the 1st by the row without a feature, 8 on the 2nd by the largest; 28 days
    assert (small["customers"], small["active_users"], small["features"]) == (1, 15 / 28, 2)
    # seats of c and d as last reported: 10 + 12; used: c none, d 9 by the monthly number
    assert (small["seats"], small["seats_used"], small["share_of_seats"]) == (22, 9, 9 / 22)
    assert (small["features_per_customer"], small["feedback_match"]) == (2.0, 1.0)
    # four customers, the last of the least quarter is a: a left; b of the rest left
    assert (small["least_users"], small["least_churn"], small["rest"], small["rest_churn"]) == (1, 1.0, 3, 1 / 3)
    assert small["under_30"] == "yes"
    everybody = found["all"]
    assert (everybody["customers"], everybody["features"]) == (3, 3)
    assert everybody["active_users"] == (15 + 3 + 1) / 28
    assert everybody["features_per_customer"] == 5 / 3
    # b is the second of eight, and c used as little: three in the least quarter, two of whom left; h left of five
    assert (everybody["least_users"], everybody["least_churn"]) == (3, 2 / 3)
    assert (everybody["rest"], everybody["rest_churn"]) == (5, 1 / 5)
    assert (everybody["seats"], everybody["seats_used"]) == (22 + 10 + 4, 9 + 3 + 1)


def test_usage_by_product_line(used: Query) -> None:
    found = {row["product_line"]: row for row in rows(used, "usage_adoption", "2026-02", by="product_line")}
    assert list(found) == ["Core", "More", "all"]
    assert (found["More"]["customers"], found["More"]["seats"], found["More"]["least_users"]) == (1, 4, 1)
    assert (found["More"]["least_churn"], found["More"]["rest_churn"]) == (1.0, None)
    assert found["Core"]["feedback_match"] == 0.5
    assert found["all"]["features"] == 3


def test_usage_before_is_not_known(used: Query) -> None:
    """Who uses least in the period itself may have left already: without the period before there is no such churn."""
    found = rows(used, "usage_adoption", "2026-01")[-1]
    assert (found["customers"], found["least_churn"], found["rest_churn"]) == (8, None, None)
    assert used.metric("usage_adoption", "2025-12").status == "REV-204"


def test_usage_without_usage(tmp_path: Path) -> None:
    query = project_of(tmp_path, {"organization": "id name\na A"}, through="2026-01-31")
    assert query.metric("usage_adoption", "2026-01").status == "REV-201"


def test_the_least_quarter() -> None:
    assert least_used([]) == set()
    assert least_used([(k, (n, 0)) for n, k in enumerate("abcde")]) == {"a", "b"}
    assert least_used([(k, (0, 0)) for k in "abc"]) == {"a", "b", "c"}
    assert least_used([("a", (0, 5)), ("b", (0, 1)), ("c", (1, 0)), ("d", (1, 0))]) == {"b"}


# --- revenue ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Core and Extra in three segments; 40 small customers, one large, one in between."""
    people = [*((f"s{n}", "SMB") for n in range(40)), ("big", "ENT"), ("mid", "MM")]
    items = [f"s{n} s{n} 2025-01-01 {'2025-06-10' if n < 4 else '-'} 10 Core" for n in range(40)]
    items += [
        "bc big 2025-01-01 - 500 Core", "be big 2025-01-01 2025-06-10 100 Extra", "bm big 2025-06-15 - 200 Core",
        "mc mid 2025-01-01 - 300 Core", "me mid 2025-06-20 - 6 Extra", "mx mid 2025-01-01 - 100 Extra",
    ]  # fmt: skip
    answers = ["big 3", "big 9", "mid 2", "mid 9", "mid 1", "s9 10", "s8 9"]
    return project_of(
        tmp_path_factory.mktemp("lines"),
        {
            "organization": "id name segment\n" + "\n".join(f"{k} {k} {s}" for k, s in people),
            "product": "id name product_line\nCore Core Core\nExtra Extra Extra",
            "subscription": "id org_id started_at\n" + "\n".join(f"{k} {k} 2025-01-01" for k, _ in people),
            "subscription_item_period": "id subscription_id valid_from valid_to amount product_id interval\n"
            + "\n".join(f"{item} month" for item in items),
            "survey_response": "id responded_at org_id score kind\n"
            + "\n".join(f"{n} 2025-06-05 {answer} nps" for n, answer in enumerate(answers)),
        },
        through="2025-07-31",
    )


def test_unhappy_revenue(lines: Query) -> None:
    # ENT keeps 700 of 600 with NPS 0, MM 406 of 400 with NPS -33.3, SMB 360 of 400 with NPS 100
    assert rows(lines, "unhappy_revenue", "2025-06") == [
        {
            "segment": "MM",
            "mrr": 406.0,
            "nrr": 406 / 400,
            "nps": float(Fraction(-100, 3)),
            "nps_answers": 3,
            "under_30": "yes",
        }
    ]
    assert [row["segment"] for row in rows(lines, "unhappy_revenue", "2025-06", nps="5")] == ["ENT", "MM"]
    assert rows(lines, "unhappy_revenue", "2025-06", nps="-35") == []
    assert [row["segment"] for row in rows(lines, "unhappy_revenue", "2025-06", nps="50", nrr="110")] == ["ENT"]
    assert lines.metric("unhappy_revenue", "2025-04").status == "REV-204"
    with pytest.raises(Exception, match="nps of unhappy_revenue"):
        lines.metric("unhappy_revenue", "2025-06", {"nps": "-1000"})


def test_churn_lift(lines: Query) -> None:
    assert [tuple(row.values()) for row in rows(lines, "churn_lift", "2025-06")] == [
        ("Core", 42, 4, 4 / 42, 1.0, "no"),
        # one of two dropped Extra and stays a customer
        ("Extra", 2, 1, 0.5, 5.25, "yes"),
        ("company", 42, 4, 4 / 42, 1.0, "no"),
    ]
    calm = rows(lines, "churn_lift", "2025-07")
    assert [row["lift"] for row in calm] == [None, None, None]  # nobody lost: no lift


def test_missing_expansion(lines: Query) -> None:
    # ENT: contraction by 100 on the 10th, expansion by 200 on the 15th; MM: expansion by 6
    whole = Fraction(200 + 6, 1400)
    found = rows(lines, "missing_expansion", "2025-06")
    assert [(row["dimension"], row["value"]) for row in found] == [
        ("segment", "SMB"), ("segment", "MM"), ("product_line", "Extra"),
    ]  # fmt: skip
    assert found[0] == {
        "dimension": "segment", "value": "SMB", "opening_mrr": 400.0, "expansion_mrr": 0.0, "share": 0.0,
        "company_share": float(whole), "missing_mrr": float(400 * whole),
    }  # fmt: skip
    assert [row["missing_mrr"] for row in found[1:]] == [float(400 * whole - 6), float(200 * whole - 6)]
    assert lines.metric("missing_expansion", "2025-01").status == "REV-110"


# --- the ideal customer -----------------------------------------------------------------------------------------------

PROFILE = """
    won1  SMB DE 5    2024-01-01 -          12 100
    won2  SMB -  10   2024-01-01 -          12 100
    grew  ENT DE 1000 2024-01-01 -          12 100
    once  SMB DE 49   2025-03-01 -          12 100
    less  ENT SE 250  2024-01-01 -          12 100
    gone1 ENT SE 9    2024-01-01 2025-01-01 12 100
    gone2 SMB SE -    2024-01-01 2025-02-01 12 100
"""


def test_ideal_customer_profile(tmp_path: Path) -> None:
    people = [line.split() for line in PROFILE.strip().splitlines()]
    query = project_of(
        tmp_path,
        {
            "organization": "id name segment country employees\n"
            + "\n".join(f"{p[0]} {' '.join(p[:4])}" for p in people),
            "subscription": "id org_id started_at ended_at term_months\n"
            + "\n".join(f"{p[0]} {p[0]} {' '.join(p[4:7])}" for p in people),
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n"
            + "\n".join(
                f"{p[0]} {p[0]} {p[4]} {'2025-05-01' if p[0] in ('less', 'grew') else '-'} 100 month" for p in people
            )
            + "\nl2 less 2025-05-01 - 99 month\ng2 grew 2025-05-01 - 150 month",
        },
        through="2025-08-31",
    )
    found = {(row["trait"], row["value"]): row for row in rows(query, "ideal_customer_profile", "2025-06")}
    # successful: won1, won2, grew. once has not renewed yet, less pays less than at first, two have gone
    smb = found["segment", "SMB"]
    assert (smb["successful"], smb["rest"], smb["worst"]) == (2, 2, 1)
    assert (smb["share_successful"], smb["share_rest"], smb["share_worst"]) == (2 / 3, 2 / 4, 1 / 2)
    assert (smb["lift"], smb["lift_on_worst"]) == (4 / 3, 4 / 3)
    assert (smb["low"], smb["high"]) == wilson_interval(2, 3)
    assert smb["under_30"] == "yes"
    assert found["country", "SE"]["lift"] == 0.0
    assert found["country", "(none)"]["lift"] is None  # nobody of the rest: no ratio
    assert {value: found["size", value]["successful"] for trait, value in found if trait == "size"} == {
        "1 to 9": 1, "10 to 49": 1, "250 to 999": 0, "1000 and more": 1, "(none)": 0,
    }  # fmt: skip
    # in 2024 nobody had come up for renewal: nobody is successful yet, and no share of nobody is made up
    early = rows(query, "ideal_customer_profile", "2024-06")
    assert {(row["successful"], row["share_successful"], row["low"]) for row in early} == {(0, None, None)}
    # gone1 ended exactly on its renewal day, which is no renewal
    assert found["size", "1 to 9"]["worst"] == 1
    assert query.metric("ideal_customer_profile", "2025-06", {"segment": "ENT"}).rows is not None
