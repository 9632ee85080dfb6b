"""Deals -> opportunity, its contacts, the times of its stages, and what it was worth on every day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from revalign_hubspot.api import Api, Raw, milliseconds
from revalign_hubspot.history import Version, known_since, versions
from revalign_hubspot.kinds import NOTES, Children, Fields, Kind, associated, by_age, company_of, custom, notes
from revalign_udf.connector import CanonicalRow, Context
from revalign_udf.connector.values import attrs, fields_for, fill, instant
from revalign_udf.errors import BadRecord, ConfigError

__all__ = ["DEALS", "add_company_of_contacts", "stage_of"]

_BASES = {"hs_mrr": "mrr", "hs_arr": "arr", "hs_acv": "acv", "hs_tcv": "tcv"}
_TYPES = ("new", "expansion", "upsell", "cross_sell", "new_product", "renewal")
_KNOWN_TYPES = {"newbusiness": "new", "existingbusiness": "expansion"}
"""HubSpot's own two deal types"""

_FIELDS: Fields = {
    "stage": "dealstage",
    "pipeline": "pipeline",
    "currency": "deal_currency_code",
    "owner_id": "hubspot_owner_id",
    "close_date": "closedate",
    "loss_reason": "closed_lost_reason",
    "channel": "hs_analytics_source",
    "lead_source": "hs_analytics_source_data_1",
}


def _deal(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    properties, key = record["properties"], record["id"]
    told = notes(record)
    amount = fields_for(mapping, "deals").get("amount") or "amount"
    row = fill(properties, {**_FIELDS, "amount": amount}, mapping, "deals")
    row["id"] = key
    row["org_id"] = row.get("org_id") or company_of(record, "deal")
    if not row["org_id"]:
        raise BadRecord(
            f"deal {key} belongs to no company, nor do its contacts; associate it with a company in HubSpot",
            code="REV-503",
        )
    row["created_at"] = instant(properties.get("createdate") or record["createdAt"])
    row["amount_basis"] = row.get("amount_basis") or told.get("basis") or _BASES.get(amount)
    row["type"] = _type(row.get("type") or properties.get("dealtype"), told.get("types") or {})
    stages = versions(record, "dealstage")
    pipeline = (told.get("pipelines") or {}).get(properties.get("pipeline")) or {}
    stage = (pipeline.get("stages") or {}).get(properties.get("dealstage"))
    row["outcome"] = _outcome(properties, stage)
    row["closed_at"] = _closed_at(properties, row, stages)
    labels = [
        ("stage_label", stage and stage["label"]),
        ("pipeline_label", pipeline.get("label")),
        ("dealtype", properties.get("dealtype")),
    ]
    yield "opportunity", attrs(row, properties, is_custom=custom(record), more=labels)
    people = by_age(one for one, _ in associated(record, "contacts"))
    for person in people:
        # HubSpot knows no primary contact of a deal: the one that was there first counts as such
        yield (
            "opportunity_contact",
            {"opportunity_id": key, "person_id": person, "is_primary": person == people[0]},
        )
    yield from _stage_events(key, stages)
    yield from _snapshots(record, amount)


def _type(value: Any, own: Mapping[str, str]) -> str | None:
    """What the account's word for a kind of deal means; None where nobody says."""
    text = str(value or "").strip()
    plain = text.lower().replace("-", "_").replace(" ", "_")
    return own.get(text) or own.get(plain) or _KNOWN_TYPES.get(plain) or (plain if plain in _TYPES else None)


def _outcome(properties: Mapping[str, Any], stage: Mapping[str, Any] | None) -> str:
    """Won, lost or open, as HubSpot itself decides it: by the stage's probability."""
    if stage is not None:
        return "won" if stage["won"] else "lost" if stage["closed"] else "open"
    if properties.get("hs_is_closed_won") == "true":
        return "won"
    return "lost" if properties.get("hs_is_closed") == "true" else "open"


def _closed_at(properties: Mapping[str, Any], row: Mapping[str, Any], stages: Sequence[Version]) -> str | None:
    """The close date of a closed deal, as in HubSpot's own reports; without one, when it came into its last stage."""
    if row["outcome"] == "open":
        return None
    if properties.get("closedate"):
        return instant(properties["closedate"])
    return instant(stages[-1].at) if stages and stages[-1].value == properties.get("dealstage") else None


def _stage_events(key: str, stages: Iterable[Version]) -> Iterator[CanonicalRow]:
    before: str | None = None
    for one in stages:
        if one.value:
            yield (
                "lifecycle_event",
                {
                    "id": f"{key}:dealstage:{one.at}",
                    "subject_type": "opportunity",
                    "subject_id": key,
                    "stage": one.value,
                    "from_stage": before,
                    "occurred_at": one.at,
                },
            )
        before = one.value or None


def _snapshots(record: Mapping[str, Any], amount: str) -> Iterator[CanonicalRow]:
    """The deal at every moment at which stage, amount, close date or owner changed.

    Moments are sent, in order, and become days in the company's time zone; of one day the last counts. Before the moment
    from which all four are known nothing is said: HubSpot has forgotten it, or an earlier pull has told it.
    """
    columns = {"stage": "dealstage", "amount": amount, "close_date": "closedate", "owner_id": "hubspot_owner_id"}
    told = {column: versions(record, name) for column, name in columns.items()}
    if not told["stage"]:
        return
    since = known_since(record, list(columns.values()), "deals")
    moments = {milliseconds(one.at): one.at for found in told.values() for one in found}
    for moment, at in sorted(moments.items()):
        if since is not None and moment < since:
            continue
        row: dict[str, Any] = {"opportunity_id": record["id"], "valid_from": at}
        for column, found in told.items():
            past = [one.value for one in found if milliseconds(one.at) <= moment]
            row[column] = (past[-1] or None) if past else None
        yield "opportunity_snapshot", row


def _prepare(api: Api, ctx: Context) -> Mapping[str, Any]:
    settings = ctx.settings
    basis = settings.get("amount_basis")
    if basis and basis not in _BASES.values():
        raise ConfigError(
            f"source.{ctx.connection}.amount_basis must be one of {', '.join(_BASES.values())}, not {basis!r}.",
            code="REV-305",
        )
    types = {str(name): str(kind) for name, kind in (settings.get("deal_types") or {}).items()}
    for name, kind in types.items():
        if kind not in _TYPES:
            raise ConfigError(
                f"source.{ctx.connection}.deal_types: {name} cannot be {kind!r}.", code="REV-305",
                hint=f"One of {', '.join(_TYPES)}.",
            )  # fmt: skip
    pipelines = {
        one["id"]: {"label": one["label"], "stages": {stage["id"]: stage_of(stage) for stage in one["stages"]}}
        for one in api.pipelines("deals")
    }
    return {"basis": basis, "types": types, "pipelines": pipelines}


def stage_of(stage: Mapping[str, Any]) -> dict[str, Any]:
    """What a deal stage says: closed or not, and won where its probability is 1."""
    metadata = stage.get("metadata") or {}
    closed = str(metadata.get("isClosed", "false")).lower() == "true"
    try:
        chance = float(metadata.get("probability") or 0)
    except ValueError:
        chance = 0.0
    return {"label": stage["label"], "closed": closed or chance == 1.0, "won": chance == 1.0}


def add_company_of_contacts(api: Api, records: Sequence[Raw]) -> None:
    """Tell records without a company which one their contacts belong to: that of the contact who was there first."""
    alone = {
        record["id"]: by_age(one for one, _ in associated(record, "contacts"))
        for record in records
        if not list(associated(record, "companies"))
    }
    people = by_age(one for found in alone.values() for one in found)
    if not people:
        return
    companies = {
        one["id"]: (one.get("properties") or {}).get("associatedcompanyid")
        for one in api.batch("contacts", people, ["associatedcompanyid"])
    }
    for record in records:
        found = [companies[one] for one in alone.get(record["id"], ()) if companies.get(one)]
        if found:
            record[NOTES]["company"] = found[0]


def _children(record: Raw) -> Iterator[Children]:
    key = record["id"]
    yield "opportunity_contact", f"{key}|", [f"{key}|{one}" for one, _ in associated(record, "contacts")]


DEALS = Kind(
    name="deals",
    tables=("opportunity", "opportunity_contact", "lifecycle_event", "opportunity_snapshot"),
    map=_deal,
    about="deals, their contacts, when they were in which stage, and their amount, close date and owner over time",
    scope="crm.objects.deals.read",
    properties=(
        "dealname", "dealtype", "pipeline", "deal_currency_code", "closed_lost_reason", "hs_is_closed",
        "hs_is_closed_won", "createdate", "hs_analytics_source", "hs_analytics_source_data_1", "hs_merged_object_ids",
    ),
    history=("dealstage", "closedate", "hubspot_owner_id"),
    dated={"amount": "amount"},
    associations=("companies", "contacts"),
    keyed=("opportunity",),
    prepare=_prepare,
    join=add_company_of_contacts,
    children=_children,
    swept=(("opportunity_contact", ""),),
)  # fmt: skip
