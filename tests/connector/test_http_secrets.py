"""A secret never shows up: not in errors and what hangs on them, not in reprs, not in logs."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from revalign_udf.connector.http import (
    ApiKey,
    Basic,
    Bearer,
    ClientCredentials,
    Http,
    Limits,
    OAuth2Refresh,
    Reply,
    Throttled,
    Token,
)
from revalign_udf.connector.http.redact import Secrets
from revalign_udf.errors import BadRecord, Fatal, RevalignError
from revalign_udf.testing import Answer, Call, FakeApi

Connect = Callable[..., Http]
SECRET = "s3cr3t/key+with=signs&more"
LIVE = "token-that-was-given"
FORMS = [SECRET, LIVE, quote(SECRET, safe=""), quote(SECRET), base64.b64encode(SECRET.encode()).decode()]


def _shown(error: BaseException) -> str:
    """Everything that could be printed of an error and of what hangs on it."""
    texts, seen, left = ["".join(traceback.format_exception(error))], set(), [error]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        texts += [str(one), repr(one), str(one.args), str(getattr(one, "hint", ""))]
        left += [found for found in (one.__cause__, one.__context__) if found is not None]
    return "\n".join(texts)


AUTHS: dict[str, Callable[[], Any]] = {
    "bearer": lambda: Bearer(SECRET),
    "basic": lambda: Basic(SECRET),
    "password": lambda: Basic("ann", SECRET),
    "header": lambda: ApiKey("X-Key", SECRET),
    "refresh": lambda: OAuth2Refresh("/token", "us", "other-secret", SECRET),
    "client": lambda: ClientCredentials("/token", "us", SECRET),
    "query": lambda: ClientCredentials("/token", "us", SECRET, style="query"),
    "basic client": lambda: ClientCredentials("/token", "us", SECRET, style="basic"),
}


@pytest.fixture
def echo(api: FakeApi) -> FakeApi:
    """A server that quotes what it was asked, as some do."""

    def quoted(call: Call) -> Answer:
        live = LIVE if LIVE in call.headers.get("Authorization", "") else ""
        said = (
            f"{call.target} {dict(call.headers)} {call.body!r} {SECRET} {quote(SECRET)} {quote(SECRET, safe='')} {live}"
        )
        return Answer(int(call.match[1]), {"error": {"message": said}}, headers={"X-Echo": SECRET})

    api.route("GET", "/say/([0-9]+)")(quoted)
    api.route("GET", "/token")(lambda _call: {"access_token": LIVE})
    api.route("POST", "/token")(lambda _call: {"access_token": LIVE})
    return api


@pytest.mark.parametrize("kind", AUTHS)
def test_no_error_and_no_log_shows_a_secret(
    kind: str, echo: FakeApi, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("httpcore").setLevel(logging.DEBUG)
        http = connect(AUTHS[kind](), settings={"api_key": SECRET}, limits=Limits(tries=2))
        calls: list[Callable[[], object]] = [
            lambda: http.get("/say/400", {"key": SECRET}),
            lambda: http.get("/say/401"),
            lambda: http.get("/say/404"),
            lambda: http.get("/say/503"),
            lambda: http.get(f"/say/{SECRET}"),
            lambda: http.get("/say/200", headers={"Accept": "x"}).text,
            lambda: next(http.pages("/say/200", _List())),
        ]
        echo.faults.add("/say/503", drop=True)
        shown = [repr(http), repr(http._auth), repr(http._secrets)]
        for call in calls:
            try:
                call()
            except RevalignError as error:
                shown.append(_shown(error))
        logging.getLogger("httpcore").setLevel(logging.NOTSET)
    assert len(shown) == 9
    assert "HTTP Request: GET" in caplog.text
    assert "/say/400?... " in caplog.text
    text = "\n".join([*shown, caplog.text])
    assert [form for form in FORMS if form in text] == []
    assert "***" in text


class _List:
    items = "nothing"

    def first(self, step: Any) -> Any:
        return step

    def following(self, *_: Any) -> None:
        return None


def test_a_secret_in_a_broken_connection_is_not_shown(echo: FakeApi, connect: Connect) -> None:
    for fault in ({"drop": True}, {"cut": 5}, {"delay": 0.3}):
        echo.faults.add("/say", **fault, times=9)
        http = connect(Bearer(SECRET), limits=Limits(tries=1, timeout=0.1))
        with pytest.raises(RevalignError) as caught:
            http.get("/say/200", {"key": SECRET})
        text = _shown(caught.value)
        assert SECRET not in text
        assert quote(SECRET, safe="") not in text
        assert "httpx" not in text.lower().replace("test_http", "").split("Traceback")[0]
        echo.faults.clear()


def test_what_a_judge_raises_is_cleaned_too(echo: FakeApi, connect: Connect) -> None:
    raised: list[Any] = [
        Fatal(f"refused {SECRET}", hint=f"see {SECRET}"),
        Throttled(f"busy {SECRET}"),
        BadRecord(SECRET),
    ]

    def judge(_reply: Reply) -> None:
        try:
            int(SECRET)
        except ValueError as error:
            raise raised[0] from error

    while raised:
        with pytest.raises(RevalignError) as caught:
            connect(Bearer(SECRET), judge=judge).get("/say/200")
        assert SECRET not in _shown(caught.value).split("Traceback")[0]
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        raised.pop(0)


def test_secret_settings_that_the_auth_does_not_know_are_hidden(echo: FakeApi, connect: Connect) -> None:
    http = connect(
        settings={"webhook_token": SECRET, "password": "geheim99", "note": "sk_live_12345", "region": "europe"}
    )
    assert http.hide(f"{SECRET} geheim99 sk_live_12345 europe") == "*** *** *** europe"


def test_a_short_secret_does_not_black_out_ordinary_words() -> None:
    assert Secrets(["a", "us", ""]).hide("a bus") == "a bus"


def test_a_renewed_token_is_hidden_from_then_on(echo: FakeApi, connect: Connect) -> None:
    http = connect(ClientCredentials("/token", "us", SECRET))
    assert http.hide(f"{LIVE} {SECRET}") == f"{LIVE} ***"
    with pytest.raises(Fatal):
        http.get("/say/400")
    assert http.hide(f"{LIVE} {SECRET}") == "*** ***"


def test_warnings_are_hidden_too(echo: FakeApi, connect: Connect) -> None:
    http = connect(Bearer(SECRET))
    http.warn(f"seen {SECRET}")
    http.warn(f"seen {SECRET}")
    assert http.warnings == ["shop: seen ***"]


def test_logs_of_others_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    secrets = Secrets(["geheim123"])
    with caplog.at_level(logging.INFO):
        logging.getLogger("somebody.else").info("geheim123 at https://a.example/x?b=1")
        logging.getLogger("httpx").info("HTTP Request: %s %s", "GET", "https://a.example/x?key=geheim123")
        try:
            int("geheim123")
        except ValueError:
            logging.getLogger("httpcore.http11").exception("failed: %r", b"geheim123")
    assert [record.getMessage() for record in caplog.records] == [
        "geheim123 at https://a.example/x?b=1", "HTTP Request: GET https://a.example/x?...", "failed: b'***'",
    ]  # fmt: skip
    assert caplog.text.count("geheim123") == 1
    assert repr(secrets) == f"Secrets({len(secrets._forms)} forms)"


def test_a_secret_in_the_path_of_a_list_is_not_shown(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/.*")(lambda _call: {"other": []})
    with pytest.raises(Fatal, match="has not a list") as caught:
        list(connect(Bearer(LIVE)).pages(f"/lists/{LIVE}", Token("after", "next", items="data")))
    assert LIVE not in _shown(caught.value)
