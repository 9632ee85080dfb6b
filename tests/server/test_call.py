"""Calls over real HTTP: the cells of the registry, in order, each on its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.config import load
from revalign_udf.functions import call_cell, registry, session
from revalign_udf.jobs import build, pull
from revalign_udf.metrics import METRICS
from revalign_udf.server import MAX_BODY, MAX_CALLS, SNAPSHOT_HEADER

CALLS: list[tuple[str, list[Any]]] = [
    ("REVALIGN.CAC", [100, 200, 3]),
    ("revalign_cac", [[[100.5, 200]], 0, 7]),
    ("CAC", [1, 2, 0]),
    ("NRR", [[[100], [50], [50]], [[120], [0], [40]]]),
    ("ATTRIBUTION", ["linear", ["2026-01-01", "2026-01-02"], ["mail", "web"], 100]),
    ("NO_SUCH", []),
    ("CAC", ["#N/A", 1, 1]),
    ("REVALIGN.METRIC", ["mrr", "2026-01"]),
    ("REVALIGN.METRIC", ["mrr", "2026-01", None, "segment", "smb"]),
    ("REVALIGN.METRIC", ["nnr", "2026-01"]),
    ("REVALIGN.METRIC", ["revenue", "2026-01"]),
    ("REVALIGN.METRIC", ["mrr", "2026-01", "2020-01-01"]),
    ("REVALIGN.SERIES", ["mrr", "2026-01", "2026-03"]),
    ("REVALIGN.TABLE", [["mrr", "logo_churn"], ["2026-01", "2026-02"], "segment"]),
    ("REVALIGN.EXPLAIN", ["nrr", "2026-02"]),
    ("REVALIGN.PERIOD", ["LAST_MONTH"]),
    ("REVALIGN.LIST", ["segment"]),
    ("REVALIGN.DEFINE", ["nrr"]),
]


def batch(calls: list[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
    return [{"id": f"c{place}", "function": name, "arguments": a} for place, (name, a) in enumerate(calls)]


def in_this_process(project: Path, calls: list[tuple[str, list[Any]]]) -> list[Any]:
    """The same calls without the server; asked after it, because the door is one per process."""
    session.use(project)
    try:
        return [json.loads(json.dumps(call_cell(name, arguments))) for name, arguments in calls]
    finally:
        session.use(None)


def test_every_answer_is_the_cell_of_the_registry(client: Any, project: Path) -> None:
    answer = client.post(batch(CALLS))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers[SNAPSHOT_HEADER] == "2026-03-31#1"
    found = answer.json()
    assert [item.pop("id") for item in found] == [f"c{place}" for place in range(len(CALLS))]
    assert found == in_this_process(project, CALLS)
    cells = [item.get("cell", item.get("error")) for item in found]
    assert cells[0] == 100
    assert cells[7:9] == [150, 100]
    assert cells[2] == "#DIV/0!"
    assert cells[5] == "#NAME?"
    assert "Did you mean nrr?" in found[9]["message"]
    assert found[11]["message"].startswith("REV-206")


def test_every_metric_is_the_same_double_as_in_python(client: Any, project: Path) -> None:
    calls: list[tuple[str, list[Any]]] = [("METRIC", [name, "2026-02"]) for name in METRICS]
    found = client.post(batch(calls)).json()
    assert [{name: item[name] for name in item if name != "id"} for item in found] == in_this_process(project, calls)


def test_one_bad_call_never_fails_the_others(client: Any) -> None:
    good = {"id": 7, "function": "CAC", "arguments": [1, 2, 3]}
    bad: list[Any] = [
        None, 5, "CAC", [], {}, {"id": 1}, {"id": 1, "function": 4, "arguments": []},
        {"id": 1, "function": "CAC", "arguments": 100}, {"id": 1, "function": "CAC", "arguments": [{"a": 1}, [[[[]]]], True]},
        {"id": [1], "function": "CAC", "arguments": [1, 2, 3]}, {"id": 1.5, "function": "CAC", "arguments": [1, 2, 3]},
        {"id": 1, "function": "\ud800", "arguments": ["\ud800"]}, {"id": 1, "function": "CAC"},
        {"id": 1, "function": "CAC", "arguments": [10**400, 1, 1]},
    ]  # fmt: skip
    found = client.post([good, *bad, good]).json()
    assert len(found) == len(bad) + 2
    assert found[0] == found[-1] == {"id": 7, "cell": 1.0}
    for item in found[1:-1]:
        assert set(item) == {"id", "error", "message"}
        assert item["error"].startswith("#")
        assert item["message"].startswith("REV-")
    assert client.post([]).json() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[NaN]",
        b"[1e999]",
        b"[" * 100_000,
        b'{"id": 1}',
        b'"CAC"',
        b"[" + b"9" * 9_999 + b"]",
    ],
    ids=["empty", "cut", "no text", "NaN", "infinite", "deep", "object", "text", "long"],
)
def test_what_is_no_batch_is_refused_with_a_code(client: Any, body: bytes) -> None:
    answer = client.post(body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == answer.json()["status"] == "REV-102"
    assert client.call("CAC", 1, 2, 3) == {"cell": 1.0}


def test_limits(client: Any) -> None:
    many = batch([("CAC", [1, 2, 3])] * (MAX_CALLS + 1))
    answer = client.post(many)
    assert (answer.status_code, answer.json()["status"]) == (413, "REV-102")
    assert "10,000" in answer.json()["error"]["hint"]
    assert len(client.post(many[:-1]).json()) == MAX_CALLS
    answer = client.post(b"[" + b" " * MAX_BODY + b"]")
    assert (answer.status_code, answer.json()["status"]) == (413, "REV-102")
    assert "5 MB" in answer.json()["error"]["hint"]


def test_a_thousand_cells_in_one_request(client: Any) -> None:
    names = ("mrr", "nrr", "logo_churn", "customers")
    months = ("2026-01", "2026-02")
    calls = [("METRIC", [names[i % 4], months[i % 2], None, "segment", ("SMB", "ENT")[i // 500]]) for i in range(1_000)]
    client.post(batch(calls))
    found = client.post(batch(calls)).json()
    assert len(found) == 1_000
    assert found[0] == {"id": "c0", "cell": 100.0}


def test_a_new_snapshot_is_read_at_the_next_batch(serving: Any, tables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "revalign.toml").write_text('[source.files]\nconnector = "csv"\npath = "data"\n')
    with serving(tmp_path) as client:
        health = client.get("/health").json()
        assert (health["status"], health["snapshot"], health["as_of"]) == ("REV-205", None, None)
        assert "revalign run" in health["message"]
        answer = client.post(batch([("CAC", [1, 2, 3]), ("METRIC", ["mrr", "2026-01"])]))
        assert SNAPSHOT_HEADER not in answer.headers
        assert answer.json()[0]["cell"] == 1
        assert answer.json()[1]["error"] == "#N/A"
        assert answer.json()[1]["message"].startswith("REV-205")

        (tmp_path / "data").mkdir()
        for name, text in tables.items():
            (tmp_path / "data" / f"{name}.csv").write_text(
                text.replace("-\n", "\n").replace(" ", ",").replace(",-,", ",,")
            )
        project = load(tmp_path)
        pull(project)
        build(project)
        first = client.get("/health").json()
        assert first["status"] == "ok"
        assert first["as_of"] == first["snapshot"].partition("#")[0]
        assert client.call("METRIC", "mrr", "2026-01") == {"cell": 150.0}

        path = tmp_path / "data" / "subscription_item_period.csv"
        path.write_text(path.read_text().replace(",100,", ",180,"))
        pull(project)
        build(project)
        answer = client.post(batch([("METRIC", ["mrr", "2026-01"])]))
        assert answer.headers[SNAPSHOT_HEADER] not in ("", first["snapshot"])
        assert answer.json()[0]["cell"] == 230
        (project.snapshots / "current").unlink()
        assert client.get("/health").json()["status"] == "REV-205"
        assert client.call("METRIC", "mrr", "2026-01")["error"] == "#N/A"


def test_the_list_of_functions(client: Any) -> None:
    found = {item["name"]: item for item in client.get("/v1/functions").json()}
    assert list(found) == [f"REVALIGN.{name}" for name in registry()]
    cac = found["REVALIGN.CAC"]
    assert [argument["name"] for argument in cac["arguments"]] == [
        "sales_expense",
        "marketing_expense",
        "new_customers",
    ]
    assert cac["snapshot"] is False
    assert found["REVALIGN.METRIC"]["snapshot"] is True
    assert all(argument["help"] for item in found.values() for argument in item["arguments"])
