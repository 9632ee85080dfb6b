"""The contract suite, against a small HubSpot."""

from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite


class TestHubSpotContract(ContractSuite):
    vendor = load(Path(__file__).with_name("vendor_hubspot.py")).CoreVendor
