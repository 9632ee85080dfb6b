"""The published snapshot that cells read: found once, kept open, re-opened when a newer one is published."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from revalign_udf.periods import Period
    from revalign_udf.query.answers import Answer, Explanation, Table

__all__ = ["PROJECT_VARIABLE", "Door", "query", "use"]

#: names the project folder for hosts that cannot pass one, such as Excel
PROJECT_VARIABLE = "REVALIGN_PROJECT"

Where = Mapping[str, str] | None
Day = date | None


class Door(Protocol):
    """What cells ask for numbers: `revalign_udf.query.Query`, or a stand-in in tests."""

    def changed(self) -> bool:
        """Whether a newer snapshot has been published."""

    def refresh(self) -> None:
        """Read the newest published snapshot from now on."""

    def metric(
        self,
        name: str,
        period: Any,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
        compare: object = None,
    ) -> Answer:
        """One answer."""

    def series(
        self,
        name: str,
        first: Any,
        last: Any,
        grain: Any = None,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
        compare: object = None,
    ) -> Sequence[Answer]:
        """One answer per period."""

    def table(
        self,
        metrics: Sequence[str],
        periods: Sequence[Any],
        by: str | None = None,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
        compare: object = None,
    ) -> Table:
        """Several metrics over several periods."""

    def explain(
        self,
        name: str,
        period: Any,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
    ) -> Explanation:
        """How one answer came about."""

    def records(
        self,
        name: str,
        period: Any,
        where: Where = None,
        *,
        as_of: Day = None,
        profile: str | None = None,
        currency: str | None = None,
    ) -> Table:
        """The source records behind one answer."""

    def names(self, kind: str) -> Sequence[str]:
        """Valid names of a kind."""

    def status(self) -> Table:
        """Freshness by source."""

    def define(self, name: str) -> Table:
        """What a metric means."""

    def period(self, token: Any, anchor: Day = None) -> Period:
        """What a token means; relative ones count from the anchor, else from the snapshot."""


_lock = threading.Lock()
_chosen: str | Path | Door | None = None
_opened: tuple[str, Door] | None = None


def use(project: str | Path | Door | None) -> None:
    """Read this project (a folder, or an open `Door`) from now on; None goes back to the environment."""
    global _chosen, _opened
    with _lock:
        _chosen, _opened = project, None


def query() -> Door:
    """The door to numbers, on the newest published snapshot.

    The project is what `use` said, else the folder in REVALIGN_PROJECT, else the current folder. Raises ConfigError
    REV-301 when there is no project there, NoData REV-205 when nothing has been published.
    """
    global _opened  # noqa: PLW0603
    with _lock:
        chosen = _chosen
        if chosen is not None and not isinstance(chosen, str | Path):
            return chosen
        folder = str(chosen or os.environ.get(PROJECT_VARIABLE) or Path.cwd())
        if _opened is None or _opened[0] != folder:
            _opened = (folder, _open(folder))
        elif _opened[1].changed():
            _opened[1].refresh()
        return _opened[1]


def _open(folder: str) -> Door:
    from revalign_udf.query import Query

    door: Door = Query.open(folder)
    return door
