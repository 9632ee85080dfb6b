"""Finding plugins without ever dying of one.

Each candidate is loaded in its own ``try``: what cannot be imported, claims a name twice, implements a hook nobody
knows or breaks the contract is reported as a :class:`~revalign_udf.errors.PluginProblem`, and the rest runs. On a clash
of names neither is used, and both origins are named.

Packaged connectors are enabled; other installed plugins and drop-in files run only when ``[plugins] enabled`` names them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from revalign_udf.calc.expression import Expression
from revalign_udf.config import PluginSettings
from revalign_udf.connector import API_VERSION, Connector
from revalign_udf.errors import PluginProblem, RevalignError, did_you_mean
from revalign_udf.hookspecs import (
    ENTRY_POINTS,
    PROJECT,
    AlertChannel,
    HookSpecs,
    IdentityKey,
    MappingDefaults,
    StageDefault,
    Synced,
)
from revalign_udf.metrics import (
    CALLS,
    COMPONENTS,
    DIMENSIONS,
    METRICS,
    Component,
    CustomDimension,
    FactKernel,
    Metric,
    qualified,
)

if TYPE_CHECKING:
    import click

__all__ = ["PACKAGED", "Plugin", "Registry", "discover", "fingerprint"]

#: distributions that ship with Revalign; their plugins need no opt-in
PACKAGED = frozenset(
    f"revalign-{name}"
    for name in (
        "stripe salesforce hubspot chargebee zendesk sql csv sample recurly marketo mailchimp pipedrive intercom"
        " quickbooks gsheet dlt singer"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin and what became of it."""

    name: str
    origin: str
    kind: Literal["packaged", "installed", "drop-in"]
    state: Literal["enabled", "disabled", "broken"]
    connectors: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    problem: str = ""


@dataclass(slots=True)
class Registry:
    """Everything discovery found."""

    plugins: list[Plugin] = field(default_factory=list)
    connectors: dict[str, Connector] = field(default_factory=dict)
    metrics: list[Metric] = field(default_factory=list)
    dimensions: list[CustomDimension] = field(default_factory=list)
    kernels: list[FactKernel] = field(default_factory=list)
    stage_defaults: list[StageDefault] = field(default_factory=list)
    mapping_defaults: list[MappingDefaults] = field(default_factory=list)
    identity_keys: list[IdentityKey] = field(default_factory=list)
    commands: dict[str, click.Command] = field(default_factory=dict)
    alert_channels: dict[str, AlertChannel] = field(default_factory=dict)
    after_sync: list[tuple[str, Callable[[Synced], None]]] = field(default_factory=list)
    problems: list[PluginProblem] = field(default_factory=list)

    def connector(self, name: str, source: str) -> Connector:
        """The connector of a name. Raises PluginProblem REV-603 saying what to enable or install."""
        if name in self.connectors:
            return self.connectors[name]
        for plugin in self.plugins:
            if plugin.name == name and plugin.state == "disabled":
                raise PluginProblem(
                    name, plugin.origin, f'[source.{source}] uses "{name}", which is not enabled ({plugin.origin}).',
                    code="REV-603", hint=f'Add enabled = ["{name}"] under [plugins].',
                )  # fmt: skip
        broken = [problem for problem in self.problems if name in (problem.plugin, *problem.message.split('"'))]
        if broken:
            raise PluginProblem(name, broken[0].origin, f'[source.{source}] uses "{name}": {broken[0].message}',
                                code=broken[0].code, hint=broken[0].hint)  # fmt: skip
        shipped = [item.removeprefix("revalign-") for item in PACKAGED]
        near = did_you_mean(name, [*self.connectors, *shipped])
        hint = f"Did you mean {near}?" if near else "The list: revalign plugins list."
        if near not in self.connectors:
            hint += f" Try: pip install revalign-{near or name}."
        raise PluginProblem(
            name, "", f'No plugin provides the connector "{name}" of [source.{source}].', code="REV-603", hint=hint
        )


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    origin: str
    kind: Literal["packaged", "installed", "drop-in"]
    load: Callable[[], ModuleType]


def discover(settings: PluginSettings, folder: Path | None = None) -> Registry:
    """Load what is installed and what lies in the drop-in folder. Never raises for a bad plugin."""
    registry = Registry()
    found = [*_installed(), *_dropped(folder, settings.pins)]
    names = [item.name for item in found]
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(HookSpecs)
    providers: dict[str, list[tuple[_Candidate, Connector]]] = {}
    for item in found:
        same = [other.origin for other in found if other.name == item.name]
        if names.count(item.name) > 1:
            text = f'Two plugins are named "{item.name}": {" and ".join(same)}. Neither is used.'
            _broken(
                registry,
                item,
                PluginProblem(item.name, item.origin, text, code="REV-602", hint="Remove or rename one."),
            )
        elif item.name in settings.disabled or (item.kind != "packaged" and item.name not in settings.enabled):
            registry.plugins.append(Plugin(item.name, item.origin, item.kind, "disabled"))
        else:
            _load(registry, manager, item, providers)
    _connectors(registry, providers)
    _missing(registry, settings, names)
    _unpinned(registry, settings, [item.name for item in found if item.kind == "drop-in"])
    registry.plugins.sort(key=lambda plugin: plugin.name)
    return registry


def _installed() -> list[_Candidate]:
    found = []
    seen: set[tuple[str, str]] = set()
    for point in entry_points(group=ENTRY_POINTS):
        distribution = point.dist.name if point.dist else "unknown"
        # a distribution seen twice on the path (an editable install beside its metadata) is one plugin
        if (point.name, point.value) in seen:
            continue
        seen.add((point.name, point.value))
        version = point.dist.version if point.dist else ""
        kind: Literal["packaged", "installed"] = "packaged" if distribution.lower() in PACKAGED else "installed"
        found.append(_Candidate(point.name, f"{distribution} {version}".strip(), kind, _loader(point)))
    return found


def _loader(point: EntryPoint) -> Callable[[], ModuleType]:
    def load() -> ModuleType:
        loaded: ModuleType = point.load()
        return loaded

    return load


def _dropped(folder: Path | None, pins: Mapping[str, str]) -> list[_Candidate]:
    if folder is None or not folder.is_dir():
        return []
    return [
        _Candidate(path.stem, str(path), "drop-in", _file_loader(path, pins.get(path.stem, "")))
        for path in sorted(folder.glob("*.py"))
        if not path.name.startswith("_")
    ]


def fingerprint(source: bytes) -> str:
    """What a pin holds of a drop-in file."""
    return f"sha256:{hashlib.sha256(source).hexdigest()}"


def _file_loader(path: Path, pin: str) -> Callable[[], ModuleType]:
    def load() -> ModuleType:
        source = path.read_bytes()
        if pin and fingerprint(source) != pin:
            raise PluginProblem(
                path.stem, str(path), f'The drop-in "{path.stem}" is not the file that was pinned.', code="REV-605",
                hint=f"Look at what changed in {path}. To accept it: revalign plugins install {path} --pin",
            )  # fmt: skip
        name = f"revalign_dropin_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            # what was hashed is what runs: no second look at the file, and no cached form of it
            exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102
        except BaseException:
            del sys.modules[name]
            raise
        return module

    return load


def _broken(registry: Registry, item: _Candidate, problem: PluginProblem) -> None:
    registry.problems.append(problem)
    registry.plugins.append(Plugin(item.name, item.origin, item.kind, "broken", problem=str(problem)))


def _load(
    registry: Registry, manager: pluggy.PluginManager, item: _Candidate,
    providers: dict[str, list[tuple[_Candidate, Connector]]],
) -> None:  # fmt: skip
    try:
        module = item.load()
        _known_hooks(item, module)
        manager.register(module, name=item.name)
        connectors = _call(manager, item, "register_connectors")
        metrics = _call(manager, item, "register_metrics")
        dimensions = _call(manager, item, "register_dimensions")
        kernels = _call(manager, item, "register_kernels")
        for connector in connectors:
            _check_connector(item, connector)
        for dimension in dimensions:
            _check_named(item, dimension, CustomDimension, getattr(dimension, "name", ""), "dimension")
        for kernel in kernels:
            _check_kernel(item, kernel)
        own = {component.name: component for kernel in kernels for component in kernel.components}
        known = {getattr(metric, "name", "") for metric in metrics} | METRICS.keys()
        for metric in metrics:
            _check_metric(item, metric, {**COMPONENTS, **own}, known)
        more = _More(manager, item)
        _once(item, [metric.name for metric in metrics])
        _once(item, [dimension.name for dimension in dimensions])
        _once(item, [name for kernel in kernels for name in (kernel.fact.name, *(c.name for c in kernel.components))])
    except PluginProblem as problem:
        _broken(registry, item, problem)
        return
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, even SystemExit, when imported
        text = f'Plugin "{item.name}" cannot be loaded: {type(error).__name__}: {error}'
        _broken(registry, item, PluginProblem(item.name, item.origin, text, hint=f"Look at {item.origin}."))
        return
    for connector in connectors:
        providers.setdefault(connector.spec.name, []).append((item, connector))
    registry.metrics += metrics
    registry.dimensions += dimensions
    registry.kernels += kernels
    more.add_to(registry)
    registry.plugins.append(
        Plugin(
            item.name, item.origin, item.kind, "enabled", tuple(connector.spec.name for connector in connectors),
            tuple(metric.name for metric in metrics),
        )
    )  # fmt: skip


class _More:
    """What a plugin says beside connectors and numbers, each checked."""

    def __init__(self, manager: pluggy.PluginManager, item: _Candidate) -> None:
        self._item = item
        self.stages = self._all(manager, "register_stage_defaults", StageDefault, "stage default")
        self.mappings = self._all(manager, "register_mapping_defaults", MappingDefaults, "mapping default")
        self.keys = self._all(manager, "register_identity_keys", IdentityKey, "identity key")
        self.channels = self._all(manager, "register_alert_channels", AlertChannel, "alert channel")
        self.commands: dict[str, click.Command] = {}
        for command in _call(manager, item, "register_commands"):
            name = str(getattr(command, "name", ""))
            if not callable(command) or not name.startswith(f"{item.name}-"):
                raise _refusal(item, f'the command "{name}" has no namespace.', f"Name it {item.name}-{name or 'do'}.")
            self.commands[name] = command
        for channel in self.channels:
            _check_channel(item, channel.name)
        self.after = [
            (impl.function, "synced" in impl.argnames)
            for impl in manager.hook.after_sync.get_hookimpls()
            if impl.plugin_name == item.name
        ]

    def _all(self, manager: pluggy.PluginManager, hook: str, kind: type, what: str) -> list[Any]:
        found = _call(manager, self._item, hook)
        for thing in found:
            if not isinstance(thing, kind):
                raise _refusal(self._item, f"{thing!r} is no {what}.", f"Return {kind.__name__}(...) objects.")
        return found

    def add_to(self, registry: Registry) -> None:
        """Add what was found."""
        registry.stage_defaults += self.stages
        registry.mapping_defaults += self.mappings
        registry.identity_keys += self.keys
        registry.alert_channels.update({channel.name: channel for channel in self.channels})
        registry.commands.update(self.commands)
        registry.after_sync += [(self._item.name, _told(function, takes)) for function, takes in self.after]


def _told(function: Callable[..., object], takes: bool) -> Callable[[Synced], None]:
    """An implementation of ``after_sync`` that may have left the argument out, as pluggy allows."""

    def told(synced: Synced) -> None:
        if takes:
            function(synced)
        else:
            function()

    return told


def _check_channel(item: _Candidate, name: str) -> None:
    if name != item.name and not name.startswith(f"{item.name}_"):
        raise _refusal(item, f'the alert channel "{name}" has no namespace.', f"Name it {item.name}.")


def _call(manager: pluggy.PluginManager, item: _Candidate, hook: str) -> list[Any]:
    """What one plugin answers to one hook."""
    others = [plugin for name, plugin in manager.list_name_plugin() if name != item.name]
    answers = manager.subset_hook_caller(hook, remove_plugins=others)()
    return [thing for answer in answers for thing in answer]


def _known_hooks(item: _Candidate, module: ModuleType) -> None:
    known = [name for name in vars(HookSpecs) if not name.startswith("_")]
    for name, value in vars(module).items():
        if hasattr(value, f"{PROJECT}_impl") and name not in known:
            near = did_you_mean(name, known)
            raise PluginProblem(
                item.name, item.origin, f'Plugin "{item.name}" implements an unknown hook {name}.', code="REV-604",
                hint=f"Did you mean {near}?" if near else f"Known: {', '.join(known)}.",
            )  # fmt: skip


def _check_connector(item: _Candidate, connector: object) -> None:
    if not isinstance(connector, Connector):
        raise PluginProblem(
            item.name, item.origin, f'Plugin "{item.name}" registers {connector!r}, which is no connector.', code="REV-604",
            hint="A connector has spec, check, discover, read and map.",
        )  # fmt: skip
    if connector.spec.api_version > API_VERSION:
        raise PluginProblem(
            item.name, item.origin,
            f'Connector "{connector.spec.name}" needs connector API {connector.spec.api_version}; this is {API_VERSION}.',
            code="REV-604", hint="Upgrade revalign-udf.",
        )  # fmt: skip


def _refusal(item: _Candidate, text: str, hint: str) -> PluginProblem:
    return PluginProblem(item.name, item.origin, f'Plugin "{item.name}": {text}', code="REV-604", hint=hint)


def _check_named(item: _Candidate, thing: object, kind: type, name: str, what: str) -> None:
    """A plugin's own name stands in front, so that it can never shadow what is in the catalogue."""
    if not isinstance(thing, kind):
        raise _refusal(item, f"{thing!r} is no {what}.", f"Return {kind.__name__}(...) objects.")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,60}", name) or "__" in name or not name.startswith(f"{item.name}_"):
        raise _refusal(item, f'the {what} "{name}" has no namespace.', f"Name it {item.name}_{name}, in small letters.")


def _check_kernel(item: _Candidate, kernel: object) -> None:
    _check_named(item, kernel, FactKernel, getattr(getattr(kernel, "fact", None), "name", ""), "kernel")
    assert isinstance(kernel, FactKernel)
    for name in kernel.fact.dimensions:
        if name not in DIMENSIONS and not name.startswith(f"{item.name}_"):
            raise _refusal(
                item, f"{kernel.fact.name} has an unknown dimension {name}.", f"Known: {', '.join(DIMENSIONS)}."
            )
    for component in kernel.components:
        _check_named(item, component, Component, component.name, "component")
        if component.fact != kernel.fact.name:
            raise _refusal(
                item, f"{component.name} is measured on {component.fact}.", f"Measure it on {kernel.fact.name}."
            )


def _check_metric(
    item: _Candidate, metric: object, components: Mapping[str, Component], metrics: Collection[str]
) -> None:
    def refuse(text: str, hint: str) -> PluginProblem:
        return _refusal(item, text, hint)

    if not isinstance(metric, Metric):
        raise refuse(f"{metric!r} is no metric.", "Return Metric(...) objects.")
    if not metric.name.startswith(f"{item.name}."):
        raise refuse(f'the metric "{metric.name}" has no namespace.', f"Name it {item.name}.{metric.name}.")
    try:
        formula = Expression(metric.read())
    except RevalignError as error:
        raise refuse(f"{metric.name}: {error.message}", error.hint) from error
    for name in formula.calls:
        if name not in CALLS:
            near = did_you_mean(name, CALLS)
            raise refuse(f"{metric.name} calls {name}, which is no function.", f"Did you mean {near}?" if near else "")
    for name in formula.names:
        _, plain = qualified(name, components)
        if plain not in components and plain not in metrics:
            near = did_you_mean(plain, [*components, *metrics])
            raise refuse(
                f"{metric.name} reads {plain}, which nobody declares.", f"Did you mean {near}?" if near else ""
            )


def _once(item: _Candidate, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            text = f'Plugin "{item.name}" declares {name} twice.'
            raise PluginProblem(item.name, item.origin, text, code="REV-602", hint="Rename one.")


def _connectors(registry: Registry, providers: dict[str, list[tuple[_Candidate, Connector]]]) -> None:
    for name, offers in providers.items():
        if len(offers) == 1:
            registry.connectors[name] = offers[0][1]
            continue
        origins = " and ".join(item.origin for item, _ in offers)
        registry.problems.append(
            PluginProblem(
                name, origins, f'Two plugins provide the connector "{name}": {origins}. Neither is used.', code="REV-602",
                hint="Disable one under [plugins].",
            )
        )  # fmt: skip


def _missing(registry: Registry, settings: PluginSettings, names: Sequence[str]) -> None:
    for name in (*settings.enabled, *settings.disabled):
        if name not in names:
            near = did_you_mean(name, names)
            registry.problems.append(
                PluginProblem(
                    name, "revalign.toml", f'[plugins] names "{name}", which is not installed and no drop-in.',
                    code="REV-601", hint=f"Did you mean {near}?" if near else "",
                )
            )  # fmt: skip


def _unpinned(registry: Registry, settings: PluginSettings, dropped: Sequence[str]) -> None:
    for name in settings.pins:
        if name not in dropped:
            near = did_you_mean(name, dropped)
            registry.problems.append(
                PluginProblem(
                    name, "revalign.toml", f'[plugins] pins "{name}", which is no drop-in file.', code="REV-605",
                    hint=f"Did you mean {near}?" if near else "Only files of the drop-in folder can be pinned.",
                )
            )  # fmt: skip
