"""Who may ask, how the server runs, and what it never does."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from revalign_udf import __version__
from revalign_udf.errors import ConfigError, UserError
from revalign_udf.server import create_app
from revalign_udf.server.running import Server

COMMAND = "from revalign_udf.cli.serve import serve_command; serve_command()"


def test_health_asks_for_no_token(client: Any) -> None:
    answer = client.get("/health", token=None)
    assert answer.status_code == 200
    assert answer.json() == {
        "version": __version__, "status": "ok", "snapshot": "2026-03-31#1", "as_of": "2026-03-31", "message": "",
    }  # fmt: skip


@pytest.mark.parametrize("token", [None, "wrong", "a-token-for-test", "a-token-for-tests2", "å" * 17])
def test_without_the_token_nothing_else_answers(client: Any, token: str | None) -> None:
    answers = [client.post([], token=token), client.get("/v1/functions", token=token), client.get("/none", token=token)]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json()["status"] == "REV-401"
        assert "a-token-for-tests" not in answer.text
    assert client.post([], token=None, headers={"Authorization": "Basic a-token-for-tests"}).status_code == 401
    assert client.post([], token=None, headers={"Authorization": "bearer a-token-for-tests"}).status_code == 200


def test_no_other_origin_is_invited(client: Any) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    preflight = requests.options(f"{client.base_url}/v1/call", headers=asked, timeout=10)
    assert preflight.status_code == 401
    for answer in (preflight, client.post([], headers=asked), client.get("/health", headers=asked)):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "[", ""])
def test_it_answers_to_its_own_names_only(client: Any, host: str) -> None:
    answer = client.get("/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["status"]) == (403, "REV-403")
    assert client.get("/health", headers={"Host": "localhost:8000"}).status_code == 200


def test_what_is_not_there_is_refused_with_a_code(client: Any) -> None:
    assert (client.get("/v2/call").status_code, client.get("/v2/call").json()["status"]) == (404, "REV-101")
    answer = client.get("/v1/call")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "POST /v1/call" in answer.json()["error"]["hint"]


def test_health_answers_while_a_batch_runs(client: Any) -> None:
    done: list[Any] = []
    asking = threading.Thread(target=lambda: done.append(client.call("CAC", 1, 2, 3)))
    with client.app.state.desks["live"]._gate:
        asking.start()
        assert client.get("/health").json()["snapshot"] == "2026-03-31#1"
        assert client.get("/v1/functions").status_code == 200
        assert done == []
    asking.join(20)
    assert done == [{"cell": 1.0}]


@pytest.mark.parametrize("token", ["", "two words", "å"])
def test_a_token_that_cannot_travel_is_refused(project: Path, token: str) -> None:
    with pytest.raises(ConfigError, match="token") as caught:
        create_app(project, token)
    assert caught.value.code == "REV-305"


def test_there_must_be_a_project(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"revalign\.toml"):
        create_app(tmp_path, "token")


def test_a_port_that_is_taken(client: Any, project: Path) -> None:
    port = int(client.base_url.rpartition(":")[2])
    with pytest.raises(UserError, match=f"Port {port} cannot be used"):
        Server(create_app(project, "token"), port, print)


@contextmanager
def command(*arguments: object, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    started = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    with started as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches the whole console there")
def test_the_command(project: Path) -> None:
    with command("--project", project, "--json", REVALIGN_TOKEN="from-outside") as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["token"] == "from-outside"
        assert ready["base_url"].startswith("http://127.0.0.1:")
        answer = requests.post(
            f"{ready['base_url']}/v1/call",
            json=[{"id": 1, "function": "METRIC", "arguments": ["mrr", "2026-03"]}],
            headers={"Authorization": "Bearer from-outside"},
            timeout=30,
        )
        assert answer.json() == [{"id": 1, "cell": 100.0}]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")


def test_the_command_makes_a_token_each_time(project: Path) -> None:
    found = []
    for _ in range(2):
        with command("--project", project, "--json", REVALIGN_TOKEN="") as process:
            assert process.stdout is not None
            found.append(json.loads(process.stdout.readline())["token"])
    assert len({len(token) for token in found}) == 1
    assert len(set(found)) == 2
    assert len(found[0]) > 40


def test_the_command_without_a_project(tmp_path: Path) -> None:
    with command("--project", tmp_path, "--json") as process:
        out, err = process.communicate(timeout=30)
        assert process.returncode == 2
        assert json.loads(out)["status"] == "REV-301"
        assert "revalign init" in err


def test_the_write_side_is_not_even_imported() -> None:
    banned = "jobs publish sync alerts kernels plugins store connector"
    script = (
        "import sys, revalign_udf.server; from revalign_udf.functions import registry; registry();"
        f"print([m for m in {banned.split()} if 'revalign_udf.' + m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
