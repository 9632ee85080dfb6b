"""The Pipedrive connector: settings, streams, and from which reader and mapper each comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from revalign_pipedrive.api import Api
from revalign_pipedrive.reading import Changing, read_changing
from revalign_pipedrive.streams import deals, records
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Mark,
    Message,
    Present,
    Records,
    Setting,
    Spec,
    Stream,
    Tombstones,
    http_settings,
)
from revalign_udf.connector.http import Http
from revalign_udf.errors import BadRecord, RevalignError

__all__ = ["PipedriveConnector"]

_DEALS = ("/api/v2/deals", "/api/v2/deals/archived")
_EVERY = (("status", "open,won,lost,deleted"),)

_CHANGING = {
    item.stream: item
    for item in (
        Changing("organizations", ("/api/v2/organizations",), "organization", "organization"),
        Changing("persons", ("/api/v2/persons",), "person", "person"),
        Changing("products", ("/api/v2/products",), "product", "product"),
        Changing("deals", _DEALS, "opportunity", "deal", _EVERY, since=True),
        Changing("deal_products", _DEALS, "", "", _EVERY, since=True, sends=False),
        Changing("deal_history", _DEALS, "", "", _EVERY, since=True, sends=False),
        Changing("activities", ("/api/v2/activities",), "touch", "", since=True),
    )
}
_STREAMS: dict[str, tuple[tuple[str, ...], Callable[..., Iterable[CanonicalRow]], str]] = {
    "users": (("owner",), records.user, "users"),
    "stages": (("stage_map",), records.stage, "stages of all pipelines"),
    "organizations": (("organization",), records.organization, "companies"),
    "persons": (("person",), records.person, "people"),
    "products": (("product",), records.product, "products"),
    "leads": (("lead",), records.lead, "the leads inbox, archived ones too"),
    "deals": (("opportunity", "opportunity_contact"), deals.deal, "deals, archived ones too"),
    "deal_products": (("opportunity_line",), deals.deal_line, "products in deals"),
    "deal_history": (
        ("lifecycle_event", "opportunity_snapshot"), deals.deal_history, "stages, values and owners of deals over time",
    ),
    "activities": (("touch",), records.activity, "calls, meetings and mails that were done"),
}  # fmt: skip
_PAGES = {
    "organization": "organization", "person": "person", "opportunity": "deal", "product": "products/view",
    "lead": "leads/inbox",
}  # fmt: skip


class PipedriveConnector:
    """Reads one Pipedrive company. Nothing is ever written there."""

    spec = Spec(
        name="pipedrive",
        version="0.1.0",
        about="Pipedrive: companies, people, leads, deals with their history, activities",
        settings=(
            Setting("api_token", "secret", required=True, help="the API token of a user who sees everything"),
            Setting("page_size", "int", default=500, help="records in one reply, 500 at most"),
            Setting("lookback", "int", default=60, help="seconds read again, for changes that show late"),
            Setting("history", "bool", default=True, help="read each changed deal's history: one more call per deal"),
            *http_settings("https://api.pipedrive.com", help="Pipedrive, or https://COMPANY.pipedrive.com for links"),
        ),
        needs=("http",),
        scopes=("an API token of a user with global visibility",),
    )

    def __init__(self) -> None:
        self._apis: WeakKeyDictionary[Http, Api] = WeakKeyDictionary()

    def check(self, ctx: Context) -> Check:
        """Whether the token is accepted."""
        try:
            users = self._api(ctx).http.get("/api/v1/users").json
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        return Check(ok=True, message=f"The token is accepted; the company has {len(users.get('data') or ())} users.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The streams, with the names of custom fields."""
        api, found = self._api(ctx), []
        for name, (tables, _, about) in _STREAMS.items():
            if name == "deal_history" and not ctx.settings.get("history"):
                continue
            changing = _CHANGING.get(name)
            if changing is None:
                found.append(Stream(name, tables, about=about))
                continue
            custom = api.custom_names(changing.kind) if changing.kind else ()
            mode = "tombstone" if name == "deals" else "sweep" if changing.table else "none"
            found.append(
                Stream(
                    name, tables, ("id",), "update_time", "second", mode, about, int(ctx.settings.get("lookback") or 0), custom  # type: ignore[arg-type]
                )
            )  # fmt: skip
        return found

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Everything new in a stream since ``state``."""
        api, name = self._api(ctx), stream.name
        if name in _CHANGING:
            mapping, again = ctx.settings.get("mapping") or {}, bool(state)

            def enrich(own: Api, live: list[dict[str, Any]]) -> Iterator[Message]:
                return _ENRICH.get(name, _nothing)(own, live, mapping, again)

            yield from read_changing(api, _CHANGING[name], state, enrich)
        elif name == "users":
            yield Records(name, api.http.get("/api/v1/users").json.get("data") or [])
            yield Mark({"read": True})
        elif name == "stages":
            closed = [{"name": "won", "meaning": "customer"}, {"name": "lost", "meaning": "lost"}]
            # no scope: a stage that was renamed keeps the meaning of its old name for what happened then
            yield Records(name, [*api.stages(), *closed])
            yield Mark({"read": True})
        elif name == "leads":
            yield from _leads(api)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record. Raises BadRecord for one that cannot be used."""
        if stream not in _STREAMS:
            raise BadRecord(f"pipedrive has no stream {stream}", code="REV-507")
        return _STREAMS[stream][1](record, mapping)

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Pipedrive's own page of a record."""
        base = str(settings.get("base_url") or "").rstrip("/").replace("//api.pipedrive.com", "//app.pipedrive.com")
        return {table: f"{base}/{page}/{{id}}" for table, page in _PAGES.items()}

    def _api(self, ctx: Context) -> Api:
        api = Api.open(ctx)
        return self._apis.setdefault(api.http, api)


def _nothing(_api: Api, _live: list[dict[str, Any]], _mapping: Mapping[str, Any], _again: bool) -> Iterator[Message]:
    return iter(())


def _named(api: Api, live: list[dict[str, Any]], _mapping: Mapping[str, Any], again: bool) -> Iterator[Message]:
    """Stages and pipelines of deals by name; a deal's former contact goes."""
    stages, pipelines = api.stage_names(), api.pipeline_names()
    for record in live:
        record["stage"] = stages.get(str(record.get("stage_id")), record.get("stage_id"))
        record["pipeline"] = pipelines.get(str(record.get("pipeline_id")), record.get("pipeline_id"))
        if again:
            own = [f"{record['id']}|{record['person_id']}"] if record.get("person_id") else []
            yield Present("opportunity_contact", own, last=True, prefix=f"{record['id']}|")


def _lines(api: Api, live: list[dict[str, Any]], _mapping: Mapping[str, Any], again: bool) -> Iterator[Message]:
    """The products of changed deals; those that are no longer there go."""
    for place in range(0, len(live), 100):
        keys = [str(record["id"]) for record in live[place : place + 100]]
        found: list[dict[str, Any]] = []
        for items, _ in api.pages("/api/v2/deals/products", deal_ids=",".join(keys)):
            found += items
        if found:
            yield Records("deal_products", found)
        if again:
            for deal in keys:
                own = [f"{deal}:{item['id']}" for item in found if str(item.get("deal_id")) == deal]
                yield Present("opportunity_line", own, last=True, prefix=f"{deal}:")


def _history(api: Api, live: list[dict[str, Any]], _mapping: Mapping[str, Any], _again: bool) -> Iterator[Message]:
    """Changed deals with their lists of changes."""
    names = api.stage_names()
    for record in live:
        record["changes"] = [
            item for items, _ in api.pages(f"/api/v1/deals/{record['id']}/changelog") for item in items
        ]
        record["stage_names"] = names
    if live:
        yield Records("deal_history", live)


def _undone(_api: Api, live: list[dict[str, Any]], mapping: Mapping[str, Any], again: bool) -> Iterator[Message]:
    """Activities that are no touches (any more)."""
    without = [str(record["id"]) for record in live if not list(records.activity(record, mapping))]
    if without and again:
        yield Tombstones("touch", without)
    elif without:
        yield Log(f"activities: {len(without):,} are left out: not done yet, of no kind that counts, or with nobody.")


_ENRICH: dict[str, Callable[[Api, list[dict[str, Any]], Mapping[str, Any], bool], Iterator[Message]]] = {
    "deals": _named, "deal_products": _lines, "deal_history": _history, "activities": _undone,
}  # fmt: skip


def _leads(api: Api) -> Iterator[Message]:
    """The whole inbox: it cannot be asked for what changed. A lead that is no longer there was converted, which Pipedrive
    does not tell from deleted: it stays.
    """
    for path in ("/api/v1/leads", "/api/v1/leads/archived"):
        for items in api.numbered(path, sort="add_time ASC"):
            for item in items:
                custom = {name: value for name, value in item.items() if len(name) == 40}
                item["custom"] = api.custom("deal", custom)
            yield Records("leads", items)
    yield Mark({"read": True})
