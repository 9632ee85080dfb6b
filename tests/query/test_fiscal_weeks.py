"""Numbers of fiscal months, quarters and years of weeks, from the settings to the answers."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.config import load
from revalign_udf.jobs import build
from revalign_udf.periods import Calendar
from revalign_udf.query import Query
from revalign_udf.snapshots import current
from revalign_udf.testing import project_of

#: the retail calendar: FY24 is 2023-01-29 to 2024-02-03, 53 weeks; its January (P12) is 2023-12-31 to 2024-02-03
RETAIL = "[company]\nfiscal_year_start = 2\nfiscal_weeks = '4-5-4'\nfiscal_year_end = 'nearest'\n"
TABLES = {
    # one sale on each side of every edge of the long January, in powers of ten
    "sales_order": """id org_id ordered_at amount
        o1 a 2023-12-30      1
        o2 a 2023-12-31     10
        o3 a 2024-01-27    100
        o4 a 2024-01-28   1000
        o5 a 2024-02-03  10000
        o6 a 2024-02-04 100000""",
    "organization": "id name segment\na Ada SMB\nb Bob SMB\nc Cyd MM\nd Dan MM",
    "subscription": "id org_id started_at\nsa a 2023-01-02\nsb b 2023-01-02\nsc c 2023-01-02\nsd d 2023-01-02",
    # one of four leaves on 1 February: calendar February, fiscal January
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        ia sa 2023-01-02 -          100 month
        ib sb 2023-01-02 -          100 month
        ic sc 2023-01-02 -          100 month
        id sd 2023-01-02 2024-02-01 100 month""",
}


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project_of(tmp_path_factory.mktemp("weeks"), TABLES, RETAIL, through="2024-03-31")


@pytest.mark.parametrize(
    ("period", "revenue"),
    [
        ("FY24-P11", 1), ("FY24-P12", 11110), ("FY25-P01", 100000), ("FY24-Q4", 11111), ("FY25-Q1", 100000),
        ("FY24", 11111), ("FYTD:FY24-P12", 11111), ("FMTD:2024-01-28", 1110), ("2024-01", 1100), ("2024-Q1", 111100),
        ("2023", 11),
    ],
)  # fmt: skip
def test_the_53rd_week_is_in_the_last_month_of_the_year(query: Query, period: str, revenue: int) -> None:
    assert query.metric("revenue", period).exact == revenue


def test_growth_is_against_the_fiscal_month_before(query: Query) -> None:
    assert query.metric("revenue_growth", "FY25-P01").exact == Fraction(100000 - 11110, 11110)
    assert [answer.period for answer in query.series("revenue", "FY24-P11", "FY25-P01")] == [
        "FY24-P11", "FY24-P12", "FY25-P01",
    ]  # fmt: skip
    assert [answer.exact for answer in query.series("revenue", "FY24", "FY24", "fiscal_month")][-2:] == [1, 11110]


def test_mean_monthly_churn_is_the_mean_of_the_quarters_fiscal_months(query: Query) -> None:
    # none of four, none of four, one of four leaves in FY24-P10, P11, P12
    assert query.metric("customer_lifetime_inverse_churn", "FY24-Q4").exact == 12
    assert query.metric("logo_churn", "FY24-P12").exact == Fraction(1, 4)
    # the leaver of 1 February is in no calendar month of the quarter, nor in one before
    assert query.metric("logo_churn", "2024-01").exact == 0
    assert query.metric("customer_lifetime_inverse_churn", "LTM:2024-01").status == "REV-110"


def test_the_cube_answers_as_the_facts_do(query: Query) -> None:
    names, periods = (
        ("revenue", "mrr", "logo_churn", "churned_mrr"),
        ("FY24-P12", "FY25-P01", "FY24-Q4", "FY24", "2024-02"),
    )

    def answers() -> list[tuple[object, str]]:
        door = Query(query.root)
        try:
            return [(found.exact, found.status) for n in names for p in periods for found in [door.metric(n, p)]]
        finally:
            door.close()

    folder = query.root / current(query.root)
    cube = (folder / "cube.parquet").read_bytes()
    with_cube = answers()
    (folder / "cube.parquet").unlink()
    try:
        assert answers() == with_cube
    finally:
        (folder / "cube.parquet").write_bytes(cube)
    assert (Fraction(11110), "ok") in with_cube


def test_another_calendar_is_another_snapshot_and_travels_in_it(tmp_path: Path) -> None:
    query = project_of(tmp_path, TABLES, RETAIL, through="2024-03-31")
    assert query.calendar == Calendar(2, "4-5-4", "saturday", "nearest")
    settings = tmp_path / "revalign.toml"
    for weeks, day, new in (("4-5-4", "saturday", False), ("4-4-5", "saturday", True), ("4-4-5", "sunday", True)):
        text = f"[company]\nfiscal_year_start = 2\nfiscal_weeks = '{weeks}'\nfiscal_year_end = 'nearest'\n"
        sources = settings.read_text(encoding="utf-8").partition("[source.files]")[2]
        settings.write_text(f"{text}fiscal_year_end_day = '{day}'\n[source.files]{sources}", encoding="utf-8")
        assert build(load(tmp_path)).is_new is new
        query.refresh()
        assert query.calendar == Calendar(2, weeks, day, "nearest")
    query.close()


def test_a_snapshot_from_before_the_weeks_is_read_with_calendar_months(tmp_path: Path) -> None:
    query = project_of(tmp_path, TABLES, "[company]\nfiscal_year_start = 2\n", through="2024-03-31")
    path = query.root / current(query.root) / "manifest.json"
    query.close()
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for key in ("fiscal_weeks", "fiscal_year_end_day", "fiscal_year_end"):
        del manifest[key]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    older = Query(query.root)
    assert older.calendar == Calendar(2)
    assert older.metric("revenue", "FY24-P12").exact == 1100
    older.close()
