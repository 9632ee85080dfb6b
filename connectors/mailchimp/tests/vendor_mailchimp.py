"""A small Mailchimp: audiences and members, campaigns and reports, automations with feeds; Basic sign-in with any user."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import md5
from typing import Any, ClassVar

from revalign_mailchimp import MailchimpConnector
from revalign_udf.testing import Call, FakeApi, Vendor
from revalign_udf.testing.pulling import Ground

START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef-us21"
Record = dict[str, Any]


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def hash_of(email: str) -> str:
    return md5(email.lower().encode()).hexdigest()


class FakeMailchimp:
    """The account: its records and its API."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.time = START
        self.lists: dict[str, Record] = {}
        self.members: dict[str, dict[str, Record]] = {}
        self.campaigns: dict[str, Record] = {}
        self.reports: dict[str, Record] = {}
        self.sent: dict[str, dict[str, Record]] = {}
        self.acts: dict[str, dict[str, list[Record]]] = {}
        self.gone: dict[str, list[Record]] = {}
        self.automations: dict[str, Record] = {}
        self.emails: dict[str, list[Record]] = {}
        self.removed: dict[str, list[Record]] = {}
        self.feeds: dict[str, list[Record]] = {}
        self.sorted = True
        """whether members come in the order asked for"""
        self.token = ""
        api.authorize = self.knows
        route = api.route
        route("GET", "/3.0/lists")(lambda call: page(call, "lists", list(self.lists.values())))
        fields = [{"tag": "FNAME"}, {"tag": "PLAN"}]
        route("GET", "/3.0/lists/([a-z0-9]+)/merge-fields")(lambda call: page(call, "merge_fields", fields))
        route("GET", "/3.0/lists/([a-z0-9]+)/members")(self.listed_members)
        route("GET", "/3.0/lists/([a-z0-9]+)/members/([0-9a-f]{32})")(self.one_member)
        route("GET", "/3.0/lists/[a-z0-9]+/members/([0-9a-f]{32})/activity-feed")(self.feed)
        route("GET", "/3.0/campaigns")(lambda call: page(call, "campaigns", list(self.campaigns.values())))
        route("GET", "/3.0/reports")(lambda call: page(call, "reports", [self.counted(key) for key in self.reports]))
        route("GET", "/3.0/reports/([a-z0-9]+)/sent-to")(self.sent_to)
        route("GET", "/3.0/reports/([a-z0-9]+)/email-activity")(self.email_activity)
        route("GET", "/3.0/reports/([a-z0-9]+)/unsubscribed")(
            lambda call: page(call, "unsubscribes", self.gone.get(call.match[1], []))
        )
        route("GET", "/3.0/automations")(lambda call: page(call, "automations", list(self.automations.values())))
        route("GET", "/3.0/automations/([a-z0-9]+)/emails")(
            lambda call: page(call, "emails", self.emails[call.match[1]])
        )
        route("GET", "/3.0/automations/([a-z0-9]+)/removed-subscribers")(
            lambda call: page(call, "subscribers", self.removed.get(call.match[1], []))
        )

    # -- records

    def tick(self) -> int:
        self.time += 1
        return self.time

    def audience(self, key: str, name: str) -> None:
        self.lists[key] = {"id": key, "name": name, "date_created": iso(self.tick())}
        self.members[key] = {}

    def member(self, audience: str, email: str, at: int | None = None, **more: Any) -> Record:
        at = self.tick() if at is None else at
        key = hash_of(email)
        self.members[audience][key] = {
            "id": key, "email_address": email, "unique_email_id": key[:10], "contact_id": f"c{key[:12]}", "list_id": audience,
            "status": "subscribed", "merge_fields": {"FNAME": "Ann", "PLAN": ""}, "tags": [], "language": "en", "vip": False,
            "location": {"country_code": "DE"}, "source": "Hosted signup form", "timestamp_signup": "", "timestamp_opt": iso(at),
            "last_changed": iso(at), **more,
        }  # fmt: skip
        return self.members[audience][key]

    def touch(self, member: Record, **changes: Any) -> None:
        member.update(changes)
        member["last_changed"] = iso(self.tick())

    def campaign(self, key: str, sent_at: int, to: Sequence[str], *, audience: str = "aud1", **more: Any) -> None:
        """A sent campaign with its recipients; what they did comes with :meth:`act`."""
        self.campaigns[key] = {
            "id": key, "type": "regular", "status": "sent", "create_time": iso(sent_at - 60), "send_time": iso(sent_at),
            "emails_sent": len(to), "recipients": {"list_id": audience, "list_name": self.lists[audience]["name"]},
            "settings": {"title": f"News {key}", "subject_line": f"Read {key}"}, **more,
        }  # fmt: skip
        self.report(key, sent_at, to)

    def report(self, key: str, sent_at: int, to: Sequence[str], kind: str = "regular") -> None:
        self.reports[key] = {"id": key, "type": kind, "send_time": iso(sent_at)}
        self.sent[key] = {
            hash_of(email): {"email_id": hash_of(email), "email_address": email, "status": "sent"} for email in to
        }
        self.acts[key] = {}

    def act(self, campaign: str, email: str, action: str, at: int, **more: Any) -> None:
        self.acts[campaign].setdefault(hash_of(email), []).append({"action": action, "timestamp": iso(at), **more})
        if action == "bounce":
            self.sent[campaign][hash_of(email)]["status"] = more["type"]

    def unsubscribe(self, campaign: str, email: str, at: int, reason: str = "None given") -> None:
        self.gone.setdefault(campaign, []).append(
            {"email_id": hash_of(email), "email_address": email, "timestamp": iso(at), "reason": reason}
        )

    def automation(self, key: str, emails: Sequence[str]) -> None:
        self.automations[key] = {
            "id": key, "status": "sending", "create_time": iso(START), "start_time": iso(START + 5), "emails_sent": 0,
            "recipients": {"list_id": "aud1", "list_name": "Main"}, "settings": {"title": f"Flow {key}"},
        }  # fmt: skip
        self.emails[key] = [
            {"id": email, "workflow_id": key, "position": number, "status": "sending", "emails_sent": 0,
             "recipients": {"list_id": "aud1"}, "settings": {"title": f"Step {email}"}, "create_time": iso(START)}
            for number, email in enumerate(emails, 1)
        ]  # fmt: skip
        for email in emails:
            self.report(email, START + 5, [], "automation-email")

    def automated(self, workflow: str, email: str, to: str, at: int) -> None:
        """An e-mail of an automation goes to somebody."""
        step = next(item for item in self.emails[workflow] if item["id"] == email)
        step["emails_sent"] += 1
        self.sent[email][hash_of(to)] = {"email_id": hash_of(to), "email_address": to, "status": "sent"}
        self.feeds.setdefault(hash_of(to), []).append(
            {"activity_type": "sent", "created_at_timestamp": iso(at), "campaign_id": email}
        )

    # -- the API

    def knows(self, call: Call) -> bool:
        kind, _, value = call.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            return base64.b64decode(value).decode().partition(":")[2] == KEY
        return kind == "Bearer" and bool(self.token) and value == self.token

    def listed_members(self, call: Call) -> Any:
        status, since = call.query.get("status"), call.query.get("since_last_changed")
        found = [
            member
            for member in self.members[call.match[1]].values()
            if (member["status"] == status if status else member["status"] != "archived")
            and (since is None or datetime.fromisoformat(member["last_changed"]) > datetime.fromisoformat(since))
        ]
        if self.sorted and call.query.get("sort_field") == "last_changed":
            found.sort(key=lambda member: (member["last_changed"], member["id"]))
        return page(call, "members", found)

    def one_member(self, call: Call) -> Any:
        found = self.members.get(call.match[1], {}).get(call.match[2])
        return found or (404, {"title": "Resource Not Found", "status": 404, "detail": "not found"})

    def feed(self, call: Call) -> Any:
        wanted = call.query.get("activity_filters", "").split(",")
        return page(
            call, "activity", [act for act in self.feeds.get(call.match[1], []) if act["activity_type"] in wanted]
        )

    def counted(self, key: str) -> Record:
        sent, acts = self.sent[key].values(), [act for some in self.acts[key].values() for act in some]
        done = [act["action"] for act in acts]
        return {
            **self.reports[key],
            "emails_sent": len(sent),
            "unsubscribed": len(self.gone.get(key, [])),
            "bounces": {
                "hard_bounces": sum(item["status"] == "hard" for item in sent),
                "soft_bounces": sum(item["status"] == "soft" for item in sent), "syntax_errors": 0,
            },
            "opens": {"opens_total": done.count("open")},
            "clicks": {"clicks_total": done.count("click")},
        }  # fmt: skip

    def sent_to(self, call: Call) -> Any:
        return page(call, "sent_to", list(self.sent[call.match[1]].values()))

    def email_activity(self, call: Call) -> Any:
        key, since = call.match[1], call.query.get("since")
        found = []
        for email, acts in self.acts[key].items():
            shown = [act for act in acts if since is None or act["timestamp"] >= since]
            if shown or since is None:
                found.append({"campaign_id": key, "email_id": email, "activity": shown})
        return page(call, "emails", found)


def page(call: Call, key: str, records: Sequence[Mapping[str, Any]]) -> Any:
    count, offset = int(call.query.get("count", "10")), int(call.query.get("offset", "0"))
    if count > 1000:
        return 400, {"title": "Invalid Resource", "status": 400, "detail": "count is at most 1000"}
    return {key: [dict(record) for record in records[offset : offset + count]], "total_items": len(records)}


class MailchimpVendor(Vendor):
    connector = MailchimpConnector()
    page_size = 50
    main, table = "members", "person"
    now = NOW
    skips: ClassVar[Mapping[str, str]] = {
        "test_merged_is_linked": "Mailchimp does not merge contacts: an address is a contact",
        "test_an_unknown_stage_is_kept_and_reported": "contacts have no stages of a funnel",
        "test_money_without_cents_is_exact": "nothing that is read has an amount",
        "test_more_than_the_search_gives": "nothing is searched; lists have no such end",
        "test_a_token_that_expires_midway_is_renewed": "API keys and Mailchimp's OAuth tokens do not expire",
    }

    def __init__(self) -> None:
        super().__init__()
        self.account = FakeMailchimp(self.api)
        self.account.audience("aud1", "Main")
        self._second = 0
        self._number = 0

    def settings(self) -> dict[str, Any]:
        return {"base_url": f"{self.api.base_url}/3.0", "api_key": KEY, "page_size": self.page_size}

    def secrets(self) -> Sequence[str]:
        return [KEY]

    def _new(self, at: int | None = None) -> str:
        self._number += 1
        return str(self.account.member("aud1", f"p{self._number}@acme.example", at)["id"])

    def fill(self, count: int) -> list[str]:
        return [self._new() for _ in range(count)]

    def change(self, key: str) -> None:
        self.account.touch(self.account.members["aud1"][key], source="Import")

    def same_second(self, count: int) -> list[str]:
        self._second = self._second or self.account.tick()
        return [self._new(self._second) for _ in range(count)]

    def remove(self, key: str) -> None:
        self.account.touch(self.account.members["aud1"][key], status="archived")

    def custom(self, key: str, value: str) -> str:
        self.account.touch(self.account.members["aud1"][key], merge_fields={"FNAME": "Ann", "PLAN": value})
        return "PLAN"

    def expire(self) -> None:
        self.api.authorize = lambda _: False  # a key that ends is revoked, and there is no other to be had

    def throttle_in_body(self) -> None:
        self.api.faults.add(json={"title": "Too Many Requests", "status": 429, "detail": "10 simultaneous connections"})


class SmallPages(MailchimpVendor):
    """The same with pages of five, to have many seams with few records."""

    page_size = 5
    ground: Ground


__all__ = ["KEY", "NOW", "START", "FakeMailchimp", "MailchimpVendor", "SmallPages", "hash_of", "iso"]
