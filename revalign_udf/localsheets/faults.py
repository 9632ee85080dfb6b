"""Faults on demand: what a network, a quota or a crash does to a client, made to happen at the wanted call."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Fault", "Faults", "When"]

#: Before a call is carried out, or after it was carried out and before its answer is sent.
When = Literal["before", "after"]
#: ``hook("before" | "after", "GET /v4/spreadsheets/KEY")``
Hook = Callable[[When, str], None]

#: What a proxy or a front end says when Google's own server could not be asked.
ERROR_PAGE = (
    "<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title><p><b>502.</b> <ins>That's an error.</ins>"
    "<p>The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds."
)


@dataclass(slots=True)
class Fault:
    """One planned fault. ``after`` calls that match pass first, then ``times`` calls fail."""

    match: re.Pattern[str]
    status: int = 0
    times: int = 1
    after: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    text: str | None = None
    drop: bool = False
    drop_after_commit: bool = False
    truncate: bool = False
    expire: bool = False
    delay: float = 0.0
    hold: When | None = None
    hits: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def wait(self, timeout: float = 10.0) -> bool:
        """Waits until a call has struck this fault (has arrived at its ``hold``). False: none came in time."""
        return self.reached.wait(timeout)

    def release(self) -> None:
        """Lets the calls held here go on."""
        self.released.set()


class Faults:
    """The faults still to come, in the order they were added. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._hooks: list[Hook] = []

    def add(
        self,
        match: str = "",
        *,
        status: int = 0,
        times: int = 1,
        after: int = 0,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        text: str | None = None,
        drop: bool = False,
        drop_after_commit: bool = False,
        truncate: bool = False,
        expire: bool = False,
        delay: float = 0.0,
        hold: When | None = None,
    ) -> Fault:
        """Plans a fault.

        Args:
            match: a regular expression over ``METHOD /path``; empty matches every call.
            status: answer with this HTTP status instead of doing anything.
            times: how many calls fail.
            after: how many matching calls pass before.
            headers: extra headers of the answer (``Retry-After``).
            body: the JSON of the answer; Google's usual shape when left out.
            text: the answer as it is, instead of JSON: an error page, or nothing at all. With ``status`` 0 the call
                is carried out, and only its answer is replaced (200).
            drop: close the connection before anything is done.
            drop_after_commit: do it, then close the connection without an answer.
            truncate: do it, send half of the answer, then close the connection.
            expire: every token handed out so far stops working, right before this call is looked at.
            delay: seconds to wait before going on.
            hold: stand still ``before`` or ``after`` carrying the call out, until :meth:`Fault.release`.

        Returns:
            The fault; its ``hits`` says how often it struck.
        """
        fault = Fault(
            match=re.compile(match),
            status=status,
            times=times,
            after=after,
            headers=dict(headers or {}),
            body=body,
            text=text,
            drop=drop,
            drop_after_commit=drop_after_commit,
            truncate=truncate,
            expire=expire,
            delay=delay,
            hold=hold,
        )
        with self._lock:
            self._faults.append(fault)
        return fault

    def hold(self, match: str = "", *, after: int = 0, times: int = 1, when: When = "before") -> Fault:
        """Plans a standstill: :meth:`Fault.wait` until a call is there, :meth:`Fault.release` to let it go on."""
        return self.add(match, after=after, times=times, hold=when)

    def error_page(self, match: str = "", *, status: int = 502, times: int = 1, after: int = 0) -> Fault:
        """Plans an answer in HTML, as a proxy gives one."""
        headers = {"Content-Type": "text/html; charset=UTF-8"}
        return self.add(match, status=status, times=times, after=after, text=ERROR_PAGE, headers=headers)

    def on_call(self, hook: Hook) -> Callable[[], None]:
        """Runs ``hook`` before and after every call, so that a test can end a client exactly there.

        It runs on the thread of the call, outside any lock, and may block.

        Returns:
            A function that takes the hook away again.
        """
        with self._lock:
            self._hooks.append(hook)

        def away() -> None:
            with self._lock:
                if hook in self._hooks:
                    self._hooks.remove(hook)

        return away

    def clear(self) -> None:
        """Forgets every planned fault and hook, and lets go of the calls held."""
        with self._lock:
            for fault in self._faults:
                fault.release()
            self._faults.clear()
            self._hooks.clear()

    def take(self, call: str) -> Fault | None:
        """The fault that strikes this call, if any."""
        with self._lock:
            for fault in self._faults:
                if fault.hits >= fault.times or not fault.match.search(call):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.hits += 1
                return fault
        return None

    def tell(self, when: When, call: str) -> None:
        """Runs the hooks."""
        with self._lock:
            hooks = tuple(self._hooks)
        for hook in hooks:
            hook(when, call)
