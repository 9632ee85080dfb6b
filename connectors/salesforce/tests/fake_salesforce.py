"""A small Salesforce organization on this machine: objects with descriptions, SOQL as the connector writes it, query
locators, bulk jobs, deletions that stay in the bin, and OAuth.

It is written from Salesforce's public documentation and knows nothing of the connector: a query with a field that is not
described is refused as there.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from revalign_udf.testing import Answer, Call, FakeApi

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
Record = dict[str, Any]

_TYPES = {
    "Id": "id", "IsDeleted": "boolean", "CreatedDate": "datetime", "LastModifiedDate": "datetime",
    "SystemModstamp": "datetime", "MasterRecordId": "reference",
}  # fmt: skip
_COMMON = "Id IsDeleted CreatedDate LastModifiedDate SystemModstamp"


def _fields(text: str, common: str = _COMMON) -> dict[str, str]:
    """Field -> type from words ``Name`` or ``Amount:currency``; names that end in Id are references."""
    found = {name: _TYPES[name] for name in common.split()}
    for word in text.split():
        name, _, kind = word.partition(":")
        found[name] = kind or _TYPES.get(name) or ("reference" if name.endswith("Id") else "string")
    return found


_HISTORY = "Field OldValue NewValue"
#: object -> (prefix of its ids, fields)
OBJECTS: dict[str, tuple[str, dict[str, str]]] = {
    "Account": ("001", _fields(
        "Name Website:url BillingCountry Industry:picklist NumberOfEmployees:int OwnerId ParentId Type:picklist"
        " MasterRecordId BillingAddress:address Description:textarea")),
    "Contact": ("003", _fields("AccountId Email:email LeadSource:picklist MailingCountry MasterRecordId")),
    "Lead": ("00Q", _fields(
        "Status:picklist Email:email LeadSource:picklist OwnerId Country Company Industry NumberOfEmployees:int Rating"
        " IsConverted:boolean ConvertedDate:date ConvertedAccountId ConvertedContactId ConvertedOpportunityId MasterRecordId")),
    "LeadHistory": ("017", _fields(f"LeadId {_HISTORY}", "Id IsDeleted CreatedDate")),
    "Opportunity": ("006", _fields(
        "Name AccountId Amount:currency CurrencyIsoCode:picklist StageName:picklist IsClosed:boolean IsWon:boolean"
        " CloseDate:date Type:picklist LeadSource CampaignId OwnerId Probability:percent ForecastCategoryName"
        " LastStageChangeDate:datetime RecordTypeId")),
    "OpportunityHistory": ("008", _fields(
        "OpportunityId StageName:picklist Amount:currency CloseDate:date", "Id IsDeleted CreatedDate SystemModstamp")),
    "OpportunityFieldHistory": ("017", _fields(f"OpportunityId {_HISTORY}", "Id IsDeleted CreatedDate")),
    "OpportunityContactRole": ("00K", _fields("OpportunityId ContactId Role:picklist IsPrimary:boolean")),
    "OpportunityLineItem": ("00k", _fields(
        "OpportunityId Product2Id Quantity:double TotalPrice:currency ServiceDate:date")),
    "OpportunityStage": ("01J", _fields(
        "ApiName MasterLabel IsWon:boolean IsClosed:boolean SortOrder:int", "Id SystemModstamp")),
    "LeadStatus": ("01J", _fields(
        "ApiName MasterLabel IsConverted:boolean IsDefault:boolean SortOrder:int", "Id SystemModstamp")),
    "Product2": ("01t", _fields("Name Family ProductCode")),
    "User": ("005", _fields(
        "Name Email:email UserRoleId IsActive:boolean Title Department",
        "Id CreatedDate LastModifiedDate SystemModstamp")),
    "UserRole": ("00E", _fields("Name ParentRoleId", "Id SystemModstamp")),
    "RecordType": ("012", _fields("DeveloperName", "Id SystemModstamp")),
    "Campaign": ("701", _fields(
        "Name Type Status StartDate:date EndDate:date ParentId ActualCost:currency CurrencyIsoCode")),
    "CampaignMember": ("00v", _fields(
        "CampaignId LeadId ContactId Status HasResponded:boolean FirstRespondedDate:date")),
    "Task": ("00T", _fields(
        "WhoId WhatId OwnerId Type TaskSubtype CallType ActivityDate:date CompletedDateTime:datetime IsClosed:boolean"
        " IsRecurrence:boolean IsArchived:boolean")),
    "Event": ("00U", _fields(
        "WhoId WhatId OwnerId Type StartDateTime:datetime ActivityDate:date IsAllDayEvent:boolean IsChild:boolean"
        " IsRecurrence:boolean IsArchived:boolean")),
    "Contract": ("800", _fields(
        "AccountId Status StatusCode StartDate:date EndDate:date ContractNumber ContractTerm:int CurrencyIsoCode")),
    "Order": ("801", _fields(
        "AccountId StatusCode EffectiveDate:date TotalAmount:currency OrderNumber Type CurrencyIsoCode")),
    "AccountHistory": ("017", _fields(f"AccountId {_HISTORY}", "Id IsDeleted CreatedDate")),
}  # fmt: skip

_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[(),]|>=|<=|!=|[=<>]|[^\s(),=<>!]+")
_UNESCAPE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, ">=": lambda a, b: a is not None and a >= b,
    "<=": lambda a, b: a is not None and a <= b, ">": lambda a, b: a is not None and a > b,
    "<": lambda a, b: a is not None and a < b,
}  # fmt: skip


class SoqlError(Exception):
    """A query Salesforce refuses."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class FakeSalesforce:
    """The organization. ``offers``: the objects it shows."""

    def __init__(self, api: FakeApi, offers: tuple[str, ...] = tuple(OBJECTS)) -> None:
        self.api = api
        self.offers = offers
        self.fields = {name: dict(OBJECTS[name][1]) for name in OBJECTS}
        self.custom: dict[str, set[str]] = {name: set() for name in OBJECTS}
        self.data: dict[str, dict[str, Record]] = {name: {} for name in OBJECTS}
        self.clock = START
        self.tokens = ["00Dxx!session-0"]
        self.handed: list[str] = []
        self.set_size = 50_000
        """records in a set of a bulk job's results at most"""
        self.polls = 1
        """how often a job is asked for before it is done"""
        self.jobs: dict[str, Record] = {}
        self.gone_jobs: list[str] = []
        self.usage = (10, 100_000)
        self.locators: dict[str, tuple[list[str], list[Record], int]] = {}
        self._number = 0
        api.authorize = self._known
        for method, pattern, handler in (
            ("POST", "/services/oauth2/token", self._token),
            ("GET", r"/services/data/v([\d.]+)/sobjects/?", self._sobjects),
            ("GET", r"/services/data/v([\d.]+)/sobjects/(\w+)/describe/?", self._describe),
            ("GET", r"/services/data/v([\d.]+)/(query|queryAll)/?", self._query),
            ("GET", r"/services/data/v([\d.]+)/query/(01g\w+)-(\d+)", self._more),
            ("POST", r"/services/data/v([\d.]+)/jobs/query/?", self._make_job),
            ("GET", r"/services/data/v([\d.]+)/jobs/query/(\w+)", self._job),
            ("GET", r"/services/data/v([\d.]+)/jobs/query/(\w+)/results", self._results),
            ("PATCH", r"/services/data/v([\d.]+)/jobs/query/(\w+)", self._abort),
            ("DELETE", r"/services/data/v([\d.]+)/jobs/query/(\w+)", self._delete_job),
        ):
            api.route(method, pattern)(self._dressed(handler))

    # -- what people do

    def tick(self, seconds: int = 1) -> str:
        self.clock += timedelta(seconds=seconds)
        return stamp(self.clock)

    def add(self, kind: str, **values: Any) -> str:
        """A new record at the present moment."""
        now = stamp(self.clock)
        self._number += 1
        key: str = values.pop("Id", f"{OBJECTS[kind][0]}{self._number:012d}AAA")
        record: Record = dict.fromkeys(self.fields[kind])
        record |= {name: False for name, type_ in self.fields[kind].items() if type_ == "boolean"}
        for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
            if name in record:
                record[name] = now
        unknown = values.keys() - self.fields[kind].keys()
        assert not unknown, f"{kind} has no {unknown}"
        self.data[kind][key] = {**record, **values, "Id": key}
        return key

    def update(self, kind: str, key: str, **values: Any) -> None:
        record = self.data[kind][key]
        record.update(values, SystemModstamp=stamp(self.clock))
        if "LastModifiedDate" in record:
            record["LastModifiedDate"] = stamp(self.clock)

    def delete(self, kind: str, key: str, master: str | None = None) -> None:
        self.update(kind, key, IsDeleted=True, **({"MasterRecordId": master} if master else {}))

    def add_field(self, kind: str, name: str, type_: str = "string") -> None:
        self.fields[kind][name] = type_
        self.custom[kind].add(name)
        for record in self.data[kind].values():
            record.setdefault(name, None)

    def deal(self, **values: Any) -> str:
        """An opportunity with the history row its creation makes."""
        key = self.add("Opportunity", **{"StageName": "Prospecting", "CloseDate": "2026-06-30", **values})
        self._remember(key)
        return key

    def move_deal(self, key: str, **values: Any) -> None:
        """Change an opportunity as a person would: the histories say so."""
        before = dict(self.data["Opportunity"][key])
        self.update("Opportunity", key, **values)
        after = self.data["Opportunity"][key]
        if "StageName" in values:
            after["LastStageChangeDate"] = stamp(self.clock)
            after["IsWon"] = values["StageName"] == "Closed Won"
            after["IsClosed"] = values["StageName"].startswith("Closed")
        if any(name in values for name in ("StageName", "Amount", "CloseDate")):
            self._remember(key)
        if "OwnerId" in values:
            for old, new in (("Ann Old", "Ben New"), (before["OwnerId"], after["OwnerId"])):
                self.add("OpportunityFieldHistory", OpportunityId=key, Field="Owner", OldValue=old, NewValue=new)

    def _remember(self, key: str) -> None:
        state = {name: self.data["Opportunity"][key][name] for name in ("StageName", "Amount", "CloseDate")}
        self.add("OpportunityHistory", OpportunityId=key, **state)

    def move_lead(self, key: str, **values: Any) -> None:
        """Change a lead as a person would."""
        before = dict(self.data["Lead"][key])
        self.update("Lead", key, **values)
        for name, field in (("Status", "Status"), ("OwnerId", "Owner")):
            if name in values:
                self.add("LeadHistory", LeadId=key, Field=field, OldValue=before[name], NewValue=values[name])

    # -- OAuth

    def _known(self, call: Call) -> bool:
        return call.path == "/services/oauth2/token" or call.headers.get("Authorization") == f"Bearer {self.tokens[-1]}"

    def expire(self) -> None:
        self.tokens.append(f"00Dxx!session-{len(self.tokens)}")

    def _token(self, call: Call) -> Any:
        form = call.form
        kind = form.get("grant_type")
        if kind == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            claims = json.loads(base64.urlsafe_b64decode(form["assertion"].split(".")[1] + "=="))
            right = (claims["iss"], claims["sub"], claims["aud"]) == (
                "consumer-key", "rev@example.com", "https://login.salesforce.com",
            )  # fmt: skip
        else:
            right = form.get("client_id") == "consumer-key" and form.get("client_secret") == "consumer-secret-1234"
            right = right and (kind == "client_credentials" or form.get("refresh_token") == "refresh-token-5678")
        if not right:
            return 400, {"error": "invalid_grant", "error_description": "authentication failure"}
        self.handed.append(self.tokens[-1])
        return {"access_token": self.tokens[-1], "instance_url": self.api.base_url, "token_type": "Bearer"}

    # -- REST

    def _dressed(self, handler: Callable[[Call], Any]) -> Callable[[Call], Answer]:
        """Every answer with the server's clock and the calls used."""

        def answer(call: Call) -> Answer:
            try:
                found = handler(call)
            except SoqlError as error:
                found = Answer(400, [{"message": str(error), "errorCode": error.code}])
            if isinstance(found, tuple):
                found = Answer(*found)
            if not isinstance(found, Answer):
                found = Answer(200, found)
            used, limit = self.usage
            found.headers = {
                "Date": format_datetime(self.clock, usegmt=True), "Sforce-Limit-Info": f"api-usage={used}/{limit}",
                **found.headers,
            }  # fmt: skip
            return found

        return answer

    def _sobjects(self, call: Call) -> Any:
        return {"sobjects": [{"name": name, "queryable": True} for name in self.offers]}

    def _describe(self, call: Call) -> Any:
        name = call.match[2]
        if name not in self.offers:
            return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
        fields = [
            {"name": field, "type": type_, "custom": field in self.custom[name], "length": 255}
            for field, type_ in self.fields[name].items()
        ]
        return {"name": name, "keyPrefix": OBJECTS[name][0], "fields": fields}

    def _query(self, call: Call) -> Any:
        if len(call.target) > 16_384:
            return 414, [{"errorCode": "URI_TOO_LONG", "message": "URI Too Long"}]
        fields, found = self.select(call.query["q"], every=call.match[2] == "queryAll")
        if fields == ["COUNT()"]:
            return {"totalSize": len(found), "done": True, "records": []}
        options = re.search(r"batchSize=(\d+)", call.headers.get("Sforce-Query-Options", ""))
        return self._page(call, fields, found, 0, int(options[1]) if options else 2000)

    def _more(self, call: Call) -> Any:
        if call.match[2] not in self.locators:
            raise SoqlError("INVALID_QUERY_LOCATOR", "invalid query locator")
        fields, found, size = self.locators[call.match[2]]
        return self._page(call, fields, found, int(call.match[3]), size, call.match[2])

    def _page(self, call: Call, fields: list[str], found: list[Record], at: int, size: int, key: str = "") -> Any:
        body: Record = {
            "totalSize": len(found), "done": at + size >= len(found),
            "records": [self._json(record, fields) for record in found[at : at + size]],
        }  # fmt: skip
        if not body["done"]:
            if not key:
                key = f"01g{len(self.locators):015d}"
                self.locators[key] = fields, found, size
            body["nextRecordsUrl"] = f"/services/data/v{call.match[1]}/query/{key}-{at + size}"
        return body

    def _json(self, record: Record, fields: list[str]) -> Record:
        shown: Record = {"attributes": {"type": "sObject", "url": f"/services/data/x/{record['Id']}"}}
        for name in fields:
            value = self._value(record, name)
            if "." in name:
                head, tail = name.split(".")
                shown[head] = None if value is None else {"attributes": {}, tail: value}
            else:
                shown[name] = float(value) if isinstance(value, Decimal) else value
        return shown

    def _value(self, record: Record, name: str) -> Any:
        if "." not in name:
            return record.get(name)
        head, tail = name.split(".")
        key = record.get(f"{head}Id")
        other = next((rows[key] for rows in self.data.values() if key in rows), None)
        return other.get(tail) if other else None

    # -- SOQL

    def select(self, soql: str, *, every: bool) -> tuple[list[str], list[Record]]:
        parts = re.fullmatch(
            r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY ([\w, .]+?))?(?: LIMIT (\d+))?", soql, re.DOTALL
        )
        if parts is None:
            raise SoqlError("MALFORMED_QUERY", f"unexpected token in {soql}")
        fields, kind = [name.strip() for name in parts[1].split(",")], parts[2]
        if kind not in self.offers:
            raise SoqlError("INVALID_TYPE", f"sObject type '{kind}' is not supported.")
        known = self.fields[kind]
        conditions = list(_conditions(parts[3] or ""))
        ordered = [name.strip() for name in (parts[4] or "").split(",") if name.strip()]
        asked = [] if fields == ["COUNT()"] else fields
        for name in (*asked, *ordered, *(condition[0] for condition in conditions)):
            head = name.split(".")[0]
            if (f"{head}Id" if "." in name else name) not in known:
                raise SoqlError("INVALID_FIELD", f"No such column '{name}' on entity '{kind}'.")
        rows = [
            record
            for record in self.data[kind].values()
            if (every or not (record.get("IsDeleted") or record.get("IsArchived")))
            and all(_holds(record.get(name), op, value, known[name]) for name, op, value in conditions)
        ]
        for name in reversed(ordered):
            rows.sort(key=lambda record: (record.get(name) is not None, record.get(name) or ""))
        rows = [dict(record) for record in rows]
        return fields, rows[: int(parts[5])] if parts[5] else rows

    # -- Bulk 2.0

    def _make_job(self, call: Call) -> Any:
        wanted = call.json
        fields, found = self.select(wanted["query"], every=wanted["operation"] == "queryAll")
        key = f"750{len(self.jobs):015d}"
        self.jobs[key] = {
            "id": key, "operation": wanted["operation"], "state": "UploadComplete", "apiVersion": float(call.match[1]),
            "createdDate": stamp(self.clock), "_fields": fields, "_rows": found, "_polls": 0, "_version": call.match[1],
        }  # fmt: skip
        return self._shown(self.jobs[key])

    def _shown(self, job: Record) -> Record:
        return {name: value for name, value in job.items() if not name.startswith("_")}

    def _found(self, call: Call) -> Record:
        job = self.jobs.get(call.match[2])
        if job is None or job["_version"] != call.match[1]:
            raise SoqlError("NOT_FOUND", "The requested resource does not exist")
        return job

    def _job(self, call: Call) -> Any:
        try:
            job = self._found(call)
        except SoqlError as error:
            return 404, [{"errorCode": error.code, "message": str(error)}]
        job["_polls"] += 1
        if job["state"] in ("UploadComplete", "InProgress"):
            job["state"] = "JobComplete" if job["_polls"] >= self.polls else "InProgress"
        return self._shown(job)

    def _results(self, call: Call) -> Any:
        job = self._found(call)
        if job["state"] != "JobComplete":
            return Answer(204)
        at = int(call.query.get("locator", "L0").removeprefix("L"))
        size = min(int(call.query.get("maxRecords", 50_000)), self.set_size)
        rows = job["_rows"][at : at + size]
        onward = f"L{at + size}" if at + size < len(job["_rows"]) else "null"
        kinds = self.fields[self._kind(job)]
        lines = [_line(job["_fields"])]
        lines += [
            _line([_cell(self._value(row, name), kinds.get(name, "")) for name in job["_fields"]]) for row in rows
        ]
        text = "".join(lines).encode()
        pieces = [text[place : place + 700] for place in range(0, len(text), 700)]
        headers = {"Sforce-Locator": onward, "Sforce-NumberOfRecords": str(len(rows)), "Content-Type": "text/csv"}
        return Answer(200, headers=headers, chunks=pieces)

    def _kind(self, job: Record) -> str:
        return next((name for name in OBJECTS if set(job["_fields"]) <= set(self.fields[name])), "Account")

    def _abort(self, call: Call) -> Any:
        job = self._found(call)
        job["state"] = call.json["state"]
        return self._shown(job)

    def _delete_job(self, call: Call) -> Any:
        job = self._found(call)
        if job["state"] not in ("JobComplete", "Aborted", "Failed"):
            return 400, [{"errorCode": "INVALIDJOBSTATE", "message": "Aborted, JobComplete or Failed only"}]
        self.gone_jobs.append(self.jobs.pop(job["id"])["id"])
        return Answer(204)


def stamp(moment: datetime) -> str:
    """A moment as Salesforce's JSON has it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "datetime":
        return str(value).replace("+0000", "Z")
    return str(value)


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _conditions(text: str) -> Iterator[tuple[str, str, Any]]:
    tokens = _TOKEN.findall(text)
    at = 0
    while at < len(tokens):
        name, op = tokens[at], tokens[at + 1]
        at += 2
        if op.upper() == "IN":
            end = tokens.index(")", at)
            yield name, "IN", [_literal(token) for token in tokens[at + 1 : end] if token != ","]
            at = end + 1
        else:
            yield name, op, _literal(tokens[at])
            at += 1
        assert at >= len(tokens) or tokens[at] == "AND", tokens[at:]
        at += 1


def _literal(token: str) -> Any:
    if token.startswith("'"):
        return re.sub(r"\\(.)", lambda found: _UNESCAPE.get(found[1], found[1]), token[1:-1], flags=re.DOTALL)
    return {"true": True, "false": False, "null": None}.get(token, token)


def _holds(value: Any, op: str, wanted: Any, kind: str) -> bool:
    if op == "IN":
        return value in wanted
    if kind == "datetime" and isinstance(wanted, str):
        assert not wanted.startswith("'")
        wanted = stamp(datetime.fromisoformat(wanted).astimezone(UTC))
    return _COMPARE[op](value, wanted)
