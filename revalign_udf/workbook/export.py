"""Any answer as a file: csv, parquet or xlsx.

A text that a spreadsheet would take for a formula (it begins with ``= + - @``, a tab or a carriage return) is made
harmless in csv by a leading apostrophe, the form spreadsheets themselves write; parquet and xlsx hold typed text anyway.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

from revalign_udf.errors import StoreError, SurfaceError, UnknownName
from revalign_udf.query.answers import Table

__all__ = ["FORMATS", "export", "harmless"]

Scalar = str | int | float | bool | None

_RISKY = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Scalar) -> Scalar:
    """A csv cell that no spreadsheet runs.

    >>> harmless("=1+1"), harmless("Ada"), harmless(-3.5)
    ("'=1+1", 'Ada', -3.5)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def _csv(table: Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([harmless(name) for name in table.columns])
        # repr is the shortest text that reads back as the same double
        writer.writerows(
            [repr(value) if isinstance(value, float) else harmless(value) for value in row] for row in table.rows
        )


def _parquet(table: Table, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    arrays = []
    for values in columns:
        numbers = all(
            value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values
        )
        kind = pa.float64() if numbers and any(value is not None for value in values) else pa.string()
        arrays.append(pa.array([value if value is None or numbers else str(value) for value in values], kind))
    pq.write_table(pa.table(arrays, names=list(table.columns)), path)


def _xlsx(table: Table, path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("Answer")
        sheet.write_row(0, 0, table.columns, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        units = table.units or ("text",) * len(table.columns)
        formats = [book.add_format({"num_format": _FORMATS.get(unit, "General")}) for unit in units]
        for number, row in enumerate(table.rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value, formats[column])
        sheet.autofit()


_FORMATS = {"money": "#,##0.00", "rate": "0.0%", "count": "#,##0"}

FORMATS: dict[str, Callable[[Table, Path], None]] = {".csv": _csv, ".parquet": _parquet, ".xlsx": _xlsx}


def export(table: Table, path: Path) -> Path:
    """Write a table in the format its name ends in, in one step: a reader sees the old file or the new one.

    Raises UnknownName REV-101 for another ending, StoreError REV-804 or SurfaceError REV-704 where nothing can be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise UnknownName("file format", path.suffix or path.name, FORMATS, hint=f"Known: {', '.join(FORMATS)}.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        FORMATS[path.suffix.lower()](table, temporary)
        temporary.replace(path)
    except PermissionError as error:
        raise StoreError(f"No permission to write {path}.", code="REV-804", hint="Name another folder.") from error
    except OSError as error:
        raise SurfaceError(f"Cannot write {path}: {error.strerror}.", hint="Does the folder exist?") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path
