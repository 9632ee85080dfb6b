"""A pull for tests is a real pull: rows as the store has them, waits noted instead of slept, nobody else called."""

import os
import socket
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from harbor import SECRET, Harbor, HarborVendor

from revalign_udf.testing import Bench, pulled, without_http
from revalign_udf.testing.contract import RULES
from revalign_udf.testing.watching import guarded_sockets


def test_rows_state_and_report() -> None:
    with HarborVendor() as vendor:
        key, other = vendor.fill(2)
        result = pulled(vendor)
        assert result.ok
        assert result.keys("opportunity") == {key, other}
        row = result.row("opportunity", key)
        assert (row["amount"], row["currency"]) == (Decimal("19.99"), "USD")
        assert row["created_at"].isoformat() == "2026-01-01T00:00:01+00:00"
        assert result.state["deals"] == {"cursor": "2026-01-01T00:00:02+00:00"}
        assert [call.path for call in result.calls] == ["/oauth/token", "/deals", "/deals/gone"]
        with pytest.raises(KeyError, match="no row nobody"):
            result.row("opportunity", "nobody")


def test_a_second_pull_goes_on_and_leaves_the_first_result_as_it_was() -> None:
    with HarborVendor() as vendor:
        key, other = vendor.fill(2)
        first = pulled(vendor)
        vendor.remove(key)
        second = pulled(vendor)
        assert second.keys("opportunity") == {other}
        assert second.row("opportunity", key)["deleted"]
        assert len(second.rows("opportunity", deleted=True)) == 2
        assert first.keys("opportunity") == {key, other}, "rows are those after that pull, whenever they are asked for"


def test_waits_are_noted_whole_and_move_our_clock() -> None:
    with HarborVendor() as vendor, Bench(vendor) as bench:
        vendor.api.faults.add("/deals", status=429, headers={"Retry-After": "120"})
        before, began = bench.now(), time.monotonic()
        result = bench.pull()
        assert result.ok
        assert sum(result.slept) == 120
        assert bench.now() - before >= timedelta(seconds=120)
        assert time.monotonic() - began < 30


def test_secrets_travel_as_references_and_leave_no_trace() -> None:
    before = dict(os.environ)
    with HarborVendor() as vendor, Bench(vendor) as bench:
        source = bench.project.sources[bench.name]
        assert str(source.settings["client_secret"]).startswith("$env:")
        assert SECRET not in str(source)
        assert bench.pull().ok
    assert dict(os.environ) == before


def test_nobody_else_can_be_reached_meanwhile() -> None:
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with guarded_sockets({1}, seen):
            with pytest.raises(ConnectionRefusedError, match="not the address"):
                socket.create_connection(("127.0.0.1", port))
            with pytest.raises(OSError, match="not the address"):
                socket.getaddrinfo("api.vendor.example", 443)
            with socket.socket() as plain, pytest.raises(ConnectionRefusedError):
                plain.connect_ex(("192.0.2.1", 443))
        socket.create_connection(("127.0.0.1", port)).close()
    assert seen == [f"127.0.0.1:{port}", "api.vendor.example:443", "192.0.2.1:443"]


def test_without_http_names_rules_that_exist() -> None:
    assert set(without_http("reads files")) <= RULES.keys()


def test_a_vendor_leaves_nothing_behind() -> None:
    with HarborVendor() as vendor:
        vendor.fill(1)
        pulled(vendor)
        assert vendor._bench is not None
        folder = vendor._bench.project.folder
        assert folder.is_dir()
        port = vendor.api.port
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_the_good_connector_is_the_one_of_the_suite() -> None:
    assert isinstance(HarborVendor.connector, Harbor)
