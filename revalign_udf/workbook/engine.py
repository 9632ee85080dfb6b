"""A spreadsheet engine that computes native formulas and ours together: formualizer with every registered function.

It only evaluates: its results are taken out cell by cell and nothing it writes is ever used. Single-threaded, so that the
same file gives the same values and messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import formualizer

from revalign_udf.calc.results import CellError, CellValue, cells
from revalign_udf.errors import RevalignError, SurfaceError, cell_error
from revalign_udf.functions import Function, registry
from revalign_udf.workbook.book import TableArea
from revalign_udf.workbook.grid import Area, Place, address, area
from revalign_udf.workbook.spelling import OMITTED

__all__ = ["FAILED", "SHIFT_1904", "Engine", "Value", "understood"]

#: what a cell shows; None for a blank one
Value = float | str | bool | CellError | None

_ERRORS = {
    "Div": "#DIV/0!",
    "Na": "#N/A",
    "Value": "#VALUE!",
    "Ref": "#REF!",
    "Name": "#NAME?",
    "Num": "#NUM!",
    "Null": "#NULL!",
    "Spill": "#SPILL!",
    "Calc": "#CALC!",
}
_KINDS = {text: kind for kind, text in _ERRORS.items()}
#: what the engine says when it could not compute, and why that is
FAILED = {
    "Circ": "a circular reference",
    "NImpl": "something the engine cannot do",
    "Error": "a formula the engine cannot read",
    "Cancelled": "it took too long",
}
#: days between the two ways Excel counts them
SHIFT_1904 = 1462
_SERIALS = (20_000.0, 100_000.0)
_DAY_ZERO = date(1899, 12, 30)
#: codes that speak of the project and not of one cell: nothing is written then
_NOT_OF_A_CELL = ("REV-205", "REV-207", "REV-8", "REV-9")
_scratch: list[Any] = []
_known: dict[str, bool] = {}


def understood(function: str) -> bool:
    """Whether the engine has a native function.

    >>> understood("XLOOKUP"), understood("GETPIVOTDATA")
    (True, False)
    """
    if function not in _known:
        if not _scratch:
            book = formualizer.Workbook()
            book.add_sheet("S")
            _scratch.append(book)
        (book,) = _scratch
        try:
            book.set_formula("S", 1, 1, f"={function}()")
            found = book.evaluate_cell("S", 1, 1)
        except formualizer.ExcelEvaluationError:
            found = {"kind": "Name"}
        _known[function] = not (isinstance(found, dict) and found.get("kind") in ("Name", "Error"))
    return _known[function]


class Engine:
    """One workbook in the engine. Raises SurfaceError REV-704 when the engine cannot load it."""

    def __init__(self, content: bytes, *, date1904: bool, called: Callable[[], None] | None = None) -> None:
        settings = formualizer.EvaluationConfig()
        settings.enable_parallel = False
        settings.date_system = "1904" if date1904 else "1900"
        settings.cycle_policy = "error"
        try:
            self._book = formualizer.Workbook.from_bytes(
                content, config=formualizer.WorkbookConfig(eval_config=settings)
            )
        except Exception as error:
            raise SurfaceError(
                f"The engine cannot load the workbook: {error}.", hint="Save it once in Excel."
            ) from error
        self._book.set_temporal_egress("serial")
        self._date1904, self._called = date1904, called or (lambda: None)
        #: a problem of the project, not of one cell; raised after the evaluation
        self._trouble: BaseException | None = None
        #: what our functions said since it was last emptied
        self.said: list[str] = []
        for function in registry().values():
            answer = self._answering(function)
            for name in (f"_xldudf_REVALIGN_{function.name}", f"REVALIGN_{function.name}", f"REVALIGN.{function.name}"):
                self._book.register_function(name, answer)

    def clock(self, now: datetime) -> None:
        """The moment TODAY and NOW tell; ``now`` knows its time zone."""
        offset = now.utcoffset()
        self._book.set_deterministic_clock(now, int(offset.total_seconds()) if offset else 0)

    @property
    def unevaluable(self) -> list[tuple[str, str | None]]:
        """Defined names the engine cannot evaluate, with the sheet of those that belong to one."""
        return [(item["name"].casefold(), item["scope_sheet"]) for item in self._book.name_import_diagnostics]

    def know(self, tables: Iterable[TableArea]) -> None:
        """Tables the engine did not find by itself, as in files that name their parts from the top of the package."""
        known = {str(item["name"]).casefold() for item in self._book.tables()}
        for table in tables:
            if table.name.casefold() not in known:
                corners = area(table.area)
                self._book.add_table(
                    table.name, table.sheet, corners, table.columns, header_row=table.heads, totals_row=table.totals
                )

    def run(self) -> None:
        """Compute everything that is not computed yet. Raises what our functions met that is not about one cell."""
        try:
            self._book.evaluate_all()
        except formualizer.ExcelEvaluationError as error:
            self._raise()
            raise SurfaceError(f"The engine cannot compute the workbook: {error}.") from error
        self._raise()

    def _raise(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    # --- cells ---------------------------------------------------------------------------------------------------

    def value(self, sheet: str, at: Place) -> Value:
        """What a cell shows. What the engine failed at is a `CellError` that begins with ``!``."""
        found = self._book.get_value(sheet, *at)
        if isinstance(found, dict):
            kind = str(found.get("kind"))
            return CellError(_ERRORS.get(kind, f"!{kind}"))
        if found is None or isinstance(found, bool | float | str):
            return found
        if isinstance(found, int):
            return float(found)
        return CellError("!Error")

    def formula(self, sheet: str, at: Place) -> str:
        """The formula of a cell as the engine holds it, without ``=``."""
        return str(self._book.get_formula(sheet, *at) or "").removeprefix("=")

    def spill(self, sheet: str, at: Place) -> Area | None:
        """The cells a formula of several fills now; None for any other cell."""
        role = self._book.inspect_cell(_qualified(sheet, at), include_values=False).cell.spill
        if role is None or role.kind != formualizer.SpillRoleKind.Anchor:
            return None
        return area(str(role.extent).rpartition("!")[2])

    def keep(self, sheet: str, at: Place, value: Value) -> None:
        """Put a value in the place of a formula."""
        literal = formualizer.LiteralValue
        if isinstance(value, CellError):
            found = literal.error(_KINDS.get(value, "Value"), None)
        elif value is None:
            found = literal.empty()
        elif isinstance(value, bool):
            found = literal.boolean(value)
        else:
            found = literal.text(value) if isinstance(value, str) else literal.number(float(value))
        self._book.set_value(sheet, *at, found)

    def asked_again(self, sheet: str, at: Place) -> list[str]:
        """What our functions say when one cell is computed anew: the messages of its errors."""
        self.said.clear()
        formula = self._book.get_formula(sheet, *at)
        if formula:
            self._book.set_formula(sheet, *at, formula)
            self._book.evaluate_cell(sheet, *at)
        return list(dict.fromkeys(self.said))

    def result(self, formula: str) -> Value:
        """The value of a formula (without ``=``) that stands in no cell."""
        sheet = "revalign scratch"
        self._book.add_sheet(sheet)
        self._book.set_formula(sheet, 1, 1, f"={formula}")
        self._book.evaluate_cell(sheet, 1, 1)
        self._raise()
        return self.value(sheet, (1, 1))

    # --- our functions -------------------------------------------------------------------------------------------

    def _answering(self, function: Function) -> Callable[..., Any]:
        dated = [argument.dated for argument in function.arguments] if self._date1904 else []

        def answer(*given: Any) -> Any:
            try:
                raw = [_raw(value) for value in given]
                for place, is_day in enumerate(dated[: len(raw)]):
                    if is_day:
                        raw[place] = _of_1900(raw[place])
                return self._result(cells(function.call(raw)))
            except Exception as error:  # noqa: BLE001 - the engine would make any exception #VALUE!
                return self._failed(error)
            finally:
                self._called()

        return answer

    def _failed(self, error: Exception) -> Any:
        shown, message = cell_error(error)
        code = error.code if isinstance(error, RevalignError) else "REV-901"
        if code.startswith(_NOT_OF_A_CELL):
            self._trouble = self._trouble or error
        self.said.append(message)
        return formualizer.LiteralValue.error(_KINDS.get(shown, "Value"), message)

    def _result(self, found: CellValue | list[list[CellValue]]) -> Any:
        if not isinstance(found, list):
            return self._encoded(found)
        wide = max(map(len, found), default=0)
        if not wide:
            return formualizer.LiteralValue.error("Na", "an empty table")
        return [[self._encoded(value) for value in [*row, *[None] * (wide - len(row))]] for row in found]

    def _encoded(self, value: CellValue) -> Any:
        if isinstance(value, CellError):
            return formualizer.LiteralValue.error(_KINDS.get(value, "Value"), None)
        if isinstance(value, date):
            return float((value - _DAY_ZERO).days - (SHIFT_1904 if self._date1904 else 0))
        # a blank is an empty text on every route: Excel shows 0 for an empty value that a function returns
        return "" if value is None else value


def _raw(value: Any) -> Any:
    """A value as the engine hands it over, as our functions take it."""
    if isinstance(value, list):
        return [_raw(item) for item in value]
    if isinstance(value, dict):
        return _ERRORS.get(str(value.get("kind")), "#VALUE!")
    return None if value == OMITTED else value


def _of_1900(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_of_1900(item) for item in value]
    low, high = _SERIALS
    if isinstance(value, float) and low <= value + SHIFT_1904 < high:
        return value + SHIFT_1904
    return value


def _qualified(sheet: str, at: Place) -> str:
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!{address(at)}"
