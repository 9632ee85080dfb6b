"""A drop-in plugin to copy: one connector and one metric in a single file.

Copy this file into your project's ``plugins/`` folder under a name without a leading underscore, say ``acme.py``, and
enable it in revalign.toml::

    [plugins]
    enabled = ["acme"]

    [source.acme]
    connector = "acme"
    path = "acme-export"

A connector does no I/O of its own: the context opens files (later: HTTP, databases), so that it can be tested offline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from revalign_udf.connector import CanonicalRow, Check, Context, Mark, Message, Records, Setting, Spec, Stream
from revalign_udf.errors import BadRecord
from revalign_udf.hookspecs import hookimpl
from revalign_udf.metrics import Metric


class AcmeConnector:
    """Reads the orders of a system called Acme from a JSON file."""

    spec = Spec(
        name="acme",
        version="1.0",
        about="Orders from Acme's nightly export",
        settings=(Setting("path", "path", required=True, help="the export file, relative to revalign.toml"),),
        needs=("folder",),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the file is there."""
        return Check(ok=True, message=f"found {', '.join(ctx.folder().files('*.json'))}")

    def discover(self, ctx: Context) -> Sequence[Stream]:  # noqa: ARG002
        """One kind of record: orders."""
        return [Stream("orders", ("sales_order",))]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Everything, every time: the store keeps only what changed."""
        folder = ctx.folder()
        for name in folder.files("*.json"):
            with folder.open(name) as file:
                yield Records(stream.name, json.load(file))
        yield Mark({"reads": state.get("reads", 0) + 1})

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG002
        """One Acme order -> one canonical row."""
        if "number" not in record:
            raise BadRecord("an order without a number")
        yield (
            "sales_order",
            {
                "id": record["number"],
                "org_id": record["customer"],
                "ordered_at": record["date"],
                "amount": record["total"],
                "currency": record.get("currency"),
            },
        )


@hookimpl
def register_connectors() -> list[AcmeConnector]:
    """The connectors of this plugin."""
    return [AcmeConnector()]


@hookimpl
def register_metrics() -> list[Metric]:
    """The metrics of this plugin, named with the plugin's own name in front."""
    return [
        Metric(
            name="acme.orders_per_customer",
            label="Orders per paying customer",
            family="acme",
            formula="ratio(orders, customers)",
            unit="number",
            definition="Orders of the period / customers paying at its end.",
        )
    ]
