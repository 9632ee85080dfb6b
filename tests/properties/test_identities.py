"""What must hold between numbers, whatever the data: the identities finance checks first."""

import random
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.errors import NoData
from revalign_udf.metrics import METRICS
from revalign_udf.query import Query
from revalign_udf.query.formulas import component_periods
from revalign_udf.snapshots.records import records_of
from revalign_udf.testing import project_of

FORMULAS: Any = load(Path(__file__).with_name("formulas.py"))
COMPANY: Any = load(Path(__file__).with_name("company.py"))
_MOVEMENTS = [
    f"{kind}_mrr"
    for kind in ("new", "expansion", "contraction", "churned", "reactivation", "fx_impact", "entering", "leaving")
]
_ADDITIVE = [
    "revenue", "orders", "new_revenue", "new_business_revenue", "existing_business_revenue", "new_customers", "new_leads",
    "mql", "mrr", "opening_mrr", "new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr", "net_new_mrr",
]  # fmt: skip
_OF_CUSTOMERS = ["customers", "customers_at_start", "lost_customers"]
_ATTRIBUTES = ("segment", "country", "channel", "cohort")


def periods() -> list[str]:
    return [period.token for period in [*FORMULAS.months(), *FORMULAS.longer()]]


def test_opening_and_eight_movements_make_closing(case: Any) -> None:
    cuts = [{}, *FORMULAS.slices(case.query, "mrr", most=1)]
    tokens = campaign([*periods()[4::8], *periods()[8::8]], 4)  # the first four: months, a quarter and a year
    for token in tokens:
        for where in cuts:
            table = case.query.metric("mrr_movements", token, where).rows
            if table is None:
                continue
            values = {name: case.query.metric(name, token, where).exact for name in ("opening_mrr", *_MOVEMENTS, "mrr")}
            assert values["opening_mrr"] + sum(values[name] for name in _MOVEMENTS) == values["mrr"], (token, where)
            assert [row["movement"] for row in table.dicts()] == list(values)
            assert [row["value"] for row in table.dicts()] == [float(value) for value in values.values()]


def test_without_foreign_money_there_is_no_fx_impact(case: Any) -> None:
    for where in ({"currency": "USD"}, {"currency": "USD", "segment": "SMB"}, {"currency": "USD", "country": "SE"},
                  {"currency": "USD", "segment": "(none)"}):  # fmt: skip
        for token in campaign([*periods()[3:-1:4], *periods()[5:-1:4]], 7):
            assert case.query.metric("fx_impact_mrr", token, where).exact in (0, None), (token, where)


@pytest.mark.parametrize("name", [*_ADDITIVE, *_OF_CUSTOMERS])
def test_parts_make_the_whole(case: Any, name: str) -> None:
    dimensions = case.query.dimensions(name) if name in _ADDITIVE else _ATTRIBUTES
    for token in periods()[4::7]:
        whole = case.query.metric(name, token).exact
        if whole is None:
            continue
        for dimension in dimensions:
            parts = dict(case.query.breakdown(name, token, dimension))
            assert sum((answer.exact for answer in parts.values()), Fraction(0)) == whole, (token, dimension)
            assert list(parts) == [value for value in case.query.names(dimension) if value in parts]


def test_flows_of_a_quarter_are_those_of_its_months(case: Any) -> None:
    for period in FORMULAS.longer():
        for name in [*_MOVEMENTS, "revenue", "orders", "new_customers", "mql", "net_new_mrr"]:
            whole = case.query.metric(name, period.token)
            parts = [case.query.metric(name, f"{month.start:%Y-%m}") for month in period.parts]
            if whole.exact is not None and period.start >= FORMULAS.month_start(2025 * 12 + 3):
                assert whole.exact == sum(part.exact or 0 for part in parts), (name, period)


def test_kept_revenue_is_within_bounds(case: Any) -> None:
    for token in periods():
        for where in ({}, {"segment": "SMB"}, {"product": "pr1"}, {"country": "DE"}):
            nrr, grr = (case.query.metric(name, token, where).exact for name in ("nrr", "grr"))
            gross, net = (case.query.metric(f"revenue_churn_{name}", token, where).exact for name in ("gross", "net"))
            if nrr is not None:
                assert grr <= min(nrr, 1)
                assert (gross, net) == (1 - grr, 1 - nrr)


def test_records_add_up_to_every_component(case: Any) -> None:
    session, seen = case.query.session(), set()
    for declared in METRICS.values():
        metric = session.catalogue.bind(declared)
        cuts = [{}, *list(FORMULAS.slices(case.query, metric.name, most=1))[:2]]
        for name, when in component_periods(session, metric, case.query.period("2025-Q3")):
            component = session.component(name)
            for where in cuts:
                question = (name, when, tuple(where.items()))
                if component.shape == "statistic" or question in seen:
                    continue
                seen.add(question)
                try:
                    value = session.value(name, when, where)
                    records = records_of(session.snapshot.evaluator, component, session.window(component, when), where)
                except NoData:
                    continue
                assert sum((record.contribution for record in records), Fraction(0)) == value, question
    assert len(seen) > 90


def test_the_order_of_rows_and_pulling_twice_change_nothing(case: Any, tmp_path: Path) -> None:
    mixed = random.Random(7)
    texts = {name: mixed.sample(rows, len(rows)) for name, rows in case.company.tables.items() if rows}
    project_of(
        tmp_path, {name: COMPANY.table(rows) for name, rows in texts.items()}, through=COMPANY.THROUGH.isoformat()
    )
    again = project_of(tmp_path, case.company.texts(), through=COMPANY.THROUGH.isoformat())
    first, second = case.query.session().manifest, again.session().manifest
    assert {n: f.hash for n, f in first.facts.items()} == {n: f.hash for n, f in second.facts.items()}
    assert first.content == second.content


def _asked(query: Query, seed: int) -> dict[tuple[str, str, str], Any]:
    """Answers to one set of questions in a random order, cell by cell, some as part of series and breakdowns."""
    order = random.Random(seed)
    names = ("mrr", "nrr", "logo_churn", "fx_impact_mrr", "entering_mrr", "revenue", "cac", "mql_rate", "ltv_to_cac")
    questions: list[tuple[str, str, str]] = []
    for name in names:
        for dimension in ("", "segment", "country", "product", "channel"):
            if not dimension or dimension in query.dimensions(name):
                questions += [(name, token, dimension) for token in periods()[4::3]]
    order.shuffle(questions)
    found: dict[tuple[str, str, str], Any] = {}
    for name, token, dimension in questions:
        if order.random() < 0.1:
            query.series(name, token, token, "month", {dimension: query.names(dimension)[0]} if dimension else None)
        if dimension:
            cells = [(v, query.metric(name, token, {dimension: v})) for v in query.names(dimension)]
            if order.random() < 0.5:
                shown = dict(query.breakdown(name, token, dimension))
                assert all(dict(cells)[value].exact == answer.exact for value, answer in shown.items())
            found[name, token, dimension] = [(value, answer.exact, answer.status) for value, answer in cells]
        else:
            answer = query.metric(name, token)
            found[name, token, dimension] = (answer.exact, answer.status)
    return found


@pytest.mark.campaign
def test_memory_and_cube_change_nothing(case: Any, tmp_path: Path) -> None:
    with_cube = _asked(Query(case.query.root), 1)
    bare = tmp_path / "snapshots"
    shutil.copytree(case.query.root, bare)
    for cube in bare.glob("*/cube.parquet"):
        cube.unlink()
    without = Query(bare)
    assert _asked(without, 2) == with_cube
    fresh = Query(bare)
    for (name, token, dimension), found in random.Random(3).sample(sorted(with_cube.items()), 12):
        fresh.close()  # everything is computed anew
        where = {dimension: found[0][0]} if dimension else None
        answer = fresh.metric(name, token, where)
        assert (answer.exact, answer.status) == (found[0][1:] if dimension else found)
