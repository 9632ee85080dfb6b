"""Identities of finance that must hold for any customer list."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from revalign_udf.calc.ratios import growth, ratio
from revalign_udf.calc.recurring import annualise, item_mrr, mrr
from revalign_udf.calc.retention import churn, grr, nrr
from revalign_udf.calc.sums import total

money = st.decimals(-1000, 100_000, places=2).map(float)
customers = st.lists(st.tuples(money, money), min_size=1)


@given(customers)
def test_grr_never_exceeds_nrr_or_one(pairs: list[tuple[float, float]]) -> None:
    assume(any(start > 0 for start, _ in pairs))
    openings, closings = [start for start, _ in pairs], [end for _, end in pairs]
    assert grr(openings, closings) <= min(nrr(openings, closings), Fraction(1))


@given(customers, customers)
def test_who_was_not_paying_never_enters(pairs: list[tuple[float, float]], others: list[tuple[float, float]]) -> None:
    assume(any(start > 0 for start, _ in pairs))
    late = [(min(start, 0.0), end) for start, end in others]
    openings, closings = [start for start, _ in pairs], [end for _, end in pairs]
    more_openings, more_closings = [start for start, _ in pairs + late], [end for _, end in pairs + late]
    assert nrr(openings, closings) == nrr(more_openings, more_closings)
    assert grr(openings, closings) == grr(more_openings, more_closings)


@given(customers)
def test_net_retention_is_a_ratio_of_sums(pairs: list[tuple[float, float]]) -> None:
    paying = [(start, end) for start, end in pairs if start > 0]
    assume(paying)
    openings, closings = [start for start, _ in pairs], [end for _, end in pairs]
    assert nrr(openings, closings) == ratio(total([e for _, e in paying]), total([s for s, _ in paying]))


slices = st.integers(1, 100).flatmap(lambda start: st.tuples(st.integers(0, start), st.just(start)))


@given(slices, slices)
def test_churn_of_two_slices_lies_between_theirs(one: tuple[int, int], other: tuple[int, int]) -> None:
    (lost_a, start_a), (lost_b, start_b) = one, other
    a, b, both = churn(lost_a, start_a), churn(lost_b, start_b), churn(lost_a + lost_b, start_a + start_b)
    assert min(a, b) <= both <= max(a, b)


@given(st.fractions(0, 1, max_denominator=1000), st.integers(1, 60))
def test_annual_rates_stay_rates(rate: Fraction, term: int) -> None:
    yearly = annualise(rate, term)
    assert 0 <= yearly <= 1
    assert (yearly >= rate) if term <= 12 else (yearly <= rate)


@given(money.filter(lambda x: x > 0), money)
def test_growth_and_back(previous: float, current: float) -> None:
    assert total([previous]) * (1 + growth(current, previous)) == total([current])


@given(st.lists(st.tuples(money, st.sampled_from(["day", "week", "month", "quarter", "year"]), st.integers(1, 9))))
def test_mrr_adds_up_over_items(items: list[tuple[float, str, int]]) -> None:
    single = sum((item_mrr(amount, interval, quantity) for amount, interval, quantity in items), Fraction(0))
    assert mrr([(amount, interval, quantity, False) for amount, interval, quantity in items]) == single
