"""What people decide about numbers, as files of the project that are only ever added to.

They lie in ``governance/`` of the project folder, survive the loss of the store and travel with the settings in version
control: the audit trail (:mod:`~revalign_udf.governance.audit`) and the closed periods
(:mod:`~revalign_udf.governance.closes`).
"""

from __future__ import annotations

from revalign_udf.governance.audit import AUDIT_FILE, UNREADABLE, Entry, history, record, user
from revalign_udf.governance.closes import (
    CLOSES_FILE,
    Close,
    Closes,
    Reopening,
    add_close,
    add_reopening,
    read_closes,
)

__all__ = [
    "AUDIT_FILE",
    "CLOSES_FILE",
    "UNREADABLE",
    "Close",
    "Closes",
    "Entry",
    "Reopening",
    "add_close",
    "add_reopening",
    "history",
    "read_closes",
    "record",
    "user",
]
