"""What automations sent to whom and when: a contact's own feed tells it, one call for each.

Reports of automated e-mails know their recipients and not the time of each message. The feed
(``/lists/{list}/members/{id}/activity-feed``) does. Off unless ``automation_sends`` is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from revalign_mailchimp.api import Box, Record
from revalign_mailchimp.streams.campaigns import workflow_emails
from revalign_udf.connector import CanonicalRow, Context, Mark, Message, Records
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.values import take
from revalign_udf.errors import BadRecord

__all__ = ["AUTOMATIONS", "map_send", "read_automations"]

AUTOMATIONS = "automations"


def read_automations(ctx: Context, box: Box, state: Mapping[str, Any]) -> Iterable[Message]:
    """Every automation whose counters moved: all its recipients with the e-mails each got, in order."""
    done: dict[str, list[int]] = dict(state.get("workflows") or {})
    for page in box.listed("/automations", "automations"):
        for workflow in page:
            key = str(workflow["id"])
            emails = workflow_emails(box, workflow)
            counts = [int(email.get("emails_sent") or 0) for email in emails]
            if done.get(key) == counts or not any(counts):
                continue
            audience = str(take(workflow, "recipients.list_id") or "")
            removed = {
                str(item["id"])
                for part in box.listed(f"/automations/{key}/removed-subscribers", "subscribers")
                for item in part
            }
            seen: set[str] = set()
            for email in emails:
                for part in box.listed(f"/reports/{email['id']}/sent-to", "sent_to"):
                    fresh = [person for item in part if (person := str(item["email_id"])) not in seen]
                    seen.update(fresh)
                    found = (_sends(box, audience, person, key, emails, removed) for person in fresh)
                    yield Records(AUTOMATIONS, [record for sends in found for record in sends])
                    ctx.progress(len(fresh))
            done[key] = counts
            yield Mark({"workflows": dict(done)})
    yield Mark({"workflows": dict(done)})


def _sends(
    box: Box, audience: str, person: str, workflow: str, emails: Sequence[Record], removed: set[str]
) -> Iterator[Record]:
    """The automation's e-mails that a contact got, each with when the next one came."""
    steps = {str(email["id"]): email for email in emails}
    found: list[tuple[str, str]] = []
    feed = box.listed(
        f"/lists/{audience}/members/{person}/activity-feed", "activity", {"activity_filters": "sent,bounce"}
    )
    bounced: set[str] = set()
    for page in feed:
        for act in page:
            email = str(act.get("campaign_id") or "")
            if email in steps and act.get("activity_type") == "sent":
                found.append((str(act["created_at_timestamp"]), email))
            elif email in steps and act.get("activity_type") == "bounce":
                bounced.add(email)
    found.sort(key=lambda item: (parsed(item[0]), int(steps[item[1]].get("position") or 0)))
    for number, (moment, email) in enumerate(found):
        following = found[number + 1][0] if number + 1 < len(found) else None
        yield {
            "workflow_id": workflow, "campaign_id": email, "email_id": person, "timestamp": moment, "left_at": following,
            "step": _step(steps[email]), "bounced": email in bounced,
            "status": "advanced" if following else "dropped" if person in removed else None,
        }  # fmt: skip


def _step(email: Mapping[str, Any]) -> str:
    name = take(email, "settings.title") or take(email, "settings.subject_line") or email["id"]
    return f"{int(email.get('position') or 0)} {name}"


def map_send(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:  # noqa: ARG001 - as for every stream
    """One e-mail of an automation to one contact -> the step it entered, and touches."""
    key, moment = f"{record['campaign_id']}:{record['email_id']}", record["timestamp"]
    if not moment:
        raise BadRecord(f"message {key} has no time", code="REV-503")
    yield (
        "programme_membership",
        {
            "id": f"{key}:{moment}", "person_id": record["email_id"], "campaign_id": record["workflow_id"],
            "step": record["step"], "entered_at": moment, "left_at": record["left_at"], "status": record["status"],
        },
    )  # fmt: skip
    for kind in ("sent",) if record["bounced"] else ("sent", "delivered"):
        yield (
            "touch",
            {
                "id": f"{key}:{kind}:{moment}", "person_id": record["email_id"], "campaign_id": record["campaign_id"],
                "message_id": key, "occurred_at": moment, "kind": kind, "channel": "email", "direction": "out",
            },
        )  # fmt: skip
