"""Carrying out what surfaces have asked for: refreshes and closes, oldest first, one bad one never stopping the rest.

Carrying out is safe to repeat: a refresh that was cut short is run again, and a close that was written down before its
outcome was is recognised. A request that ends the process each time is given up after `_OFTEN` times. While another run
writes to the store, a request is put off and waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from revalign_udf.config import Project, load
from revalign_udf.errors import InternalError, RevalignError
from revalign_udf.governance import read_closes
from revalign_udf.governance.requests import Request, note, read_requests, working
from revalign_udf.jobs.closing import close_period
from revalign_udf.jobs.steps import run

__all__ = ["Outcome", "carry_out", "watch"]

_OFTEN = 3
#: a request that is not to be tried again before the next round
_BUSY = frozenset({"REV-802"})
#: seconds before a request that was put off is tried again
_PAUSE = 30.0
Outcome = Callable[[Request], None]


def carry_out(project: Project, told: Outcome | None = None, *, patience: float = 1.0) -> list[Request] | None:
    """Carry out every open request; each with its outcome, or None where somebody else is at it.

    ``told`` hears of each beginning and of each outcome. Raises StoreError REV-804 when the outcome cannot be written.
    """
    with working(project.folder, patience) as mine:
        return _round(project.folder, told, None) if mine else None


def watch(folder: Path, every: float, told: Outcome | None = None, ended: threading.Event | None = None) -> bool:
    """Carry requests out as they come, looking every so many seconds, until ``ended`` is set. False at once where
    somebody else does already. The settings are read anew for each round."""
    until = ended or threading.Event()
    with working(folder) as mine:
        if not mine:
            return False
        while not until.is_set():
            put_off = any(one.open for one in _round(folder, told, until))
            until.wait(max(every, _PAUSE) if put_off else every)
    return True


def _round(folder: Path, told: Outcome | None, ended: threading.Event | None) -> list[Request]:
    found = []
    for request in read_requests(folder).open:
        if ended is not None and ended.is_set():
            break
        found.append(_carry_out(folder, request, told or (lambda _: None)))
    return found


def _carry_out(folder: Path, request: Request, told: Outcome) -> Request:
    if request.state == "running" and request.taken >= _OFTEN:
        text = f"Given up: the program ended {request.taken} times while it was carried out."
        made = note(folder, request, "failed", code="REV-901", message=text)
        told(made)
        return made
    begun = note(folder, request, "running")
    told(begun)
    started = time.monotonic()
    try:
        project = load(folder)
        result = _KINDS[request.kind](project, request)
        took = round(time.monotonic() - started, 1)
        made = note(folder, begun, "done", message=_problems(result), result={**result, "seconds": took})
    except RevalignError as error:
        state = "waiting" if error.code in _BUSY else "failed"
        text = f"{error.message} {error.hint}".strip()
        made = note(folder, begun, state, code=error.code, message=text)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - the others must be carried out all the same
        wrapped = InternalError(f"{type(error).__name__}: {error}")
        made = note(folder, begun, "failed", code=wrapped.code, message=wrapped.message)
    told(made)
    return made


def _problems(result: Mapping[str, Any]) -> str:
    return " ".join(result.get("problems", ()))


def _refresh(project: Project, _: Request) -> dict[str, Any]:
    report = run(project)
    assert report.published is not None
    return {"snapshot": report.published.label, "new": report.published.is_new, "problems": list(report.problems)}


def _close(project: Project, request: Request) -> dict[str, Any]:
    period, reason = request.details["period"], request.details["reason"]
    # the close itself may be on record already, when the program ended before its outcome was
    if request.taken:
        for one in read_closes(project.folder).standing:
            if (one.period, one.why, one.who) == (period, reason, request.who) and one.when >= request.when[:19]:
                return {"period": one.period, "snapshot": one.label}
    made = close_period(project, period, reason, request.who)
    return {"period": made.period, "snapshot": made.label}


_KINDS: Mapping[str, Callable[[Project, Request], dict[str, Any]]] = {"refresh": _refresh, "close": _close}
