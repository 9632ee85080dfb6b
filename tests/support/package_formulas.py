"""Whether Excel can read a formula as a file stores it: its functions, the sheets, names and cells it speaks of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import TokenizerError
from openpyxl.utils import FORMULAE
from package_parts import Area, area_of

__all__ = ["ERRORS", "Known", "areas_in", "faults"]

ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})
OURS = ("_xldudf_REVALIGN_", "REVALIGN_")
_LONGEST, _LONGEST_TEXT, _DEEPEST, _MOST = 8192, 255, 64, 255
#: of Excel 2007, and not on the list of that library
_OLD = frozenset(
    {"AVERAGEIFS", "COUNTIFS", "HYPERLINK", "IFERROR", "SUMIFS", "NETWORKDAYS", "WORKDAY", "EDATE", "EOMONTH"}
)
#: newer ones, stored with `_xlfn.` in front
_NEW = frozenset(
    """ACOT ACOTH AGGREGATE ANCHORARRAY ARABIC ARRAYTOTEXT BASE BYCOL BYROW CEILING.MATH CHOOSECOLS CHOOSEROWS COMBINA CONCAT
    CONFIDENCE.T COT COTH COVARIANCE.P COVARIANCE.S CSC CSCH DAYS DECIMAL DROP EXPAND FILTERXML FLOOR.MATH FORECAST.LINEAR
    FORMULATEXT GAMMA GAUSS GROUPBY HSTACK IFNA IFS ISFORMULA ISOMITTED ISOWEEKNUM LAMBDA LET MAKEARRAY MAP MAXIFS MINIFS
    MODE.MULT MODE.SNGL MUNIT NORM.DIST NORM.INV NORM.S.DIST NORM.S.INV NUMBERVALUE PDURATION PERCENTILE.EXC PERCENTILE.INC
    PERCENTRANK.EXC PERCENTRANK.INC PERMUTATIONA PHI PIVOTBY QUARTILE.EXC QUARTILE.INC RANDARRAY RANK.AVG RANK.EQ REDUCE RRI
    SCAN SEC SECH SEQUENCE SHEET SHEETS SINGLE SKEW.P STDEV.P STDEV.S SWITCH TAKE TEXTAFTER TEXTBEFORE TEXTJOIN TEXTSPLIT
    TOCOL TOROW TRIMRANGE UNICHAR UNICODE UNIQUE VALUETOTEXT VAR.P VAR.S VSTACK WEBSERVICE WRAPCOLS WRAPROWS XLOOKUP XMATCH
    XOR""".split()
)
_NEW_SHEET = frozenset({"FILTER", "SORT", "SORTBY"})  # stored with `_xlfn._xlws.` in front
_SHEET = re.compile(r"(?:'((?:[^']|'')+)'|([^'!\[\]]+))!(.+)")


@dataclass
class Known:
    """What a formula may speak of. ``names`` are lower case, a sheet's own ones behind the sheet's name."""

    sheets: tuple[str, ...] = ()
    names: set[tuple[str, str]] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    functions: frozenset[str] = frozenset()

    def sheet(self, name: str) -> str | None:
        """The sheet of a name, however it is cased."""
        return next((item for item in self.sheets if item.lower() == name.lower()), None)


def faults(formula: str, known: Known, sheet: str) -> Iterator[str]:
    """What keeps Excel from reading a formula (without its ``=``) that stands on a sheet."""
    if not formula.strip():
        yield "is empty"
        return
    if formula.startswith("="):
        yield "begins with = in the file"
        return
    if len(formula) > _LONGEST:
        yield f"has {len(formula)} characters"
    try:
        tokens = Tokenizer(f"={formula}").items
    except (TokenizerError, IndexError) as error:
        yield f"cannot be read: {error}"
        return
    open_ones: list[int] = []
    for token in tokens:
        if token.subtype == "OPEN":
            if token.type == "FUNC":
                yield from _function(token.value[:-1], known)
            open_ones.append(1)
            if len(open_ones) > _DEEPEST:
                yield f"is nested more than {_DEEPEST} deep"
        elif token.subtype == "CLOSE":
            if not open_ones:
                yield "closes a parenthesis too many"
                return
            open_ones.pop()
        elif token.type == "SEP" and open_ones:
            open_ones[-1] += 1
            if open_ones[-1] == _MOST + 1:
                yield f"gives a function more than {_MOST} arguments"
        elif token.type == "OPERAND":
            yield from _operand(token.value, token.subtype, known, sheet)
    if open_ones:
        yield "leaves a parenthesis open"
    if tokens[-1].type == "OPERATOR-INFIX":
        yield f"ends with {tokens[-1].value}"


def _function(name: str, known: Known) -> Iterator[str]:
    upper = name.upper()
    if upper.startswith("REVALIGN."):
        yield f"{name} is how people type it, not how a file stores it"
    elif name.startswith(OURS):
        bare = name.removeprefix("_xldudf_")
        if bare not in known.functions:
            yield f"there is no function {name}"
    elif upper.startswith("_XLFN."):
        bare = upper.removeprefix("_XLFN.")
        sheets_own = bare.startswith("_XLWS.")
        if bare.removeprefix("_XLWS.") not in (_NEW_SHEET if sheets_own else _NEW):
            yield f"there is no function {name}"
    elif upper in _NEW:
        yield f"{name} is stored as _xlfn.{upper}"
    elif upper in _NEW_SHEET:
        yield f"{name} is stored as _xlfn._xlws.{upper}"
    elif upper not in FORMULAE and upper not in _OLD:
        yield f"there is no function {name}"


def _operand(text: str, kind: str, known: Known, sheet: str) -> Iterator[str]:
    if kind == "TEXT":
        if len(text[1:-1].replace('""', '"')) > _LONGEST_TEXT:
            yield f"holds a text of more than {_LONGEST_TEXT} characters"
    elif kind == "ERROR":
        if text == "#REF!":
            yield "points at #REF!"
        elif text not in ERRORS:
            yield f"holds {text}, which is no error of Excel"
    elif kind == "RANGE":
        yield from _reference(text, known, sheet)


def _reference(text: str, known: Known, sheet: str) -> Iterator[str]:
    if "#REF!" in text:
        yield "points at #REF!"
        return
    on, rest = sheet, text
    if "!" in text:
        found = _SHEET.fullmatch(text)
        if not found:
            yield f"points at {text}, which is no place"
            return
        given = found[1].replace("''", "'") if found[1] else found[2]
        if not found[1] and not re.fullmatch(r"[^\W\d][\w.]*", given):
            yield f"the sheet in {text} needs quotes"
        rest = found[3]
        if (on_known := known.sheet(given)) is None:
            yield f"points at {text}, and there is no sheet {given}"
            return
        on = on_known
    if area_of(rest):
        return
    if "[" in rest:
        if rest.partition("[")[0].lower() not in known.tables:
            yield f"points at {text}, and there is no such table"
        return
    name = rest.lower()
    if (on.lower(), name) not in known.names and ("", name) not in known.names:
        yield f"points at {text}, which is neither a cell nor a name"


def areas_in(formula: str, sheet: str) -> Iterator[tuple[str, Area]]:
    """The cells a formula names itself, with their sheet."""
    try:
        tokens = Tokenizer(f"={formula}").items
    except (TokenizerError, IndexError):
        return
    for token in tokens:
        if token.type == "OPERAND" and token.subtype == "RANGE":
            found = _SHEET.fullmatch(token.value)
            on, rest = ((found[1] or found[2]).replace("''", "'"), found[3]) if found else (sheet, token.value)
            if area := area_of(rest):
                yield on, area
