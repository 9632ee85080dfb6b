from collections.abc import Callable
from pathlib import Path

import gspread
import pytest
import requests
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


def test_faults(server: LocalSheets, tab: gspread.Worksheet) -> None:
    fault = server.faults.add("GET .*/values/", status=503, after=1, times=2, headers={"Retry-After": "3"})
    tab.get("A1")
    for _ in range(2):
        with pytest.raises(APIError) as caught:
            tab.get("A1")
        assert caught.value.response.headers["Retry-After"] == "3"
    tab.get("A1")
    assert fault.hits == 2


def test_dropped_connections(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.faults.add("PUT", drop=True)
    with pytest.raises(requests.ConnectionError):
        tab.update([[1]], "A1")
    assert tab.get("A1") == [[]]
    server.faults.add("PUT", drop_after_commit=True)
    with pytest.raises(requests.ConnectionError):
        tab.update([[1]], "A1")
    assert tab.get("A1") == [["1"]]
    assert [call.status for call in server.writes()] == [0, 0]


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


def test_view_escapes_everything(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    book.sheet1.update([["<script>alert(1)</script>", '"&'], [0.5, "=1/0"]], "A1", raw=False)
    book.sheet1.update_title("<b>Tab</b>")
    page = requests.get(f"{server.base_url}/view/{book.id}", timeout=5)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<script>" not in page.text
    assert "<b>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "#DIV/0!" in page.text
    assert f'href="/view/{book.id}"' in requests.get(f"{server.base_url}/", timeout=5).text
    assert "no such spreadsheet" in requests.get(f"{server.base_url}/view/none", timeout=5).text


def test_two_servers_and_a_given_folder(tmp_path: Path) -> None:
    with LocalSheets(folder=tmp_path) as one, LocalSheets() as two:
        assert one.base_url != two.base_url
        assert one.key_file.parent == tmp_path
        made = two.key_file
    assert one.key_file.exists()
    assert not made.exists()
