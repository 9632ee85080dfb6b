"""Connections to the small organization, and short ways to say what happens in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from beside import load

from revalign_udf.testing import Bench, PullResult
from revalign_udf.testing.pulling import Ground

WholeVendor = load(Path(__file__).with_name("vendor_salesforce.py")).WholeVendor


@pytest.fixture
def vendor() -> Iterator[Any]:
    with WholeVendor() as found:
        yield found


@pytest.fixture
def org(vendor: Any) -> Any:
    return vendor.org


@pytest.fixture(scope="module", autouse=True)
def ground() -> Iterator[None]:
    """One store for all tests of this file; each has a connection of its own in it."""
    _GROUND.append(Ground())
    yield
    _GROUND.pop().close()


_GROUND: list[Ground] = []


def bench_of(vendor: Any, *streams: str, **settings: Any) -> Bench:
    """A connection that reads some streams, or all."""
    only = {"streams": list(streams)} if streams else {}
    return Bench(vendor, ground=_GROUND[0], settings={**only, **settings})


def pulled(bench: Bench) -> PullResult:
    """A pull with the tables as they were after it."""
    found = bench.pull()
    assert found.tables is not None
    return found


def days(org: Any, number: int) -> None:
    """Some days later, at nine in the morning."""
    org.clock = datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(days=number)


def company(org: Any, **values: Any) -> str:
    org.tick()
    return str(org.add("Account", **{"Name": "Acme", **values}))


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Columns of rows as text; moments in UTC."""
    return [
        tuple(str(row[name]).removesuffix("+00:00") if row[name] is not None else None for name in names)
        for row in rows
    ]
