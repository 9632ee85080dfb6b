"""How answers look in a terminal, and as JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import click
from rich.console import Console
from rich.table import Table as RichTable

from revalign_udf.money import decimals, exact, round_half_away, to_double
from revalign_udf.query.answers import Answer, Comparison, Table

__all__ = ["console", "number", "print_answer", "print_json", "print_table", "stderr"]

console = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


#: tables of more columns than this are shown row by row where they are so many times wider than the screen
_BLOCKS, _TOO_WIDE = 6, 1.3
#: how a comparison is called in front of its period
_VERSUS = {"previous": "against", "last_year": "against", "target": "against the target of"}


def print_json(data: Any) -> None:
    """One JSON document on standard output; numbers are the nearest doubles, never NaN."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=1, default=str, allow_nan=False))


def number(value: object, unit: str, currency: str = "") -> str:
    """A value for people: money in minor units (half away from zero), rates in percent.

    >>> number(0.034, "rate"), number(1234.565, "money", "USD"), number(None, "money")
    ('3.4 %', '1,234.57 USD', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    places = {"rate": 1, "money": decimals(currency or "USD"), "count": 0, "points": 0, "months": 1}.get(unit, 4)
    scaled = exact(value) * (100 if unit == "rate" else 1)
    text = f"{Decimal(round_half_away(scaled * 10**places)).scaleb(-places):,.{places}f}"
    if unit == "number":
        text = text.rstrip("0").rstrip(".")
    suffix = {"rate": " %", "money": f" {currency}" if currency else "", "months": " months"}.get(unit, "")
    return text + suffix


def slim(table: Table) -> Table:
    """A table without the columns that are blank, or the same as the column before, in every row: for narrow screens."""
    units = table.units or ("text",) * len(table.columns)
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    kept: list[int] = []
    for place, column in enumerate(columns):
        if any(value not in (None, "") for value in column) and not (kept and column == columns[kept[-1]]):
            kept.append(place)
    if not table.rows or not kept:
        return table
    rows = tuple(tuple(row[place] for place in kept) for row in table.rows)
    return Table(tuple(table.columns[i] for i in kept), rows, tuple(units[i] for i in kept))


def print_table(table: Table, title: str = "", currency: str = "") -> None:
    """A table with aligned numbers; one that is much too wide for the screen as a block of lines per row."""
    units = table.units or ("text",) * len(table.columns)
    cells = [[number(value, unit, currency) for value, unit in zip(row, units, strict=True)] for row in table.rows]
    widths = [max(map(len, column)) for column in zip(table.columns, *cells, strict=True)]
    if len(widths) > _BLOCKS and sum(widths) + 3 * len(widths) > _TOO_WIDE * console.width:
        return _print_blocks(table, cells, title)
    shown = RichTable(title=title or None, title_justify="left", show_edge=False, pad_edge=False)
    for column, unit in zip(table.columns, units, strict=True):
        shown.add_column(column, justify="left" if unit in ("text", "date") else "right", overflow="fold")
    for row in cells:
        shown.add_row(*row)
    return console.print(shown)


def _print_blocks(table: Table, cells: list[list[str]], title: str) -> None:
    if title:
        console.print(f"[bold]{title}[/bold]")
    wide = max(map(len, table.columns))
    for row in cells:
        console.print()
        for column, text in zip(table.columns, row, strict=True):
            if text:
                console.print(f"  {column:<{wide}}  {text}", markup=False)


def beside(*comparisons: Comparison) -> list[float | None]:
    """Difference and share of comparisons, as doubles; None where there is none."""
    values = [value for item in comparisons for value in (item.difference, item.share)]
    return [None if value is None else to_double(value) for value in values]


def print_answer(answer: Answer) -> None:
    """One answer for people: the number, then what it is."""
    where = " · ".join(f"{field} = {value}" for field, value in answer.where.items())
    head = f"[bold]{answer.label}[/bold] · {answer.period}" + (f" · {where}" if where else "")
    console.print(head)
    if answer.rows is not None:
        print_table(answer.rows, currency=answer.currency)
    elif answer.value is not None:
        console.print(f"  {number(answer.value, answer.unit, answer.currency)}  [dim]{answer.value!r}[/dim]")
    else:
        console.print(f"  {answer.cell}")
    for item in answer.comparisons:
        difference, part = beside(item)
        shown = " · ".join(
            text
            for text in (number(difference, answer.unit, answer.currency), number(part, "rate"), item.message)
            if text
        )
        console.print(f"  [dim]{_VERSUS[item.versus]} {item.period}:[/dim] {shown}")
    if answer.message:
        console.print(f"  [yellow]{answer.message}[/yellow]")
    if answer.counterpart:
        shown = number(answer.counterpart_value, answer.counterpart_unit, answer.currency) or answer.counterpart_message
        console.print(f"  {answer.question} {answer.counterpart}: {shown}", markup=False, style="yellow")
    if answer.closed:
        console.print(f"  [dim]{answer.closed.replace('[', chr(92) + '[')}[/dim]")
    console.print(f"  [dim]{answer.fingerprint}[/dim]")
