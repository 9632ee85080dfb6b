"""A second, independent client: Google's own ``google-api-python-client`` reads, edits and even syncs the same sheet.

It builds its calls from Google's discovery document, sends them through httplib2 and shares no line with gspread, so
what both read and write alike is the API's doing, not one library's.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import google_auth_httplib2  # type: ignore[import-untyped,unused-ignore]
import httplib2  # type: ignore[import-untyped,unused-ignore]
import pytest
from google.oauth2 import service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from revalign_udf.layout.model import Report
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import (
    GoogleSpreadsheet,
    SpreadsheetClient,
    apply,
    make_plan,
    read_values,
    sync_report,
    ticked,
    undo_plan,
    verify_report,
)
from revalign_udf.sheets.client import AmbiguousWrite, Json, Refused, Scalar
from revalign_udf.sheets.current import CELLS, STRUCTURE
from revalign_udf.sheets.identity import block_path, number_id, text_id
from revalign_udf.sheets.packing import Values

from .conftest import BRIDGE, QUICK, bridge, customers, report
from .test_people import Sync, clients
from .test_sync import FREELY, comparable, put, rows


class Credentials(service_account.Credentials):  # type: ignore[misc,unused-ignore]
    """No background look-up at another host."""

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


class Other:
    """The four calls of the sync over google-api-python-client."""

    def __init__(self, service: Any, key: str) -> None:
        self._sheets, self._key = service.spreadsheets(), key

    @property
    def key(self) -> str:
        return self._key

    @property
    def url(self) -> str:
        return f"https://docs.google.com/spreadsheets/d/{self._key}/edit"

    def read(self, fields: str, ranges: Sequence[str] = ()) -> Json:
        more = {"ranges": list(ranges)} if ranges else {}
        found: Json = self._sheets.get(spreadsheetId=self._key, fields=fields, **more).execute()
        return found

    def values(self, ranges: Sequence[str]) -> list[list[list[Scalar]]]:
        options = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "SERIAL_NUMBER"}
        answer = self._sheets.values().batchGet(spreadsheetId=self._key, ranges=list(ranges), **options).execute()
        return [item.get("values", []) for item in answer["valueRanges"]]

    def write_values(self, data: Sequence[Json]) -> None:
        body = {"valueInputOption": "RAW", "data": list(data)}
        self._send(self._sheets.values().batchUpdate(spreadsheetId=self._key, body=body))

    def batch_update(self, requests: Sequence[Json], *, fields: str = "") -> Json:
        body: Json = {"requests": list(requests)}
        if not fields:
            self._send(self._sheets.batchUpdate(spreadsheetId=self._key, body=body))
            return {}
        body["includeSpreadsheetInResponse"] = True
        mask = f"updatedSpreadsheet({fields})"
        answer = self._send(self._sheets.batchUpdate(spreadsheetId=self._key, body=body, fields=mask))
        found: Json = answer.get("updatedSpreadsheet", {})
        return found

    @staticmethod
    def _send(change: Any) -> Json:
        """A change is sent once: httplib2 and ``execute`` try nothing again unless they are told to."""
        try:
            return cast(Json, change.execute())
        except HttpError as problem:
            if problem.resp.status >= 500:
                raise AmbiguousWrite(str(problem)) from problem
            raise Refused(str(problem), "request") from problem


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSheets]:
    """One for all tests, each with a spreadsheet of its own: reading the discovery document takes a while."""
    with LocalSheets() as local:
        yield local


@pytest.fixture(scope="module")
def service(server: LocalSheets) -> Iterator[Any]:
    scopes = ["https://www.googleapis.com/auth/spreadsheets"]
    signed = Credentials.from_service_account_file(str(server.key_file), scopes=scopes)
    http = google_auth_httplib2.AuthorizedHttp(signed, http=httplib2.Http(timeout=30))
    made = build(
        "sheets", "v4", http=http, static_discovery=True, client_options={"api_endpoint": server.base_url + "/"}
    )
    yield made
    made.close()


@pytest.fixture
def other(service: Any, client: GoogleSpreadsheet) -> SpreadsheetClient:
    """The second client on the first one's spreadsheet."""
    return Other(service, client.key)


LATER = report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Bob", "=1+1", "Cyd"), state="stale")


# --- it reads what was synced ----------------------------------------------------------------------------------------


def test_it_reads_the_values_formulas_and_formats_that_were_synced(client: GoogleSpreadsheet, service: Any) -> None:
    sync_report(client, report())
    sheets = service.spreadsheets()
    found = sheets.values().get(spreadsheetId=client.key, range="Overview!A4:E7", valueRenderOption="FORMULA").execute()
    assert found["values"] == [
        ["Month", "Opening MRR", "New", "Closing MRR", "NRR"],
        ["2026-01", 1000, 250.5, "=B5+C5", 1.02],
        ["2026-02", 1250.5, 100.25, "=B6+C6", 0.987],
        ["2026-03", 1350.75, 0.1, "=B7+C7"],
    ]
    shown = sheets.get(spreadsheetId=client.key, ranges=["Overview!A4:E5"], includeGridData=True).execute()
    head, first = (row["values"] for row in shown["sheets"][0]["data"][0]["rowData"])
    assert head[1]["note"] == "MRR at the start of the month. v1 · Finance"
    assert head[1]["effectiveFormat"]["textFormat"]["bold"] is True
    opening, rate = first[1], first[4]
    assert opening["userEnteredFormat"]["numberFormat"] == {"type": "CURRENCY", "pattern": "[$€-2]#,##0"}
    assert rate["effectiveFormat"]["numberFormat"]["pattern"] == "0.0%"
    assert [cell["formattedValue"] for cell in (first[0], opening, rate)] == ["2026-01", "€1,000", "102.0%"]
    assert first[3]["userEnteredValue"] == {"formulaValue": "=B5+C5"}


def test_it_finds_the_named_range_the_mark_the_chart_and_the_protection(
    client: GoogleSpreadsheet, service: Any
) -> None:
    sync_report(client, report())
    path = block_path("saas_metrics", "overview", "bridge")
    found = service.spreadsheets().get(spreadsheetId=client.key).execute()
    tab = next(sheet for sheet in found["sheets"] if sheet["properties"]["title"] == "Overview")
    named = {item["namedRangeId"]: item for item in found["namedRanges"]}[text_id("block", path)]
    assert (named["name"], named["range"]) == (
        "rv_overview_bridge_0ff7",
        rectangle(tab["properties"]["sheetId"], 3, 0, 7, 5),
    )
    values = service.spreadsheets().values().get(spreadsheetId=client.key, range=named["name"]).execute()["values"]
    assert [row[0] for row in values] == ["Month", "2026-01", "2026-02", "2026-03"]
    [chart] = tab["charts"]
    [domain] = chart["spec"]["basicChart"]["domains"][0]["domain"]["sourceRange"]["sources"]
    assert domain == rectangle(tab["properties"]["sheetId"], 3, 0, 7, 1)
    assert {guard["warningOnly"] for guard in tab["protectedRanges"]} == {True}
    lookup = {"dataFilters": [{"developerMetadataLookup": {"metadataId": number_id("block-mark", path)}}]}
    search = service.spreadsheets().developerMetadata().search(spreadsheetId=client.key, body=lookup).execute()
    [mark] = search["matchedDeveloperMetadata"]
    assert f'"path": "{path}"' in mark["developerMetadata"]["metadataValue"]


def rectangle(tab: int, top: int, left: int, bottom: int, right: int) -> Json:
    return {
        "sheetId": tab, "startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right,
    }  # fmt: skip


def test_both_are_told_the_same(client: GoogleSpreadsheet, other: SpreadsheetClient) -> None:
    sync_report(client, LATER)
    assert other.read(STRUCTURE) == client.read(STRUCTURE)
    assert other.read(CELLS, ["'Overview'"]) == client.read(CELLS, ["'Overview'"])
    places = ["Overview!A1:F12", "'Definitions'", "rv_overview_bridge_0ff7"]
    assert other.values(places) == client.values(places)


# --- it edits as a person does ---------------------------------------------------------------------------------------


def typed(service: Any, key: str, place: str, value: object) -> None:
    body = {"values": [[value]]}
    service.spreadsheets().values().update(
        spreadsheetId=key, range=place, valueInputOption="USER_ENTERED", body=body
    ).execute()


def test_what_it_writes_is_a_persons(
    client: GoogleSpreadsheet, service: Any, tmp_path: Path, server: LocalSheets
) -> None:
    sync = Sync(client, tmp_path)
    sync(report(bridge(), clients("Ada", "Bob")))
    for place, value in (("G5", "on January"), ("H11", "=B11*2"), ("H12", "=B12*2"), ("A2", True), ("B6", "7")):
        typed(service, client.key, f"Overview!{place}", value)
    assert [tick.cell for tick in ticked(client)] == ["A2"]
    assert [item.cell for item in verify_report(client, report(bridge(), clients("Ada", "Bob"))).differences] == [
        *("B6", "D6"),
    ]
    later = report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), clients("Ada", "Bob", "Cyd"))
    assert [(edit.cell, edit.action) for edit in sync(later).edits] == [("B6", "warned")]
    assert ticked(client) == ()
    found = service.spreadsheets().values().get(
        spreadsheetId=client.key, range="Overview!A5:H14", valueRenderOption="FORMULA"
    ).execute()["values"]  # fmt: skip
    assert (found[0][6], found[1][1], found[3][0]) == ("on January", 7, "2026-04")
    assert [row[7] for row in found[7:]] == ["=B12*2", "=B13*2", "=B14*2"]
    assert [edit.action for edit in sync(later).edits] == ["replaced"]
    assert sync.plan(later).empty
    assert server.book(client.key).grid("Overview")[5][1] == 1250.5


def test_rows_and_columns_it_inserts_sorts_and_renames_are_kept(
    client: GoogleSpreadsheet, other: SpreadsheetClient, tmp_path: Path, server: LocalSheets
) -> None:
    sync, wanted = Sync(client, tmp_path), report(clients("Ada", "Bob", "Cyd"))
    sync(wanted)
    sheet = server.book(client.key).sheet("Overview")
    area = rectangle(sheet.id, 4, 0, 7, 3)
    other.batch_update(
        [
            {"sortRange": {"range": area, "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]}},
            {"insertDimension": {"range": rows(sheet.id, 0, 2)}},
            {"insertDimension": {"range": rows(sheet.id, 1, 2, "COLUMNS")}},
            {"updateSheetProperties": {"properties": {"sheetId": sheet.id, "title": "It's ours"}, "fields": "title"}},
            put(sheet.id, 6, 1, "their column"),
        ]
    )
    assert sync.plan(wanted).empty
    sync(report(clients("Ada", "Bee", "Bob", "Cyd")))
    grid = server.book(client.key).grid("It's ours")
    assert [row[:2] for row in grid[6:]] == [["Cyd", "their column"], ["Bob", None], ["Ada", None], ["Bee", None]]


# --- it carries a whole sync -----------------------------------------------------------------------------------------


def test_a_sync_through_it_leaves_the_same_sheet(server: LocalSheets, client: GoogleSpreadsheet, service: Any) -> None:
    beside = Other(service, server.create("Beside"))
    for wanted in (report(), LATER, report()):
        plans = [make_plan(each, wanted, FREELY) for each in (client, beside)]
        assert plans[0].sends == plans[1].sends
        assert apply(client, plans[0]) is apply(beside, plans[1]) is True
        assert comparable(server.book(client.key)) == comparable(server.book(beside.key))
        assert make_plan(beside, wanted).empty
        assert verify_report(beside, wanted).ok


def test_a_staged_load_and_an_undo_through_it(
    server: LocalSheets, client: GoogleSpreadsheet, service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 12_000)
    names = tuple(f"Customer {at:03} of a long list" for at in range(120))
    beside = cast(GoogleSpreadsheet, Other(service, server.create("Beside")))  # it has all the sync asks for
    kept: list[dict[str, Any]] = []
    for each in (client, beside):
        sync = Sync(each, tmp_path / each.key)
        sync(report(customers("Ada", "Bob")))
        loaded = sync(report(customers("Ada", "Bob", *names)), allow_deletes=True)
        assert any(isinstance(call, Values) for call in loaded.sends)
        assert len(read_values(each, "customers")) == 122
        apply(each, undo_plan(each, "saas_metrics", loaded.before, sync.options()))
        assert [row[0] for row in read_values(each, "customers")] == ["Ada", "Bob"]
        kept.append(comparable(server.book(each.key)))
    assert kept[0] == kept[1]


def test_each_sees_the_others_sync_as_done(client: GoogleSpreadsheet, other: SpreadsheetClient) -> None:
    sync_report(other, report())
    assert make_plan(client, report()).empty
    sync_report(client, LATER)
    assert make_plan(other, LATER).empty
    assert read_values(other, "customers") == read_values(client, "customers")
    assert [row[0] for row in read_values(other, "customers")] == ["Bob", "=1+1", "Cyd"]


def test_of_two_plans_made_from_one_state_the_second_is_refused_whole(
    server: LocalSheets, client: GoogleSpreadsheet, other: SpreadsheetClient
) -> None:
    sync_report(client, report())
    plans = [make_plan(each, LATER) for each in (client, other)]
    apply(client, plans[0])
    before = comparable(server.book(client.key))
    with pytest.raises(Refused, match="400"):
        apply(other, plans[1])
    assert comparable(server.book(client.key)) == before
    assert make_plan(other, LATER).empty


@pytest.mark.parametrize("wanted", [report(), LATER])
def test_a_change_without_an_answer_is_looked_at_again(
    server: LocalSheets, client: GoogleSpreadsheet, other: SpreadsheetClient, wanted: Report
) -> None:
    if wanted is LATER:
        sync_report(client, report())
    server.calls.clear()
    server.faults.add(":batchUpdate", status=503)
    sync_report(other, wanted, retry=QUICK)
    assert [call.status for call in server.writes()] == [503, 200]
    assert make_plan(client, wanted).empty
