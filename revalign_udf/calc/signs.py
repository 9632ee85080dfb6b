"""Which way a formula moves with each number in it: up, down, or not certain.

Signs are read off the formula itself. A sum moves with its terms, a ratio with its numerator and against its
denominator, where the sign of the other part is known. What a formula pulls both ways is ``?``, except for a part of a
whole (``won / (won + lost)`` rises with won and falls with lost). Only ``+`` and ``-`` are certain.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from revalign_udf.calc.expression import Expression

__all__ = ["UNKNOWN", "Pull", "pulls"]

UP, DOWN, UNKNOWN = "+", "-", "?"
_NOT = {UP: DOWN, DOWN: UP, UNKNOWN: UNKNOWN}
_DEEP = 20


@dataclass(frozen=True, slots=True)
class Pull:
    """The sign a value has (``+``: not below zero), and the way it moves with each name in it."""

    value: str = UNKNOWN
    moves: Mapping[str, str] = field(default_factory=dict)


def pulls(text: str, named: Callable[[str], Pull | str]) -> Pull:
    """The way a formula moves. ``named`` gives for a name its own pull, or the sign of its value where it is a number.

    >>> signs = {"won": "+", "lost": "+", "churned": "-"}
    >>> pulls("won / (won + lost)", signs.__getitem__).moves
    {'won': '+', 'lost': '-'}
    >>> pulls("ratio(won - lost, won)", signs.__getitem__).moves
    {'lost': '-', 'won': '+'}
    >>> pulls("won * (won - lost)", signs.__getitem__).moves
    {'won': '?', 'lost': '-'}
    >>> pulls("ratio(won, -churned)", signs.__getitem__)
    Pull(value='+', moves={'won': '+', 'churned': '+'})
    """
    return _of(ast.parse(Expression(text).text, mode="eval").body, named, 0)


def _of(node: ast.expr, named: Callable[[str], Pull | str], depth: int) -> Pull:
    if depth > _DEEP:
        return Pull()

    def down(inner: ast.expr) -> Pull:
        return _of(inner, named, depth + 1)

    match node:
        case ast.Constant(value=int() | float() as number):
            return Pull(UP if number >= 0 else DOWN)
        case ast.Name(id=name):
            found = named(name)
            return found if isinstance(found, Pull) else Pull(found, {name: UP})
        case ast.UnaryOp(operand=operand):
            return _negated(down(operand))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(down(left), down(right))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _sum(down(left), _negated(down(right)))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            first, second = down(left), down(right)
            moves = _joined(_times(first.moves, second.value), _times(second.moves, first.value))
            return Pull(_sign(first.value, second.value), moves)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _quotient(left, right, down)
        case ast.Call(func=ast.Name(id=called), args=arguments):
            return _call(called, arguments, down)
    return Pull()  # pragma: no cover - an expression holds nothing else


def _call(called: str, arguments: list[ast.expr], down: Callable[[ast.expr], Pull]) -> Pull:
    """A call that rises or falls with each of its arguments; nothing is certain of another."""
    given = [down(argument) for argument in arguments]
    if called in ("ratio", "growth", "payback") and len(arguments) == 2:
        # growth is the same ratio less one, payback cost over what a month brings
        found = _quotient(arguments[0], arguments[1], down)
        return Pull(UNKNOWN if called == "growth" else found.value, found.moves)
    if called == "margin" and len(given) == 2:
        return _negated(Pull(UNKNOWN, _quotient(arguments[0], arguments[1], down).moves))
    if called in ("min", "max") and given:
        value = given[0].value if len({one.value for one in given}) == 1 else UNKNOWN
        if called == "max" and any(one.value == UP for one in given):
            value = UP
        return Pull(value, _joined(*(one.moves for one in given)))
    if called in ("renewals", "at_most") and len(given) == 2:
        rises, falls = (given[0], given[1]) if called == "renewals" else (given[1], given[0])
        return Pull(UP, _joined(rises.moves, _negated(falls).moves))
    if called == "annualise" and len(given) == 2:
        return Pull(given[0].value, _joined(given[0].moves, dict.fromkeys(given[1].moves, UNKNOWN)))
    return Pull(UNKNOWN, dict.fromkeys([name for one in given for name in one.moves], UNKNOWN))


def _quotient(above: ast.expr, below: ast.expr, down: Callable[[ast.expr], Pull]) -> Pull:
    if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Sub):
        # (a - b) / b is a / b - 1, and (a - b) / a is 1 - b / a
        if ast.dump(above.right) == ast.dump(below):
            return Pull(UNKNOWN, _quotient(above.left, below, down).moves)
        if ast.dump(above.left) == ast.dump(below):
            return _negated(Pull(UNKNOWN, _quotient(above.right, below, down).moves))
    top, bottom = down(above), down(below)
    value = _sign(top.value, bottom.value)
    if (rest := _without(below, above)) is not None:
        # a / (a + b) rises with a where b is above zero, and falls with b where a is
        other = down(rest)
        return Pull(value, _joined(_times(top.moves, other.value), _times(other.moves, _NOT[top.value])))
    return Pull(value, _joined(_times(top.moves, bottom.value), _times(bottom.moves, _NOT[top.value])))


def _without(whole: ast.expr, part: ast.expr) -> ast.expr | None:
    """The other term of a sum of two, one of which is ``part``."""
    if isinstance(whole, ast.BinOp) and isinstance(whole.op, ast.Add):
        for one, other in ((whole.left, whole.right), (whole.right, whole.left)):
            if ast.dump(one) == ast.dump(part):
                return other
    return None


def _negated(pull: Pull) -> Pull:
    return Pull(_NOT[pull.value], {name: _NOT[move] for name, move in pull.moves.items()})


def _sum(first: Pull, second: Pull) -> Pull:
    value = first.value if first.value == second.value else UNKNOWN
    return Pull(value, _joined(first.moves, second.moves))


def _sign(first: str, second: str) -> str:
    if UNKNOWN in (first, second):
        return UNKNOWN
    return UP if first == second else DOWN


def _times(moves: Mapping[str, str], sign: str) -> dict[str, str]:
    return {name: _sign(move, sign) for name, move in moves.items()}


def _joined(*several: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for moves in several:
        for name, move in moves.items():
            found[name] = move if found.setdefault(name, move) == move else UNKNOWN
    return found
