"""A record behind a number has an address in its own system, where that system has told how addresses are made."""

from pathlib import Path

from revalign_udf.config import load
from revalign_udf.jobs import build, pull
from revalign_udf.query import Query

PLUGIN = """
from revalign_udf.connector import Check, Rows, Spec, Stream
from revalign_udf.hookspecs import hookimpl

class Shop:
    spec = Spec("shop", "1", "orders")

    def check(self, ctx):
        return Check(ok=True, message="")

    def discover(self, ctx):
        return [Stream("organization", ("organization",)), Stream("sales_order", ("sales_order",))]

    def read(self, ctx, stream, state):
        if stream.name == "organization":
            yield Rows("organization", {"id": ["1"], "name": ["Ada"]})
        else:
            yield Rows("sales_order", {
                "id": ["a/1 b"], "org_id": ["1"], "ordered_at": ["2026-03-01"], "amount": ["10"],
            })

    def map(self, stream, record, mapping):
        return []

    def links(self, settings):
        return {"sales_order": "https://shop.example/orders/{id}?tab=1"}

@hookimpl
def register_connectors():
    return [Shop()]
"""


def test_records_carry_their_address_last_but_one(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shop.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "organization.csv").write_text("id,name\n2,Bob\n", encoding="utf-8")
    (tmp_path / "data" / "sales_order.csv").write_text(
        "id,org_id,ordered_at,amount\n7,2,2026-03-02,5\n", encoding="utf-8"
    )
    settings = '[plugins]\nenabled = ["shop"]\n[source.shop]\nconnector = "shop"\n'
    (tmp_path / "revalign.toml").write_text(
        f'{settings}[source.files]\nconnector = "csv"\npath = "data"\n', encoding="utf-8"
    )
    project = load(tmp_path)
    assert [report.failures for report in pull(project)] == [[], []]
    build(project)
    query = Query(project.snapshots)
    try:
        found = query.records("revenue", "2026-03")
    finally:
        query.close()
    assert found.columns[-2:] == ("url", "contribution")
    rows = {row[found.columns.index("id")]: row[-2] for row in found.rows}
    assert rows == {"a/1 b": "https://shop.example/orders/a%2F1%20b?tab=1", "7": None}
