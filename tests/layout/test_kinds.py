"""Grids, scorecards, calls, spills and totals: what a block of each kind holds, cell for cell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.errors import SurfaceError, UnknownName
from revalign_udf.layout import read, resolve
from revalign_udf.layout.grids import column_keys
from revalign_udf.layout.model import Block, Call, Cell, Name, Ref

HEAD = """
title = "Test"
[[parameter]]
key = "month"
choices = "months"
value = "LAST_MONTH"
[[tab]]
key = "one"
[[tab.block]]
key = "asks"
kind = "breakdown"
by = "segment"
period = "$month"
metrics = ["mrr"]
[[tab.block]]
key = "main"
"""


@pytest.fixture
def block(write: Callable[..., Path], ask: Any, answering: Any) -> Callable[[str], Block]:
    """The block a few lines of a layout make."""

    def made(text: str) -> Block:
        return resolve(read(write(HEAD + text)), ask, answering).tabs[0].blocks[1]

    return made


# --- totals ----------------------------------------------------------------------------------------------------------


def test_the_total_of_a_breakdown_is_asked_for_without_the_cut(block: Callable[[str], Block], ask: Any) -> None:
    made = block('kind = "breakdown"\nby = "country"\nperiod = "2026-09"\ntotal = true\nmetrics = ["nrr", "mrr"]')
    assert made.totals == 1
    last = made.rows[-1]
    assert [cell.value for cell in last] == [
        "2026-09",
        "Total",
        *(ask.metric(n, "2026-09").value for n in ("nrr", "mrr")),
    ]
    assert last[2].call == Call("METRIC", ("nrr", Ref("period")))
    assert last[2].value != sum(row[2].value for row in made.rows[:-1])  # type: ignore[misc]
    assert made.keys[-1] == "2026-09|Total"


def test_a_breakdown_of_nothing_has_no_total(write: Callable[..., Path], fake: Any, answering: Any) -> None:
    text = HEAD + 'kind = "breakdown"\nby = "segment"\nperiod = "2026-09"\ntotal = true\nmetrics = ["mrr"]'
    made = resolve(read(write(text)), fake(empty=True), answering).tabs[0].blocks[1]
    assert (made.rows, made.totals) == ((), 0)


def test_the_total_of_a_series_is_a_period_of_its_own(block: Callable[[str], Block], ask: Any) -> None:
    made = block('kind = "series"\nperiods = "LAST_N_MONTHS:3"\ntotal = "LTM"\nmetrics = ["nrr"]')
    assert (made.totals, made.keys) == (1, ("2026-07", "2026-08", "2026-09", "LTM"))
    assert made.rows[-1][1].value == ask.metric("nrr", "LTM").value
    assert made.about == "the last row is LTM = 2025-10-01 to 2026-09-30, asked for as one period"


def test_a_total_that_is_a_row_already_is_refused(block: Callable[[str], Block]) -> None:
    with pytest.raises(SurfaceError, match=r"block\[main\]\.total: 2026-09 is a row of its own already"):
        block('kind = "series"\nperiods = "LAST_N_MONTHS:3"\ntotal = "2026-09"\nmetrics = ["nrr"]')


# --- grids -----------------------------------------------------------------------------------------------------------

GRID = 'kind = "grid"\nmetric = "nrr"\nby = "country"\nperiods = "LAST_N_MONTHS:2"\n'


def test_a_grid_asks_for_each_value_and_for_all(block: Callable[[str], Block], ask: Any) -> None:
    made = block(GRID + "total = true")
    assert [column.key for column in made.columns] == ["period", "de", "se", "total"]
    assert [column.title for column in made.columns] == ["Period", "DE", "SE", "Total"]
    assert [column.total for column in made.columns] == [False, False, False, True]
    assert made.keys == ("2026-08", "2026-09")
    row = made.rows[1]
    assert row[1].call == Call("METRIC", ("nrr", Ref("period"), None, "country", "DE"))
    assert row[3].call == Call("METRIC", ("nrr", Ref("period")))
    assert [cell.value for cell in row[1:]] == [
        ask.metric("nrr", "2026-09", {"country": "DE"}).value,
        ask.metric("nrr", "2026-09", {"country": "SE"}).value,
        ask.metric("nrr", "2026-09").value,
    ]
    assert made.calendar


def test_a_grid_shows_the_values_asked_for_in_their_order(block: Callable[[str], Block]) -> None:
    assert [column.key for column in block(GRID + 'values = ["SE", "DE"]').columns] == ["period", "se", "de"]
    with pytest.raises(UnknownName, match=r'Unknown country "DEE"\. Did you mean DE\?.*block\[main\]'):
        block(GRID + 'values = ["DEE"]')


def test_a_chart_of_a_grid_leaves_its_total_out(block: Callable[[str], Block]) -> None:
    made = block(GRID + 'total = true\n[[tab.block.chart]]\nkind = "line"\nseries = ["*"]')
    assert made.charts[0].series == ("de", "se")


def test_a_grid_without_any_value_has_no_chart_and_no_rule(
    write: Callable[..., Path], fake: Any, answering: Any
) -> None:
    text = (
        GRID.replace("country", "segment")
        + '[[tab.block.chart]]\nkind = "line"\nseries = ["*"]\n[[tab.block.rule]]\nkind = "heat"'
    )
    made = resolve(read(write(HEAD + text)), fake(empty=True), answering).tabs[0].blocks[1]
    assert ([column.key for column in made.columns], made.charts, made.rules) == (["period"], (), ())


def test_parameters_of_a_metric_are_no_filters(block: Callable[[str], Block]) -> None:
    made = block(
        'kind = "table"\nperiod = "LTM"\nmetric = { metric = "retention_cohorts", where = { of = "nrr", segment = "SMB" } }'
    )
    assert made.about.startswith("of = nrr · only segment = SMB")


def test_keys_of_values_are_plain_and_different() -> None:
    keys = column_keys(["SMB", "smb!", "Smb", "2026", "total", "日本", "(none)"])
    assert keys[:5] == ["smb", "smb_2", "smb_3", "value_2026", "value_total"]
    assert keys[6] == "none"
    assert keys[5] == column_keys(["日本"])[0]
    assert len(set(keys)) == 7


# --- scorecards ------------------------------------------------------------------------------------------------------


def test_a_scorecard_shows_each_metric_by_its_own_unit(block: Callable[[str], Block], ask: Any) -> None:
    made = block('kind = "scorecard"\nperiod = "2026-09"\nmetrics = ["mrr", "nrr"]')
    assert [column.key for column in made.columns] == [
        "metric", "period", "value", "previous", "previous_difference", "previous_share",
    ]  # fmt: skip
    mrr, nrr = made.rows
    assert [cell.value for cell in mrr[:3]] == ["MRR", "2026-09", ask.metric("mrr", "2026-09").value]
    now, before = (ask.metric("mrr", period).exact for period in ("2026-09", "2026-08"))
    assert [cell.value for cell in mrr[3:]] == [float(before), float(now - before), float((now - before) / before)]
    assert [cell.format for cell in mrr[2:]] == [
        "[$€-2]#,##0", "[$€-2]#,##0", '"▲ "[$€-2]#,##0;"▼ "[$€-2]#,##0;[$€-2]#,##0', '"▲ "0.0%;"▼ "0.0%;0.0%',
    ]  # fmt: skip
    assert nrr[2].format == "0.0%"
    assert nrr[5] == Cell(None)  # a percentage of a percentage


def test_a_comparison_is_a_call_of_its_own_with_a_gap_where_there_is_none(block: Callable[[str], Block]) -> None:
    made = block('kind = "scorecard"\nperiod = "2026-09"\ncompare = ["target"]\nmetrics = ["mrr"]')
    goal, share = made.rows[0][3:]
    assert goal.call == Call("METRIC", ("mrr", Ref("period"), None, "compare", "target", "show", "value"), blank=True)
    assert (goal.value, goal.status, goal.error) == (None, "REV-204 no goal.", "#N/A")
    assert share.call.arguments[-1] == "share"  # type: ignore[union-attr]


def test_a_metric_without_a_number_has_no_comparison_either(block: Callable[[str], Block]) -> None:
    made = block('kind = "scorecard"\nperiod = "2025-11"\nmetrics = ["cac"]')
    assert [cell.value for cell in made.rows[0][2:]] == [None] * 4
    assert made.rows[0][2].error == "#N/A"
    assert made.rows[0][3].status.startswith("REV-204")


def test_a_scorecard_compares_with_what_there_is(block: Callable[[str], Block]) -> None:
    with pytest.raises(SurfaceError, match=r"there is no compare 'last_yaer'") as caught:
        block('kind = "scorecard"\nperiod = "2026-09"\ncompare = ["last_yaer"]\nmetrics = ["mrr"]')
    assert caught.value.hint == "Did you mean last_year?"


# --- calls and spills ------------------------------------------------------------------------------------------------

CALL = 'kind = "calls"\nentries = ["A", "B", "C"]\n[[tab.block.call]]\n'


def test_a_call_reads_the_entries_beside_it(block: Callable[[str], Block]) -> None:
    made = block(
        CALL + 'title = "CAC"\nfunction = "revalign.cac"\nentries = [100, 200, 3]\nunit = "money"\nnote = "All."'
    )
    what, *entries, result, says = made.rows[0]
    assert (what.value, says.value) == ("CAC", "All.")
    assert [(cell.value, cell.entry) for cell in entries] == [(100, True), (200, True), (3, True)]
    assert result.call == Call("CAC", (Ref("entry_1"), Ref("entry_2"), Ref("entry_3")), bare=True)
    assert (result.value, result.format) == (100.0, "[$€-2]#,##0.00")


def test_a_call_that_fails_shows_the_error_and_what_it_says(block: Callable[[str], Block]) -> None:
    row = block(CALL + 'function = "METRIC"\narguments = ["mmr", "$month", ""]').rows[0]
    result, says = row[-2:]
    assert result.call == Call("METRIC", ("mmr", Name("month"), None), bare=True)
    assert (result.value, result.error) == (None, "#VALUE!")
    assert str(says.value).startswith('REV-101 Unknown metric "mmr". Did you mean mrr?')
    assert [cell.value for cell in row[1:4]] == [None] * 3


def test_a_day_among_the_entries_is_a_date(block: Callable[[str], Block]) -> None:
    row = block(CALL + 'function = "ARR"\nentries = ["2026-09-30"]\n').rows[0]
    assert (row[1].value, row[1].format) == (date(2026, 9, 30), "yyyy-mm-dd")


def test_what_calls_refuse(block: Callable[[str], Block]) -> None:
    for text, said in {
        CALL + 'function = "CACK"': "call\\[1\\].function: Unknown function",
        CALL + 'function = "ARR"\nentries = [1, 2, 3, 4]': "4 entries for 3 columns",
        CALL + 'function = "ARR"\nentries = [true]': "an entry is a text or a number",
        CALL + 'function = "FUNNEL"\nentries = [4]': "FUNNEL answers a table",
        'kind = "calls"\nwhere = { segment = "SMB" }': "functions take no filters",
        'kind = "calls"\nmode = "append"': "always replaced",
    }.items():
        with pytest.raises(SurfaceError, match=said):
            block(text)


def test_a_spill_is_one_call_and_all_it_answers(block: Callable[[str], Block]) -> None:
    made = block(
        'kind = "spill"\nfunction = "EXPLAIN"\narguments = ["mrr", "$month"]\n[[tab.block.column]]\ntitle = "What"'
    )
    assert made.spill == Call("EXPLAIN", ("mrr", Name("month")))
    assert [column.title for column in made.columns] == ["What", "", "", ""]
    assert [[cell.value for cell in row] for row in made.rows] == [
        ["MRR", "2026-09", 2.5, "#DIV/0!"],
        ["records", 3.0, None, None],
    ]
    assert [cell.format for cell in made.rows[0]] == ["", "", "#,##0.0000", ""]
    assert made.rows[1][1].format == "#,##0"
    assert not any(cell.call for row in made.rows for cell in row)


def test_a_spill_without_an_answer_says_why(block: Callable[[str], Block]) -> None:
    made = block('kind = "spill"\nfunction = "BRIDGE"\n[[tab.block.rule]]\nkind = "bars"')
    assert made.missing == made.rows[0][0].status == "REV-201 nothing to bridge"
    assert (made.rows[0][0].value, made.spill, made.rules) == (None, None, ())


def test_notes_are_lines(block: Callable[[str], Block]) -> None:
    made = block('kind = "notes"\ntitle = "Mind"\nlines = ["One.", "=Two"]')
    assert [row[0].value for row in made.rows] == ["One.", "=Two"]
    with pytest.raises(SurfaceError, match="notes have no numbers to filter"):
        block('kind = "notes"\nlines = ["One."]\nwhere = { segment = "SMB" }')


def test_without_somebody_who_calls_functions_they_are_refused(write: Callable[..., Path], ask: Any) -> None:
    with pytest.raises(SurfaceError, match="functions cannot be called here"):
        resolve(read(write(HEAD + CALL + 'function = "ARR"')), ask)
