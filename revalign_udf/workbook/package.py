"""A workbook file as a package of parts: opened with care, and written back with nothing changed but what must be.

Parts that stay are copied as the compressed bytes they are, headers included, so a file in which nothing changes is
the same file. Nothing here trusts the file: sizes are limited before anything is unpacked.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from revalign_udf.errors import SurfaceError

__all__ = ["LARGEST", "LARGEST_PART", "Package", "opened"]

#: bytes of a file, of all its parts unpacked and of one part: far above any workbook people open
LARGEST, LARGEST_PARTS, LARGEST_PART = 1 << 29, 1 << 31, 1 << 30
#: a sheet of one repeated value packs about 1:200; a bomb 1:1000 and more
_RATIO, _SMALL = 500, 1 << 26
_ENTRIES = 20_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_UNKNOWN = 0xFFFFFFFF
_DEFLATED = 8
_UTF8 = 0x800


def opened(path: Path) -> Package:
    """The package of a file. Raises SurfaceError REV-704: not there, not a workbook, protected, damaged, too large."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise _refused(path.name, f"is too large ({size >> 20} MB; at most {LARGEST >> 20} MB)")
        return Package(path.read_bytes(), path.name)
    except FileNotFoundError as error:
        raise SurfaceError(f"There is no file {path}.", hint="Check the name and the folder.") from error
    except OSError as error:
        raise SurfaceError(f"Cannot read {path}: {error.strerror}.", hint="Is it open elsewhere?") from error


def _refused(name: str, what: str, hint: str = "") -> SurfaceError:
    return SurfaceError(f"{name} {what}.", hint=hint)


class Package:
    """The parts of one file by name. Raises SurfaceError REV-704 when the bytes are no sound .xlsx or .xlsm."""

    def __init__(self, raw: bytes, name: str = "The file") -> None:
        self.raw, self.name = raw, name
        if raw.startswith(_OLE):
            hint = "Remove the password in Excel, or save an old .xls as .xlsx, and try again."
            raise _refused(name, "is protected by a password, or an old .xls", hint)
        try:
            # bytes in front of the first part would shift every place in the file
            self._zip = zipfile.ZipFile(io.BytesIO(raw if raw.startswith(b"PK\3\4") else b""))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise _refused(name, "is not a workbook: it cannot be unpacked", "Is the file complete?") from error
        infos = self._zip.infolist()
        self._infos = {info.filename: info for info in infos}
        if len(self._infos) != len(infos) or len(infos) > _ENTRIES:
            raise _refused(name, "is damaged: it holds a part twice, or far too many")
        if any(info.flag_bits & 1 for info in infos):
            raise _refused(name, "is protected by a password", "Remove the password and try again.")
        whole = sum(info.file_size for info in infos)
        largest = max((info.file_size for info in infos), default=0)
        if whole > LARGEST_PARTS or largest > LARGEST_PART or (whole > _SMALL and whole > _RATIO * len(raw)):
            raise _refused(name, f"unpacks to {whole >> 20} MB, which no workbook does")
        if "xl/workbook.bin" in self._infos:
            raise _refused(name, "is an .xlsb, which Revalign cannot read", "Save it as .xlsx or .xlsm in Excel.")
        if "[Content_Types].xml" not in self._infos:
            raise _refused(name, "is not a workbook: it has no list of contents")

    @property
    def parts(self) -> list[str]:
        """The names of the parts."""
        return list(self._infos)

    def __contains__(self, part: object) -> bool:
        return part in self._infos

    def read(self, part: str) -> bytes:
        """One part, unpacked. Raises SurfaceError REV-704 when it is missing or damaged."""
        try:
            return self._zip.read(part)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise _refused(self.name, f"is damaged: its part {part} is missing or cannot be unpacked") from error

    def checked(self) -> None:
        """Unpack every part once. Raises SurfaceError REV-704 for the first damaged one."""
        for part in self._infos:
            self.read(part)

    def with_parts(self, changed: Mapping[str, bytes]) -> bytes:
        """The file with some parts changed; every other one keeps its bytes, its place and its date."""
        changed = {part: content for part, content in changed.items() if content != self.read(part)}
        if not changed:
            return self.raw
        raw, end_of_parts = self.raw, self._zip.start_dir
        starts = sorted(info.header_offset for info in self._infos.values())
        ends = dict(zip(starts, [*starts[1:], end_of_parts], strict=True))
        names = {info.header_offset: name for name, info in self._infos.items()}
        written, places, heads = [raw[: starts[0]]], {}, {}
        position = starts[0]
        for start in starts:
            name = names[start]
            places[start] = position
            if name in changed:
                block, heads[start] = self._packed(self._infos[name], changed[name])
            else:
                block = raw[start : ends[start]]
            written.append(block)
            position += len(block)
        directory = self._directory(places, heads)
        count, comment = len(starts), self._zip.comment
        end = _END.pack(b"PK\5\6", 0, 0, count, count, len(directory), position, len(comment))
        return b"".join([*written, directory, end, comment])

    @staticmethod
    def _packed(info: zipfile.ZipInfo, content: bytes) -> tuple[bytes, tuple[int, int, int, int, int]]:
        """A changed part as it stands in the file, and (flags, method, checksum, packed, unpacked) for the directory."""
        method = _DEFLATED if info.compress_type else 0
        if method:
            packer = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -15)
            packed = packer.compress(content) + packer.flush()
        else:
            packed = content
        flags = info.flag_bits & _UTF8
        name = info.orig_filename.encode("utf-8" if flags else "cp437")
        year, month, day, hour, minute, second = info.date_time
        stamp = hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
        check = zlib.crc32(content)
        sizes = check, len(packed), len(content)
        return _LOCAL.pack(b"PK\3\4", 20, flags, method, *stamp, *sizes, len(name), 0) + name + packed, (
            flags,
            method,
            *sizes,
        )

    def _directory(self, places: Mapping[int, int], heads: Mapping[int, tuple[int, int, int, int, int]]) -> bytes:
        """The list at the end of the file, every entry as it was but for where its part stands now."""
        raw, at, written = self.raw, self._zip.start_dir, []
        for _ in self._infos:
            fields = list(_CENTRAL.unpack_from(raw, at))
            name, extra, comment = fields[10], fields[11], fields[12]
            tail = raw[at + _CENTRAL.size : at + _CENTRAL.size + name + extra + comment]
            if _UNKNOWN in (fields[8], fields[9], fields[16]):
                raise _refused(self.name, "is packed in a way Revalign cannot change", "Save it once in Excel.")
            start = fields[16]
            if start in heads:
                fields[3], fields[4], fields[7], fields[8], fields[9] = heads[start]
                tail, fields[11] = tail[:name] + tail[name + extra :], 0
            at += _CENTRAL.size + name + extra + comment
            fields[16] = places[start]
            written.append(_CENTRAL.pack(*fields) + tail)
        return b"".join(written)
