"""Unit economics: what a customer costs and what a customer is worth."""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["UNIT_ECONOMICS"]

_CATALOGUE = "Revalign metric catalogue, section B"
_COGS = "f.kind = 'cogs'"

UNIT_ECONOMICS = Family(
    (
        Component(
            "acquisition_cost", "spend", "flow", "f.amount", "money",
            "expense of marketing and sales, salaries included, cost of goods sold left out",
            f"f.function IN ('marketing', 'sales') AND NOT coalesce({_COGS}, false)",
        ),
        Component("cogs", "spend", "flow", "f.amount", "money", "cost of goods sold", _COGS, optional=True),
    ),
    (
        Metric(
            "cac", "CAC", "unit economics", "ratio(acquisition_cost, new_customers)", "money",
            "Expense of marketing and sales (not cost of goods sold) / new customers of the period. An expense with a"
            " period is spread over its days evenly, to the millionth.",
            direction="down", aliases=("customer acquisition cost",), owners=("marketing", "sales", "finance"),
            source=_CATALOGUE,
        ),
        Metric(
            "gross_margin", "Gross margin", "unit economics", "margin(cogs, revenue)", "rate",
            "1 - cost of goods sold / revenue; 1, and said so, where the period has no cost of goods sold.",
            source=_CATALOGUE,
        ),
        Metric(
            "customer_lifetime", "Customer lifetime", "unit economics", "12 * lifetime_years", "months",
            "Kaplan-Meier mean restricted to the longest observed time, in months of 365.25 / 12 days; from a customer's"
            " first day to its last, pauses included, as known at the end of the period.",
            owners=("success",), source=_CATALOGUE,
        ),
        Metric(
            "ltv_orders", "LTV from orders", "unit economics", "aov * order_frequency * lifetime_years", "money",
            "Average order value x order frequency x lifetime IN YEARS: [definitions] lifetime_years, else the"
            " Kaplan-Meier restricted mean; refused below 30 ended customers.",
            aliases=("ltv", "clv"), owners=("marketing", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "ltv_arpa_churn", "LTV from ARPA and churn", "unit economics",
            "ratio(arpu * gross_margin, monthly_mean_logo_churn)", "money",
            "ARPU x gross margin / mean monthly logo churn of the period's months; months outside the data, or with"
            " nobody paying at their start, are left out of the mean.",
            aliases=("ltv", "clv"), owners=("finance", "success"), source=_CATALOGUE,
        ),
        Metric(
            "ltv_to_cac", "LTV : CAC", "unit economics", "ratio(ltv_arpa_churn, cac)", "number",
            "LTV from ARPA and churn / CAC. The benchmark is strictly above 3.",
            aliases=("ltv:cac", "ltv cac ratio"), owners=("marketing", "sales", "finance"), source=_CATALOGUE,
        ),
        Metric(
            "cac_payback_months",
            "CAC payback",
            "unit economics",
            "payback(cac, arpu * gross_margin)",
            "months",
            "CAC / (ARPU x gross margin): months until a customer has paid back what it cost; never, where nothing is earned.",
            direction="down",
            aliases=("payback", "cac payback"),
            owners=("finance", "marketing", "sales"),
            source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
