"""The contract suite is proved by connectors: one that keeps every rule, and one bad connector for each."""

from collections.abc import Iterator

import pytest
from flaws import FLAWS
from harbor import HarborVendor

from revalign_udf.testing import ContractSuite, Vendor
from revalign_udf.testing.contract import RULES, Outcome
from revalign_udf.testing.contract.rules import _outcome

#: rules that do nothing outside a campaign; of bad connectors that break one rule, the first is tried in every run
_CAMPAIGN = {"test_a_killed_process_is_made_good"}


class TestHarbor(ContractSuite):
    vendor = HarborVendor


@pytest.fixture
def tried() -> Iterator[type[ContractSuite]]:
    class Tried(ContractSuite):
        pass

    Tried.setup_class()
    yield Tried
    Tried.teardown_class()


def outcome(suite: type[ContractSuite], vendor: type[Vendor], rule: str) -> Outcome:
    suite.vendor = vendor
    return _outcome(suite, rule)


@pytest.mark.parametrize(
    ("vendor", "rule"),
    [
        pytest.param(
            vendor,
            rule,
            id=f"{vendor.__name__[:-6]}-{rule[5:]}",
            marks=[pytest.mark.campaign] if rule in _CAMPAIGN or rule in [one for _, one in FLAWS[:place]] else [],
        )
        for place, (vendor, rule) in enumerate(FLAWS)
    ],
)
def test_a_bad_connector_breaks_its_rule(tried: type[ContractSuite], vendor: type[Vendor], rule: str) -> None:
    found = outcome(tried, vendor, rule)
    assert found.status == "fail", f"{vendor.__name__} passes {rule}"
    assert found.text
    assert "Error" not in found.text.split(":")[0], f"it fails for another reason: {found.text}"


def test_every_rule_has_a_bad_connector() -> None:
    assert {rule for _, rule in FLAWS} == RULES.keys()


def test_every_rule_says_what_it_asks_for() -> None:
    assert all(text.endswith(".") and len(text) > 30 for text in RULES.values())
