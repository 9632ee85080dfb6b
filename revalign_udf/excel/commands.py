"""The commands of `revalign_udf.excel.desk`, decorated by xlwings: the module that the buttons of the add-in call.

It stands apart from `revalign_udf.excel.udfs` so that no command can be typed into a cell.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import xlwings

from revalign_udf.excel.desk import COMMANDS


def _decorated(name: str, command: Callable[..., str]) -> Callable[..., Any]:
    def run(*given: Any) -> list[list[str]]:
        return [[command(*given)]]

    run.__name__ = run.__qualname__ = name
    run.__doc__ = command.__doc__
    arguments = [p.replace(annotation=p.empty) for p in inspect.signature(command).parameters.values()]
    run.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    udf: Callable[..., Any] = run
    for argument in arguments:
        udf = xlwings.arg(argument.name, "raw")(udf)
    made: Callable[..., Any] = xlwings.func()(xlwings.ret("raw")(udf))
    return made


globals().update({name: _decorated(name, command) for name, command in COMMANDS.items()})
