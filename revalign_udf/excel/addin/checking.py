"""Whether an existing add-in still fits the functions that are installed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from revalign_udf.excel.addin.package import modules_of
from revalign_udf.excel.classic import udf_name
from revalign_udf.excel.vba import Settings, modules
from revalign_udf.functions.registry import registry

__all__ = ["Difference", "compare"]

_FUNCTION = re.compile(r"^Public Function (REVALIGN_\w+)\((.*?)^End Function$", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r'^Public Const REVALIGN_(\w+) As String = "((?:[^"]|"")*)"$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a file differs from what would be written now."""

    what: Literal["function", "module", "version"]
    name: str
    how: Literal["missing", "surplus", "changed"]


def compare(path: Path) -> list[Difference]:
    """What differs, functions first; empty when the file fits. Which Python and project it names is its own affair.

    Raises SurfaceError REV-704 when the file cannot be read.
    """
    there = modules_of(path)
    told = {name.lower(): text.replace('""', '"') for name, text in _SETTING.findall(there.get("RevalignSettings", ""))}
    wanted = modules(Settings(told.get("python", ""), told.get("project", "")))
    found = _functions(there.get("Revalign", ""))
    known = _functions(wanted["Revalign"])
    names = [*(udf_name(function) for function in registry().values()), *found]
    differences = [
        Difference("function", name, "missing" if name not in found else "surplus" if name not in known else "changed")
        for name in dict.fromkeys(names)
        if found.get(name) != known.get(name)
    ]
    if told.get("version") != Settings().version:
        differences.append(Difference("version", told.get("version", ""), "changed"))
    for name, text in wanted.items():
        # the functions are told above, the version too
        same = there.get(name) == text or name == "RevalignSettings" or (name == "Revalign" and bool(differences))
        if not same:
            differences.append(Difference("module", name, "changed" if name in there else "missing"))
    return differences


def _functions(text: str) -> dict[str, str]:
    return dict(_FUNCTION.findall(text))
