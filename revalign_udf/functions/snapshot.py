"""Functions on the published snapshot: the same numbers as everywhere else, through the one door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from revalign_udf.errors import NoData
from revalign_udf.functions import session
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.asking import shaping, told
from revalign_udf.functions.registry import PREFIX, function, registry
from revalign_udf.functions.tables import explained, only

_METRIC = Argument("metric", "text", "Name of a metric, such as nrr or logo_churn. REVALIGN.LIST shows them.")
_PERIOD = Argument("period", "period", "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM.")
_AS_OF = Argument(
    "as_of", "day", "Date of the snapshot to read; empty for the newest. Leave empty before filters.", optional=True
)
_FILTERS = Argument(
    "filters",
    "pairs",
    "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns.",
    optional=True,
    repeating=True,
)

Token = str | date
Where = Mapping[str, str]


@function(
    "METRIC",
    [_METRIC, _PERIOD, _AS_OF, _FILTERS],
    snapshot=True,
)
def metric(metric: str, period: Token, as_of: date | None, filters: Where) -> Fraction:
    """One number of the published snapshot: a metric for a period, filtered by field and value pairs."""
    asked = told(filters)
    return asked.one(session.query().metric(metric, period, asked.where, as_of=as_of, **asked.view))


@function(
    "SERIES",
    [
        _METRIC,
        Argument("from_period", "period", "The first period."),
        Argument("to_period", "period", "The last period."),
        Argument(
            "grain",
            "text",
            "month, quarter or year; empty for the grain of the first period.",
            optional=True,
            enum=("month", "quarter", "year", "fiscal_month", "fiscal_quarter", "fiscal_year"),
        ),
        _AS_OF,
        _FILTERS,
    ],
    returns="spill",
    snapshot=True,
)
def series(
    metric: str, from_period: Token, to_period: Token, grain: str | None, as_of: date | None, filters: Where
) -> list[list[Any]]:
    """A metric over time: one row per period, with its value; compared, also difference and share."""
    asked = told(filters)
    grain = re.sub(r"[\s-]+", "_", grain.strip().casefold()) if grain else None
    answers = session.query().series(metric, from_period, to_period, grain, asked.where, as_of=as_of, **asked.view)
    return [[answer.period, *asked.row(answer)] for answer in answers]


@function(
    "TABLE",
    [
        Argument("metrics", "names", "Names of metrics, in a range or one."),
        Argument("periods", "periods", "Periods, in a range or one."),
        Argument("by_field", "text", "Dimension to cut by, such as segment.", optional=True),
        _AS_OF,
        shaping("filters", "Dimension to filter by, a parameter, profile, in_currency, compare; "),
    ],
    returns="spill",
    snapshot=True,
)
def table(
    metrics: list[str], periods: list[Token], by_field: str | None, as_of: date | None, filters: Where
) -> list[list[Any]]:
    """Several metrics over several periods, cut by a dimension if one is named; totals are computed, never summed. Of a
    metric that is a table itself: its rows, the period before each."""
    asked = told(filters, table=True)
    return asked.cells(session.query().table(metrics, periods, by_field, asked.where, as_of=as_of, **asked.view))


@function(
    "EXPLAIN",
    [_METRIC, _PERIOD, _AS_OF, _FILTERS],
    returns="spill",
    snapshot=True,
)
def explain(metric: str, period: Token, as_of: date | None, filters: Where) -> list[list[Any]]:
    """How a number came about: definition, components, arithmetic, records in and out."""
    asked = told(filters)
    return explained(session.query().explain(metric, period, asked.where, as_of=as_of, **asked.plain))


@function(
    "RECORDS",
    [_METRIC, _PERIOD, _AS_OF, shaping("filters", "Dimension to filter by, a parameter, profile, in_currency; ")],
    returns="spill",
    snapshot=True,
)
def records(metric: str, period: Token, as_of: date | None, filters: Where) -> list[list[Any]]:
    """The source records behind a number, each with what it contributes to each component, by component and day unless
    another order is asked for."""
    from revalign_udf.query.shaping import records_in_order

    asked = told(filters, table=True)
    found = session.query().records(metric, period, asked.where, as_of=as_of, **asked.plain)
    return asked.cells(records_in_order(found))


@function("STAMP", [_METRIC, _PERIOD, _AS_OF, _FILTERS], snapshot=True)
def stamp(metric: str, period: Token, as_of: date | None, filters: Where) -> str:
    """What a number stands on, in one text: the version of its definition, a digest of definition and question, and the
    snapshot. Equal stamps, equal numbers."""
    asked = told(filters)
    return session.query().metric(metric, period, asked.where, as_of=as_of, **asked.plain).fingerprint


@function("DEFINE", [_METRIC, shaping("options", "How to show the table: ")], returns="spill", snapshot=True)
def define(metric: str, options: Where) -> list[list[Any]]:
    """What a metric means and which teams own it."""
    asked = told(options, table=True).alone
    return asked.cells(session.query().define(metric))


@function(
    "STATUS",
    [
        Argument("source", "text", "Name of one source; empty for all.", optional=True),
        shaping("options", "How to show the table: "),
    ],
    returns="spill",
    snapshot=True,
)
def status(source: str | None, options: Where) -> list[list[Any]]:
    """How fresh the published numbers are, by source."""
    asked = told(options, table=True).alone
    return asked.cells(only(session.query().status(), "source", source))


@function(
    "LIST",
    [
        Argument(
            "kind",
            "text",
            "metrics, dimensions, a dimension's name for its values, periods, months, quarters, years, closed, profiles,"
            " currencies, sources, promises or functions.",
        )
    ],
    returns="spill",
    snapshot=True,
)
def names(kind: str) -> list[list[Any]]:
    """Valid names, for drop-down lists."""
    if kind.strip().casefold() == "functions":
        return [[f"{PREFIX}.{name}"] for name in registry()]
    found = session.query().names(kind)
    if not found:
        raise NoData(f'There is nothing to list under "{kind.strip()}".')
    return [[name] for name in found]


@function(
    "PERIOD",
    [
        Argument("token", "period", "2026-09, 2026-Q3, FY26-Q3, LAST_MONTH ..."),
        Argument(
            "anchor",
            "day",
            "Date from which LAST_MONTH and the like count; empty for the snapshot's own.",
            optional=True,
        ),
    ],
    snapshot=True,
)
def period(token: Token, anchor: date | None) -> date:
    """The first day of a period as a real date, for headers that every function reads as that period's month."""
    return session.query().period(token, anchor).start
