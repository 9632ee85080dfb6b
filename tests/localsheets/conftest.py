"""The server, driven by the real gspread and the real google-auth."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import gspread
import pytest
import requests
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.service_account import Credentials

from revalign_udf.localsheets import LocalSheets

SCOPES = ("https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive")


class LocalCredentials(Credentials):  # type: ignore[misc,unused-ignore]
    """No background look-up at another host."""

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


@pytest.fixture
def server() -> Iterator[LocalSheets]:
    with LocalSheets() as local:
        yield local


Connect = Callable[..., gspread.Client]


@contextmanager
def client_of(server: LocalSheets, scopes: tuple[str, ...] = SCOPES, key_file: Any = None) -> Iterator[gspread.Client]:
    """The real client, whose calls go to a local server."""

    class Redirected(gspread.http_client.HTTPClient):  # type: ignore[misc,unused-ignore]
        def request(self, method: str, endpoint: str, *args: Any, **options: Any) -> Any:
            for host in ("https://sheets.googleapis.com", "https://www.googleapis.com"):
                endpoint = endpoint.replace(host, server.base_url)
            return super().request(method, endpoint, *args, **options)

    credentials = LocalCredentials.from_service_account_file(str(key_file or server.key_file), scopes=list(scopes))
    with requests.Session() as tokens, AuthorizedSession(credentials, auth_request=Request(tokens)) as session:
        yield gspread.Client(credentials, session=session, http_client=Redirected)


@pytest.fixture(scope="session")
def opened_sheets() -> Callable[..., Any]:
    """For fixtures that outlive a test: a client in a ``with`` block."""
    return client_of


@pytest.fixture
def connect(server: LocalSheets) -> Iterator[Connect]:
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(client_of(server, *args, **options))


@pytest.fixture
def book(server: LocalSheets, connect: Connect) -> gspread.Spreadsheet:
    return connect().open_by_key(server.create("Book"))


@pytest.fixture
def tab(book: gspread.Spreadsheet) -> gspread.Worksheet:
    return book.sheet1
