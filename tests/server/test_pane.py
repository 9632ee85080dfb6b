"""What the task pane asks over HTTP: the catalogue, one answer with its marks, requests."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from revalign_udf.config import load
from revalign_udf.governance.requests import REQUESTS_FILE, attended, leave, read_requests, working
from revalign_udf.jobs import build, pull
from revalign_udf.jobs.requests import carry_out
from revalign_udf.query import Query
from revalign_udf.testing import project_of

TOKEN = "a-token-for-tests"


def post(client: Any, path: str, body: Any, **headers: str) -> requests.Response:
    with requests.Session() as asking:
        asking.trust_env = False
        return asking.post(
            client.base_url + path, data=body if isinstance(body, bytes) else json.dumps(body), timeout=60,
            headers={"Authorization": f"Bearer {TOKEN}", **headers},
        )  # fmt: skip


@pytest.fixture
def own(project: Path, tmp_path: Path, serving: Any) -> Iterator[Any]:
    """A server of a copy, whose requests and closes are its own."""
    with serving(Path(shutil.copytree(project, tmp_path / "own"))) as client:
        client.folder = tmp_path / "own"
        yield client


def test_the_catalogue_is_what_query_says(client: Any, project: Path) -> None:
    found = client.get("/v1/catalogue").json()
    query = Query.open(project)
    assert (found["status"], found["snapshot"], found["as_of"]) == ("ok", "2026-03-31#1", "2026-03-31")
    assert found["spaces"] == ["live"]
    assert sorted(one["name"] for one in found["metrics"]) == query.names("metrics")
    by_name = {one["name"]: one for one in found["metrics"]}
    for name in ("nrr", "mrr", "new_leads"):
        declared = query.declaration(name)
        one = by_name[name]
        assert (one["label"], one["unit"], one["about"], one["version"]) == (
            declared.label, declared.unit, declared.definition, declared.version,
        )  # fmt: skip
        assert tuple(one["dimensions"]) == query.dimensions(name)
    assert by_name["nrr"]["vanity"] is None
    vanity = by_name["new_leads"]["vanity"]
    assert vanity["metric"] == query.declaration("new_leads").counterpart
    assert vanity["question"].endswith("?")
    assert {one["name"] for one in found["dimensions"]} == set(query.names("dimensions"))
    query.close()


def test_periods_offered_can_be_asked_for(client: Any, project: Path) -> None:
    query = Query.open(project)
    offered = client.get("/v1/catalogue").json()["periods"]
    for one in offered:
        when = query.period(one["token"])
        assert (one["first"], one["last"]) == (str(when.start), str(when.last_day))
    labels = {one["token"]: one["label"] for one in offered}
    assert labels["2026-03"] == "March 2026"
    assert labels["2026-Q1"] == "Q1 2026"
    assert labels["LAST_N_MONTHS:12"] == "Last 12 months"
    assert not [token for token in labels if "FISCAL" in token], "the fiscal year is the calendar's"
    query.close()


def test_a_company_with_its_own_year_is_offered_it(tmp_path: Path, tables: dict[str, str], serving: Any) -> None:
    project_of(tmp_path, tables, "[company]\nfiscal_year_start = 2", through="2026-03-31").close()
    with serving(tmp_path) as client:
        labels = {one["token"]: one["label"] for one in client.get("/v1/catalogue").json()["periods"]}
    assert labels["FY27-Q1"] == "FY27 Q1"
    assert labels["FYTD"] == "Fiscal year to date"
    assert "LAST_FISCAL_QUARTER" in labels


def test_the_catalogue_is_made_once_per_snapshot(own: Any) -> None:
    first = own.get("/v1/catalogue")
    tag = first.headers["ETag"]
    assert own.get("/v1/catalogue").headers["ETag"] == tag
    same = own.get("/v1/catalogue", headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["Revalign-Snapshot"] == "2026-03-31#1"
    path = own.folder / "data" / "subscription_item_period.csv"
    path.write_text(path.read_text().replace(",100,", ",180,"))
    project = load(own.folder)
    pull(project)
    build(project)
    newer = own.get("/v1/catalogue", headers={"If-None-Match": tag})
    assert newer.status_code == 200
    assert newer.headers["ETag"] != tag
    assert newer.json()["snapshot"] == "2026-03-31#2"


def test_values_of_a_dimension(client: Any) -> None:
    assert {"ENT", "SMB"} <= set(client.get("/v1/values?dimension=segment").json()["values"])
    answer = client.get("/v1/values?dimension=segmnt")
    assert (answer.status_code, answer.json()["status"]) == (400, "REV-101")
    assert "Did you mean segment?" in answer.json()["error"]["hint"]
    for other in ("metrics", ""):
        assert client.get(f"/v1/values?dimension={other}").status_code == 400, "no dimension"


@pytest.mark.parametrize(
    "arguments",
    [
        ["mrr", "2026-01"],
        ["mrr", "2026-01", None, "segment", "smb"],
        ["mrr", 46054.0],  # the serial number of a day, as a cell hands it over
        ["nrr", "2026-02"],
        ["mrr", "2026-02", None, "compare", "previous"],
        ["mrr", "2026-02", None, "compare", "previous", "show", "share"],
        ["mrr", "2026-02", None, "show", "share"],
        ["nnr", "2026-02"],
        ["mrr", "Jan-22"],
        ["mrr", "2026-01", "2020-01-01"],
        ["revenue", "2026-01"],
        ["logo_churn", "2025-11"],
        ["retention_cohorts", "2026-01"],
        ["mrr", "2026-01", None, "profile", "stripe"],
        ["mrr", "2026-01", None, "region"],
    ],
)
def test_an_answer_is_the_cell_of_metric(client: Any, arguments: list[Any]) -> None:
    [name, period, as_of, *pairs] = [*arguments, None, None][: max(3, len(arguments))]
    asked = {"metric": name, "period": period, "as_of": as_of, "pairs": pairs}
    found = post(client, "/v1/answer", asked).json()
    cell = client.call("METRIC", *arguments)
    assert {key: found[key] for key in cell} == cell
    if "error" in cell:
        assert (
            f"{found['reason']['code']} {found['reason']['text']} {found['reason']['hint']}".strip() == cell["message"]
        )
    else:
        assert found["reason"] is None
        assert found["answer"]["metric"] == name
        assert found["answer"]["fingerprint"].startswith(name)


def test_an_answer_says_what_a_cell_cannot(own: Any) -> None:
    open_year = post(own, "/v1/answer", {"metric": "mrr", "period": "2026"}).json()
    assert open_year["answer"]["partial"] is True
    assert open_year["answer"]["message"]
    leave(own.folder, "close", {"period": "2026-02", "reason": "Board"}, "ada")
    carry_out(load(own.folder))
    closed = post(own, "/v1/answer", {"metric": "mrr", "period": "2026-02"}).json()["answer"]
    assert closed["closed"].endswith("by ada")
    vanity = post(own, "/v1/answer", {"metric": "new_leads", "period": "2026-02"}).json()["answer"]
    assert vanity["counterpart"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 5000, b'{"metric": "' + b"x" * 70_000 + b'"}'])
def test_a_body_that_is_no_question_is_refused(client: Any, body: bytes) -> None:
    for path in ("/v1/answer", "/v1/requests"):
        answer = post(client, path, body)
        assert (answer.status_code, answer.json()["status"]) == (400, "REV-102")


def test_a_request_is_left_carried_out_and_shown(own: Any) -> None:
    before = own.get("/v1/requests").json()
    assert before["requests"] == []
    assert before["attended"] is False
    assert before["months"][0] == {"period": "2026-03", "label": "March 2026", "state": "ready", "why": ""}
    asked = {"kind": "close", "period": "LAST_MONTH", "reason": "Board of April"}
    left = post(own, "/v1/requests", asked)
    assert left.status_code == 201
    assert left.json()["request"]["details"] == {"period": "2026-02", "reason": "Board of April"}
    again = post(own, "/v1/requests", {**asked, "period": "2026-02", "reason": "Another"})
    assert (again.status_code, again.json()["new"]) == (200, False)
    assert post(own, "/v1/requests", {"kind": "refresh"}).status_code == 201
    assert [one["state"] for one in own.get("/v1/requests").json()["requests"]] == ["waiting", "waiting"]
    with working(own.folder):
        assert own.get("/v1/requests").json()["attended"] is True
    carry_out(load(own.folder))
    found = own.get("/v1/requests").json()
    assert [(one["kind"], one["state"]) for one in found["requests"]] == [("refresh", "done"), ("close", "done")]
    february = found["months"][1]
    assert (february["state"], february["why"].partition(": ")[2]) == ("closed", "Board of April")


@pytest.mark.parametrize(
    ("asked", "status", "code", "text"),
    [
        ({"kind": "rebuild"}, 400, "REV-101", "Unknown kind of request"),
        ({}, 400, "REV-102", "names no kind"),
        ({"kind": "refresh", "period": "2026-02"}, 400, "REV-102", "no period"),
        ({"kind": "close", "period": "2026-02"}, 400, "REV-102", "needs a reason"),
        ({"kind": "close", "period": "2026-02", "reason": "  "}, 400, "REV-102", "needs a reason"),
        ({"kind": "close", "period": "Jan-22", "reason": "x"}, 400, "REV-101", "can mean"),
        ({"kind": "close", "reason": "x"}, 400, "REV-102", "needs a period"),
        ({"kind": "close", "period": "LTM", "reason": "x"}, 400, "REV-102", "cannot be closed"),
        ({"kind": "close", "period": "2026-04", "reason": "x"}, 409, "REV-105", "not over"),
    ],
)
def test_what_cannot_be_asked_for_leaves_nothing(
    client: Any, project: Path, asked: dict[str, str], status: int, code: str, text: str
) -> None:
    answer = post(client, "/v1/requests", asked)
    assert (answer.status_code, answer.json()["status"]) == (status, code)
    assert text in answer.json()["error"]["message"]
    assert not (project / REQUESTS_FILE).exists()


def test_a_closed_month_is_refused_at_once(own: Any) -> None:
    leave(own.folder, "close", {"period": "2026-02", "reason": "Board"}, "ada")
    carry_out(load(own.folder))
    answer = post(own, "/v1/requests", {"kind": "close", "period": "2026-02", "reason": "again"})
    assert (answer.status_code, answer.json()["status"]) == (409, "REV-105")
    assert "by ada (Board)" in answer.json()["error"]["message"]


def test_the_demo_is_read_and_never_changed(project: Path, tmp_path: Path, serving: Any) -> None:
    live = Path(shutil.copytree(project, tmp_path / "live"))
    (live / ".revalign" / "snapshots" / "current").unlink()
    with serving(live, demo=project) as client:
        nothing = client.get("/v1/catalogue").json()
        assert (nothing["status"], nothing["metrics"], nothing["spaces"]) == ("REV-205", [], ["live", "demo"])
        assert client.get("/v1/requests").json()["months"] == []
        demo = {"Revalign-Space": "demo"}
        assert client.get("/v1/catalogue", headers=demo).json()["snapshot"] == "2026-03-31#1"
        refused = post(client, "/v1/requests", {"kind": "refresh"}, **demo)
        assert (refused.status_code, refused.json()["status"]) == (409, "REV-105")
        assert post(client, "/v1/requests", {"kind": "refresh"}).status_code == 201, "without a snapshot too"
        refused = post(client, "/v1/requests", {"kind": "close", "period": "2026-02", "reason": "x"})
        assert (refused.status_code, refused.json()["status"]) == (409, "REV-205")
    assert not (project / REQUESTS_FILE).exists()
    assert (live / REQUESTS_FILE).exists()


def test_without_a_token_nothing(client: Any) -> None:
    for path in ("/v1/catalogue", "/v1/values?dimension=segment", "/v1/requests"):
        assert client.get(path, token=None).status_code == 401
    assert post(client, "/v1/answer", {}, Authorization="Bearer wrong").status_code == 401


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches the whole console there, not as on Linux")
def test_the_server_can_carry_requests_out_beside_itself(project: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(project, tmp_path / "own"))
    leave(folder, "close", {"period": "2026-02", "reason": "Board"}, "ada")
    command = [sys.executable, "-m", "revalign_udf.cli", "serve", "--work", "--json", "--project", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["base_url"]
        until = time.monotonic() + 30
        while read_requests(folder).open and time.monotonic() < until:
            time.sleep(0.05)
        [done] = read_requests(folder).every
        assert (done.state, done.result["period"]) == ("done", "2026-02")
        assert attended(folder)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        assert (process.returncode, rest) == (0, "")
    assert not attended(folder), "it ends with the server"
