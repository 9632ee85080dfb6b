"""The dlt connector keeps the rules of every connector."""

from __future__ import annotations

from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite

VENDOR = load(Path(__file__).with_name("vendor_dlt.py"))


class TestDlt(ContractSuite):
    vendor = VENDOR.DltVendor
