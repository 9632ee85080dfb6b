"""What people are told after a run: what failed, which agreements are not kept, what a sync held back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from revalign_udf.alerts import Notice, channels_of, tell
from revalign_udf.alignment.sla import sla_monitor
from revalign_udf.config import Project
from revalign_udf.errors import NoData, RevalignError
from revalign_udf.hookspecs import AlertChannel
from revalign_udf.query import Query

__all__ = ["breaches", "notice_of", "tell_people"]

#: a sync that would destroy what people wrote, one that would remove too much
_GUARDS = re.compile(r"\bREV-70[36]\b")


def tell_people(
    project: Project, problems: Iterable[str], held_back: Iterable[str] = (),
    plugins: Mapping[str, AlertChannel] | None = None,
) -> list[str]:  # fmt: skip
    """Tell every channel of the settings what is wrong; what could not be told to whom, as problems of the run.

    Args:
        project: whose run it was.
        problems: of the run, in words that stay the same while the problem does.
        held_back: what a sync left alone for now, such as cells that people wrote over.
        plugins: the channels that plugins bring.
    """
    alerts = project.alerts
    channels, failures = channels_of(alerts, plugins)
    try:
        if channels:
            found = [notice_of(text) for text in problems] + [Notice("guard", text) for text in held_back]
            found += breaches(project) if "breach" in alerts.on else []
            wanted = [notice for notice in found if notice.kind in alerts.on]
            failures += tell(project.folder, wanted, channels, project.company.name)
    except RevalignError as error:
        failures.append(error)
    return [f"alert: {error}" for error in failures]


def notice_of(problem: str) -> Notice:
    """A problem of a run; its code says whether something failed or a sync held something back."""
    return Notice("guard" if _GUARDS.search(problem) else "failure", problem)


def breaches(project: Project) -> list[Notice]:
    """The agreements that are not kept on the as-of day of the newest snapshot, each in words that stay the same.

    Of an agreement, the newest period that is over counts (its promised share or amount was missed), and the running one
    as soon as too few of what was due by now was kept. Without a snapshot or without agreements there are none; an
    agreement that cannot be meant is a failure.
    """
    query = Query(project.snapshots)
    try:
        # both, so that the quarter before has its say on the first day of the next
        rows = [row for period in ("LAST_QUARTER", "THIS_QUARTER") for row in _rows(query, period)]
    except RevalignError as error:
        return [Notice("failure", f"agreements: {error}")]
    finally:
        query.close()
    running: dict[tuple[str, str], Mapping[str, Any]] = {}
    over: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:  # oldest first
        key = (str(row["promise"]), str(row["kind"]))
        if row["met"] in ("yes", "no"):
            over[key] = row
        if row["met"] == "open":
            running[key] = row
    found = [_missed(row) for row in over.values() if row["met"] == "no"]
    found += [_below(row) for row in running.values() if _is_below(row)]
    return [Notice("breach", text) for text in found]


def _rows(query: Query, period: str) -> list[Mapping[str, Any]]:
    try:
        answer = sla_monitor(query, period)
    except NoData:
        return []  # nothing published, or nothing promised
    return [] if answer.rows is None else list(answer.rows.dicts())


def _is_below(row: Mapping[str, Any]) -> bool:
    return bool(row["kind"] != "volume" and row["breached"] and row["share"] < row["promised_share"])


def _missed(row: Mapping[str, Any]) -> str:
    if row["kind"] == "volume":
        return f"{_who(row)} was not kept in {row['period']}: {row['delivered']:g} of {row['promised']:g}"
    return (
        f"{_who(row)} was not kept in {row['period']}: {row['share']:.1%} of the promised {row['promised_share']:.0%}"
    )


def _below(row: Mapping[str, Any]) -> str:
    # without numbers that change from run to run
    return f"{_who(row)} is below the promised {row['promised_share']:.0%} in {row['period']} so far"


def _who(row: Mapping[str, Any]) -> str:
    route = f" ({row['by_team']} to {row['to_team']})" if row["to_team"] else f" ({row['by_team']})"
    return f"{row['promise']}{route}"
