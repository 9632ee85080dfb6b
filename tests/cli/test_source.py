"""source list, test, map, link: the connections of a project and who is who across them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from revalign_udf.cli import main
from revalign_udf.config import load
from revalign_udf.jobs import build, pull
from revalign_udf.query import Query
from revalign_udf.testing import rows_of

SETTINGS = """
[source.crm]
connector = "csv"
path = "crm"
[source.bill]
connector = "csv"
path = "bill"
"""
TABLES = {
    "crm/organization": "id name domain\n1 Acme acme.example\n2 North twin.example\n3 South twin.example\n4 Solo -",
    "bill/organization": "id name domain\nA Acme acme.example\nT Twin twin.example\nS Solo,GmbH -",
    "bill/subscription": "id org_id started_at\ns1 A 2026-01-01\ns2 T 2026-01-01\ns3 S 2026-01-01",
    "bill/subscription_item_period": """id subscription_id valid_from amount interval
        i1 s1 2026-01-01 100 month
        i2 s2 2026-01-01 10  month
        i3 s3 2026-01-01 1   month""",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in TABLES.items():
        path = tmp_path / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(rows_of(text).replace("Solo,GmbH", '"Solo, GmbH"'), encoding="utf-8")
    (tmp_path / "revalign.toml").write_text(SETTINGS, encoding="utf-8")
    reports = pull(load(tmp_path))
    assert [report.failures for report in reports] == [[], []]
    return tmp_path


def run(project: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["source", *words, "--project", str(project)])


def pairs(project: Path, *words: str) -> dict[tuple[str, str], dict[str, Any]]:
    shown = json.loads(run(project, "map", "--json", *words).stdout)["shown"]
    return {(f"{row['source_a']}:{row['id_a']}", f"{row['source_b']}:{row['id_b']}"): row for row in shown}


def customers(project: Path) -> float | None:
    build(load(project))
    query = Query(load(project).snapshots)
    try:
        return query.metric("customers", "2026-03").value
    finally:
        query.close()


def test_the_map_shows_what_to_decide_and_what_is_joined(project: Path) -> None:
    asked = pairs(project)
    assert set(asked) == {("bill:T", "crm:2"), ("bill:T", "crm:3"), ("bill:S", "crm:4")}
    assert asked["bill:S", "crm:4"]["name_b"] == "Solo"
    assert set(pairs(project, "--status", "joined")) == {("bill:A", "crm:1")}
    text = run(project, "map").stdout
    assert "organization: bill 3, crm 4" in text
    assert "3 decide, 1 joined" in text


def test_decisions_change_who_is_who_and_can_be_taken_back(project: Path) -> None:
    assert customers(project) == 3
    assert run(project, "link", "bill:T", "crm:2", "--note", "asked sales").exit_code == 0
    assert run(project, "link", "crm:2", "crm:3").exit_code == 0
    assert run(project, "link", "crm:4", "bill:S", "--not-same").exit_code == 0
    assert pairs(project) == {}
    assert set(pairs(project, "--status", "apart")) == {("bill:S", "crm:4")}
    # the two halves and the bill are one customer now, whatever they are called
    assert run(project, "link", "bill:T", "bill:S").exit_code == 0
    assert customers(project) == 2
    assert run(project, "link", "bill:T", "bill:S", "--undo").exit_code == 0
    assert customers(project) == 3
    kept = (project / "alignment" / "identity.csv").read_text(encoding="utf-8")
    assert "asked sales" in kept
    done = run(project, "link", "bill:T", "bill:S", "--undo")
    assert done.exit_code == 2
    assert "Nothing was decided" in done.output


def test_pairs_go_out_as_a_file_and_come_back_answered(project: Path) -> None:
    target = project / "pairs.csv"
    assert run(project, "map", "--to", str(target)).exit_code == 0
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["same"] for row in rows} == {""}
    (project / "alignment").mkdir()
    target.rename(project / "alignment" / "identity.csv")
    assert len(pairs(project)) == 3, "a question without an answer stays one"
    text = (project / "alignment" / "identity.csv").read_text(encoding="utf-8-sig")
    answered = text.replace("bill,S,crm,4,,", "bill,S,crm,4,yes,")
    assert answered != text
    (project / "alignment" / "identity.csv").write_text(answered, encoding="utf-8")
    assert set(pairs(project, "--status", "joined")) == {("bill:A", "crm:1"), ("bill:S", "crm:4")}


@pytest.mark.parametrize(
    ("words", "said"),
    [(("link", "bil:T", "crm:2"), "Did you mean bill?"), (("link", "T", "crm:2"), "crm:42"),
     (("link", "bill:T", "crm:2", "--undo", "--not-same"), "Leave one of them out"), (("test", "bil"), "Did you mean bill?")],
)  # fmt: skip
def test_slips(project: Path, words: tuple[str, ...], said: str) -> None:
    done = run(project, *words)
    assert done.exit_code == 2
    assert said in done.output


def test_sources_are_listed_and_tested(project: Path) -> None:
    assert json.loads(run(project, "list", "--json").stdout) == [
        {"name": "crm", "connector": "csv", "found": "yes"}, {"name": "bill", "connector": "csv", "found": "yes"},
    ]  # fmt: skip
    assert json.loads(run(project, "test", "crm", "--json").stdout)["ok"] is True


def test_a_decision_about_a_source_nobody_has_stops_the_build(project: Path) -> None:
    (project / "alignment").mkdir()
    (project / "alignment" / "identity.csv").write_text(
        "entity,source_a,id_a,source_b,id_b,same\norganization,crm,1,bll,A,yes\n", encoding="utf-8"
    )
    done = CliRunner().invoke(main, ["build", "--project", str(project)])
    assert done.exit_code == 2
    assert "Did you mean bill?" in done.output


def test_a_source_is_added_with_what_its_connector_needs(project: Path) -> None:
    settings = project / "revalign.toml"
    before = settings.read_text(encoding="utf-8")
    done = run(project, "add", "more", "--connector", "csv", "--set", "path=crm")
    assert done.exit_code == 0, done.output
    after = settings.read_text(encoding="utf-8")
    assert after.startswith(before.rstrip())
    assert after.endswith('[source.more]\nconnector = "csv"\npath = "crm"\n')
    assert load(project).sources["more"].settings == {"path": "crm"}
    assert json.loads(run(project, "test", "more", "--json").stdout)["ok"] is True


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("crm", "--connector", "csv"), "REV-302", "already"), (("x", "--connector", "cvs"), "REV-603", "Did you mean csv?"),
        (("x", "--connector", "csv", "--set", "pth=1"), "REV-302", "Did you mean path?"),
        (("x", "--connector", "csv", "--set", "path"), "REV-102", "--set"),
        (("a b", "--connector", "csv"), "REV-302", "letters"),
    ],
)  # fmt: skip
def test_what_cannot_be_added_leaves_the_settings_alone(
    project: Path, words: tuple[str, ...], code: str, said: str
) -> None:
    before = (project / "revalign.toml").read_bytes()
    done = run(project, "add", *words)
    assert done.exit_code == (1 if code == "REV-603" else 2)
    assert code in done.output
    assert said in " ".join(done.output.split())
    assert (project / "revalign.toml").read_bytes() == before
