"""One ``[sheets.NAME]`` added to revalign.toml; every byte that was there stays."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

from revalign_udf.config import SETTINGS_FILE, Project, SheetSettings, load
from revalign_udf.errors import ConfigError, RevalignError
from revalign_udf.files import save
from revalign_udf.sheets.gsheets import spreadsheet_key

__all__ = ["add_section", "merged", "path_from", "section_text"]

#: what `sheets init` can set, in the order it is written
_KEYS = ("layout", "auth", "key_file", "client_file", "impersonate", "base_url")


def path_from(given: str, folder: Path) -> str:
    """A path as the settings hold it: a reference or an absolute path as it is, another from the project folder."""
    if given.startswith("$") or Path(given).is_absolute():
        return given
    full = Path(given).expanduser().resolve()
    try:
        return Path(os.path.relpath(full, folder.resolve())).as_posix()
    except ValueError:  # another drive (Windows)
        return str(full)


def merged(project: Project, name: str, spreadsheet: str, asked: dict[str, str]) -> tuple[SheetSettings, bool]:
    """The settings of a spreadsheet, and whether they are there already.

    Args:
        project: the project.
        name: of the section.
        spreadsheet: key or address.
        asked: what was asked for besides; empty values were not.

    Raises:
        ConfigError: REV-302: the section is there and says something else.
    """
    found = project.sheets.get(name)
    key = spreadsheet_key(spreadsheet)
    asked = {option: value for option, value in asked.items() if value}
    if found is None:
        return SheetSettings(name, key, **asked), False  # type: ignore[arg-type]
    other = [option for option in _KEYS if option in asked and asked[option] != getattr(found, option)]
    if other or spreadsheet_key(found.key) != key:
        kept = {option: getattr(found, option) for option in _KEYS} | asked
        wanted = section_text(SheetSettings(name, key, **kept))
        raise ConfigError(
            f"{project.folder / SETTINGS_FILE} has a [sheets.{name}] already, and it says something else:\n"
            f"{section_text(found)}",
            code="REV-302",
            hint=f"Choose another --name, or change that section by hand. Asked for was:\n{wanted}",
        )
    return found, True


def section_text(sheet: SheetSettings) -> str:
    """The section as it is written."""
    key = spreadsheet_key(sheet.key)
    lines = [f"[sheets.{sheet.name}]"]
    if sheet.base_url:
        lines.append(f"key = {_quoted(key)}")
    else:
        lines.append(f"url = {_quoted(f'https://docs.google.com/spreadsheets/d/{key}/edit')}")
    lines += [f"{option} = {_quoted(value)}" for option in _KEYS if (value := getattr(sheet, option))]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def add_section(project: Project, sheet: SheetSettings) -> Path:
    """Writes the section at the end of the settings.

    Raises:
        ConfigError: REV-302: the file has a form that a section cannot be added to.
        SurfaceError: REV-704, REV-804: the file cannot be written.
    """
    path = (project.folder / SETTINGS_FILE).resolve()
    before = path.read_bytes()
    line = "\r\n" if b"\r\n" in before else "\n"
    text = section_text(sheet)
    gap = "" if not before else line if before.endswith(b"\n") else line * 2
    after = before + (gap + text.replace("\n", line)).encode()
    refusal = ConfigError(f"A section cannot be added to {path}.", code="REV-302", hint=f"Add it by hand:\n{text}")
    try:
        tomllib.loads(after.decode("utf-8-sig"))
    except ValueError:  # sheets = { ... } on one line, for example
        raise refusal from None
    save(after, path)
    try:
        load(project.folder)
    except RevalignError:
        save(before, path)
        raise
    return path
