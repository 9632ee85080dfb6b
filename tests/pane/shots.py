"""Pictures of every state of the pane, to look at: python tests/pane/shots.py PROJECT [DEMO] [OUT].

PROJECT is a published project; it is copied, so that freezing and refreshing leave it alone.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from beside import load

from revalign_udf.config import load as settings
from revalign_udf.governance.requests import leave, note, read_requests
from revalign_udf.jobs.requests import carry_out

driving = load(Path(__file__).with_name("driving.py"))
LOOKS: dict[str, dict[str, Any]] = {
    "pane": {"viewport": {"width": 350, "height": 640}},
    "small": {"viewport": {"width": 350, "height": 378}},
    "dark": {"viewport": {"width": 350, "height": 640}, "color_scheme": "dark"},
    "wide": {"viewport": {"width": 1100, "height": 760}},
    "zoom": {"viewport": {"width": 175, "height": 320}, "device_scale_factor": 2},
}
NRR = '=REVALIGN.METRIC("nrr","2026-09",,"segment","SMB")'


def search(page: Any, text: str) -> None:
    page.fill("#search", text)
    page.press("#search", "Enter")
    page.wait_for_selector(".preview:not([aria-busy])")


def states(page: Any) -> Iterator[str]:
    """Walk through what one page can show; the name of each state once it stands."""
    page.wait_for_selector("#search")
    yield "insert-empty"
    page.fill("#search", "churn")
    yield "insert-results"
    page.fill("#search", "retentoin")
    yield "insert-nothing"
    search(page, "nrr")
    yield "insert-card"
    page.click("#period-period")
    page.press("#period-period", "ArrowDown")
    yield "insert-periods"
    page.keyboard.press("Escape")
    page.click("text=Add a filter")
    page.fill(".filter input", "SMB")
    page.keyboard.press("Enter")
    page.click("text=More options")
    page.wait_for_selector(".preview:not([aria-busy])")
    yield "insert-filtered"
    page.evaluate("document.getElementById('main').scrollTop = 9999")
    yield "insert-filtered-end"
    page.fill("#period-period", "Jan-22")
    page.keyboard.press("Enter")
    page.wait_for_selector(".preview .trouble")
    yield "insert-error"
    page.keyboard.press("Escape")
    search(page, "mrr")
    page.fill("#period-period", "THIS_MONTH")
    page.keyboard.press("Enter")
    page.wait_for_timeout(600)
    yield "insert-money"
    page.check("input[value=series]")
    page.wait_for_selector(".preview table")
    page.evaluate("document.getElementById('main').scrollTop = 9999")
    yield "insert-series"
    page.keyboard.press("Escape")
    search(page, "leads")
    yield "insert-vanity"
    if page.evaluate("'sheet' in window"):
        page.evaluate(f"sheet.cells.B4 = {{formula: {NRR!r}, value: 1.01}}")
        page.click("nav >> text=Explain")
        page.wait_for_selector(".part")
    else:
        page.click("nav >> text=Explain")
        page.fill("#formula-typed", NRR)
        page.keyboard.press("Enter")
        page.wait_for_selector(".part")
    yield "explain"
    page.evaluate("document.querySelectorAll('.part')[2].scrollIntoView()")
    yield "explain-end"
    page.click("nav >> text=Status")
    page.wait_for_timeout(400)
    yield "status"
    page.evaluate("document.getElementById('main').scrollTop = 9999")
    yield "status-end"
    page.click("nav >> text=Freeze")
    page.select_option("#month", index=1)
    page.wait_for_selector("text=What will stay")
    page.wait_for_timeout(300)
    yield "freeze"
    page.click("main button[type=submit]")
    yield "freeze-wrong"
    page.fill("#reason", "Board pack of October")
    page.click("main button[type=submit]")
    yield "freeze-confirm"
    page.click(".confirm .primary")
    page.wait_for_selector(".working")
    yield "freeze-waiting"
    page.click("nav >> text=Help")
    yield "help"


def main(project: Path, demo: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place, driving.browser() as chromium:
        folder = Path(shutil.copytree(project, Path(place) / "live", ignore=shutil.ignore_patterns("output")))
        (folder / "governance" / "requests.jsonl").unlink(missing_ok=True)
        served = driving.Served(folder, demo=demo)
        try:
            for look, options in LOOKS.items():
                page = driving.opened(chromium, served.base_url, excel=look != "wide", **options)
                for name in states(page):
                    page.screenshot(path=str(out / f"{look}-{name}.png"))
                print(look, page.problems)
                if look in ("pane", "dark"):
                    carry_out(settings(folder))
                    page.click("nav >> text=Freeze")
                    page.wait_for_selector(".trouble.good", timeout=15_000)
                    page.screenshot(path=str(out / f"{look}-freeze-done.png"))
                    (folder / "governance" / "closes.jsonl").unlink()
                    (folder / "governance" / "requests.jsonl").unlink()
                for request in read_requests(folder).open:
                    note(folder, request, "failed", code="REV-105", message="Put back.")
                page.context.close()
            others(chromium, served, folder, out)
        finally:
            served.stop()


def others(chromium: Any, served: Any, folder: Path, out: Path) -> None:
    """States that depend on the connection or on the project."""
    for look in ("pane", "dark", "wide"):
        options = LOOKS[look]
        page = driving.opened(chromium, served.base_url, token=None, **options)
        page.screenshot(path=str(out / f"{look}-signed-out.png"))
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector(".wrong")
        page.screenshot(path=str(out / f"{look}-wrong-token.png"))
        page.context.close()
        page = driving.opened(chromium, served.base_url, marks="space=demo", **options)
        page.wait_for_selector("#search")
        page.screenshot(path=str(out / f"{look}-demo.png"))
        page.click("nav >> text=Freeze")
        page.screenshot(path=str(out / f"{look}-demo-freeze.png"))
        page.context.close()
        page = driving.opened(chromium, served.base_url, **options)
        page.wait_for_selector("#search")
        search(page, "nrr")
        leave(folder, "refresh", who="ada")
        page.click("nav >> text=Status")
        page.click("text=Calculate anew")
        page.wait_for_selector(".working")
        page.screenshot(path=str(out / f"{look}-refreshing.png"))
        page.click("nav >> text=Insert")
        served.stop()
        page.fill("#period-period", "2026-08")
        page.keyboard.press("Enter")
        page.wait_for_selector(".strip.bad", timeout=20_000)
        page.wait_for_timeout(300)
        page.screenshot(path=str(out / f"{look}-offline.png"))
        served.start()
        page.context.close()
        for request in read_requests(folder).open:
            note(folder, request, "failed", code="REV-501", message="crm: the folder is gone.")
    current = folder / ".revalign" / "snapshots" / "current"
    text = current.read_text()
    current.unlink()
    for look in ("pane", "dark"):
        page = driving.opened(chromium, served.base_url, **LOOKS[look])
        page.wait_for_selector("text=Nothing has been published yet")
        page.screenshot(path=str(out / f"{look}-unpublished.png"))
        page.context.close()
    current.write_text(text)


if __name__ == "__main__":
    given = [Path(one) for one in sys.argv[1:]]
    main(given[0], given[1] if len(given) > 1 else given[0], given[2] if len(given) > 2 else Path("/tmp/pane_shots"))
