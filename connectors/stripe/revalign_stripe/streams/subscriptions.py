"""Subscriptions -> subscription and subscription_item_period.

First pull: the invoices tell the past, the events of the last 30 days the exact days, the list what holds now. Later
pulls: the subscriptions named by events are read again, and each change ends a period and begins one at its event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from revalign_stripe.api import (
    EVENTS_KEPT,
    PAGE,
    Changes,
    changes,
    epoch,
    latest_event,
    listed,
    one,
    relist_due,
    usable,
)
from revalign_stripe.catalogue import Catalogue
from revalign_stripe.discounts import Discount
from revalign_stripe.history import History
from revalign_stripe.pricing import reference
from revalign_stripe.streams.invoices import all_lines
from revalign_stripe.subscriptions import Outcome, Reading, discount_of, event_snapshot, follow, relevant
from revalign_stripe.timeline import Segment, Snapshot
from revalign_udf.connector import (
    CanonicalRow,
    Context,
    Log,
    Mark,
    Message,
    Present,
    Records,
    Rejected,
    Stream,
    Tombstones,
)
from revalign_udf.connector.http import Http
from revalign_udf.connector.values import Path, attrs, fill, instant

__all__ = ["map_subscription", "read_subscriptions"]

EVENTS = (
    "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
    "customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.pending_update_applied",
    "customer.discount.created", "customer.discount.updated", "customer.discount.deleted",
)  # fmt: skip
_PATH = "/v1/subscriptions"
_EXPAND = ("customer", "discounts.source.coupon")
_DAY = 86_400


class _Pull:
    """One pull of the stream: what was kept, what was found, what is to be kept."""

    def __init__(self, ctx: Context, http: Http, stream: Stream, state: Mapping[str, Any]) -> None:
        self.ctx, self.http, self.stream = ctx, http, stream
        self.cursor: int | None = state.get("cursor")
        self.now = ctx.clock()
        self.books: dict[str, Any] = dict(state.get("subs") or {})
        self.reading = Reading(Catalogue(http), History(), epoch(self.now - EVENTS_KEPT))
        self.shots: dict[str, list[Snapshot]] = {}
        self.touched: dict[str, int] = {}
        self.extra: dict[str, list[Discount]] = {}
        self.skipped = 0

    def events(self, state: Mapping[str, Any], since: int = 0) -> Changes:
        """Read what happened; whole snapshots are kept of what matters only."""
        found = changes(self.http, EVENTS, state, self.stream.lookback, since=since)
        for event in found.events:
            item = event["data"]["object"]
            if item.get("object") == "subscription":
                key = str(item["id"])
                if event["type"] == "customer.subscription.created" or relevant(event):
                    self.shots.setdefault(key, []).append(event_snapshot(event, self.reading.price))
                self._touch(key, event)
            else:
                for key in self._subscriptions_of(item):
                    self._touch(key, event)
                    gift = discount_of(self.reading.catalogue, item, str(item.get("subscription_item") or ""), "")
                    if gift is not None:
                        self.extra.setdefault(key, []).append(gift)
        return found

    def _touch(self, key: str, event: Mapping[str, Any]) -> None:
        self.touched[key] = max(self.touched.get(key, 0), int(event["created"]))

    def _subscriptions_of(self, discount: Mapping[str, Any]) -> list[str]:
        if named := reference(discount.get("subscription")):
            return [named]
        if not (customer := reference(discount.get("customer"))):
            return []
        pages = listed(self.http, _PATH, {"customer": customer, "status": "all"})
        return [str(item["id"]) for page in pages for item in page.items]

    def history(self, params: Mapping[str, Any]) -> None:
        """Gather the lines of invoices."""
        for page in listed(self.http, "/v1/invoices", params):
            self.ctx.stop_if_cancelled()
            for invoice in page.items:
                self.reading.history.add(invoice, all_lines(self.http, invoice))

    def settled(self, item: Mapping[str, Any]) -> bool:
        """Whether a subscription ended before the last pull: its periods were sent, and are final."""
        book = self.books.get(str(item["id"]))
        if book is not None:
            return "e" in book
        ended = item.get("ended_at")
        return ended is not None and self.cursor is not None and ended < self.cursor - self.stream.lookback

    def send(self, items: Sequence[Mapping[str, Any]], touched: int) -> Iterator[Message]:
        """The rows of some subscriptions. ``touched``: when those were last heard of that no event names."""
        records: list[dict[str, Any]] = []
        gone: list[str] = []
        for raw in usable(self.ctx, items):
            item, key = self._whole(raw), str(raw["id"])
            if self.settled(item):
                records.append({"id": key, "subscription": item, "periods": []})
                continue
            at = self.touched.get(key, touched)
            outcome = follow(
                self.reading, item, self.shots.get(key, []), self.books.get(key), at, self.extra.get(key, [])
            )
            self.books[key] = outcome.book
            records.append({"id": key, "subscription": item, "periods": _periods(outcome, key)})
            gone += [f"{line}:{start}" for line, start in outcome.gone]
            for problem in outcome.problems:
                yield Rejected("subscription_item_period", problem, value=key)
        if records:
            yield Records(self.stream.name, records)
        if gone:
            yield Tombstones("subscription_item_period", gone)

    def _whole(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """With all its items: a subscription carries the first ten."""
        if not (item.get("items") or {}).get("has_more"):
            return item
        pages = listed(self.http, "/v1/subscription_items", {"subscription": item["id"]})
        return {**item, "items": {"data": [line for page in pages for line in page.items]}}

    def kept(self, cursor: int) -> dict[str, Any]:
        """The books to keep. Of a subscription that has ended only that, until no event of it can come again."""
        oldest = cursor - self.stream.lookback - _DAY
        return {key: book for key, book in self.books.items() if "e" not in book or book["e"] >= oldest}

    def remarks(self) -> Iterator[Message]:
        """What a reader of the report has to know."""
        if guessed := sorted(set(self.reading.guessed)):
            day = datetime.fromtimestamp(self.reading.floor, UTC).date()
            named = ", ".join(guessed[:5]) + (" ..." if len(guessed) > 5 else "")
            many = f"{len(guessed)} subscriptions" if len(guessed) > 1 else "1 subscription"
            text = (
                f"{many} changed on a day that Stripe no longer tells; taken as {day}, or the start of a bill: {named}"
            )
            yield Log(text, "warning")
        if self.reading.unknown:
            text = (
                f"{self.reading.unknown} invoice lines of the past name a price or a discount that Stripe does not know"
            )
            yield Log(text, "warning")


def read_subscriptions(ctx: Context, http: Http, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Everything new. State: as for other streams, and ``"subs": {subscription: book}``."""
    pull = _Pull(ctx, http, stream, state)
    if relist_due(state, ctx.clock()):
        yield from _list(pull, state)
    else:
        yield from _changed(pull, state)
    yield from pull.remarks()


def _list(pull: _Pull, state: Mapping[str, Any]) -> Iterator[Message]:
    begun = state.get("list") or {}
    cursor = int(begun["from"]) if begun else latest_event(pull.http, pull.now)
    # after a long silence what events no longer tell is read from the invoices since
    pull.reading.silence = pull.cursor is not None
    pull.events({}, pull.reading.floor)
    if pull.ctx.settings.get("history", True):
        pull.history({"created[gte]": pull.cursor - 400 * _DAY} if pull.cursor else {})
    sweep, previous = not begun and pull.cursor is None, {n: state[n] for n in ("cursor", "at") if n in state}
    params = {"status": "all", "expand[]": [f"data.{name}" for name in _EXPAND]}
    for page in listed(pull.http, _PATH, params, after=str(begun.get("after") or "")):
        for message in pull.send(page.items, cursor):
            if sweep and isinstance(message, Records):
                yield Present("subscription", [record["id"] for record in message.records])
                keys = [row["id"] for record in message.records for row in record["periods"]]
                yield Present("subscription_item_period", keys)
            yield message
        if page.items:
            listing = {"from": cursor, "after": page.items[-1]["id"]}
            yield Mark({**previous, "list": listing, "subs": dict(pull.books)})
    if sweep:
        yield Present("subscription", [], last=True)
        yield Present("subscription_item_period", [], last=True)
    yield Mark({"cursor": cursor, "whole": cursor, "at": epoch(pull.now), "subs": pull.kept(cursor)})


def _changed(pull: _Pull, state: Mapping[str, Any]) -> Iterator[Message]:
    cursor, found = int(state["cursor"]), pull.events(state)
    wanted = sorted(pull.touched, key=lambda key: (pull.touched[key], key))
    params = {"expand[]": list(_EXPAND)}
    for first in range(0, len(wanted), PAGE):
        items: list[Mapping[str, Any]] = []
        for key in wanted[first : first + PAGE]:
            pull.ctx.stop_if_cancelled()
            item = one(pull.http, f"{_PATH}/{key}", params)
            if item is None:
                yield Tombstones("subscription", [key])
                continue
            if key not in pull.books and not pull.settled(item) and pull.ctx.settings.get("history", True):
                pull.history({"subscription": key})
            items.append(item)
        yield from pull.send(items, cursor)
        yield Mark({**state, "subs": pull.kept(cursor)})
    yield Mark({**found.state(pull.now), "subs": pull.kept(found.cursor)})


def _periods(outcome: Outcome, subscription: str) -> list[dict[str, Any]]:
    return [_period(line, subscription, row) for line, rows in outcome.rows.items() for row in rows]


def _period(line: str, subscription: str, row: Segment) -> dict[str, Any]:
    terms = row.terms
    found: dict[str, Any] = {
        "id": f"{line}:{row.start}",
        "subscription_id": subscription,
        "valid_from": instant(row.start),
        "valid_to": instant(row.end),
        "amount": terms.amount,
        "quantity": terms.quantity,
        "interval": terms.interval,
        "interval_count": terms.interval_count,
        "discount_amount": row.discount,
        "currency": terms.currency,
        "product_id": terms.product or None,
        "one_time": False,
        "metered": terms.metered,
    }
    return attrs(found, {"price": terms.price, "units": terms.units})


def _term_months(item: Mapping[str, Any]) -> int | None:
    """The longest billing interval in months: what a customer is bound for. None for days and weeks."""
    months = {"month": 1, "year": 12}
    lengths = []
    for line in (item.get("items") or {}).get("data") or ():
        price = line.get("price") or line.get("plan") or {}
        rhythm = price.get("recurring") or price
        lengths.append(months.get(str(rhythm.get("interval")), 0) * int(rhythm.get("interval_count") or 1))
    return max(lengths, default=0) or None


def _involuntary(item: Mapping[str, Any]) -> bool | None:
    """Whether the subscription was ended for want of payment; None while it runs or where Stripe gives no reason."""
    reason = (item.get("cancellation_details") or {}).get("reason")
    if not item.get("ended_at") or not reason:
        return None
    return reason in ("payment_failed", "payment_disputed")


def _reason(item: Mapping[str, Any]) -> str | None:
    """What the customer chose as the reason."""
    details = item.get("cancellation_details") or {}
    return (details.get("feedback") or None) if item.get("canceled_at") else None


_SUBSCRIPTION: dict[str, Path] = {
    "id": "id",
    "org_id": lambda item: reference(item.get("customer")) or None,
    "started_at": lambda item: instant(item.get("start_date") or item.get("start") or item["created"]),
    "ended_at": lambda item: instant(item.get("ended_at")),
    "cancelled_at": lambda item: instant(item.get("canceled_at")),
    "cancel_reason": _reason,
    "involuntary": _involuntary,
    "term_months": _term_months,
    "status": "status",
    "currency": lambda item: str(item["currency"]).upper() if item.get("currency") else None,
}


def map_subscription(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A subscription with the periods that ``read`` found for its items."""
    item = record["subscription"]
    row = fill(item, _SUBSCRIPTION, mapping, "subscriptions")
    yield "subscription", attrs(row, item.get("metadata") or {})
    for period in record["periods"]:
        yield "subscription_item_period", period
