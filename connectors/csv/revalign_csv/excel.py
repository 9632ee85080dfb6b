"""Sheets of workbooks (.xlsx, .xlsm, .ods) as batches of records.

python-calamine reads the values and shows a failed formula as a blank. A blank is no value and an error is a mistake, so
the errors are looked up in the file itself.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterator, Mapping

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from revalign_csv.cells import Broken, letters, text_of
from revalign_csv.files import opened
from revalign_csv.mapping import FileMapping
from revalign_csv.text import Batch, names_of
from revalign_udf.connector import Folder
from revalign_udf.errors import Fatal, did_you_mean

__all__ = ["SUFFIXES", "Sheet"]

SUFFIXES = (".xlsx", ".xlsm", ".ods")
_BATCH = 10_000

_NS = rb"(?:[A-Za-z]\w*:)?"
_ERROR = re.compile(rb"<" + _NS + rb"c\b([^>]*\bt=\"e\"[^>]*)>(.*?)</" + _NS + rb"c>", re.DOTALL)
_PLACE = re.compile(rb"\br=\"([A-Z]+)(\d+)\"")
_SHOWN = re.compile(rb"<" + _NS + rb"v>([^<]*)<")
_ODS = re.compile(
    rb"<table:table-row\b(?P<row>[^>]*)>|</table:table-row>"
    rb"|<table:(?:covered-)?table-cell\b(?P<cell>[^>]*?)(?:/>|>(?P<text>.*?)</table:(?:covered-)?table-cell>)",
    re.DOTALL,
)


class Sheet:
    """One sheet of a workbook: its header, then its records in batches. Blank rows are passed over.

    Raises Fatal: REV-501 for a sheet that is not there, REV-502 for a header that cannot be used, REV-503 for a file that
    is no workbook.
    """

    def __init__(self, folder: Folder, name: str, mapping: FileMapping) -> None:
        self.name = name
        with opened(folder, name) as file:
            content = file.read()
        try:
            book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        except CalamineError:
            raise Fatal(
                f"{name} cannot be read as a workbook.",
                code="REV-503",
                hint="Save it as .xlsx without a password.",
            ) from None
        title = _chosen(book, name, mapping)
        sheet = book.get_sheet_by_name(title)
        self._rows = sheet.to_python(skip_empty_area=False)
        broken = _broken_ods if name.lower().endswith(".ods") else _broken_xlsx
        self._broken = broken(content, book.sheet_names.index(title), title, name)
        self._merged = _covered(sheet)
        self._at = mapping.header_row - 1
        self.header = self._names(mapping, title)

    def _names(self, mapping: FileMapping, title: str) -> list[str]:
        if mapping.header:
            self._at -= 1
            return list(mapping.header)
        head = [str(text_of(value)).strip() for value in self._rows[self._at]] if self._at < len(self._rows) else []
        while head and not head[-1]:
            head.pop()
        if not head:
            raise Fatal(
                f"Row {self._at + 1} of the sheet {title!r} in {self.name} is empty.",
                code="REV-502",
                hint="Set header_row to the row with the names of the columns, counted from 1.",
            )
        return names_of(head, self.name)

    def __iter__(self) -> Iterator[Batch]:
        width = len(self.header)
        batch = Batch([], lines := [])
        for at in range(self._at + 1, len(self._rows)):
            values = self._rows[at]
            row: list[str] = [text_of(value) for value in values[:width]]
            row += [""] * (width - len(row))
            for column in self._broken.get(at, ()):
                if column < width:
                    row[column] = Broken(self._broken[at][column])
            for column in self._merged.get(at, ()):
                if column < width and not row[column]:
                    row[column] = Broken("merged")
            if any(value != "" for value in values[width:]):
                over = next(index for index, value in enumerate(values) if index >= width and value != "")
                where = f"{letters(over)}{at + 1}"
                batch.bad.append((at + 1, f"{where} has a value in a column without a name", str(values[over])[:200]))
            elif any(row):
                batch.rows.append(row)
                lines.append(at + 1)
            if len(batch.rows) >= _BATCH:
                yield batch
                batch = Batch([], lines := [])
        if batch.rows or batch.bad:
            yield batch


def _chosen(book: CalamineWorkbook, name: str, mapping: FileMapping) -> str:
    """The sheet of the mapping; else the one named like the table, else the first that people see."""
    titles = list(book.sheet_names)
    if mapping.sheet:
        if mapping.sheet in titles:
            return mapping.sheet
        near = did_you_mean(mapping.sheet, titles)
        hint = f"Did you mean {near!r}?" if near else f"Its sheets: {', '.join(titles)}."
        raise Fatal(f"{name} has no sheet {mapping.sheet!r}.", code="REV-501", hint=hint)
    seen = [item.name for item in book.sheets_metadata if item.visible == SheetVisibleEnum.Visible]
    if mapping.table in titles:
        return mapping.table
    if not seen:
        hint = f"Name one as sheet = in the mapping: {', '.join(titles)}."
        raise Fatal(f"Every sheet of {name} is hidden.", code="REV-501", hint=hint)
    return str(seen[0])


def _covered(sheet: object) -> Mapping[int, set[int]]:
    """Cells of merged areas besides the first of each, by row. Only .xlsx tells."""
    found: dict[int, set[int]] = {}
    for (top, left), (bottom, right) in getattr(sheet, "merged_cell_ranges", None) or ():
        for row in range(top, bottom + 1):
            columns = {column for column in range(left, right + 1) if (row, column) != (top, left)}
            found.setdefault(row, set()).update(columns)
    return found


def _broken_xlsx(content: bytes, number: int, title: str, name: str) -> dict[int, dict[int, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book = archive.read("xl/workbook.xml").decode("utf-8")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8")
        sheets = re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book)
        mark = re.search(r"\b\w+:id=\"([^\"]+)\"", sheets[number]) if number < len(sheets) else None
        link = next(
            (item for item in re.findall(r"<Relationship\b[^>]*>", links) if mark and f'Id="{mark[1]}"' in item), ""
        )
        target = re.search(r"Target=\"([^\"]+)\"", link)
        if target is None:
            return {}
        path = html.unescape(target[1]).lstrip("/")
        text = archive.read(path if path.startswith("xl/") else f"xl/{path}")
    found: dict[int, dict[int, str]] = {}
    for attributes, inside in _ERROR.findall(text):
        place, shown = _PLACE.search(attributes), _SHOWN.search(inside)
        if place is None:
            raise Fatal(
                f"The sheet {title!r} in {name} has cells with errors and does not say where.",
                code="REV-503",
                hint="Open it in Excel or LibreOffice and save it again.",
            )
        column = 0
        for letter in place[1].decode():
            column = column * 26 + ord(letter) - 64
        found.setdefault(int(place[2]) - 1, {})[column - 1] = shown[1].decode() if shown else "#ERROR!"
    return found


def _broken_ods(content: bytes, number: int, title: str, name: str) -> dict[int, dict[int, str]]:  # noqa: ARG001
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        tables = archive.read("content.xml").split(b"<table:table ")[1:]
    found: dict[int, dict[int, str]] = {}
    row, height, column = -1, 1, 0
    for token in _ODS.finditer(tables[number] if number < len(tables) else b""):
        if token["row"] is not None:
            row, height, column = row + height, _times(token["row"], b"rows"), 0
        elif token["cell"] is not None:
            if b'value-type="error"' in token["cell"]:
                shown = re.sub(rb"<[^>]*>", b"", token["text"] or b"").decode() or "#ERROR!"
                found.setdefault(row, {})[column] = html.unescape(shown)
            column += _times(token["cell"], b"columns")
    return found


def _times(attributes: bytes, what: bytes) -> int:
    repeated = re.search(rb"number-" + what + rb"-repeated=\"(\d+)\"", attributes)
    return int(repeated[1]) if repeated else 1
