"""Where snapshots lie: one folder each and a pointer to the newest published one.

A snapshot folder never changes once the pointer names it. The pointer is swapped in one step, so that a reader sees the
old snapshot or the new one, never half of one.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from revalign_udf.errors import NoData

__all__ = ["POINTER", "current", "label_of", "newest_as_of", "point_to", "published"]

POINTER = "current"


def label_of(folder: str) -> str:
    """The name people see: ``2026-10-31#2`` for the folder ``2026-10-31.2``.

    >>> label_of("2026-10-31.2")
    '2026-10-31#2'
    """
    day, _, number = folder.rpartition(".")
    return f"{day}#{number}"


def published(root: Path) -> list[str]:
    """Names of all published snapshot folders, oldest first (by as-of date, then by number)."""
    if not root.is_dir():
        return []
    found = []
    for item in root.iterdir():
        day, _, number = item.name.rpartition(".")
        if item.is_dir() and number.isdigit() and (item / "manifest.json").is_file():
            try:
                found.append((date.fromisoformat(day), int(number), item.name))
            except ValueError:
                continue
    return [name for _, _, name in sorted(found)]


def current(root: Path) -> str:
    """The folder the pointer names. Raises NoData REV-205 when nothing was published."""
    try:
        name = (root / POINTER).read_text(encoding="ascii").strip()
    except OSError:
        name = ""
    if not name or not (root / name).is_dir():
        raise NoData("Nothing has been published yet.", code="REV-205", hint="Run: revalign run (or revalign build).")
    return name


def newest_as_of(root: Path, day: date) -> str:
    """The newest snapshot whose as-of date is not later than a day. Raises NoData REV-206."""
    names = published(root)
    if not names:
        current(root)
    fit = [name for name in names if name.rpartition(".")[0] <= day.isoformat()]
    if not fit:
        raise NoData(
            f"No snapshot is as old as {day}; the oldest is of {names[0].rpartition('.')[0]}.",
            code="REV-206",
            hint=f"Make one from history: revalign build --as-of {day}.",
        )
    return fit[-1]


def point_to(root: Path, name: str) -> None:
    """Swap the pointer in one step."""
    temporary = root / f".{POINTER}.{os.getpid()}"
    with temporary.open("w", encoding="ascii") as file:
        file.write(name + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(root / POINTER)
