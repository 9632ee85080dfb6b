"""Functions of formulas: look-ups, text and dates. With them the table is complete; other names show ``#NAME?``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from revalign_udf.localsheets.book import Scalar
from revalign_udf.localsheets.expressions import Area, CellError, Value, compared, number, single, text
from revalign_udf.localsheets.formats import from_serial, to_serial
from revalign_udf.localsheets.functions import FUNCTIONS, MANY, Arguments, all_of, area_of, call, clean, function

__all__ = ["FUNCTIONS", "call"]


# --- look-ups --------------------------------------------------------------------------------------------------------


def _found(area: Area, column: int, wanted: Scalar) -> int:
    """The first row whose cell in a column is a value. Kept, so that thousands of look-ups into one range are quick."""
    if column not in area.index:
        kept: dict[object, int] = {}
        for at, row in enumerate(area.rows):
            item = row[column]
            if not isinstance(item, CellError) and item is not None:
                kept.setdefault(_key(item), at)
        area.index[column] = kept
    found = area.index[column].get(_key(wanted))
    if found is None:
        raise CellError("#N/A")
    return found


def _key(value: Scalar) -> object:
    if isinstance(value, bool):
        return ("truth", value)
    return value.lower() if isinstance(value, str) else float(value or 0)


def _nearest(items: Sequence[Scalar | CellError], wanted: Scalar, *, falling: bool = False) -> int:
    """The last of sorted values that does not lie beyond the wanted one."""
    best = -1
    for at, item in enumerate(items):
        if isinstance(item, CellError) or item is None or isinstance(item, str) != isinstance(wanted, str):
            continue
        if compared(">=" if falling else "<=", item, wanted):
            best = at
        else:
            break
    if best < 0:
        raise CellError("#N/A")
    return best


@function("VLOOKUP", 3, 4)
def _vlookup(wanted: Value, looked: Value, column: Value, is_sorted: Value = True) -> Value:
    area, at, value = area_of(looked), int(number(column)) - 1, single(wanted)
    if not area.rows or not 0 <= at < len(area.rows[0]):
        raise CellError("#REF!" if at >= 0 else "#VALUE!")
    nearest = is_sorted is not None and bool(number(is_sorted))
    row = _nearest([line[0] for line in area.rows], value) if nearest else _found(area, 0, value)
    return clean(area.rows[row][at])


@function("HLOOKUP", 3, 4)
def _hlookup(wanted: Value, looked: Value, row: Value, is_sorted: Value = True) -> Value:
    turned = Area([list(line) for line in zip(*area_of(looked).rows, strict=True)])
    return _vlookup(wanted, turned, row, is_sorted)


def _line(value: Value) -> Area:
    """A row or a column as a column."""
    area = area_of(value)
    if len(area.rows) == 1 and len(area.rows[0]) > 1:
        return Area([[item] for item in area.rows[0]])
    if any(len(row) > 1 for row in area.rows):
        raise CellError("#N/A")
    return area


@function("MATCH", 2, 3)
def _match(wanted: Value, looked: Value, kind: Value = 1.0) -> Value:
    area, how, value = _line(looked), number(kind), single(wanted)
    if how == 0:
        return float(_found(area, 0, value) + 1)
    return float(_nearest([row[0] for row in area.rows], value, falling=how < 0) + 1)


@function("INDEX", 1, 3)
def _index(looked: Value, row: Value = None, column: Value = None) -> Value:
    area = area_of(looked)
    down, across = int(number(row)), int(number(column))
    if column is None and len(area.rows) == 1:
        down, across = 1, down
    down = down or (1 if len(area.rows) == 1 else 0)
    across = across or (1 if area.rows and len(area.rows[0]) == 1 else 0)
    if down > len(area.rows) or (area.rows and across > len(area.rows[0])) or down < 0 or across < 0:
        raise CellError("#NUM!")
    rows = area.rows[down - 1 : down] if down else area.rows
    cut = [line[across - 1 : across] if across else line for line in rows]
    if len(cut) == 1 and len(cut[0]) == 1:
        return clean(cut[0][0])
    return Area(cut)


@function("XLOOKUP", 3, 4, lazy=True)
def _xlookup(given: Arguments) -> Value:
    wanted, looked, results = single(given[0]()), _line(given[1]()), _line(given[2]())
    if len(looked.rows) != len(results.rows):
        raise CellError("#VALUE!")
    try:
        return clean(results.rows[_found(looked, 0, wanted)][0])
    except CellError as problem:
        if problem.shown != "#N/A" or len(given) < 4:
            raise
        return given[3]()


@function("ROWS")
def _rows(value: Value) -> Value:
    return float(len(area_of(value).rows))


@function("COLUMNS")
def _columns(value: Value) -> Value:
    return float(len(area_of(value).rows[0]))


# --- text ------------------------------------------------------------------------------------------------------------


@function("CONCATENATE CONCAT", 1, MANY)
def _concatenate(*values: Value) -> Value:
    return "".join(text(item) for item in all_of(values))


@function("JOIN", 2, MANY)
def _join(mark: Value, *values: Value) -> Value:
    return text(single(mark)).join(text(item) for item in all_of(values))


@function("LEN")
def _len(value: Value) -> Value:
    return float(len(text(single(value))))


@function("LEFT", 1, 2)
def _left(value: Value, count: Value = 1.0) -> Value:
    return text(single(value))[: max(int(number(count)), 0)]


@function("RIGHT", 1, 2)
def _right(value: Value, count: Value = 1.0) -> Value:
    wanted = max(int(number(count)), 0)
    return text(single(value))[-wanted:] if wanted else ""


@function("MID", 3)
def _mid(value: Value, start: Value, count: Value) -> Value:
    first = int(number(start)) - 1
    if first < 0:
        raise CellError("#NUM!")
    return text(single(value))[first : first + max(int(number(count)), 0)]


@function("UPPER")
def _upper(value: Value) -> Value:
    return text(single(value)).upper()


@function("LOWER")
def _lower(value: Value) -> Value:
    return text(single(value)).lower()


@function("TRIM")
def _trim(value: Value) -> Value:
    return " ".join(text(single(value)).split())


@function("VALUE")
def _value(value: Value) -> Value:
    return number(value)


@function("HYPERLINK", 1, 2)
def _hyperlink(address: Value, label: Value = None) -> Value:
    return single(label) if label is not None else text(single(address))


# --- dates -----------------------------------------------------------------------------------------------------------


def _date_of(value: Value) -> dt.datetime:
    try:
        return from_serial(number(value))
    except OverflowError:
        raise CellError("#NUM!") from None


@function("DATE", 3)
def _date(year: Value, month: Value, day: Value) -> Value:
    years, months = divmod(int(number(month)) - 1, 12)
    try:
        first = dt.date(int(number(year)) + years, months + 1, 1)
        return to_serial(first + dt.timedelta(days=int(number(day)) - 1))
    except (OverflowError, ValueError):
        raise CellError("#NUM!") from None


@function("YEAR")
def _year(value: Value) -> Value:
    return float(_date_of(value).year)


@function("MONTH")
def _month(value: Value) -> Value:
    return float(_date_of(value).month)


@function("DAY")
def _day(value: Value) -> Value:
    return float(_date_of(value).day)


@function("EDATE", 2)
def _edate(value: Value, months: Value) -> Value:
    start = _date_of(value)
    first = number(_date(float(start.year), start.month + number(months), 1.0))
    last = number(_eomonth(first, 0.0))
    return min(first + start.day - 1, last)


@function("EOMONTH", 2)
def _eomonth(value: Value, months: Value) -> Value:
    start = _date_of(value)
    return number(_date(float(start.year), start.month + number(months) + 1, 1.0)) - 1


@function("TODAY", 0)
def _today() -> Value:
    return to_serial(dt.datetime.now(dt.UTC).date())
