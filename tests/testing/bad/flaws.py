"""Connectors to Harbor, each with one flaw, and the rule of the contract suite that it breaks."""

from __future__ import annotations

import contextlib
import itertools
import json
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from harbor import PAGE, Harbor, HarborVendor

from revalign_udf.connector import (
    CanonicalRow,
    Check,
    Connector,
    Context,
    Log,
    Mark,
    Message,
    Records,
    Setting,
    Spec,
    Stream,
    Tombstones,
)
from revalign_udf.connector.cursors import Cursor, parsed
from revalign_udf.connector.http import Bearer, ClientCredentials, Http, Limits, Token
from revalign_udf.errors import BadRecord, Fatal, RevalignError
from revalign_udf.testing import Vendor

Row = dict[str, Any]
FLAWS: list[tuple[type[Vendor], str]] = []
"""(a vendor whose connector has a flaw, the rule that it breaks)"""


def breaks(rule: str, **vendor: Any) -> Any:
    """A class decorator: the connector breaks this rule. ``vendor``: other attributes of its vendor."""

    def add(flaw: type) -> type:
        name = f"{flaw.__name__}Vendor"
        made = type(name, (HarborVendor,), {"connector": flaw(), "__module__": __name__, **vendor})
        globals()[name] = made  # a pull in a process of its own looks for it here
        FLAWS.append((made, rule))
        return flaw

    return add


class Rewriting(Harbor):
    """Harbor's rows, changed a little."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        return row

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        for table, row in super().map(stream, record, mapping):
            yield table, self.row(table, dict(row), record)


def _token(ctx: Context) -> str:
    """An access token, asked for without the client."""
    form = f"client_secret={ctx.settings['client_secret']}".encode()
    with urllib.request.urlopen(f"{ctx.settings['base_url']}/oauth/token", form) as reply:
        return str(json.load(reply)["access_token"])


# what it says of itself


@breaks("test_skips_have_reasons", skips={"test_map_is_pure": " "})
class SkipsWithoutReason(Harbor):
    """Leaves a rule out and does not say why."""


@breaks("test_skips_have_reasons", skips={"test_map_is_puer": "a slip of the pen"})
class SkipsWhatIsNot(Harbor):
    """Leaves out a rule that does not exist."""


@breaks("test_map_is_pure", skips={"test_map_is_pure": "we did not look"})
class SkipsWhatHolds(Harbor):
    """Leaves out a rule that it keeps."""


@breaks("test_merged_is_linked", merge=Vendor.merge)
class SaysNothingOfMerges(Harbor):
    """Its vendor knows no merges, and nobody says so."""


@breaks("test_settings_are_declared")
class SecretAsText(Harbor):
    """Declares its secret as a text that may stand in the settings file."""

    spec = replace(
        Harbor.spec,
        settings=tuple(replace(item, kind="text") if item.kind == "secret" else item for item in Harbor.spec.settings),
    )


@breaks("test_settings_are_declared")
class Undocumented(Harbor):
    """Has a setting nobody explains."""

    spec = replace(Harbor.spec, settings=(*Harbor.spec.settings, Setting("depth", "int")))


@breaks("test_a_missing_setting_is_named")
class OptionalSecret(Harbor):
    """Does not say that it needs its secret, and falls over without it."""

    spec = replace(Harbor.spec, settings=tuple(replace(item, required=False) for item in Harbor.spec.settings))

    def http(self, ctx: Context) -> Http:
        assert len(ctx.settings["client_secret"]) > 3
        return super().http(ctx)


@breaks("test_streams_are_stable")
class Unstable(Harbor):
    """Finds another stream at every look."""

    numbers: ClassVar[Iterator[int]] = itertools.count()

    def discover(self, ctx: Context) -> Sequence[Stream]:
        return [*super().discover(ctx), Stream(f"deals{next(self.numbers)}", ("opportunity",))]


@breaks("test_check_answers")
class Wordless(Harbor):
    """Says yes, and nothing else."""

    def check(self, ctx: Context) -> Check:
        return Check(ok=True, message="")


@breaks("test_links_lead_somewhere")
class Linkless(Harbor):
    """Its link leads to the front page."""

    def links(self, settings: Mapping[str, Any]) -> Mapping[str, str]:
        return {"opportunity": "https://app.harbor.example/deals"}


# rows


@breaks("test_every_record_arrives_once")
class SharedKeys(Rewriting):
    """Cuts ids off, so that two records become one."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        return {**row, "id": row["id"][:5]}


@breaks("test_every_record_arrives_once")
class OnePage(Harbor):
    """Takes the first page for everything."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        yield from itertools.islice(super().deals(http, stream, state, cursor), 2)


@breaks("test_rows_are_valid")
class Binary(Rewriting):
    """Counts money in binary fractions."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        return {**row, "amount": float(row["amount"])} if table == "opportunity" else row


@breaks("test_rows_are_valid")
class Undeclared(Harbor):
    """Fills a table that its stream does not name."""

    def discover(self, ctx: Context) -> Sequence[Stream]:
        return [replace(stream, tables=("opportunity",)) for stream in super().discover(ctx)]


@breaks("test_map_is_pure")
class Eating(Rewriting):
    """Takes what it needs out of the record."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        record["custom"]["seen"] = True
        return row


@breaks("test_map_is_pure")
class Stamping(Rewriting):
    """Writes the time of reading into its rows."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        return {**row, "updated_at": datetime.now(UTC).isoformat()}


@breaks("test_an_unknown_field_is_no_trouble")
class Strict(Harbor):
    """Refuses what it has not seen before."""

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        if len(record) > 8:
            raise BadRecord("a deal with more than we know")
        yield from super().map(stream, record, mapping)


@breaks("test_a_missing_field_is_not_silent")
class Silent(Harbor):
    """Drops what it cannot use."""

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        with contextlib.suppress(BadRecord, KeyError):
            yield from super().map(stream, record, mapping)


@breaks("test_money_without_cents_is_exact")
class EverythingHasCents(Rewriting):
    """Takes every amount for cents."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        return {**row, "amount": f"{record['amount'] / 100:.2f}"} if table == "opportunity" else row


@breaks("test_a_custom_field_is_kept")
class Forgetful(Rewriting):
    """Drops custom fields."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        return {name: value for name, value in row.items() if name != "attrs"}


@breaks("test_an_unknown_stage_is_kept_and_reported")
class KnownStagesOnly(Rewriting):
    """Turns stages it does not know into none."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        return {**row, "stage": row["stage"] if row["stage"] == "opportunity" else "lead"}


@breaks("test_an_unknown_stage_is_kept_and_reported")
class NoEvents(Harbor):
    """Keeps an unknown stage where nobody looks for one."""

    def map(self, stream: str, record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterable[CanonicalRow]:
        for table, row in super().map(stream, record, mapping):
            if table == "opportunity":
                yield table, {**row, "stage": None, "attrs": json.dumps({"stage": row["stage"]})}


@breaks("test_instants_are_the_same_in_every_time_zone")
class Zoneless(Rewriting):
    """Drops the offset of moments, so that they are read in the company's time zone."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        return {**row, "created_at": row["created_at"][:19]} if table == "opportunity" else row


@breaks("test_nights_with_23_or_25_hours")
class LocalTime(Rewriting):
    """Takes a detour over local time, where an hour comes twice in one night."""

    def row(self, table: str, row: Row, record: Mapping[str, Any]) -> Row:
        if table != "opportunity":
            return row
        local = parsed(row["created_at"]).astimezone(ZoneInfo("America/New_York"))
        return {**row, "created_at": local.replace(fold=0).astimezone(UTC).isoformat()}


# changes


@breaks("test_a_second_pull_changes_nothing")
class Everything(Harbor):
    """Reads everything every time."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        return super().read(ctx, stream, {})


@breaks("test_one_change_is_one_upsert")
class ByCreation(Harbor):
    """Looks for new records only."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        for message in super().deals(http, stream, state, cursor):
            if isinstance(message, Records) and state:
                yield Records(stream.name, [deal for deal in message.records if deal["created"] == deal["updated"]])
            else:
                yield message


@breaks("test_one_change_is_one_upsert")
class Neighbours(Harbor):
    """A change touches the row beside it."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield from super().read(ctx, stream, state)
        if state:
            first = self.http(ctx).get("/deals", {"limit": 2}).json["data"]
            yield Records(stream.name, [{**deal, "amount": deal["amount"] + 1} for deal in first[1:]])


@breaks("test_same_second_at_a_page_boundary")
class After(Harbor):
    """Goes on after the cursor instead of at it."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        if cursor.value:
            cursor.value = (parsed(cursor.value) + timedelta(seconds=1)).isoformat()
        yield from super().deals(http, stream, state, cursor)


@breaks("test_deleted_is_a_tombstone")
class Undying(Harbor):
    """Does not ask for deletions."""

    def gone(self, http: Http, since: str | None) -> Iterator[Message]:
        yield Tombstones("opportunity", [])


@breaks("test_merged_is_linked")
class MergedIsDeleted(Harbor):
    """Takes a merge for a deletion."""

    def gone(self, http: Http, since: str | None) -> Iterator[Message]:
        found = http.get("/deals/gone", {"since": since}).json["data"]
        yield Tombstones("opportunity", [item["id"] for item in found])


@breaks("test_more_than_the_search_gives")
class Capped(Harbor):
    """Does not know that a search ends after 60 results."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        start = cursor.start.isoformat() if cursor.start else None
        params = {"updated_from": start, "limit": PAGE}
        for page in http.pages("/deals", Token("after", "next", items="data"), params=params):
            yield Records(stream.name, page.items)
            cursor.see(page.items[-1]["updated"])


@breaks("test_our_clock_ahead_loses_nothing")
class WallClock(Harbor):
    """Takes the time on our clock for the cursor."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield from super().read(ctx, stream, state)
        yield Mark({"cursor": ctx.clock().isoformat()})


@breaks("test_our_clock_behind_loses_nothing")
class NothingFromTheFuture(Harbor):
    """Skips what is later than our clock, and moves on."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        now = ctx.clock()
        for message in super().read(ctx, stream, state):
            if isinstance(message, Records):
                yield Records(stream.name, [deal for deal in message.records if parsed(deal["updated"]) <= now])
            else:
                yield message


# faults


@breaks("test_too_many_calls_waits_as_long_as_told")
class Impatient(Harbor):
    """Comes again after a second, whatever the vendor says."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        ctx: Context = http._ctx
        after: str | None = None
        while True:
            reply = http.get("/deals", {"limit": PAGE, "after": after, "updated_from": cursor.value}, allow=(429,))
            if reply.status == 429:
                ctx.wait(1)
                continue
            yield Records(stream.name, reply.json["data"])
            after = reply.json["next"]
            if not after:
                return


@breaks("test_a_server_error_is_tried_again")
class Faint(Harbor):
    """Gives up at the first error."""

    def http(self, ctx: Context) -> Http:
        return ctx.http(
            ClientCredentials("/oauth/token", ctx.settings["client_id"], ctx.settings["client_secret"]),
            limits=Limits(tries=1),
        )


@breaks("test_an_answer_cut_off_loses_nothing")
class Optimist(Harbor):
    """Takes an error for the end of the list."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        with contextlib.suppress(RevalignError):
            yield from super().deals(self.faint(http), stream, state, cursor)

    def faint(self, http: Http) -> Http:
        http.limits = Limits(tries=1)
        return http


@breaks("test_an_outage_ends_and_is_made_good")
class Cheerful(Harbor):
    """Never has a bad word to say."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        with contextlib.suppress(RevalignError):
            yield from super().read(ctx, stream, state)


@breaks("test_an_error_in_the_body_is_an_error")
class BodyUnread(Harbor):
    """Takes an error of status 200 for an empty page."""

    def http(self, ctx: Context) -> Http:
        return ctx.http(ClientCredentials("/oauth/token", ctx.settings["client_id"], ctx.settings["client_secret"]))

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        paging = Token("after", "next", items="data?")
        for page in http.pages("/deals", paging, params={"updated_from": cursor.value, "limit": PAGE}):
            yield Records(stream.name, page.items)


@breaks("test_a_token_that_expires_midway_is_renewed")
class OneToken(Harbor):
    """Fetches a token at the start and trusts it for ever."""

    def http(self, ctx: Context) -> Http:
        return ctx.http(Bearer(_token(ctx)))


class OwnClient(Harbor):
    """Calls the vendor on its own, and believes what comes."""

    def pages(self, ctx: Context, cursor: Cursor) -> Iterator[list[dict[str, Any]]]:
        headers = {"Authorization": f"Bearer {_token(ctx)}"}
        after = "0"
        while after:
            start = cursor.start.strftime("%Y-%m-%dT%H:%M:%SZ") if cursor.start else ""
            url = f"{ctx.settings['base_url']}/deals?limit={PAGE}&after={after}&updated_from={start}"
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as reply:
                page = json.load(reply)
            yield page["data"]
            after = page["next"]

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        cursor = Cursor({"cursor": state.get("cursor")})
        for page in self.pages(ctx, cursor):
            yield Records(stream.name, page)
            for record in page:
                cursor.see(record["updated"])
        yield Mark({"cursor": cursor.value})


@breaks("test_a_page_repeated_for_ever_ends")
@breaks("test_a_redirect_elsewhere_is_refused")
@breaks("test_html_where_json_belongs_is_refused")
class Trusting(OwnClient):
    """Follows every page and every redirect."""


@breaks("test_a_stopped_pull_ends_soon")
class Deaf(OwnClient):
    """Reads to the end, told to stop or not."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        pages = list(self.pages(ctx, Cursor({})))
        # asked for to the last page before anybody can say stop
        yield Records(stream.name, [record for page in pages for record in page])
        yield Mark({"cursor": None})


@breaks("test_revoked_credentials_say_what_to_do")
class Mute(Harbor):
    """Says no more than that it failed."""

    def check(self, ctx: Context) -> Check:
        try:
            return super().check(ctx)
        except RevalignError as error:
            raise Fatal("Harbor failed.") from error


@breaks("test_only_the_vendor_is_called")
class Chatty(Harbor):
    """Tells somebody else about every pull."""

    def discover(self, ctx: Context) -> Sequence[Stream]:
        with contextlib.suppress(OSError):
            urllib.request.urlopen("http://statistics.example/pulled")
        return super().discover(ctx)


@breaks("test_secrets_never_show")
class SecretInError(Harbor):
    """Shows its secret when something goes wrong."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        try:
            yield from super().deals(http, stream, state, cursor)
        except RevalignError as error:
            raise Fatal(f"failed with {http._ctx.settings['client_secret']}") from error


@breaks("test_secrets_never_show")
class SecretInState(Harbor):
    """Keeps its token in the state."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        for message in super().read(ctx, stream, state):
            token = self.http(ctx)._auth.headers(self.http(ctx))
            yield Mark({**message.state, "token": dict(token)}) if isinstance(message, Mark) else message


@breaks("test_secrets_never_show")
class SecretInLog(Harbor):
    """Says with what it signed in."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield Log(f"signed in with {ctx.settings['client_secret']}")
        yield from super().read(ctx, stream, state)


# interruptions


@breaks("test_killed_between_pages_and_resumed")
@breaks("test_a_killed_process_is_made_good")
class MarkFirst(Harbor):
    """Marks a page as read before it hands it over."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        page: Message | None = None
        for message in super().deals(http, stream, state, cursor):
            if isinstance(message, Mark):
                yield Mark({"cursor": self.beyond(message.state["read"])})
                if page:
                    yield page
            else:
                page = message

    @staticmethod
    def beyond(moment: str) -> str:
        return (parsed(moment) + timedelta(seconds=1)).isoformat()


@breaks("test_states_of_every_release_load")
class Renamed(Harbor):
    """Calls its cursor by another name, and does not understand the old one."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        for message in super().read(ctx, stream, {"cursor": state["position"]} if state else {}):
            yield Mark({"position": message.state["cursor"]}) if isinstance(message, Mark) else message


@breaks("test_states_of_every_release_load")
class NewVersion(Harbor):
    """Has a new form of state, and no state file of it."""

    spec: Spec = replace(Harbor.spec, state_version=2)


@breaks("test_states_are_small_and_plain")
class EverythingInState(Harbor):
    """Keeps what it read in the state."""

    def read(self, ctx: Context, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
        yield from super().read(ctx, stream, state)
        yield Mark({"seen": ["x" * 3000] * 30})


@breaks("test_pages_are_handed_over_as_they_come")
class Collecting(Harbor):
    """Reads the whole list before it hands over a record."""

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        yield from list(super().deals(http, stream, state, cursor))


@breaks("test_memory_is_bounded")
class Hoarding(Harbor):
    """Keeps every record it has ever read."""

    kept: ClassVar[list[Any]] = []

    def deals(self, http: Http, stream: Stream, state: Mapping[str, Any], cursor: Cursor) -> Iterator[Message]:
        self.kept.clear()
        for message in super().deals(http, stream, state, cursor):
            self.kept.append(message)
            yield message


GOOD: Connector = Harbor()
