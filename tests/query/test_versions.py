"""Versions of a definition: proposed, signed, pinned, replaced; a signed one never changes."""

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest

from revalign_udf.config import load
from revalign_udf.errors import NoData, StoreError, UnknownName, UserError
from revalign_udf.functions import call_cell, session
from revalign_udf.governance.signatures import SIGNATURES_FILE
from revalign_udf.jobs import build
from revalign_udf.jobs.closing import close_period
from revalign_udf.jobs.definitions import definitions_of, sign
from revalign_udf.metrics import METRICS
from revalign_udf.query import Query
from revalign_udf.query.definitions import Definitions, resolve
from revalign_udf.query.versions import impact
from revalign_udf.snapshots import Manifest, current
from revalign_udf.testing import project_of

# February: A 100 -> 150, B 50 -> gone, C 200 stays: NRR 350/350, kept (GRR) 300/350
TABLES = {
    "organization": "id name segment\nA Ada SMB\nB Bob ENT\nC Cat ENT",
    "subscription": "id org_id started_at ended_at\nsA A 2025-12-01 -\nsB B 2025-12-01 2026-02-15\nsC C 2025-12-01 -",
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        1  sA 2025-12-01 2026-02-10 100 month
        1b sA 2026-02-10 -          150 month
        2  sB 2025-12-01 -           50 month
        3  sC 2025-12-01 -          200 month""",
}
NRR = '[[metric]]\nname = "nrr"\nversion = 2\nformula = "ratio(kept_mrr, base_mrr)"\n'


def write(folder: Path, text: str) -> None:
    (folder / "definitions").mkdir(exist_ok=True)
    (folder / "definitions" / "metrics.toml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions")
    write(folder, NRR)
    project_of(folder, TABLES, through="2026-03-31").close()
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "project"))


def agree(folder: Path, name: str = "nrr", *teams: str) -> None:
    for team in teams or ("success", "finance"):
        sign(load(folder), name, team, "ada")


def now(folder: Path) -> Query:
    build(load(folder))
    return Query.open(folder)


def resolved(folder: Path, text: str) -> Definitions:
    write(folder, text)
    return resolve(folder)


# --- proposing and signing -------------------------------------------------------------------------------------------


def test_a_proposal_changes_no_number_until_every_owner_has_signed(folder: Path) -> None:
    query = Query.open(folder)
    assert (query.metric("nrr", "2026-02").value, query.metric("nrr", "2026-02").definition_version) == (1, 1)
    agree(folder, "nrr", "finance")
    query = now(folder)
    assert query.metric("nrr", "2026-02").value == 1
    agree(folder, "nrr", "success")
    assert query.metric("nrr", "2026-02").value == 1, "the published snapshot stays what it was"
    query = now(folder)
    found = query.metric("nrr", "2026-02")
    assert (found.value, found.definition_version, found.message) == (pytest.approx(300 / 350), 2, "")
    assert found.fingerprint.startswith("nrr v2 · d:")
    assert found.fingerprint.endswith(" · s:2026-03-31#3")


def test_a_metric_that_reads_it_follows_the_agreed_version(folder: Path) -> None:
    write(folder, '[[metric]]\nname = "cac"\nversion = 2\nformula = "acquisition_cost"\n')
    found = resolve(folder)
    assert [one.metric.version for one in found.versions["cac"]] == [1, 2]
    assert {metric.name: metric for metric in found.metrics}["cac"].version == 1


def test_the_owners_of_both_texts_sign_so_that_no_team_is_dropped(folder: Path) -> None:
    write(folder, NRR + 'owners = ["sales"]\n')
    assert resolve(folder).proposed[0].waiting == ("success", "finance", "sales")
    agree(folder, "nrr", "sales", "finance")
    assert resolve(folder).proposed[0].told == "proposed (waiting for: success)"
    agree(folder, "nrr", "success")
    assert resolve(folder).proposed == []


def test_an_edited_proposal_has_lost_its_signatures(folder: Path) -> None:
    agree(folder, "nrr", "finance")
    write(folder, NRR + 'definition = "What was kept."\n')
    assert resolve(folder).proposed[0].waiting == ("success", "finance")
    write(folder, NRR)
    assert resolve(folder).proposed[0].waiting == ("success",)


@pytest.mark.parametrize(
    "text",
    [
        NRR + 'definition = "Other."\n',
        "[[metric\n",
        pytest.param("", marks=pytest.mark.campaign),
        pytest.param(NRR.replace("kept_mrr", "keptmrr"), marks=pytest.mark.campaign),
    ],
)
def test_a_signed_definition_never_changes_whatever_becomes_of_the_file(folder: Path, text: str) -> None:
    agree(folder)
    before = now(folder).metric("nrr", "2026-02")
    write(folder, text)
    after = now(folder).metric("nrr", "2026-02")
    assert (after.exact, after.definition_version) == (before.exact, 2)
    assert after.fingerprint.split(" · ")[1] == before.fingerprint.split(" · ")[1]
    assert bool(resolve(folder).problems) == bool(text), "and an edit of it is told"


def test_a_third_version_stands_on_the_second_and_replaces_it(folder: Path) -> None:
    agree(folder)
    write(folder, NRR + '[[metric]]\nname = "nrr"\nversion = 3\ndefinition = "Third."\n')
    [proposed] = resolve(folder).proposed
    assert (proposed.metric.formula, proposed.metric.definition) == ("ratio(kept_mrr, base_mrr)", "Third.")
    agree(folder)
    states = [(one.metric.version, one.state) for one in resolve(folder).versions["nrr"]]
    assert states == [(1, "replaced"), (2, "replaced"), (3, "agreed")]
    query = now(folder)
    values = [query.metric("nrr", "2026-02", {"version": number}).value for number in ("1", "2", "3")]
    assert values == [1, pytest.approx(300 / 350), pytest.approx(300 / 350)]


def test_a_later_version_overtakes_one_never_signed(folder: Path) -> None:
    write(folder, NRR + '[[metric]]\nname = "nrr"\nversion = 3\ndefinition = "Third."\n')
    for team in ("success", "finance"):
        sign(load(folder), "nrr", team, version=3)
    states = {one.metric.version: one.state for one in resolve(folder).versions["nrr"]}
    assert states == {1: "replaced", 2: "overtaken", 3: "agreed"}
    with pytest.raises(UserError, match="Version 3 of nrr is agreed already"):
        sign(load(folder), "nrr", "finance", version=2)


def test_an_agreed_version_waits_for_its_day(folder: Path) -> None:
    write(folder, NRR + "valid_from = 2026-04-01\n")
    agree(folder)
    query = now(folder)  # speaks of 2026-03-31
    assert query.metric("nrr", "2026-02").definition_version == 1
    assert query.metric("nrr", "2026-02", {"version": "2"}).definition_version == 2
    assert resolve(folder, as_of=date(2026, 3, 31)).versions["nrr"][1].told == "agreed, from 2026-04-01"
    assert resolve(folder, as_of=date(2026, 4, 1)).versions["nrr"][1].state == "agreed"


def test_what_cannot_be_signed(folder: Path) -> None:
    project = load(folder)
    for arguments, code, says in (
        (("nrr", "sales"), "REV-106", "sales does not own nrr"),
        (("nrr", "finanse"), "REV-101", "Did you mean finance?"),
        (("nnr", "finance"), "REV-101", "Did you mean nrr?"),
        (("grr", "finance"), "REV-106", "Nothing is proposed for grr"),
        (("nrr", "finance", "", 1), "REV-106", "the catalogue's own"),
        (("nrr", "finance", "", 9), "REV-101", "has no version 9"),
    ):
        with pytest.raises(UserError) as caught:
            sign(project, *arguments)
        assert caught.value.code == code
        assert says in str(caught.value)
    assert not (folder / SIGNATURES_FILE).exists()


def test_a_formula_that_reads_what_nobody_agreed_on_is_not_signed(folder: Path) -> None:
    new = (
        '[[metric]]\nname = "kept_share"\nformula = "ratio(kept_mrr, base_mrr)"\nunit = "rate"\nowners = ["finance"]\n'
    )
    new += 'definition = "Kept."\n'
    write(folder, new + '[[metric]]\nname = "nrr"\nversion = 2\nformula = "1 * kept_share"\n')
    with pytest.raises(UserError, match="nrr reads kept_share, which is not agreed yet"):
        sign(load(folder), "nrr", "finance")
    query = now(folder)
    with pytest.raises(UserError, match="kept_share is proposed and not agreed yet") as caught:
        query.metric("kept_share", "2026-02")
    assert caught.value.code == "REV-106"
    assert query.metric("kept share", "2026-02", {"version": "1"}).value == pytest.approx(300 / 350)
    agree(folder, "kept_share", "finance")
    agree(folder)
    query = now(folder)
    assert query.metric("kept_share", "2026-02").exact == query.metric("nrr", "2026-02").exact


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ('formula = "ratio(kept_mrr, base_mrr"', "REV-102", "Cannot read the formula"),
        ('formula = "ratio(kept_mr, base_mrr)"', "REV-101", "Did you mean kept_mrr?"),
        ('formula = "ratoi(kept_mrr, base_mrr)"', "REV-101", "Did you mean ratio?"),
        ('formula = "ratio(kept_mrr)"', "REV-102", "does not take 1 numbers"),
        ('formula = "nrr + 1"', "REV-102", "reads nrr itself"),
        ('formula = "1 * funnel"', "REV-102", "funnel is a table"),
        ('formula = "kept_mrr + {days}"', "REV-102", "other than names"),
        ('owners = ["finanse"]', "REV-101", "Did you mean finance?"),
        ("owners = []", "REV-305", "nobody owns it"),
        ('owners = "finance"', "REV-305", "must be a list"),
        ('unit = "monye"', "REV-101", "Did you mean money?"),
        ('direction = "upp"', "REV-101", "Did you mean up?"),
        ('counterpart = "gr"', "REV-101", "Did you mean grr?"),
        ('dimensions = ["segmnt"]', "REV-101", "Did you mean segment?"),
        ('formulla = "mrr"', "REV-302", "Did you mean formula?"),
        ('valid_from = "soon"', "REV-305", "a date such as"),
        ("parameters = {days = 3}", "REV-101", 'Unknown parameter of nrr "days"'),
    ],
)
def test_a_proposal_nobody_could_use_is_told_and_left_out(tmp_path: Path, text: str, code: str, says: str) -> None:
    found = resolved(tmp_path, f'[[metric]]\nname = "nrr"\nversion = 2\n{text}\n')
    [problem] = found.problems
    assert (problem.error.code, problem.name, problem.version) == (code, "nrr", 2)
    assert says in str(problem)
    assert "metrics.toml" in str(problem)
    assert [one.metric.version for one in found.versions["nrr"]] == [1]
    assert found.metrics == list(METRICS.values())
    with pytest.raises(UserError, match=problem.error.message[-20:].replace("(", r"\(").replace(")", r"\)")):
        found.version("nrr", 2)


NEW = "formula = 'mrr'\nunit = 'money'\nowners = ['sales']\ndefinition = 'x'\n"
TWICE = "[[metric]]\nname = 'nrr'\nlabel = 'a'\n[[metric]]\nname = 'nrr'\nversion = 2\nlabel = 'b'\n"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("[[metric]\n", "REV-301", "cannot be read"),
        ("[[metrics]]\nname = 'nrr'\n", "REV-302", "Did you mean metric?"),
        ("metric = 3\n", "REV-305", "written [[metric]]"),
        ("[[metric]]\nversion = 2\n", "REV-305", "does not say its name"),
        ("[[metric]]\nname = 'nrr'\nversion = 0\n", "REV-305", "1 or more"),
        ("[[metric]]\nname = 'nrr'\nversion = true\n", "REV-305", "a whole number"),
        ("[[metric]]\nname = 'nrr'\nversion = 1\n", "REV-302", "the catalogue's own. Write it as version 2"),
        ("[[metric]]\nname = 'nrr'\n[[metric]]\nname = 'nrr'\n", "REV-302", "written twice"),
        (TWICE, "REV-106", "written twice"),
        (f"[[metric]]\nname = 'My metric'\n{NEW}", "REV-305", "small letters"),
        ("[[metric]]\nname = 'mine'\nformula = 'mrr'\n", "REV-305", "does not say its unit, definition, owners"),
        (f"[[metric]]\nname = 'base_mrr'\n{NEW}", "REV-302", "something else already"),
        ("[[metric]]\nname = 'funnel'\nversion = 2\nformula = 'mrr'\n", "REV-302", "has no formula"),
    ],
)
def test_a_file_nobody_could_read_stops_no_build(tmp_path: Path, text: str, code: str, says: str) -> None:
    found = resolved(tmp_path, text)
    assert [problem.error.code for problem in found.problems] == [code]
    assert says in str(found.problems[0])
    assert found.metrics == list(METRICS.values())


def test_a_build_goes_on_and_tells(folder: Path) -> None:
    write(folder, NRR + '[[metric]]\nname = "grr"\nversion = 2\nformula = "ratio("\n')
    done = build(load(folder))
    assert any("grr version 2" in note for note in done.notes)
    assert "nrr v2 is proposed (waiting for: success, finance)." in done.notes
    assert Query.open(folder).metric("grr", "2026-02").definition_version == 1


def test_two_agreed_definitions_that_read_each_other(folder: Path) -> None:
    """Each was sound when it was signed; together they would go in a circle."""
    write(folder, '[[metric]]\nname = "nrr"\nversion = 2\nformula = "1 * grr"\n')
    agree(folder)
    write(folder, '[[metric]]\nname = "grr"\nversion = 2\nformula = "1 * nrr"\n')
    with pytest.raises(UserError, match="grr version 2 reads itself: grr -> nrr -> grr"):
        sign(load(folder), "grr", "finance")
    # two people who sign at the same time, each before the other is done
    lines = [json.loads(line) for line in (folder / SIGNATURES_FILE).read_text().splitlines()]
    text = resolve(folder).proposed[0].metric.as_dict()
    own = [{**line, "name": "grr", "digest": "x", "definition": text} for line in lines]
    (folder / SIGNATURES_FILE).write_text("".join(json.dumps(line) + "\n" for line in (*lines, *own)))
    write(folder, "")
    found = resolve(folder)
    assert "reads itself: grr -> nrr -> grr" in str(found.problems[0])
    assert now(folder).metric("grr", "2026-02").definition_version == 1


def test_signatures_that_cannot_be_read_stop_a_build(folder: Path) -> None:
    (folder / "governance").mkdir(exist_ok=True)
    (folder / SIGNATURES_FILE).write_text("<<<<<<<\n")
    with pytest.raises(StoreError, match="nobody can say what is agreed"):
        build(load(folder))


# --- pinning ---------------------------------------------------------------------------------------------------------


def test_a_question_pins_a_version(folder: Path) -> None:
    query = Query.open(folder)
    found = query.metric("NRR", "2026-02", {"Version": "v2", "segment": "SMB"})
    assert (found.value, found.definition_version, found.where) == (1, 2, {"segment": "SMB"})
    assert found.message == "By version 2 of the definition, which is proposed (waiting for: success, finance)."
    assert query.metric("nrr", "2026-02", {"version": " "}).definition_version == 1
    assert query.metric("nrr", "2026-02", {"version": "1"}).message == ""
    by = dict(query.breakdown("nrr", "2026-02", "segment", {"version": "2"}))
    assert {value: answer.value for value, answer in by.items()} == {"SMB": 1, "ENT": 0.8}
    assert [a.value for a in query.series("nrr", "2026-01", "2026-02", None, {"version": "2"})] == [
        1,
        pytest.approx(6 / 7),
    ]
    why = query.explain("nrr", "2026-02", {"version": "2"})
    assert why.formula == "ratio(kept_mrr, base_mrr)"
    assert {row["component"] for row in why.records.dicts()} == {"kept_mrr", "base_mrr"}
    assert query.metric("nrr", "2026-02", compare="previous").value == 1


def test_same_formula_and_another_text_are_two_fingerprints(folder: Path) -> None:
    write(folder, '[[metric]]\nname = "nrr"\nversion = 2\ndefinition = "The same in other words."\n')
    query = now(folder)
    first, second = (query.metric("nrr", "2026-02", {"version": number}) for number in "12")
    assert first.exact == second.exact
    assert first.fingerprint.split(" · ")[:2] != second.fingerprint.split(" · ")[:2]
    assert query.metric("nrr", "2026-02").fingerprint == first.fingerprint


def test_a_cell_pins_a_version(folder: Path) -> None:
    session.use(Query.open(folder))
    try:
        assert call_cell("METRIC", ["nrr", "2026-02", "", "version", 2.0])["cell"] == pytest.approx(300 / 350)
        assert call_cell("METRIC", ["nrr", "2026-02", None, "version", 1]) == {"cell": 1}
        assert "It has: 1, 2." in call_cell("METRIC", ["nrr", "2026-02", "", "version", 9])["message"]
    finally:
        session.use(None)


def test_pins_that_mean_nothing(folder: Path) -> None:
    query = Query.open(folder)
    for version, code, says in (("7", "REV-101", "It has: 1, 2."), ("two", "REV-102", "is a whole number")):
        with pytest.raises(UserError, match=says.replace(".", r"\.")) as caught:
            query.metric("nrr", "2026-02", {"version": version})
        assert caught.value.code == code
    with pytest.raises(UserError, match="grr has no version 2"):
        query.metric("grr", "2026-02", {"version": "2"})
    with pytest.raises(UnknownName):
        query.metric("nnr", "2026-02", {"version": "2"})
    with pytest.raises(UserError, match="The profile stripe defines logo_churn itself"):
        query.metric("logo_churn", "2026-02", {"version": "1"}, profile="stripe")


def test_parameters_have_new_defaults(tmp_path: Path) -> None:
    found = resolved(tmp_path, '[[metric]]\nname = "trial_to_paid"\nversion = 2\n[metric.parameters]\ndays = 60\n')
    [made] = found.proposed
    assert [item.default for item in made.metric.parameters] == ["60"]
    text = '[[metric]]\nname = "trial_to_paid"\nversion = 2\n[metric.parameters]\ndays = "soon"\n'
    [problem] = resolved(tmp_path, text).problems
    assert problem.error.code == "REV-102"


def test_a_closed_month_keeps_its_definition(folder: Path) -> None:
    close_period(load(folder), "2026-02", "done", "ada")
    agree(folder)
    query = now(folder)
    closed, open_one = query.metric("nrr", "2026-02"), query.metric("nrr", "2026-01")
    assert (closed.value, closed.definition_version) == (1, 1)
    assert open_one.definition_version == 2
    pinned = query.metric("nrr", "2026-02", {"version": "2"})
    assert (pinned.value, pinned.definition_version) == (pytest.approx(300 / 350), 2), "not the number that was closed"
    assert query.metric("nrr", "2026-02", as_of="today").definition_version == 2


# --- manifests -------------------------------------------------------------------------------------------------------


def test_a_manifest_holds_every_version_and_one_without_is_read(folder: Path) -> None:
    snapshots = load(folder).snapshots
    path = snapshots / current(snapshots)
    manifest = Manifest.read(path)
    assert [(item["version"], item["state"], item["waiting_for"]) for item in manifest.versions] == [
        (1, "agreed", []), (2, "proposed", ["success", "finance"]),
    ]  # fmt: skip
    raw = json.loads((path / "manifest.json").read_text())
    del raw["versions"]
    (path / "manifest.json").write_text(json.dumps(raw))
    query = Query.open(folder)
    assert query.metric("nrr", "2026-02", {"version": "1"}).value == 1
    with pytest.raises(UserError, match="nrr has no version 2"):
        query.metric("nrr", "2026-02", {"version": "2"})


# --- impact ----------------------------------------------------------------------------------------------------------


def test_the_impact_counts_customers_whose_records_count_otherwise(folder: Path) -> None:
    query = Query.open(folder)
    months = [query.period("2026-01"), query.period("2026-02")]
    new = resolve(folder).proposed[0].metric
    quiet, moved = impact(query.session(), METRICS["nrr"], new, months)
    assert (quiet.difference, quiet.customers, quiet.records) == (0, 0, 0)
    assert moved.difference is not None
    assert float(moved.difference) == pytest.approx(300 / 350 - 1)
    assert (moved.customers, moved.records) == (1, 0), "A grew: 150 kept or 100; C is the same under both names"


def test_other_arithmetic_over_the_same_records_changes_no_customer(folder: Path) -> None:
    query = Query.open(folder)
    text = tomllib.loads(NRR.replace("ratio(kept_mrr, base_mrr)", "2 * ratio(retained_mrr, base_mrr)"))["metric"][0]
    write(folder, "[[metric]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in text.items()))
    [change] = impact(query.session(), METRICS["nrr"], resolve(folder).proposed[0].metric, [query.period("2026-02")])
    assert (change.difference, change.customers) == (1, 0)


def test_the_impact_of_what_is_no_number_and_of_what_is_no_sum(folder: Path) -> None:
    query = Query.open(folder)
    asked, month = query.session(), [query.period("2026-02")]
    with pytest.raises(UserError, match="funnel is a table"):
        impact(asked, METRICS["funnel"], METRICS["funnel"], month)
    [change] = impact(asked, METRICS["nrr"], METRICS["customer_lifetime"], month)
    assert (change.difference, change.customers) == (None, None)
    [before] = impact(asked, METRICS["nrr"], resolve(folder).proposed[0].metric, [query.period("2024-01")])
    assert before.after.status == "REV-204"
    assert before.as_json()["difference"] is None


def test_definitions_of_a_project_hold_those_of_its_plugins(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "acme.py").write_text(
        "from dataclasses import replace\nfrom revalign_udf.hookspecs import hookimpl\n"
        "from revalign_udf.metrics import METRICS\n\n\n@hookimpl\ndef register_metrics():\n"
        '    return [replace(METRICS["nrr"], name="acme.kept", label="Kept", aliases=(), owners=("partners",))]\n'
    )
    (tmp_path / "revalign.toml").write_text('[plugins]\nenabled = ["acme"]\n')
    write(tmp_path, '[[metric]]\nname = "acme.kept"\nversion = 2\nformula = "ratio(kept_mrr, base_mrr)"\n')
    found, catalogue = definitions_of(load(tmp_path))
    assert found.problems == []
    assert found.proposed[0].waiting == ("partners",)
    assert catalogue.metric("kept").name == "acme.kept"
    assert sign(load(tmp_path), "acme.kept", "partners")[0].agreed


def test_nothing_published_yet(tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text("")
    write(tmp_path, NRR)
    with pytest.raises(NoData):
        Query.open(tmp_path).metric("nrr", "2026-02", {"version": "2"})
