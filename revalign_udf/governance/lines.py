"""Files of the project that are only ever added to: one JSON object a line, by one writer at a time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from revalign_udf.errors import StoreError

__all__ = ["Ledger", "adding", "content_of"]


class Ledger:
    """A file open for adding, while no other process adds to it."""

    def __init__(self, file: int) -> None:
        self._file = file

    def content(self) -> bytes:
        """Everything written so far."""
        os.lseek(self._file, 0, os.SEEK_SET)
        found = b""
        while part := os.read(self._file, 1 << 20):
            found += part
        return found

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add one line; it is on the disk afterwards, or not at all."""
        # a name with bytes that are no text keeps them as escapes, which JSON reads back
        text = json.dumps(entry, ensure_ascii=False, default=str, allow_nan=False)
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        end = os.lseek(self._file, 0, os.SEEK_END)
        if end:
            os.lseek(self._file, end - 1, os.SEEK_SET)
            if os.read(self._file, 1) != b"\n":
                line = b"\n" + line  # a line cut short stays alone: it must not swallow this one
        try:
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, end)
            raise


@contextmanager
def adding(path: Path, what: str) -> Iterator[Ledger]:
    """The file open for adding, made where there is none. Raises StoreError REV-804 when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        try:
            with _alone(file):
                yield Ledger(file)
        finally:
            os.close(file)
    except OSError as error:
        raise StoreError(
            f"{what} {path} cannot be written: {error.strerror}.",
            code="REV-804",
            hint="Make room, or make the folder governance/ writable.",
        ) from error


def content_of(path: Path, what: str) -> bytes:
    """Everything in the file; nothing where there is none. Raises StoreError REV-801 when it cannot be opened."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(f"{what} {path} cannot be read: {error.strerror}.") from error


@contextmanager
def _alone(file: int) -> Iterator[None]:
    """Hold other writers off; the lock falls with the process."""
    if sys.platform == "win32":
        import msvcrt

        far = 0x7FFF0000  # locks bar readers there, so lock where there is nothing to read
        os.lseek(file, far, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            os.lseek(file, far, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
