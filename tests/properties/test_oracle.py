"""Every metric against the oracle: months, quarters, years and twelve months, in total, cut and filtered."""

from pathlib import Path
from typing import Any

import pytest
from beside import load

FORMULAS: Any = load(Path(__file__).with_name("formulas.py"))


def test_totals_are_those_of_the_oracle(case: Any) -> None:
    wrong, known = [], 0
    for metric in FORMULAS.METRICS:
        for period in [*FORMULAS.months(), *FORMULAS.longer()]:
            answer, expected = case.query.metric(metric, period.token), case.expected(metric, period, {})
            known += expected is not None
            if answer.exact != expected:
                wrong.append((metric, period.token, answer.exact, expected, answer.message))
    assert not wrong
    assert known > 900  # the companies do have something to say


@pytest.mark.campaign
def test_slices_are_those_of_the_oracle(case: Any) -> None:
    wrong, known = [], 0
    for metric in FORMULAS.METRICS:
        for where in FORMULAS.slices(case.query, metric):
            for period in [*FORMULAS.months()[5::6], *FORMULAS.longer()[2::5]]:
                answer, expected = case.query.metric(metric, period.token, where), case.expected(metric, period, where)
                known += expected is not None
                if answer.exact != expected:
                    wrong.append((metric, period.token, where, answer.exact, expected, answer.message))
    assert not wrong
    assert known > 3000


def test_the_funnel_tables_hold_what_the_oracle_counts(case: Any) -> None:
    stages = ["lead", "mql", "sal", "sql", "opportunity", "customer"]
    for period in FORMULAS.longer()[1:6]:
        table = case.query.metric("funnel", period.token).rows.dicts()
        assert [row["stage"] for row in table] == stages
        for row, later in zip(table, [*stages[1:], ""], strict=True):
            reached = case.oracle.leads(period.start, period.end, {}, row["stage"])
            moved = case.oracle.leads(period.start, period.end, {}, row["stage"], later)
            assert row["reached"] == reached
            assert row["reached_next"] == (moved if later else None)
            assert row["conversion"] == (float(moved / reached) if later and reached else None)
        steps = case.query.metric("stage_conversion", period.token).rows.dicts()
        assert [row["rate"] for row in steps] == [row["conversion"] for row in table[:-1]]
