"""What is refused, and why: fits that do not converge, medians not reached, rates missing where a table needs them."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from revalign_udf.calc.results import cells
from revalign_udf.errors import UserError
from revalign_udf.kernels import clv
from revalign_udf.kernels.bookings import covered
from revalign_udf.kernels.clv import models
from revalign_udf.kernels.clv.result import Refusal
from revalign_udf.kernels.programmes import _plain
from revalign_udf.metrics.profiles import MovementRules
from revalign_udf.query import Query
from revalign_udf.testing import project_of


def maximum(likelihood: Callable[[Any], tuple[float, Any]], starts: Sequence[Sequence[float]]) -> str:
    found = models._maximum("model", likelihood, ["p"] * len(starts[0]), starts, 1.0)
    assert isinstance(found, Refusal)
    return found.code


def test_a_fit_that_does_not_converge_is_refused_and_says_so() -> None:
    def nowhere(p: Any) -> tuple[float, Any]:
        return float("nan"), p * 0

    def hill(p: Any) -> tuple[float, Any]:  # falling from the start in every direction: no top there
        return float(np.sum(np.log(p) ** 2)), 2 * np.log(p) / p

    def flat(p: Any) -> tuple[float, Any]:
        return 0.0, p * 0

    def roof(p: Any) -> tuple[float, Any]:  # a ridge: the slope is never nothing, not even at the top
        return -float(np.sum(np.abs(np.log(p)))), -np.sign(np.log(p)) / p

    def shallow(p: Any) -> tuple[float, Any]:  # a top so flat that the parameter could be anything
        return -1e-9 * float(np.sum(np.log(p) ** 2)), -2e-9 * np.log(p) / p

    def broken(p: Any) -> tuple[float, Any]:
        raise ZeroDivisionError

    assert maximum(nowhere, [[1.0]]) == "not_converged"
    assert maximum(hill, [[1.0]]) == "not_converged"
    assert maximum(flat, [[1.0]]) == "not_converged"
    assert maximum(broken, [[1.0]]) == "not_converged"
    assert maximum(shallow, [[1.0]]) == "not_determined"
    assert maximum(roof, [[2.0]]) == "not_converged"


def test_newton_stays_where_a_step_leads_nowhere() -> None:
    def far(x: Any) -> tuple[float, Any]:  # the step asked for is longer than can be trusted
        return 0.0, np.array([10.0 + x[0]])

    def wild(x: Any) -> tuple[float, Any]:
        return 0.0, np.array([np.nan])

    assert models._newton(far, np.array([0.0]))[0] == 0
    assert models._newton(wild, np.array([1.0]))[0] == 1


def _shop(folder: Path) -> Query:
    """Six hundred customers who buy as the models assume: each at a rate of its own, until one day it stops."""
    chance, first = np.random.default_rng(3), date(2025, 1, 1)
    rows: list[str] = []
    for n in range(600):
        day, rate, stops = float(chance.integers(0, 84)), chance.gamma(0.6, 1 / 28), chance.beta(1, 3)
        worth = 6 * 15 / chance.gamma(4)
        while day < 364:
            rows.append(f"{len(rows)} c{n} {first + timedelta(days=int(day))} {worth * chance.gamma(6) / 6:.2f}")
            if rows and chance.random() < stops:
                break
            day += chance.exponential(1 / rate)
    return project_of(
        folder, {"sales_order": "id person_id ordered_at amount\n" + "\n".join(rows)}, through="2025-12-31"
    )


@pytest.mark.parametrize(
    ("limit", "model"),
    [("_MOST_PURCHASES", "BG/NBD"), pytest.param("_MOST_MONEY", "Gamma-Gamma", marks=pytest.mark.campaign)],
)
def test_a_prediction_that_is_no_sensible_number_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, model: str
) -> None:
    if (told := _shop(tmp_path / "plain").metric("clv_predicted", "2025-12")).exact is None:
        pytest.fail(f"this shop should be predictable: {told.message}")
    monkeypatch.setattr(clv, limit, 1e-9)
    answer = _shop(tmp_path / "limited").metric("clv_predicted", "2025-12")
    assert answer.status == "REV-209"
    assert model in answer.message


def test_money_without_a_rate_leaves_every_deal_it_might_belong_to_unknown() -> None:
    day, later = date(2026, 1, 1), date(2026, 2, 1)
    found = [*covered([(day, 100), (day, 50)], [(later, None)])]  # type: ignore[list-item]
    assert found == [(0, later, None), (1, later, None)]


def test_custom_fields_as_text() -> None:
    assert [_plain(value) for value in (True, 7.0, 7.5, " x ", "", None, [1])] == [
        "true",
        "7",
        "7.5",
        "x",
        None,
        None,
        None,
    ]


def test_a_field_that_is_no_single_value_is_no_criterion(tmp_path: Path) -> None:
    query = project_of(
        tmp_path,
        {"lead": 'id created_at fit attrs\n1 2026-01-02 yes {"list":[1]}\n2 2026-01-03 no -\n3 2026-01-04 yes 5'},
        through="2026-03-31",
    )
    rows = query.metric("criterion_lift", "2026-01").rows
    assert rows is not None
    assert {(row[0], row[1]) for row in rows.rows} == {("fit", "yes"), ("fit", "no")}


def test_rules_without_an_effect_are_the_default(tmp_path: Path) -> None:
    from revalign_udf.config import load
    from revalign_udf.kernels.identity import build_customers_keys
    from revalign_udf.kernels.rates import RateBook
    from revalign_udf.kernels.recurring import build_movement_variants, build_movements
    from revalign_udf.store import Store

    project_of(
        tmp_path,
        {
            "subscription": "id org_id started_at\na a 2025-01-01",
            "subscription_item_period": "id subscription_id valid_from amount interval\na a 2025-01-01 10 month",
        },
        through="2025-03-31",
    )
    with Store.open(load(tmp_path).data) as store:
        store.open_views(None, ["files"])
        store.con.execute(
            "CREATE OR REPLACE TEMP TABLE f_excluded (fact VARCHAR, reason VARCHAR, record_table VARCHAR, system VARCHAR,"
            " record_id VARCHAR, on_day DATE)"
        )
        build_customers_keys(store.con)
        book = RateBook(store.con, "USD")
        build_movements(store.con, "USD", book)
        rules = MovementRules(discount="none")
        assert build_movement_variants(store.con, "USD", book, [rules]) == {rules.key: "f_movement"}


def _subscribers(folder: Path, items: list[str], **more: str) -> Query:
    names = [item.split()[0] for item in items]
    return project_of(
        folder,
        {
            "subscription": "id org_id started_at\n" + "\n".join(f"{name} {name} 2025-01-01" for name in names),
            "subscription_item_period": "id subscription_id valid_from valid_to amount interval currency\n"
            + "\n".join(f"{item.split()[0]} {item}" for item in items),
            **more,
        },
        '[company]\ncurrency = "USD"\n',
        through="2025-12-31",
    )


def test_a_median_lifetime_is_not_known_before_half_have_ended(tmp_path: Path) -> None:
    items = [f"c{n} 2025-01-01 {'2025-06-01' if n < 31 else '-'} 10 month -" for n in range(100)]
    answer = _subscribers(tmp_path, items).metric("customer_lifetime_median", "2025-10")
    assert answer.status == "REV-209"
    assert "Fewer than half" in answer.message


RATE = "date from_currency to_currency rate\n2025-01-01 EUR USD 1.1"


def test_cohorts_need_the_rates_of_their_balances(tmp_path: Path) -> None:
    query = _subscribers(tmp_path, ["a 2025-01-02 - 10 month EUR", "b 2025-01-02 - 10 month -"], fx_rate=RATE)
    assert query.metric("retention_cohorts", "2025-01").status == "REV-208"
    assert query.metric("retention_cohorts", "2025-05").rows is not None  # nobody began then: no cohort to show


def test_contribution_says_what_it_lacks(tmp_path: Path) -> None:
    query = _subscribers(
        tmp_path, ["a 2025-03-01 - 10 month -"],
        sales_order="id org_id ordered_at amount\n1 a 2025-01-10 50\n2 a 2025-05-10 50\n3 b 2025-05-11 -50",
        expense="id date amount function kind\n1 2025-01-15 5 product cogs\n2 2025-05-15 5 product cogs",
    )  # fmt: skip
    early = query.metric("contribution", "2025-01")
    assert (early.exact, early.status) == (None, "REV-204")
    zero = query.metric("contribution", "2025-05")
    assert (zero.status, zero.cell) == ("REV-110", "#DIV/0!")


def test_a_number_no_double_can_hold() -> None:
    with pytest.raises(UserError, match="REV-114"):
        cells(10**400)
