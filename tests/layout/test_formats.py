"""One pattern per unit, currency and decimals, for every surface; and only patterns that both programs read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import openpyxl
import pytest

from revalign_udf.errors import SurfaceError
from revalign_udf.layout import formats, read, resolve
from revalign_udf.layout.model import Block, Cell, Column, Report, Tab, Unit
from revalign_udf.workbook import build


@pytest.mark.parametrize(
    ("unit", "currency", "places", "expected"),
    [
        ("money", "EUR", None, "[$€-2]#,##0"),
        ("money", "EUR", 2, "[$€-2]#,##0.00"),
        ("money", "JPY", 0, "[$¥-411]#,##0"),
        ("money", "KWD", 3, "[$KWD] #,##0.000"),
        ("rate", "EUR", None, "0.0%"),
        ("rate", "EUR", 0, "0%"),
        ("count", "EUR", None, "#,##0"),
        ("number", "EUR", None, "#,##0.00"),
        ("points", "EUR", None, "0"),
        ("months", "EUR", None, "0.0"),
        ("date", "EUR", 2, "yyyy-mm-dd"),
        ("text", "EUR", 2, "@"),
    ],
)
def test_the_pattern_of_a_unit(unit: Unit, currency: str, places: int | None, expected: str) -> None:
    assert formats.pattern(unit, currency, places) == expected


def test_every_usual_pattern_is_one_that_both_programs_read() -> None:
    for unit in get_args(Unit):
        for currency in ("EUR", "USD", "GBP", "JPY", "CHF"):
            shown = formats.pattern(unit, currency, 2)
            assert formats.fault(shown) == ("", "")
            assert formats.fits(shown, unit)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (999.99, "EUR", "[$€-2]#,##0.00"),
        (-999.99, "KWD", "[$KWD] #,##0.000"),
        (999.99, "JPY", "[$¥-411]#,##0"),
        (1000.0, "EUR", "[$€-2]#,##0"),
        (0.0, "EUR", "[$€-2]#,##0"),
        (None, "EUR", "[$€-2]#,##0"),
    ],
)
def test_small_amounts_show_the_decimals_of_their_currency(amount: float | None, currency: str, expected: str) -> None:
    block = Block("b", "B", (Column("m", "M", "money"),), ((Cell(amount),),), ("1",))
    assert formats.patterns(block, currency) == [expected]


def test_a_columns_own_format_overrules_unit_and_decimals() -> None:
    block = Block("b", "B", (Column("m", "M", "money", decimals=2, format="0.0,"),), ((Cell(5.0),),), ("1",))
    assert formats.patterns(block, "EUR") == ["0.0,"]


@pytest.mark.parametrize(
    "text",
    [
        "0", "#,##0.0", "0.0%", '0.0,,"M"', '#,##0;(#,##0);"-"', "0;;", "0;0;0;@", "[Red]0;[Color10]-0", "[<100]0.0;0",
        "[$CHF] #,##0", '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', "0.0E+00", "# ?/?", "yyyy-mm-dd", "d mmm yyyy",
        "[h]:mm", "h:mm AM/PM", "mm:ss.000", "@", '0" % of all"', "0\\k", "00000", "#,###", '"EUR" #,##0',
    ],
)  # fmt: skip
def test_patterns_that_both_programs_read(text: str) -> None:
    assert formats.fault(text) == ("", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("#.##0,00", "a comma stands behind the decimal point"),
        ("0,00", "a comma stands where the decimal point belongs"),
        ("0,0 %", "a comma stands where the decimal point belongs"),
        ("0.0.0", "two decimal points"),
        ("EUR 0", "'E' means nothing"),
        ("0 kg", "'k' means nothing"),
        ("General", "no pattern"),
        ('0"k', '" is not closed'),
        ("[Red0", r"\[ is not closed"),
        ("[Purple]0", "no colour"),
        ("0;0;0;@;0", "more than four sections"),
        ("0;0;0;0", "fourth section"),
        ("yyyy-0", "mixes a date with digits"),
        ("0;@", "mixes text"),
        ('"none"', "shows no number"),
        ("currency", "means nothing"),
    ],
)
def test_a_pattern_that_one_of_them_reads_otherwise_is_refused(
    write: Callable[..., Path], good: str, text: str, said: str
) -> None:
    entry = f"format = '{text}', where = {{ segment = \"SMB\" }}"
    with pytest.raises(SurfaceError, match=rf"tab\[one\]\.block\[main\]\.metrics\[3\]\.format: .*{said}"):
        read(write(good, ('where = { segment = "SMB" }', entry)))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[$€-2]#,##0", "CURRENCY"), ("$0", "CURRENCY"), ("0.0%", "PERCENT"), ("yyyy-mm-dd", "DATE"), ("mmm yy", "DATE"),
        ("d.m.yyyy h:mm", "DATE_TIME"), ("[h]:mm", "TIME"), ("@", "TEXT"), ("0.0E+00", "SCIENTIFIC"), ("0", "NUMBER"),
        ('0" dm%"', "NUMBER"),
    ],
)  # fmt: skip
def test_the_kind_a_pattern_shows(text: str, kind: str) -> None:
    assert formats.kind(text) == kind


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('"yyyy-mm-dd"', r"\"mrr_smb\" is money, and 'yyyy-mm-dd' shows a date"),
        ('"@"', r"\"mrr_smb\" is money, and '@' shows a text"),
    ],
)
def test_a_pattern_of_another_kind_than_the_unit_is_refused(
    write: Callable[..., Path], good: str, ask: Any, entry: str, said: str
) -> None:
    path = write(good, ('where = { segment = "SMB" }', f'format = {entry}, where = {{ segment = "SMB" }}'))
    with pytest.raises(SurfaceError, match=rf"metrics\[3\]: {said}"):
        resolve(read(path), ask)


def test_the_look_of_a_column_reaches_the_workbook(
    write: Callable[..., Path], good: str, ask: Any, tmp_path: Path
) -> None:
    look = 'format = "0.0,", width = 25, note = "In thousands.", where = { segment = "SMB" }'
    more = 'formula = "mrr - opening_mrr"\nformat = "#,##0;(#,##0)"\ndecimals = 0'
    swaps = [('where = { segment = "SMB" }', look), ('formula = "mrr - opening_mrr"', more)]
    with pytest.raises(SurfaceError, match=r'computed\[change\]: give either "decimals" or "format"'):
        read(write(good, *swaps))
    swaps[1] = (swaps[1][0], more.replace("\ndecimals = 0", ""))
    swaps.append(('kind = "series"', 'kind = "series"\ndecimals = 2'))
    report = resolve(read(write(good, *swaps)), ask)
    column = report.tabs[0].blocks[0].columns[3]
    assert (column.format, column.decimals, column.width, column.fixed) == ("0.0,", None, 25, True)
    assert column.note.startswith("In thousands. · What MRR means")
    sheet = openpyxl.load_workbook(build(report, tmp_path / "x.xlsx"))["One"]
    patterns = [cell.number_format for cell in sheet[7]]
    assert patterns == ["@", "[$€-2]#,##0.00", "[$€-2]#,##0.00", "0.0,", "#,##0;(#,##0)"]
    assert patterns == formats.patterns(report.tabs[0].blocks[0], "EUR")
    assert sheet.column_dimensions["D"].width == pytest.approx(25, abs=1)


def test_a_column_is_as_wide_as_its_format_shows_it(tmp_path: Path) -> None:
    """12,345,678 shown in millions takes no room for its digits."""
    columns = (Column("a", "A", "money"), Column("b", "B", "money", format='0.0,,"M"'))
    row = (Cell(1_234_567_890.0), Cell(1_234_567_890.0))
    report = Report(
        "r", "R", (Tab("t", "Tab", (Block("b", "B", columns, (row,), ("1",)),)),), "EUR", "s", "2026-09-30", ""
    )
    sheet = openpyxl.load_workbook(build(report, tmp_path / "x.xlsx"))["Tab"]
    assert sheet.column_dimensions["A"].width > sheet.column_dimensions["B"].width
