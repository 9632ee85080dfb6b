"""No host but the declared ones is ever called, and credentials go to the base address only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from revalign_udf.connector.http import Bearer, ClientCredentials, Http, LinkHeader, NextUrl, Refused
from revalign_udf.connector.http.address import Addresses
from revalign_udf.errors import ConfigError, Fatal
from revalign_udf.testing import Answer, Call, FakeApi

Connect = Callable[..., Http]


@pytest.fixture
def stranger() -> Iterator[FakeApi]:
    """Another server, which nobody may call."""
    with FakeApi() as server:
        server.route("GET", "/.*")(lambda _call: {"data": [{"id": "theirs"}]})
        yield server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_refused_and_never_followed(
    status: int, api: FakeApi, stranger: FakeApi, connect: Connect
) -> None:
    api.faults.add(status=status, headers={"Location": f"{stranger.base_url}/x"})
    with pytest.raises(Fatal, match="not one of its addresses") as caught:
        connect(Bearer("sk-1234567")).get("/x")
    assert caught.value.code == "REV-506"
    assert "base_url" in caught.value.hint
    assert stranger.calls == []
    assert len(api.calls) == 1


@pytest.mark.parametrize("location", ["/y?a=1", "y?a=1", "{base}/y?a=1", "//127.0.0.1:{port}/y?a=1"])
def test_a_redirect_on_the_same_host_is_followed_signed(location: str, api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/y")(lambda _call: {"a": 1})
    api.faults.add("GET /x", status=302, headers={"Location": location.format(base=api.base_url, port=api.port)})
    reply = connect(Bearer("sk-1234567")).get("/x")
    assert reply.json == {"a": 1}
    assert reply.url == f"{api.base_url}/y?a=1"
    assert api.calls[1].headers["Authorization"] == "Bearer sk-1234567"
    assert api.calls[1].query == {"a": "1"}


def test_five_redirects_are_followed_and_a_circle_is_left(api: FakeApi, connect: Connect) -> None:
    @api.route("GET", "/([0-9]+)")
    def around(call: Call) -> Answer:
        number = int(call.match[1])
        return Answer(302, headers={"Location": f"/{number - 1}"}) if number else Answer(json={"a": 1})

    assert connect().get("/5").json == {"a": 1}
    assert len(api.calls) == 6
    with pytest.raises(Fatal, match="circle"):
        connect().get("/9999")
    assert len(api.calls) == 12


def test_a_redirected_search_is_not_followed(api: FakeApi, connect: Connect) -> None:
    api.faults.add(status=307, headers={"Location": "/y"})
    with pytest.raises(Fatal, match="redirects a POST"):
        connect().post("/x", {})
    assert len(api.calls) == 1


def test_a_redirect_without_an_address_is_a_refusal(api: FakeApi, connect: Connect) -> None:
    api.faults.add(status=302)
    with pytest.raises(Refused, match="302"):
        connect().get("/x")


@pytest.mark.parametrize(
    "link",
    [
        "http://shop.example/x", "https://shop.example:8443/x", "https://evil.example/x", "//evil.example/x",
        "https://shop.example.evil.example/x", "https://evil.example\\@shop.example/x", "/\\evil.example/x",
        "https://shop.example@evil.example/x", "https://evil.example#@shop.example/", "HTTPS://EVIL.example/x",
        "ftp://shop.example/x", "https://user:geheim@shop.example/x", "\\\\evil.example/x", "https://[", "http:evil.example",
        "https:\\\\evil.example/x", "https://evil.example?@shop.example/x", "/x\r\nHost: evil.example", "javascript://%0aevil",
    ],
)  # fmt: skip
def test_an_address_of_another_host_scheme_or_port_is_refused(link: str) -> None:
    addresses = Addresses("https://shop.example/v1")
    with pytest.raises(Fatal) as caught:
        addresses.of(link, "https://shop.example/v1/x?page=1")
    assert caught.value.code == "REV-506"
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("link", ["HTTPS://Shop.Example/v1/x", "https://shop.example:443/x", "https://shop.example./x"])
def test_other_spellings_of_the_host_are_the_host(link: str) -> None:
    assert Addresses("https://shop.example/v1").of(link)


def test_a_next_link_to_another_host_is_refused_and_never_called(
    api: FakeApi, stranger: FakeApi, connect: Connect
) -> None:
    link = f"{stranger.base_url}/x?page=2"
    api.route("GET", "/x")(lambda _call: Answer(json={"data": [{"id": "1"}], "next": link}))
    api.route("GET", "/y")(lambda _call: Answer(json=[{"id": "1"}], headers={"Link": f'<{link}>; rel="next"'}))
    http = connect(Bearer("sk-1234567"))
    for path, paging in (("/x", NextUrl("next", items="data")), ("/y", LinkHeader())):
        pages = http.pages(path, paging)
        assert next(pages).items == [{"id": "1"}]
        with pytest.raises(Fatal, match="not one of its addresses"):
            next(pages)
    assert stranger.calls == []


def test_a_further_host_is_called_without_credentials(api: FakeApi, stranger: FakeApi, connect: Connect) -> None:
    api.faults.add(status=302, headers={"Location": f"{stranger.base_url}/export.csv"})
    http = connect(Bearer("sk-1234567"), hosts=[stranger.base_url])
    assert http.get("/x").json["data"]
    assert http.get(f"{stranger.base_url}/y").json["data"]
    assert ["Authorization" in call.headers for call in api.calls] == [True]
    assert ["Authorization" in call.headers for call in stranger.calls] == [False, False]


@pytest.mark.parametrize("host", ["http://files.example", "https://u:p@files.example", "files example"])
def test_a_further_host_has_to_be_safe_too(host: str, connect: Connect) -> None:
    with pytest.raises(ConfigError):
        connect(hosts=[host])


def test_a_further_host_may_be_written_bare() -> None:
    addresses = Addresses("https://shop.example", ["files.example"])
    assert addresses.of("https://files.example/x") == "https://files.example/x"


def test_a_token_server_of_its_own_is_allowed_and_gets_no_token(
    api: FakeApi, stranger: FakeApi, connect: Connect
) -> None:
    stranger.route("POST", "/token")(lambda _call: {"access_token": "token-1"})
    api.route("GET", "/x")(lambda _call: {})
    connect(ClientCredentials(f"{stranger.base_url}/token", "us", "geheim123")).get("/x")
    assert "Authorization" not in stranger.calls[0].headers
    assert api.calls[0].headers["Authorization"] == "Bearer token-1"


def test_cookies_are_not_kept(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: Answer(json={}, headers={"Set-Cookie": "session=1; Path=/"}))
    http = connect()
    http.get("/x")
    http.get("/x")
    assert "Cookie" not in api.calls[1].headers


def test_the_host_field_is_always_our_own(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {})
    connect().get("/x")
    assert api.strangers == []
