"""Mailchimp's lists: pages by ``count`` and ``offset``, and members in the order in which they changed.

Facts from mailchimp.com/developer (Marketing API 3.0): at most 1,000 records a page, at most 10 calls at a time (we make
one), the data centre at the end of the API key names the host.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.cursors import parsed
from revalign_udf.connector.http import Auth, Basic, Bearer, Offset, Reply, Throttled
from revalign_udf.errors import ConfigError, Fatal

__all__ = ["Box", "Listing", "Record"]

Record = dict[str, Any]

_PAGE = 1000
_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Listing:
    """How a list was read: how many records came, and how many Mailchimp says there are."""

    got: int = 0
    most: int = 0
    """the most that any page said there are"""
    last: int = 0
    """how many the last page said there are"""

    @property
    def shrank(self) -> bool:
        """Whether records went while the list was read."""
        return self.last < self.most

    @property
    def whole(self) -> bool:
        """Whether every record came. A record removed meanwhile moves the others, and one of them is passed over."""
        return self.got >= self.most


class Box:
    """A Mailchimp account, opened for reading."""

    def __init__(self, ctx: Context) -> None:
        self.page = min(_PAGE, max(1, int(ctx.settings.get("page_size") or _PAGE)))
        self.http = ctx.http(_auth(ctx.settings), base_url=_address(ctx.settings), judge=_judge)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Record:
        """One object of the API."""
        found: Record = self.http.get(path, params).json
        return found

    def listed(
        self, path: str, key: str, params: Mapping[str, Any] | None = None, listing: Listing | None = None
    ) -> Iterator[list[Record]]:
        """The pages of a list; ``listing`` learns whether it was whole."""
        for page in self.http.pages(
            path, Offset(items=key, size=self.page, limit="count", total="total_items"), params=params
        ):
            if listing is not None:
                listing.got += len(page.items)
                listing.last = int(page.reply.json.get("total_items") or 0)
                listing.most = max(listing.most, listing.last)
            yield page.items

    def audiences(self) -> list[Record]:
        """The audiences, the oldest first: an address that is in several is read from the first that has it."""
        fields = "lists.id,lists.name,lists.date_created,total_items"
        found = [item for page in self.listed("/lists", "lists", {"fields": fields}) for item in page]
        return sorted(found, key=lambda item: (str(item.get("date_created") or ""), str(item["id"])))

    def member(self, audience: str, key: str) -> Record | None:
        """An address in an audience; None where it is not."""
        reply = self.http.get(f"/lists/{audience}/members/{key}", allow=(404,))
        found: Record | None = reply.json if reply.status == 200 else None
        return found

    def changed_members(
        self, audience: str, since: str | None, status: str | None
    ) -> Iterator[tuple[list[Record], str | None]]:
        """Members that changed at or after a time: (members, time up to which they are complete, None while unknown).

        Pages go by the time of change, not by offset: a member that changes while we read moves to the end, which would
        move another one to where we have been. Only members of one second are paged by offset. A record may come twice.
        """
        floor, offset, newest = since, 0, since
        before: tuple[str, ...] = ()
        while True:
            asked = (parsed(floor) - _SECOND).isoformat() if floor else None
            body = self.get(
                f"/lists/{audience}/members",
                {
                    "count": self.page, "offset": offset, "sort_field": "last_changed", "sort_dir": "ASC",
                    "since_last_changed": asked, "status": status, "exclude_fields": "_links,members._links",
                },
            )  # fmt: skip
            members, total = body.get("members"), body.get("total_items")
            if not isinstance(members, list):
                raise Fatal(f"Mailchimp's members of {audience}: the reply has no list of members.")
            keys = tuple(str(member["id"]) for member in members)
            if offset and keys and keys == before:
                raise Fatal(f"Mailchimp's members of {audience}: a page repeated for ever.", hint="Tell Mailchimp.")
            times = [str(member["last_changed"]) for member in members]
            in_order = all(parsed(a) <= parsed(b) for a, b in pairwise(times))
            newest = max([*([newest] if newest else []), *times], key=parsed, default=None)
            reached = offset + len(members)
            ended = not members or (reached >= total if isinstance(total, int) else len(members) < self.page)
            yield members, newest if ended or in_order else None
            if ended:
                return
            if in_order and newest and (floor is None or parsed(newest) > parsed(floor)):
                floor, offset = newest, 0
            else:
                offset = reached
            before = keys


def _judge(reply: Reply) -> None:
    """A problem document that comes with status 200 (as gateways send it) is no page of records."""
    body = reply.json
    if isinstance(body, Mapping) and "detail" in body and "title" in body and int(body.get("status") or 0) >= 400:
        raise Throttled(f"Mailchimp answered with an error: {body['title']}")


def _auth(settings: Mapping[str, Any]) -> Auth:
    if settings.get("access_token"):
        return Bearer(str(settings["access_token"]))
    if settings.get("api_key"):
        return Basic("revalign", str(settings["api_key"]))
    raise ConfigError(
        "Mailchimp needs a way to sign in.", code="REV-305",
        hint='Set api_key = "$env:MAILCHIMP_KEY"; the connector\'s README says how to make one.',
    )  # fmt: skip


def _address(settings: Mapping[str, Any]) -> str:
    """The setting, else the host of the data centre that ends the API key. Raises ConfigError REV-305."""
    if settings.get("base_url"):
        base = str(settings["base_url"]).rstrip("/")
        return base if base.endswith("/3.0") else f"{base}/3.0"
    _, dash, centre = str(settings.get("api_key") or "").strip().rpartition("-")
    if not dash or not centre.isalnum():
        raise ConfigError(
            "Mailchimp's address is not known: the API key does not end in a data centre such as -us21.", code="REV-305",
            hint='Set base_url = "https://us21.api.mailchimp.com" with the data centre of your account\'s address.',
        )  # fmt: skip
    return f"https://{centre}.api.mailchimp.com/3.0"
