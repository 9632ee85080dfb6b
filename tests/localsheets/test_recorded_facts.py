"""What real replies look like: facts taken from public recordings of real traffic, in our own words."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sheetsapi import Api, open_api

from revalign_udf.localsheets import LocalSheets

Opened = tuple[LocalSheets, requests.Session]


@pytest.fixture(scope="module")
def opened() -> Iterator[Opened]:
    with open_api() as both:
        yield both


@pytest.fixture
def api(opened: Opened) -> Api:
    return Api(*opened)


# --- a new spreadsheet -----------------------------------------------------------------------------------------------


def test_drive_names_four_fields_of_a_new_file(api: Api) -> None:
    assert set(api.made) == {"kind", "id", "name", "mimeType"}
    assert api.made["kind"] == "drive#file"


def test_a_new_spreadsheet(api: Api) -> None:
    made = api.sheets("GET", includeGridData="false")
    assert set(made) == {"spreadsheetId", "properties", "sheets", "spreadsheetUrl"}
    assert made["sheets"] == [
        {
            "properties": {
                "sheetId": 0,
                "title": "Sheet1",
                "index": 0,
                "sheetType": "GRID",
                "gridProperties": {"rowCount": 1000, "columnCount": 26},
            }
        }
    ]
    properties = made["properties"]
    assert {name: properties[name] for name in ("title", "locale", "autoRecalc", "timeZone")} == {
        "title": "Pipeline",
        "locale": "en_US",
        "autoRecalc": "ON_CHANGE",
        "timeZone": "Etc/GMT",
    }
    assert properties["defaultFormat"]["textFormat"]["fontFamily"] == "arial,sans,sans-serif"
    assert properties["defaultFormat"]["padding"] == {"top": 2, "right": 3, "bottom": 2, "left": 3}
    colours = {item["colorType"]: item["color"]["rgbColor"] for item in properties["spreadsheetTheme"]["themeColors"]}
    assert len(colours) == 9
    assert colours["TEXT"] == {}
    assert colours["ACCENT5"] == {"red": 1, "green": 0.42745098, "blue": 0.003921569}


def test_a_deleted_file_leaves_no_body_and_is_gone(api: Api) -> None:
    reply = api.call("DELETE", f"/drive/v3/files/{api.key}", supportsAllDrives="True")
    assert (reply.status_code, reply.content) == (204, b"")
    assert api.refused("GET", "") == {
        "code": 404,
        "message": "Requested entity was not found.",
        "status": "NOT_FOUND",
    }
    assert api.call("GET", f"/drive/v3/files/{api.key}").json()["error"]["errors"][0]["reason"] == "notFound"


def test_a_copy_is_called_copy_of_and_keeps_the_tabs(api: Api) -> None:
    api.write("A1", [["x"]])
    copied = api.drive("POST", f"/{api.key}/copy", {"name": None})
    assert copied["name"] == "Copy of Pipeline"
    reply = api.call("GET", f"/v4/spreadsheets/{copied['id']}/values/A1")
    assert reply.json()["values"] == [["x"]]


def test_files_are_found_by_name_and_kind(api: Api) -> None:
    api.drive("PATCH", f"/{api.key}", {"name": "It's found"})
    kind = "mimeType='application/vnd.google-apps.spreadsheet'"
    fields = "kind,nextPageToken,files(id,name,createdTime,modifiedTime)"
    found = api.drive("GET", "", q=rf"{kind} and name = 'It\'s found'", fields=fields)
    assert found["kind"] == "drive#fileList"
    assert [set(item) for item in found["files"]] == [{"id", "name", "createdTime", "modifiedTime"}]
    assert api.drive("GET", "", q="name = 'Not found'")["files"] == []


def test_permissions(api: Api) -> None:
    made = api.drive("POST", f"/{api.key}/permissions", {"type": "anyone", "role": "reader"})
    assert made == {"kind": "drive#permission", "id": "anyoneWithLink", "type": "anyone", "role": "reader"}
    person = {"type": "user", "role": "writer", "emailAddress": "bob@example.com"}
    number = api.drive("POST", f"/{api.key}/permissions", person)["id"]
    listed = api.drive("GET", f"/{api.key}/permissions", fields="nextPageToken,permissions")["permissions"]
    assert {item["role"] for item in listed} == {"owner", "reader", "writer"}
    api.drive("DELETE", f"/{api.key}/permissions/{number}")
    left = api.drive("GET", f"/{api.key}/permissions")["permissions"]
    assert {item["type"] for item in left} == {"user", "anyone"}
    refused = api.call("POST", f"/drive/v3/files/{api.key}/permissions", {"type": "user", "role": "owner"})
    assert refused.status_code == 400


def test_exports(api: Api) -> None:
    api.write("A1", [["a1", 1234.5], ['say "hi"', ""], ["x"]])
    csv = api.call("GET", f"/drive/v3/files/{api.key}/export", mimeType="text/csv")
    assert csv.content == b'a1,1234.5\r\n"say ""hi""",\r\nx,'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert api.call("GET", f"/drive/v3/files/{api.key}/export", mimeType=kind).content.startswith(b"PK")
    refused = api.call("GET", f"/drive/v3/files/{api.key}/export", mimeType="application/pdf")
    assert refused.status_code == 400
    assert "not supported" in refused.json()["error"]["message"]


def test_a_csv_import_replaces_everything_with_one_tab_called_as_the_file(api: Api) -> None:
    reply = api.session.put(f"{api.server.base_url}/upload/drive/v2/files/{api.key}", data=b"a,b\n1,2\n", timeout=30)
    assert reply.json()["title"] == "Pipeline"
    assert api.sheet("properties.title")["properties"]["title"] == "Pipeline"
    assert api.read("Pipeline!A1:B2") == [["a", "b"], [1, 2]]


# --- values ----------------------------------------------------------------------------------------------------------


def test_an_append_names_a_table_only_when_there_is_one(api: Api) -> None:
    first = api.sheets("POST", "/values/Sheet1:append", {"values": [["x", "", "y"]]}, valueInputOption="RAW")
    assert "tableRange" not in first
    assert first["updates"]["updatedCells"] == 3
    second = api.sheets("POST", "/values/Sheet1:append", {"values": [["x", "", "y"]]}, valueInputOption="RAW")
    assert (second["tableRange"], second["updates"]["updatedRange"]) == ("Sheet1!C1", "Sheet1!C2:E2")
    third = api.sheets("POST", "/values/Sheet1!A1:append", {"values": [["z"]]}, valueInputOption="RAW")
    assert (third["tableRange"], third["updates"]["updatedRange"]) == ("Sheet1!A1", "Sheet1!A2")


def test_written_less_than_the_range_only_that_is_named(api: Api) -> None:
    assert api.write("A1:B2", [["a1", "B2"]])["updatedRange"] == "Sheet1!A1:B1"


def test_ranges_come_back_closed_at_the_grid(api: Api) -> None:
    def named(text: str) -> str:
        return str(api.sheets("GET", f"/values/{text}")["range"])

    assert named("Sheet1!A1:1") == "Sheet1!A1:Z1"
    assert named("D4:A1") == "Sheet1!A1:D4"
    assert named("A1:C") == "Sheet1!A1:C1000"
    assert named("Sheet1!R2C3:R4C5") == "Sheet1!C2:E4"
    assert "values" not in api.sheets("GET", "/values/A1:B2")


def test_dates_as_text_also_where_formulas_are_asked_for(api: Api) -> None:
    api.write("A1", [["=4/2", "2020-01-01", "0.12"]])
    assert api.read("A1:C1", "FORMULA") == [["=4/2", 43831, 0.12]]
    query = {"valueRenderOption": "FORMULA", "dateTimeRenderOption": "FORMATTED_STRING"}
    assert api.sheets("GET", "/values/A1:C1", **query)["values"] == [["=4/2", "2020-01-01", 0.12]]


def test_counts_of_nothing_are_left_out(api: Api) -> None:
    made = api.sheets("POST", "/values:batchUpdate", {"valueInputOption": "RAW", "data": []})
    assert made == {"spreadsheetId": api.key}


# --- cells -----------------------------------------------------------------------------------------------------------


def test_no_note_means_no_rows(api: Api) -> None:
    assert api.sheets("GET", ranges="A1", fields="sheets/data/rowData/values/note") == {"sheets": [{"data": [{}]}]}


def test_a_masked_message_without_the_field_is_empty_not_absent(api: Api) -> None:
    assert api.sheets("GET", fields="sheets.properties.tabColorStyle") == {"sheets": [{"properties": {}}]}
    assert api.sheets("GET", fields="namedRanges") == {}


def painted(api: Api, colour: dict[str, Any], fields: str = "userEnteredFormat.backgroundColor") -> Any:
    cell = {"userEnteredFormat": {"backgroundColor": colour}}
    area = {"sheetId": 0, "endRowIndex": 1, "endColumnIndex": 1}
    api.batch({"repeatCell": {"range": area, "cell": cell, "fields": fields}})
    return api.cells("A1", "userEnteredFormat")[0][0]["userEnteredFormat"]


def test_every_colour_comes_back_twice_and_cut_to_eight_bits(api: Api) -> None:
    half = {"red": 1, "blue": 0.49803922}
    assert painted(api, {"red": 1, "green": 0, "blue": 0.5}) == {
        "backgroundColor": half,
        "backgroundColorStyle": {"rgbColor": half},
    }


def test_black_is_an_empty_colour_even_when_named_channel_by_channel(api: Api) -> None:
    channels = ",".join(f"userEnteredFormat.backgroundColor.{name}" for name in ("red", "green", "blue", "alpha"))
    made = painted(api, {"red": 0, "green": 0, "blue": 0, "alpha": 1}, channels)
    assert made == {"backgroundColor": {}, "backgroundColorStyle": {"rgbColor": {}}}


def test_every_eight_bit_level_comes_back_as_itself(api: Api) -> None:
    rows = [{"values": [{"userEnteredFormat": {"backgroundColor": {"red": level / 255}}}]} for level in range(1, 256)]
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    api.batch({"updateCells": {"start": start, "rows": rows, "fields": "userEnteredFormat"}})
    shown = [row[0]["userEnteredFormat"]["backgroundColor"]["red"] for row in api.cells("A1:A255", "userEnteredFormat")]
    assert [round(level * 255) for level in shown] == list(range(1, 256))
    assert shown[65] == 0.25882354
    assert shown[152] == 0.6


def test_a_theme_colour_brings_its_value(api: Api) -> None:
    tab = {"properties": {"sheetId": 0, "tabColorStyle": {"themeColor": "ACCENT5"}}, "fields": "tabColorStyle"}
    api.batch({"updateSheetProperties": tab})
    assert api.sheet("properties(tabColor,tabColorStyle)")["properties"] == {
        "tabColor": {"red": 1, "green": 0.42745098, "blue": 0.003921569},
        "tabColorStyle": {"themeColor": "ACCENT5"},
    }


def test_the_format_a_cell_shows(api: Api) -> None:
    api.write("A1", [["text", 5, True, "=1/0", '=""']])
    shown = [cell.get("effectiveFormat", {}) for cell in api.cells("A1:E1", "effectiveFormat")[0]]
    assert [item.get("horizontalAlignment") for item in shown[:4]] == ["LEFT", "RIGHT", "CENTER", "CENTER"]
    assert shown[0]["textFormat"]["fontFamily"] == "Arial"
    assert shown[0]["hyperlinkDisplayType"] == "PLAIN_TEXT"
    assert shown[0]["backgroundColorStyle"] == {"rgbColor": {"red": 1, "green": 1, "blue": 1}}
    assert api.cells("E1", "effectiveValue,formattedValue") == [[{}]]


def test_errors_say_why(api: Api) -> None:
    api.write("A1", [["=1/0", "=Unheard(1)", "=1+"]])
    shown = [cell["effectiveValue"]["errorValue"] for cell in api.cells("A1:C1", "effectiveValue")[0]]
    assert shown == [
        {"type": "DIVIDE_BY_ZERO", "message": "Function DIVIDE parameter 2 cannot be zero."},
        {"type": "NAME", "message": "Unknown function: 'Unheard'."},
        {"type": "ERROR", "message": "Formula parse error."},
    ]


def test_a_hyperlink_is_blue_and_underlined_to_the_api_too(api: Api) -> None:
    run = {"format": {"link": {"uri": "https://example.com"}}}
    cell = {"userEnteredValue": {"stringValue": "click"}, "textFormatRuns": [run]}
    start = {"sheetId": 0, "rowIndex": 0, "columnIndex": 0}
    api.batch({"updateCells": {"start": start, "rows": [{"values": [cell]}], "fields": "*"}})
    shown = api.cells("A1", "hyperlink,effectiveFormat")[0][0]
    assert shown["hyperlink"] == "https://example.com"
    assert shown["effectiveFormat"]["hyperlinkDisplayType"] == "LINKED"
    assert shown["effectiveFormat"]["textFormat"]["underline"] is True
    assert shown["effectiveFormat"]["textFormat"]["foregroundColor"]["blue"] == 0.8


def test_a_border_has_a_width_and_a_colour_whatever_was_sent(api: Api) -> None:
    cell = {"userEnteredFormat": {"borders": {"bottom": {"style": "SOLID_MEDIUM"}, "top": {"style": "NONE"}}}}
    area = {"sheetId": 0, "endRowIndex": 1, "endColumnIndex": 1}
    api.batch({"repeatCell": {"range": area, "cell": cell, "fields": "userEnteredFormat.borders"}})
    assert api.cells("A1", "userEnteredFormat")[0][0]["userEnteredFormat"]["borders"] == {
        "bottom": {"style": "SOLID_MEDIUM", "width": 2, "color": {}, "colorStyle": {"rgbColor": {}}}
    }


def test_text_runs_begin_at_zero_without_saying_so(api: Api) -> None:
    api.write("A1", [["Label A"]])
    runs = [{"startIndex": 0, "format": {"bold": True}}, {"startIndex": 6, "format": {"italic": True}}]
    area = {"sheetId": 0, "endRowIndex": 1, "endColumnIndex": 1}
    mask = "textFormatRuns.startIndex,textFormatRuns.format.bold,textFormatRuns.format.italic"
    api.batch({"repeatCell": {"range": area, "cell": {"textFormatRuns": runs}, "fields": mask}})
    kept = api.cells("A1", "textFormatRuns")[0][0]["textFormatRuns"]
    assert kept == [{"format": {"bold": True}}, {"startIndex": 6, "format": {"italic": True}}]


def test_conditional_formats_and_alternating_colours_show(api: Api) -> None:
    api.write("A1", [["A"], ["B"], ["C"]])
    area = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 1}
    condition = {"type": "TEXT_CONTAINS", "values": [{"userEnteredValue": "a"}]}
    rule = {"ranges": [area], "booleanRule": {"condition": condition, "format": {"textFormat": {"bold": True}}}}
    bands = {"headerColor": {"red": 1}, "firstBandColor": {"green": 1}, "secondBandColor": {"blue": 1}}
    api.batch(
        {"addConditionalFormatRule": {"rule": rule}},
        {"addBanding": {"bandedRange": {"range": area, "rowProperties": bands}}},
    )
    shown = [row[0]["effectiveFormat"] for row in api.cells("A1:A3", "effectiveFormat")]
    assert [item["textFormat"]["bold"] for item in shown] == [True, False, False]
    assert [item["backgroundColor"] for item in shown] == [{"red": 1}, {"green": 1}, {"blue": 1}]


def test_developer_metadata_of_a_row_stands_with_the_row(api: Api) -> None:
    span = {"sheetId": 0, "dimension": "ROWS", "startIndex": 2, "endIndex": 3}
    mark = {"metadataKey": "row", "location": {"dimensionRange": span}, "visibility": "DOCUMENT"}
    made = api.batch({"createDeveloperMetadata": {"developerMetadata": mark}})[0]
    location = made["createDeveloperMetadata"]["developerMetadata"]["location"]
    assert location == {
        "locationType": "ROW",
        "dimensionRange": {"dimension": "ROWS", "startIndex": 2, "endIndex": 3},
    }
    lines = api.sheets("GET", ranges="A2:A4", fields="sheets.data.rowMetadata")["sheets"][0]["data"][0]["rowMetadata"]
    assert [len(line.get("developerMetadata", ())) for line in lines] == [0, 1, 0]
