"""Workbooks written row by row: what a sheet holds is on disk, not in memory, as soon as the next row begins.

XlsxWriter's ``constant_memory`` has no cells left when it writes the charts, whose parts hold the values they were drawn
from: here a sheet with charts remembers those until it is written. And it keeps every link of every sheet in memory until
the end: here they are packed, to a tenth or less, when a sheet is done.
"""

from __future__ import annotations

import json
import re
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.url import Url
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from revalign_udf.calc.results import CellError
from revalign_udf.errors import SurfaceError
from revalign_udf.files import DISK
from revalign_udf.workbook.writer import Sheet

__all__ = ["Page", "put_last", "streamed"]

_RANGE = re.compile(r".*!(\$[A-Z]+\$\d+)(?::(\$[A-Z]+\$\d+))?", re.DOTALL)
_OPTIONS = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip


class Page(Sheet):
    """A sheet of a streamed workbook. Names that begin with ``_`` and are not defined here are XlsxWriter's."""

    def __init__(self) -> None:
        self._drawn: dict[int, dict[int, Any]] | None = None
        self._links = self._targets = _packed([])
        self._open: list[list[str]] | None = None
        self.finished = False
        super().__init__()

    def remember(self) -> None:
        """Keep the values of the cells until `finish`: charts of this sheet are drawn from them."""
        self._drawn = {}

    def finish(self) -> None:
        """Once, when all rows are written: give the charts their values, and hold neither these nor the file open any longer."""
        self._note()
        for inserted in self.charts:
            self._draw(inserted[2])
        self._drawn = None
        self._links = _packed(
            [
                (row, column, url._original_url, url.text, url.tip)  # noqa: SLF001
                for row, links in self.hyperlinks.items()
                for column, url in links.items()
            ]
        )
        self.hyperlinks.clear()
        self._opt_close()
        self.finished = True

    @property
    def external_hyper_links(self) -> list[list[str]]:
        """Kind, target and mode of each link to a web address, which XlsxWriter asks for after it wrote all sheets."""
        return _unpacked(self._targets) if self._open is None else self._open

    @external_hyper_links.setter
    def external_hyper_links(self, links: list[list[str]]) -> None:
        self._targets = _packed(links)

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        text = getattr(cell, "string", "")
        if not text.startswith("<r>"):
            super()._write_cell(row, col, cell)
            return
        # XlsxWriter takes it for the markup of a text of several fonts, and would write it as it is
        marks: list[tuple[str, object]] = [("r", xl_rowcol_to_cell(row, col))]
        marks += [("s", cell.format._get_xf_index())] if cell.format else []  # noqa: SLF001
        self._xml_inline_string(self._escape_control_characters(text), True, marks)

    def _write_hyperlinks(self) -> None:
        for row, column, address, text, tip in _unpacked(self._links):
            url = Url(address)
            url.text, url.tip = text, tip
            self.hyperlinks[row][column] = url
        self._open = []
        super()._write_hyperlinks()
        self.hyperlinks.clear()
        self._targets, self._open = _packed(self._open), None

    def _write_single_row(self, current_row_num: int = 0) -> None:
        self._note()
        super()._write_single_row(current_row_num)

    def _note(self) -> None:
        if self._drawn is not None and self.previous_row in self.table:
            row = self.table[self.previous_row]
            self._drawn[self.previous_row] = {column: _plain(cell) for column, cell in row.items()}

    def _draw(self, chart: Any) -> None:
        """Put the values into a chart, for readers that draw it without computing."""
        for formula, number in chart.formula_ids.items():
            where = _RANGE.fullmatch(formula)
            if where and self._drawn is not None and chart.formula_data[number] is None:
                top, left = xl_cell_to_rowcol(where[1])
                bottom, right = xl_cell_to_rowcol(where[2] or where[1])
                rows = [self._drawn.get(row, {}) for row in range(top, bottom + 1)]
                chart.formula_data[number] = [row.get(column) for row in rows for column in range(left, right + 1)]


def _packed(links: Sequence[Sequence[object]]) -> bytes:
    return zlib.compress(json.dumps(links).encode(), 1)


def _unpacked(links: bytes) -> list[Any]:
    found: list[Any] = json.loads(zlib.decompress(links))
    return found


def _plain(cell: Any) -> Any:
    """What a cell shows, as XlsxWriter puts it into a chart; None for nothing, and for an error, which is not drawn."""
    value = getattr(cell, "value", None)
    for name in ("number", "string"):
        value = getattr(cell, name, value)
    if isinstance(value, CellError) or value == "" or isinstance(value, bool):
        return None
    return repr(value) if isinstance(value, int | float) else value


def put_last(book: Any, sheet: Any) -> None:
    """Makes a sheet the last one of its workbook, whenever it was begun."""
    book.worksheets_objs.remove(sheet)
    book.worksheets_objs.append(sheet)
    for index, one in enumerate(book.worksheets_objs):
        one.index = index


@contextmanager
def streamed() -> Iterator[tuple[Any, Path]]:
    """An XlsxWriter workbook of :class:`Page` sheets, and the file it is when it has been closed inside the block.

    All there is on disk is gone behind the block, whatever happens in it. Raises SurfaceError REV-804 when there is no
    room.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="revalign-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "book.xlsx"
            book = xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": folder})
            book.worksheet_class = Page
            book.use_zip64()
            try:
                yield book, path
            finally:
                for sheet in book.worksheets():
                    sheet._opt_close()  # noqa: SLF001 - where files that are open cannot be deleted
    except (FileCreateError, OSError) as error:
        cause = error.args[0] if isinstance(error, FileCreateError) and error.args else error
        if not isinstance(cause, OSError) or cause.errno not in DISK:
            raise
        hint = f"Free some space in {tempfile.gettempdir()}, or set TMPDIR to a folder with more."
        raise SurfaceError(f"Cannot build the workbook: {cause.strerror}.", code="REV-804", hint=hint) from error
