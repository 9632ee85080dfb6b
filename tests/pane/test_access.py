"""Readable by everybody: roles, names, contrast and order by axe; no sideways scrolling; nothing a strict policy bars."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from beside import campaign
from playwright.sync_api import expect
from tools import node_package, program

from revalign_udf.excel import office

STATIC = Path(office.__file__).with_name("static")
SCRIPTS = sorted(STATIC.glob("pane*.js"))
#: best practices that do not fit a pane: it is a part of a window, with headings of its own
LEFT_OUT = {"region": {"enabled": False}}


def sound(page: Any, what: str) -> None:
    """No finding of axe, no sideways scrolling, nothing cut off at the right edge."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((node_package("axe-core") / "axe.min.js").read_text())
    found = page.evaluate("(rules) => axe.run(document, {rules})", LEFT_OUT)
    told = [
        f"{what}: {one['id']} {[node['target'] for node in one['nodes']]} {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
    ]
    assert told == []
    fits(page, what)


def fits(page: Any, what: str) -> None:
    over = page.evaluate("""() => [...document.querySelectorAll("body *")].filter((one) => {
        const box = one.getBoundingClientRect();
        const may = ".unseen, .scroll, .brief, .choice-hint, .company, [role=listbox]";
        return box.width && box.right > innerWidth + 1 && !one.closest(may);
    }).map((one) => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`)""")
    assert over == [], what
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what
    # the frame stays: only what is inside it scrolls
    assert page.evaluate("document.querySelector('.top').getBoundingClientRect().top") == 0, what


def tour(page: Any, check: Any) -> None:
    """Every view with something in it."""
    page.wait_for_selector("#search")
    check(page, "search")
    page.fill("#search", "qqq")
    check(page, "nothing found")
    page.fill("#search", "new_leads")
    page.press("#search", "Enter")
    page.wait_for_selector(".preview:not([aria-busy])")
    page.click("text=More options")
    page.click("summary >> text=Definition")
    page.click("text=Add a filter")
    page.click("#period-period")
    check(page, "card")
    page.keyboard.press("Escape")
    page.check("input[value=series]")
    page.wait_for_selector(".preview table")
    check(page, "series")
    page.evaluate("""sheet.cells.B4 = {formula: '=REVALIGN.METRIC("nrr","2026-Q1")', value: 1}""")
    page.click("nav >> text=Explain")
    page.wait_for_selector(".part")
    check(page, "explain")
    page.click("nav >> text=Status")
    page.wait_for_selector(".status .formula")
    check(page, "status")
    page.click("nav >> text=Freeze")
    page.wait_for_selector("text=What will stay")
    page.click("main button[type=submit]")
    check(page, "freeze")
    page.fill("#reason", "Board")
    page.click("main button[type=submit]")
    check(page, "confirm")
    page.click("nav >> text=Help")
    page.click("text=Show all functions")
    page.wait_for_selector("text=Find a function")
    check(page, "help")


@pytest.mark.parametrize("look", campaign(["light", "dark"]))
def test_axe_finds_nothing(pane: Any, look: str) -> None:
    tour(pane(color_scheme=look), sound)


def test_at_twice_the_size_nothing_is_cut_off(pane: Any) -> None:
    tour(pane(viewport={"width": 175, "height": 320}), fits)


def test_signed_out_and_demo_are_readable_too(pane: Any) -> None:
    page = pane(token=None)
    page.wait_for_selector("#token")
    sound(page, "signed out")
    page = pane(marks="space=demo")
    page.wait_for_selector(".strip.demo")
    sound(page, "demo")


def test_a_view_of_the_ribbon_takes_the_focus_to_its_heading(pane: Any) -> None:
    page = pane()
    page.wait_for_selector("#search")
    page.evaluate("sheet.actions.STATUS({completed() {}})")
    expect(page.locator("h2")).to_be_focused()
    expect(page.locator("h2")).to_have_text("Status")
    assert page.title() == "Revalign: Status"
    expect(page.locator("nav [aria-current=page]")).to_have_text("Status")


def test_motion_can_be_turned_off(pane: Any, own: Any) -> None:
    page = pane(own, marks="view=status", reduced_motion="reduce")
    page.click("text=Refresh the numbers")
    expect(page.locator(".bar")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.bar')).animationName") == "none"


def test_nothing_needs_a_loose_policy() -> None:
    page = (STATIC / "pane.html").read_text()
    assert not re.search(r"\son\w+=|<style|style=|javascript:|<script(?![^>]*\ssrc=)", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "unsafe" not in policy[1]
    assert "default-src 'none'" in policy[1]
    for path in SCRIPTS:
        text = path.read_text()
        barred = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function|document\.write|\balert\(|\bconfirm\(\"",
            text,
        )
        assert barred == [], path.name
        subprocess.run([program("node"), "--check", str(path)], check=True)


def test_every_file_is_served(served: Any) -> None:
    named = {path.name for path in STATIC.iterdir()}
    wanted = {"pane.html", "pane.css", "client.js", *(path.name for path in SCRIPTS)}
    assert wanted <= named
    assert wanted <= set(office.assets(served.base_url))
    imported = {
        name for path in SCRIPTS for name in re.findall(r'(?:from|import\()\s*"\./([\w.-]+)"', path.read_text())
    }
    assert imported <= named
    # asked for at once, not one after the other; functions.js only inside Excel
    ahead = set(re.findall(r'modulepreload" href="([^"]+)"', (STATIC / "pane.html").read_text()))
    assert ahead == imported - {"functions.js", "pane.js"}


FORMULAS = [
    ("=1+1", []),
    ('=REVALIGN.METRIC("a ""b""","2026-Q1",,"x","y")', [["METRIC", ['a "b"', "2026-Q1", None, "x", "y"]]]),
    ("=SUM(REVALIGN.CAC(A1:B2, 'My, sheet'!C$1,-3.5e2))", [["CAC", ["A1:B2", "'My, sheet'!C$1", -350]]]),
    ('=REVALIGN.TABLE({"a","b;c";1,TRUE},D1#)', [["TABLE", [[["a", "b;c"], [1, True]], "D1#"]]]),
    ('="REVALIGN.METRIC(""no"")"&revalign.stamp(x)', [["STAMP", ["x"]]]),
    ("=XREVALIGN.METRIC(1)", []),
    ("=_xldudf_REVALIGN_LTV_TO_CAC(1,2)", [["LTV_TO_CAC", [1, 2]]]),
    ("=REVALIGN.LTV.TO.CAC(1,2)", []),
    ("=REVALIGN.STATUS()", [["STATUS", []]]),
    ("=REVALIGN.METRIC(REVALIGN.LIST(5%),T[col])", [["METRIC", [None, None]], ["LIST", [0.05]]]),
    ('=REVALIGN.METRIC("open', [["METRIC", [None]]]),
    ("=REVALIGN.METRIC((1;2);3)", [["METRIC", [None, 3]]]),
]
WRITTEN = [
    (["METRIC", ["nrr", "2026-Q3", "", "segment", "SMB"]], '=REVALIGN.METRIC("nrr","2026-Q3",,"segment","SMB")'),
    (["METRIC", ["nrr", "=B$3", ""]], '=REVALIGN.METRIC("nrr",B$3)'),
    (
        ["METRIC", ["nrr", "='My ''own'' sheet'!$A$1", "", "f", 'sa"y']],
        """=REVALIGN.METRIC("nrr",'My ''own'' sheet'!$A$1,,"f","sa""y")""",
    ),
    (["METRIC", ["nrr", "=HYPERLINK(1)"]], '=REVALIGN.METRIC("nrr","=HYPERLINK(1)")'),
    (["LIST", ["metrics"]], '=REVALIGN.LIST("metrics")'),
]  # fmt: skip


def test_formulas_are_read_and_written() -> None:
    script = (
        f"import {{ calls, formula }} from {json.dumps((STATIC / 'pane-formula.js').as_uri())};"
        "const [read, written] = JSON.parse(process.argv[1]);"
        "const plain = ({ name, args }) => [name, args.map((item) => item.value)];"
        "console.log(JSON.stringify([read.map((one) => calls(one).map(plain)),"
        "written.map(([name, args]) => formula(name, args))]));"
    )
    given = json.dumps([[text for text, _ in FORMULAS], [asked for asked, _ in WRITTEN]])
    done = subprocess.run(
        [program("node"), "--input-type=module", "-e", script, given], capture_output=True, text=True, check=True
    )
    read, written = json.loads(done.stdout)
    assert read == [expected for _, expected in FORMULAS]
    assert written == [expected for _, expected in WRITTEN]
