"""The picture of a synced sheet in README: `python tests/localsheets/shot.py FOLDER` after `revalign demo FOLDER`.

With --all a picture of every tab is put into the folder, to look at.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "revalign_udf" / "localsheets" / "sheet.png"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


def shoot(page: Page, folder: Path, *, every: bool) -> None:
    page.goto((folder / "sheet.html").resolve().as_uri())
    page.screenshot(path=PICTURE)
    tabs = page.get_by_role("navigation", name="Tabs").get_by_role("link")
    for number in range(tabs.count() if every else 0):
        tabs.nth(number).click()
        page.screenshot(path=folder / f"tab{number}.png")


def main() -> None:
    """Takes the pictures."""
    every = "--all" in sys.argv
    [folder] = [Path(text) for text in sys.argv[1:] if not text.startswith("--")]
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        shoot(browser.new_page(viewport={"width": 1720, "height": 620}), folder, every=every)
        browser.close()
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()
