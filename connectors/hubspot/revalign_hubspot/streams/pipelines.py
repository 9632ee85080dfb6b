"""What stages mean: the account's deal pipelines and lifecycle stages -> stage_map."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from revalign_hubspot.api import Api, Raw
from revalign_hubspot.streams.deals import stage_of
from revalign_udf.connector import CanonicalRow, Context, Log, Mark, Message, Records
from revalign_udf.hookspecs import StageDefault

__all__ = ["LIFECYCLE", "LOST", "OPEN", "WON", "defaults", "map_stage", "read_stages"]

WON, LOST, OPEN = "customer", "lost", "opportunity"

LIFECYCLE = {
    "subscriber": "visitor",
    "lead": "lead",
    "marketingqualifiedlead": "mql",
    "salesqualifiedlead": "sql",
    "opportunity": "opportunity",
    "customer": "customer",
    "evangelist": "customer",
}
"""HubSpot's own lifecycle stages, by the names they keep when an account renames them. ``other`` means nothing by itself."""

_LEAD_STATUS = {
    "NEW": "lead",
    "OPEN": "lead",
    "IN_PROGRESS": "lead",
    "ATTEMPTED_TO_CONTACT": "lead",
    "CONNECTED": "lead",
    "OPEN_DEAL": "opportunity",
    "UNQUALIFIED": "disqualified",
    "BAD_TIMING": "not_ready",
}
_LABELS = {
    "lead": "lead",
    "mql": "mql",
    "marketing qualified lead": "mql",
    "sal": "sal",
    "sales accepted lead": "sal",
    "sql": "sql",
    "sales qualified lead": "sql",
    "opportunity": "opportunity",
    "customer": "customer",
    "disqualified": "disqualified",
    "recycled": "recycled",
    "churned": "churned",
}
"""labels of an account's own lifecycle stages that say what they are"""


def defaults() -> list[StageDefault]:
    """What HubSpot's own lifecycle stages and lead statuses mean where nobody says otherwise."""
    return [
        StageDefault("hubspot", "lead", source, stage, position=number)
        for found in (LIFECYCLE, _LEAD_STATUS)
        for number, (source, stage) in enumerate(found.items(), 1)
    ]


def read_stages(ctx: Context) -> Iterator[Message]:
    """Every deal stage, and the lifecycle stages an account added, as far as their labels say what they are."""
    api = Api(ctx)
    pipelines = api.pipelines("deals")
    shared = Counter(stage["id"] for one in pipelines for stage in one["stages"])
    # a deal that moved to another pipeline still has its old stages behind it: an id that is unique speaks for all
    records: list[Raw] = [
        {"stage": stage, "pipeline": one["id"] if shared[stage["id"]] > 1 else None}
        for one in pipelines
        for stage in one["stages"]
    ]
    unclear: list[str] = []
    for number, option in enumerate(_lifecycle(api), 1):
        value, label = str(option["value"]), str(option["label"])
        if value in (*LIFECYCLE, "other"):
            continue
        meaning = _LABELS.get(re.sub(r"[^a-z]+", " ", label.lower()).strip())
        if meaning:
            records.append({"lifecycle": value, "meaning": meaning, "position": number})
        else:
            unclear.append(f'{value} ("{label}")')
    yield Records("pipelines", records)
    if unclear:
        yield Log(
            f"Lifecycle stages of this account that nobody has given a meaning: {', '.join(unclear)}. Say it in"
            ' alignment/stages.toml: [[stages]] object = "lead", source_stage = the name in front of the brackets,'
            " stage = lead, mql, sal, sql, opportunity, customer or a state such as disqualified.",
            "warning",
        )
    yield Mark({"stages": len(records)})


def _lifecycle(api: Api) -> list[Raw]:
    for one in api.properties("contacts"):
        if one["name"] == "lifecyclestage":
            return list(one.get("options") or [])
    return []


def map_stage(record: Mapping[str, Any], _mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """One row of the stage map. The connection's own name is filled in by the sync engine."""
    if "lifecycle" in record:
        yield (
            "stage_map",
            {"connection": "", "object": "lead", "source_stage": record["lifecycle"], "stage": record["meaning"],
             "position": record["position"]},
        )  # fmt: skip
        return
    stage = record["stage"]
    found = stage_of(stage)
    yield (
        "stage_map",
        {
            "connection": "",
            "object": "opportunity",
            "pipeline": record["pipeline"],
            "source_stage": stage["id"],
            "stage": WON if found["won"] else LOST if found["closed"] else OPEN,
            "position": stage.get("displayOrder"),
            "is_won": found["won"],
            "is_lost": found["closed"] and not found["won"],
        },
    )
