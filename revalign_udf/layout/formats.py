"""How a number is shown: one place for "unit, currency, decimals, own format -> pattern", so that every surface agrees.

Patterns are written the English way (``#,##0.00``), whatever the country of the reader: Excel and Google Sheets store
them so and show the marks of the reader's locale. Only what both read the same way is let through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from revalign_udf.layout.model import Block, Column, Unit
from revalign_udf.money import decimals

__all__ = ["SIGNS", "Kind", "fault", "fits", "kind", "largest", "length", "pattern", "patterns", "places_of", "sign"]

#: NumberFormatType of the Sheets API; Excel needs no more than the pattern
Kind = Literal["TEXT", "NUMBER", "PERCENT", "CURRENCY", "DATE", "TIME", "DATE_TIME", "SCIENTIFIC"]

#: a sign with the Windows code of its locale, which both programs read (-2 is the euro in front, of no country)
SIGNS: Mapping[str, str] = {"EUR": "[$€-2]", "USD": "[$$-409]", "GBP": "[$£-809]", "JPY": "[$¥-411]"}
#: unit -> the whole part, decimals usual for it, what follows
_USUAL: Mapping[Unit, tuple[str, int, str]] = {
    "text": ("@", 0, ""),
    "date": ("yyyy-mm-dd", 0, ""),
    "money": ("#,##0", 0, ""),
    "rate": ("0", 1, "%"),
    "count": ("#,##0", 0, ""),
    "number": ("#,##0", 2, ""),
    "points": ("0", 0, ""),
    "months": ("0", 1, ""),
}
#: amounts from here on are shown without cents
_LARGE = 1000


def sign(currency: str) -> str:
    """The sign of a currency as it begins a pattern; its code where it has no sign everybody knows."""
    return SIGNS.get(currency, f"[${currency}] ")


def pattern(unit: Unit, currency: str = "", places: int | None = None, own: str = "") -> str:
    """The pattern of a unit with so many decimals (by default those usual for it; money none). ``own`` overrules all.

    >>> pattern("money", "EUR"), pattern("money", "CHF", 2), pattern("rate"), pattern("rate", own="0%")
    ('[$€-2]#,##0', '[$CHF] #,##0.00', '0.0%', '0%')
    """
    if own:
        return own
    whole, usual, after = _USUAL[unit]
    if unit in ("text", "date"):
        return whole
    places = usual if places is None else places
    before = sign(currency) if unit == "money" else ""
    return before + whole + ("." + "0" * places if places else "") + after


def places_of(column: Column, most: float, currency: str) -> int | None:
    """Decimals of a column: as declared, else a column of small amounts shows as many as its currency has."""
    if column.decimals is None and column.unit == "money" and 0 < most < _LARGE:
        return decimals(currency)
    return column.decimals


def largest(block: Block, column: int) -> float:
    """The largest magnitude in a column; 0 without numbers."""
    found = (row[column].value for row in block.rows)
    return max((abs(value) for value in found if isinstance(value, int | float)), default=0.0)


def patterns(block: Block, currency: str) -> list[str]:
    """The pattern of each column of a block, which every surface shows it by."""
    return [
        pattern(column.unit, currency, places_of(column, largest(block, number), currency), column.format)
        for number, column in enumerate(block.columns)
    ]


# --- reading patterns ------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""(?P<literal>"[^"]*"|\\.|_.|\*.)
    |\[(?P<bracket>[^\]]*)\]
    |(?P<general>general)
    |(?P<clock>am/pm|a/p)
    |(?P<power>e[+-])
    |(?P<day>y+|d+)|(?P<month>m+)|(?P<hour>h+|s+)
    |(?P<digit>[0#?])
    |(?P<mark>[.,%@/;])
    |(?P<plain>[ $€£¥+\-():!^&'~{}<>=])""",
    re.IGNORECASE | re.VERBOSE,
)
_COLOURS = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|color ?([1-9]|[1-4]\d|5[0-6])", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)-?\d+(\.\d+)?")
_ELAPSED = re.compile(r"h{1,2}|m{1,2}|s{1,2}", re.IGNORECASE)
_SIGN = re.compile(r"\$[^-\]]*(-[0-9A-Fa-f]+)?")
_QUOTE = 'Words stand in double quotes: 0.0" k€".'
_ENGLISH = "Patterns are written the English way in every country: #,##0.00."
_SECTIONS = 4


@lru_cache(maxsize=1024)  # a report has few patterns and many cells
def _tokens(text: str) -> tuple[tuple[str, str], ...]:
    """(kind, text) of each piece; the kind ``""`` is something neither program takes."""
    found, at = list[tuple[str, str]](), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        name, piece = (match.lastgroup or "", match[match.lastgroup or 0]) if match else ("", text[at])
        found.append((name, piece))
        at = match.end() if match else at + 1
    return tuple(found)


def fault(text: str) -> tuple[str, str]:
    """What is wrong with a pattern and what to do; two empty texts when Excel and Google Sheets both read it.

    >>> fault("#,##0.0"), fault("#.##0,00")[0]
    (('', ''), 'a comma stands behind the decimal point')
    """
    if not text.strip():
        return "is empty", "Leave it out to show the usual format of the unit."
    sections: list[list[tuple[str, str]]] = [[]]
    for name, piece in _tokens(text):
        if said := _odd(name, piece):
            return said
        if (name, piece) == ("mark", ";"):
            sections.append([])
        else:
            sections[-1].append((name, piece))
    if len(sections) > _SECTIONS:
        return "has more than four sections", "Positive; negative; zero; text."
    for number, section in enumerate(sections):
        if said := _section(section, number, len(sections)):
            return said
    return "", ""


def _odd(name: str, piece: str) -> tuple[str, str] | None:
    if name == "general":
        return '"General" is no pattern', "Leave the format out, or write 0.00."
    if name == "":
        hint = "Close it." if piece in '"[' else _QUOTE
        return (f"{piece} is not closed" if piece in '"[' else f"{piece!r} means nothing in a pattern"), hint
    known = (_COLOURS, _CONDITION, _ELAPSED, _SIGN)
    if name == "bracket" and not any(one.fullmatch(piece) for one in known):
        return f"[{piece}] is no colour, condition, sign or lapse of time", "As in [Red], [<100], [$CHF], [h]:mm."
    return None


def _lapse(tokens: Sequence[tuple[str, str]]) -> bool:
    return any(name == "bracket" and _ELAPSED.fullmatch(piece) for name, piece in tokens)


def _section(section: list[tuple[str, str]], number: int, count: int) -> tuple[str, str] | None:
    names = {name for name, _ in section}
    marks = "".join(piece if name != "digit" else "0" for name, piece in section if name in ("digit", "mark"))
    dated = bool(names & {"day", "month", "hour", "clock"}) or _lapse(section)
    text = "@" in marks
    if dated and ("digit" in names or "%" in marks) and not re.fullmatch(r"[/,]*\.0{1,3}[/,]*", marks):
        return "mixes a date with digits", "One or the other: yyyy-mm-dd, or #,##0.00."
    if text and ("digit" in names or dated or (number != _SECTIONS - 1 and count > 1)):
        return "mixes text (@) with numbers", "@ stands alone, or in the fourth section."
    if number == _SECTIONS - 1 and ("digit" in names or dated):
        return "has digits in the fourth section, which shows text", "Positive; negative; zero; text."
    if re.search(r"\.[0%]*,+0", marks):
        return "a comma stands behind the decimal point", _ENGLISH
    if re.search(r"0,00?%?$", "".join(piece for name, piece in section if name in ("digit", "mark"))):
        return "a comma stands where the decimal point belongs", _ENGLISH
    if marks.count(".") > 1 and not dated:
        return "has two decimal points", _ENGLISH
    if number == 0 and not (dated or text or "digit" in names):
        return "shows no number", "Use 0, # or ? for digits: #,##0.00."
    return None


def kind(text: str) -> Kind:
    """What sort of value a pattern shows, as the Sheets API names it.

    >>> kind("[$€-2]#,##0"), kind("0.0%"), kind("d mmm yyyy"), kind("[h]:mm"), kind('0.0,"M"')
    ('CURRENCY', 'PERCENT', 'DATE', 'TIME', 'NUMBER')
    """
    tokens = _tokens(text.partition(";")[0])
    names = {name for name, _ in tokens}
    day, hour = "day" in names, bool(names & {"hour", "clock"}) or _lapse(tokens)
    marks = {piece for name, piece in tokens if name in ("mark", "plain")}
    money = any(name == "bracket" and _SIGN.fullmatch(piece) for name, piece in tokens) or bool(marks & set("$€£¥"))
    if day or hour or "month" in names:
        return "DATE_TIME" if hour and day else "TIME" if hour else "DATE"
    if "@" in marks:
        return "TEXT"
    if "%" in marks:
        return "PERCENT"
    if money:
        return "CURRENCY"
    return "SCIENTIFIC" if "power" in names else "NUMBER"


def fits(text: str, unit: Unit) -> bool:
    """Whether a pattern shows values of a unit: dates as dates, text as text, the rest as numbers.

    >>> fits("0.0%", "money"), fits("yyyy-mm-dd", "money"), fits("#,##0", "date")
    (True, False, False)
    """
    found = kind(text)
    if unit == "date":
        return found in ("DATE", "DATE_TIME")
    if unit == "text":
        return found == "TEXT"
    return found not in ("DATE", "DATE_TIME", "TEXT", "TIME")


def length(value: float, text: str) -> int:
    """About how many characters a number takes on screen by a pattern.

    >>> length(1234.5, "[$€-2]#,##0"), length(0.1234, "0.0%"), length(2_500_000, '0.0,,"M"')
    (6, 5, 4)
    """
    shown = [piece for piece in _tokens(text.partition(";")[0]) if piece[0] not in ("plain", "literal", "bracket")]
    around = 0
    for name, piece in _tokens(text.partition(";")[0]):
        if name == "bracket" and piece.startswith("$"):
            around += len(piece[1:].partition("-")[0])
        elif name == "literal":
            around += len(piece) - 2 if piece.startswith('"') else 1
        elif name == "plain":
            around += 1
    body = "".join(piece for name, piece in shown if name in ("digit", "mark"))
    if not any(name == "digit" for name, _ in shown):
        return around + sum(len(piece) for _, piece in shown)
    percent, body = "%" in body, body.replace("%", "")
    thousands = len(body) - len(body.rstrip(","))
    whole, _, after = body.rstrip(",").partition(".")
    scaled = value * (100 if percent else 1) / 1000**thousands
    digits = f"{scaled:,.{len(after)}f}" if "," in whole else f"{scaled:.{len(after)}f}"
    return len(digits) + percent + around
