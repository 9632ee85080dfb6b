"""Pages for people: the list of spreadsheets, and a spreadsheet that looks like one.

A page is one file without anything from outside: it can be saved and opened from a disk. Its policy allows exactly the
one style sheet and the one script it carries. ``#gid=NUMBER`` opens a tab, as in the address of a real sheet.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import urlencode

from revalign_udf.localsheets.book import Book, Sheet
from revalign_udf.localsheets.formats import SPOKEN
from revalign_udf.localsheets.library import Library
from revalign_udf.localsheets.view.charts import draw, title_of
from revalign_udf.localsheets.view.colours import Styles
from revalign_udf.localsheets.view.grid import MOST_COLUMNS, PAGE, Grid
from revalign_udf.localsheets.view.panels import book_panel, tab_panel

__all__ = ["Page", "book_page", "page"]

_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
_ROW, _WIDTH = 21, 100


@dataclass(frozen=True, slots=True)
class Page:
    """A page for people."""

    html: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(_HEADERS))


def page(library: Library, path: str, query: Mapping[str, Sequence[str]]) -> Page | None:
    """The page at a path, or None when the path is not for people.

    Args:
        library: the spreadsheets.
        path: ``/`` or ``/view/KEY``.
        query: ``tab`` and ``from`` show the rows of one long tab from a row on.
    """
    if path == "/":
        return Page(_index(library))
    found = re.fullmatch(r"/view/([A-Za-z0-9_-]+)", path)
    if not found:
        return None
    book = library.books.get(found[1])
    if book is None:
        body = '<div class="plain"><p>There is no such spreadsheet.</p><p><a href="/">All spreadsheets</a></p></div>'
        return Page(_html("Not found", body, ""), 404)
    tab, first = (query.get(name, ("",))[-1] for name in ("tab", "from"))
    start = {int(tab): max(int(first) - 1, 0)} if tab.isdecimal() and first.isdecimal() else {}
    return Page(book_page(book, start))


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _html(title: str, body: str, styles: str, script: str = "") -> str:
    style = _asset("page.css") + styles
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {_hash(style)}" + (
        f"; script-src {_hash(script)}" if script else ""
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{style}</style></head>'
        f"<body><header><h1>{escape(title)}</h1>{body}"
        + (f"<script>{script}</script>" if script else "")
        + "</body></html>"
    )


def _index(library: Library) -> str:
    rows = "".join(
        f'<tr><td><a href="/view/{escape(book.id)}">{escape(book.title)}</a></td>'
        f"<td>{escape(', '.join(sheet.title for sheet in book.sheets if not sheet.properties.get('hidden')))}</td>"
        f"<td>{escape(book.modified[:16].replace('T', ' '))} UTC</td></tr>"
        for book in library.books.values()
    )
    body = "<p>Local Sheets server</p></header>"
    if rows:
        head = "<tr><th>Spreadsheet</th><th>Tabs</th><th>Changed</th></tr>"
        body += f'<main class="plain"><div class="wide"><table>{head}{rows}</table></div></main>'
    else:
        body += (
            '<main class="plain"><p>No spreadsheet yet. A sync needs one that is shared with its service account: '
            "start the server with <code>revalign sheets local --title NAME</code>.</p></main>"
        )
    return _html("Spreadsheets", body, "")


def book_page(book: Book, start: Mapping[int, int] | None = None) -> str:
    """The whole spreadsheet as one page.

    Args:
        book: what to show.
        start: tab id -> the first row shown of a long tab, counted below its frozen rows.
    """
    said = SPOKEN.set(book.locale)
    try:
        styles = Styles()
        shown = [sheet for sheet in book.sheets if not sheet.properties.get("hidden")]
        rest = [sheet for sheet in book.sheets if sheet.properties.get("hidden")]
        first = next((sheet for sheet in shown if sheet.extent()[0]), shown[0] if shown else None)
        tabs = "".join(
            _tab(book, sheet, styles, (start or {}).get(sheet.id, 0), first is sheet) for sheet in shown + rest
        )
        links = "".join(f'<a href="#gid={sheet.id}">{escape(sheet.title)}</a>' for sheet in shown)
    finally:
        SPOKEN.reset(said)
    about = (
        f"Local Sheets server · {book.locale} · {book.time_zone} · changed {book.modified[:16].replace('T', ' ')} UTC"
    )
    body = (
        f"<p>{escape(about)}</p>{book_panel(book)}</header><main>"
        '<div class="fx"><b></b><i aria-hidden="true">fx</i><output aria-label="Contents of the chosen cell"></output></div>'
        f'{tabs}</main><nav aria-label="Tabs">{links}</nav>'
    )
    return _html(book.title, body, styles.sheet(), _asset("page.js"))


def _tab(book: Book, sheet: Sheet, styles: Styles, start: int, first: bool) -> str:
    charts, reach = _charts(book, sheet, styles)
    grid = Grid(book, sheet, styles, start=start, charts=charts, reach=reach)
    mark = " first" if first else ""
    title = escape(sheet.title)
    return (
        f'<section class="tab{mark}" id="gid={sheet.id}" aria-label="{title}"><h2>{title}</h2>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Grid of {title}">{grid.html()}</div>'
        f"{_more(sheet, grid)}{tab_panel(book, sheet, (grid.hidden_rows, grid.hidden_columns))}</section>"
    )


def _more(sheet: Sheet, grid: Grid) -> str:
    """Where the rows and columns are that the page leaves out."""
    said = []
    if len(grid.body) < grid.total:
        last = grid.start + len(grid.body)
        links = []
        for name, at in (("first", 0), ("earlier", grid.start - PAGE), ("next", last)):
            if (name == "next" and last >= grid.total) or (name != "next" and not grid.start):
                continue
            query = urlencode({"tab": sheet.id, "from": max(at, 0) + 1})
            links.append(f'<a href="?{query}#gid={sheet.id}">{name} {PAGE}</a>')
        said.append(
            f"Rows {grid.body[0] + 1:,}–{grid.body[-1] + 1:,} of {max(grid.filled[0], grid.body[-1] + 1):,} · "
            + " · ".join(links)
        )
    if grid.right - len(grid.hidden_columns) > len(grid.columns):
        said.append(f"The first {MOST_COLUMNS} columns of {grid.filled[1]:,}")
    return f'<p class="more">{". ".join(said)}.</p>' if said else ""


def _charts(book: Book, sheet: Sheet, styles: Styles) -> tuple[dict[tuple[int, int], str], tuple[int, int]]:
    """The charts by the cell they hang on, and the rows and columns they reach to."""
    made: dict[tuple[int, int], str] = {}
    bottom = right = 0
    for chart in sheet.charts:
        overlay = chart.get("position", {}).get("overlayPosition", {})
        anchor = overlay.get("anchorCell", {})
        row, column = int(anchor.get("rowIndex", 0)), int(anchor.get("columnIndex", 0))
        down, across = int(overlay.get("offsetYPixels", 0)), int(overlay.get("offsetXPixels", 0))
        name = styles.name(f"left:{across}px;top:{down}px")
        label = escape(title_of(chart))
        number = int(chart.get("chartId", 0))
        opening = f'<figure class="chart {name}" id="figure-{number}" aria-label="{label}">'
        picture = f"{opening}{draw(book, chart)}</figure>"
        row, column = _visible(sheet.row_properties, row), _visible(sheet.column_properties, column)
        made[row, column] = made.get((row, column), "") + picture
        bottom = max(
            bottom, row + 2 + _lines(sheet.row_properties, row, down + int(overlay.get("heightPixels", 371)), _ROW)
        )
        wide = across + int(overlay.get("widthPixels", 600))
        right = max(right, column + 1 + _lines(sheet.column_properties, column, wide, _WIDTH))
    return made, (bottom, right)


def _visible(properties: Mapping[int, Mapping[str, object]], line: int) -> int:
    while properties.get(line, {}).get("hiddenByUser") or properties.get(line, {}).get("hiddenByFilter"):
        line += 1
    return line


def _lines(properties: Mapping[int, Mapping[str, int]], first: int, pixels: int, usual: int) -> int:
    """How many lines a length covers."""
    count = 0
    while pixels > 0:
        pixels -= max(int(properties.get(first + count, {}).get("pixelSize", usual)), 1)
        count += 1
    return count
