"""Insert: from a word to a formula in the cell, with the value seen before."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from playwright.sync_api import expect

from revalign_udf.cli import main


def chosen(page: Any, name: str) -> None:
    page.fill("#search", name)
    page.press("#search", "Enter")
    page.wait_for_selector(".preview:not([aria-busy])")


def period(page: Any, text: str, key: str = "period") -> None:
    page.fill(f"#period-{key}", text)
    page.press(f"#period-{key}", "Enter")


def test_a_metric_is_found_and_inserted_with_the_keyboard_alone(pane: Any) -> None:
    page = pane()
    page.wait_for_selector("#search")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "search":
            break
    page.keyboard.type("net rev")
    expect(page.locator("#search")).to_have_attribute("aria-activedescendant", "search-0")
    names = page.locator("[role=option] .choice-note")
    assert "nrr" in names.all_inner_texts()
    place = names.all_inner_texts().index("nrr")
    for _ in range(place):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h2")).to_be_focused()
    expect(page.locator("h2")).to_have_text("NRR")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "period-period":
            break
    page.keyboard.press("Control+a")
    page.keyboard.type("2026-Q1")
    page.keyboard.press("Enter")  # takes what was typed
    assert page.evaluate("sheet.log") == []
    expect(page.locator(".of").first).to_have_text("NRR · 2026-Q1")
    page.keyboard.press("Enter")  # the form's
    expect(page.locator(".actions .hint")).to_have_text("Inserted into B4.")
    assert page.evaluate("sheet.log") == [
        ["formulas", "B4", '=REVALIGN.METRIC("nrr","2026-Q1")'], ["numberFormat", "B4", "0.0%"],
    ]  # fmt: skip
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_be_focused()


ASKED = [
    ("mrr", "2026-01", "", "", "€190.00"),
    ("mrr", "2026-01", "Segment", "SMB", "€140.00"),
    ("nrr", "2026-Q1", "", "", "89.5%"),
    ("logo_churn", "2026-02", "", "", "33.3%"),
]


def test_the_value_is_the_one_of_the_command_line(pane: Any, published: Path) -> None:
    page = pane()
    for name, token, field, value, shown in ASKED:
        chosen(page, name)
        period(page, token)
        where = ["--where", f"{field.lower()}={value}"] if field else []
        if field:
            page.click("text=Add a filter")
            page.select_option(".filter select", label=field)
            page.fill(".filter input", value)
            page.press(".filter input", "Enter")
        expect(page.locator(".of").first).to_contain_text(" · ".join([token, *([value] if value else [])]))
        expect(page.locator(".figure")).to_have_text(shown)
        answer = CliRunner().invoke(main, ["metric", name, token, *where, "--project", str(published), "--json"])
        assert float(page.locator(".figure").get_attribute("data-value")) == json.loads(answer.output)["value"]
        pairs = f',,"{field.lower()}","{value}"' if field else ""
        assert page.locator(".formula").inner_text() == f'=REVALIGN.METRIC("{name}","{token}"{pairs})'
        if field:
            page.click("[aria-label^='Remove the filter']")
            expect(page.locator(".add-filter")).to_be_focused()
        page.keyboard.press("Escape")


def test_the_value_says_when_it_is_partial_or_has_no_number(pane: Any) -> None:
    page = pane()
    chosen(page, "mrr")
    period(page, "2026")
    expect(page.locator(".mark-partial")).to_have_text("Partial")
    period(page, "2027-01")
    expect(page.locator(".figure")).to_have_text("#N/A")
    expect(page.locator(".preview .code")).to_have_text("REV-204")
    period(page, "Jan-22")
    expect(page.locator(".figure")).to_have_text("#VALUE!")
    expect(page.locator(".preview .hint")).to_have_text("Write 2022-01 for the month.")


def test_the_best_known_come_first(pane: Any) -> None:
    page = pane()
    first = page.locator("[role=option] .choice-note").first
    for text, name in (
        ("churn", "logo_churn"),
        ("MRR", "mrr"),
        ("net revenue ret", "nrr"),
        ("cac", "cac"),
        ("quick", "quick_ratio"),
    ):
        page.fill("#search", text)
        expect(first).to_have_text(name)


def test_a_typo_says_what_was_meant(pane: Any) -> None:
    page = pane()
    page.fill("#search", "nnr")
    expect(page.locator(".nothing")).to_contain_text("Did you mean NRR")
    page.fill("#search", "retentoin")
    page.click(".nothing >> text=retention")
    expect(page.locator("[role=option]").first).to_be_visible()
    page.fill("#search", "zzzz")
    expect(page.locator(".nothing")).to_contain_text("Try another word")
    page.press("#search", "Escape")
    expect(page.locator("#search")).to_have_value("")
    chosen(page, "mrr")
    page.click("text=Add a filter")
    page.select_option(".filter select", label="Segment")
    page.fill(".filter input", "SBM")
    page.press(".filter input", "Enter")
    expect(page.locator(".preview .trouble")).to_contain_text('Unknown value of segment "SBM".')
    expect(page.locator(".preview .trouble")).to_contain_text("Did you mean SMB?")


def test_a_series_and_a_table(pane: Any) -> None:
    page = pane()
    chosen(page, "mrr")
    page.check("input[value=series]")
    expect(page.locator("input[value=series]")).to_be_focused()
    period(page, "2026-01", "from")
    period(page, "2026-03", "to")
    expect(page.locator(".preview tbody tr")).to_have_count(3)
    assert page.locator(".preview tbody td").all_inner_texts() == [
        "2026-01",
        "€190.00",
        "2026-02",
        "€140.00",
        "2026-03",
        "€170.00",
    ]
    assert page.locator(".formula").inner_text() == '=REVALIGN.SERIES("mrr","2026-01","2026-03","month")'
    page.check("input[value=table]")
    period(page, "2026-01")
    page.select_option("text=Cut by >> xpath=.. >> select", "segment")
    expect(page.locator(".preview thead")).to_contain_text("Segment")
    assert page.locator(".preview tbody tr").last.locator("td").all_inner_texts() == ["2026-01", "total", "€190.00"]
    page.click("text=Insert into B4")
    assert page.evaluate("sheet.log") == [["formulas", "B4", '=REVALIGN.TABLE("mrr","2026-01","segment")']]


def test_a_period_can_be_a_cell(pane: Any) -> None:
    page = pane()
    page.evaluate("sheet.cells.C1 = {value: 46023}")  # 1 January 2026, as Excel keeps it
    chosen(page, "mrr")
    period(page, "=C$1")
    expect(page.locator(".of").first).to_have_text("MRR · 2026-01")
    expect(page.locator(".figure")).to_have_text("€190.00")
    assert page.locator(".formula").inner_text() == '=REVALIGN.METRIC("mrr",C$1)'


def test_a_comparison_a_profile_and_a_parameter(pane: Any) -> None:
    page = pane()
    chosen(page, "mrr")
    period(page, "2026-03")
    page.click("text=More options")
    page.select_option("text=Compare with >> xpath=.. >> select", "previous")
    expect(page.locator(".figure")).to_have_text("€30.00")
    page.select_option("text=Show >> xpath=.. >> select", "share")
    expect(page.locator(".figure")).to_have_text("21.4%")
    assert (
        page.locator(".formula").inner_text()
        == '=REVALIGN.METRIC("mrr","2026-03",,"compare","previous","show","share")'
    )


def test_a_vanity_metric_names_the_better_one(pane: Any) -> None:
    page = pane()
    chosen(page, "new_leads")
    expect(page.locator(".vanity")).to_contain_text("How many of them become customers?")
    page.click(".vanity button")
    expect(page.locator("h2")).to_be_focused()
    expect(page.locator("h2")).not_to_have_text("New leads")


def test_what_is_in_the_cell_is_not_replaced_unseen_and_editing_is_survived(pane: Any) -> None:
    page = pane()
    page.evaluate("sheet.cells.D7 = {value: 12}")
    chosen(page, "mrr")
    expect(page.locator(".primary")).to_have_text("Insert into B4")
    page.evaluate("sheet.choose('D7')")
    expect(page.locator(".primary")).to_have_text("Insert into D7")
    expect(page.locator(".actions .hint")).to_have_text("D7 is not empty: its content is replaced.")
    page.evaluate("sheet.editing = true")
    page.click(".primary")
    expect(page.locator(".actions .hint")).to_contain_text("Excel did not take the formula")
    assert page.evaluate("sheet.log") == []


def test_without_excel_the_formula_is_copied(pane: Any) -> None:
    page = pane(excel=False, permissions=["clipboard-read", "clipboard-write"])
    chosen(page, "mrr")
    page.click("text=Copy formula")
    expect(page.locator(".actions .hint")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == '=REVALIGN.METRIC("mrr","LAST_MONTH")'
