"""The fence around gspread: keys, errors a person can act on, and when a call is repeated."""

import json
from pathlib import Path
from typing import Any

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
from revalign_udf.sheets.client import Refused
from revalign_udf.sheets.gsheets import spreadsheet_key
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
    with pytest.raises(SurfaceError, match="for reading, not for writing") as caught:
        sync_report(opener(key), report())
    assert server.account.email in caught.value.hint


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
    with pytest.raises(SurfaceError, match="No sheet with id: 99"):
        client.batch_update([{"deleteSheet": {"sheetId": 99}}])


def test_retry_after_dates() -> None:
    assert retry_after("Sun, 22 Nov 2026 06:00:30 GMT", now=1795327200.0) == 30.0
    assert retry_after("Sun, 22 Nov 2026 06:00:30 GMT", now=1895327200.0) == 0.0


def test_values_are_written_raw(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    rows = [["=1+1", "+49 30", "-5", "@home", "2026-01-31", 0.1, True], ["007", "", None, "'x", "1e3", 10**6, False]]
    client.write_values([{"range": "'Sheet1'!A1", "values": rows}])
    assert client.values(["Sheet1!A1:G2"]) == [[rows[0], ["007", "", "", "'x", "1e3", 10**6, False]]]
    answer = client.read("sheets.data.rowData.values.userEnteredValue", ["Sheet1!A1"])
    assert answer["sheets"][0]["data"][0]["rowData"][0]["values"][0] == {"userEnteredValue": {"stringValue": "=1+1"}}
    assert len(server.writes()) == 1


def test_one_bad_range_and_no_value_is_written(client: GoogleSpreadsheet) -> None:
    data = [{"range": "'Sheet1'!A1", "values": [["x"]]}, {"range": "'None'!A1", "values": [["y"]]}]
    with pytest.raises(SurfaceError, match="None"):
        client.write_values(data)
    assert client.values(["Sheet1!A1"]) == [[]]


def test_a_write_of_values_without_an_answer_is_not_repeated(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    for fault in ({"status": 503}, {"drop_after_commit": True}, {"drop": True}):
        server.calls.clear()
        server.faults.add("values:batchUpdate", **fault)
        with pytest.raises(AmbiguousWrite):
            client.write_values([{"range": "'Sheet1'!A1", "values": [["x"]]}])
        assert len(server.writes()) == 1


def test_a_batch_hands_back_the_spreadsheet_it_made(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    assert client.batch_update([WRITE]) == {}
    again = {"addSheet": {"properties": {"title": "Another"}}}
    answer = client.batch_update([again], fields="sheets.properties.title")
    assert answer == {"sheets": [{"properties": {"title": title}} for title in ("Sheet1", "New", "Another")]}
    assert len(server.writes()) == 2
    assert [call.method for call in server.calls] == ["POST"] * 3  # the token and the two changes: nothing is read


# --- what stands between us and Google -------------------------------------------------------------------------------


def refusal(client: GoogleSpreadsheet) -> Refused:
    with pytest.raises(Refused) as caught:
        client.read("spreadsheetId")
    return caught.value


def test_a_page_instead_of_data_is_read_again_and_never_taken_for_data(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    page = "<!doctype html><title>Sign in to this network</title>"
    server.faults.add("GET /v4/", text=page, times=2)
    assert client.read("spreadsheetId")["spreadsheetId"] == client.key
    server.faults.add("GET /v4/", text=page, times=99)
    assert refusal(client).why == "network"
    assert "Sign in to this network" not in str(refusal(client))
    server.faults.clear()
    server.faults.add("GET /v4/", status=403, text=page)
    assert refusal(client).why == "network"  # and not "share it with ..."


def test_an_answer_to_a_change_that_cannot_be_read_is_not_asked_for_again(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    faults: tuple[dict[str, Any], ...] = ({"text": "<html>"}, {"text": ""}, {"truncate": True}, {"text": "[]x"})
    for number, fault in enumerate(faults):
        server.calls.clear()
        server.faults.add(":batchUpdate", **fault)
        with pytest.raises(AmbiguousWrite):
            client.batch_update([{"addSheet": {"properties": {"title": f"Tab {number}"}}}])
        assert len(server.writes()) == 1
        assert server.book(client.key).sheets[-1].title == f"Tab {number}"  # it did happen


def test_half_an_answer_to_a_read_is_asked_for_again(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    server.faults.add("GET /v4/", truncate=True, times=2)
    assert client.read("spreadsheetId")["spreadsheetId"] == client.key
    assert len(server.reads()) == 3


def test_a_redirect_is_never_followed(server: LocalSheets, opener: Opener, tmp_path: Path) -> None:
    waits: list[float] = []
    client = opener(retry=Retry(sleep=waits.append))
    with LocalSheets(folder=tmp_path) as elsewhere:
        for status in (302, 307, 308):
            server.faults.add("/v4/", status=status, headers={"Location": f"{elsewhere.base_url}/v4/spreadsheets/x"})
            assert refusal(client).why == "network"
            server.faults.add("/v4/", status=status, headers={"Location": f"{elsewhere.base_url}/v4/spreadsheets/x"})
            with pytest.raises(Refused, match="in between"):
                client.batch_update([WRITE])
        server.expire_tokens()
        server.faults.add("/token", status=307, headers={"Location": f"{elsewhere.base_url}/token"})
        assert refusal(client).why == "network"
        assert elsewhere.calls == []
    assert waits == []


def test_the_deadline_counts_the_time_calls_take_and_the_waits(server: LocalSheets, opener: Opener) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    policy = Retry(attempts=99, base=10, cap=40, deadline=100, sleep=sleep, clock=lambda: now[0], draw=lambda: 1.0)
    server.faults.add("GET /v4/", status=503, times=99)
    with pytest.raises(Retriable, match="after 4 attempts"):  # 10 + 20 + 40 s, and the next 40 s would be too late
        opener(retry=policy).read("spreadsheetId")
    assert now == [70.0]


def test_waits_are_spread_and_capped() -> None:
    policy = Retry(draw=lambda: 1.0)
    assert [policy.wait(attempt) for attempt in range(8)] == [1, 2, 4, 8, 16, 32, 32, 32]
    assert Retry(draw=lambda: 0.0).wait(5) == 0
    assert Retry(draw=lambda: 0.0).wait(0, asked=9) == 9


def test_a_proxy_of_the_environment_has_no_business_on_this_computer(
    client: GoogleSpreadsheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert client.read("spreadsheetId")["spreadsheetId"] == client.key


@pytest.mark.parametrize(
    ("status", "message", "detail", "why", "hint"),
    [
        (400, "This operation is not supported for this document", {}, "office_file", "Save as Google Sheets"),
        (
            400,
            "Invalid requests[0].updateCells: You are trying to edit a protected cell or object.",
            {},
            "protected",
            "Protect sheets and ranges",
        ),
        (
            403,
            "Request had insufficient authentication scopes.",
            {"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"},
            "scope",
            "auth/spreadsheets",
        ),
        (
            403,
            "The sheets.googleapis.com API requires a quota project, which is not set by default.",
            {"reason": "SERVICE_DISABLED"},
            "adc",
            "set-quota-project",
        ),
        (
            429,
            "Quota exceeded for quota metric 'Read requests'.",
            {"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_limit_value": "0"}},
            "quota",
            "Ask for quota",
        ),
        (400, "Invalid requests[0].addSheet: whatever", {}, "request", "run the sync again"),
    ],
)
def test_every_no_is_told_apart(
    server: LocalSheets, opener: Opener, status: int, message: str, detail: dict[str, object], why: str, hint: str
) -> None:
    waits: list[float] = []
    error = {"code": status, "message": message, "status": "X", "details": [detail] if detail else []}
    server.faults.add("/v4/", status=status, body={"error": error}, times=9)
    with pytest.raises(Refused) as caught:
        opener(retry=Retry(sleep=waits.append)).batch_update([WRITE])
    assert (caught.value.why, caught.value.code, waits) == (why, "REV-702", [])
    assert hint in caught.value.hint


def test_addresses() -> None:
    base = "https://docs.google.com/spreadsheets"
    for text in (
        "1AbC-d_E",
        f"{base}/d/1AbC-d_E/edit?usp=sharing#gid=7",
        f" {base}/u/1/d/1AbC-d_E ",
        f"{base}/ccc?hl=en&key=1AbC-d_E",
        "http://127.0.0.1:8080/view/1AbC-d_E?tab=2",
    ):
        assert spreadsheet_key(text) == "1AbC-d_E"
    for text in (
        "",
        "My board",
        f"{base}/d/e/2PACX-1/pubhtml",
        "https://drive.google.com/file/d/x/view",
        "a/../b",
        "k?x",
    ):
        with pytest.raises(Refused) as caught:
            spreadsheet_key(text)
        assert caught.value.why == "address"
