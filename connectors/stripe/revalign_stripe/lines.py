"""What an invoice line says, in the form of the pinned version and in older ones (payloads of old events, plans)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revalign_stripe.pricing import reference

__all__ = ["LineFacts", "facts_of"]


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line; amounts in minor units, times in seconds."""

    amount: int
    discount: int
    """what discounts take off this line"""
    inclusive_tax: int
    """tax that ``amount`` holds"""
    subscription: str
    item: str
    """subscription item; empty for other lines"""
    from_item: bool
    """made from a subscription item, not from an invoice item"""
    price: str
    price_object: Mapping[str, Any] | None
    product: str
    quantity: str
    proration: bool
    credited: bool
    """gives back what was billed before"""
    metered: bool
    period: tuple[int, int] | None

    @property
    def net(self) -> int:
        """Without tax, after discounts."""
        return self.amount - self.discount - self.inclusive_tax


def facts_of(line: Mapping[str, Any], invoice: Mapping[str, Any]) -> LineFacts:
    """Read a line."""
    parent = line.get("parent") or {}
    own = parent.get("subscription_item_details") or {}
    other = parent.get("invoice_item_details") or {}
    details = (line.get("pricing") or {}).get("price_details") or {}
    embedded = next((one for one in (details.get("price"), line.get("price"), line.get("plan"))
                     if isinstance(one, Mapping)), None)  # fmt: skip
    price = reference(details.get("price") or line.get("price") or line.get("plan"))
    rhythm = ((embedded or {}).get("recurring") or embedded or {}) if embedded else {}
    taxes = line.get("taxes")
    if taxes is None:
        taxes = [{**one, "tax_behavior": "inclusive" if one.get("inclusive") else "exclusive"}
                 for one in line.get("tax_amounts") or ()]  # fmt: skip
    period = line.get("period") or {}
    quantity = line.get("quantity_decimal")
    quantity = line.get("quantity") if quantity is None else quantity
    subscription = reference(own.get("subscription") or other.get("subscription") or line.get("subscription"))
    return LineFacts(
        int(line["amount"]),
        sum(int(one["amount"]) for one in line.get("discount_amounts") or ()),
        sum(int(one["amount"]) for one in taxes if one.get("tax_behavior") == "inclusive"),
        subscription or (reference(invoice.get("subscription")) if line.get("type") == "subscription" else ""),
        str(own.get("subscription_item") or line.get("subscription_item") or ""),
        bool(own) or line.get("type") == "subscription",
        price,
        embedded,
        reference(details.get("product") or (embedded or {}).get("product")),
        str(1 if quantity is None else quantity),
        bool(own.get("proration") or other.get("proration") or line.get("proration")),
        bool(((own.get("proration_details") or other.get("proration_details")) or {}).get("credited_items"))
        or int(line["amount"]) < 0,
        rhythm.get("usage_type") == "metered",
        (int(period["start"]), int(period["end"])) if period.get("start") is not None else None,
    )
