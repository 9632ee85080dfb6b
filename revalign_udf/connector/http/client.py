"""The HTTP client that every connector shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from json import dumps
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx
import tenacity

from revalign_udf.connector.http import meaning
from revalign_udf.connector.http.address import Addresses, with_params
from revalign_udf.connector.http.auth import Auth, NoAuth
from revalign_udf.connector.http.exchange import JSON, Body, Exchange, Wanted
from revalign_udf.connector.http.limits import Limits, Pace, backoff
from revalign_udf.connector.http.paging import Page, Paging, paged
from revalign_udf.connector.http.redact import Secrets, secret_settings
from revalign_udf.connector.http.reply import Reply
from revalign_udf.connector.http.signals import Again, Expired, Refused, Throttled
from revalign_udf.connector.http.transport import ACCEPTED, opened, proxy_of
from revalign_udf.errors import ConnectorError, Fatal

if TYPE_CHECKING:
    from revalign_udf.connector.protocol import Context

__all__ = ["Http"]

_T = TypeVar("_T")
_Send = Callable[[Wanted, Mapping[str, str]], _T]


class Http:
    """The HTTP client of one connection: signs, waits, retries, follows pages, and keeps secrets to itself.

    A connector gets it from its context and never makes one::

        http = ctx.http(Bearer(ctx.settings["api_key"]), limits=Limits(per_second=8))
        for page in http.pages("/v1/customers", After("starting_after", items="data"), params={"limit": 100}):
            yield Records("customers", page.items)

    Credentials are sent to ``base_url``'s server only; the further ``hosts`` are called without them.
    """

    def __init__(
        self, ctx: Context, base_url: str, *, auth: Auth | None = None, headers: Mapping[str, str] | None = None,
        limits: Limits | None = None, judge: Callable[[Reply], None] | None = None, hosts: Sequence[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.base_url = base_url
        self.name = ctx.connection
        self.limits = limits or Limits()
        self.warnings: list[str] = []
        """what the pull's report has to say"""
        self.monotonic = monotonic
        self._ctx = ctx
        self._auth: Auth = auth or NoAuth()
        self._headers = httpx.Headers({"User-Agent": "revalign", "Accept": JSON, "Accept-Encoding": ACCEPTED})
        self._headers.update(headers)
        self._addresses = Addresses(base_url, hosts)
        if "://" in self._auth.token_url:
            self._addresses.allow(self._auth.token_url)
        self._secrets = Secrets(self._auth.secrets())
        self._secrets.add(*secret_settings(ctx.settings, getattr(ctx, "secrets", ())))
        proxy = proxy_of(ctx.settings)
        if proxy is not None and proxy.auth is not None:
            self._secrets.add(*proxy.auth)
        ca_file = ctx.settings.get("ca_file")
        self._client = opened(
            proxy, (ctx.project / str(ca_file)).resolve() if ca_file else None, self.limits,
            environment=not self._addresses.loopback,
        )  # fmt: skip
        self._exchange = Exchange(
            ctx, self._client, self._addresses, self.limits, Pace(self.limits.per_second, monotonic), judge, self.hide,
            self._look_at,
        )  # fmt: skip

    # -- what connectors call

    def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Reply:
        """``request`` with GET."""
        return self.request("GET", path, params=params, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Reply:
        """``request`` with POST. Searches are repeated like a GET; pass ``idempotent=False`` where a call makes something."""
        return self.request("POST", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        """``request`` with DELETE: to clear away an export job of our own."""
        return self.request("DELETE", path, **options)

    def request(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None, data: Any = None,
        headers: Mapping[str, str] | None = None, allow: Collection[int] = (), idempotent: bool | None = None,
    ) -> Reply:  # fmt: skip
        """One call, repeated where that is safe and may help.

        Args:
            method: GET, POST ...
            path: Under the base address (``/v1/x``), or an absolute address on an allowed host.
            params: Of the query; None is left out, lists repeat the name, True is ``true``, dates are ISO.
            json: Body as JSON; Decimal becomes a number.
            data: A form (mapping), or the body as text or bytes (name its Content-Type in ``headers``).
            headers: In addition to the connection's. With an Accept other than JSON the body is not looked at.
            allow: Statuses that are answers, too (404, 410), and not raised.
            idempotent: False for a call that makes something: it is repeated only when it was certainly not carried out.

        Raises:
            Retriable REV-505: busy, unreachable or cut off after all tries.
            Fatal REV-506: refused (:class:`Refused` carries the reply); REV-501: not found (404).
        """
        wanted = self._wanted(method, path, params, json, data, headers, allow, idempotent)
        return self._tried(wanted, self._exchange.whole)

    @contextmanager
    def stream(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None,
        json: Any = None, data: Any = None,
    ) -> Iterator[Body]:  # fmt: skip
        """A large body in pieces, whatever its length: ``with http.stream("GET", path) as body: for piece in body: ...``.

        Repeated like ``request`` until the first bytes are there; a body that breaks off later raises Retriable REV-505.
        The connector's ``judge`` is not asked.
        """
        wanted = self._wanted(method, path, params, json, data, {"Accept": "*/*", **(headers or {})}, (), None)
        response, pieces = self._tried(wanted, self._exchange.begun)
        try:
            yield Body(response.headers, response.status_code, self._cleaned(pieces))
        finally:
            response.close()

    def pages(
        self, path: str, paging: Paging, *, params: Mapping[str, Any] | None = None, method: str = "GET",
        json: Any = None, headers: Mapping[str, str] | None = None,
    ) -> Iterator[Page]:  # fmt: skip
        """Page after page of a list. Raises Fatal REV-506 when the source repeats a page for ever."""
        return self._cleaned(paged(self, path, paging, params=params, method=method, json=json, headers=headers))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Http({self.name!r}, {self.base_url!r})"

    # -- what auth objects and paginators call

    def ask_token(
        self, method: str, url: str, *, params: Mapping[str, Any] | None = None, data: Any = None,
        headers: Mapping[str, str] | None = None, idempotent: bool = True,
    ) -> Reply:  # fmt: skip
        """A call to the token server: not signed, and with its refusals returned."""
        wanted = self._wanted(method, url, params, None, data, headers, (400, 401, 403), idempotent)
        return self._tried(replace(wanted, token=True), self._exchange.whole)

    def address(self, link: str, seen_at: str = "") -> str:
        """The full address of a path or of a next-page link. Raises Fatal REV-506 for another host."""
        return self._addresses.of(link, seen_at)

    def now(self) -> datetime:
        """The context's clock."""
        return self._ctx.clock()

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return self._secrets.hide(text)

    def learn(self, secret: str) -> None:
        """A further secret: a renewed token."""
        self._secrets.add(secret)

    def warn(self, text: str) -> None:
        """Something that a person has to know, for the pull's report."""
        text = self.hide(f"{self.name}: {text}")
        if text not in self.warnings:
            self.warnings.append(text)

    # -- one call

    def _wanted(
        self, method: str, path: str, params: Mapping[str, Any] | None, json: Any, data: Any,
        headers: Mapping[str, str] | None, allow: Collection[int], idempotent: bool | None,
    ) -> Wanted:  # fmt: skip
        url = with_params(self.address(path), params)
        sent = self._headers.copy()
        sent.update(headers)
        if "range" in sent:
            sent["Accept-Encoding"] = "identity"  # a range of a packed body would not be one of the body
        content: bytes | None = None
        if json is not None:
            content = dumps(json, default=_plain, allow_nan=False).encode()
            sent.setdefault("Content-Type", JSON)
        elif isinstance(data, Mapping):
            content = with_params("", data).removeprefix("?").encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif data is not None:
            content = data.encode() if isinstance(data, str) else bytes(data)
        return Wanted(method.upper(), url, sent, content, allow, idempotent is not False)

    def _tried(self, wanted: Wanted, send: _Send[_T]) -> _T:
        """The call until it succeeds or nothing more is to be expected of another try."""

        def attempt() -> _T:
            self._ctx.stop_if_cancelled()
            try:
                return self._signed(wanted, send)
            except Throttled as error:
                text = f"{self.name}: {error.message}"
                problem = meaning.later(text, error.after, self.limits, self.now(), safe=True)
            raise problem

        def worth_it(error: BaseException) -> bool:
            return isinstance(error, Again) and (wanted.idempotent or error.safe)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(worth_it), stop=self._enough, wait=_pause, sleep=self._ctx.wait, reraise=True
        )  # fmt: skip
        try:
            return retrying(attempt)
        except Again as again:
            final = again.final
        except ConnectorError as error:
            final = error
        raise self._clean(final)  # out here, so that no inner error hangs on it

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        tries = error.tries if isinstance(error, Again) and error.tries else self.limits.tries
        return state.attempt_number >= min(tries, self.limits.tries)

    def _signed(self, wanted: Wanted, send: _Send[_T]) -> _T:
        """One try. A token that is refused is renewed once and the call repeated."""
        if wanted.token:
            return send(wanted, {})
        signature = self._auth.headers(self)
        try:
            return send(wanted, signature)
        except Refused as error:
            if error.reply.status != 401:
                raise
            refusal: ConnectorError = error
        except Expired as error:
            refusal = error
        if self._auth.renew(self, signature):
            return send(wanted, self._auth.headers(self))
        raise refusal

    def _clean(self, error: ConnectorError) -> ConnectorError:
        """The error without secrets, also one of a connector's ``judge``, which may quote the body."""
        if isinstance(error, Expired):
            error = Fatal(f"{self.name}: {error.message}", hint=f"Sign in again. {self._look_at()}")
        error.message, error.hint = self.hide(error.message), self.hide(error.hint)
        error.args = (error.message,)
        error.__cause__ = error.__context__ = None
        return error

    def _cleaned(self, parts: Iterator[_T]) -> Iterator[_T]:
        try:
            yield from parts
        except ConnectorError as error:
            final = error
        else:
            return
        raise self._clean(final)

    def _look_at(self) -> str:
        return meaning.where_to_look(self.name, self._ctx.settings, self._auth.secrets())


def _pause(state: tenacity.RetryCallState) -> float:
    """Seconds before the next try: what the source asks for, else longer and longer."""
    error = state.outcome.exception() if state.outcome else None
    after = error.after if isinstance(error, Again) else None
    return backoff(state.attempt_number) if after is None else after


def _plain(value: object) -> Any:
    """For a JSON body: a Decimal as the number it is, a date as ISO text."""
    if isinstance(value, Decimal):
        number = int(value) if value == value.to_integral_value() else float(value)
        if Decimal(repr(number)) == value:
            return number
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
