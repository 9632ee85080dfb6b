"""A spreadsheet of the local server, spoken to in plain HTTP, for tests about what goes over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.service_account import Credentials

from revalign_udf.localsheets import LocalSheets

__all__ = ["Api", "connected", "open_api"]

SCOPES = ("https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive")


class LocalCredentials(Credentials):  # type: ignore[misc,unused-ignore]
    """No background look-up at another host."""

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


class Api:
    """One spreadsheet, made through Drive as clients make them."""

    def __init__(self, server: LocalSheets, session: requests.Session, name: str = "Pipeline") -> None:
        self.server, self.session = server, session
        body = {"name": name, "mimeType": "application/vnd.google-apps.spreadsheet"}
        self.made = self.drive("POST", "", body)
        self.key = str(self.made["id"])

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        """Any call."""
        return self.session.request(method, self.server.base_url + path, json=body, params=query, timeout=30)

    def drive(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """A call to Drive's files that must go well."""
        reply = self.call(method, f"/drive/v3/files{path}", body, supportsAllDrives=True, **query)
        assert reply.ok, reply.text
        return reply.json() if reply.content else None

    def sheets(self, method: str, path: str = "", body: Any = None, **query: Any) -> Any:
        """A call to this spreadsheet that must go well."""
        reply = self.call(method, f"/v4/spreadsheets/{self.key}{path}", body, **query)
        assert reply.ok, reply.text
        return reply.json()

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """The error of a call to this spreadsheet that must be refused."""
        reply = self.call(method, f"/v4/spreadsheets/{self.key}{path}", body, **query)
        assert reply.status_code >= 400, reply.text
        error: dict[str, Any] = reply.json()["error"]
        return error

    def batch(self, *requests_: dict[str, Any]) -> list[Any]:
        """The replies to a batch."""
        replies: list[Any] = self.sheets("POST", ":batchUpdate", {"requests": list(requests_)})["replies"]
        return replies

    def no(self, *requests_: dict[str, Any]) -> str:
        """What a batch is refused with."""
        return str(self.refused("POST", ":batchUpdate", {"requests": list(requests_)})["message"])

    def write(self, corner: str, rows: list[list[Any]], option: str = "USER_ENTERED") -> Any:
        """Writes values."""
        return self.sheets("PUT", f"/values/{corner}", {"values": rows}, valueInputOption=option)

    def read(self, area: str, option: str = "UNFORMATTED_VALUE") -> list[list[Any]]:
        """Reads values."""
        values: list[list[Any]] = self.sheets("GET", f"/values/{area}", valueRenderOption=option).get("values", [])
        return values

    def cells(self, area: str, fields: str) -> list[list[Any]]:
        """CellData of a range, row by row."""
        mask = f"sheets.data.rowData.values({fields})"
        data = self.sheets("GET", ranges=area, fields=mask)["sheets"][0]["data"][0]
        return [row.get("values", []) for row in data.get("rowData", [])]

    def sheet(self, fields: str) -> Any:
        """One part of the first tab."""
        return self.sheets("GET", fields=f"sheets({fields})")["sheets"][0]


@contextmanager
def connected(server: LocalSheets) -> Iterator[requests.Session]:
    """A session that carries the service account's token."""
    credentials = LocalCredentials.from_service_account_file(str(server.key_file), scopes=list(SCOPES))
    with requests.Session() as tokens, AuthorizedSession(credentials, auth_request=Request(tokens)) as session:
        yield session


@contextmanager
def open_api() -> Iterator[tuple[LocalSheets, requests.Session]]:
    """A server and a session, for as many spreadsheets as a module needs."""
    with LocalSheets() as server, connected(server) as session:
        yield server, session
