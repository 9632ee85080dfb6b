"""The contract every connector keeps, kept by this one."""

from __future__ import annotations

from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite


class TestContract(ContractSuite):
    vendor = load(Path(__file__).with_name("vendor_stripe.py")).StripeVendor
