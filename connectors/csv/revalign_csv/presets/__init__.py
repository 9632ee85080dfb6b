"""Ready mappings for exports of other systems: each a TOML file in this folder, with the same keys as a mapping.

A file of a preset begins with ``about``, ``prefixes`` (what may stand before a file's name) and ``notes`` (what the
preset leaves out; they go into the run report). Every table below ``file`` maps one file: ``[[file.customer]]`` holds for
``customer.csv``, ``customer_data.csv``, both also as ``.csv.gz`` and with a prefix.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from revalign_csv.mapping import Mappings, read_mapping
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["Preset", "names", "preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """One ready mapping."""

    name: str
    about: str
    notes: tuple[str, ...]
    mappings: Mappings


def names() -> list[str]:
    """The presets there are."""
    found = (item.name for item in files(__package__).iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


@cache
def preset(name: str) -> Preset:
    """One preset. Raises ConfigError REV-302 for a name nobody knows, with the nearest."""
    if name not in names():
        near = did_you_mean(name, names())
        hint = f"Did you mean {near}?" if near else f"There are {', '.join(names())}."
        raise ConfigError(f"There is no preset {name!r}.", code="REV-302", hint=hint)
    raw = tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    prefixes = ("", *raw.get("prefixes", ()))
    shared = raw.get("shared", {})
    mapped: dict[str, Any] = {}
    for file, items in raw["file"].items():
        for spelt in _spellings(file, prefixes):
            mapped[spelt] = [_spelled({**shared, **item}, prefixes) for item in items]
    return Preset(name, raw["about"], tuple(raw.get("notes", ())), read_mapping(mapped, f"the preset {name}"))


def _spellings(file: str, prefixes: tuple[str, ...]) -> list[str]:
    return [f"{prefix}{file}{end}.csv" for prefix in prefixes for end in ("", "_data")]


def _spelled(item: Mapping[str, Any], prefixes: tuple[str, ...]) -> dict[str, Any]:
    """A mapping whose other files are named in every spelling."""
    made = dict(item)
    if "unless_file" in made:
        made["unless_file"] = [spelt for file in made["unless_file"] for spelt in _spellings(file, prefixes)]
    if "join" in made:
        made["join"] = [{**join, "file": _spellings(join["file"], prefixes)} for join in made["join"]]
    return made
