"""Satisfaction ratings: what requesters said of how their ticket was handled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from revalign_udf.connector import CanonicalRow, Context, Log, Mark, Message, Present, Records
from revalign_udf.connector.cursors import parsed, sweep_due
from revalign_udf.connector.http import Refused
from revalign_udf.connector.values import attrs, fill, instant
from revalign_udf.errors import BadRecord
from revalign_zendesk.api import Desk, Record, epoch_of
from revalign_zendesk.streams.shared import Columns, key_of

__all__ = ["RATINGS", "map_rating", "read_ratings"]

RATINGS = "satisfaction_ratings"
#: a requester may change the answer until the ticket is closed, at most 28 days after it was solved
_MAY_CHANGE = timedelta(days=35)
_SCORES = {"good": 1, "bad": 0}
_NO_ANSWER = ("offered", "unoffered")
_NOT_SWITCHED_ON = 404


def read_ratings(ctx: Context, desk: Desk, state: Mapping[str, Any]) -> Iterable[Message]:
    """New ratings and those that may have changed; once a week all, because deleted ones are not told."""
    now, newest = ctx.clock(), str(state.get("newest") or "")
    whole = not newest or sweep_due(state, now)
    since = ctx.settings.get("since")
    start = epoch_of(str(since)) if since else 0
    if not whole:
        start = max(start, int((parsed(newest) - _MAY_CHANGE).timestamp()))
    keys: list[str] = []
    unanswered = 0
    pages = desk.listed(RATINGS, RATINGS, {"start_time": start or None})
    try:
        first = list(islice(pages, 1))
    except Refused as refused:
        if refused.reply.status != _NOT_SWITCHED_ON:
            raise
        yield Log("This account does not have the satisfaction ratings that can be listed.")
        return
    for page in chain(first, pages):
        answers = [rating for rating in page if rating.get("score") not in _NO_ANSWER]
        unanswered += len(page) - len(answers)
        of_ticket = _organizations(desk, answers)
        yield Records(
            RATINGS, [{**rating, "organization_id": of_ticket.get(str(rating.get("ticket_id")))} for rating in answers]
        )
        keys += [str(rating["id"]) for rating in answers]
        seen = [instant(rating.get("updated_at") or rating.get("created_at")) for rating in page]
        newest = max([newest, *(moment for moment in seen if moment)], key=epoch_of)
        ctx.progress(len(page))
    if whole:
        yield Present("survey_response", keys, last=True)
    if unanswered:
        yield Log(f"{unanswered} offers of a satisfaction survey have no answer; an offer is no row.")
    swept = now.isoformat() if whole else state.get("swept_at")
    yield Mark({"newest": newest, "swept_at": swept} if newest else {})


def _organizations(desk: Desk, answers: Iterable[Record]) -> dict[str, Any]:
    """Ticket -> organization of the rated tickets: the answer counts for the customer whose ticket it was."""
    keys = sorted({int(rating["ticket_id"]) for rating in answers if rating.get("ticket_id")})
    if not keys:
        return {}
    found = desk.get("tickets/show_many.json", {"ids": ",".join(map(str, keys))})
    return {str(ticket["id"]): ticket.get("organization_id") for ticket in found.get("tickets") or ()}


def map_rating(record: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """Good is 1 and bad 0 on a scale whose best is 1. Raises BadRecord REV-503 for any other score."""
    if record.get("score") not in _SCORES:
        raise BadRecord(
            f"the score {record.get('score')!r} of rating {record['id']} is neither good nor bad", code="REV-503"
        )
    row = fill(record, _COLUMNS, mapping, RATINGS)
    more = [
        (name, None if record.get(name) is None else str(record[name]))
        for name in ("assignee_id", "group_id", "reason", "ticket_id")
    ]
    yield "survey_response", attrs(row, record, is_custom=lambda _: False, more=more)


_COLUMNS: Columns = {
    "id": key_of("id"),
    "responded_at": lambda record: record.get("updated_at") or record.get("created_at"),
    "kind": lambda _: "csat",
    "score": lambda record: _SCORES[record["score"]],
    "scale_max": lambda _: 1,
    "comment": "comment",
    "org_id": key_of("organization_id"),
    "person_id": key_of("requester_id"),
    "updated_at": "updated_at",
}
