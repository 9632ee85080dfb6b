"""Rules about clocks that go wrong, time zones, and nights with 23 or 25 hours."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from revalign_udf.canonical import TABLES
from revalign_udf.connector import CanonicalRow, Records
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.values import instant
from revalign_udf.errors import BadRecord
from revalign_udf.testing.contract.rules import Suite, need, rule
from revalign_udf.testing.pulling import PullResult

__all__ = ["Clocks"]

#: half past one in New York, twice in one night, and the hour that does not exist
_NIGHT = (
    datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
)
_Path = tuple[str | int, ...]


class Clocks(Suite):
    """Clocks that go wrong, time zones, and nights with 23 or 25 hours."""

    @rule
    def test_our_clock_ahead_loses_nothing(self) -> None:
        """A pull while our clock is a day ahead does not hide what changes at the vendor's afterwards."""
        self._skewed(timedelta(days=1))

    @rule
    def test_our_clock_behind_loses_nothing(self) -> None:
        """After a pull with our clock years behind, the next one with the right time has every record."""
        self._skewed(timedelta(days=-3650))

    @rule
    def test_instants_are_the_same_in_every_time_zone(self) -> None:
        """The company's time zone and this computer's decide the day something falls on, never the moment."""
        with self.trial(3) as trial:
            here = _instants(trial.pull())
        need(here, "No row holds an instant.")
        with _computer_in("America/New_York"), self.trial(3, time_zone="Pacific/Auckland") as trial:
            there = _instants(trial.pull())
        for place, moment in here.items():
            need(there.get(place) == moment, f"{place} is {moment} here and {there.get(place)} in Auckland.")

    @rule
    def test_nights_with_23_or_25_hours(self) -> None:
        """Moments an hour apart stay so in the night in which clocks are put back or forward."""
        record = next(
            (
                record
                for _, message, _ in self.clean().result.watch.messages
                if isinstance(message, Records) and message.stream == self.vendor.main
                for record in message.records
            ),
            None,
        )
        if record is None:
            raise NotImplementedError("raw records of the main stream")
        with _computer_in("America/New_York"):
            places = self._places(record)
            if not places:
                raise NotImplementedError("a moment with its offset in a record")
            for path, (table, number, column) in places.items():
                for moment in _NIGHT:
                    changed = _replaced(record, path, _written(_value(record, path), moment))
                    row = self._rows(changed)[number][1]
                    found = parsed(str(instant(row.get(column))))
                    need(found == moment, f"{table}.{column}: {moment} became {found}.")

    def _skewed(self, shift: timedelta) -> None:
        with self.trial(3) as trial:
            trial.bench.shift = shift
            trial.bench.pull()
            trial.bench.shift = timedelta()
            keys = [*trial.keys, *trial.vendor.fill(1)]
            missing = set(keys) - trial.pull().keys(self.vendor.table)
            need(not missing, f"With our clock off by {shift} the next pull misses {sorted(missing)}.")

    def _rows(self, record: Mapping[str, Any]) -> list[CanonicalRow]:
        return list(self.vendor.connector.map(self.vendor.main, record, {}))

    def _places(self, record: Mapping[str, Any]) -> dict[_Path, tuple[str, int, str]]:
        """Values of a record that are moments, and the instants they become: path -> (table, row, column)."""
        found: dict[_Path, tuple[str, int, str]] = {}
        rows = self._rows(record)
        for path, value in _leaves(record):
            moment = _moment(value)
            if moment is None:
                continue
            probe = _written(value, moment + timedelta(seconds=7))
            try:
                moved = self._rows(_replaced(record, path, probe))
            except Exception:  # noqa: BLE001, S112 - a value of another meaning
                continue
            if len(moved) != len(rows):
                continue
            for number, (table, row) in enumerate(moved):
                if table not in TABLES or rows[number][0] != table:
                    continue
                for column in TABLES[table].of_kind("instant"):
                    if (
                        _moment(row.get(column))
                        == moment + timedelta(seconds=7)
                        != _moment(rows[number][1].get(column))
                    ):
                        found.setdefault(path, (table, number, column))
        return found


def _instants(result: PullResult) -> dict[str, datetime]:
    return {
        f"{table}.{column} of {row['_key']}": row[column]
        for table in result.tables
        for row in result.rows(table)
        for column in TABLES[table].of_kind("instant")
        if row[column] is not None and "{" not in row["_key"]
    }


def _moment(value: object) -> datetime | None:
    """A value as a moment with its offset: ISO text, or seconds or milliseconds of this century."""
    if isinstance(value, bool) or value is None or isinstance(value, Mapping | list):
        return None
    try:
        text = instant(value)
    except BadRecord:
        return None
    if not text or len(text) < 19:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo and found.year >= 2000 else None


def _written(like: object, moment: datetime) -> Any:
    """A moment in the form in which a vendor wrote another one."""
    seconds = int(moment.timestamp())
    text = str(like)
    if text.replace(".", "", 1).isdigit():
        number = seconds * 1000 if len(text.partition(".")[0]) > 11 else seconds
        return str(number) if isinstance(like, str) else number
    if text.endswith("Z"):
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return moment.isoformat()


def _leaves(value: Any, path: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    else:
        yield path, value


def _value(record: Any, path: _Path) -> Any:
    for step in path:
        record = record[step]
    return record


def _replaced(value: Any, path: _Path, new: Any) -> Any:
    if not path:
        return new
    step, *rest = path
    if isinstance(value, Mapping):
        return {**value, step: _replaced(value[step], tuple(rest), new)}
    return [_replaced(item, tuple(rest), new) if number == step else item for number, item in enumerate(value)]


@contextmanager
def _computer_in(zone: str) -> Iterator[None]:
    """This computer's own time zone, where the system lets a process change it."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    if hasattr(time, "tzset"):
        time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        if hasattr(time, "tzset"):
            time.tzset()
