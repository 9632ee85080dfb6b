"""A stand-in for pywin32 and for Excel's objects, just large enough to run the REAL xlwings on any machine.

``simulated()`` imports a fresh xlwings with ``sys.platform`` set to Windows and these fakes in place of pywin32, so
`xlwings.udfs` and `xlwings.com_server` (the code that runs on users' machines) generate VBA and call our functions.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from revalign_udf.excel.codes import CODES

RANGE_IID = "{00020846-0000-0000-C000-000000000046}"
#: what COM passes for an optional argument left out
MISSING = -2147352572


class ComError(Exception):
    """``pywintypes.com_error``."""


class FakeDispatch:
    """Base of fake COM objects: ``_oleobj_`` tells xlwings the interface."""

    iid = ""

    @property
    def _oleobj_(self) -> Any:
        return SimpleNamespace(GetTypeInfo=lambda: SimpleNamespace(GetTypeAttr=lambda: SimpleNamespace(iid=self.iid)))


class FakeApplication(FakeDispatch):
    def __init__(self) -> None:
        self.Version = "16.0"
        self.Hwnd = 1
        self.described: list[dict[str, Any]] = []

    def MacroOptions(self, name: str, **options: Any) -> None:  # noqa: N802 - Excel's name
        self.described.append({"name": name, **options})


class FakeComponents:
    def __init__(self) -> None:
        self.imported = ""

    def __call__(self, name: str) -> Any:
        raise ComError(name)

    def Remove(self, component: Any) -> None:  # noqa: N802
        raise AssertionError(component)

    def Import(self, path: str) -> None:  # noqa: N802
        self.imported = Path(path).read_text(encoding="utf-8")


class FakeWorkbook(FakeDispatch):
    def __init__(self, name: str = "revalign.xlam") -> None:
        self.Name = name
        self.Application = FakeApplication()
        self.Worksheets: list[Any] = []
        self.VBProject = SimpleNamespace(VBComponents=FakeComponents())


class FakeRange(FakeDispatch):
    """Cells of a sheet: a value, or rows of values, as COM delivers them (numbers are floats, rows are tuples)."""

    iid = RANGE_IID

    def __init__(self, value: Any, book: FakeWorkbook | None = None) -> None:
        self.Value = value
        rows = value if isinstance(value, tuple) else ((value,),)
        self.Row = self.Column = 1
        self.Rows, self.Columns = SimpleNamespace(Count=len(rows)), SimpleNamespace(Count=len(rows[0]))
        self.Parent = self.Worksheet = SimpleNamespace(Parent=book or FakeWorkbook())


def as_com(value: Any, *, book: FakeWorkbook) -> Any:
    """An argument as COM hands it over.

    Lists become ranges, whole numbers doubles, errors whole numbers, None a missing argument.
    """
    if isinstance(value, list):
        rows = value if value and isinstance(value[0], list) else [[cell] for cell in value]
        converted = tuple(tuple(_as_cell(cell) for cell in row) for row in rows)
        return FakeRange(converted if converted != ((converted[0][0],),) else converted[0][0], book)
    return MISSING if value is None else _as_cell(value)


def _as_cell(value: Any) -> Any:
    if isinstance(value, str) and value in CODES:
        return CODES[value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _modules() -> dict[str, ModuleType]:
    names = (
        "pythoncom pywintypes win32api win32con win32event win32gui win32process win32timezone win32com "
        "win32com.client win32com.server win32com.server.dispatcher win32com.server.exception win32com.server.policy "
        "win32com.server.util"
    )
    made = {name: ModuleType(name) for name in names.split()}
    for name, module in made.items():
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(made[parent], child, module)
    com: Any = made["pythoncom"]
    com.IID_IDispatch, com.IID_IEnumVARIANT = "dispatch", "enum"
    com.TypeIIDs = {"dispatch": type("PyIDispatch", (), {})}
    com.CoInitialize = lambda: None
    com.__file__ = "pythoncom.dll"
    com.ole_error = ComError
    types: Any = made["pywintypes"]
    types.com_error = types.error = ComError
    types.TimeType = datetime
    types.IID = str
    client: Any = made["win32com.client"]
    for name in ("CDispatch", "DispatchBaseClass"):
        setattr(client, name, type(name, (), {}))
    client.Dispatch = client.DispatchEx = lambda value, **_: value
    client.gencache = SimpleNamespace(EnsureModule=lambda *_, **__: None)
    zone: Any = made["win32timezone"]
    zone.TimeZoneInfo = SimpleNamespace(utc=lambda: UTC)
    process: Any = made["win32process"]
    process.GetWindowThreadProcessId = lambda handle: (handle, handle)
    util: Any = made["win32com.server.util"]
    util.wrap = lambda value, **_: value
    return made


#: what xlwings decorates when it is imported: off Windows the decorators do nothing, so it is imported anew
DECORATED = ("revalign_udf.excel.udfs", "revalign_udf.excel.udfs1904", "revalign_udf.excel.commands")


@contextmanager
def simulated() -> Iterator[Any]:
    """A fresh xlwings that believes to run on Windows: yields the package with ``udfs`` and ``com_server`` loaded."""
    for name in ("asyncio", "concurrent.futures", "numpy", "pandas"):
        importlib.import_module(name)  # before the platform changes, or they would look for Windows
    fakes = _modules()
    touched = [name for name in sys.modules if name.split(".")[0] == "xlwings" or name in DECORATED]
    kept = {name: sys.modules.pop(name) for name in touched}
    platform = sys.platform
    dlls = {name: getattr(ctypes, name, None) for name in ("windll", "oledll", "PyDLL")}
    sys.modules.update(fakes)
    try:
        for name in dlls:
            setattr(ctypes, name, MagicMock())
        sys.platform = "win32"
        try:
            import xlwings
            import xlwings.com_server
            import xlwings.udfs
        finally:
            sys.platform = platform
        yield xlwings
        xlwings.com_server.loop.close()
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "xlwings" or name in fakes]:
            del sys.modules[name]
        for name in DECORATED:
            sys.modules.pop(name, None)
        sys.modules.update(kept)
        for name, dll in dlls.items():
            if dll is None:
                delattr(ctypes, name)
            else:
                setattr(ctypes, name, dll)


class FakeExcel:
    """A workbook whose cells call our functions the way VBA does: through xlwings' COM server object."""

    MODULE = "revalign_udf.excel.udfs"

    def __init__(self, xlwings: Any) -> None:
        self.xlwings = xlwings
        self.book = FakeWorkbook()
        self.server = xlwings.com_server.XLPython()

    def import_functions(self) -> str:
        """What the button "Import Functions" does; returns the VBA that xlwings generates."""
        self.xlwings.udfs.import_udfs(self.MODULE, self.book)
        return str(self.book.VBProject.VBComponents.imported)

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """What Python hands back to VBA for a formula with these arguments."""
        found = getattr(self.xlwings.udfs.get_udf_module(self.MODULE, self.book), name)
        given = [as_com(value, book=self.book) for value in arguments]
        given += [MISSING] * (len(found.__xlfunc__["args"]) - len(given))
        return self.server.CallUDF(self.MODULE, name, given, self.book, FakeRange(0.0, self.book))
