"""Marketing: visits, sign-ups, demos, trials, what a stage costs, and e-mail."""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["MARKETING"]

_CATALOGUE = "Revalign metric catalogue, section A"
_HEADLINE = "NOT f.automated AND f.audience = 'prospect'"


def _counted(name: str, fact: str, measure: str, about: str, where: str = "") -> Component:
    return Component(name, fact, "flow", measure, "count", about, where)


def _cost_per(stage: str, label: str) -> Metric:
    return Metric(
        f"cost_per_{stage}", f"Cost per {label}", "marketing", f"ratio(campaign_cost, reached_{stage})", "money",
        f"Campaign cost of the period, all kinds / leads that first reached {stage} in the period.",
        direction="down", owners=("marketing",), source=_CATALOGUE,
    )  # fmt: skip


MARKETING = Family(
    (
        _counted("visitors", "web", "f.visitors", "visitors of the web site, as recorded by day"),
        _counted("signups", "web", "f.signups", "sign-ups, as recorded by day"),
        _counted("demos", "touch", "1", "demos held or asked for", "f.kind = 'demo'"),
        _counted("trials", "touch", "1", "trials begun", "f.kind = 'trial'"),
        Component("campaign_cost", "campaign_spend", "flow", "f.amount", "money", "cost of campaigns, all kinds"),
        _counted("emails_delivered", "email", "1", "messages delivered to prospects, automated ones left out", _HEADLINE),
        _counted("emails_opened", "email", "f.opened", "of those, opened by a person", _HEADLINE),
        _counted("emails_clicked", "email", "f.clicked", "of those, clicked by a person", _HEADLINE),
    ),
    (
        Metric(
            "visitors", "Visitors", "marketing", "visitors", "count", "Sum of the daily visitors of the web site.",
            additivity="flow", role="vanity", counterpart="visitor_to_signup", owners=("marketing",),
            question="How many of them sign up?", aliases=("traffic",), source=_CATALOGUE,
        ),
        Metric(
            "signups", "Sign-ups", "marketing", "signups", "count", "Sum of the daily sign-ups.", additivity="flow",
            role="leading", owners=("marketing",), source=_CATALOGUE,
        ),
        Metric(
            "visitor_to_signup", "Visitor to sign-up", "marketing", "ratio(signups, visitors)", "rate",
            "Sign-ups / visitors of the period.", owners=("marketing",), source=_CATALOGUE,
        ),
        Metric(
            "demos", "Demos", "marketing", "demos", "count", "Demo touches, bots left out.", additivity="flow",
            role="vanity", counterpart="win_rate", question="How many of them are won?", owners=("marketing", "sales"),
            source=_CATALOGUE,
        ),
        Metric(
            "trials", "Trials", "marketing", "trials", "count", "Trial touches, bots left out.", additivity="flow",
            role="leading", owners=("marketing", "sales"), source=_CATALOGUE,
        ),
        Metric(
            "campaign_cost", "Campaign cost", "marketing", "campaign_cost", "money",
            "Cost of campaigns, all kinds; a breakdown, never added to expense.", additivity="flow", direction="neutral",
            owners=("marketing", "finance"), source=_CATALOGUE,
        ),
        _cost_per("lead", "lead"),
        _cost_per("mql", "MQL"),
        _cost_per("sql", "SQL"),
        _cost_per("customer", "customer won"),
        Metric(
            "email_open_rate", "E-mail open rate", "marketing", "ratio(emails_opened, emails_delivered)", "rate",
            "Messages opened by a person / messages delivered, by delivery date; automated programmes and campaigns to"
            " customers left out. Opens mislead: the click rate is the headline.",
            role="vanity", counterpart="email_ctr", question="Did anybody act on it?", owners=("marketing",),
            source=_CATALOGUE,
        ),
        Metric(
            "email_ctr", "E-mail click rate", "marketing", "ratio(emails_clicked, emails_delivered)", "rate",
            "Messages clicked by a person / messages delivered, by delivery date; automated programmes and campaigns to"
            " customers left out.",
            aliases=("ctr", "click rate"), owners=("marketing",), source=_CATALOGUE,
        ),
    ),
)  # fmt: skip
