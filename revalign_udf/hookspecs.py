"""Every hook a plugin may implement, with its arguments.

A plugin is a module: an installed package found through the entry-point group ``revalign_udf``, or a single file in
the project's ``plugins/`` folder. It implements hooks with ``@hookimpl``::

    from revalign_udf.hookspecs import hookimpl


    @hookimpl
    def register_metrics():
        return [Metric(...)]
"""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from revalign_udf.connector import Connector
from revalign_udf.metrics import CustomDimension, FactKernel, Metric

__all__ = ["ENTRY_POINTS", "PROJECT", "HookSpecs", "hookimpl", "hookspec"]

PROJECT = "revalign"
#: the entry-point group in which installed plugins announce themselves
ENTRY_POINTS = "revalign_udf"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class HookSpecs:
    """The hooks. Each takes no argument and returns a list; versions say since when."""

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
