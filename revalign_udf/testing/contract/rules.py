"""What a rule is: a named, documented test of a connector that can be skipped only with a written reason."""

from __future__ import annotations

import functools
import logging
import os
import unittest
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from revalign_udf.connector import Records, Rows
from revalign_udf.testing.pulling import Bench, Ground, PullResult
from revalign_udf.testing.vendor import Vendor
from revalign_udf.testing.watching import Watch

__all__ = [
    "RULES",
    "Broken",
    "Outcome",
    "Suite",
    "Trial",
    "campaign",
    "heavy_rule",
    "logged",
    "need",
    "plain",
    "read_of",
    "rule",
    "run_suite",
]

_S = TypeVar("_S", bound="Suite")

#: rule -> what it asks for, in the order in which they stand
RULES: dict[str, str] = {}


#: larger pages take their time to fill
_LARGE = 100


class Broken(AssertionError):
    """A connector breaks a rule."""


def need(truth: object, text: str) -> None:
    """Raise Broken with a text that says what is wrong, unless something is true."""
    if not truth:
        raise Broken(text)


def campaign() -> bool:
    """Whether rules are to try everything instead of a few cases."""
    return bool(os.environ.get("REVALIGN_CAMPAIGN"))


def rule(method: Callable[[_S], None]) -> Callable[[_S], None]:
    """Make a method a rule."""
    return _made(method, heavy=False)


def heavy_rule(method: Callable[[_S], None]) -> Callable[[_S], None]:
    """Make a method a rule that takes its time: where it is skipped it is not tried all the same."""
    return _made(method, heavy=True)


def _made(method: Callable[[_S], None], *, heavy: bool) -> Callable[[_S], None]:
    name = method.__name__
    RULES[name] = " ".join((method.__doc__ or "").split())

    @functools.wraps(method)
    def run(self: _S) -> None:
        reason = self.vendor.skips.get(name)
        if reason is None:
            try:
                method(self)
            except NotImplementedError as error:
                text = f"{self.vendor.__name__} does not offer what this rule needs ({error})."
                raise Broken(f"{text} Offer it, or name {name} in skips with the reason why it cannot apply.") from None
            return
        if not reason.strip():
            raise Broken(f"{name} is skipped without a reason. Write into skips why it cannot apply.")
        if not heavy:
            try:
                method(self)
            except Exception:  # noqa: BLE001 - in whatever way it does not hold, it is skipped
                raise unittest.SkipTest(f"the rule cannot apply: {reason}") from None
            raise Broken(f"{name} is skipped ({reason}), and it holds. Take it out of skips.")
        raise unittest.SkipTest(f"the rule cannot apply: {reason}")

    run.heavy = heavy  # type: ignore[attr-defined]
    return run


@dataclass(slots=True)
class Trial:
    """A vendor with some records, and a connection to it."""

    vendor: Vendor
    bench: Bench
    keys: list[str]

    def pull(self, watch: Watch | None = None) -> PullResult:
        """Pull, and need everything to have gone well."""
        result = self.bench.pull(watch)
        need(result.ok, f"The pull failed: {result.report.failures}")
        need(not result.report.counts.rejects, f"Records were refused: {result.report.counts.rejects[:3]}")
        return result


@dataclass(slots=True)
class Clean:
    """A first pull of a bit more than two pages to which nothing happened."""

    keys: list[str]
    """what the vendor was filled with"""
    secrets: list[str]
    vendor_strangers: list[str]
    """by which other names the vendor was called"""
    lines: list[str]
    """what libraries logged meanwhile"""
    result: PullResult
    rows: dict[str, dict[str, dict[str, Any]]]
    pages: list[int]
    """numbers (from 0) of the calls whose answers were handed over as records of the main stream"""

    def at(self, page: int) -> int:
        """The number of the call that brings a page."""
        if not self.pages:
            raise NotImplementedError("no call brings a page of the main stream")
        return self.pages[page]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[list[str]]:
    """What any library logs meanwhile, at the level INFO and above."""
    root, handler = logging.getLogger(), _Lines()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield handler.lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def read_of(result: PullResult, stream: str) -> int:
    """How many records of a stream a pull handed over."""
    return sum(
        len(message.records) if isinstance(message, Records) else len(message)
        for name, message, _ in result.watch.messages
        if name == stream and isinstance(message, Records | Rows)
    )


def plain(result: PullResult, bench: Bench) -> dict[str, dict[str, dict[str, Any]]]:
    """Live rows of every table by key, without what differs from one run to the next: addresses and names of connections."""
    names = {bench.vendor.api.base_url: "{base_url}", bench.name: "{connection}"}

    def without(value: Any) -> Any:
        if isinstance(value, str):
            for name, sign in names.items():
                value = value.replace(name, sign)
        return value

    return {
        table: {
            without(row["_key"]): {name: without(value) for name, value in row.items()} for row in result.rows(table)
        }
        for table in sorted(result.tables)
    }


class Suite:
    """The ground on which rules stand."""

    vendor: ClassVar[type[Vendor]]
    _ground: ClassVar[Ground | None] = None
    _clean: ClassVar[Clean | None] = None

    @classmethod
    def setup_class(cls) -> None:
        """A fresh store for the whole suite; every rule has connections of its own in it."""
        cls._ground, cls._clean = Ground(), None

    @classmethod
    def teardown_class(cls) -> None:
        """Remove the store."""
        if cls._ground is not None:
            cls._ground.close()
        cls._ground = cls._clean = None

    @property
    def many(self) -> int:
        """Records that fill two pages and begin another one; where pages are large, one and the next."""
        size = self.vendor.page_size
        return 2 * size + 1 if size <= _LARGE else size + 1

    def offered(self, handle: str) -> None:
        """Raise NotImplementedError where the vendor has not a handle of its own."""
        if getattr(self.vendor, handle) is getattr(Vendor, handle):
            raise NotImplementedError(handle)

    @contextmanager
    def trial(self, count: int = 0, **options: Any) -> Iterator[Trial]:
        """A fresh vendor with so many records, and a fresh connection to it."""
        with self.vendor() as vendor:
            keys = vendor.fill(count) if count else []
            with Bench(vendor, ground=self._ground, **options) as bench:
                yield Trial(vendor, bench, keys)

    def clean(self) -> Clean:
        """A pull of ``many`` records without trouble. Done once."""
        cls = type(self)
        if cls._clean is None:
            with self.trial(self.many) as trial, logged() as lines:
                result = trial.pull()
                main = [
                    calls - 1
                    for stream, message, calls in result.watch.messages
                    if stream == self.vendor.main and isinstance(message, Records | Rows) and calls
                ]
                rows = plain(result, trial.bench)
                strangers, secrets = (
                    trial.vendor.api.strangers,
                    [item for item in trial.vendor.secrets() if len(item) > 3],
                )
                cls._clean = Clean(trial.keys, secrets, strangers, lines, result, rows, list(dict.fromkeys(main)))
        return cls._clean

    def same(self, trial: Trial, result: PullResult, after: str) -> None:
        """Need the rows to be those of a pull without trouble."""
        expected, found = self.clean().rows, plain(result, trial.bench)
        for table in sorted({*expected, *found}):
            want, have = expected.get(table, {}), found.get(table, {})
            missing, extra = sorted(want.keys() - have.keys()), sorted(have.keys() - want.keys())
            need(not missing, f"{after}: {len(missing)} rows of {table} are missing, {missing[:3]} among them.")
            need(not extra, f"{after}: {table} has rows that do not belong there, {extra[:3]} among them.")
            for key, row in want.items():
                other = {name: (value, have[key][name]) for name, value in row.items() if have[key][name] != value}
                need(not other, f"{after}: the row {key} of {table} differs (without trouble, now): {other}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule."""

    rule: str
    status: Literal["pass", "fail", "skip"]
    text: str = ""
    """why it failed or was skipped"""

    def as_json(self) -> Mapping[str, str]:
        """The stable JSON form."""
        return {"rule": self.rule, "status": self.status, "text": self.text}


def run_suite(suite: type[Suite], told: Callable[[Outcome], None] = lambda _outcome: None) -> list[Outcome]:
    """Run every rule of a suite without pytest; ``told`` hears of each as it ends."""
    outcomes = []
    suite.setup_class()
    try:
        for name in RULES:
            outcome = _outcome(suite, name)
            outcomes.append(outcome)
            told(outcome)
    finally:
        suite.teardown_class()
    return outcomes


def _outcome(suite: type[Suite], name: str) -> Outcome:
    try:
        getattr(suite(), name)()
    except unittest.SkipTest as skipped:
        return Outcome(name, "skip", str(skipped))
    except Broken as error:
        return Outcome(name, "fail", str(error))
    except Exception as error:  # noqa: BLE001 - a connector or its fake may fail in any way
        return Outcome(name, "fail", f"{type(error).__name__}: {error}")
    return Outcome(name, "pass")
