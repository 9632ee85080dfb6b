"""Owners and their teams -> owner, team, owner_team."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revalign_hubspot.api import Api, Raw
from revalign_hubspot.kinds import NOTES, notes
from revalign_udf.connector import CanonicalRow, Context, Mark, Message, Records

__all__ = ["map_owner", "read_owners"]


def read_owners(ctx: Context, state: Mapping[str, Any]) -> Iterator[Message]:
    """All owners, those who left too: their deals are still theirs.

    HubSpot tells the team somebody is in, not since when. So a change of team is dated by the pull that sees it; the first
    team holds from the day the owner was made.
    """
    api = Api(ctx)
    known: dict[str, list[list[str]]] = {key: list(spans) for key, spans in (state.get("teams") or {}).items()}
    today = ctx.clock().isoformat()
    for archived in (False, True):
        for page in api.pages("/crm/v3/owners", {"limit": 100, "archived": archived}):
            for owner in page:
                team = _team(owner)
                spans = known.setdefault(str(owner["id"]), [])
                if (spans[-1][0] if spans else "") != team:
                    spans.append([team, today if spans else str(owner["createdAt"])])
                owner[NOTES] = {"teams": spans}
            yield Records("owners", page)
    yield Mark({"teams": known})


def _team(owner: Raw) -> str:
    """The owner's team: the primary one, else the only one; empty for none or several without a primary one."""
    teams = owner.get("teams") or []
    primary = [one for one in teams if one.get("primary")] or (teams if len(teams) == 1 else [])
    return str(primary[0]["id"]) if primary else ""


def map_owner(record: Mapping[str, Any], _mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """An owner, the teams it names, and when it was in which."""
    key = str(record["id"])
    for team in record.get("teams") or ():
        yield "team", {"id": str(team["id"]), "name": team["name"]}
    name = " ".join(part for part in (record.get("firstName"), record.get("lastName")) if part)
    yield (
        "owner",
        {
            "id": key,
            "name": name or record.get("email") or f"Owner {key}",
            "email": record.get("email"),
            "team_id": _team(dict(record)) or None,
            "active_from": record.get("createdAt"),
            "active_to": record.get("updatedAt") if record.get("archived") else None,
        },
    )
    spans = notes(record).get("teams") or []
    for place, (team, since) in enumerate(spans):
        if team:
            until = spans[place + 1][1] if place + 1 < len(spans) else None
            yield "owner_team", {"owner_id": key, "team_id": team, "valid_from": since, "valid_to": until}
