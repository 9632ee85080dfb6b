"""Commission on the published snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from revalign_udf.functions import session
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.asking import shaping, told
from revalign_udf.functions.registry import function
from revalign_udf.functions.tables import rows_of


@function(
    "SPLIT",
    [
        Argument("period", "period", "A pay period, or several whole ones: 2026-Q3, 2026, LAST_QUARTER."),
        Argument("rep", "text", "Name of one rep, for the statement to the record; empty for all reps.", optional=True),
        shaping("options", "How to show the table: "),
    ],
    returns="spill",
    snapshot=True,
)
def split(period: str | date, rep: str | None, options: Mapping[str, str]) -> list[list[Any]]:
    """How the commission of a period is shared by the project's rule; with a rep, its statement to the record."""
    asked = told(options, table=True).alone
    name, where = ("commission_statement", {"rep": rep}) if rep else ("commission", None)
    return asked.cells(rows_of(session.query().metric(name, period, where)))
