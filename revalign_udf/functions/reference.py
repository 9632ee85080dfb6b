"""The reference page of all functions, generated from the registry: ``revalign excel reference`` writes it.

Examples of functions on ranges are those of their declarations, which run as tests. Functions on the published snapshot
are shown on the sample company of ``revalign demo``: their calls and cells are in ``samples.json``, which
``revalign excel reference --sample DIR`` brings up to date, and a test asks the demo for each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from revalign_udf.errors import CODES
from revalign_udf.functions.arguments import Argument
from revalign_udf.functions.calling import call_cell
from revalign_udf.functions.registry import PREFIX, Example, Function, registry

__all__ = ["ADVICE", "KINDS", "PAGE", "SAMPLES", "example_text", "reference_text", "resampled", "samples", "signature"]

#: the committed page, and the calls on the sample company, both beside this module
PAGE, SAMPLES = "REFERENCE.md", "samples.json"
#: rows and columns of a spill that are shown, characters of a text
_ROWS, _COLUMNS, _LONGEST = 8, 7, 60

#: kind of argument -> what to give
KINDS: Mapping[str, str] = {
    "amount": "a number, or a range that is added up; blank is 0",
    "loss": "a number or a range; magnitudes or signed, not both in one range",
    "number": "one number",
    "column": "a range of numbers; blank is 0",
    "answers": "a range of numbers; blank is no answer",
    "cells": "one row or column, beside the others",
    "beside": "numbers beside the first range, as many; blank is 0",
    "factors": "numbers beside the first range, as many, or one for all",
    "labels": "texts beside the first range, as many",
    "texts": "texts beside the first range, as many, or one for all",
    "flags": "yes or no beside the first range, as many, or one for all",
    "text": "one text",
    "choice": "one of the texts named",
    "day": "one date",
    "period": "a period or a date",
    "names": "names in a range, or one",
    "periods": "periods in a range, or one",
    "instants": "dates and times in a range, or one",
    "days": "dates in a range, or one",
    "pairs": "field, value, field, value ... or one range of two columns",
}

#: code -> what a cell shows, and what to do
ADVICE: Mapping[str, tuple[str, str]] = {
    "REV-101": ("#VALUE!", "Take the name the message proposes; `REVALIGN.LIST` shows what there is. Of a function: `#NAME?`."),
    "REV-102": ("#VALUE!", "Compare the arguments with the signature; an optional one is left empty, not out, before others."),
    "REV-103": ("#VALUE!", "Ask without this filter, or by a dimension the message names."),
    "REV-104": ("#VALUE!", "Ask without `in_currency` and without a profile that brings its own rates."),
    "REV-105": ("#VALUE!", 'Name a closed period: `REVALIGN.LIST("closed")`.'),
    "REV-106": ("#VALUE!", "The definition waits for signatures; ask for another version."),
    "REV-110": ("#DIV/0!", "Nothing to divide by: show it as it is. It is not 0."),
    "REV-111": ("#VALUE!", 'Say `"years"` or `"months"`.'),
    "REV-112": ("#VALUE!", "Correct the cell the message names. An error cell in a range comes out as that error."),
    "REV-113": ("#DIV/0!", "No positive contribution pays the cost back: show it as it is."),
    "REV-114": ("#NUM!", "Check sign and size of the number the message names."),
    "REV-201": ("#N/A", "Pull a source that has the tables the message names."),
    "REV-204": ("#N/A", "There is no data for this period or slice: it is not 0. `REVALIGN.STATUS` says how far sources go."),
    "REV-205": ("#N/A", "Publish a snapshot: `revalign run`."),
    "REV-206": ("#N/A", "Leave `as_of` empty, or recompute that day: `revalign build --as-of DATE`."),
    "REV-207": ("#N/A", "Publish a new snapshot (`revalign build`), or restore the folder from a backup."),
    "REV-208": ("#N/A", "Load exchange rates for the days the message names."),
    "REV-209": ("#N/A", "Too few cases for an honest estimate: ask for a longer period or a larger slice."),
    "REV-301": ("#VALUE!", "Say which project: set `REVALIGN_PROJECT` to its folder."),
    "REV-401": ("#N/A", "Sign in: task pane, or a new token."),
    "REV-403": ("#N/A", "Ask for the slice you may see, or ask the owner of the project."),
    "REV-408": ("#N/A", "Start the server (`revalign serve`), or recalculate when it is back."),
    "REV-801": ("#N/A", "Nobody can say what is closed: repair `governance/closes.jsonl`."),
    "REV-901": ("#VALUE!", "Report it with the formula: this is our bug."),
}  # fmt: skip

_HEAD = """# Functions

Written by `revalign excel reference` from the declarations of the functions; a test compares it with them.

In Excel for Mac, on the web and with the add-in for all platforms the names are written with a dot (`REVALIGN.CAC`), in
the classic add-in for Windows with an underscore (`REVALIGN_CAC`). Where Excel separates arguments with a semicolon, so
do these. Arguments in brackets are optional; `...` repeats the pair before it. Numbers are exact inside and become the
nearest double in the cell.

- A blank cell is nothing: an empty filter means all, an empty `as_of` the published snapshot, or that of the day in the
  workbook's name `REVALIGN_ASOF` (a date, or a cell that holds one) where it has one.
- Periods: a date (its month), `2026-09`, `2026-Q3`, `FY26-Q3`, `2026`, `THIS_MONTH`, `LAST_MONTH` (`QUARTER`, `YEAR`), `MTD`,
  `QTD`, `YTD`, `LTM`, `LAST_N_MONTHS:6`. Relative ones count from the snapshot's day, never from today.
- Filters are field and value pairs, as in SUMIFS, or one range of two columns. `profile`, `in_currency`, `compare`
  (`previous`, `last_year`, `target`) and `show` (`difference`, `share`, `value`) are said in pairs too.
- So is what to show of a table (`TABLE`, `RECORDS`, `BRIDGE`, `DRIFT`, `SLA`, `SPLIT`, `REVIEW`, `DEFINE`, `STATUS`), in
  any order, each left out or left blank as usual: `columns` which of them and in which order (`"stage, reached"`; with a
  minus before each: all but these), `sort` by which (`"-value, name"`; a minus: the largest first), `limit` how many rows
  at most, `heads` `no`: without the names of the columns, `dates` `real`: days as dates to format, not as texts. Without
  names and without rows a table is one row of blanks. `DRIFT` tells two tables, and takes these with one of them: `show`
  `metrics` or `records`.
- An error cell in a range comes out as that error.
"""


def reference_text() -> str:
    """The whole page."""
    known = registry()
    ranges = {name: known[name] for name in sorted(known) if not known[name].snapshot}
    published = {name: known[name] for name in sorted(known) if known[name].snapshot}
    parts = [
        _HEAD,
        _contents(ranges, "On ranges", "need nothing but the cells they are given."),
        _contents(published, "On the published snapshot", "answer from the project's published numbers."),
        "## Functions on ranges\n",
        *(_section(function, function.examples) for function in ranges.values()),
        "## Functions on the published snapshot\n",
        "The examples are of the sample company: `revalign demo`.\n",
        *(_section(function, samples().get(name, ())) for name, function in published.items()),
        _errors(),
    ]
    return "\n".join(parts)


def signature(function: Function) -> str:
    """How a function is typed.

    >>> signature(registry()["PERIOD"])
    '=REVALIGN.PERIOD(token, [anchor])'
    """
    names = []
    for argument in function.arguments:
        if argument.repeating:
            names += [f"[{single.name}]" for single in argument.expanded(1)] + ["..."]
        else:
            names.append(f"[{argument.name}]" if argument.optional else argument.name)
    return f"={PREFIX}.{function.name}({', '.join(names)})"


def example_text(name: str, arguments: Sequence[Any]) -> str:
    """A call as it is typed into a cell; ranges as array constants.

    >>> example_text("NRR", ([[60.0], [None]], "a", None, True, None))
    '=REVALIGN.NRR({60;""}, "a", , TRUE)'
    """
    given = list(arguments)
    while given and given[-1] is None:
        given.pop()
    return f"={PREFIX}.{name}({', '.join(map(_typed, given))})"


def _typed(value: Any) -> str:
    if isinstance(value, list | tuple):
        rows = [row if isinstance(row, list | tuple) else [row] for row in value]
        return "{" + ";".join(",".join('""' if cell is None else _typed(cell) for cell in row) for row in rows) + "}"
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return f"{value:.15g}"
    text = str(value)
    return text if text.startswith("#") else '"' + text.replace('"', '""') + '"'


def _contents(functions: Mapping[str, Function], title: str, about: str) -> str:
    links = ", ".join(f"[{name}](#{_anchor(name)})" for name in functions)
    return f"**{title}**: they {about}\n\n{links}\n"


def _anchor(name: str) -> str:
    return f"{PREFIX}{name}".casefold()


def _section(function: Function, examples: Iterable[Example]) -> str:
    lines = [
        f"### {PREFIX}.{function.name}",
        "",
        f"`{signature(function)}`",
        "",
        function.summary.replace("\n", " "),
        "",
    ]
    lines += ["| argument | give | |", "|---|---|---|"] if function.arguments else []
    lines += [_argument(argument) for argument in function.arguments]
    result = "one cell" if function.returns == "value" else "a table that spills"
    lines += ["", f"Result: {result}. Since version {function.version_added}.", ""]
    for example in examples:
        lines += _example(function.name, example)
    return "\n".join(lines)


def _argument(argument: Argument) -> str:
    name = f"[{argument.name}]" if argument.optional else argument.name
    choices = f" One of {', '.join(f'`{item}`' for item in argument.enum)}." if argument.enum else ""
    return f"| `{name}` | {KINDS.get(argument.kind, argument.kind)} | {_escaped(argument.help)}{choices} |"


def _example(name: str, example: Example) -> list[str]:
    about = f" ({example.about})" if example.about else ""
    typed = f"`{example_text(name, example.arguments)}`"
    if not isinstance(example.cell, list):
        return [f"- {typed} gives `{_shown(example.cell)}`{about}", ""]
    return [f"- {typed} spills{about}", "", *_spill(example.cell), ""]


def _spill(rows: list[list[Any]]) -> list[str]:
    width = max(map(len, rows))
    more = [""] if width > _COLUMNS else []
    cut = [[_shown(cell) for cell in row[:_COLUMNS]] + (["..."] if more else []) for row in rows[:_ROWS]]
    blank = "|" + " |" * len(cut[0])
    return [
        f"  {line}" for line in (blank, "|" + "---|" * len(cut[0]), *("| " + " | ".join(row) + " |" for row in cut))
    ]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return f"{value:.15g}"
    text = str(value)
    return _escaped(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _errors() -> str:
    rows = [f"| `{cell}` | {code} | {_escaped(CODES[code])} | {advice} |" for code, (cell, advice) in ADVICE.items()]
    return "\n".join(
        ["## What a cell shows when there is no number", "", "The message beside the error says what happened, with its code.",
         "", "| cell | code | meaning | what to do |", "|---|---|---|---|", *rows, ""]
    )  # fmt: skip


# --- examples on the sample company --------------------------------------------------------------------------------------


@cache
def samples() -> Mapping[str, tuple[Example, ...]]:
    """The examples of functions on the snapshot, by name; of a spill the first rows."""
    found: dict[str, list[Example]] = {}
    for call in json.loads(files(__package__).joinpath(SAMPLES).read_text(encoding="utf-8")):
        example = Example(tuple(call["arguments"]), call["cell"], call.get("about", ""))
        found.setdefault(call["function"], []).append(example)
    return {name: tuple(examples) for name, examples in found.items()}


def resampled() -> str:
    """The file of examples as the project that is read now answers them."""
    calls = [
        {"function": name, "arguments": list(example.arguments), "about": example.about,
         "cell": first_rows(call_cell(name, example.arguments))}
        for name, examples in samples().items()
        for example in examples
    ]  # fmt: skip
    return "[\n" + ",\n".join(json.dumps(call, ensure_ascii=False) for call in calls) + "\n]\n"


def first_rows(answer: Mapping[str, Any]) -> Any:
    """What the page shows of an answer: the error, the value, or the first rows of a spill."""
    cell = answer.get("error", answer.get("cell"))
    return cell[:_ROWS] if isinstance(cell, list) else cell
