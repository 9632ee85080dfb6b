"""The ASGI app: who is there, which functions there are, and calls of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
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
from starlette.responses import Response
from starlette.routing import Route

from revalign_udf.errors import InternalError, UserError
from revalign_udf.functions.registry import PREFIX, registry
from revalign_udf.query import Query
from revalign_udf.server.calls import Desk, Refused
from revalign_udf.server.guard import LOOPBACK, Guard, usable
from revalign_udf.server.replies import Json, refusal

__all__ = ["MAX_BODY", "SNAPSHOT_HEADER", "create_app"]

MAX_BODY = 5 * 1024 * 1024
#: names the snapshot a batch was answered from; not sent while nothing is published
SNAPSHOT_HEADER = "Revalign-Snapshot"


def create_app(project: str | Path, token: str, *, hosts: Collection[str] = LOOPBACK) -> Starlette:
    """The server of a project folder.

    Args:
        project: the folder, or one inside it.
        token: what callers must bear, printable ASCII.
        hosts: host names it may be called by.

    Raises:
        ConfigError: REV-301 there is no project; REV-305 the token cannot be used.
    """
    usable(token)
    surface = _Surface(Desk(Query.open(project)))
    return Starlette(
        routes=[
            Route("/health", surface.health),
            Route("/v1/functions", surface.functions),
            Route("/v1/call", surface.call, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, token=token, hosts=frozenset(hosts))],
        exception_handlers={Refused: _refused, HTTPException: _not_here, Exception: _broken},
        lifespan=surface.lifespan,
    )


class _Surface:
    """The endpoints. What computes runs in a thread, so that the event loop answers meanwhile."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # Batches take turns anyway: one waits in a thread, the others here, and threads stay free for questions of health.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Open the snapshot before the first question, close it after the last."""
        await run_in_threadpool(self._desk.standing)
        yield
        await run_in_threadpool(self._desk.close)

    async def health(self, _: Request) -> Response:
        """The version and the published snapshot, or the coded reason why there is none."""
        standing = await run_in_threadpool(self._desk.standing)
        return Json({"version": version("revalign-udf"), **asdict(standing)})

    async def functions(self, _: Request) -> Response:
        """Every function with its arguments and help texts."""
        return Json(_described())

    async def call(self, request: Request) -> Response:
        """A batch of calls."""
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        async with self._turn:
            label, content = await run_in_threadpool(self._desk.answer, body)
        headers = {"Cache-Control": "no-store"} | ({SNAPSHOT_HEADER: label} if label else {})
        return Response(content, media_type="application/json", headers=headers)


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
    return refusal(error.status, error)


def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = f"{request.method} {request.url.path}: {error.detail}."
    known = "There are GET /health, GET /v1/functions and POST /v1/call."
    return refusal(error.status_code, UserError(text, code="REV-101", hint=known), dict(error.headers or {}))


def _broken(_: Request, error: Exception) -> Response:
    return refusal(500, InternalError(f"{type(error).__name__}: {error}"))
