"""Which definition of each metric holds, who signed it, and which one still waits for whom, as the snapshot keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from revalign_udf.metrics import Metric
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import TableMetric

if TYPE_CHECKING:
    from revalign_udf.query.session import Session

__all__ = ["TABLES", "signature_table"]

_COLUMNS = ("metric", "label", "owners", "version", "state", "signed_by", "waiting_for", "since")
_UNITS = ("text", "text", "text", "count", "text", "text", "text", "date")
#: states in the order in which somebody has to act on them
_STATES = ("proposed", "left out", "to come", "agreed", "as shipped")

Row = tuple[str | int | None, ...]


def signature_table(session: Session) -> Table:
    """A row per metric and version that holds, is proposed or is to come; what waits comes first.

    The definitions are those the snapshot was computed by, whatever profile asks: a profile's own are signed by nobody.
    """
    held = {metric.name: metric for metric in session.manifest.metrics}
    written = {(str(item["name"]), int(item["version"])): item for item in session.manifest.versions}
    rows = [
        _row(metric, "agreed" if own.get("digest") else "as shipped", own)
        for metric in held.values()
        for own in [written.get((metric.name, metric.version), {})]
    ]
    rows += list(_others(held, written))
    rows.sort(key=lambda row: _STATES.index(str(row[4])))
    return Table(_COLUMNS, tuple(rows), _UNITS)


def _others(held: Mapping[str, Metric], written: Mapping[tuple[str, int], Mapping[str, Any]]) -> Iterator[Row]:
    """The versions that do not hold, but may. An agreed one that does not is left out, because it reads itself."""
    states = {"proposed": "proposed", "waiting": "to come", "agreed": "left out"}
    for (name, version), item in written.items():
        if item["state"] in states and (name not in held or held[name].version != version):
            yield _row(Metric.from_dict(item["definition"]), states[item["state"]], item)


def _row(metric: Metric, state: str, item: Mapping[str, Any]) -> Row:
    signed = sorted(item.get("signatures", ()), key=lambda one: str(one["when"]))
    by = ", ".join(f"{one['team']} ({one['who']}, {str(one['when'])[:10]})" for one in signed)
    last = str(signed[-1]["when"])[:10] if signed else ""
    since = metric.valid_from or last if state in ("agreed", "to come") else ""
    waiting = ", ".join(item.get("waiting_for", ()))
    owners = ", ".join(metric.owners)
    return metric.name, metric.label, owners, metric.version, state, by or None, waiting or None, since or None


#: it does not hang on a period: it is what holds on the snapshot's day
TABLES = {"signatures": TableMetric((), lambda ask: signature_table(ask.session))}
