"""What is sold and given back: invoices and sales receipts with lines, payments, credit memos, refund receipts.

Amounts are decimals in major units. Line amounts are without tax, also where prices hold it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from revalign_quickbooks.api import Record, value_of
from revalign_quickbooks.following import Reading
from revalign_udf.connector import CanonicalRow
from revalign_udf.connector.values import Path, attrs, fill, instant
from revalign_udf.errors import BadRecord

__all__ = ["CREDITS", "INVOICES", "PAYMENTS", "credit_rows", "invoice_rows", "lines_of", "odd", "payment_rows"]

#: invoices keep QuickBooks' id; the others get their kind in front, as QuickBooks promises unique ids per kind only
_PREFIX = {"SalesReceipt": "SalesReceipt-"}


def _own_key(entity: str, key: str) -> str:
    return f"{_PREFIX.get(entity, '')}{key}"


def lines_of(lines: Sequence[Record]) -> Iterator[tuple[str, Decimal, Record]]:
    """(id, amount, line) of the lines that count: sold items, also those inside a group, and discounts as negative.

    Subtotals and text count nothing; a group counts by its lines. Raises BadRecord REV-507 for a kind nobody knows.
    """
    for place, line in enumerate(lines, 1):
        kind = line.get("DetailType")
        key = str(line.get("Id") or f"{kind}-{place}")
        amount = Decimal(str(line.get("Amount") or 0))
        if kind == "SalesItemLineDetail":
            yield key, amount, line
        elif kind == "DiscountLineDetail":
            yield key, -amount, line
        elif kind == "GroupLineDetail":
            inner = (line.get("GroupLineDetail") or {}).get("Line") or ()
            yield from ((f"{key}.{sub}", value, one) for sub, value, one in lines_of(inner))
        elif kind not in ("SubTotalLineDetail", "DescriptionOnly", None):
            raise BadRecord(f"a line of the kind {kind} is not known", code="REV-507")


def _keys(entity: str, record: Record) -> Mapping[str, Sequence[str]]:
    own = _own_key(entity, str(record["Id"]))
    try:
        lines = [f"{own}:{key}" for key, _, _ in lines_of(record.get("Line") or ())]
    except BadRecord:
        lines = []
    return {"invoice": [own], "invoice_line": lines}


INVOICES = Reading(
    ("Invoice", "SalesReceipt"), _own_key, _keys,
    dict.fromkeys(("Invoice", "SalesReceipt"), ("invoice",)), dict.fromkeys(("Invoice", "SalesReceipt"), "invoice_line"),
)  # fmt: skip
PAYMENTS = Reading(
    ("Payment",), _own_key, lambda _entity, one: {"payment": [str(one["Id"])]}, {"Payment": ("payment",)}
)
CREDITS = Reading(
    ("CreditMemo", "RefundReceipt"), _own_key,
    lambda entity, one: {"credit_note" if entity == "CreditMemo" else "refund": [str(one["Id"])]},
    {"CreditMemo": ("credit_note",), "RefundReceipt": ("refund",)},
)  # fmt: skip


def _tax(record: Record) -> Decimal:
    return Decimal(str((record.get("TxnTaxDetail") or {}).get("TotalTax") or 0))


def odd(record: Record) -> bool:
    """Whether lines and tax do not make the total."""
    try:
        lines = sum((amount for _, amount, _ in lines_of(record.get("Line") or ())), Decimal(0))
    except BadRecord:
        return False  # rejected by map, with the reason
    return lines + _tax(record) != Decimal(str(record.get("TotalAmt") or 0))


def _is_void(record: Record) -> bool:
    """QuickBooks has no mark for it: a voided document is worth nothing and its note begins with "Voided"."""
    total = Decimal(str(record.get("TotalAmt") or 0))
    return not total and str(record.get("PrivateNote") or "").startswith("Voided")


def _status(entity: str, record: Record) -> str:
    if _is_void(record):
        return "voided"
    if entity == "SalesReceipt":
        return "paid"
    balance, total = (Decimal(str(record.get(name) or 0)) for name in ("Balance", "TotalAmt"))
    if not balance:
        return "paid"
    return "open" if balance == total else "partially_paid"


def invoice_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """An invoice or a sales receipt (sold and paid at once) with its lines."""
    entity, one = record["entity"], record["record"]
    own = _own_key(entity, str(one["Id"]))
    if not value_of(one, "CustomerRef"):
        raise BadRecord(f"the {entity} {one['Id']} has no customer")
    defaults: dict[str, Path] = {
        "id": lambda _one: own,
        "org_id": "CustomerRef.value",
        "issued_at": lambda doc: instant(doc.get("TxnDate")),
        "status": lambda doc: _status(entity, doc),
        "due_at": lambda doc: instant(doc.get("DueDate")),
        "paid_at": lambda doc: instant(doc.get("TxnDate")) if entity == "SalesReceipt" else None,
        "total": "TotalAmt",
        "tax": lambda doc: str(_tax(doc)),
        "currency": "CurrencyRef.value",
        "updated_at": lambda doc: instant((doc.get("MetaData") or {}).get("LastUpdatedTime")),
    }
    row = fill(one, defaults, mapping, "invoices")
    more = [
        ("number", one.get("DocNumber")),
        ("balance", one.get("Balance")),
        ("exchange_rate", one.get("ExchangeRate")),
    ]
    more += [(str(f["Name"]), f.get("StringValue")) for f in one.get("CustomField") or () if f.get("Name")]
    yield "invoice", attrs(row, {}, more=more)
    for key, amount, line in lines_of(one.get("Line") or ()):
        detail = line.get("SalesItemLineDetail") or {}
        served = instant(detail.get("ServiceDate"))
        row = {
            "id": f"{own}:{key}", "invoice_id": own, "amount": str(amount), "kind": "credit" if amount < 0 else None,
            "product_id": value_of(detail, "ItemRef"), "period_start": served, "quantity": detail.get("Qty"),
        }  # fmt: skip
        yield "invoice_line", attrs(row, {}, more=[("description", line.get("Description")), ("class", _name(detail))])


def _name(detail: Record) -> str | None:
    return (detail.get("ClassRef") or {}).get("name")


def payment_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A payment; with its invoice where it pays just one."""
    one = record["record"]
    links = [link for line in one.get("Line") or () for link in line.get("LinkedTxn") or ()]
    invoices = {str(link["TxnId"]) for link in links if link.get("TxnType") == "Invoice"}
    defaults: dict[str, Path] = {
        "id": "Id",
        "org_id": "CustomerRef.value",
        "invoice_id": lambda _one: next(iter(invoices)) if len(invoices) == 1 else None,
        "amount": "TotalAmt",
        "at": lambda doc: instant(doc.get("TxnDate")),
        "status": lambda doc: "voided" if _is_void(doc) else "success",
        "currency": "CurrencyRef.value",
        "updated_at": lambda doc: instant((doc.get("MetaData") or {}).get("LastUpdatedTime")),
    }
    row = fill(one, defaults, mapping, "payments")
    yield "payment", attrs(row, {}, more=[("unapplied", one.get("UnappliedAmt"))])


def credit_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A credit memo, or a refund receipt (goods taken back and paid out at once); both without tax, as revenue is."""
    entity, one = record["entity"], record["record"]
    total = one.get("TotalAmt")
    if total is None:
        raise BadRecord(f"the {entity} {one['Id']} has no total")
    defaults: dict[str, Path] = {
        "id": "Id",
        "org_id": "CustomerRef.value",
        "amount": lambda doc: str(Decimal(str(total)) - _tax(doc)),
        "at": lambda doc: instant(doc.get("TxnDate")),
        "status": lambda doc: "voided" if _is_void(doc) else "success",
        "currency": "CurrencyRef.value",
        "updated_at": lambda doc: instant((doc.get("MetaData") or {}).get("LastUpdatedTime")),
    }
    row = fill(one, defaults, mapping, "credits")
    yield "credit_note" if entity == "CreditMemo" else "refund", attrs(row, {}, more=[("number", one.get("DocNumber"))])
