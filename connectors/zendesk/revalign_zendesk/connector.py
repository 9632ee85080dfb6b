"""The zendesk connector: what it needs, what it reads, and which stream is read and mapped by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Message,
    Setting,
    Spec,
    Stream,
    http_settings,
)
from revalign_udf.errors import RevalignError
from revalign_zendesk.api import Desk
from revalign_zendesk.fields import field_keys, ticket_field_names
from revalign_zendesk.streams.people import (
    GROUPS,
    ORGANIZATIONS,
    USERS,
    map_group,
    map_organization,
    map_user,
    read_groups,
    read_organizations,
    read_users,
)
from revalign_zendesk.streams.ratings import RATINGS, map_rating, read_ratings
from revalign_zendesk.streams.tickets import TICKETS, map_ticket, read_tickets

__all__ = ["ZendeskConnector"]

_MAPS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[CanonicalRow]]] = {
    GROUPS: map_group,
    ORGANIZATIONS: map_organization,
    USERS: map_user,
    TICKETS: map_ticket,
    RATINGS: map_rating,
}


class ZendeskConnector:
    """Reads Zendesk Support: groups, organizations, users, tickets and satisfaction ratings."""

    spec = Spec(
        name="zendesk",
        version="0.1.0",
        about="Zendesk Support: tickets, organizations, people, satisfaction ratings",
        settings=(
            Setting("api_token", "secret", help="API token; signs in as the person of `email`"),
            Setting("oauth_token", "secret", help="OAuth access token, instead of email and api_token"),
            Setting("client_secret", "secret", help="secret of an OAuth client, with client_id"),
            Setting("client_id", "text", help="unique identifier of an OAuth client (client credentials)"),
            Setting("email", "text", help="e-mail address of the administrator whose API token it is"),
            Setting(
                "default_org_id", "text",
                help="id of the organization that tickets of people without one count for; empty: they are rejected",
            ),
            Setting("exports_per_minute", "int", default=10, help="30 with the High Volume API add-on"),
            Setting("page_size", "int", default=1000, help="records per page of an export; fewer where replies time out"),
            *http_settings("", help="your Zendesk: https://SUBDOMAIN.zendesk.com"),
        ),
        needs=("http",),
        scopes=("read", "the role of an administrator: exports are refused to agents"),
    )  # fmt: skip

    def check(self, ctx: Context) -> Check:
        """Whether we are let in, and as whom: exports are for administrators only."""
        try:
            user = Desk(ctx).get("users/me.json").get("user") or {}
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        if not user.get("id"):  # Zendesk answers 200 with nobody where it does not know us
            return Check(ok=False, message="Zendesk does not know this e-mail address and token. Make a new API token.")
        if user.get("role") != "admin":
            return Check(
                ok=False,
                message=f"Signed in with the role {user.get('role')}; exports need an administrator. Use an administrator's"
                " token.",
            )
        return Check(ok=True, message="Signed in as an administrator.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The streams, with the account's own fields."""
        desk = Desk(ctx)
        return [
            Stream(GROUPS, ("team",), delete_mode="sweep", about="groups of agents"),
            Stream(
                ORGANIZATIONS, ("organization",), cursor="updated_at", granularity="second", delete_mode="sweep",
                about="organizations", custom=field_keys(desk, "organization_fields"),
            ),
            Stream(
                USERS, ("person", "owner"), cursor="updated_at", granularity="second", delete_mode="soft",
                about="end users; agents are owners, too", custom=field_keys(desk, "user_fields"),
            ),
            Stream(
                TICKETS, ("ticket",), cursor="generated_timestamp", granularity="second", delete_mode="soft",
                about="tickets with their times", custom=tuple(sorted(ticket_field_names(desk).values())),
            ),
            Stream(
                RATINGS, ("survey_response",), cursor="updated_at", granularity="second", delete_mode="sweep",
                about="answers to the satisfaction survey",
            ),
        ]  # fmt: skip

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """What a stream has to say since the state."""
        desk = Desk(ctx)
        match stream.name:
            case "groups":
                yield from read_groups(desk)
            case "organizations":
                yield from read_organizations(ctx, desk, state)
            case "users":
                yield from read_users(ctx, desk, state)
            case "tickets":
                yield from read_tickets(ctx, desk, state)
            case "satisfaction_ratings":
                yield from read_ratings(ctx, desk, state)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record."""
        return _MAPS[stream](record, mapping)

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Pages of Zendesk's agent workspace."""
        base = f"{str(settings['base_url']).rstrip('/').removesuffix('/api/v2')}/agent"
        return {
            "ticket": f"{base}/tickets/{{id}}",
            "organization": f"{base}/organizations/{{id}}",
            "person": f"{base}/users/{{id}}",
        }
