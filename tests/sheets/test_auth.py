"""Signing in: a service account, a person in the browser, the identity of a place. Tokens go where they belong."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import keyring
import pytest
import requests
from google.auth.exceptions import TransportError
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import PasswordDeleteError

from revalign_udf.config import SheetSettings
from revalign_udf.errors import ConfigError, Retriable, SurfaceError
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import AmbiguousWrite, Retry, SheetTarget, open_spreadsheet
from revalign_udf.sheets.auth import SCOPE, Misdirected, Wire, _ahead
from revalign_udf.sheets.client import Refused
from revalign_udf.sheets.login import SERVICE, load_client, login, remember, remembered
from revalign_udf.sheets.target import target_from

from .conftest import QUICK

WRITE = {"addSheet": {"properties": {"title": "New"}}}


class Memory(KeyringBackend):  # type: ignore[misc,unused-ignore]
    """A keyring for the length of a test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


@pytest.fixture
def ring() -> Iterator[Memory]:
    before, memory = keyring.get_keyring(), Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def _nothing_of_this_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))


def visit(address: str) -> None:
    """What a browser does, in its own time."""
    threading.Thread(target=requests.get, args=(address,), kwargs={"timeout": 10}, daemon=True).start()


def signed_in(server: LocalSheets, book_key: str, name: str = "team") -> SheetTarget:
    """A sheet that a person signed in for, and who may write to it."""
    server.oauth.consent = "allow"
    path = server.oauth_client_file()
    client = load_client(path)
    remember(client, name, login(client, SCOPE, show=visit, browser=False))
    return SheetTarget(name, book_key, None, server.base_url, auth="oauth", client_file=path)


def said(target: SheetTarget) -> Refused:
    """What a read is refused with."""
    with pytest.raises(Refused) as caught, open_spreadsheet(target, retry=QUICK) as client:
        client.read("spreadsheetId")
    assert caught.value.code == "REV-702"
    return caught.value


def scopes(server: LocalSheets) -> set[str]:
    """What the tokens that reached the Sheets API covered."""
    return {scope for grant in server.tokens.held().values() for scope in grant.scopes}


# --- a person --------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_once_and_the_token_lies_in_the_keyring_alone(
    server: LocalSheets, book_key: str, ring: Memory, tmp_path: Path
) -> None:
    target = signed_in(server, book_key)
    [(where, token)] = ring.kept.items()
    assert where == (SERVICE, f"{server.oauth.client_id}/team")
    for _ in range(2):  # the second time without a browser
        with open_spreadsheet(target) as client:
            client.batch_update([{"addSheet": {"properties": {"title": f"Tab {_}"}}}])
    assert scopes(server) == {SCOPE}
    for folder in (tmp_path, server.folder, Path(os.environ["REVALIGN_STATE_DIR"])):
        assert all(token.encode() not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_the_browser_is_asked(server: LocalSheets, ring: Memory) -> None:
    asked: list[str] = []
    client = load_client(server.oauth_client_file())
    with pytest.raises(Refused, match="Nobody allowed access within 0 seconds"):
        login(client, SCOPE, show=asked.append, browser=False, patience=0.05)
    query = {name: values[-1] for name, values in parse_qs(urlsplit(asked[0]).query).items()}
    assert (query["code_challenge_method"], query["scope"], query["access_type"]) == ("S256", SCOPE, "offline")
    assert len(query["code_challenge"]) == 43
    assert len(query["state"]) >= 16
    assert urlsplit(query["redirect_uri"]).hostname == "127.0.0.1"
    assert client.secret not in asked[0]


def test_a_stray_visitor_with_another_state_changes_nothing(server: LocalSheets, ring: Memory) -> None:
    server.oauth.consent = "allow"
    seen: list[int] = []

    def stray_first(address: str) -> None:
        back = parse_qs(urlsplit(address).query)["redirect_uri"][0]

        def go() -> None:
            strays = ("?code=forged&state=other", "?code=forged", "favicon.ico")
            seen.extend(requests.get(back + stray, timeout=10).status_code for stray in strays)
            requests.get(address, timeout=10)

        threading.Thread(target=go, daemon=True).start()

    assert login(load_client(server.oauth_client_file()), SCOPE, show=stray_first, browser=False).startswith(
        "1//0local"
    )
    assert seen == [400, 400, 400]


def test_consent_that_is_refused(server: LocalSheets, ring: Memory) -> None:
    server.oauth.consent = "deny"
    with pytest.raises(Refused, match="not allowed") as caught:
        login(load_client(server.oauth_client_file()), SCOPE, show=visit, browser=False)
    assert "choose Allow" in caught.value.hint


def test_a_busy_port(server: LocalSheets) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"Port {port} on this computer is busy"):
            login(load_client(server.oauth_client_file()), SCOPE, show=visit, browser=False, port=port)


@pytest.mark.parametrize(
    ("answer", "why", "text"),
    [
        ({"scope": "openid"}, "scope", "left out"),
        ({"scope": SCOPE}, "login", "no lasting sign-in"),
        ({"error": "invalid_grant", "error_description": "Malformed auth code."}, "login", "Malformed auth code"),
    ],
)
def test_codes_that_are_not_worth_what_was_asked(
    server: LocalSheets, answer: dict[str, str], why: str, text: str
) -> None:
    server.oauth.consent = "allow"
    body = {"access_token": "x", "token_type": "Bearer", "expires_in": 3599, **answer}
    if "error" in answer:
        body = dict(answer)
    server.faults.add("POST /token", status=400 if "error" in answer else 200, body=body)
    with pytest.raises(Refused, match=text) as caught:
        login(load_client(server.oauth_client_file()), SCOPE, show=visit, browser=False)
    assert caught.value.why == why


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("no json", "no JSON"),
        ('{"type": "service_account"}', "service account's key"),
        ('{"web": {"client_id": "x"}}', "Web application"),
        ('{"installed": {"client_id": "x"}}', "field is missing"),
        (
            '{"installed": {"client_id": "x", "client_secret": "y", "auth_uri": "http://a.example", "token_uri": "b"}}',
            "auth_uri is not encrypted",
        ),
        (
            '{"installed": {"client_id": "x", "client_secret": "y", "auth_uri": "file://localhost/x", "token_uri": "b"}}',
            "auth_uri is not encrypted",
        ),
    ],
)
def test_wrong_client_files(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "client.json"
    path.write_text(content)
    with pytest.raises(Refused, match=text) as caught:
        load_client(path)
    assert caught.value.why == "client_file"


def test_nobody_signed_in(server: LocalSheets, book_key: str, ring: Memory) -> None:
    target = SheetTarget("team", book_key, None, server.base_url, auth="oauth", client_file=server.oauth_client_file())
    assert "revalign sheets login team" in said(target).hint


@pytest.mark.parametrize(("backend", "text"), [(fail.Keyring, "there is none"), (null.Keyring, "keeps nothing")])
def test_without_a_keyring(server: LocalSheets, ring: Memory, backend: type[Any], text: str) -> None:
    keyring.set_keyring(backend())
    with pytest.raises(Refused, match=text) as caught:
        remember(load_client(server.oauth_client_file()), "team", "token")
    assert "service account" in caught.value.hint


def test_a_sign_in_that_was_taken_back(server: LocalSheets, book_key: str, ring: Memory) -> None:
    target = signed_in(server, book_key)
    server.oauth.revoke()
    refused = said(target)
    assert "taken back" in refused.message
    assert "revalign sheets login team" in refused.hint


def test_a_client_that_was_deleted(server: LocalSheets, book_key: str, ring: Memory) -> None:
    target = signed_in(server, book_key)
    assert target.client_file
    text = target.client_file.read_text()
    target.client_file.write_text(text.replace(server.oauth.client_secret, "GOCSPX-other"))
    assert said(target).why == "client_file"


def test_a_refresh_token_that_is_replaced_is_kept(server: LocalSheets, book_key: str, ring: Memory) -> None:
    target = signed_in(server, book_key)
    token = server.tokens.issue(server.person, [SCOPE])
    body = {"access_token": token, "expires_in": 3599, "token_type": "Bearer", "refresh_token": "1//new"}
    server.faults.add("POST /token", status=200, body=body)
    with open_spreadsheet(target) as client:
        client.read("spreadsheetId")
    assert target.client_file
    assert remembered(load_client(target.client_file), "team") == "1//new"


# --- the place -------------------------------------------------------------------------------------------------------


def place(server: LocalSheets, book_key: str, path: Path | None = None, **changes: Any) -> SheetTarget:
    return SheetTarget("team", book_key, path, server.base_url, auth="adc", **changes)


def test_nothing_set_up(server: LocalSheets, book_key: str) -> None:
    refused = said(place(server, book_key))
    assert (refused.why, "GOOGLE_APPLICATION_CREDENTIALS" in refused.hint) == ("adc", True)


def test_a_workload_identity_acts_as_the_service_account(
    server: LocalSheets, book_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(server.workload_file()))
    with open_spreadsheet(place(server, book_key)) as client:
        client.batch_update([WRITE])
        assert client.address == server.account.email
    assert {grant.scopes for grant in server.tokens.held().values() if grant.caller == server.account.email} == {
        frozenset({SCOPE})
    }


def test_a_workload_identity_alone_is_nobody_to_share_with(server: LocalSheets, book_key: str) -> None:
    path = server.workload_file(impersonate=False)
    assert "impersonate" in said(place(server, book_key, path)).hint
    target = place(server, book_key, path, impersonate=server.account.email)
    with open_spreadsheet(target) as client:
        client.batch_update([WRITE])


def test_acting_as_somebody_one_may_not(server: LocalSheets, book_key: str) -> None:
    server.federation.may_impersonate = False
    refused = said(place(server, book_key, server.workload_file()))
    assert (refused.why, "Service Account Token Creator" in refused.hint) == ("impersonation", True)
    assert "getAccessToken" in refused.message


def test_a_subject_token_that_is_gone_or_stale(server: LocalSheets, book_key: str) -> None:
    path = server.workload_file()
    token = Path(json.loads(path.read_text())["credential_source"]["file"])
    token.write_text(server.federation.subject_token(exp=1))
    assert "stale" in said(place(server, book_key, path)).message
    token.unlink()
    assert "not found" in said(place(server, book_key, path)).message


def test_a_person_signed_in_with_gcloud(server: LocalSheets, book_key: str, tmp_path: Path) -> None:
    (tmp_path / "gcloud").mkdir()
    server.authorized_user_file(tmp_path / "gcloud")
    with open_spreadsheet(place(server, book_key)) as client:
        client.batch_update([WRITE])
    assert scopes(server) == {SCOPE}


def test_a_person_signed_in_for_something_else(server: LocalSheets, book_key: str) -> None:
    path = server.authorized_user_file(scopes="https://www.googleapis.com/auth/cloud-platform")
    refused = said(place(server, book_key, path))
    assert (refused.why, f"--scopes={SCOPE}" in refused.hint) == ("scope", True)


def test_keys_by_another_road(server: LocalSheets, book_key: str, tmp_path: Path) -> None:
    with open_spreadsheet(place(server, book_key, server.key_file)) as client:
        client.read("spreadsheetId")
    url = f"{server.base_url}/v1/projects/-/serviceAccounts/{server.account.email}:generateAccessToken"
    acting = {
        "type": "impersonated_service_account",
        "source_credentials": json.loads(server.key_file.read_text()),
        "service_account_impersonation_url": url,
    }
    path = tmp_path / "acting.json"
    path.touch(0o600)
    path.write_text(json.dumps(acting))
    with open_spreadsheet(place(server, book_key, path)) as client:
        client.read("spreadsheetId")
        assert client.address == server.account.email
    path.write_text('{"type": "gdch_service_account"}')
    assert "kind nobody knows" in said(place(server, book_key, path)).message
    path.write_text('{"type": "authorized_user", "client_id": "x"}')
    assert "missing or wrong" in said(place(server, book_key, path)).message


# --- a service account -----------------------------------------------------------------------------------------------


def test_a_service_account_acts_as_another(server: LocalSheets, book_key: str) -> None:
    target = SheetTarget("team", book_key, server.key_file, server.base_url, impersonate=server.account.email)
    with open_spreadsheet(target) as client:
        client.read("spreadsheetId")
    assert any(call.path.endswith(":generateAccessToken") for call in server.calls)
    refused = said(replace(target, impersonate="other@x.iam.gserviceaccount.com"))
    assert "Token Creator" in refused.hint


def test_a_subject_the_domain_does_not_allow(server: LocalSheets, book_key: str) -> None:
    body = {"error": "unauthorized_client", "error_description": "Client is unauthorized to retrieve access tokens."}
    server.faults.add("POST /token", status=401, body=body)
    target = SheetTarget("team", book_key, server.key_file, server.base_url, subject="cfo@example.com")
    refused = said(target)
    assert (refused.why, "Domain-wide delegation" in refused.hint) == ("impersonation", True)


def test_a_clock_that_is_wrong(server: LocalSheets, book_key: str) -> None:
    server.clock_offset = 2 * 3600
    refused = said(SheetTarget("team", book_key, server.key_file, server.base_url))
    assert (refused.why, "clock" in refused.message) == ("clock", True)
    assert _ahead("Sun, 22 Nov 2026 06:00:00 GMT", 1795327200.0 - 900) == -900


def test_a_key_inside_the_project_is_refused_with_where_to_put_it(
    server: LocalSheets, book_key: str, tmp_path: Path
) -> None:
    inside = tmp_path / "secrets" / "key.json"
    inside.parent.mkdir()
    inside.touch(0o600)
    inside.write_text(server.key_file.read_text())
    target = SheetTarget("team", book_key, inside, server.base_url, project=tmp_path)
    refused = said(target)
    assert (refused.why, "Move it" in refused.hint) == ("key_file", True)
    beside = replace(target, project=tmp_path / "project")
    with open_spreadsheet(beside) as client:
        client.read("spreadsheetId")
    link = tmp_path / "link.json"  # a link inside to a key outside is fine: the folder can be shared
    link.symlink_to(server.key_file)
    with open_spreadsheet(replace(target, key_file=link)) as client:
        client.read("spreadsheetId")


def test_a_workload_file_holds_no_secret_and_may_lie_inside(server: LocalSheets, book_key: str) -> None:
    path = server.workload_file()
    path.chmod(0o644)
    with open_spreadsheet(place(server, book_key, path, project=path.parent)) as client:
        client.read("spreadsheetId")
    target = SheetTarget("team", book_key, path, server.base_url)
    assert 'auth = "adc"' in said(target).hint


def test_no_way_to_sign_in_is_named(book_key: str) -> None:
    refused = said(SheetTarget("team", book_key))
    assert all(word in refused.hint for word in ("key_file", "client_file", "adc"))


def test_paths_and_references_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_PATH", "/keys/a.json")
    target = target_from(SheetSettings("board", "K", key_file="$env:KEY_PATH"), tmp_path)
    assert (target.key_file, target.auth, target.project) == (Path("/keys/a.json"), "service_account", tmp_path)
    target = target_from(SheetSettings("board", "K", key_file="../a.json", client_file=""), tmp_path)
    assert target.key_file == tmp_path / "../a.json"
    assert target_from(SheetSettings("board", "K", client_file="c.json"), tmp_path).auth == "oauth"
    with pytest.raises(ConfigError, match="KEY_NONE"):
        target_from(SheetSettings("board", "K", key_file="$env:KEY_NONE"), tmp_path)
    monkeypatch.setenv("KEY_PATH", '{"type": "service_account", "private_key": "secret-part"}')
    with pytest.raises(SurfaceError, match="refers to a key itself") as caught:
        target_from(SheetSettings("board", "K", key_file="$env:KEY_PATH"), tmp_path)
    assert "secret-part" not in str(caught.value)


# --- where tokens go -------------------------------------------------------------------------------------------------


def test_a_token_for_this_computer_stays_on_it(server: LocalSheets) -> None:
    with requests.Session() as session:
        wire = Wire(session, server.base_url)
        for url in (
            f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{server.account.email}/allowedLocations",
            f"{server.base_url}/v1/locations/global/workforcePools/x/allowedLocations",
            "https://sts.example.com/v1/token",
            "http://169.254.169.254/",
            "https://googleapis.com.example.com/token",
        ):
            with pytest.raises(Misdirected):
                wire(url, method="POST", body=b"assertion")
        assert server.calls == []
        assert wire("https://oauth2.googleapis.com/token", method="POST", body=b"").status == 400
        assert [call.path for call in server.calls] == ["/token"]
        assert issubclass(Misdirected, TransportError)


def test_no_kind_of_sign_in_looks_up_boundaries(server: LocalSheets, book_key: str, ring: Memory) -> None:
    key = SheetTarget("team", book_key, server.key_file, server.base_url)
    for target in (
        key,
        replace(key, impersonate=server.account.email),
        signed_in(server, book_key),
        place(server, book_key, server.workload_file()),
        place(server, book_key, server.authorized_user_file()),
    ):
        with open_spreadsheet(target) as client:
            client.read("spreadsheetId")
            credentials: Any = client._signed.credentials
            assert credentials._rab_manager.refresh_manager._worker is None
    assert not [call for call in server.calls if "allowedLocations" in call.path]


def test_credentials_that_point_elsewhere_are_refused_without_waiting(server: LocalSheets, book_key: str) -> None:
    path = server.workload_file()
    path.write_text(path.read_text().replace(f"{server.base_url}/v1/token", "https://sts.example.com/v1/token"))
    waits: list[float] = []
    with (
        open_spreadsheet(place(server, book_key, path), retry=Retry(sleep=waits.append)) as client,
        pytest.raises(Refused, match=r"sts\.example\.com") as caught,
    ):
        client.read("spreadsheetId")
    assert (caught.value.why, waits) == ("network", [])


# --- tokens that end -------------------------------------------------------------------------------------------------


def test_a_token_that_ends_between_two_calls_is_renewed_for_reads_and_writes(
    server: LocalSheets, book_key: str
) -> None:
    with open_spreadsheet(SheetTarget("team", book_key, server.key_file, server.base_url)) as client:
        client.read("spreadsheetId")
        server.expire_tokens()
        client.batch_update([WRITE])
        server.expire_tokens()
        client.read("spreadsheetId")
    assert [call.status for call in server.writes()] == [401, 200]
    assert [call.path for call in server.calls].count("/token") == 3
    assert [sheet.title for sheet in server.book(book_key).sheets] == ["Sheet1", "New"]


def test_a_token_that_is_never_accepted_is_renewed_once(server: LocalSheets, book_key: str) -> None:
    error = {"error": {"code": 401, "message": "Request had invalid credentials.", "status": "UNAUTHENTICATED"}}
    server.faults.add("/v4/", status=401, times=9, body=error)
    refused = said(SheetTarget("team", book_key, server.key_file, server.base_url))
    assert (refused.why, len(server.reads())) == ("token", 2)


def test_a_busy_token_endpoint_is_tried_again_and_a_write_is_not_sent_before(
    server: LocalSheets, book_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "google.auth._exponential_backoff.time.sleep", lambda _: None
    )  # google-auth waits by itself too
    target = SheetTarget("team", book_key, server.key_file, server.base_url)
    server.faults.add("POST /token", status=503, times=4)
    with open_spreadsheet(target, retry=QUICK) as client:
        client.batch_update([WRITE])
    assert [call.status for call in server.writes()] == [200]
    server.expire_tokens()
    server.faults.add("POST /token", status=503, times=99)
    with open_spreadsheet(target, retry=QUICK) as client, pytest.raises(Retriable, match="sign-in is busy") as caught:
        client.batch_update([WRITE])
    assert not isinstance(caught.value, AmbiguousWrite)
