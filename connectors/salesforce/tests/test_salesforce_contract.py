"""The contract suite, against a small Salesforce: page by page, and in a campaign through bulk jobs."""

from __future__ import annotations

from pathlib import Path

from beside import campaign, load

from revalign_udf.testing import ContractSuite

_VENDORS = load(Path(__file__).with_name("vendor_salesforce.py"))


class TestSalesforceContract(ContractSuite):
    vendor = _VENDORS.SalesforceVendor


if campaign([True], usual=0):

    class TestSalesforceBulkContract(ContractSuite):
        vendor = _VENDORS.BulkVendor
