"""Answers as files: the same numbers, and no text that a spreadsheet would run."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from revalign_udf.cli import main
from revalign_udf.query.answers import Table
from revalign_udf.testing import project_of
from revalign_udf.workbook.export import export

RISKY = Table(
    ("name", "value"),
    (("=HYPERLINK(1)", 0.1), ("+1", -2.5), ("-1", None), ("@sum", 1 / 3), ("\tx", 1.0), ("Ada", 2.0)),
    ("text", "number"),
)


def test_csv_is_harmless_and_keeps_every_digit(tmp_path: Path) -> None:
    with export(RISKY, tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows[1:]] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@sum", "'\tx", "Ada"]
    assert [row[1] for row in rows[1:]] == ["0.1", "-2.5", "", repr(1 / 3), "1.0", "2.0"]


def test_parquet_and_xlsx_hold_typed_cells(tmp_path: Path) -> None:
    table = pq.read_table(export(RISKY, tmp_path / "a.parquet"))
    assert table.to_pydict()["name"][0] == "=HYPERLINK(1)"
    assert table.to_pydict()["value"][3] == 1 / 3
    rows = CalamineWorkbook.from_path(export(RISKY, tmp_path / "a.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[1] == ["=HYPERLINK(1)", 0.1]
    assert rows[4][1] == 1 / 3


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    orders = (
        "id org_id ordered_at amount product_id\n1 A 2026-01-05 10.10 p\n2 A 2026-02-05 20.20 q\n3 B 2026-02-06 5 q"
    )
    project_of(folder, {"sales_order": orders}, through="2026-02-28").close()
    return folder


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (["metric", "revenue", "2026-02"], [["revenue", "2026-02", "25.2"]]),
        (["revenue 2026-02"], [["revenue", "2026-02", "25.2"]]),
        (["revenue", "2026-02", "--by", "product"], [["p", "0.0"], ["q", "25.2"]]),
        (["series", "revenue", "2026-01", "2026-02"], [["2026-01", "10.1", "ok"], ["2026-02", "25.2", "ok"]]),
        (["table", "revenue,aov", "2026-01,2026-02"], [["2026-01", "10.1", "10.1"], ["2026-02", "25.2", "12.6"]]),
    ],
)
def test_questions(project: Path, tmp_path: Path, question: list[str], expected: list[list[str]]) -> None:
    path = tmp_path / "a.csv"
    done = CliRunner().invoke(main, ["export", *question, "--to", str(path), "--project", str(project)])
    assert done.exit_code == 0, done.output
    with path.open(newline="") as file:
        rows = [row for row in list(csv.reader(file))[1:] if row != ["p", "0.0"]]
    assert [row[: len(expected[-1])] for row in rows] == [row for row in expected if row != ["p", "0.0"]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["revenue", "2026-02", "--to", "a.txt"], "Known: .csv"),
        (["metric", "revenue", "--to", "a.csv"], "needs 2 words"),
        (["seris", "revenue", "2026-01", "2026-02", "--to", "a.csv"], "Did you mean series?"),
        (["series", "revenue", "2026-01", "2026-02", "--by", "product", "--to", "a.csv"], "does not go with series"),
        (["revenue", "2026-02", "--profile", "strpe", "--to", "a.csv"], "Unknown profile"),
        (["records", "revenue", "2026-02", "--profile", "strpe", "--to", "a.csv"], "Unknown profile"),
        (["revenue", "2026-02", "--to", "nowhere/a.csv"], "Does the folder exist?"),
    ],
)
def test_mistakes(
    project: Path, arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["export", *arguments, "--project", str(project)])
    assert done.exit_code in (1, 2)
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []
