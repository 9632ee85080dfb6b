"""Profiles: definitions by name. Ours, those of vendors as far as they are written down, and variations of ours.

Every rule of a vendor says where it is written; what was not found says ``unknown`` and follows the default. The pages
were read in stored copies, so a vendor may have changed its rules since.
"""

from __future__ import annotations

from dataclasses import replace

from revalign_udf.metrics.profiles.baremetrics import BAREMETRICS
from revalign_udf.metrics.profiles.chartmogul import CHARTMOGUL
from revalign_udf.metrics.profiles.model import COMPARED, UNKNOWN, MovementRules, Profile, RateRule, Rule
from revalign_udf.metrics.profiles.ours import BUSINESS, CONSTANT_RATE, DEFAULT, PERIOD_END
from revalign_udf.metrics.profiles.profitwell import PROFITWELL
from revalign_udf.metrics.profiles.stripe import STRIPE

__all__ = ["COMPARED", "PROFILES", "UNKNOWN", "MovementRules", "Profile", "RateRule", "Rule", "steps_of"]

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (DEFAULT, STRIPE, CHARTMOGUL, PROFITWELL, BAREMETRICS, BUSINESS, CONSTANT_RATE, PERIOD_END)
}


def steps_of(profile: Profile) -> list[tuple[str, Profile]]:
    """(rule, definitions after exchanging it) on the way from our default to a profile, rules that differ only."""
    found: list[tuple[str, Profile]] = []
    here = PROFILES["default"]
    ours = MovementRules()
    for name in ("churn_date", "discount", "metered", "fx"):
        if (value := getattr(profile.movements, name)) != getattr(ours, name):
            here = replace(here, name=profile.name, movements=replace(here.movements, **{name: value}))
            found.append((name, here))
    if profile.rates != here.rates:
        here = replace(here, name=profile.name, rates=profile.rates)
        found.append(("rates", here))
    if profile.metrics or profile.components:
        found.append(("definitions", profile))
    return found
