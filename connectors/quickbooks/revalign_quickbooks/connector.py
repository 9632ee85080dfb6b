"""The quickbooks connector: its settings and streams, and which module reads which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from revalign_quickbooks.api import Books, Record, connect
from revalign_quickbooks.following import read
from revalign_quickbooks.streams import customers, expenses, sales
from revalign_udf.connector import CanonicalRow, Check, Context, Log, Message, Setting, Spec, Stream, http_settings
from revalign_udf.errors import BadRecord

__all__ = ["QuickbooksConnector"]

_TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
_LOOKBACK = 120
_SHOWN = 5


class QuickbooksConnector:
    """Reads the books of one QuickBooks Online company."""

    spec = Spec(
        name="quickbooks",
        version="0.1.0",
        about="QuickBooks Online: customers, invoices, payments, credits, and expenses by function",
        settings=(
            Setting("client_id", "text", required=True, help="the app's client id"),
            Setting("client_secret", "secret", required=True, help="the app's client secret"),
            Setting("refresh_token", "secret", required=True, help="replaced by QuickBooks: keep it in the keyring"),
            Setting("realm", "text", required=True, help="the company's id (realm id)"),
            Setting("token_url", default=_TOKENS, help="where tokens come from"),
            Setting("accounts", "table", help='"Advertising" = { function = "marketing", kind = "programme" }'),
            Setting("classes", "table", help="the same by class; it has the last word"),
            Setting("departments", "table", help="the same by department (location)"),
            Setting("page_size", "int", default=1000, help="records a call, at most 1000"),
            Setting("minor_version", "int", default=75, help="version of QuickBooks' records"),
            *http_settings("https://quickbooks.api.intuit.com"),
        ),
        needs=("http",),
        scopes=("com.intuit.quickbooks.accounting",),
    )  # fmt: skip

    def check(self, ctx: Context) -> Check:
        """Whether the books can be opened, and whose they are."""
        return Check(ok=True, message=f"The books of {connect(ctx).company() or 'an unnamed company'} can be read.")

    def discover(self, ctx: Context) -> Sequence[Stream]:  # noqa: ARG002 - the streams are the same for every company
        """The streams."""
        common: dict[str, Any] = {
            "primary_key": ("Id",), "cursor": "MetaData.LastUpdatedTime", "granularity": "second", "lookback": _LOOKBACK,
            "delete_mode": "tombstone",
        }  # fmt: skip
        return [
            Stream("customers", ("organization", "person"), about="customers, also inactive ones", **common),
            Stream("items", ("product",), about="products and services", **common),
            Stream("invoices", ("invoice", "invoice_line"), about="invoices and sales receipts", **common),
            Stream("payments", ("payment",), about="payments", **common),
            Stream("credits", ("credit_note", "refund"), about="credit memos and refund receipts", **common),
            Stream("expenses", ("expense",), about="purchases, bills, vendor credits, journal entries", **common),
        ]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Everything new in a stream."""
        books = connect(ctx)
        match stream.name:
            case "customers":
                return read(ctx, books, stream, state, customers.CUSTOMERS)
            case "items":
                return read(ctx, books, stream, state, customers.ITEMS)
            case "invoices":
                return _invoices(ctx, books, stream, state)
            case "payments":
                return read(ctx, books, stream, state, sales.PAYMENTS)
            case "credits":
                return read(ctx, books, stream, state, sales.CREDITS)
            case "expenses":
                return expenses.read_expenses(ctx, books, stream, state)
        return ()

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record."""
        match stream:
            case "customers":
                return customers.customer_rows(record, mapping)
            case "items":
                return customers.item_rows(record, mapping)
            case "invoices":
                return sales.invoice_rows(record, mapping)
            case "payments":
                return sales.payment_rows(record, mapping)
            case "credits":
                return sales.credit_rows(record, mapping)
            case "expenses":
                return expenses.expense_rows(record, mapping)
        raise BadRecord(f"there is no stream {stream}", code="REV-507")

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG002 - one address for every company
        """QuickBooks' own pages; they open the company the reader is signed in to."""
        base = "https://qbo.intuit.com/app"
        return {"organization": f"{base}/customerdetail?nameId={{id}}", "invoice": f"{base}/invoice?txnId={{id}}"}


def _invoices(ctx: Context, books: Books, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    odd: list[str] = []

    def prepare(entity: str, record: Record) -> Mapping[str, Any]:
        if sales.odd(record):
            odd.append(str(record.get("DocNumber") or record["Id"]))
        return {"entity": entity, "record": record}

    yield from read(ctx, books, stream, state, replace(sales.INVOICES, prepare=prepare))
    if odd:
        yield Log(
            f"The lines of {len(odd)} invoices do not add up to their totals: {', '.join(odd[:_SHOWN])}."
            " Their revenue is what the lines say.", "warning",
        )  # fmt: skip
