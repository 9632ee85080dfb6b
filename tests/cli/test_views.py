"""Comparisons, currencies, profiles, parameters and bridges as people type them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from revalign_udf.cli import main
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name segment\nA Ada SMB\nB Bob ENT",
    "subscription": "id org_id started_at cancelled_at ended_at\nsA A 2025-12-01 - -\nsB B 2025-12-01 2026-01-20 2026-02-15",
    "subscription_item_period": (
        "id subscription_id valid_from amount interval\n1 sA 2025-12-01 100 month\n2 sB 2025-12-01 600 year"
    ),
    "opportunity": "id org_id created_at closed_at outcome amount type\n1 A 2025-11-01 2025-12-01 won 1200 new",
    "campaign": "id name\nk K",
    "campaign_cost": "campaign_id date amount\nk 2025-12-05 300\nk 2026-01-05 100",
    "lead": "id created_at\n1 2026-01-03\n2 2026-01-04\n3 2025-12-03",
    "goal": "metric period value\nmrr 2026-01 200",
    "fx_rate": "date from_currency to_currency rate\n2026-01-31 EUR USD 1.25\n2026-03-31 EUR USD 1.25\n2025-12-31 EUR USD 1.25",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    project_of(folder, TABLES, through="2026-03-31").close()
    return folder


def invoke(project: Path, *arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [*(str(item) for item in arguments), "--project", str(project)])
    assert done.exit_code == code, f"{done.exit_code}: {done.output}\n{done.exception!r}"
    return done


def ask(project: Path, *arguments: object, code: int = 0) -> Any:
    return json.loads(invoke(project, *arguments, "--json", code=code).stdout)


def test_compare(project: Path) -> None:
    found = ask(project, "metric", "mrr", "2026-02", "--compare", "previous", "--compare", "last_year")
    assert [item["with"] for item in found["comparisons"]] == ["previous", "last_year"]
    assert found["comparisons"][0] | {"message": ""} == {
        "with": "previous", "period": "2026-01", "value": 150, "difference": -50, "share": -1 / 3, "message": "",
    }  # fmt: skip
    shown = invoke(project, "metric", "mrr", "2026-01", "--compare", "target").output
    assert "against the target of 2026-01: -50.00 USD · 75.0 %" in shown
    assert "before the first record" in invoke(project, "metric", "mrr", "2026-01", "--compare", "last_year").output
    shown = invoke(project, "series", "mrr", "2026-01", "2026-02", "--compare", "previous").output
    assert "previous difference" in shown
    assert "-33.3 %" in shown
    # too wide for the screen: a line per number
    wide = invoke(project, "series", "mrr", "2026-01", "2026-02", "--compare", "previous,last_year,target").output
    assert any(line.split() == ["previous", "difference", "-50.00", "USD"] for line in wide.splitlines())
    rows = ask(project, "table", "mrr", "2026-02", "--compare", "previous")["rows"]
    assert rows == [{"period": "2026-02", "mrr": 100, "mrr previous difference": -50, "mrr previous share": -1 / 3}]
    assert "Did you mean previous" in invoke(project, "metric", "mrr", "2026-02", "--compare", "prevous", code=2).stderr


def test_currency_and_profile(project: Path) -> None:
    found = ask(project, "metric", "mrr", "2026-01", "--currency", "EUR")
    assert (found["value"], found["currency"]) == (120, "EUR")
    assert "120.00 EUR" in invoke(project, "metric", "mrr", "2026-01", "--currency", "eur").output
    assert "120.00 EUR" in invoke(project, "table", "mrr", "2026-01", "--currency", "EUR").output
    found = ask(project, "metric", "mrr", "2026-01", "--profile", "stripe")
    assert (found["value"], found["profile"]) == (100, "stripe")
    assert "stripe" in invoke(project, "metric", "mrr", "2026-01", "--profile", "strip", code=2).stderr
    assert invoke(project, "metric", "mrr", "2026-01", "--currency", "XYZ", code=2).stderr


def test_parameters(project: Path) -> None:
    assert ask(project, "metric", "cost_per_lead", "2026-01")["value"] == 50
    found = ask(project, "metric", "cost_per_lead", "2026-01", "--with", "lag=1")
    assert (found["value"], found["parameters"]) == (150, {"lag": "1"})
    assert ask(project, "metric", "cost_per_lead", "2026-01", "--where", "lag=1")["value"] == 150
    assert (
        "whole number from" in invoke(project, "metric", "cost_per_lead", "2026-01", "--with", "lag=x", code=2).stderr
    )
    assert "is not FIELD=VALUE" in invoke(project, "metric", "cost_per_lead", "2026-01", "--with", "lag", code=2).stderr
    assert "ltv_orders" in invoke(project, "metric", "ltv_to_cac", "2026-01", "--method", "ltv_order", code=2).stderr


def test_bridge(project: Path) -> None:
    found = ask(project, "bridge", "mrr", "2026-01", "--to", "stripe")
    assert (found["start"], found["end"], found["residual"]) == (150, 100, 0)
    assert found["items"][0]["item"] == "churn_date"
    found = ask(project, "bridge", "bookings", "mrr", "2025-12")
    assert found["residual"] == 0
    assert {item["item"]: item["value"] for item in found["items"]}["unmatched: paying, never booked"] == 50
    assert "Nothing is left over" in invoke(project, "bridge", "mrr", "mrr@stripe", "2026-01").output
    assert "Ada" not in invoke(project, "bridge", "bookings", "mrr", "2025-12").output
    assert "Bob" in invoke(project, "bridge", "bookings", "mrr", "2025-12").output
    assert "what to compare with" in invoke(project, "bridge", "mrr", "2026-01", code=2).stderr
    assert "no bridge" in invoke(project, "bridge", "mrr", "arr", "2026-01", code=2).stderr


def test_export_with_comparisons(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "mrr.csv"
    invoke(project, "export", "series", "mrr", "2026-01", "2026-02", "--compare", "previous", "--to", path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "period,mrr,previous_difference,previous_share,status"
    assert lines[2] == f"2026-02,100.0,-50.0,{-1 / 3},ok"
    invoke(project, "export", "metric", "mrr", "2026-02", "--compare", "target", "--currency", "USD", "--to", path)
    assert path.read_text(encoding="utf-8").splitlines()[0].startswith("metric,period,value,target_difference")
    invoke(project, "export", "bridge", "mrr", "mrr@stripe", "2026-01", "--to", path)
    assert path.read_text(encoding="utf-8").splitlines()[-1].startswith("mrr (stripe),,100.0")
    invoke(project, "export", "bridge", "mrr", "mrr", "2026-01", "--profile", "stripe", "--to", path, code=2)
    invoke(project, "export", "records", "mrr", "2026-02", "--compare", "target", "--to", path, code=2)
