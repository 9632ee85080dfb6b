import threading
from collections.abc import Callable
from contextlib import suppress

import gspread
import pytest
import requests
from gspread.exceptions import APIError

from revalign_udf.localsheets import LocalSheets

Connect = Callable[..., gspread.Client]


def test_statuses_after_some_calls_and_for_some_calls(server: LocalSheets, tab: gspread.Worksheet) -> None:
    fault = server.faults.add("GET .*/values/", status=503, after=1, times=2, headers={"Retry-After": "3"})
    tab.get("A1")
    for _ in range(2):
        with pytest.raises(APIError) as caught:
            tab.get("A1")
        assert caught.value.response.headers["Retry-After"] == "3"
    tab.get("A1")
    assert fault.hits == 2


def test_dropped_before_nothing_is_written_dropped_after_it_is(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.faults.add("PUT", drop=True)
    with pytest.raises(requests.ConnectionError):
        tab.update([[1]], "A1")
    assert tab.get("A1") == [[]]
    server.faults.add("PUT", drop_after_commit=True)
    with pytest.raises(requests.ConnectionError):
        tab.update([[1]], "A1")
    assert tab.get("A1") == [["1"]]
    assert [call.status for call in server.writes()] == [0, 0]


def test_a_reply_cut_short_was_carried_out(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.faults.add("PUT", truncate=True)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        tab.update([[1]], "A1")
    assert tab.get("A1") == [["1"]]


def test_an_error_page_in_place_of_json(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.faults.error_page("GET")
    with pytest.raises(APIError) as caught:
        tab.get("A1")
    assert caught.value.response.status_code == 502
    assert caught.value.response.headers["Content-Type"].startswith("text/html")
    server.faults.add("GET", text="<html>captive portal</html>")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        tab.get("A1")


def test_a_token_that_ends_mid_run_is_renewed_by_the_real_client(server: LocalSheets, tab: gspread.Worksheet) -> None:
    server.calls.clear()
    server.faults.add("PUT", expire=True)
    tab.update([[1]], "A1")
    assert [(call.path == "/token", call.status) for call in server.calls] == [(False, 401), (True, 200), (False, 200)]


def test_slow_replies_time_out_at_the_client(server: LocalSheets, tab: gspread.Worksheet) -> None:
    tab.client.set_timeout(0.2)
    server.faults.add("PUT", delay=0.6)
    with pytest.raises(requests.Timeout):
        tab.update([[1]], "A1")


def test_hooks_run_before_and_after_each_call_until_taken_away(server: LocalSheets, tab: gspread.Worksheet) -> None:
    seen: list[tuple[str, str, bool]] = []
    stop = server.faults.on_call(
        lambda when, call: seen.append((when, call.split()[0], server.book(tab.spreadsheet_id).grid("Sheet1") != []))
    )
    tab.update([[1]], "A1")
    stop()
    tab.get("A1")
    assert seen == [("before", "PUT", False), ("after", "PUT", True)]


@pytest.mark.parametrize(("when", "written"), [("before", False), ("after", True)])
def test_a_call_is_held_while_another_goes_through(
    server: LocalSheets, connect: Connect, when: str, *, written: bool
) -> None:
    key = server.create("Book")
    one, two = (connect().open_by_key(key).sheet1 for _ in range(2))
    held = server.faults.hold("PUT", when="after" if when == "after" else "before")
    thread = threading.Thread(target=one.update, args=([["one"]], "A1"))
    thread.start()
    assert held.wait()
    if when == "before":
        assert two.acell("A1").value is None
    two.update([["two"]], "A1")
    held.release()
    thread.join(10)
    assert two.acell("A1").value == ("two" if written else "one")


def test_closing_lets_go_of_calls_that_are_held() -> None:
    def call() -> None:
        # answered or cut off: a server that is closing owes no answer, only an end
        with suppress(requests.ConnectionError):
            requests.get(server.base_url, timeout=10)

    with LocalSheets() as server:
        held = server.faults.hold("GET")
        thread = threading.Thread(target=call)
        thread.start()
        assert held.wait()
    thread.join(10)
    assert not thread.is_alive()


def test_many_threads_each_hit_counts_once(server: LocalSheets) -> None:
    fault = server.faults.add("GET", status=503, times=5)
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(requests.get(server.base_url, timeout=10).status_code))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(codes) == [200] * 7 + [503] * 5
    assert fault.hits == 5
