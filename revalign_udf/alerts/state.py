"""What each receiver was last told. Neither addresses nor problems are written down, only their fingerprints."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from revalign_udf.errors import StoreError

__all__ = ["STATE_FILE", "fingerprint", "known", "mark_of", "remember"]

STATE_FILE = Path(".revalign") / "alerts.json"


def fingerprint(text: str) -> str:
    """What stands for an address, or for a set of problems."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def mark_of(lines: Sequence[str]) -> str:
    """What stands for a set of problems, in whatever order; empty for none."""
    return fingerprint("\n".join(sorted(lines))) if lines else ""


def known(project_folder: Path) -> dict[str, str]:
    """Receiver -> what it was last told. Better said twice than never: a state that cannot be read is none."""
    try:
        found = json.loads((project_folder / STATE_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def remember(project_folder: Path, told: Mapping[str, str]) -> None:
    """Write the state down in one step. Raises StoreError REV-804."""
    path = project_folder / STATE_FILE
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="ascii")
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            f"The alert went out, but {path} cannot be written: {error.strerror}.",
            code="REV-804",
            hint="Make room, or the alert repeats.",
        ) from error
