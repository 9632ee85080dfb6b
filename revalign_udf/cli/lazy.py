"""A group of commands that imports the module of a command only when that command is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """Commands by name: ``modules`` says which module of ``package`` holds each, as ``<name>_command``."""

    def __init__(self, *args: Any, package: str, modules: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._package, self._modules = package, modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order of --help."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of a name; another ends with what was probably meant."""
        if name not in self._modules:
            from revalign_udf.errors import did_you_mean

            near = did_you_mean(name, self._modules)
            ctx.fail(
                f"There is no command {name!r}."
                + (f" Did you mean {near}?" if near else f" See {ctx.command_path} --help.")
            )
        module = importlib.import_module(f"{self._package}.{self._modules[name]}")
        command: click.Command = getattr(module, f"{name}_command")
        return command
