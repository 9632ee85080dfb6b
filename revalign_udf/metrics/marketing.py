"""Marketing: visits, sign-ups, demos, trials, what a stage costs, and e-mail."""

from __future__ import annotations

from revalign_udf.metrics.model import Component, Family, Metric

__all__ = ["MARKETING"]

_CATALOGUE = "Revalign metric catalogue, section A"
#: who a message went to: prospects by hand (the headline), an automated programme, or customers
_AUDIENCES = {
    "": ("NOT f.automated AND f.audience = 'prospect'", "to prospects, automated programmes left out"),
    "_automated": ("f.automated", "by automated programmes"),
    "_customers": ("NOT f.automated AND f.audience = 'customer'", "to customers, automated programmes left out"),
}


def _counted(name: str, fact: str, measure: str, about: str, where: str = "") -> Component:
    return Component(name, fact, "flow", measure, "count", about, where)


def _cost_per(stage: str, label: str) -> Metric:
    return Metric(
        f"cost_per_{stage}", f"Cost per {label}", "marketing", f"ratio(campaign_cost, reached_{stage})", "money",
        f"Campaign cost of the period, all kinds / leads that first reached {stage} in the period.",
        direction="down", owners=("marketing",), source=_CATALOGUE,
    )  # fmt: skip


def _email_rates(suffix: str) -> tuple[Metric, Metric]:
    title = {"": "", "_automated": ", automated programmes", "_customers": ", campaigns to customers"}[suffix]
    rule = f"Messages {_AUDIENCES[suffix][1]}, by delivery date; bots left out."
    shown = Metric(
        f"email_open_rate{suffix}", f"E-mail open rate{title}", "marketing",
        f"ratio(emails_opened{suffix}, emails_delivered{suffix})", "rate",
        f"Opened / delivered. {rule} Opens mislead: the click rate is the headline.",
        role="vanity", counterpart=f"email_ctr{suffix}", question="Did anybody act on it?", owners=("marketing",),
        source=_CATALOGUE,
    )  # fmt: skip
    clicked = Metric(
        f"email_ctr{suffix}", f"E-mail click rate{title}", "marketing",
        f"ratio(emails_clicked{suffix}, emails_delivered{suffix})", "rate", f"Clicked / delivered. {rule}",
        aliases=() if suffix else ("ctr", "click rate"), owners=("marketing",), source=_CATALOGUE,
    )  # fmt: skip
    return shown, clicked


MARKETING = Family(
    (
        _counted("visitors", "web", "f.visitors", "visitors of the web site, as recorded by day"),
        _counted("signups", "web", "f.signups", "sign-ups, as recorded by day"),
        _counted("demos", "touch", "1", "demos held or asked for", "f.kind = 'demo'"),
        _counted("trials", "touch", "1", "trials begun", "f.kind = 'trial'"),
        Component("campaign_cost", "campaign_spend", "flow", "f.amount", "money", "cost of campaigns, all kinds"),
        *(
            _counted(f"emails_{what}{suffix}", "email", measure, f"messages {about}{audience}", rule)
            for suffix, (rule, audience) in _AUDIENCES.items()
            for what, measure, about in (
                ("delivered", "1", "delivered "),
                ("opened", "f.opened", "opened by a person, of those "),
                ("clicked", "f.clicked", "clicked by a person, of those "),
            )
        ),
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
        *(metric for suffix in _AUDIENCES for metric in _email_rates(suffix)),
    ),
)  # fmt: skip
