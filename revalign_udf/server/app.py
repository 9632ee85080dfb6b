"""The ASGI app: who is there, which functions there are, calls of them, and the files of the add-in.

=========================== ========================================================================================
GET /health                 open: version, snapshot, or the coded reason why there is none
GET /addin/NAME             open: the files of the add-in; they hold no numbers
POST /v1/call               a batch of calls; ``?dates=serial`` writes dates as Excel's numbers; ``as_of`` of a call: see
                            `revalign_udf.functions.pinned`
GET /v1/edition             what the next batch will be answered from, as headers and JSON
GET /v1/functions           every function with its arguments
GET /v1/catalogue and more  what the task pane asks: see `revalign_udf.server.pane`
GET /metrics                figures for Prometheus
=========================== ========================================================================================

The header ``Revalign-Space`` names the company that is asked about: ``live``, or ``demo`` where the server has one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from revalign_udf.errors import InternalError, UserError
from revalign_udf.functions.registry import PREFIX, registry
from revalign_udf.query import Query
from revalign_udf.server.calls import DATES, Dates, Desk, Refused, Standing
from revalign_udf.server.figures import Figures
from revalign_udf.server.guard import LOOPBACK, MAX_BODY, SPACE_HEADER, Guard, usable
from revalign_udf.server.pane import routes as pane_routes
from revalign_udf.server.replies import Json, refusal
from revalign_udf.server.signin import SignIn

__all__ = ["EDITION_HEADER", "MAX_BODY", "SNAPSHOT_HEADER", "Assets", "create_app"]

#: names the snapshot a batch was answered from; not sent while nothing is published
SNAPSHOT_HEADER = "Revalign-Snapshot"
#: names everything the answers depend on: as long as it stays, so do they
EDITION_HEADER = "Revalign-Edition"
#: seconds a body may take to arrive
_BODY_TIME = 30.0
#: batches that may wait for their turn, and the bytes they may hold together
_WAITING, _WAITING_BYTES = 64, 64 * 1024 * 1024

Assets = Mapping[str, tuple[str, bytes]]


def create_app(
    project: str | Path, token: str | None, *, hosts: Collection[str] = LOOPBACK, demo: str | Path | None = None,
    assets: Assets | None = None, sign_in: SignIn | None = None, origins: Collection[str] = (),
) -> Starlette:  # fmt: skip
    """The server of a project folder.

    Args:
        project: the folder, or one inside it.
        token: what callers must bear, printable ASCII; None only with a sign-in.
        hosts: host names it may be called by.
        demo: the folder of a sample company to answer from beside the live one.
        assets: the files of the add-in: name -> (media type, content); read when they are asked for.
        sign_in: the company's sign-in, whose tokens are taken too.
        origins: other origins whose pages may ask.

    Raises:
        ConfigError: REV-301 there is no project; REV-305 the token cannot be used.
    """
    if token is not None or sign_in is None:
        token = usable(token or "")
    desks = {"live": Desk(Query.open(project))} | ({"demo": Desk(Query.open(demo))} if demo is not None else {})
    figures = Figures(["/health", "/v1/call", "/v1/edition", "/v1/functions", "/metrics"])
    surface = _Surface(desks, figures, {} if assets is None else assets)
    panes = pane_routes(desks)
    figures.paths |= {route.path for route in panes}
    app = Starlette(
        routes=[
            Route("/health", surface.health),
            Route("/addin/{name}", surface.asset),
            Route("/v1/functions", surface.functions),
            Route("/v1/edition", surface.edition),
            Route("/v1/call", surface.call, methods=["POST"]),
            Route("/metrics", surface.metrics),
            *panes,
        ],
        middleware=[
            Middleware(
                Guard, token=token, hosts=frozenset(hosts), figures=figures, sign_in=sign_in, origins=origins,
                spaces=tuple(desks),
            )
        ],
        exception_handlers={Refused: _refused, HTTPException: _not_here, Exception: _broken},
        lifespan=surface.lifespan,
    )  # fmt: skip
    app.state.desks = desks
    return app


class _Surface:
    """The endpoints. What computes runs in a thread, so that the event loop answers meanwhile."""

    def __init__(self, desks: Mapping[str, Desk], figures: Figures, assets: Assets) -> None:
        self._desks, self._figures = desks, figures
        self._files = assets
        # Batches take turns anyway: one waits in a thread, the others here, and threads stay free for questions of health.
        self._turns = {space: asyncio.Lock() for space in desks}
        self._waiting = self._bytes = 0

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Open the snapshots before the first question, close them after the last."""
        for desk in self._desks.values():
            await run_in_threadpool(desk.standing)
        yield
        for desk in self._desks.values():
            await run_in_threadpool(desk.close)

    async def health(self, request: Request) -> Response:
        """The version and the published snapshot, or the coded reason why there is none."""
        standing = await run_in_threadpool(self._desk(request).standing)
        shown = {name: getattr(standing, name) for name in ("status", "snapshot", "as_of", "message")}
        return Json({"version": version("revalign-udf"), **shown})

    async def functions(self, _: Request) -> Response:
        """Every function with its arguments and help texts."""
        return Json(_described())

    async def edition(self, request: Request) -> Response:
        """What the next batch will be answered from: the cheap question of a client that keeps answers."""
        standing = await run_in_threadpool(self._desk(request).standing)
        shown = {name: getattr(standing, name) for name in ("status", "snapshot", "as_of", "edition")}
        return Json(shown, headers=_labels(standing))

    async def call(self, request: Request) -> Response:
        """A batch of calls."""
        dates = _dates(request.query_params.get("dates", "iso"))
        if self._waiting >= _WAITING or self._bytes >= _WAITING_BYTES:
            raise Refused(503, "Too many questions at once.", code="REV-408", hint="Ask again.", retry_after=1)
        self._waiting += 1
        size = 0
        try:
            try:
                body = await asyncio.wait_for(_body(request), _BODY_TIME)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody reads it
            except TimeoutError:
                raise Refused(408, "The question took too long to arrive.", code="REV-408") from None
            size = len(body)
            self._bytes += size
            async with self._turns[self._space(request)]:
                answered = await run_in_threadpool(self._desk(request).answer, body, dates)
        finally:
            self._waiting -= 1
            self._bytes -= size
        self._figures.batch(answered.functions, answered.codes)
        headers = {"Cache-Control": "no-store", **_labels(answered.standing)}
        return Response(answered.content, media_type="application/json", headers=headers)

    async def metrics(self, _: Request) -> Response:
        """Figures for Prometheus."""
        standings = {space: await run_in_threadpool(desk.standing) for space, desk in self._desks.items()}
        text = self._figures.text(standings)
        return PlainTextResponse(text, headers={"Cache-Control": "no-store"}, media_type="text/plain; version=0.0.4")

    async def asset(self, request: Request) -> Response:
        """A file of the add-in."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        kind, content = found
        tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
        # asked for anew each time, so that an update reaches everybody at once; answered with nothing when unchanged
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    def _space(self, request: Request) -> str:
        asked = request.headers.get(SPACE_HEADER, "live")
        return asked if asked in self._desks else "live"  # the guard refuses others where numbers are asked for

    def _desk(self, request: Request) -> Desk:
        return self._desks[self._space(request)]


def _labels(standing: Standing) -> dict[str, str]:
    found = {SNAPSHOT_HEADER: standing.snapshot, EDITION_HEADER: standing.edition}
    return {name: value for name, value in found.items() if value}


def _dates(name: str) -> Dates:
    for known in DATES:
        if known == name:
            return known
    raise Refused(400, f'Dates cannot be written as "{name}".', hint=f"Use {', '.join(DATES)}.")


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            hint = f"Send at most {MAX_BODY // 1024**2} MB at a time."
            raise Refused(413, "The request is too large.", hint=hint)
    return b"".join(parts)


def _described() -> list[dict[str, Any]]:
    return [
        {
            "name": f"{PREFIX}.{name}",
            "summary": function.summary,
            "returns": function.returns,
            "snapshot": function.snapshot,
            "arguments": [asdict(argument) for argument in function.arguments],
            "version_added": function.version_added,
        }
        for name, function in registry().items()
    ]


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    if error.status in (408, 413):  # the rest of the body is not waited for
        headers["Connection"] = "close"
    return refusal(error.status, error, headers)


def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = f"{request.method} {request.url.path}: {error.detail}."
    known = (
        "There are GET /health, /v1/functions, /v1/catalogue, /v1/values, /v1/requests, and POST /v1/call, /v1/answer,"
        " /v1/requests."
    )
    return refusal(error.status_code, UserError(text, code="REV-101", hint=known), dict(error.headers or {}))


def _broken(_: Request, error: Exception) -> Response:
    return refusal(500, InternalError(f"{type(error).__name__}: {error}"))
