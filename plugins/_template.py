"""A drop-in plugin to start from: a connector over HTTP and a metric in a single file.

``revalign plugins new NAME`` writes a copy with your names in it, together with a fake of the vendor's API and the tests
that prove the connector. Then enable it in revalign.toml::

    [plugins]
    enabled = ["acme"]

    [source.acme]
    connector = "acme"
    api_key = "$env:ACME_KEY"

A connector does no I/O of its own: the context hands it the HTTP client (or a database, a folder, a Google Sheet), the
clock and a cancel flag, so that it can be tested offline. TUTORIAL.md goes through it step by step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Mark,
    Message,
    Records,
    Setting,
    Spec,
    Stream,
    Tombstones,
    http_settings,
)
from revalign_udf.connector.cursors import Cursor
from revalign_udf.connector.http import Bearer, Http, Limits, Token
from revalign_udf.connector.values import attrs, fill, from_minor, instant
from revalign_udf.errors import BadRecord
from revalign_udf.hookspecs import hookimpl
from revalign_udf.metrics import Metric

#: records per page, the most the vendor gives
PAGE = 50


class AcmeConnector:
    """Reads the orders of a system called Acme."""

    spec = Spec(
        name="acme",
        version="1.0",
        about="Orders from Acme",
        settings=(
            Setting("api_key", "secret", required=True, help="a key that may read orders (Acme: Settings, API keys)"),
            *http_settings("https://api.acme.example"),
        ),
        needs=("http",),
        scopes=("orders:read",),
    )

    def check(self, ctx: Context) -> Check:
        """Whether Acme answers with this key."""
        found = _http(ctx).get("/v1/orders", {"limit": 1}).json
        return Check(ok=True, message=f"Acme answers; it shows {len(found['orders'])} order for a start.")

    def discover(self, ctx: Context) -> Sequence[Stream]:  # noqa: ARG002
        """One kind of record: orders."""
        return [
            Stream("orders", ("sales_order",), cursor="changed_at", granularity="second", delete_mode="tombstone"),
        ]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        """What changed since the last pull, then what was deleted since.

        The cursor is the vendor's own time of the last change. A mark comes after the rows it stands for, and the next
        pull begins AT the cursor: what is read twice counts once.
        """
        http = _http(ctx)
        cursor = Cursor(state, since=ctx.settings.get("since"))
        start = cursor.start.isoformat() if cursor.start else None
        params = {"changed_since": start, "limit": PAGE}
        for page in http.pages("/v1/orders", Token("after", "next", items="orders"), params=params):
            yield Records(stream.name, page.items)
            for order in page.items:
                cursor.see(order["changed_at"])
        gone = http.get("/v1/orders/deleted", {"since": start}).json["orders"]
        yield Tombstones("sales_order", [order["number"] for order in gone])
        yield Mark({"cursor": cursor.value})

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """One Acme order -> one canonical row."""
        if not record.get("number"):
            raise BadRecord("an order without a number")
        row = fill(
            record,
            {
                "id": "number",
                "org_id": "customer",
                "ordered_at": lambda order: instant(order["date"]),
                "updated_at": lambda order: instant(order["changed_at"]),
                "amount": lambda order: from_minor(order["cents"], order["currency"]),
                "currency": "currency",
            },
            mapping,
            stream,
        )
        yield "sales_order", attrs(row, record, is_custom=lambda _name: False, more=record["fields"].items())


def _http(ctx: Context) -> Http:
    return ctx.http(Bearer(ctx.settings["api_key"]), limits=Limits(per_second=10))


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
