"""What the look of cells says about their values, read from the conditional formats and computed by an engine."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import formualizer
import openpyxl
import pytest

from revalign_udf.layout.model import Block, Call, Cell, Chart, Column, Report, Rule, Tab
from revalign_udf.layout.palette import FLAG, HEAT
from revalign_udf.workbook import build

COLUMNS = (Column("name", "Name", "text"), *(Column(key, key.upper(), "number") for key in "abcd"))
ROWS = tuple((Cell(f"r{n}"), *(Cell(float(n * place)) for place in range(1, 5))) for n in range(3))


def sheet_of(path: Path) -> str:
    with zipfile.ZipFile(path) as package:
        return package.read("xl/worksheets/sheet2.xml").decode()


def made(folder: Path, *rules: Rule, rows: Any = ROWS, columns: Any = COLUMNS, **more: Any) -> tuple[str, Any]:
    block = Block("main", "Main", columns, rows, tuple(map(str, range(len(rows)))), rules=rules, **more)
    report = Report("r", "R", (Tab("tab", "Tab", (block,)),), "EUR", "s#1", "2026-01-31", "banner")
    path = build(report, folder / "x.xlsx")
    return sheet_of(path), openpyxl.load_workbook(path)["Tab"]


def formats_of(sheet: Any, kind: str) -> list[tuple[str, Any]]:
    return [
        (str(area.sqref), rule) for area in sheet.conditional_formatting for rule in area.rules if rule.type == kind
    ]


def test_heat_is_one_scale_over_all_its_columns_and_no_totals(tmp_path: Path) -> None:
    _, sheet = made(tmp_path, Rule("heat", ("a", "b", "d"), 0.0, None), totals=1)
    ((area, rule),) = formats_of(sheet, "colorScale")
    assert area == "B7:C8 E7:E8"
    assert [(end.type, float(end.val or 0)) for end in rule.colorScale.cfvo] == [("num", 0.0), ("max", 0.0)]
    assert [colour.rgb for colour in rule.colorScale.color] == [f"FF{end[1:]}" for end in HEAT]


def test_numbers_are_read_on_every_shade() -> None:
    """Black on the scale up to where rules.py turns to white: at least 4.5 to 1, as WCAG asks."""

    def light(colour: tuple[float, ...]) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = (tuple(int(end[place : place + 2], 16) for place in (1, 3, 5)) for end in HEAT)
    for step in range(101):
        shade = tuple(a + (b - a) * step / 100 for a, b in zip(low, high, strict=True))
        contrast = 1.05 / (light(shade) + 0.05) if step >= 94 else (light(shade) + 0.05) / 0.05
        assert contrast >= 4.5, step


def test_white_numbers_begin_where_the_scale_is_dark(tmp_path: Path) -> None:
    _, sheet = made(tmp_path, Rule("heat", ("a", "b")))
    ((area, rule),) = [found for found in formats_of(sheet, "expression") if "0.94" in found[1].formula[0]]
    assert area == "B7:C9"
    assert rule.formula == [
        "AND(ISNUMBER(B7),MAX($B$7:$C$9)>MIN($B$7:$C$9),B7>=MIN($B$7:$C$9)+0.94*(MAX($B$7:$C$9)-MIN($B$7:$C$9)))"
    ]


def test_bars_begin_at_zero_unless_a_number_is_negative(tmp_path: Path) -> None:
    rows = ((Cell("x"), Cell(1.0), Cell(-1.0), Cell(None), Cell(None)), (Cell("all"), Cell(9.0), *[Cell(-9.0)] * 3))
    xml, sheet = made(tmp_path, Rule("bars", ("a", "b")), rows=rows, totals=1)
    found = dict(formats_of(sheet, "dataBar"))
    assert list(found) == ["B7", "C7"]
    assert [(end.type, float(end.val or 0)) for end in found["B7"].dataBar.cfvo][:1] == [("num", 0.0)]
    assert [end.type for end in found["C7"].dataBar.cfvo] == ["min", "max"]
    assert len(re.findall(r'<x14:dataBar[^>]* gradient="0"', xml)) == 2  # solid
    assert '<x14:cfvo type="autoMin"/>' in xml


def passes(formula: str, cell: str, value: object) -> bool:
    """What a spreadsheet engine says of a rule with a value in its cell."""
    book = formualizer.Workbook()
    book.add_sheet("S")
    if value is not None:
        row, column = int(cell[1:]), ord(cell[0]) - 64
        if isinstance(value, str) and value.startswith("="):
            book.set_formula("S", row, column, value)
        else:
            book.set_value("S", row, column, value)
    book.set_formula("S", 100, 1, f"={formula}")
    return book.evaluate_cell("S", 100, 1) is True


@pytest.mark.parametrize(
    ("test", "limit", "flagged", "not_flagged"),
    [
        ("<", 1.0, [0.5, -3], [1.0, 2, None, "", "x", "=NA()"]),
        (">", 0.0, [0.5], [0, -1, None, "", "x"]),
        ("<=", 0.0, [0, -1], [None, "", 1]),
        ("=", 0.0, [0], [None, "", 1]),
        ("<>", 0.0, [1, -1], [0, None, "", "x"]),
        ("=", 'late "x"', ['late "x"'], ["late", None, "", 1]),
        ("<>", "ok", ["late"], ["ok", None, "", 1]),
    ],
)
def test_flags(tmp_path: Path, test: str, limit: float | str, flagged: list[Any], not_flagged: list[Any]) -> None:
    _, sheet = made(tmp_path, Rule("flag", ("b",), test=test, limit=limit), totals=1)
    ((area, rule),) = formats_of(sheet, "expression")
    assert area == "C7:C9"  # totals too
    assert rule.dxf.font.b
    assert rule.dxf.fill.bgColor.rgb == f"FF{FLAG[1:]}"
    assert all(passes(rule.formula[0], "C7", value) for value in flagged)
    assert not any(passes(rule.formula[0], "C7", value) for value in not_flagged)


def test_a_gap_in_a_line_is_no_zero(tmp_path: Path) -> None:
    """A line chart shows an empty text as 0, so a charted cell is #N/A there, hidden; others show an empty text."""
    call = Call("METRIC", ("nrr", "2026-01"))
    may, gap = replace(call, blank=True), Cell(None, call, status="REV-204 no", error="#N/A")
    number = Cell(0.5, call)
    rows = (
        (Cell("x"), gap, gap), (Cell("y"), number, Cell(None, call, error="#DIV/0!")), (Cell("z"), number, number),
        (Cell("u"), Cell(0.5, may), Cell(0.5, may)), (Cell("v"), Cell(None, formula="other", error="#VALUE!"), gap),
    )  # fmt: skip
    columns = (Column("x", "X", "text"), Column("drawn", "Drawn", "rate"), Column("other", "Other", "rate"))
    xml, sheet = made(tmp_path, rows=rows, columns=columns, charts=(Chart("c", "C", "line", "x", ("drawn",)),))
    asked = 'REVALIGN_METRIC("nrr","2026-01")'
    assert [sheet[f"B{row}"].value for row in range(7, 11)] == [
        f"=IFERROR({asked},NA())", f"={asked}", f"={asked}", f"=IFERROR({asked},NA())",
    ]  # fmt: skip
    assert [sheet[f"C{row}"].value for row in range(7, 11)] == [
        f'=IFERROR({asked},"")', f'=IFERROR({asked},"")', f"={asked}", f'=IFERROR({asked},"")',
    ]  # fmt: skip
    assert sheet["B11"].value == "=IF(COUNT(C11)<1,NA(),IFERROR(C11,NA()))"
    assert re.search(r'<c r="B7"[^>]* t="e">[^!]*?<v>#N/A</v>', xml)
    assert all(re.search(rf'<c r="{name}"[^>]* t="str"><f>[^<]*</f><v></v>', xml) for name in ("C7", "C8"))
    found = formats_of(sheet, "expression")
    assert [(area, rule.formula) for area, rule in found] == [("B7", ["ISNA(B7)"]), ("B10:B11", ["ISNA(B10)"])]
    assert passes(found[0][1].formula[0], "B7", "=NA()")
    assert not passes(found[0][1].formula[0], "B7", "=1/0")


def test_a_number_that_rests_on_a_gap_is_none(tmp_path: Path) -> None:
    """MIN leaves an empty text out: without a guard it would be the other number, and nobody would see."""
    rows = ((Cell(None, Call("METRIC", ("a",))), Cell(2.0), Cell(None, formula="min(a, b)", error="#N/A")),)
    columns = (Column("a", "A"), Column("b", "B"), Column("c", "C"))
    _, sheet = made(tmp_path, rows=rows, columns=columns)
    formula = sheet["C7"].value
    book = formualizer.Workbook()
    book.add_sheet("S")
    book.set_value("S", 7, 2, 2.0)
    for first, expected in (("", ""), (3.0, 2.0), (1.0, 1.0)):
        book.set_value("S", 7, 1, first)
        book.set_formula("S", 7, 3, formula)
        assert book.evaluate_cell("S", 7, 3) == expected


def test_minus_zero_is_zero_in_the_format_of_each_cell(tmp_path: Path) -> None:
    euro, share = "[$€-2]#,##0.0", "0.0%"
    rows = tuple((Cell("x"), Cell(-0.01, format=form)) for form in (euro, share, euro))
    _, sheet = made(tmp_path, rows=rows, columns=(Column("n", "N", "text"), Column("v", "V")))
    found = formats_of(sheet, "cellIs")
    assert [(area, float(rule.formula[0])) for area, rule in found] == [("B7", -0.05), ("B9", -0.05)]
