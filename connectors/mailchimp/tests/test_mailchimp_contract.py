"""The rules that every connector keeps, for mailchimp."""

from __future__ import annotations

from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite

VENDOR = load(Path(__file__).with_name("vendor_mailchimp.py"))


class TestContract(ContractSuite):
    vendor = VENDOR.MailchimpVendor
