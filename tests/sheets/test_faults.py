"""Networks, quotas and front ends that fail in the middle of a sync: the sheet ends right and nothing stands twice, or a
coded error says so and nothing was changed. The real client, with its own retries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from beside import campaign

from revalign_udf.errors import Retriable, RevalignError
from revalign_udf.localsheets import LocalSheets, Quota
from revalign_udf.sheets import GoogleSpreadsheet, Options, Retry, make_plan, open_spreadsheet, sync_report
from revalign_udf.sheets.bucket import Bucket
from revalign_udf.sheets.client import Refused
from revalign_udf.sheets.memory import BlockMemory, Memory
from revalign_udf.sheets.packing import STAGE_TITLE
from revalign_udf.sheets.target import SheetTarget

from .conftest import BRIDGE, QUICK, Opener, bridge, customers, report
from .test_packing import MANY, STORM
from .test_sync import comparable

LATER = report(bridge(BRIDGE | {"2026-02": (1250.5, 7.0, 0.9), "2026-04": (5.0, 6.0, 0.5)}), customers("Bob", "Cyd"))


@dataclass
class Clock:
    """Time that passes only while somebody waits."""

    now: float = 1_000_000.0
    slept: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


@pytest.fixture
def straight(server: LocalSheets, opener: Opener) -> dict[str, Any]:
    """What an undisturbed change leaves."""
    there = opener(server.create("Straight"))
    sync_report(there, report())
    sync_report(there, LATER)
    return comparable(server.book(there.key))


def change(client: GoogleSpreadsheet, server: LocalSheets, straight: dict[str, Any]) -> None:
    """The same change, disturbed: it must end the same, and be done."""
    sync_report(client, LATER, retry=QUICK)
    assert comparable(server.book(client.key)) == straight
    server.faults.clear()
    assert make_plan(client, LATER).empty


READ, WRITE = "GET /v4", "atchUpdate"
#: what strikes, where, and how many writing calls arrive at the server
STRIKES: dict[str, tuple[str, dict[str, Any], int]] = {
    "a dropped read": (READ, {"drop": True}, 1),
    "half a read": (READ, {"truncate": True}, 1),
    "a page in place of a read": (READ, {"text": "<html>Sign in</html>", "times": 2}, 1),
    "500 at a read": (READ, {"status": 500, "times": 3}, 1),
    "503 with a page at a read": (READ, {"status": 503, "text": "<html>busy</html>"}, 1),
    "429 at a read": (READ, {"status": 429, "times": 2}, 1),
    "a dropped write": (WRITE, {"drop": True}, 2),
    "a write without its answer": (WRITE, {"drop_after_commit": True}, 1),
    "half the answer of a write": (WRITE, {"truncate": True}, 1),
    "a page in place of a write's answer": (WRITE, {"text": "<html>Oops</html>"}, 1),
    "an empty answer to a write": (WRITE, {"text": ""}, 1),
    "500 at a write": (WRITE, {"status": 500}, 2),
    "502 with a page at a write": (WRITE, {"status": 502, "text": "<html>502</html>"}, 2),
    "503 twice at a write": (WRITE, {"status": 503, "times": 2}, 3),
    "429 at a write": (WRITE, {"status": 429, "times": 3}, 4),
    "429 at a write that says when": (WRITE, {"status": 429, "headers": {"Retry-After": "7"}}, 2),
    "a token that expires at a read": (READ, {"expire": True, "after": 1}, 1),
    "a token that expires at the write": (WRITE, {"expire": True}, 2),
}


@pytest.mark.parametrize("strike", STRIKES)
def test_a_sync_goes_on(server: LocalSheets, client: GoogleSpreadsheet, straight: dict[str, Any], strike: str) -> None:
    where, what, arrive = STRIKES[strike]
    sync_report(client, report())
    server.calls.clear()
    fault = server.faults.add(where, **what)
    change(client, server, straight)
    assert fault.hits == what.get("times", 1)
    assert len(server.writes()) == arrive


def test_retry_after_is_waited_for(server: LocalSheets, opener: Opener, straight: dict[str, Any]) -> None:
    clock = Clock()
    client = opener(retry=Retry(sleep=clock.sleep, clock=clock, draw=lambda: 0.0))
    sync_report(client, report())
    server.faults.add(WRITE, status=429, headers={"Retry-After": "7"})
    change(client, server, straight)
    assert clock.slept == 7


@pytest.mark.parametrize("which", [READ, WRITE])
def test_an_answer_slower_than_the_patience_is_not_sent_twice(
    server: LocalSheets,
    client: GoogleSpreadsheet,
    straight: dict[str, Any],
    which: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The change is made while nobody listens any more, maybe after the sheet was read again."""
    sync_report(client, report())
    monkeypatch.setattr(client._http, "timeout", (5.0, 0.3))
    server.faults.add(which, delay=0.45)
    change(client, server, straight)


def test_a_change_that_lands_after_it_was_planned_anew_is_refused(
    server: LocalSheets, client: GoogleSpreadsheet, straight: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write hangs somewhere on the way and comes through when the second is done already."""
    sync_report(client, report())
    monkeypatch.setattr(client._http, "timeout", (5.0, 0.3))
    held = server.faults.hold(WRITE)
    sync_report(client, LATER, retry=QUICK)
    assert comparable(server.book(client.key)) == straight
    held.release()
    while server.writes()[-1].status == 200:  # the late one is answered 400
        pass
    assert comparable(server.book(client.key)) == straight
    assert make_plan(client, LATER).empty


def test_the_network_is_gone_between_plan_and_change(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report())
    before = comparable(server.book(client.key))
    server.faults.add(WRITE, drop=True, times=99)
    with pytest.raises(Retriable) as problem:
        sync_report(client, LATER, retry=QUICK)
    assert problem.value.code == "REV-505"
    assert comparable(server.book(client.key)) == before
    server.faults.clear()
    sync_report(client, LATER)
    assert make_plan(client, LATER).empty


def test_the_network_is_gone_for_good(server: LocalSheets, client: GoogleSpreadsheet) -> None:
    sync_report(client, report())
    before = comparable(server.book(client.key))
    server.faults.add("", drop=True, times=999)
    with pytest.raises(RevalignError) as problem:
        sync_report(client, LATER, retry=QUICK)
    assert problem.value.code in {"REV-505", "REV-702"}
    assert "reached" in str(problem.value)
    assert comparable(server.book(client.key)) == before


@pytest.mark.parametrize(
    ("strike", "code"),
    [
        ({"status": 429}, "REV-505"),
        ({"status": 403, "text": "<html>blocked</html>"}, "REV-702"),
        ({"status": 413}, "REV-702"),
        ({"status": 400}, "REV-702"),
    ],
)
def test_a_write_that_is_refused_for_good_changes_nothing(
    server: LocalSheets, client: GoogleSpreadsheet, strike: dict[str, Any], code: str
) -> None:
    sync_report(client, report())
    before = comparable(server.book(client.key))
    server.faults.add(WRITE, times=99, **strike)
    with pytest.raises(RevalignError) as problem:
        sync_report(client, LATER, retry=QUICK)
    assert problem.value.code == code
    assert comparable(server.book(client.key)) == before


@pytest.mark.parametrize(
    "strike",
    [
        {"drop": True}, {"drop_after_commit": True}, {"truncate": True}, {"status": 503}, {"status": 429},
        {"text": "<html>x</html>"}, {"expire": True},
    ],
    ids=lambda strike: next(iter(strike)),
)  # fmt: skip
@pytest.mark.parametrize("at", campaign([2, 0, 1]))
def test_a_full_load_struck_at_any_call_ends_right(
    server: LocalSheets, client: GoogleSpreadsheet, strike: dict[str, Any], at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = dict(list(MANY.items())[:300])
    storm = {key: STORM[key] for key in few}
    sync_report(client, report(bridge(few)))
    monkeypatch.setattr("revalign_udf.sheets.requests.MAX_BYTES", 8_000)
    monkeypatch.setattr("revalign_udf.sheets.packing.PIECE", 500)
    monkeypatch.setattr("revalign_udf.sheets.packing.SMALL", 10_000_000)
    assert make_plan(client, report(bridge(storm))).calls == 3
    fault = server.faults.add(WRITE, after=at, **strike)
    sync_report(client, report(bridge(storm)), retry=QUICK)
    assert fault.hits == 1
    assert [row[1] for row in server.book(client.key).grid("Overview")[4:304]] == [row[0] for row in storm.values()]
    assert STAGE_TITLE not in [sheet.title for sheet in server.book(client.key).sheets]
    assert make_plan(client, report(bridge(storm))).empty


def test_the_quota_of_the_server_makes_a_sync_wait_and_go_on(
    server: LocalSheets, book_key: str, straight: dict[str, Any]
) -> None:
    """Two calls a minute: the sync comes through, told why nothing moves."""
    clock = Clock()
    server.quota = Quota(per_user=2, retry_after=True, now=clock)
    retry = Retry(sleep=clock.sleep, clock=clock, deadline=600, draw=lambda: 0.5)
    told: list[str] = []
    target = SheetTarget("team", book_key, server.key_file, server.base_url)
    with open_spreadsheet(target, retry=retry, told=told.append) as client:
        for wanted in (report(), LATER, LATER):
            sync_report(client, wanted, retry=retry)
    assert server.quota.refused > 0
    assert clock.slept > 60
    assert any("busy, trying again in" in words for words in told)
    assert comparable(server.book(book_key)) == straight


def test_a_sync_that_counts_its_own_calls_is_never_refused(
    server: LocalSheets, book_key: str, tmp_path: Path, straight: dict[str, Any]
) -> None:
    clock = Clock()
    server.quota = Quota(per_user=2, now=clock)
    bucket = Bucket("someone", folder=tmp_path, reads=2, writes=2, clock=clock, sleep=clock.sleep)
    target = SheetTarget("team", book_key, server.key_file, server.base_url)
    told: list[str] = []
    with open_spreadsheet(target, retry=QUICK, bucket=bucket, told=told.append) as client:
        for wanted in (report(), LATER, LATER):
            sync_report(client, wanted, retry=QUICK)
    assert server.quota.refused == 0
    assert told[0].startswith("waiting for the quota")
    assert comparable(server.book(book_key)) == straight


@pytest.fixture
def keeper() -> Callable[[GoogleSpreadsheet, Any], Memory]:
    """Syncs that keep a memory, one after another, as the jobs do it."""
    memory = Memory()

    def sync(client: GoogleSpreadsheet, wanted: Any) -> Memory:
        last: dict[str, BlockMemory] = {}

        def planned(plan: Any) -> None:
            memory.intend(plan.memory, {block.path for block in plan.before})
            last.update(plan.memory)

        sync_report(client, wanted, Options(memory, allow_deletes=True, stamp="now"), retry=QUICK, planned=planned)
        memory.blocks.update(last)
        return memory

    return sync


def test_an_outage_over_several_syncs_leaves_nothing_that_counts_as_entered_by_hand(
    server: LocalSheets, client: GoogleSpreadsheet, keeper: Callable[[GoogleSpreadsheet, Any], Memory]
) -> None:
    """Every change is made and no answer comes; the numbers move on from sync to sync."""
    keeper(client, report())
    for number in (2.0, 3.0, 4.0):
        server.faults.add(WRITE, drop_after_commit=True)
        server.faults.add(READ, drop=True, times=99, after=2)
        with pytest.raises(Refused):
            keeper(client, report(bridge(BRIDGE | {"2026-02": (1250.5, number, 0.9)}), customers("Ada", "Bob")))
        server.faults.clear()
    server.faults.add(WRITE, drop=True, times=99)
    with pytest.raises(Retriable):
        keeper(client, report(bridge(BRIDGE | {"2026-02": (1250.5, 5.0, 0.9)}), customers("Ada", "Bob")))
    server.faults.clear()
    keeper(client, report(bridge(BRIDGE | {"2026-02": (1250.5, 6.0, 0.9)}), customers("Ada", "Bob")))
    assert server.book(client.key).grid("Overview")[5][2] == 6.0
    assert [row[3] for row in server.book(client.key).grid("_log")[1:] if "edit" in str(row[3])] == []
