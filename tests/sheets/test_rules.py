"""Conditional formats: what the report's rules become on a sheet, and what people make of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from revalign_udf.errors import SurfaceError
from revalign_udf.layout.model import Block, Cell, Column, Report, Rule
from revalign_udf.localsheets import Book, LocalSheets, Sheet
from revalign_udf.sheets import GoogleSpreadsheet, Options, make_plan, sync_report
from revalign_udf.sheets.rules import RuleChange, settle, shaken_rules

from .conftest import customers, report
from .test_totals import segments

Json = dict[str, Any]
FREELY = Options(allow_deletes=True)
HEAT = Rule("heat", ("churn",))
FLAG = Rule("flag", ("mrr",), test=">=", limit=20.0)


def ruled(*names: str, rules: tuple[Rule, ...] = (FLAG, HEAT), **changes: Any) -> Report:
    return report(segments(*names, rules=rules, **changes), customers("Zoe"))


def tab(server: LocalSheets, client: GoogleSpreadsheet) -> Sheet:
    return server.book(client.key).sheet("Overview")


def places(rule: Json) -> list[tuple[int, int, int, int]]:
    names = ("startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex")
    return [tuple(item[name] for name in names) for item in rule["ranges"]]


def shown(sheet: Sheet) -> list[tuple[str, list[tuple[int, int, int, int]]]]:
    """Each rule of a tab: what it tests, and where."""
    return [
        (rule.get("booleanRule", {}).get("condition", {}).get("type", "scale"), places(rule))
        for rule in sheet.conditional_formats
    ]


def test_a_flag_and_a_scale(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, ruled("Ada", "Bob"))
    sheet = tab(server, client)
    # the flag looks at the total too; a scale that had the total in it would show nothing else
    assert shown(sheet) == [("NUMBER_GREATER_THAN_EQ", [(4, 7, 1, 2)]), ("scale", [(4, 6, 2, 3)])]
    flag, scale = sheet.conditional_formats
    assert flag["booleanRule"]["condition"]["values"] == [{"userEnteredValue": "20"}]
    assert flag["booleanRule"]["format"]["textFormat"] == {"bold": True}
    assert {name: round(part * 255) for name, part in flag["booleanRule"]["format"]["backgroundColor"].items()} == {
        "red": 0xFF, "green": 0xE8, "blue": 0xB3,
    }  # fmt: skip
    assert [point["type"] for point in scale["gradientRule"].values()] == ["MIN", "MAX"]
    assert make_plan(client, ruled("Ada", "Bob")).empty


def test_one_scale_lies_over_all_its_columns_with_the_bounds_it_was_given(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    columns = tuple(
        Column(key, key, "text" if key == "cohort" else "rate") for key in ("cohort", "m0", "m1", "n", "m2")
    )
    rows = tuple((Cell(f"2026-{at}"), *(Cell(0.1 * at) for _ in range(4))) for at in (1, 2))
    rules = (Rule("heat", ("m0", "m1", "m2"), 0.25, 1.0), Rule("bars", ("n",)))
    made = report(Block("cohorts", "Cohorts", columns, rows, ("1", "2"), rules=rules))
    sync_report(client, made)
    [rule] = tab(server, client).conditional_formats  # Google has no bars
    assert places(rule) == [(4, 6, 1, 3), (4, 6, 4, 5)]
    ends = [(point["type"], point["value"]) for point in rule["gradientRule"].values()]
    assert ends == [("NUMBER", "0.25"), ("NUMBER", "1")]
    assert make_plan(client, made).empty


def test_numbers_are_written_as_the_country_of_the_sheet_writes_them(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    server.book(client.key).locale = "de_DE"
    made = ruled(
        "Ada", "Bob", rules=(Rule("heat", ("churn",), 0.015, None), Rule("flag", ("mrr",), test="<", limit=0.5))
    )
    sync_report(client, made)
    flag, scale = tab(server, client).conditional_formats
    assert flag["booleanRule"]["condition"]["values"] == [{"userEnteredValue": "0,5"}]
    assert scale["gradientRule"]["minpoint"]["value"] == "0,015"
    assert make_plan(client, made).empty
    sync_report(client, replace(made, tabs=ruled("Ada", "Bob", "Cyd", rules=made.tabs[0].blocks[0].rules).tabs))
    assert [at for _, at in shown(tab(server, client))] == [[(4, 8, 1, 2)], [(4, 7, 2, 3)]]


@pytest.mark.parametrize(
    ("test", "limit", "condition"),
    [
        ("<", 1.5, ("NUMBER_LESS", "1.5")),
        ("<=", 1000000.0, ("NUMBER_LESS_THAN_EQ", "1000000")),
        (">", -0.00001, ("NUMBER_GREATER", "-0.00001")),
        ("=", 3.0, ("NUMBER_EQ", "3")),
        ("<>", 3.0, ("NUMBER_NOT_EQ", "3")),
        ("=", "late", ("TEXT_EQ", "late")),
        ("=", "=A1", ("CUSTOM_FORMULA", '=(A5="=A1")*(A5<>"")')),
        ("<>", 'so "so"', ("CUSTOM_FORMULA", '=(A5<>"so ""so""")*(A5<>"")')),
    ],
)
def test_every_test_of_a_flag_and_its_rows_as_they_grow(
    server: LocalSheets, client: GoogleSpreadsheet, test: str, limit: Any, condition: tuple[str, str]
) -> None:
    rules = (Rule("flag", ("segment",), test=test, limit=limit),)
    sync_report(client, ruled("Ada", rules=rules))
    [rule] = tab(server, client).conditional_formats
    made = rule["booleanRule"]["condition"]
    assert (made["type"], made["values"][0]["userEnteredValue"]) == condition
    later = ruled("Eve", "Ada", "Bob", rules=rules)
    sync_report(client, later)
    [rule] = tab(server, client).conditional_formats
    assert places(rule) == [(4, 8, 0, 1)]
    assert rule["booleanRule"]["condition"]["values"][0]["userEnteredValue"] == condition[1]
    assert make_plan(client, later).empty


def test_rules_follow_rows_that_come_go_and_move(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, ruled("Ada", "Bob"))
    for names in (("Ada", "Bob", "Cyd", "Dan"), ("Dan", "Ada"), ("Eve",), ("Eve", "Ada", "Bob")):
        sync_report(client, ruled(*names), FREELY)
        sheet = tab(server, client)
        end = 4 + len(names)
        assert [at for _, at in shown(sheet)] == [[(4, end + 1, 1, 2)], [(4, end, 2, 3)]]
        assert make_plan(client, ruled(*names)).empty


def test_rules_go_with_the_last_row_and_come_with_the_first(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, ruled("Ada", "Bob", total=""))
    sync_report(client, ruled(total=""), FREELY)
    assert tab(server, client).conditional_formats == []
    assert make_plan(client, ruled(total="")).empty
    sync_report(client, ruled("Cyd", total=""))
    assert [at for _, at in shown(tab(server, client))] == [[(4, 5, 1, 2)], [(4, 5, 2, 3)]]


def test_rules_follow_columns(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    def cohorts(ages: int) -> Report:
        columns = (Column("cohort", "Cohort", "text"), *(Column(f"m{at}", f"Month {at}", "rate") for at in range(ages)))
        rows = tuple((Cell(f"2026-{at}"), *(Cell(0.5) for _ in range(ages))) for at in range(1, ages + 1))
        rule = Rule("heat", tuple(f"m{at}" for at in range(ages)))
        keys = tuple(str(at) for at in range(ages))
        return report(Block("cohorts", "Cohorts", columns, rows, keys, rules=(rule,)))

    for ages in (2, 3, 6):
        sync_report(client, cohorts(ages))
        sheet = tab(server, client)
        assert shown(sheet) == [("scale", [(4, 4 + ages, 1, 1 + ages)])]
        assert make_plan(client, cohorts(ages)).empty
    assert sheet.column_properties[6]["pixelSize"] == sheet.column_properties[1]["pixelSize"]


Change = Callable[[GoogleSpreadsheet, Book, Sheet], None]


def repainted(client: GoogleSpreadsheet, _: Book, sheet: Sheet) -> None:
    rule = {"ranges": sheet.conditional_formats[0]["ranges"], "booleanRule": {
        "condition": sheet.conditional_formats[0]["booleanRule"]["condition"],
        "format": {"textFormat": {"italic": True}}}}  # fmt: skip
    client.batch_update([{"updateConditionalFormatRule": {"index": 0, "rule": rule}}])


def test_other_colours_stay_and_the_rule_goes_on_following(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, ruled("Ada", "Bob"))
    repainted(client, server.book(client.key), tab(server, client))
    sync_report(client, ruled("Ada", "Bob", "Cyd"))
    flag = tab(server, client).conditional_formats[0]
    assert places(flag) == [(4, 8, 1, 2)]
    assert flag["booleanRule"]["format"] == {"textFormat": {"italic": True}}
    # another limit in the report is another limit on the sheet, in the person's colours
    stricter = (replace(FLAG, limit=30.0), HEAT)
    sync_report(client, ruled("Ada", "Bob", "Cyd", rules=stricter))
    flag = tab(server, client).conditional_formats[0]
    assert flag["booleanRule"]["condition"]["values"] == [{"userEnteredValue": "30"}]
    assert flag["booleanRule"]["format"] == {"textFormat": {"italic": True}}
    assert make_plan(client, ruled("Ada", "Bob", "Cyd", rules=stricter)).empty


def deleted(client: GoogleSpreadsheet, _: Book, sheet: Sheet) -> None:
    client.batch_update([{"deleteConditionalFormatRule": {"sheetId": sheet.id, "index": 0}}])


def with_another_test(client: GoogleSpreadsheet, _: Book, sheet: Sheet) -> None:
    rule = dict(sheet.conditional_formats[0])
    condition = {"type": "NUMBER_LESS", "values": [{"userEnteredValue": "5"}]}
    rule["booleanRule"] = {**rule["booleanRule"], "condition": condition}
    client.batch_update([{"updateConditionalFormatRule": {"index": 0, "rule": rule}}])


def over_one_cell(client: GoogleSpreadsheet, _: Book, sheet: Sheet) -> None:
    rule = dict(sheet.conditional_formats[0])
    rule["ranges"] = [{**rule["ranges"][0], "startRowIndex": 5, "endRowIndex": 6}]
    client.batch_update([{"updateConditionalFormatRule": {"index": 0, "rule": rule}}])


def flags(sheet: Sheet) -> list[Json]:
    return [rule["booleanRule"] for rule in sheet.conditional_formats if "booleanRule" in rule]


@pytest.mark.parametrize("change", [deleted, with_another_test, over_one_cell])
def test_a_rule_a_person_changed_or_deleted_is_theirs(
    server: LocalSheets, client: GoogleSpreadsheet, change: Change
) -> None:
    sync_report(client, ruled("Ada", "Bob"))
    change(client, server.book(client.key), tab(server, client))
    theirs = flags(tab(server, client))
    assert make_plan(client, ruled("Ada", "Bob")).empty
    for limit in (20.0, 30.0):
        later = ruled("Ada", "Bob", "Cyd", rules=(replace(FLAG, limit=limit), HEAT))
        sync_report(client, later)
        assert flags(tab(server, client)) == theirs  # over more rows, as Google moves them
        assert make_plan(client, later).empty


def test_rules_of_people_keep_their_place_among_ours(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    """Theirs before, between and after ours; one of theirs goes with the rows it stood on."""
    sync_report(client, ruled("Ada", "Bob", "Cyd", "Dan"))
    sheet = tab(server, client)

    def theirs(index: int, kind: str, top: int, bottom: int) -> Json:
        span = {
            "sheetId": sheet.id,
            "startRowIndex": top,
            "endRowIndex": bottom,
            "startColumnIndex": 0,
            "endColumnIndex": 9,
        }
        rule = {"condition": {"type": kind}, "format": {"textFormat": {"strikethrough": True}}}
        return {"addConditionalFormatRule": {"index": index, "rule": {"ranges": [span], "booleanRule": rule}}}

    client.batch_update([theirs(0, "BLANK", 6, 8), theirs(2, "NOT_BLANK", 4, 9), theirs(4, "BLANK", 0, 40)])
    kinds = [kind for kind, _ in shown(tab(server, client))]
    assert kinds == ["BLANK", "NUMBER_GREATER_THAN_EQ", "NOT_BLANK", "scale", "BLANK"]
    sync_report(client, ruled("Ada", "Bob", "Cyd", "Dan", "Eve"))
    assert [kind for kind, _ in shown(tab(server, client))] == kinds
    later = ruled("Ada", "Bob")  # rows 6 to 8 go, and with them the first rule
    sync_report(client, later, FREELY)
    assert shown(tab(server, client)) == [
        ("NUMBER_GREATER_THAN_EQ", [(4, 7, 1, 2)]),
        ("NOT_BLANK", [(4, 7, 0, 9)]),
        ("scale", [(4, 6, 2, 3)]),
        ("BLANK", [(0, 38, 0, 9)]),
    ]
    assert make_plan(client, later).empty


def test_blocks_of_one_tab_do_not_mix_up_their_rules(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    def both(*names: str) -> Report:
        first, second = segments(*names, rules=(FLAG, HEAT)), segments(*names[::-1], rules=(FLAG, HEAT))
        return report(first, replace(second, key="other", title="Other", charts=()))

    for names in (("Ada", "Bob"), ("Ada", "Bob", "Cyd", "Dan"), ("Dan",), ("Ada", "Bob", "Cyd")):
        sync_report(client, both(*names), FREELY)
        count = len(names)
        below = 4 + count + 4  # the total, a blank row, a title, a header
        found = sorted(at for _, [at] in shown(tab(server, client)))
        assert found == sorted([
            (4, 5 + count, 1, 2), (4, 4 + count, 2, 3), (below, below + 1 + count, 1, 2), (below, below + count, 2, 3),
        ])  # fmt: skip
        assert make_plan(client, both(*names)).empty


def test_a_rule_the_report_has_dropped_goes_and_may_come_back(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, ruled("Ada", "Bob"))
    sync_report(client, ruled("Ada", "Bob", rules=(HEAT,)))
    assert [kind for kind, _ in shown(tab(server, client))] == ["scale"]
    sync_report(client, ruled("Ada", "Bob"))
    # a flag goes before the scale: where both hold, the flag is seen
    assert [kind for kind, _ in shown(tab(server, client))] == ["NUMBER_GREATER_THAN_EQ", "scale"]
    assert make_plan(client, ruled("Ada", "Bob")).empty


def test_a_column_a_person_inserted_does_not_hold_a_rule_back(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    rules = (Rule("heat", ("mrr", "churn")),)
    sync_report(client, ruled("Ada", "Bob", rules=rules))
    sheet = tab(server, client)
    span = {"sheetId": sheet.id, "dimension": "COLUMNS", "startIndex": 2, "endIndex": 3}
    client.batch_update([{"insertDimension": {"range": span, "inheritFromBefore": True}}])
    sync_report(client, ruled("Ada", "Bob", "Cyd", rules=rules))
    assert shown(tab(server, client)) == [("scale", [(4, 7, 1, 4)])]


def test_a_sheet_without_rules_gets_them_once(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, ruled("Ada", "Bob", rules=()))
    plan = sync_report(client, ruled("Ada", "Bob"))
    assert not plan.conflict
    assert "2 new conditional formats" in plan.tabs[0].structure
    assert len(tab(server, client).conditional_formats) == 2
    assert make_plan(client, ruled("Ada", "Bob")).empty


def test_a_rule_over_a_column_that_is_not_there_is_refused(client: GoogleSpreadsheet) -> None:
    with pytest.raises(SurfaceError, match='names no column "nowhere"') as caught:
        make_plan(client, ruled("Ada", rules=(Rule("heat", ("nowhere",)),)))
    assert caught.value.code == "REV-701"


def test_places_count_only_rules_that_are_sure_to_be_there() -> None:
    first = RuleChange(off=[1], on=[(1, {})])
    second = RuleChange(off=[4, 2], on=[(2, {}), (4, {}), (1_000_000, {})])
    # of 0 1 2 3 4 5 the rules 1, 2 and 4 are taken out and 3 may vanish: 0 5 -> 0 1 5 -> 0 1 2 4 5 new
    assert settle(6, [first, second], {3}) == ([4, 2, 1], [[1], [2, 3, 5]])


def test_a_rule_is_shaken_when_nothing_of_what_it_stands_on_stays() -> None:
    spans = [{"startRowIndex": 2, "endRowIndex": 4}, {"endRowIndex": 1}]
    rules = [{"ranges": [spans[0]]}, {"ranges": spans}, {"ranges": [{"startRowIndex": 2}]}]
    assert shaken_rules(rules, {2, 3}) == {0}
    assert shaken_rules(rules, {0, 2, 3}) == {0, 1}
