"""A report of one's own on the command line: begun, listed, checked, built."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from revalign_udf.cli import main
from revalign_udf.errors import UserError
from revalign_udf.jobs import init_project
from revalign_udf.layout import available, find, packaged, read
from revalign_udf.layout.starting import choose, copied, starting
from revalign_udf.metrics import METRICS
from revalign_udf.query.names import Catalogue
from revalign_udf.testing import project_of

COMPANY = {
    "organization": "id name segment\na a small\nb b large\nc c small",
    "subscription": "id org_id started_at\na a 2026-01-01\nb b 2026-01-01\nc c 2026-08-01",
    "subscription_item_period": (
        "id subscription_id valid_from valid_to amount interval\n"
        "1 a 2026-01-01 - 100 month\n2 b 2026-02-01 - 250 month\n3 c 2026-08-01 - 50 month"
    ),
}
Values = dict[str, list[list[Any]]]
EVERY = Catalogue(list(METRICS.values()))


def run(*arguments: object, code: int = 0) -> Result:
    found = CliRunner().invoke(main, ["workbook", *map(str, arguments)])
    assert found.exit_code == code, f"{found.output}\n{found.exception!r}"
    return found


def ask(*arguments: object, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def taken(text: str) -> str:
    """A layout with every example behind a # taken in."""
    example = r"(?m)^([ ]*)# ((?:\[\[|\w+ = |\{ metric).*)$"
    return re.sub(example, r"\1\2", text)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "company"
    project_of(folder, COMPANY, through="2026-09-30").close()
    return folder


@pytest.fixture
def project(company: Path, tmp_path: Path) -> Path:
    """The company with no report of its own."""
    return Path(shutil.copytree(company, tmp_path / "company"))


@pytest.fixture
def unbuilt(tmp_path: Path) -> Path:
    """A project that has published nothing."""
    return init_project(tmp_path / "unbuilt")


# --- new --------------------------------------------------------------------------------------------------------------


def test_a_new_report_works_at_once(project: Path, values_of: Callable[[Path], Values]) -> None:
    found = ask("new", "board_pack", "--project", project)
    layout = project / "workbooks" / "board_pack" / "layout.toml"
    assert found == {
        "report": "board_pack", "from": None, "hides": False, "problems": [], "notes": [],
        "files": [str(layout), str(layout.with_name("README.md"))],
    }  # fmt: skip
    plan = read(layout)
    assert (plan.title, [tab.name for tab in plan.tabs]) == ("Board pack", ["By month", "By segment"])
    run("build", "board_pack", "--project", project)
    rows = values_of(project / "output" / "board_pack.xlsx")["By month"]
    numbers = {row[0]: row[1:3] for row in rows if str(row[0]).startswith("2026-")}
    assert (numbers["2026-01"], numbers["2026-07"], numbers["2026-09"]) == ([100, 1], [350, 2], [400, 3])
    assert "revalign workbook build board_pack" in layout.with_name("README.md").read_text()


def test_what_it_shows_is_what_the_company_has(tmp_path: Path) -> None:
    tables = {
        "organization": "id name country\na a DE\nb b FR",
        "invoice": "id org_id issued_at status\n1 a 2026-08-03 paid\n2 b 2026-08-04 paid",
        "invoice_line": "id invoice_id amount kind\n1 1 100 one_time\n2 2 50 one_time",
    }
    project_of(tmp_path, tables, through="2026-09-30").close()
    ask("new", "shop", "--project", tmp_path)
    plan = read(tmp_path / "workbooks" / "shop" / "layout.toml")
    shown = [metric.metric for metric in plan.tabs[0].blocks[0].metrics]
    assert shown[0] == "revenue", shown
    assert "mrr" not in shown
    assert plan.tabs[1].blocks[0].by == "country", "the one dimension whose values the company has"


def test_metrics_asked_for(project: Path) -> None:
    ask("new", "mine", "--metrics", "ARR, net revenue retention,nrr,funnel,clv_model", "--project", project)
    plan = read(project / "workbooks" / "mine" / "layout.toml")
    months, cut, tables = plan.tabs
    assert [metric.metric for metric in months.blocks[0].metrics] == ["arr", "nrr"]
    assert [metric.metric for metric in cut.blocks[0].metrics] == ["arr", "nrr"]
    assert [block.metrics[0].metric for block in tables.blocks] == ["funnel", "clv_model"]


def test_a_metric_without_data_is_said_and_no_failure(project: Path) -> None:
    found = run("new", "hopeful", "--metrics", "mrr,nps", "--project", project)
    assert "tab[months].block[by_month]: NPS has no number: REV-201" in found.stdout
    (note, *_) = ask("check", "hopeful", "--project", project)[0]["notes"]
    assert note.startswith("tab[months].block[by_month]: NPS has no number: REV-201")


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ("mrr,nnr", "Did you mean nrr?"),
        ("churn", '"churn" can mean logo_churn or revenue_churn_gross or revenue_churn_net'),
        (" , ", "--metrics names none."),
    ],
)
def test_metrics_that_mean_nothing_write_nothing(project: Path, metrics: str, says: str) -> None:
    assert says in run("new", "board", "--metrics", metrics, "--project", project, code=2).stderr
    assert not (project / "workbooks").exists() or not list((project / "workbooks").iterdir())


@pytest.mark.parametrize("name", ["../board", "a/b", "a\\b", ".board", "board.toml", "two words", "", "böard!", "a\nb"])
def test_names_that_are_paths_or_worse(project: Path, name: str) -> None:
    refused = run("new", "--project", project, "--", name, code=2)
    assert refused.stderr.startswith("REV-102 ")
    assert "is no name for a report" in refused.stderr
    assert not list(project.glob("workbooks/*"))
    assert not list(project.parent.glob("board*"))


def test_a_name_that_is_none_is_answered_with_one_that_is(project: Path) -> None:
    assert "For instance: two_words." in run("new", "two words!", "--project", project, code=2).stderr


def test_names_of_any_letters(unbuilt: Path) -> None:
    for name in ("Q3-2026", "_draft", "Übersicht", "отчёт", "2026"):
        assert ask("new", name, "--project", unbuilt)["problems"] == []
        assert read(find(name, unbuilt)).key == name


def test_nothing_is_written_over(project: Path) -> None:
    run("new", "board", "--project", project)
    layout = project / "workbooks" / "board" / "layout.toml"
    layout.write_text("mine")
    refused = run("new", "board", "--from", "saas_metrics", "--project", project, code=2)
    assert refused.stderr.startswith("REV-306 There is ")
    assert f"change {layout}" in refused.stderr
    assert layout.read_text() == "mine"
    (project / "workbooks" / "empty").mkdir()
    assert "remove it" in run("new", "empty", "--project", project, code=2).stderr


def test_what_to_do_next_is_said(project: Path) -> None:
    said = run("new", "board", "--project", project).stdout
    assert f"Next: revalign workbook build board --project {project}\n" in said
    assert '[workbooks] reports = ["saas_metrics", "board"]' in said
    assert "in place of" not in said
    said = run("new", "saas_metrics", "--from", "saas_metrics", "--project", project).stdout
    assert "in place of the report saas_metrics" in said
    assert "[workbooks]" not in said


@pytest.mark.parametrize("title", ['Q"3', "back\\slash \\1", "tab\tand Ünïcödé 数", "{braces} # and signs", "del\x7f"])
def test_any_title(tmp_path: Path, title: str) -> None:
    layout = tmp_path / "titled" / "layout.toml"
    layout.parent.mkdir()
    for text in (starting("x", title, choose(EVERY, ["mrr"], None)), copied(find("saas_metrics"), "here", title)):
        layout.write_text(text)
        assert read(layout).title == title


def test_a_title_on_the_command_line(unbuilt: Path) -> None:
    ask("new", "titled", "--title", " Q3: the board's ", "--project", unbuilt)
    assert read(find("titled", unbuilt)).title == "Q3: the board's"


def test_a_blank_title_is_refused(project: Path) -> None:
    assert "A title cannot be blank." in run("new", "x", "--title", " ", "--project", project, code=2).stderr


def test_without_a_project_it_says_so(tmp_path: Path) -> None:
    assert run("new", "x", "--project", tmp_path, code=2).stderr.startswith("REV-301")


def test_before_anything_is_published(unbuilt: Path) -> None:
    assert ask("new", "early", "--project", unbuilt)["problems"] == []
    plan = read(unbuilt / "workbooks" / "early" / "layout.toml")
    assert [metric.metric for metric in plan.tabs[0].blocks[0].metrics] == [
        "mrr", "customers", "nrr", "grr", "logo_churn",
    ]  # fmt: skip
    assert "Did you mean nrr?" in run("new", "x", "--metrics", "nnr", "--project", unbuilt, code=2).stderr


# --- the layout it writes ---------------------------------------------------------------------------------------------


def test_every_example_in_it_can_be_taken_in(project: Path) -> None:
    for name, metrics in (("usual", ""), ("money", "mrr,arr"), ("one", "customers")):
        ask("new", name, *(["--metrics", metrics] if metrics else []), "--project", project)
        layout = project / "workbooks" / name / "layout.toml"
        before = layout.read_text()
        layout.write_text(taken(before))
        assert "# [[" not in layout.read_text()
        assert ask("check", name, "--project", project)[0]["problems"] == []
        plan = read(layout)
        assert [tab.key for tab in plan.tabs] == ["months", "by_segment", "records"]
        assert [parameter.key for parameter in plan.parameters] == ["segment"]
        assert plan.tabs[0].blocks[0].computed
        assert plan.tabs[0].blocks[0].total == "LTM"


@pytest.mark.parametrize("example", [False, True], ids=["as it is", "examples taken in"])
def test_any_metric_makes_a_layout_that_reads(tmp_path: Path, *, example: bool) -> None:
    layout = tmp_path / "one" / "layout.toml"
    layout.parent.mkdir()
    for metric in METRICS:
        text = starting("one", "One", choose(EVERY, [metric], None))
        layout.write_text(taken(text) if example else text)
        asked = [one.metric for tab in read(layout).tabs for block in tab.blocks for one in block.metrics]
        assert set(asked) == {metric}


def test_all_metrics_at_once(tmp_path: Path) -> None:
    layout = tmp_path / "all" / "layout.toml"
    layout.parent.mkdir()
    layout.write_text(starting("all", "All", choose(EVERY, list(METRICS), None)))
    plan = read(layout)
    scalars = [name for name, metric in METRICS.items() if metric.kind != "table"]
    assert [metric.metric for metric in plan.tabs[0].blocks[0].metrics] == scalars
    assert "# without " in layout.read_text()
    lines = layout.read_text().splitlines()
    assert max(len(line) for line in lines if not line.startswith(("description = ", "# without "))) <= 130


# --- copies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", available())
def test_a_copy_of_each_report_that_comes_with_revalign(tmp_path: Path, name: str) -> None:
    source = find(name)
    layout = tmp_path / "copy" / "layout.toml"
    layout.parent.mkdir()
    layout.write_text(copied(source, f"the report {name} that comes with Revalign", "Mine"))
    assert layout.read_text().startswith(f"# Copied from the report {name} that comes with Revalign.")
    assert read(layout).title == "Mine"
    was, is_now = (tomllib.loads(path.read_text("utf-8")) for path in (source, layout))
    assert is_now == {**was, "title": "Mine"}


def test_a_copy_on_the_command_line(project: Path) -> None:
    found = ask("new", "mine", "--from", "saas_metrics", "--project", project)
    assert (found["from"], found["problems"]) == ("saas_metrics", [])
    source, copy = find("saas_metrics").read_text(), (project / "workbooks" / "mine" / "layout.toml").read_text()
    assert (
        copy
        == f"# Copied from the report saas_metrics that comes with Revalign. This is yours: change what you like.\n\n{source}"
    )
    run("new", "again", "--from", "mine", "--project", project)
    assert (project / "workbooks" / "again" / "layout.toml").read_text().startswith("# Copied from the report mine. ")


def test_a_copy_of_nothing(project: Path) -> None:
    refused = run("new", "x", "--from", "sas_metrics", "--project", project, code=2)
    assert 'REV-101 Unknown report "sas_metrics".' in refused.stderr
    assert "Did you mean saas_metrics?" in refused.stderr
    refused = run("new", "x", "--from", "saas_metrics", "--metrics", "mrr", "--project", project, code=2)
    assert "Leave --metrics out" in refused.stderr
    assert not (project / "workbooks" / "x").exists()


def test_a_title_only_a_person_can_replace(tmp_path: Path) -> None:
    layout = tmp_path / "layout.toml"
    layout.write_text('"title" = "quoted key"\n[[tab]]\nkey = "a"\n')
    with pytest.raises(UserError, match="cannot be replaced"):
        copied(layout, "here", "Mine")
    layout.write_text('description = """\ntitle = 1"""\ntitle = "Below"\n[[tab]]\nkey = "a"\n')
    with pytest.raises(UserError, match="cannot be replaced"):
        copied(layout, "here", "Mine")


# --- list -------------------------------------------------------------------------------------------------------------


def test_list_without_a_project(tmp_path: Path) -> None:
    found = {one["name"]: one for one in ask("list", "--project", tmp_path)}
    assert list(found) == available()
    plan = read(find("saas_metrics"))
    assert found["saas_metrics"] == {
        "name": "saas_metrics", "title": plan.title, "description": plan.description, "problem": None,
        "sheets": [tab.name for tab in plan.tabs], "path": str(packaged() / "saas_metrics" / "layout.toml"),
        "own": False, "hides": False, "in_run": False,
    }  # fmt: skip


def test_list_tells_own_reports_from_others(project: Path) -> None:
    run("new", "board", "--project", project)
    run("new", "saas_metrics", "--title", "Ours", "--project", project)
    (project / "workbooks" / "broken").mkdir()
    (project / "workbooks" / "broken" / "layout.toml").write_text("title = 1")
    found = {one["name"]: one for one in ask("list", "--project", project)}
    assert {name for name, one in found.items() if one["own"]} == {"board", "saas_metrics", "broken"}
    assert {name for name, one in found.items() if one["hides"]} == {"saas_metrics"}
    assert (found["saas_metrics"]["title"], found["saas_metrics"]["in_run"]) == ("Ours", True)
    assert found["broken"]["problem"].startswith("REV-701 ")
    said = run("list", "--project", project).stdout
    assert "saas_metrics of the project stands in place of Revalign's own." in said
    assert "broken" in said
    assert "REV-701" in said


# --- check ------------------------------------------------------------------------------------------------------------

WRONG = """
title = "Wrong"
[[tab]]
key = "t"
[[tab.block]]
key = "a"
kind = "series"
periods = "LTM"
metrics = ["mrr", "nnr", { metric = "customers", where = { segment = "smal" } }, "mql_rat"]
[[tab.block.chart]]
kind = "line"
series = ["mrr"]
[[tab.block]]
key = "b"
kind = "breakdown"
by = "segmnt"
period = "LTM"
metrics = ["mrr"]
[[tab.block]]
key = "c"
kind = "series"
periods = "LAST_MONHT"
metrics = ["mrr", "arr"]
"""
CUT = """
[[tab.block]]
key = "a"
kind = "breakdown"
by = "segment"
period = "LTM"
metrics = ["cac"]
"""


def own(project: Path, name: str, text: str) -> Path:
    layout = project / "workbooks" / name / "layout.toml"
    layout.parent.mkdir(parents=True)
    layout.write_text(text)
    return layout


def test_check_says_every_problem_with_its_place(project: Path) -> None:
    layout = own(project, "wrong", WRONG)
    (found,) = ask("check", "wrong", "--project", project, code=1)
    said = [f"{one['code']} {one['message']} {one['hint']}" for one in found["problems"]]
    place = f"It stands in {layout} at tab[t].block"
    assert said[:3] == [
        f'REV-101 Unknown metric "nnr". Did you mean nrr? {place}[a].metrics[2].',
        f'REV-101 Unknown value of segment "smal". Did you mean small? {place}[a].metrics[3].',
        f'REV-101 Unknown metric "mql_rat". Did you mean mql_rate? {place}[a].metrics[4].',
    ]
    assert said[3].startswith('REV-101 Unknown field "segmnt". Did you mean segment?')
    assert "[b]" in said[3]
    assert "LAST_MONHT" in said[4]
    assert "[c]" in said[4]
    assert len(said) == 5, "one problem of a block is said once, however many metrics it has"
    shown = run("check", "wrong", "--project", project, code=1).stdout
    assert shown.startswith("wrong: 5 problems\n")
    assert all(one in shown for one in said)
    assert not (project / "output").exists(), "nothing is written"


def test_check_without_names_looks_at_what_the_project_uses(project: Path) -> None:
    assert [(one["report"], one["ok"]) for one in ask("check", "--project", project)] == [("saas_metrics", True)]
    own(project, "unread", 'title = "x"\n[[tab]]\nky = "t"\n')
    settings = project / "revalign.toml"
    settings.write_text(settings.read_text() + '\n[workbooks]\nreports = ["saas_metrics", "bord"]\n')
    found = {one["report"]: one for one in ask("check", "--project", project, code=1)}
    assert {name: one["ok"] for name, one in found.items()} == {"unread": False, "saas_metrics": True, "bord": False}
    assert found["unread"]["problems"][0]["code"] == "REV-701"
    assert found["bord"]["problems"][0]["message"] == 'Unknown report "bord".'
    assert "Unknown report" in run("check", "bord", "--project", project, code=2).stderr


def test_check_before_anything_is_published_looks_at_names(unbuilt: Path) -> None:
    own(unbuilt, "wrong", WRONG)
    (found,) = ask("check", "wrong", "--project", unbuilt, code=1)
    assert found["published"] is False
    assert [one["message"] for one in found["problems"]] == [
        'Unknown metric "nnr".',
        'Unknown metric "mql_rat".',
        'Unknown field "segmnt".',
    ]
    own(unbuilt, "right", WRONG[: WRONG.index("[[tab.block]]")] + CUT)
    said = run("check", "right", "--project", unbuilt, code=1)
    assert "cac cannot be cut by segment. Possible: channel" in said.stdout
    assert "Nothing is published yet" in said.stderr
