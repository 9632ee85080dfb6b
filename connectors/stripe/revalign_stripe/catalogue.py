"""Prices and coupons by id, each asked for once: lists cannot be expanded deep enough to hold them (four levels)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revalign_stripe.api import one
from revalign_udf.connector.http import Http

__all__ = ["Catalogue"]


class Catalogue:
    """What subscriptions refer to."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._prices: dict[str, Mapping[str, Any] | None] = {}
        self._coupons: dict[str, Mapping[str, Any] | None] = {}

    def price(self, key: str) -> Mapping[str, Any] | None:
        """A price with its tiers and its amounts in other currencies; None where Stripe does not know it."""
        if key not in self._prices:
            self._prices[key] = one(self._http, f"/v1/prices/{key}", {"expand[]": ["tiers", "currency_options"]})
        return self._prices[key]

    def coupon(self, key: str) -> Mapping[str, Any] | None:
        """A coupon with its products and its amounts in other currencies; None for one that was deleted."""
        if key not in self._coupons:
            wanted = {"expand[]": ["applies_to", "currency_options"]}
            self._coupons[key] = one(self._http, f"/v1/coupons/{key}", wanted)
        return self._coupons[key]

    def item(self, key: str) -> Mapping[str, Any] | None:
        """A subscription item with its discounts."""
        return one(self._http, f"/v1/subscription_items/{key}", {"expand[]": ["discounts.source.coupon"]})
