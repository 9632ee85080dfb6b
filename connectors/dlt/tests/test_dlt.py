"""What dlt resources may be and yield, dlt's own REST source among them, and what becomes of it in a real store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_dlt.state import State
from revalign_udf.testing import Bench, Call, FakeApi
from revalign_udf.testing.pulling import Ground

VENDOR = load(Path(__file__).with_name("vendor_dlt.py"))

#: one store for all, made with the first test: to make one takes as long as a pull
GROUND = Ground()


@pytest.fixture(scope="module", autouse=True)
def ground() -> Iterator[None]:
    yield
    GROUND.close()


CODE = """
import datetime, json, pathlib
from decimal import Decimal
import dlt
from dlt.sources.filesystem import filesystem, read_jsonl

def data(name):
    return json.loads(pathlib.Path(name).read_text())

@dlt.resource(primary_key="id", write_disposition="replace")
def customers(file="customers.json"):
    yield data(file)

@dlt.resource(primary_key=("shop", "number"))
def orders(at=dlt.sources.incremental("at", initial_value=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))):
    for row in data("orders.json"):
        yield {**row, "at": datetime.datetime.fromisoformat(row["at"]), "amount": Decimal(row["amount"])}

@dlt.source
def both():
    return customers, orders

def arrow():
    import pyarrow
    @dlt.resource(name="product", primary_key="id")
    def table():
        yield pyarrow.table({"id": [1, 2], "name": ["one", None]})
        yield None
        yield [{"id": 3, "name": "three"}, "no record"]
    return table

def files(folder):
    found = filesystem(bucket_url=folder, file_glob="*.jsonl")
    return (found | read_jsonl()).with_name("organization")

def nothing():
    return 42

@dlt.source
def secret(api_key: str = dlt.secrets.value):
    @dlt.resource
    def person():
        raise ConnectionError(f"https://x.example/?key={api_key} is down")
    return person
"""
CUSTOMERS = {"stream": "customers", "table": "organization", "columns": {"name": "profile.name"}}
ORDERS = {
    "stream": "orders", "table": "sales_order", "columns": {"org_id": "shop", "ordered_at": "at"},
    "constants": {"currency": "EUR"},
}  # fmt: skip


class Files(VENDOR.DltVendor):  # type: ignore[name-defined, misc]
    """A source in a file of the project's folder ``plugins``."""

    what = "both"
    said: dict[str, Any] = {"tables": [CUSTOMERS, ORDERS]}  # noqa: RUF012

    def settings(self) -> dict[str, Any]:
        return {"resource": f"sources.py:{self.what}", **self.said}


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that makes a bench on one of the sources above, in its project folder."""
    made: list[Any] = []

    def make(what: str = "both", **said: Any) -> Bench:
        vendor = Files()
        vendor.what = what
        if said:
            vendor.said = said
        bench = Bench(vendor, ground=GROUND)
        folder = bench.project.folder / "plugins"
        folder.mkdir(exist_ok=True)
        (folder / "sources.py").write_text(CODE)
        monkeypatch.chdir(bench.project.folder)
        made.extend((bench, vendor))
        return bench

    yield make
    for item in made:
        item.close()


def write(name: str, rows: list[dict[str, Any]]) -> None:
    Path(name).write_text(json.dumps(rows))


def customer(key: str) -> dict[str, Any]:
    return {"id": key, "profile": {"name": f"name of {key}"}, "spare": 1}


def order(number: int, at: str, amount: str = "1.10") -> dict[str, Any]:
    return {"shop": "s", "number": number, "at": f"2026-01-{at}+00:00", "amount": amount}


def test_what_replaces_takes_away_and_a_state_goes_on(project: Any) -> None:
    bench = project()
    write("customers.json", [customer("a"), customer("b")])
    write("orders.json", [order(1, "05T00:00:00"), order(2, "03T00:00:00")])
    first = bench.pull()
    assert first.report.failures == []
    assert {row["_key"]: row["name"] for row in first.rows("organization")} == {"a": "name of a", "b": "name of b"}
    assert {row["_key"]: row["amount"] for row in first.rows("sales_order")} == {
        "s:1": Decimal("1.10"),
        "s:2": Decimal("1.10"),
    }
    assert "customers: fields not used: spare." in first.report.messages
    write("customers.json", [customer("b")])
    # changed in the very second of the cursor: dlt itself would leave out a key that it has seen there
    write("orders.json", [order(1, "05T00:00:00", "7"), order(2, "03T00:00:00", "9"), order(3, "05T00:00:00")])
    second = bench.pull()
    assert second.keys("organization") == {"b"}
    assert {row["_key"]: row["amount"] for row in second.rows("sales_order")} == {
        "s:1": 7, "s:2": Decimal("1.10"), "s:3": Decimal("1.10"),
    }  # fmt: skip
    assert "2026-01-05" in json.dumps(second.state["orders"]["dlt"])


def test_a_lookback_reads_again_and_the_cursor_does_not_wander_back(project: Any) -> None:
    bench = project(tables=[CUSTOMERS, {**ORDERS, "lookback": 3 * 86_400}])
    write("customers.json", [])
    write("orders.json", [order(1, "05T00:00:00")])
    bench.pull()
    write("orders.json", [order(1, "05T00:00:00"), order(2, "03T00:00:00"), order(3, "01T00:00:00")])
    assert bench.pull().keys("sales_order") == {"s:1", "s:2"}
    write("orders.json", [])
    for _ in range(2):
        state = bench.pull().state["orders"]["dlt"]
    assert "2026-01-05" in json.dumps(state)


@pytest.mark.parametrize(
    ("value", "earlier"),
    [
        ("2026-01-05T00:00:10Z", "2026-01-05T00:00:00Z"),
        ("2026-01-05T00:00:10.250+02:00", "2026-01-05T00:00:00.250+02:00"),
        ("2026-01-05", "2026-01-04"),
        ("not a time", "not a time"),
        (1000, 990),
        (None, None),
    ],
)
def test_a_cursor_keeps_its_form_when_it_is_read_from_earlier(value: Any, earlier: Any) -> None:
    cursor = {"initial_value": None, "last_value": value, "unique_hashes": ["x"]}
    kept = {"sources": {"s": {"resources": {"r": {"incremental": {"at": cursor}}}}}}
    state = State(kept, 10)
    seeded = state.live["sources"]["s"]["resources"]["r"]["incremental"]["at"]
    assert (seeded["last_value"], seeded["unique_hashes"]) == (earlier, [])
    assert state.kept()["sources"]["s"]["resources"]["r"]["incremental"]["at"]["last_value"] == value


def test_a_mapping_that_changes_reads_from_the_start(project: Any) -> None:
    bench = project()
    write("customers.json", [])
    write("orders.json", [order(1, "05T00:00:00"), {**order(2, "03T00:00:00"), "note": "x"}])
    bench.pull()
    settings = bench.project.sources[bench.name].settings
    settings["tables"] = [CUSTOMERS, {**ORDERS, "attrs": ["note"]}]
    result = bench.pull()
    assert result.row("sales_order", "s:2")["attrs"] == '{"note":"x"}'
    settings["tables"] = [CUSTOMERS]
    assert bench.pull().keys("sales_order") == set()


def test_tables_of_arrow_are_read_and_what_is_no_record_is_refused(project: Any) -> None:
    result = project("arrow", arguments={}).pull()
    assert {row["_key"]: row["name"] for row in result.rows("product")} == {"1": "one", "3": "three"}
    reasons = [(reject.line, reject.reason) for reject in result.report.counts.rejects]
    assert (4, "an item is no record but str") in reasons
    assert len(reasons) == 2  # the other has no name


def test_files_through_dlts_own_filesystem_source(project: Any) -> None:
    bench = project("files", arguments={"folder": "data"})
    Path("data").mkdir()
    Path("data/a.jsonl").write_text('{"id": "a", "name": "A"}\n{"id": "b", "name": "B"}\n')
    assert bench.pull().keys("organization") == {"a", "b"}


def test_a_pull_that_is_stopped_ends_between_items(project: Any) -> None:
    bench = project()
    write("customers.json", [customer("a")])
    write("orders.json", [])
    bench.cancelled = lambda: True
    result = bench.pull()
    assert "REV-505 The pull was stopped" in result.report.failures[0]
    assert "customers" not in result.state


def test_a_path_that_no_record_has_is_told(project: Any) -> None:
    bench = project(tables=[{**CUSTOMERS, "columns": {"name": "profile.name", "domain": "profil.domain"}}])
    write("customers.json", [customer("a")])
    messages = bench.pull().report.messages
    assert [text for text in messages if "none of 1 records has profil.domain" in text]


@pytest.mark.parametrize(
    ("resource", "said", "text"),
    [
        ("sources.py:bth", {}, "REV-601 sources.py has no bth. Did you mean both?"),
        ("nowhere.py:both", {}, "REV-501"),
        ("../../outside.py:both", {}, "REV-501"),
        ("nowhere_at_all.shop:both", {}, "pip install nowhere-at-all"),
        ("sources.py", {}, "REV-305"),
        ("sources.py:nothing", {}, "gives no dlt source or resource"),
        ("sources.py:both", {"arguments": {"wrong": 1}}, "cannot be made"),
        ("sources.py:both", {}, "Nothing of the source is mapped to a table. It has customers, orders."),
        ("sources.py:both", {"tables": [{**CUSTOMERS, "stream": "customer"}]}, "REV-507"),
        ("sources.py:secret", {"arguments": {"api_key": "$env:REVALIGN_TEST_SHOP_KEY"}}, "REV-505"),
    ],
)
def test_what_goes_wrong_is_said_in_plain_words(project: Any, resource: str, said: dict[str, Any], text: str) -> None:
    bench = project()
    settings = bench.project.sources[bench.name].settings
    settings.pop("tables")
    settings |= {"resource": resource, **said}
    for found in (bench.check().message, *bench.pull().report.failures):
        assert text in found
        assert VENDOR.KEY not in found


# --- dlt's own REST source against a server ---------------------------------------------------------------------------


class RestVendor(VENDOR.DltVendor):  # type: ignore[name-defined, misc]
    """Two pages of orders in dlt's own words, no code of ours."""

    def settings(self) -> dict[str, Any]:
        pages = {"type": "page_number", "base_page": 1, "page_param": "page", "total_path": "pages"}
        newer = {"type": "incremental", "cursor_path": "changed_at", "initial_value": "2026-01-01T00:00:00Z"}
        endpoint = {
            "path": "v1/orders", "data_selector": "data", "paginator": pages, "params": {"since": "{incremental.start_value}"},
            "incremental": {key: value for key, value in newer.items() if key != "type"},
        }  # fmt: skip
        client = {
            "base_url": f"{self.api.base_url}/",
            "auth": {"type": "bearer", "token": "$env:REVALIGN_TEST_SHOP_KEY"},
        }
        config = {"client": client, "resources": [{"name": "orders", "primary_key": "id", "endpoint": endpoint}]}
        return {
            "resource": "dlt.sources.rest_api:rest_api_source", "arguments": {"config": config},
            "tables": [{**VENDOR.ORDERS, "minor_units": ["amount"]}],
        }  # fmt: skip


def rest_order(key: str, changed: str, amount: int = 1999) -> dict[str, Any]:
    return {
        "id": key, "customer": "c1", "placed_at": "2026-01-01T00:00:00Z", "changed_at": f"2026-01-{changed}T00:00:00Z",
        "total": {"amount": amount, "currency": "usd"},
    }  # fmt: skip


def serve(api: FakeApi, orders: list[dict[str, Any]]) -> None:
    @api.route("GET", "/v1/orders")
    def answer(call: Call) -> Any:
        found = [row for row in orders if row["changed_at"] >= call.query["since"]]
        page = int(call.query["page"])
        return {"data": found[2 * page - 2 : 2 * page], "pages": max(1, -(-len(found) // 2))}


def test_dlts_own_rest_source_reads_pages_and_goes_on_from_its_cursor() -> None:
    orders = [rest_order("a", "02"), rest_order("b", "04"), rest_order("c", "03", 500)]
    with RestVendor() as vendor, Bench(vendor, ground=GROUND) as bench:
        vendor.api.authorize = lambda call: call.headers["Authorization"] == f"Bearer {VENDOR.KEY}"
        serve(vendor.api, orders)
        assert bench.check().message == "The source has orders -> sales_order."
        first = bench.pull()
        assert first.report.failures == []
        assert [call.query for call in first.calls] == [
            {"since": "2026-01-01T00:00:00Z", "page": "1"}, {"since": "2026-01-01T00:00:00Z", "page": "2"},
        ]  # fmt: skip
        assert {row["_key"]: row["amount"] for row in first.rows("sales_order")} == {
            "a": Decimal("19.99"), "b": Decimal("19.99"), "c": 5,
        }  # fmt: skip
        orders[0] = rest_order("a", "05", 100)
        second = bench.pull()
        assert [call.query["since"] for call in second.calls] == ["2026-01-04T00:00:00Z"]
        assert second.row("sales_order", "a")["amount"] == 1
        assert (second.report.counts.written, bench.strangers) == (1, [])


def test_a_rest_source_whose_key_is_refused_says_what_to_look_at() -> None:
    with RestVendor() as vendor, Bench(vendor, ground=GROUND) as bench:
        vendor.api.authorize = lambda _: False
        serve(vendor.api, [])
        (failure,) = bench.pull().report.failures
    assert failure.startswith("orders: REV-506 The resource orders failed: HTTPError: 401")
    assert failure.endswith("Check the credentials under arguments, and what they may read.")


def test_nothing_is_loaded_before_it_is_needed_nothing_reported_and_nothing_written(tmp_path: Path) -> None:
    code = (
        "import sys, revalign_dlt; c = revalign_dlt.register_connectors()[0]; assert 'dlt' not in sys.modules\n"
        "from revalign_udf.connector import Context\nfrom pathlib import Path\n"
        "ctx = Context('x', {'resource': 's.py:customers'}, project=Path.cwd())\n"
        "import socket\n"
        "def refuse(*a): raise SystemExit('called home')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "print(c.check(ctx).message)"
    )
    (tmp_path / "home").mkdir()
    (tmp_path / "s.py").write_text("import dlt\n@dlt.resource(name='product')\ndef customers():\n    yield {'id': 1}\n")
    env = {**os.environ, "HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("The source has product -> product.\n", 0), done.stderr
    assert list((tmp_path / "home").iterdir()) == []
