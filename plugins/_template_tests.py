"""The connector to Acme keeps every rule: run it with pytest, or with ``revalign plugins check``."""

from pathlib import Path

from revalign_udf.testing import ContractSuite, drop_in


class TestAcme(ContractSuite):
    """Every rule, against the fake of Acme."""

    vendor = drop_in(Path(__file__).with_name("vendor_acme.py")).AcmeVendor
