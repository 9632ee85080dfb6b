"""When a call is made again, how long is waited before, and what ends it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from revalign_udf.connector import Context
from revalign_udf.connector.http import Http, Limits, Reply, Throttled
from revalign_udf.connector.http.limits import Pace, backoff, retry_after
from revalign_udf.errors import Fatal, Retriable
from revalign_udf.testing import FakeApi

Connect = Callable[..., Http]
Waits = Callable[[Http], list[float]]
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_a_passing_failure_is_tried_again(status: Any, api: FakeApi, connect: Connect, waits: Waits) -> None:
    api.route("GET", "/x")(lambda _call: {"a": 1})
    api.faults.add(status=status, times=3)
    http = connect()
    assert http.get("/x").json == {"a": 1}
    assert len(api.calls) == 4
    for attempt, seconds in enumerate(waits(http)):
        assert 2**attempt / 2 <= seconds <= 2**attempt


def test_six_tries_then_the_pull_may_come_again(api: FakeApi, connect: Connect) -> None:
    api.faults.add(status=503, json={"message": "maintenance"}, times=99)
    with pytest.raises(Retriable, match="maintenance") as caught:
        connect().get("/x")
    assert caught.value.code == "REV-505"
    assert len(api.calls) == 6
    assert "Pull again" in caught.value.hint


@pytest.mark.parametrize("status", [501, 505])
def test_what_the_server_can_never_do_is_final(status: Any, api: FakeApi, connect: Connect) -> None:
    api.faults.add(status=status, times=9)
    with pytest.raises(Fatal):
        connect().get("/x")
    assert len(api.calls) == 1


def test_retry_after_in_seconds_is_waited(api: FakeApi, connect: Connect, waits: Waits) -> None:
    api.route("GET", "/x")(lambda _call: {})
    api.faults.add(status=429, headers={"Retry-After": "7"})
    api.faults.add(status=503, headers={"Retry-After": "120"})
    http = connect()
    http.get("/x")
    assert waits(http) == [7, 120]


def test_retry_after_as_a_date_counts_from_the_servers_own_clock(api: FakeApi, connect: Connect, waits: Waits) -> None:
    # our clock is an hour ahead of the server's: by it the date has passed
    api.route("GET", "/x")(lambda _call: {})
    dates = {
        "Date": format_datetime(NOW, usegmt=True),
        "Retry-After": format_datetime(NOW + timedelta(seconds=40), usegmt=True),
    }
    api.faults.add(status=429, headers=dates)
    http = connect(context={"clock": lambda: NOW + timedelta(hours=1)})
    http.get("/x")
    assert waits(http) == [40]


def test_a_retry_after_date_without_the_servers_clock_counts_from_ours_and_a_past_one_is_now(
    api: FakeApi, connect: Connect, waits: Waits
) -> None:
    api.route("GET", "/x")(lambda _call: {})
    for seconds in (25, -3600):
        moment = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
        api.faults.add(status=429, headers={"Retry-After": moment})
    http = connect(context={"clock": lambda: NOW})
    http.get("/x")
    assert waits(http) == [25, 0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 30 Sep 2026 12:00:09 GMT", "date": "nonsense"}, 9),
        ({"x-ratelimit-reset": "12"}, 12),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}, 30),
        ({"x-ratelimit-reset": str((int(NOW.timestamp()) + 30) * 1000)}, 30),
        ({"x-ratelimit-reset": "1"}, 1),
        ({"ratelimit-reset": "4", "x-ratelimit-reset": ""}, 4),
        ({"retry-after": "2", "x-ratelimit-reset": "50"}, 2),
        ({}, None),
    ],
)
def test_what_a_reply_asks_to_wait(headers: Any, seconds: Any) -> None:
    assert retry_after(headers, NOW) == seconds


def test_a_longer_wait_than_the_limit_ends_the_stream_and_says_when_to_come_again(
    api: FakeApi, connect: Connect, waits: Waits
) -> None:
    api.faults.add(status=429, headers={"Retry-After": "3600"})
    http = connect(context={"clock": lambda: NOW})
    with pytest.raises(Retriable, match="2026-09-30 13:00 UTC") as caught:
        http.get("/x")
    assert caught.value.retry_after == 3600
    assert len(api.calls) == 1
    assert waits(http) == []


def test_a_wait_beyond_the_calendar_is_said_too(api: FakeApi, connect: Connect) -> None:
    api.faults.add(status=429, headers={"Retry-After": "9" * 15})
    with pytest.raises(Retriable, match="much later"):
        connect().get("/x")


def test_a_403_that_says_when_to_come_again_is_a_limit(api: FakeApi, connect: Connect, waits: Waits) -> None:
    api.route("GET", "/x")(lambda _call: {})
    api.faults.add(status=403, headers={"Retry-After": "3"})
    http = connect()
    http.get("/x")
    assert waits(http) == [3]


def test_a_throttle_in_the_body_of_a_200_is_waited_for(api: FakeApi, connect: Connect, waits: Waits) -> None:
    api.route("GET", "/x")(lambda _call: {"success": True})
    api.faults.add(json={"success": False, "code": 606}, times=2)

    def judge(reply: Reply) -> None:
        if not reply.json["success"]:
            raise Throttled("max rate exceeded", after=20 if reply.json["code"] == 606 else None)

    http = connect(judge=judge)
    assert http.get("/x").json == {"success": True}
    assert waits(http) == [20, 20]
    api.faults.add(json={"success": False, "code": 607}, times=99)
    with pytest.raises(Retriable, match="shop: max rate exceeded"):
        http.get("/x")


def test_dropped_connections_are_tried_again_then_retriable(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {"a": 1})
    api.faults.add(drop=True, times=2)
    http = connect()
    assert http.get("/x").json == {"a": 1}
    api.faults.add(drop=True, times=99)
    with pytest.raises(Retriable, match="cut off"):
        http.get("/x")


def test_a_server_that_is_silent_is_given_up_after_the_time_out(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {"a": 1})
    api.faults.add(delay=0.5)
    http = connect(limits=Limits(timeout=0.1, tries=1))
    begun = time.monotonic()
    with pytest.raises(Retriable, match=r"no answer within 0\.1 seconds"):
        http.get("/x")
    assert time.monotonic() - begun < 0.45
    assert http.get("/x").json == {"a": 1}


def test_nobody_listening_is_retriable_and_names_the_host(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    http = connect(base_url=f"http://127.0.0.1:{port}", limits=Limits(tries=2))
    with pytest.raises(Retriable, match=r"127\.0\.0\.1 cannot be reached") as caught:
        http.get("/x")
    assert "base_url" in caught.value.hint


def test_a_search_by_post_is_repeated_and_a_post_that_makes_something_is_not(api: FakeApi, connect: Connect) -> None:
    api.route("POST", "/x")(lambda _call: {"a": 1})
    http = connect()
    api.faults.add(status=500)
    api.faults.add(drop=True)
    assert http.post("/x", {}).json == {"a": 1}
    assert len(api.calls) == 3
    faults: list[dict[str, Any]] = [{"status": 500}, {"drop": True}, {"cut": 3}]
    for fault in faults:
        api.faults.add(**fault)
        before = len(api.calls)
        with pytest.raises(Retriable):
            http.post("/x", {}, idempotent=False)
        assert len(api.calls) == before + 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_post_that_makes_something_is_repeated_where_it_was_certainly_not_carried_out(
    status: Any, api: FakeApi, connect: Connect
) -> None:
    api.route("POST", "/x")(lambda _call: {"a": 1})
    api.faults.add(status=status, times=2)
    assert connect().post("/x", {}, idempotent=False).json == {"a": 1}
    assert len(api.calls) == 3


def test_a_post_is_repeated_when_no_connection_came_about(connect: Connect, waits: Waits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    http = connect(base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(Retriable, match="cannot be reached"):
        http.post("/x", {}, idempotent=False)
    assert len(waits(http)) == 5


def test_a_cancelled_pull_makes_no_further_call(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {})
    stopped: list[int] = []
    http = connect(context={"cancelled": lambda: bool(stopped)})
    http.get("/x")
    stopped.append(1)
    with pytest.raises(Retriable, match="stopped"):
        http.get("/x")
    assert len(api.calls) == 1


def test_a_pull_cancelled_while_it_waits_stops_at_once(api: FakeApi) -> None:
    stopped: list[int] = []
    api.faults.add(status=503, headers={"Retry-After": "200"}, then=lambda: stopped.append(1), times=9)
    ctx = Context("shop", {"base_url": api.base_url}, cancelled=lambda: bool(stopped))
    begun = time.monotonic()
    with pytest.raises(Retriable, match="stopped"):
        ctx.http().get("/x")
    assert time.monotonic() - begun < 5
    ctx.close()


def test_the_pace_is_kept_and_shared_by_threads(api: FakeApi) -> None:
    api.route("GET", "/x")(lambda _call: {})
    moments: list[float] = []
    lock = threading.Lock()

    ctx = Context("shop", {"base_url": api.base_url})
    with Http(ctx, api.base_url, limits=Limits(per_second=50)) as http:

        def work() -> None:
            for _ in range(4):
                http.get("/x")
                with lock:
                    moments.append(time.monotonic())

        begun = time.monotonic()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # 16 calls at 50 per second: the last one may not begin before 15/50 s
    assert max(moments) - begun >= 0.3
    assert len(api.calls) == 16


def test_turns_are_at_even_distances_and_rest_is_not_saved_up() -> None:
    now = [100.0]
    pace = Pace(4, lambda: now[0])
    assert [pace.turn() for _ in range(3)] == [0, 0.25, 0.5]
    now[0] = 200.0
    assert [pace.turn() for _ in range(2)] == [0, 0.25]
    assert Pace(0).turn() == 0


def test_the_backoff_doubles_and_stays_below_a_minute() -> None:
    for attempt in range(1, 2000, 7):
        assert min(60, 2.0 ** min(attempt - 1, 10)) / 2 <= backoff(attempt) <= 60
