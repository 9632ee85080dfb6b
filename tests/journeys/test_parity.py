"""The same question gives the same double through Python, command line, Excel registry, COM, workbook and sheet."""

import json
import struct
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from beside import campaign
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from revalign_udf.calc.results import CellError, cells
from revalign_udf.cli import main
from revalign_udf.config import load as load_project
from revalign_udf.functions import call, call_cell, session
from revalign_udf.jobs import init_project, run
from revalign_udf.jobs.projects import SAMPLE
from revalign_udf.layout import read, resolve
from revalign_udf.layout.model import Cell
from revalign_udf.localsheets import LocalSheets
from revalign_udf.metrics import METRICS
from revalign_udf.query import Query
from revalign_udf.sheets import SheetTarget, open_spreadsheet, read_values

SCALARS = sorted(name for name, metric in METRICS.items() if metric.kind == "scalar")
PERIODS = ("2026-07", "2026-08", "2026-09")


def layout() -> str:
    names = ", ".join(f'"{name}"' for name in SCALARS)
    return f"""
title = "Parity"
[[tab]]
key = "all"
name = "All"
[[tab.block]]
key = "every"
title = "Every metric"
kind = "series"
from = "{PERIODS[0]}"
to = "{PERIODS[-1]}"
metrics = [{names}]
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("parity")
    sample = SAMPLE.replace('connector = "sample"', 'connector = "sample"\ncustomers = 60')
    with LocalSheets() as server:
        key = server.create("Parity")
        more = (
            f'[workbooks]\nreports = ["parity"]\n[sheets.all]\nkey = "{key}"\nkey_file = "{server.key_file}"\n'
            f'base_url = "{server.base_url}"\nlayout = "parity"\n'
        )
        init_project(folder, sample + more)
        (folder / "workbooks" / "parity").mkdir()
        (folder / "workbooks" / "parity" / "layout.toml").write_text(layout())
        report = run(load_project(folder))
        assert report.problems == []
        query = Query.open(folder)
        yield folder, query, (server, key)
        query.close()


def bits(number: float) -> bytes:
    return struct.pack(">d", number)


def expected(query: Query) -> dict[tuple[str, str], float | str]:
    found: dict[tuple[str, str], float | str] = {}
    for name in SCALARS:
        for period in PERIODS:
            answer = query.metric(name, period)
            found[name, period] = answer.cell if answer.value is None else answer.value
    return found


def test_most_metrics_have_a_number(world: Any) -> None:
    values = expected(world[1])
    assert sum(isinstance(value, float) for value in values.values()) > 0.85 * len(values)


def test_command_line(world: Any, answer: Callable[..., Any]) -> None:
    folder, query, _ = world
    for name in campaign(list(dict.fromkeys([*SCALARS[::8], *SCALARS])), len(SCALARS) // 8):
        asked = ["series", name, PERIODS[0], PERIODS[-1], "--project", str(folder), "--json"]
        rows = json.loads(CliRunner().invoke(main, asked).stdout)["rows"]
        for row in rows:
            value = query.metric(name, row["period"]).value
            assert row["value"] == value
            assert value is None or bits(row["value"]) == bits(value)
    one = answer("metric", "nrr", "2026-09", "--where", "segment=smb", "--project", folder)
    assert one["value"] == query.metric("nrr", "2026-09", {"segment": "SMB"}).value


def blocks() -> str:
    """A block of every metric that is a table, and records in some orders: whole, chosen, hidden, sorted, cut off."""
    texts = ['title = "Spills"\n[[tab]]\nkey = "all"\nname = "All"']

    def block(kind: str, metric: str, period: str, *more: str) -> None:
        head = f'[[tab.block]]\nkey = "block{len(texts)}"\nkind = "{kind}"\nmetric = "{metric}"\nperiod = "{period}"'
        texts.append("\n".join([head, *more]))

    for name, metric in METRICS.items():
        if metric.kind != "scalar":
            block("table", name, "2026-Q3")
    block("table", "retention_cohorts", "LTM", 'where = { of = "nrr" }', 'columns = [{ key = "size", hidden = true }]')
    block("table", "funnel", "LTM", 'where = { segment = "SMB" }', 'columns = ["conversion", "reached"]')
    block("table", "vanity", "2027-06", 'columns = ["counterpart_value", { key = "value", title = "Shown" }]')
    block("records", "mrr", "2026-09", "limit = 25", 'sort = ["-contribution", "name"]')
    block("records", "nrr", "2026-09", 'columns = ["name", "on", { key = "table", hidden = true }]', 'sort = ["on"]')
    block("records", "logo_churn", "2026-Q3", 'where = { segment = "SMB" }')
    block("records", "sql_leads", "LTM", "limit = 5")
    block("records", "churned_mrr", "2019-01")
    return "\n".join(texts)


def test_a_block_of_rows_is_what_its_one_formula_answers(world: Any, tmp_path: Path) -> None:
    """Else a workbook would change when it is calculated for the first time."""
    path = tmp_path / "spills" / "layout.toml"
    path.parent.mkdir()
    path.write_text(blocks())
    report = resolve(read(path), world[1])
    told = {block.spill.function: 0 for block in report.tabs[0].blocks if block.spill}
    errors = blanks = days = 0
    with session.using(world[1]):
        for block in report.tabs[0].blocks:
            if block.missing:
                continue
            assert block.spill is not None, block.about
            shown = [at for at, column in enumerate(block.columns) if not column.hidden]
            rows = [[row[at] for at in shown] for row in block.rows] or [[Cell()] * len(shown)]
            found: Any = cells(call(block.spill.function, block.spill.arguments))
            assert found == [[cell.error or cell.value for cell in row] for row in rows], block.spill
            told[block.spill.function] += len(rows)
            for cell, answer in zip(chain(*rows), chain(*found), strict=True):
                assert isinstance(answer, CellError) == bool(cell.error)
                errors, blanks = errors + bool(cell.error), blanks + (answer is None)
                days += isinstance(answer, date)
    assert told["TABLE"] > 200
    assert told["RECORDS"] > 100
    assert min(errors, blanks, days) > 0


def test_registry_and_com(world: Any, excel: Any) -> None:
    folder, query, _ = world
    session.use(folder)
    try:
        for (name, period), value in expected(query).items():
            cell = call_cell("REVALIGN.METRIC", [name, period])
            assert cell.get("cell", cell.get("error")) == value, name
            com = excel.call("REVALIGN_METRIC", (name, period))
            if isinstance(value, float):
                assert bits(com) == bits(value), name
            else:
                assert isinstance(com, int), name
        assert call_cell("METRIC", ["nrr", "2026-09", None, "segment", "SMB"])["cell"] == (
            query.metric("nrr", "2026-09", {"segment": "SMB"}).value
        )
        table = call_cell("REVALIGN.SERIES", ["mrr", PERIODS[0], PERIODS[-1]])["cell"]
        assert [row[-1] for row in table if row[0] in PERIODS or isinstance(row[-1], float)] == [
            query.metric("mrr", period).value for period in PERIODS
        ]
        assert "cell" in call_cell("REVALIGN.EXPLAIN", ["nrr", "2026-09"])
    finally:
        session.use(None)


def test_workbook_and_sheet(world: Any) -> None:
    folder, query, (server, key) = world
    rows = CalamineWorkbook.from_path(folder / "output" / "parity.xlsx").get_sheet_by_name("All").to_python()
    head = next(index for index, row in enumerate(rows) if "Period" in row)
    book = {str(row[0]): row[1 : 1 + len(SCALARS)] for row in rows[head + 1 : head + 1 + len(PERIODS)]}
    with open_spreadsheet(SheetTarget("all", key, server.key_file, server.base_url)) as client:
        sheet = {str(row[0]): row[1 : 1 + len(SCALARS)] for row in read_values(client, "every")}
    for (name, period), value in expected(query).items():
        position = SCALARS.index(name)
        if isinstance(value, float):
            assert bits(float(book[period][position])) == bits(value), name
            synced = sheet[period][position]
            assert isinstance(synced, int | float), name
            assert bits(float(synced)) == bits(value), name
        else:
            assert book[period][position] in (value, ""), name
            assert sheet[period][position] in (None, ""), name


def test_the_json_of_every_answer_is_strict(world: Any) -> None:
    _, query, _ = world
    for name in METRICS:
        json.loads(json.dumps(query.metric(name, "2026-09").as_json(), allow_nan=False))


def test_notebook_frames(world: Any) -> None:
    import revalign_udf

    folder: Path = world[0]
    with revalign_udf.open(folder) as numbers:
        frame = numbers.series("mrr", *PERIODS[::2])
        assert list(frame["value"]) == [world[1].metric("mrr", period).value for period in PERIODS]
        assert set(numbers.table(["mrr", "nrr"], ["2026-09"], "segment").columns) == {"period", "segment", "mrr", "nrr"}
