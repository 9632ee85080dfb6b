"""A snapshot published before a fact was declared is still read; the fact is one without rows."""

import json
from pathlib import Path

import pytest

from revalign_udf.errors import NoData
from revalign_udf.query import Query
from revalign_udf.snapshots import current
from revalign_udf.testing import project_of


def test_a_fact_the_snapshot_does_not_know(tmp_path: Path) -> None:
    orders = "id org_id ordered_at amount product_id\n1 A 2026-01-05 10 p\n2 B 2026-02-05 30 q"
    query = project_of(tmp_path, {"sales_order": orders, "web_daily": "date channel visitors\n2026-01-01 paid 5"})
    folder = query.root / current(query.root)
    assert query.metric("visitors", "2026-01").value == 5
    query.close()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["facts"]["web"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "web.parquet").unlink()
    older = Query(query.root)
    assert older.metric("visitors", "2026-01").status == "REV-201"
    assert older.metric("revenue", "2026-02", {"product": "q"}).value == 30
    assert [name for name, _ in older.breakdown("revenue", "2026-01", "product")] == ["p"]
    older.close()


def test_a_cube_of_another_size_is_noticed(tmp_path: Path) -> None:
    query = project_of(tmp_path, {"sales_order": "id org_id ordered_at amount\n1 A 2026-01-05 10"})
    folder = query.root / current(query.root)
    with (folder / "cube.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(NoData) as caught:
        query.metric("revenue", "2026-01")
    assert caught.value.code == "REV-207"
    query.close()
