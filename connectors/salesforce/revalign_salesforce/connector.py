"""The Salesforce connector: settings, what can be read, and from which reader and mapper each stream comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from revalign_salesforce.auth import auth_of, signs_in_with
from revalign_salesforce.families import read_family
from revalign_salesforce.objects import FAMILIES, LISTS, OBJECTS, Family, Listed
from revalign_salesforce.reading import read_object
from revalign_salesforce.session import Session
from revalign_salesforce.shapes import Plan
from revalign_salesforce.soql import select
from revalign_salesforce.streams.stages import lead_meaning
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Mark,
    Message,
    Records,
    Setting,
    Spec,
    Stream,
    Whole,
    http_settings,
)
from revalign_udf.connector.http import Http
from revalign_udf.errors import BadRecord, RevalignError

__all__ = ["SalesforceConnector"]

#: canonical table -> the object whose page shows it; an address with the id alone finds any record
_PAGES = {
    "organization": "Account", "opportunity": "Opportunity", "lead": "Lead", "contract": "Contract",
    "campaign": "Campaign", "product": "Product2", "owner": "User", "sales_order": "Order",
}  # fmt: skip


class SalesforceConnector:
    """Reads one Salesforce organization through its REST and Bulk 2.0 interfaces. Nothing is ever written there."""

    spec = Spec(
        name="salesforce",
        version="0.1.0",
        about="Salesforce Sales Cloud: companies, people, leads, deals with their history, campaigns, activities",
        settings=(
            Setting("client_secret", "secret", help="consumer secret of the connected app"),
            Setting("refresh_token", "secret", help="to sign in as the user who granted it"),
            Setting("private_key", "secret", help="PEM text of the key whose certificate the connected app has"),
            Setting("private_key_file", "path", help="a file with that key, instead of private_key"),
            Setting("client_id", "text", help="consumer key of the connected app"),
            Setting("username", "text", help="the user to sign in as with a private key"),
            Setting(
                "login_url", "text", default="https://login.salesforce.com",
                help="with a private key: https://test.salesforce.com for a sandbox",
            ),
            Setting("api_version", "text", default="64.0", help="version of Salesforce's API"),
            Setting("bulk", "text", default="auto", help="auto, always or never: read by bulk jobs"),
            Setting("bulk_from", "int", default=20_000, help="bulk jobs from so many records on"),
            Setting("page_size", "int", default=2000, help="records in one reply, 2000 at most; Salesforce gives 200 at least"),
            Setting("lookback", "int", default=600, help="seconds read again, for transactions that end late"),
            Setting("keep_calls", "int", default=10, help="per cent of the day's calls that are left to others"),
            Setting("resync_days", "int", default=0, help="read everything again so often, for formula fields; 0: never"),
            Setting("orders", "bool", default=False, help="read activated orders, too"),
            Setting("custom_fields", "list", help="keep these custom fields only; left out: all that can be read"),
            Setting("currency", "text", help="currency of an organization with one; empty: the company's"),
            *http_settings("", help="your organization, https://NAME.my.salesforce.com"),
        ),
        needs=("http",),
        scopes=("api", "refresh_token (with a refresh token)"),
    )  # fmt: skip

    def __init__(self) -> None:
        self._sessions: WeakKeyDictionary[Http, Session] = WeakKeyDictionary()

    def check(self, ctx: Context) -> Check:
        """Whether one can sign in, and which records can be read."""
        try:
            session = self._session(ctx)
            wanted = _wanted(ctx)
            found = [name for name in wanted if _source(name) in session.queryable]
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        lost = [name for name in wanted if name not in found]
        text = (
            f"Signed in with {signs_in_with(ctx.settings)}; {len(found)} of {len(wanted)} kinds of records can be read."
        )
        if lost:
            text += f" Not: {', '.join(lost)}. Grant read access to them in the permission set if they are wanted."
        return Check(ok=bool(found), message=text)

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """One stream per kind of record that these credentials may read. Raises what signing in raises."""
        session = self._session(ctx)
        return [_stream(session, name) for name in _wanted(ctx) if _source(name) in session.queryable]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """Everything new in a stream since ``state``."""
        session = self._session(ctx)
        wanted = _wanted(ctx)
        if stream.name == next((name for name in wanted if _source(name) in session.queryable), ""):
            lost = [name for name in wanted if _source(name) not in session.queryable]
            if lost:
                yield Log(
                    f"Salesforce shows these credentials no {', '.join(lost)}. Grant read access in the permission set if"
                    " they are wanted.",
                    "warning",
                )
        if stream.name in OBJECTS:
            yield from read_object(session, OBJECTS[stream.name], state)
        elif stream.name in FAMILIES:
            yield from read_family(session, FAMILIES[stream.name], state)
        elif stream.name in LISTS:
            yield from _read_list(session, LISTS[stream.name])

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record. Raises BadRecord for one that cannot be used."""
        declared = OBJECTS.get(stream) or FAMILIES.get(stream) or LISTS.get(stream)
        if declared is None:
            raise BadRecord(f"salesforce has no stream {stream}", code="REV-507")
        return declared.mapper(record, mapping)

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """Salesforce's own page of a record."""
        base = str(settings.get("base_url") or "").rstrip("/")
        pages = {table: f"{base}/lightning/r/{name}/{{id}}/view" for table, name in _PAGES.items()}
        return {**pages, "person": f"{base}/{{id}}", "touch": f"{base}/{{id}}"}

    def _session(self, ctx: Context) -> Session:
        # the context makes one client and keeps it; what was learnt through it goes with it
        http = ctx.http(auth_of(ctx), limits=Session.limits)
        if http not in self._sessions:
            self._sessions[http] = Session.open(ctx, http)
        return self._sessions[http]


def _wanted(ctx: Context) -> list[str]:
    """The streams there could be."""
    every = (*OBJECTS, *LISTS, *FAMILIES)
    return [name for name in every if ctx.settings.get("orders") or not (name in OBJECTS and OBJECTS[name].on_request)]


def _source(name: str) -> str:
    """The object a stream rests on."""
    if name in FAMILIES:
        return FAMILIES[name].parent
    return LISTS[name].source if name in LISTS else name


def _stream(session: Session, name: str) -> Stream:
    declared = OBJECTS.get(name) or FAMILIES.get(name) or LISTS[name]
    if isinstance(declared, Listed):
        return Stream(name, declared.tables, delete_mode="sweep", about=declared.about)
    only = session.ctx.settings.get("streams")
    if only and name not in only:
        return Stream(name, declared.tables, ("Id",), "SystemModstamp", "second", "tombstone", declared.about)
    shape = session.shape(_source(name))
    return Stream(
        name, declared.tables, ("Id",), "SystemModstamp", "second", "tombstone" if shape.has("IsDeleted") else "sweep",
        declared.about, session.lookback, () if isinstance(declared, Family) else shape.custom,
    )  # fmt: skip


def _read_list(session: Session, listed: Listed) -> Iterator[Message]:
    """A short list, whole: what is not in it any more is gone."""
    plan: Plan = session.plan_bare(listed.source, ("Id", *listed.fields), listed.wants)
    where = [listed.where] if listed.where else []
    if session.shape(listed.source).has("IsDeleted"):
        where.append("IsDeleted = false")
    unknown: list[str] = []
    for page in session.api.pages(select(plan.fields, listed.source, where, order="Id")):
        records = [session.with_currency(plan.from_json(record)) for record in page.records]
        yield Records(listed.name, records, scope=listed.name)
        if listed.name == "LeadStatus":
            unknown += [str(record["MasterLabel"]) for record in records if lead_meaning(record) is None]
    for table in listed.tables:
        yield Whole(table, scope=listed.name)
    if unknown:
        yield Log(
            f"What these lead statuses mean is not known: {', '.join(unknown)}. Say it in alignment/stages.toml; until then"
            " leads in them count as no further than before.",
            "warning",
        )
    yield Mark({"read": True})
