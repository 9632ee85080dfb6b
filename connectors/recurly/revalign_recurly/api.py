"""How Recurly is asked: the pinned version, and lists that grow by modification time.

Every list is read sorted by ``updated_at`` ascending from ``begin_time`` (inclusive) on, as Recurly recommends: what
changes meanwhile moves to the end of the list and is met there. So each page is a point to go on from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from revalign_udf.connector import Context
from revalign_udf.connector.http import Basic, Http, Limits, Page, Reply, Step
from revalign_udf.errors import BadRecord, Fatal

__all__ = ["PAGE", "amount_text", "client", "listed", "updated_since"]

VERSION = "v2021-02-25"
PAGE = 200
_ALLOWED = Limits(per_second=6)
"""under the 400 calls a minute of a sandbox"""


@dataclass(frozen=True)
class _Next:
    """``next`` is where the next page is, for as long as ``has_more`` says that there is one."""

    items: str = "data"

    def first(self, step: Step) -> Step:
        """The call as it is."""
        return step

    def following(self, step: Step, reply: Reply, items: Sequence[Any]) -> Step | None:  # noqa: ARG002
        """Until ``has_more`` is false. Raises Fatal REV-506 where more is promised and no place named."""
        body = reply.json
        if not body.get("has_more"):
            return None
        if not body.get("next"):
            raise Fatal("Recurly says that there is more, and not where.")
        return Step(str(body["next"]), {})


def client(ctx: Context) -> Http:
    """The HTTP client of a connection: the key is the user name, without a password."""
    headers = {"Accept": f"application/vnd.recurly.{VERSION}"}
    return ctx.http(Basic(str(ctx.settings["api_key"])), headers=headers, limits=_ALLOWED)


def listed(http: Http, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Page]:
    """The pages of a list."""
    return http.pages(path, _Next(), params={"limit": PAGE, **(params or {})})


def updated_since(http: Http, path: str, begin: str | None) -> Iterator[Page]:
    """What was changed at a moment (ISO) or later, oldest change first."""
    params = {"sort": "updated_at", "order": "asc", **({"begin_time": begin} if begin else {})}
    return listed(http, path, params)


def amount_text(value: object) -> str | None:
    """An amount in major units as exact text. Raises BadRecord REV-503 for a binary fraction or no number."""
    if value is None or value == "":
        return None
    if isinstance(value, float | bool):
        raise BadRecord(f"{value} is no exact amount")
    try:
        return format(Decimal(str(value)), "f")
    except ArithmeticError:
        raise BadRecord(f"{str(value)[:40]!r} is no amount") from None
