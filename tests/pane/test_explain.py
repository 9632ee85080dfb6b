"""Explain: whatever stands in the chosen cell, taken apart to the records."""

from typing import Any

from playwright.sync_api import expect


def explaining(pane: Any, formula: str, cells: str = "") -> Any:
    page = pane()
    page.evaluate(f"sheet.cells.B4 = {{formula: {formula!r}, value: 1}}; {cells}")
    page.click("nav >> text=Explain")
    return page


def explained(page: Any, formula: str) -> None:
    """Another formula in the chosen cell, explained."""
    page.evaluate("(formula) => { sheet.cells.B4.formula = formula; }", formula)
    page.click("nav >> text=Explain")


SPELLINGS = [
    '=REVALIGN.METRIC("nrr","2026-Q1")',
    '=_xldudf_REVALIGN_METRIC("nrr";"2026-Q1")',
    '=IFERROR(ROUND(revalign_metric(A1,A2),4),"none")',
    "=REVALIGN.METRIC('Sheet1'!$A$1,A2,,\"segment\",A3)",  # an empty cell means all
    "=REVALIGN.METRIC(chosen,A2)",
]


def test_a_number_down_to_its_records_in_every_spelling(pane: Any) -> None:
    cells = "sheet.cells.A1={value:'nrr'}; sheet.cells.A2={value:'2026-Q1'}; sheet.names.chosen='A1'"
    page = explaining(pane, "=1", cells)
    for formula in SPELLINGS:
        explained(page, formula)
        expect(page.locator(".cell code")).to_have_text(formula)
        expect(page.locator(".figure")).to_have_text("89.5%")
        expect(page.locator(".part").nth(0)).to_contain_text("Closing MRR of customers paying at start")
        expect(page.locator(".part").nth(1)).to_contain_text("RATIO(170, 190) = 0.894736842105263")
        assert page.locator(".part").nth(2).locator("li").all_inner_texts()[0].split("\n")[0] == "Base MRR"
        assert page.locator(".part").nth(2).locator(".amount").all_inner_texts() == ["€190.00", "€170.00"]
        records = page.locator(".part").nth(3)
        expect(records.locator("h3")).to_have_text("Records in (5 records)")
        assert sorted(records.locator(".strong").all_inner_texts()) == ["Ada", "Ada", "Bob", "Cyd", "Cyd"]
        amounts = ["€100.00", "€100.00", "€40.00", "€50.00", "€70.00"]
        assert sorted(records.locator(".amount").all_inner_texts()) == amounts


def test_a_row_of_a_series_and_a_cell_of_a_table(pane: Any) -> None:
    cells = (
        "sheet.spills = {B5: 'B4', 'B4#': 'B4:C6'};"
        "sheet.cells.C4 = {value: 190}; Object.assign(sheet.cells.B4, {value: '2026-01'});"
        "sheet.cells.B5 = {value: '2026-02'}; sheet.active = 'B5'"
    )
    page = explaining(pane, '=REVALIGN.SERIES("mrr","2026-01","2026-03")', cells)
    expect(page.locator(".figure")).to_have_text("€140.00")
    expect(page.locator(".of")).to_have_text("MRR · 2026-02")
    page.evaluate("""
        Object.assign(sheet.cells.B4, {formula: '=REVALIGN.TABLE({"mrr","nrr"},"2026-01","segment")', value: 'period'});
        Object.assign(sheet, {spills: {D5: 'B4', 'B4#': 'B4:E6'}, active: 'D5'});
        sheet.cells.C4 = {value: 'segment'}; sheet.cells.D4 = {value: 'mrr'}; sheet.cells.E4 = {value: 'nrr'};
        sheet.cells.B5 = {value: '2026-01'}; sheet.cells.C5 = {value: 'SMB'}; sheet.cells.D5 = {value: 140};
    """)
    page.evaluate("sheet.choose('D5')")
    page.click("text=Explain D5")
    expect(page.locator(".figure")).to_have_text("€140.00")
    expect(page.locator(".of")).to_have_text("MRR · 2026-01 · Segment SMB")


def test_a_function_on_ranges_shows_what_it_is_given(pane: Any) -> None:
    page = explaining(
        pane,
        "=REVALIGN.CAC(A1:A2,50,C1)",
        "sheet.cells.A1={value:100}; sheet.cells.A2={value:50}; sheet.cells.C1={value:2}",
    )
    expect(page.locator(".figure")).to_have_text("100")
    assert page.locator(".rows .amount").all_inner_texts() == ["A1:A2", "50", "C1"]


def test_several_functions_can_be_told_apart(pane: Any) -> None:
    page = explaining(pane, '=REVALIGN.METRIC("mrr","2026-01")/REVALIGN.METRIC("mrr","2026-02")')
    expect(page.locator(".of")).to_have_text("MRR · 2026-01")
    page.click("button[aria-pressed=false]")
    expect(page.locator(".of")).to_have_text("MRR · 2026-02")


REFUSED = [
    ('=REVALIGN.METRIC("nnr","2026-01")', "Did you mean nrr?"),
    ('=REVALIGN.METRIC("nrr",TEXT(A1,"yyyy-mm"))', 'The argument TEXT(A1,"yyyy-mm") is an expression'),
    ('=REVALIGN.METRIC("nrr",nowhere)', "There is no nowhere in this workbook."),
    ('=REVALIGN.METRIC("nrr",Other!A1)', "ItemNotFound: Other"),
    ('=REVALIGN.NOSUCH("nrr")', "There is no function REVALIGN.NOSUCH."),
]


def test_what_cannot_be_explained_says_why(pane: Any) -> None:
    page = explaining(pane, "=1")
    for formula, text in REFUSED:
        explained(page, formula)
        expect(page.locator(".trouble")).to_contain_text(text)


def test_cells_without_our_functions_and_the_ribbon(pane: Any) -> None:
    page = explaining(pane, "=SUM(A1:A3)")
    expect(page.locator(".cell")).to_contain_text("holds no Revalign function")
    page.evaluate("sheet.choose('Z9')")
    expect(page.locator(".cell")).to_contain_text("is empty")
    page.evaluate(
        """sheet.cells.B4 = {formula: '=REVALIGN.METRIC("mrr","2026-01")', value: 190}; sheet.active = 'B4'"""
    )
    page.click("nav >> text=Help")
    page.evaluate("sheet.actions.EXPLAIN({completed() {}})")
    expect(page.locator(".of")).to_have_text("MRR · 2026-01")
    assert ["showAsTaskpane"] in page.evaluate("sheet.log")


def test_a_pasted_formula_without_excel(pane: Any) -> None:
    page = pane(excel=False, marks="view=explain")
    page.fill("#formula-typed", "=1+1")
    page.keyboard.press("Enter")
    expect(page.locator(".trouble")).to_contain_text("There is no REVALIGN function in this formula.")
    page.fill("#formula-typed", '=REVALIGN.METRIC("mrr","2026-01")')
    page.keyboard.press("Enter")
    expect(page.locator(".figure")).to_have_text("€190.00")
    page.fill("#formula-typed", '=REVALIGN.METRIC("mrr",A1)')
    page.keyboard.press("Enter")
    expect(page.locator(".trouble")).to_contain_text("which only Excel can read")


def test_the_day_the_workbook_pins_counts_as_it_does_in_the_cell(pane: Any) -> None:
    """A day before every snapshot, and what is no day: the explanation and the preview say so, the freshness stays."""
    page = explaining(pane, '=REVALIGN.METRIC("nrr","2026-Q1")')
    expect(page.locator(".figure")).to_have_text("89.5%")
    page.evaluate("sheet.names.REVALIGN_ASOF = 'K1'; sheet.cells.K1 = {value: 43831}")
    explained(page, '=REVALIGN.METRIC("nrr","2026-Q1")')
    expect(page.locator(".view")).to_contain_text("REV-206")
    page.evaluate("sheet.cells.K1.value = 'soon'")
    explained(page, '=REVALIGN.METRIC("nrr","2026-Q1")')
    expect(page.locator(".view")).to_contain_text('REVALIGN_ASOF is not a date: "soon".')
    page.click("nav >> text=Insert")
    page.fill("#search", "nrr")
    page.press("#search", "Enter")
    expect(page.locator(".preview")).to_contain_text("REVALIGN_ASOF is not a date")
    expect(page.locator(".chip")).to_contain_text("Live")
    page.evaluate("sheet.cells.K1.value = ''")
    page.click("nav >> text=Explain")
    expect(page.locator(".figure")).to_have_text("89.5%")
