"""A small Marketo: identity, leads and their exports, an activity log with paging tokens, programmes with costs."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, ClassVar

from revalign_marketo import MarketoConnector
from revalign_udf.testing import Answer, Call, Vendor
from revalign_udf.testing.pulling import Ground

START = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "marketo-client-secret-0001"
FIELDS = ("id", "email", "createdAt", "updatedAt", "firstName", "lastName", "company", "country", "leadSource", "leadStatus",
          "leadScore", "acquisitionProgramId", "originalSourceType", "Region__c")  # fmt: skip
#: numbers differ between subscriptions: this one deletes with 29, as a real one did
TYPES = {
    "Visit Webpage": 1, "Fill Out Form": 2, "Click Link": 3, "Send Email": 6, "Email Delivered": 7, "Email Bounced": 8,
    "Unsubscribe Email": 9, "Open Email": 10, "Click Email": 11, "New Lead": 12, "Change Data Value": 13,
    "Change Score": 22, "Email Bounced Soft": 27, "Delete Lead": 29, "Merge Leads": 32, "Change Revenue Stage": 101,
    "Change Status in Progression": 104,
}  # fmt: skip


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class MarketoVendor(Vendor):
    """The fake, and the handles of the contract suite."""

    connector = MarketoConnector()
    page_size = 300
    main = "leads"
    table = "lead"
    now = START + timedelta(days=20)
    skips: ClassVar[Mapping[str, str]] = {
        "test_a_page_repeated_for_ever_ends": "leads come as one file, which has no pages",
        "test_money_without_cents_is_exact": "Marketo names no currency; amounts are in the company's",
        "test_pages_are_handed_over_as_they_come": "leads come as one file, read in bounded memory",
        "test_more_than_the_search_gives": "an export has no such limit",
    }

    def __init__(self) -> None:
        super().__init__()
        self.ground: Ground | None = None
        """a store that the tests of a module share"""
        self.clock = START
        self.leads: dict[str, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []
        self.programmes: dict[int, dict[str, Any]] = {}
        self.campaigns: list[dict[str, Any]] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.tokens = ["token-0001"]
        self.given: list[str] = []
        self.updated_filter = True
        self.polls = 2
        self.shared_second: datetime | None = None
        self.api.route("GET", "/identity/oauth/token")(self._token)
        for method, path, handler in (
            ("GET", "/rest/v1/leads/describe.json", self._describe),
            ("POST", "/rest/v1/leads.json", self._by_id),
            ("GET", "/rest/v1/activities/types.json", self._types),
            ("GET", "/rest/v1/activities/pagingtoken.json", self._paging_token),
            ("GET", "/rest/v1/activities.json", self._activities),
            ("GET", "/rest/v1/activities/deletedleads.json", self._deleted),
            ("GET", "/rest/v1/campaigns.json", lambda call: self._ok(self.campaigns)),
            ("GET", "/rest/asset/v1/programs.json", self._programmes),
            (
                "GET",
                r"/rest/asset/v1/program/(\d+)\.json",
                lambda call: self._ok([self.programmes[int(call.match[1])]]),
            ),
            ("POST", "/bulk/v1/leads/export/create.json", self._create),
            ("POST", "/bulk/v1/leads/export/([^/]+)/enqueue.json", self._enqueue),
            ("GET", "/bulk/v1/leads/export/([^/]+)/status.json", self._status),
            ("GET", "/bulk/v1/leads/export/([^/]+)/file.json", self._file),
        ):
            self.api.route(method, path)(self._guarded(handler))

    # -- the contract's handles

    def settings(self) -> dict[str, Any]:
        return {"client_id": "client", "client_secret": SECRET, "base_url": self.api.base_url, "since": "2025-12-20"}

    def secrets(self) -> Sequence[str]:
        return [SECRET, *self.given]

    def fill(self, count: int) -> list[str]:
        return [self.lead() for _ in range(count)]

    def change(self, key: str) -> None:
        self.update(key, leadSource="Partner")

    def same_second(self, count: int) -> list[str]:
        self.shared_second = self.shared_second or self.tick()
        return [self.lead(at=self.shared_second) for _ in range(count)]

    def remove(self, key: str) -> None:
        del self.leads[key]
        self.activity("Delete Lead", key)

    def merge(self, gone: str, stays: str) -> None:
        del self.leads[gone]
        self.activity("Merge Leads", stays, attributes={"Merge IDs": f"[{gone}]", "Master Updated": True})

    def custom(self, key: str, value: str) -> str:
        self.update(key, Region__c=value)
        return "Region__c"

    def stage(self, name: str) -> None:
        self.activity("Change Data Value", next(iter(self.leads)), "Lead Status", attributes={"New Value": name})

    def throttle_in_body(self) -> None:
        self.api.faults.add(
            "GET /(rest|bulk)", json=self._error("606", "Max rate limit '100' exceeded with in '20' secs")
        )

    def expire(self) -> None:
        self.tokens.append(f"token-{len(self.tokens) + 1:04}")

    def revoke(self) -> None:
        self.api.faults.add(
            "/identity/", status=401, json={"error": "invalid_client", "error_description": "Bad client"}, times=10**9
        )
        self.expire()

    # -- records

    def tick(self, seconds: int = 1) -> datetime:
        self.clock += timedelta(seconds=seconds)
        return self.clock

    def lead(self, at: datetime | None = None, **more: Any) -> str:
        at = at or self.tick()
        key = str(1000 + len(self.leads) + len(self.log))
        self.leads[key] = {
            "id": int(key), "email": f"lead{key}@company{key}.example", "createdAt": iso(at), "updatedAt": iso(at),
            "firstName": "Ann", "company": f"Company {key}", "country": "DE", "leadSource": "Web", **more,
        }  # fmt: skip
        return key

    def update(self, key: str, **values: Any) -> None:
        self.leads[key] |= {**values, "updatedAt": iso(self.tick())}
        self.activity("Change Data Value", key, "Some Field", at=self.clock, attributes={"New Value": "x"})

    def activity(
        self, kind: str, lead: str, primary: str = "", primary_id: int = 0, *, at: datetime | None = None,
        campaign: int = 0, attributes: dict[str, Any] | None = None, **more: Any,
    ) -> str:  # fmt: skip
        key = str(len(self.log) + 1)
        one = {
            "id": int(key), "marketoGUID": key, "leadId": int(lead), "activityDate": iso(at or self.tick()),
            "activityTypeId": TYPES[kind], "primaryAttributeValue": primary, "primaryAttributeValueId": primary_id,
            "attributes": [{"name": name, "value": value} for name, value in (attributes or {}).items()], **more,
        }  # fmt: skip
        self.log.append(one | ({"campaignId": campaign} if campaign else {}))
        return key

    def programme(self, key: int, name: str, costs: Sequence[tuple[str, int]], **more: Any) -> None:
        self.programmes[key] = {
            "id": key, "name": name, "type": "Default", "channel": "Webinar", "status": "",
            "createdAt": f"{iso(self.tick())}+0000", "updatedAt": f"{iso(self.tick())}+0000",
            "costs": [{"startDate": day, "cost": cost} for day, cost in costs] or None, **more,
        }  # fmt: skip

    # -- the API

    def _guarded(self, handler: Any) -> Any:
        """Marketo answers 200 also where the token is wrong."""

        def guarded(call: Call) -> Any:
            if call.headers.get("Authorization") != f"Bearer {self.tokens[-1]}":
                return self._error("602", "Access token expired")
            return handler(call)

        return guarded

    def _token(self, call: Call) -> Any:
        if call.query.get("client_secret") != SECRET or call.query.get("grant_type") != "client_credentials":
            return 401, {"error": "unauthorized", "error_description": "No client with requested id"}
        self.given.append(self.tokens[-1])
        return {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 3599, "scope": "api@acme"}

    def _ok(self, result: Any, **more: Any) -> dict[str, Any]:
        body = {"requestId": "1#2", "success": True, **more}
        return body | ({"result": result} if result else {})

    def _error(self, code: str, message: str) -> dict[str, Any]:
        return {"requestId": "1#2", "success": False, "errors": [{"code": code, "message": message}]}

    def _describe(self, call: Call) -> Any:
        return self._ok([{"id": n, "displayName": name, "rest": {"name": name}} for n, name in enumerate(FIELDS)])

    def _types(self, call: Call) -> Answer:
        result = [{"id": number, "name": name} for name, number in TYPES.items()]
        body = json.dumps(self._ok(result)).encode()
        moment = format_datetime(self.clock + timedelta(seconds=30), usegmt=True)
        return Answer(body=body, headers={"Date": moment, "Content-Type": "application/json;charset=UTF-8"})

    def _by_id(self, call: Call) -> Any:
        wanted = call.form["filterValues"].split(",")
        assert len(wanted) <= 300
        fields = call.form["fields"].split(",")
        return self._ok([{name: self.leads[key].get(name) for name in fields} for key in wanted if key in self.leads])

    def _paging_token(self, call: Call) -> Any:
        since = call.query["sinceDatetime"]
        position = sum(one["activityDate"] < since for one in self.log)
        return {"requestId": "1#2", "success": True, "nextPageToken": f"P{position}===="}

    def _activities(self, call: Call) -> Any:
        types = [int(one) for one in call.query["activityTypeIds"].split(",")]
        if len(types) > 10:
            return self._error("1003", "activityTypeIds has more than 10 values")
        return self._logged(call, [one for one in self.log if one["activityTypeId"] != TYPES["Delete Lead"]], types)

    def _deleted(self, call: Call) -> Any:
        return self._logged(call, self.log, [TYPES["Delete Lead"]])

    def _logged(self, call: Call, log: list[dict[str, Any]], types: list[int]) -> Any:
        """300 entries of the log are looked at for each page: a page may be short, or empty, with more to come."""
        text = call.query["nextPageToken"]
        if not text.startswith("P"):
            return self._error("1077", "Invalid paging token")
        start = int(text[1:-4])
        found = [one for one in self.log[start : start + 300] if one in log and one["activityTypeId"] in types]
        after = min(start + 300, len(self.log))
        return self._ok(found, nextPageToken=f"P{after}====", moreResult=after < len(self.log))

    def _programmes(self, call: Call) -> Any:
        start, size = int(call.query.get("offset", 0)), int(call.query.get("maxReturn", 20))
        if size > 200:
            return self._error("701", "maxReturn cannot be above 200")
        listed = [{name: value for name, value in one.items() if name != "costs"} for one in self.programmes.values()]
        return self._ok(listed[start : start + size])

    def _create(self, call: Call) -> Any:
        ((by, window),) = call.json["filter"].items()
        if by == "updatedAt" and not self.updated_filter:
            return self._error("1035", "Unsupported filter type for target subscription")
        start, end = (datetime.fromisoformat(window[name]) for name in ("startAt", "endAt"))
        if end - start > timedelta(days=31):
            return self._error("1003", "The date range must be 31 days or fewer")
        key = f"job-{len(self.jobs) + 1}"
        self.jobs[key] = {"by": by, "start": iso(start), "end": iso(end), "fields": call.json["fields"], "left": self.polls,
                          "status": "Created"}  # fmt: skip
        return self._ok([{"exportId": key, "status": "Created", "format": "CSV"}])

    def _enqueue(self, call: Call) -> Any:
        self.jobs[call.match[1]]["status"] = "Queued"
        return self._ok([{"exportId": call.match[1], "status": "Queued"}])

    def _status(self, call: Call) -> Any:
        job = self.jobs.get(call.match[1])
        if job is None:
            return self._error("1029", "Export job not found") | {
                "errors": [{"code": "1006", "message": "Export not found"}]
            }
        if job["status"] == "Queued":
            job["left"] -= 1
            if job["left"] <= 0:
                job["status"], job["file"] = "Completed", self._exported(job)
        answer = {"exportId": call.match[1], "status": job["status"]}
        if "file" in job:
            answer |= {
                "fileSize": len(job["file"]),
                "fileChecksum": f"sha256:{hashlib.sha256(job['file']).hexdigest()}",
            }
        return self._ok([answer])

    def _exported(self, job: dict[str, Any]) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(job["fields"])
        for one in self.leads.values():
            if job["start"] <= one[job["by"]] <= job["end"]:
                writer.writerow(["null" if one.get(name) is None else one[name] for name in job["fields"]])
        return out.getvalue().encode()

    def _file(self, call: Call) -> Answer:
        body: bytes = self.jobs[call.match[1]]["file"]
        headers = {"Content-Type": "text/csv;charset=UTF-8"}
        if asked := call.headers.get("Range"):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            return Answer(
                206,
                body=body[start:],
                headers={**headers, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"},
            )
        return Answer(body=body, headers=headers)
