"""A small Pipedrive on this machine, written from its published API reference: cursors, statuses, changes, options."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, ClassVar

from revalign_pipedrive import PipedriveConnector
from revalign_udf.testing import Answer, Call, Vendor

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TOKEN = "pd-token-0123456789abcdef"
Record = dict[str, Any]
KINDS = ("organizations", "persons", "products", "deals", "activities")


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class PipedriveVendor(Vendor):
    connector = PipedriveConnector()
    page_size = 40
    main = "deals"
    table = "opportunity"
    now: ClassVar[datetime | None] = START + timedelta(days=40)
    skips: ClassVar[dict[str, str]] = {
        "test_merged_is_linked": "Pipedrive does not tell into which record another one was merged",
        "test_an_unknown_stage_is_kept_and_reported": "Pipedrive lists every stage, and an open one is an opportunity",
        "test_more_than_the_search_gives": "a list has no greatest number of results",
        "test_a_token_that_expires_midway_is_renewed": "an API token does not expire",
    }

    def __init__(self) -> None:
        super().__init__()
        self.clock = START
        self.data: dict[str, dict[int, Record]] = {kind: {} for kind in KINDS}
        self.changes: dict[int, list[Record]] = {}
        self.lines: dict[int, list[Record]] = {}
        self.leads: list[Record] = []
        self.old_leads: list[Record] = []
        self.users = [
            {"id": 7, "name": "Ann", "email": "ann@us.example", "active_flag": True, "created": "2025-01-02 03:04:05"}
        ]
        self.stages = {1: ("Qualified", 1), 2: ("Proposal", 1), 3: ("Demo", 2)}
        self.pipelines = {1: "Sales", 2: "Partners"}
        self.fields: dict[str, list[Record]] = {"deal": [], "organization": [], "person": [], "product": []}
        self.archive = True
        self._number = 0
        self._second = ""
        self.api.authorize = lambda call: call.headers.get("x-api-token") == TOKEN
        for pattern, handler in (
            (r"/api/v2/deals/products", self._lines),
            (r"/api/v2/(organizations|persons|products|activities)", self._list),
            (r"/api/v2/(deals)", self._list),
            (r"/api/v2/(deals)/archived", self._archived),
            (r"/api/v2/stages", lambda call: self._cursor(call, [
                {"id": key, "name": name, "pipeline_id": pipeline, "order_nr": key}
                for key, (name, pipeline) in self.stages.items()])),
            (r"/api/v2/pipelines", lambda call: self._cursor(call, [
                {"id": key, "name": name} for key, name in self.pipelines.items()])),
            (r"/api/v1/deals/(\d+)/changelog", lambda call: self._cursor(call, self.changes.get(int(call.match[1]), []))),
            (r"/api/v1/users", lambda call: {"success": True, "data": self.users}),
            (r"/api/v1/leads", lambda call: self._offset(call, self.leads)),
            (r"/api/v1/leads/archived", lambda call: self._offset(call, self.old_leads)),
            (r"/api/v1/(deal|organization|person|product)Fields", lambda call: self._offset(call, self.fields[call.match[1]])),
        ):  # fmt: skip
            self.api.route("GET", pattern)(self._dressed(handler))

    def _dressed(self, handler: Any) -> Any:
        def answer(call: Call) -> Answer:
            found = handler(call)
            found = found if isinstance(found, Answer) else Answer(200, found)
            found.headers = {"Date": format_datetime(self.clock, usegmt=True), **found.headers}
            return found

        return answer

    def _list(self, call: Call, *, archived: bool = False) -> Any:
        query = call.query
        rows = [row for row in self.data[call.match[1]].values() if bool(row.get("is_archived")) == archived]
        if call.match[1] == "deals":
            wanted = query.get("status", "open,won,lost").split(",")
            rows = [row for row in rows if ("deleted" if row["is_deleted"] else row["status"]) in wanted]
        else:
            rows = [row for row in rows if not row["is_deleted"]]
        rows = [row for row in rows if row["update_time"] >= query.get("updated_since", "")]
        rows.sort(key=lambda row: (row[query.get("sort_by", "id")], row["id"]))
        return self._cursor(call, [dict(row) for row in rows])

    def _archived(self, call: Call) -> Any:
        if not self.archive:
            return Answer(403, {"success": False, "error": "not in this plan"})
        return self._list(call, archived=True)

    def _lines(self, call: Call) -> Any:
        keys = [int(key) for key in call.query["deal_ids"].split(",")]
        assert len(keys) <= 100
        return self._cursor(call, [line for key in keys for line in self.lines.get(key, [])])

    def _cursor(self, call: Call, rows: list[Record]) -> Any:
        size = int(call.query.get("limit", 100))
        assert size <= 500
        at = int(call.query.get("cursor", "c0").removeprefix("c"))
        onward = f"c{at + size}" if at + size < len(rows) else None
        return {"success": True, "data": rows[at : at + size], "additional_data": {"next_cursor": onward}}

    def _offset(self, call: Call, rows: list[Record]) -> Any:
        at, size = int(call.query.get("start", 0)), int(call.query.get("limit", 100))
        page = rows[at : at + size]
        onward = at + size < len(rows)
        more = {
            "start": at,
            "limit": size,
            "more_items_in_collection": onward,
            **({"next_start": at + size} if onward else {}),
        }
        return {"success": True, "data": page or None, "additional_data": {"pagination": more}}

    # -- what people do

    def add(self, kind: str, **values: Any) -> int:
        self._number += 1
        now = iso(self.clock)
        record = {"id": self._number, "is_deleted": False, "add_time": now, "update_time": now, "custom_fields": {}}
        self.data[kind][self._number] = {**record, **values}
        return self._number

    def deal(self, **values: Any) -> int:
        self.clock += timedelta(seconds=1)
        base = {"title": "Deal", "org_id": 900, "person_id": None, "owner_id": 7, "stage_id": 1, "pipeline_id": 1,
                "status": "open", "value": 10, "currency": "EUR", "expected_close_date": "2026-03-31",
                "lost_reason": None}  # fmt: skip
        return self.add("deals", **{**base, **values})

    def move(self, deal: int, **values: Any) -> None:
        """Change a deal as a person would: the list of changes says so, without a time zone, the newest first."""
        record = self.data["deals"][deal]
        for name, value in values.items():
            key = "user_id" if name == "owner_id" else name
            self.changes.setdefault(deal, []).insert(0, {
                "field_key": key, "old_value": _text(record.get(name)), "new_value": _text(value),
                "time": self.clock.strftime("%Y-%m-%d %H:%M:%S"),
            })  # fmt: skip
        record.update(values, update_time=iso(self.clock))
        if "status" in values:
            record[f"{values['status']}_time"] = iso(self.clock)

    # -- what the contract suite asks for

    def settings(self) -> dict[str, Any]:
        return {
            "api_token": TOKEN,
            "base_url": self.api.base_url,
            "page_size": self.page_size,
            "history": False,
            "lookback": 5,
        }

    def secrets(self) -> list[str]:
        return [TOKEN]

    def fill(self, count: int) -> list[str]:
        return [str(self.deal(title=f"Deal {number}")) for number in range(count)]

    def change(self, key: str) -> None:
        self.clock += timedelta(seconds=60)
        self.data["deals"][int(key)].update(value=99, update_time=iso(self.clock))

    def same_second(self, count: int) -> list[str]:
        if not self._second:
            self.clock += timedelta(seconds=60)
            self._second = iso(self.clock)
        keys = [self.deal() for _ in range(count)]
        for key in keys:
            self.data["deals"][key]["update_time"] = self._second
        return [str(key) for key in keys]

    def remove(self, key: str) -> None:
        self.clock += timedelta(seconds=60)
        self.data["deals"][int(key)].update(is_deleted=True, update_time=iso(self.clock))

    def custom(self, key: str, value: str) -> str:
        self.clock += timedelta(seconds=60)
        code = "d4de1c1518b4531717c676029a45911c340390a6"
        self.fields["deal"].append({"key": code, "name": "Plan tier"})
        self.data["deals"][int(key)].update(custom_fields={code: value}, update_time=iso(self.clock))
        return "Plan tier"

    def money(self) -> tuple[str, str, str]:
        return "opportunity", str(self.deal(value=500000, currency="JPY")), "500000"

    def throttle_in_body(self) -> None:
        self.api.faults.add(json={"success": False, "error": "request over limit", "errorCode": 429})


class HistoryVendor(PipedriveVendor):
    """The same with the history of each deal."""

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "history": True}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
