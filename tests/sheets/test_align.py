"""Rows keep their record, whatever comes in and goes out."""

from hypothesis import given
from hypothesis import strategies as st

from revalign_udf.sheets.align import Delete, Insert, Move, align

KEYS = st.lists(st.integers(0, 9), unique=True, max_size=8)


@given(KEYS, KEYS, st.sets(st.integers(0, 7)))
def test_the_steps_lead_where_the_plan_says(old: list[int], new: list[int], guards: set[int]) -> None:
    guarded = {row for row in guards if row < len(old)}
    plan = align(old, new, guarded)
    rows: list[int | None] = list(range(len(old)))
    for step in plan.steps:
        match step:
            case Move(start, to):
                row = rows.pop(start)
                rows.insert(to if to <= start else to - 1, row)
            case Delete(start, end):
                assert not guarded & set(rows[start:end])
                del rows[start:end]
            case Insert(at, count):
                rows[at:at] = [None] * count
    assert rows == [*plan.source, *plan.left_over]
    for key, source in zip(new, plan.source, strict=True):
        if source in guarded:
            assert old[source or 0] == key
    assert {row for row in guarded if old[row] not in new} == set(plan.left_over)


@given(KEYS)
def test_nothing_to_do(keys: list[int]) -> None:
    plan = align(keys, keys, set(range(len(keys))))
    assert plan.steps == ()
    assert plan.source == tuple(range(len(keys)))
