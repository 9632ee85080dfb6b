"""The recurly connector: spec, check, and which stream is read and mapped by what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from revalign_recurly.api import client, listed, updated_since
from revalign_recurly.records import map_account, map_invoice, map_plan, map_transaction
from revalign_recurly.subscriptions import follow, map_subscription
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Mark,
    Message,
    Present,
    Records,
    Rejected,
    Setting,
    Spec,
    Stream,
    Tombstones,
    http_settings,
)
from revalign_udf.connector.cursors import Cursor, parsed
from revalign_udf.connector.http import Http
from revalign_udf.errors import Fatal, RevalignError

__all__ = ["RecurlyConnector"]

_LOOKBACK = 60
_STREAMS = tuple(
    Stream(name, tables, cursor="updated_at", granularity="second", about=about, lookback=_LOOKBACK)
    for name, tables, about in (
        ("accounts", ("organization", "person"), "accounts, their e-mail addresses"),
        ("plans", ("product",), "plans"),
        ("subscriptions", ("subscription", "subscription_item_period"), "subscriptions and what they were worth when"),
        ("invoices", ("invoice", "invoice_line", "credit_note"), "charge and credit invoices"),
        ("transactions", ("payment", "refund"), "payments and refunds"),
    )
)
_DATED = ("invoices", "transactions")
"""documents of their day: ``since`` leaves older ones out"""
_MAPS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[CanonicalRow]]] = {
    "accounts": map_account,
    "plans": map_plan,
    "subscriptions": map_subscription,
    "invoices": map_invoice,
    "transactions": map_transaction,
}


class RecurlyConnector:
    """Reads Recurly Subscriptions, API v2021-02-25. See the package's README for every decision."""

    spec = Spec(
        name="recurly",
        version="0.1.0",
        about="Recurly: accounts, plans, subscriptions, invoices, transactions",
        settings=(
            Setting("api_key", "secret", required=True, help="a private API key that may only read"),
            *http_settings("https://v3.recurly.com"),
        ),
        needs=("http",),
        scopes=("read-only private API key",),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the key is accepted."""
        try:
            found = client(ctx).get("/sites", {"limit": 1}).json.get("data") or []
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        return Check(
            ok=True, message=f"Recurly site {found[0].get('subdomain')} can be read." if found else "Recurly answers."
        )

    def discover(self, ctx: Context) -> Sequence[Stream]:  # noqa: ARG002
        """The streams."""
        return _STREAMS

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """What changed since the cursor, oldest change first; every page is a point to go on from."""
        if stream.name not in _MAPS:
            raise Fatal(f"Recurly has no stream {stream.name!r}.", code="REV-507")
        http = client(ctx)
        since = ctx.settings.get("since") if stream.name in _DATED else None
        cursor = Cursor(state, lookback=stream.lookback, since=since)
        books: dict[str, Any] = dict(state.get("subs") or {})
        plans: dict[str, Mapping[str, Any]] = {}
        if stream.name == "subscriptions":
            if not state:
                yield Log("Recurly tells no earlier prices: what runs now is taken as having been so since it began")
            plans = {str(one["id"]): one for page in listed(http, "/plans") for one in page.items}
        begin, whole = cursor.start, not state
        for page in updated_since(http, f"/{stream.name}", begin.isoformat() if begin else None):
            if stream.name == "subscriptions":
                for message in _subscriptions(page.items, plans, books, begin):
                    if whole and isinstance(message, Records):
                        yield Present(
                            "subscription_item_period",
                            [row["id"] for record in message.records for row in record["periods"]],
                        )
                    yield message
            elif page.items:
                yield Records(stream.name, [_whole(http, stream.name, item) for item in page.items])
            for item in page.items:
                cursor.see(item.get("updated_at") or item.get("created_at"))
            if page.items:
                if stream.name == "accounts":
                    yield from _without_email(page.items)
                books = _still_needed(books, cursor.start)
                yield Mark({"cursor": cursor.value, **({"subs": dict(books)} if books else {})})
        if whole and stream.name == "subscriptions":
            # periods of an earlier reading from the start may have begun on other days
            yield Present("subscription_item_period", [], last=True)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one object. Raises BadRecord REV-503, Fatal REV-507 for an unknown stream."""
        if stream not in _MAPS:
            raise Fatal(f"Recurly has no stream {stream!r}.", code="REV-507")
        return _MAPS[stream](record, mapping)


def _still_needed(books: dict[str, Any], start: datetime | None) -> dict[str, Any]:
    """Of a subscription that has ended its end is kept until no pull can meet it again."""
    oldest = start - timedelta(days=1) if start else None
    return {key: book for key, book in books.items() if "e" not in book or not oldest or parsed(book["e"]) >= oldest}


def _without_email(items: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    """An account whose e-mail was taken away has no person any more."""
    if keys := [str(item["id"]) for item in items if not item.get("email")]:
        yield Tombstones("person", keys)


def _whole(http: Http, stream: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
    """An invoice with all its lines."""
    if stream != "invoices" or not item.get("has_more_line_items"):
        return item
    pages = listed(http, f"/invoices/{item['id']}/line_items")
    return {**item, "line_items": [line for page in pages for line in page.items]}


def _subscriptions(
    items: Sequence[Mapping[str, Any]], plans: Mapping[str, Mapping[str, Any]], books: dict[str, Any],
    begin: datetime | None,
) -> Iterator[Message]:  # fmt: skip
    records, gone = list[dict[str, Any]](), list[str]()
    for item in items:
        key = str(item["id"])
        ended = item.get("expires_at") if item.get("state") == "expired" else None
        if key not in books and ended and begin and parsed(ended) < begin:
            books[key] = {"e": ended}  # it ended before the last pull, which sent its periods
        told = follow(item, plans, books.get(key) or {})
        if told.book:
            books[key] = told.book
        else:
            books.pop(key, None)
        plan = plans.get(str((item.get("plan") or {}).get("id"))) or {}
        records.append({"id": key, "subscription": {**item, "_plan": plan}, "periods": told.periods})
        gone += told.gone
        for problem in told.problems:
            yield Rejected("subscription_item_period", problem, value=key)
    if records:
        yield Records("subscriptions", records)
    if gone:
        yield Tombstones("subscription_item_period", gone)
