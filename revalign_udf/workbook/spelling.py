"""How our functions are spelled inside formulas, and the pieces of a formula.

======== ================================ ========================================================
route    in the file                      written by
======== ================================ ========================================================
office   ``_xldudf_REVALIGN_METRIC(...)`` Excel, for the Office add-in
classic  ``REVALIGN_METRIC(...)``         Excel, for the classic add-in; also ``[1]!REVALIGN_METRIC``
typed    ``REVALIGN.METRIC(...)``         people, and programs that write files
======== ================================ ========================================================

The pieces come from formualizer's tokenizer, which says at which byte each begins, so only names of functions are ever
exchanged: a text such as ``"REVALIGN.METRIC("``, a sheet or a name of that kind stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import formualizer

from revalign_udf.functions import registry

__all__ = [
    "OMITTED",
    "SPELLINGS",
    "Call",
    "Prepared",
    "Spelling",
    "calls",
    "exchanged",
    "mentions",
    "prepared",
    "respelled",
    "route_of",
]

Spelling = Literal["office", "classic", "typed"]
SPELLINGS: tuple[Spelling, ...] = get_args(Spelling)

#: what a left-out argument becomes for the engine, which would hand on 0
OMITTED = "\ue000"
_NAME = re.compile(
    r"(?P<link>(?:\[\d+\]|'?\[?[^'!()]*\.xlam?\]?'?)!)?"
    r"(?P<user>_xldudf_)?(?P<ours>REVALIGN)(?P<sign>[._])(?P<bare>\w+)",
    re.IGNORECASE,
)
_PREFIX: Mapping[Spelling, tuple[str, str]] = {"office": ("_xldudf_", "_"), "classic": ("", "_"), "typed": ("", ".")}
_NATIVE = re.compile(r"^(?:_xlfn\.|_xlws\.|_xll\.)+", re.IGNORECASE)
#: a reference into another file: [1]Sheet!A1, '[plan.xlsx]Sheet'!A1, [1]!name
_LINKED = re.compile(r"'?[^'\[\]!]*\[[^\]]+\][^\[\]!]*'?!")

_Change = tuple[int, int, str]
"""(first byte, byte behind the last, what stands there instead)"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of ours in a formula: bytes of the function's name, its spelling, the bare name, whether we know it."""

    start: int
    end: int
    spelling: Spelling
    bare: str
    known: bool
    link: str
    """what stands in front of a function of another file, such as ``[1]!``"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A formula for the engine, and what is known of it."""

    text: str
    functions: frozenset[str]
    """names of native functions, upper case and without ``_xlfn.``"""
    ours: tuple[Call, ...]
    external: bool
    """whether it reads another file"""
    names: frozenset[str]
    """operands that may be defined names, folded"""
    alone: bool
    """whether it is one call of ours and nothing else"""


def mentions(formula: str) -> bool:
    """Whether a formula may call one of ours."""
    return "REVALIGN" in formula.upper()


def route_of(name: str) -> tuple[Spelling, str, str] | None:
    """The spelling of a function's name, the bare name and the link in front; None for a function that is not ours.

    >>> route_of("_xldudf_REVALIGN_LTV_TO_CAC"), route_of("[1]!REVALIGN_CAC"), route_of("SUM")
    (('office', 'LTV_TO_CAC', ''), ('classic', 'CAC', '[1]!'), None)
    """
    found = _NAME.fullmatch(name)
    if not found or (found["user"] and found["sign"] == "."):
        return None
    spelling: Spelling = "office" if found["user"] else ("typed" if found["sign"] == "." else "classic")
    return spelling, found["bare"].upper(), found["link"] or ""


def calls(formula: str) -> list[Call]:
    """The calls of ours in a formula (without ``=``), from left to right; places count bytes of UTF-8.

    >>> [(call.start, call.bare) for call in calls('1+REVALIGN.CAC(A1,2,3)&"REVALIGN.CAC("')]
    [(2, 'CAC')]

    Raises ValueError for a formula that cannot be read.
    """
    if not mentions(formula):
        return []
    return [call for token in _tokens(formula) if _opens(token) and (call := _call(token))]


def respelled(formula: str, to: Spelling, only: Collection[Spelling] = SPELLINGS) -> list[_Change]:
    """The names to exchange so that every call is spelled for a route: (first byte, byte behind the last, name).

    >>> respelled('REVALIGN_CAC(1,2,3)', "office")
    [(0, 12, '_xldudf_REVALIGN_CAC')]

    Raises ValueError for a formula that cannot be read.
    """
    text, changes = formula.encode(), []
    for call in calls(formula):
        if call.known and call.spelling != to and call.spelling in only:
            found = _NAME.fullmatch(text[call.start : call.end].decode())
            assert found is not None
            user, sign = _PREFIX[to]
            changes.append((call.start, call.end, f"{user}{found['ours']}{sign}{found['bare']}"))
    return changes


def exchanged(formula: str, changes: Collection[_Change]) -> str:
    """The formula with some of its bytes exchanged."""
    text, made, at = formula.encode(), [], 0
    for start, end, instead in sorted(changes):
        made += [text[at:start], instead.encode()]
        at = end
    return b"".join([*made, text[at:]]).decode()


def prepared(formula: str, *, single: bool, names: Mapping[str, str]) -> Prepared:
    """A formula (without ``=``) as the engine reads it rightly.

    Left-out arguments of ours are marked, links in front of ours are dropped, and ``names`` the engine cannot evaluate
    are put in as their formulas. ``single``: the cell holds one value, so of a table of ours it shows the first cell.
    Raises ValueError for a formula that cannot be read.
    """
    pieces = [token for token in _tokens(formula) if token.token_type != formualizer.TokenType.Whitespace]
    functions: set[str] = set()
    operands: set[str] = set()
    found: list[Call] = []
    changes: list[_Change] = []
    external = False
    kinds, subtypes = formualizer.TokenType, formualizer.TokenSubType
    stack: list[bool] = []  # of each bracket that is open: whether it holds arguments of ours
    before = ""  # the last piece: "(" of a call, "," between arguments, or something else
    for token in pieces:
        kind, value, at = token.token_type, token.value, token.start - 1
        empty = before in ("(", ",") and bool(stack) and stack[-1]
        if _opens(token):
            call = _call(token)
            if call is not None:
                found.append(call)
                if call.link:
                    changes.append((at, at + len(call.link.encode()), ""))
            else:
                functions.add(_NATIVE.sub("", value[:-1]).upper())
                external = external or "]" in value or "!" in value
            stack.append(call is not None)
            before = "("
        elif token.subtype == subtypes.Open:
            stack.append(False)
            before = ""
        elif token.subtype == subtypes.Close:
            if empty and before == ",":
                changes.append((at, at, f'"{OMITTED}"'))
            if stack:
                stack.pop()
            before = ""
        elif kind == kinds.Sep:
            if empty:
                changes.append((at, at, f'"{OMITTED}"'))
            before = ","
        else:
            before = ""
            if kind == kinds.Operand and token.subtype == subtypes.Range:
                name = value.casefold()
                external = external or bool(_LINKED.match(value))
                operands.add(name)
                if name in names:
                    changes.append((at, token.end - 1, f"({names[name]})"))
    known = registry()
    alone = bool(found) and found[0].start == 0 and _whole(pieces)
    text = exchanged(formula, changes)
    if single and alone and found[0].known and known[found[0].bare].returns == "spill":
        text = f"INDEX({text},1,1)"
    return Prepared(text, frozenset(functions), tuple(found), external, frozenset(operands), alone)


def _tokens(formula: str) -> list[Any]:
    """The pieces of a formula; their bytes count from the ``=`` that is put in front. Raises ValueError."""
    try:
        return list(formualizer.tokenize(f"={formula}"))
    except formualizer.TokenizerError as error:
        raise ValueError(str(error)) from error


def _opens(token: Any) -> bool:
    return bool(token.token_type == formualizer.TokenType.Func and token.subtype == formualizer.TokenSubType.Open)


def _call(token: Any) -> Call | None:
    read = route_of(token.value[:-1])
    if read is None:
        return None
    spelling, bare, link = read
    return Call(token.start - 1, token.end - 2, spelling, bare, bare in registry(), link)


def _whole(pieces: list[Any]) -> bool:
    """Whether the pieces are one call and nothing else."""
    depth = 0
    for place, token in enumerate(pieces):
        if token.subtype == formualizer.TokenSubType.Open:
            depth += 1
        elif token.subtype == formualizer.TokenSubType.Close:
            depth -= 1
        if depth == 0 and place < len(pieces) - 1:
            return False
    return bool(pieces) and _opens(pieces[0])
