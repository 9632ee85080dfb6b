"""period and drift as people type them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from revalign_udf.cli import main
from revalign_udf.governance import CLOSES_FILE
from revalign_udf.testing import project_of

ORDERS = "id org_id ordered_at amount\nq1 a 2026-07-05 10\nq2 a 2026-08-05 20\nq3 a 2026-09-05 30"
LATER = ORDERS + "\nq4 a 2026-08-20 2.50"


def made(folder: Path, orders: str = ORDERS, through: str = "2026-09-30") -> Path:
    project_of(folder, {"organization": "id name\na Ada", "sales_order": orders}, through=through).close()
    return folder


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("once"))


@pytest.fixture
def project(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once, tmp_path / "project"))


def invoke(project: Path, *arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [*map(str, arguments), "--project", str(project)])
    assert done.exit_code == code, f"{done.exit_code}: {done.output}\n{done.exception!r}"
    return done


def ask(project: Path, *arguments: object, code: int = 0) -> Any:
    return json.loads(invoke(project, *arguments, "--json", code=code).stdout)


def test_close_a_month_and_see_what_becomes_of_it(project: Path) -> None:
    assert "is closed" not in invoke(project, "period", "status").output
    told = ask(project, "period", "close", "2026-08", "--reason", "books are done", "--by", "ada")
    assert (told["period"], told["who"], told["why"], told["snapshot"]) == (
        "2026-08", "ada", "books are done", "2026-09-30#1",
    )  # fmt: skip
    assert told["forced"] is False
    made(project, LATER)
    assert ask(project, "metric", "revenue", "2026-08")["value"] == 20
    assert ask(project, "metric", "revenue", "2026-08", "--as-of", "today")["value"] == 22.5
    assert ask(project, "metric", "revenue", "2026-08")["closed"] == f"closed {told['when'][:10]} by ada"
    assert "by ada" in invoke(project, "metric", "revenue", "2026-08").output
    assert "by ada" not in invoke(project, "metric", "revenue", "2026-09").output
    found = ask(project, "drift", "2026-08", "--metric", "revenue")
    assert found["drifted"] == 1
    [period] = found["periods"]
    assert period["metrics"][0]["causes"] == {"late record": 2.5}
    text = invoke(project, "drift").output
    assert "revenue  20.00 USD -> 22.50 USD  (2.50 USD)" in text
    assert "late record 2.50 USD" in text
    assert "q4" in text
    status = ask(project, "period", "status")
    assert [(row["period"], row["state"], row["who"]) for row in status["periods"]] == [
        ("2026-08", "closed", "ada"), ("2026-09", "open", ""),
    ]  # fmt: skip
    assert status["periods"][0]["drifted"] > 1
    assert status["periods"][1]["why"] == "ready to be closed"
    assert "revalign drift" in invoke(project, "period", "status").output


def test_reopen(project: Path) -> None:
    invoke(project, "period", "close", "2026-08", "--reason", "done")
    made(project, LATER)
    told = ask(project, "period", "reopen", "2026-08", "--reason", "q4 was missing", "--by", "bob")
    assert (told["reopened"]["who"], told["reopened"]["why"]) == ("bob", "q4 was missing")
    assert ask(project, "metric", "revenue", "2026-08")["value"] == 22.5
    assert [row["state"] for row in ask(project, "period", "status")["periods"]] == ["reopened", "open"]
    assert ask(project, "drift") == {"drifted": 0, "periods": []}
    assert "No period is closed." in invoke(project, "drift").output
    assert "open again" in invoke_again(project).output


def invoke_again(project: Path) -> Result:
    invoke(project, "period", "close", "2026-08", "--reason", "done now")
    return invoke(project, "period", "reopen", "2026-08", "--reason", "once more")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("period", "close", "2026-08"), "--reason"),
        (("period", "close", "2026-08", "--reason", " "), "REV-102"),
        (("period", "close", "2026-10", "--reason", "x"), "REV-105 2026-10 is not ready to be closed"),
        (("period", "close", "YTD", "--reason", "x"), "REV-102 YTD cannot be closed"),
        (("period", "close", "Sept", "--reason", "x"), "REV-101"),
        (("period", "reopen", "2026-08", "--reason", "x"), "REV-105 2026-08 is not closed"),
        (("drift", "2026-08"), "REV-105 2026-08 is not closed"),
    ],
)
def test_what_is_refused(project: Path, arguments: tuple[str, ...], says: str) -> None:
    assert says in " ".join(invoke(project, *arguments, code=2).stderr.split())
    assert not (project / CLOSES_FILE).exists()


def test_closed_already(project: Path) -> None:
    invoke(project, "period", "close", "2026-08", "--reason", "done", "--by", "ada")
    before = (project / CLOSES_FILE).read_bytes()
    error = ask(project, "period", "close", "2026-08", "--reason", "again", code=2)["error"]
    assert error["code"] == "REV-105"
    assert "by ada (done)" in error["message"]
    assert "period reopen 2026-08" in error["hint"]
    assert (project / CLOSES_FILE).read_bytes() == before


def test_force_closes_what_is_not_over(project: Path) -> None:
    assert ask(project, "period", "close", "2026-Q4", "--reason", "a rehearsal", "--force")["forced"] is True


def test_a_line_taken_out_of_the_list_is_noticed(project: Path) -> None:
    """The audit trail still tells of the close."""
    invoke(project, "period", "close", "2026-08", "--reason", "done", "--by", "ada")
    (project / CLOSES_FILE).write_text("", encoding="utf-8")
    [problem] = ask(project, "period", "status")["problems"]
    assert problem.startswith("2026-08 was closed")
    assert "by ada" in problem
    assert "its line is gone" in " ".join(invoke(project, "period", "status").output.split())


def test_a_frozen_snapshot_that_is_gone_is_noticed(project: Path) -> None:
    invoke(project, "period", "close", "2026-08", "--reason", "done", "--by", "ada")
    made(project, LATER)
    shutil.rmtree(project / ".revalign" / "snapshots" / "2026-09-30.1")
    [problem] = ask(project, "period", "status")["problems"]
    assert "2026-09-30#1, which is missing" in problem
    assert ask(project, "metric", "revenue", "2026-08", code=1)["status"] == "REV-207"
    assert ask(project, "metric", "revenue", "2026-09")["value"] == 30


def test_before_anything_is_published(tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text("", encoding="utf-8")
    assert "REV-205" in invoke(tmp_path, "period", "status", code=1).stderr
    assert "REV-205" in invoke(tmp_path, "period", "close", "2026-08", "--reason", "x", code=1).stderr
    assert "REV-205" in invoke(tmp_path, "drift", code=1).stderr
