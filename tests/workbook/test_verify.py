"""Values a workbook holds against what they come to."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from rawbook import part_of, rawbook, spill

from revalign_udf.workbook.package import Package
from revalign_udf.workbook.verify import Verified, verify


def no_door(_: object) -> NoReturn:
    raise AssertionError


def checked(folder: Path, cells: dict[str, object], tolerance: float = 0.0) -> Verified:
    path = folder / "book.xlsx"
    content = rawbook({"S": cells})
    path.write_bytes(content)
    report = verify(path, no_door, tolerance=tolerance, now=datetime(2026, 10, 31, tzinfo=UTC))
    assert path.read_bytes() == content
    return report


@pytest.mark.parametrize(
    ("stored", "tolerance", "sound"),
    [
        ("100", 0, True),
        ("100.01", 0, False),
        ("99.99", 0, False),
        ("100.00000000000001", 0, False),  # one of ours, to the last bit
        ("100.01", 0.02, True),
        ("100.01", 0.001, False),
        ("TRUE", 0, False),
        ("hundred", 100, False),
        ("#N/A", 100, False),
    ],
)
def test_one_of_ours(tmp_path: Path, stored: str, tolerance: float, sound: bool) -> None:
    report = checked(tmp_path, {"A1": f"=REVALIGN.CAC(100,200,3)\t{stored}"}, tolerance)
    assert report.sound == sound
    assert len(report.cells) == 1
    assert bool(report.different) != sound


@pytest.mark.parametrize(
    ("formula", "stored", "sound"),
    [
        ("0.1+0.2", "0.3", True),  # the 15 digits Excel keeps
        ("0.1+0.2", "0.31", False),
        ("0.1+0.2-0.3", "0", True),  # cancels out to nothing in Excel
        ("0.1+0.2-0.3", "0.0001", False),
        ("1/3", "0.333333333333333", True),
        ("1/3", "0.33333333333", False),
        ('"a"&1', "a1", True),
        ("1=1", "1", False),
    ],
)
def test_a_native_formula(tmp_path: Path, formula: str, stored: str, sound: bool) -> None:
    assert checked(tmp_path, {"A1": f"={formula}\t{stored}"}).sound == sound


def test_a_cell_without_a_value_differs(tmp_path: Path) -> None:
    (cell,) = checked(tmp_path, {"A1": "=1+1"}).different
    assert (cell.stored, cell.computed) == (None, 2)


def test_spilled_cells_count(tmp_path: Path) -> None:
    cells: dict[str, object] = {
        "A1": 10, "A2": 5, "C1": spill("REVALIGN.FUNNEL(A1:A2)", "C1:F3", "stage"), "D1": "reached", "E1": "step_conversion",
        "F1": "overall_conversion", "C2": "1", "D2": 10, "F2": 1, "C3": "2", "D3": 5, "E3": 0.5, "F3": 0.5,
    }  # fmt: skip
    assert checked(tmp_path, cells).sound
    report = checked(tmp_path, cells | {"E3": 0.51})
    (cell,) = report.different
    assert (cell.cell, cell.stored, cell.computed, cell.formula) == ("E3", 0.51, 0.5, "=REVALIGN.FUNNEL(A1:A2)")


def test_the_clock_is_not_a_difference(tmp_path: Path) -> None:
    report = checked(
        tmp_path, {"A1": "=TODAY()\t5", "A2": "=A1+1\t6", "A3": "=REVALIGN.CAC(A2,0,1)\t6", "B1": "=2*2\t4"}
    )
    assert [item.cell for item in report.unchecked] == ["A1", "A2", "A3"]
    assert [item.cell for item in report.cells] == ["B1"]
    assert not report.sound  # one of ours could not be checked
    assert checked(tmp_path, {"A1": "=TODAY()\t5", "A2": "=A1+1\t6"}).sound


def test_what_cannot_be_checked_is_said(tmp_path: Path) -> None:
    report = checked(tmp_path, {"A1": "=MMULT(1,1)\t1", "A2": "=A1+1\t2"})
    assert [(item.cell, item.reason) for item in report.unchecked] == [("A1", "the function MMULT")]
    assert report.sound
    assert not checked(tmp_path, {"A1": "=REVALIGN.NOSUCH(1)\t1"}).sound


def test_a_changed_cent_in_a_built_report_is_found(published: Any, tmp_path: Path) -> None:
    path = published.report(tmp_path / "report.xlsx", "office")
    package = Package(path.read_bytes())
    part = next(name for name in package.parts if b"_xldudf_REVALIGN_METRIC" in package.read(name))
    sheet = part_of(path.read_bytes(), part)
    found = re.search(r'_METRIC\("mrr",[^<]*</f><v>(\d+\.?\d*)</v>', sheet)
    assert found
    changed = sheet[: found.start(1)] + repr(float(found[1]) + 0.01) + sheet[found.end(1) :]
    path.write_bytes(package.with_parts({part: changed.encode()}))
    (cell,) = verify(path, published.door).different
    assert isinstance(cell.stored, float)
    assert isinstance(cell.computed, float)
    assert cell.stored - cell.computed == pytest.approx(0.01)
    assert cell.formula.startswith('=_xldudf_REVALIGN_METRIC("mrr"')
