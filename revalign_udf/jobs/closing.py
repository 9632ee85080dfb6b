"""Closing a month, and opening it again."""

from __future__ import annotations

from revalign_udf.config import Project
from revalign_udf.errors import UserError
from revalign_udf.governance import Close, add_close, add_reopening, record
from revalign_udf.query import Query
from revalign_udf.query.closing import closable, values_at_close, wanting

__all__ = ["close_period", "reopen_period"]


def close_period(project: Project, token: str, why: str, who: str = "", *, force: bool = False) -> Close:
    """Freeze a period on the published snapshot.

    Raises UserError REV-105 for a period that is closed, not over or not loaded to its end (the latter two can be
    ``force``d), REV-102 for a stretch of days without a name or a reason that is blank.
    """
    query = Query(project.snapshots)
    try:
        period = query.period(token)
        closable(period)
        session = query.session()
        wants = wanting(session, period)
        if wants and not force:
            raise UserError(
                f"{period} is not ready to be closed: {'; '.join(wants)}.", code="REV-105",
                hint="Pull and build first: revalign run. Or close it as it is: --force.",
            )  # fmt: skip
        name = session.snapshot.folder.name
        close = Close(
            str(period), period.start, period.end, name, session.manifest.content, who, why=why, forced=bool(wants),
            values=values_at_close(session, period),
        )  # fmt: skip
    finally:
        query.close()
    made = add_close(project.folder, close)
    record(
        project.folder, "period closed", period=made.period, snapshot=made.label, by=made.who, why=made.why,
        forced=made.forced,
    )  # fmt: skip
    return made


def reopen_period(project: Project, token: str, why: str, who: str = "") -> Close:
    """Take a close back; it stays on record. Raises UserError REV-105 where the period is not closed."""
    query = Query(project.snapshots)
    try:
        period = query.period(token)
    finally:
        query.close()
    made = add_reopening(project.folder, period, why, who)
    opened = made.reopened
    record(
        project.folder, "period reopened", period=made.period, snapshot=made.label, by=opened.who if opened else "",
        why=opened.why if opened else "",
    )  # fmt: skip
    return made
