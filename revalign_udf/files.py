"""Puts a finished file in place in one step: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from revalign_udf.errors import SurfaceError

__all__ = ["DISK", "save"]

#: what a full or read-only disk says
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def save(content: bytes | Path, path: Path) -> Path:
    """Writes the file beside its place and moves it there; a file that was there keeps its rights.

    ``content`` is all of it, or a finished file elsewhere, which is copied. Raises SurfaceError REV-804 when the disk is
    full or read-only, REV-704 when the folder or file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            if isinstance(content, Path):
                with content.open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or str(error)
        if error.errno in DISK:
            hint = "Free some space, or choose another folder."
            raise SurfaceError(f"Cannot write {path}: {reason}.", code="REV-804", hint=hint) from error
        if isinstance(error, PermissionError):
            hint = "Close it if it is open in Excel, or choose a folder you may write to."
        else:
            hint = "Choose another file or folder."
        raise SurfaceError(f"Cannot write {path}: {reason}.", code="REV-704", hint=hint) from error
    return path
