"""What the buttons of the classic add-in ask Python: texts for a message box, never an exception.

A button asks for work and never does it: "Freeze period" leaves a request that the scheduled jobs carry out.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from revalign_udf.errors import cell_error
from revalign_udf.excel import classic
from revalign_udf.functions import call_cell, session
from revalign_udf.functions.pinned import answering_as_of

__all__ = ["COMMANDS"]

#: a message box of VBA shows about as much
_LONGEST = 1000
#: a metric without a number here may have one elsewhere: no reason to refuse its formula
_NO_NUMBER = ("REV-110", "REV-201", "REV-204", "REV-208", "REV-209")

Command = Callable[..., str]


def _said_plainly(command: Command) -> Command:
    """Coded errors become their text, a text too long for a message box is cut."""

    @functools.wraps(command)
    def run(*given: Any) -> str:
        try:
            text = command(*given)
        except Exception as error:  # noqa: BLE001 - the button shows it
            text = cell_error(error)[1]
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

    return run


def checked(metric: str, period: str, as_of: Any = None) -> str:
    """What is wrong with a metric and a period before they are written into a cell of a workbook, which may pin a day;
    empty when nothing is."""
    with answering_as_of(as_of):
        message = str(call_cell("METRIC", [metric, period]).get("message", ""))
    return "" if message.startswith(_NO_NUMBER) else message


def forget() -> str:
    """Drop the refusals told so far."""
    classic.forget()
    return ""


def said() -> str:
    """The refusals since `forget`: what an error cell means."""
    return "\n\n".join(dict.fromkeys(classic.said()))


def freeze(period: str, reason: str) -> str:
    """Leave a request to close a period, such as LAST_MONTH: it is carried out by ``revalign requests``."""
    from revalign_udf.config import load
    from revalign_udf.governance.requests import leave

    folder = load(Path(os.environ.get(session.PROJECT_VARIABLE) or Path.cwd())).folder
    meant = str(session.query().period(period))
    request, new = leave(folder, "close", {"period": meant, "reason": reason})
    if not new:
        return f"Closing {meant} was asked for already by {request.who} ({request.id}, {request.state})."
    return f"Asked for {meant} to be closed ({request.id}). It happens at the next run of the scheduled jobs."


def about() -> str:
    """How fresh the published numbers are, source by source, and which project is read."""
    shown = call_cell("STATUS", [])
    rows = shown["cell"] if "cell" in shown else [[shown["message"]]]
    lines = ["   ".join("" if cell is None else str(cell) for cell in row) for row in rows]
    return "\n".join([*lines, "", f"Project: {os.environ.get(session.PROJECT_VARIABLE) or Path.cwd()}"])


#: the name VBA calls -> the command
COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "REVALIGN_CHECKED": _said_plainly(checked),
        "REVALIGN_FORGET": _said_plainly(forget),
        "REVALIGN_SAID": _said_plainly(said),
        "REVALIGN_FREEZE": _said_plainly(freeze),
        "REVALIGN_ABOUT": _said_plainly(about),
    }
)
