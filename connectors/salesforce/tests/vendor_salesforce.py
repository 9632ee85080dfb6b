"""The organization as the contract suite moves it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from beside import load

from revalign_salesforce import SalesforceConnector
from revalign_udf.testing import Vendor

_FAKE = load(Path(__file__).with_name("fake_salesforce.py"))
OBJECTS, START = _FAKE.OBJECTS, _FAKE.START


class SalesforceVendor(Vendor):
    connector = SalesforceConnector()
    page_size = 50
    main = "Account"
    table = "organization"
    now: ClassVar[datetime | None] = START + timedelta(days=40)
    skips: ClassVar[dict[str, str]] = {
        "test_an_error_in_the_body_is_an_error": "Salesforce says every error with a status of its own",
        "test_more_than_the_search_gives": "a query has no greatest number of results",
    }
    #: the objects of the contract suite: one of each kind of reader
    offers: ClassVar[tuple[str, ...]] = (
        "Account", "Opportunity", "OpportunityHistory", "OpportunityFieldHistory", "OpportunityStage",
    )  # fmt: skip
    bulk: ClassVar[str] = "auto"

    def __init__(self) -> None:
        super().__init__()
        self.org = _FAKE.FakeSalesforce(self.api, self.offers)
        self._second = ""
        if "OpportunityStage" in self.offers:
            for number, (name, won, closed) in enumerate(
                (("Prospecting", False, False), ("Proposal", False, False), ("Closed Won", True, True),
                 ("Closed Lost", False, True)), 1,
            ):  # fmt: skip
                self.org.add(
                    "OpportunityStage", ApiName=name, MasterLabel=name, IsWon=won, IsClosed=closed, SortOrder=number
                )

    def settings(self) -> dict[str, Any]:
        return {
            "base_url": self.api.base_url, "client_id": "consumer-key", "client_secret": "consumer-secret-1234",
            "refresh_token": "refresh-token-5678", "page_size": 50, "lookback": 60, "bulk": self.bulk,
        }  # fmt: skip

    def secrets(self) -> list[str]:
        return ["consumer-secret-1234", "refresh-token-5678", *self.org.handed]

    def fill(self, count: int) -> list[str]:
        keys = []
        for number in range(count):
            self.org.tick()
            keys.append(self.org.add("Account", Name=f"Company {number}", Website=f"https://c{number}.example/about"))
        return keys

    def change(self, key: str) -> None:
        self.org.tick(60)
        self.org.update("Account", key, Name=f"{self.org.data['Account'][key]['Name']} renamed")

    def same_second(self, count: int) -> list[str]:
        if not self._second:
            self._second = self.org.tick(60)
        keys = [self.org.add("Account", Name=f"Twin {number}") for number in range(count)]
        for key in keys:
            self.org.data["Account"][key]["SystemModstamp"] = self._second
        return keys

    def remove(self, key: str) -> None:
        self.org.tick(60)
        self.org.delete("Account", key)

    def merge(self, gone: str, stays: str) -> None:
        self.org.tick(60)
        self.org.delete("Account", gone, stays)
        self.org.update("Account", stays)

    def custom(self, key: str, value: str) -> str:
        self.org.add_field("Account", "Plan_Tier__c")
        self.org.tick(60)
        self.org.update("Account", key, Plan_Tier__c=value)
        return "Plan_Tier__c"

    def stage(self, name: str) -> None:
        self.org.tick(60)
        self.org.deal(AccountId=self.fill(1)[0], StageName=name)

    def money(self) -> tuple[str, str, str]:
        self.org.tick(60)
        key = self.org.deal(AccountId=self.fill(1)[0], Amount=500000.0, CurrencyIsoCode="JPY")
        return "opportunity", key, "500000"

    def throttle_in_body(self) -> None:
        told = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
        self.api.faults.add(json=told)

    def expire(self) -> None:
        self.org.expire()


class BulkVendor(SalesforceVendor):
    """The same through bulk jobs, in sets as small as the pages of the other way."""

    bulk: ClassVar[str] = "always"

    def __init__(self) -> None:
        super().__init__()
        self.org.set_size = self.page_size

    def throttle_in_body(self) -> None:
        self.api.faults.add("results", json=[{"message": "Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])


class WholeVendor(SalesforceVendor):
    """Every object the connector knows."""

    offers: ClassVar[tuple[str, ...]] = tuple(OBJECTS)


__all__ = ["BulkVendor", "SalesforceVendor", "WholeVendor"]
