"""The singer connector keeps the rules of every connector."""

from __future__ import annotations

from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite

VENDOR = load(Path(__file__).with_name("vendor_singer.py"))


class TestSinger(ContractSuite):
    vendor = VENDOR.SingerVendor
