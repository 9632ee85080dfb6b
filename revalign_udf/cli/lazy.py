"""A group of commands that imports the module of a command only when that command is asked for.

The outermost group also runs commands that plugins declare. Their names carry a hyphen (``plugin-command``), ours none,
so plugins are loaded only for a name that can be theirs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import click

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """Commands by name: ``modules`` says which module of ``package`` holds each, as ``<name>_command``."""

    def __init__(
        self, *args: Any, package: str, modules: Mapping[str, str],
        more: Callable[[], Mapping[str, click.Command]] | None = None, **attributes: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **attributes)
        self._package, self._modules, self._more = package, modules, more

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order of --help."""
        return [*self._modules, *sorted(self._plugins())]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of a name; another ends with what was probably meant."""
        if name not in self._modules:
            from revalign_udf.errors import did_you_mean

            plugins = self._plugins() if "-" in name else {}
            if name in plugins:
                return plugins[name]
            near = did_you_mean(name, [*self._modules, *plugins])
            ctx.fail(
                f"There is no command {name!r}."
                + (f" Did you mean {near}?" if near else f" See {ctx.command_path} --help.")
            )
        module = importlib.import_module(f"{self._package}.{self._modules[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def _plugins(self) -> Mapping[str, click.Command]:
        return self._more() if self._more is not None else {}
