"""The drop-ins of plugins/ that use the newer hooks, each doing its work in a real project."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.alerts import channels_of, try_channels
from revalign_udf.config import load
from revalign_udf.jobs import pull
from revalign_udf.jobs.steps import plugins_of

ROOT = Path(__file__).parents[2]


def project_with(folder: Path, dropin: str, more: str = "") -> Path:
    (folder / "plugins").mkdir()
    shutil.copy(ROOT / "plugins" / f"{dropin}.py", folder / "plugins")
    (folder / "data").mkdir()
    (folder / "data" / "organization.csv").write_text("id,name\n1,Acme\n", encoding="utf-8")
    (folder / "revalign.toml").write_text(
        f'[plugins]\nenabled = ["{dropin}"]\n[source.files]\nconnector = "csv"\npath = "data"\n{more}', encoding="utf-8"
    )
    return folder


def test_the_log_of_pulls(tmp_path: Path) -> None:
    project = project_with(tmp_path, "pulllog")
    for _ in range(2):
        pull(load(project))
    lines = (project / "pulls.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1:6] for line in lines[1:]] == [
        ["files", "csv", "ok", "1", "1"], ["files", "csv", "ok", "0", "0"],
    ]  # fmt: skip
    shown = subprocess.run(
        [sys.executable, "-m", "revalign_udf.cli", "pulllog-show", "--last", "1"],
        cwd=project, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert "files" in shown.stdout
    assert len(shown.stdout.splitlines()) == 1


@pytest.fixture
def teams() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """A server that takes what Teams' workflows take: its address, what it got, the statuses it will answer."""
    got: list[dict[str, Any]] = []
    statuses: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(statuses.pop(0) if statuses else 202)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/workflow", got, statuses
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_card_for_teams(
    tmp_path: Path, teams: tuple[str, list[dict[str, Any]], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, got, statuses = teams
    monkeypatch.setenv("TEAMS_WORKFLOW", address)
    project = load(project_with(tmp_path, "teamscard", '[alerts.teamscard]\nwebhook = "$env:TEAMS_WORKFLOW"\n'))
    channels, problems = channels_of(project.alerts, plugins_of(project).alert_channels)
    assert problems == []
    assert try_channels(channels, "Acme") == [("teamscard", None)]
    (message,) = got
    body = message["attachments"][0]["content"]["body"]
    assert "Acme" in body[0]["text"]
    assert "Nothing is wrong" in json.dumps(body)
    statuses += [500, 403]  # busy, so once more; then refused
    ((_, error),) = try_channels(channels, "Acme")
    assert error is not None
    assert "refused with 403" in str(error)
    assert address not in str(error)
    assert len(got) == 3


def test_a_companys_own_fields_stages_and_keys(tmp_path: Path) -> None:
    registry = plugins_of(load(project_with(tmp_path, "ourfields")))
    assert registry.problems == []
    assert any(item.fields.get("segment") == "Tier__c" for item in registry.mapping_defaults)
    assert any(item.source_stage == "Proof of Concept" for item in registry.stage_defaults)
    assert any(key.field == "attrs.billing_id" and key.other == "stripe" for key in registry.identity_keys)
