"""What became of each e-mail of a campaign: sent, delivered, bounced, opened, clicked, unsubscribed.

Reports tell who a campaign was sent to and with what result (``sent-to``), and who did what when (``email-activity``,
``unsubscribed``). The list of reports has a counter of each: a campaign whose counters stand still is not read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from revalign_mailchimp.api import Box, Listing, Record
from revalign_udf.connector import CanonicalRow, Context, Log, Mark, Message, Records, Tombstones
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.values import attrs, fill, take
from revalign_udf.errors import BadRecord

__all__ = ["ACTIVITY", "map_activity", "read_activity"]

ACTIVITY = "email_activity"
_KINDS = {"open": "opened", "click": "clicked", "bounce": "bounced"}
_BOUNCES = ("hard", "soft")


def read_activity(ctx: Context, box: Box, state: Mapping[str, Any]) -> Iterable[Message]:
    """Campaign by campaign, those whose counters moved since they were last read."""
    done: dict[str, dict[str, Any]] = dict(state.get("campaigns") or {})
    since = ctx.settings.get("since")
    automated, sends = 0, 0
    pages = box.listed("/reports", "reports", {"exclude_fields": "_links,reports._links"})
    reports = [report for page in pages for report in page]
    for report in reports:
        key, is_automated = str(report["id"]), str(report.get("type") or "").startswith("automation")
        if since and str(report.get("send_time") or "") < str(since):
            continue
        if is_automated:
            automated += 1
            sends += int(report.get("emails_sent") or 0)
        before, now = done.get(key) or {}, _counters(report)
        if before.get("counts") == now:
            continue
        reading = _Reading(box, report, before, now)
        yield from reading.messages(with_recipients=not is_automated)
        if reading.whole:
            done[key] = {"counts": now, "since": reading.newest}
            yield Mark({"campaigns": dict(done)})
        else:
            yield Log(
                f"The report of campaign {key} changed while it was read; the next pull reads it again.", "warning"
            )
    if automated:
        yield Log(
            f"{automated} automated e-mails ({sends} sent): reports do not say when each was sent, so that they are in no"
            " rate unless automation_sends is on."
        )
    listed = {str(report["id"]) for report in reports}
    yield Mark({"campaigns": {key: value for key, value in done.items() if key in listed}})


def _counters(report: Mapping[str, Any]) -> list[int]:
    """What moves when something happens: sent, bounced, unsubscribed, opens, clicks."""
    bounces = report.get("bounces") or {}
    return [
        int(report.get("emails_sent") or 0),
        sum(int(bounces.get(name) or 0) for name in ("hard_bounces", "soft_bounces", "syntax_errors")),
        int(report.get("unsubscribed") or 0),
        int(take(report, "opens.opens_total") or 0),
        int(take(report, "clicks.clicks_total") or 0),
    ]


class _Reading:
    """One report, read as far as needed."""

    def __init__(self, box: Box, report: Mapping[str, Any], before: Mapping[str, Any], now: list[int]) -> None:
        self._box, self._key = box, str(report["id"])
        self._sent_at = report.get("send_time")
        old = before.get("counts") or [-1, -1, -1]
        self._everything = old[:2] != now[:2]
        self._unsubscribed = old[2] != now[2]
        self._listings: list[Listing] = []
        self.newest: str | None = before.get("since")
        self._since = None if self._everything else self.newest

    @property
    def whole(self) -> bool:
        """Whether no list lost a line while it was read."""
        return not any(listing.shrank for listing in self._listings)

    def messages(self, *, with_recipients: bool) -> Iterator[Message]:
        """Activity first: it knows when a message bounced."""
        bounced: dict[str, str] = {}
        for page in self._listed("email-activity", "emails", {"since": self._since}):
            records = [record for email in page for record in self._acts(email)]
            bounced.update(
                (record["email_id"], record["timestamp"]) for record in records if record["what"] == "bounce"
            )
            yield Records(ACTIVITY, records)
        if self._everything and with_recipients:
            for page in self._listed("sent-to", "sent_to", {}):
                yield Records(ACTIVITY, [self._recipient(item, bounced) for item in page])
                failed = [str(item["email_id"]) for item in page if item.get("status") in _BOUNCES]
                # a message that bounced late was delivered in an earlier pull's eyes
                yield Tombstones("touch", [f"{self._key}:{email}:delivered" for email in failed])
        if self._unsubscribed:
            for page in self._listed("unsubscribed", "unsubscribes", {}):
                yield Records(ACTIVITY, [{**item, "what": "unsubscribe", "campaign_id": self._key} for item in page])

    def _listed(self, name: str, key: str, params: Mapping[str, Any]) -> Iterator[list[Record]]:
        listing = Listing()
        self._listings.append(listing)
        hidden = {"exclude_fields": f"_links,{key}._links,{key}.merge_fields"}
        yield from self._box.listed(f"/reports/{self._key}/{name}", key, {**params, **hidden}, listing)

    def _acts(self, email: Mapping[str, Any]) -> Iterator[Record]:
        """One record per act; acts that are alike in one second are numbered."""
        alike: Counter[tuple[Any, ...]] = Counter()
        for act in email.get("activity") or ():
            same = (act.get("action"), act.get("timestamp"), act.get("url"))
            alike[same] += 1
            moment = str(act.get("timestamp") or "")
            if moment and (self.newest is None or parsed(moment) > parsed(self.newest)):
                self.newest = moment
            yield {
                "what": act.get("action"), "campaign_id": self._key, "email_id": email["email_id"], "timestamp": moment,
                "url": act.get("url"), "type": act.get("type"), "number": alike[same],
            }  # fmt: skip

    def _recipient(self, item: Mapping[str, Any], bounced: Mapping[str, str]) -> Record:
        moment = self._sent_at
        return {
            "what": "recipient", "campaign_id": self._key, "email_id": item["email_id"], "status": item.get("status"),
            "timestamp": moment, "bounced_at": bounced.get(str(item["email_id"])) or moment,
        }  # fmt: skip


def map_activity(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """What happened to one message -> touches; sent and delivered at the time the campaign was sent.

    Delivered is what was sent and did not bounce. Raises BadRecord REV-503 for a result or act nobody knows.
    """
    what, status = record["what"], record.get("status")
    key = f"{record['campaign_id']}:{record['email_id']}"
    if what == "recipient":
        if status != "sent" and status not in _BOUNCES:
            raise BadRecord(f"message {key} has the unknown result {str(status)[:40]!r}", code="REV-503")
        yield _touch(record, mapping, f"{key}:sent", "sent", record["timestamp"])
        if status == "sent":
            yield _touch(record, mapping, f"{key}:delivered", "delivered", record["timestamp"])
        else:
            yield _touch(record, mapping, f"{key}:bounced", "bounced", record["bounced_at"], [("bounce", status)])
    elif what == "unsubscribe":
        reason = [("reason", record.get("reason"))]
        yield _touch(record, mapping, f"{key}:unsubscribed", "unsubscribed", record["timestamp"], reason)
    elif what == "bounce":
        yield _touch(
            record, mapping, f"{key}:bounced", "bounced", record["timestamp"], [("bounce", record.get("type"))]
        )
    elif what in _KINDS:
        url = record.get("url")
        end = f":{blake2b(str(url).encode(), digest_size=6).hexdigest()}" if url else ""
        own = f"{key}:{_KINDS[what]}:{record['timestamp']}{end}:{record['number']}"
        yield _touch(record, mapping, own, _KINDS[what], record["timestamp"], [("url", url)])
    else:
        raise BadRecord(f"message {key} has the unknown act {str(what)[:40]!r}", code="REV-503")


def _touch(
    record: Mapping[str, Any], mapping: Mapping[str, Any], key: str, kind: str, moment: object,
    more: Iterable[tuple[str, Any]] = (),
) -> CanonicalRow:  # fmt: skip
    row = fill(record, _COLUMNS, mapping, ACTIVITY)
    row.update({"id": key, "kind": kind, "occurred_at": moment, "direction": "out" if kind in _OUT else "in"})
    return "touch", attrs(row, record, is_custom=lambda _: False, more=more)


_OUT = ("sent", "delivered", "bounced")
_COLUMNS: Mapping[str, str | Callable[[Mapping[str, Any]], Any]] = {
    "person_id": "email_id",
    "campaign_id": "campaign_id",
    "channel": lambda _: "email",
    "message_id": lambda record: f"{record['campaign_id']}:{record['email_id']}",
}
