"""Where a report is synced to: the settings of one ``[sheets.NAME]``, their paths and references resolved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from revalign_udf.config import SheetSettings, is_reference, resolve
from revalign_udf.errors import SurfaceError

__all__ = ["SheetTarget", "target_from"]


@dataclass(frozen=True, slots=True)
class SheetTarget:
    """One spreadsheet and what opens it.

    ``key`` is the spreadsheet's key or its address in the browser; ``key_file`` the service account's JSON key;
    ``base_url`` another server that speaks the Sheets API (the local one), empty for Google; ``layout`` the report.
    ``auth`` is ``service_account``, ``oauth`` or ``adc``.
    """

    name: str
    key: str
    key_file: Path | None = None
    base_url: str = ""
    layout: str = "saas_metrics"
    auth: str = "service_account"
    client_file: Path | None = None
    impersonate: str = ""
    subject: str = ""
    project: Path | None = None
    """the project folder, where keys must not lie; None: not looked at"""


def target_from(sheet: SheetSettings, folder: Path) -> SheetTarget:
    """A spreadsheet of the settings.

    Args:
        sheet: its settings.
        folder: the project folder; paths count from there.

    Raises:
        ConfigError: REV-304: a reference to nothing.
        SurfaceError: REV-702: a reference to a key instead of to the path of its file.
    """
    return SheetTarget(
        sheet.name,
        sheet.key,
        _path(sheet.key_file, f"sheets.{sheet.name}.key_file", folder),
        sheet.base_url,
        sheet.layout,
        sheet.sign_in,
        _path(sheet.client_file, f"sheets.{sheet.name}.client_file", folder),
        sheet.impersonate,
        sheet.subject,
        folder,
    )


def _path(text: str, where: str, folder: Path) -> Path | None:
    if not text:
        return None
    found = resolve(text, where) if is_reference(text) else text
    if found.lstrip().startswith(("{", "-----BEGIN")):
        raise SurfaceError(
            f"{where} refers to a key itself, not to the path of its file.",
            code="REV-702",
            hint="Write the key into a file that only you can read and let the reference hold the file's path.",
        )
    return folder / Path(found).expanduser()
