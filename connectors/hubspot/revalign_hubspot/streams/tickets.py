"""Tickets -> ticket, feedback submissions -> survey_response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from revalign_hubspot.api import Api
from revalign_hubspot.history import Version, versions
from revalign_hubspot.kinds import Fields, Kind, associated, by_age, company_of, custom, notes
from revalign_hubspot.streams.deals import add_company_of_contacts
from revalign_udf.connector import CanonicalRow, Context
from revalign_udf.connector.values import attrs, fill, instant
from revalign_udf.errors import BadRecord

__all__ = ["FEEDBACK", "TICKETS"]

_FIELDS: Fields = {
    "created_at": lambda p: instant(p.get("createdate")),
    "first_response_at": lambda p: instant(p.get("hs_first_agent_message_sent_at") or p.get("first_agent_reply_date")),
    "solved_at": lambda p: instant(p.get("closed_date")),
    "priority": "hs_ticket_priority",
    "channel": "source_type",
    "owner_id": "hubspot_owner_id",
}
_SURVEYS = {"NPS": ("nps", "10"), "CSAT": ("csat", "5"), "CES": ("ces", "7")}
"""survey type -> (kind, highest score): the scales of HubSpot's own survey forms"""


def _ticket(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    properties = record["properties"]
    row = fill(properties, _FIELDS, mapping, "tickets")
    row["id"] = record["id"]
    row["org_id"] = row.get("org_id") or company_of(record, "ticket")
    if not row["org_id"]:
        raise BadRecord(
            f"ticket {record['id']} belongs to no company, nor do its contacts; associate it with a company in HubSpot"
        )
    row["created_at"] = row.get("created_at") or record["createdAt"]
    row["reopened"] = _reopened(versions(record, "hs_pipeline_stage"), notes(record).get("closed") or frozenset())
    more = [(name, properties.get(name)) for name in ("hs_pipeline", "hs_pipeline_stage")]
    yield "ticket", attrs(row, properties, is_custom=custom(record), more=more)


def _reopened(stages: list[Version], closed: frozenset[str]) -> bool:
    """Whether it ever left a closed stage for an open one."""
    values = [one.value for one in stages]
    return any(a in closed and b not in closed for a, b in pairwise(values))


def _prepare(api: Api, _ctx: Context) -> Mapping[str, Any]:
    stages = [stage for one in api.pipelines("tickets") for stage in one["stages"]]
    return {
        "closed": frozenset(
            stage["id"]
            for stage in stages
            if str((stage.get("metadata") or {}).get("ticketState", "")).upper() == "CLOSED"
        )
    }


def _answer(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    properties = record["properties"]
    fields = {"comment": "hs_content", "score": "hs_value", "responded_at": "hs_submission_timestamp"}
    row = fill(properties, fields, mapping, "feedback_submissions")
    kind = str(properties.get("hs_survey_type") or "").upper()
    if kind not in _SURVEYS:
        raise BadRecord(
            f"survey answer {record['id']} is of the kind {kind or 'nothing'}, which has no score scale of HubSpot's own"
        )
    people = by_age(one for one, _ in associated(record, "contacts"))
    row |= {"id": record["id"], "kind": _SURVEYS[kind][0], "scale_max": _SURVEYS[kind][1]}
    row["responded_at"] = instant(row.get("responded_at") or record["createdAt"])
    row["person_id"] = people[0] if people else properties.get("hs_contact_id") or None
    row["org_id"] = company_of(record, "feedback_submission")
    more = [(name, properties.get(f"hs_{name}")) for name in ("survey_name", "survey_channel")]
    yield "survey_response", attrs(row, properties, is_custom=custom(record), more=more)


TICKETS = Kind(
    name="tickets",
    tables=("ticket",),
    map=_ticket,
    about="support tickets: first answer, solution, reopened or not",
    scope="tickets",
    properties=(
        "subject", "createdate", "closed_date", "first_agent_reply_date", "hs_first_agent_message_sent_at",
        "hs_ticket_priority", "source_type", "hubspot_owner_id", "hs_pipeline", "hs_merged_object_ids",
    ),
    history=("hs_pipeline_stage",),
    associations=("companies", "contacts"),
    keyed=("ticket",),
    optional=True,
    prepare=_prepare,
    join=add_company_of_contacts,
)  # fmt: skip

FEEDBACK = Kind(
    name="feedback_submissions",
    tables=("survey_response",),
    map=_answer,
    about="answers to surveys (NPS, CSAT, CES)",
    scope="crm.objects.feedback_submissions.read",
    properties=(
        "hs_survey_type", "hs_survey_name", "hs_survey_channel", "hs_value", "hs_content", "hs_submission_timestamp",
        "hs_contact_id",
    ),
    associations=("contacts", "companies"),
    keyed=("survey_response",),
    optional=True,
    join=add_company_of_contacts,
)  # fmt: skip
