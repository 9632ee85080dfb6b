"""The Intercom connector: settings, streams, and which module reads and maps each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from revalign_intercom.api import Api
from revalign_intercom.streams import people, support
from revalign_intercom.streams.searched import LOOKBACK
from revalign_udf.connector import CanonicalRow, Check, Context, Message, Setting, Spec, Stream, http_settings

__all__ = ["IntercomConnector"]

Reader = Callable[[Context, Mapping[str, Any]], Iterator[Message]]
Mapper = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[CanonicalRow]]


def _searched(name: str, tables: tuple[str, ...], about: str) -> Stream:
    return Stream(
        name, tables, cursor="updated_at", granularity="second", delete_mode="sweep", about=about, lookback=LOOKBACK
    )


_STREAMS: tuple[tuple[Stream, Reader, Mapper], ...] = (
    (Stream("teams", ("team",), about="teams of the inbox"), lambda ctx, _: people.read_teams(ctx), people.map_team),
    (Stream("admins", ("owner", "owner_team"), about="admins and their teams"), people.read_admins, people.map_admin),
    (
        Stream("companies", ("organization",), about="companies that have contacts"),
        lambda ctx, _: people.read_companies(ctx),
        people.map_company,
    ),
    (_searched("contacts", ("person",), "users and leads"), people.read_contacts, people.map_contact),
    (
        _searched("conversations", ("ticket", "survey_response"), "conversations customers began, and their ratings"),
        support.read_conversations,
        support.map_conversation,
    ),
    (_searched("tickets", ("ticket",), "tickets of customers"), support.read_tickets, support.map_ticket),
)
_BY_NAME = {stream.name: (read, map_) for stream, read, map_ in _STREAMS}


class IntercomConnector:
    """Companies, contacts, conversations with their ratings, tickets, admins and teams of an Intercom workspace."""

    spec = Spec(
        name="intercom",
        version="0.1.0",
        about="Intercom: contacts, conversations, ratings, tickets",
        settings=(
            Setting("token", "secret", help="access token of your app"),
            *http_settings("https://api.intercom.io", help="Intercom's API (api.eu.intercom.io, api.au.intercom.io)"),
            Setting("app_id", help="the workspace's id, for links to companies and contacts"),
            Setting("sweep_days", "int", default=7, help="every so many days everything is read again, for deletions"),
            Setting("lookback", "int", default=LOOKBACK, help="seconds read again at each pull: the search lags"),
            Setting("calls_per_second", "float", default=10.0, help="own pace; 0: as fast as Intercom answers"),
        ),
        needs=("http",),
        scopes=(
            "Read admins", "Read one admin", "Read and list users and companies", "Read conversations", "Read tickets",
        ),
    )  # fmt: skip

    def check(self, ctx: Context) -> Check:
        """Whether the token works, and whose workspace it opens."""
        found = Api(ctx).http.get("/me").json
        app = found.get("app") or {}
        wanted = str(ctx.settings.get("app_id") or "")
        if wanted and app.get("id_code") and wanted != app["id_code"]:
            message = f"The token belongs to workspace {app['id_code']}, the settings say {wanted}."
            return Check(ok=False, message=message)
        return Check(ok=True, message=f"Intercom workspace {app.get('id_code')} ({app.get('name') or 'no name'})")

    def discover(self, ctx: Context) -> Sequence[Stream]:  # noqa: ARG002
        """The streams; custom attributes come with the records and all go to ``attrs``."""
        return [stream for stream, _, _ in _STREAMS]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        """Everything new in a stream."""
        if stream.name in _BY_NAME:
            yield from _BY_NAME[stream.name][0](ctx, state)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record."""
        return _BY_NAME[stream][1](record, mapping)

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Intercom's own pages of companies and contacts; needs the workspace's id."""
        app = str(settings.get("app_id") or "").strip()
        if not app:
            return {}
        home = f"https://app.intercom.com/a/apps/{app}"
        return {"organization": f"{home}/companies/{{id}}", "person": f"{home}/users/{{id}}"}
