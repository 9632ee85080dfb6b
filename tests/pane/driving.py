"""A real server on loopback with a pane in a real browser."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from revalign_udf.excel.office import assets
from revalign_udf.server import create_app
from revalign_udf.server.running import Server

TOKEN = "a-token-for-tests"
STANDIN = Path(__file__).with_name("standin.js").read_text(encoding="utf-8")
SIZE = {"width": 350, "height": 640}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip


class Served:
    """A server that can be stopped and started again on its port."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder, self.options, self.port = folder, options, 0
        self.start()

    def start(self) -> None:
        ready = threading.Event()
        files: dict[str, tuple[str, bytes]] = {}
        app = create_app(self.folder, TOKEN, assets=files, **self.options)
        self._server = Server(app, self.port, lambda _: ready.set())
        self.base_url = self._server.base_url
        self.port = int(self.base_url.rpartition(":")[2])
        files.update(assets(self.base_url))
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        assert ready.wait(30)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()


@contextmanager
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        try:
            yield found
        finally:
            found.close()


def opened(
    chromium: Browser, base_url: str, *, token: str | None = TOKEN, excel: bool = True, marks: str = "", **options: Any
) -> Page:
    """The pane in a page of its own; what it logs as an error is kept in ``page.problems``."""
    context = chromium.new_context(**{"viewport": SIZE, "locale": "en-US", "timezone_id": "UTC", **options})
    context.set_default_timeout(8_000)
    page = context.new_page()
    problems: list[str] = []
    page.problems = problems
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.add_init_script("window.revalignPace = 150")
    if excel:
        page.add_init_script(STANDIN)
    given = "&".join(filter(None, [f"token={token}" if token else "", marks]))
    page.goto(f"{base_url}/addin/pane.html" + (f"#{given}" if given else ""), wait_until="commit")
    page.wait_for_selector("main .view")
    return page
