"""The KPI matrix a project writes: who owns what, what adjacent teams share, what excludes each other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from revalign_udf.alignment import kpi_conflicts, kpi_matrix, kpi_problems, shared_kpis
from revalign_udf.cli.alignment import kpis_command
from revalign_udf.errors import ConfigError
from revalign_udf.metrics import METRICS
from revalign_udf.query import Query
from revalign_udf.query.names import Catalogue
from revalign_udf.query.tables.kpis import conflicts, kpis_of
from revalign_udf.testing import project_of

KPIS = """team,metric,relation,direction,exclusive_with
marketing,trials,owns,,
marketing,CAC,feeds,down,
sales,trial_to_paid,owns,up,
sales,cac,owns,,
sales,nps,watches,,
success,nps,owns,,
product,nps,feeds,,
finance,mrr,owns,,
"""


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    folder = tmp_path_factory.mktemp("kpis")
    (folder / "alignment").mkdir()
    (folder / "alignment" / "kpis.csv").write_text(KPIS)
    return project_of(folder, {"lead": "id created_at\n1 2026-02-01"}, through="2026-03-31")


def found(*rows: dict[str, Any]) -> list[tuple[str, ...]]:
    catalogue = Catalogue([*METRICS.values()])
    return conflicts(catalogue, kpis_of(catalogue, {"kpis": rows})[0])


def kpi(team: str, metric: str, relation: str = "owns", **more: Any) -> dict[str, Any]:
    return {"team": team, "metric": metric, "relation": relation, **more}


def test_the_matrix_is_what_the_project_writes(query: Query) -> None:
    matrix = kpi_matrix(query)
    assert matrix.columns == ("metric", "role", "marketing", "sales", "success", "finance", "product")
    rows = {row[0]: row[1:] for row in matrix.rows}
    assert rows == {
        "cac": ("kpi", "feeds", "owns", "", "", ""),
        "mrr": ("kpi", "", "", "", "owns", ""),
        "nps": ("kpi", "", "watches", "owns", "", "feeds"),
        "trial_to_paid": ("kpi", "", "owns", "", "", ""),
        "trials": ("leading", "owns", "", "", "", ""),
    }


def test_who_only_watches_shares_nothing(query: Query) -> None:
    pairs = {(row["team"], row["next_team"]): row["kpis"] for row in shared_kpis(query).dicts()}
    assert pairs == {
        ("marketing", "sales"): "cac", ("sales", "success"): "", ("success", "product"): "nps", ("product", "finance"): "",
    }  # fmt: skip
    problems = [row[0] for row in kpi_problems(query).rows]
    assert problems[:2] == ["sales and success share no KPI.", "product and finance share no KPI."]
    assert len(problems) == 3


def test_two_directions_that_pull_one_component_opposite_ways_are_detected(query: Query) -> None:
    [row] = kpi_conflicts(query).dicts()
    assert (row["team"], row["metric"], row["other_team"], row["other_metric"]) == (
        "marketing",
        "trials",
        "sales",
        "trial_to_paid",
    )
    assert (row["component"], row["found"]) == ("trials", "detected")
    assert row["explanation"] == (
        "marketing wants trials up, which pulls trials up; sales wants trial_to_paid up, which pulls trials down"
        " (trials: trials begun)."
    )


def test_pairs_that_do_not_pull_against_each_other_are_not() -> None:
    assert found(kpi("marketing", "trials"), kpi("sales", "trials")) == []
    assert found(kpi("marketing", "trials"), kpi("sales", "win_rate")) == []  # no component in common
    assert found(kpi("marketing", "trials", "watches"), kpi("sales", "trial_to_paid")) == []
    # sales is measured on both and weighs them itself
    assert found(kpi("marketing", "trials"), kpi("sales", "trials"), kpi("sales", "trial_to_paid")) == []
    # what fewer trials do to the number that marketing wants low is the same as what sales wants
    assert found(kpi("marketing", "trials", direction="down"), kpi("sales", "trial_to_paid")) == []
    # nobody has said which way
    assert found(kpi("marketing", "campaign_cost"), kpi("sales", "cost_per_lead")) == []


def test_an_uncertain_sign_is_no_conflict() -> None:
    # ltv_to_cac holds new customers in a way that depends on the sign of the value
    assert found(kpi("marketing", "new_customers", direction="down"), kpi("finance", "ltv_to_cac")) == []
    assert found(kpi("marketing", "new_customers", direction="down"), kpi("finance", "cac")) != []


def test_one_metric_wanted_both_ways() -> None:
    [row] = found(kpi("sales", "aov", direction="up"), kpi("marketing", "aov", direction="down"))
    assert row[-1] == "sales wants aov up, marketing wants it down."


def test_declared_pairs_are_found_from_either_side_and_only_where_the_other_has_a_team() -> None:
    for one, other in (("bookings", "bookings_retained"), ("bookings_retained", "bookings")):
        [row] = found(kpi("sales", one, exclusive_with=other), kpi("success", other))
        assert row[7] == "declared"
    assert found(kpi("sales", "demos", exclusive_with=["win_rate", "nrr"]), kpi("success", "nps")) == []


def test_losses_are_signed() -> None:
    # churned MRR is below zero: wanting it up is wanting less churn, and so is the quick ratio
    assert found(kpi("sales", "churned_mrr", direction="up"), kpi("success", "quick_ratio")) == []
    assert found(kpi("sales", "churned_mrr", direction="down"), kpi("success", "quick_ratio")) != []


@pytest.mark.parametrize(
    ("row", "said", "hint"),
    [
        (kpi("marketting", "nrr"), "team is 'marketting'", "Did you mean marketing?"),
        (kpi("sales", "nnr"), 'Unknown metric "nnr"', "Did you mean nrr?"),
        (kpi("sales", "nrr", "own"), "relation is 'own'", "Did you mean owns?"),
        (kpi("sales", "nrr", direction="upp"), "direction is 'upp'", "Did you mean up?"),
        (kpi("sales", "nrr", exclusive_with="gr"), 'Unknown metric "gr"', "Did you mean"),
    ],
)
def test_a_row_that_cannot_be_read(row: dict[str, Any], said: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="kpis 2: ") as caught:
        found(kpi("success", "nps"), row)
    assert caught.value.code == "REV-305"
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_team_that_says_two_things_of_one_metric() -> None:
    with pytest.raises(ConfigError, match="kpis 2: sales says twice"):
        found(kpi("sales", "nrr"), kpi("sales", "net revenue retention", "feeds"))


def test_the_command_shows_the_grid_and_the_conflicts(query: Query) -> None:
    folder = query.root.parent if (query.root.parent / "revalign.toml").exists() else query.root.parent.parent
    done = CliRunner().invoke(kpis_command, ["--project", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["conflicts"][0]["component"] == "trials"
    assert len(told["problems"]) == 3
    text = CliRunner().invoke(kpis_command, ["--project", str(folder)]).output
    assert "Problem: sales and success share no KPI." in text


def test_it_is_a_table_metric_as_well(query: Query) -> None:
    for name, table in (("kpis", kpi_matrix), ("kpis_shared", shared_kpis), ("kpi_conflicts", kpi_conflicts)):
        assert query.metric(name, "2026-02").rows == table(query)
