"""Finding a dlt source by its import path, giving it its arguments, and saying in plain words what goes wrong."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from revalign_udf.connector import Context
from revalign_udf.connector.foreign import resolved
from revalign_udf.connector.process import forms
from revalign_udf.errors import ConfigError, ConnectorError, Fatal, Retriable, RevalignError, did_you_mean, redact

if TYPE_CHECKING:  # dlt takes seconds to load: only a pull that needs it pays for it
    from dlt.extract import DltResource

__all__ = ["Loaded", "explained", "load"]

_BUSY = {
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "Timeout",
    "ChunkedEncodingError",
    "TimeoutError",
    "RetryError",
}
_SHOWN = 400


class Loaded:
    """The resources of a source by name, and the secrets that went into it."""

    def __init__(self, resources: Mapping[str, DltResource], secrets: Sequence[str]) -> None:
        self.resources, self.secrets = resources, secrets

    def resource(self, name: str) -> DltResource:
        """One of them. Raises Fatal REV-507 with the nearest name."""
        if name not in self.resources:
            near = did_you_mean(name, self.resources)
            hint = f"Did you mean {near}?" if near else f"It has {', '.join(self.resources) or 'none'}."
            raise Fatal(f'The source has no resource "{name}".', code="REV-507", hint=hint)
        return self.resources[name]


def load(ctx: Context) -> Loaded:
    """The source that the settings name, made with its arguments.

    Raises:
        ConfigError: REV-305 for a path that cannot be read, REV-304 for a secret that cannot be found.
        Fatal: REV-601 for a module or a name that is not there, REV-501 for a file, REV-506 for a source that refuses its
            arguments or is none.
        Retriable: REV-505 for a source that calls something while it is made, and that is busy.
    """
    # before dlt is loaded: it would report to its makers that it runs
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    where = f"source.{ctx.connection}"
    secrets: list[str] = []
    arguments = resolved(ctx.settings.get("arguments") or {}, f"{where}.arguments", secrets)
    path, _, name = str(ctx.settings["resource"]).rpartition(":")
    if not path or not name.isidentifier():
        hint = 'Write "module:name" or "file.py:name", such as resource = "dlt.sources.rest_api:rest_api_source".'
        raise ConfigError(f"{where}.resource cannot be read.", code="REV-305", hint=hint)
    try:
        thing = _named(_module(ctx, path), name, path)
        return Loaded(_resources(thing, arguments, f"{path}:{name}"), secrets)
    except RevalignError:
        raise
    except Exception as error:  # noqa: BLE001 - foreign code may fail in any way
        hint = f"Look at {where}.arguments."
        raise explained(error, f"{path}:{name} cannot be made", secrets, hint) from None


def _module(ctx: Context, path: str) -> ModuleType:
    if path.endswith(".py"):
        return _file(ctx, path)
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        missing = error.name or path
        raise Fatal(
            f"There is no Python module {missing} here.",
            code="REV-601",
            hint=f"Install what holds it beside Revalign: pip install {missing.split('.')[0].replace('_', '-')}",
        ) from None


def _named(module: ModuleType, name: str, path: str) -> Any:
    if not hasattr(module, name):
        near = did_you_mean(name, [item for item in vars(module) if not item.startswith("_")])
        hint = f"Did you mean {near}?" if near else "Correct resource in revalign.toml."
        raise Fatal(f"{path} has no {name}.", code="REV-601", hint=hint)
    return getattr(module, name)


def _file(ctx: Context, path: str) -> ModuleType:
    """A file of the project, or of its folder ``plugins``."""
    project = ctx.project.resolve()
    for found in ((project / path).resolve(), (project / "plugins" / path).resolve()):
        if found.is_file() and found.is_relative_to(project):
            return _executed(found)
    hint = "Correct resource in revalign.toml; the file lies in the project or in its folder plugins."
    raise Fatal(f"There is no file {path} in the project.", code="REV-501", hint=hint)


def _executed(path: Path) -> ModuleType:
    name = f"revalign_dlt_{path.stem}"  # the same each time: dlt keeps states under it
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Fatal(f"{path} is no Python file.", code="REV-601")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _resources(thing: Any, arguments: Mapping[str, Any], where: str) -> dict[str, DltResource]:
    from dlt.extract import DltResource, DltSource

    if isinstance(thing, DltResource):
        made: Any = thing(**arguments) if arguments else thing
    elif isinstance(thing, DltSource) or not callable(thing):
        made = thing
    else:
        function: Callable[..., Any] = thing
        made = function(**arguments)
    if isinstance(made, DltSource):
        return dict(made.resources)
    found = [made] if isinstance(made, DltResource) else list(made) if isinstance(made, Sequence) else []
    if not found or not all(isinstance(item, DltResource) for item in found):
        hint = "Name a function with @dlt.resource or @dlt.source, or one that returns resources."
        raise Fatal(f"{where} gives no dlt source or resource.", code="REV-506", hint=hint)
    return {item.name: item for item in found}


def explained(error: BaseException, what: str, secrets: Sequence[str], hint: str = "") -> ConnectorError:
    """What a source raised, as an error of ours: passing where the network or the server is to blame."""
    chain: list[BaseException] = []
    here: BaseException | None = error
    while here is not None and here not in chain:
        chain.append(here)
        here = here.__cause__ or here.__context__
    for item in chain:
        if isinstance(item, ConnectorError):
            return item
    status = next(
        (code for item in chain if (code := getattr(getattr(item, "response", None), "status_code", None))), 0
    )
    said = redact(" ".join(f"{type(chain[-1]).__name__}: {chain[-1]}".split()), forms(secrets))[:_SHOWN]
    text = f"{what}: {said}"
    if status in (401, 403):
        return Fatal(text, code="REV-506", hint="Check the credentials under arguments, and what they may read.")
    if status == 429 or status >= 500 or any(type(item).__name__ in _BUSY for item in chain):
        return Retriable(text, hint="Pull again later.")
    return Fatal(text, code="REV-506", hint=hint or "Try the resource in Python by itself.")
