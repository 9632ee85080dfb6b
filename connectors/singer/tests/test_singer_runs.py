"""What a tap may write, message by message, and what becomes of it in a real store."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground

VENDOR = load(Path(__file__).with_name("vendor_singer.py"))

#: one store for all, made with the first test: to make one takes as long as a pull
GROUND = Ground()


@pytest.fixture(scope="module", autouse=True)
def ground() -> Iterator[None]:
    yield
    GROUND.close()


#: keeps what it was given, writes the lines of a file, says something, ends as told
SCRIPT = """cd {folder}; rm -f state.json config.json
while [ $# -gt 0 ]; do
  [ "$1" = --state ] && cp "$2" state.json
  [ "$1" = --config ] && cp "$2" config.json && stat -c %a "$2" > rights && echo "$2" > place
  shift
done
cat lines.jsonl; . ./end.sh"""

CUSTOMERS = {"stream": "customers", "table": "organization", "columns": {"name": "profile.name"}}
SCHEMA = {
    "type": "SCHEMA", "stream": "customers", "key_properties": ["id"],
    "schema": {"properties": {"id": {}, "profile": {}, "tier": {}, "_sdc_deleted_at": {}}},
}  # fmt: skip


class Script(VENDOR.SingerVendor):  # type: ignore[name-defined, misc]
    """A tap that writes what a test says."""

    tables: list[dict[str, Any]] = [CUSTOMERS]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(self._folder.name)
        self.write()

    def write(self, *messages: Any, end: str = "") -> None:
        lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
        (self.folder / "lines.jsonl").write_text("".join(f"{line}\n" for line in lines))
        (self.folder / "end.sh").write_text(end or "exit 0")

    def settings(self) -> dict[str, Any]:
        return {
            "command": ["/bin/sh", "-c", SCRIPT.format(folder=self.folder), "tap"],
            "config": {"api_key": "$env:REVALIGN_TEST_TAP_KEY", "start": 1}, "tables": self.tables, "discover": False,
        }  # fmt: skip

    def given(self, name: str) -> Any:
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None


class Bed:
    """A scripted tap and a store."""

    def __init__(self, tables: list[dict[str, Any]] | None = None, **settings: Any) -> None:
        self.tap = Script()
        if tables is not None:
            self.tap.tables = tables
        self.bench = Bench(self.tap, ground=GROUND, settings=settings)

    def pull(self, *messages: Any, end: str = "") -> PullResult:
        self.tap.write(*messages, end=end)
        return self.bench.pull()

    def remap(self, tables: list[dict[str, Any]]) -> None:
        source = self.bench.project.sources[self.bench.name]
        source.settings["tables"] = tables  # type: ignore[index]


@pytest.fixture
def bed() -> Iterator[Bed]:
    made = Bed()
    yield made
    made.bench.close()
    made.tap.close()


def record(key: str | None, version: int | None = None, stream: str = "customers", **values: Any) -> dict[str, Any]:
    own = {"type": "RECORD", "stream": stream, "record": {"id": key, "profile": {"name": f"name of {key}"}, **values}}
    return own if version is None else {**own, "version": version}


def state(**value: Any) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": {"customers": value}}}


def activate(version: int) -> dict[str, Any]:
    return {"type": "ACTIVATE_VERSION", "stream": "customers", "version": version}


def test_a_state_comes_back_to_the_tap_and_its_files_are_its_own_and_go(bed: Bed) -> None:
    first = bed.pull(SCHEMA, record("a"), state(at=5))
    assert first.ok
    assert bed.tap.given("state") is None
    assert bed.tap.given("config") == {"api_key": VENDOR.KEY, "start": 1}
    assert (bed.tap.folder / "rights").read_text() == "600\n"
    assert not Path((bed.tap.folder / "place").read_text().strip()).parent.exists()
    assert [row["name"] for row in first.rows("organization")] == ["name of a"]
    bed.pull(SCHEMA, record("b"))
    assert bed.tap.given("state") == {"bookmarks": {"customers": {"at": 5}}}
    assert bed.bench.pull().keys("organization") == {"a", "b"}


def test_a_failing_tap_keeps_what_it_marked_and_says_its_last_words(bed: Bed) -> None:
    end = f"echo 'WARNING slow {VENDOR.KEY}' >&2; echo 'HTTP 503 for {VENDOR.KEY}' >&2; exit 1"
    result = bed.pull(SCHEMA, record("a"), state(at=1), record("b"), end=end)
    (failure,) = result.report.failures
    assert failure.startswith(
        "tap: REV-505 sh failed with exit code 1. Its last words: WARNING slow *** | HTTP 503 for ***"
    )
    assert "a" in result.keys("organization")
    assert result.state["tap"]["tap"] == {"bookmarks": {"customers": {"at": 1}}}
    assert VENDOR.KEY not in " ".join(result.report.messages)
    assert "sh: WARNING slow ***" in result.report.messages


def test_a_failing_tap_without_a_state_keeps_nothing(bed: Bed) -> None:
    result = bed.pull(SCHEMA, record("a"), end="exit 1")
    assert "It said nothing" in result.report.failures[0]
    assert (result.keys("organization"), result.state) == (set(), {})


def test_lines_that_are_no_messages_are_refused_with_their_number(bed: Bed) -> None:
    odd = [
        "Starting up...",
        "[1]",
        '{"no": "type"}',
        '{"type": "RECORD", "stream": "customers", "record": {"id": NaN}}',
    ]
    result = bed.pull(SCHEMA, *odd, record("early", stream="orders"), record(None), record("ok"))
    assert result.ok
    assert [reject.line for reject in result.report.counts.rejects] == [2, 3, 4, 5, 6, 7]
    reasons = [reject.reason for reject in result.report.counts.rejects]
    assert reasons[0] == "line 2 of the tap's output is no Singer message"
    assert "came before its SCHEMA" in reasons[4]
    assert "no id, which is its key" in reasons[5]
    assert result.keys("organization") == {"ok"}


def test_numbers_arrive_digit_for_digit() -> None:
    bed = Bed([{"stream": "bills", "table": "expense", "constants": {"function": "sales", "date": "2026-01-01"}}])
    schema = {"type": "SCHEMA", "stream": "bills", "key_properties": ["id"], "schema": {"properties": {}}}
    line = '{"type":"RECORD","stream":"bills","record":{"id":1,"amount":1234567890123456.78,"currency":"EUR"}}'
    with bed.bench, bed.tap:
        (row,) = bed.pull(schema, line).rows("expense")
    assert str(row["amount"]).rstrip("0") == "1234567890123456.78"


def test_records_of_a_version_before_are_gone_and_those_of_a_version_that_goes_on_stay(bed: Bed) -> None:
    # a tap that knows no state activates its version before the first record, too
    first = bed.pull(SCHEMA, activate(1), *(record(key, 1) for key in "abc"), state(version=1), activate(1))
    assert first.keys("organization") == {"a", "b", "c"}
    assert bed.pull(SCHEMA, *(record(key, 2) for key in "ab"), activate(2)).keys("organization") == {"a", "b"}
    # an incremental stream: the version is the same as ever, and only what is new is sent
    assert bed.pull(SCHEMA, activate(2), record("d", 2)).keys("organization") == {"a", "b", "d"}


def test_a_version_that_was_interrupted_takes_nothing_away_before_it_was_read_whole(bed: Bed) -> None:
    bed.pull(SCHEMA, *(record(key, 1) for key in "abc"), activate(1))
    broken = bed.pull(SCHEMA, record("a", 2), state(place="a"), end="exit 1")
    assert broken.state["tap"]["unfinished"] == {"customers": 2}
    resumed = bed.pull(SCHEMA, record("b", 2), activate(2))
    assert resumed.keys("organization") == {"a", "b", "c"}
    assert [text for text in resumed.report.messages if "went on from an interrupted read" in text]
    assert bed.pull(SCHEMA, *(record(key, 3) for key in "ab"), activate(3)).keys("organization") == {"a", "b"}


def test_an_activation_whose_records_carry_no_version_takes_nothing_away(bed: Bed) -> None:
    bed.pull(SCHEMA, record("a", 1), record("b", 1), activate(1))
    assert bed.pull(SCHEMA, record("a"), activate(2)).keys("organization") == {"a", "b"}
    assert bed.pull(SCHEMA, record("a"), record("b", 3), activate(3)).keys("organization") == {"a", "b"}


def test_an_activation_that_never_comes_takes_nothing_away(bed: Bed) -> None:
    bed.pull(SCHEMA, record("a", 1), record("b", 1), activate(1))
    assert bed.pull(SCHEMA, record("a", 2)).keys("organization") == {"a", "b"}


def test_a_list_that_would_take_most_away_is_not_believed(bed: Bed) -> None:
    bed.pull(SCHEMA, *(record(f"k{n}", 1) for n in range(30)), activate(1))
    result = bed.pull(SCHEMA, record("k1", 2), activate(2))
    assert "REV-509" in result.report.failures[0]
    assert len(result.keys("organization")) == 30


def test_full_says_that_every_read_brings_everything() -> None:
    bed = Bed([{**CUSTOMERS, "mode": "full"}])
    with bed.bench, bed.tap:
        bed.pull(SCHEMA, record("a"), record("b"), state(at=1))
        assert bed.pull(SCHEMA, record("a"), record("c", profile={"name": ["no text"]})).keys("organization") == {"a"}
        assert bed.tap.given("state") == {"bookmarks": {}}  # no place to go on from, or it would not be everything
        assert bed.pull().keys("organization") == {"a"}  # a stream that was not read at all says nothing


def test_two_streams_of_one_table_do_not_take_each_others_rows() -> None:
    bed = Bed([{**CUSTOMERS, "mode": "full"}, {**CUSTOMERS, "stream": "partners"}])
    partners = {**SCHEMA, "stream": "partners"}
    with bed.bench, bed.tap:
        bed.pull(SCHEMA, record("a"), record("b"), partners, record("p", stream="partners"))
        result = bed.pull(SCHEMA, record("a"), partners)
        assert result.keys("organization") == {"a", "b", "p"}
    assert [text for text in result.report.messages if "which partners fills too" in text]


def test_a_deletion_needs_no_more_than_the_key_and_may_be_taken_back(bed: Bed) -> None:
    dead = {"type": "RECORD", "stream": "customers", "record": {"id": "a", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}}
    bed.pull(SCHEMA, record("a"), record("b"))
    assert bed.pull(SCHEMA, dead).keys("organization") == {"b"}
    assert bed.pull(SCHEMA, dead, record("a"), state(at=1)).keys("organization") == {"a", "b"}


def test_a_deletion_before_a_crash_is_not_forgotten(bed: Bed) -> None:
    dead = {"type": "RECORD", "stream": "customers", "record": {"id": "a", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}}
    bed.pull(SCHEMA, record("a"), record("b"))
    bed.pull(SCHEMA, dead, state(at=2), end="exit 1")
    after = bed.pull(SCHEMA)
    assert after.keys("organization") == {"b"}
    assert "gone" not in after.state["tap"]


def test_a_stream_named_as_a_table_needs_no_mapping_and_others_are_named(bed: Bed) -> None:
    native = {"type": "SCHEMA", "stream": "person", "key_properties": ["id"], "schema": {"properties": {"id": {}}}}
    other = {
        "type": "SCHEMA",
        "stream": "tickets",
        "key_properties": ["id"],
        "schema": {"properties": {"id": {}, "x": {}}},
    }
    result = bed.pull(SCHEMA, native, other, record("p", stream="person"), record("t", stream="tickets"))
    assert result.keys("person") == {"p"}
    (said,) = [text for text in result.report.messages if "tickets" in text]
    assert "(1 records) is not mapped to a table. Its columns: id, x. It sounds like the table ticket" in said
    assert "customers: fields not used: tier." in result.report.messages
    assert [text for text in result.report.messages if "customers" in text and "nothing" in text] == []


def test_a_mapping_that_changes_reads_its_stream_again_and_no_other(bed: Bed) -> None:
    both = {"type": "STATE", "value": {"bookmarks": {"customers": {"at": 1}, "person": {"at": 2}}}}
    bed.pull(SCHEMA, record("a", tier="gold"), both)
    bed.remap([{**CUSTOMERS, "attrs": ["tier"]}])
    result = bed.pull(SCHEMA, record("a", tier="gold"))
    assert bed.tap.given("state") == {"bookmarks": {"person": {"at": 2}}}
    assert result.row("organization", "a")["attrs"] == '{"tier":"gold"}'


def test_a_stream_that_is_no_longer_mapped_takes_its_rows_along(bed: Bed) -> None:
    bed.pull(SCHEMA, record("a"))
    bed.remap([{"stream": "people", "table": "person"}])
    people = {**SCHEMA, "stream": "people"}
    result = bed.pull(people, record("p", stream="people"))
    assert (result.keys("organization"), result.keys("person")) == (set(), {"p"})


def test_a_stream_that_is_no_longer_mapped_leaves_the_rows_of_a_native_one_alone(bed: Bed) -> None:
    own = {**SCHEMA, "stream": "organization", "schema": {"properties": {"id": {}, "name": {}}}}
    bed.pull(SCHEMA, record("a"), own, record("n", stream="organization", name="N"))
    bed.remap([{"stream": "people", "table": "person"}])
    result = bed.pull({**SCHEMA, "stream": "people"}, own)
    assert result.keys("organization") == {"a", "n"}
    assert [text for text in result.report.messages if "its rows stay, since others fill organization" in text]


def test_a_tap_that_hangs_ends_when_the_pull_is_stopped(bed: Bed) -> None:
    stopped = threading.Event()
    bed.bench.cancelled = stopped.is_set
    threading.Timer(0.3, stopped.set).start()
    begun = time.monotonic()
    result = bed.pull(SCHEMA, record("a"), state(at=1), end="exec sleep 60")
    assert time.monotonic() - begun < 10
    assert "REV-505 The pull was stopped" in result.report.failures[0]
    bed.bench.cancelled = lambda: False
    assert bed.pull(SCHEMA, record("a"), state(at=1)).keys("organization") == {"a"}


def test_a_secret_is_never_stored_with_the_state(bed: Bed) -> None:
    result = bed.pull(SCHEMA, record("a"), state(cursor=f"https://x.example/?key={VENDOR.KEY}"))
    assert "secret into its state" in result.report.failures[0]
    assert VENDOR.KEY not in json.dumps(result.state)


@pytest.mark.parametrize(
    ("messages", "code", "text"),
    [
        ([SCHEMA, {"type": "BATCH"}], "REV-506", "batch"),
        ([{"type": "SCHEMA", "stream": "customers"}], "REV-506", "SCHEMA without stream or schema"),
        ([{**SCHEMA, "schema": {"properties": {"id": {}, "profil": {}}}}], "REV-502", "Did you mean profil"),
    ],
)
def test_what_cannot_be_read_at_all_ends_the_pull(bed: Bed, messages: list[Any], code: str, text: str) -> None:
    (failure,) = bed.pull(*messages).report.failures
    assert f"tap: {code} " in failure
    assert text in failure


def test_a_tap_that_cannot_discover_or_is_not_there_says_what_to_do(bed: Bed) -> None:
    with Script() as tap, Bench(tap, ground=GROUND, settings={"discover": True}) as bench:
        tap.write("usage: tap [-h]")
        assert "discover = false" in bench.check().message
    with Script() as tap, Bench(tap, ground=GROUND, settings={"command": ["tap-nowhere"], "discover": True}) as bench:
        assert "REV-601" in bench.check().message
    with Script() as tap, Bench(tap, ground=GROUND, settings={"catalog": "nowhere.json"}) as bench:
        assert "REV-501" in bench.pull().report.failures[0]


def test_a_stream_the_tap_does_not_have_is_named_with_the_nearest(tmp_path: Path) -> None:
    vendor = VENDOR.SingerVendor()
    wrong = [{**VENDOR.ORDERS, "stream": "oders"}]
    with vendor, Bench(vendor, ground=GROUND, settings={"tables": wrong}) as bench:
        assert "REV-507" in bench.check().message
        assert "Did you mean orders?" in bench.check().message


@pytest.mark.skipif(
    shutil.which("tap-jsonl", path=str(Path(__import__("sys").executable).parent)) is None, reason="no tap"
)
@pytest.mark.parametrize("again", campaign([False, True]))
def test_a_real_tap_of_the_meltano_sdk(tmp_path: Path, again: bool) -> None:
    data = tmp_path / "customers.jsonl"
    rows = [{"id": n, "title": f"Company {n}", "plan": {"tier": "gold"}, "note": "unused"} for n in range(1, 4)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tables = [{"stream": "clients", "table": "organization", "columns": {"name": "title", "attrs.tier": "plan.tier"}}]
    config = {"path": str(data), "stream_name": "clients", "primary_keys": ["id"]}
    settings = {"command": ["tap-jsonl"], "config": config, "tables": tables, "discover": True}
    with Script() as tap, Bench(tap, ground=GROUND, settings=settings) as bench:
        result = bench.pull()
        assert result.report.failures == []
        assert {row["_key"]: row["name"] for row in result.rows("organization")} == {
            str(n): f"Company {n}" for n in range(1, 4)
        }  # fmt: skip
        assert result.row("organization", "1")["attrs"] == '{"tier":"gold"}'
        assert result.state["tap"]["tap"]["bookmarks"]["clients"]["replication_key"] == "_sdc_last_modified"
        if again:
            result = bench.pull()
            assert result.ok
            assert result.report.counts.written == 0
