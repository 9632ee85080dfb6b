"""What cells of Excel may hold that once gave a wrong number, or another one on another way into Excel, without a word."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.excel.office.metadata import shapes
from revalign_udf.functions import call_cell, registry, session
from revalign_udf.testing import project_of


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Ten of tier 0, a hundred of tier 1."""
    folder = tmp_path_factory.mktemp("scored")
    project_of(
        folder,
        {
            "organization": "id name segment\na A 0\nb B 1",
            "sales_order": "id org_id ordered_at amount\n1 a 2026-01-05 10\n2 b 2026-01-06 100",
        },
        through="2026-06-30",
    ).close()
    with session.using(folder):
        yield folder


@pytest.mark.usefixtures("scored")
def test_a_filter_of_0_is_not_read_as_all_where_0_is_a_value() -> None:
    """Excel on the desktop sends 0 for a blank, so 0 meant "all": tier 0 had everybody's revenue."""
    asked = ["revenue", "2026-01", None, "segment"]
    assert call_cell("METRIC", [*asked, "0"]) == {"cell": 10.0}
    assert call_cell("METRIC", [*asked, 1]) == {"cell": 100.0}
    assert call_cell("METRIC", [*asked, None]) == {"cell": 110.0}
    for given in ([*asked, 0], [*asked[:3], [["segment", 0.0]]]):
        refused = call_cell("METRIC", given)
        assert refused["error"] == "#VALUE!"
        assert refused["message"].startswith("REV-102 segment is 0 or blank")
    # where no value is 0 it can only be a blank
    assert call_cell("METRIC", [*asked[:3], "country", 0]) == {"cell": 110.0}
    # a parameter has a default for a blank, and takes 0
    assert call_cell("METRIC", ["cac", "2026-01", None, "lag", 0])["message"].startswith("REV-102 lag is 0 or blank")


def test_one_number_that_is_blank_is_asked_for_again_in_the_sheet() -> None:
    """A blank value of a sale gave credits of 0 on the desktop and #VALUE! elsewhere; a blank quantity made the MRR 0."""
    known = {shape.name: shape.blanks for shape in shapes(registry()).values()}
    for name, function in registry().items():
        numbers = [
            place for place, one in enumerate(function.arguments) if one.kind in ("number", "answers", "factors")
        ]
        assert known[name] == numbers, name
        for place in numbers:
            blank, zero = ([*[1] * place, value, *[1] * (len(function.arguments) - place - 1)] for value in (None, 0))
            if name in ("LTV_TO_CAC", "PAYBACK", "ARR_CONTRACT", "ANNUALISE"):
                assert call_cell(name, blank) != call_cell(name, zero)


@pytest.mark.parametrize("first", ["EUR 500", "USD -5", "kr 5", "½", "-", "n/a", "N/A ", "#n/a", "#N/A "])
def test_an_amount_or_a_gap_in_the_first_row_is_no_heading(first: str) -> None:
    """It was left out as if it were one: a funnel lost its first stage, a sum 500 euro."""
    for name, given in (("ARR", [[[first], [1]]]), ("FUNNEL", [[[first], [10], [5]], [["lead"], ["mql"], ["won"]]])):
        assert call_cell(name, given)["message"].startswith("REV-112"), given
    assert call_cell("MRR", [[[first], [12]], [["year"], ["year"]]])["error"] == "#VALUE!"


@pytest.mark.parametrize("first", ["Sep 5, 2026 10:00", "Mon 9 March", "5 Sep 2026", "March 5", "n/a", "tue 10.3."])
def test_a_date_written_out_in_the_first_row_is_no_heading(first: str) -> None:
    """A hand-off on "Sep 5, 2026" vanished from the promises kept, and a touch from the sale."""
    day = "2026-09-05 12:00"
    late = call_cell("SLA_RATE", [[[first], [day]], [[first], [day]], 1])
    assert late["error"] == "#VALUE!"
    assert late["message"].startswith("REV-112 handed_at holds")
    assert call_cell("ATTRIBUTION", ["first", [[first], [day]], [["ads"], ["mail"]], 100])["error"] == "#VALUE!"
    headed: list[Any] = [["Handed over (FY26)"], [day]]
    assert call_cell("SLA_RATE", [headed, headed, 1]) == {"cell": 1.0}


def test_a_customer_written_in_two_ways_does_not_churn_and_come_new() -> None:
    months = ["2026-01", "2026-02"]
    refused = call_cell("MOVEMENTS", [["Acme", "ACME"], months, [100, 100]])
    assert refused["message"].startswith('REV-112 "Acme" and "ACME" are never in one period')
    assert call_cell("COHORTS", [["Acme", "ACME"], months, [100, 100]])["error"] == "#VALUE!"
    # a space that does not break looks like any other
    moves = call_cell("MOVEMENTS", [["Zoë\u00a0AB", "Zoë AB"], months, [100, 100]])["cell"]
    assert moves[2] == ["2026-02", 100.0, 0.0, 0.0, 0.0, 0.0, 0.0, 100.0]
    # codes that differ in capitals only, side by side, are two customers
    codes = call_cell("MOVEMENTS", [["0015A", "0015a", "0015A"], [*months[:1], *months], [100, 50, 100]])["cell"]
    assert codes[2][5] == -100.0 + 50.0


def test_a_whole_column_is_answered_or_refused_at_once() -> None:
    """A column of a million cells beside names of stages never came back; without names it was 40 MB of empty stages."""
    blank = 1_048_576 - 3
    counts, names = [["n"], [10], [5], *[[None]] * blank], [["stage"], ["lead"], ["won"], *[[None]] * blank]
    assert call_cell("FUNNEL", [counts, names])["cell"][1:] == [["lead", 10.0, None, 1.0], ["won", 5.0, 0.5, 0.5]]
    for name, given in (("FUNNEL", [counts]), ("COMMISSION_SPLIT", [100, counts])):
        refused = call_cell(name, given)
        assert (refused["error"], refused["message"][:7]) == ("#NUM!", "REV-114")


def test_a_large_number_is_the_same_alone_and_in_a_range() -> None:
    """Alone it was read by its bits, in a range (and so in xlwings Lite) by its digits."""
    for value in (1e23, 1e308, -1e23, 2.0**53 + 2):
        alone, ranged = (call_cell("ELIGIBLE_CHURN", [1e16, given]) for given in (value, [[value]]))
        assert alone == ranged == call_cell("ELIGIBLE_CHURN", [[[1e16]], [[value], [None]]])
    assert call_cell("ELIGIBLE_CHURN", [1e16, 1e308]) == {"cell": 1e-292}


def test_a_number_too_small_for_a_cell_is_0_and_not_minus_0() -> None:
    assert repr(call_cell("ROI", [-5e-324, 1e16, "ratio"])["cell"]) == "0.0"
