"""Subscriptions -> subscription and subscription_item_period.

Recurly tells what a subscription is, not what it was. So a change is dated by the subscription's ``updated_at`` when a
pull first sees it: the period that was sent ends there, and another begins. What a period was sent as is kept in the
state, so closing it never changes what it said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from revalign_recurly.api import amount_text
from revalign_recurly.records import custom_fields, reference
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.values import Path, attrs, fill, instant
from revalign_udf.errors import BadRecord
from revalign_udf.money import decimals, largest_remainder, round_half_away

__all__ = ["Price", "Told", "follow", "map_subscription"]

_UNITS = {"day": "day", "days": "day", "week": "week", "weeks": "week", "month": "month", "months": "month"}
_NEVER = {"future", "failed"}


@dataclass(frozen=True, slots=True)
class Price:
    """What one item costs per interval; amounts in major units as exact text."""

    amount: str
    quantity: str
    interval: str
    count: int
    discount: str
    currency: str
    product: str
    metered: bool
    name: str


@dataclass(slots=True)
class Told:
    """What a subscription came to: canonical periods, keys of rows that no longer hold, and what is to be kept."""

    periods: list[dict[str, Any]]
    gone: list[str]
    book: dict[str, Any]
    problems: list[str]


def follow(item: Mapping[str, Any], plans: Mapping[str, Mapping[str, Any]], book: Mapping[str, Any]) -> Told:
    """Go on from what was sent of a subscription.

    ``book`` is empty for one never read, else ``{"t": read through, "i": {item: [start, price ...]}}``, or
    ``{"e": ended}`` for one whose periods are final.
    """
    if "e" in book:
        return Told([], [], dict(book), [])
    prices, problems = _prices(item, plans)
    begin, end, seen = _begins(item), _ends(item), parsed(str(item["updated_at"]))
    key = str(item["id"])
    if begin is None:
        return Told([], [], {}, problems)
    paused = _paused(item, seen)
    sent = {one: (parsed(was[0]), Price(*was[1:])) for one, was in (book.get("i") or {}).items()}
    periods: list[dict[str, Any]] = []
    gone: list[str] = []
    kept: dict[str, Any] = {}
    for line in dict.fromkeys((*sent, *prices)):
        price = prices.get(line)
        if line in sent:
            since, old = sent[line]
            stop = end or paused or (seen if price != old else None)
            if stop is not None and stop <= since:
                gone.append(_key(line, since))
            else:
                periods.append(_period(key, line, old, since, stop))
            if stop is None:
                kept[line] = [since.isoformat(), *astuple(old)]
            if price is None or stop is None or stop != seen or end or paused:
                continue
            start = max(seen, since)
        elif price is None or (book and (end or paused)):
            continue
        else:
            start = _start(item, line, begin, book, seen)
        stop = end or paused
        if stop is not None and stop <= start:
            continue
        periods.append(_period(key, line, price, start, stop))
        if stop is None:
            kept[line] = [start.isoformat(), *astuple(price)]
    ended = {"e": end.isoformat()} if end else {"t": seen.isoformat(), **({"i": kept} if kept else {})}
    return Told(periods, gone, ended, problems)


def _start(item: Mapping[str, Any], line: str, begin: datetime, book: Mapping[str, Any], seen: datetime) -> datetime:
    """When an item that was not billed before began: with its subscription, when the add-on was made, after a pause with
    the billing period that followed it."""
    made = [
        one["created_at"]
        for one in item.get("add_ons") or ()
        if line.endswith(f":{one['id']}") and one.get("created_at")
    ]
    start = max([begin, *(parsed(str(moment)) for moment in made)])
    if not book:
        return start
    period = item.get("current_period_started_at")
    through = parsed(str(book["t"]))
    choices = [start, *([parsed(str(period))] if period else [])]
    return min((moment for moment in choices if through < moment <= seen), default=seen)


def _begins(item: Mapping[str, Any]) -> datetime | None:
    """When it is first billed: when it became active, or when its trial ends. None before that is known."""
    if item.get("state") in _NEVER or not (item.get("activated_at") or item.get("created_at")):
        return None
    begun = parsed(str(item.get("activated_at") or item["created_at"]))
    trial = item.get("trial_ends_at")
    return max(begun, parsed(str(trial))) if trial else begun


def _ends(item: Mapping[str, Any]) -> datetime | None:
    """When it ended. A cancelled one runs until it expires."""
    ended = item.get("expires_at") if item.get("state") == "expired" else None
    return parsed(str(ended)) if ended else None


def _paused(item: Mapping[str, Any], seen: datetime) -> datetime | None:
    """Since when it is paused; a pause that is only planned does not count yet."""
    if item.get("state") != "paused":
        return None
    return min(parsed(str(item["paused_at"])), seen) if item.get("paused_at") else seen


def _prices(item: Mapping[str, Any], plans: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Price], list[str]]:
    """What its plan and each add-on cost now, and why some cannot be priced."""
    key, problems = str(item["id"]), list[str]()
    plan_key = str(reference(item.get("plan")))
    plan = plans.get(plan_key) or {}
    unit, length = _UNITS.get(str(plan.get("interval_unit"))), plan.get("interval_length")
    if unit is None or not length:
        return {}, [f"the plan {plan_key} of subscription {key} has no billing interval"]
    interval = (unit, int(length))
    currency = str(item["currency"]).upper()
    found = {f"{key}:plan": Price(_unit(item, item), _quantity(item), *interval, "0", currency, plan_key, False, "")}
    for line in item.get("add_ons") or ():
        if line.get("expired_at"):
            continue
        try:
            amount, quantity, metered = _add_on(line, item)
        except BadRecord as error:
            problems.append(f"add-on of subscription {key}: {error.message}")
            continue
        name = str((line.get("add_on") or {}).get("code") or "")
        found[f"{key}:{line['id']}"] = Price(amount, quantity, *interval, "0", currency, plan_key, metered, name)
    return _discounted(found, item, currency, problems), problems


def _quantity(line: Mapping[str, Any]) -> str:
    return amount_text(1 if line.get("quantity") is None else line["quantity"]) or "1"


def _unit(line: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """The unit amount without tax."""
    raw = line.get("unit_amount_decimal")
    raw = line.get("unit_amount") if raw is None else raw
    if raw is None:
        raise BadRecord("it has no unit amount")
    exact = Decimal(str(raw))
    rate = Decimal(str((item.get("tax_info") or {}).get("rate") or 0))
    if item.get("tax_inclusive") and rate:
        places = 10 ** decimals(str(item["currency"]))
        net = round_half_away(Fraction(exact) / (1 + Fraction(rate)) * places)
        return format(Decimal(net) / places, "f")
    return format(exact, "f")


def _add_on(line: Mapping[str, Any], item: Mapping[str, Any]) -> tuple[str, str, bool]:
    """(amount, quantity, metered) of an add-on: ``tiered`` prices each part by its own tier, ``volume`` all by the tier of
    the quantity, ``stairstep`` has one price per tier (https://docs.recurly.com/docs/billing-models)."""
    if (line.get("add_on") or {}).get("add_on_type") == "usage":
        return "0", "1", True  # billed by use, when it is known: see invoice lines of the kind usage
    kind, tiers = str(line.get("tier_type") or "flat"), line.get("tiers") or ()
    if kind == "flat" or not tiers:
        return _unit(line, item), _quantity(line), False
    quantity, below, total = Decimal(_quantity(line)), Decimal(0), Decimal(0)
    for tier in tiers:
        end = tier.get("ending_quantity")
        unit, last = Decimal(_unit(tier, item)), end is None or Decimal(str(end)) >= quantity
        top = quantity if last else Decimal(str(end))
        if kind == "tiered":
            total += unit * (top - below)
        elif last and kind == "volume":
            total = unit * quantity
        elif last and kind == "stairstep":
            total = unit
        elif kind not in ("volume", "stairstep"):
            raise BadRecord(f"its pricing model {kind!r} is not known")
        if last:
            return format(total, "f"), "1", False
        below = top
    raise BadRecord(f"its tiers say nothing of a quantity of {quantity}")


def _discounted(
    prices: dict[str, Price], item: Mapping[str, Any], currency: str, problems: list[str]
) -> dict[str, Price]:
    """With the coupons in force: per cent of each item, or an amount shared by what the items cost."""
    places = 10 ** decimals(currency)
    left = {
        key: Fraction(one.amount) * Fraction(one.quantity) * places for key, one in prices.items() if not one.metered
    }
    gross = dict(left)
    for redemption in item.get("coupon_redemptions") or ():
        if redemption.get("state") != "active":
            continue
        coupon = (redemption.get("coupon") or {}).get("discount") or {}
        if coupon.get("type") == "percent" and coupon.get("percent") is not None:
            share = Fraction(str(coupon["percent"])) / 100
            off = {key: round_half_away(rest * share) for key, rest in left.items()}
        elif coupon.get("type") == "fixed":
            amounts = [one.get("amount") for one in coupon.get("currencies") or () if one.get("currency") == currency]
            whole = round_half_away(Fraction(str(amounts[0])) * places) if amounts else 0
            parts = largest_remainder(whole, list(left.values())) if whole and sum(left.values()) else [0] * len(left)
            off = dict(zip(left, parts, strict=True))
        elif coupon.get("type") == "free_trial":
            continue
        else:
            problems.append(
                f"the coupon of redemption {redemption.get('id')} is not understood: the price is taken without it"
            )
            continue
        left = {key: max(Fraction(0), rest - off[key]) for key, rest in left.items()}
    found = {}
    for key, one in prices.items():
        cut = Decimal(int(gross.get(key, Fraction(0)) - left.get(key, Fraction(0)))) / places
        found[key] = replace(one, discount=format(cut, "f"))
    return found


def _key(item: str, start: datetime) -> str:
    return f"{item}:{int(start.timestamp())}"


def _period(subscription: str, key: str, price: Price, start: datetime, end: datetime | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": _key(key, start),
        "subscription_id": subscription,
        "valid_from": start.isoformat(),
        "valid_to": end.isoformat() if end else None,
        "amount": price.amount,
        "quantity": price.quantity,
        "interval": price.interval,
        "interval_count": price.count,
        "discount_amount": price.discount,
        "currency": price.currency,
        "product_id": price.product,
        "one_time": False,
        "metered": price.metered,
    }
    return attrs(row, {"add_on": price.name})


def _involuntary(item: Mapping[str, Any]) -> bool | None:
    """Whether it ended for want of payment, as ``expiration_reason`` says; None where it says nothing."""
    reason = str(item.get("expiration_reason") or "").lower()
    if item.get("state") != "expired" or not reason:
        return None
    return any(word in reason for word in ("nonpayment", "non_payment", "dunning", "past_due"))


def _term_months(item: Mapping[str, Any]) -> int | None:
    """What a customer is bound for: the billing interval times the cycles of a term."""
    plan = item.get("_plan") or {}
    if not str(plan.get("interval_unit")).startswith("month"):
        return None
    return int(plan.get("interval_length") or 0) * int(item.get("total_billing_cycles") or 1) or None


_SUBSCRIPTION: dict[str, Path] = {
    "id": "id",
    "org_id": lambda item: reference(item.get("account")),
    "started_at": lambda item: instant(item.get("activated_at") or item.get("created_at")),
    "ended_at": lambda item: instant(item.get("expires_at")) if item.get("state") == "expired" else None,
    "cancelled_at": lambda item: instant(item.get("canceled_at")),
    "cancel_reason": lambda item: item.get("expiration_reason") if item.get("state") == "expired" else None,
    "involuntary": _involuntary,
    "term_months": _term_months,
    "status": "state",
    "currency": "currency",
}


def map_subscription(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A subscription with the periods that ``read`` found."""
    item = record["subscription"]
    yield "subscription", attrs(fill(item, _SUBSCRIPTION, mapping, "subscriptions"), custom_fields(item))
    for period in record["periods"]:
        yield "subscription_item_period", period
