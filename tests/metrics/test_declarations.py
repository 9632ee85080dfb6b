"""Declarations are complete, consistent and survive the way through a manifest."""

import json
from pathlib import Path

import pytest

from revalign_udf.calc.expression import Expression
from revalign_udf.metrics import COMPONENTS, DIMENSIONS, FACTS, METRICS, Metric, components_of, qualified
from revalign_udf.query.formulas import CALLS
from revalign_udf.query.names import Catalogue
from revalign_udf.query.tables import TABLES

ASKED = (
    "revenue revenue_growth aov order_frequency new_business_revenue existing_business_revenue existing_share new_revenue mrr"
    " arr opening_mrr new_mrr expansion_mrr contraction_mrr churned_mrr reactivation_mrr fx_impact_mrr entering_mrr leaving_mrr"
    " mrr_movements logo_churn revenue_churn_gross revenue_churn_net nrr grr customers customers_at_start lost_customers arpu"
    " quick_ratio stage_conversion funnel mql_rate sql_rate sql_to_customer cac ltv_orders ltv_arpa_churn ltv_to_cac"
    " cac_payback_months gross_margin customer_lifetime new_customers net_new_mrr"
).split()


def test_the_catalogue_has_what_was_promised() -> None:
    assert set(ASKED) <= set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_each_metric_says_what_it_is(name: str) -> None:
    metric = METRICS[name]
    assert metric.name == name
    assert metric.definition.endswith(".")
    assert metric.owners
    assert metric.source
    assert (metric.kind != "scalar") == (not metric.formula) == (name in TABLES)
    if metric.role == "vanity":
        assert metric.counterpart in METRICS
        assert metric.question.endswith("?")
    if metric.formula:
        formula = Expression(metric.read())
        assert set(formula.calls) <= set(CALLS)
        for used in formula.names:
            _, plain = qualified(used, COMPONENTS)
            assert plain in COMPONENTS or plain in METRICS
    assert components_of(metric, METRICS) or name in TABLES  # a table may rest on what teams wrote alone
    assert Metric.from_dict(json.loads(json.dumps(metric.as_dict()))) == metric


@pytest.mark.parametrize("name", COMPONENTS)
def test_each_component_is_measured_on_a_fact(name: str) -> None:
    component = COMPONENTS[name]
    assert component.fact in FACTS
    assert component.about
    assert component.unit in ("money", "count", "years")


def test_dimensions_of_facts_are_declared() -> None:
    assert {name for fact in FACTS.values() for name in fact.dimensions} == set(DIMENSIONS)


def test_names_and_qualifiers() -> None:
    assert qualified("prev_revenue") == ("prev_", "revenue")
    assert qualified("prev_x", ["prev_x"]) == ("", "prev_x")
    assert components_of(METRICS["ltv_to_cac"], METRICS)[:2] == ("mrr", "customers")
    looped = {
        **METRICS,
        "a": Metric("a", "A", "x", "b + mrr", "money", "."),
        "b": Metric("b", "B", "x", "a + unknown", "money", "."),
    }
    assert components_of(looped["a"], looped) == ("mrr",)


def test_a_digest_follows_what_a_metric_reads() -> None:
    def digest(**changed: Metric) -> str:
        catalogue = Catalogue([*{**METRICS, **changed}.values()])
        return catalogue.digest(catalogue.metrics["ltv_to_cac"])

    other = Metric.from_dict({**METRICS["cac"].as_dict(), "formula": "ratio(acquisition_cost, orders)"})
    apart = Metric.from_dict({**METRICS["mql"].as_dict(), "version": 2})
    assert digest() == digest(mql=apart) != digest(cac=other)
    plugin = Metric("mine", "Mine", "x", "unheard_of + mrr", "money", ".", dimensions=("segment",))
    catalogue = Catalogue([*METRICS.values(), plugin])
    assert catalogue.digest(plugin)
    assert catalogue.dimensions(plugin) == ("segment",)


def test_the_worked_example_of_the_module(tmp_path: Path) -> None:
    """200 + 30 + 20 - 10 - 50 = 190; NRR 0.8, GRR 0.7, logo churn 1/3."""
    from revalign_udf.testing import project_of

    query = project_of(
        tmp_path,
        {
            "organization": "id name\na A\nb B\nc C\nd D",
            "subscription": "id org_id started_at\n" + "\n".join(f"s{k} {k} 2025-01-01" for k in "abcd"),
            "subscription_item_period": """id subscription_id valid_from valid_to amount interval
                a1 sa 2025-01-01 -          100 month
                a2 sa 2025-06-05 -           20 month
                b1 sb 2025-01-01 2025-06-10  50 month
                c1 sc 2025-01-01 2025-06-15  50 month
                c2 sc 2025-06-15 -           40 month
                d1 sd 2025-06-20 -           30 month""",
        },
        through="2025-12-31",
    )
    table = query.metric("mrr_movements", "2025-06").rows
    assert table is not None
    assert [row["value"] for row in table.dicts()] == [200, 30, 20, -10, -50, 0, 0, 0, 0, 190]
    assert [query.metric(name, "2025-06").value for name in ("nrr", "grr", "logo_churn")] == [0.8, 0.7, 1 / 3]
    assert query.metric("lost_customers", "2025-06").exact == 1
