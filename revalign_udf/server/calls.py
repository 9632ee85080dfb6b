"""Batches of function calls: JSON in, cells out, in the same order, one bad call never failing the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revalign_udf.calc.results import failure
from revalign_udf.errors import RevalignError, UserError, cell_error, redact
from revalign_udf.functions import call_cell, session
from revalign_udf.query import Query

__all__ = ["MAX_CALLS", "Desk", "Refused", "Standing"]

MAX_CALLS = 10_000
#: seconds that a question about health waits for a batch before it answers with what was known
_PATIENCE = 0.5
#: The functions read one door per process, and a snapshot's connection belongs to one thread at a time: batches take
#: turns, those of several apps in one process too.
_GATE = threading.Lock()


class Refused(UserError):
    """A request that is not answered at all, with its HTTP status."""

    def __init__(self, status: int, message: str, *, code: str | None = None, hint: str = "") -> None:
        self.status = status
        super().__init__(message, code=code, hint=hint)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the numbers rest on: a snapshot, or the coded reason why there is none."""

    status: str
    snapshot: str | None = None
    as_of: str | None = None
    message: str = ""


class Desk:
    """Answers batches, each from one snapshot. It becomes the newest published one between batches, never inside."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._standing = Standing("REV-205")

    def standing(self) -> Standing:
        """The published snapshot; what was last known of it while a long batch runs."""
        if _GATE.acquire(timeout=_PATIENCE):
            try:
                self._look()
            finally:
                _GATE.release()
        return self._standing

    def answer(self, body: bytes) -> tuple[str | None, bytes]:
        """The label of the snapshot and the answers as JSON for a batch as JSON. Raises Refused."""
        calls = _calls(body)
        with _GATE:
            self._look()
            label = self._standing.snapshot
            session.use(self._query)
            try:
                answers = [_answer(call) for call in calls]
            finally:
                session.use(None)
        return label, json.dumps(answers, allow_nan=False, separators=(",", ":")).encode("ascii")

    def close(self) -> None:
        """Let go of the snapshots."""
        with _GATE:
            self._query.close()

    def _look(self) -> None:
        """Move to the newest published snapshot."""
        try:
            if self._query.changed():
                self._query.refresh()
            self._standing = Standing("ok", self._query.snapshot, self._query.as_of.isoformat())
        except Exception as error:  # noqa: BLE001 - range functions are answered without a snapshot too
            self._query.refresh()  # cells must not go on from a snapshot that this answer says is not there
            code = error.code if isinstance(error, RevalignError) else "REV-901"
            self._standing = Standing(code, message=redact(cell_error(error)[1]))


def _calls(body: bytes) -> list[Any]:
    try:
        calls = json.loads(body, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refused(400, f"The body is not JSON: {reason}.") from None
    if not isinstance(calls, list):
        raise Refused(
            400, "The body is not an array of calls.", hint='Send [{"id": 1, "function": ..., "arguments": []}].'
        )
    if len(calls) > MAX_CALLS:
        raise Refused(413, f"{len(calls):,} calls in one request.", hint=f"Send at most {MAX_CALLS:,} at a time.")
    return calls


def _finite(text: str) -> float:
    """A number as JSON knows them. Python would read NaN, Infinity and 1e999, which no answer could carry back."""
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{text} is not a number of JSON")
    return number


def _answer(call: Any) -> Mapping[str, Any]:
    mark = call.get("id") if isinstance(call, dict) else None
    if not isinstance(mark, str | int):
        return {"id": None, **failure(UserError("A call is an object with an id, a text or a whole number."))}
    name, arguments = call.get("function"), call.get("arguments", [])
    if not isinstance(name, str):
        problem = UserError("A call needs the name of its function.", hint="GET /v1/functions lists them.")
        return {"id": mark, **failure(problem)}
    if not isinstance(arguments, list):
        problem = UserError("The arguments of a call are an array.", hint="A range is an array of rows.")
        return {"id": mark, **failure(problem)}
    found = call_cell(name, arguments)
    if "error" in found:
        found = {**found, "message": redact(found["message"])}
    return {"id": mark, **found}
