"""Marketing e-mails -> campaign; what happened to each message -> touch; form submissions -> touch.

Events and submissions name an e-mail address, not a contact: the addresses are looked up page by page. An address that no
contact has (any more) becomes an anonymous key made from it, so that rates stay right and the address is not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from revalign_hubspot.api import Api, Raw, milliseconds
from revalign_hubspot.kinds import NOTES, notes
from revalign_udf.connector import CanonicalRow, Context, Log, Mark, Message, Records
from revalign_udf.connector.cursors import parsed, windows
from revalign_udf.connector.values import attrs, instant
from revalign_udf.errors import BadRecord, ConfigError, Fatal

__all__ = ["FORM_KINDS", "map_email", "map_event", "map_form", "read_emails", "read_events", "read_forms"]

_LOOKBACK = timedelta(hours=6)
"""events and submissions are told late, by minutes as a rule"""
_WINDOW = timedelta(days=30)
_KINDS = {"SENT": "sent", "DELIVERED": "delivered", "OPEN": "opened", "CLICK": "clicked", "BOUNCE": "bounced"}
_NO_TOUCH = frozenset(("PROCESSED", "DEFERRED", "DROPPED", "PRINT", "FORWARD", "SPAMREPORT"))
FORM_KINDS = ("form", "signup", "demo", "trial")


# -- marketing e-mails


def _emails(api: Api) -> Iterator[list[Raw]]:
    for archived in (False, True):
        yield from api.pages("/marketing/v3/emails/", {"limit": 100, "archived": archived})


def read_emails(ctx: Context) -> Iterator[Message]:
    """All marketing e-mails: there are few, and archived ones still have their events."""
    count = 0
    for page in _emails(Api(ctx)):
        count += len(page)
        yield Records("marketing_emails", page)
    yield Mark({"emails": count})


def map_email(record: Mapping[str, Any], _mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """A marketing e-mail is a campaign of the channel e-mail."""
    words = (str(record.get("type") or ""), str(record.get("state") or ""))
    row = {
        "id": str(record["id"]),
        "name": record.get("name") or record.get("subject") or f"E-mail {record['id']}",
        "type": words[0].lower() or None,
        "channel": "email",
        "automated": any(word.startswith("AUTOMATED") for word in words),
        "start_date": record.get("publishDate") or record.get("publishedAt"),
    }
    more = [(name, record.get(name)) for name in ("subject", "campaign", "campaignName", "state")]
    yield "campaign", attrs(row, {}, more=more)


# -- events


def read_events(ctx: Context, state: Mapping[str, Any]) -> Iterator[Message]:
    """Events since the last pull, month by month; at first since the first marketing e-mail was made.

    The end of a window counts as read only when it lies in HubSpot's past, so that a wrong clock of ours skips nothing.
    """
    api = Api(ctx)
    reply = api.get("/marketing/v3/emails/", {"limit": 1})
    now = api.moment(reply)
    emails = [one for page in _emails(api) for one in page]
    campaigns = {str(sent): str(one["id"]) for one in emails for sent in one.get("allEmailCampaignIds") or ()}
    begun = state.get("cursor") or ctx.settings.get("since") or min((one["createdAt"] for one in emails), default=None)
    if begun is None:
        yield Mark({})
        return
    people = _People(api)
    ignored = 0
    start = min(parsed(begun) - _LOOKBACK, now - _LOOKBACK) if state.get("cursor") else parsed(begun)
    seen = state.get("cursor")
    for first, end in windows(start, max(now, start + timedelta(seconds=1)), _WINDOW):
        last = end >= now
        for page in _events(api, first, None if last else end):
            fresh = [one for one in page if one.get("type") not in _NO_TOUCH]
            ignored += len(page) - len(fresh)
            known = people.of(str(one.get("recipient") or "") for one in fresh)
            for one in fresh:
                one[NOTES] = {
                    "person": known.get(str(one.get("recipient") or "").lower()),
                    "campaign": campaigns.get(str(one.get("emailCampaignId"))),
                }
                seen = max(seen or "", instant(one["created"]) or "")
            yield Records("email_events", fresh)
        if not last:
            seen = max(seen or "", end.isoformat())
        if seen:
            yield Mark({"cursor": seen})
    if ignored:
        yield Log(f"{ignored:,} e-mail events of other kinds (processed, deferred, dropped, printed ...) are left out.")


def _events(api: Api, start: datetime, end: datetime | None) -> Iterator[list[Raw]]:
    params: Raw = {
        "startTimestamp": milliseconds(start.isoformat()),
        "endTimestamp": milliseconds(end.isoformat()) if end else None,
        "limit": 1000,
        "offset": None,
    }
    while True:
        body = api.get("/email/public/v1/events", params).json
        yield body.get("events") or []
        if not body.get("hasMore"):
            return
        if not body.get("offset") or body["offset"] == params["offset"]:
            raise Fatal("HubSpot sent the same page of e-mail events again.", hint="Pull again.")
        params["offset"] = body["offset"]


def map_event(record: Mapping[str, Any], _mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One thing that happened to one message."""
    kind = str(record.get("type") or "")
    if kind == "STATUSCHANGE":
        told = [
            record.get("portalSubscriptionStatus"),
            *(one.get("status") for one in record.get("subscriptions") or ()),
        ]
        if "UNSUBSCRIBED" not in told:
            return
        touch = "unsubscribed"
    elif kind in _KINDS:
        touch = _KINDS[kind]
    else:
        raise BadRecord(f"an e-mail event of the unknown kind {kind!r}")
    sent = record.get("sentBy") or {}
    row = {
        "id": f"event:{record['id']}",
        "occurred_at": instant(record["created"]),
        "kind": touch,
        "channel": "email",
        "direction": "out",
        "campaign_id": notes(record).get("campaign"),
        # all events of a message name the one that sent it
        "message_id": sent.get("id") or (record["id"] if kind == "SENT" else None),
        "is_bot": bool(record.get("filteredEvent")),
        **_who(str(record.get("recipient") or ""), notes(record).get("person")),
    }
    yield "touch", attrs(row, {}, more=[("email_campaign_id", record.get("emailCampaignId"))])


# -- forms


def read_forms(ctx: Context, state: Mapping[str, Any]) -> Iterator[Message]:
    """Submissions of every form, newest first, down to those an earlier pull has read."""
    api = Api(ctx)
    read: dict[str, int] = dict(state.get("forms") or {})
    kinds = _form_kinds(ctx)
    people = _People(api)
    since = ctx.settings.get("since")
    oldest = milliseconds(str(since)) if since else 0
    forms = [one for page in api.pages("/marketing/v3/forms/", {"limit": 100}) for one in page]
    for form in forms:
        key, name = str(form["id"]), str(form.get("name") or "")
        until = max(read[key] - int(_LOOKBACK.total_seconds() * 1000), oldest) if key in read else oldest
        newest = read.get(key, 0)
        for page in api.pages(f"/form-integrations/v1/submissions/forms/{key}", {"limit": 50}):
            fresh = [one for one in page if int(one["submittedAt"]) >= until]
            known = people.of(_address(one) for one in fresh)
            for one in fresh:
                kind = kinds.get(name) or kinds.get(key) or "form"
                one[NOTES] = {"form": key, "name": name, "kind": kind, "person": known.get(_address(one))}
                newest = max(newest, int(one["submittedAt"]))
            if fresh:
                yield Records("form_submissions", fresh)
            if len(fresh) < len(page):
                break
        read[key] = newest
        yield Mark({"forms": dict(read)})


def _form_kinds(ctx: Context) -> Mapping[str, str]:
    found = {str(name): str(kind) for name, kind in (ctx.settings.get("form_kinds") or {}).items()}
    for name, kind in found.items():
        if kind not in FORM_KINDS:
            raise ConfigError(
                f"source.{ctx.connection}.form_kinds: {name} cannot be {kind!r}.", code="REV-305",
                hint=f"One of {', '.join(FORM_KINDS)}.",
            )  # fmt: skip
    return found


def map_form(record: Mapping[str, Any], _mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One submission of a form."""
    told = notes(record)
    address = _address(record)
    own = record.get("conversionId") or _key(f"{told.get('form')}|{record['submittedAt']}|{address}")
    row = {
        "id": f"form:{own}",
        "occurred_at": instant(record["submittedAt"]),
        "kind": told.get("kind") or "form",
        "direction": "in",
        **_who(address, told.get("person")),
    }
    more = [("form", told.get("name")), ("form_id", told.get("form")), ("page", record.get("pageUrl"))]
    yield "touch", attrs(row, {}, more=more)


def _address(record: Mapping[str, Any]) -> str:
    for one in record.get("values") or ():
        if one.get("name") == "email":
            return str(one.get("value") or "").strip().lower()
    return ""


# -- who


class _People:
    """Contacts by e-mail address, asked for once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, str | None] = {}

    def of(self, addresses: Iterable[str]) -> Mapping[str, str | None]:
        """Address in small letters -> contact, for these and all asked for before."""
        asked = sorted({one.strip().lower() for one in addresses if one} - self._known.keys())
        self._known.update(dict.fromkeys(asked))
        for one in self._api.batch("contacts", asked, ["email", "hs_additional_emails"], by="email"):
            own = one.get("properties") or {}
            for address in (own.get("email"), *str(own.get("hs_additional_emails") or "").split(";")):
                if address:
                    self._known[address.strip().lower()] = one["id"]
        return self._known


def _who(address: str, person: str | None) -> dict[str, str]:
    if person:
        return {"person_id": person}
    if not address:
        raise BadRecord("neither a contact nor an e-mail address is named; nobody can be told from this record")
    return {"anonymous_id": f"email:{_key(address.strip().lower())}"}


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
