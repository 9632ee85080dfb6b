"""Alerts over real HTTP to a server on loopback: what is said, what is not, and what never leaves."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.alerts import STATE_FILE, digest, notify, send_webhook
from revalign_udf.errors import ConfigError, Fatal, Retriable, StoreError

SECRET = "T000-B000-secretpath"


class Channel:
    """A chat's webhook: remembers what came, answers as told."""

    def __init__(self) -> None:
        channel = self
        self.came: list[tuple[str, str, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                channel.came.append((self.path, self.headers["Content-Type"], json.loads(body)))
                self.send_response(channel.status)
                for name, value in {"Content-Length": "2", **channel.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = f"{self.base}/hooks/{SECRET}"

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, _, body in self.came]


@pytest.fixture
def channel() -> Iterator[Channel]:
    found = Channel()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


# --- the text --------------------------------------------------------------------------------------------------------


def test_a_digest_names_each_problem_once() -> None:
    text = digest(["crm: REV-506\nrefused", "crm: REV-506 refused", "api_key=abcdefgh is wrong"])
    assert text.splitlines() == ["Revalign: 2 problems", "- crm: REV-506 refused", "- api_key=*** is wrong"]
    assert digest(["one"]).startswith("Revalign: 1 problem\n")


def test_a_digest_stays_short() -> None:
    text = digest([f"problem {place} " + "x" * 5_000 for place in range(500)])
    assert len(text) < 10_000
    assert text.splitlines()[0] == "Revalign: 500 problems"
    assert text.splitlines()[-1] == "and 480 more: revalign doctor"


# --- sending ---------------------------------------------------------------------------------------------------------


def test_a_message_arrives(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_refusal_names_the_host_and_nothing_secret(channel: Channel, status: int, kind: type[Exception]) -> None:
    channel.status, channel.headers = status, {"Location": f"{channel.base}/elsewhere"}
    with pytest.raises(kind, match=f"127.0.0.1.*{status}") as caught:
        send_webhook(channel.url, "text")
    assert SECRET not in str(caught.value)
    assert len(channel.came) == 1  # a redirect could lead anywhere and is not followed


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Retriable, match="ConnectionError") as caught:
        notify(tmp_path, ["a"], f"http://127.0.0.1:{port}/{SECRET}")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert not (tmp_path / STATE_FILE).exists()


# --- no repeats ------------------------------------------------------------------------------------------------------


def test_no_repeats_while_unchanged(channel: Channel, tmp_path: Path) -> None:
    assert notify(tmp_path, [], channel.url) is False
    assert notify(tmp_path, ["a", "b"], channel.url) is True
    assert notify(tmp_path, ["a", "b"], channel.url) is False
    assert notify(tmp_path, ["b", "a", "b"], channel.url) is False
    assert notify(tmp_path, ["a"], channel.url) is True
    assert notify(tmp_path, [], channel.url) is True
    assert notify(tmp_path, [], channel.url) is False
    assert notify(tmp_path, ["a"], channel.url) is True
    assert channel.texts == [digest(["a", "b"]), digest(["a"]), digest([]), digest(["a"])]


def test_each_channel_is_told(channel: Channel, tmp_path: Path) -> None:
    other = f"{channel.base}/other"
    for _ in range(2):
        for url in (channel.url, other):
            notify(tmp_path, ["a"], url)
    assert [path for path, _, _ in channel.came] == [f"/hooks/{SECRET}", "/other"]


def test_what_did_not_arrive_is_said_at_the_next_run(channel: Channel, tmp_path: Path) -> None:
    channel.status = 503
    with pytest.raises(Retriable):
        notify(tmp_path, ["a"], channel.url)
    channel.status = 200
    assert notify(tmp_path, ["a"], channel.url) is True
    assert notify(tmp_path, ["a"], channel.url) is False


def test_the_state_holds_no_address_and_no_problem(channel: Channel, tmp_path: Path) -> None:
    notify(tmp_path, ["Ada Ltd owes 5"], channel.url)
    text = (tmp_path / STATE_FILE).read_text(encoding="utf-8")
    assert SECRET not in text
    assert "Ada" not in text
    assert [item.name for item in (tmp_path / STATE_FILE).parent.iterdir()] == ["alerts.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null"])
def test_a_damaged_state_repeats_rather_than_hides(channel: Channel, tmp_path: Path, content: bytes) -> None:
    notify(tmp_path, ["a"], channel.url)
    (tmp_path / STATE_FILE).write_bytes(content)
    assert notify(tmp_path, ["a"], channel.url) is True
    assert notify(tmp_path, ["a"], channel.url) is False


def test_a_state_that_cannot_be_kept(channel: Channel, tmp_path: Path) -> None:
    (tmp_path / ".revalign").write_text("a file in the way")
    with pytest.raises(StoreError) as caught:
        notify(tmp_path, ["a"], channel.url)
    assert caught.value.code == "REV-804"
    assert len(channel.came) == 1
