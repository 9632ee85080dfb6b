"""Parameters of a report, and rules and charts over columns known only when asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.errors import SurfaceError
from revalign_udf.layout import read, resolve
from revalign_udf.layout.model import Call, Name, Parameter, Ref, Rule

TEXT = """
title = "Test"
[[parameter]]
key = "month"
title = "Month"
choices = "months"
value = "LAST_MONTH"
about = "Which month."
[[parameter]]
key = "segment"
choices = "segment"
[[tab]]
key = "one"
where = { segment = "$segment" }
[[tab.block]]
key = "main"
kind = "breakdown"
by = "country"
period = "$month"
total = true
metrics = ["mrr"]
"""


def first(path: Path, ask: Any) -> Any:
    return resolve(read(path), ask).tabs[0].blocks[0]


def test_a_parameter_has_a_value_and_choices(write: Callable[..., Path], ask: Any) -> None:
    assert resolve(read(write(TEXT)), ask).parameters == (
        Parameter("month", "Month", "2026-09", "months", ("2026-08", "2026-09", "2026-10"), "Which month."),
        Parameter("segment", "Segment", "", "segment", tuple(ask.names("segment"))),
    )


def test_calls_point_at_the_cells_of_parameters(write: Callable[..., Path], ask: Any) -> None:
    block = first(write(TEXT), ask)
    row, total = block.rows[0], block.rows[-1]
    assert (row[0].value, row[0].name) == ("2026-09", Name("month"))
    where = ("segment", Name("segment"))
    assert row[2].call == Call("METRIC", ("mrr", Ref("period"), None, *where, "country", Ref("country")))
    assert total[2].call == Call("METRIC", ("mrr", Ref("period"), None, *where))


def test_an_empty_parameter_filters_nothing_and_another_does(write: Callable[..., Path], ask: Any) -> None:
    assert first(write(TEXT), ask).rows[-1][2].value == ask.metric("mrr", "2026-09").value
    path = write(TEXT, ('choices = "segment"', 'choices = "segment"\nvalue = "SMB"'))
    assert first(path, ask).rows[-1][2].value == ask.metric("mrr", "2026-09", {"segment": "SMB"}).value


def test_texts_name_the_parameter_and_not_its_value_of_today(write: Callable[..., Path], ask: Any) -> None:
    block = first(write(TEXT), ask)
    assert block.about == "only segment as chosen on the cover (Segment) · period as chosen on the cover (Month)"
    assert block.columns[2].title == "MRR"
    assert "2026-09" not in block.columns[2].note


@pytest.mark.parametrize(
    ("old", "new", "said", "hint"),
    [
        ('"$segment"', '"$segmnt"', 'where: no parameter "segmnt"', "Did you mean $segment?"),
        ('"$month"', '"$moth"', 'period: no parameter "moth"', "Did you mean $month?"),
        ('"$month"', '"$segment"', 'the parameter "segment" holds no period', ""),
        ('"$segment"', '"$month"', 'the parameter "month" holds a period', ""),
        ('where = { segment = "$segment" }', "", "parameter[segment]: nothing in the report asks for it", ""),
        ('value = "LAST_MONTH"', "", '"value" is missing', ""),
        ('key = "segment"', 'key = "month"', 'two parameters named "month"', ""),
        ('key = "one"', 'key = "param"', '"param" is kept', ""),
    ],
)
def test_what_is_wrong_with_a_parameter(write: Callable[..., Path], old: str, new: str, said: str, hint: str) -> None:
    with pytest.raises(SurfaceError) as caught:
        read(write(TEXT, (old, new)))
    assert said in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('choices = "segment"', 'choices = "segmnet"', 'parameter[segment]: Unknown kind of name "segmnet"'),
        ('choices = "segment"', 'choices = "segment"\nvalue = "SBM"', "parameter[segment].value: no segment 'SBM'"),
        ('value = "LAST_MONTH"', 'value = "LAST_MOTH"', "parameter[month]: "),
    ],
)
def test_a_value_nobody_knows_is_refused(write: Callable[..., Path], ask: Any, old: str, new: str, said: str) -> None:
    with pytest.raises(SurfaceError) as caught:
        resolve(read(write(TEXT, (old, new))), ask)
    assert said in str(caught.value)


def test_rows_do_not_depend_on_a_parameter(write: Callable[..., Path], good: str) -> None:
    with pytest.raises(SurfaceError, match=r"periods: a parameter cannot say which rows there are"):
        read(write(good, ('"LAST_N_MONTHS:3"', '"$month"')))


# --- rules -----------------------------------------------------------------------------------------------------------

TABLE = """
title = "Test"
[[tab]]
key = "one"
[[tab.block]]
key = "main"
kind = "table"
period = "LTM"
metric = "retention_cohorts"
"""


def rule(text: str) -> str:
    return f"{TABLE}[[tab.block.rule]]\n{text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('kind = "heat"\ncolumns = ["month_*"]\nlow = 0\nhigh = 1', Rule("heat", ("month_0", "month_1"), 0.0, 1.0)),
        ('kind = "bars"', Rule("bars", ("size", "month_0", "month_1"))),
        ('kind = "flag"\ncolumns = ["month_1"]\nwhen = "< 95 %"', Rule("flag", ("month_1",), test="<", limit=0.95)),
        ('kind = "flag"\ncolumns = ["cohort"]\nwhen = "= \'no\'"', Rule("flag", ("cohort",), test="=", limit="no")),
        ('kind = "flag"\ncolumns = ["size"]\nwhen = "<> -1.5"', Rule("flag", ("size",), test="<>", limit=-1.5)),
    ],
)
def test_rules(write: Callable[..., Path], ask: Any, text: str, expected: Rule) -> None:
    assert first(write(rule(text)), ask).rules == (expected,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "haet"', "rule[1].kind: there is no kind 'haet'"),
        ('kind = "flag"', '"when" is missing'),
        ('kind = "flag"\nwhen = "about 3"', "rule[1].when: 'about 3' is no test"),
        ('kind = "flag"\nwhen = "> no"', "'no' is no number to compare with"),
        ('kind = "heat"\nlow = 1\nhigh = 1', "low 1 is not below high 1"),
        ('kind = "bars"\nlow = 1', 'unknown key "low"'),
        ('kind = "heat"\ncolumns = ["mnth_*"]', 'rule[1].columns: no column of numbers fits "mnth_*"'),
        ('kind = "heat"\ncolumns = ["sise"]', 'rule[1].columns: no column "sise" in this block'),
    ],
)
def test_what_is_wrong_with_a_rule(write: Callable[..., Path], ask: Any, text: str, said: str) -> None:
    with pytest.raises(SurfaceError) as caught:
        resolve(read(write(rule(text))), ask)
    assert said in str(caught.value)


def test_a_rule_over_known_columns_is_checked_before_anything_is_asked(write: Callable[..., Path], good: str) -> None:
    with pytest.raises(SurfaceError, match=r'rule\[1\]\.columns: no column "chnge"') as caught:
        read(write(good + '[[tab.block.rule]]\nkind = "bars"\ncolumns = ["chnge"]'))
    assert caught.value.hint == "Did you mean change?"
