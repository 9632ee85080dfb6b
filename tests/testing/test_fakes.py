"""The fake API: what a client sees of it, faults included."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from revalign_udf.testing import Answer, Call, FakeApi


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as api:
        api.route("GET", "/v1/deals/([0-9]+)")(lambda call: {"id": call.match[1], **call.query})
        api.route("POST", "/form")(lambda call: call.form)
        api.route("POST", "/json")(lambda call: call.json)
        yield api


@pytest.fixture
def client(api: FakeApi) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.base_url) as client:
        yield client


def test_a_call_is_read_and_answered(api: FakeApi, client: httpx.Client) -> None:
    assert client.get("/v1/deals/7?a=b%20c&a=d").json() == {"id": "7", "a": "d"}
    assert client.post("/form", data={"x": "1", "y": "ü"}).json() == {"x": "1", "y": "ü"}
    assert client.post("/json", json={"x": [1]}).json() == {"x": [1]}
    assert client.post("/json", content=(piece for piece in (b'{"x"', b": 2}"))).json() == {"x": 2}, "sent in chunks"
    first = api.calls[0]
    assert (first.method, first.path, first.queries) == ("GET", "/v1/deals/7", {"a": ["b c", "d"]})
    assert first.headers["HOST"] == first.headers["host"] == f"127.0.0.1:{api.port}"
    assert "x-none" not in first.headers
    assert len(api.called("POST /json")) == 2


def test_one_connection_serves_many_calls(api: FakeApi, client: httpx.Client) -> None:
    opened = []
    for number in range(20):
        client.get(f"/v1/deals/{number}")
        opened.append(set(api._open))
    assert all(len(connections) == 1 and connections == opened[0] for connections in opened)


def test_answers_of_all_kinds(api: FakeApi, client: httpx.Client) -> None:
    @api.route("GET", "/(?P<kind>.+)")
    def kinds(call: Call) -> object:
        return {
            "none": Answer(204),
            "text": Answer(body=b"plain", headers={"content-type": "text/plain"}),
            "chunks": Answer(chunks=iter([b"a" * 10, b"", b"b"])),
            "pair": (409, {"message": "taken"}),
            "list": [],
            "null": None,
        }[call.match["kind"]]

    assert client.get("/none").status_code == 204
    assert client.get("/text").headers["content-type"] == "text/plain"
    assert client.get("/chunks").content == b"a" * 10 + b"b"
    assert (client.get("/pair").status_code, client.get("/pair").json()) == (409, {"message": "taken"})
    assert client.get("/list").json() == []
    assert client.get("/null").content == b"null"
    assert client.head("/v1/deals/1").status_code == 404, "another method is another route"


def test_an_unknown_path_is_404_and_noted(api: FakeApi, client: httpx.Client) -> None:
    assert client.get("/v2/deals").status_code == 404
    assert api.unknown == ["GET /v2/deals"]


def test_a_call_by_another_name_is_noted(api: FakeApi, client: httpx.Client) -> None:
    client.get("/v1/deals/1", headers={"Host": "api.vendor.example"})
    assert api.strangers == ["api.vendor.example"]


def test_who_is_not_authorized_gets_401_and_the_fake_is_not_asked(api: FakeApi, client: httpx.Client) -> None:
    api.authorize = lambda call: call.headers.get("authorization") == "Bearer yes"
    assert client.get("/v1/deals/1").status_code == 401
    assert client.get("/v1/deals/1", headers={"Authorization": "Bearer yes"}).status_code == 200


def test_faults_strike_at_the_wanted_calls_only(api: FakeApi, client: httpx.Client) -> None:
    fault = api.faults.add(r"GET /v1/deals/\d", status=429, headers={"Retry-After": "3"}, after=1, times=2)
    api.faults.add("POST", status=500)
    statuses = [client.get("/v1/deals/1").status_code for _ in range(4)]
    assert statuses == [200, 429, 429, 200]
    assert fault.hits == 2
    assert client.post("/form").status_code == 500
    api.faults.add("GET", json={"odd": 1})
    assert client.get("/v1/deals/1").json() == {"odd": 1}, "an answer of one's own, with status 200"


def test_a_cut_answer_is_noticed_by_length_and_a_quiet_one_by_its_json(api: FakeApi, client: httpx.Client) -> None:
    api.faults.add(cut=5)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/v1/deals/1")
    api.faults.add(cut=5, quiet=True)
    reply = client.get("/v1/deals/1")
    assert reply.content == b'{"id"'
    with pytest.raises(json.JSONDecodeError):
        reply.json()


def test_a_cut_in_chunks_is_noticed(api: FakeApi, client: httpx.Client) -> None:
    api.route("GET", "/big")(lambda _: Answer(chunks=(b"x" * 1000 for _ in range(10))))
    api.faults.add("/big", cut=2500)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/big")


def test_a_dropped_call_never_reaches_the_fake(api: FakeApi, client: httpx.Client) -> None:
    asked: list[Call] = []
    api.route("GET", "/x")(asked.append)
    api.faults.add("/x", drop=True)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/x")
    assert asked == []
    assert len(api.called("/x")) == 1


def test_a_repeated_page_and_something_done_meanwhile(api: FakeApi, client: httpx.Client) -> None:
    done: list[int] = []
    api.faults.add("/v1/deals", repeat=True, times=10, then=lambda: done.append(1))
    assert {client.get(f"/v1/deals/{number}").json()["id"] for number in range(3)} == {"0"}
    assert len(done) == 3
    api.faults.clear()
    assert client.get("/v1/deals/9").json()["id"] == "9"


def test_a_delay_ends_with_the_server() -> None:
    with FakeApi() as api:
        api.faults.add(delay=60)

        def call() -> None:
            with pytest.raises(httpx.HTTPError):
                httpx.get(api.base_url, timeout=30)

        caller = threading.Thread(target=call)
        caller.start()
        while not api.calls:
            time.sleep(0.005)
        began = time.monotonic()
    caller.join()
    assert time.monotonic() - began < 5


def test_a_mistake_in_a_fake_is_told_at_the_end() -> None:
    with pytest.raises(ZeroDivisionError), FakeApi() as api:
        api.route("GET", "/")(lambda _: 1 // 0)
        assert httpx.get(api.base_url).status_code == 500


def test_nonsense_ends_the_connection_and_nothing_else(api: FakeApi, client: httpx.Client) -> None:
    for nonsense in (b"hello\r\n\r\n", b"\r\n", b""):
        with socket.create_connection(("127.0.0.1", api.port)) as other:
            other.sendall(nonsense)
            other.shutdown(socket.SHUT_WR)
            assert other.recv(10) == b""
    assert client.get("/v1/deals/1").status_code == 200


def test_handlers_run_one_at_a_time(api: FakeApi) -> None:
    inside: list[int] = []

    @api.route("GET", "/slow")
    def slow(_: Call) -> int:
        inside.append(1)
        time.sleep(0.002)
        together = len(inside)
        inside.pop()
        return together

    with httpx.Client(base_url=api.base_url) as client:
        found: list[int] = []
        threads = [threading.Thread(target=lambda: found.append(client.get("/slow").json())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [1] * 8
