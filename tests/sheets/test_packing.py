"""As few and as small calls as can be, and what happens when two syncs meet."""

from dataclasses import replace
from pathlib import Path

import pytest

from revalign_udf.layout.model import Cell
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import AmbiguousWrite, GoogleSpreadsheet, apply, make_plan, read_values, sync_report
from revalign_udf.sheets.client import Refused
from revalign_udf.sheets.packing import STAGE_TITLE, Batch, Values

from .conftest import BRIDGE, QUICK, Opener, bridge, customers, report
from .test_sync import comparable

MANY = {f"c{at:04}": (float(at), 0.25, 0.5) for at in range(1200)}
STORM = {key: (values[0] + 1, 0.75, 0.5) for key, values in MANY.items()}


def test_a_full_load_is_staged_and_swapped_in_one_call(
    server: LocalSheets, client: GoogleSpreadsheet, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = opener(server.create("Straight"))
    sync_report(straight, report(bridge(MANY)))
    server.calls.clear()
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 22_000)
    monkeypatch.setattr("revalign_udf.sheets.packing.PIECE", 500)
    plan = sync_report(client, report(bridge(MANY)))
    assert [type(send) for send in plan.sends] == [Batch, Values, Values, Batch]
    writes = server.writes()
    assert [write.path.rpartition("/")[2] for write in writes[1:3]] == ["values:batchUpdate"] * 2
    assert max(write.request_bytes for write in writes) <= 23_000
    assert plan.bytes == sum(write.request_bytes for write in writes)
    assert STAGE_TITLE not in [sheet.title for sheet in server.book(client.key).sheets]
    assert comparable(server.book(client.key)) == comparable(server.book(straight.key))
    assert make_plan(client, report(bridge(MANY))).empty


@pytest.mark.parametrize("after_commit", [True, False])
def test_a_full_load_cut_off_anywhere_is_put_right(
    server: LocalSheets, opener: Opener, monkeypatch: pytest.MonkeyPatch, *, after_commit: bool
) -> None:
    straight = opener(server.create("Straight"))
    sync_report(straight, report(bridge(MANY)))
    sync_report(straight, report(bridge(STORM)))
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 22_000)
    monkeypatch.setattr("revalign_udf.sheets.packing.PIECE", 500)
    monkeypatch.setattr("revalign_udf.sheets.packing.SMALL", 10_000_000)
    count = 3
    for at in range(count):
        client = opener(server.create(f"Cut {at}"))
        sync_report(client, report(bridge(MANY)))
        before = server.book(client.key).grid("Overview")
        server.faults.add("atchUpdate", after=at, drop=not after_commit, drop_after_commit=after_commit)
        plan = make_plan(client, report(bridge(STORM)))
        assert [type(send) for send in plan.sends] == [Batch, Values, Batch]
        with pytest.raises(AmbiguousWrite):
            apply(client, plan)
        if at < count - 1 or not after_commit:  # never half a sheet
            assert server.book(client.key).grid("Overview") == before
        sync_report(client, report(bridge(STORM)), retry=QUICK)
        assert comparable(server.book(client.key)) == comparable(server.book(straight.key))
        assert make_plan(client, report(bridge(STORM))).empty


def test_many_single_cells_are_one_call_of_plain_values(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    block = customers(*(f"c{at:04}" for at in range(1200)))
    sync_report(client, report(block))
    server.calls.clear()
    rows = tuple((row[0], Cell(-1.5 - at), row[2]) if at % 2 else row for at, row in enumerate(block.rows))
    plan = sync_report(client, report(replace(block, rows=rows)))
    assert [type(send) for send in plan.sends] == [Values]
    [write] = server.writes()
    assert (write.path.rpartition("/")[2], write.request_bytes) == ("values:batchUpdate", plan.bytes)
    assert read_values(client, "customers")[1] == ["c0001", -2.5, True]


def test_text_that_looks_like_a_formula_stays_text_in_every_way_of_writing(
    server: LocalSheets, client: GoogleSpreadsheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RAW turned into USER_ENTERED would make formulas of what was typed into another system."""
    evil = (
        "=1+1",
        "+1",
        "-1",
        "@x",
        '=HYPERLINK("http://e")',
        "\t=1",
        "\r=1",
        "'x",
        "007",
        "1e3",
        "TRUE",
        "2026-01-01",
    )

    def values() -> list[tuple[object, str]]:
        sheet = server.book(client.key).sheet("Overview")
        return [(sheet.cell(4 + at, 1).value, sheet.cell(4 + at, 1).formula) for at in range(len(evil) * 100)]

    block = customers(*(f"{at}" for at in range(len(evil) * 100)))
    plain = replace(block, rows=tuple((row[0], Cell("x"), row[2]) for row in block.rows))
    loaded = replace(
        block, rows=tuple((row[0], Cell(evil[at % len(evil)]), row[2]) for at, row in enumerate(block.rows))
    )
    expected = [(evil[at % len(evil)], "") for at in range(len(evil) * 100)]
    sync_report(client, report(plain))
    plan = sync_report(client, report(loaded))
    assert [type(send) for send in plan.sends] == [Values]
    assert values() == expected
    sync_report(client, report(plain))
    monkeypatch.setattr("revalign_udf.sheets.packing.SMALL", 10_000_000)
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 30_000)
    plan = sync_report(client, report(loaded))
    assert Values in [type(send) for send in plan.sends[1:]]
    assert values() == expected
    assert make_plan(client, report(loaded)).empty


def test_of_two_syncs_from_one_state_the_second_is_refused_and_plans_again(
    server: LocalSheets, client: GoogleSpreadsheet, opener: Opener
) -> None:
    sync_report(client, report())
    more = report(bridge(BRIDGE | {"2026-04": (5.0, 6.0, 0.5)}), customers("Ada", "Bob", "Cyd"))
    first, second = make_plan(client, more), make_plan(opener(), more)
    apply(client, first)
    before = server.book(client.key).grid("Overview")
    with pytest.raises(Refused):
        apply(client, second)
    assert server.book(client.key).grid("Overview") == before
    assert sync_report(client, more).empty


def test_rows_inserted_between_plan_and_write_are_noticed(
    server: LocalSheets, client: GoogleSpreadsheet, opener: Opener
) -> None:
    sync_report(client, report())
    changed = report(bridge(BRIDGE | {"2026-02": (5.0, 6.0, 0.5)}), customers("Ada", "Bob"))
    tab = server.book(client.key).sheet("Overview").id
    other = opener()
    moved = {"range": {"sheetId": tab, "dimension": "ROWS", "startIndex": 1, "endIndex": 2}}

    def planned(_: object) -> None:
        if moved:
            other.batch_update([{"insertDimension": moved.copy()}])
            moved.clear()

    sync_report(client, changed, retry=QUICK, planned=planned)
    assert make_plan(client, changed).empty
    grid = server.book(client.key).grid("Overview")
    assert grid[4] == ["Month", "Opening MRR", "New", "Closing MRR", "NRR"]
    assert grid[6][1] == 5.0


def test_a_stage_left_behind_is_cleared_away(
    server: LocalSheets, client: GoogleSpreadsheet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 22_000)
    monkeypatch.setattr("revalign_udf.sheets.packing.PIECE", 500)
    server.faults.add("atchUpdate", after=2, drop=True)
    with pytest.raises(AmbiguousWrite):
        apply(client, make_plan(client, report(bridge(MANY))))
    assert STAGE_TITLE in [sheet.title for sheet in server.book(client.key).sheets]
    monkeypatch.undo()
    sync_report(client, report())
    assert STAGE_TITLE not in [sheet.title for sheet in server.book(client.key).sheets]
    assert make_plan(client, report()).empty
