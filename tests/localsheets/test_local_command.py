"""``revalign sheets local``."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from revalign_udf.cli.sheets import local
from revalign_udf.localsheets import LocalSheets


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[str, list[LocalSheets]]:
    """The command until its first wait, and the server it ran."""
    servers: list[LocalSheets] = []

    class Watched(LocalSheets):
        def start(self) -> None:
            super().start()
            servers.append(self)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "LocalSheets", Watched)
    monkeypatch.setattr(local, "WAIT", stop)
    answer = CliRunner().invoke(local.local_command, arguments)
    assert answer.exit_code == 0, answer.output
    return answer.output, servers


def test_the_json_line_holds_two_keys_and_then_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = json.loads(run(monkeypatch, "--json")[0])
    assert list(plain) == ["base_url", "key_file"]
    text, [server] = run(
        monkeypatch, "--json", "--title", "Board", "--title", "Team", "--locale", "de_DE", "--oauth-client"
    )
    made = json.loads(text)
    assert list(made) == ["base_url", "key_file", "oauth_client", "spreadsheets"]
    assert [item["title"] for item in made["spreadsheets"]] == ["Board", "Team"]
    book = server.book(made["spreadsheets"][0]["key"])
    assert (book.locale, book.roles[server.account.email]) == ("de_DE", "writer")


def test_people_read_what_to_do_next(monkeypatch: pytest.MonkeyPatch) -> None:
    text, [server] = run(monkeypatch, "--title", "Board", "--quota", "--consent", "deny")
    assert server.base_url in text
    assert f'key_file = "{server.key_file}"' in text
    assert "300 reads and writes a minute, 60 a user" in text
    assert server.quota is not None
    assert server.oauth.consent == "deny"


def test_a_taken_port_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = CliRunner().invoke(local.local_command, ["--port", str(taken.getsockname()[1])])
    assert answer.exit_code != 0
    assert "is taken" in answer.output
    assert "--port" in answer.output


@pytest.mark.skipif(os.name != "posix", reason="signals as on Linux")
def test_ended_by_a_signal_it_leaves_no_key_behind() -> None:
    command = [sys.executable, "-m", "revalign_udf.cli", "sheets", "local", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        made = json.loads(process.stdout.readline())
        assert Path(made["key_file"]).is_file()
        assert requests.get(made["base_url"], timeout=5).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not Path(made["key_file"]).parent.exists()
