"""The identities of finance in every view: other calendars, other currencies, other definitions."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.metrics.profiles import PROFILES
from revalign_udf.query import Query
from revalign_udf.testing import project_of

COMPANY: Any = load(Path(__file__).with_name("company.py"))
_MOVEMENTS = [
    f"{kind}_mrr"
    for kind in ("new", "expansion", "contraction", "churned", "reactivation", "fx_impact", "entering", "leaving")
]
#: profiles that differ most: other rates, other days and other names of a movement
_UNLIKE = ("period_end", "stripe")
_CUTS: list[dict[str, str]] = [{}, {"segment": "SMB"}, {"product": "pr1"}]


@pytest.fixture(scope="module", params=campaign(["4-4-5", "5-4-4", "months"]))
def weeks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Query:
    """A random company whose fiscal year begins in February, in weeks or in months."""
    company = COMPANY.Company(5, invoiced=False)
    own = f'fiscal_weeks = "{request.param}"\nfiscal_year_end_day = "friday"\n' if request.param != "months" else ""
    texts = company.texts()
    return project_of(
        tmp_path_factory.mktemp("weeks"), texts, f'[company]\ncurrency = "USD"\nfiscal_year_start = 2\n{own}',
        through=COMPANY.THROUGH.isoformat(),
    )  # fmt: skip


def closes(query: Query, token: str, where: dict[str, str], **view: Any) -> bool:
    """Whether opening and movements make closing; false where there is no number."""
    names = ("opening_mrr", *_MOVEMENTS, "mrr")
    values = {name: query.metric(name, token, where, **view).exact for name in names}
    known = [value for value in values.values() if value is not None]
    if len(known) < len(names):
        return False
    assert sum(known[:-1], Fraction(0)) == known[-1], (token, where, view)
    return True


def test_movements_close_in_every_calendar(weeks: Query) -> None:
    tokens = [f"FY26-P{n:02d}" for n in range(1, 13)] + ["FY26-Q1", "FY26-Q2", "FY26-Q3", "FY26", "FYTD:2025-09"]
    done = [closes(weeks, token, where) for token in tokens for where in _CUTS]
    assert sum(done) > 20


def test_fiscal_quarters_are_the_sum_of_their_months(weeks: Query) -> None:
    for name in ("revenue", "new_mrr", "churned_mrr", "new_customers", "mql"):
        for quarter in (1, 2, 3):
            whole = weeks.metric(name, f"FY26-Q{quarter}").exact
            parts = [
                weeks.metric(name, f"FY26-P{month:02d}").exact for month in range(3 * quarter - 2, 3 * quarter + 1)
            ]
            if whole is not None and None not in parts:
                assert whole == sum(part or 0 for part in parts), (name, quarter)


@pytest.mark.parametrize("profile", campaign(sorted(PROFILES, key=lambda name: name not in _UNLIKE), len(_UNLIKE)))
def test_movements_close_by_every_profile(case: Any, profile: str) -> None:
    done = [
        closes(case.query, token, where, profile=profile)
        for token in ("2025-05", "2025-Q3", "2025", "LTM:2025-10")
        for where in _CUTS
    ]
    assert any(done)


@pytest.mark.parametrize("profile", PROFILES)
def test_retention_is_within_bounds_by_every_profile(case: Any, profile: str) -> None:
    for token in ("2025-05", "2025-Q3", "2025"):
        nrr, grr = (case.query.metric(name, token, profile=profile).exact for name in ("nrr", "grr"))
        if nrr is not None and grr is not None:
            assert grr <= min(nrr, 1)


@pytest.mark.campaign
def test_movements_close_in_every_currency(case: Any) -> None:
    codes = case.query.session().snapshot.known_currencies
    assert len(codes) > 1
    done = [
        closes(case.query, token, where, currency=code)
        for code in codes
        for token in ("2025-05", "2025-06", "2025-Q3", "2025")
        for where in _CUTS
    ]
    assert any(done)


def test_every_bridge_between_profiles_is_whole(case: Any) -> None:
    for name in ("mrr", "logo_churn", "nrr", "new_revenue"):
        for other in PROFILES:
            bridge = case.query.bridge(name, f"{name}@{other}", "2025-Q3")
            assert bridge.residual == 0
            assert bridge.end == case.query.metric(name, "2025-Q3", profile=other).exact
