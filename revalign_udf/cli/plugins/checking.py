"""plugins check: whether a plugin keeps the rules, before anybody depends on it."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.cli.plugins.describing import describe
from revalign_udf.cli.plugins.listing import registry_of
from revalign_udf.config import PluginSettings
from revalign_udf.connector import Connector
from revalign_udf.errors import PluginProblem, RevalignError, UnknownName
from revalign_udf.plugins import Plugin, Registry, discover
from revalign_udf.query.answers import Table
from revalign_udf.testing import ContractSuite, Outcome, Vendor, run_suite
from revalign_udf.testing.contract import WRITE_STATES, declaration
from revalign_udf.testing.dropins import drop_in

__all__ = ["check_command"]

_COLOURS = {"pass": "green", "fail": "red", "skip": "yellow"}


@dataclass(slots=True)
class _Found:
    """A plugin to check."""

    plugin: Plugin
    connectors: list[Connector]
    file: Path | None
    problems: list[PluginProblem] = field(default_factory=list)


@click.command("check")
@click.argument("target", metavar="FILE|NAME")
@click.option("--vendor", "vendor_file", type=click.Path(path_type=Path), help="The file with the fake of the vendor.")
@click.option("--write-states", is_flag=True, help="Write the state file of a new state version beside the vendor.")
@project_option
@json_option
@guarded
def check_command(
    target: str, vendor_file: Path | None, write_states: bool, project: Path, as_json: bool
) -> None:  # fmt: skip
    """Check a plugin: a drop-in FILE, or a plugin found by NAME.

    What it declares is looked at, and where a fake of its vendor lies beside it (tests/vendor_NAME.py, or --vendor) every
    rule of the contract suite is run against it. Ends with 1 when a rule is broken.
    """
    found = _of_file(Path(target)) if target.endswith(".py") or Path(target).is_file() else _of_name(target, project)
    outcomes: list[Outcome] = []

    def told(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if not as_json and sys.stderr.isatty():
            click.echo(f"\r{len(outcomes)} rules ", nl=False, err=True)

    for outcome in _declared(found):
        told(outcome)
    vendors = _vendors(found, vendor_file) if found.connectors else []
    with _set(WRITE_STATES, "1" if write_states else ""):
        for vendor in vendors:
            run_suite(type(f"{vendor.__name__}Suite", (ContractSuite,), {"vendor": vendor}), told)
    if found.connectors and not vendors:
        name = found.plugin.name
        text = f"there is no fake of its vendor: write tests/vendor_{name}.py beside it, or name one with --vendor"
        told(Outcome("contract suite", "skip", text))
    failed = [outcome for outcome in outcomes if outcome.status == "fail"]
    if as_json:
        rules = [outcome.as_json() for outcome in outcomes]
        print_json({"plugin": found.plugin.name, "origin": found.plugin.origin, "ok": not failed, "rules": rules})
    else:
        _show(outcomes)
    if failed:
        raise SystemExit(PROBLEM)


@contextmanager
def _set(variable: str, value: str) -> Iterator[None]:
    """An environment variable for a while, where there is a value for it."""
    before = os.environ.get(variable)
    if value:
        os.environ[variable] = value
    try:
        yield
    finally:
        if value and before is None:
            del os.environ[variable]


def _show(outcomes: list[Outcome]) -> None:
    rows = tuple((item.rule.removeprefix("test_").replace("_", " "), item.status) for item in outcomes)
    print_table(Table(("rule", "result"), rows))
    for item in outcomes:
        if item.text:
            console.print(f"\n{item.status}: {item.rule}", markup=False, style=_COLOURS[item.status])
            console.print(f"  {item.text}", markup=False)
    count = {status: sum(item.status == status for item in outcomes) for status in _COLOURS}
    console.print(f"\n{count['pass']} kept, {count['fail']} broken, {count['skip']} skipped.", markup=False)


def _of_file(file: Path) -> _Found:
    described = describe(file)
    if file.name.startswith("_"):
        text = f"{file.name} begins with an underscore: such a file never runs."
        raise PluginProblem(described.name, str(file), text, hint="Copy it to another name first.")
    registry = discover(PluginSettings(enabled=(file.stem,)), file.resolve().parent)
    return _chosen(registry, file.stem, file.resolve())


def _of_name(name: str, project: Path) -> _Found:
    registry = registry_of(project)
    found = _chosen(registry, name, None)
    if found.plugin.state == "disabled":
        registry = discover(PluginSettings(enabled=(name,)), Path(found.plugin.origin).parent)
        found = _chosen(registry, name, None)
    if found.plugin.kind == "drop-in":
        found.file = Path(found.plugin.origin)
    elif found.connectors:
        found.file = Path(inspect.getfile(type(found.connectors[0])))
    return found


def _chosen(registry: Registry, name: str, file: Path | None) -> _Found:
    plugin = next((item for item in registry.plugins if item.name == name), None)
    if plugin is None:
        raise UnknownName("plugin", name, [item.name for item in registry.plugins], code="REV-601")
    connectors = [registry.connectors[item] for item in plugin.connectors if item in registry.connectors]
    problems = [item for item in registry.problems if item.plugin in (name, *plugin.connectors)]
    return _Found(plugin, connectors, file, problems)


def _declared(found: _Found) -> Iterator[Outcome]:
    """What can be said without a vendor."""
    texts = [str(problem) for problem in found.problems]
    yield Outcome("it loads, and its names are its own", "fail" if texts else "pass", " ".join(texts))
    for connector in found.connectors:
        rule = f"what {connector.spec.name} declares"
        try:
            declaration(connector)
        except AssertionError as error:
            yield Outcome(rule, "fail", str(error))
        else:
            yield Outcome(rule, "pass")


def _vendors(found: _Found, given: Path | None) -> list[type[Vendor]]:
    """The fakes of the plugin's vendors: from the file named, from those beside it, or from the plugin itself."""
    own = {connector.spec.name for connector in found.connectors}
    places = [given] if given else list(_beside(found))
    vendors: dict[str, type[Vendor]] = {}
    for place in places:
        for vendor in _of_module(_loaded(place)):
            if vendor.connector.spec.name in own:
                vendors[vendor.__qualname__] = vendor
    if given and not vendors:
        text = f"{given} has no Vendor of {', '.join(sorted(own))}."
        raise PluginProblem(
            found.plugin.name, str(given), text, code="REV-604", hint="See revalign_udf.testing.Vendor."
        )
    return list(vendors.values())


def _beside(found: _Found) -> Iterator[Path]:
    if found.file is None:
        return
    name = found.plugin.name
    folders = [found.file.parent, found.file.parent / "tests", found.file.parent.parent / "tests"]
    for path in dict.fromkeys(folder / f"vendor_{name}.py" for folder in folders):
        if path.is_file():
            yield path
            return
    if found.plugin.kind == "drop-in":
        yield found.file


def _loaded(place: Path) -> ModuleType:
    folder = str(place.resolve().parent)
    sys.path.insert(0, folder)  # a vendor may import what lies beside it
    try:
        return drop_in(place)
    except RevalignError:
        raise
    except Exception as error:
        text = f"{place} cannot be loaded: {type(error).__name__}: {error}"
        raise PluginProblem(place.stem, str(place), text, hint="Correct it, or name another with --vendor.") from error
    finally:
        sys.path.remove(folder)


def _of_module(module: ModuleType) -> Iterator[type[Vendor]]:
    for name, thing in vars(module).items():
        if name.startswith("_") or not isinstance(thing, type) or not issubclass(thing, Vendor):
            continue
        if thing.__module__ == module.__name__ and not inspect.isabstract(thing) and hasattr(thing, "connector"):
            yield thing
