"""Workbooks written sign by sign, for what no library would write."""

import io
import re
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def rawbook(
    sheets: Mapping[str, Mapping[str, object] | str],
    *,
    names: Mapping[str, str] | None = None,
    parts: Mapping[str, bytes] | None = None,
    workbook: str = "",
    calculation: str = "",
) -> bytes:
    """The bytes of a workbook.

    A cell is a value, a formula ("=A1+1", with its cached value after a tab: "=A1+1\\t5"), or the XML of a whole cell without
    its place ("<c ...>"). A sheet may also be given as the XML of its rows.
    """
    made = io.BytesIO()
    numbered = list(enumerate(sheets.items(), 1))
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:

        def put(part: str, text: str) -> None:
            package.writestr(
                zipfile.ZipInfo(part, (2026, 1, 1, 0, 0, 0)), (_HEAD + text).encode(), zipfile.ZIP_DEFLATED
            )

        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
            for n, _ in numbered
        )
        put(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>{overrides}</Types>',
        )
        put(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered)
        defined = "".join(
            f'<definedName name="{name}">{escape(text)}</definedName>' for name, text in (names or {}).items()
        )
        put(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}">{workbook}<sheets>{listed}</sheets>'
            + (f"<definedNames>{defined}</definedNames>" if defined else "")
            + f"{calculation}</workbook>",
        )
        related = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in numbered
        )
        put("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>')
        for n, (_, cells) in numbered:
            rows = cells if isinstance(cells, str) else _rows(cells)
            put(f"xl/worksheets/sheet{n}.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>')
        for part, content in (parts or {}).items():
            package.writestr(part, content)
    return made.getvalue()


def spill(formula: str, ref: str, first: object) -> str:
    """A formula that spills, with its first value."""
    kind, text = _typed(first)
    return f'<c cm="1"{kind}><f t="array" ref="{ref}">{escape(formula)}</f><v>{text}</v></c>'


def part_of(content: bytes, part: str = "xl/worksheets/sheet1.xml") -> str:
    """One part of a workbook as text."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read(part).decode()


def parts_of(content: bytes) -> dict[str, bytes]:
    """Every part of a workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def _rows(cells: Mapping[str, object]) -> str:
    rows: dict[int, list[tuple[tuple[int, str], str]]] = {}
    for place, value in cells.items():
        letters, number = re.fullmatch(r"([A-Z]+)(\d+)", place).groups()  # type: ignore[union-attr]
        rows.setdefault(int(number), []).append(((len(letters), letters), _cell(place, value)))
    return "".join(
        f'<row r="{number}">{"".join(text for _, text in sorted(row))}</row>' for number, row in sorted(rows.items())
    )


def _cell(place: str, value: object) -> str:
    if isinstance(value, str) and value.startswith("<c"):
        return f'<c r="{place}"{value[2:]}'
    if isinstance(value, str) and value.startswith("="):
        formula, _, cached = value[1:].partition("\t")
        kind, text = _typed(_read(cached))
        return f'<c r="{place}"{kind}><f>{escape(formula)}</f>' + (f"<v>{text}</v>" if cached else "") + "</c>"
    if isinstance(value, str) and not value.startswith("#"):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    kind, text = _typed(value)
    return f'<c r="{place}"{kind}><v>{text}</v></c>'


def _typed(value: object) -> tuple[str, str]:
    if isinstance(value, bool):
        return ' t="b"', str(int(value))
    if isinstance(value, str):
        return (' t="e"' if value.startswith("#") else ' t="str"'), escape(value)
    return "", "" if value is None else str(value)


def _read(text: str) -> object:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return {"TRUE": True, "FALSE": False}.get(text, text)
