"""Deals, contracts and unit economics against the oracle: months, quarters, years and twelve months, whole and cut."""

from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.testing import project_of

HERE = Path(__file__).parent
ORACLE, FORMULAS, COMPANY, SALES = (load(HERE / f"{n}.py") for n in ("oracle", "formulas", "company", "oracle_sales"))


class Case:
    """One random company with deals: the door to its numbers, and the oracle."""

    def __init__(self, folder: Path, seed: int, *, invoiced: bool, shop: bool) -> None:
        company = SALES.SalesCompany(seed, invoiced=invoiced, shop=shop)
        settings = f"[definitions]\nlifetime_years = {float(SALES.LIFETIME)}"
        self.query = project_of(folder, company.texts(), settings, through=COMPANY.THROUGH.isoformat())
        self.oracle = SALES.SalesOracle(company.tables, "USD", COMPANY.THROUGH)

    def both(self, name: str, period: Any, where: dict[str, str]) -> tuple[Any, Any, str]:
        """(engine, oracle, what the engine says) of one question; ``name`` may be followed by parameters."""
        metric, *given = name.split()
        parameters = dict(item.split("=") for item in given)
        answer = self.query.metric(metric, period.token, {**where, **parameters})
        try:
            return answer.exact, SALES.METRICS[name](self.oracle, period, where), answer.message
        except ORACLE.NoValue:
            return answer.exact, None, answer.message


_CASES = {"orders": (31, False, False), "invoices": (32, True, False), "shop": (33, False, True)}


@pytest.fixture(scope="module", params=campaign(list(_CASES)))
def sales(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    seed, invoiced, shop = _CASES[request.param]
    return Case(tmp_path_factory.mktemp(f"sales{seed}"), seed, invoiced=invoiced, shop=shop)


def test_totals_are_those_of_the_oracle(sales: Case) -> None:
    wrong, known = [], 0
    for name in SALES.METRICS:
        for period in [*FORMULAS.months(), *FORMULAS.longer()]:
            found, expected, message = sales.both(name, period, {})
            known += expected is not None
            if found != expected:
                wrong.append((name, period.token, found, expected, message))
    assert not wrong
    assert known > 180


@pytest.mark.campaign
def test_slices_are_those_of_the_oracle(sales: Case) -> None:
    wrong, known = [], 0
    for name in SALES.METRICS:
        if "method=" in name:  # another method may be cut by less; what it divides is cut here under its own name
            continue
        for where in FORMULAS.slices(sales.query, name.split()[0], most=2):
            for period in [*FORMULAS.months()[7::6], *FORMULAS.longer()[3::4]]:
                found, expected, message = sales.both(name, period, where)
                known += expected is not None
                if found != expected:
                    wrong.append((name, period.token, where, found, expected, message))
    assert not wrong
    assert known > 300


def test_the_referral_table_is_the_oracles(sales: Case) -> None:
    seen = 0
    for period in [*FORMULAS.months()[3:19:3], *FORMULAS.longer()]:
        table = sales.query.metric("referral_business", period.token).rows
        if table is None:
            continue
        assert list(table.rows) == sales.oracle.referral_table(period), period.token
        seen += 1
    assert seen > 8
