"""The client of the add-in in Node against the real server: batches, memory, failures, sign-in, spaces."""

from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.config import load as load_project
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.closing import close_period

FLAKY = load(Path(__file__).parent / "flaky.py")
SERVER = load(Path(__file__).parents[1] / "server" / "conftest.py")
CAC = ["CAC", [1, 2, 3]]


@pytest.fixture
def network(client: Any) -> Any:
    with FLAKY.flaky(client.base_url) as found:
        yield found


def test_ten_thousand_cells_in_order_in_a_few_requests_and_none_for_the_next_recalculation(
    run: Any, client: Any
) -> None:
    found = run("client.mjs", "order", base=client.base_url, count=10_000)
    assert found["right"]
    assert found["posts"] == found["requests"] == 1
    assert (found["state"], found["snapshot"]) == ("online", "2026-03-31#1")


def test_more_than_a_batch_may_hold_is_split(run: Any, client: Any) -> None:
    found = run("client.mjs", "order", base=client.base_url, count=12_000)
    assert found["right"]
    assert (found["requests"], found["largest"]) == (2, 10_000)


def test_cells_that_arrive_one_by_one_still_share_requests(run: Any, client: Any) -> None:
    found = run("client.mjs", "trickle", base=client.base_url, count=5_000)
    assert found["right"]
    assert found["requests"] <= 20


def test_equal_calls_are_one_call_in_any_spelling(run: Any, client: Any) -> None:
    assert run("client.mjs", "same", base=client.base_url) == {"all": True, "calls": [1]}


def test_a_post_stays_below_its_limit_of_bytes(run: Any, client: Any) -> None:
    found = run("client.mjs", "large", base=client.base_url, limit=20_000)
    assert found["right"]
    assert len(found["sizes"]) > 5
    assert max(found["sizes"]) <= 20_000


def test_who_takes_less_than_thought_gets_halves(run: Any, network: Any) -> None:
    network.always = "small"
    found = run("client.mjs", "large", base=network.base_url, limit=4_000_000)
    assert found["right"]
    assert network.seen.count("413") >= 2


@pytest.mark.parametrize("trouble", ["drop", "cut", "429", "502", "503", "504"])
def test_a_lost_answer_is_asked_for_again(run: Any, network: Any, trouble: str) -> None:
    network.plan = [trouble, trouble]
    found = run("client.mjs", "asked", base=network.base_url, calls=[CAC])
    assert found["found"] == [{"cell": 1}]
    assert network.seen == [trouble, trouble, "pass"]
    assert found["state"] == "online"


def test_repetitions_are_bounded_and_a_storm_does_not_wait_them_out_again(run: Any, network: Any) -> None:
    network.always = "drop"
    found = run("client.mjs", "asked", base=network.base_url, calls=[CAC, ["CAC", [4, 5, 6]]])
    assert [item["code"] for item in found["found"]] == ["REV-408", "REV-408"]
    assert [item["cell"] for item in found["found"]] == ["#N/A", "#N/A"]
    assert found["state"] == "offline"
    assert len(network.seen) == 4 + 1


def test_a_page_of_the_network_is_never_a_number(run: Any, network: Any) -> None:
    network.plan = ["page"]
    found = run("client.mjs", "asked", base=network.base_url, calls=[CAC, CAC])
    assert (found["found"][0]["code"], found["found"][0]["cell"]) == ("REV-901", "#N/A")
    assert found["found"][1] == {"cell": 1}


def test_one_good_call_among_ten_thousand_bad_ones(run: Any, client: Any) -> None:
    calls = [["CAC", ["x", index, 1]] for index in range(9_999)] + [CAC]
    found = run("client.mjs", "together", base=client.base_url, calls=calls)
    assert found["found"][-1] == {"cell": 1}
    assert {item["code"] for item in found["found"][:-1]} == {"REV-112"}
    assert {item["cell"] for item in found["found"][:-1]} == {"#VALUE!"}
    assert found["requests"] == 1


def test_canceled_before_it_is_sent_it_is_never_sent(run: Any, client: Any) -> None:
    found = run("client.mjs", "canceled", base=client.base_url)
    assert found["value"] == 1
    assert found["names"] == ["AbortError"]
    assert found["shared"] == found["sent"] == found["before"] == "AbortError"
    assert found["calls"] == [1, 1]


def test_a_token_that_is_refused_is_not_tried_again_by_every_cell(run: Any, client: Any) -> None:
    found = run("client.mjs", "refused", base=client.base_url)
    for item in (found["first"], found["second"], found["out"]):
        assert (item["code"], item["cell"]) == ("REV-401", "#N/A")
    assert (found["requests"], found["state"]) == (1, "signed-out")
    assert found["third"] == {"cell": 1}
    assert (found["after"], found["total"]) == ("signed-out", 2)


def test_two_spaces_never_share_an_answer(run: Any, client: Any) -> None:
    found = run("client.mjs", "spaces", base=client.base_url)
    assert (found["live"], found["demo"], found["again"]) == (150, 827, 150)
    assert found["label"] == "2026-02-28#1"
    assert found["requests"] == 2
    assert (found["unknown"]["code"], found["unknown"]["status"]) == ("REV-101", 404)


def test_other_requests(run: Any, client: Any) -> None:
    found = run("client.mjs", "request", base=client.base_url)
    assert found["count"] > 30
    assert (found["missing"]["code"], found["missing"]["status"]) == ("REV-101", 404)
    assert found["fresh"] is True


def test_what_is_known_is_given_without_asking_until_something_is_published(started: Any, tmp_path: Path) -> None:
    """Published, closed, and gone: the memory follows what the server says it stands on, and never runs ahead."""
    (tmp_path / "revalign.toml").write_text('[source.files]\nconnector = "csv"\npath = "data"\n')
    (tmp_path / "data").mkdir()
    for name, text in SERVER.TABLES.items():
        table = text.replace("-\n", "\n").replace(" ", ",").replace(",-,", ",,")
        (tmp_path / "data" / f"{name}.csv").write_text(table)
    project = load_project(tmp_path)

    def publish() -> None:
        pull(project)
        build(project)

    publish()
    with SERVER.served(tmp_path) as client:
        stopping = client.stop
        with started("client.mjs", "moved", base=client.base_url) as script:
            assert script.line() == {"turn": "publish"}
            path = tmp_path / "data" / "subscription_item_period.csv"
            path.write_text(path.read_text().replace(",100,", ",180,"))
            publish()
            script.go_on()
            assert script.line() == {"turn": "close"}
            close_period(project, "2026-01", "agreed")
            script.go_on()
            assert script.line() == {"turn": "stop"}
            stopping()
            script.go_on()
            found = script.line()["found"]
    assert found["first"] == found["stands"] == [150, 1]
    assert found["quiet"] == 1
    assert found["looked"] == ["/v1/edition"]
    assert found["within"] == [150, 1]
    assert found["after"] == found["closed"] == [230, 1]
    assert found["moved"] is True
    assert found["down"] == [230, 1]
    assert (found["never"]["code"], found["state"]) == ("REV-408", "offline")
    labels = [label for _, label in found["events"]]
    assert labels.index(found["label"]) > 0
    assert found["events"][-1][0] == "offline"
