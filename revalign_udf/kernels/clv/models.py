"""What customers will buy: BG/NBD for how often, Gamma-Gamma for how much, fitted by maximum likelihood.

BG/NBD (Fader, Hardie, Lee: "Counting Your Customers" the Easy Way, Marketing Science 24 (2), 2005): while active a customer
buys at a rate of its own, gamma distributed with shape r and rate alpha; after each purchase it leaves for good with a
probability of its own, beta distributed with a and b. Gamma-Gamma (Fader, Hardie: The Gamma-Gamma Model of Monetary Value,
2013): the values of a customer's purchases are gamma distributed with shape p, their scale differs between customers
by a gamma distribution with q and v; how much is independent of how often.

Everything here is a pure function of arrays. Times are in weeks, values in major units. Fits are deterministic: fixed
starts, fixed tolerances, sums in the order of the arrays, parameters rounded to nine digits. A fit that cannot be
trusted is no exception but a :class:`~revalign_udf.kernels.clv.result.Refusal`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, gammaln, hyp2f1, psi

from revalign_udf.kernels.clv.result import Fit, Refusal, too_few

__all__ = [
    "alive",
    "bg_nbd_likelihood",
    "expected_purchases",
    "expected_purchases_of_new",
    "expected_value",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "gamma_gamma_likelihood",
]

Array = npt.NDArray[np.float64]
_Likelihood = Callable[[Array], tuple[float, Array]]
"""Parameters -> (log-likelihood, its gradient)"""

#: every parameter, with times and values measured in their means, lies between 1 / _FARTHEST and _FARTHEST
_FARTHEST = 1e4
#: closer than this to its bound, as a logarithm, a parameter has run to it
_AT_BOUND = 1e-3
#: the steepest slope per customer, by the logarithm of a parameter, of a likelihood that is at its top
_FLAT = 1e-8
#: an estimate known no better than to a factor of e to this many standard errors is not determined by the data
_KNOWN = 5.0
_STEP = 1e-4
_DIGITS = 9
#: around a = 1 (and a + b = 1 for who bought once) the closed form divides nothing by nothing
_NEAR, _ASIDE = 1e-6, 1e-5


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


# --- likelihoods -----------------------------------------------------------------------------------------------


def bg_nbd_likelihood(
    parameters: Array, counts: Array, frequency: Array, recency: Array, age: Array
) -> tuple[float, Array]:
    """Log-likelihood of r, alpha, a, b and its gradient, of ``counts`` customers with each history (equation 6 of 2005).

    ``frequency`` is the number of repeat purchases, ``recency`` the time from the first to the last, ``age`` the time
    from the first to the end of the observation.
    """
    r, alpha, a, b = parameters
    again = frequency > 0
    distinct, where = np.unique(frequency, return_inverse=True)  # gamma functions are dear, frequencies few
    fixed = gammaln(r + distinct) - gammaln(r) + gammaln(a + b) + gammaln(b + distinct) - gammaln(b)
    fixed -= gammaln(a + b + distinct)
    stays = -(r + frequency) * np.log(alpha + age)
    left = np.where(again, np.log(a) - np.log(b + np.maximum(frequency, 1) - 1), -np.inf)
    left = left - (r + frequency) * np.log(alpha + recency)
    either = np.logaddexp(stays, left)
    total = fixed[where] + r * np.log(alpha) + either
    gone = np.exp(left - either)  # the share of the likelihood in which the customer has left
    here = 1 - gone
    by_r = (
        (psi(r + distinct) - psi(r))[where]
        + np.log(alpha)
        - here * np.log(alpha + age)
        - gone * np.log(alpha + recency)
    )
    by_alpha = r / alpha - (r + frequency) * (here / (alpha + age) + gone / (alpha + recency))
    by_a = (psi(a + b) - psi(a + b + distinct))[where] + gone / a
    by_b = (psi(a + b) + psi(b + distinct) - psi(b) - psi(a + b + distinct))[where]
    by_b = by_b - gone / (b + np.maximum(frequency, 1) - 1)
    return float(np.sum(counts * total)), np.array([np.sum(counts * part) for part in (by_r, by_alpha, by_a, by_b)])


def gamma_gamma_likelihood(parameters: Array, counts: Array, purchases: Array, mean: Array) -> tuple[float, Array]:
    """Log-likelihood of p, q, v and its gradient, of ``counts`` customers with each number of (repeat) purchases and
    their mean value (equation 1a of 2013). Both must be above zero.
    """
    p, q, v = parameters
    distinct, where = np.unique(purchases, return_inverse=True)
    fixed = gammaln(p * distinct + q) - gammaln(p * distinct) - gammaln(q) + q * np.log(v)
    shape, spread = p * purchases, np.log(purchases * mean + v)
    total = fixed[where] + shape * np.log(purchases * mean) - np.log(mean) - (shape + q) * spread
    slope = (psi(p * distinct + q) - psi(p * distinct))[where]
    by_p = purchases * (slope + np.log(purchases * mean) - spread)
    by_q = (psi(p * distinct + q) - psi(q))[where] + np.log(v) - spread
    by_v = q / v - (shape + q) / (purchases * mean + v)
    return float(np.sum(counts * total)), np.array([np.sum(counts * part) for part in (by_p, by_q, by_v)])


# --- fitting ---------------------------------------------------------------------------------------------------


def fit_bg_nbd(counts: Array, frequency: Array, recency: Array, age: Array) -> Fit | Refusal:
    """r, alpha, a, b of customers whose histories came up ``counts`` times each; alpha in the unit of the times."""
    if refused := too_few(int(np.sum(counts[frequency > 0]))):
        return refused
    customers = float(np.sum(counts))
    scale = float(np.sum(counts * age)) / customers  # above zero: who bought again did so on a later day
    mean = float(np.sum(counts * frequency)) / customers
    starts = [(r, r / mean, a, b) for r in (0.3, 1.5) for a, b in ((0.8, 2.5), (0.2, 2.0))]

    def likelihood(parameters: Array) -> tuple[float, Array]:
        return bg_nbd_likelihood(parameters, counts, frequency, recency / scale, age / scale)

    found = _maximum("BG/NBD", likelihood, ("r", "alpha", "a", "b"), starts, customers)
    # in times of another unit the density of each of the purchases changes by that unit
    return _in_unit(found, "alpha", scale, float(np.sum(counts * frequency)))


def fit_gamma_gamma(counts: Array, purchases: Array, mean: Array) -> Fit | Refusal:
    """p, q, v of customers with (repeat) purchases of a mean value above zero; v in the unit of the values."""
    customers = float(np.sum(counts))
    if refused := too_few(int(customers)):
        return refused
    scale = float(np.sum(counts * mean)) / customers
    starts = [(p, q, (q - 1) / p) for p in (1.0, 6.0) for q in (2.0, 4.0)]

    def likelihood(parameters: Array) -> tuple[float, Array]:
        return gamma_gamma_likelihood(parameters, counts, purchases, mean / scale)

    found = _in_unit(_maximum("Gamma-Gamma", likelihood, ("p", "q", "v"), starts, customers), "v", scale, customers)
    if isinstance(found, Fit) and found.parameters["q"] <= 1:
        text = f"Gamma-Gamma: q is {found.parameters['q']:.3g}; a mean value exists above 1 only"
        return Refusal("no_finite_mean", text)
    return found


def _in_unit(found: Fit | Refusal, name: str, scale: float, densities: float) -> Fit | Refusal:
    if isinstance(found, Refusal):
        return found
    parameters = {key: value * (scale if key == name else 1) for key, value in found.parameters.items()}
    errors = {key: value * (scale if key == name else 1) for key, value in found.standard_errors.items()}
    return Fit(
        {key: _rounded(value) for key, value in parameters.items()},
        {key: _rounded(value) for key, value in errors.items()},
        round(found.log_likelihood - densities * math.log(scale), 6),
        found.customers,
        found.iterations,
    )


def _maximum(
    model: str, likelihood: _Likelihood, names: Sequence[str], starts: Sequence[Sequence[float]], customers: float
) -> Fit | Refusal:
    """The top of a log-likelihood over positive parameters: the best of several starts, then Newton's steps."""

    def falling(logs: Array) -> tuple[float, Array]:
        """Minus the mean log-likelihood and its slope, by logarithms of the parameters."""
        parameters = np.exp(logs)
        value, slope = likelihood(parameters)
        return -value / customers, -slope * parameters / customers

    limit, iterations = math.log(_FARTHEST), 0
    best, least = None, math.inf
    try:
        with np.errstate(all="ignore"):
            for start in starts:
                found = minimize(
                    falling, np.log(np.array(start)), jac=True, method="L-BFGS-B", bounds=[(-limit, limit)] * len(names),
                    options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9},
                )  # fmt: skip
                iterations += int(found.nit)
                if np.isfinite(found.fun) and found.fun < least:
                    best, least = np.asarray(found.x, dtype=np.float64), float(found.fun)
            if best is None:
                return _not_converged(model)
            for name, log in zip(names, best, strict=True):
                if limit - abs(log) < _AT_BOUND:
                    return Refusal(
                        "at_bound", f"{model}: {name} runs to its bound; the customers do not buy as the model assumes"
                    )
            best, steps = _newton(falling, best)
            value, slope = falling(best)
            curvature = _curvature(falling, best)
            if not np.all(np.isfinite(curvature)) or float(np.min(np.linalg.eigvalsh(curvature))) <= 0:
                return _not_converged(model)
            if not math.isfinite(value) or float(np.max(np.abs(slope))) > _FLAT:
                return _not_converged(model)
            errors = np.sqrt(np.diag(np.linalg.inv(curvature * customers)))
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return _not_converged(model)
    for name, error in zip(names, errors, strict=True):
        if not error < _KNOWN:
            return Refusal("not_determined", f"{model}: the data do not determine {name}")
    parameters = np.exp(best)
    return Fit(
        dict(zip(names, map(float, parameters), strict=True)),
        dict(zip(names, map(float, parameters * errors), strict=True)),
        -value * customers,
        round(customers),
        iterations + steps,
    )


def _not_converged(model: str) -> Refusal:
    return Refusal("not_converged", f"{model}: the fit did not converge from any start")


def _curvature(function: Callable[[Array], tuple[float, Array]], at: Array) -> Array:
    """Second derivatives, by central differences of the gradient."""
    rows = []
    for position in range(len(at)):
        aside = np.zeros(len(at))
        aside[position] = _STEP
        rows.append((function(at + aside)[1] - function(at - aside)[1]) / (2 * _STEP))
    found: Array = np.array(rows)
    return (found + found.T) / 2


def _newton(function: Callable[[Array], tuple[float, Array]], at: Array) -> tuple[Array, int]:
    """From close by to the point where the slope is nothing, so that no start shows in the digits kept."""
    _, slope = function(at)
    for step in range(8):
        move = np.linalg.solve(_curvature(function, at), slope)
        after = at - move
        if not np.all(np.isfinite(after)) or float(np.max(np.abs(move))) > 1:
            return at, step
        _, next_slope = function(after)
        if not float(np.max(np.abs(next_slope))) < float(np.max(np.abs(slope))):
            return at, step
        at, slope = after, next_slope
    return at, 8


# --- what follows from a fit -----------------------------------------------------------------------------------


def alive(parameters: Mapping[str, float], frequency: Array, recency: Array, age: Array) -> Array:
    """The probability that a customer has not left (Fader, Hardie, Lee: note 021, 2008). Who bought once is there: one
    leaves after a repeat purchase only.
    """
    r, alpha, a, b = (parameters[name] for name in ("r", "alpha", "a", "b"))
    odds = math.log(a) - np.log(b + np.maximum(frequency, 1) - 1)
    odds = odds + (r + frequency) * (np.log(alpha + age) - np.log(alpha + recency))
    found: Array = np.where(frequency > 0, expit(-odds), 1.0)
    return found


def expected_purchases(
    parameters: Mapping[str, float], weeks: float, frequency: Array, recency: Array, age: Array
) -> Array:
    """Purchases (days with any) expected in the next weeks of a customer with a history (equation 10 of 2005)."""
    r, alpha, a, b = (parameters[name] for name in ("r", "alpha", "a", "b"))
    share = weeks / (alpha + age + weeks)
    return alive(parameters, frequency, recency, age) * _while_active(r, a, b, frequency, share)


def expected_purchases_of_new(parameters: Mapping[str, float], weeks: Array) -> Array:
    """Repeat purchases expected of a new customer in its first weeks (equation 9 of 2005)."""
    r, alpha, a, b = (parameters[name] for name in ("r", "alpha", "a", "b"))
    return _while_active(r, a, b, np.zeros(len(weeks)), weeks / (alpha + weeks))


def _while_active(r: float, a: float, b: float, frequency: Array, share: Array) -> Array:
    """(a+b+x-1)/(a-1) (1 - (1-z)^(r+x) 2F1(r+x, b+x; a+b+x-1; z)), turned by Euler's transformation into a 2F1 whose
    first two arguments do not grow with x, which keeps it from overflowing.
    """
    if min(abs(a - 1), abs(a + b - 1)) < _NEAR:  # smooth there: the mean of both sides
        return (
            _while_active(r, a - _ASIDE, b, frequency, share) + _while_active(r, a + _ASIDE, b, frequency, share)
        ) / 2
    c = a + b + frequency - 1
    found: Array = c / (a - 1) * (1 - (1 - share) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, c, share))
    return found


def expected_value(parameters: Mapping[str, float], purchases: Array, mean: Array) -> Array:
    """The mean value of a customer's purchases, given those it made (equation 5 of 2013); of who made none, everybody's."""
    p, q, v = (parameters[name] for name in ("p", "q", "v"))
    found: Array = p * (v + purchases * mean) / (p * purchases + q - 1)
    return found
