"""A small HubSpot on this machine: records with history, an index that lags, pages and limits as the real ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, ClassVar

from revalign_hubspot import HubSpotConnector
from revalign_hubspot.streams.companies import COMPANIES
from revalign_hubspot.streams.contacts import CONTACTS
from revalign_hubspot.streams.deals import DEALS
from revalign_udf.testing import Answer, Call, Vendor
from revalign_udf.testing.pulling import Ground

START = datetime(2026, 1, 1, tzinfo=UTC)
SINGULAR = {"companies": "company", "contacts": "contact", "deals": "deal", "tickets": "ticket"}
KINDS = (
    "companies contacts deals tickets line_items products feedback_submissions calls meetings emails"
).split()  # fmt: skip
Record = dict[str, Any]


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class HubSpotVendor(Vendor):
    connector = HubSpotConnector()
    page_size = 50
    main = "companies"
    table = "organization"
    cap = 400
    now: ClassVar[datetime | None] = datetime(2026, 3, 1, tzinfo=UTC)

    def __init__(self) -> None:
        super().__init__()
        self.clock = START
        self.ground: Ground | None = None
        self.records: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self.next_id = 101
        self.custom_names: dict[str, set[str]] = {kind: set() for kind in KINDS}
        self.lagging = False
        self.token = ""
        self.tokens: list[str] = []
        self.missing_scopes: set[str] = set()
        self.associations_per_page = 500
        self.shared_second: datetime | None = None
        self.owners: list[Record] = []
        self.emails: list[Record] = []
        self.events: list[Record] = []
        self.forms: list[Record] = []
        self.submissions: dict[str, list[Record]] = {}
        self.lifecycle = [
            ("subscriber", "Subscriber"), ("lead", "Lead"), ("marketingqualifiedlead", "Marketing Qualified Lead"),
            ("salesqualifiedlead", "Sales Qualified Lead"), ("opportunity", "Opportunity"), ("customer", "Customer"),
            ("evangelist", "Evangelist"), ("other", "Other"),
        ]  # fmt: skip
        self.pipelines = {
            "deals": [_pipeline("default", "Sales Pipeline", [
                _stage("appointmentscheduled", "Appointment scheduled", 0, isClosed="false", probability="0.2"),
                _stage("contractsent", "Contract sent", 1, isClosed="false", probability="0.9"),
                _stage("closedwon", "Closed won", 2, isClosed="true", probability="1.0"),
                _stage("closedlost", "Closed lost", 3, isClosed="true", probability="0.0"),
            ])],
            "tickets": [_pipeline("0", "Support Pipeline", [
                _stage("1", "New", 0, ticketState="OPEN", isClosed="false"),
                _stage("4", "Closed", 3, ticketState="CLOSED", isClosed="true"),
            ])],
        }  # fmt: skip
        self.api.authorize = self._authorized
        self._routes()

    # -- handles of the contract suite

    def settings(self) -> dict[str, Any]:
        return {
            "client_id": "app-1", "client_secret": "hs-client-secret", "refresh_token": "hs-refresh-token",
            "base_url": self.api.base_url, "calls_per_second": 0.0, "portal_id": "4711", "lookback": 30,
        }  # fmt: skip

    def secrets(self) -> list[str]:
        return ["hs-client-secret", "hs-refresh-token", *self.tokens]

    def fill(self, count: int) -> list[str]:
        keys = []
        for _ in range(count):
            number = self.next_id
            keys.append(self.add("companies", {"name": f"Company {number}", "domain": f"c{number}.example"}))
        return keys

    def change(self, key: str) -> None:
        self.set("companies", key, name=f"Changed {self.clock:%H%M%S}")

    def same_second(self, count: int) -> list[str]:
        if self.shared_second is None:
            self.tick(60)
            self.shared_second = self.clock
        return [self.add("companies", {"name": f"Twin {self.next_id}"}, at=self.shared_second) for _ in range(count)]

    def remove(self, key: str) -> None:
        for kind in KINDS:
            if key in self.records[kind]:
                self.archive(kind, key)

    def merge(self, gone: str, stays: str) -> None:
        record = self.records["companies"][stays]
        before = record["properties"].get("hs_merged_object_ids")
        self.set("companies", stays, hs_merged_object_ids=f"{before};{gone}" if before else gone)
        del self.records["companies"][gone]

    def custom(self, key: str, value: str) -> str:
        self.custom_names["companies"].add("stripe_customer_id")
        self.set("companies", key, stripe_customer_id=value)
        return "stripe_customer_id"

    def stage(self, name: str) -> None:
        self.add("contacts", {"email": "stage@c.example", "lifecyclestage": name})

    def money(self) -> tuple[str, str, str]:
        company = self.add("companies", {"name": "Yen KK"})
        key = self.add(
            "deals", {"amount": "500000", "deal_currency_code": "JPY", "dealstage": "contractsent", "pipeline": "default"},
            companies=[company],
        )  # fmt: skip
        return "opportunity", key, "500000"

    def throttle_in_body(self) -> None:
        said = {"status": "error", "message": "You have reached your secondly limit.", "errorType": "RATE_LIMIT"}
        self.api.faults.add("GET /crm/v3/objects", json=said)

    def expire(self) -> None:
        self.token = ""

    # -- what a test writes

    def tick(self, seconds: float = 1) -> datetime:
        self.clock += timedelta(seconds=seconds)
        return self.clock

    def add(self, kind: str, properties: dict[str, str], *, at: datetime | None = None, **links: list[str]) -> str:
        """A new record; ``links`` are associations by kind, the first company is the primary one."""
        moment = at or self.tick()
        key = str(self.next_id)
        self.next_id += 1
        record: Record = {
            "id": key, "created": moment, "modified": moment, "indexed": moment, "archived": None, "links": links,
            "properties": {}, "history": {},
        }  # fmt: skip
        self.records[kind][key] = record
        self._write(record, {"createdate": iso(moment), "hs_createdate": iso(moment), **properties}, moment)
        record["indexed"] = None if self.lagging else moment
        return key

    def set(self, kind: str, key: str, *, at: datetime | None = None, **properties: str) -> None:
        """Change properties; without a moment a minute after everything."""
        record = self.records[kind][key]
        record["modified"] = at or self.tick(60)
        self._write(record, properties, record["modified"])
        if not self.lagging:
            record["indexed"] = record["modified"]

    def _write(self, record: Record, properties: dict[str, str], moment: datetime) -> None:
        for name, value in properties.items():
            record["properties"][name] = value
            told = record["history"].setdefault(name, [])
            told.insert(0, {"value": value, "timestamp": iso(moment), "sourceType": "CRM_UI", "sourceId": "userId:1"})

    def link(self, kind: str, key: str, **links: list[str]) -> None:
        """Change associations, which changes the record too."""
        self.records[kind][key]["links"] |= links
        self.set(kind, key)

    def archive(self, kind: str, key: str) -> None:
        self.records[kind][key]["archived"] = self.tick(60)

    def forget(self, kind: str, key: str) -> None:
        """A privacy deletion: as if it had never been."""
        self.tick(60)
        del self.records[kind][key]

    def settle(self) -> None:
        """The search index catches up."""
        self.lagging = False
        for found in self.records.values():
            for record in found.values():
                record["indexed"] = record["modified"]

    # -- the API

    def _authorized(self, call: Call) -> bool:
        return call.path == "/oauth/v1/token" or call.headers.get("Authorization") == f"Bearer {self.token}"

    def _answer(self, body: Any, status: int = 200) -> Answer:
        return Answer(status, body, headers={"Date": format_datetime(self.clock, usegmt=True)})

    def _error(self, status: int, message: str, category: str = "VALIDATION_ERROR") -> Answer:
        return self._answer(
            {"status": "error", "message": message, "correlationId": "c0ffee00-0000-4000-8000-000000000000",
             "category": category}, status,
        )  # fmt: skip

    def _routes(self) -> None:
        api = self.api
        kinds = "|".join(KINDS)
        for method, path, handler in (
            ("POST", "/oauth/v1/token", self._tokens),
            ("GET", "/account-info/v3/details", self._account),
            ("GET", f"/crm/v3/objects/({kinds})", self._list),
            ("POST", f"/crm/v3/objects/({kinds})/batch/read", self._batch),
            ("POST", f"/crm/v3/objects/({kinds})/search", self._search),
            ("GET", f"/crm/v3/objects/({kinds})/([0-9]+)/associations/([a-z_]+)", self._association_pages),
            ("POST", f"/crm/v3/associations/({kinds})/({kinds})/batch/read", self._associations),
            ("GET", f"/crm/v3/properties/({kinds})", self._properties),
            ("GET", "/crm/v3/pipelines/(deals|tickets)", lambda call: self._answer({"results": self.pipelines[call.match[1]]})),
            ("GET", "/crm/v3/owners", self._owners),
            ("GET", "/marketing/v3/emails/", self._marketing_emails),
            ("GET", "/email/public/v1/events", self._email_events),
            ("GET", "/marketing/v3/forms/", lambda _call: self._answer({"results": self.forms})),
            ("GET", "/form-integrations/v1/submissions/forms/([^/]+)", self._form_submissions),
        ):  # fmt: skip
            api.route(method, path)(handler)

    def _tokens(self, call: Call) -> Answer:
        wanted = ("refresh_token", "app-1", "hs-client-secret", "hs-refresh-token")
        if (
            tuple(call.form.get(name) for name in ("grant_type", "client_id", "client_secret", "refresh_token"))
            != wanted
        ):
            return self._answer({"error": "invalid_grant", "message": "refresh token is invalid"}, 400)
        self.token = f"hs-access-{len(self.tokens) + 1}"
        self.tokens.append(self.token)
        return self._answer({"access_token": self.token, "refresh_token": "hs-refresh-token", "expires_in": 1800})

    def _account(self, _call: Call) -> Answer:
        return self._answer({"portalId": 4711, "timeZone": "US/Eastern", "companyCurrency": "USD"})

    def _shown(self, record: Record, properties: list[str], history: list[str], kind: str = "") -> Record:
        modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        own = {**record["properties"], modified: iso(record["modified"]), "hs_object_id": record["id"]}
        names = {"createdate", modified, "hs_object_id", *properties, *history}
        shown: Record = {
            "id": record["id"],
            "properties": {name: own.get(name) for name in sorted(names)},
            "createdAt": iso(record["created"]),
            "updatedAt": iso(record["modified"]),
            "archived": record["archived"] is not None,
        }
        if record["archived"]:
            shown["archivedAt"] = iso(record["archived"])
        if history:
            most = 45 if kind == "contacts" else 20
            shown["propertiesWithHistory"] = {name: record["history"].get(name, [])[:most] for name in history}
        return shown

    def _linked(self, kind: str, record: Record, other: str) -> list[Record]:
        found = []
        for place, key in enumerate(record["links"].get(other, ())):
            name = f"{SINGULAR.get(kind, kind)}_to_{SINGULAR.get(other, other)}"
            if other == "companies":
                if place == 0:
                    found.append({"id": key, "type": name})
                found.append({"id": key, "type": f"{name}_unlabeled"})
            else:
                found.append({"id": key, "type": name})
        return found

    def _list(self, call: Call) -> Answer:
        kind, query = call.match[1], call.query
        if kind in self.missing_scopes:
            return self._error(403, "This app hasn't been granted all required scopes.", "MISSING_SCOPES")
        history = _names(call, "propertiesWithHistory")
        limit, most = int(query.get("limit", 10)), 50 if history else 100
        if limit > most:
            return self._error(400, f"limit must be at most {most}")
        archived = query.get("archived") == "true"
        found = sorted(
            (one for one in self.records[kind].values() if (one["archived"] is not None) == archived
             and int(one["id"]) > int(query.get("after", 0))),
            key=lambda one: int(one["id"]),
        )  # fmt: skip
        properties = _names(call, "properties")
        results = []
        for record in found[:limit]:
            shown = self._shown(record, properties, history, kind)
            for other in _names(call, "associations"):
                linked = self._linked(kind, record, other)
                if linked:
                    shown.setdefault("associations", {})[other] = self._paged(linked)
            results.append(shown)
        body: Record = {"results": results}
        if len(found) > limit:
            body["paging"] = {"next": {"after": results[-1]["id"], "link": "https://api.hubapi.com/next"}}
        return self._answer(body)

    def _paged(self, linked: list[Record], start: int = 0) -> Record:
        end = start + self.associations_per_page
        body: Record = {"results": linked[start:end]}
        if end < len(linked):
            body["paging"] = {"next": {"after": str(end), "link": "https://api.hubapi.com/next"}}
        return body

    def _association_pages(self, call: Call) -> Answer:
        kind, key, other = call.match[1], call.match[2], call.match[3]
        linked = self._linked(kind, self.records[kind][key], other)
        return self._answer(self._paged(linked, int(call.query.get("after", 0))))

    def _batch(self, call: Call) -> Answer:
        kind, body = call.match[1], call.json
        history = body.get("propertiesWithHistory") or []
        if len(body["inputs"]) > (50 if history else 100):
            return self._error(400, "too many inputs")
        live = [one for one in self.records[kind].values() if one["archived"] is None]
        by = body.get("idProperty")
        index = {(one["properties"].get(by, "").lower() if by else one["id"]): one for one in live}
        found, missing = [], []
        for one in body["inputs"]:
            record = index.get(one["id"].lower())
            if record is None:
                missing.append(one["id"])
            else:
                found.append(self._shown(record, body.get("properties") or [], history, kind))
        return self._many(found, missing)

    def _many(self, results: list[Record], missing: list[str]) -> Answer:
        moment = iso(self.clock)
        body: Record = {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
        if not missing:
            return self._answer(body)
        body["numErrors"] = 1
        body["errors"] = [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects",
                           "context": {"ids": missing}, "errors": [], "links": {}}]  # fmt: skip
        return self._answer(body, 207)

    def _associations(self, call: Call) -> Answer:
        kind, other = call.match[1], call.match[2]
        results, missing = [], []
        for one in call.json["inputs"]:
            record = self.records[kind].get(one["id"])
            linked = self._linked(kind, record, other) if record else []
            if linked:
                page = self._paged(linked)
                shown: Record = {"from": {"id": one["id"]}, "to": page["results"]}
                if "paging" in page:
                    shown["paging"] = page["paging"]
                results.append(shown)
            else:
                missing.append(one["id"])
        return self._many(results, missing)

    def _search(self, call: Call) -> Answer:
        kind, body = call.match[1], call.json
        after, limit = int(body.get("after") or 0), int(body["limit"])
        if limit > 200:
            return self._error(400, "limit must be at most 200")
        if after + limit > self.cap:
            return self._error(400, "The paging offset is too high: only the first results can be read")
        modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        rows = []
        for record in self.records[kind].values():
            if record["archived"] is not None or record["indexed"] is None:
                continue
            values = {modified: int(record["indexed"].timestamp() * 1000), "hs_object_id": int(record["id"])}
            if all(_fits(values[one["propertyName"]], one) for one in body["filterGroups"][0]["filters"]):
                rows.append((values[body["sorts"][0]], int(record["id"]), record))
        rows.sort(key=lambda row: row[:2])
        results = []
        for _, _, record in rows[after : after + limit]:
            shown = self._shown(record, body.get("properties") or [], [], kind)
            shown["properties"][modified] = iso(record["indexed"])
            results.append(shown)
        answer: Record = {"total": len(rows), "results": results}
        if after + limit < len(rows):
            answer["paging"] = {"next": {"after": str(after + limit), "link": "https://api.hubapi.com/next"}}
        return self._answer(answer)

    def _properties(self, call: Call) -> Answer:
        kind = call.match[1]
        if kind in self.missing_scopes:
            return self._error(403, "This app hasn't been granted all required scopes.", "MISSING_SCOPES")
        results = [_property("createdate", "datetime", own=False)]
        results += [_property(name, "string", own=True) for name in sorted(self.custom_names[kind])]
        if kind == "contacts":
            options = [
                {"value": value, "label": label, "displayOrder": n, "hidden": False}
                for n, (value, label) in enumerate(self.lifecycle)
            ]
            results.append({**_property("lifecyclestage", "enumeration", own=False), "options": options})
        return self._answer({"results": results})

    def _owners(self, call: Call) -> Answer:
        archived = call.query.get("archived") == "true"
        found = [one for one in self.owners if one["archived"] == archived]
        start, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 100))
        body: Record = {"results": found[start : start + limit]}
        if start + limit < len(found):
            body["paging"] = {"next": {"after": str(start + limit), "link": "https://api.hubapi.com/next"}}
        return self._answer(body)

    def _marketing_emails(self, call: Call) -> Answer:
        archived = call.query.get("archived") == "true"
        found = [one for one in self.emails if one["archived"] == archived]
        return self._answer({"total": len(found), "results": found})

    def _email_events(self, call: Call) -> Answer:
        query = call.query
        first, end = int(query.get("startTimestamp", 0)), int(query.get("endTimestamp", 2**60))
        found = sorted((one for one in self.events if first <= one["created"] < end), key=lambda one: -one["created"])
        start, limit = int(query.get("offset", 0)), 3
        more = start + limit < len(found)
        return self._answer({"events": found[start : start + limit], "hasMore": more, "offset": str(start + limit)})

    def _form_submissions(self, call: Call) -> Answer:
        found = sorted(self.submissions.get(call.match[1], []), key=lambda one: -one["submittedAt"])
        start, limit = int(call.query.get("after", 0)), 2
        body: Record = {"results": found[start : start + limit]}
        if start + limit < len(found):
            body["paging"] = {"next": {"after": str(start + limit)}}
        return self._answer(body)


class _Narrow(HubSpotConnector):
    """The streams that the rules of the contract suite are about; the tests beside it read all of them."""

    kinds = (COMPANIES, CONTACTS, DEALS)
    others = ()


class CoreVendor(HubSpotVendor):
    """For the contract suite."""

    connector = _Narrow()

    def __init__(self) -> None:
        super().__init__()
        for number in range(101):  # three pages of old contacts
            self.add("contacts", {"email": f"old{number}@c.example"}, at=START)


def _names(call: Call, parameter: str) -> list[str]:
    """Names with commas between them, or the parameter as often as there are names: HubSpot takes both."""
    return [name for text in call.queries.get(parameter, ()) for name in text.split(",") if name]


def _fits(value: int, one: Record) -> bool:
    wanted = int(one["value"])
    return {"GTE": value >= wanted, "GT": value > wanted, "EQ": value == wanted}[one["operator"]]


def _stage(key: str, label: str, order: int, **metadata: str) -> Record:
    return {
        "id": key, "label": label, "displayOrder": order, "metadata": metadata, "archived": False,
        "createdAt": iso(START), "updatedAt": iso(START),
    }  # fmt: skip


def _pipeline(key: str, label: str, stages: list[Record]) -> Record:
    return {
        "id": key, "label": label, "displayOrder": 0, "stages": stages, "archived": False,
        "createdAt": iso(START), "updatedAt": iso(START),
    }  # fmt: skip


def _property(name: str, kind: str, *, own: bool) -> Record:
    return {
        "name": name, "label": name, "type": kind, "fieldType": "text", "groupName": "information", "description": "",
        "options": [], "hubspotDefined": not own, "archived": False, "calculated": False,
    }  # fmt: skip
