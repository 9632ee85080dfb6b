"""The demo as a newcomer runs it, and the first questions after it."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.cli.demo import what_next
from revalign_udf.config import load
from revalign_udf.errors import ConfigError
from revalign_udf.functions import call_cell, session
from revalign_udf.functions.reference import first_rows, samples
from revalign_udf.jobs import RunReport
from revalign_udf.jobs.demo import Demo, is_sample, reports_of, run_demo
from revalign_udf.jobs.projects import SAMPLE
from revalign_udf.layout import available, find, read


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, answer: Callable[..., Any]) -> Any:
    folder = tmp_path_factory.mktemp("demo") / "first"
    return folder, answer("demo", folder, process=True)


def test_it_makes_every_report_with_native_charts_and_a_page(demo: Any) -> None:
    folder, report = demo
    assert report["status"] == "ok"
    assert sorted(Path(path).stem for path in report["workbooks"]) == available(folder)
    charts = 0
    for path in report["workbooks"]:
        with zipfile.ZipFile(path) as package:
            charts += sum(name.startswith("xl/charts/chart") for name in package.namelist())
    assert charts == report["charts"] >= 15
    page = Path(report["page"]).read_text(encoding="utf-8")
    assert all(tab.name in page for tab in read(find("saas_metrics")).tabs)


def test_a_run_in_its_folder_writes_the_same_reports(demo: Any) -> None:
    folder, report = demo
    assert [str(folder / "output" / f"{name}.xlsx") for name in load(folder).workbooks] == report["workbooks"]


def test_its_records_lead_to_addresses_that_lead_nowhere(demo: Any, answer: Callable[..., Any]) -> None:
    folder, _ = demo
    found = answer("records", "churned_mrr", "LAST_MONTH", "--project", folder)["rows"]
    assert found
    for row in found:
        assert row["url"] == f"https://{row['system']}.example/{row['table']}/{row['id']}"


def made(folder: Path, *names: str) -> list[tuple[str, str]]:
    """What to open next after a demo that wrote these workbooks."""
    books = [folder / "output" / f"{name}.xlsx" for name in names]
    return list(what_next(Demo(folder, RunReport(workbooks=books), folder / "sheet.html", (), 31)))


def test_what_to_open_next_begins_with_the_first_workbook(tmp_path: Path) -> None:
    first, others, page, *_ = made(tmp_path, "start", "funnel", "saas_metrics")
    assert first == ("the workbook to begin with", str(tmp_path / "output" / "start.xlsx"))
    assert others == ("2 more beside it", "funnel, saas_metrics (31 charts in all)")
    assert page == ("the synced sheet", str(tmp_path / "sheet.html"))
    assert made(tmp_path, "funnel")[1] == page
    assert made(tmp_path)[0] == page


def test_the_report_to_begin_with_comes_first(tmp_path: Path) -> None:
    for name in ("aaa", "start", "zzz"):
        (tmp_path / "workbooks" / name).mkdir(parents=True)
        (tmp_path / "workbooks" / name / "layout.toml").touch()
    first, second, *_, last = reports_of(tmp_path)
    assert (first, second, last) == ("start", "aaa", "zzz")


@pytest.mark.parametrize(
    ("more", "same"),
    [
        ("", True),
        ('\n[workbooks]\nreports = ["board"]\n', True),
        ('profile = "stripe"\n', False),
        ("\n[source.more]\n", False),
        ("\n[work", False),
    ],
)
def test_its_settings_are_known_again_whatever_reports_they_name(more: str, *, same: bool) -> None:
    assert is_sample(SAMPLE + more) is same
    assert not is_sample(more)


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


def test_building_again_publishes_nothing_new(demo: Any, answer: Callable[..., Any]) -> None:
    folder, report = demo
    again = answer("build", "--project", folder)
    assert (again["snapshot"], again["new"]) == (report["snapshot"], False)


@pytest.mark.campaign
def test_running_it_again_publishes_nothing_new(demo: Any, answer: Callable[..., Any]) -> None:
    folder, report = demo
    again = answer("demo", folder)
    assert (again["snapshot"], again["new"]) == (report["snapshot"], False)


def test_another_project_is_left_alone(tmp_path: Path, revalign: Callable[..., str]) -> None:
    (tmp_path / "revalign.toml").write_text("[company]\n")
    revalign("demo", tmp_path, expect=2)
    assert (tmp_path / "revalign.toml").read_text() == "[company]\n"


def test_a_demo_of_other_settings_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text(SAMPLE.replace("links = true\n", ""))
    with pytest.raises(ConfigError, match="holds a demo with other settings, or of another version"):
        run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["revalign.toml"]


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
    assert "revalign workbook new board " in (tmp_path / "mine" / "workbooks" / "README.md").read_text()
    found = answer("metric", "mrr", "2026-09", "--project", tmp_path / "mine", expect=1)
    assert (found["value"], found["status"]) == (None, "REV-205")


def test_the_reference_shows_what_the_demo_answers(demo: Any) -> None:
    """Else: revalign excel reference --sample DIR, with the folder of a new demo."""
    folder, _ = demo
    with session.using(folder):
        for name, examples in samples().items():
            for example in examples:
                assert first_rows(call_cell(name, example.arguments)) == example.cell, (name, example.arguments)
