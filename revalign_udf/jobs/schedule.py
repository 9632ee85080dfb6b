"""Unattended runs: when the next one is planned, and the loop that makes them.

The plan is ``[schedule]`` of the settings. A loop that was given another one (``revalign schedule --every 1h``) writes it
to ``.revalign/schedule.json``, where it holds for as long as that loop lives. The file also says when the loop's last run
began, so that a run that was missed, because the computer slept or the loop was down, is made up for: once.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from revalign_udf.config import Project, Schedule, load
from revalign_udf.errors import ConfigError, InternalError, RevalignError, redact
from revalign_udf.files import save
from revalign_udf.governance.requests import Request, attended, working
from revalign_udf.jobs.notices import tell_people
from revalign_udf.jobs.requests import PAUSE, round_of
from revalign_udf.jobs.steps import RunReport, plugins_of, run
from revalign_udf.jobs.ticks import Boxes, Look
from revalign_udf.jobs.timetable import last_slot, slots

__all__ = ["STATE_FILE", "Ran", "State", "keep", "next_run", "next_runs", "plan_of", "state_of"]

STATE_FILE = Path(".revalign") / "schedule.json"
#: the longest sleep in seconds: a computer that wakes up late runs within this time
_LONGEST = 30.0
Clock = Callable[[], datetime]
Status = Literal["ok", "problems", "failed", "put off", "cut short"]


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of the loop. Times are aware, in UTC."""

    slot: datetime
    began: datetime
    status: Status
    seconds: float = 0.0
    snapshot: str = ""
    new: bool = False
    rows: int = 0
    """how many the sources brought"""
    workbooks: int = 0
    sheets: int = 0
    problems: tuple[str, ...] = ()
    next: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form."""
        found = asdict(self) | {"problems": list(self.problems)}
        for name in ("slot", "began", "next"):
            moment: datetime | None = found[name]
            found[name] = moment.isoformat(timespec="seconds") if moment else None
        return found


@dataclass(frozen=True, slots=True)
class State:
    """What a loop wrote down: its plan, its last run (:meth:`Ran.as_json`), and whether it still lives."""

    plan: Schedule = field(default_factory=Schedule)
    last: Mapping[str, Any] = field(default_factory=dict)
    alive: bool = False

    @property
    def began(self) -> datetime | None:
        """When the last run began."""
        try:
            return datetime.fromisoformat(str(self.last["began"])).astimezone(UTC)
        except (KeyError, ValueError):
            return None


def now() -> datetime:
    """The time by this computer."""
    return datetime.now(UTC)


# --- the plan ---------------------------------------------------------------------------------------------------------


def plan_of(project: Project) -> Schedule:
    """The plan that holds: of the loop that lives, or else of the settings."""
    state = state_of(project.folder)
    return state.plan if state.alive and state.plan else project.schedule


def next_runs(project: Project, count: int, after: datetime | None = None) -> list[datetime]:
    """The next runs that are planned, aware, in UTC; none without a plan."""
    planned = slots(plan_of(project), ZoneInfo(project.company.time_zone), after or now())
    return [moment for _, moment in zip(range(count), planned, strict=False)]


def next_run(project: Project, after: datetime | None = None) -> datetime | None:
    """When the next run is planned, aware, in UTC; None without a plan.

    Whoever starts it: the loop, cron, systemd or the Task Scheduler all follow the same plan.
    """
    return next(iter(next_runs(project, 1, after)), None)


def state_of(folder: Path) -> State:
    """What the last loop wrote down. A file that cannot be read is none."""
    try:
        raw = json.loads((folder / STATE_FILE).read_bytes())
        plan, last = raw["plan"], raw["last"]
        at = tuple(clock_time.fromisoformat(item) for item in plan["at"])
        found = Schedule(int(plan["minutes"]), at, tuple(map(int, plan["days"])))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return State()
    return State(found, last if isinstance(last, dict) else {}, attended(folder, "schedule"))


# --- the loop ---------------------------------------------------------------------------------------------------------


def keep(
    folder: Path, plan: Schedule | None = None, poll: float = 60.0, *,
    ran: Callable[[Ran], None] | None = None, told: Callable[[Request], None] | None = None,
    seen: Callable[[Look], None] | None = None, ended: threading.Event | None = None, clock: Clock = now,
) -> bool:  # fmt: skip
    """Run by a plan (default: that of the settings) until ``ended`` is set; False at once where somebody else does.

    Args:
        folder: the project's.
        plan: one that overrules the settings; without it they are read anew before each look and each run.
        poll: seconds between two looks at requests and ticked boxes.
        ran: hears of each run, also of one that was put off.
        told: hears of each request that is begun, and of its outcome.
        seen: hears of each ticked box, and of spreadsheets that cannot be read.
        ended: set it to end the loop after the step at hand.
        clock: what time it is.

    A run that fails never ends the loop. Raises ConfigError as :func:`load` when it begins, REV-302 without a plan.
    """
    project = load(folder)
    if not (plan or project.schedule):
        raise ConfigError(
            f"{project.folder}: no runs are planned.", code="REV-302",
            hint='Add [schedule] every = "1h" to revalign.toml, or: revalign schedule --every 1h.',
        )  # fmt: skip
    with working(project.folder, duty="schedule") as mine, ExitStack() as held:
        if mine:
            heard, until = ran or (lambda _: None), ended or threading.Event()
            _Keeper(project, plan, poll, held, heard, told, Boxes(seen), until, clock).go()
    return mine


class _Keeper:
    """The loop. ``project`` is the last one whose settings could be read."""

    def __init__(
        self, project: Project, plan: Schedule | None, poll: float, held: ExitStack, ran: Callable[[Ran], None],
        told: Callable[[Request], None] | None, boxes: Boxes, ended: threading.Event, clock: Clock,
    ) -> None:  # fmt: skip
        self.project, self.given, self.poll, self.held, self.ran = project, plan, poll, held, ran
        self.told, self.boxes, self.ended, self.clock = told, boxes, ended, clock
        self.plan = plan or project.schedule
        self.carries = False
        self.last: Mapping[str, Any] = state_of(project.folder).last
        self.late = False
        """whether people know that the run that is due cannot begin"""
        began, moment = State(last=self.last).began, clock()
        newest = last_slot(self.plan, self.zone, moment)
        # what was missed while nobody kept the schedule is made up for, once
        self.slot = moment if began is None or (newest and began < newest) else self._after(moment)
        self.due = self.slot

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.project.company.time_zone)

    def _after(self, moment: datetime) -> datetime:
        return next(slots(self.plan, self.zone, moment))

    def go(self) -> None:
        self._write()
        look_at = time.monotonic()
        while not self.ended.is_set():
            self._read()
            if self.clock() >= self.due:
                self._run()
            elif time.monotonic() >= look_at:
                look_at = time.monotonic() + self._look()
            left = (self.due - self.clock()).total_seconds()
            # the clock on the wall runs on while the computer sleeps, the one of a wait may not
            self.ended.wait(max(0.0, min(left, look_at - time.monotonic(), _LONGEST)))

    def _read(self) -> None:
        """Read the settings anew; the run itself says what is wrong with them."""
        try:
            self.project = load(self.project.folder)
        except RevalignError:
            return
        plan = self.given or self.project.schedule or self.plan
        if plan != self.plan:
            self.plan = plan
            self.slot = self.due = self._after(self.clock())
            self._write()

    def _run(self) -> None:
        began, started = self.clock(), time.monotonic()
        report, problems = RunReport(), list[str]()
        status: Status = "failed"
        try:
            self.project = load(self.project.folder)
        except RevalignError as error:  # the channels of the last settings that could be read are told
            problems = [str(error)]
            problems += self._tell(problems)
        try:
            if not problems:
                report = run(self.project, ended=self.ended.is_set)
                status = "cut short" if report.cut_short else "ok" if report.ok else "problems"
                problems = report.problems
        except RevalignError as error:  # it has told people
            if error.code == "REV-802":
                return self._put_off(began, error)
            problems = [str(error)]
        except Exception as error:  # noqa: BLE001 - the next run must come all the same
            problems = [str(InternalError(f"{type(error).__name__}: {error}"))]
            problems += self._tell(problems)
        self.late = False
        made = Ran(
            self.slot, began, status, round(time.monotonic() - started, 1),
            report.published.label if report.published else "", bool(report.published and report.published.is_new),
            sum(source.counts.read for source in report.sources), len(report.workbooks), len(report.sheets),
            tuple(redact(text) for text in problems),
        )  # fmt: skip
        return self._done(made)

    def _tell(self, problems: list[str]) -> list[str]:
        """Tell people; what could not be told to whom."""
        plugins = plugins_of(self.project).alert_channels if self.project.alerts.channels else None
        return tell_people(self.project, problems, plugins=plugins)

    def _put_off(self, began: datetime, error: RevalignError) -> None:
        """Another run is writing: try again soon, say so once, and tell people when the run after it is due as well."""
        following = self._after(max(self.slot, began))
        known = self.due != self.slot
        self.due = began + timedelta(seconds=PAUSE)
        if not known:
            self.ran(Ran(self.slot, began, "put off", problems=(str(error),), next=self.due))
        elif not self.late and began >= self._after(self.slot):
            self.late = True
            since = self.slot.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")
            text = f"The run of {since} still cannot begin: {error}"
            problems = (text, *self._tell([text]))
            self.ran(Ran(self.slot, began, "put off", problems=problems, next=following))

    def _done(self, made: Ran) -> None:
        self.slot = self.due = self._after(max(self.clock(), self.slot))
        made = replace(made, next=self.due)
        if made.status != "cut short":  # a run that was cut short is made up for
            self.last = made.as_json()
        if problem := self._write():
            made = replace(made, problems=(*made.problems, problem))
        self.ran(made)

    def _look(self) -> float:
        """Look for requests, unless somebody else does; how many seconds to wait before the next look."""
        try:
            self.carries = self.carries or self._is_free()
            done = round_of(self.project, self.told, self.boxes, self.ended.is_set) if self.carries else []
            self.boxes.tell("", [])
        except RevalignError as error:  # the list of requests cannot be written: the runs go on
            self.boxes.tell("", [Look("", problem=str(error))])
            return max(self.poll, PAUSE)
        return max(self.poll, PAUSE) if any(one.open for one in done) else self.poll

    def _is_free(self) -> bool:
        """Take over the requests for as long as the loop lives, unless somebody else carries them out."""
        with ExitStack() as attempt:
            if not attempt.enter_context(working(self.project.folder, 0)):
                return False
            self.held.enter_context(attempt.pop_all())
        return True

    def _write(self) -> str:
        """Write the state down; why that was not possible."""
        plan = {"minutes": self.plan.minutes, "at": [str(item) for item in self.plan.at], "days": list(self.plan.days)}
        content = json.dumps({"plan": plan, "last": dict(self.last)}, ensure_ascii=False, indent=1)
        try:
            save(content.encode(), self.project.folder / STATE_FILE)
        except RevalignError as error:
            return str(error)
        return ""
