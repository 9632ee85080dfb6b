"""Subscriptions: how they stand now, what they consisted of since when, their contract terms.

First come the events since the last pull, in their order: each carries the subscription as it stood then. Then come the
subscriptions that changed, as they stand now; they agree with the last event, or stand in for one that is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from revalign_chargebee.api import Record, Site, epoch, latest, one_of
from revalign_chargebee.catalogue import Catalogue
from revalign_chargebee.history import History, Version, monthly
from revalign_chargebee.streams.listing import changed
from revalign_udf.connector import (
    CanonicalRow,
    Context,
    Log,
    Mark,
    Message,
    Records,
    Rejected,
    Stream,
    Tombstones,
)
from revalign_udf.connector.values import Path, attrs, fill, from_minor, instant
from revalign_udf.errors import BadRecord
from revalign_udf.money import decimals

__all__ = ["EVENTS", "read", "rows"]

#: events after which a subscription costs something else, begins or ends
EVENTS = (
    "subscription_created", "subscription_created_with_backdating", "subscription_started", "subscription_activated",
    "subscription_activated_with_backdating", "subscription_changed", "subscription_changed_with_backdating",
    "subscription_trial_extended", "subscription_cancelled", "subscription_canceled_with_backdating",
    "subscription_reactivated", "subscription_reactivated_with_backdating", "subscription_renewed",
    "subscription_items_renewed", "subscription_paused", "subscription_resumed", "subscription_ramp_applied",
    "subscription_moved_in", "subscription_moved_out", "subscription_business_entity_changed",
    "subscription_scheduled_cancellation_removed",
)  # fmt: skip
_SHOWN = 5


def read(ctx: Context, site: Site, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Events, then subscriptions, then discounts that have ended since."""
    catalogue = Catalogue(site)
    history = History(state.get("open") or {}, catalogue)
    reached = dict(state)
    backdated = 0
    for events, upto in _events(ctx, site, stream, state):
        catalogue.for_subscriptions(event["content"]["subscription"] for event in events)
        records: list[dict[str, Any]] = []
        for event in events:
            version = Version(event["content"]["subscription"], int(event["occurred_at"]), str(event["event_type"]))
            found = _taken(history, version)
            if isinstance(found, Rejected):
                yield found
            elif found is not None:
                records.append({"subscription": version.subscription, "current": False, "periods": found})
                backdated += version.event == "subscription_changed_with_backdating"
        yield Records(stream.name, records)
        reached = {**reached, "events": upto, "open": history.state()}
        yield Mark(reached)
    differing: list[str] = []
    for subscriptions, listed in changed(ctx, site, stream, reached, "subscriptions", "subscription", since=False):
        live = [one for one in subscriptions if not one.get("deleted")]
        catalogue.for_subscriptions(live)
        records = []
        for one in live:
            found = _taken(history, Version(one, int(one.get("updated_at") or one.get("created_at") or 0)))
            if isinstance(found, Rejected):
                yield found
            periods = found if isinstance(found, list) else []
            records.append({"subscription": one, "current": True, "periods": periods})
            if not isinstance(found, Rejected) and (text := _differs(one, history.open(str(one["id"])))):
                differing.append(text)
        yield Records(stream.name, records)
        if gone := [str(one["id"]) for one in subscriptions if one.get("deleted")]:
            yield Tombstones("subscription", gone)
        reached = {**listed, "open": history.state()}
        yield Mark(reached)
    ended = [{"periods": periods} for _, periods in history.expire(int(ctx.clock().timestamp()))]
    yield Records(stream.name, ended)
    yield Mark({**reached, "open": history.state()})
    yield from _said(history.assumed, backdated, differing)


def _events(ctx: Context, site: Site, stream: Stream, state: Mapping[str, Any]) -> Iterator[tuple[list[Record], int]]:
    """Pages of events that hold a subscription, oldest first: (events, upto when they were read)."""
    upto = int(state.get("events") or 0)
    after = upto - stream.lookback if upto else epoch(ctx.settings.get("since"))
    params: dict[str, Any] = {"event_type[in]": one_of(EVENTS), "sort_by[asc]": "occurred_at"}
    if after > 0:
        params["occurred_at[after]"] = after - 1
    for events, _ in site.listed("events", "event", params):
        ctx.stop_if_cancelled()
        upto = max(upto, latest(events, "occurred_at"))
        yield [event for event in events if _usable((event.get("content") or {}).get("subscription"))], upto


def _usable(subscription: object) -> bool:
    """Whether an event's content is a subscription in a form we know (events of API v1 differ)."""
    return isinstance(subscription, Mapping) and bool(
        subscription.get("subscription_items") or subscription.get("plan_id")
    )


def _taken(history: History, version: Version) -> list[dict[str, Any]] | Rejected | None:
    try:
        return history.take(version)
    except BadRecord as error:
        key = str(version.subscription.get("id"))
        return Rejected("subscription_item_period", error.message, error.code, "subscriptions", value=key)


def _differs(subscription: Record, periods: Sequence[Mapping[str, Any]]) -> str:
    """How our MRR differs from what Chargebee says of a running subscription; empty where it does not, to the cent."""
    if subscription.get("status") != "active" or subscription.get("mrr") is None:
        return ""
    own = monthly(periods)
    currency = str(subscription["currency_code"])
    told = Decimal(from_minor(subscription["mrr"], currency) or 0)
    slack = Decimal(max(1, len(periods))).scaleb(-decimals(currency))
    if own is None or abs(own - told) <= slack:
        return ""
    return f"{subscription['id']} ({own:.2f} here, {told} there)"


def _said(assumed: int, backdated: int, differing: Sequence[str]) -> Iterable[Message]:
    if assumed:
        yield Log(
            f"{assumed} subscriptions are first met in Chargebee's events by a change: what they cost before is taken to"
            " be what they cost after it.", "warning",
        )  # fmt: skip
    if backdated:
        yield Log(
            f"{backdated} changes were backdated; Chargebee does not say to when, so they count from the day they were made.",
            "warning",
        )
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        yield Log(
            f"MRR differs from Chargebee's own for {len(differing)} subscriptions: {', '.join(differing[:_SHOWN])}{more}."
            " The README says where the definitions differ.", "warning",
        )  # fmt: skip


def rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A subscription as it stands (if current), its contract term, and the item periods that changed."""
    subscription = record.get("subscription")
    if subscription:
        if record["current"]:
            yield "subscription", _subscription(subscription, mapping)
        if subscription.get("contract_term"):
            yield from _contract(subscription, subscription["contract_term"])
    for period in record["periods"]:
        row = {name: value for name, value in period.items() if name != "price"}
        row["valid_from"], row["valid_to"] = instant(period["valid_from"]), instant(period["valid_to"])
        yield "subscription_item_period", attrs(row, {}, more=[("price", period["price"])])


def _subscription(record: Record, mapping: Mapping[str, Any]) -> dict[str, Any]:
    ended = record.get("cancelled_at") if record.get("status") in ("cancelled", "non_renewing") else None
    term = record.get("contract_term") or {}
    defaults: dict[str, Path] = {
        "id": "id",
        "org_id": "customer_id",
        "started_at": lambda one: instant(one.get("started_at") or one.get("start_date") or one.get("created_at")),
        # the wish to end, then the end: Chargebee calls both cancelled_at
        "cancelled_at": lambda one: instant((one.get("cancel_schedule_created_at") or ended) if ended else None),
        "ended_at": lambda _one: instant(ended),
        "cancel_reason": lambda one: (one.get("cancel_reason_code") or one.get("cancel_reason")) if ended else None,
        # Chargebee gives a cancel_reason of its own only where it ended the subscription itself (not_paid, no_card ...)
        "involuntary": lambda one: bool(ended and one.get("cancel_reason")),
        "term_months": lambda _one: _months(term),
        "status": "status",
        "currency": "currency_code",
        "contract_id": "contract_term.id",
        "updated_at": lambda one: instant(one.get("updated_at")),
    }
    row = fill(record, defaults, mapping, "subscriptions")
    more = [
        (name, record.get(name))
        for name in ("has_scheduled_changes", "po_number", "trial_end", "next_billing_at", "business_entity_id")
    ]
    meta = record.get("meta_data")
    if isinstance(meta, Mapping):
        more += [(f"meta_{name}", value) for name, value in meta.items()]
    return attrs(row, record, is_custom=lambda name: name.startswith("cf_"), more=more)


def _contract(subscription: Record, term: Record) -> Iterator[CanonicalRow]:
    """A contract term: a contract, and a term of the subscription."""
    currency = str(subscription["currency_code"])
    start, end = instant(term.get("contract_start")), instant(term.get("contract_end"))
    value = term.get("total_contract_value_before_tax")
    if value is None:
        value = term.get("total_contract_value")
    months = _months(term)
    yield (
        "contract",
        {
            "id": term["id"], "org_id": subscription["customer_id"], "start_date": start, "end_date": end,
            "value": from_minor(value, currency), "currency": currency, "term_months": months,
            "auto_renew": str(term.get("action_at_term_end")) in ("renew", "renew_once"),
            "updated_at": instant(subscription.get("updated_at")),
        },
    )  # fmt: skip
    yield (
        "subscription_term",
        {"subscription_id": subscription["id"], "start_date": start, "end_date": end, "term_months": months},
    )


def _months(term: Record) -> int | None:
    """Whole months of a contract term; None where it is none or they are not whole."""
    if not term.get("contract_start") or not term.get("contract_end"):
        return None
    start, end = instant(term["contract_start"]), instant(term["contract_end"])
    assert start is not None
    assert end is not None
    months = (int(end[:4]) - int(start[:4])) * 12 + int(end[5:7]) - int(start[5:7])
    return months if months > 0 and start[8:10] == end[8:10] else None
