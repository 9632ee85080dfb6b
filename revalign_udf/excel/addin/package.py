"""The bytes of an ``.xlam``: a template of Excel's, our modules, the ribbon and the add-in's name."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from revalign_udf.errors import SurfaceError

__all__ = ["RIBBON_PART", "RIBBON_TYPE", "modules_of", "xlam"]

RIBBON_PART = "customUI/customUI14.xml"
#: the relationship by which Office 2010 and later find a ribbon
RIBBON_TYPE = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
_CORE = "docProps/core.xml"
_RELATIONSHIPS = "_rels/.rels"
#: zip files hold the time of each part; the same add-in is the same bytes
_WHEN = (1980, 1, 1, 0, 0, 0)


def xlam(modules: Mapping[str, str], ribbon: str, *, title: str, about: str) -> bytes:
    """The package. ``title`` and ``about`` are what Excel's list of add-ins shows.

    Raises SurfaceError REV-704 when the extra ``addin`` is not installed.
    """
    opened = _excel_file()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "revalign.xlam"
        with opened.create_new(path) as book:
            project = book.vba_project()
            project.delete_module("Module1")
            for name, text in modules.items():
                if name == "ThisWorkbook":
                    book.set_module(name, _crlf(text))
                else:
                    project.add_module(name, _crlf(text))
            book.save()
        content = path.read_bytes()
    parts = _parts(content)
    parts[RIBBON_PART] = ribbon.encode()
    parts[_RELATIONSHIPS] = _related(parts[_RELATIONSHIPS].decode())
    parts[_CORE] = _core(title, about)
    return _zipped(parts)


def modules_of(path: Path) -> dict[str, str]:
    """The modules of an Office file as text, ``ThisWorkbook`` without its attributes.

    Raises SurfaceError REV-704 when the file cannot be read or the extra ``addin`` is not installed.
    """
    opened = _excel_file()
    try:
        with opened(path) as book:
            found = {name: str(book.get_module(name)).replace("\r\n", "\n") for name in book.module_names()}
    except Exception as error:  # the library has its own errors, and zipfile its own
        raise SurfaceError(f"{path} holds no VBA that can be read: {error}") from error
    if "ThisWorkbook" in found:
        lines = found["ThisWorkbook"].splitlines(keepends=True)
        found["ThisWorkbook"] = "".join(line for line in lines if not line.startswith("Attribute "))
    return found


def _excel_file() -> Any:
    try:
        from pyopenvba import ExcelFile
    except ImportError:
        raise SurfaceError(
            "Writing and reading an .xlam needs pyOpenVBA, which is not installed.",
            hint='Install it: pip install "revalign-udf[addin]".',
        ) from None
    return ExcelFile


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content)
    return made.getvalue()


def _related(relationships: str) -> bytes:
    ours = f'<Relationship Id="rIdRibbon" Type="{RIBBON_TYPE}" Target="{RIBBON_PART}"/>'
    return relationships.replace("</Relationships>", ours + "</Relationships>").encode()


def _core(title: str, about: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>Revalign</dc:creator>"
        f"<dc:description>{escape(about)}</dc:description></cp:coreProperties>"
    ).encode()
