"""Generated calls through every way into Excel: the same cells to the last bit, whatever the cells hold.

A call comes from the declared kinds of a function's arguments, filled with the cells people have: numbers of every size,
blanks, numbers stored as text, headings, error cells, dates. Where the answer is simple an oracle that shares no code with
the functions reckons it from the same cells.
"""

import json
import random
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from beside import campaign, load
from tools import program

from revalign_udf.excel.classic import FILTER_PAIRS, LONGEST_TEXT, udf_name
from revalign_udf.excel.codes import text_of
from revalign_udf.excel.office import assets
from revalign_udf.excel.office.metadata import function_id, shapes
from revalign_udf.functions import call_cell, registry, session
from revalign_udf.functions.arguments import Argument
from revalign_udf.workbook.engine import Engine

HERE = Path(__file__).parent
ROUTES, ENGINE = (load(HERE / name) for name in ("routes.py", "test_engine.py"))
COM = load(HERE.parent / "excel" / "com.py")
SERVER = load(HERE.parent / "server" / "conftest.py")

Call = tuple[str, list[Any]]
SEEDS = campaign(range(20))
#: calls per function and seed
TIMES = 8

NUMBERS = (
    0,
    -0.0,
    1,
    2,
    3,
    12,
    100,
    0.1,
    0.2,
    1 / 3,
    12.345678,
    1e-9,
    5e-324,
    1e16,
    2.0**53 + 2,
    1e308,
    -5,
    -0.01,
    1234.56,
)
TEXT_NUMBERS = ("12.5", " 12.5 ", "1,250", "5 %", "１２", "1e3", "2026", "EUR 5", "½", "-", "n/a", "−5")
BLANKS = (None, None, "", "  ", "\u00a0")
ERRORS = ("#N/A", "#DIV/0!", "#VALUE!", "#NUM!", "#NULL!")
LABELS = ("Acme", "acme", "Bolt", "Zoë", "Zoe\u0308", "客户", "A\u00a0B", "A B", "x" * 300, "0", 7, "Ω")
DATES = (46023, 46054.5, 46082, "2026-03-01", "2026-03-05 10:00", "2026-02-30", 0, 5, "Sep 5 2026", "soon")
PERIODS = (
    46023,
    46054,
    46082.75,
    "2026-01",
    "2026-02",
    "2026-03 ",
    "2026-Q1",
    2026,
    202609,
    "Sep 2026",
    "2026/09",
    "Q3 2026",
)
METRICS = ("mrr", "MRR ", "nrr", "logo_churn", "customers", "cac", "nnr", "arr\u00a0", 0, None, "new_mrr")
SNAPSHOT_PERIODS = (
    "2026-03",
    "2026-06",
    46082,
    46100.5,
    2026,
    "2026-Q1",
    "fy27-q1",
    "LTM",
    "2026/03",
    202603,
    None,
    "1999-01",
    "YTD",
)
PAIRS = (
    "segment",
    "smb",
    "SMB ",
    "ent",
    "country",
    "DE",
    "customer",
    None,
    0,
    "",
    "show",
    "compare",
    "previous",
    "lag",
    "tpyo",
)
WEEKS = ("24x7", "Mon-Fri 09:00-17:00", "Mon-Fri 09:00-17:00 Europe/Stockholm", "nonsense", None, 0)


def _cell(chance: random.Random, plain: tuple[Any, ...]) -> Any:
    place = chance.random()
    if place < 0.85:
        return chance.choice(plain)
    return chance.choice(BLANKS if place < 0.95 else (True, False, *ERRORS, *TEXT_NUMBERS, 46266))


def _range(chance: random.Random, plain: tuple[Any, ...], count: int, heading: str, headed: bool) -> Any:
    """A column, a row or (of one cell) sometimes a value; now and then one cell too many."""
    cells = [_cell(chance, plain) for _ in range(max(1, count + (chance.random() < 0.03)))]
    if chance.random() < 0.1:
        cells[-1] = chance.choice(("Total", *TEXT_NUMBERS, *BLANKS))
    if headed:
        cells.insert(0, heading)
    if len(cells) == 1 and chance.random() < 0.5:
        return cells[0]
    return [cells] if chance.random() < 0.2 else [[cell] for cell in cells]


def argument(chance: random.Random, declared: Argument, count: int, headed: bool) -> Any:
    """Cells for one argument; ``count`` and ``headed`` are those of the ranges beside it."""
    kind, name = declared.kind, declared.name
    if declared.optional and chance.random() < 0.4:
        return None
    if declared.enum and kind in ("text", "choice"):
        return _cell(chance, (*declared.enum, declared.enum[0].upper() + " ", "typo"))
    lists: Mapping[str, tuple[Any, ...]] = {
        "amount": NUMBERS[:-3], "loss": NUMBERS, "column": NUMBERS, "beside": NUMBERS, "factors": (1, 2, 0.5, 0),
        "answers": (0, 10, 9, 8, 6, 10, 7), "texts": (*declared.enum, "month"), "labels": LABELS,
        "flags": (True, False, "yes", 1, 0, "ja"),
        "instants": DATES[:5], "days": DATES, "names": METRICS, "periods": SNAPSHOT_PERIODS,
    }  # fmt: skip
    if kind in lists:
        spread = kind in ("factors", "texts", "flags") and chance.random() < 0.3
        return _range(chance, lists[kind], 1 if spread else count, name, headed and not spread)
    if kind == "cells":
        plain = {"customer": LABELS[:6], "period": PERIODS[: chance.choice((3, 6, 12))], "touch_dates": DATES[:5],
                 "channels": LABELS}.get(name, (0, 1, 2.5, 100, 0.1))  # fmt: skip
        return [[name] * headed + [_cell(chance, plain) for _ in range(count)]] if chance.random() < 0.2 else [
            [cell] for cell in [name] * headed + [_cell(chance, plain) for _ in range(count)]
        ]  # fmt: skip
    single: Mapping[str, tuple[Any, ...]] = {
        "number": (*NUMBERS, *TEXT_NUMBERS[:2]), "day": (*DATES, "2026-06-30"), "period": SNAPSHOT_PERIODS,
        "text": METRICS if name in ("metric", "a", "b") else WEEKS if name == "business_hours" else PAIRS,
    }  # fmt: skip
    return _cell(chance, single[kind])


def generated(seed: int, *, snapshot: bool) -> list[Call]:
    """Calls of every function; a cell of Excel can make all of them."""
    chance = random.Random(f"{seed} {snapshot}")
    found: list[Call] = []
    for name, function in registry().items():
        if function.snapshot != snapshot:
            continue
        for _ in range(TIMES):
            count, headed = chance.choice((1, 2, 3, 6)), chance.random() < 0.3
            given = [argument(chance, one, count, headed) for one in function.arguments if not one.repeating]
            if function.arguments and function.arguments[-1].repeating:
                pairs = [chance.choice(PAIRS) for _ in range(2 * chance.choice((0, 0, 1, 2, FILTER_PAIRS)))]
                given += [[[*pairs[:2]], ["segment", "smb"]]] if len(pairs) == 2 and chance.random() < 0.5 else pairs
            found.append((name, given))
    return found


def as_row(call: Call, answer: Mapping[str, Any]) -> Any:
    """The call with the registry's answer as what every other way must show."""
    kind, expected = ("error", answer["error"]) if "error" in answer else ("cell", answer["cell"])
    if call[0] == "PERIOD" and kind == "cell":  # Excel gets the serial number
        expected = date.fromisoformat(expected)
    code = str(answer.get("message", "")).partition(" ")[0]
    return ROUTES.Row("fuzz", 0, call[0], tuple(call[1]), kind, expected, code, repr(call[1])[:300], ())


def calls_of(seed: int, *, ranges_only: bool = False) -> list[Call]:
    ranges = generated(seed, snapshot=False)
    return ranges if ranges_only else ranges + generated(seed, snapshot=True)


def asked(seed: int, *, ranges_only: bool = False) -> list[Any]:
    return [as_row(call, call_cell(*call)) for call in calls_of(seed, ranges_only=ranges_only)]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_ends_without_a_code_and_most_calls_mean_something(golden: Path, seed: int) -> None:
    with session.using(golden):
        rows = asked(seed)
    for row in rows:
        assert row.kind == "cell" or (row.code.startswith("REV-") and row.code != "REV-901"), row.title
    assert sum(row.kind == "cell" for row in rows) > len(rows) // 8


def cut(row: Any) -> Any:
    """The row with the long texts of a table cut, which VBA cannot carry."""
    if not isinstance(row.expected, list):
        return row

    def cell(value: Any) -> Any:
        return f"{value[: LONGEST_TEXT - 1]}…" if isinstance(value, str) and len(value) > LONGEST_TEXT else value

    return replace(row, expected=[[cell(value) for value in line] for line in row.expected])


@pytest.mark.parametrize("seed", SEEDS)
def test_com(golden: Path, seed: int) -> None:
    with ExitStack() as stack:
        stack.enter_context(session.using(golden))
        rows = asked(seed)
        excel = COM.FakeExcel(stack.enter_context(COM.simulated()))

        def cell(value: Any) -> Any:
            if isinstance(value, list | tuple):
                return [cell(item) for item in value]
            return text_of(value) if type(value) is int else value

        shown = [cell(excel.call(udf_name(registry()[row.function]), row.arguments)) for row in rows]
    answers = [ROUTES.from_cells(row, ROUTES.text_as_blank(value)) for row, value in zip(rows, shown, strict=True)]
    assert ROUTES.differences([cut(ROUTES.blank_as_text(row)) for row in rows], answers, messages=()) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_engine(golden: Path, seed: int) -> None:
    with session.using(golden):
        rows = asked(seed)
        content = BytesIO()
        with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
            for place in range(len(rows)):
                book.add_worksheet(f"in{place}")
                book.add_worksheet(f"out{place}")
        engine = Engine(content.getvalue(), date1904=False)
        for place, row in enumerate(rows):
            given = ENGINE.arranged(engine, place, row.arguments)
            engine._book.set_formula(f"out{place}", 1, 1, f"=_xldudf_REVALIGN_{row.function}({given})")
        engine.run()
        cells = [ENGINE.shown(engine, f"out{place}") for place in range(len(rows))]
    answers = [ROUTES.from_cells(row, ROUTES.text_as_blank(cell)) for row, cell in zip(rows, cells, strict=True)]
    assert ROUTES.differences(list(map(ROUTES.blank_as_text, rows)), answers, messages=()) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_shim(golden: Path, tmp_path: Path, seed: int) -> None:
    shim = load(HERE / "test_shim.py")
    for name, (_, content) in assets("https://localhost:8743").items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    with session.using(golden):
        rows = asked(seed)
    calls = [[function_id(row.function), list(row.arguments)] for row in rows]
    with SERVER.served(golden) as server:
        run = subprocess.run(
            [program("node"), str(shim.OFFICE / "shim.mjs"), "calls", str(tmp_path)],
            input=json.dumps({"base": server.base_url, "token": SERVER.TOKEN, "calls": calls}) + "\n",
            capture_output=True, check=True, encoding="utf-8",
        )  # fmt: skip
    answers = [
        shim.meant(row, answer) for row, answer in zip(rows, json.loads(run.stdout)["found"]["found"], strict=True)
    ]
    assert ROUTES.differences(list(map(ROUTES.blank_as_text, rows)), answers, messages=shim.SPOKEN) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_lite(seed: int) -> None:
    rows = asked(seed, ranges_only=True)
    inside = load(HERE.parent / "lite" / "inside.py").inside()
    answers = inside.call([(row.function, row.arguments) for row in rows])
    assert ROUTES.differences(list(map(ROUTES.blank_as_text, rows)), [
        {"cell": ROUTES.text_as_blank(one["cell"])} if "cell" in one else one for one in answers
    ], messages=()) == []  # fmt: skip


def zeroed(value: Any) -> Any:
    """What Excel on the desktop hands over for the same cells through Office.js."""
    if isinstance(value, list):
        return [zeroed(one) for one in value]
    return 0 if value is None else value


@pytest.mark.parametrize("seed", SEEDS)
def test_a_blank_that_arrives_as_0_changes_no_answer(golden: Path, seed: int) -> None:
    """Where the sheet is not asked which zeros are blanks, either gives the same answer, or 0 is refused."""
    with session.using(golden):
        for name, given in calls_of(seed):
            declared = registry()[name].arguments
            asks = shapes({name: registry()[name]})[function_id(name)].blanks
            read = [value if place in asks else zeroed(value) for place, value in enumerate(given)]
            # an argument that is left out stays out, a blank cell that is needed does not
            read = [None if value is None and place < len(declared) and declared[place].optional else other
                    for place, (value, other) in enumerate(zip(given, read, strict=True))]  # fmt: skip
            usual, desktop = call_cell(name, given), call_cell(name, read)
            assert desktop.get("error") or desktop == usual, (name, given, usual, desktop)


# --- an oracle ---------------------------------------------------------------------------------------------------


def _sum(column: list[float | None]) -> Fraction:
    return sum((Fraction(Decimal(repr(value))) for value in column if value is not None), Fraction(0))


def _paid(opening: list[Any], closing: list[Any], most: bool) -> tuple[Fraction, Fraction]:
    rows = [(_sum([a]), _sum([b])) for a, b in zip(opening, closing, strict=True) if (a or 0) > 0]
    return sum((min(a, b) if most else b for a, b in rows), Fraction(0)), sum((a for a, _ in rows), Fraction(0))


ORACLE: Mapping[str, Callable[..., tuple[Fraction, Fraction]]] = {
    "ARR": lambda a: (12 * _sum(a), Fraction(1)),
    "MRR": lambda a: (_sum(a), Fraction(1)),
    "UPSELL_SHARE": lambda a, b: (_sum(a), _sum(b)),
    "NRR": lambda a, b: _paid(a, b, most=False),
    "GRR": lambda a, b: _paid(a, b, most=True),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_an_oracle_agrees_to_the_last_bit(seed: int) -> None:
    chance = random.Random(seed)
    pool = (None, None, 0.1, 0.2, 0.3, 1e16, -1e16, 1 / 3, 5e-324, 12345678.91, 1e-7, 2.5, -2.5, 99.99, 1e300)
    for name, reckon in ORACLE.items():
        for _ in range(40):
            size = chance.choice((1, 2, 5, 90))
            width = 2 if name in ("NRR", "GRR", "UPSELL_SHARE") else 1
            columns = [[chance.choice(pool) for _ in range(size)] for _ in range(width)]
            above, below = reckon(*columns)
            found = call_cell(name, [[[cell] for cell in column] for column in columns])
            try:
                expected = None if not below else above / below
                wanted = None if expected is None else expected.numerator / expected.denominator
            except OverflowError:
                assert found["error"] == "#NUM!"
                continue
            if wanted is None:
                assert found["error"] == "#DIV/0!"
            else:
                assert ROUTES.same(wanted + 0.0, found["cell"]), (name, columns)
