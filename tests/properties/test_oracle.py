"""Every metric against the oracle: months, quarters, years and twelve months, in total, cut and filtered."""

import sys
from typing import Any

FORMULAS: Any = sys.modules["helper_properties_formulas"]


def test_totals_are_those_of_the_oracle(case: Any) -> None:
    wrong = []
    for metric in FORMULAS.METRICS:
        for period in [*FORMULAS.months(), *FORMULAS.longer()]:
            answer, expected = case.query.metric(metric, period.token), case.expected(metric, period, {})
            if answer.exact != expected:
                wrong.append((metric, period.token, answer.exact, expected, answer.message))
    assert not wrong


def test_slices_are_those_of_the_oracle(case: Any) -> None:
    wrong = []
    for metric in FORMULAS.METRICS:
        for where in FORMULAS.slices(case.query, metric):
            for period in [*FORMULAS.months()[4::5], *FORMULAS.longer()[2::4]]:
                answer, expected = case.query.metric(metric, period.token, where), case.expected(metric, period, where)
                if answer.exact != expected:
                    wrong.append((metric, period.token, where, answer.exact, expected, answer.message))
    assert not wrong
