"""Balances of many windows at once are those of each window by itself; lifetimes by hand; an empty folder of snapshots."""

import random
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from revalign_udf.calc.fx import Rates
from revalign_udf.errors import NoData
from revalign_udf.metrics import COMPONENTS
from revalign_udf.periods import between, parse_period
from revalign_udf.query import Query
from revalign_udf.snapshots import Evaluator, Window, newest_as_of, published
from revalign_udf.snapshots.cuts import exact_of
from revalign_udf.snapshots.lens import Lens
from revalign_udf.testing import project_of

FIRST = date(2025, 1, 1)


def movements(rows: list[tuple[date, str, int, str, str]]) -> Evaluator:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE fact_movement (on_day DATE, customer VARCHAR, amount_src BIGINT, currency VARCHAR, product VARCHAR,"
        " kind VARCHAR, amount DECIMAL(38, 12))"
    )
    con.execute(
        "CREATE TABLE customer_attribute (customer VARCHAR, attribute VARCHAR, value VARCHAR, valid_from DATE, valid_to DATE)"
    )
    con.executemany("INSERT INTO fact_movement VALUES (?, ?, ?, ?, ?, NULL, NULL)", rows)
    con.execute(
        "INSERT INTO customer_attribute SELECT DISTINCT customer, 'segment', 'S' || (hash(customer) % 2), DATE '0001-01-01',"
        " DATE '9999-12-31' FROM fact_movement"
    )
    fx = Rates([(FIRST + timedelta(days=5 * n - 9), "EUR", "USD", f"1.{n}") for n in range(90)], "USD")
    return Evaluator(con, Lens(con, lambda: fx, "USD", {"movement": sorted({row[3] for row in rows})}))


@pytest.mark.parametrize("currencies", [("USD",), ("USD", "EUR"), ("EUR",)])
def test_carried_balances_are_summed_balances(currencies: tuple[str, ...]) -> None:
    pick = random.Random(5)
    rows = [
        (FIRST + timedelta(days=pick.randrange(400)), f"c{pick.randrange(12)}", pick.randrange(-5, 9) * 12_000_000,
         pick.choice(currencies), pick.choice("AB"))
        for _ in range(150)
    ]  # fmt: skip
    evaluator = movements(rows)
    windows = []
    for _ in range(12):  # overlapping, touching, before the first row and beyond the last
        start = FIRST + timedelta(days=pick.randrange(-3, 400))
        windows.append(Window(start, start + timedelta(days=pick.choice((1, 30, 90, 365)))))
    windows = [w for w in windows if w.end <= FIRST + timedelta(days=430)]
    asked = [
        c
        for c in COMPONENTS.values()
        if c.fact == "movement" and c.shape in ("start", "end") and c.measure not in ("entered", "left_slice")
    ]
    for where, by in (({}, ()), ({}, ("segment",)), ({"product": "A"}, ()), ({"segment": "S1"}, ("product",))):
        together = evaluator.evaluate(asked, windows, where, by)
        for index, window in enumerate(windows):
            alone = evaluator.evaluate(asked, [window], where, by)
            for component in asked:

                def told(found: dict, place: int, name: str = component.name) -> dict:  # type: ignore[type-arg]
                    return {k[2]: v for k, v in found.items() if k[:2] == (name, place) and (v.value or v.unrated)}

                assert told(together, index) == told(alone, 0), (component.name, window, where, by)


def test_nothing_asked_is_nothing_found() -> None:
    evaluator = movements([(FIRST, "c", 1, "USD", "A")])
    assert evaluator.evaluate([], [Window(FIRST, FIRST)], {}) == {}
    assert evaluator.evaluate([COMPONENTS["mrr"]], [], {}) == {}
    assert exact_of(None) == 0


def test_lifetimes_count_who_is_still_there(tmp_path: Path) -> None:
    """31 customers of 100 days and one still running after 365: enough have ended, and the one is not forgotten."""
    keys = [f"k{n:02d}" for n in range(32)]
    query = project_of(
        tmp_path,
        {
            "organization": "id name segment\n" + "\n".join(f"{k} {k} {'A' if k < 'k05' else 'B'}" for k in keys),
            "subscription": "id org_id started_at\n" + "\n".join(f"s{k} {k} 2025-01-01" for k in keys),
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n"
            + "\n".join(f"i{k} s{k} 2025-01-01 {'2025-04-11' if k != 'k31' else '-'} 10 month" for k in keys)
            # a pause belongs to the life of a customer
            + "\nagain sk31 2025-06-01 2025-06-02 1 month",
        },
        through="2025-12-31",
    )
    days = 100 + Fraction(1, 32) * 265
    assert query.metric("customer_lifetime", "2025").exact == 12 * days / Fraction(1461, 4)
    assert query.metric("customer_lifetime", "2025", {"segment": "A"}).status == "REV-209"
    assert query.metric("customer_lifetime", "2025-Q1").status == "REV-209"  # as it was known then
    assert query.metric("customer_lifetime", "2024").status == "REV-204"
    by = dict(query.breakdown("customer_lifetime", "2025", "segment"))
    assert {value: answer.status for value, answer in by.items()} == {"A": "REV-209", "B": "REV-209"}


def test_cells_asked_one_by_one_are_filled_together(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {
            "organization": "id name segment country\na A X SE\nb B Y DE",
            "subscription": "id org_id started_at\nsa a 2024-01-01\nsb b 2024-01-01",
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval\n"
            "ia sa 2024-01-01 - 10 month\nib sb 2024-01-01 2024-07-01 10 month",
        },
        through="2025-12-31",
    )
    months = between(parse_period("2024-01", FIRST), parse_period("2025-12", FIRST))
    for where in ({"segment": "Y", "country": "DE"}, {"segment": "Y"}, {"segment": "X", "country": "DE"}):
        found = [query.metric("mrr", month, where).exact for month in months]
        assert found == ([10] * 6 + [0] * 18 if where.get("segment") == "Y" else [0] * 24)
    assert query.metric("mrr", "YTD:2025-06-30", {"segment": "X"}).exact == 10
    fresh = Query(query.root)
    assert [a.exact for a in fresh.series("mrr", "2024-01", "2025-12", where={"segment": "Y", "country": "DE"})] == [
        10
    ] * 6 + [0] * 18


def test_folders_that_are_no_snapshots(tmp_path: Path) -> None:
    assert published(tmp_path / "nowhere") == []
    for name in ("2025-01-01.1", "2025-01-01.x", "soon.1", "2025-13-01.1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}", encoding="utf-8")
    (tmp_path / "2025-02-01.1").mkdir()  # half written: without a manifest
    (tmp_path / "current").write_text("2025-09-09.1\n", encoding="ascii")
    assert published(tmp_path) == ["2025-01-01.1"]
    with pytest.raises(NoData, match="REV-205"):
        Query(tmp_path).metric("mrr", "2025-01")
    assert newest_as_of(tmp_path, date(2025, 5, 5)) == "2025-01-01.1"
