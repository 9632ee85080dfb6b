"""A new source in a project's settings: the lines its connector needs, added without touching what is there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from revalign_udf.config import SETTINGS_FILE, load
from revalign_udf.connector import Setting, Spec
from revalign_udf.errors import ConfigError, did_you_mean
from revalign_udf.files import save

__all__ = ["append_source", "reference", "source_block"]

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def reference(source: str, setting: str) -> str:
    """The environment variable proposed for a secret.

    >>> reference("eu-billing", "api_key")
    'EU_BILLING_API_KEY'
    """
    return re.sub(r"[^A-Z0-9]+", "_", f"{source}_{setting}".upper())


def source_block(name: str, spec: Spec, given: Mapping[str, str]) -> str:
    """``[source.NAME]`` as text: what was given, then what is required or secret, as references to fill in.

    Secrets that are not required are written as comments. Raises ConfigError REV-302 for a name or a setting that cannot
    be, REV-303 for a secret in plain text.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot name a source.", code="REV-302", hint="Use letters, digits, - and _.")
    declared = {setting.name: setting for setting in spec.settings}
    for key in given:
        if key not in declared:
            near = did_you_mean(key, declared)
            raise ConfigError(
                f"{spec.name} has no setting {key}.", code="REV-302",
                hint=f"Did you mean {near}?" if near else f"Known: {', '.join(declared)}.",
            )  # fmt: skip
    lines = [f"[source.{name}]", f'connector = "{spec.name}"']
    for setting in spec.settings:
        line = f"{setting.name} = {_value(name, setting, given.get(setting.name))}"
        if setting.name in given or (setting.required and setting.default is None):
            lines.append(f"{line}  # {setting.help}" if setting.help and setting.name not in given else line)
        elif setting.kind == "secret":
            lines.append(f"# {line}  # {setting.help}")
    return "\n".join(lines) + "\n"


def _value(name: str, setting: Setting, given: str | None) -> str:
    if setting.kind == "secret":
        if given is not None and not given.startswith(("$env:", "$keyring:")):
            raise ConfigError(
                f"{setting.name} is a secret and would stand in the file.", code="REV-303",
                hint=f"Write {setting.name}=$env:{reference(name, setting.name)}.",
            )  # fmt: skip
        return json.dumps(given or f"$env:{reference(name, setting.name)}")
    if given is None:
        return {"int": "0", "float": "0", "bool": "false", "list": "[]", "table": "{}"}.get(setting.kind, '""')
    if setting.kind in ("int", "float", "list", "table") or (setting.kind == "bool" and given in ("true", "false")):
        return given
    return json.dumps(given, ensure_ascii=False)


def append_source(folder: Path, name: str, block: str) -> None:
    """Add the lines at the end of the settings; a file that could not be read with them stays as it was.

    Raises ConfigError REV-302 for a source that is there already, and what reading the settings raises.
    """
    path = folder / SETTINGS_FILE
    before = path.read_bytes()
    if name in load(folder).sources:
        raise ConfigError(f"There is a source {name} already.", code="REV-302", hint="Choose another name, or edit it.")
    save(before.rstrip() + b"\n\n" + block.encode(), path)
    try:
        load(folder)
    except ConfigError:
        save(before, path)
        raise
