"""A small QuickBooks Online: rotating refresh tokens, the query language as far as it goes, change data capture."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from revalign_quickbooks import QuickbooksConnector
from revalign_udf.testing import Call, Vendor
from revalign_udf.testing.pulling import Ground

START = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "intuit-client-secret-0001"
REALM = "4620816365"
LISTS = {"Customer", "Item", "Account"}
_SELECT = re.compile(
    r"select \* from (?P<entity>\w+)( where (?P<where>.*?))?( orderby (?P<order>[\w.]+))?"
    r"( startposition (?P<start>\d+) maxresults (?P<most>\d+))?"
)


class QuickbooksVendor(Vendor):
    """The fake, and the handles of the contract suite."""

    connector = QuickbooksConnector()
    page_size = 200
    main = "invoices"
    table = "invoice"
    now = START + timedelta(days=2)
    skips: ClassVar[Mapping[str, str]] = {
        "test_merged_is_linked": "QuickBooks tells merges of customers by webhook only; here the one that went is deleted",
        "test_an_unknown_stage_is_kept_and_reported": "books have no stages",
        "test_more_than_the_search_gives": "a query has no such limit",
        "test_instants_are_the_same_in_every_time_zone": "books know days, not moments: a day is the company's own",
    }

    def __init__(self) -> None:
        super().__init__()
        self.ground: Ground | None = None
        """a store that the tests of a module share"""
        self.clock = START
        self.records: dict[str, dict[str, dict[str, Any]]] = {}
        self.gone: list[tuple[str, str, datetime]] = []
        self.refresh = ["refresh-token-0001"]
        self.access = ["access-token-0001"]
        self.given: list[str] = []
        self.grace = True
        """a refresh token that was replaced is still taken for a day"""
        self.cdc_days = 30
        self.cdc_most = 1000
        self.shared_second: datetime | None = None
        self.api.authorize = lambda call: (
            call.path == "/oauth2/v1/tokens/bearer" or call.headers.get("Authorization") == f"Bearer {self.access[-1]}"
        )
        self.api.route("POST", "/oauth2/v1/tokens/bearer")(self._token)
        self.api.route("GET", f"/v3/company/{REALM}/query")(self._query)
        self.api.route("GET", f"/v3/company/{REALM}/cdc")(self._cdc)

    # -- the contract's handles

    def settings(self) -> dict[str, Any]:
        return {
            "client_id": "client", "client_secret": SECRET, "refresh_token": self.refresh[-1], "realm": REALM,
            "token_url": "/oauth2/v1/tokens/bearer", "base_url": self.api.base_url, "page_size": self.page_size,
        }  # fmt: skip

    def secrets(self) -> Sequence[str]:
        return [SECRET, self.refresh[0], *self.given]

    def fill(self, count: int) -> list[str]:
        return [self.invoice() for _ in range(count)]

    def change(self, key: str) -> None:
        self.put("Invoice", {**self.records["Invoice"][key], "DueDate": "2026-03-31"})

    def same_second(self, count: int) -> list[str]:
        self.shared_second = self.shared_second or self.tick()
        return [self.invoice(at=self.shared_second) for _ in range(count)]

    def remove(self, key: str) -> None:
        self.delete("Invoice", key)

    def custom(self, key: str, value: str) -> str:
        field = {"DefinitionId": "1", "Name": "Sales rep", "Type": "StringType", "StringValue": value}
        self.put("Invoice", {**self.records["Invoice"][key], "CustomField": [field]})
        return "Sales rep"

    def money(self) -> tuple[str, str, str]:
        return "invoice", self.invoice(500, currency="JPY"), "500"

    def throttle_in_body(self) -> None:
        fault = {"Error": [{"Message": "ThrottleExceeded", "Detail": "Too many", "code": "003001"}], "type": "SERVICE"}
        self.api.faults.add("GET /v3", json={"Fault": fault, "time": self.clock.isoformat()})

    def expire(self) -> None:
        self.access.append(f"access-token-{len(self.access) + 1:04}")

    # -- records

    def tick(self, seconds: int = 1) -> datetime:
        self.clock += timedelta(seconds=seconds)
        return self.clock

    def put(self, entity: str, record: dict[str, Any], at: datetime | None = None) -> str:
        at = at or self.tick()
        # QuickBooks writes the company's own offset
        local = at.astimezone(UTC) - timedelta(hours=8)
        text = f"{local:%Y-%m-%dT%H:%M:%S}-08:00"
        kept = self.records.setdefault(entity, {})
        key = str(record.get("Id") or sum(len(one) for one in self.records.values()) + len(self.gone) + 1)
        created = record.get("MetaData", {}).get("CreateTime", text)
        kept[key] = {
            "domain": "QBO", "sparse": False, "Id": key, "SyncToken": "0", **record,
            "MetaData": {"CreateTime": created, "LastUpdatedTime": text},
        }  # fmt: skip
        kept[key]["Id"] = key
        return key

    def delete(self, entity: str, key: str) -> None:
        del self.records[entity][key]
        self.gone.append((entity, key, self.tick()))

    def invoice(self, amount: int = 100, *, at: datetime | None = None, currency: str = "USD", **more: Any) -> str:
        if not self.records.get("Customer"):
            self.put("Customer", {"DisplayName": "Acme", "Active": True})
        lines = more.pop("lines", [item_line(1, amount), subtotal(amount)])
        return self.put(
            "Invoice",
            {
                "TxnDate": "2026-01-01", "DueDate": "2026-01-31", "CustomerRef": {"value": "1", "name": "Acme"},
                "CurrencyRef": {"value": currency}, "Line": lines, "TotalAmt": amount, "Balance": amount, **more,
            },
            at,
        )  # fmt: skip

    # -- the API

    def _token(self, call: Call) -> Any:
        pair = base64.b64encode(f"client:{SECRET}".encode()).decode()
        if call.headers.get("Authorization") != f"Basic {pair}":
            return 401, {"error": "invalid_client"}
        usable = self.refresh if self.grace else self.refresh[-1:]
        if call.form.get("refresh_token") not in usable:
            return 400, {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
        self.refresh.append(f"refresh-token-{len(self.refresh) + 1:04}")
        self.given += [self.refresh[-1], self.access[-1]]
        return {
            "access_token": self.access[-1], "refresh_token": self.refresh[-1], "token_type": "bearer",
            "expires_in": 3600, "x_refresh_token_expires_in": 8726400,
        }  # fmt: skip

    def _query(self, call: Call) -> Any:
        asked = _SELECT.fullmatch(call.query["query"])
        if asked is None:
            return 400, self._fault("Error parsing query", call.query["query"], "4000")
        entity = asked["entity"]
        if entity == "CompanyInfo":
            return self._answer({"CompanyInfo": [{"Id": "1", "CompanyName": "Example Books"}]})
        found = list(self.records.get(entity, {}).values())
        active = False
        for condition in (asked["where"] or "").split(" and ") if asked["where"] else ():
            if since := re.fullmatch(r"MetaData\.LastUpdatedTime >= '([^']+)'", condition):
                moment = datetime.fromisoformat(since[1])
                found = [one for one in found if _changed(one) >= moment]
            elif condition == "Active IN (true, false)" and entity in LISTS:
                active = True
            else:
                return 400, self._fault("Property not found", condition, "4001")
        if entity in LISTS and not active:
            found = [one for one in found if one.get("Active", True)]
        if asked["order"]:
            found.sort(key=lambda one: (_changed(one), one["Id"]))
        start, most = int(asked["start"] or 1), int(asked["most"] or 100)
        assert most <= 1000
        page = found[start - 1 : start - 1 + most]
        return self._answer({entity: page, "startPosition": start, "maxResults": len(page)} if page else {})

    def _cdc(self, call: Call) -> Any:
        since = datetime.fromisoformat(call.query["changedSince"])
        if self.clock - since > timedelta(days=self.cdc_days):
            return 400, self._fault("Validation", "changedSince is more than 30 days ago", "2010")
        answers = []
        for entity in call.query["entities"].split(","):
            found = [one for one in self.records.get(entity, {}).values() if _changed(one) >= since]
            found += [
                {"domain": "QBO", "status": "Deleted", "Id": key}
                for kind, key, at in self.gone
                if kind == entity and at >= since
            ]
            found = found[: self.cdc_most]
            answers.append({entity: found, "startPosition": 1, "maxResults": len(found)} if found else {})
        return {"CDCResponse": [{"QueryResponse": answers}], "time": self.clock.isoformat()}

    def _answer(self, found: dict[str, Any]) -> dict[str, Any]:
        return {"QueryResponse": found, "time": self.clock.isoformat()}

    def _fault(self, message: str, detail: str, code: str) -> dict[str, Any]:
        return {"Fault": {"Error": [{"Message": message, "Detail": detail, "code": code}], "type": "ValidationFault"}}


def _changed(record: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(record["MetaData"]["LastUpdatedTime"])


def item_line(number: int, amount: float, item: str = "1", **more: Any) -> dict[str, Any]:
    """A sold item."""
    return {
        "Id": str(number), "LineNum": number, "Amount": amount, "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": amount}, **more,
    }  # fmt: skip


def subtotal(amount: float) -> dict[str, Any]:
    """What the lines before it come to; it counts nothing."""
    return {"Amount": amount, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}


def expense_line(number: int, amount: float, account: str, **more: Any) -> dict[str, Any]:
    """A line of a purchase or a bill."""
    return {
        "Id": str(number), "Amount": amount, "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}, **more},
    }  # fmt: skip
