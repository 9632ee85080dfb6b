"""What a tab carries besides its cells, as lists: charts, named and protected ranges, what is hidden, metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from revalign_udf.calc.letters import column_letters
from revalign_udf.localsheets import a1
from revalign_udf.localsheets.book import Book, Json, Sheet
from revalign_udf.localsheets.view.charts import kind_of, title_of
from revalign_udf.localsheets.view.conditions import described

__all__ = ["book_panel", "tab_panel"]

_LONGEST = 400


def spans(lines: Iterable[int], letters: bool = False) -> str:
    """Lines as people name them.

    >>> spans([0, 1, 2, 7]), spans([0, 1, 4], letters=True)
    ('1–3, 8', 'A–B, E')
    """
    found: list[list[int]] = []
    for line in sorted(lines):
        if found and line == found[-1][-1] + 1:
            found[-1].append(line)
        else:
            found.append([line])

    def name(line: int) -> str:
        return column_letters(line) if letters else str(line + 1)

    return ", ".join(name(run[0]) + (f"–{name(run[-1])}" if len(run) > 1 else "") for run in found)


def _part(title: str, items: Sequence[str]) -> str:
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f"<div><h3>{escape(title)}</h3><ul>{listed}</ul></div>" if items else ""


def details(summary: str, label: str, inner: str) -> str:
    """A part that opens; the keyboard can scroll it."""
    region = f'<div class="panel" tabindex="0" role="region" aria-label="{label}">{inner}</div>'
    return f"<details><summary>{summary}</summary>{region}</details>"


def _where(book: Book, range_: Json) -> str:
    return a1.write(book, book.rect(range_)).rpartition("!")[2]


def _marks(items: Sequence[Json]) -> list[str]:
    listed = []
    for item in items:
        value = str(item.get("metadataValue", ""))
        value = value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
        place = item["location"]
        span = place.get("dimensionRange")
        where = ""
        if span:
            rows = span["dimension"] == "ROWS"
            where = f" ({'row' if rows else 'column'} {spans([int(span['startIndex'])], letters=not rows)})"
        listed.append(f"<code>{escape(item['metadataKey'])}</code>{where}: {escape(value)}")
    return listed


def _guards(book: Book, sheet: Sheet) -> list[str]:
    listed = []
    for item in book.protected:
        named = next((one for one in book.named if one["namedRangeId"] == item.get("namedRangeId")), None)
        range_ = item.get("range") or (named or {}).get("range")
        if range_ is None or int(range_.get("sheetId", 0)) != sheet.id:
            continue
        editors = ", ".join(item.get("editors", {}).get("users", ())) or "the owner"
        rule = "asks before a change" if item.get("warningOnly") else f"only {editors} may edit"
        about = f". {item['description']}" if item.get("description") else ""
        listed.append(f"<code>{_where(book, range_)}</code> {escape(rule + about)}")
    return listed


def tab_panel(book: Book, sheet: Sheet, hidden: tuple[Iterable[int], Iterable[int]]) -> str:
    """What the tab carries; empty when nothing."""
    named = [item for item in book.named if int(item["range"].get("sheetId", 0)) == sheet.id]
    guards = _guards(book, sheet)
    marks = [
        item
        for item in book.metadata
        if sheet.id in {item["location"].get("sheetId"), item["location"].get("dimensionRange", {}).get("sheetId")}
    ]
    rows, columns = spans(hidden[0]), spans(hidden[1], letters=True)
    out_of_sight = [f"Rows {rows}"] if rows else []
    out_of_sight += [f"Columns {columns}"] if columns else []
    charts = [
        f'<button type="button" class="go" data-go="figure-{int(chart.get("chartId", 0))}">{escape(title_of(chart))}'
        f"</button> ({escape(kind_of(chart.get('spec', {})))})"
        for chart in sheet.charts
    ]
    rules = [
        f"<code>{', '.join(_where(book, item) for item in rule.get('ranges', ()))}</code> {escape(described(rule))}"
        for rule in sheet.conditional_formats
    ]
    area = (sheet.basic_filter or {}).get("range")
    filtered = [f"<code>{_where(book, area)}</code>"] if area else []
    parts = (
        ("Charts", charts),
        ("Named ranges", [f"<code>{_where(book, i['range'])}</code> {escape(i['name'])}" for i in named]),
        ("Protected ranges", guards),
        ("Hidden", out_of_sight),
        ("Filter", filtered),
        ("Conditional formats", rules),
        ("Developer metadata", _marks(marks)),
    )
    counts = " · ".join(
        f"{len(items)} {title.lower() if len(items) > 1 else _one(title)}" for title, items in parts if items
    )
    if not counts:
        return ""
    inner = "".join(_part(title, items) for title, items in parts)
    return details(f"About this tab: {counts}", f"About {escape(sheet.title)}", inner)


def _one(title: str) -> str:
    return title.lower().removesuffix("s") if title != "Hidden" else "hidden"


def book_panel(book: Book) -> str:
    """What belongs to the spreadsheet as a whole."""
    hidden = [sheet for sheet in book.sheets if sheet.properties.get("hidden")]
    shared = [f"{escape(address)} ({escape(role)})" for address, role in book.roles.items()]
    marks = [item for item in book.metadata if item["location"].get("locationType") == "SPREADSHEET"]
    inner = (
        _part("Shared with", shared)
        + _part("Hidden tabs", [f'<a href="#gid={sheet.id}">{escape(sheet.title)}</a>' for sheet in hidden])
        + _part("Developer metadata of the spreadsheet", _marks(marks))
    )
    said = f" · {len(hidden)} hidden tab{'s' if len(hidden) > 1 else ''}" if hidden else ""
    return details(f"About this spreadsheet{said}", "About this spreadsheet", inner)
