"""Commission on the published snapshot."""

from __future__ import annotations

from datetime import date
from typing import Any

from revalign_udf.errors import NoData
from revalign_udf.functions import session
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.registry import function
from revalign_udf.functions.tables import headed, value_of


@function(
    "SPLIT",
    [
        Argument("period", "period", "A pay period, or several whole ones: 2026-Q3, 2026, LAST_QUARTER."),
        Argument("rep", "text", "Name of one rep, for the statement to the record; empty for all reps.", optional=True),
    ],
    returns="spill",
    snapshot=True,
)
def split(period: str | date, rep: str | None) -> list[list[Any]]:
    """How the commission of a period is shared by the project's rule; with a rep, its statement to the record."""
    name, where = ("commission_statement", {"rep": rep}) if rep else ("commission", None)
    answer = session.query().metric(name, period, where)
    if answer.rows is None:
        value_of(answer)  # raises the reason
        raise NoData(answer.message)  # pragma: no cover - a table without rows has a reason
    return headed(answer.rows)
