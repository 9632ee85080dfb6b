"""The one module that knows gspread and HTTP errors (``auth`` and ``login`` know google-auth).

gspread sends every call through ``HTTPClient.request``; overriding it is enough to point it at another server and to
put our own retry policy in place of gspread's, which repeats what must not be repeated and never gives up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

import requests
from google.auth import exceptions as auth_errors
from google.auth.transport.requests import AuthorizedSession
from gspread.exceptions import APIError
from gspread.http_client import HTTPClient
from gspread.urls import SPREADSHEET_BATCH_UPDATE_URL

from revalign_udf.errors import Retriable, RevalignError
from revalign_udf.sheets.auth import LOOPBACK, SCOPE, Misdirected, SignIn, Wire, explain, sign_in
from revalign_udf.sheets.bucket import Bucket
from revalign_udf.sheets.client import AmbiguousWrite, Json, Refused, Scalar
from revalign_udf.sheets.retry import Retry, retry_after
from revalign_udf.sheets.target import SheetTarget

__all__ = ["SCOPE", "GoogleSpreadsheet", "open_spreadsheet", "spreadsheet_key"]

#: Connecting, then one answer; Google itself gives up after 180 s.
TIMEOUT = (10.0, 190.0)
_GOOGLE = ("https://sheets.googleapis.com", "https://www.googleapis.com")
_API = "https://console.cloud.google.com/apis/library/sheets.googleapis.com"
_KEY = re.compile(r"[A-Za-z0-9_-]+")
#: addresses in the browser: of one of several accounts, of the old kind, of the local server
_ADDRESSES = (
    re.compile(r"/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]+)"),
    re.compile(r"/spreadsheets?/ccc\?(?:.*&)?key=([A-Za-z0-9_-]+)"),
    re.compile(r"^http://(?:127\.0\.0\.1|localhost):\d+/view/([A-Za-z0-9_-]+)"),
)


class _NotData(Exception):
    """An answer that is no JSON: cut short, or a page of something in between."""


class _GaveUp(Exception):
    """Every attempt failed; the cause is the last failure."""

    def __init__(self, asked: float | None, attempts: int) -> None:
        self.asked, self.attempts = asked, attempts
        super().__init__(f"gave up after {attempts} attempts")


class _Http(HTTPClient):  # type: ignore[misc,unused-ignore]
    """gspread's client with another base address, our retries and the shared quota."""

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        retry: Retry,
        bucket: Bucket | None,
        told: Callable[[str], None] | None,
    ) -> None:
        super().__init__(None, session)
        self._base_url = base_url.rstrip("/")
        self._retry, self._bucket, self._told = retry, bucket, told
        self.set_timeout(TIMEOUT)

    def request(self, method: str, endpoint: str, *args: Any, **options: Any) -> Any:
        """Sends one call, again when that is safe.

        Raises:
            AmbiguousWrite: a write without an answer.
            APIError: Google's final no.
        """
        url = endpoint
        for host in _GOOGLE if self._base_url else ():
            url = url.replace(host, self._base_url, 1) if url.startswith(host) else url
        if (body := options.pop("json", None)) is not None:  # without blanks: a fifth of the bytes
            options["data"] = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
            options["headers"] = {**(options.get("headers") or {}), "Content-Type": "application/json; charset=utf-8"}
        repeatable = method.lower() in {"get", "put", "head"}
        policy = self._retry
        left = policy.deadline
        attempt = 0
        while True:
            if self._bucket is not None:  # its waits are no failures and do not count against the deadline
                self._bucket.take("read" if method.lower() in {"get", "head"} else "write", self._told)
            begun = policy.clock()
            asked: float | None = None
            try:
                return self._once(method, url, *args, **options)
            except APIError as problem:
                status = problem.response.status_code
                # 429 is refused before it is done, so it is safe for writes too; a 5xx may come after the change.
                if (status != 429 and status < 500 and status != 408) or _no_quota(problem):
                    raise
                if status != 429 and not repeatable:
                    raise AmbiguousWrite(f"The spreadsheet service answered {status} to a change.") from problem
                asked = retry_after(problem.response.headers.get("Retry-After"))
                last: Exception = problem
            except _NotData as problem:
                if not repeatable:
                    raise AmbiguousWrite("The answer to a change cannot be read.") from problem
                last = problem
            except requests.RequestException as problem:
                if _hopeless(problem):
                    raise _GaveUp(None, attempt + 1) from problem
                if not repeatable and not _never_sent(problem):
                    raise AmbiguousWrite("The connection was lost after a change was sent.") from problem
                last = problem
            except auth_errors.TransportError as problem:
                last = problem  # the token endpoint could not be reached; the call itself was not sent
                if isinstance(problem, Misdirected) or _hopeless(_cause(problem)):
                    raise _GaveUp(None, attempt + 1) from problem
            except auth_errors.RefreshError as problem:
                if not problem.retryable:
                    raise
                last = problem
            pause = policy.wait(attempt, asked)
            attempt += 1
            left -= policy.clock() - begun
            if attempt >= policy.attempts or pause > left:
                raise _GaveUp(asked, attempt) from last
            if pause > 1 and self._told is not None:
                self._told(f"the service is busy, trying again in {round(pause)} s")
            left -= pause
            policy.sleep(pause)

    def _once(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        response = super().request(method, url, *args, **options)
        try:
            found = response.json()
        except ValueError as problem:
            raise _NotData(f"HTTP {response.status_code} without data") from problem
        response.json = lambda: found  # gspread reads it again
        return response


def _cause(problem: Exception) -> Exception:
    """What is behind google-auth's TransportError."""
    inner = problem.args[0] if problem.args else None
    return inner if isinstance(inner, Exception) else problem


def _hopeless(problem: Exception) -> bool:
    """Failures that stay: a redirect to somewhere else, a certificate nobody trusts. Nothing was done."""
    return isinstance(problem, requests.TooManyRedirects) or (
        isinstance(problem, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(problem)
    )


def _never_sent(problem: requests.RequestException) -> bool:
    if isinstance(problem, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    inner = problem.args[0] if problem.args else None
    # By name: the class belongs to a package that is requests' business, not ours.
    return type(getattr(inner, "reason", inner)).__name__ in {"NewConnectionError", "NameResolutionError"}


def _details(problem: APIError) -> list[Json]:
    return [item for item in problem.error.get("details", ()) or () if isinstance(item, dict)]


def _no_quota(problem: APIError) -> bool:
    """A 429 that no waiting helps: the project's limit is zero."""
    limits = [item.get("metadata", {}).get("quota_limit_value") for item in _details(problem)]
    return problem.response.status_code == 429 and "0" in [str(item) for item in limits]


class GoogleSpreadsheet:
    """A spreadsheet behind the Sheets API. Use it as a context manager: leaving it closes the connection."""

    def __init__(self, http: _Http, key: str, target: SheetTarget, signed: SignIn, wire: Wire) -> None:
        self._http, self._key, self._target, self._signed, self._wire = http, key, target, signed, wire

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._http.session.close()

    @property
    def key(self) -> str:
        """The spreadsheet's key."""
        return self._key

    @property
    def address(self) -> str:
        """The address a person shares the spreadsheet with; empty where only Google knows it."""
        return self._signed.account

    @property
    def url(self) -> str:
        """Where a person opens it."""
        if self._target.base_url:
            return f"{self._target.base_url.rstrip('/')}/view/{self._key}"
        return f"https://docs.google.com/spreadsheets/d/{self._key}/edit"

    def read(self, fields: str, ranges: Sequence[str] = ()) -> Json:
        """See :meth:`SpreadsheetClient.read`."""
        params: dict[str, Any] = {"fields": fields, "prettyPrint": "false"}
        if ranges:
            params["ranges"] = list(ranges)
        return cast(Json, self._call(lambda: self._http.spreadsheets_get(self._key, params)))

    def values(self, ranges: Sequence[str]) -> list[list[list[Scalar]]]:
        """See :meth:`SpreadsheetClient.values`."""
        params = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "SERIAL_NUMBER"}
        answer = self._call(lambda: self._http.values_batch_get(self._key, list(ranges), params))
        return [item.get("values", []) for item in answer.get("valueRanges", [])]

    def write_values(self, data: Sequence[Json]) -> None:
        """See :meth:`SpreadsheetClient.write_values`."""
        # RAW, always: what was typed into another system must not become a formula here.
        body = {"valueInputOption": "RAW", "data": list(data)}
        self._call(lambda: self._http.values_batch_update(self._key, body), write=True)

    def batch_update(self, requests_: Sequence[Json], *, fields: str = "") -> Json:
        """See :meth:`SpreadsheetClient.batch_update`."""
        body: Json = {"requests": list(requests_)}
        if not fields:
            self._call(lambda: self._http.batch_update(self._key, body), write=True)
            return {}
        body["includeSpreadsheetInResponse"] = True
        url, params = SPREADSHEET_BATCH_UPDATE_URL % self._key, {"fields": f"updatedSpreadsheet({fields})"}
        answer = self._call(lambda: self._http.request("post", url, params=params, json=body).json(), write=True)
        return cast(Json, answer.get("updatedSpreadsheet", {}))

    def _call(self, call: Callable[[], Any], *, write: bool = False) -> Any:
        with self._explained(write):
            return call()

    @contextmanager
    def _explained(self, write: bool) -> Iterator[None]:
        try:
            yield
        except RevalignError:
            raise
        except _GaveUp as problem:
            raise self._gave_up(problem) from problem.__cause__
        except APIError as problem:
            raise self._refused(problem, write) from None
        except auth_errors.GoogleAuthError as problem:
            raise explain(problem, self._target, self._signed, self._wire.skew) from None

    # --- what went wrong ---------------------------------------------------------------------------------------------

    @property
    def _host(self) -> str:
        return urlsplit(self._target.base_url).netloc or "sheets.googleapis.com"

    def _gave_up(self, problem: _GaveUp) -> RevalignError:
        cause = problem.__cause__
        if isinstance(cause, APIError):
            status = cause.response.status_code
            return Retriable(
                f"The spreadsheet service is busy (HTTP {status}) after {problem.attempts} attempts.",
                hint="Nothing was changed by this call. Run it again in a few minutes.",
                retry_after=problem.asked,
            )
        if isinstance(cause, auth_errors.RefreshError):
            return explain(cause, self._target, self._signed, self._wire.skew)
        if isinstance(cause, _NotData):
            return self._in_between("an answer that is no data")
        if isinstance(cause, Misdirected):
            return Refused(str(cause), "network", "Check base_url, and the addresses in the credentials' file.")
        if isinstance(cause, auth_errors.TransportError):
            cause = _cause(cause)
        host = self._host
        if isinstance(cause, requests.RequestException) and cause.request is not None:
            host = urlsplit(cause.request.url or "").netloc or host
        if isinstance(cause, requests.TooManyRedirects):
            return self._in_between("a redirect to another address")
        if isinstance(cause, requests.exceptions.SSLError):
            return Refused(
                f"The certificate that {host} shows is not trusted here.",
                "network",
                "Behind a company proxy set REQUESTS_CA_BUNDLE to the file of its certificate; else check the clock.",
            )
        if isinstance(cause, requests.exceptions.ProxyError):
            return Refused(
                f"The proxy on the way to {host} refuses or cannot be reached.",
                "network",
                "Check HTTPS_PROXY and NO_PROXY, and that the proxy lets *.googleapis.com through.",
            )
        more = " It took too long." if isinstance(cause, requests.Timeout) else ""
        return Refused(f"{host} cannot be reached.{more}", "network", "Check the network, the proxy and base_url.")

    def _in_between(self, what: str) -> Refused:
        return Refused(
            f"{self._host} gives {what}: something in between answers in its place.",
            "network",
            "Open a web page first (a network may ask you to sign in), and check the proxy and base_url.",
        )

    def _refused(self, problem: APIError, write: bool) -> RevalignError:
        status = problem.response.status_code
        if problem.code == -1:  # gspread's mark for a body that is not Google's
            return self._in_between(f"HTTP {status} with a page of its own")
        message = str(problem.error.get("message", "")) or "no reason given"
        reasons = {str(item.get("reason", "")) for item in _details(problem)}
        if status == 429:
            return Refused(
                f"The project has no quota left for the Sheets API: {message}",
                "quota",
                "Ask for quota, or use a service account of another project: "
                "https://console.cloud.google.com/iam-admin/quotas",
            )
        if status == 403 and "requires a quota project" in message:
            return Refused(
                "Signed in as a person through gcloud, Google wants a project that pays the quota.",
                "adc",
                'Set it: gcloud auth application-default set-quota-project PROJECT - or sign in with auth = "oauth".',
            )
        if status == 403 and ("SERVICE_DISABLED" in reasons or "it is disabled" in message):
            return Refused(
                "The Google Sheets API is switched off in the project one signs in with.",
                "api_off",
                f"Enable it: {_API} - then wait a minute.",
            )
        if status == 403 and ("ACCESS_TOKEN_SCOPE_INSUFFICIENT" in reasons or "authentication scopes" in message):
            return Refused("The token does not cover spreadsheets.", "scope", f"Sign in with the scope {SCOPE}")
        if "protected cell or object" in message:
            return Refused(
                f"A part of the spreadsheet is protected against the sync: {message}",
                "protected",
                f"Data > Protect sheets and ranges: allow {self._who}, or take the protection off.",
                self.address,
            )
        if status == 400 and "not supported for this document" in message:
            return Refused(
                "This is an Excel file shown in Google Sheets, not a Google spreadsheet.",
                "office_file",
                "Open it and choose File > Save as Google Sheets, then use the new spreadsheet's address.",
            )
        if status in {403, 404}:
            return self._closed(status, write)
        if status == 401:
            return Refused("The token was not accepted.", "token", "Sign in again, or create a new key.")
        return Refused(
            f"The spreadsheet service refuses (HTTP {status}): {message}",
            "request",
            "If somebody changed the spreadsheet just now, run the sync again.",
        )

    @property
    def _who(self) -> str:
        return self.address or "the account you signed in with"

    def _closed(self, status: int, write: bool) -> Refused:
        share = f"Open it in the browser and share it as Editor with: {self._who}"
        if status == 404:
            return Refused(
                f"There is no spreadsheet {self._key}, or it was deleted for good.",
                "missing",
                f"Copy the address from the browser again. A new spreadsheet is shared as Editor with: {self._who}",
                self.address,
            )
        if write:
            return Refused(
                f"The spreadsheet {self._key} is shared with the sync for reading, not for writing.",
                "read_only",
                share,
                self.address,
            )
        return Refused(f"The spreadsheet {self._key} is not shared with the sync.", "not_shared", share, self.address)


def open_spreadsheet(
    target: SheetTarget,
    *,
    retry: Retry | None = None,
    bucket: Bucket | None = None,
    told: Callable[[str], None] | None = None,
) -> GoogleSpreadsheet:
    """Opens a spreadsheet by key or address; nothing is called yet.

    Args:
        target: which, and how to sign in.
        retry: the retry policy.
        bucket: the quota to keep to; left out: the account's, shared by every job of this computer, and none for a
            server on this computer.
        told: hears of waits of more than a second ("waiting for the quota, 12 s").

    Raises:
        Refused: REV-702: a bad address, base_url or key, or nobody signed in.
    """
    key = spreadsheet_key(target.key)
    base = urlsplit(target.base_url)
    on_loopback = base.hostname in LOOPBACK
    if target.base_url and not (base.scheme == "https" or (base.scheme == "http" and on_loopback)):
        raise Refused(
            f"base_url {target.base_url} would carry the token in the open.",
            "address",
            "Use https, or http on this computer only (127.0.0.1).",
        )
    token_session = requests.Session()
    wire = Wire(token_session, target.base_url)
    signed = sign_in(target, wire)
    # A 401 is refused before it is done: one new token, one more try, for writes too.
    session = AuthorizedSession(signed.credentials, auth_request=wire, max_refresh_attempts=1)
    # Google redirects nobody. Whoever does would be handed what was meant for Google.
    session.max_redirects = token_session.max_redirects = 0
    if on_loopback:  # a proxy of the environment has no business between two ends of one computer
        session.trust_env = token_session.trust_env = False
    session._auth_request_session = token_session  # noqa: SLF001 - so that closing one closes both
    if bucket is None and not on_loopback:
        bucket = Bucket(signed.identity)
    http = _Http(session, target.base_url, retry or Retry(), bucket, told)
    return GoogleSpreadsheet(http, key, target, signed, wire)


def spreadsheet_key(text: str) -> str:
    """The key in an address, or the key itself.

    Raises:
        Refused: REV-702: neither.

    >>> spreadsheet_key("https://docs.google.com/spreadsheets/d/1AbC-d_E/edit#gid=0")
    '1AbC-d_E'
    """
    text = text.strip()
    if "docs.google.com" in text and "/d/e/" in text:
        raise Refused(
            "That is the address of a published copy, which nobody can write to.",
            "address",
            "Open the spreadsheet itself and copy the address: https://docs.google.com/spreadsheets/d/KEY/edit",
        )
    if _KEY.fullmatch(text):
        return text
    for pattern in _ADDRESSES:
        if found := pattern.search(text):
            return found[1]
    raise Refused(
        f"{text!r} is neither a spreadsheet's key nor its address.",
        "address",
        "Copy the address from the browser: https://docs.google.com/spreadsheets/d/KEY/edit",
    )
