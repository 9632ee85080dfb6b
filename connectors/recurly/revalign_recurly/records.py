"""Accounts, plans, invoices and transactions as canonical rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from revalign_recurly.api import amount_text
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path, attrs, domain_of, fill, instant
from revalign_udf.errors import BadRecord

__all__ = ["custom_fields", "map_account", "map_invoice", "map_plan", "map_transaction", "reference"]


def reference(value: object) -> str | None:
    """The id of an embedded object."""
    return (str(value["id"]) if value.get("id") else None) if isinstance(value, Mapping) else None


def custom_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields by name."""
    return {str(one["name"]): one.get("value") for one in record.get("custom_fields") or ()}


def _name(record: Mapping[str, Any]) -> str:
    person = " ".join(str(record[part]) for part in ("first_name", "last_name") if record.get(part))
    return str(record.get("company") or person or record.get("email") or record.get("code") or record["id"])


def _moment(*names: str) -> Path:
    return lambda record: instant(next((record[name] for name in names if record.get(name)), None))


_ORGANIZATION: dict[str, Path] = {
    "id": "id",
    "name": _name,
    "domain": lambda record: domain_of(record["email"]) if "@" in str(record.get("email")) else None,
    "country": "address.country",
    "parent_org_id": "parent_account_id",
    "created_at": _moment("created_at"),
}
_PERSON: dict[str, Path] = {"id": "id", "org_id": "id", "email": "email", "country": "address.country"}
_PLAN: dict[str, Path] = {"id": "id", "name": lambda record: record.get("name") or record["code"]}


def map_account(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """An account. One that was closed (inactive) stays: it is a customer of the past, not a mistake."""
    more = {"code": record.get("code"), "state": record.get("state")}
    yield (
        "organization",
        attrs(fill(record, _ORGANIZATION, mapping, "accounts"), custom_fields(record), more=more.items()),
    )
    if record.get("email"):
        yield "person", attrs(fill(record, _PERSON, mapping, "people"), {})


def map_plan(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A plan is a product."""
    yield (
        "product",
        attrs(fill(record, _PLAN, mapping, "plans"), custom_fields(record), more=[("code", record.get("code"))]),
    )


def _net(line: Mapping[str, Any]) -> str:
    """Without tax, after discounts: ``amount`` is quantity x unit amount - discount + tax."""
    return format(Decimal(str(line["amount"])) - Decimal(str(line.get("tax") or 0)), "f")


def _kind(line: Mapping[str, Any]) -> str:
    rate = line.get("proration_rate")
    if line.get("type") == "credit" and line.get("origin") in (None, "credit", "prepayment", "gift_card"):
        return "credit"
    if rate is not None and Decimal(str(rate)) != 1:
        return "proration"
    origin = str(line.get("origin") or "")
    if "usage" in origin:
        return "usage"
    if not line.get("subscription_id") or origin in ("setup_fee", "one_time"):
        return "one_time"
    return "subscription"


_INVOICE: dict[str, Path] = {
    "id": "id",
    "org_id": lambda record: reference(record.get("account")),
    "issued_at": _moment("created_at"),
    "status": lambda record: "void" if record.get("state") in ("void", "voided") else record.get("state"),
    "due_at": _moment("due_at"),
    "paid_at": lambda record: instant(record.get("closed_at")) if record.get("state") == "paid" else None,
    "total": lambda record: amount_text(record.get("total")),
    "tax": lambda record: amount_text(record.get("tax") or 0),
    "currency": "currency",
}
_LINE: dict[str, Path] = {
    "id": "id",
    "amount": _net,
    "kind": _kind,
    "subscription_id": "subscription_id",
    "product_id": "plan_id",
    "period_start": _moment("start_date"),
    "period_end": _moment("end_date"),
    "quantity": lambda line: amount_text(line.get("quantity_decimal") or line.get("quantity")),
}
_CREDIT_NOTE: dict[str, Path] = {
    "id": "id",
    "invoice_id": "previous_invoice_id",
    "org_id": lambda record: reference(record.get("account")),
    "amount": lambda record: format(abs(Decimal(str(record["total"])) - Decimal(str(record.get("tax") or 0))), "f"),
    "at": _moment("created_at"),
    "status": lambda record: "void" if record.get("state") in ("void", "voided") else record.get("state"),
    "currency": "currency",
}


def map_invoice(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A charge invoice with its lines; a credit invoice is a credit note. Raises BadRecord REV-503 where the lines of an
    invoice do not add up to it."""
    more = {"number": record.get("number"), "origin": record.get("origin")}
    if record.get("type") == "credit":
        yield (
            "credit_note",
            attrs(fill(record, _CREDIT_NOTE, mapping, "credit_notes"), custom_fields(record), more=more.items()),
        )
        return
    lines = record.get("line_items") or ()
    expected = Decimal(str(record["total"])) - Decimal(str(record.get("tax") or 0))
    if (found := sum((Decimal(_net(line)) for line in lines), Decimal(0))) != expected:
        text = f"the lines of invoice {record['id']} add up to {found} without tax, and the invoice says {expected}"
        raise BadRecord(text)
    yield "invoice", attrs(fill(record, _INVOICE, mapping, "invoices"), custom_fields(record), more=more.items())
    for line in lines:
        row = {**fill(line, _LINE, mapping, "invoice_lines"), "invoice_id": record["id"]}
        yield "invoice_line", attrs(row, custom_fields(line))


_TRANSACTION: dict[str, Path] = {
    "id": "id",
    "invoice_id": lambda record: reference(record.get("invoice")),
    "payment_id": lambda record: record.get("original_transaction_id") if record.get("type") == "refund" else None,
    "org_id": lambda record: reference(record.get("account")),
    "amount": lambda record: amount_text(record.get("amount")),
    "at": _moment("collected_at", "created_at"),
    "status": lambda record: "void" if record.get("status") in ("void", "voided") else record.get("status"),
    "currency": "currency",
    "failure_code": lambda record: (
        None
        if record.get("success") in (True, None)
        else record.get("gateway_response_code") or record.get("status_code") or "declined"
    ),
}


def map_transaction(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A payment or a refund. Checks of a card (``verify``) and holds (``authorization``) move no money and are left out."""
    kind = record.get("type")
    if kind in ("verify", "authorization"):
        return
    if kind not in ("purchase", "capture", "refund"):
        raise BadRecord(f"the transaction {record['id']} is of the unknown type {kind!r}")
    table = "refund" if kind == "refund" else "payment"
    row = fill(record, _TRANSACTION, mapping, f"{table}s")
    if kind == "refund" and (row.get("status") == "declined" or record.get("success") is False):
        row["status"] = "failed"
    yield table, attrs(row, custom_fields(record), more=[("method", record.get("collection_method"))])
