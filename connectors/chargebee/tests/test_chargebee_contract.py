"""Chargebee keeps the rules of every connector."""

from __future__ import annotations

from vendor_chargebee import ChargebeeVendor

from revalign_udf.testing import ContractSuite


class TestContract(ContractSuite):
    vendor = ChargebeeVendor
