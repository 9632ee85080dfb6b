"""Looks of whole rows: totals, cells of another unit, rows that are not final, while rows come, go and move."""

from dataclasses import replace
from typing import Any

import pytest

from revalign_udf.layout.model import Block, Cell, Chart, Column, Rule
from revalign_udf.localsheets import LocalSheets, Sheet
from revalign_udf.sheets import GoogleSpreadsheet, Options, make_plan, sync_report
from revalign_udf.sheets.align import Delete, Insert, Move
from revalign_udf.sheets.carried import carry
from revalign_udf.sheets.identity import block_path, load_block

from .conftest import bridge, report

FREELY = Options(allow_deletes=True)
COLUMNS = (Column("segment", "Segment", "text"), Column("mrr", "MRR", "money"), Column("churn", "Churn", "rate"))


def segments(*names: str, total: str = "All", mode: Any = "replace", **changes: Any) -> Block:
    """A row per segment and one that was asked for as a whole: 10, 20 ... and a total no sum would give."""
    rows = [(Cell(name), Cell(10.0 * at), Cell(0.01 * at)) for at, name in enumerate(names, 1)]
    keys = list(names)
    if total:
        rows.append((Cell(total), Cell(777.0), Cell(0.5)))
        keys.append(total)
    chart = Chart("mrr", "MRR by segment", "bar", "segment", ("mrr",))
    made = Block(
        "segments", "Segments", COLUMNS, tuple(rows), tuple(keys), (chart,), mode=mode, totals=int(bool(total))
    )
    return replace(made, **changes)


def bold(sheet: Sheet, wide: int = 3) -> list[str]:
    """What stands in rows that are bold all across, beneath the header."""
    return [
        str(sheet.cell(row, 0).value)
        for row in range(4, sheet.extent()[0])
        if all(sheet.cell(row, at).format.get("textFormat", {}).get("bold") for at in range(wide))
    ]


def ruled(sheet: Sheet) -> list[str]:
    """What stands beneath a rule."""
    return [
        str(sheet.cell(row, 0).value)
        for row in range(4, sheet.extent()[0])
        if "top" in sheet.cell(row, 2).format.get("borders", {})
    ]


def charted(sheet: Sheet) -> tuple[int, int]:
    [source] = sheet.charts[0]["spec"]["basicChart"]["series"][0]["series"]["sourceRange"]["sources"]
    return source["startRowIndex"], source["endRowIndex"]


def tab(server: LocalSheets, client: GoogleSpreadsheet) -> Sheet:
    return server.book(client.key).sheet("Overview")


def test_a_total_is_bold_beneath_a_rule_and_no_bar_of_the_chart(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report(segments("Ada", "Bob")))
    sheet = tab(server, client)
    assert (bold(sheet), ruled(sheet)) == (["All"], ["All"])
    assert charted(sheet) == (3, 6)  # the header, Ada, Bob
    assert make_plan(client, report(segments("Ada", "Bob"))).empty


@pytest.mark.parametrize("mode", ["replace", "upsert"])
def test_a_total_keeps_its_look_and_its_place_when_rows_come_and_go(
    server: LocalSheets, client: GoogleSpreadsheet, mode: Any
) -> None:
    sync_report(client, report(segments("Ada", "Bob", mode=mode)))
    for names in (
        ("Ada", "Bob", "Cyd", "Dan"),
        ("Eve", "Ada", "Bob", "Cyd", "Dan"),
        ("Ada", "Bob", "Cyd", "Dan", "Eve"),
    ):
        later = report(segments(*names, mode=mode))
        sync_report(client, later, FREELY)
        sheet = tab(server, client)
        assert (bold(sheet), ruled(sheet)) == (["All"], ["All"])
        shown = [row[0] for row in server.book(client.key).grid("Overview")[4:]]
        assert (set(shown[:-1]), shown[-1]) == (set(names), "All")
        assert charted(sheet) == (3, 4 + len(names))
        assert make_plan(client, later).empty


def test_down_to_the_total_alone_and_back(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    for names in (("Ada", "Bob"), (), ("Bob", "Cyd")):
        sync_report(client, report(segments(*names)), FREELY)
        sheet = tab(server, client)
        assert (bold(sheet), ruled(sheet)) == (["All"], ["All"])
        assert make_plan(client, report(segments(*names))).empty


def test_a_row_that_is_no_total_any_more_looks_like_the_others(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report(segments("Ada", "Bob")))
    plain = report(segments("Ada", "Bob", totals=0))
    sync_report(client, plain)
    sheet = tab(server, client)
    assert (bold(sheet), ruled(sheet), charted(sheet)) == ([], [], (3, 7))
    assert make_plan(client, plain).empty
    sync_report(client, report(segments("Ada", "Bob", total="Whole")), FREELY)  # another name in the same row
    sheet = tab(server, client)
    assert (bold(sheet), ruled(sheet), charted(sheet)) == (["Whole"], ["Whole"], (3, 6))


def test_what_a_person_made_of_a_total_stays(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report(segments("Ada", "Bob")))
    sheet = tab(server, client)
    row = {"sheetId": sheet.id, "startRowIndex": 6, "endRowIndex": 7, "startColumnIndex": 0, "endColumnIndex": 3}
    cell = {"userEnteredFormat": {"textFormat": {"bold": False, "italic": True}}}
    client.batch_update([{"repeatCell": {"range": row, "cell": cell, "fields": "userEnteredFormat.textFormat"}}])
    sync_report(client, report(segments("Ada", "Bob", "Cyd")))
    sheet = tab(server, client)
    assert bold(sheet) == []
    assert sheet.cell(7, 0).value == "All"
    assert sheet.cell(7, 0).format["textFormat"]["italic"] is True


def test_a_row_a_person_inserted_above_the_total_does_not_hold_the_chart_back(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    rule = Rule("heat", ("mrr",))
    sync_report(client, report(segments("Ada", "Bob", rules=(rule,))))
    sheet = tab(server, client)
    span = {"sheetId": sheet.id, "dimension": "ROWS", "startIndex": 6, "endIndex": 7}
    client.batch_update([{"insertDimension": {"range": span, "inheritFromBefore": True}}])
    later = report(segments("Ada", "Bob", "Cyd", rules=(rule,)))
    sync_report(client, later)
    sheet = tab(server, client)
    last = next(row for row in range(4, 12) if sheet.cell(row, 0).value == "All")
    assert charted(sheet) == (3, last)
    [span] = sheet.conditional_formats[0]["ranges"]
    assert (span["startRowIndex"], span["endRowIndex"]) == (4, last)
    assert make_plan(client, later).empty
    assert "Cyd" in {sheet.cell(row, 0).value for row in range(4, last)}


def test_a_sheet_of_an_older_version_is_taken_over(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    """Its marks say nothing of totals, formats, rules or links; its total was a row like any other."""
    sync_report(client, report(segments("Ada", "Bob", totals=0)))
    book = server.book(client.key)
    marks = [item["metadataValue"] for item in book.metadata if item["metadataKey"] == "revalign.block"]
    assert not any(word in text for text in marks for word in ("totals", "formats", "rules", "links"))
    plan = sync_report(client, report(segments("Ada", "Bob")))
    assert not plan.conflict
    sheet = tab(server, client)
    assert (bold(sheet), ruled(sheet), charted(sheet)) == (["All"], ["All"], (3, 6))
    assert make_plan(client, report(segments("Ada", "Bob"))).empty


def test_rows_of_each_snapshot_have_their_own_total(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    def snapshot(label: str, *names: str) -> Any:
        block = segments(*names, mode="append")
        columns = (Column("snapshot", "Snapshot", "text"), *block.columns)
        rows = tuple((Cell(label), *row) for row in block.rows)
        keys = tuple(f"{label}|{key}" for key in block.keys)
        made = replace(block, columns=columns, rows=rows, keys=keys, lead=2, charts=())
        return report(made, snapshot=label)

    sync_report(client, snapshot("s1", "Ada", "Bob"))
    sync_report(client, snapshot("s2", "Ada", "Cyd"))
    sheet = tab(server, client)
    looks = [
        (cells[0], cells[1], bool(sheet.cell(row, 1).format.get("textFormat", {}).get("bold")))
        for row, cells in enumerate(server.book(client.key).grid("Overview")[4:], 4)
    ]
    assert looks == [
        ("s1", "Ada", False), ("s1", "Bob", False), ("s1", "All", True),
        ("s2", "Ada", False), ("s2", "Cyd", False), ("s2", "All", True),
    ]  # fmt: skip
    assert make_plan(client, snapshot("s2", "Ada", "Cyd")).empty


def test_a_month_after_one_that_is_not_final_is_not_taken_for_one(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    def months(last: str, partial: str) -> Any:
        rows = {f"2026-{at:02}": (1.0, 2.0, 0.5) for at in range(1, int(last[-2:]) + 1)}
        block = bridge(rows)
        lines = tuple(
            tuple(replace(cell, partial=True) for cell in row) if row[0].value == partial else row for row in block.rows
        )
        return report(replace(block, rows=lines))

    sync_report(client, months("2026-03", partial="2026-03"))
    later = months("2026-05", partial="2026-05")
    sync_report(client, later)
    sheet = tab(server, client)
    italic = [
        sheet.cell(row, 0).value for row in range(4, 9) if sheet.cell(row, 1).format.get("textFormat", {}).get("italic")
    ]
    assert italic == ["2026-05"]
    assert make_plan(client, later).empty


# --- number formats of single cells ----------------------------------------------------------------------------------


def scorecard(**units: str) -> Block:
    columns = (Column("metric", "Metric", "text"), Column("now", "Now", "number"), Column("then", "Then", "number"))
    rows = tuple((Cell(name), Cell(0.5, format=form), Cell(0.25, format=form)) for name, form in units.items())
    return Block("card", "Scorecard", columns, rows, tuple(units))


def patterns(sheet: Sheet) -> dict[str, list[str]]:
    found = {}
    for row in range(4, sheet.extent()[0]):
        kept = [sheet.cell(row, at).format.get("numberFormat", {}) for at in (1, 2)]
        found[str(sheet.cell(row, 0).value)] = [f"{item.get('type', '')} {item.get('pattern', '')}" for item in kept]
    return found


def test_a_cell_has_the_number_format_of_its_own_unit(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    first = report(scorecard(MRR="[$€-2]#,##0", Churn="0.0%", Deals="#,##0"))
    sync_report(client, first)
    assert patterns(tab(server, client)) == {
        "MRR": ["CURRENCY [$€-2]#,##0"] * 2,
        "Churn": ["PERCENT 0.0%"] * 2,
        "Deals": ["NUMBER #,##0"] * 2,
    }
    assert make_plan(client, first).empty
    second = report(scorecard(NRR="0%", MRR="[$€-2]#,##0", Seats="", Churn="0.00%", Deals="#,##0"))
    sync_report(client, second)
    assert patterns(tab(server, client)) == {
        "NRR": ["PERCENT 0%"] * 2,
        "MRR": ["CURRENCY [$€-2]#,##0"] * 2,
        "Seats": ["NUMBER #,##0.00"] * 2,  # the column's
        "Churn": ["PERCENT 0.00%"] * 2,
        "Deals": ["NUMBER #,##0"] * 2,
    }
    assert make_plan(client, second).empty


def test_a_number_format_a_person_chose_for_a_cell_stays(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report(scorecard(MRR="[$€-2]#,##0", Churn="0.0%")))
    sheet = tab(server, client)
    cell = {"sheetId": sheet.id, "startRowIndex": 5, "endRowIndex": 6, "startColumnIndex": 1, "endColumnIndex": 2}
    look = {"userEnteredFormat": {"numberFormat": {"type": "PERCENT", "pattern": "0.000%"}}}
    client.batch_update([{"repeatCell": {"range": cell, "cell": look, "fields": "userEnteredFormat.numberFormat"}}])
    sync_report(client, report(scorecard(NRR="0%", MRR="[$€-2]#,##0", Churn="0.0%")))
    assert patterns(tab(server, client))["Churn"] == ["PERCENT 0.000%", "PERCENT 0.0%"]


def test_many_rows_with_formats_fit_into_the_mark(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    made = report(scorecard(**{f"Metric number {at}": "0%" if at % 2 else "0.0" for at in range(300)}))
    sync_report(client, made)
    assert patterns(tab(server, client))["Metric number 299"] == ["PERCENT 0%"] * 2
    path = block_path("saas_metrics", "overview", "card")
    [kept] = [
        mark
        for item in server.book(client.key).metadata
        if (mark := load_block(str(item["metadataValue"]))) and mark.path == path
    ]
    assert len(kept.formats) == 1
    assert make_plan(client, made).empty


# --- rows that move --------------------------------------------------------------------------------------------------


def test_a_new_row_wears_the_look_of_the_one_before_it() -> None:
    found = carry(3, [Insert(3, 1), Insert(0, 1), Move(0, 3), Delete(1, 2)])
    # rows 0 1 2 -> 0 1 2 +2 -> +0 0 1 2 +2 -> 0 1 +0 2 +2 -> 0 +0 2 +2
    assert found.worn == [0, 0, 2, 2]
    assert found.new == {1, 3}
    assert found.shaken == {1}
    assert carry(0, [Insert(0, 2)], plain=True).worn == [None, None]
    assert carry(2, [Move(1, 0)]).shaken == {1}
