"""The one module that knows gspread, google-auth and HTTP errors.

gspread sends every call through ``HTTPClient.request``; overriding it is enough to point it at another server and to
put our own retry policy in place of gspread's, which repeats what must not be repeated and never gives up.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

import requests
from google.auth import exceptions as auth_errors
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account
from gspread.exceptions import APIError, NoValidUrlKeyFound
from gspread.http_client import HTTPClient
from gspread.utils import extract_id_from_url

from revalign_udf.errors import Retriable, RevalignError, SurfaceError
from revalign_udf.sheets.client import AmbiguousWrite, Json, Scalar
from revalign_udf.sheets.retry import Retry, retry_after
from revalign_udf.sheets.target import SheetTarget

__all__ = ["SCOPE", "GoogleSpreadsheet", "load_credentials", "open_spreadsheet"]

#: All the sync needs; gspread's own default would include the whole Drive.
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
#: Connecting, then one answer; Google itself gives up after 180 s.
TIMEOUT = (10.0, 190.0)
_GOOGLE = ("https://sheets.googleapis.com", "https://www.googleapis.com")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class _LocalCredentials(service_account.Credentials):  # type: ignore[misc,unused-ignore]
    """Credentials for another server than Google's: the token goes nowhere else.

    google-auth looks up a "regional access boundary" at Google in the background, with the token in its hands.
    """

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


def load_credentials(key_file: Path, *, local: bool = False) -> service_account.Credentials:
    """A service account's credentials with the least scope.

    Args:
        key_file: the JSON key.
        local: the token is for another server than Google's.

    Raises:
        SurfaceError: REV-702: missing, readable by others, or not a service-account key.
    """
    try:
        mode = key_file.stat().st_mode
    except OSError as problem:
        raise SurfaceError(
            f"The key file {key_file} cannot be read ({problem.strerror}).",
            code="REV-702",
            hint="Create a JSON key for the service account and set key_file to its path.",
        ) from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise SurfaceError(
            f"The key file {key_file} can be read by others on this computer.",
            code="REV-702",
            hint=f"Close it to them: chmod 600 {key_file}",
        )
    try:
        info = json.loads(key_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise _no_key(key_file, "it is no JSON file") from None
    if not isinstance(info, dict) or info.get("type") != "service_account":
        raise _no_key(key_file, "it is no service account's key")
    kind = _LocalCredentials if local else service_account.Credentials
    try:
        return kind.from_service_account_info(info, scopes=[SCOPE])
    except (ValueError, KeyError, auth_errors.GoogleAuthError):
        # The cause is left out on purpose: it may quote the key.
        raise _no_key(key_file, "a field is missing or its private key is damaged") from None


def _no_key(key_file: Path, why: str) -> SurfaceError:
    return SurfaceError(
        f"The key file {key_file} cannot be used: {why}.",
        code="REV-702",
        hint="Download a new JSON key of the service account (IAM & Admin > Service accounts > Keys).",
    )


class _Http(HTTPClient):  # type: ignore[misc,unused-ignore]
    """gspread's client with another base address and our retries."""

    def __init__(self, session: requests.Session, base_url: str, retry: Retry) -> None:
        super().__init__(None, session)
        self._base_url = base_url.rstrip("/")
        self._retry = retry
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
        repeatable = method.lower() in {"get", "put", "head"}
        policy = self._retry
        end = policy.clock() + policy.deadline
        attempt = 0
        while True:
            asked: float | None = None
            try:
                return super().request(method, url, *args, **options)
            except APIError as problem:
                status = problem.response.status_code
                # 429 is refused before it is done, so it is safe for writes too; a 5xx may come after the change.
                if status != 429 and status < 500 and status != 408:
                    raise
                if status != 429 and not repeatable:
                    raise AmbiguousWrite(f"The spreadsheet service answered {status} to a change.") from problem
                asked = retry_after(problem.response.headers.get("Retry-After"))
                last: Exception = problem
            except requests.RequestException as problem:
                if not repeatable and not _never_sent(problem):
                    raise AmbiguousWrite("The connection was lost after a change was sent.") from problem
                last = problem
            except auth_errors.TransportError as problem:
                last = problem  # the token endpoint could not be reached; the call itself was not sent
            pause = policy.wait(attempt, asked)
            attempt += 1
            if attempt >= policy.attempts or policy.clock() + pause > end:
                raise _GaveUp(asked, attempt) from last
            policy.sleep(pause)


class _GaveUp(Exception):
    """Every attempt failed; the cause is the last failure."""

    def __init__(self, asked: float | None, attempts: int) -> None:
        self.asked, self.attempts = asked, attempts
        super().__init__(f"gave up after {attempts} attempts")


def _never_sent(problem: requests.RequestException) -> bool:
    if isinstance(problem, requests.exceptions.ConnectTimeout):
        return True
    inner = problem.args[0] if problem.args else None
    # By name: the class belongs to a package that is requests' business, not ours.
    return type(getattr(inner, "reason", inner)).__name__ in {"NewConnectionError", "NameResolutionError"}


class GoogleSpreadsheet:
    """A spreadsheet behind the Sheets API. Use it as a context manager: leaving it closes the connection."""

    def __init__(self, http: _Http, key: str, address: str, base_url: str) -> None:
        self._http, self._key, self._base_url = http, key, base_url.rstrip("/")
        self.address = address
        """the service account's address: a person shares the spreadsheet with it"""

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
    def url(self) -> str:
        """Where a person opens it."""
        if self._base_url:
            return f"{self._base_url}/view/{self._key}"
        return f"https://docs.google.com/spreadsheets/d/{self._key}/edit"

    def read(self, fields: str, ranges: Sequence[str] = ()) -> Json:
        """See :meth:`SpreadsheetClient.read`."""
        params: dict[str, Any] = {"fields": fields}
        if ranges:
            params["ranges"] = list(ranges)
        return cast(Json, self._call(lambda: self._http.spreadsheets_get(self._key, params)))

    def values(self, ranges: Sequence[str]) -> list[list[list[Scalar]]]:
        """See :meth:`SpreadsheetClient.values`."""
        params = {"valueRenderOption": "UNFORMATTED_VALUE", "dateTimeRenderOption": "SERIAL_NUMBER"}
        answer = self._call(lambda: self._http.values_batch_get(self._key, list(ranges), params))
        return [item.get("values", []) for item in answer.get("valueRanges", [])]

    def batch_update(self, requests_: Sequence[Json]) -> None:
        """See :meth:`SpreadsheetClient.batch_update`."""
        self._call(lambda: self._http.batch_update(self._key, {"requests": list(requests_)}))

    def _call(self, call: Callable[[], Any]) -> Any:
        with self._explained():
            return call()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except RevalignError:
            raise
        except _GaveUp as problem:
            raise self._gave_up(problem) from problem.__cause__
        except APIError as problem:
            raise self._refused(problem) from None
        except auth_errors.RefreshError as problem:
            said = str(problem.args[0]) if problem.args else "refused"
            raise SurfaceError(
                f"The service account's key is refused: {said}",
                code="REV-702",
                hint="Check this computer's clock, and that the key still exists in the Google Cloud console.",
            ) from None
        except auth_errors.GoogleAuthError as problem:
            raise SurfaceError(f"No token could be had: {problem}", code="REV-702") from None

    def _gave_up(self, problem: _GaveUp) -> RevalignError:
        cause = problem.__cause__
        if isinstance(cause, APIError):
            status = cause.response.status_code
            return Retriable(
                f"The spreadsheet service is busy (HTTP {status}) after {problem.attempts} attempts.",
                hint="Nothing was changed by this call. Run it again in a few minutes.",
                retry_after=problem.asked,
            )
        host = urlsplit(self._base_url).netloc or "sheets.googleapis.com"
        return SurfaceError(
            f"{host} cannot be reached.", code="REV-702", hint="Check the network, the proxy and base_url."
        )

    def _refused(self, problem: APIError) -> RevalignError:
        status = problem.response.status_code
        message = str(problem.error.get("message", "")) or "no reason given"
        reasons = {str(item.get("reason", "")) for item in problem.error.get("details", ()) if isinstance(item, dict)}
        if status == 403 and ("SERVICE_DISABLED" in reasons or "it is disabled" in message):
            return SurfaceError(
                "The Google Sheets API is switched off in the service account's project.",
                code="REV-702",
                hint="Enable it: https://console.cloud.google.com/apis/library/sheets.googleapis.com - then wait a "
                "minute.",
            )
        if status == 403 and "ACCESS_TOKEN_SCOPE_INSUFFICIENT" in reasons:
            return SurfaceError("The token does not cover spreadsheets.", code="REV-702", hint=f"Scope: {SCOPE}")
        if status in {403, 404}:
            why = "does not exist or is not shared" if status == 404 else "is not shared"
            return SurfaceError(
                f"The spreadsheet {self._key} {why} with the sync, or not for writing.",
                code="REV-702",
                hint=f"Open it in the browser and share it as Editor with: {self.address}",
            )
        if status == 401:
            return SurfaceError("The token was not accepted.", code="REV-702", hint="Create a new key.")
        return SurfaceError(
            f"The spreadsheet service refuses (HTTP {status}): {message}",
            code="REV-702",
            hint="If somebody changed the spreadsheet just now, run the sync again.",
        )


def open_spreadsheet(target: SheetTarget, *, retry: Retry | None = None) -> GoogleSpreadsheet:
    """Opens a spreadsheet by key or address; nothing is called yet.

    Args:
        target: which, and with which key file.
        retry: the retry policy.

    Raises:
        SurfaceError: REV-702: a bad key file, address or base_url.
    """
    key = _key(target.key)
    base = urlsplit(target.base_url)
    on_loopback = base.hostname in _LOOPBACK
    if target.base_url and not (base.scheme == "https" or (base.scheme == "http" and on_loopback)):
        raise SurfaceError(
            f"base_url {target.base_url} would carry the token in the open.",
            code="REV-702",
            hint="Use https, or http on this computer only (127.0.0.1).",
        )
    credentials = load_credentials(target.key_file, local=bool(target.base_url))
    token_session = requests.Session()
    session = AuthorizedSession(credentials, auth_request=Request(token_session))
    if on_loopback:  # a proxy of the environment has no business between two ends of one computer
        session.trust_env = token_session.trust_env = False
    session._auth_request_session = token_session  # noqa: SLF001 - so that closing one closes both
    http = _Http(session, target.base_url, retry or Retry())
    return GoogleSpreadsheet(http, key, str(credentials.service_account_email), target.base_url)


def _key(text: str) -> str:
    if "/" not in text and text:
        return text
    try:
        return str(extract_id_from_url(text))
    except NoValidUrlKeyFound:
        raise SurfaceError(
            f"{text!r} is neither a spreadsheet's key nor its address.",
            code="REV-702",
            hint="Copy the address from the browser: https://docs.google.com/spreadsheets/d/KEY/edit",
        ) from None
