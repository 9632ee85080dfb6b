"""The things of the sample company, before any system gave them a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from revalign_sample.clock import Dice

__all__ = [
    "CHANNELS", "PRODUCTS", "Campaign", "Channel", "Deal", "Growth", "Lead", "Line", "Opp", "Org", "Owner", "Period",
    "Person", "Sub", "World",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Channel:
    """Where leads come from: share of all leads, the sources behind, and the chance of each step of the funnel."""

    name: str
    share: float
    sources: tuple[str, ...]
    steps: tuple[float, float, float, float, float]
    """lead to mql, to sal, to sql, to opportunity, to customer"""
    visitors: int
    media: int
    """advertising, stands and fees per month, in dollars"""


CHANNELS = (
    Channel("paid", 0.34, ("Google Ads", "LinkedIn Ads"), (0.38, 0.78, 0.66, 0.72, 0.20), 420, 30_000),
    Channel("organic", 0.28, ("Website", "Blog"), (0.42, 0.82, 0.70, 0.75, 0.25), 610, 4_000),
    Channel("event", 0.14, ("Conference", "Webinar"), (0.35, 0.75, 0.62, 0.70, 0.20), 60, 16_000),
    Channel("partner", 0.06, ("Partner",), (0.60, 0.88, 0.76, 0.80, 0.32), 45, 5_000),
    Channel("outbound", 0.14, ("SDR outreach",), (0.30, 0.80, 0.60, 0.70, 0.18), 25, 3_000),
    Channel("referral", 0.04, ("Customer referral",), (0.70, 0.92, 0.85, 0.85, 0.42), 30, 2_000),
)

#: key -> name, product line, dollars per month (for a seat or for the line)
PRODUCTS = {
    "core": ("Core seats", "Platform", 39),
    "insights": ("Insights", "Add-ons", 190),
    "vault": ("Vault", "Add-ons", 120),
    "api": ("API calls (thousand)", "Usage", 2),
    "onboarding": ("Onboarding", "Services", 900),
}


@dataclass(slots=True)
class Owner:
    """Somebody of our own. ``teams`` are (from day, team)."""

    number: int
    name: str
    role: str
    teams: list[tuple[int, str]]
    start: int
    end: int | None = None


@dataclass(slots=True)
class Org:
    """A company we sell to, or try to."""

    number: int
    name: str
    domain: str
    country: str
    industry: str
    employees: int
    segment: str
    created: int
    owner: int
    currency: str
    segments: list[tuple[int, str]] = field(default_factory=list)
    parent: int | None = None
    referrer: int | None = None
    billing_domain: str | None = None
    seats: list[tuple[int, int]] = field(default_factory=list)
    """(from day, seats paid for), for usage"""
    from_day: int | None = None
    gone: int | None = None


@dataclass(slots=True)
class Person:
    """Somebody there. ``twin_of`` is the row they were entered as before."""

    number: int
    org: int | None
    name: str
    email: str
    country: str
    source: str
    seen: int
    twin_of: int | None = None


@dataclass(slots=True)
class Deal:
    """What was sold: prices in cents of the customer's currency, per interval."""

    seats: int
    price: int
    discount: int
    interval: str
    term: int
    addon: str = ""

    @property
    def yearly(self) -> int:
        """The list value of a year, in cents."""
        return (self.seats * self.price - self.discount) * {"month": 12, "quarter": 4, "year": 1}[self.interval]


@dataclass(slots=True)
class Campaign:
    """A campaign of marketing."""

    number: int
    name: str
    kind: str
    channel: str
    audience: str
    automated: bool
    start: int
    end: int | None


@dataclass(slots=True)
class Lead:
    """One form, badge or cold call. ``events`` are (second, stage, cycle, from, reason, text)."""

    number: int
    created: int
    person: int
    org: int | None
    channel: Channel
    source: str
    campaign: int | None
    owner: int
    events: list[tuple[int, str, int, str | None, str | None, str | None]] = field(default_factory=list)
    handoffs: list[dict[str, Any]] = field(default_factory=list)
    cycle: int = 1
    converted: int | None = None
    opp: int | None = None
    duplicate: bool = False
    test: bool = False
    back: int | None = None
    """when it showed interest again"""


@dataclass(slots=True)
class Opp:
    """An opportunity. ``stages`` are (second, name of the stage in the CRM)."""

    number: int
    org: int
    created: int
    kind: str
    deal: Deal | None
    amount: int
    owner: int
    channel: str
    source: str
    pipeline: str
    basis: str = "acv"
    term: int = 12
    campaign: int | None = None
    lead: int | None = None
    closed: int | None = None
    outcome: str = "open"
    close_day: int = 0
    reason: str | None = None
    competitor: str | None = None
    stages: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Period:
    """One stretch of a subscription's line at one price; ``end`` is the day after."""

    start: int
    end: int | None
    price: int
    quantity: int
    discount: int = 0


@dataclass(slots=True)
class Line:
    """What a subscription holds of one product."""

    product: str
    interval: str
    periods: list[Period]
    one_time: bool = False
    metered: bool = False

    def change(self, day: int, **changes: int) -> None:
        """From a day on another price, quantity or discount."""
        last = self.periods[-1]
        new = Period(
            day, None, **{"price": last.price, "quantity": last.quantity, "discount": last.discount, **changes}
        )
        if last.start == day:
            self.periods.pop()
        else:
            last.end = day
        self.periods.append(new)

    def on(self, day: int) -> Period | None:
        """What holds on a day."""
        for period in reversed(self.periods):
            if period.start <= day:
                return period if period.end is None or day < period.end else None
        return None


@dataclass(slots=True)
class Sub:
    """A subscription. ``terms`` are (first day, day after the last, months)."""

    number: int
    org: int
    start: int
    interval: str
    term: int
    lines: list[Line] = field(default_factory=list)
    terms: list[tuple[int, int, int]] = field(default_factory=list)
    opp: int | None = None
    end: int | None = None
    cancelled: int | None = None
    reason: str | None = None
    involuntary: bool = False
    after: int | None = None
    """the subscription this one goes on from"""

    def yearly(self, day: int) -> int:
        """Recurring cents per year on a day."""
        if day < self.start or (self.end is not None and day >= self.end):
            return 0
        total = 0
        for line in self.lines:
            period = None if line.one_time or line.metered else line.on(day)
            if period:
                times = {"month": 12, "quarter": 4, "year": 1}[line.interval]
                total += (period.price * period.quantity - period.discount) * times
        return total


@dataclass(frozen=True, slots=True)
class Growth:
    """Something sold to a customer: expansion, upsell, cross_sell, renewal or a new start."""

    org: int
    day: int
    kind: str
    yearly: int
    term: int


@dataclass(slots=True)
class World:
    """Everything, before it is written down."""

    customers: int
    seed: int
    owners: list[Owner] = field(default_factory=list)
    orgs: list[Org] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    opps: list[Opp] = field(default_factory=list)
    subs: list[Sub] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    people_of: dict[int, list[int]] = field(default_factory=dict)
    """company -> people there"""

    @property
    def scale(self) -> float:
        """1 for the company of 400 customers."""
        return self.customers / 400

    def dice(self, topic: str) -> Dice:
        """Draws of one topic, so that a change in one family leaves the others as they are."""
        return Dice(f"{self.seed}/{self.customers}/{topic}")

    def paying(self) -> list[Org]:
        """Companies that are or were customers."""
        return [org for org in self.orgs if org.from_day is not None]

    def staff(self, role: str, day: int) -> list[Owner]:
        """Who of a role works on a day."""
        return [o for o in self.owners if o.role == role and o.start <= day and (o.end is None or day < o.end)]
