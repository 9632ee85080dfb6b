"""Leads -> leads and persons, with what was deleted and merged.

The first pull exports leads by the days they were created, window by window. Later pulls export what was updated; a
subscription without that filter (Marketo's error 1035) is asked which leads its activities say have changed, and for those.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from revalign_marketo.api import IDS, Marketo, Record, Refusal
from revalign_marketo.export import LONGEST, Job, rows_of
from revalign_udf.connector import CanonicalRow, Context, Log, Mark, Merges, Message, Records, Stream, Tombstones
from revalign_udf.connector.cursors import parsed, windows
from revalign_udf.connector.values import Path, attrs, fields_for, fill, instant
from revalign_udf.errors import BadRecord, ConfigError

__all__ = ["BATCH", "STANDARD", "custom_fields", "lead_rows", "read_leads"]

#: rows handed over at a time
BATCH = 1000
_NO_FILTER = "1035"
#: how long Marketo tells a deletion
_KEPT = timedelta(days=14)
_CHANGES = ("New Lead", "Change Data Value", "Change Score", "Merge Leads")
#: fields that every export asks for
_BASE = (
    "id", "email", "createdAt", "updatedAt", "firstName", "lastName", "company", "country", "industry", "leadSource",
    "leadStatus", "leadScore", "acquisitionProgramId", "originalSourceType", "unsubscribed",
)  # fmt: skip
#: fields of every Marketo subscription; all others are a company's own and are kept in attrs
STANDARD = {
    *_BASE, "acquisitionDate", "address", "addressLead", "annualRevenue", "anonymousIP", "billingCity", "billingCountry",
    "billingPostalCode", "billingState", "billingStreet", "blackListed", "blackListedCause", "city", "contactCompany",
    "cookies", "createdByUser", "dateOfBirth", "department", "doNotCall", "doNotCallReason", "ecids", "emailInvalid",
    "emailInvalidCause", "emailSuspended", "emailSuspendedAt", "emailSuspendedCause", "externalCompanyId",
    "externalSalesPersonId", "facebookDisplayName", "facebookId", "facebookPhotoURL", "facebookProfileURL",
    "facebookReach", "facebookReferredEnrollments", "facebookReferredVisits", "fax", "gender", "inferredCity",
    "inferredCompany", "inferredCountry", "inferredMetropolitanArea", "inferredPhoneAreaCode", "inferredPostalCode",
    "inferredStateRegion", "isAnonymous", "isEmployee", "isLead", "lastReferredEnrollment", "lastReferredVisit",
    "leadPartitionId", "leadPerson", "leadRevenueCycleModelId", "leadRevenueStageId", "leadRole", "linkedInDisplayName",
    "linkedInId", "linkedInPhotoURL", "linkedInProfileURL", "linkedInReach", "linkedInReferredEnrollments",
    "linkedInReferredVisits", "mainPhone", "marketingSuspended", "marketingSuspendedCause", "middleName", "mktoAcquisitionDate",
    "mktoCompanyNotes", "mktoDoNotCallCause", "mktoIsCustomer", "mktoIsPartner", "mktoName", "mktoPersonNotes", "mobilePhone",
    "numberOfEmployees", "numberOfEmployeesProspect", "originalReferrer", "originalSearchEngine", "originalSearchPhrase",
    "originalSourceInfo", "personLevelEngagementScore", "personPrimaryLeadInterest", "personTimeZone", "personType", "phone",
    "postalCode", "priority", "rating", "registrationSourceInfo", "registrationSourceType", "relativeScore", "relativeUrgency",
    "salutation", "sfdcAccountId", "sfdcContactId", "sfdcId", "sfdcLeadId", "sfdcLeadOwnerId", "sfdcType", "sicCode", "site",
    "state", "syndicationId", "title", "totalReferredEnrollments", "totalReferredVisits", "twitterDisplayName", "twitterId",
    "twitterPhotoURL", "twitterProfileURL", "twitterReach", "twitterReferredEnrollments", "twitterReferredVisits",
    "unsubscribedReason", "updatedByUser", "urgency", "website", "yearsInCompany",
}  # fmt: skip


def custom_fields(marketo: Marketo) -> tuple[list[str], set[str]]:
    """(a company's own lead fields, every field there is), by their REST names."""
    names = [str(one["rest"]["name"]) for one in marketo.result("/rest/v1/leads/describe.json") if one.get("rest")]
    return [name for name in names if name not in STANDARD], set(names)


def read_leads(ctx: Context, marketo: Marketo, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Leads created or changed, then merges, then deletions."""
    custom, known = custom_fields(marketo)
    mapped = fields_for(ctx.settings.get("mapping") or {}, "leads").values()
    fields = [name for name in dict.fromkeys([*_BASE, *mapped, *custom]) if name in known or name == "id"]
    began = marketo.now()
    if not state.get("cursor"):
        yield from _first(ctx, marketo, fields, state, began)
        since = parsed(state.get("began") or began.isoformat())
    else:
        since = parsed(state["cursor"]) - timedelta(seconds=stream.lookback)
        yield from _changed(ctx, marketo, fields, state, since, began)
    if began - since > _KEPT:
        yield Log(
            f"The last pull was on {since.date()}; Marketo tells deletions of leads of the last {_KEPT.days} days only, so"
            " older ones are not known.", "warning",
        )  # fmt: skip
    yield from _gone(ctx, marketo, since)
    yield Mark({"cursor": (parsed(state["began"]) if state.get("began") else began).isoformat()})


def _first(
    ctx: Context, marketo: Marketo, fields: Sequence[str], state: Mapping[str, Any], now: datetime
) -> Iterator[Message]:
    """Every lead, by the day it was created. What changes meanwhile is found by the next pull, from ``began`` on."""
    if not ctx.settings.get("since"):
        raise ConfigError(
            f"[source.{ctx.connection}] has no since.", code="REV-305",
            hint="Marketo hands out leads by the days they were created: write since = the day your Marketo began.",
        )  # fmt: skip
    began = parsed(state.get("began") or now.isoformat())
    start = parsed(state.get("created_upto") or ctx.settings["since"])
    for begin, end in windows(start, began, LONGEST):
        yield from _exported(ctx, marketo, fields, "createdAt", begin, end, {**state, "began": began.isoformat()})
        state = {"began": began.isoformat(), "created_upto": end.isoformat()}
        yield Mark(state)


def _changed(
    ctx: Context, marketo: Marketo, fields: Sequence[str], state: Mapping[str, Any], since: datetime, now: datetime
) -> Iterator[Message]:
    if state.get("no_filter"):
        yield from _by_activity(ctx, marketo, fields, since)
        return
    for begin, end in windows(since, max(now, since + timedelta(seconds=1)), LONGEST):
        try:
            yield from _exported(ctx, marketo, fields, "updatedAt", begin, end, state)
        except Refusal as refusal:
            if refusal.number != _NO_FILTER:
                raise
            yield Log(
                "Marketo cannot export leads by their last change here; changed leads are found by their activities."
            )
            yield from _by_activity(ctx, marketo, fields, since)
            return


def _exported(
    ctx: Context,
    marketo: Marketo,
    fields: Sequence[str],
    by: str,
    start: datetime,
    end: datetime,
    state: Mapping[str, Any],
) -> Iterator[Message]:
    """One window. The job stands in the state until its file was read: a stopped pull goes on with it."""
    window = [by, start.isoformat(), end.isoformat()]
    job, status = None, None
    waiting = state.get("job") or {}
    if waiting.get("window") == window and waiting.get("fields") == list(fields):
        job = Job(marketo, str(waiting["id"]))
        try:
            status = job.wait(ctx)
        except Refusal:  # Marketo keeps jobs for a week
            status = None
    if status is None:
        job = Job.of(marketo, fields, by, start, end)
        yield Mark({**state, "job": {"id": job.key, "window": window, "fields": list(fields)}})
        status = job.wait(ctx)
    assert job is not None
    if status is None:
        job = Job.of(marketo, fields, by, start, end)
        if (status := job.wait(ctx)) is None:
            raise Refusal(
                "",
                f"Marketo failed twice to export the leads of {start.date()} to {end.date()}.",
                hint="Pull again later.",
            )
    rows = rows_of(job.pieces(ctx, status))
    while batch := list(islice(rows, BATCH)):
        ctx.stop_if_cancelled()
        yield Records("leads", batch)


def _by_activity(ctx: Context, marketo: Marketo, fields: Sequence[str], since: datetime) -> Iterator[Message]:
    """Leads that activities say are new or changed."""
    types = marketo.types()
    wanted = [types[name] for name in _CHANGES if name in types]
    found: dict[str, None] = {}
    for activities, _ in marketo.activities(marketo.paging_token(since), wanted):
        ctx.stop_if_cancelled()
        found.update((str(one["leadId"]), None) for one in activities)
    keys = list(found)
    for start in range(0, len(keys), IDS):
        part = ",".join(keys[start : start + IDS])
        params = {"filterType": "id", "filterValues": part, "fields": ",".join(fields), "_method": "GET"}
        # a POST that reads: the address would be too long
        answer = marketo.http.request("POST", "/rest/v1/leads.json", params={"_method": "GET"}, data=params).json
        yield Records("leads", list(answer.get("result") or ()))


def _gone(ctx: Context, marketo: Marketo, since: datetime) -> Iterator[Message]:
    """Merges and deletions since a moment. Marketo tells deletions of the last 14 days."""
    types = marketo.types()
    token = marketo.paging_token(since)
    if "Merge Leads" in types:
        for activities, _ in marketo.activities(token, [types["Merge Leads"]]):
            ctx.stop_if_cancelled()
            pairs = [
                (gone, str(one["leadId"])) for one in activities for gone in _merged(one) if gone != str(one["leadId"])
            ]
            if pairs:
                yield Merges("lead", pairs)
                yield Merges("person", pairs)
    for activities, _ in marketo.deleted(token):
        ctx.stop_if_cancelled()
        if keys := [str(one["leadId"]) for one in activities]:
            yield Tombstones("lead", keys)
            yield Tombstones("person", keys)


def _merged(activity: Record) -> list[str]:
    """The leads that went into another: ``[1286861]`` or ``1286861, 1286862``."""
    text = next(
        (str(one.get("value")) for one in activity.get("attributes") or () if one.get("name") == "Merge IDs"), ""
    )
    if text.startswith("["):
        try:
            return [str(one) for one in json.loads(text)]
        except ValueError:
            text = text.strip("[]")
    return [part.strip() for part in text.split(",") if part.strip()]


def lead_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One lead: a lead, and its person. Raises BadRecord REV-503 without id or day of creation."""
    if not record.get("id") or not record.get("createdAt"):
        raise BadRecord("the lead has no id or no createdAt")
    key = str(record["id"])
    defaults: dict[str, Path] = {
        "id": lambda _one: key,
        "person_id": lambda _one: key,
        "created_at": lambda one: _moment(one.get("createdAt")),
        "lead_source": "leadSource",
        "channel": "originalSourceType",
        "campaign_id": "acquisitionProgramId",
        "updated_at": lambda one: _moment(one.get("updatedAt")),
    }
    row = fill(record, defaults, mapping, "leads")
    more = [
        (name, record.get(name))
        for name in ("company", "industry", "leadStatus", "leadScore", "sfdcLeadId", "sfdcContactId")
    ]
    yield "lead", attrs(row, record, is_custom=lambda name: name not in STANDARD, more=more)
    person = {
        "id": key, "email": record.get("email"), "country": record.get("country"),
        "first_source": record.get("originalSourceType"), "first_touch_at": _moment(record.get("createdAt")),
    }  # fmt: skip
    yield "person", attrs(person, {}, more=[("company", record.get("company"))])


def _moment(value: object) -> str | None:
    """Marketo's times are in UTC, also where they do not say so."""
    text = instant(value)
    return text if text is None or "T" not in text else parsed(text).astimezone(UTC).isoformat()
