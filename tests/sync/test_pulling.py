"""All sources side by side: order, parallelism, limits of time, sweeps, states, hooks, gathering, links."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.config import Project, load
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Mark,
    Merges,
    Message,
    Present,
    Records,
    Rows,
    Spec,
    Stream,
    Tombstones,
)
from revalign_udf.errors import BadRecord, Fatal
from revalign_udf.hookspecs import MappingDefaults, StageDefault, Synced
from revalign_udf.plugins import Registry
from revalign_udf.store import Store
from revalign_udf.sync import PullOptions, SourceReport, pull_sources

Reader = Callable[[Context, Stream, Mapping[str, Any]], Iterable[Message]]


class Reads:
    """A connector of one stream whose ``read`` is a function."""

    def __init__(self, name: str, read: Reader, table: str = "organization", **spec: Any) -> None:
        self.spec = Spec(name, "1", "", **spec)
        self._read, self._table = read, table

    def check(self, ctx: Context) -> Check:
        return Check(ok=True, message=ctx.connection)

    def discover(self, ctx: Context) -> Sequence[Stream]:
        return [Stream(self._table, (self._table,))]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield from self._read(ctx, stream, state)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        if "id" not in record:
            raise BadRecord("no id")
        yield self._table, {"name": f"no {record['id']}", **record}


def orgs(*keys: str) -> Rows:
    return Rows("organization", {"id": list(keys), "name": list(keys)})


def project_with(folder: Path, sources: Mapping[str, str], more: str = "") -> Project:
    text = "".join(f'[source.{name}]\nconnector = "{connector}"\n{more}\n' for name, connector in sources.items())
    (folder / "revalign.toml").write_text(text, encoding="utf-8")
    return load(folder)


def pulled(
    project: Project, *connectors: Any, options: PullOptions | None = None, **registry: Any
) -> tuple[dict[str, SourceReport], dict[str, int]]:
    known = Registry(connectors={connector.spec.name: connector for connector in connectors}, **registry)
    with Store.open(project.data) as store:
        reports = pull_sources(project, store, known, options=options)
        return {report.name: report for report in reports}, store.counts()


def keys_of(project: Project, table: str = "organization") -> set[str]:
    with Store.open(project.data) as store:
        return set(store.rows(table).column("id").to_pylist())


# --- side by side ----------------------------------------------------------------------------------------------------


def test_sources_run_side_by_side_and_are_reported_in_the_order_of_the_settings(tmp_path: Path) -> None:
    meet = threading.Barrier(3, timeout=20)

    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        meet.wait()  # would never return if one waited for another to end
        yield orgs(ctx.connection)

    reports, counts = pulled(project_with(tmp_path, dict.fromkeys("cab", "meets")), Reads("meets", read))
    assert list(reports) == ["c", "a", "b"]
    assert [report.failures for report in reports.values()] == [[], [], []]
    assert counts == {"organization": 3}


def test_no_more_at_a_time_than_asked_for(tmp_path: Path) -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.03)
        with lock:
            running[0] -= 1
        yield orgs(ctx.connection)

    project = project_with(tmp_path, dict.fromkeys("abcde", "counts"))
    _, counts = pulled(project, Reads("counts", read), options=PullOptions(workers=2))
    assert (most[0], counts) == (2, {"organization": 5})


def test_the_same_rows_whether_side_by_side_or_one_after_the_other(tmp_path: Path) -> None:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        for page in range(5):
            yield Records("organization", [{"id": f"{page}-{n}"} for n in range(40)])
            yield Mark({"page": page})

    found = []
    for workers in (1, 4):
        folder = tmp_path / str(workers)
        folder.mkdir()
        project = project_with(folder, dict.fromkeys("abcd", "many"))
        pulled(project, Reads("many", read), options=PullOptions(workers=workers))
        with Store.open(project.data) as store:
            store.open_views()
            rows = store.con.execute("SELECT _conn, _key, name FROM c_organization ORDER BY ALL").fetchall()
            found.append((rows, store.state("a"), [mark.connection for mark in store.watermarks()]))
    assert found[0] == found[1]
    assert len(found[0][0]) == 800


# --- limits of time --------------------------------------------------------------------------------------------------


def test_a_source_past_its_time_is_told_to_end_and_keeps_what_it_marked(tmp_path: Path) -> None:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield orgs("1")
        yield Mark({"page": 1})
        ctx.wait(60)
        yield orgs("2")

    project = project_with(tmp_path, {"slow": "slow"}, 'time_limit = "0.2s"')
    started = time.monotonic()
    reports, counts = pulled(project, Reads("slow", read))
    assert time.monotonic() - started < 20
    assert "REV-505" in reports["slow"].failures[0]
    assert counts == {"organization": 1}


def test_a_source_that_does_not_even_end_when_told_is_given_up_and_writes_nothing_more(tmp_path: Path) -> None:
    let_go = threading.Event()
    ended = threading.Event()

    def stuck(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield orgs("1")
        let_go.wait(30)
        yield Mark({"page": 1})
        ended.set()

    def fine(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield orgs("2")

    project = project_with(tmp_path, {"stuck": "stuck"}, 'time_limit = "0.1s"')
    project = replace(project, sources={**project.sources, "fine": replace(project.sources["stuck"], name="fine",
                      connector="fine", settings={})})  # fmt: skip
    known = Registry(connectors={"stuck": Reads("stuck", stuck), "fine": Reads("fine", fine)})
    with Store.open(project.data) as store:
        reports = {r.name: r for r in pull_sources(project, store, known, options=PullOptions(grace=0.1))}
        assert "REV-510" in reports["stuck"].failures[0]
        assert reports["fine"].status == "ok"
        let_go.set()
        ended.wait(5)
        time.sleep(0.1)
        assert store.counts() == {"organization": 1}


@pytest.mark.parametrize("text", ["soon", "5", "-1h", "0m", "h"])
def test_a_limit_that_is_no_time(tmp_path: Path, text: str) -> None:
    reports, _ = pulled(
        project_with(tmp_path, {"one": "one"}, f'time_limit = "{text}"'), Reads("one", lambda *_: [orgs("1")])
    )
    assert "REV-305" in reports["one"].failures[0]


# --- sweeps ----------------------------------------------------------------------------------------------------------


def swept(first: Sequence[str], listed: Sequence[str], *, new: Sequence[str] = (), prefix: str = "") -> Reader:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        if not state:
            yield orgs(*first)
        else:
            half = len(listed) // 2
            yield Present("organization", listed[:half], prefix=prefix)
            yield Present("organization", listed[half:], last=True, prefix=prefix)
            if new:
                yield orgs(*new)
        yield Mark({"read": 1})

    return read


def test_a_sweep_takes_away_what_the_list_leaves_out(tmp_path: Path) -> None:
    project = project_with(tmp_path, {"one": "one"})
    connector = Reads("one", swept("abcde", "abde"))
    pulled(project, connector)
    reports, _ = pulled(project, connector)
    assert reports["one"].counts.deleted == 1
    assert keys_of(project) == set("abde")


def test_a_row_learnt_in_the_same_pull_outlives_a_list_made_before_it(tmp_path: Path) -> None:
    project = project_with(tmp_path, {"one": "one"})
    connector = Reads("one", swept("abc", "ac", new="z"))
    pulled(project, connector)
    pulled(project, connector)
    assert keys_of(project) == set("acz")


def test_a_sweep_of_some_keys_leaves_the_others(tmp_path: Path) -> None:
    project = project_with(tmp_path, {"one": "one"})
    connector = Reads("one", swept(["p:1", "p:2", "q:1"], ["p:1"], prefix="p:"))
    pulled(project, connector)
    pulled(project, connector)
    assert keys_of(project) == {"p:1", "q:1"}


def test_lists_of_several_prefixes_may_be_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revalign_udf.store.pull._COMMIT_ROWS", 0)  # every mark commits

    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        if not state:
            yield orgs("p:1", "p:2", "q:1", "q:2", "r:1", "r:2")
        else:
            yield Present("organization", ["p:1"], prefix="p:")
            yield Present("organization", ["q:1"], prefix="q:")
            yield Present("organization", [], last=True, prefix="p:")
            yield orgs("new")
            yield Mark({"half": 1})
            yield Present("organization", ["r:2"], prefix="r:")
            yield Present("organization", ["q:2"], last=True, prefix="q:")
            yield Present("organization", [], last=True, prefix="r:")
        yield Mark({"read": 1})

    project = project_with(tmp_path, {"one": "one"})
    pulled(project, Reads("one", read))
    pulled(project, Reads("one", read))
    assert keys_of(project) == {"p:1", "q:1", "q:2", "r:2", "new"}


def test_two_lists_of_one_table_one_after_the_other(tmp_path: Path) -> None:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        if not state:
            yield orgs("a", "b", "c")
        else:
            yield Present("organization", ["a", "b"], last=True)
            yield Present("organization", ["b", "c"], last=True)
        yield Mark({"read": 1})

    project = project_with(tmp_path, {"one": "one"})
    pulled(project, Reads("one", read))
    pulled(project, Reads("one", read))
    assert keys_of(project) == {"b"}


def test_a_list_that_never_ends_takes_nothing_away(tmp_path: Path) -> None:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        if not state:
            yield orgs(*"abc")
        else:
            yield Present("organization", ["a"])
            raise Fatal("cut off")
        yield Mark({"read": 1})

    project = project_with(tmp_path, {"one": "one"})
    pulled(project, Reads("one", read))
    reports, _ = pulled(project, Reads("one", read))
    assert reports["one"].status == "failed"
    assert keys_of(project) == set("abc")


def test_a_list_that_leaves_out_most_is_not_believed_until_a_person_confirms(tmp_path: Path) -> None:
    many = [f"k{n:02}" for n in range(40)]
    project = project_with(tmp_path, {"one": "one"})
    connector = Reads("one", swept(many, many[:19], new=["fresh"]))
    pulled(project, connector)
    reports, counts = pulled(project, connector)
    assert "REV-509" in reports["one"].failures[0]
    assert "--confirm-deletes" in reports["one"].failures[0]
    assert counts == {"organization": 41}, "the other rows of the pull stand"
    reports, counts = pulled(project, connector, options=PullOptions(confirm_deletes=True))
    assert reports["one"].status == "ok"
    # `fresh` is unchanged since the pull before, and the list leaves it out
    assert counts == {"organization": 19}


# --- states ----------------------------------------------------------------------------------------------------------


def test_everything_again_when_asked_for(tmp_path: Path) -> None:
    seen: list[Mapping[str, Any]] = []

    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        seen.append(state)
        yield orgs("1")
        yield Mark({"page": 1})

    project = project_with(tmp_path, {"one": "one"})
    for full in (False, False, True):
        reports, _ = pulled(project, Reads("one", read), options=PullOptions(full=full))
    assert seen == [{}, {"page": 1}, {}]
    assert reports["one"].counts.written == 0, "what did not change is not written again"


def test_states_of_an_older_form_are_upgraded_and_newer_ones_refused(tmp_path: Path) -> None:
    seen: list[Mapping[str, Any]] = []

    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        seen.append(state)
        yield Mark({"after": "7"})

    class Upgrades(Reads):
        def upgrade(self, stream: str, state: dict[str, Any], version: int) -> dict[str, Any]:
            return {"after": str(state["page"]), "from": f"{stream} {version}"}

    project = project_with(tmp_path, {"one": "one"})
    pulled(project, Reads("one", lambda *_: [Mark({"page": 7})]))
    pulled(project, Upgrades("one", read, state_version=3))
    assert seen == [{"after": "7", "from": "organization 1"}]
    reports, _ = pulled(project, Reads("one", read, state_version=4))
    assert "REV-511" in reports["one"].failures[0]
    assert "--full" in reports["one"].failures[0]
    reports, _ = pulled(project, Upgrades("one", read, state_version=2))
    assert "REV-511" in reports["one"].failures[0]
    assert len(seen) == 1


# --- gathering -------------------------------------------------------------------------------------------------------


def test_small_pages_are_gathered_and_a_failure_keeps_exactly_what_stands_before_the_last_mark(tmp_path: Path) -> None:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        for page in range(7):
            yield Records("organization", [{"id": f"{page}-{n}"} for n in range(3)])
            if page % 2 == 0:
                yield Mark({"page": page})
            if page == 5:
                yield Records("organization", [{"id": "after"}, {}])
                raise Fatal("gone")

    project = project_with(tmp_path, {"one": "one"})
    reports, _ = pulled(project, Reads("one", read))
    # pages 0 to 4 stand before the mark of page 4
    assert keys_of(project) == {f"{page}-{n}" for page in range(5) for n in range(3)}
    assert reports["one"].counts.written == 15
    with Store.open(project.data) as store:
        assert store.state("one") == {"organization": {"page": 4}}
        assert store.rejects() == []


def test_a_record_that_is_gone_and_comes_back_within_one_pull_is_there(tmp_path: Path) -> None:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        if not state:
            yield orgs("back", "gone", "merged", "stays")
        else:
            yield Tombstones("organization", ["back", "gone"])
            yield Merges("organization", [("merged", "stays")])
            yield orgs("back", "merged")
            yield Tombstones("organization", ["stays"])
        yield Mark({"read": 1})

    project = project_with(tmp_path, {"one": "one"})
    pulled(project, Reads("one", read))
    pulled(project, Reads("one", read))
    assert keys_of(project) == {"back", "merged"}


def test_what_a_connector_does_to_its_state_later_is_not_in_an_earlier_mark(tmp_path: Path) -> None:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        mine: dict[str, Any] = {"pages": []}
        for page in range(3):
            yield Records("organization", [{"id": str(page)}])
            mine["pages"].append(page)
            if page < 2:
                yield Mark(mine)
        raise Fatal("gone")

    project = project_with(tmp_path, {"one": "one"})
    pulled(project, Reads("one", read))
    assert keys_of(project) == {"0", "1"}
    with Store.open(project.data) as store:
        assert store.state("one") == {"organization": {"pages": [0, 1]}}


# --- meanings and hooks ----------------------------------------------------------------------------------------------


def events(*stages: str) -> Reader:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        size = len(stages)
        yield Rows("lifecycle_event", {
            "id": [str(n) for n in range(size)], "subject_type": ["lead"] * size, "subject_id": ["x"] * size,
            "stage": list(stages), "occurred_at": ["2026-01-01"] * size,
        })  # fmt: skip

    return read


def test_stages_without_a_meaning_are_told_and_defaults_and_the_project_give_one(tmp_path: Path) -> None:
    project = project_with(tmp_path, {"crm": "crm"})
    connector = Reads("crm", events("mql", "Hot", "hot", "Warm", "Cold"), "lifecycle_event")
    defaults = [StageDefault("crm", "lead", "HOT", "sql", position=3), StageDefault("other", "lead", "Cold", "lost")]
    (tmp_path / "alignment").mkdir()
    (tmp_path / "alignment" / "stages.csv").write_text("object,source_stage,stage\nlead,warm,mql\n", encoding="utf-8")
    reports, counts = pulled(project, connector, stage_defaults=defaults)
    (told,) = reports["crm"].messages
    assert '"Cold" of lead (1 events)' in told
    assert counts == {"lifecycle_event": 5, "stage_map": 1}
    with Store.open(project.data) as store:
        (row,) = store.rows("stage_map").to_pylist()
    assert (row["connection"], row["stage"], row["position"]) == ("crm", "sql", 3)
    reports, counts = pulled(project, connector, stage_defaults=[])
    assert counts == {"lifecycle_event": 5}, "defaults go with the plugin that had them"
    assert len(reports["crm"].messages) == 2


def test_the_sources_own_stage_map_goes_before_the_defaults(tmp_path: Path) -> None:
    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield Rows("stage_map", {
            "connection": [None], "object": ["lead"], "source_stage": ["Hot"], "stage": ["sal"],
        })  # fmt: skip

    project = project_with(tmp_path, {"crm": "crm"})
    default = StageDefault("crm", "lead", "hot", "sql")
    for _ in range(3):
        reports, counts = pulled(project, Reads("crm", read, "stage_map"), stage_defaults=[default])
    assert counts == {"stage_map": 1}
    assert reports["crm"].counts.written == 0, "the two do not overwrite each other in turn"
    with Store.open(project.data) as store:
        (row,) = store.rows("stage_map").to_pylist()
    assert (row["connection"], row["stage"]) == ("crm", "sal")


def test_plugins_are_told_and_one_that_fails_does_no_harm(tmp_path: Path) -> None:
    told: list[Synced] = []

    def fails(synced: Synced) -> None:
        raise ValueError(synced.source)

    project = project_with(tmp_path, {"one": "one"})
    reports, counts = pulled(
        project, Reads("one", lambda *_: [orgs("1", "2")]), after_sync=[("bad", fails), ("good", told.append)]
    )
    assert counts == {"organization": 2}
    assert "bad failed after the pull: ValueError" in reports["one"].messages[0]
    (synced,) = told
    assert (synced.source, synced.status, synced.written, synced.detail["streams"]) == (
        "one", "ok", 2, {"organization": 2},
    )  # fmt: skip


def test_field_defaults_of_plugins_stand_under_the_settings(tmp_path: Path) -> None:
    seen: list[Any] = []

    def read(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        seen.append(ctx.settings["mapping"])
        yield orgs("1")

    from revalign_udf.connector import http_settings

    connector = Reads("crm", read, settings=http_settings("https://crm.example"), needs=("http",))
    project = project_with(tmp_path, {"crm": "crm"}, '[source.crm.mapping.organization]\nsegment = "tier"')
    defaults = [
        MappingDefaults("crm", "organization", {"segment": "size", "attrs.region": "zone"}),
        MappingDefaults("other", "organization", {"domain": "site"}),
    ]
    pulled(project, connector, mapping_defaults=defaults)
    assert seen == [{"organization": {"segment": "tier", "attrs.region": "zone"}}]


@pytest.mark.parametrize(
    ("mapping", "meant"),
    [("[source.crm.mapping.organisation]\nsegment = 'x'", "organization"),
     ("[source.crm.mapping.organization]\nsegmnt = 'x'", "segment"),
     ("streams = ['organisation']", "organization")],
)  # fmt: skip
def test_a_slip_in_the_mapping_is_refused_with_the_nearest_name(tmp_path: Path, mapping: str, meant: str) -> None:
    from revalign_udf.connector import http_settings

    connector = Reads("crm", lambda *_: [orgs("1")], settings=http_settings("https://crm.example"), needs=("http",))
    reports, counts = pulled(project_with(tmp_path, {"crm": "crm"}, mapping), connector)
    assert "REV-302" in reports["crm"].failures[0]
    assert f"Did you mean {meant}?" in reports["crm"].failures[0]
    assert counts == {}


def test_links_are_remembered(tmp_path: Path) -> None:
    class Links(Reads):
        def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
            return {"organization": "https://crm.example/o/{id}"}

    project = project_with(tmp_path, {"crm": "crm"})
    pulled(project, Links("crm", lambda *_: [orgs("1")]))
    with Store.open(project.data) as store:
        assert store.links() == {"crm": {"organization": "https://crm.example/o/{id}"}}
