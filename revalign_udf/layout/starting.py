"""The layout a report of one's own begins with: a small one that shows the language, or a copy of another report."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from revalign_udf.errors import UserError
from revalign_udf.layout.ask import Ask
from revalign_udf.layout.fields import slug
from revalign_udf.layout.model import ChartKind
from revalign_udf.metrics import Metric
from revalign_udf.query.names import Catalogue

__all__ = ["Choice", "choose", "copied", "starting"]

#: what most companies look at, in the order they are looked for; the first of them that have a number are shown
_USUAL = (
    "mrr", "customers", "nrr", "grr", "logo_churn", "revenue", "orders", "new_customers", "bookings", "win_rate",
    "new_leads", "mql", "mql_rate", "visitors", "signups", "nps",
)  # fmt: skip
_SHOWN = 5
#: dimensions of a few values, which people know, before those of many
_CUTS = (
    "segment", "country", "industry", "product_line", "product", "channel", "lead_source", "team", "pod", "from_team",
    "to_team", "cohort", "currency", "system", "owner", "rep", "campaign", "parent",
)  # fmt: skip
_FEW, _MANY = 2, 40
#: charts of a block, lines of a chart, and how far apart two numbers of one chart may lie
_CHARTS, _SERIES, _APART = 4, 4, 5.0
_COLUMN, _WIDE = 40, 110
_PERIOD = "LAST_MONTH"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a new report shows. ``by`` is the dimension its numbers are cut by, ``value`` one of its values; both are empty
    where there is none. ``sizes`` are the numbers of last month, where they are known."""

    numbers: tuple[Metric, ...]
    tables: tuple[Metric, ...] = ()
    by: str = ""
    value: str = ""
    cut: tuple[Metric, ...] = ()
    sizes: Mapping[str, float] = field(default_factory=dict)


# --- what to show ----------------------------------------------------------------------------------------------------


def choose(catalogue: Catalogue, names: Sequence[str], ask: Ask | None) -> Choice:
    """The metrics named, or usual ones that have a number, and a dimension that cuts them.

    ``ask`` answers from what is published, None before anything is. Raises UnknownName REV-101 for a metric nobody
    declared, UserError REV-101 for a word that can mean several.
    """
    if names:
        metrics = list(dict.fromkeys(catalogue.metric(name).name for name in names))
    else:
        known = [name for name in _USUAL if name in catalogue.metrics]
        metrics = [name for name in known if ask is not None and _number(ask, name) is not None] or known
        metrics = metrics[:_SHOWN]
    found = [catalogue.metrics[name] for name in metrics]
    numbers = tuple(metric for metric in found if metric.kind != "table")
    sizes = {} if ask is None else {metric.name: size for metric in numbers if (size := _number(ask, metric.name))}
    by, value = _dimension(catalogue, numbers, ask)
    cut = tuple(metric for metric in numbers if by in catalogue.dimensions(metric))
    return Choice(numbers, tuple(metric for metric in found if metric.kind == "table"), by, value, cut, sizes)


def _number(ask: Ask, name: str) -> float | None:
    try:
        return ask.metric(name, _PERIOD).value
    except UserError:  # declared since the last build: nothing is known of it yet
        return None


def _dimension(catalogue: Catalogue, numbers: Sequence[Metric], ask: Ask | None) -> tuple[str, str]:
    """The dimension that cuts most of the numbers into a few parts, and the first of its values."""
    plain = [name for name in catalogue.known_dimensions if slug(name) == name]
    reach = {name: [metric for metric in numbers if name in catalogue.dimensions(metric)] for name in plain}
    every = [*_CUTS, *sorted(set(reach) - set(_CUTS))]
    wanted = sorted((name for name in every if reach.get(name)), key=lambda name: -len(reach[name]))
    for name in wanted if ask is not None else ():
        assert ask is not None
        try:
            values = [value for value, _ in ask.breakdown(reach[name][0].name, _PERIOD, name)]
        except UserError:
            continue
        if _FEW <= len(values) <= _MANY:
            return name, values[0]
    return (wanted[0], "") if wanted else ("", "")


def _together(choice: Choice) -> Iterator[list[Metric]]:
    """Numbers that one chart can show: of one unit, and of one size where sizes are known."""
    groups: list[list[Metric]] = []
    for metric in choice.numbers:
        for group in groups:
            if len(group) < _SERIES and _alike(group[0], metric, choice.sizes):
                group.append(metric)
                break
        else:
            groups.append([metric])
    yield from groups[:_CHARTS]


def _alike(one: Metric, other: Metric, sizes: Mapping[str, float]) -> bool:
    if (one.unit, one.additivity == "flow") != (other.unit, other.additivity == "flow"):
        return False
    first, second = (abs(sizes.get(metric.name, 0.0)) for metric in (one, other))
    return bool(first and second) and 1 / _APART <= first / second <= _APART


# --- a layout to begin with ------------------------------------------------------------------------------------------


def starting(name: str, title: str, choice: Choice) -> str:
    """A small commented layout of what was chosen. What stands behind a # can be taken in as it is."""
    blocks = [_head(name, title, choice)]
    if choice.numbers:
        blocks += [_series(choice), _breakdown(choice) if choice.cut else _quarters(choice)]
    if choice.tables:
        blocks.append(_tables(choice))
    return "\n".join(blocks)


def _head(name: str, title: str, choice: Choice) -> str:
    by, every = choice.by, choice.cut == choice.numbers
    commands = (
        (f"workbook check {name}", "is it right? says the place of what is not"),
        (f"workbook build {name}", f"writes output/{name}.xlsx"),
        ("metrics list", "the names of numbers; revalign metrics show NAME: what one means"),
    )
    labels = ", ".join(_plain(metric.label) for metric in (*choice.numbers, *choice.tables))
    where = f"{by} = {_quoted(choice.value or '...')}" if by and every else 'country = "..."'
    return _lines(
        "# A report: which numbers stand where. The Excel workbook and the Google Sheet are both written from this file.",
        "#",
        *(f"#   {f'revalign {what}':<{len(name) + 28}}{told}" for what, told in commands),
        "#",
        "# The whole language: workbooks/README.md of Revalign. A key holds a-z, 0-9 and _, and stays as it is: it names",
        "# columns and ranges. Titles may change at any time. Lines behind a # are examples to take in.",
        "",
        f"title = {_quoted(title)}",
        (f"description = {_quoted(labels)}", "one line for the cover"),
        (f"# where = {{ {where} }}", "a filter for every number; a sheet, a block and a metric take one too"),
        *(_parameter(by) if by and every else ()),
    )


def _parameter(by: str) -> Iterator[str | tuple[str, str]]:
    """What a reader may choose on the cover, ready to be taken in."""
    yield ""
    yield "# What a reader chooses on the cover; it goes with the where = { ... } of a sheet that stands below."
    yield ""
    yield "# [[parameter]]"
    yield f'# key = "{by}"'
    yield (f'# choices = "{by}"', "a dimension, or periods: REVALIGN.LIST shows what there is to choose")


def _series(choice: Choice) -> str:
    first = choice.numbers[0]
    where = f"where = {{ {choice.by} = {_quoted(choice.value)} }}, " if choice.value and first in choice.cut else ""
    own = f'# {{ metric = "{first.name}", key = "one_more", {where}title = "One more", decimals = 0 }},'
    return _lines(
        "# A sheet. It holds blocks, one under the other.",
        "",
        "[[tab]]",
        'key = "months"',
        ('name = "By month"', "at most 31 characters"),
        *([f'# where = {{ {choice.by} = "${choice.by}" }}'] if choice.by and choice.cut == choice.numbers else []),
        "",
        '# A block. "series" has a row per period and a column per metric.',
        "",
        "[[tab.block]]",
        'key = "by_month"',
        'title = "The last twelve months"',
        'kind = "series"',
        ('from = "LTM"', "counted from the snapshot's day, never from the clock; or 2026-01, 2026-Q3, FY26"),
        'to = "THIS_MONTH"',
        ('grain = "month"', "or quarter, year, fiscal_month ..."),
        ('# total = "LTM"', "a last row for that period: asked for as a whole, never added up"),
        "metrics = [",
        *((f'    "{metric.name}",', _plain(metric.label)) for metric in choice.numbers),
        "    # a column with a name, a filter and a look of its own:",
        f"    {own}",
        "]",
        "",
        *_computed(choice),
        "# A native chart over columns of its block. Numbers of one size go together.",
        "",
        *(line for number, group in enumerate(_together(choice)) for line in _chart(group, first=not number)),
    )


def _computed(choice: Choice) -> Iterator[str | tuple[str, str]]:
    """A computed column, ready to be taken in."""
    first, *others = choice.numbers
    same = next((metric for metric in others if metric.unit == first.unit), None)
    other = same or (others[0] if others else None)
    key = "difference" if same else "ratio"
    formula = f"{slug(first.name)} {'-' if same else '/'} {slug(other.name)}" if other else f"{slug(first.name)} / 1000"
    yield "# A column computed by the spreadsheet, from columns to its left:"
    yield ""
    yield "# [[tab.block.computed]]"
    yield f'# key = "{key}"'
    yield f'# unit = "{first.unit if same else "number"}"'
    yield (f'# formula = "{formula}"', "+ - * /, parentheses, min(...), max(...)")
    yield ""


def _chart(group: Sequence[Metric], *, first: bool) -> list[str | tuple[str, str]]:
    kind = "column" if group[0].additivity == "flow" else "line"
    labels = [_plain(metric.label) for metric in group]
    title = " and ".join(part for part in (", ".join(labels[:-1]), labels[-1]) if part)
    return [
        "[[tab.block.chart]]",
        f'key = "{slug(group[0].name)}"',
        f"title = {_quoted(title)}",
        (f'kind = "{kind}"', f"or {', '.join(one for one in get_args(ChartKind) if one != kind)}")
        if first
        else f'kind = "{kind}"',
        f"series = {_listed(group)}",
        "",
    ]


def _breakdown(choice: Choice) -> str:
    by, words = choice.by, choice.by.replace("_", " ")
    first, left = choice.cut[0], [metric.name for metric in choice.numbers if metric not in choice.cut]
    return _lines(
        f'# Another sheet. "breakdown" has a row per {words}, for one period.',
        "",
        "[[tab]]",
        f'key = "by_{slug(by)}"',
        f"name = {_quoted(f'By {words}'[:31].rstrip())}",
        "",
        "[[tab.block]]",
        'key = "last_month"',
        f'title = "By {words}, last month"',
        'kind = "breakdown"',
        (f'by = "{by}"', "a dimension: revalign metrics show NAME says which cut a metric"),
        (f'period = "{_PERIOD}"', "or LTM, THIS_QUARTER, 2026-09 ..."),
        ("total = true", "a last row for all of them: asked for as a whole, never added up"),
        *([f"# without {', '.join(left)}, which cannot be cut by {words}"] if left else []),
        *_metrics(choice.cut),
        "",
        "[[tab.block.chart]]",
        f'key = "{slug(first.name)}"',
        f"title = {_quoted(f'{_plain(first.label)} by {words}')}",
        'kind = "bar"',
        f"series = {_listed([first])}",
        "",
        "# What cells say of their values by their look.",
        "",
        "[[tab.block.rule]]",
        ('kind = "bars"', 'or heat, a scale of one colour; or flag, with when = "< 0.9"'),
        f"columns = {_listed([first])}",
        "",
        "# The records of the sources behind a number, on a sheet of their own:",
        "",
        "# [[tab]]",
        '# key = "records"',
        "# [[tab.block]]",
        f'# key = "{slug(first.name)}"',
        '# kind = "records"',
        f'# metric = "{first.name}"',
        f'# period = "{_PERIOD}"',
        ("# limit = 100", "how many to show"),
    )


def _quarters(choice: Choice) -> str:
    return _lines(
        "# Another sheet: the same numbers by quarter, each asked for as a whole, never added up.",
        "",
        "[[tab]]",
        'key = "quarters"',
        'name = "By quarter"',
        "",
        "[[tab.block]]",
        'key = "by_quarter"',
        'kind = "series"',
        'from = "LTM"',
        'to = "THIS_QUARTER"',
        'grain = "quarter"',
        *_metrics(choice.numbers),
    )


def _tables(choice: Choice) -> str:
    lines = ["# A sheet of tables: metrics whose answer has rows of its own.", "", "[[tab]]", 'key = "tables"', ""]
    for metric in choice.tables:
        lines += [
            "[[tab.block]]",
            f'key = "{slug(metric.name)}"',
            f"title = {_quoted(_plain(metric.label))}",
            'kind = "table"',
            'period = "LTM"',
            f'metric = "{metric.name}"',
            "",
        ]
    return _lines(*lines)


# --- a copy ----------------------------------------------------------------------------------------------------------


def copied(source: Path, origin: str, title: str = "") -> str:
    """The text of a layout with a comment above it saying what it was copied from, and another title where one is given.

    Raises UserError REV-102 where the title stands in a way only a person can change.
    """
    text = source.read_text("utf-8-sig")
    if title:
        before = tomllib.loads(text)
        # a function: a backslash in the title is no reference to a group
        text = re.sub(r"^title[ \t]*=.*$", lambda _: f"title = {_quoted(title)}", text, count=1, flags=re.MULTILINE)
        if _read(text) != {**before, "title": title}:
            hint = "Leave --title out, and change it in the copy."
            raise UserError(f"The title of {source} cannot be replaced.", hint=hint)
    return f"# Copied from {origin}. This is yours: change what you like.\n\n{text}"


def _read(text: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


# --- text ------------------------------------------------------------------------------------------------------------


def _lines(*lines: str | tuple[str, str]) -> str:
    """Lines, those with a comment padded so that comments stand in one column."""
    found = [line if isinstance(line, str) else f"{line[0]:<{_COLUMN - 1}} # {line[1]}" for line in lines]
    return "\n".join(found).rstrip() + "\n"


def _metrics(metrics: Sequence[Metric]) -> list[str]:
    """``metrics = [...]``, over several lines where one would be long."""
    names = ", ".join(_quoted(metric.name) for metric in metrics)
    if len(names) < _WIDE:
        return [f"metrics = [{names}]"]
    inside = textwrap.wrap(names, _WIDE, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
    return ["metrics = [", *inside, "]"]


def _listed(metrics: Sequence[Metric]) -> str:
    """Keys of the columns of metrics, as a list of TOML."""
    return f"[{', '.join(_quoted(slug(metric.name)) for metric in metrics)}]"


def _plain(text: str) -> str:
    """A text on one line that a comment can hold."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _quoted(text: str) -> str:
    r"""A text of TOML.

    >>> print(_quoted('A "board" of \\ and tab\t'))
    "A \"board\" of \\ and tab\t"
    """
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise UserError(f"{text!r} holds signs that cannot be written.", hint="Type it anew.")
    # what JSON escapes is escaped the same way in TOML; it leaves one sign alone that TOML refuses
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
