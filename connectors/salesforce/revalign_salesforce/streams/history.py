"""What was, and since when: dated stages of leads and opportunities, snapshots of deals, attributes of accounts.

A record here is one lead, opportunity or account with all rows of its history under the name of the history object.
``_horizon`` says since when changes are recorded (tracking began, or older ones were thrown away: Salesforce keeps 18 to
24 months): what a record was like before is not known, and is not guessed. ``_again`` says up to when it was sent before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from revalign_salesforce.streams.common import columns, stamps
from revalign_udf.connector import CanonicalRow

__all__ = ["ATTRIBUTES", "account_history", "contact_roles", "lead_history", "opportunity_history", "tracked"]

#: a change of owner is listed twice, by name and by id; users' ids begin with 005, those of queues with 00G
_OWNER_ID = re.compile(r"00[5G][A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?")
#: attribute -> the field of the account whose history gives it
ATTRIBUTES = {"owner_id": "Owner", "industry": "Industry", "country": "BillingCountry", "parent_org_id": "Parent"}
_NAMES = {"owner_id": "owner", "parent_org_id": "parent"}
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def tracked(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Attribute of an organization -> the name its field has in AccountHistory (``segment = "Segment__c"``)."""
    own = columns(mapping, "Account")
    found = {}
    for column in (*ATTRIBUTES, "segment"):
        path = own.get(column, "") or ATTRIBUTES.get(column, "")
        if path:
            found[column] = path.removesuffix("Id") if path.endswith("Id") else path
    return found


def _changes(rows: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """The changes of one field, in order."""
    return sorted((row for row in rows if row.get("Field") == name), key=_when)


def _when(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("CreatedDate") or ""), str(row.get("Id") or "")


def _owners(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Changes of the owner, by id."""
    return [
        row
        for row in _changes(rows, "Owner")
        if all(value is None or _OWNER_ID.fullmatch(str(value)) for value in (row.get("OldValue"), row.get("NewValue")))
        and (row.get("OldValue") or row.get("NewValue"))
    ]


def _owner_at(moment: str, changes: Sequence[Mapping[str, Any]], now: Any) -> Any:
    """Who owned the record at a moment: the new owner of the last change until then, else the old one of the next."""
    before = [row for row in changes if str(row["CreatedDate"]) <= moment]
    if before:
        return before[-1].get("NewValue")
    return changes[0].get("OldValue") if changes else now


def lead_history(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """LeadHistory -> lifecycle_event: every status with its time, the conversion, and the stages that have a date field.

    The first status is dated with the lead's creation only when every change since then is recorded.
    """
    rows = record.get("LeadHistory") or ()
    changes, owners = _changes(rows, "Status"), _owners(rows)
    lead, created, horizon = record["Id"], str(record.get("CreatedDate") or ""), record.get("_horizon")

    def event(key: str, stage: Any, moment: str, before: Any = None) -> CanonicalRow:
        return (
            "lifecycle_event",
            {
                "id": key, "subject_type": "lead", "subject_id": lead, "stage": stage, "occurred_at": moment,
                "from_stage": before, "owner_id": _owner_at(moment, owners, record.get("OwnerId")),
            },
        )  # fmt: skip

    converted = bool(record.get("IsConverted"))
    first = changes[0].get("OldValue") if changes else None if converted else record.get("Status")
    if first and horizon and created >= horizon:
        yield event(f"{lead}:created", first, created)
    for change in changes:
        if change.get("NewValue"):
            yield event(change["Id"], change["NewValue"], str(change["CreatedDate"]), change.get("OldValue"))
    status = record.get("Status")
    if converted and status and status not in [change.get("NewValue") for change in changes]:
        said = _changes(rows, "leadConverted")
        moment = str(said[0]["CreatedDate"]) if said else record.get("ConvertedDate")
        if moment:
            yield event(f"{lead}:converted", status, str(moment))
    for stage, path in stamps(mapping).items():
        if record.get(path):
            yield event(f"{lead}:{stage}", stage, str(record[path]))


def opportunity_history(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:  # noqa: ARG001 - as all others
    """OpportunityHistory and owner changes -> lifecycle_event per stage, opportunity_snapshot per state.

    Salesforce keeps OpportunityHistory for good and the owners for 18 to 24 months. States from before that were sent when
    they were fresh, and are not sent again with an owner nobody knows any more.
    """
    rows = sorted(record.get("OpportunityHistory") or (), key=_when)
    owners = _owners(record.get("OpportunityFieldHistory") or ())
    horizon = str(record.get("_horizon") or "")
    deal, now = record["Id"], record.get("OwnerId")
    if not rows:
        if record.get("LastStageChangeDate") and record.get("StageName"):
            yield _stage(
                f"{deal}:{record['StageName']}", deal, record["StageName"], record["LastStageChangeDate"], None, now
            )
        return
    # sent before, and older than what is still known of owners
    old = min(horizon, str(record.get("_again") or ""))
    before = None
    for row in rows:
        moment, stage = str(row["CreatedDate"]), row.get("StageName")
        if stage and stage != before and moment >= old:
            yield _stage(row["Id"], deal, stage, moment, before, _owner_at(moment, owners, now))
        before = stage or before
    # a change of owner is a state of its own: the last state known until then, in other hands
    moments = sorted({*(str(row["CreatedDate"]) for row in rows), *(str(row["CreatedDate"]) for row in owners)})
    for moment in moments:
        state = [row for row in rows if str(row["CreatedDate"]) <= moment]
        if not state or moment < old:
            continue
        yield (
            "opportunity_snapshot",
            {
                "opportunity_id": deal, "valid_from": moment, "stage": state[-1].get("StageName"),
                "amount": state[-1].get("Amount"), "close_date": state[-1].get("CloseDate"),
                "owner_id": _owner_at(moment, owners, now),
            },
        )  # fmt: skip


def _stage(key: str, deal: str, stage: Any, moment: Any, before: Any, owner: Any) -> CanonicalRow:
    return (
        "lifecycle_event",
        {
            "id": key, "subject_type": "opportunity", "subject_id": deal, "stage": stage, "occurred_at": moment,
            "from_stage": before, "owner_id": owner,
        },
    )  # fmt: skip


def account_history(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """AccountHistory -> attribute_history: owner, industry, country and segment, each with the day it began to hold.

    The value before the first recorded change held since the account was made, or since changes are recorded.
    """
    rows = record.get("AccountHistory") or ()
    start = max(str(record.get("CreatedDate") or ""), str(record.get("_horizon") or ""))
    for column, name in tracked(mapping).items():
        changes = _owners(rows) if name == "Owner" else _changes(rows, name)
        if column == "parent_org_id":
            changes = [row for row in changes if all(_is_id(row.get(side)) for side in ("OldValue", "NewValue"))]
        if not changes:
            continue
        values = [(start, changes[0].get("OldValue")), *((row["CreatedDate"], row.get("NewValue")) for row in changes)]
        ends = [*(moment for moment, _ in values[1:]), None]
        for (moment, value), end in zip(values, ends, strict=True):
            if value:
                yield (
                    "attribute_history",
                    {
                        "entity": "organization", "entity_id": record["Id"], "attribute": _NAMES.get(column, column),
                        "value": value, "valid_from": moment, "valid_to": end,
                    },
                )  # fmt: skip


def _is_id(value: Any) -> bool:
    return value is None or bool(_ID.fullmatch(str(value)))


def contact_roles(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:  # noqa: ARG001 - as all others
    """OpportunityContactRole -> opportunity_contact. A contact with several roles has one row: its primary role, else its
    oldest.
    """
    found: dict[str, Mapping[str, Any]] = {}
    rows = record.get("OpportunityContactRole") or ()
    for row in sorted(rows, key=lambda row: (not row.get("IsPrimary"), *_when(row))):
        if row.get("ContactId") and not row.get("IsDeleted"):
            found.setdefault(str(row["ContactId"]), row)
    for person, row in found.items():
        yield (
            "opportunity_contact",
            {
                "opportunity_id": record["Id"], "person_id": person, "role": row.get("Role"),
                "is_primary": bool(row.get("IsPrimary")),
            },
        )  # fmt: skip
