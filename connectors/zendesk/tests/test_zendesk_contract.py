"""The rules that every connector keeps, for zendesk."""

from __future__ import annotations

from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite

VENDOR = load(Path(__file__).with_name("vendor_zendesk.py"))


class TestContract(ContractSuite):
    vendor = VENDOR.ZendeskVendor
