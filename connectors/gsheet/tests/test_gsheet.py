"""The gsheet connector: tabs of a real (local) Google Sheet through the sync engine, and shapes of tabs by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from revalign_gsheet import GoogleSheetConnector, register_connectors
from revalign_gsheet.grid import address
from revalign_udf.connector import Connector, Context, Log, Mark, Message, Rejected, Rows, SheetReader, Whole
from revalign_udf.errors import ConfigError, Fatal, Retriable
from revalign_udf.sheets import GoogleSpreadsheet, SheetTarget, open_spreadsheet
from revalign_udf.testing import LocalSheets, Vendor, pulled, without_http

GOALS = {"tab": "Goals", "table": "goal"}


class Reader:
    """A spreadsheet that holds what a test wrote."""

    title, url = "Plan", "https://sheets.example/plan"

    def __init__(self, tabs: Mapping[str, Any], merges: Sequence[tuple[int, int, int, int]] = ()) -> None:
        self.own: dict[str, list[list[Any]]] = dict(tabs)
        self.areas = merges

    def tabs(self) -> Sequence[str]:
        return list(self.own)

    def rows(self, tab: str) -> Sequence[Sequence[Any]]:
        return self.own[tab]

    def merges(self, tab: str) -> Sequence[tuple[int, int, int, int]]:
        return self.areas


def read(cells: Any, *, merges: Sequence[tuple[int, int, int, int]] = (), **entry: Any) -> list[Message]:
    made = {"tab": "Goals", "table": "goal", **entry}
    reader: SheetReader = Reader({made["tab"]: cells}, merges)
    ctx = Context("plan", {"tabs": [made]}, open_sheet=lambda _settings: reader)
    (stream,) = GoogleSheetConnector().discover(ctx)
    return list(GoogleSheetConnector().read(ctx, stream, {}))


def rows(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [
        dict(zip(message.columns, row, strict=True))
        for message in messages
        if isinstance(message, Rows)
        for row in zip(*message.columns.values(), strict=True)
    ]


def rejected(messages: Sequence[Message]) -> list[tuple[int, str, str]]:
    return [(m.line, m.column, m.reason) for m in messages if isinstance(m, Rejected)]


def logged(messages: Sequence[Message]) -> str:
    return "\n".join(message.text for message in messages if isinstance(message, Log))


def test_is_a_connector() -> None:
    (made,) = register_connectors()
    assert isinstance(made, Connector)
    assert [address(0, n) for n in (0, 25, 26, 701, 702)] == ["A1", "Z1", "AA1", "ZZ1", "AAA1"]


# --- through the real sync engine, gspread and google-auth ------------------------------------------------------------


class PlanVendor(Vendor):
    """A spreadsheet with a tab of goals on the local server."""

    connector: ClassVar[Connector] = GoogleSheetConnector()
    page_size, main, table = 1000, "Goals", "goal"
    skips: ClassVar = without_http("gspread's calls are tested with the spreadsheet client")

    def __init__(self) -> None:
        super().__init__()
        self.server = LocalSheets()
        self.server.start()
        self.key = self.server.create("Plan")
        self.ports = (int(self.server.base_url.rsplit(":", 1)[1]),)  # type: ignore[misc]
        self.client: GoogleSpreadsheet = open_spreadsheet(
            SheetTarget("plan", self.key, self.server.key_file, self.server.base_url)
        )
        self.tab = self.server.book(self.key).sheets[0].id
        self.rename("Goals")
        self.write([["metric", "period", "value"]])

    def close(self) -> None:
        self.client.close()
        self.server.close()
        super().close()

    def rename(self, title: str) -> None:
        properties = {"sheetId": self.tab, "title": title}
        self.client.batch_update([{"updateSheetProperties": {"properties": properties, "fields": "title"}}])

    def write(self, cells: list[list[Any]], row: int = 0) -> None:
        title = self.server.book(self.key).sheets[0].title
        self.client.write_values([{"range": f"'{title}'!A{row + 1}", "values": cells}])

    def settings(self) -> dict[str, Any]:
        return {
            "url": f"https://docs.google.com/spreadsheets/d/{self.key}/edit#gid=0",
            "key_file": str(self.server.key_file),
            "base_url": self.server.base_url,
            "tabs": [GOALS],
        }

    def fill(self, count: int) -> list[str]:
        self.write([["mrr", f"20{26 + n}", n] for n in range(count)], 1)
        return [f"mrr|20{26 + n}||" for n in range(count)]


@pytest.fixture
def plan() -> Iterator[PlanVendor]:
    with PlanVendor() as vendor:
        yield vendor


def test_rows_come_change_and_go_with_the_tab(plan: PlanVendor) -> None:
    keys = plan.fill(3)
    first = pulled(plan)
    assert first.ok, first.report.failures
    assert first.keys("goal") == set(keys)
    before = len(plan.server.calls)
    same = pulled(plan)
    assert (same.report.counts.read, same.report.counts.written) == (0, 0)
    assert sum(call.reads for call in plan.server.calls[before:]) == 2
    plan.write([["mrr", "2026", 7], ["mrr", "2027", 1], [None, None, None]], 1)
    plan.write([["", "", ""]], 3)
    third = pulled(plan)
    assert third.row("goal", keys[0])["value"] == 7
    assert third.keys("goal") == set(keys[:2])
    assert not third.strangers


def test_a_renamed_tab_keeps_its_rows_and_says_the_nearest(plan: PlanVendor) -> None:
    keys = plan.fill(2)
    pulled(plan)
    plan.rename("Goals (new)")
    lost = pulled(plan)
    assert "Did you mean 'Goals (new)'?" in lost.report.failures[0]
    assert lost.keys("goal") == set(keys)


def test_an_emptied_tab_takes_nothing_away(plan: PlanVendor) -> None:
    keys = plan.fill(2)
    pulled(plan)
    plan.write([["", "", ""]] * 3)
    lost = pulled(plan)
    assert "is empty" in lost.report.failures[0]
    assert lost.keys("goal") == set(keys)


# --- shapes of tabs ---------------------------------------------------------------------------------------------------


def test_columns_stand_anywhere_under_names_as_people_write_them() -> None:
    found = read([["Value", "note", "Team ID", "Metric", "Period"], [1.05, "why", 7, "nrr", "2026-03"]])
    assert rows(found) == [
        {"value": "1.05", "team_id": "7", "metric": "nrr", "period": "2026-03", "attrs": '{"note": "why"}'}
    ]
    assert "columns kept in attrs: note" in logged(found)
    assert found[-2] == Whole("goal", "Goals")
    assert isinstance(found[-1], Mark)


def test_a_header_further_down_blank_rows_and_totals() -> None:
    cells: Any = [["Plan 2026"], [], ["metric", "period", "value"], ["mrr", "2026", 5], [], [None, None, None],
             ["Total ", None, 5], ["arr", "2026", 6]]  # fmt: skip
    found = read(cells, header_row=3, totals=["TOTAL"])
    assert [row["metric"] for row in rows(found)] == ["mrr", "arr"]
    assert [list(m.lines) for m in found if isinstance(m, Rows)] == [[4, 8]]
    assert "1 rows of totals left out" in logged(found)


def test_months_become_days_only_where_days_belong() -> None:
    goal = rows(read([["metric", "period", "value"], ["mrr", "2026-03", 1]]))
    assert goal[0]["period"] == "2026-03"
    cost = read(
        [["campaign_id", "date", "amount"], ["c", "2026-03", 1], ["d", "2026-03-04T23:00:00-05:00", 2]],
        table="campaign_cost",
    )
    assert [row["date"] for row in rows(cost)] == ["2026-03-01", "2026-03-04"]


def test_numbers_are_exact_and_whole_ones_have_no_point() -> None:
    values = [5, 5.0, 0.1, 1e-7, 1234567.891, -0.0, 1e21, True]
    found = rows(read([["metric", "period", "value"], *[["m", str(2000 + n), v] for n, v in enumerate(values)]]))
    assert [row["value"] for row in found] == [
        "5", "5", "0.1", "0.0000001", "1234567.891", "0", "1000000000000000000000", "true",
    ]  # fmt: skip


def test_a_cell_with_an_error_rejects_its_row_by_address() -> None:
    found = read(
        [
            ["metric", "period", "value", "note"],
            ["mrr", "2026", "#N/A"],
            ["arr", "2026", 5, "#REF!"],
            ["x", "#DIV/0!", 1],
        ]
    )
    assert rejected(found) == [(2, "value", "C2 shows #N/A"), (4, "period", "B4 shows #DIV/0!")]
    assert [row["metric"] for row in rows(found)] == ["arr"]


def test_a_cell_that_is_still_computed_is_waited_for() -> None:
    with pytest.raises(Retriable, match="C2"):
        read([["metric", "period", "value"], ["mrr", "2026", "#LOADING!"]])


def test_merged_cells_reject_the_rows_they_swallow_unless_told_to_fill() -> None:
    cells: Any = [["metric", "period", "value"], ["mrr", "2026", 1], [None, "2027", 2], ["arr", "2027", 3]]
    found = read(cells, merges=[(1, 0, 3, 1)])
    ((line, column, reason),) = rejected(found)
    assert (line, column) == (3, "metric")
    assert reason.startswith("A3 is inside the merged cells A2:A3, of which only the first has a value")
    assert [row["period"] for row in rows(found)] == ["2026", "2027"]
    filled = rows(read(cells, merges=[(1, 0, 3, 1)], fill_merged=True))
    assert [row["metric"] for row in filled] == ["mrr", "mrr", "arr"]


def test_a_merged_title_above_the_header_is_no_matter() -> None:
    cells: Any = [["Plan"], ["metric", "period", "value"], ["mrr", "2026", 1]]
    assert len(rows(read(cells, merges=[(0, 0, 1, 3)], header_row=2))) == 1


def test_dates_typed_as_text_follow_their_format() -> None:
    cells: Any = [
        ["campaign_id", "date", "amount"],
        ["c", "01.03.2026", 1],
        ["d", "2026-03-02", 2],
        ["e", "03/04/2026", 3],
    ]
    found = read(cells, table="campaign_cost", date_format="%d.%m.%Y")
    assert [row["date"] for row in rows(found)] == ["2026-03-01", "2026-03-02"]
    assert rejected(found) == [(4, "date", "B4 does not follow the date format %d.%m.%Y")]


def test_rows_without_ids_get_one_and_equal_rows_both_count() -> None:
    cells: Any = [
        ["date", "amount", "function"],
        ["2026-03-01", 5, "sales"],
        ["2026-03-01", 5, "sales"],
        ["2026-03-02", 5, "sales"],
    ]
    found = rows(read(cells, table="expense"))
    assert len({row["id"] for row in found}) == 3
    again = rows(read([cells[0], cells[3], cells[1], cells[2]], table="expense"))
    assert {row["id"] for row in again} == {row["id"] for row in found}


def test_columns_and_constants_of_the_settings() -> None:
    cells: Any = [["Ziel", "Monat", "Wert"], ["mrr", "2026-03", 5]]
    found = read(
        cells, columns={"metric": "Ziel", "period": "Monat", "value": "Wert"}, constants={"is_commitment": True}
    )
    assert rows(found) == [{"metric": "mrr", "period": "2026-03", "value": "5", "is_commitment": "true"}]


@pytest.mark.parametrize(
    ("cells", "entry", "wanted"),
    [
        ([["metric", "period", "val"]], {}, "lacks what goal needs: value.*Is 'val' the value"),
        ([["metric", "period", "Wert"]], {"columns": {"value": "Wret"}}, "Did you mean 'Wert'"),
        ([["metric", "period", "value", "Value"]], {}, "has the column value more than once"),
        ([["metric", "period", "x", "x"]], {"columns": {"value": "x"}}, "'x' more than once: C1, D1"),
        ([["metric"], []], {"header_row": 2}, "Row 2 of the tab 'Goals' is empty"),
        ([], {}, "is empty"),
    ],
)  # fmt: skip
def test_headers_that_cannot_be_used(cells: list[list[Any]], entry: dict[str, Any], wanted: str) -> None:
    with pytest.raises(Fatal, match=wanted) as caught:
        read(cells, **entry)
    assert caught.value.code == "REV-502"


def test_the_same_name_twice_where_nobody_asks_is_left_out_and_said() -> None:
    found = read([["metric", "period", "value", "n", "n"], ["mrr", "2026", 1, 2, 3]])
    assert "'n' stands over several columns" in logged(found)
    assert "attrs" not in rows(found)[0]


@pytest.mark.parametrize(
    ("change", "code", "wanted"),
    [
        ({"tabel": "x"}, "REV-302", "Did you mean table"),
        ({"table": "gaol"}, "REV-302", "Did you mean goal"),
        ({"columns": {"valeu": "x"}}, "REV-302", "Did you mean value"),
        ({"columns": {"value": "x"}, "constants": {"value": 1}}, "REV-302", "both in columns"),
        ({"columns": {"value": 1}}, "REV-305", "names a column"),
        ({"constants": {"value": [1]}}, "REV-305", "is one value"),
        ({"header_row": 0}, "REV-305", "counted from 1"),
        ({"header_row": True}, "REV-305", "cannot be True"),
        ({"tab": ""}, "REV-305", "names a tab"),
    ],
)
def test_settings_that_cannot_be_meant(change: dict[str, Any], code: str, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted) as caught:
        read([["metric", "period", "value"]], **change)
    assert caught.value.code == code


def test_an_unchanged_tab_sends_nothing_but_another_meaning_sends_it_again() -> None:
    cells: Any = [["metric", "period", "value"], ["mrr", "2026", 1]]
    (state,) = [message.state for message in read(cells) if isinstance(message, Mark)]
    reader = Reader({"Goals": cells})

    def again(**entry: Any) -> list[Message]:
        ctx = Context("plan", {"tabs": [{**GOALS, **entry}]}, open_sheet=lambda _settings: reader)
        (stream,) = GoogleSheetConnector().discover(ctx)
        return list(GoogleSheetConnector().read(ctx, stream, json.loads(json.dumps(state))))

    assert again() == []
    assert rows(again(constants={"currency": "EUR"}))[0]["currency"] == "EUR"
    cells[1][2] = 2
    assert rows(again())[0]["value"] == "2"


def test_check_reads_every_header() -> None:
    def check(cells: list[list[Any]]) -> str:
        ctx = Context("plan", {"tabs": [GOALS]}, open_sheet=lambda _settings: Reader({"Goals": cells}))
        found = GoogleSheetConnector().check(ctx)
        return f"{found.ok} {found.message}"

    assert check([["metric", "period", "value"]]) == "True Plan: Goals -> goal."
    assert check([["metric"]]).startswith("False REV-502")
