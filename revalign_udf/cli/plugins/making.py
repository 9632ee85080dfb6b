"""plugins new: a drop-in or a package to start from, names filled in."""

from __future__ import annotations

import re
from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option
from revalign_udf.cli.output import console, print_json
from revalign_udf.errors import ConfigError, UserError
from revalign_udf.files import save
from revalign_udf.layout.find import packaged

__all__ = ["new_command"]

KINDS = ("connector", "metric", "command")
_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "revalign-acme"
version = "0.1.0"
description = "Revalign plugin: acme"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["revalign-udf>=0.1"]

[project.entry-points.revalign_udf]
acme = "revalign_acme"

[tool.hatch.build.targets.wheel]
packages = ["revalign_acme"]
"""
#: how far the template has read after the records that the contract suite gives it
_STATE = """\
{
  "connector": "acme",
  "records": 101,
  "streams": {
    "orders": {
      "cursor": "2026-01-01T00:01:41+00:00"
    }
  },
  "version": 1
}
"""
_README = """\
# revalign-acme

A plugin for Revalign.

    pip install -e .
    revalign plugins check acme

It runs in a project that enables it:

    [plugins]
    enabled = ["acme"]
"""


@click.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), default="connector", show_default=True)
@click.option("--package", is_flag=True, help="A package to install with pip, instead of one file.")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Where to write.  [default: plugins/, or . for a package]"
)
@json_option
@guarded
def new_command(name: str, kind: str, package: bool, folder: Path | None, as_json: bool) -> None:
    """Write a plugin called NAME to start from: a connector with a fake of its vendor and its tests, or less."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise UserError(f"{name!r} is no name for a plugin.", hint="Small letters, digits and single underscores.")
    root = folder or Path("." if package else "plugins")
    files = _package(name, kind) if package else _drop_in(name, kind)
    written = [root / place for place in files]
    taken = [str(path) for path in written if path.exists()]
    if taken:
        raise ConfigError(f"There is already {', '.join(taken)}.", code="REV-306", hint="Choose another name or --to.")
    for place, text in files.items():
        save(text.encode(), root / place)
    if as_json:
        print_json({"plugin": name, "files": [str(path) for path in written]})
        return
    for path in written:
        console.print(f"wrote {path}", markup=False)
    if package:
        console.print(f"Next: pip install -e {written[0].parent}, then revalign plugins check {name}", markup=False)
    else:
        console.print(f"Next: revalign plugins check {written[0]}", markup=False)


def _template(kind: str, name: str) -> str:
    """A template with another name in it. Raises ConfigError REV-301 where the templates are missing."""
    path = packaged().parent / "plugins" / f"_template{kind}.py"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The template {path} cannot be read.", code="REV-301", hint="Install Revalign anew."
        ) from error
    title = "".join(part.capitalize() for part in name.split("_"))
    text = text.replace("_template_vendor.py", f"vendor_{name}.py").replace("_template.py", f"{name}.py")
    return text.replace("Acme", title).replace("acme-", f"{name}-").replace("acme", name).replace("ACME", name.upper())


def _main(name: str, kind: str) -> str:
    return _template("" if kind == "connector" else f"_{kind}", name)


def _drop_in(name: str, kind: str) -> dict[str, str]:
    files = {f"{name}.py": _main(name, kind)}
    if kind == "connector":
        files[f"tests/vendor_{name}.py"] = _template("_vendor", name)
        files[f"tests/states/v1_{name}.json"] = _STATE.replace("acme", name)
        files[f"tests/test_{name}.py"] = _template("_tests", name)
    return files


def _package(name: str, kind: str) -> dict[str, str]:
    root = f"revalign-{name.replace('_', '-')}"
    files = {
        f"{root}/pyproject.toml": _PYPROJECT.replace("revalign-acme", root).replace("acme", name),
        f"{root}/README.md": _README.replace("revalign-acme", root).replace("acme", name),
        f"{root}/revalign_{name}/__init__.py": _main(name, kind),
    }
    if kind == "connector":
        own = f'drop_in(Path(__file__).parents[1] / "{name}.py")'
        vendor = _template("_vendor", name)
        assert own in vendor
        vendor = vendor.replace(own, f"import_module('revalign_{name}')".replace("'", '"'))
        vendor = vendor.replace("from pathlib import Path\n", "from importlib import import_module\n")
        vendor = vendor.replace(", drop_in\n", "\n")
        files[f"{root}/tests/vendor_{name}.py"] = vendor
        files[f"{root}/tests/states/v1_{name}.json"] = _STATE.replace("acme", name)
        files[f"{root}/tests/test_{name}.py"] = _template("_tests", name)
    return files
