"""Charges -> payment, refunds -> refund.

A charge no longer names its invoice (since API version 2025-03-31): ``/v1/invoice_payments`` joins a payment intent to
the invoice it paid. On a full read that list is held as id -> id; for a few changed charges it is asked one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from revalign_stripe.api import listed
from revalign_stripe.pricing import reference
from revalign_stripe.streams.listing import Kind
from revalign_udf.connector import CanonicalRow, Context
from revalign_udf.connector.http import Http, Refused
from revalign_udf.connector.values import Path, attrs, fill, from_minor, instant

__all__ = ["PAYMENTS", "REFUNDS", "map_payment", "map_refund"]

_ONE_BY_ONE = 50
"""lookups of single payments before the whole list is read instead"""


class _Invoices:
    """Which invoice a payment paid."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._known: dict[str, str] = {}
        self._asked = 0
        self._whole = False

    def of(self, intent: str, charge: str) -> str:
        """The invoice's id, empty for a payment of no invoice."""
        key = intent or charge
        if key in self._known or self._whole:
            return self._known.get(key, "")
        self._asked += 1
        if self._asked > _ONE_BY_ONE:
            self._read({})
            self._whole = True
            return self._known.get(key, "")
        kind = "payment_intent" if intent else "charge"
        self._read({"payment[type]": kind, f"payment[{kind}]": key})
        return self._known.setdefault(key, "")

    def _read(self, params: Mapping[str, str]) -> None:
        try:
            for page in listed(self._http, "/v1/invoice_payments", params):
                for item in page.items:
                    paid = item.get("payment") or {}
                    key = reference(paid.get("payment_intent") or paid.get("charge"))
                    if key and item.get("status") != "canceled":
                        self._known[key] = reference(item.get("invoice"))
        except Refused as error:
            if error.reply.status != 404:
                raise
            self._whole = True  # from before there was such a list; charges name their invoice then


def _complete(_ctx: Context, http: Http) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    invoices = _Invoices(http)

    def complete(charge: Mapping[str, Any]) -> Mapping[str, Any]:
        named = reference(charge.get("invoice"))
        return {**charge, "invoice": named or invoices.of(reference(charge.get("payment_intent")), str(charge["id"]))}

    return complete


def _charges_of(http: Http, item: Mapping[str, Any]) -> list[str]:
    """The charges an event speaks of: its own, or those of the payment that an invoice was just joined to."""
    if item.get("object") != "invoice_payment":
        return [str(item.get("id") or "")]
    paid = item.get("payment") or {}
    if charge := reference(paid.get("charge")):
        return [charge]
    if not (intent := reference(paid.get("payment_intent"))):
        return []
    pages = listed(http, "/v1/charges", {"payment_intent": intent})
    return [str(charge["id"]) for page in pages for charge in page.items]


def _refunds_of(http: Http, item: Mapping[str, Any]) -> list[str]:
    """The refunds an event speaks of: its own, or those of the charge that was refunded."""
    if item.get("object") != "charge":
        return [str(item.get("id") or "")]
    pages = listed(http, "/v1/refunds", {"charge": item["id"]})
    return [str(refund["id"]) for page in pages for refund in page.items]


PAYMENTS = Kind(
    "payments",
    "/v1/charges",
    (
        "charge.succeeded", "charge.failed", "charge.pending", "charge.captured", "charge.expired", "charge.updated",
        "charge.refunded", "invoice_payment.paid",
    ),
    ("payment",),
    dated=True,
    complete=_complete,
    resolve=_charges_of,
)  # fmt: skip
REFUNDS = Kind(
    "refunds",
    "/v1/refunds",
    ("refund.created", "refund.updated", "refund.failed", "charge.refunded", "charge.refund.updated"),
    ("refund",),
    resolve=_refunds_of,
    expand=("data.charge",),
    dated=True,
)


def _amount(charge: Mapping[str, Any]) -> str | None:
    """What was taken; for a payment that failed or is only authorised, what was asked for."""
    taken = charge.get("amount_captured") if charge.get("captured") else None
    return from_minor(charge["amount"] if taken is None else taken, charge.get("currency"))


def _status(charge: Mapping[str, Any]) -> str:
    if charge.get("status") == "succeeded" and charge.get("captured") is False:
        return "authorized"
    return str(charge.get("status") or "")


_PAYMENT: dict[str, Path] = {
    "id": "id",
    "invoice_id": lambda record: record.get("invoice") or None,
    "org_id": lambda record: reference(record.get("customer")) or None,
    "amount": _amount,
    "at": lambda record: instant(record["created"]),
    "status": _status,
    "currency": lambda record: str(record["currency"]).upper(),
    "failure_code": "failure_code",
}
_REFUND: dict[str, Path] = {
    "id": "id",
    "payment_id": lambda record: reference(record.get("charge")) or None,
    "org_id": lambda record: _customer_of(record.get("charge")),
    "amount": lambda record: from_minor(record["amount"], record.get("currency")),
    "at": lambda record: instant(record["created"]),
    "status": "status",
    "currency": lambda record: str(record["currency"]).upper(),
    "failure_code": "failure_reason",
}


def _customer_of(charge: object) -> str | None:
    return (reference(charge.get("customer")) or None) if isinstance(charge, Mapping) else None


def map_payment(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A charge, failed ones with the reason."""
    row = fill(record, _PAYMENT, mapping, "payments")
    more = {"payment_intent": reference(record.get("payment_intent")), "disputed": record.get("disputed") or None}
    yield "payment", attrs(row, record.get("metadata") or {}, more=more.items())


def map_refund(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A refund."""
    row = fill(record, _REFUND, mapping, "refunds")
    yield "refund", attrs(row, record.get("metadata") or {}, more=[("reason", record.get("reason"))])
