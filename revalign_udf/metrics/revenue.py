"""Revenue: what was sold, to whom, and how much of it by new and by existing customers."""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["REVENUE"]

_EXISTING = "f.customer_since < p.start_day"
_FIRST_TIME = f"(f.kind = 'new' OR (f.kind IS NULL AND NOT ({_EXISTING})))"
_ACQUIRED = f"({_FIRST_TIME} OR f.kind IN ('upsell', 'cross_sell', 'new_product'))"
_CATALOGUE = "Revalign metric catalogue, section B"

REVENUE = Family(
    (
        Component("revenue", "sale", "flow", "f.amount", "money", "amounts of sales, credits and refunds, signed"),
        Component("orders", "sale", "flow", "f.orders", "count", "orders, or invoices where revenue is invoiced"),
        Component(
            "existing_revenue", "sale", "flow", "f.amount", "money",
            "sales to customers whose first date lies before the period", _EXISTING,
        ),
        Component(
            "first_time_revenue", "sale", "flow", "f.amount", "money",
            "sales marked new; where no kind is given, sales to customers new in the period", _FIRST_TIME,
        ),
        Component(
            "acquired_revenue", "sale", "flow", "f.amount", "money",
            "first-time sales, upsell, cross-sell and new products", _ACQUIRED,
        ),
        Component(
            "ordering_customers", "sale", "distinct", "f.customer", "count",
            "customers with an order (or invoice) of the period, each once", "f.orders > 0",
        ),
        Component(
            "new_customers", "customer_start", "flow", "1", "count",
            "customers whose first MRR above zero or first order falls into the period",
        ),
    ),
    (
        Metric(
            "revenue", "Revenue", "revenue", "revenue", "money",
            "Number of sales times average order value: sales orders if the project has that table, else invoice lines"
            " without tax of invoices neither void nor draft. Of invoices, credit lines, credit notes (without tax, as"
            " the lines) and refunds (less the invoice's share of tax) are subtracted on their own date; a refund counts"
            " as far as it goes beyond the credit notes of its invoice, earlier refunds first.",
            additivity="flow", aliases=("sales", "turnover"), owners=("finance", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "revenue_growth", "Revenue growth", "revenue", "growth(revenue, prev_revenue)", "rate",
            "(current - previous) / previous, the previous period being of the same length; no value when the previous"
            " is zero or negative.",
            owners=("finance", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "orders", "Orders", "revenue", "orders", "count", "Number of orders of an amount not below zero; where revenue is"
            " invoiced, of such invoices, each once, with its first line.",
            additivity="flow", role="leading", owners=("sales",), source=_CATALOGUE,
        ),
        Metric(
            "aov", "Average order value", "revenue", "ratio(revenue, orders)", "money", "Revenue / orders.",
            aliases=("average order value",), owners=("marketing", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "order_frequency", "Order frequency", "revenue", "ratio(orders, new_customers)", "number",
            "Orders / NEW customers of the period, as published.", aliases=("purchase frequency",),
            owners=("marketing", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "order_frequency_active", "Order frequency of active customers", "revenue",
            "ratio(orders, ordering_customers)", "number",
            "Orders / customers with an order in the period, each counted once. Order frequency divides by NEW customers.",
            owners=("marketing", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "new_revenue", "New revenue", "revenue", "acquired_revenue", "money",
            "Default reading (acquisition): first-time, upsell, cross-sell and new products.",
            additivity="flow", owners=("sales",), source=_CATALOGUE,
        ),
        Metric(
            "new_business_revenue", "New-business revenue", "revenue", "revenue - existing_revenue", "money",
            "Revenue of customers whose first date (first MRR above zero or order; else first sale) does not lie before"
            " the period, and revenue nobody's name is on.",
            additivity="flow", owners=("sales", "marketing"), source=_CATALOGUE,
        ),
        Metric(
            "existing_business_revenue", "Existing-business revenue", "revenue", "existing_revenue", "money",
            "Revenue of customers whose first date (first MRR above zero or order; else first sale) lies before the first"
            " day of the period.",
            additivity="flow", owners=("success", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "existing_share", "Share of existing business", "revenue", "ratio(existing_revenue, revenue)", "rate",
            "Existing-business revenue / revenue.", direction="neutral", owners=("success", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "alignment_warning", "Alignment warning", "revenue", "at_most(existing_revenue, revenue - existing_revenue)",
            "count",
            "1 where existing-business revenue does not exceed new-business revenue, else 0. A young firm always trips it:"
            " it has hardly anybody to sell to again; so does a period in which nothing was sold.",
            direction="down", owners=("marketing", "sales", "success"), source=_CATALOGUE,
        ),
        Metric(
            "new_customers", "New customers", "revenue", "new_customers", "count",
            "Customers whose first MRR above zero or first order falls into the period.",
            additivity="flow", owners=("marketing", "sales"), source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
