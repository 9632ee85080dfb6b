"""The contract between a source system and the sync engine."""

from revalign_udf.connector.messages import (
    Complete,
    Log,
    Mark,
    Merges,
    Message,
    Records,
    Rejected,
    Rows,
    Tombstones,
    Whole,
)
from revalign_udf.connector.protocol import (
    API_VERSION,
    CanonicalRow,
    Check,
    Connector,
    Context,
    Folder,
    Setting,
    Spec,
    Stream,
)

__all__ = [
    "API_VERSION",
    "CanonicalRow",
    "Check",
    "Complete",
    "Connector",
    "Context",
    "Folder",
    "Log",
    "Mark",
    "Merges",
    "Message",
    "Records",
    "Rejected",
    "Rows",
    "Setting",
    "Spec",
    "Stream",
    "Tombstones",
    "Whole",
]
