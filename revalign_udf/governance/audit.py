"""The audit trail: who did what, when, as lines that are only ever added.

It lies in the project folder as ``governance/audit.jsonl``, so that it survives the loss of the store and travels with
the settings in version control. Only `record` writes it; reading never does.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from revalign_udf.config import looks_secret
from revalign_udf.errors import redact
from revalign_udf.governance.lines import adding, content_of

__all__ = ["AUDIT_FILE", "UNREADABLE", "Entry", "history", "record", "user"]

AUDIT_FILE = Path("governance") / "audit.jsonl"
#: the action of an entry that stands for a line that cannot be read
UNREADABLE = "unreadable"
_NAME = "The audit trail"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing somebody did. ``when`` is UTC, ISO 8601; ``who`` the user of the operating system."""

    when: str
    who: str
    action: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form, which is also the line in the file."""
        return asdict(self)


def record(project_folder: Path, action: str, **details: Any) -> Entry:
    """Add one entry and return it; it is on the disk by then. Details that look like secrets are blanked.

    Several processes may record at once. Raises StoreError REV-804 when the file cannot be written.
    """
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    entry = Entry(when, user(), action, {name: _clean(name, value) for name, value in details.items()})
    with adding(project_folder / AUDIT_FILE, _NAME) as file:
        file.add(entry.as_json())
    return entry


def history(project_folder: Path) -> list[Entry]:
    """Every entry, oldest first; none before the first `record`.

    A line that cannot be read, such as one cut short by a crash, becomes an entry with the action ``unreadable`` and its
    line number and text as details. Raises StoreError REV-801 when there is a file that cannot be opened.
    """
    content = content_of(project_folder / AUDIT_FILE, _NAME)
    return [_entry(place, line) for place, line in enumerate(content.split(b"\n"), 1) if line.strip()]


def _entry(place: int, line: bytes) -> Entry:
    try:
        found = json.loads(line)
        entry = Entry(found["when"], found["who"], found["action"], found["details"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return _unreadable(place, line)
    texts = (entry.when, entry.who, entry.action)
    sound = all(isinstance(text, str) for text in texts) and isinstance(entry.details, dict)
    return entry if sound else _unreadable(place, line)


def _unreadable(place: int, line: bytes) -> Entry:
    return Entry("", "", UNREADABLE, {"line": place, "text": line.decode("utf-8", "replace")[:200]})


def user() -> str:
    """The user of the operating system."""
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd  # not getpass, which believes the environment

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _clean(name: str, value: Any) -> Any:
    """A detail without secrets, by its name and by its form."""
    if isinstance(value, Mapping):
        return {str(inner): _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_clean(name, item) for item in value]
    if looks_secret(name, value):
        return "***"
    return redact(value) if isinstance(value, str) else value
