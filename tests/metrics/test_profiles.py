"""Profiles: every rule is written somewhere or says it is unknown, and what follows from them can be read."""

import json
from collections.abc import Callable
from fractions import Fraction

import pytest

from revalign_udf.calc.expression import Expression
from revalign_udf.errors import Undefined
from revalign_udf.metrics import CALLS, COMPONENTS, DIMENSIONS, FACTS, METRICS, Metric, qualified
from revalign_udf.metrics.profiles import COMPARED, PROFILES, UNKNOWN, MovementRules, Profile, Rule
from revalign_udf.query.formulas import CALLS as MEANINGS

VENDORS = ("stripe", "chartmogul", "profitwell", "baremetrics")
EVERY = [(name, rule) for name, profile in PROFILES.items() for rule in profile.rules]


def test_the_profiles_that_were_promised() -> None:
    assert {"default", "stripe", "chartmogul", "profitwell", "business", "constant_rate", "period_end"} <= set(PROFILES)
    assert all(
        profile.name == name and profile.label and profile.about.endswith(".") for name, profile in PROFILES.items()
    )


@pytest.mark.parametrize(("profile", "rule"), EVERY, ids=[f"{name}-{rule.name}" for name, rule in EVERY])
def test_each_rule_is_cited_or_unknown(profile: str, rule: Rule) -> None:
    says, source, differs = rule.says, rule.source, rule.differs
    if says == UNKNOWN:  # what is unknown cannot be known to differ, and follows the default
        assert not source
        assert not differs
        return
    assert says.endswith(".")
    assert source
    if profile in VENDORS:  # a page with its address, and the words it says it in, few of them
        assert "https://" in source
        for quote in source.split('"')[1::2]:
            assert 3 < len(quote.split()) < 25, quote
        assert source.count('"') >= 2


@pytest.mark.parametrize("name", [*VENDORS, "default"])
def test_each_vendor_states_every_compared_rule_once(name: str) -> None:
    stated = [rule.name for rule in PROFILES[name].rules]
    assert set(COMPARED) <= set(stated)
    assert len(stated) == len(set(stated))


def test_a_variation_of_ours_differs_by_one_rule() -> None:
    for name in ("business", "constant_rate", "period_end"):
        assert [rule.differs for rule in PROFILES[name].rules] == [True]
    assert not any(rule.differs for rule in PROFILES["default"].rules)
    assert PROFILES["default"].movements == MovementRules()
    assert not PROFILES["default"].metrics
    assert not PROFILES["default"].components


@pytest.mark.parametrize("name", PROFILES)
def test_overrides_name_our_metrics_and_read_what_is_known(name: str) -> None:
    profile = PROFILES[name]
    own = {item.name: item for item in profile.components}
    assert len({metric.name for metric in profile.metrics}) == len(profile.metrics)
    for metric in profile.metrics:
        ours = METRICS[metric.name]
        assert metric.profile == name
        assert (metric.unit, metric.label, metric.family) == (ours.unit, ours.label, ours.family)
        assert metric.source
        assert metric.definition.endswith(".")
        formula = Expression(metric.formula)
        assert set(formula.calls) <= set(CALLS) & set(MEANINGS)
        for used in formula.names:
            _, plain = qualified(used, {**COMPONENTS, **own})
            assert plain in own or plain in COMPONENTS or plain in METRICS, used
            assert plain != metric.name  # a metric that read itself would never end
        assert Metric.from_dict(json.loads(json.dumps(metric.as_dict()))) == metric
    words = {word for metric in profile.metrics for word in Expression(metric.formula).names}
    for item in own.values():
        assert item.fact in FACTS
        assert item.about
        assert item.name in words
        assert item.name not in METRICS
        assert item.name not in DIMENSIONS


def test_what_differs_has_consequences_and_only_that() -> None:
    """A rule that differs shows in the numbers: in the movements, the rates or a metric of the profile."""
    shown: dict[str, Callable[[Profile], bool]] = {
        "churn_date": lambda p: p.movements.churn_date != "end",
        "discount": lambda p: p.movements.discount != "all",
        "metered": lambda p: p.movements.metered != "out",
        "fx": lambda p: p.movements.fx != "day" or p.rates != "day",
        "revenue_churn": lambda p: {"revenue_churn_gross", "revenue_churn_net"} <= {m.name for m in p.metrics},
        "ltv": lambda p: "ltv_arpa_churn" in {m.name for m in p.metrics},
        "new_revenue": lambda p: "new_revenue" in {m.name for m in p.metrics},
    }
    for profile in PROFILES.values():
        for name, told in shown.items():
            rule = profile.rule(name)
            assert bool(rule and rule.differs) == told(profile), (profile.name, name)
    # both rules of the population are in one formula
    ours = METRICS["logo_churn"].formula
    for profile in PROFILES.values():
        theirs = {metric.name: metric.formula for metric in profile.metrics}.get("logo_churn", ours)
        population = (profile.rule("churn_base"), profile.rule("joined_and_left"))
        assert any(rule and rule.differs for rule in population) == (theirs != ours), profile.name


def test_the_key_of_movement_rules_tells_them_apart() -> None:
    every = [
        MovementRules(churn_date, discount, fx, metered)
        for churn_date in ("end", "cancel")
        for discount in ("all", "forever", "none")
        for fx in ("day", "item_start", "service_period")
        for metered in ("out", "in")
    ]
    assert len({rules.key for rules in every}) == len(every)
    assert all(rules.key.replace("_", "").isalpha() or rules == MovementRules() for rules in every)
    assert MovementRules().key == ""


def test_unknown_rules_are_listed() -> None:
    assert "revenue_churn" in PROFILES["profitwell"].unknown
    assert PROFILES["default"].unknown == ()
    assert PROFILES["default"].rule("churn_window") is None


# --- worked numbers the vendors publish, through the formulas of their profiles --------------------------------------


def answer(profile: str, metric: str, **values: Fraction | int) -> Fraction:
    """A metric of a profile over given components and metrics."""
    formula = next(item.formula for item in PROFILES[profile].metrics if item.name == metric)
    return Expression(formula).evaluate(values, MEANINGS)


@pytest.mark.parametrize(
    ("profile", "metric", "values", "result"),
    [
        # 1,000 at the start, 100 added, 100 churned: 9.1 %
        ("stripe", "logo_churn", {"churn_events": 100, "customers_at_start": 1000, "first_paying_customers": 100},
         Fraction(1, 11)),
        # 100 at the start, 11 cancel of whom one joined inside: in both
        ("stripe", "logo_churn", {"churn_events": 11, "customers_at_start": 100, "first_paying_customers": 1}, Fraction(11, 101)),
        # 110 at the start, 10 churned, ARPU 500: 5,500 (published as 5,555, from a rate rounded to 9 %)
        ("stripe", "ltv_arpa_churn", {"arpu": 500, "monthly_mean_logo_churn": Fraction(10, 110), "churn_events": 10}, 5500),
        # nobody churned: 1.67 %
        ("stripe", "ltv_arpa_churn", {"arpu": 167, "monthly_mean_logo_churn": 0, "churn_events": 0}, 10_000),
        # 100 at the start, 12 churned of whom one came back and one joined inside
        ("chartmogul", "logo_churn", {"lost_customers": 10, "customers_at_start": 100}, Fraction(1, 10)),
        # 100 at the start, 10 churned, 10 contraction, 10 expansion: 20 % and 10 %
        ("chartmogul", "revenue_churn_gross", {"churned_mrr": -10, "contraction_mrr": -10, "opening_mrr": 100}, Fraction(1, 5)),
        ("chartmogul", "revenue_churn_net",
         {"churned_mrr": -10, "contraction_mrr": -10, "expansion_mrr": 10, "reactivation_mrr": 0, "opening_mrr": 100},
         Fraction(1, 10)),
        # ARPA 100, 5 % in each of the six months before; 1 % to 6 % is 3.5 % on average
        ("chartmogul", "ltv_arpa_churn", {"arpu": 100, **{f"lag{n}_logo_churn": Fraction(5, 100) for n in range(1, 7)}}, 2000),
        ("chartmogul", "ltv_arpa_churn", {"arpu": 70, **{f"lag{n}_logo_churn": Fraction(n, 100) for n in range(1, 7)}}, 2000),
        # ARPU 10 and 4 % lost
        ("profitwell", "ltv_arpa_churn", {"arpu": 10, "monthly_mean_revenue_churn_net": Fraction(4, 100)}, 250),
        # 500 at the start, upgraded to 1,379 and gone: all of the 500 and no more
        ("baremetrics", "revenue_churn_gross", {"base_mrr": 500, "kept_mrr": 0, "opening_mrr": 500}, 1),
        ("baremetrics", "revenue_churn_net",
         {"churned_mrr": -30, "contraction_mrr": -10, "expansion_mrr": 50, "opening_mrr": 100}, Fraction(-1, 10)),
        ("business", "new_revenue", {"first_time_revenue": 70}, 70),
    ],
)  # fmt: skip
def test_published_examples(
    profile: str, metric: str, values: dict[str, Fraction | int], result: Fraction | int
) -> None:
    assert answer(profile, metric, **values) == result


def test_nothing_lost_on_balance_gives_no_lifetime_value() -> None:
    for churn in (0, Fraction(-1, 10)):
        with pytest.raises(Undefined):
            answer("profitwell", "ltv_arpa_churn", arpu=10, monthly_mean_revenue_churn_net=churn)
