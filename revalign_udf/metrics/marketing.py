"""Marketing: visits, sign-ups, demos, trials, what a stage costs, e-mail, nurture programmes and sources."""

from __future__ import annotations

from revalign_udf.metrics.facts import MARKETING as SOURCES
from revalign_udf.metrics.facts import OWNER
from revalign_udf.metrics.funnel import STAGES
from revalign_udf.metrics.model import Component, Fact, Family, Metric, Parameter

__all__ = ["LAG", "MARKETING"]

_CATALOGUE = "Revalign metric catalogue, section A"
#: money is spent before it works
LAG = Parameter("lag", "0", "months by which the cost is read earlier than what it is divided by", high=36)
#: who a message went to: prospects by hand (the headline), an automated programme, or customers
_AUDIENCES = {
    "": ("NOT f.automated AND f.audience = 'prospect'", "to prospects, automated programmes left out"),
    "_automated": ("f.automated", "by automated programmes"),
    "_customers": ("NOT f.automated AND f.audience = 'customer'", "to customers, automated programmes left out"),
}
#: whose a campaign's cost is
_BY_SOURCE = (
    "By lead source: a campaign's cost belongs to the source all its leads name. A source that shares a campaign with"
    " others has no number for a period in which that campaign cost something, because nobody can say how much it took."
)


def _counted(name: str, fact: str, measure: str, about: str, where: str = "", settles: str = "") -> Component:
    return Component(name, fact, "flow", measure, "count", about, where, settles=settles)


def _done(what: str) -> str:
    """1 for a message acted on by the as-of date."""
    return f"CASE WHEN f.{what}_day < p.known_end THEN 1 ELSE 0 END"


def _cost_per(stage: str, label: str) -> Metric:
    return Metric(
        f"cost_per_{stage}", f"Cost per {label}", "marketing", f"ratio(lag{{lag}}_campaign_cost, reached_{stage})",
        "money",
        f"Campaign cost of the period, all kinds (what was prorated of labour and technology too) / leads that first"
        f" reached {stage} in the period; with a lag of n months, the cost of n months earlier. {_BY_SOURCE} (none) has no"
        f" number then either: such a cost is none of the leads without a source.",
        direction="down", owners=("marketing",), source=_CATALOGUE, parameters=(LAG,),
    )  # fmt: skip


def _email_rates(suffix: str) -> tuple[Metric, Metric]:
    title = {"": "", "_automated": ", automated programmes", "_customers": ", campaigns to customers"}[suffix]
    rule = f"Messages {_AUDIENCES[suffix][1]}, by delivery date, however late they were acted on; bots left out."
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
    facts=(
        Fact(
            "programme", "on_day", ("programme_membership",),
            {**SOURCES, **OWNER, "system": "self", "segment": "customer", "country": "customer", "industry": "customer"},
            "one row per entry into a step of a nurture programme",
        ),
    ),
    components=(
        _counted("visitors", "web", "f.visitors", "visitors of the web site, as recorded by day"),
        _counted("signups", "web", "f.signups", "sign-ups, as recorded by day"),
        _counted("demos", "touch", "1", "demos held or asked for", "f.kind = 'demo'"),
        _counted("trials", "touch", "1", "trials begun", "f.kind = 'trial'"),
        _counted(
            "trials_paid", "touch", "1", "trials begun whose customer first paid that day or within {days} days",
            "f.kind = 'trial' AND f.paid_day >= f.on_day AND date_diff('day', f.on_day, f.paid_day) <= {days}"
            " AND f.paid_day < p.known_end", settles="{days}",
        ),
        *(
            _counted(f"steps_{what}", "programme", "1", f"entries into a step of a nurture programme{about}", rule)
            for what, about, rule in (
                ("entered", "", ""),
                ("advanced", " that went on", "f.status = 'advanced'"),
                ("stalled", " that stalled", "f.status = 'stalled'"),
                ("dropped", " that dropped out", "f.status = 'dropped'"),
            )
        ),
        Component("campaign_cost", "campaign_spend", "flow", "f.amount", "money", "cost of campaigns, all kinds"),
        *(
            _counted(f"emails_{what}{suffix}", "email", measure, f"messages {about}{audience}", rule)
            for suffix, (rule, audience) in _AUDIENCES.items()
            for what, measure, about in (
                ("delivered", "1", "delivered "),
                ("opened", _done("opened"), "opened by a person, of those "),
                ("clicked", _done("clicked"), "clicked by a person, of those "),
            )
        ),
    ),
    metrics=(
        Metric(
            "visitors", "Visitors", "marketing", "visitors", "count",
            "Sum of the daily visitors of the web site. By campaign: where days are recorded by it.",
            additivity="flow", role="vanity", counterpart="visitor_to_signup", owners=("marketing",),
            question="How many of them sign up?", aliases=("traffic",), source=_CATALOGUE,
        ),
        Metric(
            "signups", "Sign-ups", "marketing", "signups", "count",
            "Sum of the daily sign-ups. By campaign: where days are recorded by it.",
            additivity="flow", role="leading", owners=("marketing",), source=_CATALOGUE,
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
            "trial_to_paid", "Trial to paid", "marketing", "ratio(trials_paid, trials)", "rate",
            "Of the trials begun in the period, the share whose customer paid for the first time ever (MRR above zero, or an"
            " order) on the trial's day or within so many days after it. A trial of somebody who paid before counts among"
            " the trials and never as converted, so that the number of trials is the one shown everywhere. Partial until"
            " those days have passed since the period's end.",
            owners=("marketing", "sales"), source=_CATALOGUE, aliases=("trial conversion",),
            parameters=(Parameter("days", "90", "days after a trial in which paying counts", low=1),),
        ),
        Metric(
            "visitor_to_lead", "Visitor to lead", "marketing", "ratio(reached_lead, visitors)", "rate",
            "New leads of the period / visitors of the period. Visitors are known in numbers only, so there is no cohort"
            " form.",
            owners=("marketing",), source=_CATALOGUE,
        ),
        Metric(
            "campaign_cost", "Campaign cost", "marketing", "campaign_cost", "money",
            f"Cost of campaigns, all kinds; a breakdown, never added to expense. {_BY_SOURCE} What matches no single source"
            " stands under (none), with the cost of campaigns of which no lead names a source.",
            additivity="flow", direction="neutral", owners=("marketing", "finance"), source=_CATALOGUE,
        ),
        _cost_per("lead", "lead"),
        _cost_per("mql", "MQL"),
        _cost_per("sql", "SQL"),
        _cost_per("customer", "customer won"),
        *(metric for suffix in _AUDIENCES for metric in _email_rates(suffix)),
        Metric(
            "programme_effectiveness", "Programme effectiveness", "marketing", "", "rate",
            "Per nurture programme and step, by the day of entry: entered, advanced, stalled, dropped and still in it, each"
            " as a share of entered, and the mean change of the score: last value before the step was left less the last"
            " before it was entered (without one, what the first event inside says it came from), over the entries whose"
            " change is known. What went together, not what caused what: who does well in a programme might have done"
            " well without it.",
            kind="table", owners=("marketing",), source=_CATALOGUE,
        ),
        Metric(
            "source_effectiveness", "Source effectiveness", "marketing", "", "rate",
            "By lead source and campaign: new leads, leads that became customers, annual contract value won, and campaign"
            " cost, all of the period; cost per customer and value / cost. A campaign's cost belongs to the lead source all"
            " its leads name. Where they name several, nobody can say how much each of these took: their cost is blank, in"
            " all and for the campaign, and what it was stands under (none), divided by nothing. Blank cost is not known,"
            " not nothing.",
            kind="table", owners=("marketing", "sales"), source=_CATALOGUE,
            parameters=(
                Parameter("by", "both", "what rows are told apart by", ("both", "lead_source", "campaign")),
            ),
        ),
        Metric(
            "spend_efficiency", "Spend efficiency", "marketing", "", "rate",
            "In all and by channel: campaign cost and the conversion of leads to a later stage (leads that first reached it"
            " / new leads, both of the period), with the change of each against the period before as a share. The two"
            " percentages stand beside each other and cannot be combined into one.",
            kind="table", owners=("marketing", "finance"), source=_CATALOGUE,
            parameters=(Parameter("to", STAGES[-1], "the stage leads are converted to", STAGES[1:]),),
        ),
    ),
)  # fmt: skip
