"""Large workbooks: memory that does not grow with the number of sheets, progress, limits told before they are met, and
nothing left behind by what goes wrong."""

from __future__ import annotations

import errno
import gc
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from manytabs import ManyTabs
from packages import problems
from python_calamine import CalamineWorkbook
from tools import program

from revalign_udf.errors import RevalignError, SurfaceError
from revalign_udf.layout.model import Block, Call, Cell, Chart, Column, Ref, Report, Tab
from revalign_udf.workbook import Built, build, streaming, write
from revalign_udf.workbook.fill import fill

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, and of nothing else."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def growth(tabs: int, cells: int, path: Path) -> float:
    """Megabytes a process of its own needs for a workbook."""
    command = [sys.executable, str(SUPPORT / "manytabs.py"), str(tabs), str(cells), str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=SUPPORT.parents[1]).stdout)


def report(*blocks: Block, **more: Any) -> Report:
    given = {"name": "Tab", "key": "tab"} | more
    tab = Tab(given["key"], given["name"], blocks)
    return Report("r", "R", (tab,), "EUR", "s#1", "2026-01-31", "banner")


def block(rows: int = 1, columns: int = 1, **more: Any) -> Block:
    row = (Cell(1.0),) * columns
    heads = tuple(Column(f"c{n}", "C", "number", width=10, fixed=True) for n in range(columns))
    return Block("b", "B", heads, (row,) * rows, ("k",) * rows, **more)


# --- memory ------------------------------------------------------------------------------------------------------------


def test_sheets_that_are_written_are_let_go(tmp_path: Path) -> None:
    seen = []

    class Watched(ManyTabs):
        def tabs(self) -> Iterator[Tab]:
            for tab in super().tabs():
                seen.append(sum(isinstance(item, Cell) for item in gc.get_objects()))
                yield tab

    before = sum(isinstance(item, Cell) for item in gc.get_objects())
    build(Watched(5, 1000), tmp_path / "x.xlsx")
    # the sheet that is asked for and, at most, the one before it, which the loop still holds
    assert len(seen) == 5
    assert max(seen) - before <= 2 * 1000


@pytest.mark.campaign
def test_memory_does_not_grow_with_the_number_of_sheets(tmp_path: Path) -> None:
    few, many = (growth(tabs, 2_000, tmp_path / "x.xlsx") for tabs in (5, 50))
    assert many < few + 10
    assert many < 40


@pytest.mark.campaign
def test_a_million_cells(tmp_path: Path) -> None:
    few, many = (growth(tabs, 20_000, tmp_path / f"{tabs}.xlsx") for tabs in (5, 50))
    assert many < few + 15
    assert many < 60
    book = CalamineWorkbook.from_path(tmp_path / "50.xlsx")
    rows = book.get_sheet_by_name("Tab 49").to_python(skip_empty_area=False)
    # the last row of the last sheet: 49 x 7 + 1999 x 3 sevenths
    assert rows[2005][:2] == ["2066-08", (49 * 7 + 1999 * 3) / 7]


# --- what is written ---------------------------------------------------------------------------------------------------


def test_it_counts_what_it_writes_and_tells_of_each_step(tmp_path: Path) -> None:
    steps: list[tuple[int, int, str, int]] = []
    found = write(ManyTabs(3, 100), tmp_path / "x.xlsx", progress=lambda *step: steps.append(step))
    assert found == Built("many", tmp_path / "x.xlsx", sheets=5, cells=300, charts=1)
    assert steps == [
        (0, 4, "", 0), (1, 4, "Tab 0", 100), (2, 4, "Tab 1", 200), (3, 4, "Tab 2", 300), (4, 4, "x.xlsx", 300),
    ]  # fmt: skip


def test_the_same_sheets_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (build(ManyTabs(2, 100), tmp_path / name).read_bytes() for name in ("a.xlsx", "b.xlsx"))
    assert first == second


def test_a_report_in_memory_and_one_made_sheet_by_sheet_are_one_file(tmp_path: Path) -> None:
    many = ManyTabs(2, 100)
    whole = replace(many.head, tabs=tuple(many.tabs()))
    assert build(whole, tmp_path / "a.xlsx").read_bytes() == build(many, tmp_path / "b.xlsx").read_bytes()


def test_readers_and_fill_take_texts_that_stand_in_their_cells(tmp_path: Path) -> None:
    texts = ["<r>a</r>", "<r><t>x</t></r>", "  spaced ", "a\nb", "_x000D_", "ü€😀", "<&>\"'", "x" * 300]
    rows = tuple((Cell(text), Cell(1.0, Call("CAC", (100, 200, 3)))) for text in texts)
    made = Block("b", "B", (Column("t", "T", "text"), Column("n", "N")), rows, tuple(texts))
    path = build(report(made), tmp_path / "x.xlsx")
    assert problems(path) == []
    shown = CalamineWorkbook.from_path(path).get_sheet_by_name("Tab").to_python(skip_empty_area=False)
    assert [row[0] for row in shown[6:14]] == texts
    before = parts(path)
    assert "xl/sharedStrings.xml" not in before
    fill(path, lambda _: pytest.fail("no cell asks for a published number"))
    after = parts(path)
    assert {name for name in before if before[name] != after[name]} == {"xl/worksheets/sheet2.xml"}
    sheet = openpyxl.load_workbook(path, data_only=True)["Tab"]
    assert [sheet.cell(7 + n, 2).value for n in range(len(texts))] == [100.0] * len(texts)
    assert [sheet.cell(7 + n, 1).value for n in (0, 2, 5)] == [texts[0], texts[2], texts[5]]


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def test_links_are_kept_apart_until_the_file_is_written(tmp_path: Path) -> None:
    addresses = [f"https://crm.example/{n}?a=1&b=<2>#part {n}" for n in range(3)]
    rows = tuple((Cell(text),) for text in [*addresses, "javascript:alert(1)"])
    linked = Block("b", "B", (Column("url", "Link", "text"),), rows, ("1", "2", "3", "4"))
    path = build(report(linked), tmp_path / "x.xlsx")
    assert problems(path) == []
    sheet = openpyxl.load_workbook(path)["Tab"]
    found = [sheet.cell(7 + n, 1) for n in range(4)]
    assert [cell.value for cell in found] == [*addresses, "javascript:alert(1)"]
    # a link is stored without what follows the #, and with signs a web address cannot hold written out
    assert [cell.hyperlink and cell.hyperlink.target for cell in found] == [
        *(f"https://crm.example/{n}?a=1&b=%3c2%3e" for n in range(3)), None,
    ]  # fmt: skip
    assert [cell.hyperlink and cell.hyperlink.location for cell in found[:2]] == ["part 0", "part 1"]


def test_charts_remember_the_cells_they_show(tmp_path: Path) -> None:
    values = [(0.1 + 0.2, "#N/A"), (None, ""), (7.0, "")]
    rows = tuple(
        (Cell(f"2026-0{n}"), Cell(value, Call("METRIC", ("mrr", Ref("x"))), error=error))
        for n, (value, error) in enumerate(values, start=1)
    )
    chart = Chart("c", "C", "line", "x", ("y",))
    columns = (Column("x", "X", "text"), Column("y", "Y"))
    path = build(report(Block("b", "B", columns, rows, ("1", "2", "3"), (chart,))), tmp_path / "x.xlsx")
    text = parts(path)["xl/charts/chart1.xml"].decode()
    _, categories, numbers = text.split("<c:f>")[1:]
    assert '<c:pt idx="0"><c:v>2026-01</c:v></c:pt>' in categories
    assert '<c:pt idx="0"><c:v>0.30000000000000004</c:v></c:pt><c:pt idx="2"><c:v>7.0</c:v></c:pt>' in numbers
    assert '<c:ptCount val="3"/>' in numbers


# --- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["COVER", "lists", "Definitions", "about", "History", "", "x" * 32, "a/b", "[a]", "'a", "a'", "what?"]
)
def test_a_sheet_excel_could_not_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(SurfaceError, match=r"cannot be the name|There is a sheet") as caught:
        build(report(block(), name=name), tmp_path / "x.xlsx")
    assert caught.value.code == "REV-704"
    assert caught.value.hint
    assert not list(tmp_path.glob("*x.xlsx*"))


def test_two_sheets_of_one_name_but_for_its_case(tmp_path: Path, scratch: Path) -> None:
    first = report(block()).tabs[0]
    both = replace(report(), tabs=(first, replace(first, key="t2", name="TAB")))
    with pytest.raises(SurfaceError, match='There is a sheet "Tab" already, so no other can be "TAB"'):
        build(both, tmp_path / "x.xlsx")

    class Same(ManyTabs):
        def tabs(self) -> Iterator[Tab]:
            return (replace(tab, name="Same") for tab in super().tabs())

    with pytest.raises(SurfaceError, match='"Same" already'):
        build(Same(2, 100), tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == [scratch]


@pytest.mark.parametrize(("rows", "columns", "said"), [(1_048_576, 1, "1,048,577 rows"), (1, 16_385, "16,385 columns")])
def test_more_than_a_sheet_takes(tmp_path: Path, rows: int, columns: int, said: str) -> None:
    with pytest.raises(SurfaceError, match=said) as caught:
        build(report(block(rows, columns)), tmp_path / "x.xlsx")
    assert caught.value.code == "REV-704"
    assert "several tabs" in caught.value.hint


def test_columns_only_a_sync_needs_do_not_count(tmp_path: Path) -> None:
    made = block(1, 3)
    hidden = replace(made, columns=(made.columns[0], *(replace(column, hidden=True) for column in made.columns[1:])))
    assert write(report(hidden), tmp_path / "x.xlsx").cells == 1


# --- what goes wrong ---------------------------------------------------------------------------------------------------


class Failing(ManyTabs):
    """Ends in the middle of the second sheet."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(3, 100)
        self._error = error

    def tabs(self) -> Iterator[Tab]:
        yield next(super().tabs())
        raise self._error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SurfaceError("no"), RuntimeError("no")])
def test_nothing_stays_of_a_file_that_cannot_be_finished(tmp_path: Path, scratch: Path, error: BaseException) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"what was there")
    with pytest.raises(type(error)):
        build(Failing(error), path)
    assert path.read_bytes() == b"what was there"
    assert sorted(tmp_path.iterdir()) == sorted([scratch, path])
    assert not list(scratch.iterdir())


def test_nothing_stays_in_the_folder_of_temporary_files(tmp_path: Path, scratch: Path) -> None:
    build(ManyTabs(3, 100), tmp_path / "x.xlsx")
    assert not list(scratch.iterdir())


def test_no_more_than_a_few_files_are_open_however_many_sheets(tmp_path: Path) -> None:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("open files are counted on Linux")

    def count() -> int:
        return sum(1 for _ in folder.iterdir())

    before, found = count(), list[int]()
    build(ManyTabs(30, 10), tmp_path / "x.xlsx", progress=lambda *_: found.append(count()))
    assert max(found) - before < 5


def test_a_disk_that_is_full_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(streaming.Page, "_write_single_row", full)
    with pytest.raises(SurfaceError, match="No space left") as caught:
        build(ManyTabs(1, 100), tmp_path / "x.xlsx")
    assert caught.value.code == "REV-804"
    assert "TMPDIR" in caught.value.hint


def test_a_folder_one_may_not_write_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RevalignError) as caught:
        build(ManyTabs(1, 100), tmp_path / "file" / "x.xlsx")
    assert caught.value.code == "REV-704"


@pytest.mark.campaign
def test_libreoffice_opens_many_sheets(tmp_path: Path) -> None:
    path = build(ManyTabs(30, 1000), tmp_path / "x.xlsx")
    command = [program("soffice", "libreoffice"), "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    subprocess.run(
        [*command, "--convert-to", "ods", "--outdir", str(tmp_path), str(path)], check=True, capture_output=True
    )
    book = CalamineWorkbook.from_path(tmp_path / "x.ods")
    assert len(book.sheet_names) == 32
    assert book.get_sheet_by_name("Tab 29").to_python(skip_empty_area=False)[6][:2] == ["2000-01", 29.0]
