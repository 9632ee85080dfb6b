"""Batches of function calls: JSON in, cells out, in the same order, one bad call never failing the others."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, Literal, TypeVar

from revalign_udf.calc.results import as_json, cells, failure
from revalign_udf.errors import NoData, RevalignError, UserError, cell_error, redact
from revalign_udf.functions import call, session
from revalign_udf.functions.pinned import answering_as_of
from revalign_udf.functions.registry import find
from revalign_udf.governance import CLOSES_FILE
from revalign_udf.query import Query
from revalign_udf.snapshots import published

__all__ = ["DATES", "MAX_ARGUMENTS", "MAX_CALLS", "Answered", "Dates", "Desk", "Refused", "Standing"]

MAX_CALLS = 10_000
#: Excel passes no more to a function
MAX_ARGUMENTS = 255
#: seconds that a question about health waits for a batch before it answers with what was known
_PATIENCE = 0.5
_DAY_ZERO = date(1899, 12, 30)

Dates = Literal["iso", "serial", "marked"]
#: how a date in a cell is written: ISO text, Excel's serial number, or that number marked as a date
DATES: Mapping[Dates, Callable[[date], Any]] = {
    "iso": date.isoformat,
    "serial": lambda day: (day - _DAY_ZERO).days,
    "marked": lambda day: {"date": (day - _DAY_ZERO).days},
}
T = TypeVar("T")


class Refused(UserError):
    """A request that is not answered at all, with its HTTP status."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, hint: str = "", retry_after: int | None = None
    ) -> None:
        self.status = status
        #: seconds after which asking again may help
        self.retry_after = retry_after
        super().__init__(message, code=code, hint=hint)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the numbers rest on: a snapshot, or the coded reason why there is none.

    ``edition`` names everything an answer depends on besides its question: the snapshot, those of earlier days, the
    closed periods and the version of Revalign. As long as it stays, the same question has the same answer.
    """

    status: str
    snapshot: str | None = None
    as_of: str | None = None
    message: str = ""
    edition: str | None = None
    created_at: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers of a batch as JSON, what they were answered from, and how they went (for the figures of the server)."""

    standing: Standing
    content: bytes
    functions: Mapping[str, int]
    codes: Mapping[str, int]


class Desk:
    """Answers batches, each from one snapshot. It becomes the newest published one between batches, never inside."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._standing = Standing("REV-205")
        # one thread at a time: a batch must not see two snapshots
        self._gate = threading.Lock()

    def standing(self) -> Standing:
        """The published snapshot; what was last known of it while a long batch runs."""
        if self._gate.acquire(timeout=_PATIENCE):
            try:
                self._look()
            finally:
                self._gate.release()
        return self._standing

    def answer(self, body: bytes, dates: Dates = "iso") -> Answered:
        """The answers for a batch as JSON. Raises Refused."""
        calls = _calls(body)
        functions: Counter[str] = Counter()
        codes: Counter[str] = Counter()
        with self._gate:
            self._look()
            standing = self._standing
            with session.using(self._query):
                answers = [_answer(item, dates, functions, codes) for item in calls]
        content = json.dumps(answers, allow_nan=False, separators=(",", ":")).encode("ascii")
        return Answered(standing, content, functions, codes)

    def ask(self, question: Callable[[Query], T]) -> T:
        """The answer to a question on the newest published snapshot."""
        with self._gate:
            self._look()
            return question(self._query)

    def close(self) -> None:
        """Let go of the snapshots."""
        with self._gate:
            self._query.close()

    def _look(self) -> None:
        """Move to the newest published snapshot."""
        try:
            # before the door looks: what is closed or published in between belongs to the next edition
            outside = self._outside()
            if self._query.changed():
                self._query.refresh()
            manifest = self._query.session().manifest
            named = "\0".join((version("revalign-udf"), manifest.label, manifest.created_at, manifest.content, outside))
            edition = hashlib.sha256(named.encode()).hexdigest()[:16]
            self._standing = Standing(
                "ok", manifest.label, manifest.as_of.isoformat(), edition=edition, created_at=manifest.created_at
            )
        except Exception as error:  # noqa: BLE001 - range functions are answered without a snapshot too
            self._query.refresh()  # cells must not go on from a snapshot that this answer says is not there
            code = error.code if isinstance(error, RevalignError) else "REV-901"
            self._standing = Standing(code, message=redact(cell_error(error)[1]))

    def _outside(self) -> str:
        """What answers depend on besides the published snapshot: those of earlier days, and what is closed."""
        root = self._query.root
        try:
            found = (root.parent.parent / CLOSES_FILE).stat()
            closes = f"{found.st_mtime_ns}.{found.st_size}"
        except OSError:
            closes = ""
        try:
            return "\0".join([closes, *published(root)])
        except NoData:
            return closes


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


def _answer(item: Any, dates: Dates, functions: Counter[str], codes: Counter[str]) -> Mapping[str, Any]:
    mark = item.get("id") if isinstance(item, dict) else None
    mark = mark if isinstance(mark, str | int) else None
    try:
        name, arguments = _question(item, mark)
        with answering_as_of(item.get("as_of") if find(name).snapshot else None):
            found = call(name, arguments)
        functions[name] += 1
        return {"id": mark, **(as_json(found) if dates == "iso" else _cells(found, DATES[dates]))}
    except Exception as error:  # noqa: BLE001 - a cell must show something whatever happened
        codes[error.code if isinstance(error, RevalignError) else "REV-901"] += 1
        shown = failure(error)
        return {"id": mark, **shown, "message": redact(shown["message"])}


def _question(item: Any, mark: str | int | None) -> tuple[str, list[Any]]:
    """The name and the arguments of a call. Raises UserError REV-102."""
    if mark is None:
        raise UserError("A call is an object with an id, a text or a whole number.")
    name, arguments = item.get("function"), item.get("arguments", [])
    if not isinstance(name, str):
        raise UserError("A call needs the name of its function.", hint="GET /v1/functions lists them.")
    if not isinstance(arguments, list):
        raise UserError("The arguments of a call are an array.", hint="A range is an array of rows.")
    if len(arguments) > MAX_ARGUMENTS:
        raise UserError(f"{len(arguments):,} arguments in one call.", hint=f"Give at most {MAX_ARGUMENTS}.")
    return name, arguments


def _cells(result: Any, written: Callable[[date], Any]) -> Mapping[str, Any]:
    """A result as JSON like `as_json`, its dates as asked for."""

    def one(cell: Any) -> Any:
        return written(cell) if isinstance(cell, date) else cell

    found = cells(result)
    return {"cell": [[one(cell) for cell in row] for row in found] if isinstance(found, list) else one(found)}
