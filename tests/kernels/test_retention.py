"""Who left and why, cohorts, active share and the median lifetime, by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.calc.ratios import ratio
from revalign_udf.query import Query
from revalign_udf.query.tables.retention import Churn, changes
from revalign_udf.testing import project_of


def project(folder: Path, lines: str, through: str, more: str = "", **tables: str) -> Query:
    """Customers as ``customer segment | began ended term amount more | ...``; ``more`` names columns of subscriptions."""
    people, subscriptions, items = [], [], []
    for line in lines.strip().splitlines():
        (customer, segment), *own = (part.split() for part in line.split("|"))
        people.append(f"{customer} {customer} {segment}")
        for n, (began, ended, term, amount, *rest) in enumerate(own):
            subscriptions.append(" ".join([f"{customer}{n} {customer} {began} {ended} {term}", *rest]))
            items.append(f"{customer}{n} {customer}{n} {began} - {amount} month")
    return project_of(
        folder,
        {
            "organization": "id name segment\n" + "\n".join(people),
            "subscription": f"id org_id started_at ended_at term_months {more}\n" + "\n".join(subscriptions),
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n" + "\n".join(items),
            **tables,
        },
        through=through,
    )


# --- churn by kind ----------------------------------------------------------------------------------------------------

LOST = """
    failed   X | 2025-01-15 2026-02-10 1  100 true  -
    quit     X | 2025-01-15 2026-02-15 1  50  false -
    reason   X | 2025-01-15 2026-02-20 12 30  false price
    both     X | 2025-01-15 2026-02-10 1  10  true  - | 2025-01-15 2026-02-10 1 10 false -
    earlier  X | 2025-01-15 2026-02-05 1  10  false - | 2025-01-15 2026-02-10 1 10 true  -
    again    X | 2025-01-15 2026-02-05 1  10  false - | 2026-02-07 2026-02-10 1 10 true  -
    inside   X | 2026-02-02 2026-02-10 1  99  true  -
    back     X | 2025-01-15 2026-02-10 1  70  true  - | 2026-02-25 - 1 70 false -
    swapped  X | 2025-01-15 2026-02-10 1  40  true  - | 2026-02-10 - 1 40 false -
    stays    X | 2025-01-15 -          1  500 false -
"""


def _kinds(query: Query, period: str = "2026-02", **where: str) -> dict[str, tuple[object, ...]]:
    table = query.metric("churn_by_kind", period, where).rows
    assert table is not None
    return {str(row[1]): row[2:] for row in table.rows if row[0] == "kind of churn"}


def test_churn_by_kind(tmp_path: Path) -> None:
    query = project(tmp_path, LOST, "2026-03-31", "involuntary cancel_reason")
    opening = 100 + 50 + 30 + 20 + 20 + 10 + 70 + 40 + 500
    found = _kinds(query)
    # failed; earlier and again were ended for good by a payment that failed
    assert found["involuntary"] == (3, 130, 3 / 9, 130 / opening)
    # quit, reason, and both: one of two that ended that day was the customer's wish
    assert found["voluntary"] == (3, 100, 3 / 9, 100 / opening)
    assert found["unknown"] == (0, 0, 0, 0)
    # who came inside the period, came back in it or changed contracts is not lost
    assert found["all"] == (6, 230, 6 / 9, 230 / opening)
    assert query.metric("voluntary_logo_churn", "2026-02").exact == Fraction(3, 9)
    assert query.metric("involuntary_logo_churn", "2026-02").exact == Fraction(3, 9)
    assert query.metric("logo_churn", "2026-02").exact == Fraction(6, 9)
    assert {row["customer"] for row in query.records("involuntary_logo_churn", "2026-02").dicts() if row["component"] ==
            "lost_involuntarily"} == {"files:failed", "files:earlier", "files:again"}  # fmt: skip


def test_a_source_that_never_says_involuntary_does_not_say_voluntary(tmp_path: Path) -> None:
    """A column nobody fills reads false in every row; that is no answer."""
    query = project(
        tmp_path, "a X | 2025-01-15 2026-02-15 1 50 false -\nb X | 2025-01-15 2026-02-15 1 50 - price", "2026-03-31",
        "involuntary cancel_reason",
    )  # fmt: skip
    assert _kinds(query)["unknown"] == (1, 50, 0.5, 0.5)
    assert _kinds(query)["voluntary"] == (1, 50, 0.5, 0.5)
    assert query.metric("churn_by_kind", "2025-01").rows is not None


def test_nobody_at_the_start_has_no_shares(tmp_path: Path) -> None:
    query = project(tmp_path, "a X | 2025-01-15 2026-02-15 1 50", "2026-03-31")
    assert _kinds(query, "2025-01")["all"] == (0, 0, None, None)
    assert query.metric("churn_by_kind", "2024-11").status == "REV-204"


# --- why churn changed ------------------------------------------------------------------------------------------------


def _contracts(kind: str, count: int, term: int, began: date, lost: int, ended: date) -> Iterator[str]:
    for n in range(count):
        yield f"{kind}{n} {kind} | {began} {ended if n < lost else '-'} {term} 10"


def test_which_churn_fell_and_how(tmp_path: Path) -> None:
    """100 customers. January: 40 come up, 10 of them leave, 5 leave otherwise. February: 50 of 85 come up, 5 leave."""
    lines = [
        *_contracts("jan", 40, 12, date(2025, 1, 10), 10, date(2026, 1, 10)),
        *_contracts("feb", 50, 12, date(2025, 2, 10), 5, date(2026, 2, 10)),
        *_contracts("mar", 10, 12, date(2025, 3, 10), 5, date(2026, 1, 20)),
    ]
    query = project(tmp_path, "\n".join(lines), "2026-03-31")
    table = query.metric("churn_by_kind", "2026-02").rows
    assert table is not None
    found = {row[1]: row[4] for row in table.rows if row[0] == "change of logo churn"}
    share, churn = (Fraction(50, 85), Fraction(40, 100)), (Fraction(5, 50), Fraction(10, 40))
    assert found == {
        "contract effect": float((share[0] - share[1]) * sum(churn) / 2),
        "behaviour": float((churn[0] - churn[1]) * sum(share) / 2),
        "outside a renewal": float(Fraction(0) - Fraction(5, 100)),
        "all": float(Fraction(5, 85) - Fraction(15, 100)),
    }
    # nothing is known of a period before the first: no made-up change
    early = query.metric("churn_by_kind", "2025-01").rows
    assert early is not None
    assert [row[4] for row in early.rows if row[0] == "change of logo churn"] == [None] * 4


@pytest.mark.parametrize("now", [(100, 20, 6, 7), (100, 0, 0, 7), (3, 3, 3, 3), (7, 2, 0, 0)])
@pytest.mark.parametrize("before", [(90, 30, 1, 7), (10, 0, 0, 0), (11, 7, 3, 5)])
def test_the_three_effects_add_up(now: tuple[int, ...], before: tuple[int, ...]) -> None:
    later, earlier = (Churn(*map(Fraction, part)) for part in (now, before))
    change = ratio(later.lost, later.at_start) - ratio(earlier.lost, earlier.at_start)
    assert sum(changes(later, earlier), Fraction(0)) == change


def test_without_renewals_in_one_period_the_change_is_one_of_contracts() -> None:
    nobody, half = Churn(Fraction(10), Fraction(0), Fraction(0), Fraction(0)), Churn(*map(Fraction, (10, 4, 2, 2)))
    assert changes(half, nobody) == (Fraction(1, 5), 0, 0)
    assert changes(nobody, half) == (Fraction(-1, 5), 0, 0)
    assert changes(nobody, nobody) == (0, 0, 0)


# --- cohorts ----------------------------------------------------------------------------------------------------------

COHORTS = """
    a SMB | 2025-01-10 -          1 100 | 2025-03-05 - 1 50
    b SMB | 2025-01-20 2025-03-15 1 60
    c ENT | 2025-01-25 2025-01-30 1 40  | 2025-03-01 - 1 40
    d ENT | 2025-02-10 2025-03-10 1 30  | 2025-03-20 - 1 20
    e SMB | 2025-04-02 -          1 10
"""


def _cohorts(query: Query, period: str, **where: str) -> list[tuple[Any, ...]]:
    table = query.metric("retention_cohorts", period, where).rows
    assert table is not None
    assert len(table.units) == len(table.columns) == len(table.rows[0])
    return list(table.rows)


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    return project(
        tmp_path_factory.mktemp("cohorts"), COHORTS, "2025-04-15",
        sales_order="id org_id ordered_at amount\no1 shop 2025-01-05 10\no2 e 2025-01-06 10",
    )  # fmt: skip


def test_cohorts_of_customers(query: Query) -> None:
    # c had left before January was over and comes back; March has no cohort; April is not over
    assert _cohorts(query, "2025") == [
        ("2025-01", 3, 2 / 3, 2 / 3, 2 / 3, None),
        ("2025-02", 1, 1.0, 1.0, None, None),
        ("2025-03", 0, None, None, None, None),
        ("2025-04", 1, None, None, None, None),
    ]
    assert _cohorts(query, "2025-02") == [("2025-02", 1, 1.0, 1.0, None)]


def test_cohorts_of_revenue(query: Query) -> None:
    # January began with 160; a has 150 in March, b nothing, and c was not paying at the end of January
    assert _cohorts(query, "2025-Q1", of="nrr") == [
        ("2025-01", 3, 1.0, 1.0, 150 / 160, None),
        ("2025-02", 1, 1.0, 20 / 30, None, None),
        ("2025-03", 0, None, None, None, None),
    ]
    assert _cohorts(query, "2025-Q1", of="grr")[0] == ("2025-01", 3, 1.0, 1.0, 100 / 160, None)


def test_cohorts_of_quarters_and_slices(query: Query) -> None:
    assert _cohorts(query, "2025", grain="quarter") == [("2025-Q1", 4, 3 / 4, None), ("2025-Q2", 1, None, None)]
    # a quarter the period only touches is shown whole
    assert _cohorts(query, "2025-02", grain="quarter", of="nrr") == [("2025-Q1", 4, 1.0, None)]
    assert _cohorts(query, "2025-Q1", segment="ENT")[:2] == [
        ("2025-01", 1, 0.0, 0.0, 1.0, None),
        ("2025-02", 1, 1.0, 1.0, None, None),
    ]
    # nothing at the end of the first month is nothing to compare with
    assert _cohorts(query, "2025-01", segment="ENT", of="nrr") == [("2025-01", 1, None, None, None, None)]
    with pytest.raises(Exception, match="of of retention_cohorts"):
        query.metric("retention_cohorts", "2025", {"of": "mrr"})


def test_cohorts_agree_with_retention_by_cohort(query: Query) -> None:
    """The cell of March of the January cohort is NRR of the two months after January."""
    span = "2025-02-01..2025-03-31"
    nrr = {value: answer.exact for value, answer in query.breakdown("nrr", "LAST_N_MONTHS:2", "cohort")}
    assert query.period("LAST_N_MONTHS:2").start == date(2025, 2, 1), span
    assert nrr["2025-01"] == Fraction(150, 160)
    assert float(nrr["2025-01"]) == _cohorts(query, "2025-01", of="nrr")[0][4]
    grr = {value: answer.exact for value, answer in query.breakdown("grr", "LAST_N_MONTHS:2", "cohort")}
    assert grr["2025-01"] == Fraction(100, 160)


def test_cohorts_before_anybody_are_no_data(query: Query) -> None:
    assert query.metric("retention_cohorts", "2024").status == "REV-204"


def test_many_cohorts_read_the_same_as_few(tmp_path: Path) -> None:
    """One statement carries balances over many months; each month asked alone is summed anew."""
    lines = [
        f"k{n} X | 2024-{n % 9 + 1:02d}-11 {'-' if n % 3 else f'2025-0{n % 7 + 1}-05'} 1 {n + 10}" for n in range(30)
    ]
    query = project(tmp_path, "\n".join(lines), "2025-08-31")
    whole = _cohorts(query, "2024", of="nrr")
    assert len(whole) == 12  # October to December have nobody
    for n, row in enumerate(whole[:9]):
        base = query.metric("mrr", f"2024-{n + 1:02d}", {"cohort": row[0]}).exact
        for k, cell in enumerate(row[2:]):
            month = f"{2024 + (n + k) // 12}-{(n + k) % 12 + 1:02d}"
            if cell is not None:
                now = query.metric("mrr", month, {"cohort": row[0]}).exact
                assert now is not None
                assert base
                assert cell == float(now / base)
            else:
                assert month > "2025-08"


# --- active share, lifetime -------------------------------------------------------------------------------------------


def test_active_share(query: Query) -> None:
    # a, b, c, d have paid by March; b has gone; who only ordered is no part of it
    assert query.metric("active_share", "2025-03").exact == Fraction(3, 4)
    assert query.metric("active_share", "2025-01").exact == Fraction(2, 3)
    assert query.metric("active_share", "2025-02", {"segment": "SMB"}).exact == 1
    assert query.metric("active_share", "2024-12").status == "REV-204"


def test_active_share_of_a_slice_counts_who_is_in_it_now(tmp_path: Path) -> None:
    """Both numbers take the segment of the period's end: a share above 1 would be one of two different crowds."""
    query = project(
        tmp_path, "a SMB | 2025-01-10 - 1 10\nb SMB | 2025-01-10 - 1 10\nc ENT | 2025-01-10 2025-02-01 1 10", "2025-03-31",
        attribute_history="entity entity_id attribute value valid_from\norganization a segment ENT 2025-03-01",
    )  # fmt: skip
    assert query.metric("active_share", "2025-02", {"segment": "ENT"}).exact == 0
    assert query.metric("active_share", "2025-03", {"segment": "ENT"}).exact == Fraction(1, 2)
    assert query.metric("active_share", "2025-03", {"segment": "SMB"}).exact == 1


def test_median_lifetime(tmp_path: Path) -> None:
    """40 of 50 have left, ten each after 100, 200, 300 and 400 days: half are gone after 300."""
    began = date(2024, 1, 1)
    ends = [began + timedelta(days=100 * (n // 10 + 1)) if n < 40 else "-" for n in range(50)]
    lines = "\n".join(f"k{n} {'X' if n % 10 else 'Y'} | {began} {end} 1 10" for n, end in enumerate(ends))
    query = project(tmp_path, lines, "2026-01-31")
    assert query.metric("customer_lifetime_median", "2025-12").exact == Fraction(300 * 12 * 4, 1461)
    assert query.metric("customer_lifetime_median", "2025-12", {"segment": "Y"}).status == "REV-209"  # four have left
    assert query.metric("customer_lifetime_median", "2024-08").status == "REV-209"
