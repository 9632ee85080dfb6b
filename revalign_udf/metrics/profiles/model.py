"""What a profile is made of: rules with their sources, and what follows from them for the numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from revalign_udf.metrics.model import Component, Metric
from revalign_udf.metrics.recurring import RECURRING
from revalign_udf.metrics.revenue import REVENUE
from revalign_udf.metrics.unit_economics import UNIT_ECONOMICS

__all__ = ["COMPARED", "UNKNOWN", "MovementRules", "Profile", "RateRule", "Rule", "overriding"]

UNKNOWN = "unknown"
"""what a rule says where nothing was found in writing; the numbers then follow the default"""

#: the rules every vendor's profile states, known or not
COMPARED = (
    "churn_base", "joined_and_left", "churn_date", "revenue_churn", "discount", "metered", "fx", "ltv", "arpu", "past_due",
)  # fmt: skip

RateRule = Literal["day", "constant", "period_end"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a profile: what it says in our words, and where it is written.

    ``source`` is a page's title and address with the words it says it in, empty where nothing is written. ``differs``
    tells whether the numbers depart from the default by it.
    """

    name: str
    says: str
    source: str = ""
    differs: bool = False


@dataclass(frozen=True, slots=True)
class MovementRules:
    """How recurring movements are computed.

    ============== ==================================================================================================
    churn_date     ``end``: an item ends at the earlier of its own end and the subscription's. ``cancel``: or on the
                   day the subscription was cancelled, if that is earlier. One cancelled and taken up again cannot be
                   told from one cancelled for good unless the source clears the date.
    discount       ``all``: every discount is subtracted. ``none``: none is. ``forever``: only those not known to end.
                   A record says what is discounted, not for how long; a discount is known to end when the same
                   subscription and product goes on later with a discount smaller both as an amount and as a share of
                   the price (by more than a hundredth, which is rounding). It is told by what came later, so it may
                   change past numbers once; a customer who leaves before the discount ends keeps it for ever.
    fx             ``day``: each amount at the rate of its day, balances at the rate of their instant. ``item_start``:
                   at the rate of the item's first day, for its life. ``service_period``: at the rate of the first day
                   of each service period; what that changes is a movement of the kind ``fx``, part of
                   ``fx_impact_mrr`` and of nothing else.
    metered        ``out``, or ``in``: metered items with an amount per interval count as any other.
    ============== ==================================================================================================
    """

    churn_date: Literal["end", "cancel"] = "end"
    discount: Literal["all", "forever", "none"] = "all"
    fx: Literal["day", "item_start", "service_period"] = "day"
    metered: Literal["out", "in"] = "out"

    @property
    def key(self) -> str:
        """A short name of what differs from the default, fit for a table's name; empty for the default.

        >>> MovementRules().key, MovementRules(churn_date="cancel", discount="forever").key
        ('', 'cancel_forever')
        """
        parts = (
            self.churn_date if self.churn_date != "end" else "",
            self.discount if self.discount != "all" else "",
            self.fx if self.fx != "day" else "",
            "metered" if self.metered == "in" else "",
        )
        return "_".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of definitions: ours, a vendor's, or a variation of ours.

    ``components`` are those only this profile has, or has instead of ours by the same name. ``metrics`` stand instead
    of ours by the same name; a formula reads the profile's own metrics and components first. ``rates`` is the rule by
    which amounts are converted at the time of the question: of their day, all at one day's rate (``constant``: that of
    the snapshot's as-of day, or of the day the settings name), or at the rate of the asked period's last day.
    """

    name: str
    label: str
    about: str
    rules: tuple[Rule, ...]
    movements: MovementRules = MovementRules()
    rates: RateRule = "day"
    components: tuple[Component, ...] = ()
    metrics: tuple[Metric, ...] = ()

    def rule(self, name: str) -> Rule | None:
        """The rule of a name, None where the profile does not state it."""
        return next((rule for rule in self.rules if rule.name == name), None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the rules nothing was found about."""
        return tuple(rule.name for rule in self.rules if rule.says == UNKNOWN)


_OURS = {item.name: item for family in (RECURRING, REVENUE, UNIT_ECONOMICS) for item in family.metrics}


def overriding(profile: str, name: str, formula: str, definition: str, source: str) -> Metric:
    """One of our metrics as a profile defines it."""
    return replace(_OURS[name], formula=formula, definition=definition, source=source, profile=profile)
