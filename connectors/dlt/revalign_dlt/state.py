"""The state of dlt resources, kept by us: what an incremental resource has read, put in and taken out without a pipeline."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlt.extract import DltResource

__all__ = ["State"]


class State:
    """The state dlt sees while a resource is read.

    dlt keeps a resource's state in the pipeline's; outside of a pipeline it looks for one that was injected, and writes
    into it. What is put in differs from what was taken out in two things: rows at the very cursor are read again (dlt
    would leave out those whose key it knows, also when they have changed within that second), and the cursor lies
    ``lookback`` earlier.

    Args:
        kept: what :meth:`kept` returned after the read before.
        lookback: seconds for times, a count for numbers.
    """

    def __init__(self, kept: Mapping[str, Any], lookback: int = 0) -> None:
        from dlt.common.json import json as typed

        self._before: dict[str, Any] = typed.typed_loads(json.dumps(kept)) if kept else {}
        self.live: dict[str, Any] = copy.deepcopy(self._before)
        for _, cursor in _cursors(self.live):
            cursor.pop("unique_hashes", None)
            cursor["unique_hashes"] = []
            cursor["last_value"] = _earlier(cursor.get("last_value"), lookback)
        self._lowered = dict(_values(self.live))

    def items(self, resource: DltResource) -> Iterator[Any]:
        """The items of a resource, one by one, read with this state."""
        from dlt.common.configuration.container import Container
        from dlt.common.pipeline import StateInjectableContext

        with Container().injectable_context(StateInjectableContext(state=self.live)):  # type: ignore[typeddict-item, arg-type, unused-ignore]
            found: Iterator[Any] = iter(resource)
        return found

    def kept(self) -> dict[str, Any]:
        """What to keep, as JSON: dlt's own form, in which times are told from texts."""
        from dlt.common.json import json as typed

        before = dict(_values(self._before))
        for path, cursor in _cursors(self.live):
            cursor["unique_hashes"] = []
            # nothing newer came: the cursor stays where it was, or it would wander back with each read
            if path in before and cursor.get("last_value") == self._lowered.get(path):
                cursor["last_value"] = before[path]
        found: dict[str, Any] = json.loads(typed.typed_dumps(self.live))
        return found


def _cursors(state: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every incremental cursor in a state: ``sources.SOURCE.resources.RESOURCE.incremental.PATH``."""
    for source, own in (state.get("sources") or {}).items():
        for resource, held in (own.get("resources") or {}).items():
            for path, cursor in (held.get("incremental") or {}).items():
                if isinstance(cursor, dict):
                    yield (source, resource, path), cursor


def _values(state: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    return ((path, cursor.get("last_value")) for path, cursor in _cursors(state))


def _earlier(value: Any, lookback: int) -> Any:
    """A cursor less the lookback, in the form it has."""
    if not lookback or value is None or isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return value - timedelta(seconds=lookback)
    if isinstance(value, date):
        return value - timedelta(days=-(-lookback // 86_400))
    if isinstance(value, str):
        with suppress(ValueError):
            return _earlier_text(value, lookback)
        return value
    return value - lookback


def _earlier_text(text: str, lookback: int) -> str:
    """A time as text, written as it was. Raises ValueError for other texts."""
    moment = datetime.fromisoformat(text)
    if len(text) <= 10:
        return (moment - timedelta(days=-(-lookback // 86_400))).date().isoformat()
    precision = "milliseconds" if "." in text and moment.microsecond % 1000 == 0 else "auto"
    made = (moment - timedelta(seconds=lookback)).isoformat(sep="T" if "T" in text else " ", timespec=precision)
    return made.replace("+00:00", "Z") if text.endswith("Z") else made
