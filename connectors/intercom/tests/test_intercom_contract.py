"""The contract suite, against a small Intercom."""

from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite


class TestIntercomContract(ContractSuite):
    vendor = load(Path(__file__).with_name("vendor_intercom.py")).IntercomVendor
