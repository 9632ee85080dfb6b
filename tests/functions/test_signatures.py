"""The arguments of range functions, in the order in which workbooks give them: changing one breaks every file."""

import pytest

from revalign_udf.functions import find, registry

SIGNATURES = """
CAC                     sales_expense marketing_expense new_customers
LTV                     average_order_value order_frequency lifetime [unit] [acquisition_cost]
LTV_TO_CAC              ltv cac
PAYBACK                 cac monthly_contribution
RENEWALS_TO_BREAK_EVEN  payback_months term_months
AOV                     revenue orders
ORDER_FREQUENCY         orders new_customers
REVENUE_GROWTH          current previous
MRR                     amounts [intervals] [quantities] [one_time_flags]
ARR                     mrr
ARR_CONTRACT            contract_value months
CHURN                   lost at_start
ELIGIBLE_CHURN          lost_at_renewal up_for_renewal
ANNUALISE               churn_rate term_months
NRR                     opening_mrr closing_mrr
GRR                     opening_mrr closing_mrr
NRR_TOTALS              opening expansion contraction churned
GRR_TOTALS              opening expansion contraction churned
QUICK_RATIO             new expansion contraction churned [reactivation]
UPSELL_SHARE            upsell total_sales
CONVERSION              reached_next reached
FUNNEL                  stage_counts [stage_names]
NPS                     scores
ROI                     value cost [form]
ATTRIBUTION             model touch_dates channels value [half_life_days] [conversion_date] [key_dates]
SLA_RATE                handed_at first_contact_at limit_hours [business_hours] [holidays] [as_of]
COMMISSION_SPLIT        pot weights [labels]
COHORTS                 customer period amount [measure]
MOVEMENTS               customer period mrr
"""
ENUMS = {
    ("LTV", "unit"): ("years", "months"),
    ("MRR", "intervals"): ("day", "week", "month", "quarter", "year"),
    ("ROI", "form"): ("roi", "ratio"),
    ("ATTRIBUTION", "model"): ("first", "last", "linear", "u", "w", "time_decay"),
    ("COHORTS", "measure"): ("logo", "nrr", "grr", "amount", "customers"),
}
TABLES = {"FUNNEL", "ATTRIBUTION", "COMMISSION_SPLIT", "COHORTS", "MOVEMENTS"}
NAMES = [function.name for function in registry().values() if not function.snapshot]


def test_every_signature() -> None:
    found = {
        name: [f"[{one.name}]" if one.optional else one.name for one in find(name).arguments] for name in sorted(NAMES)
    }
    wanted = {name: rest for name, *rest in map(str.split, SIGNATURES.strip().splitlines())}
    assert found == dict(sorted(wanted.items()))


@pytest.mark.parametrize("name", NAMES)
def test_declarations(name: str) -> None:
    """What can be chosen is listed for drop-downs and said in the help; nothing has been released before 0.1."""
    declared = find(name)
    assert declared.returns == ("spill" if name in TABLES else "value")
    assert declared.version_added == "0.1"
    assert declared.examples
    for argument in declared.arguments:
        assert argument.enum == ENUMS.get((name, argument.name), ())
        assert all(choice in argument.help for choice in argument.enum)
        assert argument.enum or argument.kind != "choice"
        assert not argument.repeating
