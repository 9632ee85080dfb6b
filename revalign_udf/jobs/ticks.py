"""Refreshes asked for in a spreadsheet: somebody ticks the box in a tab's banner, and a request is left for the jobs.

A request is left first and the box cleared after it, so that a program cut short between the two asks once more rather
than forgetting. A box that cannot be cleared is remembered, and asks only once however long it stays ticked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from revalign_udf.config import Project, SheetSettings
from revalign_udf.errors import InternalError, RevalignError, redact
from revalign_udf.files import save
from revalign_udf.governance.requests import Request, leave
from revalign_udf.jobs.sheets import target_of

__all__ = ["Boxes", "Look", "collect"]

_STATE = Path(".revalign") / "ticks.json"
#: seconds between two looks at one spreadsheet: each is a read of the quota
_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """A box somebody ticked (``tab``, and the ``request`` it stands for, ``new`` unless one was open), or a ``problem``."""

    sheet: str
    tab: str = ""
    request: Request | None = None
    new: bool = False
    problem: str = ""

    @property
    def text(self) -> str:
        """What was seen, in one line."""
        place = (f"sheet {self.sheet}" if self.sheet else "requests") + (f", tab {self.tab}" if self.tab else "")
        if self.problem:
            return f"{place}: {self.problem}"
        asked = "asks for a refresh" if self.new else "asks for a refresh too, which is waiting already"
        return f"{place}: {asked}"


def collect(project: Project) -> list[Look]:
    """Look at the boxes of every spreadsheet of the settings, once; what was asked for, and what went wrong.

    One spreadsheet that cannot be read does not stop the others. Raises StoreError REV-804 when a request cannot be
    written.
    """
    return [look for sheet in project.sheets.values() for look in _look(project, sheet)]


class Boxes:
    """The boxes of a project's spreadsheets, looked at again and again: each spreadsheet at most once in a while, and what
    is wrong with one is told when it begins, not at every look."""

    def __init__(self, told: Callable[[Look], None] | None = None, pause: float = _PAUSE) -> None:
        self._told, self._pause = told or (lambda _: None), pause
        self._looked: dict[str, float] = {}
        self._wrong: dict[str, frozenset[str]] = {}

    def look(self, project: Project) -> list[Look]:
        """Look at the spreadsheets whose turn it is. Raises StoreError REV-804 when a request cannot be written."""
        found: list[Look] = []
        for name, sheet in project.sheets.items():
            now = time.monotonic()
            if name in self._looked and now - self._looked[name] < self._pause:
                continue
            self._looked[name] = now
            seen = _look(project, sheet)
            self.tell(name, seen)
            found += seen
        return found

    def tell(self, name: str, seen: Sequence[Look]) -> None:
        """Tell what was seen in one place; a problem only when it was not seen there the last time."""
        for look in seen:
            if not look.problem or look.text not in self._wrong.get(name, ()):
                self._told(look)
        self._wrong[name] = frozenset(look.text for look in seen if look.problem)


def _look(project: Project, sheet: SheetSettings) -> list[Look]:
    # loaded here: most projects never ask a spreadsheet
    from revalign_udf.sheets import open_spreadsheet, ticked, untick

    found: list[Look] = []
    try:
        with open_spreadsheet(target_of(project, sheet)) as client:
            ticks = ticked(client)
            stuck = _stuck(project.folder)
            held = stuck.get(sheet.name, frozenset())
            for tick in ticks:
                if tick.tab not in held:
                    request, new = leave(project.folder, "refresh", None, f"sheet {sheet.name}, tab {tick.tab}")
                    found.append(Look(sheet.name, tick.tab, request, new))
            still: frozenset[str] = frozenset()
            try:
                if ticks:
                    untick(client, ticks)
            except RevalignError as error:
                still = frozenset(tick.tab for tick in ticks)
                shown = f"the box stays ticked, because it cannot be cleared: {error}"
                found.append(Look(sheet.name, ", ".join(sorted(still)), problem=redact(shown)))
            if still != held:
                _remember(project.folder, {**stuck, sheet.name: still})
    except RevalignError as error:
        if error.code == "REV-804":
            raise
        found.append(Look(sheet.name, problem=str(error)))
    except Exception as error:  # noqa: BLE001 - the other spreadsheets must be looked at all the same
        found.append(Look(sheet.name, problem=str(InternalError(f"{type(error).__name__}: {error}"))))
    return found


def _stuck(folder: Path) -> dict[str, frozenset[str]]:
    """Sheet -> tabs whose box could not be cleared. Better asked for twice than never: what cannot be read is none."""
    try:
        raw = json.loads((folder / _STATE).read_bytes())
        return {str(name): frozenset(map(str, tabs)) for name, tabs in raw.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _remember(folder: Path, stuck: Mapping[str, frozenset[str]]) -> None:
    content = {name: sorted(tabs) for name, tabs in stuck.items() if tabs}
    save(json.dumps(content, ensure_ascii=False, indent=1).encode(), folder / _STATE)
