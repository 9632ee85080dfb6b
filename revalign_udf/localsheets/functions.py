"""Functions of formulas: sums, counts, conditions and numbers; the table they all stand in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from revalign_udf.localsheets.book import Scalar
from revalign_udf.localsheets.expressions import (
    Area,
    CellError,
    Frame,
    Run,
    Value,
    compared,
    number,
    raised,
    single,
    text,
)

__all__ = ["FUNCTIONS", "MANY", "Arguments", "all_of", "area_of", "call", "clean", "function"]

Arguments = Sequence[Callable[[], Value]]


class _Known(NamedTuple):
    work: Callable[..., Value]
    least: int
    most: int
    #: gets its arguments unread, so that the branch not taken is never worked out
    lazy: bool


FUNCTIONS: dict[str, _Known] = {}
MANY = 255


def function(
    name: str, least: int = 1, most: int | None = None, *, lazy: bool = False
) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Puts a function into the table, under one name or several: ``least`` to ``most`` arguments."""

    def keep(work: Callable[..., Value]) -> Callable[..., Value]:
        for one in name.split():
            FUNCTIONS[one] = _Known(work, least, least if most is None else most, lazy)
        return work

    return keep


def call(name: str, frame: Frame, given: Sequence[Run | None]) -> Value:
    """A function's result.

    Raises:
        CellError: ``#NAME?`` unknown, ``#N/A`` a wrong number of arguments, or what the function says.
    """
    known = FUNCTIONS.get(name)
    if known is None:
        if name in {"ROW", "COLUMN"} and not given:
            return float((frame.row if name == "ROW" else frame.column) + 1)
        raise CellError("#NAME?")
    if not known.least <= len(given) <= known.most:
        raise CellError("#N/A")
    if known.lazy:
        return known.work([(lambda run=run: None if run is None else run(frame)) for run in given])
    return known.work(*[None if run is None else run(frame) for run in given])


def clean(value: Scalar | CellError) -> Scalar:
    """A value of a range. Raises CellError when it is an error."""
    if isinstance(value, CellError):
        raise value
    return value


def all_of(values: Sequence[Value]) -> Iterator[Scalar]:
    """Every single value, ranges taken apart. Raises the first error among them."""
    for value in values:
        if isinstance(value, Area):
            for item in value:
                yield clean(item)
        else:
            yield value


def _numbers(values: Sequence[Value]) -> list[float]:
    """The numbers; text, truth and blanks of a range do not count, as in a sheet."""
    found: list[float] = []
    for value in values:
        if isinstance(value, Area):
            for item in value:
                if type(item) is float or type(item) is int:
                    found.append(item)
                elif isinstance(item, CellError):
                    raise item
        elif value is not None:
            found.append(number(value))
    return found


# --- sums and counts -------------------------------------------------------------------------------------------------


@function("SUM", 1, MANY)
def _sum(*values: Value) -> Value:
    return math.fsum(_numbers(values))


@function("AVERAGE", 1, MANY)
def _average(*values: Value) -> Value:
    found = _numbers(values)
    if not found:
        raise CellError("#DIV/0!")
    return math.fsum(found) / len(found)


@function("MEDIAN", 1, MANY)
def _median(*values: Value) -> Value:
    found = sorted(_numbers(values))
    if not found:
        raise CellError("#NUM!")
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


@function("MIN", 1, MANY)
def _min(*values: Value) -> Value:
    return min(_numbers(values), default=0.0)


@function("MAX", 1, MANY)
def _max(*values: Value) -> Value:
    return max(_numbers(values), default=0.0)


@function("PRODUCT", 1, MANY)
def _product(*values: Value) -> Value:
    found = _numbers(values)
    return math.prod(found) if found else 0.0


def _countable(value: Scalar | CellError) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@function("COUNT", 1, MANY)
def _count(*values: Value) -> Value:
    items = [item for value in values for item in (value if isinstance(value, Area) else (value,))]
    return float(sum(1 for item in items if _countable(item)))


@function("COUNTA", 1, MANY)
def _counta(*values: Value) -> Value:
    items = [item for value in values for item in (value if isinstance(value, Area) else (value,))]
    return float(sum(1 for item in items if item is not None))


@function("COUNTBLANK")
def _countblank(value: Value) -> Value:
    return float(sum(1 for item in (value if isinstance(value, Area) else (value,)) if item in {None, ""}))


@function("SUMPRODUCT", 1, MANY)
def _sumproduct(*values: Value) -> Value:
    areas = [value.rows if isinstance(value, Area) else [[value]] for value in values]
    if len({(len(rows), len(rows[0]) if rows else 0) for rows in areas}) != 1:
        raise CellError("#VALUE!")
    flat = [[clean(item) for row in rows for item in row] for rows in areas]
    return math.fsum(
        math.prod(float(item) if _countable(item) else 0.0 for item in line) for line in zip(*flat, strict=True)
    )


_SUBTOTALS = {1: _average, 2: _count, 3: _counta, 4: _max, 5: _min, 6: _product, 9: _sum}


@function("SUBTOTAL", 2, MANY)
def _subtotal(kind: Value, *values: Value) -> Value:
    work = _SUBTOTALS.get(int(number(kind)) % 100)
    if work is None:
        raise CellError("#VALUE!")
    return work(*values)


# --- conditions ------------------------------------------------------------------------------------------------------

_CRITERION = re.compile(r"^(<=|>=|<>|=|<|>)?(.*)$", re.DOTALL)


def _criterion(wanted: Value) -> Callable[[Scalar | CellError], bool]:
    """What SUMIF and its kin mean by ``">5"``, ``"a*"`` or a plain value."""
    value = single(wanted)
    if not isinstance(value, str):
        return lambda item: not isinstance(item, CellError) and item is not None and compared("=", item, value)
    found = _CRITERION.match(value)
    op, rest = (found[1] or "=", found[2]) if found else ("=", value)
    try:
        limit: Scalar = float(rest)
    except ValueError:
        limit = {"TRUE": True, "FALSE": False}.get(rest.upper(), rest)
    if isinstance(limit, str) and op in {"=", "<>"}:
        shape = re.escape(limit.lower()).replace(r"\*", ".*").replace(r"\?", ".")
        same = re.compile(shape, re.DOTALL)
        return lambda item: (
            not isinstance(item, CellError) and (same.fullmatch(text(item).lower()) is not None) == (op == "=")
        )

    def test(item: Scalar | CellError) -> bool:
        if isinstance(item, CellError) or (item is None and op != "<>"):
            return False
        if op not in {"=", "<>"} and isinstance(item, str) != isinstance(limit, str):
            return False
        return compared(op, item, limit)

    return test


def area_of(value: Value) -> Area:
    """A value as a range."""
    return value if isinstance(value, Area) else Area([[value]])


def _picked(values: Area, pairs: Sequence[Value]) -> list[Scalar | CellError]:
    """The values at whose place every condition holds; the shapes must match."""
    items = list(values)
    if len(pairs) % 2:
        raise CellError("#N/A")
    keep = [True] * len(items)
    for at in range(0, len(pairs), 2):
        looked, test = list(area_of(pairs[at])), _criterion(pairs[at + 1])
        if len(looked) != len(items):
            raise CellError("#VALUE!")
        keep = [kept and test(item) for kept, item in zip(keep, looked, strict=True)]
    return [item for item, kept in zip(items, keep, strict=True) if kept]


def _paired(values: Value, looked: Area) -> Area:
    """The range to add up beside a range looked at; cut to its size, as SUMIF does."""
    rows = area_of(values).rows
    return Area([row[: len(looked.rows[0])] for row in rows[: len(looked.rows)]])


@function("SUMIF", 2, 3)
def _sumif(looked: Value, wanted: Value, values: Value = None) -> Value:
    area = area_of(looked)
    return math.fsum(_numbers([Area([_picked(_paired(values, area) if values is not None else area, [area, wanted])])]))


@function("AVERAGEIF", 2, 3)
def _averageif(looked: Value, wanted: Value, values: Value = None) -> Value:
    area = area_of(looked)
    return _average(Area([_picked(_paired(values, area) if values is not None else area, [area, wanted])]))


@function("COUNTIF", 2)
def _countif(looked: Value, wanted: Value) -> Value:
    return float(len(_picked(area_of(looked), [looked, wanted])))


@function("SUMIFS", 3, MANY)
def _sumifs(values: Value, *pairs: Value) -> Value:
    return math.fsum(_numbers([Area([_picked(area_of(values), pairs)])]))


@function("AVERAGEIFS", 3, MANY)
def _averageifs(values: Value, *pairs: Value) -> Value:
    return _average(Area([_picked(area_of(values), pairs)]))


@function("COUNTIFS", 2, MANY)
def _countifs(*pairs: Value) -> Value:
    return float(len(_picked(area_of(pairs[0]), pairs)))


@function("IF", 2, 3, lazy=True)
def _if(given: Arguments) -> Value:
    if number(given[0]()):
        return given[1]()
    return given[2]() if len(given) > 2 else False


@function("IFS", 2, MANY, lazy=True)
def _ifs(given: Arguments) -> Value:
    for at in range(0, len(given) - 1, 2):
        if number(given[at]()):
            return given[at + 1]()
    raise CellError("#N/A")


@function("IFERROR", 1, 2, lazy=True)
def _iferror(given: Arguments) -> Value:
    try:
        found = given[0]()
        return single(found) if isinstance(found, Area) and len(found.rows) == 1 == len(found.rows[0]) else found
    except CellError:
        return given[1]() if len(given) > 1 else None


@function("IFNA", 2, lazy=True)
def _ifna(given: Arguments) -> Value:
    try:
        return given[0]()
    except CellError as problem:
        if problem.shown != "#N/A":
            raise
        return given[1]()


def _failed(given: Arguments) -> str:
    try:
        single(given[0]())
    except CellError as problem:
        return problem.shown
    return ""


@function("ISERROR", lazy=True)
def _iserror(given: Arguments) -> Value:
    return bool(_failed(given))


@function("ISNA", lazy=True)
def _isna(given: Arguments) -> Value:
    return _failed(given) == "#N/A"


@function("ISBLANK")
def _isblank(value: Value) -> Value:
    return single(value) is None


@function("ISNUMBER")
def _isnumber(value: Value) -> Value:
    return _countable(single(value))


@function("ISTEXT")
def _istext(value: Value) -> Value:
    return isinstance(single(value), str)


@function("NA", 0)
def _na() -> Value:
    raise CellError("#N/A")


def _truths(values: Sequence[Value]) -> list[bool]:
    return [bool(number(item)) for item in all_of(values) if item is not None and not isinstance(item, str)]


@function("AND", 1, MANY)
def _and(*values: Value) -> Value:
    return all(_truths(values))


@function("OR", 1, MANY)
def _or(*values: Value) -> Value:
    return any(_truths(values))


@function("NOT")
def _not(value: Value) -> Value:
    return not number(value)


# --- numbers ---------------------------------------------------------------------------------------------------------


def _rounded(value: Value, places: Value, how: Callable[[float], float]) -> float:
    amount, digits = number(value), int(number(places))
    factor = 10.0 ** abs(digits)
    scaled = abs(amount) * factor if digits >= 0 else abs(amount) / factor
    # 1.005 * 100 is 100.49999999999999: what a person reads decides, not the noise beneath it.
    steps = how(float(f"{scaled:.15g}"))
    return math.copysign(steps / factor if digits >= 0 else steps * factor, amount)


@function("ROUND", 1, 2)
def _round(value: Value, places: Value = None) -> Value:
    return _rounded(value, places, lambda scaled: math.floor(scaled + 0.5))


@function("ROUNDUP", 1, 2)
def _roundup(value: Value, places: Value = None) -> Value:
    return _rounded(value, places, math.ceil)


@function("ROUNDDOWN TRUNC", 1, 2)
def _rounddown(value: Value, places: Value = None) -> Value:
    return _rounded(value, places, math.floor)


@function("INT")
def _int(value: Value) -> Value:
    return float(math.floor(number(value)))


@function("ABS")
def _abs(value: Value) -> Value:
    return abs(number(value))


@function("SIGN")
def _sign(value: Value) -> Value:
    amount = number(value)
    return float((amount > 0) - (amount < 0))


@function("SQRT")
def _sqrt(value: Value) -> Value:
    amount = number(value)
    if amount < 0:
        raise CellError("#NUM!")
    return math.sqrt(amount)


@function("POWER", 2)
def _power(base: Value, exponent: Value) -> Value:
    return raised(number(base), number(exponent))


@function("MOD", 2)
def _mod(value: Value, divisor: Value) -> Value:
    by = number(divisor)
    if by == 0:
        raise CellError("#DIV/0!")
    return math.fmod(math.fmod(number(value), by) + by, by)


@function("N")
def _n(value: Value) -> Value:
    found = single(value)
    return 0.0 if isinstance(found, str) else number(found)
