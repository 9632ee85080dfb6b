"""Asking for a vanity metric shows its question and its counterpart, wherever it is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from revalign_udf.cli.numbers import explain_command, metric_command
from revalign_udf.functions import call_cell, session
from revalign_udf.query import Query
from revalign_udf.testing import project_of

TABLES = {
    "lead": "id created_at channel\nL1 2026-02-01 ads\nL2 2026-02-02 ads\nL3 2026-02-03 seo\nL4 2026-02-04 seo",
    "lifecycle_event": (
        "id subject_type subject_id stage occurred_at\n1 lead L1 sql 2026-02-05\n2 lead L3 sql 2026-02-06\n"
        "3 lead L1 customer 2026-02-20"
    ),
    "opportunity": "id org_id created_at amount outcome closed_at\nO a 2026-01-01 100 won 2026-02-03",
    "organization": "id name\na A",
}
QUESTION = "How many of them become customers?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("vanity")
    project_of(found, TABLES, through="2026-03-31").close()
    return found


def told(command: Any, folder: Path, *arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(command, [*arguments, "--project", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("command", [metric_command, explain_command])
def test_the_command_line_shows_both(folder: Path, command: Any) -> None:
    found = told(command, folder, "new_leads", "2026-02")
    assert (found["value"], found["question"], found["counterpart"]) == (4, QUESTION, "sql_to_customer")
    assert (found["counterpart_value"], found["counterpart_message"]) == (0.5, "")
    text = CliRunner().invoke(command, ["new_leads", "2026-02", "--project", str(folder)]).output
    assert f"{QUESTION} sql_to_customer: 50.0 %" in text


def test_the_counterpart_is_that_of_the_slice(folder: Path) -> None:
    values = {c: told(metric_command, folder, "new_leads", "2026-02", "-w", f"channel={c}") for c in ("ads", "seo")}
    assert {name: found["counterpart_value"] for name, found in values.items()} == {"ads": 1, "seo": 0}


def test_why_a_counterpart_has_no_number(folder: Path) -> None:
    found = told(metric_command, folder, "new_leads", "2026-03")
    assert (found["value"], found["counterpart_value"]) == (0, None)
    assert found["counterpart_message"].startswith("REV-110")


def test_a_counterpart_that_cannot_be_cut_alike_is_not_shown_for_the_whole(folder: Path) -> None:
    query = Query.open(folder)
    answer = query.with_counterpart(query.metric("bookings", "2026-02", {"system": "files"}), "2026-02")
    assert answer.counterpart_exact is None
    assert answer.counterpart_message
    query.close()


def test_other_metrics_have_none(folder: Path) -> None:
    found = told(metric_command, folder, "sql_to_customer", "2026-02")
    assert "question" not in found
    assert "counterpart" not in found


def test_a_cell_explains_it_too(folder: Path) -> None:
    session.use(folder)
    try:
        rows = call_cell("REVALIGN.EXPLAIN", ["new_leads", "2026-02"])["cell"]
    finally:
        session.use(None)
    assert [row[:3] for row in rows[2:4]] == [["question", QUESTION, None], ["counterpart", "sql_to_customer", 0.5]]
