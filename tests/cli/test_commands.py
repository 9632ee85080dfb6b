"""The command line as people type it: help, JSON, exit codes, errors that say what to do."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from revalign_udf.cli import COMMANDS, main
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name segment\nA Ada SMB\nB Bob ENT",
    "subscription": "id org_id started_at ended_at\nsA A 2025-12-01 -\nsB B 2025-12-01 2026-02-15",
    "subscription_item_period": (
        "id subscription_id valid_from valid_to amount interval\n1 sA 2025-12-01 - 100 month\n2 sB 2025-12-01 - 600 year"
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    project_of(folder, TABLES, through="2026-03-31").close()
    return folder


def invoke(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(item) for item in arguments])
    assert done.exit_code == code, f"{done.exit_code}: {done.output}\n{done.exception!r}"
    return done


def ask(*arguments: object, code: int = 0) -> Any:
    return json.loads(invoke(*arguments, "--json", code=code).stdout)


def every_command() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, inner) for inner in command.commands]
    return found


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
def test_help(path: tuple[str, ...]) -> None:
    text = invoke(*path, "--help").output
    assert "Usage:" in text
    assert len(text.splitlines()) > 4


def test_metric(project: Path) -> None:
    found = ask("metric", "mrr", "2026-01", "--project", project)
    assert found["value"] == 150
    assert found["status"] == "ok"
    assert found["snapshot"] == "2026-03-31#1"
    assert ask("metric", "mrr", "2026-02", "--where", "segment=ent", "--project", project)["value"] == 0
    assert "100.00 USD" in invoke("metric", "mrr", "2026-03", "--project", project).output


def test_a_number_that_cannot_be_had_is_an_answer(project: Path) -> None:
    assert ask("metric", "revenue_growth", "2026-02", "--project", project)["status"] == "REV-201"
    found = ask("metric", "nrr", "2025-12", "--project", project)
    assert (found["value"], found["status"]) == (None, "REV-110")
    assert "#DIV/0!" in invoke("metric", "nrr", "2025-12", "--project", project).output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("metric", "nnr", "2026-02"), 'Unknown metric "nnr"'),
        (("metric", "churn", "2026-02"), "logo_churn or revenue_churn_gross or revenue_churn_net"),
        (("metric", "mrr", "Jan-22"), "Write 2022-01"),
        (("metric", "mrr", "2026-13"), "not a date that exists"),
        (("metric", "mrr", "2026-02", "--where", "segmnt=SMB"), "Did you mean segment?"),
        (("metric", "mrr", "2026-02", "--where", "segment=SMBs"), "Did you mean SMB?"),
        (("metric", "mrr", "2026-02", "--where", "segment"), "FIELD=VALUE"),
        (("metric", "mrr", "2026-02", "--by", "channels"), "Did you mean channel?"),
        (("metric", "mrr", "2026-02", "--profile", "strpe"), 'Unknown profile "strpe"'),
        (("records", "mrr", "2026-02", "--profile", "strpe"), 'Unknown profile "strpe"'),
        (("metric", "mrr", "2026-02", "--as-of", "soon"), "Write 2026-09-30"),
        (("series", "mrr", "2026-03", "2026-01"), "lies before"),
    ],
)
def test_wrong_names_exit_2_and_say_what_to_do(project: Path, arguments: tuple[str, ...], says: str) -> None:
    done = invoke(*arguments, "--project", project, code=2)
    assert says in " ".join(done.stderr.split())
    assert "REV-1" in done.stderr
    assert json.loads(invoke(*arguments, "--project", project, "--json", code=2).stdout)["error"]["code"][:5] == "REV-1"


def test_unknown_command_has_a_suggestion() -> None:
    assert "Did you mean metric?" in invoke("metrik", code=2).stderr


def test_as_of_older_than_every_snapshot(project: Path) -> None:
    found = ask("metric", "mrr", "2026-01", "--as-of", "2026-01-31", "--project", project, code=1)
    assert found["status"] == "REV-206"
    assert "revalign build --as-of 2026-01-31" in found["message"]


def test_no_project(tmp_path: Path) -> None:
    done = invoke("metric", "mrr", "2026-01", "--project", tmp_path, code=2)
    assert "REV-301" in done.stderr
    assert "revalign init" in done.stderr


def test_series_table_records_explain(project: Path) -> None:
    rows = ask("series", "mrr", "2026-01", "2026-03", "--project", project)["rows"]
    assert [row["value"] for row in rows] == [150, 100, 100]
    table = ask("table", "mrr,nrr", "2026-01,2026-02", "--by", "segment", "--project", project)
    assert table["columns"] == ["period", "segment", "mrr", "nrr"]
    dotted = ask("table", "mrr", "2026-01..2026-03", "--project", project)["rows"]
    assert [row["mrr"] for row in dotted] == [150, 100, 100]
    records = ask("records", "mrr", "2026-01", "--project", project)["rows"]
    assert sum(row["contribution"] for row in records) == 150
    why = ask("explain", "logo_churn", "2026-02", "--project", project)
    assert [row["value"] for row in why["components"]] == [2, 1]
    assert why["value"] == 0.5
    text = invoke("explain", "logo_churn", "2026-02", "--project", project).output
    assert "ratio(lost_customers, customers_at_start)" in text


def test_by(project: Path) -> None:
    found = ask("metric", "mrr", "2026-01", "--by", "segment", "--project", project)
    assert {row["segment"]: row["value"] for row in found["rows"]} == {"SMB": 100, "ENT": 50}


def test_metrics_list_and_show_need_no_project(tmp_path: Path) -> None:
    listed = ask("metrics", "list", "--project", tmp_path)
    assert {"name", "family", "unit", "owners", "direction"} <= set(listed[0])
    assert "nrr" in [item["name"] for item in listed]
    assert "Kept" not in invoke("metrics", "show", "net revenue retention", "--project", tmp_path).output
    assert ask("metrics", "show", "nrr", "--project", tmp_path)["formula"] == "ratio(retained_mrr, base_mrr)"


def test_plugins_list_needs_no_project(tmp_path: Path) -> None:
    assert {"csv", "sample"} <= {item["name"] for item in ask("plugins", "list", "--project", tmp_path)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("REVALIGN.CAC", "100", "200", "3"), {"cell": 100}),
        (("REVALIGN_REVENUE_GROWTH", "-5", "10"), {"cell": -1.5}),
        (("cac", "[[100],[200]]", "0", "3"), {"cell": 100}),
        (("REVALIGN.CHURN", "10", "100"), {"cell": 0.1}),
    ],
)
def test_call(arguments: tuple[str, ...], expected: dict[str, Any]) -> None:
    assert ask("call", *arguments) == expected
    assert json.loads(invoke("call", "--json", *arguments).stdout) == expected


def test_call_answers_cell_errors_with_exit_0() -> None:
    assert ask("call", "REVALIGN.CHURN", "1", "0")["error"] == "#DIV/0!"
    assert ask("call", "REVALIGN.NOPE", "1")["error"] == "#NAME?"
    assert ask("call", "REVALIGN.CAC", "#N/A", "1", "1")["error"] == "#N/A"
    assert "#DIV/0!" in invoke("call", "CHURN", "1", "0").output


def test_call_on_the_snapshot(project: Path) -> None:
    assert ask("call", "REVALIGN.METRIC", "mrr", "2026-01", "--project", project) == {"cell": 150}
    assert ask("call", "--project", project, "REVALIGN.METRIC", "mrr", "2026-01") == {"cell": 150}


def test_doctor(project: Path, tmp_path: Path) -> None:
    found = ask("doctor", "--project", project)
    assert {item["state"] for item in found["findings"]} <= {"ok", "note"}
    assert found["settings"]["company.currency"] == "default"
    ask("doctor", "--project", tmp_path)
    (tmp_path / "revalign.toml").write_text("[compny]\n")
    assert "Did you mean company?" in invoke("doctor", "--project", tmp_path, code=1).output


def test_source_test(project: Path) -> None:
    assert ask("source", "test", "files", "--project", project)["ok"] is True
    assert "Did you mean files?" in invoke("source", "test", "file", "--project", project, code=2).stderr


def test_build_twice_is_one_snapshot(project: Path) -> None:
    assert ask("build", "--project", project)["new"] is False
    invoke("build", "--as-of", "someday", "--project", project, code=2)


def test_workbook_build(project: Path, tmp_path: Path) -> None:
    [made] = ask("workbook", "build", "saas_metrics", "--to", tmp_path, "--route", "office", "--project", project)
    assert Path(made["path"]).stat().st_size > 5_000
    assert "Reports:" in invoke("workbook", "build", "saas", "--project", project, code=2).stderr


def test_excel_functions(tmp_path: Path) -> None:
    assert "REVALIGN.METRIC" in {item["name"] for item in ask("excel", "functions")}
    assert "REVALIGN.CAC" in invoke("excel", "functions").output
    invoke("excel", "functions", "--to", tmp_path)
    known = json.loads((tmp_path / "functions.json").read_text(encoding="utf-8"))
    assert "METRIC" in {item["name"] for item in known["functions"]}
