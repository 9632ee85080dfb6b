"""Promises between teams and the hand-offs they are about.

A promise is a row of the object ``sla`` (or, for an amount, a ``goal`` with ``is_commitment``); what it means is told by
:mod:`revalign_udf.calc.promises`, whether it was kept by :mod:`revalign_udf.query.promises`. Where a row of ``sla`` and a
goal promise the same metric in the same days, the row of ``sla`` is the agreement and the goal is left out.
"""

from __future__ import annotations

from revalign_udf.metrics.facts import MARKETING, OWNER, Path
from revalign_udf.metrics.model import Component, Fact, Family, Metric

__all__ = ["HANDOFFS"]

_CATALOGUE = "Revalign metric catalogue, section D"
_BOTH = ("marketing", "sales")
_LEAD: dict[str, Path] = {
    **MARKETING, **OWNER, "from_team": "self", "to_team": "self", "system": "self", "segment": "customer",
    "country": "customer", "industry": "customer",
}  # fmt: skip
_STATES = {
    "kept": "kept",
    "breached": "broken: late, missing, or still waiting past the limit at the snapshot's end",
    "open": "not yet due",
    "apart": "that nobody can judge",
}


def _cases(kind: str, what: str) -> tuple[Component, ...]:
    return tuple(
        Component(f"{kind}_{state}", "handoff", "statistic", f"{kind}_{state}", "count", f"{what}, {about}")
        for state, about in _STATES.items()
    )


def _statistic(name: str, fact: str, about: str) -> Component:
    return Component(name, fact, "statistic", name, "count", about)


def _sla(name: str, label: str, formula: str, definition: str, **more: object) -> Metric:
    return Metric(name, label, "alignment", formula, "rate", definition, owners=_BOTH, source=_CATALOGUE, **more)  # type: ignore[arg-type]


_KEPT = (
    " Kept / (kept + broken) over all such promises, a hand-off once per promise that speaks of it, by the day it was handed"
    " over; what is not yet due, and what nobody can judge, stand apart."
)
_NOW = " The snapshot's end is the end of the last day hand-offs are loaded for, in the company's time zone."
_CASES = tuple(f"{kind}_{state}" for kind in ("followup", "information", "feedback") for state in _STATES)

HANDOFFS = Family(
    facts=(
        Fact(
            "handoff", "on_day", ("handoff", "lifecycle_event"), _LEAD,
            "one row per hand-off of a lead, with the instants of what followed; without any record of hand-offs: each event"
            " at sql after one at mql of another owner",
        ),
    ),
    components=(
        Component("handed_over", "handoff", "flow", "1", "count", "hand-offs made in the period"),
        *_cases("followup", "promised follow-ups"),
        *_cases("information", "hand-offs promised complete"),
        *_cases("feedback", "refusals promised a reason"),
        _statistic("contact_hours", "handoff", "working hours from hand-off to first contact, of those contacted"),
        _statistic("contacted", "handoff", "hand-offs contacted so far"),
        _statistic("handoffs_reported", "handoff", "hand-offs accepted, refused with a reason, or given feedback on so far"),
        _statistic("handoffs_due", "handoff", "hand-offs without those whose promised feedback is not yet due"),
        _statistic("volume_delivered", "reach", "what was delivered of promised amounts, each metric and period once"),
        _statistic("volume_promised", "reach", "promised amounts"),
    ),
    metrics=(
        _sla(
            "sla_volume", "SLA: volume", "ratio(volume_delivered, volume_promised)",
            "Delivered / promised: the sales-ready leads (or another metric) delivered in the periods promises of volume are"
            " made for, / the amounts promised. Promises are the rows of the object sla, and goals with is_commitment of the"
            " company or a team for metrics and days of which no row of sla speaks; only those whose own months or quarters"
            " make up the period.",
            # a promise is made of the whole, and reach has no such dimension
            dimensions=("currency",),
        ),
        _sla(
            "sla_information", "SLA: information", "ratio(information_kept, information_kept + information_breached)",
            "Share of hand-offs that came with every required field: those the promise names, read from the lead, its person"
            " and its organization as they are known now; else as many as the hand-off says it required." + _KEPT,
        ),
        _sla(
            "sla_followup", "SLA: follow-up", "ratio(followup_kept, followup_kept + followup_breached)",
            "Share of hand-offs first contacted within the promised working hours. Still untouched past the limit at the"
            " snapshot's end is broken; handed back within the limit without a contact is apart." + _KEPT + _NOW,
        ),
        _sla(
            "sla_feedback", "SLA: feedback", "ratio(feedback_kept, feedback_kept + feedback_breached)",
            "Share of refused hand-offs (rejected or returned) that were refused with a reason within the promised working"
            " hours of the hand-off. Without a reason past the limit is broken." + _KEPT + _NOW,
        ),
        Metric(
            "handoff_time", "Hand-off time", "alignment", "ratio(contact_hours, contacted)", "number",
            "Mean working hours from hand-off to first contact, of the period's hand-offs contacted so far: in the calendar"
            " of the route's promise to follow up, else the one named default, else the only one, else around the clock."
            " The tables sla and handoffs have median and 90th percentile.",
            direction="down", owners=_BOTH, source=_CATALOGUE, aliases=("follow_up_time",),
        ),
        _sla(
            "closed_loop_rate", "Closed-loop rate", "ratio(handoffs_reported, handoffs_due)",
            "Share of hand-offs with an outcome reported back, however late: accepted, rejected with a reason, or given"
            " feedback on. Without one a hand-off counts unless the route's promise of feedback is not yet due." + _NOW,
            aliases=("closed_loop",),
        ),
        _sla(
            "sla", "SLA monitor", "",
            "Every promise for each of its months or quarters: how many were promised, kept, broken, not yet due and apart,"
            " the share kept, and whether the promised share was met (open while it can still go either way); working hours"
            " of the answers. Cut by anything, amounts are left out: they are promised as a whole.",
            kind="table",
        ),
        _sla(
            "sla_breaches", "SLA breaches", "",
            "Every broken promise to the record: lead, owner, handed at, due at, done at, working hours late, and why."
            " Instants are in the time zone of the promise's calendar.",
            kind="table", direction="down",
        ),
        _sla(
            "handoffs", "Hand-offs", "",
            "Per route and routing rule: hand-offs, accepted, rejected, returned, orphaned, handed to somebody else than the"
            " rule's contact, working hours to the first contact, closed-loop rate, who gets the leads and who answers"
            " questions. Hand-offs no rule speaks of have a row of their own.",
            kind="table",
        ),
        _sla(
            "handoff_orphans", "Orphaned hand-offs", "",
            "Hand-offs nobody has touched (no contact, nothing reported back): handed to nobody, to an owner who is not"
            " known or not active any more, or past the route's promised limit without a contact; without a promise, every"
            " one that waits.",
            kind="table", direction="down",
        ),
    ),
)  # fmt: skip
