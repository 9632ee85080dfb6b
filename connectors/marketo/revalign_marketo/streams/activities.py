"""Activities -> touches; changes of stages, scores and programme steps.

At most ten kinds go into one request, so there are two streams. Kinds go by their names: their numbers differ between
subscriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from revalign_marketo.api import Marketo, Record, Refusal
from revalign_udf.connector import CanonicalRow, Context, Log, Mark, Message, Records, Stream
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.values import instant
from revalign_udf.errors import BadRecord

__all__ = ["CHANGES", "TOUCHES", "change_rows", "read_changes", "read_touches", "touch_rows"]

#: kind of activity -> (touch, channel, direction)
TOUCHES = {
    "Visit Webpage": ("visit", "web", "in"),
    "Fill Out Form": ("form", "web", "in"),
    "Click Link": ("clicked", "web", "in"),
    "Send Email": ("sent", "email", "out"),
    "Email Delivered": ("delivered", "email", "out"),
    "Email Bounced": ("bounced", "email", "out"),
    "Email Bounced Soft": ("bounced", "email", "out"),
    "Unsubscribe Email": ("unsubscribed", "email", "in"),
    "Open Email": ("opened", "email", "in"),
    "Click Email": ("clicked", "email", "in"),
}
CHANGES = ("Change Data Value", "Change Revenue Stage", "Change Score", "Change Status in Progression")
_TRUE = ("true", "1", "yes")


def read_touches(ctx: Context, marketo: Marketo, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """What was sent to leads and what they did."""
    campaigns = _programmes_of_campaigns(marketo)
    skipped = 0
    for activities, names, reached in _pages(ctx, marketo, stream, state, tuple(TOUCHES)):
        records: list[dict[str, Any]] = []
        for one in activities:
            if str(one.get("actionResult") or _value(one, "Action Result") or "").lower() in ("skipped", "failed"):
                skipped += 1
                continue
            kind = names[int(one["activityTypeId"])]
            records.append({"activity": one, "kind": kind, "programme": campaigns.get(str(one.get("campaignId")))})
        yield Records(stream.name, records)
        yield Mark(reached)
    if skipped:
        yield Log(f"{skipped} e-mails were skipped by Marketo and never sent; they are no touches.")


def read_changes(ctx: Context, marketo: Marketo, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Changes of the stage fields, of the score, of stages of the revenue model, and of programme steps."""
    stages = {str(one) for one in ctx.settings.get("stage_fields") or ()}
    scores = {str(one) for one in ctx.settings.get("score_fields") or ()}
    for activities, names, reached in _pages(ctx, marketo, stream, state, CHANGES):
        records = [
            {"activity": one, "kind": kind}
            for one in activities
            if (kind := names[int(one["activityTypeId"])])
            and (kind != "Change Data Value" or str(one.get("primaryAttributeValue")) in stages)
            and (kind != "Change Score" or str(one.get("primaryAttributeValue")) in scores)
        ]
        yield Records(stream.name, records)
        yield Mark(reached)


def _pages(
    ctx: Context, marketo: Marketo, stream: Stream, state: Mapping[str, Any], kinds: tuple[str, ...]
) -> Iterator[tuple[list[Record], dict[int, str], dict[str, Any]]]:
    """Pages of activities: (activities, names of their kinds, the state once they are read).

    An unfinished reading goes on with the token it had; a new one begins at the cursor less the lookback, as Marketo
    records some activities late.
    """
    types = marketo.types()
    names = {types[name]: name for name in kinds if name in types}
    if not names:
        return
    cursor = str(state.get("cursor") or "")
    started = _start(ctx, stream, state)
    token, top = str(state.get("token") or ""), str(state.get("top") or cursor)
    if not token:
        token = marketo.paging_token(started)
    pages = marketo.activities(token, sorted(names))
    while True:
        try:
            page = next(pages, None)
        except Refusal:
            if not state.get("token"):
                raise
            # the token of a reading that was stopped is no longer taken
            state, pages = {}, marketo.activities(marketo.paging_token(started), sorted(names))
            continue
        if page is None:
            break
        ctx.stop_if_cancelled()
        activities, token = page
        for one in activities:
            moment = parsed(str(instant(one["activityDate"]))).astimezone(UTC).isoformat()
            top = max(top, moment)
        yield activities, names, {"cursor": cursor or None, "token": token, "top": top}
    yield [], names, {"cursor": top or cursor or None}


def _start(ctx: Context, stream: Stream, state: Mapping[str, Any]) -> datetime:
    if state.get("cursor"):
        return parsed(str(state["cursor"])) - timedelta(seconds=stream.lookback)
    since = ctx.settings.get("since")
    return parsed(str(since)) if since else datetime(2006, 1, 1, tzinfo=UTC)


def _programmes_of_campaigns(marketo: Marketo) -> dict[str, str]:
    """Smart campaign -> its programme: activities name the first, money and meaning are at the second."""
    return {
        str(one["id"]): str(one["programId"])
        for page in marketo.listed("/rest/v1/campaigns.json")
        for one in page
        if one.get("programId")
    }


def _value(activity: Record, *names: str) -> str | None:
    """An attribute of an activity, by any of its names."""
    for one in activity.get("attributes") or ():
        if one.get("name") in names or one.get("apiName") in names:
            value = one.get("value")
            return None if value in (None, "") else str(value)
    return None


def _key(activity: Record) -> str:
    key = activity.get("marketoGUID") or activity.get("id")
    if not key or not activity.get("leadId"):
        raise BadRecord("the activity has no marketoGUID or no leadId")
    return str(key)


def touch_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:  # noqa: ARG001 - nothing to map
    """One touch. What Marketo takes for a machine (mail scanners open and click) is marked as one."""
    one, key = record["activity"], _key(record["activity"])
    kind, channel, direction = TOUCHES[record["kind"]]
    asset = one.get("primaryAttributeValueId")
    yield (
        "touch",
        {
            "id": key, "lead_id": str(one["leadId"]), "person_id": str(one["leadId"]),
            "occurred_at": instant(one["activityDate"]), "kind": kind, "channel": channel, "direction": direction,
            "campaign_id": record["programme"], "message_id": str(asset) if channel == "email" and asset else None,
            "is_bot": (_value(one, "Is Bot Activity", "isBotActivity") or "").lower() in _TRUE,
        },
    )  # fmt: skip


def change_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:  # noqa: ARG001 - nothing to map
    """A step of a lead's life, a score, or a step in a programme."""
    one, kind, key = record["activity"], record["kind"], _key(record["activity"])
    lead, moment = str(one["leadId"]), instant(one["activityDate"])
    if kind in ("Change Data Value", "Change Revenue Stage"):
        stage = _value(one, "New Value", "New Stage")
        if stage is None:
            return  # a stage that was emptied is none to be in
        yield (
            "lifecycle_event",
            {
                "id": key, "subject_type": "lead", "subject_id": lead, "stage": stage, "occurred_at": moment,
                "from_stage": _value(one, "Old Value", "Old Stage"), "reason_text": _value(one, "Reason"),
            },
        )  # fmt: skip
    elif kind == "Change Score":
        value = _value(one, "New Value")
        if value is None:
            raise BadRecord(f"the change of score {key} has no new value")
        delta = _value(one, "Change Value")
        yield (
            "score_event",
            {
                "id": key, "lead_id": lead, "occurred_at": moment, "value": value,
                "delta": delta.lstrip("+=") if delta else None, "reason": _value(one, "Reason"),
            },
        )  # fmt: skip
    else:
        step = _value(one, "New Status")
        if step is None or not one.get("primaryAttributeValueId"):
            raise BadRecord(f"the change of status {key} has no programme or no new status")
        yield (
            "programme_membership",
            {
                "id": key, "lead_id": lead, "campaign_id": str(one["primaryAttributeValueId"]), "step": step,
                "entered_at": moment,
            },
        )  # fmt: skip
