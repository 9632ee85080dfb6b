"""What the task pane asks besides cells: the catalogue to choose from, one answer with its marks, requests for jobs.

The catalogue is computed once per snapshot. Requests are left in the project folder; whoever runs
``revalign requests watch`` carries them out. This server never does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from revalign_udf.calc.results import as_json, failure
from revalign_udf.calc.texts import day, pairs, period_token
from revalign_udf.errors import NoData, RevalignError, StoreError, UnknownName, UserError, redact
from revalign_udf.functions.asking import told
from revalign_udf.functions.pinned import pinned_day
from revalign_udf.governance import requests as work
from revalign_udf.metrics import Metric
from revalign_udf.metrics.profiles import PROFILES
from revalign_udf.periods import Calendar, Period, of_grain
from revalign_udf.query import Query
from revalign_udf.query.answers import Answer
from revalign_udf.query.closing import closable, wanting
from revalign_udf.server.replies import Json, refusal

__all__ = ["LIVE", "Asks", "routes"]

LIVE = "live"
_MAX_BODY = 64 * 1024
#: how many months, quarters and years are offered, and how many months may be chosen to be frozen
_MONTHS, _QUARTERS, _YEARS, _FREEZABLE = 24, 8, 3, 13
#: requests shown: those still open, and so many of the latest
_LATEST = 20
_SNAPSHOT = "Revalign-Snapshot"
T = TypeVar("T")


class Asks(Protocol):
    """A desk: whoever holds the one door of a space and lets one question through at a time."""

    def ask(self, question: Callable[[Query], T]) -> T:
        """The answer to a question on the newest published snapshot."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A catalogue as it is sent, and the snapshot it was made from."""

    snapshot: str
    tag: str
    content: bytes


def routes(desks: Mapping[str, Asks]) -> list[Route]:
    """The endpoints for spaces by name, ``live`` first."""
    pane = _Pane(desks)
    return [
        Route("/v1/catalogue", pane.catalogue),
        Route("/v1/values", pane.values),
        Route("/v1/answer", pane.answer, methods=["POST"]),
        Route("/v1/requests", pane.requests, methods=["GET"]),
        Route("/v1/requests", pane.leave, methods=["POST"]),
    ]


class _Pane:
    def __init__(self, desks: Mapping[str, Asks]) -> None:
        self._desks = desks
        self._kept: dict[str, _Kept] = {}

    async def catalogue(self, request: Request) -> Response:
        """Metrics, dimensions and periods to choose from; without a snapshot the coded reason and empty lists."""
        space = _space(request, self._desks)

        def read(query: Query) -> _Kept:
            name = query.session().snapshot.folder.name
            kept = self._kept.get(space)
            if kept is None or kept.snapshot != name:
                text = json.dumps({"status": "ok", **_catalogue(query), **self._spaces()}, ensure_ascii=False)
                content = text.encode()
                kept = self._kept[space] = _Kept(name, f'"{hashlib.sha256(content).hexdigest()[:20]}"', content)
            return kept

        try:
            kept = await run_in_threadpool(self._desks[space].ask, read)
        except NoData as error:
            nothing: dict[str, Any] = {"metrics": [], "dimensions": [], "periods": [], "profiles": []}
            why = {"status": error.code, "message": redact(error.message), "hint": redact(error.hint)}
            return Json({**why, **self._spaces(), **nothing})
        except RevalignError as error:
            return refusal(_status(error), error)
        day_, _, number = kept.snapshot.rpartition(".")
        headers = {"ETag": kept.tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Revalign-Space",
                   _SNAPSHOT: f"{day_}#{number}"}  # fmt: skip
        if request.headers.get("if-none-match") == kept.tag:
            return Response(status_code=304, headers=headers)
        return Response(kept.content, media_type="application/json", headers=headers)

    async def values(self, request: Request) -> Response:
        """The values of one dimension, as far as the caller may see them."""
        name = request.query_params.get("dimension", "")
        return await self._answered(request, lambda query: {"values": _values(query, name)})

    async def answer(self, request: Request) -> Response:
        """One answer as METRIC gives it to a cell, with what a cell cannot show: partial, closed, reason, fingerprint."""
        try:
            asked = await _body(request)
        except UserError as error:
            return refusal(_status(error), error)
        return await self._answered(request, lambda query: _answer(query, asked))

    async def requests(self, request: Request) -> Response:
        """What was asked for and what came of it; whether somebody carries it out; which months may be frozen."""
        return await self._answered(request, _requests, **self._spaces())

    async def leave(self, request: Request) -> Response:
        """Leave a request for jobs. The same one, while it is open, is left once."""
        space = _space(request, self._desks)
        if space != LIVE:
            text = f"The {space} company is a sample: it is neither refreshed nor frozen."
            return refusal(409, UserError(text, code="REV-105", hint="Switch to live."))
        try:
            asked = await _body(request)
            kind, details = _wanted(asked)
            who = _who(request)
            made, new = await run_in_threadpool(self._desks[space].ask, lambda query: _leave(query, kind, details, who))
        except RevalignError as error:
            return refusal(_status(error), error)
        return Json({"request": made.as_json(), "new": new}, 201 if new else 200)

    async def _answered(
        self, request: Request, question: Callable[[Query], Mapping[str, Any]], **more: Any
    ) -> Response:
        try:
            found = await run_in_threadpool(self._desks[_space(request, self._desks)].ask, question)
        except RevalignError as error:
            return refusal(_status(error), error)
        return Json({**found, **more})

    def _spaces(self) -> dict[str, list[str]]:
        return {"spaces": list(self._desks)}


def _space(request: Request, desks: Mapping[str, Asks]) -> str:
    asked = request.headers.get("revalign-space", LIVE)
    return asked if asked in desks else LIVE


def _who(request: Request) -> str:
    """Who asks, where the guard knows; else the user this server runs as."""
    caller = getattr(request.state, "caller", None)
    return str(getattr(caller, "name", "") or "")


def _status(error: RevalignError) -> int:
    if error.code == "REV-403":
        return 403
    if error.code == "REV-105" or isinstance(error, NoData):
        return 409  # well asked, but not as things stand
    return 500 if isinstance(error, StoreError) or error.code.startswith("REV-9") else 400


async def _body(request: Request) -> dict[str, Any]:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > _MAX_BODY:
            raise UserError("The request is too large.", hint=f"Send at most {_MAX_BODY // 1024} KB.")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError("The body is not a JSON object.")
    return found


# --- the catalogue ---------------------------------------------------------------------------------------------


def _catalogue(query: Query) -> dict[str, Any]:
    session = query.session()
    catalogue, manifest = session.catalogue, session.manifest
    metrics = sorted(catalogue.metrics.values(), key=lambda item: (item.family, item.label))
    used = {name for item in metrics for name in catalogue.dimensions(item)}
    labels = {item.name: item for item in catalogue.known_dimensions.values() if item.name in used}
    profile = str(manifest.parameters.get("profile") or "default")
    return {
        "company": manifest.company,
        "currency": manifest.currency,
        "snapshot": manifest.label,
        "as_of": str(manifest.as_of),
        "profile": profile,
        "profiles": list(PROFILES),
        "metrics": [_described(query, item) for item in metrics],
        "dimensions": [{"name": item.name, "label": item.label, "about": item.about} for item in labels.values()],
        "periods": list(_periods(query)),
    }


def _described(query: Query, metric: Metric) -> dict[str, Any]:
    known = query.session().catalogue.metrics
    vanity = None
    if metric.counterpart:
        other = known.get(metric.counterpart)
        vanity = {"question": metric.question, "metric": metric.counterpart,
                  "label": other.label if other else metric.counterpart}  # fmt: skip
    return {
        "name": metric.name,
        "label": metric.label,
        "aliases": list(metric.aliases),
        "family": metric.family,
        "kind": metric.kind,
        "unit": metric.unit,
        "about": metric.definition,
        "formula": metric.formula,
        "owners": list(metric.owners),
        "direction": metric.direction,
        "role": metric.role,
        "version": metric.version,
        "source": metric.source,
        "dimensions": list(query.session().catalogue.dimensions(metric)),
        "parameters": [
            {"name": one.name, "default": one.default, "about": one.about, "choices": list(one.choices),
             "low": one.low, "high": one.high}
            for one in metric.parameters
        ],
        "vanity": vanity,
    }  # fmt: skip


def _periods(query: Query) -> Iterator[dict[str, str]]:
    """Periods to choose from, newest first within each group. ``first`` and ``last`` are days."""
    as_of, calendar = query.as_of, query.calendar
    fiscal = calendar != Calendar()
    for token in query.names("periods"):
        if not fiscal and ("FISCAL" in token or token.startswith("F")):
            continue
        yield _offered("relative", token, _worded(token), query.period(token))
    grains: list[tuple[Any, int]] = [("month", _MONTHS), ("quarter", _QUARTERS), ("year", _YEARS)]
    if fiscal:
        grains += [("fiscal_quarter", _QUARTERS), ("fiscal_year", _YEARS)]
    for grain, count in grains:
        last = of_grain(grain, as_of, calendar)
        for back in range(count):
            when = last.shift(-back)
            yield _offered(grain, str(when), _named(when), when)


def _offered(group: str, token: str, label: str, when: Period) -> dict[str, str]:
    return {"group": group, "token": token, "label": label, "first": str(when.start), "last": str(when.last_day)}


def _worded(token: str) -> str:
    """A relative token in words.

    >>> _worded("LAST_MONTH"), _worded("LAST_N_MONTHS:12"), _worded("YTD"), _worded("FQTD")
    ('Last month', 'Last 12 months', 'Year to date', 'Fiscal quarter to date')
    """
    plain = {"LTM": "Last twelve months"}
    if token in plain:
        return plain[token]
    if token.endswith("TD"):
        whole = {"M": "month", "Q": "quarter", "Y": "year"}[token[-3]]
        return f"{'fiscal ' if token.startswith('F') else ''}{whole} to date".capitalize()
    word, _, count = token.partition(":")
    return word.replace("_N_", f"_{count}_").replace("_", " ").capitalize()


def _named(when: Period) -> str:
    """A period in words: September 2026, Q3 2026, FY26 Q3.

    >>> from datetime import date
    >>> _named(of_grain("month", date(2026, 9, 1))), _named(of_grain("quarter", date(2026, 9, 1)))
    ('September 2026', 'Q3 2026')
    """
    if when.grain == "month":
        return f"{when.start:%B} {when.start.year}"
    if when.grain == "quarter":
        year, _, quarter = str(when).partition("-")
        return f"{quarter} {year}"
    return str(when).replace("-", " ")


def _values(query: Query, name: str) -> list[str]:
    known = query.names("dimensions")
    if name not in known:
        raise UnknownName("dimension", name, known)
    return list(query.names(name))


# --- one answer ------------------------------------------------------------------------------------------------


def _answer(query: Query, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The cell METRIC gives, and the answer behind it where there is one. ``workbook_as_of`` is the day the workbook pins."""
    found: Answer | None = None
    try:
        given = told(pairs(list(asked.get("pairs") or [])))
        workbook = pinned_day(asked.get("workbook_as_of"))
        period, as_of = _period(asked), day(asked.get("as_of"), "as_of") or workbook
        where, view = given.where, given.view
        found = query.metric(str(asked.get("metric") or ""), period, where, as_of=as_of, **view)
        plain = {name: value for name, value in view.items() if name != "compare"}
        found = query.with_counterpart(found, period, as_of=as_of, **plain)
        return {**as_json(given.one(found)), "reason": None, "answer": found.as_json()}
    except UserError as error:
        reason = {"code": error.code, "text": redact(error.message), "hint": redact(error.hint)}
        return {**failure(error), "reason": reason, "answer": found.as_json() if found else None}


def _period(asked: Mapping[str, Any]) -> date | str:
    token = period_token(asked.get("period"), "period")
    if token is None:
        raise UserError("The period is empty.", code="REV-101", hint="Choose one, or write 2026-09.")
    return token


# --- requests --------------------------------------------------------------------------------------------------


def _folder(query: Query) -> Path:
    return query.root.parent.parent  # snapshots lie in .revalign/snapshots


def _requests(query: Query) -> dict[str, Any]:
    folder = _folder(query)
    found = work.read_requests(folder)
    latest = {one.id for one in found.every[-_LATEST:]}
    shown = [one.as_json() for one in reversed(found.every) if one.open or one.id in latest]
    try:
        months: list[dict[str, str]] = _months(query)
    except NoData:
        months = []
    return {"requests": shown, "attended": work.attended(folder), "months": months}


def _months(query: Query) -> list[dict[str, str]]:
    """The latest months, newest first: ``closed``, ``ready`` to be, or ``early`` with the reason."""
    session = query.session()
    this = of_grain("month", query.as_of, query.calendar)
    found = []
    for back in range(_FREEZABLE):
        month = this.shift(-back)
        close = query.closes.of(month)
        if close is not None:
            state, why = "closed", f"{close.note}: {close.why}"
        else:
            wants = wanting(session, month)
            state, why = ("early", "; ".join(wants)) if wants else ("ready", "")
        found.append({"period": str(month), "label": _named(month), "state": state, "why": redact(why)})
    return found


def _wanted(asked: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    kind = asked.get("kind")
    if not isinstance(kind, str):
        raise UserError("The request names no kind.", hint='Send {"kind": "refresh"}.')
    return kind, {name: str(value) for name, value in asked.items() if name != "kind" and value is not None}


def _leave(query: Query, kind: str, details: dict[str, str], who: str) -> tuple[work.Request, bool]:
    if query.caller.row_filter:
        raise UserError(f"{query.caller.name} may not ask for work: it concerns whole numbers.", code="REV-403")
    if kind == "close" and details.get("period"):
        details = {**details, "period": str(_to_close(query, details["period"]))}
    return work.leave(_folder(query), kind, details, who)


def _to_close(query: Query, token: str) -> Period:
    """A period that can be closed as things stand. Raises UserError REV-101, REV-102, REV-105."""
    period = query.period(token)
    closable(period)
    close = query.closes.of(period)
    if close is not None:
        raise UserError(f"{period} is {close.note} ({close.why}).", code="REV-105", hint="Its numbers stay already.")
    if wants := wanting(query.session(), period):
        raise UserError(
            f"{period} is not ready to be closed: {'; '.join(wants)}.", code="REV-105",
            hint="Refresh first, or have it closed as it is: revalign period close --force.",
        )  # fmt: skip
    return period
