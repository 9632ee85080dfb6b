"""Carrying out what surfaces have asked for: refreshes and closes, oldest first, one bad one never stopping the rest.

Carrying out is safe to repeat: a refresh that was cut short is run again, and a close that was written down before its
outcome was is recognised. A request that ends the process each time is given up after `_OFTEN` times. While another run
writes to the store, a request is put off and waits.

Before each round the boxes in the spreadsheets are looked at: one that somebody ticked is a request for a refresh.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from revalign_udf.config import Project, load
from revalign_udf.errors import InternalError, RevalignError
from revalign_udf.governance import read_closes
from revalign_udf.governance.requests import Request, note, read_requests, working
from revalign_udf.jobs.closing import close_period
from revalign_udf.jobs.steps import run
from revalign_udf.jobs.ticks import Boxes, Look

__all__ = ["PAUSE", "Outcome", "Seen", "carry_out", "round_of", "watch"]

_OFTEN = 3
#: a request that is not to be tried again before the next round
_BUSY = frozenset({"REV-802"})
#: seconds before a request that was put off is tried again
PAUSE = 30.0
Outcome = Callable[[Request], None]
Seen = Callable[[Look], None]
_Ended = Callable[[], bool]


class _CutShort(Exception):
    """The program was told to end before all was done."""


def carry_out(
    project: Project, told: Outcome | None = None, *, seen: Seen | None = None, patience: float = 1.0
) -> list[Request] | None:
    """Carry out every open request; each with its outcome, or None where somebody else is at it.

    ``told`` hears of each beginning and of each outcome, ``seen`` of each ticked box and of spreadsheets that cannot be
    read. Raises StoreError REV-804 when the outcome cannot be written.
    """
    with working(project.folder, patience) as mine:
        return round_of(project, told, Boxes(seen)) if mine else None


def watch(
    folder: Path, every: float, told: Outcome | None = None, ended: threading.Event | None = None, *,
    seen: Seen | None = None,
) -> bool:  # fmt: skip
    """Carry requests out as they come, looking every so many seconds, until ``ended`` is set. False at once where
    somebody else does already. The settings are read anew for each round."""
    until, boxes = ended or threading.Event(), Boxes(seen)
    project = load(folder)
    with working(folder) as mine:
        if not mine:
            return False
        while not until.is_set():
            with suppress(RevalignError):  # settings that cannot be read fail the request, not the watcher
                project = load(folder)
            put_off = any(one.open for one in round_of(project, told, boxes, until.is_set))
            until.wait(max(every, PAUSE) if put_off else every)
    return True


def round_of(
    project: Project, told: Outcome | None, boxes: Boxes, ended: _Ended = lambda: False
) -> list[Request]:  # fmt: skip
    """Look at the boxes and carry out what is open, oldest first, until told to end. For the one who is ``working``."""
    boxes.look(project)
    found = []
    for request in read_requests(project.folder).open:
        if ended():
            break
        found.append(_carry_out(project.folder, request, told or (lambda _: None), ended))
    return found


def _carry_out(folder: Path, request: Request, told: Outcome, ended: _Ended) -> Request:
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
        result = _KINDS[request.kind](project, request, ended)
        took = round(time.monotonic() - started, 1)
        made = note(folder, begun, "done", message=_problems(result), result={**result, "seconds": took})
    except _CutShort:
        made = note(folder, begun, "waiting", message="Put off: the program was told to end.")
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


def _refresh(project: Project, _: Request, ended: _Ended) -> dict[str, Any]:
    report = run(project, ended=ended)
    if report.cut_short:
        raise _CutShort
    assert report.published is not None
    return {"snapshot": report.published.label, "new": report.published.is_new, "problems": list(report.problems)}


def _close(project: Project, request: Request, _: _Ended) -> dict[str, Any]:
    period, reason = request.details["period"], request.details["reason"]
    # the close itself may be on record already, when the program ended before its outcome was
    if request.taken:
        for one in read_closes(project.folder).standing:
            if (one.period, one.why, one.who) == (period, reason, request.who) and one.when >= request.when[:19]:
                return {"period": one.period, "snapshot": one.label}
    made = close_period(project, period, reason, request.who)
    return {"period": made.period, "snapshot": made.label}


_KINDS: Mapping[str, Callable[[Project, Request, _Ended], dict[str, Any]]] = {"refresh": _refresh, "close": _close}
