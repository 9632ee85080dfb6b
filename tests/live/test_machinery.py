"""The live sequence, its recorder and its comparer, on the local server; and the golden files, where there are any."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, Options, Retry, SheetTarget, open_spreadsheet, sync_report
from revalign_udf.sheets.client import Refused
from revalign_udf.sheets.memory import Memory

from .conftest import KEY_FILE, SHEET, left_out
from .recording import GOLDEN_KEY, Recorder, compare, redacted, secrets_of
from .sequence import STEPS, TITLE, InUse, run, wanted

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
QUICK = Retry(sleep=lambda _: None)


@dataclass
class Run:
    path: Path
    recorder: Recorder
    left: list[str]
    marks: list[Any]
    private: list[str]
    calls: int

    @property
    def recording(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return found


def opened(server: LocalSheets, key: str) -> GoogleSpreadsheet:
    return open_spreadsheet(SheetTarget("live", key, server.key_file, server.base_url), retry=QUICK)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSheets]:
    with LocalSheets(person="ada@company.example") as local:
        yield local


@pytest.fixture(scope="module")
def recorded(server: LocalSheets, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("live")
    key, begun = server.create("The board's own numbers"), len(server.calls)
    with opened(server, key) as client:
        recorder = Recorder(key, secrets_of(server.key_file))
        run(client, folder, recorder, QUICK)
        token = str(client._signed.credentials.token)
    recorder.save(folder / "sync.json")
    book = server.book(key)
    private = [key, token, server.base_url, server.account.email, "revalign-local", "board's own", server.person]
    private += json.loads(server.key_file.read_text())["private_key"].splitlines()[1:3]
    tabs, marks = [sheet.title for sheet in book.sheets], [*book.metadata, *book.named, *book.protected]
    return Run(folder / "sync.json", recorder, tabs, marks, private, len(server.calls) - begun)


def test_every_step_is_recorded_and_nothing_is_left_behind(recorded: Run) -> None:
    calls = recorded.recording["interactions"]
    assert tuple(dict.fromkeys(call["step"] for call in calls)) == STEPS
    assert (recorded.left, recorded.marks) == (["Sheet1"], [])
    methods = {call["request"]["method"] + " " + call["request"]["uri"].split("?")[0] for call in calls}
    home = f"https://sheets.googleapis.com/v4/spreadsheets/{GOLDEN_KEY}"
    assert methods == {f"GET {home}", f"GET {home}/values:batchGet", f"POST {home}:batchUpdate"} | {
        f"POST {home}/values:batchUpdate"
    }
    assert 30 < len(calls) < recorded.calls < 60  # a minute of quota


def test_nothing_private_is_in_the_recording(recorded: Run) -> None:
    text = recorded.path.read_text(encoding="utf-8")
    assert [item for item in recorded.private if item in text] == []
    assert "authorization" not in text.lower()
    assert "http://" not in text
    # they were there to be written over
    heard = "".join(
        str(request.url) + str(request.headers) + answer for _, request, _, answer in recorded.recorder.heard
    )
    assert [item in heard for item in recorded.private[:3]] == [True] * 3
    assert "board's own" in heard


def test_two_runs_are_recorded_alike(recorded: Run, server: LocalSheets, tmp_path: Path) -> None:
    key = server.create("Another")
    with opened(server, key) as client:
        again = Recorder(key, secrets_of(server.key_file))
        run(client, tmp_path, again, QUICK)
    # but for the mark that the access check makes and takes away
    assert _but_access(again.recording()) == _but_access(recorded.recording)


def _but_access(recording: dict[str, Any]) -> list[Any]:
    return [call for call in recording["interactions"] if call["step"] != "access"]


def test_the_recording_is_answered_alike_and_a_changed_one_is_not(recorded: Run) -> None:
    assert compare(recorded.recording) == []
    changed = copy.deepcopy(recorded.recording)
    calls = changed["interactions"]
    at = next(at for at, call in enumerate(calls) if "values:batchGet" in call["request"]["uri"])
    body = json.loads(calls[at]["response"]["body"]["string"])
    body["valueRanges"][0]["values"][0][0] = "somebody else's"
    calls[at]["response"]["body"]["string"] = json.dumps(body)
    [found] = compare({"interactions": calls[: at + 1]})
    assert "recorded somebody else's, ours" in found
    assert found.startswith("first: GET /v4/")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("shared with ada.b+c@company.co.uk today", "shared with person@example.com today"),
        ("see https://docs.google.com/spreadsheets/d/THEKEY/edit#gid=0", "see https://example.com/"),
        ("project_number:123456789012 is disabled", "project_number:0 is disabled"),
        ("disabled in project 123456789012.", "disabled in project 0."),
        ("consumer projects/123456789012", "consumer projects/0"),
        ("no spreadsheet THEKEY", "no spreadsheet stand-in"),
    ],
)
def test_what_names_people_and_places_is_written_over(said: str, kept: str) -> None:
    assert redacted({"a": [said]}, {"THEKEY": "stand-in"}) == {"a": [kept]}


@pytest.mark.parametrize("text", ["ya29.a0AfH6", "Bearer x", "-----BEGIN PRIVATE KEY-----", '{"access_token": 1}'])
def test_a_recording_with_a_token_in_it_is_not_saved(recorded: Run, tmp_path: Path, text: str) -> None:
    step, request, status, _ = recorded.recorder.heard[0]
    recorder = Recorder("key-of-a-sheet", ("secret",), heard=[(step, request, status, text)])
    with pytest.raises(ValueError, match="private texts or something like a token"):
        recorder.save(tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def _value(client: GoogleSpreadsheet) -> None:
    client.write_values([{"range": "Sheet1!C7", "values": [["mine"]]}])


def _tab(client: GoogleSpreadsheet) -> None:
    client.batch_update([{"addSheet": {"properties": {"title": TITLE}}}])


def _synced(client: GoogleSpreadsheet) -> None:
    sync_report(client, replace(wanted("Ada"), key="saas_metrics"), Options(Memory(), stamp="2026-04-01"))


@pytest.mark.parametrize("theirs", [_value, _tab, _synced])
def test_a_spreadsheet_in_use_is_neither_touched_nor_recorded(
    server: LocalSheets, tmp_path: Path, theirs: Callable[[GoogleSpreadsheet], None]
) -> None:
    key = server.create("In use")
    with opened(server, key) as client:
        theirs(client)
        server.calls.clear()
        recorder = Recorder(key, ())
        with pytest.raises(InUse, match="one empty tab"):
            run(client, tmp_path, recorder, QUICK)
    assert (server.writes(), recorder.heard) == ([], [])


def test_a_failed_step_leaves_nothing_behind_either(server: LocalSheets, tmp_path: Path) -> None:
    key = server.create("Failing")
    with opened(server, key) as client:
        server.faults.add("values:batchUpdate", status=403)  # what a person writes into the sheet
        recorder = Recorder(key, ())
        with pytest.raises(Refused, match="not for writing"):
            run(client, tmp_path, recorder, QUICK)
    assert [sheet.title for sheet in server.book(key).sheets] == ["Sheet1"]
    assert recorder.heard[-1][0] == "clean-up"


def test_what_a_killed_run_left_is_taken_away_first(server: LocalSheets, tmp_path: Path) -> None:
    key = server.create("Killed")
    with opened(server, key) as client:
        sync_report(client, wanted("Ada"), Options(Memory(), stamp="2026-04-01"))
        assert [sheet.title for sheet in server.book(key).sheets][1:] == [TITLE, "_log"]
        recorder = Recorder(key, ())
        run(client, tmp_path, recorder, QUICK)
    assert [sheet.title for sheet in server.book(key).sheets] == ["Sheet1"]
    assert "deleteSheet" not in str(recorder.heard[1][1].body)


def test_live_tests_are_left_out_unless_asked_for_with_a_key_and_a_sheet() -> None:
    both = {KEY_FILE: "key.json", SHEET: "https://..."}
    assert left_out("live", both) == ""
    assert "poe live" in left_out("", both)
    assert "poe live" in left_out("not live", both)
    assert left_out("live", {}) == f"live tests need {KEY_FILE} and {SHEET}: see tests/live/README.md"
    assert left_out("live", {KEY_FILE: "key.json", SHEET: ""}).startswith(f"live tests need {SHEET}")


if GOLDEN:

    @pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
    def test_the_local_server_answers_as_google_did(path: Path) -> None:
        assert compare(json.loads(path.read_text(encoding="utf-8"))) == []
