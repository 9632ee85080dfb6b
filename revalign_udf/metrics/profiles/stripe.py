"""Stripe Billing analytics, as its documentation describes it.

Worked numbers of the glossary: 1,000 subscribers at the start, 100 added, 100 churned: 100 / 1,100 = 9.1 %. 110 at the
start, 10 churned, 50,000 of MRR at the end: ARPU 500, LTV 500 / (10 / 110) = 5,500 (printed as 5,555, from 9 %). A year
plan of 120 cancelled and 50 a month cut to 25: churned revenue 10 + 25 = 35. 1,000 + 100 new + 50 expansion - 40
contraction - 60 churned - 5 by the exchange rate = 1,045.
"""

from __future__ import annotations

from revalign_udf.metrics.model import Component
from revalign_udf.metrics.profiles.model import MovementRules, Profile, Rule, overriding

__all__ = ["STRIPE"]

_GLOSSARY = (
    "Stripe Docs, Analytics: Billing metric definitions, https://docs.stripe.com/billing/subscriptions/analytics"
)
_CHURN = (
    "Stripe Support, Calculating subscriber churn rate in Billing,"
    " https://support.stripe.com/questions/calculating-subscriber-churn-rate-in-billing"
)
_CANCELLED = (
    "Stripe Support, Impact of Subscription Cancellations on Monthly Recurring Revenue (MRR) in Billing,"
    " https://support.stripe.com/questions/impact-of-subscription-cancellations-on-monthly-recurring-revenue-mrr-in-billing"
)
_DISCOUNTS = (
    "Stripe Support, Impact of Discounts and Coupons on Monthly Recurring Revenue (MRR) in Billing,"
    " https://support.stripe.com/questions/impact-of-discounts-and-coupons-on-monthly-recurring-revenue-mrr-in-billing"
)
_LTV = (
    "Stripe Support, Calculating subscriber lifetime value in Billing,"
    " https://support.stripe.com/questions/calculating-subscriber-lifetime-value-in-billing?locale=es-419"
)

STRIPE = Profile(
    "stripe",
    "Stripe Billing",
    "Stripe Billing's analytics. Stripe's rates look at the trailing 30 days; asked for a period, the same rule is applied"
    " to that period: its first day stands for 30 days ago.",
    (
        Rule(
            "churn_base",
            "Churned subscribers / (active subscribers at the start + new subscribers of the window). New are those who"
            " became active for the first time; who came back is in neither.",
            f'{_GLOSSARY}: "divided by the number of active subscribers 30 days ago, plus the total new subscribers in the'
            ' past 30 days"',
            differs=True,
        ),
        Rule(
            "joined_and_left",
            "In both: counted as new below and as churned above. Leaving twice inside the window is two churns.",
            f'{_CHURN}: "If a new subscriber both activates and churns ... we will include that churned subscriber in both'
            ' the numerator and denominator"',
            differs=True,
        ),
        Rule(
            "churn_date",
            "On the day of the cancellation, even where the subscription runs on to the end of the paid period. Now a"
            " setting of the account (at cancellation, or at the end of the billing cycle:"
            " https://support.stripe.com/questions/metric-configurations); its default is unknown, so the documented rule"
            " holds here.",
            f'{_CANCELLED}: "no longer count towards your MRR after the time of the API call, not at the end of the'
            ' period"',
            differs=True,
        ),
        Rule(
            "revenue_churn",
            "An amount only: churned MRR + contraction MRR of the window. No rate of it is written; revenue churn here is"
            " ours over Stripe's movements.",
            f'{_GLOSSARY}: "Churned revenue is the sum of churned MRR plus total contraction MRR in the period"',
        ),
        Rule(
            "discount",
            "Only discounts that last for ever are subtracted. Whether others are is now a setting of the account; its"
            " default is unknown, so the documented rule holds here.",
            f'{_DISCOUNTS}: "If you apply a coupon with a finite duration (i.e. once or repeating) to a subscription, your'
            ' MRR is unaffected"',
            differs=True,
        ),
        Rule(
            "metered",
            "Metered products are out of MRR.",
            f'{_GLOSSARY}: "MRR calculations exclude ... any metered (usage based) products"',
        ),
        Rule(
            "fx",
            "What exchange rates do to MRR is an adjustment of its own. At the rates of which day is unknown; here they are"
            " ours, and the adjustment is fx_impact_mrr.",
            f'{_GLOSSARY}: "adjusting for any foreign currency (FX) impact"',
        ),
        Rule(
            "ltv",
            "ARPU / subscriber churn rate, without a margin; where nobody churned, a rate of 1.67 % is assumed (60 months,"
            " taken as printed). Over a longer period than a month: the mean of its months' rates.",
            f'{_LTV}: read in its Spanish text: "Cuando la tasa de pérdida de clientes es del 0 % ..., se supone una tasa'
            ' del 1.67 %"',
            differs=True,
        ),
        Rule(
            "arpu",
            "MRR at the end / active subscribers at the end.",
            f'{_GLOSSARY}: "ARPU is calculated as the total MRR divided by total active subscribers"',
        ),
        Rule(
            "past_due",
            "Past-due subscriptions count until they are cancelled or marked unpaid; here until they end.",
            f'{_GLOSSARY}: "the sum of the monthly-normalized value of all your active and past_due subscriptions"',
        ),
        Rule(
            "free",
            "Who drops to an MRR of zero has churned, also by a discount of 100 %.",
            f'{_GLOSSARY}: "If a subscriber drops to 0 USD in MRR, we consider them churned in the period"',
        ),
    ),
    MovementRules(churn_date="cancel", discount="forever"),
    components=(
        Component(
            "churn_events", "movement", "distinct", "f.customer || ' ' || CAST(f.on_day AS VARCHAR)", "count",
            "times a customer went from paying to not paying", "f.kind = 'churned'",
        ),
        Component(
            "first_paying_customers", "movement", "distinct", "f.customer", "count",
            "customers paying for the first time ever", "f.kind = 'new'",
        ),
    ),
    metrics=(
        overriding(
            "stripe", "logo_churn", "ratio(churn_events, customers_at_start + first_paying_customers)",
            "Times a customer stopped paying in the period / (customers paying at start + customers who paid for the first"
            " time ever in the period). Stripe looks at the trailing 30 days.",
            _GLOSSARY,
        ),
        overriding(
            "stripe", "ltv_arpa_churn",
            "ratio(arpu, monthly_mean_logo_churn + 167 / 10000 * (1 - min(1, churn_events)))",
            "ARPU / mean subscriber churn rate of the period's months; 1.67 % where nobody churned in the period.",
            _LTV,
        ),
    ),
)  # fmt: skip
