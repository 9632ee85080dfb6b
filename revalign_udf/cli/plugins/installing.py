"""plugins install: a drop-in into a project, shown before it is trusted."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json
from revalign_udf.cli.plugins.describing import Described, describe
from revalign_udf.cli.plugins.editing import enabled, pinned
from revalign_udf.config import SETTINGS_FILE, load
from revalign_udf.errors import ConfigError, PluginProblem
from revalign_udf.files import save
from revalign_udf.jobs.steps import plugins_of

__all__ = ["install_command"]


@click.command("install")
@click.argument("file", type=click.Path(path_type=Path))
@project_option
@click.option("--pin", is_flag=True, help="Write the file's hash into the settings: a changed file does not run.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@guarded
def install_command(file: Path, project: Path, pin: bool, yes: bool, as_json: bool) -> None:
    """Copy a drop-in FILE into the project, show what it is and what it wants, and enable it.

    Nothing of the file is run before you agree.
    """
    chosen = load(project)
    found = describe(file)
    _name_fits(found)
    if not as_json:
        for line in found.lines():
            console.print(line, markup=False)
    if not yes and not click.confirm(
        "It will run with your rights whenever sources are pulled. Install it?", err=as_json
    ):
        raise SystemExit(PROBLEM)
    place = chosen.folder / chosen.plugins.folder / f"{found.name}.py"
    settings = chosen.folder / SETTINGS_FILE
    text = enabled(settings.read_text(encoding="utf-8-sig"), found.name)
    if pin or found.name in chosen.plugins.pins:
        text = pinned(text, found.name, found.sha256)
    _copy(file, place, found)
    save(text.encode(), settings)
    problems = [str(item) for item in plugins_of(load(chosen.folder)).problems if item.plugin == found.name]
    if as_json:
        print_json({"plugin": found.name, "path": str(place), "sha256": found.sha256, "problems": problems})
    else:
        for problem in problems:
            console.print(problem, markup=False, style="red")
        if not problems:
            console.print(f"Installed as {place} and enabled.", markup=False)
            for item in found.connectors:
                console.print(
                    f'Next: a [source.NAME] with connector = "{item["name"]}" in {SETTINGS_FILE}.', markup=False
                )
    if problems:
        raise SystemExit(PROBLEM)


def _name_fits(found: Described) -> None:
    if not found.name.isidentifier() or found.name.startswith("_"):
        text = f"A drop-in is named after its file, and {found.name} is no name for one."
        raise PluginProblem(found.name, found.origin, text, hint="Rename it: small letters, digits and underscores.")
    if not found.hooks:
        text = f"{found.origin} implements no hook: it is no plugin."
        raise PluginProblem(found.name, found.origin, text, code="REV-604", hint="See plugins/README.md for the hooks.")


def _copy(file: Path, place: Path, found: Described) -> None:
    """Put the file in its place. What was shown is what is copied."""
    from revalign_udf.plugins import fingerprint

    source = file.read_bytes()
    if fingerprint(source) != found.sha256:
        raise PluginProblem(found.name, found.origin, f"{file} changed meanwhile.", code="REV-605", hint="Try again.")
    if place.exists() and place.resolve() != file.resolve() and place.read_bytes() != source:
        kept = place.with_suffix(".py.before")
        try:
            shutil.copyfile(place, kept)
        except OSError as error:
            raise ConfigError(f"Cannot write {kept}: {error.strerror}.", code="REV-804") from error
    if place.resolve() != file.resolve():
        save(source, place)
