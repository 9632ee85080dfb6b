"""The buttons of the tab, executed: what they write, what they say, and that no cell is lost."""

from pathlib import Path
from typing import Any

import pytest
from pyopenvba.interpreter import VBAErrorValue

from revalign_udf.excel import classic, desk
from revalign_udf.functions import registry, session


def formula(bench: Any, address: str, text: str, value: Any) -> Any:
    """A selected cell with a formula and the value it shows (the model of Excel cannot call VBA from a cell)."""
    cell = bench.range(address)
    cell.vba_set("Formula", text)
    calculator, here = bench.book.calculator, (cell.first.top, cell.first.left)
    usual = calculator.value_of
    calculator.value_of = lambda sheet, row, column: value if (row, column) == here else usual(sheet, row, column)
    cell.vba_get("Select")
    return cell


def pages(bench: Any) -> list[str]:
    return [sheet.name for sheet in bench.app.sheets()]


def test_insert_writes_a_formula_and_opens_excels_dialog(bench: Any, door: Any) -> None:
    bench.range("B2").vba_get("Select")
    bench.app.answer_dialogs("mrr", 'LAST_"MONTH')
    bench.vba("RevalignInsertMetric")
    assert bench.messages[-1].startswith("REV-101 ")
    assert bench.sheet.formula("B2") == "", "what cannot be answered is not written"
    bench.app.answer_dialogs("mrr", "LAST_MONTH")
    bench.vba("RevalignInsertMetric")
    assert bench.sheet.formula("B2") == '=REVALIGN_METRIC("mrr","LAST_MONTH")'
    assert bench.done == [("dialog", 450)]


def test_insert_corrects_a_name(bench: Any, door: Any) -> None:
    bench.range("B2").vba_get("Select")
    bench.app.answer_dialogs("nnr", "2026-09")
    bench.vba("RevalignInsertMetric")
    assert "Did you mean nrr?" in bench.messages[-1]
    assert bench.sheet.formula("B2") == ""


def test_a_metric_without_a_number_yet_is_inserted_all_the_same(bench: Any, door: Any) -> None:
    bench.range("B2").vba_get("Select")
    bench.app.answer_dialogs("mrr", "2025-12")
    bench.vba("RevalignInsertMetric")
    assert bench.sheet.formula("B2") == '=REVALIGN_METRIC("mrr","2025-12")'


@pytest.mark.parametrize("held", [5.0, "text", "=1+1"])
def test_insert_never_overwrites(bench: Any, door: Any, held: Any) -> None:
    bench.range("B2").vba_set("Formula", held)
    bench.range("B2").vba_get("Select")
    bench.vba("RevalignInsertMetric")
    assert bench.sheet.formula("B2") == str(held).removesuffix(".0")
    assert bench.messages == ["The cell B2 is not empty. Select an empty one."]


@pytest.mark.parametrize("answers", [("",), ("mrr", "")])
def test_insert_can_be_given_up(bench: Any, door: Any, answers: Any) -> None:
    bench.range("B2").vba_get("Select")
    bench.app.answer_dialogs(*answers)
    bench.vba("RevalignInsertMetric")
    assert (bench.sheet.formula("B2"), bench.messages, bench.done) == ("", [], [])


def test_explain_asks_the_same_question_on_a_new_sheet(bench: Any, door: Any) -> None:
    """References get their sheet, everything else its value: on another sheet C$2 would be another cell."""
    bench.sheet.sheet.vba_set("Name", "It's, (1)")
    bench.fill("C2", [["2026-09"]])
    text = """=ROUND(REVALIGN_METRIC("m"&"rr",'It''s, (1)'!C$2,,"segment",IF(1=1,"smb, ""the"" (small)","x"),"n",1+1)/1000,1)"""
    formula(bench, "D5", text, 0.3)
    bench.vba("RevalignExplain")
    assert bench.messages == []
    assert pages(bench) == ["It's, (1)", "Sheet2"]
    page = bench.app.sheet(2)
    assert page.value("A1") == "How It's, (1)!D5 came about"
    assert (
        page.formula("A3") == """=REVALIGN_EXPLAIN("mrr",'It''s, (1)'!$C$2,,"segment","smb, ""the"" (small)","n",2)"""
    )
    assert bench.sheet.formula("D5") == text


def test_explain_says_what_an_error_means(bench: Any, door: Any) -> None:
    cell = formula(bench, "D5", '=1+REVALIGN_METRIC("nnr","2026-09")', VBAErrorValue(2015))
    calculated = type(cell)._vba_members["calculate"]
    calculated.getter = lambda _: bench.cell("REVALIGN_METRIC", "nnr", "2026-09")
    classic.plain_udf(registry()["CAC"])(1.0, 2.0, 0.0)  # another cell's refusal, earlier
    bench.vba("RevalignExplain")
    assert bench.messages == ['REVALIGN_METRIC: REV-101 Unknown metric "nnr". Did you mean nrr?']
    assert pages(bench) == ["Sheet1"]


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("=1/0", VBAErrorValue(2007), "The cell D5 holds no REVALIGN_ function."),
        ("=REVALIGN_CAC(1,2,3)", 1.0, "Only REVALIGN_METRIC can be explained. For others see Help."),
        ("=REVALIGN_ARR(1)/0", VBAErrorValue(2007), "The error does not come from a REVALIGN_ function of this cell."),
        ('=REVALIGN_METRIC("mrr",1/0)', 1.0, "The argument 1/0 has no single value."),
    ],
)
def test_explain_where_there_is_nothing_to_explain(bench: Any, door: Any, text: str, value: Any, said: str) -> None:
    formula(bench, "D5", text, value)
    bench.vba("RevalignExplain")
    assert said in bench.messages[-1]
    assert pages(bench) == ["Sheet1"]
    assert bench.sheet.formula("D5") == text


def test_refresh_calculates_everything(bench: Any, door: Any) -> None:
    bench.vba("RevalignRefresh")
    assert (bench.done, bench.messages) == ([("calculate",)], [])


def test_freeze_leaves_a_request(bench: Any, door: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "revalign.toml").write_text('[company]\nname = "Acme"\ncurrency = "USD"\n', encoding="utf-8")
    monkeypatch.setenv(session.PROJECT_VARIABLE, str(tmp_path))
    bench.app.answer_dialogs("2026-09", "Month-end close", 1)
    bench.vba("RevalignFreezePeriod")
    assert bench.messages[-1].startswith("Asked for 2026-09 to be closed")
    requests = tmp_path / "governance" / "requests.jsonl"
    assert '"2026-09"' in requests.read_text(encoding="utf-8")
    bench.app.answer_dialogs("2026-09", "again", 1)
    bench.vba("RevalignFreezePeriod")
    assert "was asked for already" in bench.messages[-1]
    for answers in (("",), ("2026-08", ""), ("2026-08", "why", 2)):
        before = requests.read_bytes()
        bench.app.interpreter.answers.clear()
        bench.app.answer_dialogs(*answers)
        bench.vba("RevalignFreezePeriod")
        assert requests.read_bytes() == before


def test_freeze_without_a_project_says_so(
    bench: Any, door: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(session.PROJECT_VARIABLE, str(tmp_path))
    bench.app.answer_dialogs("2026-09", "why", 1)
    bench.vba("RevalignFreezePeriod")
    assert bench.messages[-1].startswith("REV-301 ")


def test_status_lists_the_sources(bench: Any, door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(session.PROJECT_VARIABLE, r"C:\Revalign\acme")
    bench.vba("RevalignStatus")
    assert "stripe   2026-10-30" in bench.messages[-1]
    assert bench.messages[-1].endswith(r"Project: C:\Revalign\acme")


def test_help_opens_the_text_beside_the_add_in(bench: Any) -> None:
    bench.vba("RevalignHelpPage")
    ((what, address),) = bench.done
    assert what == "open"
    assert address.startswith("C:\\AddIns")
    assert address.endswith("README.txt")


def test_the_names_of_the_ribbon_do_what_the_buttons_do(bench: Any, door: Any) -> None:
    for name in ("Refresh", "Help", "Status"):
        bench.vba(f"RevalignOn{name}", bench.windows)
    assert [what for what, *_ in bench.done] == ["calculate", "open"]
    assert len(bench.messages) == 1


def test_commands_answer_texts_and_never_raise(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.COMMANDS["REVALIGN_CHECKED"]("mrr", "2026-09") == ""
    assert desk.COMMANDS["REVALIGN_CHECKED"]("mrr") == (
        "REV-901 TypeError: checked() missing 1 required positional argument: 'period'"
    )
    monkeypatch.setattr(classic, "_said", ["x" * 3000])
    assert len(desk.COMMANDS["REVALIGN_SAID"]()) == 1000
