"""Contacts -> person, and lead with the times of its lifecycle stages.

Which contacts are leads is a reading of this connector: HubSpot has one object for newsletter readers, suppliers and
buyers. A contact is a lead once it had a lifecycle stage outside the setting ``not_leads``, or a lead status at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from revalign_hubspot.api import Api
from revalign_hubspot.history import Version, known_since, versions
from revalign_hubspot.kinds import Fields, Kind, custom, notes
from revalign_udf.connector import CanonicalRow, Context
from revalign_udf.connector.values import attrs, fill, instant

__all__ = ["CONTACTS", "NOT_LEADS"]

NOT_LEADS = ("subscriber", "other")
"""lifecycle stages that make nobody a lead, unless the settings say otherwise"""

_STAGE, _STATUS = "lifecyclestage", "hs_lead_status"

_PERSON: Fields = {
    "org_id": "associatedcompanyid",
    "email": "email",
    "first_source": "hs_analytics_source",
    "first_touch_at": lambda p: instant(p.get("hs_analytics_first_timestamp")),
    "country": "country",
}
_LEAD: Fields = {
    "org_id": "associatedcompanyid",
    "channel": "hs_analytics_source",
    "lead_source": "hs_analytics_source_data_1",
    "owner_id": "hubspot_owner_id",
}


def _contact(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    properties = record["properties"]
    person = fill(properties, _PERSON, mapping, "contacts")
    more = [(name, properties.get(name)) for name in (_STAGE, _STATUS)]
    yield "person", attrs({**person, "id": record["id"]}, properties, is_custom=custom(record), more=more)
    stages, statuses = _versions(record, _STAGE), _versions(record, _STATUS)
    since = _lead_since(record, stages, statuses, notes(record).get("not_leads", NOT_LEADS))
    if since is None:
        return
    lead = fill(properties, _LEAD, mapping, "contacts")
    lead |= {"id": record["id"], "person_id": record["id"], "created_at": since}
    yield "lead", attrs(lead, properties, is_custom=custom(record), more=more)
    yield from _events(record["id"], _STAGE, stages)
    yield from _events(record["id"], _STATUS, statuses)


def _versions(record: Mapping[str, Any], name: str) -> list[Version]:
    """The versions of a stage; without a history the one it has, since it was last changed as far as can be known."""
    found = versions(record, name)
    value = str(record["properties"].get(name) or "")
    if not found and value:
        return [Version(str(record["properties"].get("createdate") or record["createdAt"]), value)]
    return found


def _lead_since(
    record: Mapping[str, Any], stages: Iterable[Version], statuses: Iterable[Version], not_leads: Collection[str]
) -> str | None:
    """When the contact became a lead; None when it never did."""
    moments = [one.at for one in stages if one.value and one.value not in not_leads]
    moments += [one.at for one in statuses if one.value]
    if not moments:
        return None
    if known_since(record, [_STAGE], "contacts") is not None:
        # HubSpot has forgotten the beginning: the day it was created is the one that will not move
        return instant(record["properties"].get("createdate") or record["createdAt"])
    return instant(min(moments, key=lambda text: instant(text) or ""))


def _events(key: str, name: str, found: Iterable[Version]) -> Iterator[CanonicalRow]:
    before: str | None = None
    for one in found:
        if one.value:
            yield (
                "lifecycle_event",
                {
                    "id": f"{key}:{name}:{one.at}",
                    "subject_type": "lead",
                    "subject_id": key,
                    "stage": one.value,
                    "from_stage": before,
                    "occurred_at": one.at,
                },
            )
        before = one.value or None


def _prepare(_api: Api, ctx: Context) -> Mapping[str, Any]:
    chosen = ctx.settings.get("not_leads")
    return {"not_leads": frozenset(NOT_LEADS if chosen is None else chosen)}


CONTACTS = Kind(
    name="contacts",
    tables=("person", "lead", "lifecycle_event"),
    map=_contact,
    about="contacts as persons; those that became leads with the times of their lifecycle stages and lead statuses",
    scope="crm.objects.contacts.read",
    properties=(
        "email", "associatedcompanyid", "createdate", "country", "hubspot_owner_id", "hs_analytics_source",
        "hs_analytics_source_data_1", "hs_analytics_first_timestamp", "hs_merged_object_ids", "hs_calculated_merged_vids",
    ),
    history=(_STAGE, _STATUS),
    modified="lastmodifieddate",
    keyed=("person", "lead"),
    prepare=_prepare,
)  # fmt: skip
