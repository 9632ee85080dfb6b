"""BG/NBD and Gamma-Gamma against the literature, against other ways to compute the same, and against their limits."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import roots_genlaguerre, roots_jacobi
from scipy.stats import gamma

from revalign_udf.kernels.clv.models import (
    alive,
    bg_nbd_likelihood,
    expected_purchases,
    expected_purchases_of_new,
    expected_value,
    fit_bg_nbd,
    fit_gamma_gamma,
    gamma_gamma_likelihood,
)
from revalign_udf.kernels.clv.result import Fit, Refusal

PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


def columns(name: str) -> Iterator[Any]:
    """The columns of a data file of the package ``lifetimes``, without the customers' numbers."""
    path = Path(str(distribution("lifetimes").locate_file(f"lifetimes/datasets/{name}.csv")))
    return iter(np.loadtxt(path, delimiter=",", skiprows=1).T[1:])


def a(*values: float) -> Any:
    return np.array(values, dtype=float)


def fitted(found: Fit | Refusal) -> Fit:
    assert isinstance(found, Fit), found
    return found


def refused(found: Fit | Refusal) -> str:
    assert isinstance(found, Refusal), found
    assert found.text
    return found.code


def simulated(count: int, seed: int) -> tuple[Any, Any, Any, Any]:
    """Histories of customers who behave as BG/NBD says, one purchase at a time; and who of them is still there."""
    random = np.random.default_rng(seed)
    rates, leaves = random.gamma(0.9, 1 / 6.0, count), random.beta(1.4, 3.0, count)
    age = random.uniform(10, 120, count)
    frequency, recency, there = np.zeros(count), np.zeros(count), np.ones(count, dtype=bool)
    for who in range(count):
        time = 0.0
        while there[who]:
            time += random.exponential(1 / rates[who])
            if time > age[who]:
                break
            frequency[who], recency[who] = frequency[who] + 1, time
            there[who] = random.random() >= leaves[who]
    return frequency, recency, age, there


SIMULATED = {"r": 0.9, "alpha": 6.0, "a": 1.4, "b": 3.0}


# --- the literature --------------------------------------------------------------------------------------------


def test_cdnow_parameters_are_the_published_ones() -> None:
    """Fader, Hardie, Lee 2005: r .243, alpha 4.414, a .793, b 2.426, LL -9582.4 on 2,357 customers."""
    frequency, recency, age = columns("cdnow_customers_summary")
    fit = fitted(fit_bg_nbd(np.ones(len(age)), frequency, recency, age))
    assert fit.customers == 2357
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert dict(fit.parameters) == pytest.approx({"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258}, abs=1e-4)
    assert {name: round(value, 3) for name, value in fit.parameters.items()} == PUBLISHED


def test_cdnow_values_have_the_published_parameters() -> None:
    """Fader, Hardie 2013: p 6.25, q 3.74, v 15.44, LL -4055.9 on the 946 customers who bought again."""
    frequency, _, _, mean = columns("cdnow_customers_summary_with_transactions")
    again = frequency > 0
    fit = fitted(fit_gamma_gamma(np.ones(946), frequency[again], mean[again]))
    # the file's means are rounded to cents, which moves v in the third digit after the point
    assert dict(fit.parameters) == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, abs=0.01)
    assert fit.log_likelihood == pytest.approx(-4055.92, abs=0.01)


def test_published_expectations() -> None:
    """Hardie's spreadsheets: a customer with x = 2, t_x = 30.43, T = 38.86 makes 1.226 purchases in 39 weeks more; a new
    one 0.0078 in a day, 1.8576 in 78 weeks; means of 24.65 and so on for the first customers."""
    frequency, recency, age = columns("cdnow_customers_summary")
    parameters = fitted(fit_bg_nbd(np.ones(len(age)), frequency, recency, age)).parameters
    assert expected_purchases(parameters, 39, a(2), a(30.43), a(38.86))[0] == pytest.approx(1.226, abs=5e-4)
    times, published = a(0.1429, 1, 3, 31.8571, 32, 78), [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
    assert expected_purchases_of_new(parameters, times) == pytest.approx(published, abs=5e-4)
    frequency, _, _, mean = (column[:10] for column in columns("cdnow_customers_summary_with_transactions"))
    found = expected_value({"p": 6.25, "q": 3.74, "v": 15.44}, frequency, mean)
    assert found == pytest.approx([24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17], abs=0.06)


# --- other ways to compute the same ----------------------------------------------------------------------------


def over_beta(left: float, right: float) -> tuple[Any, Any]:
    """Points and weights (Gauss-Jacobi) of a mean over the beta distribution."""
    with np.errstate(all="ignore"):  # scipy's recurrence divides 0 by 0 for a + b = 1 before it looks the other way
        points, weights = roots_jacobi(90, right - 1, left - 1)
    return (1 + points) / 2, weights / np.sum(weights)


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0.0, 10.0), (1, 2.0, 10.0), (4, 9.5, 10.0)])
def test_bg_nbd_likelihood_is_the_mixture_it_stands_for(x: int, t_x: float, age: float) -> None:
    """One customer: rate^x (1-p)^x e^(-rate age) + p (1-p)^(x-1) rate^x e^(-rate t_x), averaged over rate and p."""
    r, alpha, left, right = 0.9, 6.0, 1.4, 3.0
    points, weights = over_beta(left, right)
    rates, shares = roots_genlaguerre(90, r - 1)
    p, rate = points[:, None], rates[None, :] / alpha
    given = (1 - p) ** x * rate**x * np.exp(-rate * age)
    if x:
        given = given + p * (1 - p) ** (x - 1) * rate**x * np.exp(-rate * t_x)
    expected = math.fsum((given * weights[:, None] * shares[None, :]).ravel()) / math.fsum(shares)
    found, _ = bg_nbd_likelihood(a(r, alpha, left, right), a(1), a(x), a(t_x), a(age))
    assert found == pytest.approx(math.log(expected), rel=1e-9)


def test_gamma_gamma_likelihood_is_the_mixture_it_stands_for() -> None:
    """The mean of x gamma values is gamma with shape p x and rate nu x, averaged over nu."""
    p, q, v, x, mean = 2.5, 3.0, 8.0, 3, 5.0
    expected = quad(lambda nu: gamma.pdf(mean, p * x, scale=1 / (nu * x)) * gamma.pdf(nu, q, scale=1 / v), 0, 20)[0]
    assert gamma_gamma_likelihood(a(p, q, v), a(1), a(x), a(mean))[0] == pytest.approx(math.log(expected), rel=1e-8)


@pytest.mark.parametrize("place", range(4))
def test_gradients_are_those_of_the_likelihoods(place: int) -> None:
    data = a(2, 3, 1), a(0, 2, 5), a(0, 3, 7), a(4, 9, 9)
    at, aside = a(0.3, 5, 0.7, 2), np.eye(4)[place] * 1e-5
    above, below = (bg_nbd_likelihood(at + sign * aside, *data)[0] for sign in (1, -1))
    assert bg_nbd_likelihood(at, *data)[1][place] == pytest.approx((above - below) / 2e-5, rel=1e-6)
    if place < 3:
        values, at, aside = (a(2, 3, 1), a(1, 2, 5), a(10, 30, 7)), a(2, 3, 4), aside[:3]
        above, below = (gamma_gamma_likelihood(at + sign * aside, *values)[0] for sign in (1, -1))
        assert gamma_gamma_likelihood(at, *values)[1][place] == pytest.approx((above - below) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("x", [0, 1, 7, 400])
@pytest.mark.parametrize(
    ("left", "right"), [(0.8, 2.4), (1.0, 2.4), (1.0 + 1e-9, 0.3), (0.4, 0.6), (0.3, 0.2), (3.0, 1.5)]
)
def test_expectations_by_numerical_integration(x: int, left: float, right: float) -> None:
    """Of who is there, the rate is gamma (r + x, alpha + age) and p beta (a, b + x): (1/p)(1 - (A / (A + p t))^(r + x)).
    Also where the closed form divides by zero: a = 1, a + b = 1."""
    r, alpha, t_x, age, weeks = 0.25, 4.4, 30.0, 39.0, 52.0

    def while_there(p: float) -> float:
        return float(-math.expm1((r + x) * -math.log1p(p * weeks / (alpha + age))) / p)

    points, weights = over_beta(left, right + x)
    mean = math.fsum(w * while_there(p) for p, w in zip(points, weights, strict=True))
    parameters = {"r": r, "alpha": alpha, "a": left, "b": right}
    history = a(x), a(t_x if x else 0), a(age)
    expected = mean * alive(parameters, *history)[0]
    assert expected_purchases(parameters, weeks, *history)[0] == pytest.approx(expected, rel=1e-7)


def test_who_bought_once_has_not_left_and_the_more_silent_the_likelier_gone() -> None:
    found = alive(PUBLISHED, a(0, 5, 5, 5), a(0, 38, 20, 1), a(39, 39, 39, 39))
    assert found[0] == 1
    assert 1 > found[1] > found[2] > found[3] > 0


# --- simulated customers ---------------------------------------------------------------------------------------


def test_parameters_of_simulated_customers_come_back_within_their_standard_errors() -> None:
    frequency, recency, age, there = simulated(20_000, 11)
    fit = fitted(fit_bg_nbd(np.ones(len(age)), frequency, recency, age))
    for name, true in SIMULATED.items():
        error = fit.standard_errors[name]
        assert abs(fit.parameters[name] - true) < 3 * error, name
        assert error < 0.15 * true, name
    # of those said to be there with a probability of about 0.4, four in ten are
    said = alive(SIMULATED, frequency, recency, age)
    for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9)):
        some = (said > low) & (said < high)
        assert float(np.mean(there[some])) == pytest.approx(float(np.mean(said[some])), abs=0.04)


@pytest.mark.campaign
def test_standard_errors_are_the_spread_of_estimates() -> None:
    """Gamma-Gamma fitted to 30 companies of 1,500 customers each."""
    random, found, errors = np.random.default_rng(5), [], []
    for _ in range(30):
        nu, purchases = random.gamma(4.0, 1 / 20.0, 1500), random.integers(1, 12, 1500).astype(float)
        mean = random.gamma(3.0 * purchases, 1 / (nu * purchases))
        fit = fitted(fit_gamma_gamma(np.ones(1500), purchases, mean))
        found.append(math.log(fit.parameters["p"]))
        errors.append(fit.standard_errors["p"] / fit.parameters["p"])
    assert float(np.mean(found)) == pytest.approx(math.log(3), abs=0.05)
    assert float(np.std(found)) == pytest.approx(float(np.mean(errors)), rel=0.35)


# --- what must not matter --------------------------------------------------------------------------------------


def test_units_of_time_and_money_do_not_matter() -> None:
    frequency, recency, age = columns("cdnow_customers_summary")
    weeks = fitted(fit_bg_nbd(np.ones(len(age)), frequency, recency, age))
    days = fitted(fit_bg_nbd(np.ones(len(age)), frequency, recency * 7, age * 7))
    for name in PUBLISHED:
        scale = 7 if name == "alpha" else 1
        assert days.parameters[name] == pytest.approx(weeks.parameters[name] * scale, rel=1e-7)
        assert days.standard_errors[name] == pytest.approx(weeks.standard_errors[name] * scale, rel=1e-4)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - float(np.sum(frequency)) * math.log(7), abs=1e-5)
    frequency, _, _, mean = columns("cdnow_customers_summary_with_transactions")
    some = frequency > 0
    dollars = fitted(fit_gamma_gamma(np.ones(946), frequency[some], mean[some]))
    cents = fitted(fit_gamma_gamma(np.ones(946), frequency[some], mean[some] * 100))
    assert cents.parameters["v"] == pytest.approx(dollars.parameters["v"] * 100, rel=1e-7)
    assert cents.parameters["p"] == pytest.approx(dollars.parameters["p"], rel=1e-7)
    assert cents.log_likelihood == pytest.approx(dollars.log_likelihood - 946 * math.log(100), abs=1e-5)


@pytest.mark.campaign  # test_clv asks the same of the whole kernel, at fewer customers
def test_counts_stand_for_rows_and_their_order_does_not_matter() -> None:
    frequency, recency, age = columns("cdnow_customers_summary")
    rows = np.column_stack([frequency, recency, age])
    plain = fitted(fit_bg_nbd(np.ones(len(age)), *rows.T))
    assert plain == fit_bg_nbd(np.ones(len(age)), *rows.T)
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    assert len(distinct) < len(rows)
    grouped = fitted(fit_bg_nbd(counts.astype(float), *distinct.T))
    shuffled = fitted(fit_bg_nbd(np.ones(len(age)), *np.random.default_rng(3).permutation(rows).T))
    for name in PUBLISHED:
        assert grouped.parameters[name] == pytest.approx(plain.parameters[name], rel=2e-8)
        assert shuffled.parameters[name] == pytest.approx(plain.parameters[name], rel=2e-8)


# --- refusals --------------------------------------------------------------------------------------------------


def test_too_few_who_bought_again_are_refused_and_enough_are_not() -> None:
    frequency, recency, age, _ = simulated(400, 2)
    few = np.concatenate([np.flatnonzero(frequency > 0)[:29], np.flatnonzero(frequency == 0)[:60]])
    assert refused(fit_bg_nbd(np.ones(len(few)), frequency[few], recency[few], age[few])) == "too_few_repeat_customers"
    enough = np.concatenate([np.flatnonzero(frequency > 0)[:150], np.flatnonzero(frequency == 0)])
    fitted(fit_bg_nbd(np.ones(len(enough)), frequency[enough], recency[enough], age[enough]))
    assert refused(fit_gamma_gamma(np.ones(29), np.full(29, 2.0), np.arange(1, 30.0))) == "too_few_repeat_customers"
    # 29 kinds of customers of two each are 58 customers
    assert isinstance(fit_gamma_gamma(np.full(29, 2.0), np.arange(1, 30.0), a(*([9, 30, 70] * 10)[:29])), Fit)


def test_customers_who_buy_like_clockwork_and_never_leave_are_refused() -> None:
    """Monthly invoices: purchases are no Poisson process, and no parameter of leaving has a best value."""
    age = np.random.default_rng(1).integers(60, 700, 500) / 7
    frequency = np.floor(age * 7 / 30)
    assert refused(fit_bg_nbd(np.ones(500), frequency, frequency * 30 / 7, age)) == "at_bound"
    assert refused(fit_bg_nbd(np.ones(500), np.ones(500), age / 2, age)) == "at_bound"


def test_values_that_never_differ_are_refused() -> None:
    purchases = np.random.default_rng(1).integers(1, 9, 500).astype(float)
    assert refused(fit_gamma_gamma(np.ones(500), purchases, np.full(500, 50.0))) == "at_bound"


def test_values_without_a_finite_mean_are_refused() -> None:
    random = np.random.default_rng(1)
    mean, purchases = 50 * random.pareto(0.7, 500) + 1, random.integers(1, 9, 500).astype(float)
    assert refused(fit_gamma_gamma(np.ones(500), purchases, mean)) == "no_finite_mean"


@pytest.mark.parametrize("broken", [math.nan, math.inf, -5.0])
def test_nonsense_is_refused_and_never_raises(broken: float) -> None:
    frequency, recency, age, _ = simulated(300, 4)
    age[0] = broken
    assert refused(fit_bg_nbd(np.ones(300), frequency, recency, age)) in {"not_converged", "at_bound"}
    assert refused(fit_gamma_gamma(np.ones(300), frequency + 1, age)) in {"not_converged", "at_bound"}


def test_nothing_else_loads_scipy() -> None:
    code = "import json, sys, revalign_udf.kernels; print(json.dumps('scipy' in sys.modules))"
    assert json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) is False
