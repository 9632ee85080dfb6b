"""The contract suite: what every connector has to do, as rules that run against a fake of its vendor.

In a connector's tests it takes six lines::

    from revalign_udf.testing import ContractSuite
    from vendor_acme import AcmeVendor


    class TestContract(ContractSuite):
        vendor = AcmeVendor

Every rule pulls with the sync engine and the store of a real project. A rule that cannot apply is named in
``Vendor.skips`` with the reason; a skip without a reason, of a rule that does not exist, or of a rule that holds, fails.
The suite needs no pytest: :func:`run_suite` runs it too, as ``revalign plugins check`` does.

With ``REVALIGN_CAMPAIGN=1`` the rules try more: every point at which a pull can be killed, a process that is really
killed, 100,000 rows in bounded memory.
"""

from revalign_udf.testing.contract.basics import Basics, declaration
from revalign_udf.testing.contract.changes import Changes
from revalign_udf.testing.contract.clocks import Clocks
from revalign_udf.testing.contract.faults import Faults
from revalign_udf.testing.contract.rules import RULES, Outcome, run_suite
from revalign_udf.testing.contract.stops import WRITE_STATES, Stops

__all__ = ["RULES", "WRITE_STATES", "ContractSuite", "Outcome", "declaration", "run_suite"]


class ContractSuite(Basics, Changes, Clocks, Faults, Stops):
    """Every rule. Subclass it and say whose: ``vendor = AcmeVendor``."""
