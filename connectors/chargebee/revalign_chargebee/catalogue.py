"""What subscriptions and invoices refer to: item prices, items, plans, addons and coupons, fetched by id when needed."""

from __future__ import annotations

from collections.abc import Iterable

from revalign_chargebee.api import PAGE, Record, Site, one_of
from revalign_chargebee.discounts import coupons_on

__all__ = ["Catalogue", "product_of"]

#: list -> the name its objects are wrapped in
_KINDS = {"item_prices": "item_price", "items": "item", "addons": "addon", "coupons": "coupon"}


class Catalogue:
    """Objects of the product catalogue by id. What was fetched is kept for one pull; what does not exist is remembered."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[str, dict[str, Record | None]] = {path: {} for path in _KINDS}

    def get(self, path: str, key: object) -> Record:
        """An object that was fetched before; empty where Chargebee does not have it."""
        return self._known[path].get(str(key)) or {}

    def coupons(self, subscription: Record) -> dict[str, Record]:
        """The coupons of a subscription that Chargebee has, by id."""
        keys = [str(entry["coupon_id"]) for entry in coupons_on(subscription)]
        return {key: found for key in keys if (found := self.get("coupons", key))}

    def fetch(self, path: str, keys: Iterable[object]) -> None:
        """Fetch the objects with these ids that are not known yet, a page at a time."""
        known = self._known[path]
        wanted = sorted({str(key) for key in keys if key not in (None, "")} - known.keys())
        for start in range(0, len(wanted), PAGE):
            part = wanted[start : start + PAGE]
            known.update(dict.fromkeys(part))
            for records, _ in self._site.listed(path, _KINDS[path], {"id[in]": one_of(part)}):
                known.update({str(record["id"]): record for record in records})

    def for_subscriptions(self, subscriptions: Iterable[Record]) -> None:
        """Fetch what these subscriptions refer to."""
        found = list(subscriptions)
        self.fetch("coupons", (entry.get("coupon_id") for one in found for entry in coupons_on(one)))
        self.for_prices(item.get("item_price_id") for one in found for item in one.get("subscription_items") or ())
        self.fetch("addons", (item.get("id") for one in found for item in one.get("addons") or ()))

    def for_prices(self, prices: Iterable[object]) -> None:
        """Fetch item prices and the items they belong to."""
        keys = [str(key) for key in prices if key]
        self.fetch("item_prices", keys)
        self.fetch("items", (self.get("item_prices", key).get("item_id") for key in keys))


def product_of(catalogue: Catalogue, entity_type: object, key: object) -> str | None:
    """The canonical product of an item price, a plan or an addon.

    With item prices a product is the item; in the older catalogue it is the plan, or ``addon:`` and the addon's id, as a
    plan and an addon may have the same.
    """
    if not key:
        return None
    if entity_type in ("plan", "plan_setup"):
        return str(key)
    if entity_type == "addon":
        return f"addon:{key}"
    if entity_type in ("plan_item_price", "addon_item_price", "charge_item_price"):
        item = catalogue.get("item_prices", key).get("item_id")
        return str(item) if item else None
    return None
