"""Contracts: the days they are in force, and their value a year."""

from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.query import Query
from revalign_udf.testing import project_of


def _one(folder: Path, *rows: str, **tables: str) -> Query:
    names = {row.split()[1] for row in rows}
    contracts = "id org_id start_date end_date value term_months currency opportunity_id\n" + "\n".join(rows)
    organizations = "id name segment\n" + "\n".join(f"{name} {name} {name}" for name in sorted(names))
    return project_of(folder, {"organization": organizations, "contract": contracts, **tables}, through="2026-10-31")


#: contract as dates, value and term; its value a year; the last month in which it is in force
CASES = [
    ("2019-01-01 2023-12-31 100000 60", 20_000, "2023-12"),
    ("2019-01-01 2023-12-31 100000 -", 20_000, "2023-12"),  # an end date that is the last day
    ("2019-01-01 2024-01-01 100000 -", 20_000, "2023-12"),  # and one that is the day after
    ("2021-01-01 2021-12-31 1200 -", 1200, "2021-12"),
    ("2021-01-01 2021-12-31 1200 0", 1200, "2021-12"),  # a term of 0 is none
    ("2021-01-01 2021-12-31 2400 24", 1200, "2021-12"),  # the term goes before the dates
    ("2021-01-31 2021-03-31 200 -", 1200, "2021-02"),  # 31 January to 31 March: over on the 31st
    ("2021-01-31 2021-03-30 200 -", 1200, "2021-02"),
    ("2021-01-01 2021-02-15 45 -", Fraction(45 * 1461, 4 * 45), "2021-01"),  # 45 days
    ("2021-01-15 2021-04-14 100 -", 400, "2021-03"),
    ("2021-01-01 2021-07-31 100 -", Fraction("171.428571"), "2021-07"),  # 100 x 12 / 7, to the millionth
    ("2021-01-01 2021-12-31 -1200 -", -1200, "2021-12"),
]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """One customer, and segment, per case."""
    rows = [f"c{n} S{n} {contract} - -" for n, (contract, _, _) in enumerate(CASES)]
    first, last = "old A 2018-01-01 2018-03-31 3 - - -", "new A 2025-01-01 2025-03-31 5 - - -"
    return _one(tmp_path_factory.mktemp("signed"), *rows, first, last)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_value_a_year_and_last_month(signed: Query, number: int) -> None:
    _, expected, last = CASES[number]
    year, month = divmod(int(last[:4]) * 12 + int(last[5:]), 12)
    found = [
        signed.metric("arr_contract", period, {"segment": f"S{number}"}).exact
        for period in ("2018-12", last, f"{year}-{month + 1:02d}")
    ]
    assert found == [0, expected, 0]


def test_balances_slices_and_records(tmp_path: Path) -> None:
    query = _one(
        tmp_path,
        "a A 2026-01-01 2026-12-31 1200 - - -",
        "b B 2026-03-31 2027-03-30 2400 - EUR -",
        "c A 2026-06-01 2026-06-01 9 - - -",
        "d A 2026-06-01 2026-08-31 - - - -",
        fx_rate="date from_currency to_currency rate\n2026-03-31 EUR USD 1.25\n2026-06-30 EUR USD 1.5",
    )
    # a balance: of the asked period's last day, at that day's rate
    assert query.metric("arr_contract", "2026-03").exact == 1200 + 3000
    assert query.metric("arr_contract", "2026-Q2").exact == 1200 + 3600
    assert query.metric("arr_contract", "2026-Q2", {"segment": "B"}).exact == 3600
    assert query.metric("arr_contract", "2026-05").status == "REV-208"
    rows = query.records("arr_contract", "2026-Q2").dicts()
    assert {row["id"]: row["contribution"] for row in rows} == {"a": 1200, "b": 3600}
    excluded = {row["reason"]: row["count"] for row in query.explain("arr_contract", "2026-Q2").excluded.dicts()}
    assert excluded == {"ends on or before the day it starts": 1, "without a value": 1}
    assert query.metric("arr_contract", "2025-12").status == "REV-204"


def test_a_one_off_is_taken_out_where_the_value_is_the_sum_of_the_lines(tmp_path: Path) -> None:
    query = _one(
        tmp_path,
        "sum A 2026-01-01 2026-12-31 1200 - - o1",
        "net B 2026-01-01 2026-12-31 1000 - - o1",
        "own C 2026-01-01 2026-12-31 500 - - -",
        "bare D 2026-01-01 2026-12-31 300 - - o2",
        opportunity="id org_id created_at\no1 A 2025-12-01\no2 D 2025-12-01",
        opportunity_line="id opportunity_id amount recurring\nl1 o1 1000 true\nl2 o1 200 false\nl3 o2 300 -",
    )
    # net: the value is what recurs already; bare: no line says that anything recurs, so nobody has told them apart
    found = [query.metric("arr_contract", "2026-01", {"segment": name}).exact for name in "ABCD"]
    assert found == [1000, 1000, 500, 300]
    excluded = query.explain("arr_contract", "2026-01").excluded.rows
    assert excluded == (("does not recur: taken out of its contract", "opportunity_line", 1),)
