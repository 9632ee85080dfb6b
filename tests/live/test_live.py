"""The walk on a real spreadsheet, and the golden files it leaves, played to the local server. See README.md."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sheetsapi import open_api

from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, SheetTarget, open_spreadsheet

from .recording import Recorder, differences, load, replay, save
from .walk import Walk

GOLDEN = Path(__file__).parent / "golden"
KEY_FILE, SHEET = os.environ.get("REVALIGN_LIVE_KEY_FILE", ""), os.environ.get("REVALIGN_LIVE_SHEET", "")


@pytest.mark.live
def test_on_a_real_spreadsheet() -> None:
    with open_spreadsheet(SheetTarget("live", SHEET, Path(KEY_FILE))) as client:
        recorder = Recorder({client.key: "KEY"})
        recorder.listen(client._http.session)
        Walk(client).run()
    save(GOLDEN / "walk.json", recorder.found)


@pytest.fixture
def server() -> Iterator[LocalSheets]:
    with LocalSheets() as local:
        yield local


def walked(server: LocalSheets) -> tuple[Recorder, GoogleSpreadsheet]:
    """The walk on the local server, recorded."""
    target = SheetTarget("live", server.create("Live"), server.key_file, server.base_url)
    with open_spreadsheet(target) as client:
        recorder = Recorder({client.key: "KEY"})
        recorder.listen(client._http.session)
        Walk(client).run()
    return recorder, client


def test_the_walk_tidies_up_and_its_recording_holds_no_secret(server: LocalSheets, tmp_path: Path) -> None:
    recorder, client = walked(server)
    book = server.book(client.key)
    assert [sheet.title for sheet in book.sheets] == ["Sheet1"]
    assert (book.named, book.protected, book.metadata) == ([], [], [])
    save(tmp_path / "walk.json", recorder.found)
    text = (tmp_path / "walk.json").read_text()
    assert load(tmp_path / "walk.json") == recorder.found
    for secret in (client.key, server.account.email, server.base_url, "Bearer", "PRIVATE KEY"):
        assert secret not in text
    assert "=1+1" in text


def played(server: LocalSheets, path: Path) -> list[str]:
    """What differs when a recording is played to a fresh spreadsheet of the local server."""
    with open_api(server) as api:
        return replay(load(path), api.session, server.base_url, api.key)


def test_a_recording_played_to_its_own_server_differs_in_nothing(server: LocalSheets, tmp_path: Path) -> None:
    recorder, _ = walked(server)
    save(tmp_path / "walk.json", recorder.found)
    assert played(server, tmp_path / "walk.json") == []


def test_a_difference_is_named() -> None:
    assert differences({"a": [1, {"b": True}]}, {"a": [1, {"b": 1}]}) == [".a[1].b: recorded True, here 1"]
    assert differences({"spreadsheetId": "x", "c": 1}, {"spreadsheetId": "y"}) == [".c: recorded 1, here None"]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_the_local_server_answers_as_google_did(server: LocalSheets, path: Path) -> None:
    assert played(server, path) == []
