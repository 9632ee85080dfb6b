"""The vanity register and the KPI matrix, from declarations and a published snapshot."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from revalign_udf.alignment import kpi_matrix, kpi_problems, shared_kpis, vanity_register
from revalign_udf.cli.alignment import kpis_command, vanity_command
from revalign_udf.errors import NoData, UserError
from revalign_udf.metrics import METRICS, Metric
from revalign_udf.query import Query
from revalign_udf.query.names import Catalogue
from revalign_udf.testing import project_of

TABLES = {
    "lead": "id created_at\nL1 2026-02-01\nL2 2026-02-02\nL3 2026-02-03\nL4 2026-02-04",
    "lifecycle_event": (
        "id subject_type subject_id stage occurred_at\n1 lead L1 sql 2026-02-05\n2 lead L2 sql 2026-02-06\n"
        "3 lead L1 customer 2026-02-20"
    ),
}
PLUGIN = """
from dataclasses import replace
from revalign_udf.hookspecs import hookimpl
from revalign_udf.metrics import METRICS

def vanity(name, **more):
    return replace(METRICS["new_leads"], name="acme." + name, label="acme." + name, aliases=(), **more)

@hookimpl
def register_metrics():
    return [
        vanity("clicks", counterpart="", question=""),
        vanity("visits", counterpart="sql_to_custmer"),
        vanity("likes", counterpart="new_leads"),
        vanity("shown", counterpart="funnel"),
    ]
"""


def declared(name: str, **more: Any) -> Metric:
    return dataclasses.replace(METRICS["new_leads"], name=name, label=name, aliases=(), **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("alignment")
    project_of(found, TABLES, through="2026-03-31").close()
    return found


@pytest.fixture
def query(folder: Path) -> Iterator[Query]:
    found = Query.open(folder)
    yield found
    found.close()


def invoke(command: Any, *arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(command, [str(item) for item in arguments])
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done


# --- vanity ----------------------------------------------------------------------------------------------------------


def test_every_vanity_metric_stands_beside_its_counterpart(query: Query) -> None:
    found = {row["metric"]: row for row in vanity_register(query, "2026-02").dicts()}
    assert set(found) == {name for name, metric in METRICS.items() if metric.role == "vanity"}
    assert found["new_leads"] == {
        "metric": "new_leads", "label": "New leads", "value": 4.0, "unit": "count",
        "question": "How many of them become customers?",
        "counterpart": "sql_to_customer", "counterpart_value": 0.5, "counterpart_unit": "rate", "note": "",
    }  # fmt: skip
    for row in found.values():
        for cell, name in (("value", "metric"), ("counterpart_value", "counterpart")):
            answer = query.metric(str(row[name]), "2026-02")
            assert row[cell] == (answer.cell if answer.value is None else answer.value)


def test_a_number_that_cannot_be_had_is_its_cell_with_the_reason(query: Query) -> None:
    [row] = [row for row in vanity_register(query, "2026-03").dicts() if row["metric"] == "new_leads"]
    assert (row["value"], row["counterpart_value"]) == (0, "#DIV/0!")
    assert "REV-110" in str(row["note"])
    [row] = [row for row in vanity_register(query, "2025-03").dicts() if row["metric"] == "new_leads"]
    assert (row["value"], row["counterpart_value"]) == ("#N/A", "#N/A")
    assert "REV-204" in str(row["note"])


def test_the_default_is_the_last_month(query: Query) -> None:
    assert vanity_register(query) == vanity_register(query, "2026-02")


def test_a_plugin_whose_declaration_leads_nowhere_is_noted(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "acme.py").write_text(PLUGIN)
    query = project_of(tmp_path, TABLES, '[plugins]\nenabled = ["acme"]', through="2026-03-31")
    found = {str(row["metric"]).removeprefix("acme."): row for row in vanity_register(query, "2026-02").dicts()}
    query.close()
    assert found["clicks"]["note"] == "It names no question that it dodges. It names no counterpart."
    assert found["clicks"]["counterpart_value"] is None
    assert "Did you mean sql_to_customer?" in str(found["visits"]["note"])
    assert found["visits"]["counterpart"] == "sql_to_custmer"
    assert (found["likes"]["counterpart_value"], found["likes"]["note"]) == (4, "Its counterpart is vanity too.")
    assert (found["shown"]["counterpart_value"], found["shown"]["note"]) == (None, "funnel is a table.")


def test_a_period_nobody_can_read(query: Query) -> None:
    with pytest.raises(UserError) as caught:
        vanity_register(query, "Jan-22")
    assert caught.value.code == "REV-101"


def test_the_vanity_command(folder: Path) -> None:
    found = json.loads(invoke(vanity_command, "2026-02", "--project", folder, "--json").stdout)
    assert (found["period"], found["snapshot"]) == ("2026-02", "2026-03-31#1")
    [row] = [row for row in found["rows"] if row["metric"] == "new_leads"]
    assert row["counterpart_value"] == 0.5
    assert json.loads(invoke(vanity_command, "--project", folder, "--json").stdout) == found
    text = invoke(vanity_command, "2026-02", "--project", folder).output
    assert "new_leads" in text
    assert "50.0 %" in text
    assert invoke(vanity_command, "Jan-22", "--project", folder, code=2).output.startswith("REV-101")


# --- KPIs ------------------------------------------------------------------------------------------------------------


def test_the_matrix_is_what_is_declared(query: Query) -> None:
    found = kpi_matrix(query)
    assert found.columns == ("metric", "role", "marketing", "sales", "success", "finance", "product")
    assert len(found.units) == len(found.columns)
    rows = {str(row["metric"]): row for row in found.dicts()}
    assert set(rows) == set(METRICS)
    for name, metric in METRICS.items():
        assert {team for team in found.columns[2:] if rows[name][team] == "owns"} == set(metric.owners)
        assert rows[name]["role"] == (metric.role if metric.kind == "scalar" else metric.kind)


def test_adjacent_teams_share_kpis_today(query: Query) -> None:
    found = shared_kpis(query).dicts()
    assert [(row["team"], row["next_team"]) for row in found] == [("marketing", "sales"), ("sales", "success")]
    assert "cac" in str(found[0]["kpis"]).split(", ")
    assert "mql" not in str(found[0]["kpis"]).split(", ")  # shared, but leading
    assert "funnel" not in str(found[0]["kpis"]).split(", ")  # shared, but a table
    assert "logo_churn" in str(found[1]["kpis"]).split(", ")
    assert all(row["shared"] == len(str(row["kpis"]).split(", ")) for row in found)
    assert kpi_problems(query).rows == ()


def test_teams_that_share_nothing_are_a_problem(query: Query) -> None:
    # what is declared today shares; this catalogue does not
    query.session().catalogue = Catalogue(
        [
            declared("a", role="kpi", owners=("marketing", "product")),
            declared("b", role="leading", owners=("marketing", "sales")),
            declared("c", role="kpi", owners=("sales", "success")),
            declared("d", role="kpi", owners=()),
        ]
    )
    assert [row[0] for row in kpi_problems(query).rows] == ["marketing and sales share no KPI.", "d has no owner."]
    assert kpi_matrix(query).columns[2:] == ("marketing", "sales", "success", "product")


def test_the_kpis_command(folder: Path) -> None:
    found = json.loads(invoke(kpis_command, "--project", folder, "--json").stdout)
    assert found["teams"] == ["marketing", "sales", "success", "finance", "product"]
    assert {row["metric"] for row in found["rows"]} == set(METRICS)
    assert found["problems"] == []
    assert [row["next_team"] for row in found["shared"]] == ["sales", "success"]
    lines = invoke(kpis_command, "--project", folder).output.splitlines()
    [line] = [line for line in lines if line.startswith("cac ")]
    assert [cell.strip() for cell in line.split("│")] == ["cac", "kpi", "owns", "owns", "", "owns", ""]


def test_nothing_is_answered_while_nothing_is_published(tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text("")
    query = Query.open(tmp_path)
    for ask in (vanity_register, kpi_matrix, shared_kpis, kpi_problems):
        with pytest.raises(NoData) as caught:
            ask(query)
        assert caught.value.code == "REV-205"
    for command in (vanity_command, kpis_command):
        found = json.loads(invoke(command, "--project", tmp_path, "--json", code=1).stdout)
        assert found["status"] == "REV-205"
