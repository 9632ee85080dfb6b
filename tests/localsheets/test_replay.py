"""Recorded traffic played against the server: a small recording written by hand, and changes to it that must be seen."""

import copy
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from revalign_udf.localsheets import LocalSheets

HERE = Path(__file__).parent
RECORDING: dict[str, Any] = json.loads((HERE / "recordings" / "by_hand.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def replay() -> ModuleType:
    found = importlib.util.spec_from_file_location("replay", HERE / "replay.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["replay"] = module  # its dataclasses look themselves up
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def player(replay: ModuleType) -> Iterator[Any]:
    with LocalSheets() as server:
        made = replay.Replay(server)
        yield made
        made.close()


def different(player: Any, recording: dict[str, Any]) -> list[str]:
    return [str(item) for _, found in player.play(recording) for item in found]


def changed(at: int, **response: Any) -> dict[str, Any]:
    recording: dict[str, Any] = copy.deepcopy(RECORDING)
    given: dict[str, Any] = recording["interactions"][at]["response"]
    if "status" in response:
        given["status"] = {"code": response["status"], "message": ""}
    if "reply" in response:
        given["body"] = {"string": json.dumps(response["reply"])}
    return recording


def test_the_recording_is_answered_field_by_field(player: Any) -> None:
    calls = list(player.play(RECORDING))
    assert len(calls) == len(RECORDING["interactions"]) > 30
    assert [item for _, found in calls for item in found] == []


def test_a_changed_value_a_missing_field_and_another_status_are_seen(player: Any) -> None:
    cleared = json.loads(RECORDING["interactions"][2]["response"]["body"]["string"])
    assert different(player, changed(2, reply={**cleared, "clearedRange": "Sheet1!A1:Z999"})) == [
        "clearedRange: recorded Sheet1!A1:Z999, ours Sheet1!A1:Z1000"
    ]
    assert different(player, changed(2, reply={"spreadsheetId": cleared["spreadsheetId"]})) == [
        "clearedRange: recorded nothing, ours Sheet1!A1:Z1000"
    ]
    assert different(player, changed(2, status=403))[0].startswith("(status): recorded 403, ours 200")


def position(uri_end: str) -> int:
    return next(at for at, call in enumerate(RECORDING["interactions"]) if call["request"]["uri"].endswith(uri_end))


def test_an_id_that_changes_on_the_way_is_seen(player: Any) -> None:
    at = position("fields=namedRanges")
    named = json.loads(RECORDING["interactions"][at]["response"]["body"]["string"])
    named["namedRanges"][0]["namedRangeId"] = "77"  # the reply to the request that made it said another
    assert different(player, changed(at, reply=named)) == []  # a new number may stand for anything, once
    named["namedRanges"].append(copy.deepcopy(named["namedRanges"][0]))
    assert different(player, changed(at, reply=named)) == ["namedRanges (length): recorded 2, ours 1"]


def test_a_recording_may_begin_in_the_middle(player: Any) -> None:
    calls = [call for call in RECORDING["interactions"] if "includeGridData=false" in call["request"]["uri"]]
    assert different(player, {"interactions": calls}) == []


def test_bodies_as_bytes_and_other_hosts(player: Any, replay: ModuleType) -> None:
    elsewhere = {
        "request": {"method": "POST", "uri": "https://oauth2.example.com/token", "body": {"string": "a=b"}},
        "response": {"status": 200, "body": {"base64_string": "e30="}},
    }
    skipped = player.tally.skipped
    assert different(player, {"http_interactions": [elsewhere]}) == []
    assert player.tally.skipped == skipped + 1
    assert "the same" in str(replay.Tally())
