"""Addresses, parameters and bodies of one call; what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from revalign_udf.connector import Context
from revalign_udf.connector.http import Bearer, Http, Limits, Refused, Reply
from revalign_udf.connector.http.address import Addresses, with_params
from revalign_udf.connector.http.reply import said
from revalign_udf.errors import ConfigError, Fatal
from revalign_udf.testing import FakeApi

Connect = Callable[..., Http]


def test_the_context_gives_one_client_per_address_and_closes_it(api: FakeApi) -> None:
    api.route("GET", "/x")(lambda _call: {"a": 1})
    ctx = Context("shop", {"base_url": api.base_url})
    assert ctx.http() is ctx.http(limits=Limits(per_second=3))
    assert ctx.http().get("/x").json == {"a": 1}
    ctx.close()


def test_parameters_none_left_out_lists_repeated_dates_and_decimals_exact(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {})
    connect().get(
        "/x?own=1",
        {
            "none": None, "list": ["a", "b c"], "yes": True, "no": False, "day": date(2026, 9, 30), "empty": "",
            "time": datetime(2026, 9, 30, 12, tzinfo=UTC), "amount": Decimal("1E+3"), "updated_at[after]": 7, "q": "a&b=c+d",
        },
    )  # fmt: skip
    assert api.calls[0].queries == {
        "own": ["1"], "list": ["a", "b c"], "yes": ["true"], "no": ["false"], "day": ["2026-09-30"], "empty": [""],
        "time": ["2026-09-30T12:00:00+00:00"], "amount": ["1000"], "updated_at[after]": ["7"], "q": ["a&b=c+d"],
    }  # fmt: skip


def test_no_parameters_keep_the_query_of_a_link(api: FakeApi, connect: Connect) -> None:
    # httpx drops the query of an address when parameters are an empty mapping
    api.route("GET", "/x")(lambda _call: {})
    for params in ({}, None, {"a": None}):
        connect().get("/x?cursor=a%2Bb%3D%3D", params)
    assert [call.target for call in api.calls] == ["/x?cursor=a%2Bb%3D%3D"] * 3


def test_bodies_json_with_exact_numbers_forms_and_text(api: FakeApi, connect: Connect) -> None:
    api.route("POST", "/x")(lambda _call: {})
    http = connect()
    http.post(
        "/x",
        {
            "amount": Decimal("10.50"),
            "count": Decimal(3),
            "long": Decimal("0.1000000000000000000001"),
            "day": date(2026, 1, 2),
        },
    )
    http.request("POST", "/x", data={"grant type": "a&b", "list": [1, 2]})
    http.request("POST", "/x", data="a,b\n1,é", headers={"Content-Type": "text/csv"})
    assert api.calls[0].json == {"amount": 10.5, "count": 3, "long": "0.1000000000000000000001", "day": "2026-01-02"}
    assert api.calls[0].headers["Content-Type"] == "application/json"
    assert api.calls[1].body == b"grant%20type=a%26b&list=1&list=2"
    assert api.calls[1].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert api.calls[2].body == "a,b\n1,é".encode()
    assert api.calls[2].headers["Content-Type"] == "text/csv"
    with pytest.raises(ValueError, match="JSON"):
        http.post("/x", {"amount": float("nan")})


def test_headers_of_connection_and_call_whatever_their_case(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {})
    http = connect(headers={"X-Version": "1", "Accept": "application/vnd.shop+json"})
    http.get("/x")
    http.get("/x", headers={"x-version": "2"})
    assert [call.headers["X-Version"] for call in api.calls] == ["1", "2"]
    assert api.calls[0].headers["Accept"] == "application/vnd.shop+json"
    assert api.calls[0].headers["User-Agent"] == "revalign"


@pytest.mark.parametrize(
    ("base", "path", "full"),
    [
        ("https://gw.example", "/v1/x", "https://gw.example/v1/x"),
        ("https://gw.example/", "v1/x", "https://gw.example/v1/x"),
        ("https://gw.example/crm/", "/v1/x", "https://gw.example/crm/v1/x"),
        ("https://gw.example/crm", "/crm/v1/x?a=1", "https://gw.example/crm/v1/x?a=1"),
        ("https://gw.example/crm", "/crmx", "https://gw.example/crm/crmx"),
        ("https://gw.example:8443/crm", "/v1", "https://gw.example:8443/crm/v1"),
        ("https://GW.example:443", "https://gw.example/v1", "https://gw.example/v1"),
        ("http://[::1]:8080", "/v1", "http://[::1]:8080/v1"),
        ("https://gw.example", "/v1?to=https://other.example/", "https://gw.example/v1?to=https://other.example/"),
    ],
)
def test_a_path_keeps_the_prefix_of_the_base_address(base: Any, path: Any, full: Any) -> None:
    assert Addresses(base).of(path) == full


def test_links_relative_to_the_page_they_stand_on() -> None:
    addresses = Addresses("https://gw.example/crm")
    page = "https://gw.example/crm/v1/deals?page=1"
    assert addresses.of("?page=2", page) == "https://gw.example/crm/v1/deals?page=2"
    assert addresses.of("deals?page=2", page) == "https://gw.example/crm/v1/deals?page=2"
    assert addresses.of("/v1/deals?page=2", page) == "https://gw.example/crm/v1/deals?page=2"


@pytest.mark.parametrize(
    "base",
    [
        "http://api.shop.example", "http://127.0.0.1.example", "http://localhost.example", "http://10.0.0.1",
        "https://user:geheim@api.shop.example", "https://key@api.shop.example", "https://api.shop.example?key=1",
        "https://api.shop.example/#x", "ftp://api.shop.example", "api.shop.example", "", "https://", "https://[",
    ],
)  # fmt: skip
def test_a_base_address_that_is_not_safe_is_a_mistake_in_the_settings(base: Any, connect: Connect) -> None:
    with pytest.raises(ConfigError) as caught:
        Addresses(base)
    assert caught.value.code == "REV-305"
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://a.example"])
def test_plain_http_is_for_this_computer_only(base: Any) -> None:
    assert Addresses(base).base.host


def test_parameters_are_put_before_a_fragment_and_after_a_query() -> None:
    assert with_params("/x?", {"a": 1}) == "/x?a=1"
    assert with_params("/x?b=2&", {"a": 1}) == "/x?b=2&a=1"
    assert with_params("/x#there", {"a": 1}) == "/x?a=1"


def test_a_reply_has_exact_numbers_and_headers_in_any_case(api: FakeApi, connect: Connect) -> None:
    body = b'{"price": 0.1000000000000000055, "many": 12345678901234567890123, "exp": 1e2}'
    api.faults.add(body=body, headers={"Content-Type": "application/json", "X-Total": "3"})
    reply = connect().get("/x")
    assert reply.json == {
        "price": Decimal("0.1000000000000000055"), "many": 12345678901234567890123, "exp": Decimal("1E+2"),
    }  # fmt: skip
    assert (reply.status, reply.headers["x-TOTAL"], reply.url) == (200, "3", f"{api.base_url}/x")
    assert repr(reply) == f"Reply(200, {len(body)} bytes)"


def test_allowed_statuses_are_answers(api: FakeApi, connect: Connect) -> None:
    api.faults.add(status=404, json={"message": "gone"})
    api.faults.add(status=410, body=b"<html>")
    http = connect()
    assert http.get("/x", allow=(404, 410)).json == {"message": "gone"}
    assert http.get("/x", allow=(404, 410)).status == 410


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [(400, "REV-506", "bad filter"), (401, "REV-506", "api_key in [source.shop]"), (403, "REV-506", "scope"),
     (404, "REV-501", "base_url"), (410, "REV-506", "newer version"), (422, "REV-506", "422"), (304, "REV-506", "304")],
)  # fmt: skip
def test_a_refusal_is_final_says_the_vendors_words_and_what_to_do(
    status: Any, code: Any, says: Any, api: FakeApi, connect: Connect
) -> None:
    fault = api.faults.add(status=status, json={"errors": [{"message": "bad filter"}]}, times=9)
    with pytest.raises(Refused) as caught:
        connect(Bearer("sk-1234567"), settings={"api_key": "sk-1234567"}).get("/x")
    assert caught.value.code == code
    assert says in str(caught.value)
    assert isinstance(caught.value, Fatal)
    assert caught.value.reply.status == status
    assert fault.hits == 1
    if status != 304:
        assert "bad filter" in str(caught.value)
        assert caught.value.reply.json["errors"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "No such price", "type": "invalid_request_error"}}, "No such price"),
        ([{"message": "session expired", "errorCode": "INVALID_SESSION_ID"}], "session expired"),
        ({"error": "invalid_grant", "error_description": "expired token"}, "invalid_grant; expired token"),
        ({"Fault": {"Error": [{"Message": "bad query", "Detail": "near FROM"}]}}, "bad query; near FROM"),
        ({"title": "Invalid Resource", "detail": "see errors", "status": 400}, "see errors; Invalid Resource"),
        ({"errors": [{"code": "601", "message": "Access token invalid"}]}, "Access token invalid"),
        ({"errors": {"email": ["is taken"]}}, ""),
        ({"ok": False}, ""),
        ([], ""),
        ("plain", ""),
    ],
)
def test_error_bodies_of_many_vendors(body: Any, words: Any) -> None:
    assert said(Reply(400, {}, "", json.dumps(body).encode())) == words


def test_a_long_error_body_is_shortened_to_one_line() -> None:
    text = said(Reply(500, {}, "", b"first\r\n\x1b[31m second\t" + b"x" * 1000))
    assert text.startswith("first [31m second x")
    assert len(text) == 300
    assert said(Reply(500, {}, "", b"")) == ""
    assert (
        said(Reply(502, {}, "", b"<!doctype html><h1>Bad <b>gateway</b> &amp; more</h1>"))
        == 'a web page "Bad gateway & more"'
    )
