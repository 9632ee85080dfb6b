"""Every hook a plugin may implement, with its arguments.

A plugin is a module: an installed package found through the entry-point group ``revalign_udf``, or a single file in
the project's ``plugins/`` folder. It implements hooks with ``@hookimpl``::

    from revalign_udf.hookspecs import hookimpl


    @hookimpl
    def register_metrics():
        return [Metric(...)]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import pluggy

from revalign_udf.connector import Connector
from revalign_udf.metrics import CustomDimension, FactKernel, Metric

# click is loaded by the command line, which is the only one to ask for commands
if TYPE_CHECKING:
    import click

__all__ = [
    "ENTRY_POINTS",
    "PROJECT",
    "AlertChannel",
    "HookSpecs",
    "IdentityKey",
    "MappingDefaults",
    "StageDefault",
    "Synced",
    "hookimpl",
    "hookspec",
]

PROJECT = "revalign"
#: the entry-point group in which installed plugins announce themselves
ENTRY_POINTS = "revalign_udf"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class StageDefault:
    """What a vendor's stage means where nobody in the project says otherwise: one row of ``stage_map``."""

    connector: str
    object: Literal["lead", "person", "organization", "opportunity"]
    source_stage: str
    stage: str
    pipeline: str = ""
    position: int | None = None
    is_won: bool | None = None
    is_lost: bool | None = None
    owner_team: str = ""


@dataclass(frozen=True, slots=True)
class MappingDefaults:
    """Which vendor field fills which column of a connector's stream where the settings do not say otherwise.

    ``fields`` maps a canonical column, or ``attrs.NAME``, to the vendor's field.
    """

    connector: str
    stream: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """A field of one connector's rows that holds the id which another connector gives the same thing.

    ``field`` is a column or ``attrs.NAME``; ``other`` is the connector whose ids it holds.
    """

    entity: Literal["organization", "person", "opportunity", "contract", "subscription", "product"]
    connector: str
    field: str
    other: str


@dataclass(frozen=True, slots=True)
class Synced:
    """What a pull did to one source."""

    source: str
    connector: str
    status: str
    read: int
    written: int
    deleted: int
    rejected: int
    failures: Sequence[str] = ()
    project: str = ""
    """the project's folder"""
    detail: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class AlertChannel(Protocol):
    """A way to tell people, chosen by ``[alerts]`` under its name."""

    name: str

    def send(self, title: str, lines: Sequence[str], settings: Mapping[str, Any]) -> None:
        """Send one message. Raises when it cannot be delivered."""
        ...


class HookSpecs:
    """The hooks; versions say since when. Those named ``register_...`` take no argument and return a list."""

    @hookspec
    def register_connectors(self) -> Sequence[Connector]:  # type: ignore[empty-body]
        """Connectors this plugin provides, one object each. Their ``spec.name`` must be unique. Since 0.1."""

    @hookspec
    def register_metrics(self) -> Sequence[Metric]:  # type: ignore[empty-body]
        """Metrics this plugin declares over existing components.

        Each is named ``plugin.metric`` (the plugin's name as prefix), so that it can never shadow a metric of the
        catalogue. Since 0.1.
        """

    @hookspec
    def register_dimensions(self) -> Sequence[CustomDimension]:  # type: ignore[empty-body]
        """Dimensions this plugin reads from columns or custom fields of canonical tables.

        Each is named ``plugin_dimension``. Since 0.2.
        """

    @hookspec
    def register_kernels(self) -> Sequence[FactKernel]:  # type: ignore[empty-body]
        """Fact tables this plugin makes by SQL, with the components measured on them.

        Facts and components are named ``plugin_name``; metrics of the same plugin may read them. Since 0.2.
        """

    @hookspec
    def register_stage_defaults(self) -> Sequence[StageDefault]:  # type: ignore[empty-body]
        """What stages of a connector mean by default. A project's ``alignment/stages.toml`` has the last word. Since 0.3."""

    @hookspec
    def register_mapping_defaults(self) -> Sequence[MappingDefaults]:  # type: ignore[empty-body]
        """Which vendor fields fill which columns by default. The source's ``mapping`` has the last word. Since 0.3."""

    @hookspec
    def register_identity_keys(self) -> Sequence[IdentityKey]:  # type: ignore[empty-body]
        """Fields that hold another system's ids, to join the same thing across systems. Since 0.3."""

    @hookspec
    def register_commands(self) -> Sequence[click.Command]:  # type: ignore[empty-body]
        """Commands of the command line, each named ``plugin-command``: ``revalign acme-report``. Since 0.3."""

    @hookspec
    def after_sync(self, synced: Synced) -> None:
        """Called once for each source after it was pulled, in the pull process. What it raises is reported and nothing
        else: the pull stands. Since 0.3.
        """

    @hookspec
    def register_alert_channels(self) -> Sequence[AlertChannel]:  # type: ignore[empty-body]
        """Ways to tell people of problems. Since 0.3."""
