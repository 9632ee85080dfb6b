"""The text of the VBA module of the classic add-in.

It calls Python the way xlwings' own generated modules do (``XLPy.CallUDF``), with two differences: error codes become
real error values, and when Python cannot be reached the cell shows ``#VALUE!`` instead of a text that SUM would skip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from revalign_udf.excel.classic import CATEGORY, FILTER_PAIRS, udf_name, vba_name
from revalign_udf.functions.registry import Function, registry

__all__ = ["MODULE", "module_text"]

#: the Python module the generated functions call
MODULE = "revalign_udf.excel.udfs"
_WIDTH = 110

_HELPERS = """\
' A number comes from Python as Double; a Long is the code of an error value.
Private Function RevalignValue(ByVal cell As Variant) As Variant
    If VarType(cell) = vbLong Then
        RevalignValue = CVErr(cell And &HFFFF&)
    Else
        RevalignValue = cell
    End If
End Function

Private Function RevalignColumns(ByVal answer As Variant) As Long
    On Error Resume Next
    RevalignColumns = -1
    RevalignColumns = UBound(answer, 2)
End Function

Private Function RevalignCell(ByVal answer As Variant) As Variant
    Dim i As Long, j As Long
    If Not IsArray(answer) Then
        RevalignCell = RevalignValue(answer)
        Exit Function
    End If
    If RevalignColumns(answer) = -1 Then
        For i = LBound(answer) To UBound(answer)
            answer(i) = RevalignValue(answer(i))
        Next i
    Else
        For i = LBound(answer, 1) To UBound(answer, 1)
            For j = LBound(answer, 2) To UBound(answer, 2)
                answer(i, j) = RevalignValue(answer(i, j))
            Next j
        Next i
    End If
    RevalignCell = answer
End Function
"""


def module_text(functions: Mapping[str, Function] | None = None, *, add_in: bool = True) -> str:
    """The whole module, ready to import into the VBA editor.

    An add-in works on the active workbook, a workbook with its own copy (``add_in=False``) on itself. Run
    ``RevalignDescribe`` once after importing: it puts the help texts into the function wizard.
    """
    known = list((functions if functions is not None else registry()).values())
    book = "ActiveWorkbook" if add_in else "ThisWorkbook"
    lines = [
        'Attribute VB_Name = "Revalign"',
        "' Generated from the function registry: do not edit, run `revalign excel addin` again.",
        "Option Explicit",
        "",
        *_HELPERS.splitlines(),
    ]
    for function in known:
        lines += ["", *_wrapper(function, book)]
    lines += ["", "Public Sub RevalignDescribe()"]
    lines += [f"    Describe_{udf_name(function)}" for function in known]
    lines += ["End Sub"]
    for function in known:
        lines += ["", *_describe(function)]
    return "\n".join(lines) + "\n"


def _wrapper(function: Function, book: str) -> Iterator[str]:
    name = udf_name(function)
    arguments = function.expanded(FILTER_PAIRS)
    names = [vba_name(argument.name) for argument in arguments]
    declared = [f"{'Optional ' * argument.optional}{vba_name(argument.name)}" for argument in arguments]
    yield from _wrapped(f"Function {name}(", declared, ")")
    yield "    Dim given As Variant"
    yield "    On Error GoTo failed"
    yield from _wrapped("    given = Array(", names, ")")
    yield f'    {name} = RevalignCell(XLPy.CallUDF("{MODULE}", "{name}", given, _'
    yield f"        {book}, Application.Caller))"
    yield "    Exit Function"
    yield "failed:"
    yield f"    {name} = CVErr(xlErrValue)"
    yield "End Function"


def _describe(function: Function) -> Iterator[str]:
    name = udf_name(function)
    arguments = function.expanded(FILTER_PAIRS)
    yield f"Private Sub Describe_{name}()"
    if arguments:
        yield f"    Dim texts(0 To {len(arguments) - 1}) As String"
    for place, argument in enumerate(arguments):
        yield f"    texts({place}) = {_quoted(argument.help)}"
    yield f'    Application.MacroOptions Macro:="{name}", Category:="{CATEGORY}", _'
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
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
