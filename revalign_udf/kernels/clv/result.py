"""What a fit comes to; apart from the models so that who fits nothing loads no scipy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ENOUGH", "Fit", "Refusal", "too_few"]

#: customers with a repeat purchase below which nothing is fitted
ENOUGH = 30


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model is not used: a code and a sentence for the user.

    Codes: ``too_few_repeat_customers``, ``not_converged``, ``at_bound`` (a parameter without a best value: the customers do
    not behave as the model assumes), ``not_determined``, ``no_finite_mean``, ``out_of_range``.
    """

    code: str
    text: str


def too_few(customers: int) -> Refusal | None:
    """The refusal of a fit to so many customers with repeat purchases; None when they are enough."""
    if customers >= ENOUGH:
        return None
    return Refusal("too_few_repeat_customers", f"too few customers bought again: {customers}; a fit needs {ENOUGH}")


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model. Standard errors come from the curvature of the log-likelihood at its top; ``iterations`` are those
    of all starts together.
    """

    parameters: Mapping[str, float]
    standard_errors: Mapping[str, float]
    log_likelihood: float
    customers: int
    iterations: int
