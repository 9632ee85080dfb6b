"""The contract suite, against a small Pipedrive."""

from __future__ import annotations

from pathlib import Path

from beside import load

from revalign_udf.testing import ContractSuite


class TestPipedriveContract(ContractSuite):
    vendor = load(Path(__file__).with_name("vendor_pipedrive.py")).PipedriveVendor
