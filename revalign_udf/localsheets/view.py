"""Pages for people: the list of spreadsheets, and each tab of one as a plain table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from revalign_udf.localsheets.a1 import column_letters
from revalign_udf.localsheets.book import Book, Cell, Sheet
from revalign_udf.localsheets.formats import show
from revalign_udf.localsheets.routes import Library

__all__ = ["page"]

_STYLE = """
:root{color-scheme:light dark;--line:#d7dbe0;--head:#f2f4f7;--ink:#1c2733;--soft:#5d6b7a;--paper:#fff}
@media (prefers-color-scheme:dark){:root{--line:#3a4450;--head:#222b35;--ink:#e6ebf0;--soft:#9aa7b5;--paper:#161c23}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:2rem auto;padding:0 1.5rem;
max-width:90rem}
h1{font-size:1.4rem;margin:0 0 .3rem} h2{font-size:1.1rem;margin:2rem 0 .6rem} p,li{color:var(--soft)} a{color:inherit}
.tab{overflow-x:auto;width:fit-content;max-width:100%;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{border-bottom:1px solid var(--line);border-right:1px solid var(--line);padding:.25rem .6rem;white-space:nowrap;
text-align:left}
th{background:var(--head);color:var(--soft);font-weight:500} td.n{text-align:right} td.b{font-weight:600}
td[title]{text-decoration:underline dotted var(--soft)}
"""


def page(library: Library, path: str) -> str | None:
    """The page at a path, or None when the path is not for people."""
    if path == "/":
        items = "".join(
            f'<li><a href="/view/{escape(book.id)}">{escape(book.title)}</a></li>' for book in library.books.values()
        )
        return _html("Spreadsheets", f"<ul>{items}</ul>" if items else "<p>No spreadsheet yet.</p>")
    found = re.fullmatch(r"/view/([A-Za-z0-9_-]+)", path)
    if not found:
        return None
    book = library.books.get(found[1])
    if book is None:
        return _html("Not found", "<p>There is no such spreadsheet.</p>")
    return _html(book.title, "".join(_tab(book, sheet) for sheet in book.sheets if not sheet.properties.get("hidden")))


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def _tab(book: Book, sheet: Sheet) -> str:
    rows, columns = sheet.extent()
    if not rows:
        return f"<h2>{escape(sheet.title)}</h2><p>Empty.</p>"
    head = "".join(f"<th>{column_letters(column)}</th>" for column in range(columns))
    lines = "".join(f"<tr><th>{row + 1}</th>{''.join(_row(sheet, row, columns))}</tr>" for row in range(rows))
    charts = "".join(f"<li>{escape(str(chart['spec'].get('title', '')))}</li>" for chart in sheet.charts)
    names = ", ".join(escape(item["name"]) for item in book.named if item["range"].get("sheetId") == sheet.id)
    return (
        f'<h2>{escape(sheet.title)}</h2><div class="tab"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
        + (f"<p>Charts</p><ul>{charts}</ul>" if charts else "")
        + (f"<p>Named ranges: {names}</p>" if names else "")
    )


def _row(sheet: Sheet, row: int, columns: int) -> Iterator[str]:
    """The cells of a row; text runs on over empty neighbours, as on a sheet."""
    column = 0
    while column < columns:
        cell, span = sheet.cell(row, column), 1
        if isinstance(cell.value, str) and not cell.error:
            while column + span < columns and not sheet.cell(row, column + span).filled:
                span += 1
        yield _cell(cell, span)
        column += span


def _cell(cell: Cell, span: int) -> str:
    shown = cell.error or show(cell.value, cell.format.get("numberFormat"))
    number = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    number = number or cell.format.get("horizontalAlignment") == "RIGHT"
    bold = bool(cell.format.get("textFormat", {}).get("bold"))
    names = " ".join(name for name, on in (("n", number), ("b", bold)) if on)
    about = "\n".join(text for text in (cell.formula, cell.note) if text)
    kind = f' class="{names}"' if names else ""
    hint = f' title="{escape(about)}"' if about else ""
    rgb = cell.format.get("backgroundColorStyle", {}).get("rgbColor")
    if rgb:  # the colours of a sheet are made for dark text
        parts = " ".join(str(round(255 * float(rgb.get(name, 0)))) for name in ("red", "green", "blue"))
        hint += f' style="background:rgb({parts});color:#1c2733"'
    wide = f' colspan="{span}"' if span > 1 else ""
    return f"<td{kind}{wide}{hint}>{escape(shown)}</td>"
