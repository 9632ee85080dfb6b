"""The stripe connector: spec, check, and which stream is read and mapped by what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from revalign_stripe.api import client
from revalign_stripe.streams.customers import CUSTOMERS, map_customer
from revalign_stripe.streams.invoices import CREDIT_NOTES, INVOICES, map_credit_note, map_invoice
from revalign_stripe.streams.listing import Kind, read_kind
from revalign_stripe.streams.payments import PAYMENTS, REFUNDS, map_payment, map_refund
from revalign_stripe.streams.products import PRODUCTS, map_product
from revalign_stripe.streams.subscriptions import map_subscription, read_subscriptions
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
from revalign_udf.connector.http import Refused
from revalign_udf.errors import Fatal, RevalignError

__all__ = ["StripeConnector"]

_LOOKBACK = 600
"""seconds before the cursor that are read again: events of one moment need not appear at once"""
_KINDS = {kind.stream: kind for kind in (CUSTOMERS, PRODUCTS, INVOICES, PAYMENTS, REFUNDS, CREDIT_NOTES)}
_MAPS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[CanonicalRow]]] = {
    "customers": map_customer,
    "products": map_product,
    "subscriptions": map_subscription,
    "invoices": map_invoice,
    "payments": map_payment,
    "refunds": map_refund,
    "credit_notes": map_credit_note,
}
_READ = {
    "/v1/customers": "Customers",
    "/v1/products": "Products",
    "/v1/prices": "Prices",
    "/v1/coupons": "Coupons",
    "/v1/subscriptions": "Subscriptions",
    "/v1/invoices": "Invoices",
    "/v1/charges": "Charges and Refunds",
    "/v1/credit_notes": "Credit notes",
    "/v1/events": "Events",
}
"""what the key has to be allowed to read, by the list that needs it"""


def _stream(name: str, about: str, tables: Sequence[str], delete_mode: str = "tombstone") -> Stream:
    deletes: Any = delete_mode
    return Stream(name, tuple(tables), cursor="created", granularity="second", delete_mode=deletes, about=about,
                  lookback=_LOOKBACK)  # fmt: skip


_STREAMS = (
    _stream("customers", "customers, their e-mail addresses", ("organization", "person")),
    _stream("products", "products", ("product",)),
    _stream(
        "subscriptions", "subscriptions and what they were worth when", ("subscription", "subscription_item_period")
    ),
    _stream("invoices", "invoices and their lines", ("invoice", "invoice_line")),
    _stream("payments", "charges", ("payment",), "none"),
    _stream("refunds", "refunds", ("refund",), "none"),
    _stream("credit_notes", "credit notes", ("credit_note",), "none"),
)


class StripeConnector:
    """Reads Stripe Billing and Payments. See the package's README for every decision."""

    spec = Spec(
        name="stripe",
        version="0.1.0",
        about="Stripe: customers, products, subscriptions, invoices, payments",
        settings=(
            Setting("api_key", "secret", required=True, help="a restricted key (rk_live_...) that may only read"),
            Setting("account", "text", help="id of a connected account (acct_...), for platforms"),
            Setting("test_data", "bool", default=False, help="read test mode: only then is a test key accepted"),
            Setting("history", "bool", default=True, help="read all invoices once, for prices before the first pull"),
            *http_settings("https://api.stripe.com"),
        ),
        needs=("http",),
        scopes=tuple(f"{name}: read" for name in _READ.values()),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the key may read what is needed; names every right that it lacks."""
        lacking: list[str] = []
        try:
            http = client(ctx)
            for path, name in _READ.items():
                try:
                    http.get(path, {"limit": 1})
                except Refused as error:
                    if error.reply.status != 403:
                        raise
                    lacking.append(name)
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        if lacking:
            return Check(
                ok=False, message=f"The key may not read: {', '.join(lacking)}. Edit it in Stripe's dashboard."
            )
        return Check(ok=True, message="Stripe can be read.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The streams; customers first, so that what belongs to them finds them. Raises ConfigError REV-305."""
        client(ctx)
        return _STREAMS

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Everything new in a stream. Raises Fatal REV-507 for a stream Stripe does not have."""
        http = client(ctx)
        if stream.name == "subscriptions":
            return read_subscriptions(ctx, http, stream, state)
        return read_kind(ctx, http, self._kind(stream.name), stream, state)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one object. Raises BadRecord REV-503, Fatal REV-507 for an unknown stream."""
        if stream not in _MAPS:
            raise Fatal(f"Stripe has no stream {stream!r}.", code="REV-507")
        return _MAPS[stream](record, mapping)

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Pages of Stripe's dashboard."""
        account = f"{settings['account']}/" if settings.get("account") else ""
        root = f"https://dashboard.stripe.com/{account}{'test/' if settings.get('test_data') else ''}"
        pages = {
            "organization": "customers",
            "person": "customers",
            "product": "products",
            "subscription": "subscriptions",
            "invoice": "invoices",
            "payment": "payments",
        }
        return {table: f"{root}{page}/{{id}}" for table, page in pages.items()}

    @staticmethod
    def _kind(name: str) -> Kind:
        if name not in _KINDS:
            raise Fatal(f"Stripe has no stream {name!r}.", code="REV-507")
        return _KINDS[name]
