"""build, fill, verify and convert on the command line."""

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rawbook import part_of, rawbook
from rich.console import Console

import revalign_udf.cli.workbook.build as building
from revalign_udf.cli import main

PLAIN = rawbook({"S": {"A1": "=REVALIGN.CAC(100,200,3)\t5", "A2": "=A1*2\t10"}})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["workbook", *map(str, arguments)])


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    path.write_bytes(PLAIN)
    return path


def test_fill_in_place_needs_no_project_for_ranges(book: Path) -> None:
    found = run("fill", book)
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout == f"{book}: 2 formulas, 1 of Revalign; 2 values changed\n"
    assert "<v>200</v>" in part_of(book.read_bytes())
    assert run("verify", book).stdout == f"{book}: 2 cells compared, 0 differ\n"


def test_fill_to_another_place(book: Path, tmp_path: Path) -> None:
    assert run("fill", book, "--to", tmp_path / "new.xlsx").exit_code == 0
    assert book.read_bytes() == PLAIN
    assert "<v>200</v>" in part_of((tmp_path / "new.xlsx").read_bytes())
    (tmp_path / "more").mkdir()
    assert run("fill", book, tmp_path / "new.xlsx", "--to", tmp_path / "more").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "more").iterdir()) == ["book.xlsx", "new.xlsx"]
    assert run("fill", book, "--to", tmp_path / "x.xlsx", "--in-place").exit_code == 2
    assert run("fill", book, book, "--to", tmp_path / "new.xlsx").exit_code == 2


def test_fill_as_json(book: Path) -> None:
    (found,) = json.loads(run("fill", book, "--json").stdout)
    assert found == {
        "path": str(book), "complete": True, "formulas": 2, "revalign": 1, "changed": 2, "as_of": None, "errors": [],
        "kept": [], "notes": [],
    }  # fmt: skip


def test_what_could_not_be_computed_is_told_and_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    cells = {
        "A1": "=1+1\t0",
        "A2": "=MMULT(A1,1)\t0",
        "A3": "=REVALIGN.CAC(A2,0,0)\t1",
        "A4": "=REVALIGN.CAC(1,1,0)\t1",
    }
    path.write_bytes(rawbook({"S": cells}))
    found = run("fill", path)
    assert found.exit_code == 1
    assert "S!A4  #DIV/0!  REV-110" in found.stdout
    assert "S!A2  kept, may be out of date: the function MMULT; S!A1 has changed" in found.stdout
    assert "S!A3  kept, may be out of date: rests on S!A2" in found.stdout
    (told,) = json.loads(run("fill", path, "--json").stdout)
    assert [(item["cell"], item["stale"]) for item in told["kept"]] == [("A2", True), ("A3", True)]


def test_one_bad_file_does_not_stop_the_others(book: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.xlsx"
    bad.write_bytes(b"no workbook")
    found = run("fill", bad, book)
    assert found.exit_code == 1
    assert "bad.xlsx: REV-704" in found.stderr
    assert "2 values changed" in found.stdout
    told = json.loads(run("verify", bad, book, "--json").stdout)
    assert (told[0]["error"]["code"], told[1]["equal"]) == ("REV-704", True)
    assert run("verify", bad).exit_code == 1


def test_verify_shows_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(
        rawbook({"S": {"A1": "=REVALIGN.CAC(100,200,3)\t100.01", "A2": "=1+1\t2", "A3": "=MMULT(1,1)\t1"}})
    )
    found = run("verify", path)
    assert found.exit_code == 1
    assert (
        "S!A1  100.01 ≠ 100  =REVALIGN.CAC(100, 200, 3)" in found.stdout or "=REVALIGN.CAC(100,200,3)" in found.stdout
    )
    assert "A2" not in found.stdout
    assert "S!A3  not checked: the function MMULT" in found.stdout
    assert "S!A2  2 = 2  =1+1" in run("verify", path, "--all").stdout
    assert run("verify", path, "--tolerance", "0.02").exit_code == 0
    (told,) = json.loads(run("verify", path, "--json").stdout)
    assert [(cell["cell"], cell["stored"], cell["computed"]) for cell in told["cells"]] == [("A1", 100.01, 100)]
    assert told["different"] == 1


def test_convert(book: Path, tmp_path: Path) -> None:
    found = run("convert", book, "--route", "office", "--to", tmp_path / "new.xlsx")
    assert found.stdout == f"{book}: 1 calls respelled for the route office\n"
    assert "_xldudf_REVALIGN_CAC" in part_of((tmp_path / "new.xlsx").read_bytes())
    assert run("convert", tmp_path / "new.xlsx", "--route", "typed").exit_code == 0
    assert (tmp_path / "new.xlsx").read_bytes() == PLAIN
    assert "0 calls" in run("convert", book, "--route", "office", "--from", "classic").stdout
    assert run("convert", book, "--route", "lite").exit_code == 2
    (told,) = json.loads(run("convert", book, "--route", "classic", "--json").stdout)
    assert (told["calls"], told["parts"]) == (1, {"xl/worksheets/sheet1.xml": 1})


def test_published_numbers_of_a_project(published: Any, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(rawbook({"S": {"A1": '=REVALIGN.METRIC("mrr","2026-08")\t0'}}))
    found = run("fill", path, "--project", published.folder)
    assert found.exit_code == 0, found.output
    assert "<v>400.1</v>" in part_of(path.read_bytes())
    found = run("fill", path, "--project", published.folder, "--as-of", "2026-08-31")
    assert "as of 2026-08-31" in found.stdout
    assert "<v>350.1</v>" in part_of(path.read_bytes())
    assert run("verify", path, "--project", published.folder).exit_code == 1
    assert run("verify", path, "--project", published.folder, "--as-of", "2026-08-31").exit_code == 0
    assert run("fill", path, "--project", published.folder, "--as-of", "soon").exit_code == 2
    assert run("fill", path, "--project", published.folder, "--as-of", "2020-01-01").exit_code == 1


def test_no_project_is_said_once_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    content = rawbook({"S": {"A1": '=REVALIGN.METRIC("mrr","2026-08")\t7'}})
    path.write_bytes(content)
    found = run("fill", path, "--project", tmp_path)
    assert found.exit_code == 2
    assert found.stderr.startswith("REV-301 ")
    assert path.read_bytes() == content


# --- build -------------------------------------------------------------------------------------------------------------

LAYOUT = """
title = "Small"

[[tab]]
key = "t"
name = "Months"

[[tab.block]]
key = "b"
kind = "series"
from = "2026-07"
to = "2026-08"
metrics = ["mrr"]

[[tab.block.chart]]
key = "c"
kind = "line"
series = ["mrr"]
"""


@pytest.fixture
def layouts(published: Any, tmp_path: Path) -> Path:
    """The settings of a project with a report of its own, "small", and one that cannot be read, "broken"."""
    folder = tmp_path / "project"
    shutil.copytree(published.folder, folder)
    for name, text in {"small": LAYOUT, "broken": LAYOUT.replace('"line"', '"pie"')}.items():
        (folder / "workbooks" / name).mkdir(parents=True)
        (folder / "workbooks" / name / "layout.toml").write_text(text)
    return folder


def test_build_says_what_it_wrote(layouts: Path, tmp_path: Path) -> None:
    path = tmp_path / "out" / "small.xlsx"
    found = run("build", "small", "--project", layouts, "--to", tmp_path / "out")
    assert (found.exit_code, found.stderr) == (0, "")
    # cover, months, definitions, about; two months of one period and one number
    assert found.stdout == f"Wrote {path}: 4 sheets, 4 cells, 1 chart\n"
    (told,) = json.loads(run("build", "small", "--project", layouts, "--json").stdout)
    assert told == {
        "report": "small", "path": str(layouts / "output" / "small.xlsx"), "sheets": 4, "cells": 4, "charts": 1,
    }  # fmt: skip
    assert run("verify", path, "--project", layouts).exit_code == 0


def test_one_report_that_cannot_be_built_does_not_stop_the_others(layouts: Path) -> None:
    found = run("build", "broken", "small", "nope", "small", "--project", layouts, "--json")
    assert found.exit_code == 1
    broken, small, nope = json.loads(found.stdout)
    assert (broken["report"], broken["error"]["code"]) == ("broken", "REV-701")
    assert (small["report"], small["cells"]) == ("small", 4)
    assert (nope["report"], nope["error"]["code"]) == ("nope", "REV-101")
    assert "Reports:" in nope["error"]["hint"]
    assert run("build", "nope", "--project", layouts).exit_code == 2
    assert run("build", "broken", "--project", layouts).stderr.startswith("REV-701 ")


def test_a_bar_shows_how_far_a_build_is(layouts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(building, "stderr", Console(file=screen, force_terminal=True, width=100))
    run("build", "small", "--project", layouts, "--json")
    assert screen.getvalue() == ""
    run("build", "small", "--project", layouts)
    shown = re.sub(r"\x1b\[[0-9;?]*\w", "", screen.getvalue())
    assert re.search(r"small · small\.xlsx .* 2/2 4 cells", shown)
