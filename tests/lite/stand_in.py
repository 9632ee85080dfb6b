"""A stand-in for the package `xlwings` inside the add-in, by its public documentation; runs in CPython and in Pyodide.

``@func`` and ``@arg`` record what they are given. ``call`` hands over arguments as the documentation of custom functions
says: one cell as a value, a range of one row or column as a flat list unless ``ndim=2`` is asked for, error cells as
None unless ``err_to_str`` is asked for, dates as serial numbers; and it reads answers as Excel shows them: an exception
is ``#VALUE!``, the text of an error that error, a list of lists spills.
"""

import datetime as dt
import sys
import types
from typing import Any

ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


def xlwings() -> Any:
    """The module to put into ``sys.modules``."""
    module: Any = types.ModuleType("xlwings")
    module.functions = {}

    def func(body: Any = None, *, namespace: str = "") -> Any:
        def register(body: Any) -> Any:
            name = f"{namespace}.{body.__name__}".strip(".").upper()
            module.functions[name] = body
            return body

        return register if body is None else register(body)

    def arg(name: str, convert: Any = None, **options: Any) -> Any:
        def register(body: Any) -> Any:
            body.__dict__.setdefault("arguments", {})[name] = options
            return body

        return register

    module.func, module.arg = func, arg
    return module


def load(text: str) -> dict[str, Any]:
    """The functions of a generated file by their names in cells, as the add-in registers them."""
    made = sys.modules["xlwings"] = xlwings()
    main = sys.modules["main"] = types.ModuleType("main")
    try:
        exec(compile(text, "main.py", "exec"), main.__dict__)
        return made.functions  # type: ignore[no-any-return]
    finally:
        del sys.modules["xlwings"]


def _given(value: Any, options: dict[str, Any]) -> Any:
    rows = value if isinstance(value, list) else [[value]]
    rows = [row if isinstance(row, list) else [row] for row in rows]
    if not options.get("err_to_str"):
        rows = [[None if cell in ERRORS else cell for cell in row] for row in rows]
    if options.get("ndim") == 2:
        return rows
    if len(rows) == 1 or all(len(row) == 1 for row in rows):
        flat = [cell for row in rows for cell in row]
        return flat[0] if len(flat) == 1 else flat
    return rows


def _cell(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return None if value == "" else value


def call(functions: dict[str, Any], name: str, arguments: list[Any]) -> dict[str, Any]:
    """What the cell shows; for an exception also the error of the function, which it carries."""
    body = functions[name]
    names = body.__code__.co_varnames[: body.__code__.co_argcount]
    options = getattr(body, "arguments", {})
    given = [_given(value, options.get(name, {})) for name, value in zip(names, arguments, strict=False)]
    try:
        found = body(*given)
    except Exception as error:  # noqa: BLE001 - as the add-in does
        return {"shown": "#VALUE!", "error": getattr(error, "cell", "#VALUE!"), "message": str(error)}
    if isinstance(found, list):
        return {"cell": [[_cell(cell) for cell in row] for row in found]}
    return {"shown": found, "error": found} if found in ERRORS else {"cell": _cell(found)}
