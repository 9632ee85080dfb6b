"""Workbooks filled without Excel: what is computed, what is kept, and that nothing else of the file changes."""

import re
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import openpyxl
import pytest
from python_calamine import CalamineWorkbook
from rawbook import part_of, parts_of, rawbook, spill

from revalign_udf.errors import NoData, SurfaceError, UserError
from revalign_udf.workbook.fill import Filled, fill
from revalign_udf.workbook.verify import verify

NOON = datetime(2026, 10, 31, 12, tzinfo=UTC)


def no_door(day: date | None) -> NoReturn:
    raise AssertionError(f"the published numbers were asked for {day}")


def done(folder: Path, content: bytes) -> tuple[Filled, dict[str, Any], str]:
    """Fill a workbook of one sheet that needs no project: the report, the values two readers agree on, the sheet."""
    path = folder / "book.xlsx"
    path.write_bytes(content)
    report = fill(path, no_door, now=NOON)
    made = path.read_bytes()
    before, after = parts_of(content), parts_of(made)
    assert list(before) == list(after)
    assert [part for part in before if before[part] != after[part] and "worksheets" not in part] == []
    sheet = openpyxl.load_workbook(BytesIO(made), data_only=True).worksheets[0]
    values = {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None}
    for row, cells in enumerate(
        CalamineWorkbook.from_filelike(BytesIO(made)).get_sheet_by_index(0).to_python(False), 1
    ):
        for column, value in enumerate(cells, 1):
            other = sheet.cell(row, column).value
            if not (isinstance(other, str) and other.startswith("#")):  # this reader shows errors as blanks
                assert value == ("" if other is None else other), (row, column)
    again = path.read_bytes()
    assert fill(path, no_door, now=NOON).changed == 0
    assert path.read_bytes() == again
    return report, values, part_of(made)


def test_all_spellings_and_native_formulas_together(tmp_path: Path) -> None:
    report, values, _ = done(
        tmp_path,
        rawbook(
            {
                "S": {
                    "A1": 100,
                    "A2": 200,
                    "A3": 3,
                    "B1": "=_xldudf_REVALIGN_CAC(A1,A2,A3)\t1",
                    "B2": "=REVALIGN_CAC(A1,A2,A3)",
                    "B3": "=REVALIGN.CAC(A1,A2,A3)\told",
                    "B4": "=[1]!REVALIGN_CAC(A1,A2,A3)\t1",  # of an add-in in another file
                    "B5": "=SUM(B1:B4)\t1",
                    "B6": '=IFERROR(REVALIGN.CAC(1,1,0),"none")\t1',
                    "B7": "='Second sheet'!A1*rate\t1",
                    "B8": "=B5>100\t1",
                    "B9": "=REVALIGN.CAC(1,1,0)\t1",
                },
                "Second sheet": {"A1": "=S!B5/2\t0"},
            },
            names={"rate": "0.5"},
        ),
    )  # fmt: skip
    assert {key: value for key, value in values.items() if key.startswith("B")} == {
        **{f"B{row}": 100 for row in (1, 2, 3, 4)}, "B5": 400, "B6": "none", "B7": 100, "B8": True, "B9": "#DIV/0!",
    }  # fmt: skip
    assert (report.formulas, report.ours, report.changed, report.complete) == (10, 6, 10, True)
    (fault,) = report.faults
    assert (fault.cell, fault.shown) == ("B9", "#DIV/0!")
    assert fault.message.startswith("REV-110 ")


def test_a_left_out_argument_is_none_and_not_zero(tmp_path: Path) -> None:
    # the third argument left out means 0 to the engine: two years of lifetime would cost nothing in both; the unit is text
    _, values, _ = done(
        tmp_path,
        rawbook({"S": {
            "A1": '=REVALIGN.LTV(10,2,3,"years",)\t0',
            "A2": '=REVALIGN.LTV(10,2,3,"years",5)\t0',
            "A3": "=REVALIGN.ROI(10,4,)\t0",
            "A4": '=REVALIGN.ROI(10,4,"ratio")\t0',
            "B1": '=REVALIGN.ATTRIBUTION("linear",D1,E1,100,,F1)\t0',
            "D1": 46000, "E1": "web", "F1": 46010,
        }}),
    )  # fmt: skip
    assert (values["A1"], values["A2"], values["A3"], values["A4"]) == (60, 55, 1.5, 2.5)
    assert values["B1"] == "channel"  # of a table one cell shows the first


def test_only_changed_cells_change(tmp_path: Path) -> None:
    rows = (
        '<row r="1" spans="1:3" ht="20"><c r="A1" s="0"><v>7</v></c><c r="B1" s="0" t="str"><f>A1&amp;"&lt;x&gt;"</f>'
        '<v>old</v></c><c r="C1"><f>A1*2</f><v>14</v></c></row><!-- note --><row r="2"><c r="A2" t=\'n\' >'
        '<f>A1+1</f><v></v></c><c r="B2"><f>A1/0</f></c><c r="C2" vm="1" t="e"><f>A1+2</f><v>#VALUE!</v></c></row>'
    )
    _, _, sheet = done(tmp_path, rawbook({"S": rows}))
    expected = (
        rows.replace("<v>old</v>", "<v>7&lt;x&gt;</v>")
        .replace("<f>A1+1</f><v></v>", "<f>A1+1</f><v>8</v>")
        .replace('<c r="B2"><f>A1/0</f></c>', '<c r="B2" t="e"><f>A1/0</f><v>#DIV/0!</v></c>')
        .replace('<c r="C2" vm="1" t="e"><f>A1+2</f><v>#VALUE!</v></c>', '<c r="C2"><f>A1+2</f><v>9</v></c>')
    )
    assert expected in sheet


def test_texts_that_xml_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": {"A1": '="a"&CHAR(13)&"<&_x000D_"\t1', "A2": "=LEN(A1)\t1"}}))
    fill(path, no_door)
    assert "<v>a_x000D_&lt;&amp;_x005F_x000D_</v>" in part_of(path.read_bytes())
    assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python() == [["a\r<&_x000D_"], [11]]
    assert verify(path, no_door).sound


# --- spills ----------------------------------------------------------------------------------------------------------

FUNNEL = "_xldudf_REVALIGN_FUNNEL(A1:A3)"
COUNTS = {"A1": 10, "A2": 5, "A3": 2}
TABLE = [
    ["stage", "reached", "step_conversion", "overall_conversion"],
    ["1", 10, None, 1], ["2", 5, 0.5, 0.5], ["3", 2, 0.4, 0.2],
]  # fmt: skip


def spilled(values: dict[str, Any], rows: int = 4) -> list[list[Any]]:
    return [[values.get(f"{letter}{row}") for letter in "CDEF"] for row in range(1, rows + 1)]


def test_a_spill_grows_into_free_cells_and_keeps_their_style(tmp_path: Path) -> None:
    cells = {
        **COUNTS,
        "C1": spill(FUNNEL, "C1:D2", "old"), "D1": '<c s="0"><v>5</v></c>', "C2": '<c t="str"><v>x</v></c>', "D2": 1,
        "A9": "=SUM(_xlfn.ANCHORARRAY(C1))\t0", "B4": "beside",
    }  # fmt: skip
    report, values, sheet = done(tmp_path, rawbook({"S": cells}))
    assert spilled(values) == TABLE
    assert values["B4"] == "beside"
    assert values["A9"] == pytest.approx(19.6)
    assert '<f t="array" ref="C1:F4">' in sheet
    assert '<c r="D1" s="0" t="str"><v>reached</v></c>' in sheet
    assert '<row r="4"><c r="B4"' in sheet
    assert report.complete


def test_a_spill_shrinks_and_leaves_no_old_value_behind(tmp_path: Path) -> None:
    cells = {**COUNTS, "C1": spill(FUNNEL, "C1:H6", "old"), "D5": '<c s="0"><v>5</v></c>', "C6": "gone", "G1": 3}
    _, values, sheet = done(tmp_path, rawbook({"S": cells}))
    assert spilled(values, 6) == [*TABLE, [None] * 4, [None] * 4]
    assert "G1" not in values
    assert '<c r="D5" s="0"/>' in sheet


def test_a_spill_never_writes_over_what_people_wrote(tmp_path: Path) -> None:
    cells = {**COUNTS, "C1": spill(FUNNEL, "C1:D2", "old"), "D2": 1, "E3": "mine", "A9": "=C1\t1"}
    report, values, sheet = done(tmp_path, rawbook({"S": cells}))
    # Excel keeps #SPILL! in a file as #VALUE!; other readers refuse a sheet with anything newer
    assert (values["C1"], values["E3"], values["A9"]) == ("#VALUE!", "mine", "#VALUE!")
    assert "D2" not in values
    assert '<f t="array" ref="C1">' in sheet
    assert [(item.cell, item.shown) for item in report.faults] == [("C1", "#SPILL!")]


def test_a_spill_that_meets_a_formula_is_blocked(tmp_path: Path) -> None:
    cells = {**COUNTS, "C1": spill(FUNNEL, "C1:F4", "stage"), "D3": "=1+1\t2"}
    report, values, _ = done(tmp_path, rawbook({"S": cells}))
    assert (values["C1"], values["D3"]) == ("#VALUE!", 2)
    assert report.faults[0].shown == "#SPILL!"


def test_a_table_in_a_plain_cell_shows_its_first_value(tmp_path: Path) -> None:
    # a program that knows no spills wrote it; Excel shows =@REVALIGN.FUNNEL(...)
    _, values, _ = done(tmp_path, rawbook({"S": {**COUNTS, "C1": "=REVALIGN.FUNNEL(A1:A3)\t1", "D1": "free", "C2": 9}}))
    assert (values["C1"], values["D1"], values["C2"]) == ("stage", "free", 9)


def test_array_formulas_of_the_old_kind(tmp_path: Path) -> None:
    cells = {
        **COUNTS,
        "C1": '<c><f t="array" ref="C1:C3">A1:A3*2</f><v>0</v></c>', "C2": 0, "C3": 4,
        "D1": '<c><f t="array" ref="D1">SUM(A1:A3*A1:A3)</f><v>0</v></c>',
        # five cells for three values: the rest is #N/A, which the engine does not do
        "E1": '<c><f t="array" ref="E1:E5">A1:A3*2</f><v>20</v></c>', "E2": 10, "E3": 4, "E4": "#N/A", "E5": "#N/A",
        "F1": "=SUM(E1:E3)\t0",
    }  # fmt: skip
    report, values, _ = done(tmp_path, rawbook({"S": cells}))
    assert [values[name] for name in ("C1", "C2", "C3", "D1", "E1", "E5", "F1")] == [20, 10, 4, 129, 20, "#N/A", 34]
    assert [(item.cell, item.stale) for item in report.left] == [("E1", False)]


def test_shared_formulas(tmp_path: Path) -> None:
    cells = {
        **COUNTS,
        "B1": '<c><f t="shared" ref="B1:B3" si="0">REVALIGN.CAC(A1,,1)</f><v>0</v></c>',
        "B2": '<c><f t="shared" si="0"/><v>5</v></c>', "B3": '<c><f t="shared" si="0"/></c>',
    }  # fmt: skip
    report, values, sheet = done(tmp_path, rawbook({"S": cells}))
    assert [values[f"B{row}"] for row in (1, 2, 3)] == [10, 5, 2]
    assert (report.ours, report.changed) == (3, 2)
    assert '<c r="B3"><f t="shared" si="0"/><v>2</v></c>' in sheet


# --- what the engine cannot do ---------------------------------------------------------------------------------------


def test_what_cannot_be_computed_is_kept_and_may_be_used_while_nothing_it_reads_has_changed(tmp_path: Path) -> None:
    report, values, _ = done(
        tmp_path,
        rawbook({"S": {
            "A1": 1,
            "B1": '=GETPIVOTDATA("x",A1)\t5', "B2": "=REVALIGN.CAC(B1,B3,1)\t0",
            "B3": "=[1]Sheet1!A1\t7", "B4": "='[plan.xlsx]Q 3'!$A$1+1\t8", "B5": "=B4*2\t0",
            "B6": "=RAND()\t0.25", "B7": '=CELL("filename",A1)\tname', "B8": "=REVALIGN.NOSUCH(1)\t4",
            "C1": "=not_a_name+1\t5",
        }}),
    )  # fmt: skip
    assert {key: values[key] for key in ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8")} == {
        "B1": 5, "B2": 12, "B3": 7, "B4": 8, "B5": 16, "B6": 0.25, "B7": "name", "B8": 4,
    }  # fmt: skip
    assert values["C1"] == "#NAME?"
    assert {item.cell: item.reason for item in report.left} == {
        "B1": "the function GETPIVOTDATA",
        "B3": "a link to another file",
        "B4": "a link to another file",
        "B6": "RAND, which is drawn anew every time",
        "B7": "the function CELL",
        "B8": "REVALIGN.NOSUCH, which this version does not have",
    }
    assert not any(item.stale for item in report.left if item.cell != "B8")


STALE = {
    "A1": 4, "B1": "=A1*2\t1", "B2": "=MMULT(B1,A1)\t1", "B3": "=B2+1\t2", "B4": "=REVALIGN.CAC(B3,0,1)\t2",
    "B5": "=A1+1\t0", "B6": '=INDIRECT("B3")\t2', "B7": "=SUM(rest)\t2", "B8": "=IFERROR(B3,0)\t2",
}  # fmt: skip


def test_nothing_is_computed_from_a_value_that_is_out_of_date(tmp_path: Path) -> None:
    report, values, sheet = done(tmp_path, rawbook({"S": STALE}, names={"rest": "S!$B$3:$B$3"}))
    assert [values[f"B{row}"] for row in range(1, 9)] == [8, 1, 2, 2, 5, 2, 2, 2]
    assert not report.complete
    reasons = {item.cell: item.reason for item in report.left}
    assert set(reasons) == {"B2", "B3", "B4", "B6", "B7", "B8"}
    assert reasons["B2"] == "the function MMULT; S!B1 has changed"
    assert reasons["B3"] == "rests on S!B2, which is not computed"
    assert all(item.stale for item in report.left)
    assert sheet.count("<!--revalign: out of date-->") == 1


def test_a_value_that_was_left_out_of_date_is_so_the_next_day_too(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": STALE}, names={"rest": "S!$B$3:$B$3"}))
    fill(path, no_door)
    again = fill(path, no_door)  # now B1 is right, and nothing says that B2 was computed from another one
    assert (again.changed, again.complete) == (0, False)
    assert not verify(path, no_door).sound
    # Excel computes the cell and writes the sheet anew, without the note
    cured = part_of(path.read_bytes()).replace("<v>1</v><!--revalign: out of date-->", "<v>32</v>")
    parts = parts_of(path.read_bytes()) | {"xl/worksheets/sheet1.xml": cured.encode()}
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    report = fill(path, no_door)
    assert report.complete
    assert "<f>REVALIGN.CAC(B3,0,1)</f><v>33</v>" in part_of(path.read_bytes())


def test_a_kept_cell_without_a_value_leaves_its_dependents_alone(tmp_path: Path) -> None:
    report, values, _ = done(
        tmp_path, rawbook({"S": {"A1": "=MMULT(1,1)", "A2": "=REVALIGN.CAC(A1,0,1)", "A3": "=1+1"}})
    )
    assert values == {"A3": 2}
    assert {item.cell: item.stale for item in report.left} == {"A1": True, "A2": True}


def test_circles_keep_their_values(tmp_path: Path) -> None:
    sheets = {"S": {"A1": "=B1+1\t3", "B1": "=A1-C1\t2", "C1": 1, "D1": "=5+5\t1", "E1": "=D1+1\t0"}}
    report, values, _ = done(tmp_path, rawbook(sheets, calculation='<calcPr calcId="1" iterate="1"/>'))
    assert (values["A1"], values["B1"], values["D1"], values["E1"]) == (3, 2, 10, 11)
    assert {item.cell: item.reason for item in report.left} == dict.fromkeys(("A1", "B1"), "a circular reference")


def test_implicit_intersection_is_left_to_excel(tmp_path: Path) -> None:
    cells = {**COUNTS, "B2": "=A1:A3*2\t10", "C1": "=SUM(B2,5)\t0", "D2": "=A:A\t5", "D3": "user"}
    report, values, _ = done(tmp_path, rawbook({"S": cells}))
    assert (values["B2"], values["C1"], values["D2"], values["D3"]) == (10, 15, 5, "user")
    assert "B3" not in values
    assert {item.cell for item in report.left} == {"B2", "D2"}


def test_data_tables_and_merged_cells(tmp_path: Path) -> None:
    table = '<c><f t="dataTable" ref="B1:B2" dt2D="0" dtr="0" r1="A1"/><v>3</v></c>'
    _, values, _ = done(tmp_path, rawbook({"S": {"A1": 1, "B1": table, "B2": 4, "C1": "=B1+B2\t0"}}))
    assert (values["B1"], values["B2"], values["C1"]) == (3, 4, 7)
    content = rawbook({"S": {**COUNTS, "C1": spill(FUNNEL, "C1", "old")}})
    parts = parts_of(content)
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="D2:E3"/></mergeCells>'
    )
    path = tmp_path / "merged.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        for name, part in parts.items():
            package.writestr(name, part)
    report = fill(path, no_door)
    assert [(item.cell, item.reason) for item in report.left] == [("C1", "a spill into merged cells")]


# --- names, days, tables ---------------------------------------------------------------------------------------------


def test_names_the_engine_does_not_know_are_put_in(tmp_path: Path) -> None:
    names = {
        "start": "DATE(2026,9,1)", "moving": "OFFSET(S!$A$1,0,0,2,1)", "own": "REVALIGN.CAC(S!$A$1,S!$A$2,1)",
        "half": "0.5", "beside": "S!A1", "text": '"A1"',
    }  # fmt: skip
    cells = {
        **COUNTS, "B1": "=start\t0", "B2": "=SUM(moving)\t0", "B3": "=own*half\t0", "B4": "=beside\t10",
        "B5": '=text&"start"\t0',
    }  # fmt: skip
    report, values, _ = done(tmp_path, rawbook({"S": cells}, names=names))
    assert [values[f"B{row}"] for row in range(1, 6)] == [46266, 15, 7.5, 10, "A1start"]
    assert {item.cell: item.reason for item in report.left} == {"B4": "the name beside"}
    assert report.ours == 1


def test_days_counted_from_1904(tmp_path: Path) -> None:
    sheets = {
        "S": {
            "A1": 100, "A2": "=DATE(2026,9,1)\t0", "A3": "=YEAR(A1)\t0",
            "B1": '=REVALIGN.ATTRIBUTION("first_touch",A2,"web",100)\t0',
            "B2": "=INDEX(REVALIGN.SLA_RATE(C1:C2,D1:D2,24),1,1)\t0", "C1": 44000.5, "C2": 44000.5, "D1": 44001, "D2": 44003,
            "E1": 44561, "F1": '=INDEX(REVALIGN.COHORTS("A",E1,5),2,1)\tx',
        }
    }  # fmt: skip
    _, values, _ = done(tmp_path, rawbook(sheets, workbook='<workbookPr date1904="1"/>'))
    assert values["A3"] == 1904
    assert values["B2"] == 0.5
    assert values["F1"] == "2026-01", "1 January 2026; counted from 1900 it would be 2021-12-31"


def test_clock_functions_tell_the_moment_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": {"A1": "=TODAY()\t1", "A2": '=TEXT(A1,"yyyy-mm-dd")\tx'}}))
    report = fill(path, no_door, now=NOON)
    assert "<v>46326</v>" in part_of(path.read_bytes())
    assert "<v>2026-10-31</v>" in part_of(path.read_bytes())
    assert "2026-10-31 12:00" in report.notes[0]


def test_a_native_value_that_changes_without_a_cause_is_told_of(tmp_path: Path) -> None:
    cells = {
        "A1": 1,
        "A2": "=A1*2\t7",
        "A3": "=A2+1\t8",
        "B1": "=1+1\t2",
        "B2": "=REVALIGN.CAC(4,0,1)\t1",
        "B3": "=B2\t1",
    }
    report, _, _ = done(tmp_path, rawbook({"S": cells}))
    (note,) = report.notes
    assert note.startswith("1 native formulas got another value although nothing computed that they read did (S!A2)")


def test_a_file_that_asks_for_a_full_recalculation_is_told_of(tmp_path: Path) -> None:
    report, _, _ = done(tmp_path, rawbook({"S": {"A1": "=1+1"}}, calculation='<calcPr calcId="1" fullCalcOnLoad="1"/>'))
    assert "#NAME?" in report.notes[0]


# --- on published numbers --------------------------------------------------------------------------------------------


def test_a_workbook_just_built_does_not_change_by_a_byte(published: Any, tmp_path: Path) -> None:
    for route in ("classic", "office"):
        path = published.report(tmp_path / f"{route}.xlsx", route)
        before = path.read_bytes()
        report = fill(path, published.door)
        assert report.ours > 50
        assert (report.changed, report.complete) == (0, True)
        assert path.read_bytes() == before
        assert verify(path, published.door).sound


def test_a_newer_snapshot_changes_values_only(published: Any, tmp_path: Path) -> None:
    old, new = published.old_report, tmp_path / "new.xlsx"
    report = fill(old, published.door, to=new)
    before, after = parts_of(old.read_bytes()), parts_of(new.read_bytes())
    assert report.changed > 5
    assert report.complete
    assert list(before) == list(after)
    different = [name for name in before if before[name] != after[name]]
    assert different
    assert all(name.startswith("xl/worksheets/") for name in different)

    def bare(sheet: bytes) -> bytes:  # a sheet without the values of its formulas
        return re.sub(rb' t="\w+"(?=[^<>]*><f)|(?<=</f>)<v>[^<]*</v>', b"", sheet)

    # the list of months, which is longer now, has a cell more
    grown = [name for name in different if bare(before[name]) != bare(after[name])]
    assert [b'REVALIGN_LIST("months")' in before[name] for name in grown] == [True]
    # compressed as they were: everything before the first changed part is the same
    assert old.read_bytes()[:400] == new.read_bytes()[:400]
    assert verify(new, published.door).sound
    assert not verify(old, published.door).sound
    assert verify(old, published.door, as_of=date(2026, 8, 31)).sound


METRIC = {
    "A1": '=REVALIGN.METRIC("mrr","2026-08")\t0', "A2": '=_xldudf_REVALIGN_METRIC("mrr","LAST_MONTH")\t0',
    "A3": '=REVALIGN.METRIC("mrr","2026-08","2026-09-30")\t0',
    "A4": '=TEXT(REVALIGN.PERIOD("LAST_MONTH"),"yyyy-mm")\tx',
    "B1": 46266, "B2": '=REVALIGN.METRIC("mrr",B1,,"segment","large")\t0', "B3": '=REVALIGN.METRIC("nnr",B1)\t0',
}  # fmt: skip


@pytest.mark.parametrize("told", ["46265", "DATE(2026,8,31)", '"2026-08-31"', "S!$D$1", "EOMONTH(S!$D$2,0)"])
def test_the_workbook_pins_its_day(published: Any, tmp_path: Path, told: str) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": {**METRIC, "D1": 46265, "D2": 46240}}, names={"REVALIGN_ASOF": told}))
    report = fill(path, published.door)
    cells = re.findall(r"<v>([^<]*)</v></c>", part_of(path.read_bytes()))
    assert report.as_of == date(2026, 8, 31)
    # in August nobody knew of the third customer, whose item was told of in September
    assert cells[:1] == ["350.1"]
    values = openpyxl.load_workbook(path, data_only=True)["S"]
    assert [values[name].value for name in ("A1", "A2", "A3", "A4")] == [350.1, 350.1, 400.1, "2026-07"]


def test_without_a_pin_the_newest_snapshot_answers(published: Any, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": METRIC}))
    report = fill(path, published.door)
    values = openpyxl.load_workbook(path, data_only=True)["S"]
    assert [values[name].value for name in ("A1", "A2", "A3", "A4")] == [400.1, 400.1, 400.1, "2026-08"]
    assert values["B2"].value == 250.1
    (fault,) = report.faults
    assert fault.message.startswith('REV-101 Unknown metric "nnr". Did you mean nrr?')


def test_a_call_goes_before_the_workbooks_own_day(published: Any, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": METRIC}, names={"REVALIGN_ASOF": "46265"}))
    assert fill(path, published.door, as_of=date(2026, 9, 30)).as_of == date(2026, 9, 30)
    assert openpyxl.load_workbook(path, data_only=True)["S"]["A1"].value == 400.1


@pytest.mark.parametrize("told", ['"soon"', "TRUE", "#REF!", "S!$A$1:$A$2"])
def test_a_pin_that_is_no_day_stops_everything(published: Any, tmp_path: Path, told: str) -> None:
    path = tmp_path / "book.xlsx"
    content = rawbook({"S": METRIC}, names={"REVALIGN_ASOF": told})
    path.write_bytes(content)
    with pytest.raises(UserError, match="REVALIGN_ASOF"):
        fill(path, published.door)
    assert path.read_bytes() == content


def test_without_published_numbers_nothing_is_written(published: Any, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    content = rawbook({"S": METRIC})
    path.write_bytes(content)
    with pytest.raises(NoData) as caught:
        fill(path, published.door, as_of=date(2020, 1, 1))
    assert caught.value.code == "REV-206"
    assert path.read_bytes() == content


# --- the file itself -------------------------------------------------------------------------------------------------


def test_a_file_that_is_open_elsewhere_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": {"A1": "=1+1"}}))
    for lock in ("~$book.xlsx", ".~lock.book.xlsx#"):
        (tmp_path / lock).write_bytes(b"")
        with pytest.raises(SurfaceError, match=r"REV-704 .* is open in a spreadsheet program"):
            fill(path, no_door)
        fill(path, no_door, to=tmp_path / "other.xlsx")
        (tmp_path / lock).unlink()
    fill(path, no_door)


def test_a_link_and_the_rights_of_a_file_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.xlsx", tmp_path / "link.xlsx"
    real.write_bytes(rawbook({"S": {"A1": "=1+1"}}))
    real.chmod(0o640)
    link.symlink_to(real)
    fill(link, no_door)
    assert link.is_symlink()
    assert "<v>2</v>" in part_of(real.read_bytes())
    assert real.stat().st_mode & 0o777 == 0o640


def test_macros_and_signatures(tmp_path: Path) -> None:
    extra = {"xl/vbaProject.bin": bytes(range(256)), "_xmlsignatures/origin.sigs": b"", "xl/charts/chart1.xml": b"<c/>"}
    report, _, _ = done(tmp_path, rawbook({"S": {"A1": "=1+1"}}, parts=extra))
    assert any("signature is no longer valid" in note for note in report.notes)
    assert any("redraw" in note for note in report.notes)
