"""The chargebee connector: its settings and streams, and which module reads which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from revalign_chargebee.api import connect
from revalign_chargebee.streams import billing, customers, products, subscriptions
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Message,
    Setting,
    Spec,
    Stream,
    http_settings,
)
from revalign_udf.errors import BadRecord

__all__ = ["ChargebeeConnector"]

_LOOKBACK = 60
"""seconds: Chargebee lists a change a moment after the time it gives it"""


class ChargebeeConnector:
    """Reads one Chargebee site: API v2, product catalogue 2.0 (item prices) or 1.0 (plans and addons)."""

    spec = Spec(
        name="chargebee",
        version="0.1.0",
        about="Chargebee billing: customers, products, subscriptions with their history, invoices, credits, payments",
        settings=(
            Setting("api_key", "secret", required=True, help="a read-only API key of the site"),
            Setting("rates", "bool", default=False, help="also take the exchange rates that Chargebee put on invoices"),
            *http_settings(""),
        ),
        needs=("http",),
        scopes=("a read-only API key: Settings > Configure Chargebee > API Keys > Read-only Key > All",),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the site answers with this key, and which product catalogue it uses."""
        site = connect(ctx)
        site.has("customers")
        catalogues = [name for path, name in (("items", "2.0"), ("plans", "1.0")) if site.has(path)]
        used = " and ".join(catalogues) or "unknown"
        return Check(ok=bool(catalogues), message=f"The site answers; its product catalogue is {used}.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The streams, customers first."""
        rates = ("fx_rate",) if ctx.settings.get("rates") else ()
        return [
            Stream(
                "customers", ("organization", "person"), cursor="updated_at", granularity="second", delete_mode="tombstone",
                about="customers and their contacts", lookback=_LOOKBACK,
            ),
            Stream("products", ("product",), delete_mode="sweep", about="items, or plans and addons"),
            Stream(
                "subscriptions", ("subscription", "subscription_item_period", "subscription_term", "contract"),
                cursor="updated_at", granularity="second", delete_mode="tombstone",
                about="subscriptions, and from events what they consisted of and when", lookback=_LOOKBACK,
            ),
            Stream(
                "invoices", ("invoice", "invoice_line", *rates), cursor="updated_at", granularity="second",
                delete_mode="tombstone", about="invoices with their lines", lookback=_LOOKBACK,
            ),
            Stream(
                "credit_notes", ("credit_note",), cursor="updated_at", granularity="second", delete_mode="tombstone",
                about="credit notes", lookback=_LOOKBACK,
            ),
            Stream(
                "transactions", ("payment", "refund"), cursor="updated_at", granularity="second",
                delete_mode="tombstone", about="payments and refunds", lookback=_LOOKBACK,
            ),
        ]  # fmt: skip

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Everything new in a stream."""
        site = connect(ctx)
        match stream.name:
            case "customers":
                return customers.read(ctx, site, stream, state)
            case "products":
                return products.read(ctx, site)
            case "subscriptions":
                return subscriptions.read(ctx, site, stream, state)
            case "invoices":
                return billing.read_invoices(ctx, site, stream, state)
            case "credit_notes":
                return billing.read_credit_notes(ctx, site, stream, state)
            case "transactions":
                return billing.read_transactions(ctx, site, stream, state)
        return ()

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record."""
        match stream:
            case "customers":
                return customers.rows(record, mapping)
            case "products":
                return products.rows(record, mapping)
            case "subscriptions":
                return subscriptions.rows(record, mapping)
            case "invoices":
                return billing.invoice_rows(record, mapping)
            case "credit_notes":
                return billing.credit_note_rows(record, mapping)
            case "transactions":
                return billing.transaction_rows(record, mapping)
        raise BadRecord(f"there is no stream {stream}", code="REV-507")

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Chargebee's own pages."""
        base = str(settings.get("base_url") or "").rstrip("/").removesuffix("/api/v2")
        kinds = {"organization": "customers", "subscription": "subscriptions", "invoice": "invoices"}
        return {table: f"{base}/d/{kind}/{{id}}" for table, kind in kinds.items()} if base else {}
