"""The page where a person looks at a spreadsheet."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gspread
import pytest
import requests
from beside import campaign, load
from playwright.sync_api import expect
from tools import node_package

from revalign_udf.localsheets import LocalSheets
from revalign_udf.localsheets.view.charts import ticks
from revalign_udf.localsheets.view.colours import PAPER, PAPER_DARK, contrast, dark, parsed, readable

Connect = Callable[..., gspread.Client]
gallery = load(Path(__file__).with_name("gallery.py"))
driving = load(Path(__file__).parents[1] / "pane" / "driving.py")


def page_of(server: LocalSheets, key: str, query: str = "") -> str:
    answer = requests.get(f"{server.view_url(key)}{query}", timeout=10)
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="module")
def shown(opened_sheets: Connect) -> str:
    """The page of the gallery, made once."""
    with LocalSheets() as server:
        key = server.create("Gallery & co")
        with opened_sheets(server) as client:
            gallery.fill(client.open_by_key(key))
        return page_of(server, key)


def cell(page: str, row: int, text: str) -> str:
    """The tag of the cell with a text in a row."""
    line = re.search(rf'<th scope="row"[^>]*>{row}</th>(.*?)</tr>', page, re.DOTALL)
    assert line is not None
    found = re.search(rf"<td[^>]*>(?:<(?!/?td)[^>]*>)*{re.escape(text)}", line[1])
    assert found is not None, line[1]
    return found[0]


def rules(page: str, tag: str, night: bool = False) -> str:
    """What the style sheet says about a tag's classes, on a light or a dark page."""
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    day, _, dark_part = style[1].rpartition("@media (prefers-color-scheme:dark)")
    classes = re.search(r'class="([^"]*)"', tag)
    names = re.findall(r"\bs\d+\b", classes[1]) if classes else []
    return "".join(f for name in names for f in re.findall(rf"\.{name}{{([^}}]*)}}", dark_part if night else day))


def test_the_list_of_spreadsheets(server: LocalSheets) -> None:
    assert "--title NAME" in requests.get(server.base_url, timeout=5).text
    key = server.create("Board <numbers>")
    text = requests.get(server.base_url, timeout=5).text
    assert f'<a href="/view/{key}">Board &lt;numbers&gt;</a>' in text
    missing = requests.get(f"{server.base_url}/view/none", timeout=5)
    assert (missing.status_code, "no such spreadsheet" in missing.text) == (404, True)


def test_values_look_as_their_formats_say(shown: str) -> None:
    assert "€1,200.50" in shown
    assert "text-align:center" in rules(shown, cell(shown, 3, "New"))
    assert "font-weight:600" in rules(shown, cell(shown, 3, "New"))
    assert "background:#d9e2ef" in rules(shown, cell(shown, 3, "New"))  # the banding's header
    assert "background:#f3f6fa" in rules(shown, cell(shown, 5, "€1,800.00"))  # its second band
    assert 'class="e c' in cell(shown, 8, "#DIV/0!")
    assert 'data-f="=B4+C4"' in cell(shown, 4, "€1,000.50")
    assert "white-space:pre-wrap" in rules(shown, cell(shown, 11, "a text that wraps"))
    assert re.search(r'role="img" aria-label="checked"', shown)
    assert 'colspan="3"' in cell(shown, 12, "merged")
    assert 'rowspan="2"' in cell(shown, 12, "merged")
    assert "border-bottom:2px solid #b06000" in rules(shown, cell(shown, 12, "merged"))


def test_conditional_formats_touch_the_cells_they_are_about(shown: str) -> None:
    assert "background:#fbd9d7" in rules(shown, cell(shown, 5, "-€350.00"))
    assert "background:#fbd9d7" not in rules(shown, cell(shown, 4, "-€200.00"))
    assert "background:#57bb8a" in rules(shown, cell(shown, 8, "50.0%"))
    assert "background" not in rules(shown, cell(shown, 6, "7.0%"))  # the least value is white
    assert "line-through" in rules(shown, cell(shown, 5, "closed"))
    assert "line-through" not in rules(shown, cell(shown, 4, "open"))


def test_a_dark_page_has_colours_of_its_own_that_can_be_read(shown: str) -> None:
    tag = cell(shown, 5, "-€350.00")
    found = dict(re.findall(r"(color|background):(#\w{6})", rules(shown, tag, night=True)))
    assert contrast(parsed(found["color"]), parsed(found["background"])) >= 4.5
    assert contrast(parsed(found["background"]), PAPER_DARK) < 3  # a dark red, not a light one


@pytest.mark.parametrize("colour", ["#1c2733", "#ffffff", "#ffff00", "#0b57d0", "#808080", "#c00000"])
def test_any_ink_is_moved_until_it_can_be_read(colour: str) -> None:
    for paper in (PAPER, PAPER_DARK, dark(parsed("#d9f2e3"))):
        assert contrast(readable(dark(parsed(colour)), paper), paper) >= 4.5


def test_hidden_lines_are_left_out_and_listed(shown: str) -> None:
    first = re.search(r'<section class="tab first".*?</section>', shown, re.DOTALL)
    assert first is not None
    for text in (
        '<th scope="row">13</th>',
        '<th scope="row" class="gap">16</th>',
        '<th scope="col" class="gap">I</th>',
    ):
        assert text in first[0]
    for text in ('<th scope="row">14</th>', '<th scope="row">15</th>', '<th scope="col">H</th>'):
        assert text not in first[0]
    assert "Rows 14–15" in first[0]
    assert "Columns H" in first[0]
    assert '<a href="#gid=3">Behind the scenes</a>' in shown.partition("<main>")[0]
    assert '<a href="#gid=3">' not in shown.partition("<nav")[2]


def test_everything_else_a_tab_carries_is_listed(shown: str) -> None:
    for text in (
        "<code>A3:G9</code> gallery",
        "<code>A3:G3</code> asks before a change. Headers",
        "<code>A1:G1</code> only person@example.com, sync@revalign-local.iam.gserviceaccount.com may edit",
        "<code>C4:C9</code> &lt; -300",
        "<code>team</code>: &lt;finance&gt;",
        ">Share</button> (stacked to 100 % bar)",
        'aria-label="Note on B3: New business of the month.\nv1 · Finance"',
    ):
        assert text in shown, text


def test_text_is_never_markup(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    evil = '"><script>alert(1)</script><b>&'
    book.sheet1.update(
        [[evil, "=1/0"], [f'="{evil[2:]}"', f'=HYPERLINK("javascript:alert(1)","{evil[2:]}")']], raw=False
    )
    book.sheet1.insert_note("A1", evil)
    book.sheet1.update_title(evil)
    text = page_of(server, book.id)
    assert text.count("<script>") == 1  # our own
    assert "<b>&" not in text
    assert "javascript:" not in re.sub(r'data-f="[^"]*"', "", text)


def test_links_that_are_safe_can_be_followed(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    book.sheet1.update([['=HYPERLINK("https://example.com/a?b&c","Source")', '=HYPERLINK("#gid=0","Top")']], raw=False)
    text = page_of(server, book.id)
    assert '<a href="https://example.com/a?b&amp;c" rel="noreferrer">Source</a>' in text
    assert '<a href="#gid=0" rel="noreferrer">Top</a>' in text


def test_long_tabs_come_in_parts_with_their_frozen_rows(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    tab = book.sheet1
    tab.resize(rows=10_001, cols=3)
    tab.update([["head"], *([f"row {row}"] for row in range(2, 10_002))], "A1")
    tab.freeze(rows=1)
    text = page_of(server, book.id)
    assert len(text) < 200_000
    assert "Rows 2–501 of 10,001" in text
    assert '<a href="?tab=0&amp;from=501#gid=0">next 500</a>'.replace("&amp;", "&") in text.replace("&amp;", "&")
    assert "row 501" in text
    assert "row 502<" not in text
    part = page_of(server, book.id, "?tab=0&from=9901")
    assert "head" in part
    assert "row 9902" in part
    assert "Rows 9,902–10,001 of 10,001" in part
    assert "next 500" not in part


def test_a_book_speaks_its_locale(server: LocalSheets, book: gspread.Spreadsheet) -> None:
    properties = {"properties": {"locale": "de_DE"}, "fields": "locale"}
    book.batch_update({"requests": [{"updateSpreadsheetProperties": properties}]})
    book.sheet1.update([[1234.5, True]], "A1")
    assert re.search(r"<td[^>]*>1234,5</td><td[^>]*>WAHR</td>", page_of(server, book.id))


def test_charts_are_drawn_from_the_cells(shown: str) -> None:
    svg = {title: found for found in re.findall(r"<svg.*?</svg>", shown, re.DOTALL)
           if (title := re.search(r"<title[^>]*>([^<]*)", found)[1])}  # type: ignore[index]  # fmt: skip
    assert set(svg) == {"Line", "Column", "Stacked", "Bar", "Area", "Pie", "Scorecard", "Share", "Both", "Odd"}
    assert svg["Column"].count('<rect class="fc0"') == 5 + 1  # a month without a number has no column; and the legend
    assert "M" in re.search(r'class="sc0"[^>]*d="([^"]*)"', svg["Line"])[1][1:]  # type: ignore[index]  # the gap is a gap
    assert "<title>2026-02 · New: €1,800.00</title>" in svg["Bar"]
    assert "€2,100.00" in svg["Scorecard"]
    assert "-12.5% · before €2,400.00" in svg["Scorecard"]
    assert "14%" in svg["Pie"]
    assert 'stroke="#7b1fa2"' in svg["Both"]
    assert "does not draw" in svg["Odd"]
    assert "Line chart with 6 points, 2026-01 to 2026-06: New from €900.00 to €2,400.00" in svg["Line"]


def test_stacked_columns_stand_on_each_other(shown: str) -> None:
    part = next(found for found in re.findall(r"<svg.*?</svg>", shown, re.DOTALL) if ">Stacked<" in found)
    tops = {name: (float(y), float(height)) for name, y, height in re.findall(
        r'class="(f\w\d)" x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)" rx="1"><title>2026-02', part)}  # fmt: skip
    assert tops["fc0"][0] + tops["fc0"][1] == pytest.approx(tops["fc1"][0], abs=0.2)  # up from zero, and down from it


@pytest.mark.parametrize(
    ("low", "high", "wanted", "marks"),
    [
        (0, 83_000, 5, [0, 20_000, 40_000, 60_000, 80_000, 100_000]),
        (-0.2, 0.4, 3, [-0.2, 0, 0.2, 0.4]),
        (5, 5, 2, [5, 7.5, 10]),
    ],
)
def test_axes_have_round_numbers(low: float, high: float, wanted: int, marks: list[float]) -> None:
    assert ticks(low, high, wanted) == pytest.approx(marks)


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with driving.browser() as found:
        yield found


@pytest.fixture
def file(shown: str, tmp_path: Path) -> str:
    """The page saved, as the demo does it."""
    path = tmp_path / "sheet.html"
    path.write_text(shown, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(chromium: Any, file: str) -> Iterator[Callable[..., Any]]:
    contexts, problems = [], []

    def make(mark: str = "", **options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url) if not request.url.startswith(file) else None)
        page.goto(file + mark)
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []  # nothing barred by the policy, nothing from outside


LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 800}},
}


@pytest.mark.parametrize("look", campaign(list(LOOKS)))
def test_axe_finds_nothing(opened: Callable[..., Any], look: str) -> None:
    page = opened(**LOOKS[look])
    page.click(".tab.first summary")
    page.evaluate((node_package("axe-core") / "axe.min.js").read_text())
    found = page.evaluate("() => axe.run(document)")
    assert [
        f"{one['id']} {[node['target'] for node in one['nodes']][:3]} {one['nodes'][0]['failureSummary']}"
        for one in found["violations"]
    ] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_tabs_have_addresses_and_answer_to_the_keyboard(opened: Callable[..., Any]) -> None:
    page = opened("#gid=2")
    assert page.locator("[aria-current]").inner_text() == "Second <tab>"
    assert page.locator(".tab:visible").get_attribute("id") == "gid=2"
    page.focus("nav a >> nth=1")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.locator(".tab:visible").get_attribute("id") == "gid=0"
    assert page.locator("[aria-current]").inner_text() == "Sheet1"


def test_without_its_script_the_page_still_shows_tabs(opened: Callable[..., Any]) -> None:
    page = opened("#gid=2", java_script_enabled=False)
    assert page.locator(".tab:visible").count() == 1
    page.click("nav a >> nth=0")
    assert page.locator("td >> text=€1,200.50").first.is_visible()


def test_frozen_rows_and_columns_stay_and_notes_show(opened: Callable[..., Any]) -> None:
    page = opened()
    before = page.locator("td >> text=2026-01").first.bounding_box()
    head = page.locator("td >> text=Month").first.bounding_box()
    page.locator(".tab.first .scroll").evaluate("one => one.scrollTo(300, 60)")
    assert page.locator("td >> text=Month").first.bounding_box() == head
    assert page.locator("td >> text=2026-01").first.bounding_box()["x"] == before["x"]
    page.locator(".tab.first .scroll").evaluate("one => one.scrollTo(0, 0)")
    page.focus(".note >> nth=0")
    assert page.locator(".tip").inner_text().startswith("New business of the month.")
    page.keyboard.press("Escape")
    assert not page.locator(".tip").is_visible()


def test_the_bar_shows_formulas_of_the_chosen_cell(opened: Callable[..., Any]) -> None:
    page = opened()
    page.click("td >> text=#DIV/0!")
    assert (page.locator(".fx b").inner_text(), page.locator(".fx output").inner_text()) == ("G8", "=B8/0")
    page.focus(".tab.first .scroll")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert page.locator(".fx b").inner_text() == "F7"
    assert page.locator(".fx output").inner_text() == "<b>odd</b> & text that is far too long"


def test_a_chart_off_the_screen_is_one_press_away(opened: Callable[..., Any]) -> None:
    page = opened()
    page.click(".tab.first > details summary")
    page.click("button >> text=Both")
    expect(page.locator("figure[aria-label=Both]")).to_be_in_viewport(ratio=0.9)


def test_charts_lie_over_their_anchor(opened: Callable[..., Any]) -> None:
    page = opened()
    chart = page.locator("figure[aria-label=Line]").bounding_box()
    letter = page.locator(".tab.first .letters th >> text=/^I$/").bounding_box()
    row = page.locator(".tab.first tbody th >> text=/^4$/").bounding_box()
    assert (chart["x"], chart["y"]) == (pytest.approx(letter["x"], abs=2), pytest.approx(row["y"], abs=2))
