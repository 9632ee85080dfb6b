"""Every report survives a company that lacks most of what it is about: no crash, no invented number, a reason instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from revalign_udf.config import load
from revalign_udf.jobs.reports import caller
from revalign_udf.layout import available, find, read, resolve
from revalign_udf.query import Query
from revalign_udf.testing import project_of

COMPANIES = {
    "three subscriptions": {
        "organization": "id name segment\na a small\nb b large\nc c small",
        "subscription": "id org_id started_at\na a 2026-01-01\nb b 2026-01-01\nc c 2026-01-01",
        "subscription_item_period": (
            "id subscription_id valid_from valid_to amount interval\n"
            "1 a 2026-01-01 - 100 month\n2 b 2026-02-01 - 250.10 month\n3 c 2026-03-01 2026-06-01 50 month"
        ),
    },
    "a shop": {
        "person": "id name\np p",
        "sales_order": "id person_id ordered_at amount\n1 p 2026-01-03 100\n2 p 2026-05-03 20",
    },
}


@pytest.fixture(scope="module", params=list(COMPANIES))
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    folder: Path = tmp_path_factory.mktemp("small")
    project_of(folder, COMPANIES[request.param], through="2026-08-31").close()
    query = Query(load(folder).snapshots)
    yield query
    query.close()


@pytest.mark.parametrize("name", available())
def test_a_report_is_made_of_what_there_is(company: Query, name: str) -> None:
    report = resolve(read(find(name)), company, caller(company))
    blocks = [block for tab in report.tabs for block in tab.blocks]
    assert blocks
    for block in blocks:
        assert all(len(row) == len(block.columns) for row in block.rows)
        for cell in (cell for row in block.rows for cell in row if cell.call and cell.value is None):
            assert cell.status.startswith("REV-") or cell.error, (block.key, cell)
