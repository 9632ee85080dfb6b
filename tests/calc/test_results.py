from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from revalign_udf.calc.results import CellError, as_json, cells, failure
from revalign_udf.errors import NoData, Undefined, UserError


@pytest.mark.parametrize(
    ("result", "cell"),
    [
        (Fraction(1, 3), 1 / 3),
        (7, 7.0),
        (Decimal("0.1"), 0.1),
        ("text", "text"),
        (True, True),
        (None, None),
        (date(2026, 9, 1), "2026-09-01"),
        (datetime(2026, 9, 1, tzinfo=UTC), "2026-09-01"),
        ([("a", Fraction(1, 2)), (None, Undefined("no"))], [["a", 0.5], [None, "#DIV/0!"]]),
    ],
)
def test_json(result: Any, cell: Any) -> None:
    assert as_json(result) == {"cell": cell}


def test_an_error_in_a_table_is_marked() -> None:
    found = cells([[NoData("nothing")]])
    assert isinstance(found, list)
    assert isinstance(found[0][0], CellError)


def test_too_large_for_a_double() -> None:
    with pytest.raises(UserError) as caught:
        cells(Fraction(10**400))
    assert caught.value.cell == "#NUM!"


def test_a_bug_is_a_value_error_that_says_so() -> None:
    assert failure(KeyError("x")) == {"error": "#VALUE!", "message": "REV-901 KeyError: 'x'"}
