"""The numbers the catalogue promises, and the edges of each formula."""

from fractions import Fraction

import pytest

from revalign_udf.calc import acquisition, ratios, recurring, retention, surveys
from revalign_udf.calc.funnel import funnel
from revalign_udf.errors import NoData, RevalignError, Undefined, UnknownName, UserError


def test_order_economics() -> None:
    assert acquisition.aov(1_800_000, 360) == 5000
    assert acquisition.order_frequency(360, 60) == 6
    assert acquisition.ltv_orders(5000, 6, 0.8) == 24_000
    assert acquisition.ltv_orders(5000, 6, acquisition.lifetime_in_years(8, "months")) == 20_000
    assert acquisition.ltv_orders(5000, 6, acquisition.lifetime_in_years(2, "Year")) == 60_000


def test_subscription_economics() -> None:
    assert acquisition.ltv_arpa_churn(100, 0.05) == 2000
    assert acquisition.ltv_arpa_churn(100, "0.05", 0.8) == 1600  # type: ignore[arg-type]
    assert recurring.arr_contract(100_000, 60) == 20_000
    assert recurring.arr(Fraction(100_000, 60)) == 20_000
    assert acquisition.payback_to_lifetime(12, 48) == Fraction(1, 4)
    assert not acquisition.ltv_to_cac(3, 1) > 3


def test_lifetime_of_three_percent_churn() -> None:
    assert round(float(ratios.ratio(1, 0.03)), 2) == 33.33


@pytest.mark.parametrize(
    ("payback", "term", "renewals"), [(12, 12, 0), (12.1, 12, 1), (24, 12, 1), (1, 12, 0), (-3, 12, 0), (7, 1, 6)]
)
def test_renewals(payback: float, term: float, renewals: int) -> None:
    assert acquisition.renewals_to_break_even(payback, term) == renewals


def test_retention_of_the_published_example() -> None:
    """100 opening, 10 churn, 10 contraction, 10 expansion: 20 % gross, 10 % net."""
    assert 1 - retention.grr_totals(100, 10, 10, 10) == Fraction(1, 5)
    assert 1 - retention.nrr_totals(100, 10, 10, 10) == Fraction(1, 10)
    assert retention.nrr([50, 40, 10], [60, 30, 0]) == Fraction(9, 10)
    assert retention.grr([50, 40, 10], [60, 30, 0]) == Fraction(8, 10)


def test_churn_is_a_ratio_of_sums() -> None:
    assert retention.churn(1 + 10, 10 + 1000) == Fraction(11, 1010)
    assert retention.churn(10, 100) == Fraction(1, 10)


def test_annual_contracts_hide_churn() -> None:
    assert recurring.annualise(0.05, 1) == 1 - Fraction(95, 100) ** 12
    assert float(recurring.annualise(0.366, 12)) == 0.366
    assert float(recurring.annualise(0.5, 36)) == pytest.approx(1 - 0.5 ** (1 / 3), abs=1e-15)
    assert recurring.annualise(1, 7) == 1
    assert recurring.annualise(0, 7) == 0


@pytest.mark.parametrize(
    ("interval", "count", "factor"), [("week", 1, 52), ("DAY", 1, 365), ("quarter", 2, 2), ("year", 2, Fraction(1, 2))]
)
def test_intervals(interval: str, count: int, factor: Fraction) -> None:
    assert recurring.annual_factor(interval, count) == factor


def test_one_time_items_stay_out() -> None:
    assert recurring.mrr([(100, "month", 1, False), (900, "month", 1, True), (-10, "month", 2, False)]) == 80


def test_funnel_and_scores() -> None:
    stages = funnel([100, 0, 0])
    assert [stage.step for stage in stages] == [None, 0, None]
    assert [stage.overall for stage in funnel([0, 0])] == [None, None]
    assert surveys.nps([9, 10, 6, 0]) == 0
    assert surveys.nps([0]) == -100
    assert surveys.share_at_least([5, 4, 4, 1], 4) == Fraction(3, 4)


@pytest.mark.parametrize(
    ("call", "code", "cell"),
    [
        (lambda: ratios.ratio(1, 0), "REV-110", "#DIV/0!"),
        (lambda: ratios.growth(1, 0), "REV-110", "#DIV/0!"),
        (lambda: ratios.growth(1, -1), "REV-110", "#DIV/0!"),
        (lambda: ratios.roi(1, 0), "REV-110", "#DIV/0!"),
        (lambda: acquisition.cac(1, 0), "REV-110", "#DIV/0!"),
        (lambda: acquisition.cac(1, -1), "REV-114", "#NUM!"),
        (lambda: acquisition.payback_months(1, 0), "REV-113", "#DIV/0!"),
        (lambda: acquisition.payback_months(1, -2), "REV-113", "#DIV/0!"),
        (lambda: acquisition.lifetime_in_years(8, None), "REV-111", "#VALUE!"),
        (lambda: acquisition.lifetime_in_years(8, " "), "REV-111", "#VALUE!"),
        (lambda: acquisition.lifetime_in_years(8, "weeks"), "REV-101", "#VALUE!"),
        (lambda: acquisition.lifetime_in_years(-8, "years"), "REV-114", "#NUM!"),
        (lambda: acquisition.ltv_arpa_churn(100, 0), "REV-110", "#DIV/0!"),
        (lambda: acquisition.ltv_arpa_churn(100, 5), "REV-114", "#NUM!"),
        (lambda: recurring.annualise(0.1, 0), "REV-110", "#DIV/0!"),
        (lambda: recurring.annualise(0.1, -1), "REV-114", "#NUM!"),
        (lambda: recurring.annualise(-0.1, 12), "REV-114", "#NUM!"),
        (lambda: recurring.annual_factor("fortnight"), "REV-101", "#VALUE!"),
        (lambda: recurring.annual_factor("month", 0), "REV-114", "#NUM!"),
        (lambda: retention.churn(0, 0), "REV-110", "#DIV/0!"),
        (lambda: retention.churn(2, 1), "REV-114", "#NUM!"),
        (lambda: retention.nrr([], []), "REV-110", "#DIV/0!"),
        (lambda: retention.nrr([0, -5], [9, 9]), "REV-110", "#DIV/0!"),
        (lambda: retention.nrr([1, 2], [1]), "REV-102", "#VALUE!"),
        (lambda: retention.nrr_totals(-1, 0, 0, 0), "REV-114", "#NUM!"),
        (lambda: retention.quick_ratio(1, 1, 0, 0), "REV-110", "#DIV/0!"),
        (lambda: retention.quick_ratio(-1, 1, 1, 0), "REV-114", "#NUM!"),
        (lambda: surveys.nps([]), "REV-204", "#N/A"),
        (lambda: surveys.nps([8.5]), "REV-114", "#NUM!"),
        (lambda: surveys.share_at_least([], 4), "REV-204", "#N/A"),
        (lambda: funnel([-1]), "REV-114", "#NUM!"),
    ],
)
def test_no_made_up_number(call: object, code: str, cell: str) -> None:
    with pytest.raises(RevalignError) as caught:
        call()  # type: ignore[operator]
    assert (caught.value.code, caught.value.cell) == (code, cell)
    assert isinstance(caught.value, UserError | Undefined | NoData | UnknownName)
