"""The tab "About": sources, parameters, notes; last, and there for spreadsheets that were made before it was."""

from dataclasses import replace

from revalign_udf.layout.model import Block, Cell, Column, Parameter, Report
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, Options, make_plan, sync_report, verify_report
from revalign_udf.sheets.memory import Memory

from .conftest import bridge, report

LINES = ("Every number comes from one calculation core, in Excel, in Google Sheets and on the command line.", "Rates.")


def sources(*states: str) -> Block:
    columns = (
        Column("source", "Source", "text"),
        Column("state", "State", "text"),
        Column("rejects", "Rejects", "count"),
    )
    rows = tuple((Cell(f"s{at}"), Cell(state), Cell(at)) for at, state in enumerate(states))
    return Block("sources", "Sources", columns, rows, tuple(f"s{at}" for at in range(len(states))))


def about(**changes: object) -> Report:
    made = report(
        bridge(), about=LINES, description="The board's view.", sources=sources("fresh", "stale"),
        parameters=(Parameter("segment", "Segment", about="Which customers."), Parameter("team", "Team", "EMEA")),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def column(server: LocalSheets, client: GoogleSpreadsheet, at: int = 0) -> list[object]:
    return [row[at] for row in server.book(client.key).grid("About")[2:]]


def test_it_says_where_numbers_come_from_and_what_for(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, about())
    assert [sheet.title for sheet in server.book(client.key).sheets][1:] == ["Overview", "Definitions", "About"]
    assert column(server, client) == [
        "Sources", "Source", "s0", "s1", None,
        "Parameters", "Parameter", "Segment", "Team", None,
        "About this report", "Note", "The board's view.", *LINES,
    ]  # fmt: skip
    assert column(server, client, 1)[7:9] == ["all", "EMEA"]
    assert make_plan(client, about()).empty
    checked = verify_report(client, about())
    assert (checked.ok, checked.compared > 20) == (True, True)
    changed = about(sources=sources("fresh", "fresh", "failed"))
    sync_report(client, changed)
    assert column(server, client, 1)[2:5] == ["fresh", "fresh", "failed"]
    assert make_plan(client, changed).empty


def test_a_report_that_says_nothing_of_itself_has_none(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, about(about=(), description="", sources=None, parameters=()))
    assert [sheet.title for sheet in server.book(client.key).sheets][1:] == ["Overview", "Definitions"]


def test_a_sheet_made_before_it_gets_it_and_wider_definitions_without_a_conflict(
    server: LocalSheets, client: GoogleSpreadsheet
) -> None:
    memory = Memory()
    before = about(about=(), description="", sources=None, parameters=())
    first = sync_report(client, before, Options(memory=memory))
    memory.blocks.update(first.memory)
    assert before.definitions is not None
    wider = replace(
        before.definitions,
        columns=(*before.definitions.columns, Column("fingerprint", "Fingerprint", "text")),
        rows=tuple((*row, Cell("a1b2c3")) for row in before.definitions.rows),
    )
    after = about(definitions=wider)
    plan = sync_report(client, after, Options(memory=memory))
    assert not plan.conflict
    assert [tab.structure[0] for tab in plan.tabs[1:]] == ["columns changed", 'new tab "About"']
    assert server.book(client.key).grid("Definitions")[3:5] == [
        ["Metric", "Definition", "Fingerprint"],
        ["MRR", "Monthly recurring revenue.", "a1b2c3"],
    ]
    memory.blocks.update(plan.memory)
    assert make_plan(client, after, Options(memory=memory)).empty


def test_only_some_tabs_are_kept_in_step(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    two = about(tabs=(*about().tabs, replace(about().tabs[0], key="other", name="Other")))
    plan = sync_report(client, two, Options(tabs=("other",)))
    assert [tab.name for tab in plan.tabs] == ["Other", "Definitions", "About"]
    assert make_plan(client, two, Options(tabs=("other",))).empty
    assert [sheet.title for sheet in server.book(client.key).sheets][1:] == ["Other", "Definitions", "About"]
