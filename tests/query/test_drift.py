"""Drift by hand: each cause at its record, adding up to the difference; and at random companies, exactly."""

import random
import shutil
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from beside import campaign
from beside import load as beside

from revalign_udf.config import load
from revalign_udf.errors import UnknownName, UserError
from revalign_udf.jobs import build
from revalign_udf.jobs.closing import close_period
from revalign_udf.query import PeriodDrift, Query
from revalign_udf.query.drifts import CAUSES, MetricDrift, by_cause
from revalign_udf.testing import project_of

COMPANY = beside(Path(__file__).parents[1] / "properties" / "company.py")
THROUGH = "2026-09-30"
RATES = [(month, day, 2) for month in range(1, 10) for day in (1, 7, 13, 19, 25)]
ITEMS = {
    "ia": "ia sa 2026-01-01 - 100 month USD",
    "ib": "ib sb 2026-01-01 - 50 month EUR",
    "ic": "ic sc 2026-01-01 2026-08-15 30 month USD",
}
ORDERS = {"q1": "q1 a 2026-08-05 20 USD", "q2": "q2 b 2026-08-06 10 EUR", "q3": "q3 a 2026-08-31 5 USD"}


def tables(
    items: Mapping[str, str] = ITEMS,
    orders: Mapping[str, str] = ORDERS,
    rates: Mapping[tuple[int, int], str] | None = None,
) -> dict[str, str]:
    """The company; a row is replaced or added by its key, and taken out by an empty text."""
    days = {(month, day): str(rate) for month, day, rate in RATES} | dict(rates or {})
    return {
        "organization": "id name\na Ada\nb Bob\nc Cyd",
        "subscription": "id org_id started_at\nsa a 2026-01-01\nsb b 2026-01-01\nsc c 2026-01-01",
        "subscription_item_period": "\n".join(
            ["id subscription_id valid_from valid_to amount interval currency", *filter(None, items.values())]
        ),
        "sales_order": "\n".join(["id org_id ordered_at amount currency", *filter(None, orders.values())]),
        "fx_rate": "\n".join(
            [
                "date from_currency to_currency rate",
                *(f"2026-{m:02d}-{d:02d} EUR USD {rate}" for (m, d), rate in days.items()),
            ]
        ),
    }


@pytest.fixture(scope="module")
def closed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift")
    project_of(folder, tables(), through=THROUGH).close()
    close_period(load(folder), "2026-08", "books are done", "ada")
    return folder


@pytest.fixture
def project(closed_project: Path, tmp_path: Path) -> Path:
    shutil.copytree(closed_project, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module")
def without_q3(closed_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, an order of August gone since; only read."""
    folder = Path(shutil.copytree(closed_project, tmp_path_factory.mktemp("gone") / "project"))
    project_of(folder, tables(orders={**ORDERS, "q3": ""}), through=THROUGH).close()
    return folder


def drift(folder: Path, changed: Mapping[str, str] | None, *names: str) -> PeriodDrift:
    query = project_of(folder, changed, through=THROUGH) if changed else Query.open(folder)
    [found] = query.drift("2026-08", names)
    query.close()
    sound(found)
    return found


def sound(found: PeriodDrift) -> None:
    """What holds of every drift: items and causes add up, exactly."""
    for metric in found.metrics:
        if metric.causes:
            assert sum(metric.causes.values(), Fraction(0)) == metric.difference, metric.metric
        for part in metric.components:
            if part.items:
                assert sum((item.difference for item in part.items), Fraction(0)) == part.difference, part.component


def one(found: PeriodDrift, name: str) -> MetricDrift:
    return next(metric for metric in found.metrics if metric.metric == name)


def items(found: PeriodDrift, name: str) -> list[tuple[str, str, object]]:
    [part] = one(found, name).components
    return [(item.cause, item.id, item.difference) for item in part.items]


def test_no_change_no_drift(project: Path) -> None:
    found = drift(project, None)
    assert (found.metrics, found.notes) == ((), ())
    assert found.compared > 80
    assert drift(project, tables(orders={**ORDERS, "q9": "q9 a 2026-09-15 99 USD"})).metrics == (), "another month"


def test_each_cause_at_its_record(project: Path) -> None:
    """Revenue was 20 + 10 EUR at 2 + 5 = 45. q1 became 26, q3 is gone, q4 came late; the rate of 1 August is 3 now."""
    orders = {**ORDERS, "q1": "q1 a 2026-08-05 26 USD", "q3": "", "q4": "q4 c 2026-08-07 4 EUR"}
    found = drift(project, tables(orders=orders, rates={(8, 1): "3"}))
    revenue = one(found, "revenue")
    assert (revenue.closed, revenue.now, revenue.difference) == (45, 26 + 30 + 8, 19)
    # q4 is of 7 August, whose rate stays; q2 of the 6th takes the one of the 1st
    assert dict(revenue.causes) == {"late record": 8, "edited record": 6, "deleted": -5, "FX": 10}
    assert sorted(items(found, "revenue")) == [
        ("FX", "q2", 10), ("deleted", "q3", -5), ("edited record", "q1", 6), ("late record", "q4", 8),
    ]  # fmt: skip
    names = {item.id: (item.system, item.table, item.customer, item.name) for item in revenue.components[0].items}
    assert names["q4"] == ("files", "sales_order", "files:c", "Cyd")
    assert [note for note in found.notes if "year, YTD" in note]


@pytest.mark.campaign  # the rule between the causes of test_each_cause_at_its_record, at a case of its own
def test_a_late_record_at_a_new_rate_is_both(project: Path) -> None:
    found = drift(project, tables(orders={**ORDERS, "q4": "q4 c 2026-08-03 4 EUR"}, rates={(8, 1): "3"}))
    assert sorted(items(found, "revenue")) == [("FX", "q2", 10), ("FX", "q4", 4), ("late record", "q4", 8)]


def test_an_order_moved_into_another_month_is_edited_not_deleted(project: Path) -> None:
    found = drift(project, tables(orders={**ORDERS, "q1": "q1 a 2026-09-05 20 USD"}))
    assert items(found, "revenue") == [("edited record", "q1", -20)]


def test_a_rate_of_another_month_is_no_drift(project: Path) -> None:
    assert drift(project, tables(rates={(9, 1): "7"})).metrics == ()


def test_recurring_balances_and_what_is_12_times_them(project: Path) -> None:
    """MRR at the end of August: 100 + 50 EUR at 2 (25 August) = 200."""
    changed = {**ITEMS, "ia": "ia sa 2026-01-01 - 110 month USD", "id": "id sc 2026-08-20 - 40 month USD"}
    found = drift(project, tables(items=changed, rates={(8, 25): "2.5"}))
    mrr = one(found, "mrr")
    assert (mrr.closed, mrr.now) == (200, 110 + 125 + 40)
    assert dict(mrr.causes) == {"late record": 40, "edited record": 10, "FX": 25}
    assert dict(one(found, "arr").causes) == {"late record": 480, "edited record": 120, "FX": 300}
    assert dict(one(found, "opening_mrr").causes) == {"edited record": 10}
    assert one(found, "arpu").causes == {}, "a ratio is no sum"
    assert [part.component for part in one(found, "arpu").components] == ["mrr", "customers"]


def test_a_record_that_counts_otherwise_takes_the_cause_of_what_changed_it(project: Path) -> None:
    """Cyd's end on 15 August was churn; a late item on the same day makes it a contraction. The old item is untouched."""
    found = drift(project, tables(items={**ITEMS, "id": "id sc 2026-08-15 - 10 month USD"}))
    churned = one(found, "churned_mrr")
    assert (churned.closed, churned.now) == (-30, 0)
    assert items(found, "churned_mrr") == [("late record", "ic", 30)]
    assert dict(one(found, "contraction_mrr").causes) == {"late record": -20}
    lost = (
        one(found, "lost_customers")
        if any(m.metric == "lost_customers" for m in found.metrics)
        else one(found, "logo_churn")
    )
    [part] = [part for part in lost.components if part.component == "lost_customers"]
    assert [(item.cause, item.customer, item.name, item.difference) for item in part.items] == [
        ("late record", "files:c", "Cyd", -1)
    ]


def test_a_population_takes_the_cause_that_changed_the_balances_it_is_told_by(project: Path) -> None:
    """The late item of August changes the closing balance only: what was there to lose at the start was edited."""
    changed = {**ITEMS, "ia": "ia sa 2026-01-01 - 110 month USD", "id": "id sa 2026-08-20 - 40 month USD"}
    found = drift(project, tables(items=changed))
    parts = {part.component: part for part in one(found, "nrr").components}
    assert by_cause(parts["base_mrr"].items) == {"edited record": 10}
    assert by_cause(parts["retained_mrr"].items) == {"late record": 50}


def test_a_number_that_is_none_any_more(project: Path) -> None:
    """A late order in a currency without a rate: there is no revenue any more, and the reason is told."""
    found = drift(project, tables(orders={**ORDERS, "q4": "q4 c 2026-08-07 4 SEK"}))
    revenue = one(found, "revenue")
    assert (revenue.closed, revenue.now, revenue.difference, revenue.now_status) == (45, None, None, "REV-208")
    assert revenue.causes == {}
    assert found.as_json()["metrics"][0]["now"] is None


def test_named_metrics_are_told_moved_or_not(without_q3: Path) -> None:
    found = drift(without_q3, None, "mrr", "Revenue")
    assert [(metric.metric, metric.moved) for metric in found.metrics] == [("mrr", False), ("revenue", True)]
    query = Query.open(without_q3)
    with pytest.raises(UnknownName, match="revenu"):
        query.drift("2026-08", ["revenux"])
    with pytest.raises(UserError, match="2026-07 is not closed"):
        query.drift("2026-07")
    assert [one.close.period for one in query.drift()] == ["2026-08"]
    query.close()


PLUGIN = """
from revalign_udf.metrics import Metric
from revalign_udf.hookspecs import hookimpl

@hookimpl
def register_metrics():
    return [Metric(name="own.score", label="Score", family="own", formula="{formula}", unit="number", definition="x",
                   additivity="flow", version={version})]
"""


def test_a_new_definition_is_told_apart_from_new_records(tmp_path: Path) -> None:
    """Was revenue + orders = 45 + 3; is 2 x revenue + orders. q4 adds 4 to revenue and 1 order."""

    def define(formula: str, version: int) -> None:
        (tmp_path / "plugins").mkdir(exist_ok=True)
        (tmp_path / "plugins" / "own.py").write_text(PLUGIN.format(formula=formula, version=version), encoding="utf-8")

    settings = '[plugins]\nenabled = ["own"]\n'
    define("revenue + orders", 1)
    project_of(tmp_path, tables(), settings, through=THROUGH).close()
    close_period(load(tmp_path), "2026-08", "done")
    define("2 * revenue + orders", 2)
    build(load(tmp_path))
    found = drift(tmp_path, None)
    assert [metric.metric for metric in found.metrics] == ["own.score"]
    assert dict(found.metrics[0].causes) == {"new definition": 45}
    query = project_of(tmp_path, tables(orders={**ORDERS, "q4": "q4 c 2026-08-07 4 USD"}), settings, through=THROUGH)
    assert query.metric("own.score", "2026-08").exact == 48, "the closed number by the closed definition"
    assert query.metric("own.score", "2026-08").definition_version == 1
    [found] = query.drift()
    sound(found)
    score = one(found, "own.score")
    assert (score.closed, score.now) == (48, 2 * 49 + 4)
    assert dict(score.causes) == {"late record": 2 * 4 + 1, "new definition": 45}
    query.close()
    define("ratio(revenue, orders)", 3)
    build(load(tmp_path))
    score = one(drift(tmp_path, None), "own.score")
    assert (score.closed, score.now, score.causes) == (48, Fraction(49, 4), {})
    (tmp_path / "plugins" / "own.py").write_text("", encoding="utf-8")


def test_settings_that_changed_are_told(project: Path) -> None:
    query = project_of(project, tables(), "[definitions]\nlifetime_years = 4\n", through=THROUGH)
    [found] = query.drift()
    assert "lifetime_years was None and is 4 now" in found.notes
    query.close()


def test_json_says_everything(without_q3: Path) -> None:
    told = drift(without_q3, None, "revenue").as_json()
    assert {"period", "start", "end", "snapshot", "who", "when", "why", "now", "moved", "compared", "notes"} <= set(
        told
    )
    assert (told["snapshot"], told["now"], told["moved"]) == ("2026-09-30#1", "2026-09-30#2", 1)
    [metric] = told["metrics"]
    assert (metric["closed"], metric["now"], metric["difference"], metric["causes"]) == (45, 40, -5, {"deleted": -5})
    [item] = metric["components"][0]["items"]
    assert (item["cause"], item["id"], item["on"], item["difference"]) == ("deleted", "q3", "2026-08-31", -5)


# --- random companies ----------------------------------------------------------------------------------------------


def changed_at_random(rows: dict[str, list[dict[str, Any]]], pick: random.Random) -> dict[str, list[dict[str, Any]]]:
    """Some rows gone, some with another amount or rate, some new."""
    found = {name: [dict(row) for row in some] for name, some in rows.items()}
    for name in ("subscription_item_period", "sales_order", "expense", "fx_rate"):
        some = found.get(name, [])
        field = "rate" if name == "fx_rate" else "amount"
        for row in pick.sample(some, min(len(some), 60 if name == "fx_rate" else 6)):
            row[field] = round(float(row[field] or 1) * pick.choice((0.5, 1.1, 3)), 2)
        if name != "fx_rate":
            for row in pick.sample(some, min(len(some), 4)):
                some.remove(row)
            found[name] = some + [{**row, "id": f"late{row['id']}"} for row in pick.sample(some, min(len(some), 4))]
    return found


@pytest.mark.campaign
@pytest.mark.parametrize("seed", campaign([3, 8]))
def test_items_add_up_at_random_companies(tmp_path: Path, seed: int) -> None:
    company = COMPANY.Company(seed, invoiced=False)
    through = COMPANY.THROUGH.isoformat()
    project_of(tmp_path, company.texts(), through=through).close()
    for period in ("2025-08", "2025-Q4", "2026-03"):
        close_period(load(tmp_path), period, "done")
    rows = changed_at_random(company.tables, random.Random(seed))
    query = project_of(tmp_path, {name: COMPANY.table(some) for name, some in rows.items() if some}, through=through)
    seen: set[str] = set()
    itemised = 0
    for found in query.drift():
        sound(found)
        for metric in found.moved:
            declared = query.declaration(metric.metric)
            before = query.metric(metric.metric, found.close.period)
            after = query.metric(metric.metric, found.close.period, as_of="today")
            assert (before.exact, after.exact) == (metric.closed, metric.now), metric.metric
            for part in metric.components:
                component = query.session().component(part.component)
                if part.difference and component.shape != "statistic":
                    assert part.items, (metric.metric, part.component)
                seen |= {item.cause for item in part.items}
            if metric.difference and declared.additivity in ("flow", "balance") and "ratio" not in declared.formula:
                itemised += bool(metric.causes)
    assert seen == set(CAUSES) - {"new definition"}
    assert itemised > 10
    query.close()
