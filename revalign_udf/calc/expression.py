"""The one little formula language: metric formulas and computed columns of reports.

Arithmetic over names: ``+ - * /``, parentheses, numbers and calls. What a call means is the caller's business: metric
formulas may call ``growth`` or ``prev``, computed columns ``min`` and ``max``.

>>> Expression("(a - b) / b").evaluate({"a": 6, "b": 4})
Fraction(1, 2)
>>> Expression("opening + new").render(lambda name: {"opening": "B7", "new": "C7"}[name])
'B7 + C7'
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from revalign_udf.errors import Undefined, UnknownName, UserError
from revalign_udf.money import exact

__all__ = ["Call", "Expression"]

Number = Fraction | int | float
T = TypeVar("T", Fraction, float)
Call = Callable[..., Fraction]

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def _divide(above: T, below: T) -> T:
    if below == 0:
        raise Undefined("The denominator is zero.")
    return above / below


class Expression:
    """A parsed formula. Raises UserError REV-102 at once when the text is not one."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        try:
            self._tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # also a zero byte, and brackets without end
            raise UserError(f"Cannot read the formula {text!r}.", hint="Use names, numbers, + - * / and ( ).") from None
        for node in ast.walk(self._tree):
            if not self._allowed(node):
                raise UserError(
                    f"The formula {text!r} holds something other than names, numbers, + - * /, ( ) and calls."
                )

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @staticmethod
    def _allowed(node: ast.AST) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int | float) and not isinstance(node.value, bool)
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and not node.keywords
        if isinstance(node, ast.BinOp):
            return isinstance(node.op, _OPERATORS)
        return isinstance(node, ast.Name | ast.UnaryOp | ast.USub | ast.Load | ast.operator)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names the formula reads, in order of appearance, without those of calls."""
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        found = [node for node in ast.walk(self._tree) if isinstance(node, ast.Name) and id(node) not in called]
        return tuple(dict.fromkeys(node.id for node in sorted(found, key=lambda node: node.col_offset)))

    @cached_property
    def calls(self) -> tuple[str, ...]:
        """Names of the functions the formula calls."""
        found = (
            node.func.id
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        )
        return tuple(dict.fromkeys(found))

    def evaluate(
        self, values: Mapping[str, Number] | Callable[[str], Number], calls: Mapping[str, Call] | None = None
    ) -> Fraction:
        """The exact result. Raises Undefined REV-110 on a division by zero, UnknownName for a name without a value."""
        known: Mapping[str, Callable[..., Fraction]] = calls or {"min": min, "max": max}
        return self._run(values, known, exact)

    def evaluate_float(self, values: Mapping[str, float]) -> float:
        """The result in binary floating point, operation by operation, as a spreadsheet computes it."""
        known: Mapping[str, Callable[..., float]] = {"min": min, "max": max}
        return self._run(values, known, float)

    def _run(
        self,
        values: Mapping[str, Number] | Callable[[str], Number],
        calls: Mapping[str, Callable[..., T]],
        convert: Callable[[Number], T],
    ) -> T:
        def name(node: ast.Name) -> T:
            if callable(values):
                return convert(values(node.id))
            if node.id not in values:
                raise UnknownName("name in a formula", node.id, values)
            return convert(values[node.id])

        def run(node: ast.expr) -> T:
            match node:
                case ast.Constant(value=int() | float() as number):
                    return convert(number)
                case ast.Name():
                    return name(node)
                case ast.UnaryOp(operand=operand):
                    return -run(operand)
                case ast.Call(func=ast.Name(id=called), args=arguments):
                    if called not in calls:
                        raise UnknownName("function in a formula", called, calls)
                    given = [run(argument) for argument in arguments]
                    try:
                        return calls[called](*given)
                    except TypeError:
                        raise UserError(f"{called} does not take {len(given)} numbers in {self.text!r}.") from None
                case ast.BinOp(left=left, op=operator, right=right):
                    above, below = run(left), run(right)
                    match operator:
                        case ast.Add():
                            return above + below
                        case ast.Sub():
                            return above - below
                        case ast.Mult():
                            return above * below
                        case _:
                            return _divide(above, below)
                case _:  # pragma: no cover - refused when the formula was read
                    raise UserError(f"Cannot evaluate {self.text!r}.")

        return run(self._tree)

    def render(self, reference: Callable[[str], str], separator: str = ", ", decimal: str = ".") -> str:
        """The formula's text with every name replaced by what ``reference`` says (a cell, a number).

        ``separator`` stands between the arguments of a call and ``decimal`` in its numbers: a spreadsheet that writes
        0,5 reads ``MIN(A1;0,5)``.

        >>> Expression("min(a, 0.5) + max(b, 2)").render(str.upper, ";", ",")
        'MIN(A;0,5) + MAX(B;2)'
        """

        class Swap(ast.NodeTransformer):
            def visit_Call(self, node: ast.Call) -> ast.AST:
                arguments = separator.join(ast.unparse(self.visit(argument)) for argument in node.args)
                return ast.Name(id=f"{ast.unparse(node.func).upper()}({arguments})")  # one piece, as a name is

            def visit_Name(self, node: ast.Name) -> ast.AST:
                return ast.Name(id=reference(node.id))

            def visit_Constant(self, node: ast.Constant) -> ast.AST:
                return ast.Name(id=ast.unparse(node).replace(".", decimal))

        return ast.unparse(Swap().visit(ast.parse(self.text, mode="eval").body))
