import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gspread
import pytest
from gspread.exceptions import APIError

from revalign_udf.localsheets import LocalSheets

Connect = Callable[..., gspread.Client]


def test_every_call_is_logged(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    server.calls.clear()
    book.sheet1.update([[1, 2]], "A1")
    read, write = server.calls
    assert (read.method, read.writes, read.status) == ("GET", False, 200)
    assert (write.method, write.writes, write.status) == ("PUT", True, 200)
    assert write.request_bytes > 20
    assert write.reply_bytes > 20
    assert server.writes() == [write]


def test_drive(connect: Connect, server: LocalSheets) -> None:
    client = connect()
    made = client.create("Made here")
    assert [item["name"] for item in client.list_spreadsheet_files("Made here")] == ["Made here"]
    client.del_spreadsheet(made.id)
    assert client.list_spreadsheet_files() == []


def test_create_and_fields(connect: Connect, server: LocalSheets) -> None:
    client = connect()
    url = "https://sheets.googleapis.com/v4/spreadsheets"
    body = {"properties": {"title": "New"}, "sheets": [{"properties": {"title": "First", "sheetId": 5}}]}
    made = client.http_client.request("post", url, json=body, params={"fields": "spreadsheetId,sheets.properties"})
    assert set(made.json()) == {"spreadsheetId", "sheets"}
    assert made.json()["sheets"][0]["properties"]["sheetId"] == 5
    key = made.json()["spreadsheetId"]
    params = {"fields": "sheets(properties/title,data.rowData.values(formattedValue))", "ranges": "First!A1:B2"}
    client.open_by_key(key).sheet1.update([[1]], "A1")
    answer = client.http_client.request("get", f"{url}/{key}", params=params).json()
    values = [{"values": [{"formattedValue": "1"}]}]
    assert answer == {"sheets": [{"properties": {"title": "First"}, "data": [{"rowData": values}]}]}


def test_unknown_paths(server: LocalSheets, connect: Connect) -> None:
    client = connect().http_client
    with pytest.raises(APIError, match="not found on this server"):
        client.request("get", "https://sheets.googleapis.com/v5/x")
    with pytest.raises(APIError, match="not allowed"):
        client.request("put", "https://sheets.googleapis.com/v4/spreadsheets")
    with pytest.raises(APIError, match="Invalid JSON payload"):
        client.request("post", "https://sheets.googleapis.com/v4/spreadsheets", data=b"{")


def test_two_servers_and_a_given_folder(tmp_path: Path) -> None:
    with LocalSheets(folder=tmp_path) as one, LocalSheets() as two:
        assert one.base_url != two.base_url
        assert one.key_file.parent == tmp_path
        made = two.key_file
    assert one.key_file.exists()
    assert not made.exists()


def test_the_log_is_summed_up(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    tab = book.sheet1
    server.calls.clear()
    tab.get("A1")
    tab.update([["x" * 3000]], "A1")
    with pytest.raises(APIError):
        tab.update([[1]], "A9999")
    assert (len(server.reads()), len(server.writes())) == (1, 2)
    assert 3000 < server.largest < 3200
    assert server.summary() == "1 reads, 2 writes, 0.00 MB up, 0.00 MB down, largest 0.00 MB, 1 refused"


def test_a_payload_too_large_is_refused_in_googles_words(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.max_request = 20_000
    with pytest.raises(APIError, match="Request payload size exceeds the limit: 20000 bytes") as caught:
        tab.update([["x" * 30_000]], "A1")
    assert caught.value.response.status_code == 400
    tab.update([["x" * 10_000]], "A1")


def test_limits_of_cells_columns_and_characters(book: gspread.Spreadsheet) -> None:
    with pytest.raises(APIError, match="above the limit of 10000000 cells"):
        book.add_worksheet("Large", 1_000_000, 10)
    with pytest.raises(APIError, match="above the limit of 18278 columns"):
        book.add_worksheet("Wide", 1, 18_279)
    book.add_worksheet("Just", 1, 18_278)
    with pytest.raises(APIError, match="50000 characters"):
        book.sheet1.update([["=" + "1+" * 25_000 + "1"]], "A1", raw=False)


def test_a_broken_length_is_answered(server: LocalSheets) -> None:
    with socket.create_connection(("127.0.0.1", int(server.base_url.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(b"POST /v4/spreadsheets HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n")
        assert b" 400 " in connection.recv(100)


# --- protected ranges ------------------------------------------------------------------------------------------------


def protect(server: LocalSheets, key: str, *, editors: tuple[str, ...] = (), **more: Any) -> None:
    """As the owner did it, before the service account came."""
    range_ = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 2}
    item = {"protectedRangeId": 1, "range": range_, "editors": {"users": [server.person, *editors]}, **more}
    server.book(key).protected.append(item)


REFUSED = "You are trying to edit a protected cell or object"


def dimension(kind: str, start: int, end: int) -> dict[str, Any]:
    return {kind: {"range": {"sheetId": 0, "dimension": "ROWS", "startIndex": start, "endIndex": end}}}


def test_a_protected_range_protects(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    tab = book.sheet1
    tab.update([["a", "b"], ["c", "=A1"], ["e", "f"], ["g", "h"]], "A1", raw=False)
    protect(server, book.id)
    before = server.book(book.id).grid("Sheet1")
    with pytest.raises(APIError, match=REFUSED) as caught:
        tab.update([["x"]], "A2")
    assert caught.value.response.status_code == 400
    refusals: tuple[Callable[[], Any], ...] = (
        lambda: tab.batch_clear(["A1:A4"]),
        lambda: tab.format("B3", {"textFormat": {"bold": True}}),
        lambda: tab.insert_note("A2", "mine"),
        lambda: tab.delete_rows(2),
        lambda: tab.insert_row(["new"], 3),
        lambda: book.batch_update({"requests": [{"deleteProtectedRange": {"protectedRangeId": 1}}]}),
        lambda: book.values_append("Sheet1!A1:B3", {"valueInputOption": "RAW", "insertDataOption": "OVERWRITE"},
                                   {"values": [["over"]]}) and tab.update([["x"]], "B2"),
    )  # fmt: skip
    for refused in refusals:
        with pytest.raises(APIError, match=REFUSED):
            refused()
    assert server.book(book.id).grid("Sheet1")[:4] == before
    with pytest.raises(APIError, match=r"Invalid requests\[1\]\.updateCells: " + REFUSED):
        start = {"sheetId": 0, "rowIndex": 1, "columnIndex": 1}
        cells = [{"values": [{"userEnteredValue": {"numberValue": 1}}]}]
        book.batch_update(
            {
                "requests": [
                    {"updateSpreadsheetProperties": {"properties": {"title": "New"}, "fields": "title"}},
                    {"updateCells": {"start": start, "rows": cells, "fields": "userEnteredValue"}},
                ]
            }
        )
    assert server.book(book.id).title == "Book"


def test_what_lies_beside_it_may_be_changed_and_move_it(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    tab = book.sheet1
    tab.update([["a", 1], ["c", "=B1*2"], ["e", "=B2"]], "A1", raw=False)
    protect(server, book.id)
    tab.update([["x", 5]], "A1")  # the formula beneath shows another number; nobody edited it
    book.batch_update({"requests": [dimension("insertDimension", 0, 2)]})
    assert tab.get("A3:B5") == [["x", "5"], ["c", "10"], ["e", "10"]]
    assert server.book(book.id).protected[0]["range"]["startRowIndex"] == 3
    with pytest.raises(APIError, match=REFUSED):
        tab.update([["y"]], "A4")


def test_editors_the_owner_and_warnings(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    tab = book.sheet1
    protect(server, book.id, editors=(server.account.email,))
    tab.update([["x"]], "A2")
    server.book(book.id).protected[0] |= {"editors": {"users": []}}
    with pytest.raises(APIError, match=REFUSED):
        tab.update([["y"]], "A2")
    server.share(book.id, "owner")
    tab.update([["y"]], "A2")
    server.share(book.id, "writer")
    server.book(book.id).protected[0] |= {"warningOnly": True}
    tab.update([["z"]], "A2")


def test_unprotected_cells_of_a_protected_tab(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    free = [{"sheetId": 0, "startRowIndex": 4, "endRowIndex": 5, "startColumnIndex": 0, "endColumnIndex": 1}]
    protect(server, book.id, range={"sheetId": 0}, unprotectedRanges=free)
    book.sheet1.update([["free"]], "A5")
    with pytest.raises(APIError, match=REFUSED):
        book.sheet1.update([["closed"]], "A6")
    with pytest.raises(APIError, match=REFUSED):
        book.sheet1.update_title("Other")
    with pytest.raises(APIError, match=REFUSED):
        book.sheet1.resize(rows=500)


def test_who_may_edit_is_told_to_those_who_may(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    made = {"range": {"sheetId": 0, "startRowIndex": 8, "endRowIndex": 9}, "protectedRangeId": 2}
    book.batch_update({"requests": [{"addProtectedRange": {"protectedRange": made}}]})
    protect(server, book.id)
    mine, theirs = book.fetch_sheet_metadata()["sheets"][0]["protectedRanges"]
    assert mine["requestingUserCanEdit"] is True
    assert mine["editors"]["users"] == [server.person, server.account.email]
    assert "editors" not in theirs
    assert not theirs.get("requestingUserCanEdit")
