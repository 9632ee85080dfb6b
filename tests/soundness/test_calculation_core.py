"""Silent wrong numbers found while the catalogue was completed."""

from datetime import date
from pathlib import Path

from revalign_udf.periods import Period, parse_period
from revalign_udf.query import Query
from revalign_udf.testing import project_of


def test_who_left_in_a_month_without_a_rate_is_lost(tmp_path: Path) -> None:
    """Nothing is worth nothing at any rate: a balance of zero without a rate made the customer vanish from the losses."""
    query = project_of(
        tmp_path,
        {
            "subscription": "id org_id started_at ended_at\na a 2026-01-01 2026-02-10\nb b 2026-01-01 -",
            "subscription_item_period": "id subscription_id valid_from amount interval currency\na a 2026-01-01 10 month EUR\n"
            "b b 2026-01-01 10 month USD",
            "fx_rate": "date from_currency to_currency rate\n2026-01-01 EUR USD 1.1\n2026-01-31 EUR USD 1.1",
        },
        '[company]\ncurrency = "USD"\n',
        through="2026-04-30",
    )
    assert query.metric("lost_customers", "2026-02").exact == 1
    assert query.metric("logo_churn", "2026-02").value == 0.5


def _deals(folder: Path) -> Query:
    return project_of(
        folder,
        {
            "organization": "id name\na A",
            "person": "id org_id\np a",
            "campaign": "id name channel start_date\nk K ads 2026-01-01\nm M fair 2026-01-01",
            "touch": "id person_id occurred_at kind campaign_id channel\n1 p 2026-01-02 form k ads\n"
            "2 p 2026-01-09 meeting m fair",
            "opportunity": "id org_id created_at closed_at outcome amount\n1 a 2026-01-05 2026-01-20 won 100",
            "subscription": "id org_id started_at\na a 2026-01-20",
            "subscription_item_period": "id subscription_id valid_from amount interval\na a 2026-01-20 10 month",
        },
        through="2026-04-30",
    )


def test_another_parameter_is_another_value(tmp_path: Path) -> None:
    """Two models of attribution had one fingerprint, and the records of one were shown for the other."""
    query = _deals(tmp_path)
    asked = [{"model": "first"}, {"model": "last"}]
    answers = [query.metric("attribution", "2026-01", where) for where in asked]
    assert len({answer.fingerprint for answer in answers}) == 2
    rows = [answer.rows.dicts() for answer in answers if answer.rows is not None]
    assert [[row["channel"] for row in one] for one in rows] == [["ads"], ["fair"]]
    assert (
        query.records("attribution", "2026-01", asked[0]).rows != query.records("attribution", "2026-01", asked[1]).rows
    )


def test_bookings_too_young_to_tell_are_not_lost(tmp_path: Path) -> None:
    """A year had not passed since a deal, and its customer counted as gone: 0 instead of no value."""
    answer = _deals(tmp_path).metric("bookings_retained", "2026-01")
    assert (answer.exact, answer.status) == (None, "REV-204")
    assert _deals(tmp_path / "soon").metric("bookings_retained", "2026-01", {"months": "2"}).exact == 1


def test_a_quarter_moved_by_two_months_is_no_other_quarter() -> None:
    quarter = parse_period("2026-Q3", date(2026, 12, 31))
    moved: Period = quarter.moved(-2)
    assert (str(moved.start), str(moved.end)) == ("2026-05-01", "2026-08-01")
    assert str(quarter.moved(-3)) == "2026-Q2"
