"""The values methods: get, update, append, clear, with RAW and USER_ENTERED input and the three ways to render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from revalign_udf.calc.letters import column_letters
from revalign_udf.localsheets import a1
from revalign_udf.localsheets.book import Book, Cell, Json, Rect, Scalar
from revalign_udf.localsheets.formats import show, typed
from revalign_udf.localsheets.lenient import snake
from revalign_udf.localsheets.problems import ApiError, bad_request

__all__ = ["Rendering", "append", "clear", "entered", "read", "update"]


_ENUMS = {
    "ValueRenderOption": ("FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"),
    "DateTimeRenderOption": ("SERIAL_NUMBER", "FORMATTED_STRING"),
    "Dimension": ("DIMENSION_UNSPECIFIED", "ROWS", "COLUMNS"),
    "ValueInputOption": ("INPUT_VALUE_OPTION_UNSPECIFIED", "RAW", "USER_ENTERED"),
    "InsertDataOption": ("OVERWRITE", "INSERT_ROWS"),
}


def _enum(query: Mapping[str, Any], name: str, kind: str, default: str) -> str:
    """A value out of a fixed list.

    Raises:
        ApiError: another value, in Google's words.
    """
    given = str(query.get(name, default))
    if given not in _ENUMS[kind]:
        place = snake(name)
        message = f"Invalid value at '{place}' (type.googleapis.com/google.apps.sheets.v4.{kind}), \"{given}\""
        violation = {"field": place, "description": message}
        detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
        raise ApiError(400, message, details=(detail,))
    return given


@dataclass(frozen=True, slots=True)
class Rendering:
    """How values are handed out."""

    option: str = "FORMATTED_VALUE"
    dates: str = "SERIAL_NUMBER"
    dimension: str = "ROWS"

    @classmethod
    def of(cls, query: Mapping[str, str], prefix: str = "") -> Rendering:
        """From a query or body; ``prefix`` is ``response`` for the options of an update's answer."""

        def name(text: str) -> str:
            return prefix + text if prefix else text[0].lower() + text[1:]

        option = _enum(query, name("ValueRenderOption"), "ValueRenderOption", "FORMATTED_VALUE")
        dates = _enum(query, name("DateTimeRenderOption"), "DateTimeRenderOption", "SERIAL_NUMBER")
        dimension = "ROWS" if prefix else _enum(query, "majorDimension", "Dimension", "ROWS")
        return cls(option, dates, "COLUMNS" if dimension == "COLUMNS" else "ROWS")


def plain(value: Scalar) -> Scalar:
    """A number as JSON shows it: whole numbers without a fraction."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def rendered(cell: Cell, how: Rendering) -> Scalar:
    """A cell's value the way the caller asked for it; blank is the empty text."""
    if how.option == "FORMULA" and cell.formula:
        return cell.formula
    if cell.error:
        return cell.error
    if cell.value is None:
        return ""
    number_format = cell.format.get("numberFormat")
    if how.option == "FORMATTED_VALUE":
        return show(cell.value, number_format)
    dated = (number_format or {}).get("type") in {"DATE", "TIME", "DATE_TIME"}
    if dated and how.dates == "FORMATTED_STRING":
        return show(cell.value, number_format)
    return plain(cell.value)


def read(book: Book, rect: Rect, how: Rendering) -> Json:
    """A ValueRange; trailing blanks are left out, as Google does."""
    sheet = book.sheet(rect.sheet)
    rows, columns = sheet.extent()
    bottom, right = min(rect.bottom, rows), min(rect.right, columns)
    lines = [
        [rendered(sheet.cell(row, column), how) for column in range(rect.left, right)]
        for row in range(rect.top, bottom)
    ]
    if how.dimension == "COLUMNS":
        lines = [list(line) for line in zip(*lines, strict=True)]
    for line in lines:
        while line and line[-1] == "":
            line.pop()
    while lines and not lines[-1]:
        lines.pop()
    answer: Json = {"range": a1.write(book, rect), "majorDimension": how.dimension}
    if lines:
        answer["values"] = lines
    return answer


def entered(cell: Cell, given: Any, option: str) -> Cell:
    """The cell after a value was entered; None leaves it alone, the empty text clears it.

    Raises:
        ApiError: not a value.
    """
    if given is None:
        return cell
    if isinstance(given, list | dict):
        raise bad_request(f"Invalid value: {proto_text(given)}")
    if given == "" and isinstance(given, str):
        return cell.without_value()
    if isinstance(given, bool | int | float):
        return cell.holding(given)
    text = str(given)
    if option == "RAW":
        return cell.holding(text)
    if text.startswith("=") and len(text) > 1:
        return cell.holding(None, text)
    value, number_format = typed(text)
    # What a person types brings its format along, unless the cell has one of its own.
    if number_format and "numberFormat" not in cell.format:
        cell = replace(cell, format={**cell.format, "numberFormat": dict(number_format)})
    return cell.holding(value)


def proto_text(given: Any, indent: str = "") -> str:
    """A JSON value the way Google prints it in errors: as a protocol buffer in text."""
    if isinstance(given, list):
        inner = "".join(f"{indent}  values {{\n{proto_text(item, indent + '    ')}{indent}  }}\n" for item in given)
        return f"{indent}list_value {{\n{inner}{indent}}}\n"
    if isinstance(given, dict):
        inner = ""
        for key, item in given.items():
            value = f"{indent}    value {{\n{proto_text(item, indent + '      ')}{indent}    }}\n"
            inner += f'{indent}  fields {{\n{indent}    key: "{key}"\n{value}{indent}  }}\n'
        return f"{indent}struct_value {{\n{inner}{indent}}}\n"
    if given is None:
        return f"{indent}null_value: NULL_VALUE\n"
    if isinstance(given, bool):
        return f"{indent}bool_value: {str(given).lower()}\n"
    if isinstance(given, int | float):
        return f"{indent}number_value: {plain(given)}\n"
    return f'{indent}string_value: "{given}"\n'


def _option(option: str | None) -> str:
    given = _enum({} if option is None else {"valueInputOption": option}, "valueInputOption", "ValueInputOption", "RAW")
    if option is None or given not in {"RAW", "USER_ENTERED"}:
        raise bad_request("'valueInputOption' is required but not specified")
    return given


def _rows(value_range: Mapping[str, Any]) -> list[list[Any]]:
    lines: Sequence[Any] = value_range.get("values", ())
    for row, line in enumerate(lines):
        if not isinstance(line, list):
            raise bad_request(f"Invalid values[{row}]: {proto_text(line)}")
        for column, value in enumerate(line):
            if isinstance(value, list | dict):
                raise bad_request(f"Invalid values[{row}][{column}]: {proto_text(value)}")
    if value_range.get("majorDimension") == "COLUMNS":
        height = max((len(line) for line in lines), default=0)
        return [[line[row] if row < len(line) else None for line in lines] for row in range(height)]
    return [list(line) for line in lines]


def update(book: Book, text: str, value_range: Mapping[str, Any], option: str | None) -> tuple[Json, Rect]:
    """Writes values from the corner of a range on.

    Returns:
        The UpdateValuesResponse, and the rectangle written.

    Raises:
        ApiError: off the grid, outside the range, or not values.
    """
    option = _option(option)
    named_inside = value_range.get("range", "")
    if named_inside and named_inside != text and a1.parse(book, named_inside) != a1.parse(book, text):
        raise bad_request(
            f"Requested writing within range [{text}], but the body says [{named_inside}]. They must be the same."
        )
    rect = a1.parse(book, text, clip=False)
    rows = _rows(value_range)
    height, width = len(rows), max((len(row) for row in rows), default=0)
    one_cell = rect.bottom - rect.top == 1 and rect.right - rect.left == 1
    if not one_cell:
        if height > rect.bottom - rect.top:
            raise bad_request(
                f"Requested writing within range [{a1.write(book, rect)}], but tried writing to row [{rect.bottom + 1}]"
            )
        if width > rect.right - rect.left:
            letters = column_letters(rect.right)
            raise bad_request(
                f"Requested writing within range [{a1.write(book, rect)}], but tried writing to column [{letters}]"
            )
    written = _write(book, Rect(rect.sheet, rect.top, rect.left, rect.top + height, rect.left + width), rows, option)
    shown = written if height and width else rect
    answer: Json = {"spreadsheetId": book.id, "updatedRange": a1.write(book, shown)}
    if height and width:
        cells = sum(1 for row in rows for value in row if value is not None)
        answer |= {"updatedRows": height, "updatedColumns": width, "updatedCells": cells}
    return answer, shown


def _write(book: Book, rect: Rect, rows: list[list[Any]], option: str) -> Rect:
    sheet = book.sheet(rect.sheet)
    if rect.bottom > sheet.rows or rect.right > sheet.columns:
        raise a1.exceeds(book, rect)
    for down, line in enumerate(rows):
        for across, given in enumerate(line):
            row, column = rect.top + down, rect.left + across
            sheet.put(row, column, entered(sheet.cell(row, column), given, option))
    return rect


def append(
    book: Book, text: str, value_range: Mapping[str, Any], option: str | None, insert_data: str
) -> tuple[Json, Rect]:
    """Writes rows beneath the table found in a range; the grid grows when it must.

    Returns:
        The AppendValuesResponse, and the rectangle written.

    Raises:
        ApiError: no such range, or not values.
    """
    option = _option(option)
    insert_data = _enum({"insertDataOption": insert_data}, "insertDataOption", "InsertDataOption", "OVERWRITE")
    rect = a1.parse(book, text)
    sheet = book.sheet(rect.sheet)
    rows = _rows(value_range)
    table = _table(book, rect)
    top, left = (table.bottom, table.left) if table else (rect.top, rect.left)
    height, width = len(rows), max((len(row) for row in rows), default=0)
    if insert_data == "INSERT_ROWS" and table and height and top < sheet.rows:
        from revalign_udf.localsheets.shift import insert

        insert(book, sheet, rows=True, at=top, count=height, inherit_before=top > 0)
    sheet.rows = max(sheet.rows, top + height)
    sheet.columns = max(sheet.columns, left + width)
    book.check_size()
    written = Rect(sheet.id, top, left, top + max(height, 1), left + max(width, 1))
    updates: Json = {"spreadsheetId": book.id, "updatedRange": a1.write(book, written)}
    if height and width:
        _write(book, written, rows, option)
        cells = sum(1 for row in rows for value in row if value is not None)
        updates |= {"updatedRows": height, "updatedColumns": width, "updatedCells": cells}
    answer: Json = {"spreadsheetId": book.id, "updates": updates}
    if table:
        answer["tableRange"] = a1.write(book, table)
    return answer, written


def _table(book: Book, rect: Rect) -> Rect | None:
    """The last table in a range: the filled rectangle around its lowest filled cell."""
    sheet = book.sheet(rect.sheet)
    filled = {key for key, cell in sheet.cells.items() if cell.filled}
    inside = sorted(key for key in filled if rect.holds(*key))
    if not inside:
        return None
    top, left = inside[-1]
    bottom, right = top + 1, left + 1
    grown = True
    while grown:
        near = [key for key in filled if top - 1 <= key[0] <= bottom and left - 1 <= key[1] <= right]
        box = (
            min(row for row, _ in near),
            min(column for _, column in near),
            max(row for row, _ in near) + 1,
            max(column for _, column in near) + 1,
        )
        grown = box != (top, left, bottom, right)
        top, left, bottom, right = box
    return Rect(rect.sheet, top, left, bottom, right)


def clear(book: Book, text: str) -> str:
    """Empties a range; formats and notes stay.

    Returns:
        The range as Google writes it.

    Raises:
        ApiError: no such range.
    """
    rect = a1.parse(book, text)
    sheet = book.sheet(rect.sheet)
    for key in [key for key, cell in sheet.cells.items() if cell.filled and rect.holds(*key)]:
        sheet.put(*key, sheet.cells[key].without_value())
    return a1.write(book, rect)
