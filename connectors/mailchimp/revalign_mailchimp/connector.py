"""The mailchimp connector: what it needs, what it reads, and which stream is read and mapped by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from revalign_mailchimp.api import Box
from revalign_mailchimp.streams.activity import ACTIVITY, map_activity, read_activity
from revalign_mailchimp.streams.automations import AUTOMATIONS, map_send, read_automations
from revalign_mailchimp.streams.campaigns import CAMPAIGNS, map_campaign, read_campaigns
from revalign_mailchimp.streams.members import MEMBERS, map_member, read_members
from revalign_udf.connector import CanonicalRow, Check, Context, Message, Setting, Spec, Stream, http_settings
from revalign_udf.errors import RevalignError

__all__ = ["MailchimpConnector"]

_MAPS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[CanonicalRow]]] = {
    MEMBERS: map_member,
    CAMPAIGNS: map_campaign,
    ACTIVITY: map_activity,
    AUTOMATIONS: map_send,
}


class MailchimpConnector:
    """Reads Mailchimp: contacts, campaigns, and what became of each e-mail."""

    spec = Spec(
        name="mailchimp",
        version="0.1.0",
        about="Mailchimp: contacts, campaigns, e-mails sent, opened and clicked",
        settings=(
            Setting("api_key", "secret", help="API key; its end names the data centre, such as -us21"),
            Setting("access_token", "secret", help="OAuth access token, instead of api_key; needs base_url"),
            Setting("customer_audiences", "list", help="ids or names of the audiences whose members are customers"),
            Setting(
                "automation_sends", "bool", default=False,
                help="also read when automations sent which e-mail to whom: one call per recipient",
            ),
            Setting("page_size", "int", default=1000, help="records per page, at most 1000; fewer where replies time out"),
            Setting("base_url", "text", help="address of the API; empty: the data centre at the end of the API key"),
            *(setting for setting in http_settings("") if setting.name != "base_url"),
        ),
        needs=("http",),
        scopes=("an API key of a user with the role Viewer or above",),
    )  # fmt: skip

    def check(self, ctx: Context) -> Check:
        """Whether we are let in, and what there is."""
        try:
            audiences = Box(ctx).audiences()
        except RevalignError as error:
            return Check(ok=False, message=str(error))
        return Check(ok=True, message=f"Signed in; {len(audiences)} audiences.")

    def discover(self, ctx: Context) -> Sequence[Stream]:
        """The streams; merge fields that are kept stand with the members."""
        box = Box(ctx)
        tags = {
            str(field["tag"])
            for audience in box.audiences()
            for page in box.listed(f"/lists/{audience['id']}/merge-fields", "merge_fields")
            for field in page
        }
        found = [
            Stream(
                MEMBERS, ("person",), cursor="last_changed", granularity="second", delete_mode="sweep",
                about="contacts of all audiences", custom=tuple(sorted(tags)), lookback=1,
            ),
            Stream(CAMPAIGNS, ("campaign",), delete_mode="sweep", about="campaigns, automations and their e-mails"),
            Stream(ACTIVITY, ("touch",), delete_mode="none", about="what became of each e-mail"),
        ]  # fmt: skip
        if ctx.settings.get("automation_sends"):
            found.append(
                Stream(AUTOMATIONS, ("programme_membership", "touch"), about="what automations sent, and when")
            )
        return found

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterable[Message]:
        """What a stream has to say since the state."""
        box = Box(ctx)
        match stream.name:
            case "members":
                yield from read_members(ctx, box, state)
            case "campaigns":
                yield from read_campaigns(ctx, box)
            case "email_activity":
                yield from read_activity(ctx, box, state)
            case "automations":
                yield from read_automations(ctx, box, state)

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        """The canonical rows of one record."""
        return _MAPS[stream](record, mapping)
