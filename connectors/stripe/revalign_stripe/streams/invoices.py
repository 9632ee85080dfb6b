"""Invoices -> invoice and invoice_line; credit notes -> credit_note.

The amount of a line is what it adds to revenue: after discounts and without tax. Lines of a draft may still change or go,
so they are sent once the invoice is final; a draft has its invoice row only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from revalign_stripe.api import PAGE, listed
from revalign_stripe.lines import LineFacts, facts_of
from revalign_stripe.pricing import reference
from revalign_stripe.streams.listing import Kind
from revalign_udf.connector import CanonicalRow, Context
from revalign_udf.connector.http import Http, Refused
from revalign_udf.connector.values import Path, attrs, fill, from_minor, instant
from revalign_udf.errors import BadRecord

__all__ = ["CREDIT_NOTES", "INVOICES", "all_lines", "map_credit_note", "map_invoice"]


def all_lines(http: Http, invoice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every line of an invoice: an invoice carries the first ten."""
    lines = invoice.get("lines") or {}
    if not lines.get("has_more"):
        return list(lines.get("data") or ())
    pages = listed(http, f"/v1/invoices/{invoice['id']}/lines", {"limit": PAGE})
    return [line for page in pages for line in page.items]


def _complete(ctx: Context, http: Http) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:  # noqa: ARG001
    metered: set[str] | None = None

    def usage_prices() -> set[str]:
        """Prices of metered use: lines carry the id of a price only."""
        try:
            pages = list(listed(http, "/v1/prices", {"recurring[usage_type]": "metered"}))
        except Refused as error:
            if error.reply.status != 404:
                raise
            return set()  # from before there were prices; such lines carry their plan
        return {str(price["id"]) for page in pages for price in page.items}

    def complete(invoice: Mapping[str, Any]) -> Mapping[str, Any]:
        nonlocal metered
        if invoice.get("status") == "draft":
            return {**invoice, "lines": {"data": []}}
        if metered is None:
            metered = usage_prices()
        data = all_lines(http, invoice)
        used = [facts_of(line, invoice).price in metered for line in data]
        return {
            **invoice,
            "lines": {"data": [{**line, "_metered": flag} for line, flag in zip(data, used, strict=True)]},
        }

    return complete


INVOICES = Kind(
    "invoices",
    "/v1/invoices",
    (
        "invoice.created", "invoice.updated", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded",
        "invoice.overpaid", "invoice.voided", "invoice.marked_uncollectible", "invoice.deleted",
    ),
    ("invoice",),
    dated=True,
    complete=_complete,
)  # fmt: skip
CREDIT_NOTES = Kind(
    "credit_notes",
    "/v1/credit_notes",
    ("credit_note.created", "credit_note.updated", "credit_note.voided"),
    ("credit_note",),
    dated=True,
)


def _money(name: str) -> Callable[[Mapping[str, Any]], str | None]:
    return lambda record: from_minor(record.get(name), record.get("currency"))


def _moment(*names: str) -> Callable[[Mapping[str, Any]], str | None]:
    return lambda record: instant(next((record[name] for name in names if record.get(name)), None))


def _tax(record: Mapping[str, Any]) -> int:
    """Tax of a document in minor units: what is left of its total without tax, else the sum of its taxes."""
    if record.get("total_excluding_tax") is not None:
        return int(record["total"]) - int(record["total_excluding_tax"])
    taxes = record.get("total_taxes") or record.get("total_tax_amounts") or ()
    return sum(int(one["amount"]) for one in taxes) or int(record.get("tax") or 0)


def _transition(record: Mapping[str, Any], name: str) -> Any:
    return (record.get("status_transitions") or {}).get(name)


def _currency(record: Mapping[str, Any]) -> str:
    return str(record["currency"]).upper()


_INVOICE: dict[str, Path] = {
    "id": "id",
    "org_id": lambda record: reference(record.get("customer")) or None,
    "issued_at": lambda record: instant(
        record.get("effective_at") or _transition(record, "finalized_at") or record.get("created") or record.get("date")
    ),
    "status": "status",
    "due_at": _moment("due_date"),
    "paid_at": lambda record: instant(_transition(record, "paid_at")),
    "total": _money("total"),
    "tax": lambda record: from_minor(_tax(record), record.get("currency")),
    "currency": _currency,
}
_LINE: dict[str, Path] = {
    "id": "id",
    "invoice_id": "_invoice",
    "amount": "_amount",
    "kind": "_kind",
    "subscription_id": "_subscription",
    "product_id": "_product",
    "period_start": "_start",
    "period_end": "_end",
    "quantity": "_quantity",
}
_CREDIT_NOTE: dict[str, Path] = {
    "id": "id",
    "invoice_id": lambda record: reference(record.get("invoice")) or None,
    "org_id": lambda record: reference(record.get("customer")) or None,
    "amount": lambda record: from_minor(int(record["total"]) - _tax(record), record.get("currency")),
    "at": _moment("effective_at", "created"),
    "status": "status",
    "currency": _currency,
}


def map_invoice(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """An invoice and its lines. Raises BadRecord REV-503 where the lines do not add up to the invoice."""
    lines = [(line, facts_of(line, record)) for line in (record.get("lines") or {}).get("data") or ()]
    _adds_up(record, [facts for _, facts in lines])
    row = fill(record, _INVOICE, mapping, "invoices")
    known = {"number": record.get("number"), "billing_reason": record.get("billing_reason")}
    yield "invoice", attrs(row, record.get("metadata") or {}, more=known.items())
    for line, facts in lines:
        start, end = facts.period or (None, None)
        told = {
            "_invoice": record["id"],
            "_amount": from_minor(facts.net, record.get("currency")),
            "_kind": _kind(facts, metered=bool(line.get("_metered"))),
            "_subscription": facts.subscription,
            "_product": facts.product,
            "_start": instant(start),
            "_end": instant(end),
            "_quantity": facts.quantity,
        }
        found = fill({**line, **told}, _LINE, mapping, "invoice_lines")
        yield "invoice_line", attrs(found, line.get("metadata") or {})


def _adds_up(invoice: Mapping[str, Any], lines: list[LineFacts]) -> None:
    total = invoice.get("total_excluding_tax")
    if total is None or invoice.get("status") == "draft":
        return
    shipping = invoice.get("shipping_cost") or {}
    expected = int(total) - int(shipping.get("amount_subtotal") or 0)
    # prepaid credits are taken off before tax; they pay for what the lines say, they do not lower it
    credits_ = sum(
        int(one["amount"])
        for one in invoice.get("total_pretax_credit_amounts") or ()
        if one.get("type") == "credit_balance_transaction"
    )
    if (found := sum(line.net for line in lines)) not in (expected, expected + credits_):
        currency = str(invoice.get("currency"))
        raise BadRecord(
            f"the lines of invoice {invoice['id']} add up to {from_minor(found, currency)} without tax,"
            f" and the invoice says {from_minor(expected, currency)}"
        )


def _kind(line: LineFacts, *, metered: bool) -> str:
    if line.proration:
        return "proration"
    if metered or line.metered:
        return "usage"
    if line.from_item:
        return "subscription"
    return "credit" if line.net < 0 else "one_time"


def map_credit_note(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A credit note, its amount without tax."""
    row = fill(record, _CREDIT_NOTE, mapping, "credit_notes")
    more = {"reason": record.get("reason"), "number": record.get("number"), "type": record.get("type")}
    yield "credit_note", attrs(row, record.get("metadata") or {}, more=more.items())
