"""Where a report is synced to: the settings of one ``[sheets.NAME]``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["SheetTarget"]


@dataclass(frozen=True, slots=True)
class SheetTarget:
    """One spreadsheet and the key that opens it.

    ``key`` is the spreadsheet's key or its address in the browser; ``key_file`` the service account's JSON key;
    ``base_url`` another server that speaks the Sheets API (the local one), empty for Google; ``layout`` the report.
    """

    name: str
    key: str
    key_file: Path
    base_url: str = ""
    layout: str = "saas_metrics"
