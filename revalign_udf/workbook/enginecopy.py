"""A copy of a workbook for the engine's eyes only: formulas as it reads them rightly, old spills cleared."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

from revalign_udf.workbook.book import Book
from revalign_udf.workbook.grid import Place
from revalign_udf.workbook.sheetxml import Edit, Scan, edited

__all__ = ["engine_copy"]

#: parts no number rests on
_HEAVY = ("xl/media/", "xl/embeddings/", "xl/printerSettings/", "xl/vbaProject", "xl/activeX/", "xl/drawings/media/")


def engine_copy(
    book: Book, contents: Mapping[str, bytes], scans: Mapping[str, Scan], texts: Mapping[str, Mapping[Place, str]]
) -> bytes:
    """The file with formulas exchanged for ``texts`` (by sheet and place) and the cells of old spills empty.

    A spill that is still there would block the new one; a sheet that computes in circles until it rests would hide
    which cells do.
    """
    changed = {
        sheet.part: edited(contents[sheet.name], _edits(contents[sheet.name], scans[sheet.name], texts[sheet.name]))
        for sheet in book.sheets
    }
    if book.iterates:
        changed[book.part] = _no_circles(book.package.read(book.part))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as target:
        for part in book.package.parts:
            if part.startswith(_HEAVY):
                target.writestr(part, b"")
            else:
                target.writestr(part, changed[part] if part in changed else book.package.read(part))
    return made.getvalue()


def _edits(content: bytes, found: Scan, texts: Mapping[Place, str]) -> list[Edit]:
    prefix = found.prefix
    edits: list[Edit] = []
    for at, node in found.nodes.items():
        tag = _tag(node.attributes, prefix)
        if node.formula_span is None:
            # the cell of a spill: what it shows comes from the formula
            edits.append((node.start, node.end, tag + b"/>"))
            continue
        first, last = node.formula_span
        formula = content[first:last]
        if at in texts and texts[at] != node.formula:
            text = escape(texts[at]).encode()
            if node.inner_span is not None:
                formula = content[first : node.inner_span[0]] + text + content[node.inner_span[1] : last]
            else:
                formula = f"<{prefix}f>".encode() + text + f"</{prefix}f>".encode()
        # nothing but the formula: the value is what is asked for
        edits.append((node.start, node.end, tag + b">" + formula + f"</{prefix}c>".encode()))
    return edits


def _tag(attributes: Mapping[str, str], prefix: str) -> bytes:
    kept = "".join(f' {name}="{attributes[name]}"' for name in ("r", "cm") if name in attributes)
    return f"<{prefix}c{kept}".encode()


def _no_circles(content: bytes) -> bytes:
    return content.replace(b' iterate="1"', b"").replace(b' iterate="true"', b"")
