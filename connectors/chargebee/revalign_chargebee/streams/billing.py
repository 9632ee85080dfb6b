"""Invoices and their lines without tax, credit notes without tax, payments and refunds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from revalign_chargebee.api import Record, Site, epoch, latest, one_of
from revalign_chargebee.catalogue import Catalogue, product_of
from revalign_chargebee.prices import amount_of, number_of, plain
from revalign_chargebee.streams.listing import changed
from revalign_udf.connector import (
    CanonicalRow,
    Context,
    Log,
    Mark,
    Message,
    Present,
    Records,
    Stream,
    Tombstones,
)
from revalign_udf.connector.values import Path, attrs, fill, from_minor, instant
from revalign_udf.errors import BadRecord, Fatal

__all__ = [
    "credit_note_rows",
    "invoice_rows",
    "read_credit_notes",
    "read_invoices",
    "read_transactions",
    "transaction_rows",
]

_PRICES = ("plan_item_price", "addon_item_price", "charge_item_price")
_RECURRING = ("plan_item_price", "addon_item_price", "plan", "addon")
_SHOWN = 5
#: what Chargebee says of money that did not move
_FAILED = {"failure": "failed", "late_failure": "failed", "timeout": "failed"}


def read_invoices(ctx: Context, site: Site, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Invoices that changed, with all their lines and the products of these."""
    catalogue = Catalogue(site)
    odd: list[str] = []
    swept: set[str] = set()
    for invoices, reached in changed(ctx, site, stream, state, "invoices", "invoice"):
        whole = [_all_lines(site, invoice) for invoice in invoices]
        lines = [line for invoice in whole for line in invoice.get("line_items") or ()]
        catalogue.for_prices(line.get("entity_id") for line in lines if line.get("entity_type") in _PRICES)
        live = [invoice for invoice in whole if not invoice.get("deleted")]
        records = [
            {"invoice": invoice, "products": _products(invoice, catalogue), "rates": bool(ctx.settings.get("rates"))}
            for invoice in live
        ]
        yield Records(stream.name, records)
        gone = [invoice for invoice in whole if invoice.get("deleted")]
        if gone:
            yield Tombstones("invoice", [str(invoice["id"]) for invoice in gone])
        odd += [str(invoice["id"]) for invoice in live if _odd(invoice)]
        if state.get("whole"):
            for invoice in whole:
                if str(invoice["id"]) in swept:
                    continue  # changed again while it was read
                swept.add(str(invoice["id"]))
                kept = (
                    []
                    if invoice.get("deleted")
                    else [_line_key(invoice, line) for line in invoice.get("line_items") or ()]
                )
                yield Present("invoice_line", kept, last=True, prefix=f"{invoice['id']}:")
        elif gone:
            keys = [_line_key(invoice, line) for invoice in gone for line in invoice.get("line_items") or ()]
            yield Tombstones("invoice_line", keys)
        yield Mark(reached)
    if odd:
        yield Log(
            f"The lines of {len(odd)} invoices do not add up to their totals: {', '.join(odd[:_SHOWN])}."
            " Their revenue is what the lines say.", "warning",
        )  # fmt: skip


def _all_lines(site: Site, invoice: Record) -> Record:
    """The invoice with every line: a long one is listed with its first lines only. Raises Fatal REV-506."""
    offset, seen = invoice.get("line_items_next_offset"), set[str]()
    parts = {name: list(invoice.get(name) or ()) for name in ("line_items",)}
    while offset:
        if offset in seen:
            raise Fatal(f"Chargebee repeats the lines of invoice {invoice['id']} for ever.", hint="Pull again later.")
        seen.add(str(offset))
        more = site.one(f"invoices/{invoice['id']}", "invoice", {"line_items_offset": offset})
        if more is None:
            break
        for name, found in parts.items():
            known = {str(line["id"]) for line in found}
            found.extend(line for line in more.get(name) or () if str(line["id"]) not in known)
        offset = more.get("line_items_next_offset")
    return {**invoice, **parts}


def _products(invoice: Record, catalogue: Catalogue) -> dict[str, str | None]:
    return {
        str(line["entity_id"]): product_of(catalogue, line.get("entity_type"), line["entity_id"])
        for line in invoice.get("line_items") or ()
        if line.get("entity_id")
    }


def _line_key(invoice: Record, line: Record) -> str:
    return f"{invoice['id']}:{line['id']}"


def _net(document: Record, line: Record) -> Decimal:
    """What a line is worth: its amount less its discounts (of the line and its part of those of the invoice), without
    tax. Where prices hold tax, the tax comes off too. Raises BadRecord REV-503 for a line without an amount."""
    currency = str(document["currency_code"])
    amount = amount_of(line, "amount", currency)
    if amount is None:
        raise BadRecord(f"the line {line.get('id')} has no amount")
    net = amount - (amount_of(line, "discount_amount", currency) or 0)
    if document.get("price_type") == "tax_inclusive":
        net -= amount_of(line, "tax_amount", currency) or 0
    return net


def _odd(invoice: Record) -> bool:
    """Whether lines, tax and rounding do not make the total. Prices with more decimals are rounded line by line."""
    currency = str(invoice["currency_code"])
    lines = invoice.get("line_items") or ()
    if invoice.get("total") is None or any(line.get("amount") is None for line in lines):
        return False
    found = sum((_net(invoice, line) for line in lines), Decimal(0))
    found += (amount_of(invoice, "tax", currency) or 0) + (amount_of(invoice, "round_off_amount", currency) or 0)
    slack = Decimal(from_minor(len(lines), currency) or 0)
    return abs(found - (amount_of(invoice, "total", currency) or 0)) > slack


def invoice_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """An invoice, its lines, and where wanted the exchange rate Chargebee used."""
    invoice = record["invoice"]
    currency = str(invoice["currency_code"])
    defaults: dict[str, Path] = {
        "id": "id",
        "org_id": "customer_id",
        "issued_at": lambda one: instant(one.get("date") or one.get("generated_at")),
        # a pending invoice still gathers charges: no revenue yet, like a draft elsewhere
        "status": lambda one: "draft" if one.get("status") == "pending" else one.get("status"),
        "due_at": lambda one: instant(one.get("due_date")),
        "paid_at": lambda one: instant(one.get("paid_at")),
        "total": lambda one: from_minor(one.get("total"), currency),
        "tax": lambda one: from_minor(one.get("tax"), currency),
        "currency": "currency_code",
        "updated_at": lambda one: instant(one.get("updated_at")),
    }
    row = fill(invoice, defaults, mapping, "invoices")
    more = [
        ("amount_due", from_minor(invoice.get("amount_due"), currency)),
        ("credits_applied", from_minor(invoice.get("credits_applied"), currency)),
        ("exchange_rate", invoice.get("exchange_rate")),
        ("base_currency", invoice.get("base_currency_code")),
        ("first_invoice", invoice.get("first_invoice")),
    ]
    yield "invoice", attrs(row, invoice, is_custom=lambda name: name.startswith("cf_"), more=more)
    for line in invoice.get("line_items") or ():
        yield "invoice_line", _line(invoice, line, record["products"])
    base = invoice.get("base_currency_code")
    if record.get("rates") and invoice.get("exchange_rate") and base and base != currency:
        yield (
            "fx_rate",
            {
                "date": instant(invoice["date"]),
                "from_currency": currency,
                "to_currency": base,
                "rate": invoice["exchange_rate"],
            },
        )


def _line(invoice: Record, line: Record, products: Mapping[str, str | None]) -> dict[str, Any]:
    net, kind = _net(invoice, line), str(line.get("entity_type"))
    if net < 0:
        what = "credit"
    elif kind in _RECURRING:
        what = "usage" if line.get("metered") else "subscription"
    else:
        what = "one_time"
    quantity = number_of(line, "quantity")
    row = {
        "id": _line_key(invoice, line), "invoice_id": invoice["id"], "amount": plain(net), "kind": what,
        "subscription_id": line.get("subscription_id"), "product_id": products.get(str(line.get("entity_id"))),
        "period_start": instant(line.get("date_from")), "period_end": instant(line.get("date_to")),
        "quantity": plain(quantity) if quantity is not None else None,
    }  # fmt: skip
    return attrs(row, {}, more=[("price", line.get("entity_id")), ("description", line.get("description"))])


def read_credit_notes(ctx: Context, site: Site, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Credit notes that changed. Chargebee sorts them by date only, so the cursor moves when all were read, and not
    beyond the moment the reading began: one that changes meanwhile is read again."""
    cursor = int(state.get("cursor") or 0)
    after = cursor - stream.lookback if cursor else epoch(ctx.settings.get("since"))
    params: dict[str, Any] = {"include_deleted": "true", "sort_by[asc]": "date"}
    if after > 0:
        params["updated_at[after]"] = after - 1
    began = 0
    for notes, clock in site.listed("credit_notes", "credit_note", params):
        ctx.stop_if_cancelled()
        began = began or clock
        cursor = max(cursor, latest(notes))
        yield Records(stream.name, [note for note in notes if not note.get("deleted")])
        if gone := [str(note["id"]) for note in notes if note.get("deleted")]:
            yield Tombstones("credit_note", gone)
    yield Mark({"cursor": min(cursor, began) if began else cursor})


def credit_note_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A credit note, worth its total without tax. Raises BadRecord REV-503 without a total."""
    currency = str(record["currency_code"])
    total = amount_of(record, "total", currency)
    if total is None:
        raise BadRecord("the credit note has no total")
    tax = sum((amount_of(one, "amount", currency) or Decimal(0) for one in record.get("taxes") or ()), Decimal(0))
    defaults: dict[str, Path] = {
        "id": "id",
        "invoice_id": "reference_invoice_id",
        "org_id": "customer_id",
        "amount": lambda _one: plain(total - tax),
        "at": lambda one: instant(one.get("date") or one.get("generated_at")),
        "status": "status",
        "currency": "currency_code",
        "updated_at": lambda one: instant(one.get("updated_at")),
    }
    row = fill(record, defaults, mapping, "credit_notes")
    more = [("type", record.get("type")), ("reason", record.get("create_reason_code") or record.get("reason_code"))]
    yield "credit_note", attrs(row, record, is_custom=lambda name: name.startswith("cf_"), more=more)


def read_transactions(ctx: Context, site: Site, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Payments and refunds that changed; a refund with the invoices of the credit notes it pays out."""
    left: dict[str, int] = {}
    for transactions, reached in changed(ctx, site, stream, state, "transactions", "transaction"):
        notes = _credit_notes(site, transactions)
        records: list[dict[str, Any]] = []
        for one in transactions:
            reason = _left_out(one)
            if reason:
                left[reason] = left.get(reason, 0) + 1
            elif not one.get("deleted"):
                records.append({"transaction": one, "invoices": notes})
        yield Records(stream.name, records)
        if gone := [str(one["id"]) for one in transactions if one.get("deleted")]:
            yield Tombstones("payment", gone)
            yield Tombstones("refund", gone)
        yield Mark(reached)
    for reason, count in sorted(left.items()):
        yield Log(f"{count} transactions are left out: {reason}.")


def _left_out(record: Record) -> str:
    """Why a transaction is neither a payment nor a refund of revenue; empty where it is one."""
    kind = record.get("type")
    if record.get("deleted"):
        return ""
    if kind == "refund" and not record.get("linked_credit_notes"):
        return "refunds of money that paid no invoice (excess payments)"
    if kind in ("payment", "refund"):
        return ""
    return {
        "authorization": "authorizations, which move no money",
        "payment_reversal": "reversed payments, after which the invoice is due again",
    }.get(str(kind), f"of the kind {kind}")


def _credit_notes(site: Site, transactions: list[Record]) -> dict[str, str]:
    """Credit note -> its invoice, for the refunds of a page."""
    wanted = {
        str(link["cn_id"]) for one in transactions if one.get("type") == "refund"
        for link in one.get("linked_credit_notes") or ()
    }  # fmt: skip
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 100):
        part = sorted(wanted)[start : start + 100]
        for notes, _ in site.listed("credit_notes", "credit_note", {"id[in]": one_of(part), "include_deleted": "true"}):
            found.update(
                (str(note["id"]), str(note["reference_invoice_id"]))
                for note in notes
                if note.get("reference_invoice_id")
            )
    return found


def transaction_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A payment; or a refund, in parts where it pays out several credit notes, each for its own invoice."""
    one = record["transaction"]
    currency = str(one["currency_code"])
    status = str(one.get("status"))
    defaults: dict[str, Path] = {
        "id": "id",
        "org_id": "customer_id",
        "amount": lambda own: from_minor(own.get("amount"), currency),
        "at": lambda own: instant(own.get("date")),
        "status": lambda _own: _FAILED.get(status, status),
        "currency": "currency_code",
        "failure_code": "error_code",
        "updated_at": lambda own: instant(own.get("updated_at")),
    }
    row = fill(one, defaults, mapping, "transactions")
    row = attrs(row, one, is_custom=lambda name: name.startswith("cf_"), more=[("gateway", one.get("gateway"))])
    if one["type"] == "payment":
        invoices = [str(link["invoice_id"]) for link in one.get("linked_invoices") or ()]
        yield "payment", {**row, "invoice_id": invoices[0] if len(invoices) == 1 else None}
        return
    paid = one.get("reference_transaction_id") or one.get("refunded_txn_id")
    links = one["linked_credit_notes"]
    for link in links:
        note = str(link["cn_id"])
        part = {**row, "payment_id": paid, "invoice_id": record["invoices"].get(note)}
        if len(links) > 1:
            part |= {"id": f"{one['id']}:{note}", "amount": from_minor(link.get("applied_amount"), currency)}
        yield "refund", part
