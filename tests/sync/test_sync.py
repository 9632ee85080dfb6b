"""Pulling: each source on its own, each stream on its own, nothing dropped, no secret shown."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.config import Project, load
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Mark,
    Message,
    Records,
    Rejected,
    Rows,
    Setting,
    Spec,
    Stream,
    Whole,
)
from revalign_udf.errors import BadRecord, Fatal, Retriable, UnknownName
from revalign_udf.plugins import Registry
from revalign_udf.store import Store
from revalign_udf.sync import SourceReport, check_source, pull_sources

Script = Mapping[str, Sequence[Message | BaseException]]
SECRET = "hunter2hunter2"


class Scripted:
    """A connector that sends what it is told, stream by stream; an exception is raised instead of sent."""

    spec = Spec(
        "scripted",
        "1",
        "",
        (Setting("key", "secret", required=True), Setting("since", "date"), Setting("size", "int", default=5)),
    )

    def __init__(self, script: Script) -> None:
        self.script = script
        self.states: dict[str, dict[str, Any]] = {}

    def check(self, ctx: Context) -> Check:
        return Check(ok=True, message=f"size {ctx.settings['size']}")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        return [Stream(name, (name,)) for name in self.script]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        self.states[stream.name] = dict(state)
        for message in self.script.get(stream.name, ()):
            if isinstance(message, BaseException):
                raise message
            yield message

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        if record.get("bad"):
            raise BadRecord("a record without sense", code="REV-503")
        yield record.get("table", "organization"), {"id": record["id"], "name": record.get("name", "x")}


def orgs(*keys: str) -> Rows:
    return Rows("organization", {"id": list(keys), "name": list(keys)})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("SCRIPTED_KEY", SECRET)
    (tmp_path / "revalign.toml").write_text(
        '[source.one]\nconnector = "scripted"\nkey = "$env:SCRIPTED_KEY"\n', encoding="utf-8"
    )
    return load(tmp_path)


class Runner:
    """Pulls a script into one store, and remembers what the store says afterwards."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def __call__(self, script: Script) -> SourceReport:
        connector = Scripted(script)
        with Store.open(self.project.data) as store:
            (report,) = pull_sources(self.project, store, Registry(connectors={"scripted": connector}))
            self.store, self.rejects = store.counts(), store.rejects()
            self.log = store.con.execute("SELECT status, message FROM sync_run ORDER BY run").fetchall()
            operational = ("sync_run", "sync_state", "reject")
            self.everything = str([store.con.execute(f"SELECT * FROM {name}").fetchall() for name in operational])
        self.states = connector.states
        return report


@pytest.fixture
def run(project: Project) -> Runner:
    return Runner(project)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Fatal("gone"), "REV-506"),
        (Retriable("busy"), "REV-505"),
        (KeyError("surprise"), "REV-508"),
        (SystemExit(3), "REV-508"),
    ],
)
def test_a_stream_that_fails_leaves_the_others_alone(run: Runner, failure: BaseException, code: str) -> None:
    report = run({"lead": [failure], "organization": [orgs("1", "2"), Mark({"page": 1})]})
    assert report.status == "failed"
    (text,) = report.failures
    assert text.startswith("lead: ")
    assert code in text
    assert run.store == {"organization": 2}
    assert run.log == [("failed", text)]
    assert run({"organization": []}).status == "ok"
    assert run.states["organization"] == {"page": 1}


def test_what_came_before_the_failure_is_not_half_kept(run: Runner) -> None:
    report = run({"organization": [orgs("1"), RuntimeError("boom")]})
    assert (report.counts.written, run.store) == (0, {})


def test_a_source_that_fails_leaves_the_others_alone(project: Project) -> None:
    class Broken(Scripted):
        spec = replace(Scripted.spec, name="broken")

        def discover(self, ctx: Context) -> Sequence[Stream]:
            raise ZeroDivisionError

    one = project.sources["one"]
    both = replace(project, sources={"two": replace(one, name="two", connector="broken"),
                                     "three": replace(one, name="three", connector="missing"), "one": one})  # fmt: skip
    registry = Registry(connectors={"scripted": Scripted({"organization": [orgs("1")]}), "broken": Broken({})})
    with Store.open(project.data) as store:
        reports = {report.name: report for report in pull_sources(both, store, registry)}
        assert store.counts() == {"organization": 1}
    assert {name: report.status for name, report in reports.items()} == {
        "two": "failed",
        "three": "failed",
        "one": "ok",
    }
    assert "ZeroDivisionError" in reports["two"].failures[0]
    assert "REV-603" in reports["three"].failures[0]


@pytest.mark.parametrize("error", [RuntimeError, Fatal, SystemExit])
def test_secrets_never_show(run: Runner, error: type[BaseException]) -> None:
    report = run({"lead": [Log(f"calling with {SECRET}"), error(f"401 for {SECRET}")], "organization": [orgs("1")]})
    assert SECRET not in json.dumps(report.as_json())
    assert SECRET not in run.everything
    assert "***" in report.failures[0]
    assert "***" in report.messages[0]


@pytest.mark.parametrize(
    ("settings", "code", "shown"),
    [
        ({"sise": 3}, "REV-302", "size"),
        ({"size": "big"}, "REV-305", "int"),
        ({"size": True}, "REV-305", "int"),
        ({"since": "soon"}, "REV-305", "2026-09-30"),
        ({"key": None}, "REV-305", "key"),
        ({"key": "plain"}, "REV-303", "$env:"),
        ({"key": "$env:NOT_SET_ANYWHERE"}, "REV-304", "NOT_SET_ANYWHERE"),
    ],
)
def test_settings_of_a_source(project: Project, settings: dict[str, object], code: str, shown: str) -> None:
    source = project.sources["one"]
    given = {name: value for name, value in {**source.settings, **settings}.items() if value is not None}
    changed = replace(project, sources={"one": replace(source, settings=given)})
    with Store.open(project.data) as store:
        (report,) = pull_sources(changed, store, Registry(connectors={"scripted": Scripted({})}))
    assert report.status == "failed"
    assert code in report.failures[0]
    assert shown in report.failures[0]


def test_records_go_through_map_and_bad_ones_are_listed(run: Runner) -> None:
    records: list[dict[str, Any]] = [
        {"id": "1"},
        {"id": "2", "bad": True},
        {"name": "no id"},
        {"id": "4", "name": ""},
        {"id": "5"},
    ]
    report = run({"organization": [Records("organization", records[:2]), Records("organization", records[2:])]})
    assert report.failures == []
    assert (report.counts.read, report.counts.written, report.counts.rejected) == (5, 2, 3)
    assert sorted((r.line, r.reason) for r in report.counts.rejects) == [
        (2, "a record without sense"), (3, "the record has no 'id'"), (4, "name is required and empty"),
    ]  # fmt: skip
    assert len(run.rejects) == 3


def test_records_mapped_to_no_table_fail_the_stream(run: Runner) -> None:
    report = run({"organization": [Records("organization", [{"id": "1", "table": "organisation"}])]})
    assert "REV-507" in report.failures[0]


def test_rejects_of_a_connector_are_counted(run: Runner) -> None:
    report = run({"organization": [orgs("1"), Rejected("organization", "too short", file="a.csv", line=3)]})
    assert (report.counts.read, report.counts.written, report.counts.rejected) == (2, 1, 1)
    assert report.as_json()["rejects"][0]["line"] == 3


def test_a_stream_no_longer_listed_may_report_its_rows_gone(run: Runner) -> None:
    scoped = replace(orgs("1"), scope="a.csv")
    run({"organization": [scoped, Whole("organization", "a.csv"), Mark({"files": ["a.csv"]})]})

    script: dict[str, Any] = {"organization": [Whole("organization", "a.csv")]}

    class Unlisted(dict):  # type: ignore[type-arg]
        def __iter__(self) -> Iterator[str]:
            return iter(())

    assert run(Unlisted(script)).counts.deleted == 1
    assert run.store == {}


def test_only_the_sources_asked_for(project: Project) -> None:
    with Store.open(project.data) as store:
        with pytest.raises(UnknownName) as caught:
            pull_sources(project, store, Registry(), ["oen"])
        assert (caught.value.code, caught.value.suggestion) == ("REV-101", "one")


def test_asking_a_source_whether_it_is_there(project: Project) -> None:
    registry = Registry(connectors={"scripted": Scripted({})})
    assert check_source(project, registry, "one") == Check(ok=True, message="size 5")
    with pytest.raises(UnknownName):
        check_source(project, registry, "two")
