"""What is remembered is what would be said anew; threads that ask side by side get their own answers."""

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.config import load
from revalign_udf.errors import RevalignError, UserError
from revalign_udf.jobs.closing import close_period
from revalign_udf.query import Answer, Query, reading, session
from revalign_udf.query.memory import Memory
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name segment\na Ada SMB\nb Bob MM\nc Cyd True\nd Dan 1",
    "subscription": "id org_id started_at\nsa a 2026-01-01\nsb b 2026-02-01\nsc c 2026-02-01\nsd d 2026-03-01",
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        ia sa 2026-01-01 2026-04-10 100 month
        ib sb 2026-02-01 -           50 month
        ic sc 2026-02-01 -           20 month
        id sd 2026-03-01 -            7 month""",
    "sales_order": "id org_id ordered_at amount\nq1 a 2026-01-05 100\nq2 b 2026-02-05 50\nq3 a 2026-03-05 1",
    "expense": "id date amount function channel\ne1 2026-01-01 10 marketing ads\ne2 2026-02-01 90 marketing -",
}
MONTHS = [f"2026-0{month}" for month in range(1, 7)]
#: one of each kind: sums, ratios, chains of metrics, statistics, rows
METRICS = (
    "mrr nrr grr logo_churn net_new_mrr revenue aov cac ltv_to_cac arpu customers revenue_growth magic_number"
    " customer_lifetime mrr_movements"
).split()  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    project_of(folder, TABLES, through="2026-05-31").close()
    close_period(load(folder), "2026-02", "books are done", "ada")
    project_of(
        folder, {**TABLES, "sales_order": TABLES["sales_order"] + "\nq4 a 2026-02-06 9"}, through="2026-06-30"
    ).close()
    return folder


def said(query: Query, question: tuple[Any, ...]) -> Answer | str:
    name, period, where, view = question
    try:
        return query.metric(name, period, where, **view)
    except RevalignError as error:
        return str(error)


def questions() -> list[tuple[Any, ...]]:
    views: list[dict[str, Any]] = [
        {}, {"profile": "stripe"}, {"as_of": "2026-05-31"}, {"as_of": "today"}, {"compare": "previous"}, {"currency": "EUR"},
    ]  # fmt: skip
    cuts = [None, {}, {"segment": "SMB"}, {"Segment": "smb"}, {"segment": ""}, {"segment": "nobody"}, {"team": "x"}]
    found = [(n, p, w, v) for n in METRICS for p in (*MONTHS[:3], "YTD") for w in cuts for v in views]
    return random.Random(7).sample(found, 400) + [("nrr", period, None, {}) for period in MONTHS]


def test_remembered_is_what_would_be_said_anew(built: Path) -> None:
    query = Query.open(built)
    first = [said(query, question) for question in questions()]
    again = [said(query, question) for question in questions()]
    query.refresh()
    anew = [said(query, question) for question in questions()]
    assert first == again == anew
    assert sum(isinstance(one, Answer) and one.value is not None for one in first) > 50
    assert any(isinstance(one, Answer) and one.closed for one in first)
    for question in random.Random(8).sample(questions(), 8):
        fresh = Query.open(built)
        assert said(fresh, question) == first[questions().index(question)]
        fresh.close()
    query.close()


def test_equal_keys_that_mean_different_values(built: Path) -> None:
    """1 == True == 1.0 in Python; the segments 1 and True are two."""
    query = Query.open(built)
    asked: list[Any] = [1, True, 1.0, "1", "true"]
    assert [query.metric("mrr", "2026-03", {"segment": one}).exact for one in asked] == [7, 20, 7, 7, 20]
    assert [query.metric("mrr", "2026-03", {"segment": one}).exact for one in asked[::-1]] == [20, 7, 7, 20, 7]
    assert query.metric("mrr", 2026).period == query.metric("mrr", 2026.0).period == "2026"
    query.close()


def test_what_cannot_be_remembered_is_answered_all_the_same(built: Path) -> None:
    query = Query.open(built)
    assert query.metric("mrr", "2026-03", compare=["previous", "last_year"]).comparisons
    with pytest.raises(UserError, match="Unknown value of segment"):
        query.metric("mrr", "2026-03", {"segment": ["SMB"]})  # type: ignore[dict-item]
    with pytest.raises(UserError, match="Cannot read the period"):
        query.metric("mrr", ["2026-03"])
    query.close()


def test_a_refusal_is_the_same_the_second_time(built: Path) -> None:
    query = Query.open(built)
    depths = []
    for _ in range(3):
        with pytest.raises(UserError, match='Unknown metric "mmr"') as caught:
            query.metric("mmr", "2026-03")
        depths.append(len(caught.traceback))
    assert depths[1:] == [2, 2], "it does not grow by being raised again"
    query.close()


def test_an_answer_outlives_the_snapshot_it_was_read_from(built: Path) -> None:
    """Snapshots are closed when many are open; what was said stays, and what was not is read anew."""
    query = Query.open(built)
    before = [query.metric(name, "2026-04") for name in METRICS[:6]]
    query.close()
    assert [query.metric(name, "2026-04") for name in METRICS[:6]] == before
    assert query.metric("nrr", "2026-05").value is not None
    assert query.metric("nrr", "2026-02").closed
    query.close()


def test_few_snapshots_stay_open_and_none_is_closed_under_a_question(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A series over closed months reads several snapshots at once, be they ever so large."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    roomy = Query.open(tmp_path)
    expected = _over_closed_months(roomy)
    assert len(roomy._snapshots) == 2
    monkeypatch.setattr(reading, "_OPEN", 1)
    monkeypatch.setattr(reading, "_ROWS", 0)
    narrow = Query.open(tmp_path)
    assert _over_closed_months(narrow) == expected
    assert _over_closed_months(narrow) == expected
    assert len(narrow._snapshots) == 1
    roomy.close()
    narrow.close()


def _over_closed_months(query: Query) -> list[Any]:
    return [
        query.series("revenue", "2026-01", "2026-06", compare="previous"),
        query.series("nrr", "2026-01", "2026-03", where={"segment": "SMB"}),
        query.table(["revenue", "aov"], ["2026-01", "2026-02", "2026-03"], "segment"),
        [query.metric("revenue", month).exact for month in MONTHS],
        query.drift()[0].as_json(),
    ]


def test_totals_from_the_cube_are_those_of_one_component_at_a_time(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []
    query = Query.open(built)
    for name in query.names("metrics"):
        asked += [(name, month, None, {}) for month in ("2026-01", "2026-03", "2026-Q1", "YTD")]
    together = [said(query, question) for question in asked]
    query.close()
    monkeypatch.setattr(session, "_SOME", -1)
    one_by_one = Query.open(built)
    assert [said(one_by_one, question) for question in asked] == together
    assert sum(isinstance(one, Answer) and one.value is not None for one in together) > 100
    one_by_one.close()


@pytest.mark.parametrize("names", [METRICS[:3], pytest.param(METRICS[3:6], marks=pytest.mark.campaign)], ids=" ".join)
def test_threads_that_ask_side_by_side(built: Path, tmp_path: Path, names: list[str]) -> None:
    """A connection of DuckDB holds one result at a time: without turns one thread reads the rows of another."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    quiet = Query.open(tmp_path)
    asked: list[tuple[Any, ...]] = [(n, p, {"segment": s}, {}) for n in names for p in MONTHS for s in ("SMB", "MM")]
    expected = [said(quiet, question) for question in asked]
    busy = Query.open(tmp_path)
    order = [(place, question) for place, question in enumerate(asked) for _ in range(2)]
    random.Random(3).shuffle(order)

    def ask(one: tuple[int, tuple[Any, ...]]) -> bool:
        place, question = one
        if place % 29 == 0:
            busy.refresh()
        rows = busy.records(question[0], question[1], question[2])
        assert len(rows.columns) == 10
        return said(busy, question) == expected[place]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, order))
    quiet.close()
    busy.close()


def test_memory_is_bounded_and_keeps_what_is_in_use() -> None:
    known: Memory[int, str] = Memory(100)
    for number in range(1_000):
        known.put(number, str(number))
        assert known.get(7 if number >= 7 else 0) == ("7" if number >= 7 else "0"), "asked for all the time"
    assert len(known) <= 200
    assert known.get(999) == "999"
    assert known.get(500) is None
