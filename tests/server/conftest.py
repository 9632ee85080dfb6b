"""A small project, and its server as uvicorn runs it on loopback."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from revalign_udf.server import create_app
from revalign_udf.server.running import Server
from revalign_udf.testing import project_of

TOKEN = "a-token-for-tests"
TABLES = {
    "organization": "id name segment\nA Ada SMB\nB Bob ENT",
    "subscription": "id org_id started_at ended_at\nsA A 2025-12-01 -\nsB B 2025-12-01 2026-02-15",
    "subscription_item_period": (
        "id subscription_id valid_from valid_to amount interval\n1 sA 2025-12-01 - 100 month\n2 sB 2025-12-01 - 600 year"
    ),
}


class Client:
    """Real HTTP, with the token unless told otherwise."""

    def __init__(self, base_url: str, app: Any, stop: Callable[[], None]) -> None:
        self.base_url, self.app, self.stop = base_url, app, stop

    def get(self, path: str, token: str | None = TOKEN, **options: Any) -> requests.Response:
        return self._ask("GET", path, token, **options)

    def post(self, body: Any, token: str | None = TOKEN, **options: Any) -> requests.Response:
        given = {"data": body} if isinstance(body, bytes) else {"json": body}
        return self._ask("POST", "/v1/call", token, **given, **options)

    def call(self, function: str, *arguments: Any) -> Any:
        [answer] = self.post([{"id": 1, "function": function, "arguments": list(arguments)}]).json()
        assert answer.pop("id") == 1
        return answer

    def _ask(self, method: str, path: str, token: str | None, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        with requests.Session() as asking:
            asking.trust_env = False
            return asking.request(method, self.base_url + path, headers=headers, timeout=60, **options)


@contextmanager
def served(folder: Path, token: str | None = TOKEN, **options: Any) -> Iterator[Client]:
    ready = threading.Event()
    app = create_app(folder, token, **options)
    server = Server(app, 0, lambda _: ready.set())
    thread = threading.Thread(target=server.run)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()

    try:
        assert ready.wait(30)
        yield Client(server.base_url, app, stop)
    finally:
        stop()


@pytest.fixture(scope="session")
def serving() -> Callable[..., Any]:
    return served


@pytest.fixture(scope="session")
def tables() -> dict[str, str]:
    return TABLES


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published, and only read: who changes something copies it."""
    folder = tmp_path_factory.mktemp("served")
    project_of(folder, TABLES, through="2026-03-31").close()
    return folder


@pytest.fixture(scope="module")
def client(project: Path) -> Iterator[Client]:
    with served(project) as found:
        yield found
