"""How much may be asked, from where, in which space; and what the server tells of itself."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from revalign_udf.server import MAX_BODY, SNAPSHOT_HEADER
from revalign_udf.server.guard import Failures

ORIGIN = "https://addin.example.com"
CAC = {"id": 1, "function": "CAC", "arguments": [1, 2, 3]}
ASSETS = {"pane.html": ("text/html", b"<!doctype html>"), "client.js": ("text/javascript", b"export {};")}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, tables: dict[str, str]) -> Path:
    from revalign_udf.testing import project_of

    folder = tmp_path_factory.mktemp("sample")
    more = {**tables, "subscription_item_period": tables["subscription_item_period"].replace(" 100 ", " 777 ")}
    project_of(folder, more, through="2026-02-28").close()
    return folder


@pytest.fixture(scope="module")
def open_to_one(serving: Any, project: Path, demo: Path) -> Any:
    with serving(project, demo=demo, origins=[ORIGIN], assets=ASSETS) as found:
        yield found


def preflight(client: Any, origin: str, path: str = "/v1/call", **more: str) -> requests.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", **more}
    return requests.options(f"{client.base_url}{path}", headers=headers, timeout=10)


@pytest.mark.parametrize("path", ["/v1/call", "/v1/edition", "/metrics"])
def test_a_named_origin_may_ask_and_needs_the_token_all_the_same(open_to_one: Any, path: str) -> None:
    told = preflight(open_to_one, ORIGIN, path)
    assert (told.status_code, told.content) == (204, b"")
    assert told.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "authorization" in told.headers["Access-Control-Allow-Headers"].lower()
    assert "Origin" in told.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in told.headers
    assert "Access-Control-Allow-Private-Network" not in told.headers
    refused = open_to_one.get(path, token=None, headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN  # so that the page can read why


def test_an_answer_to_a_named_origin_shows_what_it_rests_on(open_to_one: Any) -> None:
    answer = open_to_one.post([CAC], headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert SNAPSHOT_HEADER in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "https://addin.example.com.evil.example", "http://addin.example.com", "*",
               "https://ADDIN.example.com/"]
)  # fmt: skip
def test_no_other_origin_is_let_in(open_to_one: Any, origin: str) -> None:
    assert preflight(open_to_one, origin).status_code == 401
    for answer in (preflight(open_to_one, origin), open_to_one.post([CAC], headers={"Origin": origin})):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert "Origin" in answer.headers["Vary"]


def test_a_browser_that_asks_about_loopback_is_told_yes_for_named_origins_only(open_to_one: Any) -> None:
    asked = {"Access-Control-Request-Private-Network": "true"}
    assert preflight(open_to_one, ORIGIN, **asked).headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Access-Control-Allow-Private-Network" not in preflight(open_to_one, "https://x.example", **asked).headers
    assert preflight(open_to_one, ORIGIN, Host="elsewhere.example").status_code == 403


def test_fifty_megabytes_are_refused_by_what_they_announce(client: Any) -> None:
    """Before any of it is read: at once, and without holding any of it."""
    port = int(client.base_url.rpartition(":")[2])
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        head = "POST /v1/call HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a-token-for-tests\r\n"
        line.sendall(f"{head}Content-Length: {50 * 1024 * 1024}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(4096), b""))  # until the server hangs up
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"REV-102" in answer
    assert time.perf_counter() - began < 2


def test_fifty_megabytes_that_announce_nothing_are_cut_off_with_bounded_memory(client: Any) -> None:
    port = int(client.base_url.rpartition(":")[2])
    process = psutil.Process()
    before = process.memory_info().rss
    piece = b"[" + b" " * (256 * 1024)
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        head = "POST /v1/call HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a-token-for-tests\r\n"
        line.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        try:
            while sent < 50 * 1024 * 1024:
                line.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < 25 * 1024 * 1024, "the server stopped listening"
    assert process.memory_info().rss - before < 60 * 1024 * 1024
    assert client.call("CAC", 1, 2, 3) == {"cell": 1.0}


@pytest.mark.parametrize("length", ["-1", "many", "5242881"])
def test_odd_lengths_are_refused(client: Any, length: str) -> None:
    port = int(client.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(f"POST /v1/call HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode())
        assert line.recv(4096).split(b" ")[1] in (b"400", b"413")
    assert MAX_BODY == 5_242_880


def test_more_arguments_than_excel_passes_fail_their_own_call_only(client: Any) -> None:
    many = {"id": 2, "function": "METRIC", "arguments": ["mrr", "2026-01", None, *["a"] * 300]}
    found = client.post([CAC, many]).json()
    assert found[0] == {"id": 1, "cell": 1.0}
    assert found[1]["message"].startswith("REV-102 303 arguments")


def test_questions_wait_for_their_turn_up_to_a_number_and_are_told_to_come_again_above_it(client: Any) -> None:
    with ThreadPoolExecutor(80) as many:
        with client.app.state.desks["live"]._gate:
            asked = [many.submit(client.post, [CAC]) for _ in range(80)]
            while sum(one.done() for one in asked) < 80 - 64:
                time.sleep(0.01)
        answers = [one.result() for one in asked]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) == 80 - 64
    assert {(answer.json()["status"], answer.headers["Retry-After"]) for answer in refused} == {("REV-408", "1")}
    assert all(answer.json() == [{"id": 1, "cell": 1.0}] for answer in answers if answer.status_code != 503)


def test_a_token_that_failed_often_is_not_looked_at_again_and_others_are(client: Any) -> None:
    answers = [client.post([CAC], token="stolen-and-revoked") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert {answer.json()["status"] for answer in answers} == {"REV-401"}
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert client.post([CAC]).status_code == 200
    assert client.post([CAC], token="another").status_code == 401


def test_failures_are_forgotten_in_time_and_never_fill_the_memory() -> None:
    seen = Failures(most=2, seconds=0.05, room=100)
    for index in range(1_000):
        seen.add(str(index).encode())
    assert len(seen._seen) == 100
    seen.add(b"one")
    assert seen.blocked(b"one") == 0
    seen.add(b"one")
    assert seen.blocked(b"one") == 1
    time.sleep(0.06)
    assert seen.blocked(b"one") == 0


def test_two_spaces_side_by_side(open_to_one: Any) -> None:
    ask = [{"id": 1, "function": "METRIC", "arguments": ["mrr", "2026-01"]}]
    live, demo = open_to_one.post(ask), open_to_one.post(ask, headers={"Revalign-Space": "demo"})
    assert (live.json()[0]["cell"], live.headers[SNAPSHOT_HEADER]) == (150, "2026-03-31#1")
    assert (demo.json()[0]["cell"], demo.headers[SNAPSHOT_HEADER]) == (827, "2026-02-28#1")
    assert live.headers["Revalign-Edition"] != demo.headers["Revalign-Edition"]
    looked = open_to_one.get("/v1/edition", headers={"Revalign-Space": "demo"})
    assert looked.json()["snapshot"] == looked.headers[SNAPSHOT_HEADER] == "2026-02-28#1"
    assert looked.json()["edition"] == looked.headers["Revalign-Edition"] == demo.headers["Revalign-Edition"]


def test_a_space_that_is_not_there_is_never_answered_from_another(client: Any) -> None:
    answer = client.post([CAC], headers={"Revalign-Space": "demo"})
    assert (answer.status_code, answer.json()["status"]) == (404, "REV-101")


@pytest.mark.parametrize(("dates", "cell"), [("iso", "2026-02-01"), ("serial", 46054), ("marked", {"date": 46054})])
def test_dates_as_asked_for(client: Any, dates: str, cell: Any) -> None:
    headers = {"Authorization": "Bearer a-token-for-tests"}
    body = [
        {"id": 1, "function": "PERIOD", "arguments": ["LAST_MONTH"]},
        CAC,
        {"id": 2, "function": "LIST", "arguments": ["segment"]},
    ]
    answer = requests.post(f"{client.base_url}/v1/call?dates={dates}", json=body, headers=headers, timeout=30)
    assert answer.json() == [
        {"id": 1, "cell": cell},
        {"id": 1, "cell": 1.0},
        {"id": 2, "cell": [["ENT"], ["SMB"], ["(none)"]]},
    ]
    odd = requests.post(f"{client.base_url}/v1/call?dates=lunar", json=body, headers=headers, timeout=30)
    assert (odd.status_code, odd.json()["status"]) == (400, "REV-102")


def test_files_of_the_add_in_need_no_token_and_hold_no_number(open_to_one: Any, client: Any) -> None:
    answer = open_to_one.get("/addin/pane.html", token=None)
    assert (answer.status_code, answer.content) == (200, b"<!doctype html>")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = open_to_one.get("/addin/pane.html", token=None, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for path in ("/addin/", "/addin/none.js", "/addin/../v1/functions", "/addin/%2e%2e%2fhealth"):
        assert open_to_one.get(path, token=None).status_code in (401, 404)
    assert client.get("/addin/pane.html", token=None).status_code == 404


def test_figures_for_prometheus(serving: Any, project: Path) -> None:
    with serving(project) as client:
        client.post([CAC, {**CAC, "arguments": [1, 2, 0]}, {**CAC, "function": 'no"such\n'}])
        client.post([CAC], token="wrong")
        client.get("/v1/" + "x" * 500)
        assert client.get("/metrics", token=None).status_code == 401
        answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert lines['revalign_requests_total{path="/v1/call",status="200"}'] == "1"
    assert lines['revalign_requests_total{path="/v1/call",status="401"}'] == "1"
    assert lines['revalign_requests_total{path="other",status="404"}'] == "1"
    assert lines['revalign_calls_total{function="CAC"}'] == "1"
    assert lines['revalign_call_errors_total{code="REV-110"}'] == "1"
    assert lines['revalign_call_errors_total{code="REV-101"}'] == "1"
    assert lines['revalign_request_seconds_bucket{path="/v1/call",le="+Inf"}'] == "2"
    assert lines["revalign_sign_in_failures_total"] == "2"
    assert lines['revalign_snapshot_published{space="live"}'] == "1"
    assert float(lines['revalign_snapshot_age_seconds{space="live"}']) > 0
    assert "such" not in answer.text
    assert "xxx" not in answer.text
