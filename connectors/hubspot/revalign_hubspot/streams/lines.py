"""Line items -> opportunity_line, products -> product."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from revalign_hubspot.api import Raw
from revalign_hubspot.kinds import Fields, Kind, associated, by_age, custom
from revalign_udf.connector import CanonicalRow, Log
from revalign_udf.connector.values import attrs, fill
from revalign_udf.errors import BadRecord

__all__ = ["LINE_ITEMS", "PRODUCTS", "months"]

_PERIOD = re.compile(r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?")
_NO_DEAL = "line items belong to no deal (quotes, invoices, carts) and are left out"


def _line(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    properties = record["properties"]
    deals = by_age(one for one, _ in associated(record, "deals"))
    fields: Fields = {
        "product_id": "hs_product_id",
        "quantity": "quantity",
        "amount": "amount",
        "recurring": lambda p: bool(p.get("recurringbillingfrequency")),
        "term_months": lambda p: months(p.get("hs_recurring_billing_period")),
    }
    row = fill(properties, fields, mapping, "line_items")
    if row.get("amount") is None:
        row["amount"] = _product(properties)
    more = [("name", properties.get("name")), ("currency", properties.get("hs_line_item_currency_code")),
            ("billing_frequency", properties.get("recurringbillingfrequency"))]  # fmt: skip
    row |= {"id": record["id"], "opportunity_id": deals[0]}
    yield "opportunity_line", attrs(row, properties, is_custom=custom(record), more=more)


def _product(properties: Mapping[str, Any]) -> str | None:
    """Price times quantity, exactly, where HubSpot has not put the net amount down; not where a discount would be lost."""
    if any(properties.get(name) not in (None, "", "0") for name in ("discount", "hs_discount_percentage")):
        return None
    try:
        found = Decimal(properties["price"]) * Decimal(properties.get("quantity") or "1")
    except (KeyError, TypeError, InvalidOperation):
        return None
    return format(found, "f")


def months(period: str | None) -> int | None:
    """An ISO 8601 length of time in months; None for one that is not in months or years.

    >>> months("P12M"), months("P1Y6M"), months("P30D"), months(None)
    (12, 18, None, None)
    """
    match = _PERIOD.fullmatch(period or "")
    if match is None or not match[0].removeprefix("P"):
        return None
    return 12 * int(match["years"] or 0) + int(match["months"] or 0)


def _product_row(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    properties = record["properties"]
    row = fill(properties, {"name": "name", "product_line": "hs_product_type"}, mapping, "products")
    if not row.get("name"):
        raise BadRecord(f"product {record['id']} has no name; name it in HubSpot")
    row["id"] = record["id"]
    more = [("sku", properties.get("hs_sku"))]
    yield "product", attrs(row, properties, is_custom=custom(record), more=more)


def _no_deal(record: Raw) -> str:
    return "" if list(associated(record, "deals")) else _NO_DEAL


def _closing(skipped: Mapping[str, int]) -> Iterable[Log]:
    return [Log(f"{count:,} {reason}.") for reason, count in skipped.items()]


LINE_ITEMS = Kind(
    name="line_items",
    tables=("opportunity_line",),
    map=_line,
    about="what was sold with a deal",
    scope="crm.objects.line_items.read",
    properties=(
        "name", "hs_product_id", "quantity", "price", "amount", "discount", "hs_discount_percentage",
        "recurringbillingfrequency", "hs_recurring_billing_period", "hs_line_item_currency_code",
    ),
    associations=("deals",),
    keyed=("opportunity_line",),
    optional=True,
    skip=_no_deal,
    closing=_closing,
)  # fmt: skip

PRODUCTS = Kind(
    name="products",
    tables=("product",),
    map=_product_row,
    about="the product library",
    scope="crm.objects.products.read",
    properties=("name", "hs_sku", "hs_product_type"),
    keyed=("product",),
    optional=True,
)
