"""Copies of a workbook without our functions: what they answered stays as plain values.

In the one, native formulas are left without values, so that whoever shows some has computed them. The other is to look at
in a program that knows no function of ours and, like LibreOffice, computes every array anew.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree as ET

from package_parts import child, children, local
from reportbooks import OURS

__all__ = ["PROBES", "native_copy", "plain_copy"]

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


#: a column no report reaches, for formulas put beside it
PROBES = "ZZ"


def native_copy(file: Path, to: Path, probes: Iterable[str] = ()) -> dict[str, list[str]]:
    """Writes the copy without values of native formulas. ``probes`` are formulas put into column `PROBES` of the last
    sheet, from row 1 on. Returns the native cells of each sheet's part."""
    native: dict[str, list[str]] = {}

    def change(name: str, root: ET.Element, *, last: bool) -> None:
        native[name] = _bare(root, keep=False)
        if last:
            _probe(root, probes)

    _copy(file, to, change)
    return native


def plain_copy(file: Path, to: Path) -> Path:
    """Writes the copy to look at, and returns its path."""

    def change(_: str, root: ET.Element, *, last: bool) -> None:
        del last
        _bare(root, keep=True)

    _copy(file, to, change)
    return to


class _Change(Protocol):
    def __call__(self, name: str, root: ET.Element, /, *, last: bool) -> None: ...


def _copy(file: Path, to: Path, change: _Change) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(file) as package, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as copy:
        parts = package.namelist()
        sheets = [name for name in parts if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
        last = max(sheets, key=lambda name: int(re.findall(r"\d+", name)[0]))
        for name in parts:
            content = package.read(name)
            if name in sheets:
                root = ET.fromstring(content)
                change(name, root, last=name == last)
                content = ET.tostring(root)
            elif name == "docProps/app.xml":  # values of files that Excel made are trusted, and not computed
                content = content.replace(b"Microsoft Excel", b"somebody")
            copy.writestr(name, content)
    to.write_bytes(made.getvalue())


def _bare(root: ET.Element, *, keep: bool) -> list[str]:
    """Takes our formulas out, and the values of native ones unless they are to be kept; the places of these."""
    found = []
    for line in children(child(root, "sheetData"), "row"):
        for cell in children(line, "c"):
            formula, value = child(cell, "f"), child(cell, "v")
            if formula is None:
                continue
            if OURS.search(formula.text or ""):
                cell.remove(formula)
                cell.attrib.pop("cm", None)
            elif not keep:
                found.append(cell.get("r", ""))
                cell.attrib.pop("t", None)
                if value is not None:
                    cell.remove(value)
    return found


def _probe(root: ET.Element, probes: Iterable[str]) -> None:
    data = next(item for item in root if local(item.tag) == "sheetData")
    rows = {line.get("r"): line for line in data}
    for number, text in enumerate(probes, 1):
        if (line := rows.get(str(number))) is None:
            line = rows[str(number)] = ET.Element(f"{_MAIN}row", r=str(number))
            data.insert(number - 1, line)
        cell = ET.SubElement(line, f"{_MAIN}c", r=f"{PROBES}{number}")
        ET.SubElement(cell, f"{_MAIN}f").text = text
