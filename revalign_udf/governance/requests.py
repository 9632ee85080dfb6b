"""Work that people ask for where they must not do it themselves: from the task pane, from a cell's surface.

A surface leaves a request; :mod:`revalign_udf.jobs.requests` carries it out and writes down what came of it. Both are
lines of ``governance/requests.jsonl`` in the project folder, only ever added, so that who asked for what, when, and how
it ended stays on record.

======== ============================================= ======================================
kind     what is asked for                             details
======== ============================================= ======================================
refresh  pull, build, publish, workbooks and sheets    none
close    freeze a period on the published snapshot     ``period``, ``reason``
======== ============================================= ======================================

A request is ``waiting``, then ``running``, then ``done`` or ``failed``; one that was put off waits again. The same
request while it is open is left once: of two people who ask to freeze a month, the first one's reason stands.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from revalign_udf.errors import StoreError, UnknownName, UserError, redact
from revalign_udf.governance.audit import user
from revalign_udf.governance.lines import adding, content_of

__all__ = [
    "KINDS",
    "REQUESTS_FILE",
    "Request",
    "Requests",
    "State",
    "attended",
    "leave",
    "note",
    "read_requests",
    "working",
]

REQUESTS_FILE = Path("governance") / "requests.jsonl"
#: kind -> the details it needs
KINDS: Mapping[str, tuple[str, ...]] = {"refresh": (), "close": ("period", "reason")}
#: kind -> the details by which two requests are the same
_SAME: Mapping[str, tuple[str, ...]] = {"refresh": (), "close": ("period",)}
_LOCKS = Path(".revalign")
Duty = Literal["requests", "schedule"]
_NAME = "The list of requests"
_LONGEST = 500
State = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request and what became of it. Times are UTC, ISO 8601.

    ``taken`` counts how often somebody began to carry it out; ``code`` and ``message`` say why it failed or was put off,
    or what went wrong beside it; ``result`` is what came of it, such as the snapshot that was published.
    """

    id: str
    kind: str
    when: str
    who: str
    details: Mapping[str, str] = field(default_factory=dict)
    state: State = "waiting"
    taken: int = 0
    changed: str = ""
    code: str = ""
    message: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether it is still to be carried out."""
        return self.state in ("waiting", "running")

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        return asdict(self)

    def same(self, kind: str, details: Mapping[str, str]) -> bool:
        """Whether another request would ask for the same."""
        return self.kind == kind and all(self.details.get(name) == details.get(name) for name in _SAME[kind])


@dataclass(frozen=True, slots=True)
class Requests:
    """Every request, oldest first. ``unreadable``: numbers of lines that cannot be read, such as one cut short."""

    every: tuple[Request, ...] = ()
    unreadable: tuple[int, ...] = ()

    @property
    def open(self) -> tuple[Request, ...]:
        """What is still to be carried out, oldest first."""
        return tuple(one for one in self.every if one.open)


def leave(
    project_folder: Path, kind: str, details: Mapping[str, str] | None = None, who: str = ""
) -> tuple[Request, bool]:
    """Leave a request; it is on the disk by then. The request, and whether it is a new one.

    Args:
        project_folder: where revalign.toml is.
        kind: one of `KINDS`.
        details: what the kind needs, and nothing else; secrets in them are blanked.
        who: who asks, by default the user of the operating system.

    Raises:
        UnknownName: REV-101 for a kind nobody knows.
        UserError: REV-102 for details that are missing, surplus or too long.
        StoreError: REV-804 when the file cannot be written.
    """
    if kind not in KINDS:
        raise UnknownName("kind of request", kind, KINDS, hint=f"There are {' and '.join(KINDS)}.")
    given = _checked(kind, details or {})
    with adding(project_folder / REQUESTS_FILE, _NAME) as file:
        content = file.content()
        for one in _read(content).open:
            if one.same(kind, given):
                return one, False
        # the number of its line: unique, because lines are only ever added
        place = content.count(b"\n") + (0 if content.endswith(b"\n") or not content else 1) + 1
        made = Request(f"r{place}", kind, _now(), redact(" ".join(who.split())) or user(), given)
        file.add({"action": "ask", "id": made.id, "kind": kind, "when": made.when, "who": made.who, "details": given})
    return made, True


def note(
    project_folder: Path, request: Request, state: State, *, code: str = "", message: str = "",
    result: Mapping[str, Any] | None = None,
) -> Request:  # fmt: skip
    """Write down what became of a request; it is on the disk by then. Raises StoreError REV-804."""
    line: dict[str, Any] = {"action": state, "id": request.id, "when": _now(), "code": code, "message": redact(message)}
    line["result"] = dict(result or {})
    with adding(project_folder / REQUESTS_FILE, _NAME) as file:
        file.add(line)
    return _after(request, line)


def read_requests(project_folder: Path) -> Requests:
    """Every request of a project; none where there is no file. A line that cannot be read is counted and stops nothing.
    Raises StoreError REV-801 when the file cannot be opened."""
    return _read(content_of(project_folder / REQUESTS_FILE, _NAME))


@contextmanager
def working(project_folder: Path, patience: float = 1.0, duty: Duty = "requests") -> Iterator[bool]:
    """Be the only one that carries requests out (or keeps the schedule), for as long as the block runs; whether that
    could be had.

    The right falls with the process: what stands as ``running`` while nobody works was cut short.
    """
    with _lock_file(project_folder, duty, make=True) as file:
        assert file is not None
        until = time.monotonic() + patience
        while not (got := _locked(file, shared=False)) and time.monotonic() < until:
            time.sleep(0.02)  # somebody who only looks lets go at once
        try:
            yield got
        finally:
            if got:
                _unlocked(file)


def attended(project_folder: Path, duty: Duty = "requests") -> bool:
    """Whether somebody carries requests out just now, or watches for them (or keeps the schedule)."""
    with _lock_file(project_folder, duty, make=False) as file:
        if file is None:
            return False
        if _locked(file, shared=True):
            _unlocked(file)
            return False
        return True


def _checked(kind: str, details: Mapping[str, str]) -> dict[str, str]:
    if surplus := sorted(set(details) - set(KINDS[kind])):
        raise UserError(f"A request to {kind} takes no {', '.join(surplus)}.")
    found = {}
    for name in KINDS[kind]:
        text = redact(" ".join(str(details.get(name) or "").split()))
        if not text:
            why = "so that others can read why" if name == "reason" else "to know what is asked for"
            raise UserError(f"A request to {kind} needs a {name}, {why}.")
        if len(text) > _LONGEST:
            raise UserError(f"The {name} is {len(text)} characters long.", hint=f"Say it in {_LONGEST}.")
        found[name] = text
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _read(content: bytes) -> Requests:
    found: dict[str, Request] = {}
    bad: list[int] = []
    for place, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            _take(found, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            bad.append(place)
    return Requests(tuple(found.values()), tuple(bad))


def _take(found: dict[str, Request], raw: dict[str, Any]) -> None:
    """Add what one line says. Raises ValueError, TypeError or KeyError for a line that fits nothing before it."""
    if raw["action"] != "ask":
        found[raw["id"]] = _after(found[raw["id"]], raw)
        return
    made = Request(raw["id"], raw["kind"], raw["when"], raw["who"], dict(raw["details"]))
    texts = (made.id, made.kind, made.when, made.who, *made.details.values())
    if not all(isinstance(text, str) for text in texts) or made.id in found:
        raise ValueError(raw["id"])
    found[made.id] = made


def _after(request: Request, raw: Mapping[str, Any]) -> Request:
    state = raw["action"]
    if state not in ("waiting", "running", "done", "failed"):
        raise ValueError(state)
    return replace(
        request, state=state, taken=request.taken + (state == "running"), changed=raw["when"], code=raw["code"],
        message=raw["message"], result=raw["result"],
    )  # fmt: skip


@contextmanager
def _lock_file(folder: Path, duty: Duty, *, make: bool) -> Iterator[int | None]:
    path = folder / _LOCKS / f"{duty}.lock"
    try:
        if make:
            path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | (os.O_CREAT if make else 0), 0o644)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise StoreError(
            f"{path} cannot be opened: {error.strerror}.", code="REV-804", hint="Make the folder .revalign/ writable."
        ) from error
    try:
        yield file
    finally:
        os.close(file)


def _locked(file: int, *, shared: bool) -> bool:
    """Try to lock; those who only look do not bar each other."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, 0, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unlocked(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)
