"""Keys and tokens: how they are sent, fetched, renewed once, and what a refusal says."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from revalign_udf.connector.http import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    ClientCredentials,
    Expired,
    Http,
    JwtBearer,
    OAuth2Refresh,
    Refused,
    Reply,
)
from revalign_udf.errors import ConfigError, Fatal, Retriable
from revalign_udf.testing import Answer, Call, FakeApi

Connect = Callable[..., Http]
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)


class Vendor:
    """A token server and an API that takes its newest token only."""

    def __init__(self, api: FakeApi) -> None:
        self.given = 0
        self.more: dict[str, Any] = {}
        self.asked: list[Call] = []
        api.route("POST", "/token")(self.token)
        api.route("GET", "/token")(self.token)
        api.route("GET", "/x")(lambda _call: {"a": 1})
        api.authorize = lambda call: (
            call.path == "/token" or call.headers.get("Authorization") == f"Bearer token-{self.given}"
        )

    def token(self, call: Call) -> dict[str, Any]:
        self.asked.append(call)
        self.given += 1
        return {"access_token": f"token-{self.given}", **self.more}

    def expire(self) -> None:
        """The token in use is no longer taken; the next one given is."""
        self.given += 1


@pytest.fixture
def vendor(api: FakeApi) -> Vendor:
    return Vendor(api)


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (Bearer(" sk-1234567\n"), "Authorization", "Bearer sk-1234567"),
        (Basic("ann", "geheim é"[:6]), "Authorization", "Basic " + base64.b64encode(b"ann:geheim").decode()),
        (Basic("sk-1234567"), "Authorization", "Basic " + base64.b64encode(b"sk-1234567:").decode()),
        (ApiKey("X-Api-Key", "sk-1234567"), "X-Api-Key", "sk-1234567"),
        (ApiKey("Authorization", "sk-1234567", "Token token="), "Authorization", "Token token=sk-1234567"),
    ],
)
def test_keys_are_sent(auth: Auth, header: str, value: str, api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {})
    connect(auth).get("/x")
    assert api.calls[0].headers[header] == value


def test_without_auth_nothing_is_sent(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {})
    connect().get("/x")
    assert "Authorization" not in api.calls[0].headers


@pytest.mark.parametrize("secret", ["", "  ", None, "two\nlines", "sk-\u2019quote", "left right", "tab\tin", "nul\0"])
def test_a_key_that_cannot_be_sent_is_a_mistake_in_the_settings_and_not_quoted(secret: Any) -> None:
    for made in (
        lambda: Bearer(secret),
        lambda: OAuth2Refresh("/token", "us", "geheim123", secret),
        lambda: ClientCredentials("/token", "us", secret),
    ):
        with pytest.raises(ConfigError) as caught:
            made()
        assert caught.value.code in ("REV-304", "REV-305")
        assert not secret or not secret.strip() or secret not in str(caught.value)
    if secret != "left right":
        with pytest.raises(ConfigError):
            ApiKey("X-Api-Key", secret)
        with pytest.raises(ConfigError):
            Basic(secret or "", "geheim123")


def test_a_refused_key_is_final_and_not_tried_twice(api: FakeApi, connect: Connect) -> None:
    api.authorize = lambda _call: False
    with pytest.raises(Refused, match="does not accept the key"):
        connect(Bearer("sk-1234567")).get("/x")
    assert len(api.calls) == 1


@pytest.mark.parametrize("style", ["body", "basic"])
def test_a_refresh_token_gives_an_access_token_once(style: Any, api: FakeApi, vendor: Vendor, connect: Connect) -> None:
    http = connect(OAuth2Refresh("/token", "us", "geheim123", "refresh-1", style=style))
    http.get("/x")
    http.get("/x")
    assert [call.path for call in api.calls] == ["/token", "/x", "/x"]
    form = vendor.asked[0].form
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "refresh-1")
    basic = "Basic " + base64.b64encode(b"us:geheim123").decode()
    assert vendor.asked[0].headers.get("Authorization") == (basic if style == "basic" else None)
    assert form.get("client_secret") == (None if style == "basic" else "geheim123")


def test_client_credentials_in_every_style(vendor: Vendor, connect: Connect) -> None:
    for style in ("body", "basic", "query"):
        auth = ClientCredentials("/token", "us", "geheim123", scope="a b", style=style, extra={"audience": "x"})
        connect(auth).get("/x")
    body, basic, query = vendor.asked
    wanted = {"grant_type": "client_credentials", "scope": "a b", "audience": "x"}
    own = {"client_id": "us", "client_secret": "geheim123"}
    assert body.form == {**wanted, **own}
    assert basic.form == wanted
    assert basic.headers["Authorization"].startswith("Basic ")
    assert (query.method, query.query, query.body) == ("GET", {**wanted, **own}, b"")


def test_a_signed_statement_is_exchanged_for_a_token(vendor: Vendor, connect: Connect) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    # as a variable of the environment holds it
    auth = JwtBearer("/token", "app", "ann@shop.example", "https://login.shop.example", pem.replace("\n", "\\n"))
    http = connect(auth, context={"clock": lambda: NOW})
    http.get("/x")
    form = vendor.asked[0].form
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(
        form["assertion"], key.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False},
        audience="https://login.shop.example",
    )  # fmt: skip
    begin = int(NOW.timestamp())
    assert claims == {
        "iss": "app", "sub": "ann@shop.example", "aud": "https://login.shop.example", "iat": begin, "exp": begin + 180,
    }  # fmt: skip
    assert "PRIVATE" not in repr(auth)
    assert http.hide(pem.splitlines()[3]) == "***"


@pytest.mark.parametrize("key", ["", "geheim", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", None])
def test_what_is_no_private_key_is_a_mistake_in_the_settings(key: Any) -> None:
    with pytest.raises(ConfigError, match="PEM"):
        JwtBearer("/token", "app", "ann", "aud", key)


def test_a_broken_private_key_is_a_mistake_in_the_settings(vendor: Vendor, connect: Connect) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIBrokenBrokenBrokenBrokenBrokenBroken\n-----END PRIVATE KEY-----"
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        connect(JwtBearer("/token", "app", "ann", "aud", pem)).get("/x")
    assert "Broken" not in str(caught.value)
    assert vendor.asked == []


def test_a_401_renews_the_token_once_and_repeats_the_call(api: FakeApi, vendor: Vendor, connect: Connect) -> None:
    http = connect(ClientCredentials("/token", "us", "geheim123"))
    http.get("/x")
    vendor.expire()
    assert http.get("/x").json == {"a": 1}
    assert [call.path for call in api.calls] == ["/token", "/x", "/x", "/token", "/x"]


def test_a_401_to_a_new_token_is_final(api: FakeApi, vendor: Vendor, connect: Connect) -> None:
    http = connect(ClientCredentials("/token", "us", "geheim123"))
    api.authorize = lambda call: call.path == "/token"
    with pytest.raises(Refused, match="401"):
        http.get("/x")
    assert [call.path for call in api.calls] == ["/token", "/x", "/token", "/x"]
    assert len(vendor.asked) == 2


def test_an_expired_token_in_the_body_of_a_200_is_renewed_once(api: FakeApi, connect: Connect) -> None:
    vendor = Vendor(api)
    api.authorize = None

    @api.route("GET", "/y")
    def body_says(call: Call) -> Any:
        good = call.headers["Authorization"] == f"Bearer token-{vendor.given}"
        return {"success": True} if good else {"success": False, "errors": [{"code": "602"}]}

    def judge(reply: Reply) -> None:
        if reply.json.get("success") is False:
            raise Expired("access token expired")

    http = connect(ClientCredentials("/token", "us", "geheim123"), judge=judge)
    http.get("/y")
    vendor.expire()
    assert http.get("/y").json == {"success": True}
    api.faults.add("GET /y", json={"success": False}, times=9)
    with pytest.raises(Fatal, match="shop: access token expired") as caught:
        http.get("/y")
    assert caught.value.code == "REV-506"


def test_an_expired_key_in_the_body_cannot_be_renewed(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {})

    def judge(_reply: Reply) -> None:
        raise Expired("key expired")

    with pytest.raises(Fatal, match="key expired"):
        connect(Bearer("sk-1234567"), judge=judge).get("/x")
    assert len(api.calls) == 1


def test_many_threads_with_one_expired_token_renew_it_once(api: FakeApi, vendor: Vendor, connect: Connect) -> None:
    http = connect(OAuth2Refresh("/token", "us", "geheim123", "refresh-1"))
    http.get("/x")
    vendor.expire()
    together = threading.Barrier(8)
    got: list[Any] = []

    def work() -> None:
        together.wait()
        got.append(http.get("/x").json)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [{"a": 1}] * 8
    assert len(vendor.asked) == 2


@pytest.mark.parametrize(
    ("expires_in", "good_for"), [(3600, 3540), (100, 90), ("100", 90), (0, None), ("never", None), (None, None)]
)
def test_a_token_is_renewed_before_it_expires_by_a_clock_that_nobody_sets(
    expires_in: Any, good_for: float | None, vendor: Vendor, connect: Connect
) -> None:
    vendor.more = {"expires_in": expires_in}
    clock = [1000.0]
    http = connect(ClientCredentials("/token", "us", "geheim123"), monotonic=lambda: clock[0])
    http.get("/x")
    clock[0] += (good_for or 10**9) - 1
    http.get("/x")
    assert len(vendor.asked) == 1
    clock[0] += 1
    http.get("/x")
    assert len(vendor.asked) == (1 if good_for is None else 2)


def test_withdrawn_credentials_say_sign_in_again(api: FakeApi, connect: Connect) -> None:
    api.faults.add(status=400, json={"error": "invalid_grant", "error_description": "refresh-1 was revoked"}, times=9)
    with pytest.raises(Fatal, match="revoked credentials") as caught:
        connect(OAuth2Refresh("/token", "us", "geheim123", "refresh-1")).get("/x")
    assert caught.value.code == "REV-506"
    assert "Sign in again" in str(caught.value)
    assert "*** was revoked" in str(caught.value)
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"status": 401, "json": {"error": "invalid_client"}}, "client id and the client secret"),
        ({"status": 401, "json": {"error": "unauthorized", "error_description": "no client"}}, "no client"),
        ({"status": 403, "body": b"<html><title>Blocked</title></html>"}, 'a web page "Blocked"'),
        ({"json": {"error": "bad_verification_code"}}, "bad_verification_code"),
        ({"json": {"token": "x"}}, "without an access_token"),
        ({"json": []}, "without an access_token"),
        ({"json": {"access_token": ["x"]}}, "without an access_token"),
        ({"status": 404, "json": {}}, "404"),
    ],
)
def test_other_refusals_of_a_token_server(fault: dict[str, Any], says: str, api: FakeApi, connect: Connect) -> None:
    api.faults.add(**fault, times=9)
    with pytest.raises(Fatal) as caught:
        connect(ClientCredentials("/token", "us", "geheim123")).get("/x")
    assert says in str(caught.value)
    assert "geheim123" not in str(caught.value)
    assert len(api.calls) == 1


def test_a_busy_token_server_is_asked_again(vendor: Vendor, api: FakeApi, connect: Connect) -> None:
    for status in (429, 503):
        api.faults.add("POST /token", status=status)
    assert connect(OAuth2Refresh("/token", "us", "geheim123", "refresh-1")).get("/x").json == {"a": 1}
    assert len(vendor.asked) == 1
    assert len(api.calls) == 4


def test_a_refresh_token_whose_answer_was_lost_is_not_used_twice(
    vendor: Vendor, api: FakeApi, connect: Connect
) -> None:
    fault = api.faults.add("POST /token", cut=3, times=9)
    with pytest.raises(Retriable):
        connect(OAuth2Refresh("/token", "us", "geheim123", "refresh-1")).get("/x")
    assert fault.hits == 1
    # client credentials are not used up
    with pytest.raises(Retriable):
        connect(ClientCredentials("/token", "us", "geheim123")).get("/x")
    assert fault.hits == 7
    assert vendor.given == 7


def test_a_rotated_refresh_token_is_kept_and_used(vendor: Vendor, connect: Connect) -> None:
    vendor.more = {"refresh_token": "refresh-2"}
    kept: list[str] = []

    def keep(token: str) -> bool:
        kept.append(token)
        return True

    http = connect(OAuth2Refresh("/token", "us", "geheim123", "refresh-1", keep=keep))
    http.get("/x")
    vendor.expire()
    http.get("/x")
    assert [call.form["refresh_token"] for call in vendor.asked] == ["refresh-1", "refresh-2"]
    assert kept == ["refresh-2"]
    assert http.warnings == []
    assert http.hide("refresh-1 refresh-2") == "*** ***"


def _no(_token: str) -> bool:
    return False


def _fails(_token: str) -> bool:
    raise OSError("the keyring is locked")


@pytest.mark.parametrize("keep", [None, _no, _fails])
def test_a_rotated_refresh_token_that_cannot_be_kept_is_warned_of_once(
    keep: Any, vendor: Vendor, connect: Connect
) -> None:
    http = connect(OAuth2Refresh("/token", "us", "geheim123", "refresh-0", keep=keep))
    for number in (1, 2):
        vendor.more = {"refresh_token": f"refresh-{number}"}
        vendor.expire()
        assert http.get("/x").json == {"a": 1}
    assert len(http.warnings) == 1
    assert http.warnings[0].startswith("shop: ")
    assert "sign in again" in http.warnings[0]
    assert "refresh-" not in http.warnings[0]


def test_a_token_reply_is_not_judged_and_its_status_not_the_connectors(
    vendor: Vendor, api: FakeApi, connect: Connect
) -> None:
    seen: list[str] = []
    connect(ClientCredentials("/token", "us", "geheim123"), judge=lambda reply: seen.append(reply.url)).get("/x")
    assert seen == [f"{api.base_url}/x"]
    assert vendor.asked


def test_a_call_that_breaks_while_the_token_is_renewed_leaves_no_half_token(
    vendor: Vendor, api: FakeApi, connect: Connect
) -> None:
    http = connect(ClientCredentials("/token", "us", "geheim123"))
    http.get("/x")
    vendor.expire()
    api.faults.add("POST /token", status=400, json={"error": "temporarily"})
    with pytest.raises(Fatal):
        http.get("/x")
    assert http.get("/x").json == {"a": 1}


def test_the_answer_of_a_token_server_may_be_packed_and_of_any_type(api: FakeApi, connect: Connect) -> None:
    api.route("POST", "/token")(
        lambda _call: Answer(body=b'{"access_token": "t-1234"}', headers={"Content-Type": "text/plain"})
    )
    api.route("GET", "/x")(lambda _call: {})
    connect(ClientCredentials("/token", "us", "geheim123")).get("/x")
    assert api.calls[1].headers["Authorization"] == "Bearer t-1234"


def test_a_403_is_a_missing_right_and_renews_no_token(api: FakeApi, vendor: Vendor, connect: Connect) -> None:
    http = connect(ClientCredentials("/token", "us", "geheim123"))
    api.faults.add("GET /x", status=403, json={"message": "scope crm.read is missing"})
    with pytest.raises(Refused, match=r"scope crm\.read is missing"):
        http.get("/x")
    assert len(vendor.asked) == 1
