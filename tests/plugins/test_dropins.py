"""The drop-ins that ship work end to end: copied, enabled, pulled, published, asked."""

import json
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.config import load
from revalign_udf.jobs import build, pull
from revalign_udf.query import Query
from revalign_udf.sync import SourceReport
from revalign_udf.testing import drop_in, project_of

PLUGINS = Path(__file__).parents[2] / "plugins"


def project(folder: Path, drop_in: str, name: str, settings: str) -> None:
    (folder / "plugins").mkdir()
    shutil.copyfile(PLUGINS / drop_in, folder / "plugins" / f"{name}.py")
    (folder / "revalign.toml").write_text(f'[plugins]\nenabled = ["{name}"]\n{settings}', encoding="utf-8")


def run(folder: Path) -> SourceReport:
    (report,) = pull(load(folder))
    build(load(folder))
    return report


def test_the_template_copied_and_enabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two good orders, one in cents and one in yen; one without a number and one without a customer."""
    project(tmp_path, "_template.py", "acme", "")
    (tmp_path / "plugins" / "tests").mkdir()
    place = tmp_path / "plugins" / "tests" / "vendor_acme.py"
    shutil.copyfile(PLUGINS / "_template_vendor.py", place)
    with drop_in(place).AcmeVendor() as vendor:
        monkeypatch.setenv("ACME_KEY", vendor.secrets()[0])
        with (tmp_path / "revalign.toml").open("a", encoding="utf-8") as settings:
            settings.write(
                f'[source.acme]\nconnector = "acme"\napi_key = "$env:ACME_KEY"\nbase_url = "{vendor.api.base_url}"\n'
            )
        first, second, third, fourth = vendor.fill(4)
        vendor.orders[first]["cents"] = 12050
        vendor.orders[second]["cents"] = 3000
        vendor.orders[third]["number"] = ""
        del vendor.orders[fourth]["customer"]
        report = run(tmp_path)
    assert report.failures == []
    assert (report.counts.read, report.counts.written) == (4, 2)
    assert [(r.line, r.reason) for r in report.counts.rejects] == [
        (3, "an order without a number"), (4, "a row needs org_id or person_id"),
    ]  # fmt: skip
    query = Query(load(tmp_path).snapshots)
    assert query.metric("revenue", "2026-01").value == 150.5
    assert query.metric("acme.orders_per_customer", "2026-01").metric == "acme.orders_per_customer"
    query.close()


def lines(folder: Path, name: str, *rows: object) -> None:
    (folder / "lake").mkdir(exist_ok=True)
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    (folder / "lake" / f"{name}.jsonl").write_text(text + "\n", encoding="utf-8")


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    project(tmp_path, "jsonlines.py", "jsonlines", '[source.lake]\nconnector = "jsonlines"\npath = "lake"\n')
    return tmp_path


def test_json_lines_with_bad_ones(lake: Path) -> None:
    good = {"id": "1", "org_id": "a", "ordered_at": "2026-08-03", "amount": 0.1, "campaign": {"x": [1]}}
    lines(
        lake, "sales_order", good, "", "{not json", "[1, 2]", {**good, "id": "2", "amount": "much"}, {**good, "id": "3"}
    )
    lines(lake, "notes", {"id": 1})
    report = run(lake)
    assert report.failures == []
    assert [(r.file, r.line, r.code) for r in report.counts.rejects] == [
        ("sales_order.jsonl", line, "REV-503") for line in (3, 4, 5)
    ]
    assert any("notes.jsonl" in text for text in report.messages)
    query = Query(load(lake).snapshots)
    assert query.metric("revenue", "2026-08").value == 0.2, "0.1 + 0.1 exactly: the text of the number, not its double"
    query.close()
    again = run(lake)
    assert (again.counts.written, len(again.counts.rejects)) == (0, 3)


def test_json_lines_that_are_gone(lake: Path) -> None:
    lines(lake, "organization", {"id": "1", "name": "A"}, {"id": "2", "name": "B"})
    run(lake)
    lines(lake, "organization", {"id": "2", "name": "B"})
    assert run(lake).counts.deleted == 1
    (lake / "lake" / "organization.jsonl").unlink()
    assert run(lake).counts.deleted == 1, "the last file of a table takes its rows along"


def test_the_drop_in_that_adds_numbers(tmp_path: Path) -> None:
    """Two calls of Ada's lead and one of Bob's person; a visit is no call. Ada's tier is gold."""
    (tmp_path / "plugins").mkdir()
    shutil.copyfile(PLUGINS / "calling.py", tmp_path / "plugins" / "calling.py")
    query = project_of(
        tmp_path,
        {
            "organization": "id name segment tier\na Ada one gold\nb Bob two blue",
            "person": "id org_id\np b",
            "lead": "id created_at org_id\nl 2026-01-01 a",
            "touch": "id lead_id person_id occurred_at kind direction owner_id\n1 l - 2026-03-02 call out o1\n"
            "2 l - 2026-03-09 call in o1\n3 - p 2026-03-10 call out o2\n4 l - 2026-03-11 visit in -\n5 l - 2026-04-01 call in o1",
            "opportunity": "id org_id created_at closed_at outcome amount\n1 a 2026-01-02 2026-03-20 won 100\n"
            "2 b 2026-01-02 2026-03-21 won 9",
        },
        '[plugins]\nenabled = ["calling"]\n',
        through="2026-04-30",
    )
    assert query.metric("calling.calls", "2026-03").exact == 3
    assert query.metric("calling.share_taken", "2026-03").exact == Fraction(1, 3)
    assert query.metric("calling.calls_per_deal_won", "2026-03").exact == Fraction(3, 2)
    assert {v: a.exact for v, a in query.breakdown("calling.calls", "2026-03", "calling_tier")} == {
        "blue": 1,
        "gold": 2,
    }
    assert {v: a.exact for v, a in query.breakdown("bookings", "2026-03", "calling_tier")} == {"blue": 9, "gold": 100}
    assert [row[4] for row in query.records("calling.calls", "2026-03", {"owner": "o1"}).rows] == ["1", "2"]
    # the snapshot carries the declarations: who reads it needs no plugin
    (tmp_path / "plugins" / "calling.py").unlink()
    assert Query(load(tmp_path).snapshots).metric("calling.calls", "2026-04").exact == 1
