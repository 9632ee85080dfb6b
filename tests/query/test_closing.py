"""Closed numbers stay, on every way to ask; everything else goes on from the published snapshot."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from revalign_udf.config import load
from revalign_udf.errors import NoData, StoreError, UnknownName, UserError
from revalign_udf.governance import CLOSES_FILE, history
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.closing import close_period, reopen_period
from revalign_udf.query import Answer, Caller, Query
from revalign_udf.snapshots import current, published
from revalign_udf.store import Store
from revalign_udf.testing import project_of

THROUGH = "2026-09-30"
TABLES = {
    "organization": "id name segment\na Ada OLD\nb Bob ENT",
    "subscription": "id org_id started_at\nsa a 2026-01-01\nsb b 2026-01-01",
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval currency
        ia sa 2026-01-01 - 100 month USD
        ib sb 2026-01-01 - 50 month EUR""",
    "sales_order": "id org_id ordered_at amount\nq1 a 2026-07-05 10\nq2 a 2026-08-05 20\nq3 a 2026-09-05 30",
    "fx_rate": "date from_currency to_currency rate\n"
    + "\n".join(f"2026-{month:02d}-{day:02d} EUR USD 2" for month in range(1, 10) for day in range(1, 29, 6)),
}
#: what becomes known later: an order of each month, and the segment of a customer
LATER = {
    **TABLES,
    "organization": "id name segment\na Ada NEW\nb Bob ENT",
    "sales_order": TABLES["sales_order"] + "\nq4 b 2026-07-20 1\nq5 b 2026-08-20 2\nq6 b 2026-09-20 3",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    project_of(folder, TABLES, through=THROUGH).close()
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "project"))


@pytest.fixture(scope="module")
def moved_on(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("moved") / "project"))
    close(folder, "2026-08")
    known_later(folder)
    return folder


def known_later(folder: Path, tables: Mapping[str, str] = LATER, settings: str = "") -> None:
    project_of(folder, tables, settings, through=THROUGH).close()


def close(folder: Path, *periods: str) -> None:
    for period in periods:
        close_period(load(folder), period, "books are done", "ada")


@pytest.fixture
def closed(moved_on: Path, tmp_path: Path) -> Iterator[Query]:
    """2026-08 closed, then more became known: #1 frozen, #2 published."""
    query = Query.open(shutil.copytree(moved_on, tmp_path / "closed"))
    yield query
    query.close()


def revenue(query: Query, period: str, **more: object) -> object:
    return query.metric("revenue", period, **more).exact  # type: ignore[arg-type]


def test_the_closed_number_stays_and_says_so(closed: Query) -> None:
    found = closed.metric("revenue", "2026-08")
    assert (found.exact, found.status, found.snapshot) == (20, "ok", "2026-09-30#1")
    assert found.closed == f"closed {datetime.now(UTC).date()} by ada"
    assert found.as_json()["closed"] == found.closed
    assert found.fingerprint.endswith("s:2026-09-30#1")
    for month, value in (("2026-07", 11), ("2026-09", 33)):
        found = closed.metric("revenue", month)
        assert (found.exact, found.snapshot, found.closed) == (value, "2026-09-30#2", "")


def test_what_it_would_be_today(closed: Query) -> None:
    for day in ("today", " Today ", "2026-09-30", date(2026, 12, 31)):
        found = closed.metric("revenue", "2026-08", as_of=day)
        assert (found.exact, found.snapshot, found.closed) == (22, "2026-09-30#2", "")
    assert str(closed.period("THIS_MONTH", "today")) == "2026-09"
    with pytest.raises(UserError, match="is not a date"):
        closed.metric("revenue", "2026-08", as_of="tomorrow")


def test_a_series_mixes_snapshots_and_each_answer_names_its_own(closed: Query) -> None:
    found = closed.series("revenue", "2026-07", "2026-09")
    assert [(a.exact, a.snapshot[-1], bool(a.closed)) for a in found] == [
        (11, "2", False), (20, "1", True), (33, "2", False),
    ]  # fmt: skip
    assert [row[1] for row in closed.table(["revenue"], ["2026-08", "2026-09"]).rows] == [20, 33]
    assert [a.exact for a in closed.series("revenue", "2026-07", "2026-09", as_of="today")] == [11, 22, 33]


def test_a_comparison_looks_at_the_closed_number(closed: Query) -> None:
    [beside] = closed.metric("revenue", "2026-09", compare="previous").comparisons
    assert (beside.exact, beside.difference) == (20, 13)
    [beside] = closed.metric("revenue", "2026-08", compare="previous").comparisons
    assert (beside.exact, beside.difference) == (11, 9)


def test_every_way_to_look_at_a_number_looks_at_the_frozen_one(closed: Query) -> None:
    assert {row["id"] for row in closed.records("revenue", "2026-08").dicts()} == {"q2"}
    assert {row["id"] for row in closed.records("revenue", "2026-08", as_of="today").dicts()} == {"q2", "q5"}
    found = closed.explain("revenue", "2026-08")
    assert (found.answer.exact, found.answer.closed[:6], found.components.dicts()[0]["value"]) == (20, "closed", 20)
    assert [(value, part.exact) for value, part in closed.breakdown("revenue", "2026-08", "segment")] == [("OLD", 20)]
    assert all(part.closed for _, part in closed.breakdown("revenue", "2026-08", "segment"))
    assert revenue(closed, "2026-08", currency="EUR") == 10
    assert closed.metric("mrr", "2026-08", profile="stripe").snapshot == "2026-09-30#1"
    [drift] = closed.drift("2026-08")
    assert [one.metric for one in drift.moved][:1] == ["revenue"]


def test_values_only_one_side_knows(closed: Query) -> None:
    """A segment that is gone is still asked for in the closed month, one that came later holds nothing there."""
    assert revenue(closed, "2026-08", where={"segment": "old"}) == 20
    assert revenue(closed, "2026-09", where={"segment": "OLD"}) == 0
    assert [a.exact for a in closed.series("revenue", "2026-08", "2026-09", where={"segment": "NEW"})] == [0, 30]
    with pytest.raises(UnknownName, match="value of segment"):
        closed.metric("revenue", "2026-08", {"segment": "nobody"})


def test_a_caller_sees_no_more_of_closed_months(closed: Query) -> None:
    narrow = Query(closed.root, Caller("kim", ("sales",), {"segment": "ENT"}))
    assert revenue(narrow, "2026-08") == 0
    with pytest.raises(UserError, match="REV-403"):
        narrow.metric("revenue", "2026-08", {"segment": "OLD"})
    with pytest.raises(UserError, match="REV-403"):
        narrow.drift()
    narrow.close()


def test_inside_and_around_a_closed_quarter(project: Path) -> None:
    close(project, "2026-Q3")
    known_later(project)
    query = Query.open(project)
    for period, value in (("2026-Q3", 60), ("2026-07", 10), ("2026-08", 20), ("MTD:2026-09-25", 30)):
        found = query.metric("revenue", period)
        assert (found.exact, bool(found.closed)) == (value, True), period
    for period in ("2026", "YTD", "LTM"):
        found = query.metric("revenue", period)
        assert (found.exact, found.closed) == (66, ""), period
    query.close()


def test_closing_the_quarter_does_not_move_the_month_closed_before_it(project: Path) -> None:
    close(project, "2026-08")
    known_later(project)
    close(project, "2026-Q3")
    query = Query.open(project)
    assert [a.exact for a in query.series("revenue", "2026-07", "2026-09")] == [11, 20, 33]
    assert revenue(query, "2026-Q3") == 66
    query.close()


def test_reopened_and_closed_anew(project: Path) -> None:
    close(project, "2026-08")
    known_later(project)
    reopen_period(load(project), "2026-08", "an order was missing", "bob")
    query = Query.open(project)
    assert revenue(query, "2026-08") == 22
    close(project, "2026-08")
    known_later(project, TABLES)
    assert query.changed()
    query.refresh()
    found = query.metric("revenue", "2026-08")
    assert (found.exact, found.snapshot) == (22, "2026-09-30#2")
    query.close()
    told = [entry for entry in history(project) if entry.action.startswith("period")]
    assert [(entry.action, entry.details["by"]) for entry in told] == [
        ("period closed", "ada"), ("period reopened", "bob"), ("period closed", "ada"),
    ]  # fmt: skip


def test_an_open_door_hears_of_a_close(project: Path) -> None:
    query = Query.open(project)
    assert query.metric("revenue", "2026-08").closed == ""
    assert not query.changed()
    close(project, "2026-08")
    assert query.changed()
    query.refresh()
    assert query.metric("revenue", "2026-08").closed
    assert not query.changed()
    query.close()


@pytest.mark.parametrize(
    ("period", "says"),
    [("2026-10", "2026-10 is not over on 2026-09-30"), ("2026-Q4", "not over"), ("2026", "2026 is not over")],
)
def test_a_period_that_is_not_over_is_refused(project: Path, period: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        close(project, period)
    assert caught.value.code == "REV-105"
    assert not (project / CLOSES_FILE).exists()


def test_a_period_a_source_is_not_loaded_to_the_end_of_is_refused_unless_forced(tmp_path: Path) -> None:
    settings = '[snapshots]\nas_of = "2026-09-30"\n'
    project_of(tmp_path, TABLES, settings, through="2026-09-10").close()
    with pytest.raises(UserError, match="files is loaded through 2026-09-10 only"):
        close(tmp_path, "2026-09")
    made = close_period(load(tmp_path), "2026-09", "early", force=True)
    assert made.forced
    query = Query.open(tmp_path)
    found = query.metric("revenue", "2026-09")
    assert (found.exact, found.status, bool(found.closed)) == (30, "partial", True)
    query.close()
    assert not close_period(load(tmp_path), "2026-08", "done").forced


def test_only_periods_with_a_name_are_closed(project: Path) -> None:
    for token in ("YTD", "LTM", "LAST_N_MONTHS:3"):
        with pytest.raises(UserError, match="cannot be closed"):
            close(project, token)
    close(project, "LAST_MONTH")
    assert [one.period for one in Query.open(project).closes.standing] == ["2026-08"]


def test_the_number_written_down_goes_before_what_is_read_anew(closed: Query) -> None:
    """As if a later version read another number out of the same facts."""
    path = closed.root.parent.parent / CLOSES_FILE
    line = json.loads(path.read_text(encoding="utf-8"))
    assert line["values"]["2026-08-01..2026-08-31"]["revenue"] == "20"
    line["values"]["2026-08-01..2026-08-31"] |= {"revenue": "77/3", "nrr": "REV-110"}
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    closed.refresh()
    found = closed.metric("revenue", "2026-08")
    assert found.exact is not None
    assert (3 * found.exact, found.status) == (77, "ok")
    assert "written down at the close" in found.message
    assert revenue(closed, "2026-08", where={"segment": "OLD"}) == 20, "a slice was not written down"
    assert revenue(closed, "2026-08", currency="EUR") == 10
    assert closed.metric("nrr", "2026-08").exact == 1, "where there was no number there is none to keep"
    [drift] = closed.drift("2026-08", ["revenue"])
    assert dict(drift.metrics[0].causes) == {"late record": 2, "new definition": 20 - found.exact}


@pytest.mark.parametrize("how", ["gone", "another", "damaged"])
def test_without_its_snapshot_a_closed_number_is_refused_not_replaced(closed: Query, how: str) -> None:
    frozen = closed.root / "2026-09-30.1"
    closed.close()
    if how == "gone":
        shutil.rmtree(frozen)
    elif how == "another":
        shutil.rmtree(frozen)
        shutil.copytree(closed.root / "2026-09-30.2", frozen)
    else:
        (frozen / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(NoData, match="2026-08 is closed") as caught:
        closed.metric("revenue", "2026-08")
    assert caught.value.code == "REV-207"
    assert "reopen 2026-08" in caught.value.hint
    assert revenue(closed, "2026-09") == 33


def test_nobody_guesses_what_is_closed(closed: Query) -> None:
    path = closed.root.parent.parent / CLOSES_FILE
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    closed.refresh()
    for period in ("2026-08", "2026-09"):
        with pytest.raises(StoreError, match="Line 1"):
            closed.metric("revenue", period)
    assert revenue(closed, "2026-08", as_of="today") == 22


def test_what_was_not_declared_at_the_close_is_computed_from_the_published_snapshot(project: Path) -> None:
    close(project, "2026-08")
    tables = {**LATER, "organization": 'id name segment attrs\na Ada OLD {"tier":"gold"}\nb Bob ENT {"tier":"iron"}'}
    known_later(project, tables, "[dimension.tier]\ntable = 'organization'\nkey = 'tier'\n")
    query = Query.open(project)
    found: Answer = query.metric("revenue", "2026-08", {"tier": "iron"})
    assert (found.exact, found.closed) == (2, "")
    assert "Not declared when 2026-08 was closed" in found.message
    query.close()


def test_the_snapshot_of_a_close_is_never_pruned(project: Path) -> None:
    """Thirty closed months do not push out the others either."""
    close(project, "2026-08")
    reopen_period(load(project), "2026-08", "a mistake")
    orders = project / "data" / "sales_order.csv"
    text = orders.read_text(encoding="utf-8")
    for number in range(3):
        orders.write_text(f"{text}z,a,2026-09-01,{number + 1}\n", encoding="utf-8")
        pull(load(project))
        assert build(replace(load(project), keep_snapshots=2)).is_new
    root = load(project).snapshots
    assert published(root) == ["2026-09-30.1", "2026-09-30.3", "2026-09-30.4"]
    assert current(root) == "2026-09-30.4"
    (project / CLOSES_FILE).write_text("?\n", encoding="utf-8")
    orders.write_text(f"{text}z,a,2026-09-02,8\n", encoding="utf-8")
    pull(load(project))
    assert build(replace(load(project), keep_snapshots=1)).is_new
    assert len(published(root)) == 4, "nothing goes while nobody can say what is closed"


def test_as_of_takes_the_newest_snapshot_not_later(tmp_path: Path) -> None:
    project_of(tmp_path, TABLES, through="2026-07-31").close()
    known_later(tmp_path)
    query = Query.open(tmp_path)
    for day, label in (("2026-07-31", "2026-07-31#1"), ("2026-09-29", "2026-07-31#1"), ("2026-09-30", "2026-09-30#1"),
                       ("2027-01-01", "2026-09-30#1")):  # fmt: skip
        assert query.metric("revenue", "2026-07", as_of=day).snapshot == label
    assert query.metric("revenue", "2026-08", as_of="2026-07-31").status == "REV-204", "not loaded is not zero"
    with pytest.raises(NoData) as caught:
        query.metric("revenue", "2026-07", as_of="2026-07-30")
    assert caught.value.code == "REV-206"
    assert "revalign build --as-of 2026-07-30" in caught.value.hint
    query.close()


def test_what_arrived_after_the_day_is_not_in_a_snapshot_recomputed_for_it(project: Path) -> None:
    """q2 of August was known on 31 August; q5 of August arrived in September."""
    first, late = datetime(2026, 8, 31, 23, 59), datetime(2026, 9, 1)  # noqa: DTZ001 - the store keeps UTC
    chosen = load(project)
    with Store.open(chosen.data) as store:
        for (table,) in store.con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'h!_%' ESCAPE '!'"
        ).fetchall():
            store.con.execute(f"UPDATE {table} SET recorded_at = ?", [first])
    known_later(project)
    with Store.open(chosen.data) as store:
        store.con.execute("UPDATE h_sales_order SET recorded_at = ? WHERE recorded_at > ?", [late, first])
    done = build(chosen, date(2026, 8, 31))
    assert (done.label, done.as_of) == ("2026-08-31#1", date(2026, 8, 31))
    query = Query.open(project)
    assert revenue(query, "2026-08", as_of="2026-08-31") == 20
    assert revenue(query, "2026-08") == 22
    assert build(chosen, date(2026, 9, 1)).label == "2026-09-01#1"
    assert revenue(query, "2026-08", as_of="2026-09-01") == 22
    assert query.metric("revenue", "2026-09", as_of="2026-09-01").status == "partial"
    assert current(chosen.snapshots) == "2026-09-30.2", "nobody's numbers jump back"
    query.close()
