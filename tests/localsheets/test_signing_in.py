"""People and workloads sign in: the real google-auth and google-auth-oauthlib against the local server."""

import html
import json
import re
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import google.auth
import google.oauth2.credentials
import gspread
import pytest
import requests
from google.auth.exceptions import OAuthError, RefreshError
from google.auth.transport.requests import AuthorizedSession, Request
from google_auth_oauthlib.flow import InstalledAppFlow

from revalign_udf.localsheets import LocalSheets
from revalign_udf.localsheets.tokens import encode

SCOPE = "https://www.googleapis.com/auth/spreadsheets"


class ToLocal(requests.Session):
    """Google's fixed token address, answered by the local server."""

    def __init__(self, server: LocalSheets) -> None:
        super().__init__()
        self.base_url = server.base_url

    def request(self, method: str, url: str, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override,unused-ignore]
        return super().request(method, url.replace("https://oauth2.googleapis.com", self.base_url), *args, **options)


@pytest.fixture
def flow(server: LocalSheets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InstalledAppFlow]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback speaks plain HTTP
    file = server.oauth_client_file(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = InstalledAppFlow.from_client_secrets_file(str(file), [SCOPE], autogenerate_code_verifier=True)
    made.redirect_uri = "http://localhost:1/"
    yield made
    made.oauth2session.close()


def code_of(answer: requests.Response) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def read(server: LocalSheets, credentials: Any, key: str) -> requests.Response:
    with AuthorizedSession(credentials, auth_request=Request(ToLocal(server))) as session:
        answer: requests.Response = session.get(f"{server.base_url}/v4/spreadsheets/{key}", timeout=5)
        session._auth_request.session.close()
        return answer


def test_a_person_presses_allow_and_the_program_may_write(server: LocalSheets, flow: InstalledAppFlow) -> None:
    pressed = threading.Thread(target=lambda: requests.get(press(server), timeout=5))
    address: list[str] = []
    ready = threading.Event()

    def press(server: LocalSheets) -> str:
        assert ready.wait(10)
        page = requests.get(address[0], timeout=5).text
        assert server.person in page
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page))
        form = {html.unescape(name): html.unescape(value) for name, value in hidden.items()} | {"pressed": "allow"}
        answer = requests.post(f"{server.base_url}/o/oauth2/v2/auth", form, timeout=5, allow_redirects=False)
        return answer.headers["Location"]

    class Message(str):
        __slots__ = ()

        def format(self, *args: object, **given: object) -> str:
            address.append(str(given["url"]))
            ready.set()
            return ""

    pressed.start()
    credentials = flow.run_local_server(
        port=0, open_browser=False, timeout_seconds=10, authorization_prompt_message=Message("x")
    )
    pressed.join(10)
    key = server.create("Owned by a person")
    assert read(server, credentials, key).status_code == 200
    assert credentials.refresh_token
    server.expire_tokens()
    assert read(server, credentials, key).status_code == 200  # renewed with the refresh token
    server.oauth.revoke()
    with pytest.raises(RefreshError, match=r"invalid_grant.*expired or revoked"):
        read(server, credentials, key)


def test_denied(server: LocalSheets, flow: InstalledAppFlow) -> None:
    server.oauth.consent = "deny"
    answer = requests.get(flow.authorization_url()[0], timeout=5, allow_redirects=False)
    assert "error=access_denied" in answer.headers["Location"]


def test_the_verifier_must_match_and_a_code_works_once(server: LocalSheets, flow: InstalledAppFlow) -> None:
    server.oauth.consent = "allow"
    asked = flow.authorization_url()[0]
    own = flow.code_verifier
    flow.code_verifier = encode(b"x" * 40)
    with pytest.raises(Exception, match="Invalid code verifier"):
        flow.fetch_token(code=code_of(requests.get(asked, timeout=5, allow_redirects=False)))
    flow.code_verifier = own
    code = code_of(requests.get(asked, timeout=5, allow_redirects=False))
    assert flow.fetch_token(code=code)["token_type"] == "Bearer"
    with pytest.raises(Exception, match="Malformed auth code"):
        flow.fetch_token(code=code)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": "another"}, "invalid_client"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, "redirect_uri_mismatch"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "https://www.googleapis.com/auth/everything"}, "invalid_scope"),
    ],
)
def test_bad_requests_never_redirect(
    server: LocalSheets, flow: InstalledAppFlow, changes: dict[str, str], said: str
) -> None:
    server.oauth.consent = "allow"
    asked = {name: given[-1] for name, given in parse_qs(urlsplit(flow.authorization_url()[0]).query).items()}
    address = f"{server.base_url}/o/oauth2/v2/auth"
    answer = requests.get(address, asked | changes, timeout=5, allow_redirects=False)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert said in answer.text


def test_the_page_escapes_what_the_address_says(server: LocalSheets, flow: InstalledAppFlow) -> None:
    page = requests.get(flow.authorization_url(login_hint='"><script>x</script>')[0], timeout=5).text
    assert "<script>" not in page


def test_a_wrong_secret_and_a_wider_scope_are_refused(server: LocalSheets, tmp_path: Path) -> None:
    user = json.loads(server.authorized_user_file(tmp_path).read_text())
    form = {name: user[name] for name in ("client_id", "client_secret", "refresh_token")} | {
        "grant_type": "refresh_token"
    }
    for changes, said in (
        ({"client_secret": "guessed"}, "client secret"),
        ({"scope": SCOPE + " https://www.googleapis.com/auth/drive"}, "not granted"),
        ({"refresh_token": "1//made-up"}, "expired or revoked"),
    ):
        answer = requests.post(f"{server.base_url}/token", form | changes, timeout=5)
        assert said in answer.json()["error_description"]
    assert requests.post(f"{server.base_url}/revoke", {"token": form["refresh_token"]}, timeout=5).status_code == 200
    assert requests.post(f"{server.base_url}/token", form, timeout=5).json()["error"] == "invalid_grant"


def test_application_default_credentials_of_a_person(
    server: LocalSheets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(server.authorized_user_file(tmp_path)))
    credentials, _ = google.auth.default(scopes=[SCOPE])
    assert isinstance(credentials, google.oauth2.credentials.Credentials)
    assert read(server, credentials, server.create("Mine", shared=False)).status_code == 200


def workload(server: LocalSheets, folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(server.workload_file(folder, **options)))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "revalign-local")
    credentials, _ = google.auth.default(scopes=[SCOPE])
    # No background look-up at another host.
    monkeypatch.setattr(type(credentials), "_is_regional_access_boundary_lookup_required", lambda _: False)
    return credentials


def test_a_workload_acts_as_the_service_account(
    server: LocalSheets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = workload(server, tmp_path, monkeypatch)
    assert read(server, credentials, server.create("Shared with the account")).status_code == 200
    assert [call.path.rpartition(":")[2] for call in server.calls][:2] == ["/v1/token", "generateAccessToken"]
    server.account.revoke()
    assert read(server, credentials, server.create("Another")).status_code == 200


def test_a_workload_by_itself_gets_in_where_it_was_shared(
    server: LocalSheets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = workload(server, tmp_path, monkeypatch, impersonate=False, subject="nightly")
    key = server.create("Shared with the account only")
    assert read(server, credentials, key).status_code == 403
    server.share(key, "reader", f"principal://iam.googleapis.com/{server.federation.pool}/subject/nightly")
    assert read(server, credentials, key).status_code == 200


def test_a_pool_that_may_not_act_as_the_account(
    server: LocalSheets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.federation.may_impersonate = False
    with pytest.raises(RefreshError, match=r"iam\.serviceAccounts\.getAccessToken"):
        read(server, workload(server, tmp_path, monkeypatch), server.create("Book"))


@pytest.mark.parametrize(
    ("claims", "said"),
    [({"exp": 1}, "stale"), ({"aud": "https://elsewhere"}, "audience"), ({"iss": "https://elsewhere"}, "issuer")],
)
def test_subject_tokens_are_verified(
    server: LocalSheets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], said: str
) -> None:
    credentials = workload(server, tmp_path, monkeypatch)
    (tmp_path / "subject-token.jwt").write_text(server.federation.subject_token(**claims))
    with pytest.raises(OAuthError, match=said):
        read(server, credentials, "any")
    with LocalSheets() as other:
        (tmp_path / "subject-token.jwt").write_text(other.federation.subject_token(iss=server.federation.issuer))
    with pytest.raises(OAuthError, match="Invalid JWT Signature"):
        read(server, credentials, "any")


# --- life times, clocks, sharing, switches ---------------------------------------------------------------------------


def test_tokens_live_as_long_as_the_server_says(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.tokens.lifetime = 1000
    server.expire_tokens()
    tab.get("A1")
    assert 990 < next(iter(server.tokens.held().values())).expires - server.now() <= 1000
    server.clock_offset = 1100  # the client still thinks its token good
    server.calls.clear()
    tab.get("A1")
    assert [call.status for call in server.calls] == [401, 200, 200]


def test_a_client_whose_clock_is_off_is_refused(server: LocalSheets, tab: gspread.Worksheet) -> None:
    for offset in (-3600, 2 * 3600):
        server.clock_offset = offset
        server.expire_tokens()
        with pytest.raises(RefreshError, match=r"reasonable timeframe\. Check your iat and exp"):
            tab.get("A1")


def test_401_says_why(server: LocalSheets) -> None:
    url = f"{server.base_url}/v4/spreadsheets/x"
    bare = requests.get(url, timeout=5).json()["error"]
    assert (bare["status"], bare["details"][0]["reason"]) == ("UNAUTHENTICATED", "CREDENTIALS_MISSING")
    old = requests.get(url, headers={"Authorization": "Bearer old"}, timeout=5)
    assert old.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_EXPIRED"
    assert "invalid_token" in old.headers["WWW-Authenticate"]


def test_the_api_switched_off(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.api_enabled = False
    with pytest.raises(gspread.exceptions.APIError, match="it is disabled") as caught:
        tab.update([[1]], "A1")
    detail = caught.value.response.json()["error"]["details"][0]
    assert (caught.value.response.status_code, detail["reason"]) == (403, "SERVICE_DISABLED")
    server.api_enabled = True
    assert tab.get("A1") == [[]]


def test_roles_per_address(server: LocalSheets, tmp_path: Path) -> None:
    key = server.create("Book")
    user = json.loads(server.authorized_user_file(tmp_path, person="bob@example.com").read_text())
    credentials = google.oauth2.credentials.Credentials.from_authorized_user_info(user)
    assert read(server, credentials, key).status_code == 403
    server.share(key, "reader", "bob@example.com")
    assert read(server, credentials, key).status_code == 200
    server.share(key, None, "bob@example.com")
    assert read(server, credentials, key).status_code == 403
    with pytest.raises(ValueError, match="owner, reader, writer"):
        server.share(key, "king", "bob@example.com")
