"""Rows that a synced sheet finds again: modes, columns that name a row, records, filters around a block."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.calc.results import CellError
from revalign_udf.errors import SurfaceError, UnknownName
from revalign_udf.excel.classic import FILTER_PAIRS
from revalign_udf.layout import read, resolve
from revalign_udf.layout.keys import RECORD_KEY, ROW_KEYS, named_by
from revalign_udf.layout.model import Block, Call, Name, Ref
from revalign_udf.layout.tables import LONGEST, PAIRS, numbered
from revalign_udf.query.answers import Answer, Table
from revalign_udf.query.tables import TABLES
from revalign_udf.workbook import formulas

Write = Callable[..., Path]

RECORDS = """
title = "Test"
[[tab]]
key = "one"
[[tab.block]]
key = "main"
kind = "records"
period = "2026-09"
metric = "mrr"
"""
TABLE = RECORDS.replace('"records"', '"table"').replace('"mrr"', '"funnel"')
RECORD = ["component", "period", "system", "table", "id", "customer", "name", "on", "contribution"]


def first(path: Path, ask: Any) -> Block:
    return resolve(read(path), ask).tabs[0].blocks[0]


def keys_of(block: Block) -> list[str]:
    return [column.key for column in block.columns]


def values_of(block: Block, key: str) -> list[Any]:
    at = keys_of(block).index(key)
    return [row[at].value for row in block.rows]


# --- modes -----------------------------------------------------------------------------------------------------------


def test_the_mode_of_a_block_is_its_own_else_its_tabs_else_the_usual_one(write: Write, good: str) -> None:
    more = RECORDS.partition("[[tab.block]]")[2].replace('"main"', '"list"')
    both = good + "[[tab.block]]" + more

    def modes(text: str) -> list[str]:
        return [block.mode for block in read(write(text)).tabs[0].blocks]

    assert modes(both) == ["replace", "upsert"]
    tab = both.replace('name = "One"', 'name = "One"\nmode = "append"')
    assert modes(tab) == ["append", "append"]
    assert modes(tab.replace('kind = "series"', 'kind = "series"\nmode = "upsert"')) == ["upsert", "append"]


@pytest.mark.parametrize("place", ["tab", "block"])
def test_an_unknown_mode(write: Write, place: str) -> None:
    line = 'key = "one"' if place == "tab" else 'key = "main"'
    said = r"tab\[one\]\.mode" if place == "tab" else r"tab\[one\]\.block\[main\]\.mode"
    with pytest.raises(SurfaceError, match=rf"{said}: there is no mode 'upsret'.*Did you mean upsert"):
        read(write(RECORDS.replace(line, f'{line}\nmode = "upsret"')))


def test_what_is_appended_begins_with_its_snapshot_and_asks_that_snapshot(write: Write, good: str, ask: Any) -> None:
    block = first(write(good, ('kind = "series"', 'kind = "series"\nmode = "append"')), ask)
    assert keys_of(block) == ["snapshot", "as_of", "period", "opening_mrr", "mrr", "mrr_smb", "change"]
    assert [column.unit for column in block.columns[:3]] == ["text", "date", "text"]
    assert [cell.value for cell in block.rows[0][:3]] == ["2026-10-14#2", date(2026, 10, 14), "2026-07"]
    assert block.keys[0] == "2026-10-14#2|2026-07"
    assert (block.mode, block.lead, block.calendar) == ("append", 3, True)
    assert block.rows[0][4].call == Call("METRIC", ("mrr", Ref("period"), Ref("as_of")))
    assert block.rows[0][5].call == Call("METRIC", ("mrr", Ref("period"), Ref("as_of"), "segment", "SMB"))
    assert block.charts[0].x == "period"


def test_a_metric_may_not_take_the_name_of_an_appended_column(write: Write, good: str) -> None:
    named = ("where = { segment", 'key = "snapshot", where = { segment')
    read(write(good, named))
    with pytest.raises(SurfaceError, match='two columns named "snapshot"'):
        read(write(good, named, ('kind = "series"', 'kind = "series"\nmode = "append"')))


def test_a_tables_own_column_of_that_name_is_refused_when_asked(
    write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Table(("stage", "as_of"), (("lead", "x"),), ("text", "text"))
    monkeypatch.setattr(type(ask), "metric", lambda *_: Answer("funnel", "Funnel", "2026-09", "count", rows=rows))
    assert first(write(TABLE), ask).lead == 1
    with pytest.raises(SurfaceError, match=r'block\[main\]: two columns named "as_of"'):
        first(write(TABLE.replace("period =", 'mode = "append"\nperiod =')), ask)


# --- what names a row ------------------------------------------------------------------------------------------------


def test_lead_and_calendar_of_each_kind(write: Write, good: str, ask: Any) -> None:
    breakdown = (('kind = "series"', 'kind = "breakdown"\nby = "segment"'), ("periods = ", "period = "))
    found = [first(write(good), ask), first(write(good, *breakdown, ("LAST_N_MONTHS:3", "LTM")), ask)]
    found += [first(write(text), ask) for text in (TABLE, RECORDS)]
    assert [(block.lead, block.calendar) for block in found] == [(1, True), (2, False), (1, False), (4, False)]


def test_every_table_metric_declares_what_names_its_rows() -> None:
    assert set(ROW_KEYS) == set(TABLES)


def test_the_columns_that_name_a_row_come_first(write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Table(
        ("promise", "kind", "lead", "why", "system", "handoff"),
        (
            ("calls", "time", "l1", "late", "crm", "h1"),
            ("goal", "volume", None, "8 of 9", None, None),
            ("goal", "volume", None, "7 of 9", None, None),
        ),
        ("text",) * 6,
    )
    declared = type(ask).declaration
    monkeypatch.setattr(
        type(ask), "declaration", lambda self, _: replace(declared(self, "funnel"), name="sla_breaches")
    )
    monkeypatch.setattr(type(ask), "metric", lambda *_: Answer("sla_breaches", "B", "2026-09", "count", rows=rows))
    block = first(write(TABLE), ask)
    assert keys_of(block) == ["promise", "system", "handoff", "kind", "lead", "why"]
    assert block.lead == 3
    assert [cell.value for cell in block.rows[0]] == ["calls", "crm", "h1", "time", "l1", "late"]
    # a blank is a blank in the name too, and rows of one name are counted, not numbered by where they stand
    assert block.keys == ("2026-09|calls|crm|h1", "2026-09|goal||", "2026-09|goal|||2")
    assert block.columns[0].note.startswith("What funnel means")


def test_a_table_nobody_declared_is_named_by_its_leading_texts_and_days() -> None:
    table = Table(("team", "day", "count", "note"), (), ("text", "date", "count", "text"))
    assert named_by("of_a_plugin", table) == ["team", "day"]
    assert named_by("of_a_plugin", Table(("count", "note"), (), ("count", "text"))) == ["count"]
    assert named_by("of_a_plugin", Table(("a", "b"), ())) == ["a", "b"]


def test_a_declared_key_that_an_answer_lacks_falls_back() -> None:
    assert named_by("sla", Table(("something", "n"), (), ("text", "count"))) == ["something"]


def test_names_are_counted_where_they_repeat() -> None:
    assert numbered(["a", "b", "a", "a"]) == ["a", "b", "a|2", "a|3"]


def test_the_layout_may_say_what_names_a_row(write: Write, ask: Any) -> None:
    block = first(write(TABLE + 'row_key = ["reached", "stage"]'), ask)
    assert (keys_of(block)[:2], block.lead, block.keys[0]) == (["reached", "stage"], 2, "2026-09|21040|lead")
    with pytest.raises(SurfaceError, match=r'block\[main\]\.row_key: no column "stag".*Did you mean stage'):
        first(write(TABLE + 'row_key = ["stag"]'), ask)
    with pytest.raises(SurfaceError, match='unknown key "row_key"'):
        read(write(RECORDS + 'row_key = ["id"]'))


# --- tables ----------------------------------------------------------------------------------------------------------


def test_columns_of_a_table_are_dressed_or_chosen(write: Write, ask: Any) -> None:
    dressed = 'columns = [{ key = "conversion", title = "Goes on", format = "0%", note = "Of all." }]'
    block = first(write(TABLE + dressed), ask)
    assert keys_of(block) == ["stage", "reached", "reached_next", "conversion"]
    last = block.columns[3]
    assert (last.title, last.format, last.note, last.unit) == ("Goes on", "0%", "Of all.", "rate")
    # a name as text makes it a choice; what names a row stands first all the same
    chosen = first(write(TABLE + 'columns = ["conversion", { key = "reached", title = "N" }]'), ask)
    assert keys_of(chosen) == ["stage", "conversion", "reached"]
    assert [cell.value for cell in chosen.rows[0]] == ["lead", 5310 / 21040, 21040]


def test_a_hidden_column_is_there_and_no_chart_can_show_it(write: Write, ask: Any) -> None:
    text = TABLE + 'columns = [{ key = "reached", hidden = true }]\n'
    block = first(write(text), ask)
    assert [column.hidden for column in block.columns] == [False, True, False, False]
    chart = '[[tab.block.chart]]\nkind = "bar"\nx = "stage"\nseries = ["reached"]\n'
    with pytest.raises(SurfaceError, match=r'chart\[chart1\]\.series: no column "reached"'):
        first(write(text + chart), ask)
    every = ", ".join(f'{{ key = "{key}", hidden = true }}' for key in keys_of(block))
    with pytest.raises(SurfaceError, match="every column is hidden"):
        first(write(f"{TABLE}columns = [{every}]"), ask)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('columns = ["stag"]', r'block\[main\]\.columns: no column "stag".*Did you mean stage'),
        ('columns = [{ key = "stag" }]', r'columns: no column "stag".*Did you mean stage'),
        ('columns = [{ key = "stage", hiden = true }]', r'columns\[1\]: unknown key "hiden".*Did you mean hidden'),
        ('columns = [{ key = "stage", hidden = "yes" }]', r"columns\[1\]\.hidden: must be true or false"),
        ('columns = [{ key = "stage", unit = "euro" }]', r"columns\[1\]\.unit: there is no unit 'euro'"),
        ('columns = [{ key = "stage", width = 0 }]', r"columns\[1\]\.width: must be a whole number from 3 to 100"),
        ('columns = [{ key = "stage", format = "0.0" }]', r"columns\[1\]: \"stage\" is text, and '0.0' shows a number"),
        ('columns = ["stage", "stage"]', r'columns: "stage" stands twice'),
        ("columns = []", r"columns: must be a list of columns"),
        ("columns = [3]", r"columns\[1\]: must be a column's key or a table, not 3"),
        ('where = { colour = "red" }', r"metric: .*cannot be cut by colour"),
        ('metrics = ["funnel"]', 'give either "metric" or "metrics"'),
    ],
)
def test_what_a_table_refuses(write: Write, ask: Any, line: str, said: str) -> None:
    with pytest.raises(SurfaceError, match=said):
        first(write(TABLE + line), ask)


def test_a_block_without_a_metric(write: Write) -> None:
    with pytest.raises(SurfaceError, match=r'block\[main\]: "metric" is missing.*metric = "funnel"'):
        read(write(TABLE.replace('metric = "funnel"\n', "")))
    with pytest.raises(SurfaceError, match=r"block\[main\]\.metrics: a list of records shows one metric"):
        read(write(RECORDS.replace('metric = "mrr"', 'metrics = ["mrr", "arr"]')))
    with pytest.raises(SurfaceError, match=r'metric: unknown key "title"'):
        read(write(TABLE.replace('"funnel"', '{ metric = "funnel", title = "F" }')))


def test_a_table_that_cannot_be_answered_says_so_and_keeps_mode_and_place(write: Write, fake: Any) -> None:
    ask = fake(empty=True)
    block = first(write(TABLE + 'mode = "append"\n'), ask)
    assert block.missing == block.rows[0][0].status
    assert (block.mode, len(block.columns), block.charts) == ("append", 1, ())


def test_a_table_with_an_answer_of_no_rows_has_its_columns(
    write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Table(("stage", "reached"), (), ("text", "count"))
    monkeypatch.setattr(type(ask), "metric", lambda *_: Answer("funnel", "Funnel", "2026-09", "count", rows=rows))
    block = first(write(TABLE), ask)
    assert (keys_of(block), block.rows, block.missing) == (["stage", "reached"], (), "")


def test_days_of_a_table_are_days_and_its_decimals_are_the_blocks(
    write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Table(
        ("stage", "seen", "hours", "events"),
        (("lead", "2026-09-02", 1.25, 3.0), ("mql", None, 2.0, 4.0), ("sql", "soon", 3.0, 5.0)),
        ("text", "date", "number", "count"),
    )
    monkeypatch.setattr(type(ask), "metric", lambda *_: Answer("funnel", "Funnel", "2026-09", "count", rows=rows))
    block = first(write(TABLE + "decimals = 1"), ask)
    assert values_of(block, "seen") == [date(2026, 9, 2), None, "soon"]
    assert [column.decimals for column in block.columns] == [None, None, 1, None]


# --- records ---------------------------------------------------------------------------------------------------------


def test_records_stand_in_an_order_of_their_own_and_are_named_for_ever(
    write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = first(write(RECORDS), ask)
    assert keys_of(block) == [*RECORD_KEY, "period", "customer", "name", "on", "contribution"]
    assert block.keys == ("billing|item|1|mrr", "crm|item|1|mrr", "billing|item|3|mrr", "billing|item|1|opening_mrr")
    assert values_of(block, "on") == [date(2026, 9, 2), date(2026, 9, 2), date(2026, 9, 12), None]
    assert values_of(block, "name") == ["=Ada", "Borel", "Corvus", "=Ada"]
    assert [column.unit for column in block.columns[-2:]] == ["date", "number"]
    assert (block.mode, block.title, block.about) == ("upsert", "MRR", "2026-09")
    assert all(cell.call is None for row in block.rows for cell in row)
    found = type(ask).records

    def turned(self: Any, *question: Any) -> Table:
        # the other way round within a component, which is how a database may answer tomorrow
        known = found(self, *question)
        return Table(known.columns, (*reversed(known.rows[:3]), known.rows[3]), known.units)

    monkeypatch.setattr(type(ask), "records", turned)
    assert first(write(RECORDS), ask).rows == block.rows


def test_one_record_told_twice_is_counted(write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A touch is credited to two customers: one record, two rows."""
    rows = tuple(("mrr", "2026-09", "crm", "touch", "7", customer, "", None, 1.0) for customer in "ba")
    monkeypatch.setattr(type(ask), "records", lambda *_: Table(tuple(RECORD), rows, ("text",) * 8 + ("number",)))
    block = first(write(RECORDS), ask)
    assert block.keys == ("crm|touch|7|mrr", "crm|touch|7|mrr|2")
    assert values_of(block, "customer") == ["a", "b"]


def test_a_limit_says_how_many_there_are(write: Write, ask: Any) -> None:
    block = first(write(RECORDS + 'limit = 2\nsort = ["-contribution"]\nabout = "Say."'), ask)
    assert values_of(block, "contribution") == [250.0, 40.0]
    assert block.about == "Say. · 2026-09 · 2 of 4 records, by contribution, largest first"
    assert first(write(RECORDS + "limit = 3"), ask).about == "2026-09 · 3 of 4 records"
    assert first(write(RECORDS + "limit = 4"), ask).about == "2026-09"


def test_records_are_sorted_as_asked_and_stay_in_order_where_equal(write: Write, ask: Any) -> None:
    block = first(write(RECORDS + 'sort = ["name", "contribution"]'), ask)
    assert [*zip(values_of(block, "name"), values_of(block, "contribution"), strict=True)] == [
        ("=Ada", 7.0), ("=Ada", 250.0), ("Borel", 40.0), ("Corvus", -10.5),
    ]  # fmt: skip
    # blanks come last when the largest come first
    assert values_of(first(write(RECORDS + 'sort = ["-on"]'), ask), "on")[-1] is None


def test_the_columns_of_records_are_chosen_after_those_that_name_them(write: Write, ask: Any) -> None:
    line = (
        'columns = ["name", { key = "contribution", title = "Lost", unit = "money" }, { key = "table", hidden = true }]'
    )
    block = first(write(RECORDS + line), ask)
    assert keys_of(block) == [*RECORD_KEY, "name", "contribution"]
    assert [column.hidden for column in block.columns] == [False, True, False, False, False, False]
    assert (block.columns[-1].title, block.columns[-1].unit) == ("Lost", "money")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('sort = ["-contributin"]', r'block\[main\]\.sort: no column "contributin".*Did you mean contribution'),
        ("limit = 0", r"limit: must be a whole number from 1 to"),
        ("limit = 1.5", r"limit: must be a whole number"),
        ('by = "segment"', r'unknown key "by"'),
        (
            '[[tab.block.computed]]\nkey = "x"\nformula = "contribution"',
            "a list of records cannot have computed columns",
        ),
    ],
)
def test_what_records_refuse(write: Write, ask: Any, line: str, said: str) -> None:
    with pytest.raises(SurfaceError, match=said):
        first(write(RECORDS + line), ask)


def test_records_of_a_metric_nobody_knows(write: Write, ask: Any) -> None:
    with pytest.raises(UnknownName, match=r'"mmr"\. Did you mean mrr\?.*block\[main\]\.metric'):
        first(write(RECORDS.replace('"mrr"', '"mmr"')), ask)


def test_no_records_is_a_head_without_rows(write: Write, fake: Any) -> None:
    block = first(write(RECORDS), fake(empty=True))
    assert (keys_of(block)[0], block.rows, block.lead) == ("system", (), 4)


# --- the call that gives the rows ----------------------------------------------------------------------------------------


def said(block: Block) -> dict[Any, Any]:
    """The pairs of the call of a block."""
    assert block.spill is not None
    pairs = block.spill.arguments[4 if block.spill.function == "TABLE" else 3 :]
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def test_a_table_is_given_by_one_call_without_the_period_and_what_is_hidden(write: Write, ask: Any) -> None:
    named = ("funnel", "2026-09", None, None, "columns")
    block = first(write(TABLE), ask)
    assert block.spill == Call("TABLE", (*named, "stage, reached, reached_next, conversion", "heads", "no"))
    text = TABLE + 'columns = ["conversion", { key = "reached", hidden = true }]'
    assert first(write(text), ask).spill == Call("TABLE", (*named, "stage, conversion", "heads", "no"))


def test_records_are_given_by_one_call_in_their_order(write: Write, ask: Any) -> None:
    block = first(write(RECORDS + 'limit = 2\nsort = ["-contribution", "name"]\ncolumns = ["name", "on"]'), ask)
    assert block.spill == Call("RECORDS", (
        "mrr", "2026-09", None, "columns", "system, table, id, component, name, on", "sort", "-contribution, name",
        "limit", 2, "dates", "real", "heads", "no",
    ))  # fmt: skip
    # days are dates only where one is shown
    assert "dates" not in said(first(write(RECORDS + 'columns = ["name"]'), ask))


def test_the_call_has_the_filters_and_the_cells_of_parameters(write: Write, good: str, ask: Any) -> None:
    text = filtered(TABLE, "report").replace('"funnel"', '{ metric = "funnel", where = { segment = "SMB" } }')
    assert list(said(first(write(text), ask)).items())[:2] == [("country", "DE"), ("segment", "SMB")]
    chosen = '[[parameter]]\nkey = "seg"\nchoices = "segment"\n'
    chosen += '[[parameter]]\nkey = "when"\nchoices = "months"\nvalue = "2026-09"\n'
    text = TABLE.replace("[[tab]]", f"{chosen}[[tab]]").replace('"2026-09"\nmetric', '"$when"\nmetric')
    block = first(write(text + 'where = { segment = "$seg" }'), ask)
    assert block.spill is not None
    assert block.spill.arguments[:2] == ("funnel", Name("when"))
    assert said(block)["segment"] == Name("seg")


def test_what_is_appended_or_could_not_be_answered_has_no_call(write: Write, ask: Any, fake: Any) -> None:
    for text in (TABLE, RECORDS):
        block = first(write(text.replace("period =", 'mode = "append"\nperiod =')), ask)
        assert (block.spill, "formula" in block.about) == (None, False)
    assert first(write(TABLE), fake(empty=True)).spill is None


def test_a_block_without_rows_keeps_its_call(write: Write, fake: Any) -> None:
    block = first(write(RECORDS), fake(empty=True))
    assert (block.rows, said(block)["heads"]) == ((), "no")


def test_many_columns_are_counted_out_where_their_names_are_too_long_for_a_formula(
    write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wide(width: int) -> None:
        columns = ("stage", *(f"{letter * width}" for letter in "abcd"))
        rows = Table(columns, (("lead", 1.0, 2.0, 3.0, 4.0),), ("text", *["count"] * 4))
        monkeypatch.setattr(type(ask), "metric", lambda *_: Answer("funnel", "Funnel", "2026-09", "count", rows=rows))

    wide(60)  # 5 + 4 * 62
    assert said(first(write(TABLE), ask))["columns"].count(",") == 4
    wide(61)
    hidden = f'columns = [{{ key = "{"b" * 61}", hidden = true }}]'
    assert said(first(write(TABLE), ask))["columns"] == "-period"
    assert said(first(write(TABLE + hidden), ask))["columns"].count(",") == 3
    wide(90)
    assert said(first(write(TABLE + hidden.replace("b" * 61, "b" * 90)), ask))["columns"] == f"-period, -{'b' * 90}"
    moved = first(write(TABLE + f'row_key = ["{"d" * 90}"]'), ask)
    assert moved.spill is None
    assert moved.about.endswith(
        "values without a formula: Excel takes no text above 255 characters in one, and the names of the columns are longer."
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('columns = [{ key = "period", unit = "date" }]', "the function tells period in another unit"),
        ('columns = [{ key = "on", unit = "text" }]', "the function tells on in another unit"),
        (f'where = {{ segment = "{"x" * 256}" }}', "Excel takes no text above 255 characters in one"),
    ],
)
def test_rows_that_no_call_can_give_are_values_and_say_so(write: Write, ask: Any, line: str, why: str) -> None:
    block = first(write(RECORDS + line), ask)
    assert block.spill is None
    assert block.about.endswith(f"values without a formula: {why}.")
    assert len(block.rows) == 4


def test_more_pairs_than_a_function_takes(write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ask.records("mrr", "2026-09")
    monkeypatch.setattr(type(ask), "records", lambda *_: found)
    filters = ", ".join(f'f{number} = "x"' for number in range(5))
    assert list(said(first(write(RECORDS + f"where = {{ {filters} }}"), ask)))[5:] == ["columns", "dates", "heads"]
    block = first(write(RECORDS + f"where = {{ {filters} }}\nlimit = 2"), ask)
    assert block.spill is None
    assert block.about.endswith("values without a formula: a function takes 8 pairs, and these are 9.")


def test_limits_are_those_of_excel_and_of_the_classic_add_in() -> None:
    assert (LONGEST, PAIRS) == (formulas._LONGEST, FILTER_PAIRS)


def test_an_error_in_a_table_is_one_in_the_block(write: Write, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Table(("stage", "reached"), (("#N/A", CellError("#DIV/0!")),), ("text", "count"))
    monkeypatch.setattr(type(ask), "metric", lambda *_: Answer("funnel", "Funnel", "2026-09", "count", rows=rows))
    text, cell = first(write(TABLE), ask).rows[0]
    assert (text.value, text.error) == ("#N/A", "")  # somebody's word, which a synced sheet can hold
    assert (cell.value, cell.error, cell.status, type(cell.error)) == (None, "#DIV/0!", "#DIV/0!", str)


# --- filters ---------------------------------------------------------------------------------------------------------


def filtered(good: str, *places: str) -> str:
    """The good layout with filters of the report and the tab."""
    report = (
        good.replace('title = "Test"', 'title = "Test"\nwhere = { country = "DE" }') if "report" in places else good
    )
    if "tab" in places:
        report = report.replace('name = "One"', 'name = "One"\nwhere = { segment = "Enterprise" }')
    return report


def test_filters_add_up_inwards_and_the_inner_one_wins(write: Write, good: str) -> None:
    plan = read(write(filtered(good, "report", "tab"))).tabs[0].blocks[0]
    assert [dict(metric.where) for metric in plan.metrics] == [
        {"country": "DE", "segment": "Enterprise"}, {"country": "DE", "segment": "Enterprise"},
        {"country": "DE", "segment": "SMB"},
    ]  # fmt: skip


def test_outer_filters_are_told_under_the_title_inner_ones_in_the_head(write: Write, good: str, ask: Any) -> None:
    block = first(write(filtered(good, "report", "tab")), ask)
    assert block.about == "only country = DE · only segment = Enterprise"
    assert [column.title for column in block.columns] == ["Period", "Opening MRR", "MRR", "MRR (SMB)", "Change"]
    assert block.columns[1].note.endswith("only country = DE · only segment = Enterprise")
    assert block.columns[3].note.endswith("only country = DE · only segment = SMB")
    call = block.rows[0][3].call
    assert call == Call("METRIC", ("mrr", Ref("period"), None, "country", "DE", "segment", "SMB"))
    assert block.rows[0][2].value == ask.metric("mrr", "2026-07", {"segment": "Enterprise"}).value


def test_an_empty_filter_lifts_an_outer_one_and_the_head_says_so(write: Write, good: str, ask: Any) -> None:
    lifted = ('where = { segment = "SMB" }', 'key = "whole", where = { Segment = "" }')
    block = first(write(filtered(good, "tab"), lifted), ask)
    assert block.columns[3].title == "MRR (every Segment)"
    assert block.rows[0][3].call == Call("METRIC", ("mrr", Ref("period")))
    assert block.rows[0][3].value == ask.metric("mrr", "2026-07").value


def test_an_empty_filter_of_a_block_lifts_it_for_all_its_metrics(write: Write, good: str, ask: Any) -> None:
    text = filtered(good, "report").replace('kind = "series"', 'kind = "series"\nwhere = { country = "" }')
    block = first(write(text), ask)
    assert block.about == ""
    assert block.rows[0][2].call == Call("METRIC", ("mrr", Ref("period")))


def test_a_table_tells_all_its_filters_under_the_title(write: Write, ask: Any) -> None:
    text = filtered(TABLE, "report").replace('"funnel"', '{ metric = "funnel", where = { segment = "SMB" } }')
    assert first(write(text), ask).about == "only country = DE · only segment = SMB · 2026-09"


@pytest.mark.parametrize("place", ["report", "tab"])
def test_a_filter_that_reaches_no_metric_is_refused_with_the_metrics_place(
    write: Write, good: str, ask: Any, place: str
) -> None:
    text = re.sub("country|segment = .Enter", 'colour = "Enter' if place == "tab" else "colour", filtered(good, place))
    with pytest.raises(SurfaceError, match=r"metrics\[1\]: .*cannot be cut by colour"):
        first(write(text), ask)
