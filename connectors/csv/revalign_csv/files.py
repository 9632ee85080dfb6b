"""The files of a folder, those inside zip archives among them, and their bytes."""

from __future__ import annotations

import fnmatch
import gzip
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, cast

from revalign_udf.connector import Folder
from revalign_udf.errors import Fatal

#: bytes of a file in an archive that are held in memory
_IN_MEMORY = 16 << 20

__all__ = ["base_of", "find", "names", "opened", "plain_path", "stamp"]


def names(folder: Folder) -> list[str]:
    """What can be read: every file, and instead of a zip archive what is in it (``orders.zip/2026/orders.csv``).

    Raises Fatal REV-501 for a folder that is not there, REV-503 for an archive that cannot be opened.
    """
    found: list[str] = []
    for name in folder.files():
        if not name.lower().endswith(".zip"):
            found.append(name)
            continue
        with _archive(folder, name) as archive:
            members = (item.filename for item in archive.infolist() if not item.is_dir())
            found += [f"{name}/{member}" for member in members if not member.startswith("__MACOSX/")]
    return sorted(found)


@contextmanager
def _archive(folder: Folder, name: str) -> Iterator[zipfile.ZipFile]:
    try:
        with folder.open(name) as file, zipfile.ZipFile(file) as archive:
            yield archive
    except zipfile.BadZipFile:
        raise Fatal(f"{name} is no zip archive, or it is damaged.", code="REV-503", hint="Export it again.") from None


def _parts(name: str) -> tuple[str, str]:
    """The file on the disk, and the member of an archive; that is empty for a plain file."""
    head, mark, member = name.partition(".zip/")
    if not mark:
        head, mark, member = name.partition(".ZIP/")
    return (head + mark.rstrip("/"), member) if mark else (name, "")


def opened(folder: Folder, name: str) -> IO[bytes]:
    """The bytes of a file: out of its archive, decompressed.

    Raises Fatal REV-501 when it cannot be read, REV-503 for an archive with a password.
    """
    outer, member = _parts(name)
    file = _member(folder, outer, member) if member else folder.open(outer)
    if name.lower().endswith(".gz"):
        return cast("IO[bytes]", _Unpacked(file, name))
    return file


def _member(folder: Folder, outer: str, member: str) -> IO[bytes]:
    """One file of an archive, on the disk when it is large."""
    copy = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - the caller closes it
    try:
        with _archive(folder, outer) as archive, archive.open(member) as file:
            shutil.copyfileobj(file, copy)
    except (KeyError, RuntimeError) as problem:
        copy.close()
        why = "is not there any more" if isinstance(problem, KeyError) else "is protected by a password"
        hint = "Unpack it, or export it again without a password."
        raise Fatal(f"{outer}/{member} {why}.", code="REV-503", hint=hint) from None
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


class _Unpacked(gzip.GzipFile):
    """A gzip file that closes what it reads from, and says what is wrong with it."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._file, self._shown = file, name

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except (OSError, EOFError):
            hint = "Export it again."
            raise Fatal(f"{self._shown} is no gzip file, or it is damaged.", code="REV-503", hint=hint) from None

    def close(self) -> None:
        super().close()
        self._file.close()


def plain_path(name: str) -> PurePosixPath:
    """A file's path without ``.gz``."""
    path = PurePosixPath(name)
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def base_of(name: str) -> str:
    """A file's own name, without folders, archives and ``.gz``."""
    return plain_path(name).name


def find(files: Iterable[str], patterns: Sequence[str]) -> str | None:
    """The first file that one of some names or patterns fits, exact names first."""
    listed = list(files)
    for pattern in patterns:
        for name in listed:
            if pattern in (name, base_of(name)):
                return name
    for pattern in patterns:
        for name in listed:
            if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(base_of(name), pattern):
                return name
    return None


def stamp(folder: Folder, name: str) -> tuple[int, int]:
    """Size and time of change of what lies on the disk. Raises Fatal REV-501."""
    path = folder.path(_parts(name)[0])
    try:
        status = path.stat()
    except OSError as error:
        raise Fatal(f"Cannot read {path}: {error.strerror}.", code="REV-501") from error
    return status.st_size, status.st_mtime_ns
