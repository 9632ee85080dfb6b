"""A run goes on past what fails, says so, and tells the webhook once."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.config import load
from revalign_udf.errors import NoData
from revalign_udf.governance import history
from revalign_udf.jobs import run


@pytest.fixture
def heard() -> Iterator[Any]:
    """A webhook on loopback: (its address, what it was told)."""
    told: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", told
        server.shutdown()
        thread.join()


def project(folder: Path, address: str, path: str = "data") -> Any:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "sales_order.csv").write_text("id,org_id,ordered_at,amount\n1,A,2026-01-05,10\n")
    (folder / "revalign.toml").write_text(
        f'[source.good]\nconnector = "csv"\npath = "{path}"\ncomplete_through = "2026-01-31"\n'
        f'[source.bad]\nconnector = "csv"\npath = "nowhere"\n[workbooks]\nreports = ["nothing", "saas_metrics"]\n'
        f'[alerts]\nwebhook = "{address}"\n'
    )
    return load(folder)


def test_the_rest_goes_on_and_the_webhook_hears_it_once(tmp_path: Path, heard: Any) -> None:
    address, told = heard
    report = run(project(tmp_path, address))
    assert [source.status for source in report.sources] == ["ok", "failed"]
    assert [path.name for path in report.workbooks] == ["saas_metrics.xlsx"]
    assert len(report.problems) == 2
    assert "REV-501" in report.problems[0]
    assert "workbook nothing" in report.problems[1]
    run(load(tmp_path))
    assert len(told) == 1, "the same problems are not told twice"
    assert "REV-501" in told[0]
    assert [entry.action for entry in history(tmp_path)] == ["published"]


def test_a_run_that_builds_nothing_is_told_too(tmp_path: Path, heard: Any) -> None:
    address, told = heard
    with pytest.raises(NoData):
        run(project(tmp_path, address, "elsewhere"))
    assert len(told) == 1
    assert "REV-205" in told[0]


def test_a_webhook_nobody_answers_is_one_more_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/hook")
    report = run(project(tmp_path, "$env:HOOK"))
    assert report.problems[-1].startswith("alert: ")
    json.dumps(report.as_json())
