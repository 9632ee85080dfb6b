"""Unit economics: what a customer costs and what a customer is worth.

Worked example (hand-computable): in a month 10 customers pay 1,000 at its start; one leaves, so ARPU is 100 and churn 10 %.
Without cost of goods sold LTV is 100 x 1 / 10 % = 1,000 and a customer stays 1 / 10 % = 10 months. Support costs 50, which
is 5 per customer and month, 50 over those 10 months; a new customer cost 300. LTV net is 1,000 - 300 - 50 = 650.
"""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric, Parameter

__all__ = ["UNIT_ECONOMICS"]

_CATALOGUE = "Revalign metric catalogue, section B"
_COGS = "f.kind = 'cogs'"
_METHODS = ("ltv_arpa_churn", "ltv_orders", "ltv_net", "clv_observed", "clv_predicted")

_LAG = Parameter("lag", "0", "months between the expense and the customers it brings", high=36)
_METHOD = Parameter("method", "ltv_arpa_churn", "which lifetime value is divided", choices=_METHODS)
_TERM = Parameter("term", "12", "months between two renewals", low=1, high=120)

_COMPONENTS = (
    Component(
        "acquisition_cost", "spend", "flow", "f.amount", "money",
        "expense of marketing and sales, salaries included, cost of goods sold left out",
        f"f.function IN ('marketing', 'sales') AND NOT coalesce({_COGS}, false)",
    ),
    Component("cogs", "spend", "flow", "f.amount", "money", "cost of goods sold", _COGS, optional=True),
    Component(
        "service_cost", "spend", "flow", "f.amount", "money",
        # what support costs as cost of goods sold is in the gross margin already
        "expense of customer success and support, cost of goods sold left out",
        f"f.function IN ('success', 'support') AND NOT coalesce({_COGS}, false)",
    ),
    Component(
        "stayed_revenue", "sale", "statistic", "stayed_revenue", "money",
        "revenue of customers paying (MRR above zero) at both ends of the period",
    ),
    Component(
        "stayed_cogs", "sale", "statistic", "stayed_cogs", "money",
        "their share of the cost of goods sold: cost x their revenue / all revenue", optional=True,
    ),
)  # fmt: skip

_METRICS = (
    Metric(
        "cac", "CAC", "unit economics", "ratio(lag{lag}_acquisition_cost, new_customers)", "money",
        "Expense of marketing and sales (not cost of goods sold) / new customers of the period. An expense with a"
        " period is spread over its days evenly, to the millionth. With the parameter lag the expense is that of as many"
        " months earlier. By channel: expense by its own channel, customers by the channel they came by; expense without"
        " a channel, and of one nobody came by, is a row of its own. By what no expense of either ever names, such as"
        " campaigns, there is no number.",
        direction="down", aliases=("customer acquisition cost",), owners=("marketing", "sales", "finance"),
        parameters=(_LAG,), source=_CATALOGUE,
    ),
    Metric(
        "gross_margin", "Gross margin", "unit economics", "margin(cogs, revenue)", "rate",
        "1 - cost of goods sold / revenue; 1, and said so, where the period has no cost of goods sold. By what no cost of"
        " goods sold ever names, such as products, there is no number.",
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
        "ltv_net", "Net LTV", "unit economics",
        "ltv_arpa_churn - cac"
        " - ratio(ratio(monthly_mean_service_cost, customers_at_start), monthly_mean_logo_churn)",
        "money",
        "LTV from ARPA and churn - CAC - (expense of success and support in the period's mean month / customers at start)"
        " x lifetime in months. The lifetime is the one LTV itself supposes, 1 / mean monthly logo churn: revenue and"
        " service then run for the same months. Cost of goods sold is in the gross margin, not here. Without an expense"
        " of success or support nothing is subtracted for it.",
        aliases=("net ltv",), owners=("finance", "success"), parameters=(_LAG,), source=_CATALOGUE,
    ),
    Metric(
        "ltv_to_cac", "LTV : CAC", "unit economics", "ratio({method}, cac)", "number",
        "LTV / CAC; the parameter method says which LTV, by default the one from ARPA and churn. The benchmark is strictly"
        " above 3.",
        aliases=("ltv:cac", "ltv cac ratio"), owners=("marketing", "sales", "finance"), parameters=(_METHOD, _LAG),
        source=_CATALOGUE,
    ),
    Metric(
        "cac_payback_months", "CAC payback", "unit economics", "payback(cac, arpu * gross_margin)", "months",
        "CAC / (ARPU x gross margin): months until a customer has paid back what it cost; never, where nothing is earned.",
        direction="down", aliases=("payback", "cac payback"), owners=("finance", "marketing", "sales"),
        parameters=(_LAG,), source=_CATALOGUE,
    ),
    Metric(
        "payback_to_lifetime", "Payback to lifetime", "unit economics", "ratio(cac_payback_months, customer_lifetime)",
        "rate", "The share of a customer's lifetime that goes into paying back what it cost: CAC payback / customer lifetime.",
        direction="down", owners=("finance", "success"), parameters=(_LAG,), source=_CATALOGUE,
    ),
    Metric(
        "renewals_to_break_even", "Renewals to break even", "unit economics", "renewals(cac_payback_months, {term})",
        "count",
        "max(0, ceil(CAC payback / term) - 1): renewals until a customer has paid back what it cost. A payback of exactly"
        " one term needs none. The parameter term is in months, by default 12.",
        direction="down", owners=("success", "finance"), parameters=(_TERM, _LAG), source=_CATALOGUE,
    ),
    Metric(
        "acquisition_vs_retention_cost", "Acquisition against retention cost", "unit economics",
        "ratio(cac, ratio(service_cost, customers_at_start))", "number",
        "CAC / (expense of success and support / customers at start), both of the period asked for: what a new customer"
        " costs against what one that is there costs. A month's retention cost is about a third of a quarter's, so compare"
        " periods of one length only.",
        direction="neutral", owners=("finance", "success"), parameters=(_LAG,), source=_CATALOGUE,
    ),
    Metric(
        "contribution", "Contribution of customers who stayed", "unit economics",
        "stayed_revenue - stayed_cogs", "money",
        "Revenue of customers paying (MRR above zero) at both ends of the period - their share of the cost of goods sold,"
        " which is shared by revenue: cost x their revenue / all revenue. In a slice: the slice's revenue of those"
        " customers, at the company's margin, so that slices add up.",
        additivity="ratio", owners=("success", "finance"), source=_CATALOGUE,
    ),
)  # fmt: skip

UNIT_ECONOMICS = Family(_COMPONENTS, _METRICS)
