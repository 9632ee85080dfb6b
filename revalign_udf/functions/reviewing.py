"""The review of what the teams agreed on, on the published snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from revalign_udf.functions import session
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.asking import shaping, told
from revalign_udf.functions.pinned import pinned
from revalign_udf.functions.registry import function
from revalign_udf.functions.tables import rows_of

if TYPE_CHECKING:
    from revalign_udf.query import Query


@function(
    "REVIEW",
    [
        Argument("period", "period", "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, THIS_QUARTER, LAST_QUARTER."),
        Argument(
            "part",
            "choice",
            "checks: every part with its limit; pace: each stage beside its goal; bring: who brings what, and when.",
            optional=True,
            enum=("checks", "pace", "bring"),
        ),
        Argument("as_of", "day", "Date of the snapshot to read; empty for the newest.", optional=True),
        shaping("options", "How to show the table: "),
    ],
    returns="spill",
    snapshot=True,
)
def review(period: str | date, part: str, as_of: date | None, options: Mapping[str, str]) -> list[list[Any]]:
    """The page the heads of the teams look at together: pace, promises, KPIs, definitions, drift, content, priorities. One
    part that fails fails the review."""
    from revalign_udf.alignment.review import review as reviewed

    asked = told(options, table=True).alone
    query = cast("Query", session.query())
    found = reviewed(cast("Query", pinned(query, as_of)) if as_of else query, period)
    match part:
        case "pace":
            return asked.cells(rows_of(found.pace))
        case "bring":
            return asked.cells(found.checklist)
        case _:
            return asked.cells(found.parts)
