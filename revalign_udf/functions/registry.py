"""The registry: every Excel function is ONE declaration, and every adapter is generated from it.

A declaration names the function, its arguments with help texts, and examples that run as tests. VBA wrappers, wizard
texts, the Office manifest and the reference page are all derived; nothing about a function is written twice.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Literal

from revalign_udf.calc.cells import first_error
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.functions.arguments import Argument, bind

__all__ = ["PREFIX", "Example", "Function", "bare_name", "find", "function", "registry"]

PREFIX = "REVALIGN"
#: Excel shows no more of a help text than this
HELP_LIMIT = 255

Body = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Example:
    """Arguments and the cell they give: a value, rows of values, or the text of an error such as ``#DIV/0!``."""

    arguments: tuple[Any, ...]
    cell: Any
    about: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """One Excel function.

    ``returns`` is ``value`` for one cell and ``spill`` for a table; ``snapshot`` says whether it reads the published
    snapshot (range functions do not, so they run anywhere).
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    returns: Literal["value", "spill"]
    examples: tuple[Example, ...]
    version_added: str
    snapshot: bool
    body: Body = field(repr=False)

    @property
    def required(self) -> int:
        """How many arguments must be given."""
        return sum(not (argument.optional or argument.repeating) for argument in self.arguments)

    def expanded(self, times: int = 8) -> tuple[Argument, ...]:
        """The arguments with repeating ones written out ``times`` times, for hosts that know no repetition."""
        return tuple(single for argument in self.arguments for single in argument.expanded(times))

    def call(self, arguments: Sequence[Any]) -> Any:
        """The exact result for raw cells. An error cell among them wins over any complaint about the others."""
        try:
            values = bind(self.arguments, arguments, self.name)
        except UserError as problem:
            raise first_error(arguments) or problem from None
        return self.body(*values)


_FUNCTIONS: dict[str, Function] = {}


def function(
    name: str,
    arguments: Sequence[Argument],
    *,
    returns: Literal["value", "spill"] = "value",
    examples: Sequence[Example] = (),
    version_added: str = "0.1",
    snapshot: bool = False,
) -> Callable[[Body], Body]:
    """Declare the decorated function as an Excel function.

    Its docstring is the help text in Excel's wizard; it receives its arguments read and checked.
    """

    def declare(body: Body) -> Body:
        summary = inspect.cleandoc(body.__doc__ or "")
        too_long = [text for text in (summary, *(argument.help for argument in arguments)) if len(text) > HELP_LIMIT]
        if name in _FUNCTIONS or not summary or too_long:
            raise ValueError(f"{name} is declared twice, has no docstring, or a help text is too long: {too_long}")
        _FUNCTIONS[name] = Function(
            name, summary, tuple(arguments), returns, tuple(examples), version_added, snapshot, body
        )
        return body

    return declare


@cache
def registry() -> Mapping[str, Function]:
    """Every function by its bare name (``CAC``), in order of declaration."""
    from revalign_udf.functions import (  # noqa: F401
        acquisition,
        commission,
        ledgers,
        promises,
        reconciling,
        recurring,
        retention,
        reviewing,
        sharing,
        snapshot,
        surveys,
    )

    return MappingProxyType(_FUNCTIONS)


@lru_cache(maxsize=1024)
def bare_name(name: str) -> str:
    """The bare name behind any spelling a file or a person may use.

    >>> [bare_name(text) for text in ("REVALIGN.CAC", "revalign_cac", "CAC", "_xldudf_REVALIGN_CAC")]
    ['CAC', 'CAC', 'CAC', 'CAC']
    """
    return re.sub(rf"^=?(_XLDUDF_)?({PREFIX}[._])?", "", name.strip().upper())


def find(name: str) -> Function:
    """The function of a name in any spelling. Raises UnknownName REV-101 (cell ``#NAME?``) for another."""
    known, bare = registry(), bare_name(name)
    if bare not in known:
        unknown = UnknownName("function", bare, known)
        unknown.cell = "#NAME?"
        raise unknown
    return known[bare]
