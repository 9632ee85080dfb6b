"""Marketo keeps the rules of every connector."""

from __future__ import annotations

from vendor_marketo import MarketoVendor

from revalign_udf.testing import ContractSuite


class TestContract(ContractSuite):
    vendor = MarketoVendor
