"""REVALIGN_ASOF through all ways: a workbook that pins a day shows the same numbers filled, in the classic add-in and in the
Office.js add-in, and they are those of a cell that names the day itself.

The company of `tests/workbook` has a snapshot of August, when its MRR of LAST_MONTH (July) was 100 + 250.10, and one of
September, when a third customer of 50 from August on had come to light.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from beside import load
from rawbook import rawbook
from tools import program

from revalign_udf.calc.results import as_json
from revalign_udf.errors import NoData, UserError
from revalign_udf.excel.addin import write
from revalign_udf.excel.addin.writing import settings_for
from revalign_udf.excel.office import assets
from revalign_udf.functions import call, session
from revalign_udf.workbook.fill import fill

HERE = Path(__file__).parent
SERVER = load(HERE.parent / "server" / "conftest.py")
COM = load(HERE.parent / "excel" / "com.py")
VBA = load(HERE.parent / "excel" / "vbahost.py")
WORKBOOK = load(HERE.parent / "workbook" / "conftest.py")

AUGUST = 46265
CELLS: list[tuple[str, list[Any]]] = [
    ("METRIC", ["mrr", "LAST_MONTH"]),
    ("METRIC", ["mrr", "LAST_MONTH", None, "segment", "small"]),
    ("METRIC", ["mrr", "LAST_MONTH", "2026-09-30"]),
    ("METRIC", ["mrr", "2026-08"]),
    ("PERIOD", ["LAST_MONTH"]),
    ("CAC", [100, 200, 3]),
]
#: what those cells show as of the end of August, and of September
OLD, NEW = [350.1, 100.0, 400.1, 350.1, 46204.0, 100.0], [400.1, 150.0, 400.1, 400.1, 46235.0, 100.0]
#: what the name may hold: as a formula, and as Office.js tells it
HELD: list[tuple[str, Any]] = [
    ("=46265", AUGUST),
    ('="2026-08-31"', "2026-08-31"),
    ("=S!$P$1", [[AUGUST]]),
    ("=S!$P$2", [["2026-08-31"]]),
    ("=DATE(2026,8,31)", AUGUST),
]
NOTHING: list[tuple[str, Any]] = [("", None), ("=S!$P$9", [[""]]), ('=""', "")]
WRONG: list[tuple[str, Any]] = [
    ('="soon"', "soon"),
    ("=TRUE", True),
    ("=#REF!", "#REF!"),
    ("=S!$P$1:$P$2", [[AUGUST], ["2026-08-31"]]),
]
SHEET = {"P1": AUGUST, "P2": "2026-08-31"}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return WORKBOOK.Published(tmp_path_factory.mktemp("published"))


@contextmanager
def classic(published: Any, folder: Path) -> Iterator[Any]:
    """The classic add-in with an open workbook."""
    write(folder / "classic", settings_for(project=str(published.folder)))
    with COM.simulated() as xlwings, VBA.bench(folder / "classic" / "revalign.xlam", COM.FakeExcel(xlwings)) as bench:
        bench.sheet.sheet.vba_set("Name", "S")
        bench.fill("P1", [[float(AUGUST)], ["2026-08-31"]])
        with session.using(published.folder):
            yield bench


def name(bench: Any, refers: str, where: Any = None) -> None:
    (where or bench.book).vba_get("Names").vba_get("Add", ["REVALIGN_ASOF", refers])


def cells(bench: Any, asked: Any = CELLS) -> list[Any]:
    return [bench.cell(f"REVALIGN_{function}", *arguments) for function, arguments in asked]


@contextmanager
def office(published: Any, folder: Path) -> Iterator[Any]:
    """What the Office.js add-in shows: a scenario of tests/office in Node, against the server."""
    for file, (_, content) in assets("https://localhost:8743").items():
        (folder / file).write_bytes(content)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    with SERVER.served(published.folder) as server:

        def run(scenario: str, **given: Any) -> Any:
            given |= {"base": server.base_url, "token": SERVER.TOKEN}
            command = [program("node"), str(HERE.parent / "office" / "shim.mjs"), scenario, str(folder)]
            done = subprocess.run(
                command, input=json.dumps(given) + "\n", capture_output=True, check=True, encoding="utf-8"
            )
            return json.loads(done.stdout)["found"]

        run.server = server  # type: ignore[attr-defined]
        yield run


def filled(published: Any, folder: Path, told: str, tail: str = "") -> list[Any]:
    def text(value: Any) -> str:
        return "" if value is None else f'"{value}"' if isinstance(value, str) else str(value)

    formulas = {
        f"A{row}": f"=REVALIGN.{function}({','.join(map(text, arguments))}){tail}"
        for row, (function, arguments) in enumerate(CELLS, 1)
    }
    path = folder / "book.xlsx"
    path.write_bytes(rawbook({"S": {**formulas, **SHEET}}, names={"REVALIGN_ASOF": told[1:]} if told else {}))
    fill(path, published.door)
    sheet = openpyxl.load_workbook(path, data_only=True)["S"]
    return [sheet[place].value for place in formulas]


def test_the_expected_cells_are_those_of_the_day_named_in_the_cell(published: Any) -> None:
    explicit: list[tuple[str, list[Any]]] = [
        ("METRIC", ["mrr", "LAST_MONTH", "2026-08-31"]),
        ("METRIC", ["mrr", "LAST_MONTH", AUGUST, "segment", "small"]),
    ]
    with session.using(published.folder):
        assert [as_json(call(*one))["cell"] for one in explicit] == OLD[:2]
        assert [as_json(call(*one))["cell"] for one in CELLS[:4]] == NEW[:4]


@pytest.mark.parametrize("told", [formula for formula, _ in (*HELD, *NOTHING)])
def test_filled(published: Any, tmp_path: Path, told: str) -> None:
    found = filled(published, tmp_path, told)
    assert found == (OLD if told in dict(HELD) else NEW)


def test_in_the_classic_add_in(published: Any, tmp_path: Path) -> None:
    with classic(published, tmp_path) as bench:
        assert cells(bench) == NEW
        for told, _ in HELD:
            name(bench, told)
            assert cells(bench) == OLD, told
        for told, _ in NOTHING[1:]:
            name(bench, told)
            assert cells(bench) == NEW, told
        for told, _ in WRONG:
            name(bench, told)
            assert cells(bench) == ["#VALUE!"] * 5 + [100.0], told
            said = bench.vba("RevalignAsk", "REVALIGN_SAID", VBA.VBAArray([(0, -1)]))
            assert "REV-101 REVALIGN_ASOF is not a date" in str(said.items[-1] if hasattr(said, "items") else said), (
                told
            )


def test_in_the_office_js_add_in(published: Any, tmp_path: Path) -> None:
    held = [value for _, value in (*HELD, *NOTHING, *WRONG)]
    with office(published, tmp_path) as run:
        found = run("pinned", held=held, calls=CELLS)
        shown = [[cell.get("cell", cell.get("error")) for cell in row] for row in found["found"]]
        assert shown == [OLD] * len(HELD) + [NEW] * len(NOTHING) + [["#VALUE!"] * 5 + [100]] * len(WRONG)
        for row in found["found"][-len(WRONG) :]:
            assert {cell["message"][:38] for cell in row[:5]} == {'REV-101 REVALIGN_ASOF is not a date: "'[:38]}
        assert found["posts"] <= 8, "seven different contents, each asked for once, and the function on ranges"


def test_a_change_of_the_name_reaches_the_whole_workbook(published: Any, tmp_path: Path) -> None:
    with office(published, tmp_path) as run:
        asked = ["METRIC", ["mrr", "LAST_MONTH"]]
        found = run(
            "moving", first=AUGUST, then="2026-09-30", asked=asked, raw=["mrr", "LAST_MONTH", None, None],
            other=["METRIC", ["mrr", "2026-07"]],
        )  # fmt: skip
    assert found["early"], "before the name has been read nothing is given from memory"
    assert (found["before"], found["known"], found["still"]) == ({"cell": 350.1}, 350.1, 350.1)
    assert (found["quiet"], found["calculated"], found["again"]) == (1, None, "Full")
    assert found["after"] == {"cell": 400.1}
    assert found["behind"] == {"cell": 350.1}, "a change is found behind answers from memory too"


def test_while_excel_does_not_say_what_the_name_holds(published: Any, tmp_path: Path) -> None:
    asked, other = ["METRIC", ["mrr", "LAST_MONTH"]], ["METRIC", ["mrr", "2026-07"]]
    with office(published, tmp_path) as run:
        found = run("unread", asked=asked, other=other, day=AUGUST)
    assert found["busy"]["error"] == "#VALUE!"
    assert found["busy"]["message"] == "REV-101 Excel does not say what REVALIGN_ASOF holds. Calculate again."
    assert found["range"] == {"cell": 1}, "a function on ranges needs no day"
    assert found["read"] == {"cell": 350.1}
    assert found["editing"] == {"cell": 350.1}, "the day read last stands"


def test_over_http(published: Any) -> None:
    def asked(as_of: Any, *more: Any) -> list[dict[str, Any]]:
        return [{"id": 1, "function": "METRIC", "arguments": ["mrr", "LAST_MONTH", *more], "as_of": as_of}]

    with SERVER.served(published.folder) as server:
        days: list[Any] = ["2026-08-31", AUGUST, " 2026-08-31 ", "2026-09-01", "2026-09-30", None, ""]
        calls = [{**asked(day)[0], "id": place} for place, day in enumerate(days)]
        reply = server.post(calls)
        assert [one["cell"] for one in reply.json()] == [350.1, 350.1, 350.1, 350.1, 400.1, 400.1, 400.1]
        assert reply.headers["Revalign-Snapshot"].startswith("2026-09-30")
        edition = reply.headers["Revalign-Edition"]
        assert server.post(asked(AUGUST, "2026-09-30")).json() == [{"id": 1, "cell": 400.1}]
        for wrong in ("soon", True, [1, 2], {"a": 1}, 1e300, -5):
            [answer] = server.post(asked(wrong)).json()
            assert answer["error"] == "#VALUE!", wrong
            assert answer["message"].startswith("REV-101 REVALIGN_ASOF is not a date"), wrong
        [early] = server.post(asked("2020-01-01")).json()
        assert (early["error"], early["message"][:7]) == ("#N/A", "REV-206")
        [ranges] = server.post([{"id": 1, "function": "CAC", "arguments": [100, 200, 3], "as_of": "soon"}]).json()
        assert ranges == {"id": 1, "cell": 100.0}
        [unknown] = server.post([{"id": 1, "function": "NOSUCH", "arguments": [], "as_of": "soon"}]).json()
        assert unknown["error"] == "#NAME?"
        assert server.post(asked("2026-08-31")).headers["Revalign-Edition"] == edition


def test_what_the_pane_is_answered(published: Any) -> None:
    with SERVER.served(published.folder) as server:

        def answer(**given: Any) -> Any:
            asked = {"metric": "mrr", "period": "LAST_MONTH", "pairs": [], **given}
            return server._ask("POST", "/v1/answer", SERVER.TOKEN, json=asked).json()

        assert answer()["cell"] == 400.1
        pinned = answer(workbook_as_of=AUGUST)
        assert (pinned["cell"], pinned["answer"]["period"]) == (350.1, "2026-07")
        assert pinned == answer(as_of="2026-08-31")
        assert answer(workbook_as_of=AUGUST, as_of="2026-09-30")["cell"] == 400.1
        wrong = answer(workbook_as_of="soon")
        assert (wrong["error"], wrong["reason"]["code"]) == ("#VALUE!", "REV-101")
        assert "REVALIGN_ASOF" in wrong["reason"]["text"]


def test_the_workbook_of_the_calling_cell_counts_and_not_a_sheets_own_name(published: Any, tmp_path: Path) -> None:
    with classic(published, tmp_path) as bench:
        other = bench.app.add_workbook()
        name(bench, "=46265", other)
        bench.app.activate_workbook(other)
        assert cells(bench) == NEW
        bench.app.activate_workbook(bench.book)
        name(bench, "=46295", bench.sheet.sheet)  # of the sheet alone
        assert cells(bench) == NEW
        name(bench, '="soon"', bench.sheet.sheet)
        assert cells(bench) == NEW
        name(bench, "=46265")
        assert cells(bench) == OLD


def test_a_workbook_that_counts_from_1904(published: Any, tmp_path: Path) -> None:
    with classic(published, tmp_path) as bench:
        bench.date1904 = True
        for told in (f"={AUGUST - 1462}", '="2026-08-31"', "=S!$Q$1"):
            bench.fill("Q1", [[float(AUGUST - 1462)]])
            name(bench, told)
            assert cells(bench) == [*OLD[:4], OLD[4] - 1462, 100.0], told
        name(bench, "=0")
        assert cells(bench) == [*NEW[:4], NEW[4] - 1462, 100.0]


def test_a_day_before_every_snapshot(published: Any, tmp_path: Path) -> None:
    with pytest.raises(NoData, match="REV-206") as caught:
        filled(published, tmp_path, '="2020-01-01"')
    assert caught.value.code == "REV-206"
    with classic(published, tmp_path) as bench:
        name(bench, '="2020-01-01"')
        assert cells(bench) == ["#N/A", "#N/A", 400.1, "#N/A", "#N/A", 100.0]


@pytest.mark.parametrize("told", [formula for formula, _ in WRONG])
def test_what_is_no_day_stops_filling(published: Any, tmp_path: Path, told: str) -> None:
    with pytest.raises(UserError, match="REVALIGN_ASOF is not a date"):
        filled(published, tmp_path, told)


def test_insert_in_the_classic_add_in_asks_as_the_cell_will(published: Any, tmp_path: Path) -> None:
    with classic(published, tmp_path) as bench:
        name(bench, '="soon"')
        bench.range("B2").vba_get("Select")
        bench.app.answer_dialogs("mrr", "LAST_MONTH")
        bench.vba("RevalignInsertMetric")
        assert bench.messages[-1].startswith("REV-101 REVALIGN_ASOF is not a date")
        name(bench, "=46265")
        bench.app.answer_dialogs("mrr", "LAST_MONTH")
        bench.vba("RevalignInsertMetric")
        assert bench.sheet.formula("B2") == '=REVALIGN_METRIC("mrr","LAST_MONTH")'
        assert bench.calls[-1][2] == ("mrr", "LAST_MONTH", float(AUGUST))
