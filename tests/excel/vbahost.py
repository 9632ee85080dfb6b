"""The add-in's own VBA, executed: pyOpenVBA's interpreter in place of VBA, its model of Excel in place of Excel.

What neither has is added here: Windows (processes and COM activation), ``Application.Caller`` and its like. The object
that COM would hand to VBA is xlwings' real ``XLPython``; arguments and answers are converted as COM converts them.
"""

# mypy: disable-error-code="misc,untyped-decorator"
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from pyopenvba import ExcelFile
from pyopenvba.apps.excel import ExcelApplication
from pyopenvba.apps.excel._model import Application, Range, Workbook
from pyopenvba.interpreter import (
    EMPTY,
    MISSING,
    VBAArray,
    VBACurrency,
    VBADate,
    VBAErrorValue,
    VBAInt,
    VBAObject,
    VBARuntimeError,
    _runtime,
    member,
    method,
)  # fmt: skip
from pyopenvba.interpreter._objects import MemberSpec

from revalign_udf.excel.codes import CODES
from revalign_udf.excel.codes import MISSING as LEFT_OUT

BASE = CODES["#NULL!"] - 2000
NUMBERS = {code - BASE: text for text, code in CODES.items()}
#: Windows, as far as the module RevalignPython calls it
_WINDOWS = """
Private Function CoCreateGuid(ByRef made As RevalignGuid) As Long
    made.part1 = &H12345678
    made.part2 = &H0ABC
    made.part4(1) = 7
End Function
Private Function CoCreateInstance(ByRef clsid As RevalignGuid, ByVal outer As Long, ByVal context As Long, _
    ByRef iid As RevalignGuid, ByRef found As Object) As Long
    CoCreateInstance = Windows11.Create(context, iid.part1, iid.part4(0), iid.part4(7))
    If CoCreateInstance = 0 Then Set found = Windows11.Served
End Function
Private Function GetCurrentProcessId() As Long
    GetCurrentProcessId = 4711
End Function
Private Function OpenProcess(ByVal rights As Long, ByVal inherit As Long, ByVal process As Long) As Long
    OpenProcess = 99
End Function
Private Function GetExitCodeProcess(ByVal process As Long, ByRef code As Long) As Long
    code = Windows11.ExitCode
End Function
Private Function CloseHandle(ByVal process As Long) As Long
    CloseHandle = Windows11.Closed
End Function
Private Sub Sleep(ByVal milliseconds As Long)
    Windows11.Waits milliseconds
End Sub
Private Function Shell(ByVal asked As String, ByVal window As Long) As Double
    Shell = Windows11.Start(asked, window)
End Function
"""


def to_com(value: Any) -> Any:
    """A value of VBA as pywin32 hands it to Python."""
    if isinstance(value, VBAArray):
        if value.dimensions == 1:
            return tuple(to_com(item) for item in value.items)
        (top, bottom), (left, right) = value.bounds
        return tuple(
            tuple(to_com(value.get([row, column])) for column in range(left, right + 1))
            for row in range(top, bottom + 1)
        )
    if value is EMPTY:
        return None
    if value is MISSING:
        return LEFT_OUT
    if isinstance(value, VBAErrorValue):
        return BASE + value.number
    if isinstance(value, VBADate):
        return value.to_datetime().replace(tzinfo=UTC)
    if isinstance(value, VBACurrency):
        return Decimal(value)
    assert not isinstance(value, VBAObject), f"{value} went to Python as an object"
    return int(value) if isinstance(value, VBAInt) else value


def from_com(value: Any) -> Any:
    """A value of Python as VBA gets it from pywin32."""
    if isinstance(value, list | tuple):
        rows = [list(row) if isinstance(row, list | tuple) else row for row in value]
        if rows and isinstance(rows[0], list):
            made = VBAArray([(0, len(rows) - 1), (0, len(rows[0]) - 1)])
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    made.set([i, j], from_com(cell))
            return made
        return VBAArray([(0, len(rows) - 1)], items=[from_com(cell) for cell in rows])
    if value is None:
        return EMPTY
    return VBAInt(value, "Long") if type(value) is int else value


def shown(value: Any) -> Any:
    """What a cell, or rows of cells, would show for what a VBA function answers."""
    if isinstance(value, VBAErrorValue):
        return NUMBERS[value.number]
    if isinstance(value, list):
        return [shown(item) for item in value]
    assert type(value) is not int
    return None if value == "" else value


class Served(VBAObject):
    """xlwings' object, as VBA sees it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    @method
    def CallUDF(self, script: Any, name: Any, given: Any) -> Any:  # noqa: N802 - xlwings' name
        if self.bench.gone:
            raise VBARuntimeError(self.bench.gone, "The remote server machine does not exist")
        self.bench.calls.append((script, name, to_com(given)))
        return from_com(self.bench.excel.server.CallUDF(script, name, to_com(given)))


class Windows11(VBAObject):
    """Processes and COM: a started Python answers after ``slow`` attempts, or ends with ``ended``."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.started: list[tuple[str, int]] = []
        self.slow, self.ended, self.refused, self.asked, self.waited, self.closed = 2, 259, 0, 0, 0, 0
        self.missing = False

    @method
    def Start(self, asked: Any, window: Any) -> Any:  # noqa: N802
        if self.missing:
            raise VBARuntimeError(53, "File not found")
        self.started.append((str(asked), int(window)))
        self.asked = 0
        self.bench.gone = 0
        return 1234.0

    @method
    def Create(self, context: Any, first: Any, byte0: Any, byte7: Any) -> Any:  # noqa: N802
        assert (int(context), int(first), int(byte0), int(byte7)) == (4, 0x20400, 0xC0, 0x46)
        self.asked += 1
        if self.refused:
            return VBAInt(self.refused, "Long")
        return VBAInt(0 if self.asked > self.slow and self.ended == 259 else -2147221164, "Long")

    @member
    def Served(self) -> Any:  # noqa: N802
        return Served(self.bench)

    @member
    def ExitCode(self) -> Any:  # noqa: N802
        return VBAInt(self.ended, "Long")

    @member
    def Closed(self) -> Any:  # noqa: N802
        self.closed += 1
        return VBAInt(1, "Long")

    @method
    def Variable(self, name: Any) -> Any:  # noqa: N802
        return self.bench.variables.get(str(name), "")

    @method
    def Waits(self, milliseconds: Any) -> Any:  # noqa: N802
        self.waited += int(milliseconds)
        return EMPTY


class Wizard(VBAObject):
    """One of Excel's own dialogs."""

    def __init__(self, bench: Bench, number: int) -> None:
        self.bench, self.number = bench, number

    @method
    def Show(self) -> Any:  # noqa: N802
        self.bench.done.append(("dialog", self.number))
        return True


class Bench:
    """An Excel with the add-in loaded from its file, an open workbook, and Python behind it."""

    def __init__(self, path: Path, excel: Any) -> None:
        self.excel = excel
        self.app = ExcelApplication()
        add_in = self.app.add_workbook()
        self.app.application._this_workbook = add_in
        add_in.name, add_in.path = "revalign.xlam", "C:\\AddIns"
        self.windows = Windows11(self)
        self.calls: list[Any] = []
        self.done: list[Any] = []
        self.gone = self.row = 0
        self.variables = {"LOCALAPPDATA": r"C:\Users\ada\AppData\Local"}
        self.caller: Any = VBAErrorValue(2023)
        self.date1904 = False
        self.add_in = True
        for name, text in _sources(path).items():
            self.app.add_module(text, name=name, kind="document" if name == "ThisWorkbook" else "standard")
        self.book = self.app.add_workbook()
        self.app.activate_workbook(self.book)
        bridge: Any = self.app.interpreter.host
        found = bridge.global_object
        bridge.global_object = lambda name: self.windows if name == "windows11" else found(name)

    @property
    def sheet(self) -> Any:
        return self.app.sheet(1, workbook=self.book)

    @property
    def messages(self) -> list[str]:
        """What message boxes said, newest last."""
        return [text for kind, text, _, _ in self.app.dialogs if kind == "MsgBox"]

    def range(self, address: str) -> Any:
        return self.sheet.sheet.vba_get("Range", [address])

    def fill(self, address: str, rows: list[list[Any]]) -> Any:
        """Write rows of cells from an address on; the range."""
        first = self.range(address)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if value is not None:
                    cell = first.vba_get("Offset", [VBAInt(i), VBAInt(j)])
                    if isinstance(value, str):
                        cell.vba_set("NumberFormat", "@")  # or a text that looks like a date would become one
                    cell.vba_set("Value", _typed(value))
        return first.vba_get("Resize", [VBAInt(len(rows)), VBAInt(len(rows[0]))])

    def vba(self, name: str, *arguments: Any) -> Any:
        """Call a procedure with values of VBA; what it answers, in Python's values."""
        return self.app.run(name, *arguments)

    def cell(self, name: str, *arguments: Any) -> Any:
        """What a cell with this formula shows; lists become ranges of the sheet, None an argument left out."""
        self.caller = self.range("Z99")
        return shown(self.vba(name, *map(self._given, arguments)))

    def _given(self, value: Any) -> Any:
        if not isinstance(value, list):
            return MISSING if value is None else _typed(value)
        rows = value if value and isinstance(value[0], list) else [[cell] for cell in value]
        self.row += len(rows) + 1
        self.fill(f"Y{self.row}", [["end"]])  # the model cuts a block at the last cell in use; Excel does not
        return self.fill(f"A{self.row - len(rows)}", rows)


def _typed(value: Any) -> Any:
    if isinstance(value, str) and value in CODES:
        return VBAErrorValue(CODES[value] - BASE)
    return float(value) if type(value) is int else value


@cache
def _sources(path: Path) -> dict[str, str]:
    with ExcelFile(path) as file:
        names = [name for name in file.module_names() if name != "Sheet1"]
        return {name: _source(name, str(file.get_module(name))) for name in names}


def _source(name: str, text: str) -> str:
    """The text of a module without what the interpreter does not run: attributes, and calls of Windows."""
    lines = [line for line in text.splitlines() if not re.match(r"Attribute (REVALIGN_|VB_[^N])", line)]
    text = "\n".join(lines) + "\n"
    if name == "RevalignPython":
        text = text.replace("Environ$(", "Windows11.Variable(")
        text = re.sub(r"(?m)^Private Declare(.* _\n)*.*\n", "", text).replace("As LongPtr", "As Long") + _WINDOWS
    return text.replace("\n", "\r\n")


parse = cache(_runtime.parse_module)


@contextmanager
def bench(path: Path, excel: Any) -> Iterator[Bench]:
    """The add-in in a file, running. What the model of Excel lacks is added for as long as it runs."""
    _runtime.parse_module = parse  # the same modules for every test: parsed once
    made = Bench(path, excel)

    def noted(what: str) -> Callable[..., Any]:
        def note(_: Any, *given: Any) -> Any:
            made.done.append((what, *given))
            return EMPTY

        return note

    def hide(_: Any, value: Any) -> None:
        made.done.append(("hidden", value))
        made.add_in = value

    added: dict[Any, dict[str, Callable[..., Any]]] = {
        Application: {
            "Caller": lambda _: made.caller,
            "CalculateFull": noted("calculate"),
            "Dialogs": lambda _, number: Wizard(made, int(number)),
            "OnTime": noted("on time"),
            "MacroOptions": noted("describe"),
        },
        Workbook: {
            "IsAddin": lambda _: made.add_in,
            "Date1904": lambda book: made.date1904 and book is made.book,
            "FollowHyperlink": noted("open"),
        },
        Range: {"Calculate": noted("calculate cell")},
    }
    parameters = {
        "Dialogs": ("Index",), "OnTime": ("EarliestTime", "Procedure"), "FollowHyperlink": ("Address",),
        "MacroOptions": ("Macro", "Category", "Description", "ArgumentDescriptions"),
    }  # fmt: skip
    kept: dict[Any, dict[str, Any]] = {kind: dict(kind._vba_members) for kind in added}
    try:
        for kind, members in added.items():
            for name, getter in members.items():
                spec = MemberSpec(name, "method", getter, parameters=parameters.get(name, ()))
                if name == "IsAddin":
                    spec.setter = hide
                kind._vba_members[name.lower()] = spec
        yield made
    finally:
        for kind, members in kept.items():
            kind._vba_members.clear()
            kind._vba_members.update(members)
