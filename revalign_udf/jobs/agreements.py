"""The agreements of the sample company: what its teams promise each other, and who gets which leads."""

from __future__ import annotations

__all__ = ["AGREEMENTS"]

#: path in the project folder -> text
AGREEMENTS: dict[str, str] = {
    "alignment/sla.toml": """\
# What the teams promise each other. Hours are working hours of a calendar in calendar.toml.

[[sla]]
name = "Qualified leads"
kind = "volume"
by = "Marketing"
to = "Sales development"
stage = "mql"
amount = 150           # a month; the goals with is_commitment stand in for what no row promises

[[sla]]
name = "Complete hand-offs"
kind = "information"
by = "Marketing"
to = "Sales development"
share = 0.4            # of the hand-offs come with every required field

[[sla]]
name = "First contact"
kind = "followup"
by = "Sales development"
to = "Marketing"
hours = 8
share = 0.8
calendar = "stockholm"

[[sla]]
name = "Reasons for refusals"
kind = "feedback"
by = "Sales development"
to = "Marketing"
hours = 24
share = 0.9
period = "quarter"
calendar = "stockholm"
""",
    "alignment/calendar.toml": """\
# When teams work: spans per weekday, whole days off.

[[calendar]]
name = "stockholm"
time_zone = "Europe/Stockholm"
hours = "Mon-Thu 08:30-12:00,13:00-17:30; Fri 08:30-16:00"
holidays = [
    2025-12-24, 2025-12-25, 2025-12-26, 2025-12-31, 2026-01-01, 2026-01-06, 2026-04-03, 2026-04-06, 2026-05-01,
    2026-05-14, 2026-06-19, 2026-12-24, 2026-12-25, 2026-12-31,
]
""",
    "alignment/routing.toml": """\
# Who gets the leads one team hands to another, and who answers questions. The rule with the lowest priority that fits.

[[routing]]
from_team = "Marketing"
to_team = "Sales development"
segment = "ENT"
contact = "enterprise-desk@revalign.example"
contact_for_questions = "Head of sales development"
priority = 10

[[routing]]
from_team = "Marketing"
to_team = "Sales development"
contact = "inbound@revalign.example"
contact_for_questions = "Marketing operations"
""",
}
