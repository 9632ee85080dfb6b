"""A local server, a spreadsheet on it, and a small report."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from revalign_udf.layout.model import Block, Cell, Chart, Column, Report, Tab
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import GoogleSpreadsheet, Retry, SheetTarget, open_spreadsheet

COLUMNS = (
    Column("period", "Month", "text", width=10),
    Column("opening_mrr", "Opening MRR", "money", "MRR at the start of the month. v1 · Finance"),
    Column("new_mrr", "New", "money"),
    Column("closing_mrr", "Closing MRR", "money"),
    Column("nrr", "NRR", "rate"),
)
BRIDGE = {
    "2026-01": (1000.0, 250.5, 1.02),
    "2026-02": (1250.5, 100.25, 0.987),
    "2026-03": (1350.75, 0.1, None),
}


def bridge(rows: dict[str, tuple[Any, Any, Any]] | None = None, **changes: Any) -> Block:
    rows = BRIDGE if rows is None else rows
    made = tuple(
        (
            Cell(key),
            Cell(opening),
            Cell(new),
            Cell(opening + new, formula="opening_mrr + new_mrr"),
            Cell(nrr, status="" if nrr is not None else "REV-204 no data"),
        )
        for key, (opening, new, nrr) in rows.items()
    )
    block = Block(
        "bridge",
        "MRR bridge",
        COLUMNS,
        made,
        tuple(rows),
        (Chart("closing", "Closing MRR", "line", "period", ("opening_mrr", "closing_mrr")),),
    )
    return replace(block, **changes)


def customers(*names: str) -> Block:
    columns = (Column("name", "Customer", "text"), Column("mrr", "MRR", "money"), Column("live", "Live", "text"))
    rows = tuple((Cell(name), Cell(100 + at), Cell(value=True)) for at, name in enumerate(names))
    return Block("customers", "Customers", columns, rows, names)


def report(*blocks: Block, **changes: Any) -> Report:
    definitions = Block(
        "definitions",
        "Definitions",
        (Column("metric", "Metric", "text"), Column("words", "Definition", "text", width=60)),
        ((Cell("MRR"), Cell("Monthly recurring revenue.")),),
        ("MRR",),
    )
    made = Report(
        key="saas_metrics",
        title="SaaS metrics",
        tabs=(Tab("overview", "Overview", blocks or (bridge(), customers("Ada", "Bob"))),),
        currency="EUR",
        snapshot="s1",
        as_of="2026-03-31",
        banner="Updated 2026-04-01 06:00 CET · all 4 sources fresh",
        definitions=definitions,
    )
    return replace(made, **changes)


@pytest.fixture
def server() -> Iterator[LocalSheets]:
    with LocalSheets() as local:
        yield local


@pytest.fixture
def book_key(server: LocalSheets) -> str:
    return server.create("Metrics")


Opener = Callable[..., GoogleSpreadsheet]
QUICK = Retry(sleep=lambda _: None)


@pytest.fixture
def opener(server: LocalSheets, book_key: str) -> Iterator[Opener]:
    made: list[GoogleSpreadsheet] = []

    def open_(key: str = book_key, retry: Retry = QUICK) -> GoogleSpreadsheet:
        made.append(open_spreadsheet(SheetTarget("team", key, server.key_file, server.base_url), retry=retry))
        return made[-1]

    yield open_
    for client in made:
        client.close()


@pytest.fixture
def client(opener: Opener) -> GoogleSpreadsheet:
    return opener()
