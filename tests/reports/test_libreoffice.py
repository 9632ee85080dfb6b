"""LibreOffice opens every report, prints it, and agrees on every native formula."""

import math
from pathlib import Path
from typing import Any

import pytest
from nativecopy import PROBES, native_copy
from rendering import convert, render
from reportbooks import OURS, ROUTES, Made, opened, read_values

ROUTE = ROUTES[-1]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LibreOffice's own folder, which takes longer to make than a file to open."""
    return tmp_path_factory.mktemp("libreoffice")


def same(ours: Any, theirs: Any) -> bool:
    """Two results of a native formula: numbers to the digits a spreadsheet keeps."""
    if isinstance(ours, int | float) and isinstance(theirs, int | float) and not isinstance(ours, bool):
        return math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-6)
    return bool((ours or "") == (theirs or ""))


def probes_of(made: Made) -> list[tuple[str, int, str]]:
    """Of each drop-down fed by a formula: that formula, how many names it should offer, the first of them."""
    lists = {item.key: item for item in made.report.parameters}
    found = []
    for sheet in made.book(ROUTE).worksheets:
        for rule in sheet.data_validations.dataValidation:
            if rule.type == "list" and not rule.formula1.startswith('"'):
                [key] = [
                    key
                    for key in lists
                    for on, place in made.book(ROUTE).defined_names[f"param_{key}"].destinations
                    if on == sheet.title and place.replace("$", "") in rule.sqref
                ]
                listed = lists[key].listed
                found.append((rule.formula1, max(1, len(listed)), listed[0] if listed else ""))
    return found


def test_it_prints_every_sheet(chosen: Made, profile: Path, tmp_path: Path) -> None:
    pages = render(chosen.path(ROUTE), tmp_path, profile=profile, dots=30)
    visible = [sheet for sheet in chosen.book(ROUTE).worksheets if sheet.sheet_state == "visible"]
    assert len(pages) >= len(visible)
    assert all(page.stat().st_size > 300 for page in pages)


def test_it_keeps_the_values_it_cannot_compute(chosen: Made, profile: Path, tmp_path: Path) -> None:
    """A reader without the add-in, in another program: opened and saved, the numbers of ours are still there, those of
    tables too, and where there was none there is a blank."""
    made = convert(chosen.path(ROUTE), "xlsx", tmp_path, profile)
    theirs, errors = read_values(made), opened(made, data_only=True)
    kept = 0
    for item in chosen.placed(ROUTE):
        for row, column, _, cell in item.cells():
            if isinstance(cell.value, float) and (cell.call or item.block.spill):
                read = theirs[item.sheet][row - 1][column - 1]
                assert read == pytest.approx(cell.value, rel=1e-13), (item.sheet, row, column)
                kept += 1
            if not (cell.call and cell.call.bare):
                assert errors[item.sheet].cell(row, column).value != "#NAME?", (item.sheet, row, column)
    assert kept


def test_a_second_engine_agrees_on_native_formulas(chosen: Made, profile: Path, tmp_path: Path) -> None:
    """Our cells are plain values there and native ones empty, so that LibreOffice has to compute each of them."""
    copy, probes = tmp_path / "native.xlsx", probes_of(chosen)
    asked = [f"{what}({formula}{rest})" for formula, *_ in probes for what, rest in (("ROWS", ""), ("INDEX", ",1"))]
    native = native_copy(chosen.path(ROUTE), copy, asked)
    assert not OURS.search(copy.read_bytes().decode("latin-1"))
    (tmp_path / "made").mkdir()
    theirs, ours = opened(convert(copy, "xlsx", tmp_path / "made", profile), data_only=True), chosen.shown(ROUTE)
    wanted = sum(bool(cell.formula or cell.name) for item in chosen.placed(ROUTE) for *_, cell in item.cells())
    assert sum(map(len, native.values())) >= wanted
    names = {f"xl/worksheets/sheet{number}.xml": name for number, name in enumerate(ours.sheetnames, 1)}
    for part, cells in native.items():
        for cell in cells:
            mine, other = ours[names[part]][cell].value, theirs[names[part]][cell].value
            assert same(mine, other), (names[part], cell, chosen.book(ROUTE)[names[part]][cell].value, mine, other)
    last = theirs[theirs.sheetnames[-1]]
    for number, (formula, count, first) in enumerate(probes):
        found = [last[f"{PROBES}{2 * number + more}"].value for more in (1, 2)]
        assert found == [count, first], formula
