"""What there is to ask for, how it is defined, and how fresh it is: names, definitions, sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from revalign_udf.config import rows_for
from revalign_udf.errors import UnknownName
from revalign_udf.metrics import Metric
from revalign_udf.metrics.profiles import PROFILES
from revalign_udf.periods import Grain, between, of_grain
from revalign_udf.query.answers import Caller, Table
from revalign_udf.query.session import Session

__all__ = ["banner_of", "definition_of", "names_of", "status_of"]

#: what counts from the snapshot's as-of day
WORDS = (
    "THIS_MONTH", "LAST_MONTH", "THIS_QUARTER", "LAST_QUARTER", "THIS_YEAR", "LAST_YEAR",
    "MTD", "QTD", "YTD", "LTM", "LAST_N_MONTHS:12",
    "THIS_FISCAL_MONTH", "LAST_FISCAL_MONTH", "THIS_FISCAL_QUARTER", "LAST_FISCAL_QUARTER",
    "THIS_FISCAL_YEAR", "LAST_FISCAL_YEAR", "FMTD", "FQTD", "FYTD",
)  # fmt: skip
_GRAINS: Mapping[str, Grain] = {
    "months": "month", "quarters": "quarter", "years": "year",
    "fiscal_months": "fiscal_month", "fiscal_quarters": "fiscal_quarter", "fiscal_years": "fiscal_year",
}  # fmt: skip


def names_of(session: Session, kind: str, caller: Caller, closed: Iterable[str] = ()) -> list[str]:
    """Valid names of a kind: see :meth:`revalign_udf.query.Query.names`. Raises UnknownName REV-101."""
    catalogue, manifest = session.catalogue, session.manifest
    kinds: dict[str, Callable[[], list[str]]] = {
        "metrics": lambda: sorted(catalogue.metrics),
        "dimensions": lambda: sorted({d for m in catalogue.metrics.values() for d in catalogue.dimensions(m)}),
        "sources": lambda: [source.name for source in manifest.sources],
        "periods": lambda: list(WORDS),
        **{name: lambda grain=grain: _periods(session, grain) for name, grain in _GRAINS.items()},  # type: ignore[misc]
        "closed": lambda: list(closed),
        "profiles": lambda: list(PROFILES),
        "currencies": lambda: list(session.snapshot.known_currencies),
        "promises": lambda: list(dict.fromkeys(str(row["name"]) for row in rows_for(manifest.objects, "sla"))),
    }
    wanted = "_".join(str(kind).casefold().replace("-", " ").split())
    if wanted in kinds:
        return kinds[wanted]()
    dimensions = kinds["dimensions"]()
    if wanted in dimensions:
        allowed = {field.strip().casefold(): value for field, value in caller.row_filter.items()}
        return [allowed[wanted]] if wanted in allowed else session.values_of(wanted)
    raise UnknownName("kind of name", kind, [*kinds, *dimensions])


def _periods(session: Session, grain: Grain) -> list[str]:
    """Every period of a grain from the first record to the as-of day."""
    manifest = session.manifest
    first = min((info.first_day for info in manifest.facts.values() if info.first_day), default=manifest.as_of)
    last = of_grain(grain, manifest.as_of, manifest.calendar)
    if first >= last.start:
        return [str(last)]
    return [str(period) for period in between(of_grain(grain, first, manifest.calendar), last, grain)]


def definition_of(metric: Metric, dimensions: Iterable[str]) -> Table:
    """A metric's definition as field and text."""
    rows = (
        ("metric", metric.name),
        ("label", metric.label),
        ("definition", metric.definition),
        ("formula", metric.formula or "a table"),
        ("unit", metric.unit),
        ("owners", ", ".join(metric.owners)),
        ("version", str(metric.version)),
        ("can be cut by", ", ".join(dimensions)),
        ("source", metric.source),
    )
    return Table(("field", "value"), rows, ("text", "text"))


def status_of(session: Session) -> Table:
    """How fresh each source of a snapshot is; see :meth:`revalign_udf.query.Query.status`."""
    manifest = session.manifest
    late = manifest.as_of - timedelta(days=1)
    rows = tuple(
        (
            s.name,
            s.connector,
            "stale" if s.complete_through < late else "fresh",
            s.complete_through.isoformat(),
            s.pulled_at,
            s.rejects,
        )
        for s in manifest.sources
    )
    return Table(
        ("source", "connector", "state", "complete_through", "pulled_at", "rejects"), rows,
        ("text", "text", "text", "date", "text", "count"),
    )  # fmt: skip


def banner_of(session: Session) -> str:
    """One line saying what the numbers of a snapshot rest on."""
    manifest = session.manifest
    count = len(manifest.sources)
    names = ", ".join(source.name for source in manifest.sources)
    plural = "source" if count == 1 else "sources"
    return f"As of {manifest.as_of} · snapshot {manifest.label} · {count} {plural}: {names}"
