"""Writes the add-in into a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from revalign_udf.errors import SurfaceError, UserError
from revalign_udf.excel.addin.package import xlam
from revalign_udf.excel.classic import udf_name, vba_name
from revalign_udf.excel.vba import PYTHON, Settings, modules, ribbon
from revalign_udf.files import save
from revalign_udf.functions.registry import registry

__all__ = ["ADD_IN", "Written", "settings_for", "write"]

ADD_IN = "revalign.xlam"
_README = "README.txt"
_MODULES = "modules"
_ABOUT = "Functions of marketing, sales, customer success and finance, from one calculation core."


@dataclass(frozen=True, slots=True)
class Written:
    """What was written. ``problem`` says why there is no add-in among the files; None when there is."""

    files: tuple[Path, ...]
    functions: int
    settings: Settings
    problem: SurfaceError | None = None


def settings_for(python: str = "", project: str = "") -> Settings:
    """Settings for paths of Windows, checked; without a Python, the one that the PC finds by name.

    Raises UserError REV-102 for a path that cannot stand in a command line.
    """
    for name, path in (("Python", python), ("project", project)):
        if any(sign in path for sign in '"\r\n') or not path.isascii():
            raise UserError(
                f"The path of the {name} holds a sign that cannot stand in the add-in: {path}",
                hint="Use plain letters, or a variable of Windows such as %LOCALAPPDATA% for the part that has others.",
            )
    folder = project.rstrip("\\/")  # a last backslash would hide the quote after it
    return Settings(python or PYTHON, f"{folder}\\." if folder.endswith(":") else folder)


def write(folder: Path, settings: Settings) -> Written:
    """Write ``revalign.xlam``, ``modules/`` and ``README.txt``; the texts also where the add-in cannot be written.

    Raises SurfaceError REV-804 or REV-704 when the folder cannot be written.
    """
    texts = modules(settings)
    made: dict[str, bytes] = {_README: _windows(_readme(settings))}
    for name, text in texts.items():
        ending = "cls" if name == "ThisWorkbook" else "bas"
        made[f"{_MODULES}/{name}.{ending}"] = _windows(text)
    made[f"{_MODULES}/customUI14.xml"] = ribbon().encode()
    problem = None
    try:
        made = {ADD_IN: xlam(texts, ribbon(), title=f"Revalign {settings.version}", about=_ABOUT)} | made
    except SurfaceError as error:
        problem = error
    return Written(_written(folder, made), len(registry()), settings, problem)


def _written(folder: Path, made: Mapping[str, bytes]) -> tuple[Path, ...]:
    return tuple(save(content, folder / name) for name, content in made.items())


def _windows(text: str) -> bytes:
    """Lines as Notepad and VBA's editor want them: a module with bare line feeds is imported as one line."""
    return text.replace("\n", "\r\n").encode("ascii", "replace")


def _readme(settings: Settings) -> str:
    lines = []
    for function in registry().values():
        arguments = ", ".join(
            f"[{vba_name(argument.name)}{', ...' * argument.repeating}]"
            if argument.optional or argument.repeating
            else vba_name(argument.name)
            for argument in function.arguments
        )
        lines += [f"  {udf_name(function)}({arguments})", f"      {' '.join(function.summary.split())}"]
    text = (files("revalign_udf.excel") / "addin" / _README).read_text(encoding="ascii")
    return Template(text).substitute(
        version=settings.version,
        python=settings.python,
        console=settings.python.replace("pythonw.exe", "python.exe"),
        project=settings.project or "(none: functions on ranges only)",
        functions="\n".join(lines),
    )
