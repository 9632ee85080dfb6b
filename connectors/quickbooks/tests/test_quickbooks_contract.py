"""QuickBooks keeps the rules of every connector."""

from __future__ import annotations

from vendor_quickbooks import QuickbooksVendor

from revalign_udf.testing import ContractSuite


class TestContract(ContractSuite):
    vendor = QuickbooksVendor
