"""The VBA of the classic add-in: a thin function for every registered one, and their texts for Excel's wizard.

================== =========================================================================================
module             holds
================== =========================================================================================
``Revalign``       generated: the functions of the cells, one line each
``RevalignHelp``   generated: ``Application.MacroOptions`` for every function (category and help texts)
``RevalignSettings`` generated: which Python, which project, which version
``RevalignCells``  cells to Python and back: ranges as values, error codes as real error values (``CVErr``)
``RevalignPython`` starts Python and connects to it
``RevalignRibbon`` the buttons
``ThisWorkbook``   describes the functions when the add-in has opened
================== =========================================================================================

The last four are the same for everybody and lie as text in ``addin/``. Two things differ from the modules that xlwings
generates: error codes become real error values, and when Python cannot be reached the cell shows ``#VALUE!`` instead of
a text that SUM would skip.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files

from revalign_udf.excel.classic import CATEGORY, FILTER_PAIRS, udf_name, vba_name
from revalign_udf.functions.registry import Function, registry

__all__ = ["HAND_WRITTEN", "PYTHON", "Settings", "help_text", "module_text", "modules", "ribbon", "settings_text"]

#: without a path, the Python that the PC finds by this name
PYTHON = "pythonw.exe"
#: modules that lie as text beside this one, with the names of their files
HAND_WRITTEN = {
    "RevalignCells": "RevalignCells.bas",
    "RevalignPython": "RevalignPython.bas",
    "RevalignRibbon": "RevalignRibbon.bas",
    "ThisWorkbook": "ThisWorkbook.cls",
}
_WIDTH = 110
_GENERATED = "' Generated from the function registry: do not edit, run `revalign excel addin` again."
#: signs of typography that VBA's editor, which knows no Unicode, would show as something else
_PLAIN = str.maketrans({"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "×": "x", "≥": ">=",
                        "≤": "<=", "→": "->", "·": "-"})  # fmt: skip

_DESCRIBE = """\
Public Sub RevalignDescribe()
    Dim front As Workbook, kept As Boolean, hidden As Boolean
    On Error GoTo done
    Set front = ActiveWorkbook
    kept = ThisWorkbook.Saved
    hidden = ThisWorkbook.IsAddin
    Application.ScreenUpdating = False
    ' Excel describes no function of a hidden workbook
    If hidden Then ThisWorkbook.IsAddin = False
    RevalignDescribeAll
done:
    On Error Resume Next
    If hidden Then ThisWorkbook.IsAddin = True
    ThisWorkbook.Saved = kept
    If Not front Is Nothing Then front.Activate
    Application.ScreenUpdating = True
End Sub

Private Function RevalignMacro(ByVal udf As String) As String
    RevalignMacro = "'" & ThisWorkbook.Name & "'!" & udf
End Function"""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is written into the add-in: the Python to start, the project to read (both paths of Windows), the version."""

    python: str = PYTHON
    project: str = ""
    version: str = version("revalign-udf")


def modules(settings: Settings, functions: Mapping[str, Function] | None = None) -> dict[str, str]:
    """Every module of the add-in by its name, with lines as in a text file; ``ThisWorkbook`` without attributes."""
    found = {"Revalign": module_text(functions), "RevalignHelp": help_text(functions)}
    found["RevalignSettings"] = settings_text(settings)
    return found | {name: _hand_written(file) for name, file in HAND_WRITTEN.items()}


def ribbon() -> str:
    """The XML of the tab in Excel's ribbon."""
    return _hand_written("customUI14.xml")


def module_text(functions: Mapping[str, Function] | None = None) -> str:
    """The module ``Revalign``: one function per registered function."""
    lines = ['Attribute VB_Name = "Revalign"', _GENERATED, "Option Explicit"]
    for function in _known(functions):
        lines += ["", *_wrapper(function)]
    return "\n".join(lines) + "\n"


def help_text(functions: Mapping[str, Function] | None = None) -> str:
    """The module ``RevalignHelp``: run ``RevalignDescribe`` once and the texts stand in Excel's wizard."""
    known = _known(functions)
    lines = ['Attribute VB_Name = "RevalignHelp"', _GENERATED, "Option Explicit", "", *_DESCRIBE.splitlines(), ""]
    lines += ["Private Sub RevalignDescribeAll()"]
    lines += [f"    Describe_{udf_name(function)}" for function in known]
    lines += ["End Sub"]
    for function in known:
        lines += ["", *_describe(function)]
    return "\n".join(lines) + "\n"


def settings_text(settings: Settings) -> str:
    """The module ``RevalignSettings``: what was told when the add-in was written."""
    return "\n".join(
        [
            'Attribute VB_Name = "RevalignSettings"',
            "' What `revalign excel addin` was told. Paths may hold variables of Windows: %LOCALAPPDATA%.",
            "Option Explicit",
            "Option Private Module",
            "",
            f"Public Const REVALIGN_PYTHON As String = {_quoted(settings.python)}",
            f"Public Const REVALIGN_PROJECT As String = {_quoted(settings.project)}",
            f"Public Const REVALIGN_VERSION As String = {_quoted(settings.version)}",
            "",
        ]
    )


def _known(functions: Mapping[str, Function] | None) -> list[Function]:
    return list((functions if functions is not None else registry()).values())


def _hand_written(file: str) -> str:
    return (files("revalign_udf.excel") / "addin" / file).read_text(encoding="ascii")


def _wrapper(function: Function) -> Iterator[str]:
    name = udf_name(function)
    arguments = function.expanded(FILTER_PAIRS)
    declared = [f"{'Optional ' * argument.optional}{vba_name(argument.name)}" for argument in arguments]
    yield from _wrapped(f"Public Function {name}(", declared, ")")
    yield f"Attribute {name}.VB_Description = {_quoted(function.summary)}"
    names = [vba_name(argument.name) for argument in arguments]
    yield from _wrapped(f'    {name} = RevalignCall("{name}", Array(', names, f"){', True' * function.snapshot})")
    yield "End Function"


def _describe(function: Function) -> Iterator[str]:
    name = udf_name(function)
    arguments = function.expanded(FILTER_PAIRS)
    yield f"Private Sub Describe_{name}()"
    if arguments:
        yield f"    Dim texts(0 To {len(arguments) - 1}) As String"
    for place, argument in enumerate(arguments):
        yield f"    texts({place}) = {_quoted(argument.help)}"
    yield f'    Application.MacroOptions Macro:=RevalignMacro("{name}"), Category:="{CATEGORY}", _'
    yield f"        Description:={_quoted(function.summary)}{', _' if arguments else ''}"
    if arguments:
        yield "        ArgumentDescriptions:=texts"
    yield "End Sub"


def _wrapped(start: str, items: Iterable[str], end: str) -> Iterator[str]:
    """``start item, item, ... end`` broken into continued lines no wider than VBA's editor likes."""
    line, first = start, True
    for item in items:
        piece = item if first else f", {item}"
        if len(line) + len(piece) > _WIDTH:
            yield f"{line}{'' if first else ','} _"
            line, piece = "        ", item
        line, first = line + piece, False
    yield line + end


def _quoted(text: str) -> str:
    line = " ".join(text.split())  # a text of several lines would break the line of code it stands in
    plain = unicodedata.normalize("NFKD", line.translate(_PLAIN)).encode("ascii", "ignore").decode()
    doubled = plain.replace('"', '""')
    return f'"{doubled}"'
