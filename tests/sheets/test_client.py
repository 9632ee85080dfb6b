"""The fence around gspread: keys, errors a person can act on, and when a call is repeated."""

import json
from pathlib import Path

import pytest

from revalign_udf.errors import Retriable, SurfaceError
from revalign_udf.localsheets import LocalSheets
from revalign_udf.localsheets.tokens import ServiceAccount
from revalign_udf.sheets import (
    AmbiguousWrite,
    GoogleSpreadsheet,
    Retry,
    SheetTarget,
    make_plan,
    open_spreadsheet,
    sync_report,
)
from revalign_udf.sheets.retry import retry_after

from .conftest import QUICK, Opener, report

WRITE = {"addSheet": {"properties": {"title": "New"}}}


def refused(target: SheetTarget) -> SurfaceError:
    with pytest.raises(SurfaceError) as caught:
        open_spreadsheet(target).close()
    assert caught.value.code == "REV-702"
    return caught.value


def test_a_key_file_others_can_read_is_refused(server: LocalSheets, book_key: str) -> None:
    server.key_file.chmod(0o640)
    error = refused(SheetTarget("team", book_key, server.key_file, server.base_url))
    assert f"chmod 600 {server.key_file}" in error.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "no JSON"),
        ("[]", "no service account"),
        ('{"type": "authorized_user"}', "no service account"),
        ('{"type": "service_account", "private_key": "secret-part"}', "damaged"),
    ],
)
def test_bad_key_files(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    path.chmod(0o600)
    error = refused(SheetTarget("team", "k", path))
    assert said in error.message
    assert "secret-part" not in str(error)
    assert "cannot be read" in refused(SheetTarget("team", "k", tmp_path / "none.json")).message


def test_opened_by_key_or_address_only(server: LocalSheets, book_key: str) -> None:
    address = f"https://docs.google.com/spreadsheets/d/{book_key}/edit#gid=0"
    with open_spreadsheet(SheetTarget("team", address, server.key_file, server.base_url)) as client:
        assert client.key == book_key
        assert make_plan(client, report()).calls == 1
        assert client.url == f"{server.base_url}/view/{book_key}"
    error = refused(SheetTarget("team", "https://example.com/sheet", server.key_file, server.base_url))
    assert "address" in error.message
    with open_spreadsheet(SheetTarget("team", book_key, server.key_file)) as google:
        assert google.url == f"https://docs.google.com/spreadsheets/d/{book_key}/edit"


def test_the_token_never_travels_in_the_open(server: LocalSheets) -> None:
    assert "in the open" in refused(SheetTarget("team", "k", server.key_file, "http://sheets.example")).message


def test_the_least_scope_is_asked_for(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    client.read("spreadsheetId")
    [scopes] = [scopes for scopes, _ in server.account._tokens.values()]
    assert scopes == {"https://www.googleapis.com/auth/spreadsheets"}
    assert len(server.calls) == 2  # the token, and the read


def test_not_shared_names_whom_to_share_with(server: LocalSheets, opener: Opener) -> None:
    for key in (server.create("Private", shared=False), "there-is-none"):
        with pytest.raises(SurfaceError) as caught:
            make_plan(opener(key), report())
        assert caught.value.code == "REV-702"
        assert server.account.email in caught.value.hint
    key = server.create("Read only")
    server.share(key, "reader")
    with pytest.raises(SurfaceError, match="not for writing"):
        sync_report(opener(key), report())


def test_api_switched_off(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    message = "Google Sheets API has not been used in project 1 before or it is disabled. Enable it by visiting ..."
    error = {
        "code": 403,
        "message": message,
        "status": "PERMISSION_DENIED",
        "details": [{"reason": "SERVICE_DISABLED"}],
    }
    server.faults.add("/v4/", status=403, body={"error": error})
    with pytest.raises(SurfaceError, match="switched off") as caught:
        make_plan(client, report())
    assert "Enable it: https://console.cloud.google.com" in caught.value.hint


def test_a_key_google_no_longer_knows(server: LocalSheets, book_key: str, tmp_path: Path) -> None:
    other = ServiceAccount()
    forged = json.loads(other.write_key(tmp_path, server.base_url).read_text())
    forged["client_email"] = server.account.email
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(forged))
    path.chmod(0o600)
    target = SheetTarget("team", book_key, path, server.base_url)
    with open_spreadsheet(target) as client, pytest.raises(SurfaceError, match=r"refused.*Invalid JWT Signature"):
        make_plan(client, report())


def test_unreachable(book_key: str) -> None:
    with LocalSheets() as gone:
        key_file = gone.key_file.read_text()
        base_url = gone.base_url
    path = Path(gone.key_file)
    path.parent.mkdir()
    try:
        path.touch(0o600)
        path.write_text(key_file)
        target = SheetTarget("team", book_key, path, base_url)
        with open_spreadsheet(target, retry=QUICK) as client, pytest.raises(SurfaceError, match="cannot be reached"):
            make_plan(client, report())
    finally:
        path.unlink()
        path.parent.rmdir()


def test_busy_is_tried_again_after_what_the_server_asks_for(server: LocalSheets, opener: Opener) -> None:
    waits: list[float] = []
    client = opener(retry=Retry(sleep=waits.append, draw=lambda: 0.5))
    server.faults.add("GET", status=429, headers={"Retry-After": "7"})
    server.faults.add("GET", status=503, times=2)
    client.read("spreadsheetId")
    assert waits == [7.0, 1.0, 2.0]


def test_a_busy_write_is_tried_again_only_when_it_was_refused_before(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    server.faults.add(":batchUpdate", status=429, times=2)
    client.batch_update([WRITE])
    assert [call.status for call in server.writes()] == [429, 429, 200]
    for fault in ({"status": 503}, {"drop_after_commit": True}, {"drop": True}):
        server.calls.clear()
        server.faults.add(":batchUpdate", **fault)
        with pytest.raises(AmbiguousWrite):
            client.batch_update([WRITE])
        assert len(server.writes()) == 1


def test_lost_reads_are_repeated(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    server.faults.add("GET", drop=True, times=2)
    client.read("spreadsheetId")
    assert [call.status for call in server.calls if call.method == "GET"] == [0, 0, 200]


def test_it_gives_up_by_count_and_by_deadline(server: LocalSheets, opener: Opener) -> None:
    server.faults.add("GET", status=429, times=99)
    with pytest.raises(Retriable, match="after 6 attempts"):
        opener().read("spreadsheetId")
    server.faults.clear()
    server.faults.add("GET", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(Retriable, match="after 1 attempt") as caught:
        opener().read("spreadsheetId")
    assert caught.value.retry_after == 3600


def test_a_refused_request_says_why(client: GoogleSpreadsheet) -> None:
    with pytest.raises(SurfaceError, match="No grid with id: 99"):
        client.batch_update([{"deleteSheet": {"sheetId": 99}}])


def test_retry_after_dates() -> None:
    assert retry_after("Sun, 22 Nov 2026 06:00:30 GMT", now=1795327200.0) == 30.0
    assert retry_after("Sun, 22 Nov 2026 06:00:30 GMT", now=1895327200.0) == 0.0
