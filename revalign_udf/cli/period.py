"""period, drift: closing a month, and what became of the numbers since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from revalign_udf.cli.common import ask, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, number, print_json, print_table
from revalign_udf.errors import NoData
from revalign_udf.governance import Close, history
from revalign_udf.jobs.closing import close_period, reopen_period
from revalign_udf.money import to_double
from revalign_udf.periods import of_grain
from revalign_udf.query import PeriodDrift, Query
from revalign_udf.query.answers import Table
from revalign_udf.query.closing import Frozen, next_open, wanting
from revalign_udf.query.drifting import drifted
from revalign_udf.query.drifts import MetricDrift

__all__ = ["drift_command", "period_command"]

reason_option = click.option("--reason", required=True, metavar="TEXT", help="Why; others will read it.")
by_option = click.option("--by", "who", default="", metavar="NAME", help="Who; default: the user of this computer.")


@click.group("period")
def period_command() -> None:
    """Close a month, so that its numbers stay; see what is closed, by whom."""


@period_command.command("close")
@click.argument("period")
@reason_option
@by_option
@click.option("--force", is_flag=True, help="Also when the period is not over, or not loaded to its end.")
@project_option
@json_option
@guarded
def close_command(period: str, reason: str, who: str, force: bool, project: Path, as_json: bool) -> None:
    """Freeze a PERIOD (2026-09, 2026-Q3, FY26) on the published snapshot.

    From then on questions for it, and for anything inside it, are answered from that snapshot; what becomes known later
    is shown by `revalign drift`.
    """
    made = close_period(settings(project), period, reason, who, force=force)
    if as_json:
        return print_json(made.as_json())
    console.print(f"{made.period} is {made.note} on the snapshot {made.label}: {made.why}", markup=False)
    return None


@period_command.command("reopen")
@click.argument("period")
@reason_option
@by_option
@project_option
@json_option
@guarded
def reopen_command(period: str, reason: str, who: str, project: Path, as_json: bool) -> None:
    """Open a closed PERIOD again: its numbers are those of the published snapshot. The close stays on record."""
    made = reopen_period(settings(project), period, reason, who)
    if as_json:
        return print_json(made.as_json())
    console.print(f"{made.period} is open again; it was {made.note} on the snapshot {made.label}.", markup=False)
    return None


@period_command.command("status")
@project_option
@json_option
@guarded
def status_command(project: Path, as_json: bool) -> None:
    """What is closed, by whom, how many of its numbers have drifted since, and what is next."""
    chosen, query = settings(project), ask(project)
    now = query.session()
    closes = query.closes
    rows: list[dict[str, Any]] = []
    for one in sorted(closes.every, key=lambda close: (close.start, close.end, close.when)):
        state = "closed" if one.reopened is None else "reopened"
        rows.append({**one.as_json(), "state": state, "drifted": drifted(one, now) if state == "closed" else None})
    rows.append(_next(query, closes.standing))
    found = _missing(chosen.folder, closes.every) + _untrusted(Frozen(chosen.snapshots), closes.standing)
    query.close()
    if as_json:
        return print_json({"periods": rows, "problems": found})
    told = tuple(
        (row["period"], row["state"], row["when"][:10], row["who"], row["why"], row["snapshot"], row["drifted"])
        for row in rows
    )
    print_table(
        Table(
            ("period", "state", "when", "who", "why", "snapshot", "drifted"), told,
            ("text", "text", "date", "text", "text", "text", "count"),
        )
    )  # fmt: skip
    for text in found:
        console.print(text, markup=False, style="red")
    if any(row["drifted"] for row in rows):
        console.print("What drifted, and why: revalign drift")
    return None


def _next(query: Query, standing: list[Close]) -> dict[str, Any]:
    """The month after the last closed one; where nothing is closed, the last month that is over."""
    session = query.session()
    day = max((one.end for one in standing), default=None)
    this = of_grain("month", day or session.snapshot.as_of, query.calendar)
    month = next_open(query.closes, this if day or session.snapshot.as_of == this.last_day else this.previous())
    wants = wanting(session, month)
    return {
        "period": str(month), "start": str(month.start), "end": str(month.end), "state": "open",
        "why": "; ".join(wants) or "ready to be closed", "who": "", "when": "", "snapshot": "", "drifted": None,
    }  # fmt: skip


def _missing(folder: Path, every: tuple[Close, ...]) -> list[str]:
    """Closes the audit trail tells of that are on the list no more."""
    known = {(one.period, one.label) for one in every}
    return [
        f"{entry.details['period']} was closed {entry.when[:10]} by {entry.details.get('by')}, says the audit trail,"
        " but its line is gone from governance/closes.jsonl."
        for entry in history(folder)
        if entry.action == "period closed" and (entry.details.get("period"), entry.details.get("snapshot")) not in known
    ]


def _untrusted(frozen: Frozen, standing: list[Close]) -> list[str]:
    """Closed periods whose numbers cannot be asked for any more: their snapshot is gone."""
    found = []
    for one in standing:
        try:
            frozen.trusted(one)
        except NoData as error:
            found.append(str(error))
    return found


@click.command("drift")
@click.argument("period", required=False)
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Only this metric, moved or not; repeatable.")
@click.option("--limit", default=20, show_default=True, help="Records shown per period; all in --json.")
@project_option
@json_option
@guarded
def drift_command(period: str | None, metrics: tuple[str, ...], limit: int, project: Path, as_json: bool) -> None:
    """What became of closed numbers since: late, edited and deleted records, exchange rates, new definitions.

    Of one closed PERIOD, or of all. The closed numbers themselves stay. A year or YTD that contains closed periods is
    computed from the published snapshot and can differ from their sum by this drift. Exits 0, drift or none.
    """
    query = ask(project)
    found = query.drift(period, metrics)
    query.close()
    if as_json:
        moved = sum(len(one.moved) for one in found)
        return print_json({"drifted": moved, "periods": [one.as_json() for one in found]})
    if not found:
        console.print("No period is closed.")
    for one in found:
        _show(one, limit)
    return None


def _show(found: PeriodDrift, limit: int) -> None:
    close, shown = found.close, found.currency
    head = f"{close.period} {close.note} on {close.label}, now {found.snapshot}"
    moved = f"{len(found.moved)} of {found.compared} numbers moved"
    console.print(f"[bold]{head.replace('[', chr(92) + '[')}[/bold] · {moved}")
    for note in found.notes:
        console.print(f"  {note}", markup=False, style="yellow")
    if not found.metrics:
        return console.print()
    for one in found.metrics:
        values = [
            _told(one.closed, one.closed_status, one.unit, shown),
            _told(one.now, one.now_status, one.unit, shown),
        ]
        difference = f"  ({_told(one.difference, '', one.unit, shown)})" if one.difference else ""
        console.print(f"  {one.metric}  {' -> '.join(values)}{difference}", markup=False)
        for line in _because(one, shown):
            console.print(f"      {line}", markup=False, style="dim")
    parts = {(part.component, part.period): part for one in found.metrics for part in one.components}
    items = [(part, item) for part in parts.values() for item in part.items]
    lines = tuple(
        (part.component, item.cause, " ".join(text for text in (item.system, item.table, item.id) if text),
         item.name or item.customer, _told(item.difference, "", part.unit, shown))
        for part, item in items[:limit]
    )  # fmt: skip
    if lines:
        names = ("component", "cause", "record", "customer", "difference")
        units = ("text", "text", "text", "text", "right")
        print_table(Table(names, lines, units), f"\nRecords ({len(lines)} of {len(items)})")
    return console.print()


def _because(one: MetricDrift, currency: str) -> list[str]:
    """The causes of a sum; of anything else the components that moved."""
    if one.causes:
        return [", ".join(f"{cause} {_told(value, '', one.unit, currency)}" for cause, value in one.causes.items())]
    if one.note:
        return [one.note]
    told = []
    for part in one.components:
        closed, now = (_told(value, "none", part.unit, currency) for value in (part.closed, part.now))
        if part.closed != part.now:
            told.append(f"{part.component} of {part.period}: {closed} -> {now}")
    return told


def _told(value: Any, status: str, unit: str, currency: str) -> str:
    return status if value is None else number(to_double(value), unit, currency)
