"""Files that are no sound workbook, and the package written back."""

import io
import re
import struct
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest
from rawbook import part_of, parts_of, rawbook

from revalign_udf.errors import SurfaceError
from revalign_udf.workbook.convert import convert
from revalign_udf.workbook.fill import fill
from revalign_udf.workbook.package import Package
from revalign_udf.workbook.verify import verify

GOOD = rawbook({"S": {"A1": "=REVALIGN_CAC(1,2,3)\t1", "B1": 5}})


def no_door(_: object) -> NoReturn:
    raise AssertionError


def repacked(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return made.getvalue()


def with_sheet(content: bytes) -> bytes:
    return repacked(parts_of(GOOD) | {"xl/worksheets/sheet1.xml": content})


def flipped(content: bytes) -> bytes:
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def encrypted(content: bytes) -> bytes:
    made = bytearray(content)
    for found in re.finditer(b"PK\x01\x02", content):
        made[found.start() + 8] |= 1
    return bytes(made)


BAD = {
    "nothing in it": (b"", "is not a workbook"),
    "a text": (b"period,mrr\n2026-09,5\n", "is not a workbook"),
    "a password, or .xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Remove the password"),
    "cut off": (GOOD[:-40], "Is the file complete"),
    "a flipped bit": (flipped(GOOD), "is damaged: its part xl/worksheets/sheet1.xml"),
    "a zip of something else": (repacked({"a.txt": b"x"}), "is not a workbook"),
    "an .xlsb": (repacked({"[Content_Types].xml": b"", "xl/workbook.bin": b""}), "Save it as .xlsx"),
    "an encrypted zip": (encrypted(GOOD), "Remove the password"),
    "bytes in front": (b"MZ" + GOOD, "is not a workbook"),
    "no workbook part": (repacked({"[Content_Types].xml": b"<Types/>"}), "is damaged"),
    "a sheet that is no XML": (with_sheet(b"<worksheet><sheetData><row"), "is damaged"),
    "a sheet with entities": (
        with_sheet(b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet>REVALIGN</worksheet>'),
        "is damaged",
    ),
    "a bomb": (with_sheet(b"<worksheet>" + b" " * (1 << 27) + b"</worksheet>"), "unpacks to 128 MB"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_and_left_as_it_is(kind: str, tmp_path: Path) -> None:
    content, said = BAD[kind]
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    for work in (lambda: fill(path, no_door), lambda: verify(path, no_door)):
        with pytest.raises(SurfaceError, match=re.escape(said)) as caught:
            work()
        assert caught.value.code == "REV-704"
        assert "book.xlsx" in str(caught.value)
    assert path.read_bytes() == content
    assert [item.name for item in tmp_path.iterdir()] == ["book.xlsx"]


def test_convert_refuses_them_too(tmp_path: Path) -> None:
    for kind in ("a password, or .xls", "cut off", "a flipped bit", "a sheet with entities", "a bomb"):
        path = tmp_path / "book.xlsx"
        path.write_bytes(BAD[kind][0])
        with pytest.raises(SurfaceError, match="REV-704"):
            convert(path, "office")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SurfaceError, match="There is no file"):
        fill(tmp_path / "none.xlsx", no_door)
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(SurfaceError, match="Cannot read"):
        fill(tmp_path / "folder.xlsx", no_door)


def test_a_sheet_in_another_encoding(tmp_path: Path) -> None:
    sheet = part_of(GOOD).replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
    path = tmp_path / "book.xlsx"
    path.write_bytes(with_sheet(sheet))
    with pytest.raises(SurfaceError, match="not written in UTF-8"):
        fill(path, no_door)


def test_a_part_twice() -> None:
    made = io.BytesIO(GOOD)
    with zipfile.ZipFile(made, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("xl/workbook.xml", b"<other/>")
    with pytest.raises(SurfaceError, match="a part twice"):
        Package(made.getvalue())


def test_prefixed_elements_and_cells_without_places(tmp_path: Path) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        f'<x:worksheet xmlns:x="{main}"><x:sheetData><x:row><x:c><x:v>4</x:v></x:c><x:c><x:f>A1*2</x:f></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    path = tmp_path / "book.xlsx"
    path.write_bytes(with_sheet(sheet.encode()))
    fill(path, no_door)
    assert "<x:c><x:f>A1*2</x:f><x:v>8</x:v></x:c>" in part_of(path.read_bytes())


def test_unchanged_parts_keep_their_packed_bytes() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for place, (name, content) in enumerate(parts_of(GOOD).items()):
            info = zipfile.ZipInfo(name, (2020, 1, 1 + place, 0, 0, 0))
            info.compress_type, info.comment, info.external_attr = zipfile.ZIP_DEFLATED, b"note", 0o600 << 16
            info.extra = struct.pack("<HH4s", 0xCAFE, 4, b"data")
            package.writestr(info, content, compresslevel=1 + place)
        package.writestr("stored.bin", bytes(1000))
        package.comment = b"of the file"
    raw = made.getvalue()
    package_ = Package(raw)
    changed = package_.with_parts({"xl/workbook.xml": b"<new/>", "stored.bin": b"s"})
    assert package_.with_parts({"xl/workbook.xml": package_.read("xl/workbook.xml")}) == raw
    old, new = zipfile.ZipFile(io.BytesIO(raw)), zipfile.ZipFile(io.BytesIO(changed))
    assert new.testzip() is None
    assert new.comment == b"of the file"
    assert new.namelist() == old.namelist()
    for before, after in zip(old.infolist(), new.infolist(), strict=True):
        assert (before.date_time, before.comment, before.external_attr) == (
            after.date_time,
            after.comment,
            after.external_attr,
        )
        if before.filename == "xl/workbook.xml":
            assert new.read(after) == b"<new/>"
        elif before.filename == "stored.bin":
            assert (new.read(after), after.compress_type) == (b"s", zipfile.ZIP_STORED)
        else:
            span = slice(before.header_offset, before.header_offset + 30 + len(before.filename) + before.compress_size)
            moved = after.header_offset - before.header_offset
            assert raw[span] == changed[span.start + moved : span.stop + moved]


def test_parts_written_as_a_stream_keep_their_descriptors() -> None:
    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += data
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts_of(GOOD).items():
            package.writestr(name, content)
    changed = Package(bytes(stream.data)).with_parts({"xl/workbook.xml": b"<new/>"})
    with zipfile.ZipFile(io.BytesIO(changed)) as package:
        assert package.testzip() is None
        assert package.read("xl/workbook.xml") == b"<new/>"
