"""A chat channel over real HTTP to a server on loopback: what is said, what is not, and what never leaves."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.alerts import send_webhook
from revalign_udf.errors import ConfigError, Fatal, Retriable

HEARD = load(Path(__file__).with_name("hearing.py"))
SECRET = HEARD.SECRET


@pytest.fixture
def channel() -> Iterator[Any]:
    with HEARD.chat() as found:
        yield found


def test_a_message_arrives(channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # loopback never goes through one
    send_webhook(channel.url, f"å: Bearer abcdefghij, {channel.url}")
    [(path, kind, body)] = channel.came
    assert (path, kind) == (f"/hooks/{SECRET}", "application/json")
    assert body == {"text": "å: Bearer ***, ***"}


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x", "ftp://127.0.0.1/x", "hooks.example/x", "", "https://", "http://localhost.example/x",
        "http://hooks.example\\@127.0.0.1/x", "http://127.0.0.1@hooks.example/x", "https://hooks.example/a b", "http://[::1",
        "https://hooks.example/x\n", "//127.0.0.1/x",
    ],
)  # fmt: skip
def test_only_https_or_this_machine(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        send_webhook(url, "text")
    assert caught.value.code == "REV-305"
    assert "hooks.example" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"), [(500, Retriable), (429, Retriable), (404, Fatal), (403, Fatal), (302, Fatal)]
)
def test_a_refusal_names_the_host_and_nothing_secret(channel: Any, status: int, kind: type[Exception]) -> None:
    channel.status, channel.headers = status, {"Location": f"{channel.base}/elsewhere"}
    with pytest.raises(kind, match=f"127.0.0.1.*{status}") as caught:
        send_webhook(channel.url, "text")
    assert SECRET not in str(caught.value)
    assert len(channel.came) == 1  # a redirect could lead anywhere and is not followed


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Retriable, match="ConnectionError") as caught:
        send_webhook(f"http://127.0.0.1:{port}/{SECRET}", "text")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
