"""Customer health: how the product is used, where revenue is unhappy, and what successful customers have in common."""

from __future__ import annotations

from revalign_udf.metrics.facts import CUSTOMER, PRODUCT
from revalign_udf.metrics.model import Component, Fact, Family, Metric, Parameter

__all__ = ["HEALTH"]

_CATALOGUE = "Revalign metric catalogue, section C"

HEALTH = Family(
    facts=(
        Fact(
            "usage", "on_day", ("usage_daily",), {**CUSTOMER, **PRODUCT, "system": "self"},
            "one row per customer, product, feature and day of use",
        ),
    ),
    components=(
        Component("user_days", "usage", "flow", "f.users", "count", "active users, added up over the days"),
        Component(
            "customers_using", "usage", "distinct", "f.customer", "count", "customers with any use",
            "f.active_users > 0 OR f.events > 0",
        ),
        Component(
            "features_used", "usage", "distinct", "f.feature", "count", "features with any use",
            "f.active_users > 0 OR f.events > 0",
        ),
    ),
    metrics=(
        Metric(
            "usage_adoption", "Usage adoption", "health", "", "number",
            "Per segment or product line: customers with any use, active users on a mean day of the period, features used"
            " and features per customer, seats (the last number known) and seats used (monthly active users as last"
            " reported, else the most users on one day), the share saying it is what was promised; and the logo churn of"
            " the quarter of customers who used it least in the period before against the rest: association, not cause."
            " Whoever used it as little as the last of that quarter belongs to it.",
            kind="table", owners=("product", "success"), source=_CATALOGUE,
            parameters=(Parameter("by", "segment", "what the rows are", ("segment", "product_line")),),
        ),
        Metric(
            "unhappy_revenue", "Unhappy revenue", "health", "", "money",
            "Segments that keep their revenue and would not recommend us: NRR at or above a threshold (per cent) and NPS"
            " below one (points), with their MRR at the end of the period.",
            kind="table", additivity="balance", direction="down", owners=("success", "finance"), source=_CATALOGUE,
            parameters=(
                Parameter("nrr", "100", "NRR in per cent from which revenue counts as kept", high=1000),
                Parameter(
                    "nps", "0", "NPS in points below which customers count as unhappy",
                    tuple(str(points) for points in range(-100, 101, 5)),
                ),
            ),
        ),
        Metric(
            "churn_lift", "Churn lift", "health", "", "rate",
            "Per product line: customers paying for it at start, those who no longer pay for it at the end, their share,"
            " and that share / logo churn of the company. Under 30 customers the row is marked.",
            kind="table", direction="down", owners=("product", "success"), source=_CATALOGUE,
        ),
        Metric(
            "missing_expansion", "Missing expansion", "health", "", "money",
            "Product lines and segments whose expansion MRR / opening MRR lies below the company's, and the expansion MRR"
            " missing to reach it. Without MRR at start there is nothing to expand, and no row.",
            kind="table", additivity="flow", owners=("success", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "ideal_customer_profile", "Ideal customer profile", "health", "", "rate",
            "Traits (segment, country, industry, size by employees, channel, lead source) of successful customers against"
            " everybody else who ever paid, and against the worst, who have stopped paying. Successful: renewed at least"
            " once, and MRR at the end of the period not below the first MRR (both at the rates of that day). Per trait:"
            " customers and shares, share among the successful / share among the others (lift), and the Wilson interval (95"
            " %) of the share among the successful; marked where fewer than 30 customers have the trait. Satisfied is not"
            " successful.",
            kind="table", owners=("marketing", "sales", "success"), source=_CATALOGUE, dimensions=tuple(CUSTOMER),
        ),
    ),
)  # fmt: skip
