"""What is shown of a table: columns, order, limit, days."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest

from revalign_udf.calc.results import CellError
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.query.answers import Table
from revalign_udf.query.shaping import Shape, chosen, ordered, records_in_order, shaped

TABLE = Table(
    ("stage", "Won at", "share"),
    (("lead", "2026-09-02", 0.5), ("mql", None, None), ("sql", "soon", 2)),
    ("text", "date", "rate"),
)


def test_without_a_word_it_is_as_it_was_answered() -> None:
    assert shaped(TABLE, Shape()) == [list(TABLE.columns), *(list(row) for row in TABLE.rows)]


def test_columns_stand_as_named_in_any_spelling() -> None:
    assert shaped(TABLE, Shape(("won-at", "STAGE"), heads=False, limit=1)) == [["2026-09-02", "lead"]]
    assert shaped(TABLE, Shape(("share",)))[0] == ["share"]


def test_the_own_spelling_of_a_column_goes_before_a_similar_one() -> None:
    assert chosen(Table(("a b", "a_b", "-a"), ()), ["a_b", "a b", "-a"]) == [1, 0, 2]


def test_minuses_leave_columns_out_and_keep_the_order() -> None:
    assert chosen(TABLE, ["-stage"]) == [1, 2]
    assert chosen(TABLE, ["- won at", "-Share"]) == [0]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["shar"], 'REV-101 Unknown column "shar". Did you mean share? There are: stage, Won at, share.'),
        (["-shar"], 'REV-101 Unknown column "shar". Did you mean share?'),
        (["share", "-stage"], "REV-102 columns names some to show and some to leave out."),
        (["share", "SHARE"], 'REV-102 The column "share" is named twice.'),
        (["-stage", "-share", "-won at"], "REV-102 No column is left to show."),
    ],
)
def test_what_columns_refuse(names: list[str], said: str) -> None:
    with pytest.raises(UserError) as problem:
        chosen(TABLE, names)
    assert str(problem.value).startswith(said)


def test_days_are_dates_only_when_asked_and_only_what_is_one() -> None:
    assert [row[1] for row in shaped(TABLE, Shape(days=True, heads=False))] == [date(2026, 9, 2), None, "soon"]
    assert shaped(Table(("stage",), (("2026-09-02",),)), Shape(days=True)) == [["stage"], ["2026-09-02"]]


def test_nothing_is_one_row_of_blanks_or_the_heads_alone() -> None:
    none = Table(TABLE.columns, (), TABLE.units)
    assert shaped(none, Shape(("stage", "share"), heads=False)) == [[None, None]]
    assert shaped(none, Shape(("stage", "share"))) == [["stage", "share"]]


@pytest.mark.parametrize("value", [CellError("#DIV/0!"), "#N/A"])
def test_an_error_stays_one_and_a_text_that_spells_one_is_one(value: str) -> None:
    """Excel would take such a text for an error on one way and not on another."""
    assert [type(cell) for cell in shaped(Table(("n", "m"), ((value, "# N/A"),)), Shape(heads=False))[0]] == [
        CellError,
        str,
    ]


# --- order -----------------------------------------------------------------------------------------------------------


def test_blanks_then_numbers_then_texts_and_the_other_way_round() -> None:
    values = ("b", None, 2.5, CellError("#N/A"), 10, "a", True)
    table = Table(("v",), tuple((value,) for value in values))
    up = [None, True, 2.5, 10, "#N/A", "a", "b"]
    assert [row[0] for row in ordered(table, ["v"]).rows] == up
    assert [row[0] for row in ordered(table, ["-V"]).rows] == up[::-1]
    with pytest.raises(UnknownName, match="Unknown column"):
        ordered(table, ["-w"])


def test_equals_keep_their_order_also_largest_first() -> None:
    table = Table(("n", "k"), ((1, "x"), (2, "y"), (1, "z"), (2, "w")))
    assert [row[1] for row in ordered(table, ["-n"]).rows] == ["y", "w", "x", "z"]
    assert [row[1] for row in ordered(table, ["-n", "k"]).rows] == ["w", "y", "x", "z"]
    assert ordered(table, []).rows == table.rows


def test_the_column_to_sort_by_need_not_be_shown() -> None:
    assert shaped(TABLE, Shape(("stage",), ("-share",), 2, heads=False)) == [["sql"], ["lead"]]


def test_records_stand_alike_in_whatever_order_they_are_answered() -> None:
    """Within components, which keep the order in which they are told: by day, system, table, identifier, customer, and
    what else differs; a record without a day first."""
    columns = ("component", "period", "system", "table", "id", "customer", "on", "contribution")

    def row(component: str, number: str, on: Any = None, customer: str = "a", value: float = 1.0) -> tuple[Any, ...]:
        return (component, "2026-09", "crm", "deal", number, customer, on, value)

    wanted = (
        row("won", "9"), row("won", "10", "2026-09-01"), row("won", "2", "2026-09-01"), row("won", "2", "2026-09-01", "b"),
        row("won", "2", "2026-09-01", "b", 2.0), row("lost", "1"),
    )  # fmt: skip
    for seed in range(20):
        mixed = list(wanted[:-1])
        random.Random(seed).shuffle(mixed)
        found = records_in_order(Table(columns, (*mixed, wanted[-1]), ("text",) * 7 + ("number",)))
        assert found.rows == wanted
    assert found.units == ("text",) * 6 + ("date", "number")
    assert records_in_order(Table(("name",), (("b",), ("a",)))).rows == (("a",), ("b",))
