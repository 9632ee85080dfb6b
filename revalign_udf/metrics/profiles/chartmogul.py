"""ChartMogul subscription analytics, as its help centre describes it.

Worked numbers of its pages: 100 customers at the start, 12 churn of whom one comes back and one joined inside: 10 % by
its formula. MRR 100 at the start, 10 churned, 10 contraction, 10 expansion: gross 20 %, net 10 %. ARPA 100 and six months
at 5 %: LTV 2,000. MRR of 100, 100, 300, 500 and 500 from five customers: ARPA 300.
"""

from __future__ import annotations

from revalign_udf.metrics.profiles.model import UNKNOWN, MovementRules, Profile, Rule, overriding

__all__ = ["CHARTMOGUL"]

_HELP = "https://help.chartmogul.com/hc/en-us/articles"
_FORMULAS = f"ChartMogul Help, Churn rate formulas, {_HELP}/207340419-Churn-rate-formulas"
_GROSS = f"ChartMogul Help, Chart: Gross MRR Churn Rate, {_HELP}/204898491-Chart-Gross-MRR-Churn-Rate"
_NET = f"ChartMogul Help, Chart: Net MRR Churn Rate, {_HELP}/4414075567250-Chart-Net-MRR-Churn-Rate"
_SETTINGS = (
    "ChartMogul Help, Configuring Subscription Analytics settings,"
    f" {_HELP}/15384089786524-Configuring-Subscription-Analytics-settings"
)
_DISCOUNT = f"ChartMogul Help, Data Table and MRR Movements, {_HELP}/203299912"
_FX = (
    "ChartMogul Help, How ChartMogul handles subscriptions billed in foreign currencies,"
    f" {_HELP}/201520952-How-ChartMogul-handles-subscriptions-billed-in-foreign-currencies"
)
_LTV = f"ChartMogul Help, Chart: Customer Lifetime Value (LTV), {_HELP}/203359061-Chart-Customer-Lifetime-Value-LTV"
_ARPA = f"ChartMogul Help, Chart: Average Revenue Per Account, {_HELP}/203359301-Chart-Average-Revenue-Per-Account"
_COHORT = f"ChartMogul Help, Cohort: Net MRR Retention, {_HELP}/203359411-Cohort-Net-MRR-Retention"
_MOVES = f"ChartMogul Help, Understanding MRR movements, {_HELP}/4416682609426-Understanding-MRR-movements"

_LAGS = " + ".join(f"lag{n}_logo_churn" for n in range(1, 7))

CHARTMOGUL = Profile(
    "chartmogul",
    "ChartMogul",
    "ChartMogul's subscription analytics with its standard (B2B) churn formula and default settings. ChartMogul reads"
    " invoices; here the same rules are applied to the items of subscriptions.",
    (
        Rule(
            "churn_base",
            "Customers who churned / customers at the start of the period.",
            f'{_FORMULAS}: "The number of customers who churned in the period ... / Total number of customers at the start of'
            ' the period"',
        ),
        Rule(
            "joined_and_left",
            "Out, as is who churned and came back inside: 100 at the start, 11 cancel of whom one joined inside is 10 %.",
            f'{_FORMULAS}: "excluding any customers who both joined & churned in the period or churned & reactivated in a'
            ' period"',
        ),
        Rule(
            "churn_date",
            "A setting. Its default: when the subscription ends in the billing system, which is the item's end here. The"
            " others: at the end of the last service period, or when the cancellation is scheduled.",
            f'{_SETTINGS}: "When the subscription ends in your billing system (default)"',
        ),
        Rule(
            "revenue_churn",
            "Gross: churned + contraction MRR / MRR at the start. Net: less expansion and reactivation. Both add up"
            " movements, whoever made them, so exchange rates are not in them. One text of the gross rate says"
            ' "net" churn and contraction; how these are netted is unknown, and not done here.',
            f'{_GROSS}: "(Net Churn MRR + Net Contraction MRR) ÷ Starting MRR"; {_NET}: "sum of Churn and Contraction'
            ' MRR minus sum of Expansion and Reactivation MRR"',
            differs=True,
        ),
        Rule(
            "discount",
            "Subtracted while it lasts: one being added is contraction, one expiring is expansion.",
            f'{_DISCOUNT}: "Any increase in the MRR of an existing customer, e.g., ... an expiring discount"',
        ),
        Rule("metered", UNKNOWN),
        Rule(
            "fx",
            "At the rate of the first day of each service period; what that changes is no movement but has a row of its"
            " own, here fx_impact_mrr. A service period is one billing interval from the item's first day.",
            f'{_FX}: "For MRR, the conversion rate is based on the service period start date"',
            differs=True,
        ),
        Rule(
            "ltv",
            "ARPA / mean customer churn rate of the six months before, without a margin; no value where that is zero. What"
            " is done with less than six months is unknown: here there is no value.",
            f'{_LTV}: "the average of the churn rates from the previous six months, excluding the current month"',
            differs=True,
        ),
        Rule(
            "arpu",
            "MRR / subscribers.",
            f'{_ARPA}: "the total MRR in a given period divided by the number of subscribers in that period"',
        ),
        Rule(
            "past_due",
            "A setting: past-due subscriptions count until they are cancelled or churned by it; here until they end.",
            f'{_COHORT}: "These subscriptions contribute to metrics until they are explicitly canceled or churned based on'
            ' your Handling Past-due Subscriptions setting"',
        ),
        Rule(
            "same_day",
            "Changes within a time (60 minutes by default) are one movement; here those of one day are.",
            f'{_MOVES}: "groups MRR movements for certain subscription changes (activities) that take place within a'
            ' specified period of time (e.g., 60 minutes)"',
        ),
    ),
    MovementRules(fx="service_period"),
    metrics=(
        overriding(
            "chartmogul", "logo_churn", "ratio(lost_customers, customers_at_start)",
            "Of customers paying at start, the share not paying at the end. Who joined and left inside, or left and came"
            " back inside, is out.",
            _FORMULAS,
        ),
        overriding(
            "chartmogul", "revenue_churn_gross", "ratio(-(churned_mrr + contraction_mrr), opening_mrr)",
            "Churned and contraction MRR of the period / MRR at start.", _GROSS,
        ),
        overriding(
            "chartmogul", "revenue_churn_net",
            "ratio(-(churned_mrr + contraction_mrr + expansion_mrr + reactivation_mrr), opening_mrr)",
            "(Churned and contraction MRR - expansion and reactivation MRR) of the period / MRR at start.", _NET,
        ),
        overriding(
            "chartmogul", "ltv_arpa_churn", f"ratio(arpu, ({_LAGS}) / 6)",
            "ARPA / mean customer churn rate of the six months before the period.", _LTV,
        ),
    ),
)  # fmt: skip
