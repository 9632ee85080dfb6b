"""Files made by other programs, filled and read back; a second engine's opinion on native formulas."""

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table
from python_calamine import CalamineWorkbook
from rawbook import parts_of, rawbook
from tools import program

from revalign_udf.workbook.fill import fill
from revalign_udf.workbook.verify import verify


def no_door(_: object) -> NoReturn:
    raise AssertionError


def office(file: Path, kind: str, folder: Path) -> Path:
    """The file saved by LibreOffice in another format, computed anew when it is no spreadsheet that holds values."""
    command = [program("soffice", "libreoffice"), "--headless", f"-env:UserInstallation=file://{folder}/profile"]
    subprocess.run(
        [*command, "--convert-to", kind, "--outdir", str(folder / "made"), str(file)], check=True, capture_output=True
    )
    return folder / "made" / f"{file.stem}.{kind.partition(':')[0]}"


def read(path: Path, sheet: str) -> dict[str, Any]:
    """The values of a sheet, on which both readers agree."""
    cells = openpyxl.load_workbook(path, data_only=True)[sheet]
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    for row, values in enumerate(rows, 1):
        for column, value in enumerate(values, 1):
            other = cells.cell(row, column).value
            # one of them shows errors as blanks
            assert value == ("" if other is None or str(other).startswith("#") else other)
    return {cell.coordinate: cell.value for row in cells.iter_rows() for cell in row if cell.value is not None}


def test_openpyxl(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Plan 2026"
    for row in (["month", "spend", "won"], ["2026-08", 1000.5, 3], ["2026-09", 2000, 4]):
        sheet.append(row)
    sheet.add_table(Table(displayName="Spend", ref="A1:C3"))
    sheet["E1"] = "=REVALIGN.CAC(SUM(Spend[spend]),0,SUM(Spend[won]))"
    sheet["E2"] = "=ROUND(E1,2)*factor"
    sheet["E3"] = '=IF(E2>800,"high","low")'
    sheet["E4"] = '=SUMIFS(Spend[spend],Spend[won],">3")'
    book.defined_names["factor"] = DefinedName("factor", attr_text="2")
    other = book.create_sheet("Other")
    other["A1"] = "='Plan 2026'!E2"
    other.sheet_state = "hidden"
    other.protection.sheet = True
    path = tmp_path / "plan.xlsx"
    book.save(path)
    before = parts_of(path.read_bytes())
    report = fill(path, no_door)
    values = read(path, "Plan 2026")
    assert [values[f"E{row}"] for row in (1, 2, 3, 4)] == [3000.5 / 7, 857.28, "high", 2000]
    assert read(path, "Other") == {"A1": 857.28}
    assert report.complete
    after = parts_of(path.read_bytes())
    assert {name for name in before if before[name] != after[name]} == {f"xl/worksheets/sheet{n}.xml" for n in (1, 2)}
    assert verify(path, no_door).sound


def test_xlsxwriter_with_a_spill_and_a_chart(tmp_path: Path) -> None:
    path = tmp_path / "funnel.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Funnel")
        sheet.write_column(0, 0, [400, 100, 25])
        sheet.write_dynamic_array_formula(0, 2, 0, 2, "=_xldudf_REVALIGN_FUNNEL(A1:A3)", None, 0)
        sheet.write_formula("H1", "=INDEX(C1:F4,4,4)")
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=Funnel!$D$2:$D$4"})
        sheet.insert_chart("H3", chart)
    before = parts_of(path.read_bytes())
    report = fill(path, no_door)
    values = read(path, "Funnel")
    assert [values[f"D{row}"] for row in (2, 3, 4)] == [400, 100, 25]
    assert values["H1"] == 0.0625
    after = parts_of(path.read_bytes())
    assert [name for name in before if before[name] != after[name]] == ["xl/worksheets/sheet1.xml"]
    assert any("Charts are left as they are" in note for note in report.notes)


NATIVE = {
    "A1": 1200.5, "A2": -300.25, "A3": 46266, "A4": "north", "A5": 0.085, "A6": 7, "A7": 46350,
    "B1": "=SUM(A1:A2)/3", "B2": "=ROUND(A1*A5,2)", "B3": "=PMT(A5/12,36,-A1)", "B4": "=EOMONTH(A3,2)",
    "B5": "=NETWORKDAYS(A3,A7)", "B6": '=TEXT(A3,"yyyy-mm-dd")', "B7": "=IFERROR(A1/0,-1)", "B8": "=VLOOKUP(7,A6:A7,1,FALSE)",
    "B9": '=SUMIFS(A1:A2,A1:A2,">0")', "B10": "=INDEX(A1:A6,MATCH(7,A1:A6,0))", "B11": "=NPV(A5,A1,A2,A6)",
    "B12": '=UPPER(LEFT(A4,2))&"-"&LEN(A4)', "B13": "=AVERAGE(A1,A2,A6)", "B14": "=STDEV(A1,A2,A6)", "B15": "=A1/0",
    "B16": "=YEARFRAC(A3,A7)", "B17": "=MOD(-7,3)", "B18": "=ROUNDUP(-2.341,2)", "B19": "=PERCENTILE(A1:A6,0.9)",
    "B20": "=SUMPRODUCT((A1:A2>0)*A1:A2)", "B21": '=DATEDIF(A3,A7,"m")', "B22": "=-2^2", "B23": "=RATE(36,-40,1200)",
    "B24": '=COUNTIF(A1:A7,">5")', "B25": "=WEEKDAY(A3,2)", "B26": '=TRIM("  a  b ")', "B27": "=LARGE(A1:A6,2)",
}  # fmt: skip


def test_a_second_engine_agrees_on_native_formulas(tmp_path: Path) -> None:
    path = tmp_path / "native.xlsx"
    path.write_bytes(rawbook({"Native": NATIVE}))  # without a name of its maker, so that its values are not trusted
    theirs = openpyxl.load_workbook(office(path, "xlsx", tmp_path), data_only=True)["Native"]
    assert fill(path, no_door).complete
    ours = read(path, "Native")
    for place in (name for name in NATIVE if name.startswith("B")):
        mine, other = ours[place], theirs[place].value
        if isinstance(other, datetime):
            other = to_excel(other)
        if isinstance(mine, str):
            assert other == mine, place
        else:
            assert other == pytest.approx(mine, rel=1e-9), (place, NATIVE[place])


def test_a_file_saved_by_libreoffice(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Plan")
        sheet.write_column(0, 0, [100, 200, 3])
        sheet.write_formula("B1", "=REVALIGN_CAC(A1,A2,A3)")
        sheet.write_formula("B2", "=B1*2")
        sheet.write_formula("B3", '=IF(B2>100,"much","little")')
        book.define_name("total", "=Plan!$B$2")
        sheet.write_formula("B4", "=total+1")
    saved = office(path, "xlsx", tmp_path)
    assert fill(saved, no_door).changed >= 3
    values = read(saved, "Plan")
    assert [values[f"B{row}"] for row in (1, 2, 3, 4)] == [100, 200, "much", 201]
    assert verify(saved, no_door).sound


def test_libreoffice_shows_what_was_filled(published: Any, tmp_path: Path) -> None:
    filled = tmp_path / "report.xlsx"
    fill(published.old_report, published.door, to=filled)
    name = next(
        name for name in openpyxl.load_workbook(filled).sheetnames if name not in ("Cover", "Definitions", "About")
    )
    number = openpyxl.load_workbook(filled).sheetnames.index(name) + 1
    made = office(
        filled, f"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,{number}", tmp_path
    )
    text = next(made.parent.glob("report*.csv")).read_text(encoding="utf-8")
    assert "400" in text  # the MRR of August, of which the third customer's part came later
