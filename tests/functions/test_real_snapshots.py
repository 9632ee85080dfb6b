"""Cells over real snapshots: what they say is what was published, or the coded reason why there is nothing to say."""

import shutil
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from revalign_udf import snapshots
from revalign_udf.config import load
from revalign_udf.errors import UserError
from revalign_udf.functions import call_cell, session
from revalign_udf.functions.pinned import answering_as_of
from revalign_udf.jobs.closing import close_period
from revalign_udf.query import Caller, Query
from revalign_udf.testing import project_of

ORDERS = "id org_id ordered_at amount\nq1 a 2026-06-05 10\nq2 b 2026-07-05 20\nq3 a 2026-08-05 30"
TABLES = {"organization": "id name segment\na Ada SMB\nb Bob 7", "sales_order": ORDERS}
LATER = {**TABLES, "sales_order": f"{ORDERS}\nq4 b 2026-07-20 5\nq5 b 2026-09-05 40"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2026-07 closed on the snapshot of August; an order of July came later and is in the one of September."""
    folder = tmp_path_factory.mktemp("cells")
    project_of(folder, TABLES, through="2026-08-31").close()
    close_period(load(folder), "2026-07", "books are done", "ada")
    project_of(folder, LATER, through="2026-09-30").close()
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy to break, read by cells."""
    folder = tmp_path / "project"
    shutil.copytree(built, folder)
    session.use(folder)
    yield folder
    session.use(None)


def cell(name: str, *arguments: Any) -> Any:
    found = call_cell(name, list(arguments))
    return found["message"] if "error" in found else found["cell"]


def snapshots_of(folder: Path) -> Path:
    return folder / ".revalign" / "snapshots"


def pause() -> None:
    time.sleep(session.PAUSE + 0.01)


# --- periods that count from a day ---------------------------------------------------------------------------------------


def test_relative_periods_count_from_the_snapshot_never_from_the_clock(project: Path) -> None:
    assert cell("PERIOD", "LAST_MONTH") == "2026-08-01"
    assert cell("METRIC", "revenue", "LAST_MONTH") == 30
    assert cell("METRIC", "revenue", "THIS_MONTH") == 40
    august = "2026-08-31"
    assert cell("METRIC", "revenue", "THIS_MONTH", august) == 30
    assert cell("METRIC", "revenue", "LAST_MONTH", august) == 20
    assert cell("METRIC", "revenue", "LAST_MONTH", date(2026, 9, 12)) == 20, (
        "the newest snapshot not later than that day"
    )
    assert cell("SERIES", "revenue", "LAST_N_MONTHS:2", "THIS_MONTH", None, august) == [
        ["2026-06", 10], ["2026-07", 20], ["2026-08", 30]
    ]  # fmt: skip
    assert cell("TABLE", "revenue", ["LAST_MONTH", "YTD"], None, august)[1:] == [["2026-07", 20], ["YTD", 60]]
    assert cell("PERIOD", "LAST_MONTH", august) == "2026-07-01"
    assert cell("STAMP", "revenue", "LAST_MONTH", august).endswith("s:2026-08-31#1")
    assert cell("METRIC", "revenue", "LAST_MONTH", "2026-08-30").startswith("REV-206")


def test_a_build_of_an_old_day_is_read_by_that_day_and_moves_nothing_else(built: Path, tmp_path: Path) -> None:
    """Recomputed after the newer one was published: the pointer stays, and cells with that day see it soon."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    root = snapshots_of(tmp_path)
    shutil.move(root / "2026-08-31.1", tmp_path / "aside")
    session.use(tmp_path)
    try:
        assert cell("METRIC", "revenue", "LAST_MONTH", "2026-08-31").startswith("REV-206")
        assert cell("METRIC", "revenue", "LAST_MONTH") == 30
        shutil.move(tmp_path / "aside", root / "2026-08-31.1")
        pause()
        assert cell("METRIC", "revenue", "LAST_MONTH", "2026-08-31") == 20
        shutil.copytree(root / "2026-08-31.1", root / "2026-08-31.2")
        assert cell("STAMP", "revenue", "2026-08", "2026-08-31").endswith("#1"), "one snapshot for one calculation"
        manifest = root / "2026-08-31.2" / "manifest.json"
        manifest.write_text(manifest.read_text().replace("2026-08-31#1", "2026-08-31#2"))
        pause()
        assert cell("STAMP", "revenue", "2026-08", "2026-08-31").endswith("#2")
        assert cell("METRIC", "revenue", "LAST_MONTH") == 30
    finally:
        session.use(None)


def test_a_day_in_the_cell_goes_before_that_of_the_workbook(project: Path) -> None:
    """What to bring first is due two business days after the snapshot: 2 September 2026 is a Wednesday, 2 October a Friday."""
    first_due = ("bring", None, "columns", "day", "limit", 1, "heads", "no")
    with answering_as_of("2026-08-31"):
        assert cell("REVIEW", "2026-08", *first_due) == [["2026-09-02"]]
        assert cell("REVIEW", "2026-08", "bring", "2026-09-30", *first_due[2:]) == [["2026-10-02"]]
    assert cell("REVIEW", "2026-08", *first_due) == [["2026-10-02"]]


# --- what is asked in cells ----------------------------------------------------------------------------------------------


def test_filters_as_cells_write_them(project: Path) -> None:
    assert cell("METRIC", "revenue", "2026-06", None, "segment", None) == 10
    assert cell("METRIC", "revenue", "2026-06", None, "segment", "smb") == 10
    assert cell("METRIC", "revenue", "2026-09", None, [["segment", 7.0], ["country", None]]) == 40
    assert cell("METRIC", "revenue", "2026-09", None, "segment", 7) == 40, "a number where text belongs"
    assert cell("METRIC", "Revenue ", "2026-09", 0, 0, 0) == 40, "blanks of Excel on the desktop"
    assert cell("METRIC", "revenue", 2026, None, "segment", "SMB") == 40
    assert (
        cell("METRIC", "revenu", "2026-09")
        == 'REV-101 Unknown metric "revenu". Did you mean revenue? The list: revalign metrics list.'
    )
    assert 'Unknown field "segmnt". Did you mean segment?' in cell(
        "METRIC", "revenue", "2026-09", None, "segmnt", "SMB"
    )
    assert 'Unknown value of segment "SBM". Did you mean SMB?' in cell(
        "METRIC", "revenue", "2026-09", None, "segment", "SBM"
    )
    assert "Write 2026-01 for the month." in cell("METRIC", "revenue", "Jan-26")
    assert cell("METRIC", "revenue", "2026-11").startswith("REV-204")
    assert call_cell("METRIC", ["revenue", "2026-11"])["error"] == "#N/A"


def test_the_same_typo_twice_says_the_same(project: Path) -> None:
    first = call_cell("METRIC", ["revenu", "2026-09"])
    assert call_cell("METRIC", ["revenu", "2026-09"]) == first
    assert first["error"] == "#VALUE!"


def test_totals_are_recomputed(project: Path) -> None:
    assert cell("TABLE", ["revenue", "aov"], "2026-06", "segment") == [
        ["period", "segment", "revenue", "aov"], ["2026-06", "SMB", 10, 10], ["2026-06", "total", 10, 10]
    ]  # fmt: skip
    whole = cell("TABLE", ["aov"], "2026", "segment")
    assert [row[2] for row in whole[1:]] == [65 / 3, 20, 21], "Bob 65 / 3, Ada 40 / 2; together 105 / 5, not their sum"


def test_what_drifted_since_the_close(project: Path) -> None:
    assert cell("LIST", "closed") == [["2026-07"]]
    assert cell("METRIC", "revenue", "2026-07") == 20, "the closed number stays"
    found = cell("DRIFT", "2026-07", "revenue")
    assert found[0][:3] == ["2026-07", found[0][1], "2026-08-31#1 -> 2026-09-30#1"]
    head, told = found[-4:-2]
    assert dict(zip(head, told, strict=True))["difference"] == 5
    assert dict(zip(head, told, strict=True))["late record"] == 5
    assert found[-1][2:8] == ["late record", 5, "files", "sales_order", "q4", "files:b"]
    assert len({len(row) for row in found}) == 1
    assert len(cell("DRIFT", "2026-07")) > len(found)
    assert cell("DRIFT", "2026-08").startswith("REV-204 2026-08 is not closed.")
    assert cell("DRIFT", "2026-07", "revenu").startswith("REV-101")


def test_a_bridge_leaves_nothing_over(project: Path) -> None:
    found = cell("BRIDGE", "revenue", "revenue@stripe", "2026-08")
    assert (found[1], found[-2:]) == (
        ["revenue (default)", "", 30],
        [["revenue (stripe)", "", 30], ["residual", "what the items leave unexplained", 0]],
    )
    assert cell("BRIDGE", "revenue", "aov", "2026-08").startswith("REV-102 There is no bridge from revenue to aov.")
    assert cell("BRIDGE", "revenue", "revenue@strip", "2026-08").startswith('REV-101 Unknown profile "strip".')


def test_names_to_choose_from(project: Path) -> None:
    assert cell("LIST", "months") == [["2026-06"], ["2026-07"], ["2026-08"], ["2026-09"]]
    assert cell("LIST", "Quarters") == [["2026-Q2"], ["2026-Q3"]]
    assert cell("LIST", "years") == [["2026"]]
    assert cell("LIST", "Segment") == [["7"], ["SMB"], ["(none)"]]
    assert cell("LIST", "currencies") == [["USD"]]
    assert ["stripe"] in cell("LIST", "profiles")
    assert ["REVALIGN.STAMP"] in cell("LIST", "functions")
    assert cell("LIST", "promises") == 'REV-204 There is nothing to list under "promises".'
    assert "Did you mean months?" in cell("LIST", "month")


# --- snapshots that move or break ----------------------------------------------------------------------------------------


def test_a_batch_stays_on_its_snapshot_when_the_pointer_moves(project: Path) -> None:
    query = Query.open(project)
    with session.using(query):
        assert cell("METRIC", "revenue", "THIS_MONTH") == 40
        snapshots.point_to(snapshots_of(project), "2026-08-31.1")
        pause()
        assert cell("METRIC", "revenue", "THIS_MONTH") == 40
        assert cell("METRIC", "revenue", "LAST_MONTH") == 30, "also what nobody asked before"
        assert query.changed()
        query.refresh()
        assert cell("METRIC", "revenue", "THIS_MONTH") == 30
        assert cell("STAMP", "revenue", "THIS_MONTH").endswith("s:2026-08-31#1")
    query.close()


def test_what_is_remembered_goes_with_its_snapshot(project: Path) -> None:
    assert [cell("METRIC", "revenue", "THIS_MONTH") for _ in range(2)] == [40, 40]
    assert cell("METRIC", "revenue", "2026-09", None, "segment", "SMBs").startswith("REV-101")
    snapshots.point_to(snapshots_of(project), "2026-08-31.1")
    pause()
    assert cell("METRIC", "revenue", "THIS_MONTH") == 30
    assert cell("METRIC", "revenue", "2026-09").startswith("REV-204")


def test_a_close_is_seen_by_cells(project: Path) -> None:
    assert cell("METRIC", "revenue", "2026-09") == 40
    assert cell("STAMP", "revenue", "2026-08").endswith("2026-09-30#1")
    snapshots.point_to(snapshots_of(project), "2026-08-31.1")
    close_period(load(project), "2026-08", "books are done", "ada")
    snapshots.point_to(snapshots_of(project), "2026-09-30.1")
    pause()
    assert cell("STAMP", "revenue", "2026-08").endswith("2026-08-31#1")


def test_nothing_published(project: Path) -> None:
    (snapshots_of(project) / "current").unlink()
    assert call_cell("METRIC", ["revenue", "2026-09"]) == {
        "error": "#N/A",
        "message": "REV-205 Nothing has been published yet. Run: revalign run (or revalign build).",
    }
    assert call_cell("LIST", ["metrics"])["error"] == "#N/A"
    assert call_cell("CAC", [100, 200, 3]) == {"cell": 100.0}, "functions on ranges need no snapshot"
    snapshots.point_to(snapshots_of(project), "2026-09-30.1")
    assert cell("METRIC", "revenue", "2026-09") == 40


def test_a_snapshot_deleted_while_it_is_open(project: Path) -> None:
    assert cell("METRIC", "revenue", "2026-09") == 40
    shutil.rmtree(snapshots_of(project) / "2026-09-30.1")
    pause()
    for period in ("2026-09", "2026-06"):
        found = call_cell("METRIC", ["revenue", period])
        assert (found["error"], found["message"][:7]) == ("#N/A", "REV-205")


@pytest.mark.parametrize("broken", [b"", b"PAR1 and no more", None])
def test_a_file_that_breaks_under_an_open_snapshot(
    project: Path, monkeypatch: pytest.MonkeyPatch, broken: bytes | None
) -> None:
    """Large tables are read from their file as questions come."""
    monkeypatch.setattr(snapshots, "_IN_MEMORY", 0)
    query = Query.open(project)
    with session.using(query):
        cell("LIST", "metrics")
        for path in (snapshots_of(project) / "2026-09-30.1").glob("*.parquet"):
            path.unlink() if broken is None else path.write_bytes(broken)
        found = call_cell("METRIC", ["revenue", "2026-09", None, "segment", "SMB"])
        assert (found["error"], found["message"][:7]) == ("#N/A", "REV-207"), found
        assert call_cell("RECORDS", ["revenue", "2026-09"])["message"].startswith("REV-207")


def test_a_damaged_snapshot_is_not_opened_for_every_cell(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = snapshots_of(project) / "2026-09-30.1" / "manifest.json"
    sound = path.read_text()
    path.write_text("{}")
    opened: list[Path] = []
    real = snapshots.Manifest.read

    def read(folder: Path) -> snapshots.Manifest:
        opened.append(folder)
        return real(folder)

    monkeypatch.setattr(snapshots.Manifest, "read", read)
    found = [call_cell("METRIC", ["revenue", f"2026-0{month}"]) for month in range(1, 10) for _ in range(10)]
    assert {(one["error"], one["message"][:7]) for one in found} == {("#N/A", "REV-207")}
    assert len(opened) < 10
    path.write_text(sound)
    time.sleep(1.1)
    assert cell("METRIC", "revenue", "2026-09") == 40, "restored from a backup"


# --- who asks ------------------------------------------------------------------------------------------------------------


def test_two_projects_in_one_process_never_mix(project: Path, built: Path) -> None:
    """One door each, asked in turn; what one remembers is no answer of the other."""
    snapshots.point_to(snapshots_of(project), "2026-08-31.1")
    with session.using(built):
        assert cell("METRIC", "revenue", "YTD") == 105
        with session.using(project):
            assert cell("METRIC", "revenue", "YTD") == 60
        assert cell("METRIC", "revenue", "YTD") == 105


def test_what_one_caller_was_told_is_not_told_to_another(project: Path) -> None:
    whole, part = Query.open(project), Query.open(project, Caller("bo", (), {"segment": "SMB"}))
    with session.using(whole):
        assert cell("METRIC", "revenue", "2026") == 105
    with session.using(part):
        assert cell("METRIC", "revenue", "2026") == 40
        assert cell("METRIC", "revenue", "2026", None, "segment", "7").startswith("REV-403")
        assert cell("LIST", "segment") == [["SMB"]]
        assert cell("DRIFT", "2026-07").startswith("REV-403")
    with pytest.raises(AttributeError):
        part.caller = Caller()  # type: ignore[misc]
    with pytest.raises(UserError, match="REV-403"):
        part.metric("revenue", "2026", {"segment": "7"})
