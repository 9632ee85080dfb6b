"""The demo as a newcomer runs it, and the first questions after it."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.functions import call_cell, session
from revalign_udf.functions.reference import first_rows, samples


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, answer: Callable[..., Any]) -> Any:
    folder = tmp_path_factory.mktemp("demo") / "first"
    return folder, answer("demo", folder, process=True)


def test_it_makes_a_workbook_with_native_charts_and_a_page(demo: Any) -> None:
    _, report = demo
    assert report["status"] == "ok"
    charts = 0
    for path in report["workbooks"]:
        with zipfile.ZipFile(path) as package:
            charts += sum(name.startswith("xl/charts/chart") for name in package.namelist())
    assert charts >= 1
    assert "MRR" in Path(report["page"]).read_text(encoding="utf-8")


def test_its_headlines_are_numbers(demo: Any) -> None:
    _, report = demo
    assert all(item["value"] is not None for item in report["headlines"])
    by_name = {item["metric"]: item["value"] for item in report["headlines"]}
    assert 0.8 < by_name["nrr"] < 1.3
    assert 0 < by_name["logo_churn"] < 0.1


def test_every_canonical_table_has_rows(demo: Any, answer: Callable[..., Any]) -> None:
    folder, _ = demo
    found = answer("doctor", "--project", folder)
    [store] = [item["text"] for item in found["findings"] if item["area"] == "store"]
    assert store.endswith("39 tables")


def test_running_it_again_publishes_nothing_new(demo: Any, answer: Callable[..., Any]) -> None:
    folder, report = demo
    again = answer("demo", folder)
    assert (again["snapshot"], again["new"]) == (report["snapshot"], False)


def test_another_project_is_left_alone(tmp_path: Path, revalign: Callable[..., str]) -> None:
    (tmp_path / "revalign.toml").write_text("[company]\n")
    revalign("demo", tmp_path, expect=2)
    assert (tmp_path / "revalign.toml").read_text() == "[company]\n"


def test_first_questions(demo: Any, revalign: Callable[..., str], answer: Callable[..., Any]) -> None:
    folder, _ = demo
    assert "NRR" in revalign("metric", "nrr", "LAST_MONTH", "--project", folder)
    parts = answer("metric", "mrr", "LAST_MONTH", "--by", "segment", "--project", folder)
    assert sum(part["value"] for part in parts["rows"]) == pytest.approx(parts["value"], rel=1e-12)
    why = answer("explain", "logo_churn", "LAST_MONTH", "--project", folder)
    lost = [row for row in why["records"] if row["component"] == "lost_customers"]
    [value] = [row["value"] for row in why["components"] if row["component"] == "lost_customers"]
    assert len(lost) == value
    table = answer("table", "mrr,nrr", "2026-07..2026-09", "--by", "segment", "--project", folder)
    assert [row["segment"] for row in table["rows"]].count("total") == 3


def test_init_then_run_on_nothing_says_what_to_do(
    tmp_path: Path, answer: Callable[..., Any], revalign: Callable[..., str]
) -> None:
    revalign("init", tmp_path / "mine")
    assert (tmp_path / "mine" / "plugins" / "_template.py").is_file()
    found = answer("metric", "mrr", "2026-09", "--project", tmp_path / "mine", expect=1)
    assert (found["value"], found["status"]) == (None, "REV-205")


def test_the_reference_shows_what_the_demo_answers(demo: Any) -> None:
    """Else: revalign excel reference --sample DIR, with the folder of a new demo."""
    folder, _ = demo
    with session.using(folder):
        for name, examples in samples().items():
            for example in examples:
                assert first_rows(call_cell(name, example.arguments)) == example.cell, (name, example.arguments)
