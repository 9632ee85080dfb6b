"""metrics list, show, diff, sign and stages, as people type them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from revalign_udf.cli import main
from revalign_udf.governance import history
from revalign_udf.testing import project_of

TABLES = {
    "organization": "id name\nA Ada\nB Bob\nC Cat",
    "subscription": "id org_id started_at ended_at\nsA A 2025-12-01 -\nsB B 2025-12-01 2026-02-15\nsC C 2025-12-01 -",
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        1  sA 2025-12-01 2026-02-10 100 month
        1b sA 2026-02-10 -          150 month
        2  sB 2025-12-01 -           50 month
        3  sC 2025-12-01 -          200 month""",
    "lead": "id created_at\nL1 2026-02-01",
    "lifecycle_event": "id subject_type subject_id stage occurred_at\n1 lead L1 warm 2026-02-06",
}
NRR = '[[metric]]\nname = "nrr"\nversion = 2\nformula = "ratio(kept_mrr, base_mrr)"\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("definitions")
    (folder / "definitions").mkdir()
    for name, score in (("marketing", 60), ("sales", 75)):
        (folder / "definitions" / f"{name}.toml").write_text(f'[qualified_lead]\nscore = {score}\nfield = "Email"\n')
    (folder / "definitions" / "metrics.toml").write_text(NRR)
    project_of(folder, TABLES, through="2026-03-31").close()
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "project"))


def invoke(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(item) for item in arguments])
    assert done.exit_code == code, f"{done.exit_code}: {done.output}\n{done.exception!r}"
    return done


def ask(*arguments: object, code: int = 0) -> Any:
    return json.loads(invoke(*arguments, "--json", code=code).stdout)


def test_where_the_teams_differ(folder: Path) -> None:
    found = ask("metrics", "diff", "--project", folder)
    assert found["counts"] == {"different": 1, "unanswered": 0, "agreed": 1}
    assert found["teams"] == ["marketing", "sales"]
    assert [row["state"] for row in found["rows"]] == ["agreed", "different"]
    assert invoke("metrics", "diff", "--project", folder).output.endswith("1 different, 0 unanswered, 1 agreed\n")
    (folder / "definitions" / "sels.toml").write_text("[qualified_lead]\nscore = 1\n")
    assert "Did you mean sales?" in invoke("metrics", "diff", "--project", folder, code=2).stderr


def test_nobody_has_answered(tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text("")
    assert ask("metrics", "diff", "--project", tmp_path, code=1)["status"] == "REV-204"


def test_what_a_proposal_does_to_each_month(folder: Path) -> None:
    lines = invoke("metrics", "diff", "nrr", "--last", 2, "--project", folder).output.splitlines()
    assert lines == ["NRR Jan 2026: 100.0 % -> 100.0 %, 0 customers", "NRR Feb 2026: 100.0 % -> 85.7 %, 1 customer"]
    found = ask("metrics", "diff", "net revenue retention", "--from", 2, "--to", 1, "--last", 1, "--project", folder)
    assert (found["from_version"], found["to_version"], found["snapshot"]) == (2, 1, "2026-03-31#1")
    [row] = found["rows"]
    assert (row["period"], row["to"], row["customers"], row["closed"]) == ("2026-02", 1, 1, False)
    assert row["difference"] == pytest.approx(1 - 300 / 350)


def test_the_impact_is_that_of_the_text_as_it_stands(folder: Path) -> None:
    """What is signed is the file of today, not the one of the last build."""
    (folder / "definitions" / "metrics.toml").write_text(NRR.replace("kept_mrr, base", "base_mrr, base"))
    found = ask("metrics", "diff", "nrr", "--last", 1, "--project", folder)
    assert [row["to"] for row in found["rows"]] == [1]


def test_a_closed_month_stays(folder: Path) -> None:
    invoke("period", "close", "2026-01", "--reason", "done", "--project", folder)
    text = invoke("metrics", "diff", "nrr", "--last", 2, "--project", folder).output
    assert "NRR Jan 2026: 100.0 % -> 100.0 %, 0 customers, closed: its number stays" in text
    assert text.count("stays") == 1


def test_diffs_that_mean_nothing(folder: Path) -> None:
    for arguments, says in (
        (("nnr",), "Did you mean nrr?"),
        (("grr",), "Nothing is proposed for grr"),
        (("nrr", "--to", 9), "has no version 9"),
        (("nrr", "--from", 2), "cannot be compared with itself"),
        (("nrr", "--last", 0), "Take 1 to 60"),
    ):
        assert says in " ".join(invoke("metrics", "diff", *arguments, "--project", folder, code=2).stderr.split())
    (folder / "definitions" / "metrics.toml").write_text(NRR.replace("kept_mrr", "kept_mr"))
    assert "Did you mean kept_mrr?" in invoke("metrics", "diff", "nrr", "--project", folder, code=2).stderr


def test_from_a_proposal_to_an_agreed_definition(folder: Path) -> None:
    listed = [item for item in ask("metrics", "list", "--project", folder) if item["name"] == "nrr"]
    assert [(item["version"], item["state"], item["waiting_for"]) for item in listed] == [
        (1, "agreed", []), (2, "proposed", ["success", "finance"]),
    ]  # fmt: skip
    assert "proposed (waiting for: success, finance)" in invoke("metrics", "show", "nrr", "--project", folder).output
    assert "1 is proposed" not in invoke("metrics", "list", "--project", folder).output
    made = ask("metrics", "sign", "nrr", "--team", "Finance", "--by", "ada", "--project", folder)
    assert (made["state"], made["waiting_for"], made["who"]) == ("proposed", ["success"], "ada")
    assert "REV-106" in invoke("metrics", "sign", "nrr", "--team", "sales", "--project", folder, code=2).stderr
    assert (
        "it is agreed"
        in invoke("metrics", "sign", "nrr", "--team", "success", "--by", "bob", "--project", folder).output
    )
    shown = ask("metrics", "show", "nrr", "--project", folder)
    assert (shown["version"], [item["who"] for item in shown["signatures"]]) == (2, ["ada", "bob"])
    assert (
        ask("metrics", "show", "nrr", "--version", 1, "--project", folder)["formula"] == "ratio(retained_mrr, base_mrr)"
    )
    assert "finance: ada" in invoke("metrics", "show", "nrr", "--project", folder).output
    signed = [entry.details for entry in history(folder) if entry.action == "definition signed"]
    assert [(item["team"], item["by"], item["agreed"]) for item in signed] == [
        ("finance", "ada", False),
        ("success", "bob", True),
    ]
    assert ask("build", "--project", folder)["new"]
    assert ask("metric", "nrr", "2026-02", "--project", folder)["definition_version"] == 2
    assert ask("metric", "nrr", "2026-02", "--with", "version=1", "--project", folder)["value"] == 1


def test_a_new_metric_has_nothing_to_be_compared_with(folder: Path) -> None:
    (folder / "definitions" / "metrics.toml").write_text(
        '[[metric]]\nname = "mine"\nformula = "2 * mrr"\nunit = "money"\nowners = ["sales"]\ndefinition = "Twice."\n'
    )
    assert "nothing has been agreed" in invoke("metrics", "diff", "mine", "--project", folder, code=2).stderr
    assert ask("metrics", "show", "mine", "--project", folder)["state"] == "proposed"


def test_doctor_and_build_tell(folder: Path) -> None:
    found = {item["text"]: item["state"] for item in ask("doctor", "--project", folder)["findings"]}
    assert found["nrr v2 is proposed (waiting for: success, finance)"] == "note"
    assert found["warm of files is unknown: 1 events; map it in alignment/stages.toml"] == "note"
    (folder / "definitions" / "metrics.toml").write_text(NRR.replace("kept_mrr", "kept_mr"))
    found = {item["text"]: item["state"] for item in ask("doctor", "--project", folder, code=1)["findings"]}
    [told] = [text for text in found if "nrr version 2" in text]
    assert (found[told], "Did you mean kept_mrr?" in told) == ("problem", True)
    notes = ask("build", "--project", folder)["notes"]
    assert told in notes
    assert 'files: unknown stage "warm": 1 events are left out; map it in alignment/stages.toml.' in notes


def test_stages(folder: Path) -> None:
    found = ask("stages", "--project", folder)
    assert [row["stage"] for row in found["stages"]][:3] == ["lead", "mql", "sal"]
    assert [(row["stage"], row["events"]) for row in found["unknown"]] == [("warm", 1)]
    assert "Nobody has mapped any stage" in invoke("stages", "--project", folder).output
    (folder / "alignment").mkdir()
    (folder / "alignment" / "stages.csv").write_text(
        "object,source_stage,stage,owner_team\nlead,warm,mql,marketing\nlead,sal,sal,\n"
    )
    invoke("build", "--project", folder)
    text = invoke("stages", "--project", folder).output
    assert text.startswith("Stage map ")
    assert "Problem: Nobody owns the stage sal." in text
    assert ask("stages", "--project", folder)["unknown"] == []
