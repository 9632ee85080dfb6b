"""What the heads of the sample company have written down: KPIs, commission, priorities, whom they look for."""

from __future__ import annotations

__all__ = ["TEAMWORK_FILES"]

#: path in the project folder -> text
TEAMWORK_FILES: dict[str, str] = {
    "alignment/commission.toml": """\
# How the quarter's commission is shared: four fifths for new business, one fifth for what customers added.
# Who was won and left within a year is deducted. revalign commission LAST_QUARTER --rep NAME

[[commission]]
name = "80/20"
period = "quarter"
pot = 60000
split = "80/20"
clawback_months = 12
""",
    "alignment/kpis.csv": """\
team,metric,relation,direction,exclusive_with
marketing,trials,owns,up,
marketing,cac,feeds,down,
marketing,new_customers,feeds,up,
sales,trial_to_paid,owns,up,
sales,cac,owns,down,
sales,new_customers,owns,up,
sales,bookings,owns,up,bookings_retained
sales,logo_churn,feeds,down,
success,logo_churn,owns,down,
success,nrr,owns,up,
success,bookings_retained,owns,up,
product,nps,owns,up,
product,logo_churn,watches,down,
success,nps,feeds,up,
finance,mrr,owns,up,
product,mrr,feeds,up,
""",
    "alignment/priorities.toml": """\
# Three priorities of each head, and whether they believe that the others have the same.

[[priorities]]
team = "marketing"
priority = 1
topic = "mid-market"
believes_match = true

[[priorities]]
team = "marketing"
priority = 2
topic = "better leads"

[[priorities]]
team = "marketing"
priority = 3
topic = "brand"

[[priorities]]
team = "sales"
priority = 1
topic = "enterprise"
believes_match = true

[[priorities]]
team = "sales"
priority = 2
topic = "better leads"

[[priorities]]
team = "sales"
priority = 3
topic = "shorter sales cycle"

[[priorities]]
team = "success"
priority = 1
topic = "first ninety days"
believes_match = false

[[priorities]]
team = "success"
priority = 2
topic = "mid-market"

[[priorities]]
team = "success"
priority = 3
topic = "renewals"
""",
    "alignment/profiles.csv": """\
team,trait,value
marketing,segment,"SMB, MM"
marketing,industry,software
sales,segment,"MM, ENT"
sales,industry,"software, finance"
""",
}
