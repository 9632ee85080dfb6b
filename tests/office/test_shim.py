"""The functions as Excel calls them, in Node against the real server: the same cells as everywhere else."""

import json
from pathlib import Path
from typing import Any

from revalign_udf.calc.results import cells
from revalign_udf.excel.office import assets
from revalign_udf.excel.office.manifest import BUTTONS
from revalign_udf.excel.office.metadata import function_id
from revalign_udf.functions import call, call_cell, registry, session

#: what Excel takes back from a function, and which of it may carry words
RETURNED = {"#VALUE!", "#N/A", "#DIV/0!", "#NUM!", "#NULL!"}
SPOKEN = {"#VALUE!", "#N/A"}


def expected(name: str, arguments: list[Any]) -> dict[str, Any]:
    """What a cell of Excel must show for a call, from the registry itself."""
    found = dict(call_cell(name, arguments))
    if "error" in found:
        shown = found["error"]
        if shown in RETURNED:
            return {"error": shown, "message": found["message"] if shown in SPOKEN else None}
        return {"error": "#VALUE!", "message": f"{shown} {found['message']}"}
    cell = found["cell"]
    if isinstance(cell, list):
        rows = [[_shown(item) for item in row] for row in cell]
        return {"cell": rows if rows and rows[0] else [[""]]}
    return {"cell": _shown(cell)}


def _shown(cell: Any) -> Any:
    return "" if cell is None else cell


def test_every_example_of_the_registry_is_the_same_cell_through_the_shim(run: Any, client: Any) -> None:
    calls = [
        (name, [list(item) if isinstance(item, tuple) else item for item in example.arguments])
        for name, function in registry().items()
        for example in function.examples
        if not function.snapshot
    ]
    assert len(calls) > 60
    found = run("shim.mjs", "calls", base=client.base_url, calls=[[function_id(name), given] for name, given in calls])
    wanted = [expected(name, given) for name, given in calls]
    differing = [
        (call, got, want) for call, got, want in zip(calls, found["found"], wanted, strict=True) if got != want
    ]
    assert differing == []
    assert found["requests"] <= 2


def test_functions_on_the_snapshot_are_the_same_cells(run: Any, client: Any, project: Path) -> None:
    calls: list[tuple[str, list[Any]]] = [
        ("METRIC", ["mrr", "2026-01"]),
        ("METRIC", ["mrr", "2026-01", None, "segment", "SMB"]),
        ("METRIC", ["mrr", 46023.0, None, [["segment", "SMB"], ["country", None]]]),
        ("METRIC", ["nnr", "2026-01"]),
        ("METRIC", ["revenue", "2026-01"]),
        ("METRIC", ["#REF!", "2026-01"]),
        ("SERIES", ["mrr", "2026-01", "2026-03", None, None, "segment", "ENT"]),
        ("TABLE", [[["mrr"], ["logo_churn"]], [["2026-01", "2026-02"]], "segment"]),
        ("EXPLAIN", ["nrr", "2026-02"]),
        ("DEFINE", ["nrr"]),
        ("LIST", ["segment"]),
        ("STATUS", []),
    ]
    found = run("shim.mjs", "calls", base=client.base_url, calls=[[function_id(n), g] for n, g in calls])["found"]
    with session.using(project):
        assert found == [expected(name, given) for name, given in calls]
    assert found[0] == {"cell": 150}
    assert found[5]["message"].startswith("#REF! REV-112")


def test_a_date_is_a_serial_number_and_where_excel_can_show_it_a_date(run: Any, client: Any, project: Path) -> None:
    asked = [["PERIOD", ["LAST_MONTH"]]]
    with session.using(project):
        day = cells(call("PERIOD", ["LAST_MONTH"]))
    assert str(day) == "2026-02-01"
    plain = run("shim.mjs", "calls", base=client.base_url, calls=asked, formats=False)["found"]
    assert plain == [{"cell": 46054}]
    marked = run("shim.mjs", "calls", base=client.base_url, calls=asked, formats=True)["found"]
    assert marked == [{"cell": {"type": "FormattedNumber", "basicValue": 46054, "numberFormat": "yyyy-mm-dd"}}]


def test_the_first_error_cell_wins_through_the_shim_too(run: Any, client: Any) -> None:
    calls = [
        ["CAC", [[[1.0], ["#N/A"], ["#DIV/0!"]], "#NUM!", 1]],
        ["CAC", ["text", 1, "#DIV/0!"]],
        ["LTV.TO.CAC", ["#NULL!", "#N/A"]],
    ]
    found = run("shim.mjs", "calls", base=client.base_url, calls=calls)["found"]
    assert [item["error"] for item in found] == ["#N/A", "#DIV/0!", "#NULL!"]


def test_every_declared_function_has_a_body_and_every_button_an_action(run: Any, client: Any) -> None:
    found = run("shim.mjs", "associated", base=client.base_url)
    assert found["known"] == found["declared"] == [function_id(name) for name in registry()]
    assert set(found["actions"]) >= {button.id for button in BUTTONS}


def test_a_preview_asks_nothing_and_makes_up_nothing(run: Any, client: Any) -> None:
    found = run("shim.mjs", "preview", base=client.base_url)
    assert (found["unknown"]["error"], found["quiet"]) == ("#N/A", 0)
    assert found["known"] == {"cell": 1}
    assert found["asked"] == found["after"] == 1
    assert found["at"] == 1


def test_a_canceled_cell_sends_nothing(run: Any, client: Any) -> None:
    found = run("shim.mjs", "canceled", base=client.base_url)
    assert (found["first"]["error"], found["requests"]) == ("#N/A", 0)


def test_signed_out_says_so_and_a_token_left_by_the_pane_is_found(run: Any, client: Any) -> None:
    found = run("shim.mjs", "signed", base=client.base_url)
    assert found["out"]["error"] == "#N/A"
    assert found["out"]["message"].startswith("REV-401")
    assert found["quiet"] == 0
    assert found["signed"] == {"cell": 1}


def test_what_excel_hands_over_is_read_in_every_clothing(run: Any, client: Any) -> None:
    found = run("shim.mjs", "inputs", base=client.base_url)
    assert found["cells"] == [
        None, None, 1.5, "a", True, "#NUM!", "#N/A", "#DIV/0!", "#REF!", 46266, None, "#VALUE!", "#VALUE!",
    ]  # fmt: skip
    assert found["ranges"] == [1, [[1], [None]], [["#N/A", 2]]]
    assert found["repeated"] == [
        ["mrr", "2026-01", None, "segment", "SMB"],
        ["mrr", "2026-01", None],
        ["mrr", "2026-01", None, "segment", None],
        ["mrr", "2026-01", None],
    ]


def test_ribbon_buttons_open_the_pane_and_refresh_calculates(run: Any, client: Any) -> None:
    found = run("shim.mjs", "buttons", base=client.base_url)
    assert found == {"view": "explain", "shown": True, "calculated": "Full", "completed": 2}


def test_the_scripts_are_modules_without_dependencies() -> None:
    for name, (kind, content) in assets("https://localhost:8743").items():
        if kind == "text/javascript" and name in ("client.js", "functions.js"):
            imported = [line for line in content.decode().splitlines() if line.startswith("import ")]
            assert all('from "./' in line for line in imported), name
            assert "console." not in content.decode()
            assert "alert(" not in content.decode()


def test_functions_json_is_what_the_script_associates() -> None:
    found = json.loads(assets("https://localhost:8743")["functions.json"][1])
    assert [item["name"] for item in found["functions"]] == list(registry())


def test_a_blank_score_is_no_answer_though_excel_hands_over_0(run: Any, client: Any) -> None:
    """Of 10, blank, 0 and 9 the blank does not count: (2 - 1) / 3; counted as 0 it would be (2 - 2) / 4."""
    found = run("shim.mjs", "scores", base=client.base_url)
    assert found["blank"]["cell"] == 100 / 3
    assert found["typed"] == {"cell": 0}, "numbers typed into the formula are what they are"
    assert found["unreadable"]["error"] == "#N/A", "never a guess"
    assert "blank" in found["unreadable"]["message"]
    assert found["sure"] == {"cell": 100}
    assert found["preview"]["error"] == "#N/A"
    assert found["asked"] == ["Survey 'A'!A1:A4", "Gone!A1:A4"]


def test_one_blank_cell_is_not_0_though_excel_hands_over_0(run: Any, client: Any) -> None:
    """A pot that nobody has filled in is no pot of 0, and no quantity means 1 each; a 0 that somebody typed is 0."""
    found = run("shim.mjs", "single", base=client.base_url)
    assert found["blank"]["error"] == "#VALUE!"
    assert "REV-112 pot is empty" in found["blank"]["message"]
    nothing = {"cell": [["label", "share"], ["1", 0], ["2", 0]]}
    assert found["zero"] == found["typed"] == found["all"] == nothing
    assert found["one"]["error"] == "#N/A", "which of several cells this is nobody says"
    assert (found["every"], found["none"], found["left"]) == ({"cell": 11}, {"cell": 0}, {"cell": 11})


def test_days_of_a_workbook_that_counts_from_1904_are_refused_not_misread(run: Any, client: Any, project: Path) -> None:
    """44561 is 1 January 2026 there; read as a day of the 1900 system it would be in 2021."""
    found = run("shim.mjs", "from1904", base=client.base_url)
    one, other = found["one"], found["other"]
    for name in ("number", "range"):
        assert one[name]["error"] == "#VALUE!"
        assert "counts days from 1904" in one[name]["message"]
        assert "cell" in other[name]
    assert one["text"] == other["text"] == other["number"]
    assert one["year"] == other["year"], "a year is no day"
    assert one["amount"] == other["amount"] == {"cell": 89122}
    days = [answers["day"]["cell"]["basicValue"] for answers in (one, other)]
    assert days == [44561, 46023]
