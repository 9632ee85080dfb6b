"""Stripe as the contract suite moves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from beside import load

from revalign_stripe import StripeConnector
from revalign_udf.testing import Vendor

fake = load(Path(__file__).with_name("fake_stripe.py"))


class StripeVendor(Vendor):
    connector = StripeConnector()
    page_size = 100
    main = "customers"
    table = "organization"
    now = datetime(2026, 2, 20, tzinfo=UTC)
    skips: ClassVar[Mapping[str, str]] = {
        "test_merged_is_linked": "Stripe does not merge customers",
        "test_an_unknown_stage_is_kept_and_reported": "Stripe knows no stages",
        "test_an_error_in_the_body_is_an_error": "Stripe says what is wrong with an HTTP status, never in a reply of 200",
        "test_a_token_that_expires_midway_is_renewed": "a key of Stripe holds until somebody withdraws it",
        "test_more_than_the_search_gives": "lists of Stripe have no end; its search is not used",
    }

    def __init__(self) -> None:
        super().__init__()
        self.stripe = fake.FakeStripe()
        self.api.close()
        self.api = self.stripe.api

    def settings(self) -> dict[str, Any]:
        return {"api_key": fake.KEY, "base_url": self.api.base_url}

    def secrets(self) -> Sequence[str]:
        return [fake.KEY]

    def fill(self, count: int) -> list[str]:
        found = []
        for _ in range(count):
            self.stripe.now += 1
            number = self.stripe.now - fake.START
            found.append(self.stripe.customer(f"Customer {number}", f"ann@customer{number}.example"))
        return found

    def change(self, key: str) -> None:
        self.stripe.now += 60
        self.stripe.update("customer", key, name=f"Changed at {self.stripe.now}")

    def same_second(self, count: int) -> list[str]:
        if not hasattr(self, "_second"):
            self._second = self.stripe.now + 60
        self.stripe.now = self._second
        return [self.stripe.customer(f"Twin {n}", None) for n in range(count)]

    def remove(self, key: str) -> None:
        self.stripe.now += 60
        self.stripe.delete("customer", key)

    def custom(self, key: str, value: str) -> str:
        self.stripe.now += 60
        self.stripe.update("customer", key, metadata={"crm_account": value})
        return "crm_account"

    def money(self) -> tuple[str, str, str]:
        self.stripe.now += 60
        (customer,) = self.fill(1)
        invoice = self.stripe.invoice(customer, "jpy", [self.stripe.one_off(1500, "jpy")])
        return "invoice", invoice, "1500"
