"""A layout resolved against the one door for numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.errors import NoData, SurfaceError, UnknownName
from revalign_udf.layout import find, read, resolve
from revalign_udf.layout.model import Call, Ref
from revalign_udf.query.answers import Answer, Table


def first(path: Path, ask: Any) -> Any:
    """The first block of a layout, resolved."""
    return resolve(read(path), ask).tabs[0].blocks[0]


@pytest.fixture
def block(write: Callable[..., Path], ask: Any) -> Any:
    return first(write(), ask)


def test_every_row_has_a_name_and_a_cell_for_every_column(ask: Any) -> None:
    report = resolve(read(find("saas_metrics")), ask)
    for tab in report.tabs:
        for block in tab.blocks:
            assert len(block.rows) == len(block.keys) == len(set(block.keys))
            assert all(len(row) == len(block.columns) for row in block.rows)


def test_the_bridge_adds_up(ask: Any) -> None:
    (tab,) = (tab for tab in resolve(read(find("saas_metrics")), ask).tabs if tab.key == "mrr_bridge")
    keys = [column.key for column in tab.blocks[0].columns]
    assert {row[keys.index("check")].value for row in tab.blocks[0].rows} == {0.0}


def test_a_series_has_one_row_per_period(block: Any) -> None:
    assert [row[0].value for row in block.rows] == ["2026-07", "2026-08", "2026-09"]
    assert block.keys == ("2026-07", "2026-08", "2026-09")
    assert [column.key for column in block.columns] == ["period", "opening_mrr", "mrr", "mrr_smb", "change"]
    assert [column.unit for column in block.columns] == ["text", *["money"] * 4]


def test_a_cell_holds_value_call_and_fingerprint(block: Any, ask: Any) -> None:
    cell = block.rows[0][2]
    assert cell.value == ask.metric("mrr", "2026-07").value
    assert cell.call == Call("METRIC", ("mrr", Ref("period")))
    assert cell.fingerprint == "mrr v2 · d:9f2c · s:2026-10-14#2"
    assert block.rows[0][3].call == Call("METRIC", ("mrr", Ref("period"), None, "segment", "SMB"))
    assert block.rows[0][3].value == ask.metric("mrr", "2026-07", {"segment": "SMB"}).value


def test_a_computed_cell_is_a_formula_with_its_value(block: Any) -> None:
    for row in block.rows:
        assert row[4].formula == "mrr - opening_mrr"
        assert row[4].value == row[2].value - row[1].value
    assert block.columns[4].note == "= mrr - opening_mrr"


def test_the_note_of_a_head_names_definition_version_and_owners(block: Any) -> None:
    assert block.columns[2].note.endswith(" · v2 · owners: finance, success · fingerprint 00000151")
    assert block.columns[3].note.endswith("owners: finance, success · fingerprint 00000151 · only segment = SMB")
    assert block.columns[3].title == "MRR (SMB)"


def test_the_open_period_is_partial(write: Callable[..., Path], good: str, ask: Any) -> None:
    path = write(good, ('periods = "LAST_N_MONTHS:3"', 'from = "2026-09"\nto = "THIS_MONTH"'))
    rows = first(path, ask).rows
    assert [[cell.partial for cell in row] for row in rows] == [[False] * 5, [True] * 5]


def test_grain(write: Callable[..., Path], good: str, ask: Any) -> None:
    path = write(good, ('kind = "series"', 'kind = "series"\ngrain = "quarter"'), ("LAST_N_MONTHS:3", "2026-Q2"))
    assert first(path, ask).keys == ("2026-Q2",)


def test_a_cell_without_a_number_says_why_and_so_does_what_stands_on_it(
    write: Callable[..., Path], good: str, ask: Any
) -> None:
    swaps = [('"opening_mrr"', '"cac"'), ("opening_mrr", "cac"), ("LAST_N_MONTHS:3", "2025-11")]
    row = first(write(good, *swaps), ask).rows[0]
    for cell in (row[1], row[4]):
        assert (cell.value, cell.status, cell.error) == (None, "REV-204 no expense before 2025-12.", "#N/A")
    assert row[1].call
    assert row[4].formula


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("mrr / (mrr - mrr)", (None, "#DIV/0!")),
        ("1e308 * mrr", (None, "#NUM!")),
        ("0 - (mrr - mrr)", (0.0, "")),
        ("min(mrr, 1) + max(0, 2)", (3.0, "")),
    ],
)
def test_computed_cells_behave_like_a_spreadsheet(
    write: Callable[..., Path], good: str, ask: Any, formula: str, expected: tuple[float | None, str]
) -> None:
    row = first(write(good, ("mrr - opening_mrr", formula)), ask).rows[0]
    assert (row[4].value, row[4].error) == expected
    assert str(row[4].value) != "-0.0"


def test_only_a_sum_that_cancels_is_taken_for_zero(write: Callable[..., Path], good: str, ask: Any) -> None:
    row = first(write(good, ("mrr - opening_mrr", "mrr * 1e-30")), ask).rows[0]
    assert row[4].value == row[2].value * 1e-30 > 0


def test_text_in_a_computed_cell_is_no_number(write: Callable[..., Path], good: str, ask: Any) -> None:
    row = first(write(good, ("mrr - opening_mrr", "mrr + period")), ask).rows[0]
    assert (row[4].value, row[4].error, row[4].status) == (None, "#VALUE!", "REV-112 period is no number.")


BREAKDOWN = (
    ('kind = "series"', 'kind = "breakdown"\nby = "segment"'),
    ('periods = "LAST_N_MONTHS:3"', 'period = "LTM"'),
    (
        ', { metric = "mrr", where = { segment = "SMB" } }',
        ', { metric = "mrr", key = "se", where = { country = "SE" } }',
    ),
)


def test_a_breakdown_has_one_row_per_value_and_points_at_its_cell(
    write: Callable[..., Path], good: str, ask: Any
) -> None:
    block = first(write(good, *BREAKDOWN), ask)
    assert block.keys[1] == "LTM|Enterprise"
    assert block.about == "LTM = 2025-10-01 to 2026-09-30"
    assert [column.key for column in block.columns] == ["period", "segment", "opening_mrr", "mrr", "se", "change"]
    call = block.rows[2][4].call
    assert call == Call("METRIC", ("mrr", Ref("period"), None, "country", "SE", "segment", Ref("segment")))
    assert block.rows[2][3].value == ask.metric("mrr", "LTM", {"segment": "Mid-Market"}).value
    assert block.charts[0].x == "segment"


def test_a_value_one_metric_does_not_count_is_asked_for_all_the_same(
    write: Callable[..., Path], good: str, ask: Any
) -> None:
    block = first(write(good, *BREAKDOWN, ('"opening_mrr", "mrr"', '"opening_mrr", "mrr", "nrr"')), ask)
    assert len(block.rows) == 4
    assert all(row[4].value is not None for row in block.rows)


def test_a_breakdown_with_nothing_to_count_has_no_rows(write: Callable[..., Path], good: str, fake: Any) -> None:
    assert first(write(good, *BREAKDOWN), fake(empty=True)).rows == ()


def test_an_unknown_dimension(write: Callable[..., Path], good: str, ask: Any) -> None:
    path = write(good, *BREAKDOWN, ('by = "segment"', 'by = "segmnt"'))
    with pytest.raises(UnknownName, match=r'field "segmnt".*Did you mean segment.*tab\[one\]\.block\[main\]'):
        resolve(read(path), ask)


TABLE = (
    ('kind = "series"', 'kind = "table"'),
    ('periods = "LAST_N_MONTHS:3"', 'period = "2026-Q3"'),
    ('"opening_mrr", "mrr", { metric = "mrr", where = { segment = "SMB" } }', '"funnel"'),
    ('[[tab.block.computed]]\nkey = "change"\nunit = "money"\nformula = "mrr - opening_mrr"\n', ""),
    ('series = ["mrr", "change"]', 'x = "stage"\nseries = ["reached"]'),
)


def test_a_table_shows_the_rows_of_its_metric(write: Callable[..., Path], good: str, ask: Any) -> None:
    block = first(write(good, *TABLE), ask)
    assert [column.key for column in block.columns] == ["stage", "reached", "reached_next", "conversion"]
    assert [column.unit for column in block.columns] == ["text", "count", "count", "rate"]
    assert block.keys[:2] == ("2026-Q3|lead", "2026-Q3|mql")
    assert [cell.value for cell in block.rows[0]] == ["lead", 21040, 5310, 5310 / 21040]
    assert len(block.charts) == 1


def test_a_table_without_rows_keeps_its_place(write: Callable[..., Path], good: str, fake: Any) -> None:
    block = first(write(good, *TABLE), fake(empty=True))
    assert block.charts == ()
    assert len(block.rows) == 1


def test_a_chart_of_a_table_that_names_a_missing_column(write: Callable[..., Path], good: str, ask: Any) -> None:
    path = write(good, *TABLE, ('series = ["reached"]', 'series = ["reach"]'))
    with pytest.raises(SurfaceError, match=r'chart\[chart1\]\.series: no column "reach".*Did you mean reached'):
        resolve(read(path), ask)


def test_a_metric_in_the_wrong_kind_of_block(write: Callable[..., Path], good: str, ask: Any) -> None:
    with pytest.raises(SurfaceError, match=r'"funnel" is a table metric.*kind "table"'):
        resolve(read(write(good, ('"opening_mrr", "mrr"', '"opening_mrr", "mrr", "funnel"'))), ask)
    with pytest.raises(SurfaceError, match=r'"mrr" is a scalar metric.*"series"'):
        resolve(read(write(good, *TABLE, ('"funnel"', '"mrr"'))), ask)


def test_an_unknown_metric_is_named_with_its_place(write: Callable[..., Path], good: str, ask: Any) -> None:
    path = write(good, ('"opening_mrr", "mrr"', '"opening_mrr", "mrr", "nnr"'))
    with pytest.raises(UnknownName, match=r'REV-101 Unknown metric "nnr"\. Did you mean nrr\?.*metrics\[3\]') as caught:
        resolve(read(path), ask)
    assert str(path) in str(caught.value)


def test_a_question_that_cannot_be_answered_is_named_with_its_place(
    write: Callable[..., Path], good: str, ask: Any
) -> None:
    with pytest.raises(SurfaceError, match=r"tab\[one\]\.block\[main\]: .*Jan-22.*Write 2022-01"):
        resolve(read(write(good, ("LAST_N_MONTHS:3", "Jan-22"))), ask)
    with pytest.raises(SurfaceError, match=r"metrics\[3\]: .*cannot be cut by colour"):
        resolve(read(write(good, ('segment = "SMB"', 'colour = "red"'))), ask)


def test_nothing_published_is_not_the_layouts_fault(
    write: Callable[..., Path], ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: Any, **__: Any) -> None:
        raise NoData("Nothing has been published.", code="REV-205")

    monkeypatch.setattr(ask, "series", nothing, raising=False)
    with pytest.raises(NoData, match="REV-205"):
        resolve(read(write()), ask)


def test_a_period_missing_from_a_series_is_asked_by_itself(
    write: Callable[..., Path], ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = type(ask).series
    monkeypatch.setattr(type(ask), "series", lambda *args, **more: whole(*args, **more)[1:])
    rows = first(write(), ask).rows
    assert all(cell.value is not None for cell in rows[0])


def test_an_alias_is_stored_under_its_declared_name(
    write: Callable[..., Path], good: str, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    declaration = type(ask).declaration
    monkeypatch.setattr(
        type(ask),
        "declaration",
        lambda self, name: declaration(self, "nrr" if name == "net revenue retention" else name),
    )
    path = write(good, ('"opening_mrr", "mrr"', '"opening_mrr", "mrr", "net revenue retention"'))
    block = first(path, ask)
    assert block.columns[3].key == "net_revenue_retention"
    assert block.rows[0][3].call.arguments[0] == "nrr"


def test_units_nobody_knows_are_numbers(write: Callable[..., Path], ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    declaration = type(ask).declaration
    monkeypatch.setattr(type(ask), "declaration", lambda self, name: replace(declaration(self, name), unit="parsecs"))
    assert first(write(), ask).columns[1].unit == "number"


def test_a_code_is_not_said_twice(
    write: Callable[..., Path], good: str, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Answer("mrr", "MRR", "2026-07", "money", status="REV-110", message="nothing at the start", cell="#DIV/0!")
    monkeypatch.setattr(type(ask), "series", lambda *_, **__: [said])
    monkeypatch.setattr(type(ask), "metric", lambda *_, **__: said)
    assert first(write(), ask).rows[0][1].status == "REV-110 nothing at the start"


def test_the_report_says_from_what_it_comes(write: Callable[..., Path], fake: Any) -> None:
    report = resolve(read(write()), fake())
    assert (
        report.banner == "Nordlicht Software · As of 2026-10-14 · snapshot 2026-10-14#2 · 2 sources: billing, crm · EUR"
    )
    assert (report.state, report.as_of, report.company) == ("fresh", "2026-10-14", "Nordlicht Software")
    stale = resolve(read(write()), fake("stale"))
    assert stale.state == "stale"
    assert "STALE" in stale.banner
    assert resolve(read(write()), fake("failed")).state == "failed"


def test_a_status_without_states_is_fresh(
    write: Callable[..., Path], ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(ask), "status", lambda _: Table(("source",), (("crm",),)))
    assert resolve(read(write()), ask).state == "fresh"


def test_the_definitions_list_every_metric_once(write: Callable[..., Path], ask: Any) -> None:
    block = resolve(read(write()), ask).definitions
    assert block
    assert block.keys == ("opening_mrr", "mrr")
    assert [cell.value for cell in block.rows[1]][-3:] == ["finance, success", 2, ask.digest("mrr")]
    assert [column.key for column in block.columns] == [
        "metric", "label", "definition", "formula", "unit", "owners", "version", "fingerprint",
    ]  # fmt: skip


def test_values_are_the_doubles_of_the_answers(write: Callable[..., Path], ask: Any) -> None:
    third = Answer("mrr", "MRR", "2026-07", "money", Fraction(1, 3))
    ask.series = lambda *_, **__: [replace(third, period=f"2026-0{n}") for n in (7, 8, 9)]
    assert first(write(), ask).rows[0][1].value == 1 / 3
