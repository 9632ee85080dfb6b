"""Delimited text as batches of records, in bounded memory and with the line each record starts in."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from revalign_csv.files import opened, plain_path
from revalign_csv.mapping import BOOKS, WHITESPACE, FileMapping
from revalign_udf.connector import Folder
from revalign_udf.errors import Fatal

__all__ = ["BATCH", "Batch", "Lines", "digest", "names_of", "open_text"]

BATCH = 50_000
_CHUNK = 1 << 20
_BREAK = re.compile(r"\r\n|\r|\n")
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def digest(folder: Folder, name: str, mapping: FileMapping) -> str:
    """SHA-256 over how a file is read and what it holds.

    Decodes on the way, so that a wrong encoding is found before a single row was handed on. Raises Fatal REV-503.
    """
    total = hashlib.sha256(mapping.fingerprint)
    if plain_path(name).suffix.lower() in BOOKS:
        with opened(folder, name) as file:
            total.update(file.read())
        return total.hexdigest()
    decoder = codecs.getincrementaldecoder(mapping.encoding)()
    done, chunk = 0, b""
    with opened(folder, name) as file:
        try:
            while chunk := file.read(_CHUNK):
                total.update(chunk)
                decoder.decode(chunk)
                done += len(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            if isinstance(error, UnicodeDecodeError):  # it counts from what the decoder had kept of the chunk before
                done += error.start - (len(error.object) - len(chunk))
            with opened(folder, name) as again:
                raise _undecodable(again, name, mapping.encoding, done) from None
    return total.hexdigest()


def _undecodable(file: IO[bytes], name: str, encoding: str, offset: int) -> Fatal:
    start = file.read(4)
    line = 1 + start[:offset].count(b"\n") + sum(part.count(b"\n") for part in _upto(file, offset - 4))
    guess = next((other for bom, other in _BOMS if start.startswith(bom)), "cp1252")
    return Fatal(
        f"{name} is not {encoding.removesuffix('-sig')} text: line {line} holds bytes that cannot be read.",
        code="REV-503",
        hint=f'Save it as UTF-8, or set `encoding` in its mapping, such as encoding = "{guess}".',
    )


def _upto(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(size, _CHUNK))):
        size -= len(chunk)
        yield chunk


def open_text(folder: Folder, name: str, mapping: FileMapping) -> IO[str]:
    """Open a file for :class:`Lines`. Line ends stay as they are, since quoted cells may hold some."""
    return io.TextIOWrapper(opened(folder, name), encoding=mapping.encoding, newline="")


@dataclass(slots=True)
class Batch:
    """Records as wide as the header, the line each starts in, and (line, reason, text) of what is no such record."""

    rows: list[list[str]]
    lines: Sequence[int]
    bad: list[tuple[int, str, str]] = field(default_factory=list)


class Lines:
    """The header of an open file, then its records in batches. Blank lines are passed over."""

    def __init__(self, file: IO[str], name: str, mapping: FileMapping) -> None:
        self.name = name
        self._text = file
        self._white = mapping.delimiter == WHITESPACE
        self._line = 0
        self._csv = csv.reader(self._text, delimiter="," if self._white else mapping.delimiter, strict=True)
        self.header = self._names(mapping)

    def _names(self, mapping: FileMapping) -> list[str]:
        if mapping.header:
            return list(mapping.header)
        while True:
            rows, _, failed = self._take(1)
            if failed:
                raise Fatal(f"The header of {self.name} cannot be read: {failed[1]}.", code="REV-502")
            if not rows:
                break
            if rows[0] and self._line >= mapping.header_row:
                return names_of([cell.strip() for cell in rows[0]], self.name)
        raise Fatal(
            f"{self.name} is empty: it has no header line.",
            code="REV-502",
            hint="The first line names the columns; or list them as `header` in the mapping.",
        )

    def __iter__(self) -> Iterator[Batch]:
        width = len(self.header)
        while True:
            rows, lines, failed = self._take(BATCH)
            if not rows and not failed:
                return
            batch = Batch(rows, lines)
            if set(map(len, rows)) - {width}:
                batch = _sorted_out(rows, lines, width)
            if failed:
                batch.bad.append((*failed, ""))
            yield batch

    def _take(self, size: int) -> tuple[list[list[str]], Sequence[int], tuple[int, str] | None]:
        """Up to ``size`` records, their first lines, and line and fault of the record after them, if it has one."""
        before = self._line
        if self._white:
            rows = [line.split() for line in islice(self._text, size)]
            self._line += len(rows)
            return rows, range(before + 1, self._line + 1), None
        rows, fault = [], ""
        try:
            rows.extend(islice(self._csv, size))  # keeps what came before a fault
        except csv.Error as error:
            fault = str(error)
        self._line = self._csv.line_num
        if self._line - before == len(rows):  # the common case: one line each
            return rows, range(before + 1, self._line + 1), None
        lines = []
        for row in rows:
            lines.append(before + 1)
            before += 1 + sum(len(_BREAK.findall(cell)) for cell in row if "\n" in cell or "\r" in cell)
        if fault.startswith(("unexpected end", "field larger")):
            raise Fatal(
                f"{self.name}: a quoted cell that starts in line {before + 1} does not end.",
                code="REV-503",
                hint='Close the quote; a quote inside a quoted cell is written twice: "".',
            )
        return rows, lines, (before + 1, f"not delimited text: {fault}") if fault else None


def names_of(names: list[str], file: str) -> list[str]:
    """A header's names, each once. Raises Fatal REV-502 for two of one name."""
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise Fatal(
            f"{file} has columns of the same name: {', '.join(twice)}.",
            code="REV-502",
            hint="Rename or remove all but one of each.",
        )
    # spreadsheets export empty columns on the right; they need a name only if a cell turns out to be filled
    return [name or f"column_{number}" for number, name in enumerate(names, 1)]


def _sorted_out(rows: list[list[str]], lines: Sequence[int], width: int) -> Batch:
    """The records of the right width; the others, unless blank, with the reason."""
    good = [(row, line) for row, line in zip(rows, lines, strict=True) if len(row) == width]
    bad = [
        (line, f"{len(row)} cells where the header has {width}", ",".join(row)[:200])
        for row, line in zip(rows, lines, strict=True)
        if row and len(row) != width
    ]
    return Batch([row for row, _ in good], [line for _, line in good], bad)
