"""Recurring revenue: MRR, its movements, and what is kept of it.

Worked example (hand-computable): three customers pay 100, 50 and 50 at the start of a month. The first adds 20, the
second leaves, the third drops to 40, a fourth joins at 30. Opening 200 + new 30 + expansion 20 + contraction -10 +
churned -50 = closing 190. NRR = (120 + 0 + 40) / 200 = 0.8, GRR = (100 + 0 + 40) / 200 = 0.7, logo churn = 1 / 3.
"""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["RECURRING"]

_CATALOGUE = "Revalign metric catalogue, section B"
_RETENTION = "Revalign metric catalogue, section C"


def _moved(kind: str, about: str) -> Component:
    # a change nobody can name for want of a rate has neither kind nor amount, and leaves every movement without a value
    rule = f"f.kind = '{kind}' OR f.kind IS NULL"
    return Component(f"{kind}_mrr", "movement", "flow", "f.amount", "recurring", about, rule)


_KINDS = {
    "new": ("New MRR", "MRR of customers paying for the first time ever"),
    "expansion": ("Expansion MRR", "increases of customers already paying"),
    "contraction": ("Contraction MRR", "decreases of customers still paying, negative"),
    "churned": ("Churned MRR", "MRR of customers who stopped paying, negative"),
    "reactivation": ("Reactivation MRR", "MRR of customers paying again after a pause"),
}

_MOVEMENTS = "new_mrr + expansion_mrr + contraction_mrr + churned_mrr + reactivation_mrr"
# without a cut customers cannot change slice, so entering and leaving are zero and the rest is the exchange rate
_REMAINDER = f"mrr - opening_mrr - ({_MOVEMENTS})"

RECURRING = Family(
    (
        Component("mrr", "movement", "end", "closing", "recurring", "MRR at the end of the period's last day"),
        Component("opening_mrr", "movement", "start", "opening", "recurring", "MRR at the end of the day before"),
        *(_moved(kind, about) for kind, (_, about) in _KINDS.items()),
        Component("entering_mrr", "movement", "end", "entered", "recurring", "MRR of customers who came into the slice"),
        Component("leaving_mrr", "movement", "start", "left_slice", "recurring", "MRR of customers who left the slice, negative"),
        Component(
            "customers", "movement", "end", "CASE WHEN closing > 0 THEN 1 ELSE 0 END", "count",
            "customers paying at the end",
        ),
        Component(
            "customers_at_start", "movement", "start", "CASE WHEN opening > 0 THEN 1 ELSE 0 END", "count",
            "customers paying at the end of the day before the period",
        ),
        Component(
            "lost_customers", "movement", "start", "CASE WHEN opening > 0 AND closing <= 0 THEN 1 ELSE 0 END", "count",
            "of those, not paying at the end",
        ),
        Component(
            "base_mrr", "movement", "start", "CASE WHEN opening > 0 THEN opening ELSE 0 END", "recurring",
            "opening MRR of customers paying at start",
        ),
        Component(
            "retained_mrr", "movement", "start", "CASE WHEN opening > 0 THEN closing ELSE 0 END", "recurring",
            "closing MRR of customers paying at start",
        ),
        Component(
            "kept_mrr", "movement", "start",
            "CASE WHEN opening <= 0 THEN 0 WHEN closing < opening THEN closing ELSE opening END", "recurring",
            "the smaller of opening and closing, customer by customer",
        ),
        Component(
            "lifetime_years", "movement", "statistic", "lifetime_years", "years",
            "Kaplan-Meier mean lifetime of customers, restricted to the longest observed time",
        ),
    ),
    (
        Metric(
            "mrr", "MRR", "recurring", "mrr", "money",
            "Monthly recurring revenue at the end of the period: (amount x quantity - discount) per interval,"
            " annualised, / 12; one-time and metered items are out.",
            additivity="balance", aliases=("monthly recurring revenue", "closing_mrr"), owners=("finance", "success"),
            source=_CATALOGUE,
        ),
        Metric(
            "arr", "ARR", "recurring", "12 * mrr", "money", "12 x MRR at the end of the period.",
            additivity="balance", aliases=("annual recurring revenue",), owners=("finance",), source=_CATALOGUE,
        ),
        Metric(
            "opening_mrr", "Opening MRR", "recurring", "opening_mrr", "money", "MRR at the end of the day before.",
            additivity="balance", source=_CATALOGUE,
        ),
        *(
            Metric(
                f"{kind}_mrr", label, "recurring", f"{kind}_mrr", "money", f"{about[0].upper()}{about[1:]}; signed.",
                additivity="flow", owners=("finance", "success"), source=_CATALOGUE,
                direction="neutral" if kind == "reactivation" else "up",
            )
            for kind, (label, about) in _KINDS.items()
        ),
        Metric(
            "entering_mrr", "Entering MRR", "recurring", "entering_mrr", "money",
            "MRR of customers who came into the slice by a change of attribute; zero without a slice.",
            additivity="flow", direction="neutral", source=_CATALOGUE,
        ),
        Metric(
            "leaving_mrr", "Leaving MRR", "recurring", "leaving_mrr", "money",
            "MRR of customers who left the slice by a change of attribute, negative; zero without a slice.",
            additivity="flow", direction="neutral", source=_CATALOGUE,
        ),
        Metric(
            "fx_impact_mrr", "FX impact on MRR", "recurring", f"{_REMAINDER} - entering_mrr - leaving_mrr", "money",
            "What balances at the rate of their instant and movements at the rate of their day leave over: closing -"
            " opening - all other movements.",
            additivity="flow", direction="neutral", source=_CATALOGUE,
        ),
        Metric(
            "net_new_mrr", "Net new MRR", "recurring", _MOVEMENTS, "money", "Sum of the movements.",
            additivity="flow", source=_CATALOGUE,
        ),
        Metric(
            "gross_mrr",
            "Gross MRR",
            "recurring",
            "mrr - churned_mrr - contraction_mrr",
            "money",
            "MRR at the end of the period with the period's losses added back.",
            additivity="balance",
            source=_CATALOGUE,
        ),
        Metric(
            "net_mrr",
            "Net MRR",
            "recurring",
            "mrr",
            "money",
            "MRR after the period's losses: the same as MRR, named for its place beside gross MRR.",
            additivity="balance",
            source=_CATALOGUE,
        ),
        Metric(
            "net_arr",
            "Net ARR",
            "recurring",
            "12 * mrr",
            "money",
            "12 x net MRR.",
            additivity="balance",
            source=_CATALOGUE,
        ),
        Metric(
            "arr_new",
            "New ARR",
            "recurring",
            "12 * new_mrr",
            "money",
            "12 x new MRR: a flow, unlike ARR.",
            additivity="flow",
            owners=("sales", "finance"),
            source=_CATALOGUE,
        ),
        Metric(
            "quick_ratio_with_reactivation",
            "Quick ratio with reactivation",
            "recurring",
            "ratio(new_mrr + expansion_mrr + reactivation_mrr, -(churned_mrr + contraction_mrr))",
            "number",
            "(New + expansion + reactivation MRR) / the MRR lost by churn and contraction.",
            owners=("finance", "sales"),
            source=_CATALOGUE,
        ),
        Metric(
            "customer_lifetime_inverse_churn",
            "Customer lifetime by churn",
            "retention",
            "ratio(1, monthly_mean_logo_churn)",
            "months",
            "1 / mean monthly logo churn of the period's months: 3 % a month is 33.33 months.",
            owners=("success",),
            source=_RETENTION,
        ),
        Metric(
            "quick_ratio",
            "Quick ratio",
            "recurring",
            "ratio(new_mrr + expansion_mrr, -(churned_mrr + contraction_mrr))",
            "number",
            "(New + expansion MRR) / the MRR lost by churn and contraction.",
            owners=("finance", "sales"),
            source=_CATALOGUE,
        ),
        Metric(
            "mrr_movements", "MRR movements", "recurring", "", "money",
            "Opening MRR, its signed movements, and closing MRR.",
            kind="table", additivity="flow", aliases=("mrr bridge",), owners=("finance", "success"), source=_CATALOGUE,
        ),
        Metric(
            "customers", "Customers", "recurring", "customers", "count", "Customers paying at the end of the period.",
            additivity="balance", owners=("success", "sales"), source=_RETENTION,
        ),
        Metric(
            "customers_at_start", "Customers at start", "recurring", "customers_at_start", "count",
            "Customers paying at the end of the day before the period.", additivity="balance", source=_RETENTION,
        ),
        Metric(
            "lost_customers", "Lost customers", "recurring", "lost_customers", "count",
            "Customers paying at start and not paying at the end.", additivity="flow", direction="down",
            owners=("success", "sales"), source=_RETENTION,
        ),
        Metric(
            "arpu", "ARPU", "recurring", "ratio(mrr, customers)", "money", "MRR / paying customers.",
            aliases=("arpa",), source=_CATALOGUE,
        ),
        Metric(
            "logo_churn", "Logo churn", "retention", "ratio(lost_customers, customers_at_start)", "rate",
            "Of customers paying at start, the share not paying at the end. Who joined and left inside is out. In a slice:"
            " of the slice as it was at the start; by product, who pays for that product.",
            direction="down", aliases=("churn", "customer churn"), owners=("success", "sales"), source=_RETENTION,
        ),
        Metric(
            "revenue_churn_gross", "Gross revenue churn", "retention", "ratio(base_mrr - kept_mrr, base_mrr)", "rate",
            "Sum over customers paying at start of max(0, opening - closing), / their opening.",
            direction="down", aliases=("churn", "gross churn"), owners=("success", "finance"), source=_RETENTION,
        ),
        Metric(
            "revenue_churn_net", "Net revenue churn", "retention", "ratio(base_mrr - retained_mrr, base_mrr)", "rate",
            "(Opening - closing of customers paying at start) / their opening.",
            direction="down", aliases=("churn", "net churn"), owners=("success", "finance"), source=_RETENTION,
        ),
        Metric(
            "nrr", "NRR", "retention", "ratio(retained_mrr, base_mrr)", "rate",
            "Closing MRR of customers paying at start / their opening MRR.",
            aliases=("net revenue retention", "ndr"), owners=("success", "finance"), source=_RETENTION,
        ),
        Metric(
            "grr", "GRR", "retention", "ratio(kept_mrr, base_mrr)", "rate",
            "Sum over customers paying at start of min(opening, closing), / their opening.",
            aliases=("gross revenue retention",), owners=("success", "finance"), source=_RETENTION,
        ),
    ),
)  # fmt: skip
