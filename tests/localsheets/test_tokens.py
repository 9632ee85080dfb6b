import json
import stat
import time
from collections.abc import Callable
from pathlib import Path

import gspread
import pytest
import requests
from google.auth import crypt, jwt
from google.auth.exceptions import RefreshError

from revalign_udf.localsheets import LocalSheets
from revalign_udf.localsheets.tokens import AUDIENCE, GRANT, ServiceAccount

Connect = Callable[..., gspread.Client]


def ask(server: LocalSheets, **changes: object) -> requests.Response:
    info = json.loads(server.key_file.read_text())
    now = int(time.time())
    claims = {"iss": info["client_email"], "aud": AUDIENCE, "iat": now, "exp": now + 3600}
    claims |= {"scope": "https://www.googleapis.com/auth/spreadsheets"} | changes
    assertion = jwt.encode(crypt.RSASigner.from_service_account_info(info), claims).decode()
    return requests.post(f"{server.base_url}/token", {"grant_type": GRANT, "assertion": assertion}, timeout=5)


def test_key_file_is_closed_to_others_and_points_at_the_server(server: LocalSheets) -> None:
    assert stat.S_IMODE(server.key_file.stat().st_mode) == 0o600
    assert json.loads(server.key_file.read_text())["token_uri"] == f"{server.base_url}/token"


def test_the_real_client_gets_in(tab: gspread.Worksheet) -> None:
    assert tab.title == "Sheet1"


def test_a_key_of_another_server_is_refused(server: LocalSheets, connect: Connect, tmp_path: Path) -> None:
    other = ServiceAccount()
    forged = json.loads(other.write_key(tmp_path, server.base_url).read_text())
    forged["client_email"] = server.account.email
    (tmp_path / "forged.json").write_text(json.dumps(forged))
    with pytest.raises(RefreshError, match="Invalid JWT Signature"):
        connect(key_file=tmp_path / "forged.json").open_by_key(server.create("Book"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aud": "http://127.0.0.1/token"}, "audience"),
        ({"iss": "somebody@else.iam.gserviceaccount.com"}, "account not found"),
        ({"exp": int(time.time()) - 10}, "short-lived"),
        ({"exp": int(time.time()) + 90_000}, "short-lived"),
        ({"iat": int(time.time()) + 4_000}, "short-lived"),
        ({"scope": "https://www.googleapis.com/auth/everything"}, "scope"),
        ({"scope": ""}, "scope"),
    ],
)
def test_claims_are_checked(server: LocalSheets, changes: dict[str, object], said: str) -> None:
    answer = ask(server, **changes)
    assert answer.status_code == 400
    assert said in answer.json()["error_description"]


def test_an_unsigned_assertion_is_refused(server: LocalSheets) -> None:
    form = {"grant_type": GRANT, "assertion": "eyJhbGciOiJub25lIn0.e30."}
    assert requests.post(f"{server.base_url}/token", form, timeout=5).status_code == 400
    form = {"grant_type": "password", "assertion": ""}
    assert requests.post(f"{server.base_url}/token", form, timeout=5).json()["error"] == "unsupported_grant_type"


def test_calls_need_a_token(server: LocalSheets) -> None:
    url = f"{server.base_url}/v4/spreadsheets/{server.create('Book')}"
    assert requests.get(url, timeout=5).status_code == 401
    assert requests.get(url, headers={"Authorization": "Bearer made-up"}, timeout=5).status_code == 401


def test_an_expired_token_is_renewed(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.account.revoke()
    assert tab.get_all_values() == [[]]
    assert [call.status for call in server.calls][-3:] == [401, 200, 200]


def test_scopes_are_enforced(server: LocalSheets, connect: Connect) -> None:
    key = server.create("Book")
    reader = connect(("https://www.googleapis.com/auth/spreadsheets.readonly",)).open_by_key(key)
    with pytest.raises(gspread.exceptions.APIError, match="insufficient authentication scopes"):
        reader.sheet1.update_acell("A1", "x")
    with pytest.raises(gspread.exceptions.APIError, match="insufficient authentication scopes"):
        connect(("https://www.googleapis.com/auth/spreadsheets",)).list_spreadsheet_files()


def test_sharing_is_enforced(server: LocalSheets, connect: Connect) -> None:
    key = server.create("Book", shared=False)
    with pytest.raises(PermissionError):
        connect().open_by_key(key)
    server.share(key, "reader")
    opened = connect().open_by_key(key)
    with pytest.raises(gspread.exceptions.APIError, match="does not have permission"):
        opened.sheet1.update_acell("A1", "x")
    with pytest.raises(gspread.SpreadsheetNotFound):
        connect().open_by_key("there-is-none")


def test_only_loopback_names_are_answered(server: LocalSheets) -> None:
    answer = requests.get(f"{server.base_url}/", headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 403
