"""The HubSpot connector: settings, streams, and which module reads and maps each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revalign_hubspot.api import Api
from revalign_hubspot.kinds import Kind, Mapper
from revalign_hubspot.reading import LOOKBACK, read_records
from revalign_hubspot.streams import mail, owners, pipelines
from revalign_hubspot.streams.companies import COMPANIES
from revalign_hubspot.streams.contacts import CONTACTS, NOT_LEADS
from revalign_hubspot.streams.deals import DEALS
from revalign_hubspot.streams.engagements import CALLS, EMAILS, MEETINGS
from revalign_hubspot.streams.lines import LINE_ITEMS, PRODUCTS
from revalign_hubspot.streams.tickets import FEEDBACK, TICKETS
from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Context,
    Log,
    Message,
    Setting,
    Spec,
    Stream,
    http_settings,
)
from revalign_udf.connector.http import Refused

__all__ = ["HubSpotConnector"]

_KINDS = (
    COMPANIES, CONTACTS, DEALS, PRODUCTS, LINE_ITEMS, TICKETS, FEEDBACK, CALLS, MEETINGS, EMAILS,
)  # fmt: skip
_BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}


@dataclass(frozen=True, slots=True)
class _Other:
    """A stream that is no CRM record."""

    stream: Stream
    read: Callable[[Context, Mapping[str, Any]], Iterator[Message]]
    map: Mapper
    scope: str
    optional: bool = False


_OTHERS = (
    _Other(
        Stream("pipelines", ("stage_map",), about="what deal stages and an account's own lifecycle stages mean"),
        lambda ctx, _state: pipelines.read_stages(ctx),
        pipelines.map_stage,
        "crm.objects.deals.read",
    ),
    _Other(
        Stream("owners", ("team", "owner", "owner_team"), about="owners, those who left too, and their teams"),
        owners.read_owners,
        owners.map_owner,
        "crm.objects.owners.read",
    ),
    _Other(
        Stream("marketing_emails", ("campaign",), about="marketing e-mails"),
        lambda ctx, _state: mail.read_emails(ctx),
        mail.map_email,
        "content",
        optional=True,
    ),
    _Other(
        Stream("email_events", ("touch",), cursor="created", granularity="millisecond", lookback=21_600,
               about="what happened to each marketing e-mail: sent, delivered, opened, clicked, bounced, unsubscribed"),
        mail.read_events,
        mail.map_event,
        "content",
        optional=True,
    ),
    _Other(
        Stream("form_submissions", ("touch",), cursor="submittedAt", granularity="millisecond", lookback=21_600,
               about="submissions of forms"),
        mail.read_forms,
        mail.map_form,
        "forms",
        optional=True,
    ),
)  # fmt: skip
_OTHER_BY_NAME = {one.stream.name: one for one in _OTHERS}


class HubSpotConnector:
    """Companies, contacts, deals, owners, tickets, products, e-mail and forms of a HubSpot account."""

    kinds: tuple[Kind, ...] = _KINDS
    others: tuple[_Other, ...] = _OTHERS

    spec = Spec(
        name="hubspot",
        version="0.1.0",
        about="HubSpot: CRM with its history, e-mail marketing, tickets",
        settings=(
            Setting("token", "secret", help="access token of a private app"),
            Setting("client_id", help="OAuth: the public app's client id, instead of a token"),
            Setting("client_secret", "secret", help="OAuth: the public app's client secret"),
            Setting("refresh_token", "secret", help="OAuth: the refresh token of the sign-in"),
            *http_settings("https://api.hubapi.com", help="HubSpot's API"),
            Setting("portal_id", help="the account's number (Hub ID), for links to records"),
            Setting("not_leads", "list", default=list(NOT_LEADS), help="lifecycle stages that make nobody a lead"),
            Setting("amount_basis", help="what a deal's amount is: tcv, acv, arr or mrr; empty: not said"),
            Setting("deal_types", "table", help="your deal types: what each is, such as Partner = new"),
            Setting("form_kinds", "table", help="forms by name or id that are more than a form: demo, trial, signup"),
            Setting("sweep_days", "int", default=7, help="every so many days everything is read again, for deletions"),
            Setting("lookback", "int", default=LOOKBACK, help="seconds read again at each pull: the search index lags"),
            Setting("calls_per_second", "float", default=9.0, help="own pace; 0: as fast as HubSpot answers"),
        ),
        needs=("http",),
        scopes=(
            *dict.fromkeys(one.scope for one in (*_KINDS, *_OTHERS) if not one.optional),
            *dict.fromkeys(one.scope for one in (*_KINDS, *_OTHERS) if one.optional),
        ),
    )

    def check(self, ctx: Context) -> Check:
        """Whether the token works, and whose account it opens."""
        details = Api(ctx).get("/account-info/v3/details").json
        wanted, found = str(ctx.settings.get("portal_id") or ""), str(details.get("portalId"))
        if wanted and wanted != found:
            return Check(ok=False, message=f"The token belongs to account {found}, the settings say {wanted}.")
        zone = details.get("timeZone") or "an unknown time zone"
        return Check(
            ok=True, message=f"HubSpot account {found} ({zone}, {details.get('companyCurrency') or 'no currency'})"
        )

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The streams, with the account's own properties where it may see them."""
        api = Api(ctx)
        chosen = ctx.settings.get("streams") or ()
        found = []
        for kind in self.kinds:
            own = _own(api, kind) if not chosen or kind.name in chosen else ()
            found.append(
                Stream(
                    kind.name, kind.tables, cursor=kind.modified, granularity="millisecond", delete_mode="tombstone",
                    about=kind.about, lookback=LOOKBACK, custom=own,
                )
            )  # fmt: skip
        # what stages and owners mean comes first, what happened to contacts last
        others = [one.stream for one in self.others]
        return [*others[:2], *found, *others[2:]]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        """Everything new in a stream. An optional one that the token may not read is left out, with a word."""
        kind, other = _BY_NAME.get(stream.name), _OTHER_BY_NAME.get(stream.name)
        if kind is None and other is None:
            return
        scope = kind.scope if kind else other.scope if other else ""
        optional = kind.optional if kind else bool(other and other.optional)
        try:
            if kind:
                yield from read_records(ctx, kind, stream, state)
            elif other:
                yield from other.read(ctx, state)
        except Refused as error:
            # what was read before and now is refused would grow old unseen: that stays an error
            if not optional or state or error.reply.status != 403:
                raise
            yield Log(
                f"{stream.name} was not read: the app has no access. Grant it the scope {scope}, or name the streams"
                ' you want: streams = ["companies", "contacts", "deals", ...].',
                "warning",
            )

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record."""
        one = _BY_NAME.get(stream) or _OTHER_BY_NAME[stream]
        return one.map(record, mapping)

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        """HubSpot's own pages of records; needs the account's number."""
        portal = str(settings.get("portal_id") or "").strip()
        if not portal:
            return {}
        types = {"organization": "0-2", "person": "0-1", "lead": "0-1", "opportunity": "0-3", "ticket": "0-5"}
        return {
            table: f"https://app.hubspot.com/contacts/{portal}/record/{number}/{{id}}"
            for table, number in types.items()
        }


def _own(api: Api, kind: Kind) -> tuple[str, ...]:
    """Names of the account's own properties of an object; none where the token may not see them."""
    try:
        properties = api.properties(kind.name)
    except Refused as error:
        if kind.optional and error.reply.status in (403, 404):
            return ()
        raise
    return tuple(sorted(one["name"] for one in properties if not one.get("hubspotDefined") and not one.get("archived")))
