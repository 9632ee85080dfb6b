"""The cube: every number in it is what a fresh Evaluator answers, and nothing a reader asks for differs for it."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from beside import campaign

from revalign_udf.config import Project
from revalign_udf.jobs import build
from revalign_udf.metrics import COMPONENTS, DIMENSIONS, FACTS, METRICS
from revalign_udf.publish.cube import Row, cube_rows
from revalign_udf.query import Query
from revalign_udf.snapshots import Manifest, Measured, Snapshot, Window, current

Made = Callable[..., Project]


@pytest.fixture(autouse=True)
def every_dimension(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small companies get the whole cube here, so that all of it is proved."""
    monkeypatch.setattr("revalign_udf.publish.cube._WORTH", 0)
    monkeypatch.setattr("revalign_udf.publish.cube._COMMON", tuple(DIMENSIONS))


def test_small_facts_have_totals_only(tmp_path: Path, pulled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revalign_udf.publish.cube._WORTH", 20_000)
    snapshot = Snapshot((project := pulled(tmp_path)).snapshots / current(project.snapshots))
    assert {row[3] for row in cube_rows(snapshot)} == {""}
    snapshot.close()


def check(snapshot: Snapshot, rows: list[Row], chance: random.Random) -> None:
    """Compare some windows of every fact and dimension, all components and slices of each, with an evaluator of their own."""
    asked: dict[tuple[str, str, Window], dict[tuple[str, str], Measured]] = {}
    for name, start, end, dimension, value, amount, unrated in rows:
        slices = asked.setdefault((COMPONENTS[name].fact, dimension, Window(start, end)), {})
        assert (name, value) not in slices, f"{name} {start} {dimension}={value} twice"
        slices[name, value] = Measured(Fraction(amount or 0), unrated)
    for fact, dimension in sorted({key[:2] for key in asked}):
        windows = [key[2] for key in asked if key[:2] == (fact, dimension)]
        components = [item for item in COMPONENTS.values() if item.fact == fact and item.kept]
        for window in chance.sample(windows, min(4, len(windows))):
            slices, by = asked[fact, dimension, window], (dimension,) if dimension else ()
            fresh = snapshot.evaluator.evaluate(components, [window], {}, by)
            # where a rate is missing there is no value, and nothing to compare but how many lack one
            expected = {
                (name, values[0] if by else ""): Measured(Fraction(0), m.unrated) if m.unrated else m
                for (name, _, values), m in fresh.items()
            }
            assert {name for name, _ in slices} == {item.name for item in components}
            zero = Measured(Fraction(0))
            for key in {*slices, *expected}:
                assert slices.get(key, zero) == expected.get(key, zero), f"{key} {window} {dimension}"


@pytest.mark.parametrize("seed", campaign([1, 2]))
def test_every_value_is_the_evaluators(tmp_path: Path, pulled: Made, seed: int) -> None:
    project = pulled(tmp_path, seed)
    snapshot = Snapshot(project.snapshots / current(project.snapshots))
    published = list(cube_rows(snapshot))
    check(snapshot, published, random.Random(seed))
    assert any(row[6] for row in published), "the company lacks rates on some days, or this proves little"
    snapshot.close()


def test_what_is_in_it(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path)
    snapshot = Snapshot(project.snapshots / current(project.snapshots))
    rows = list(cube_rows(snapshot))
    mark = date(2026, 6, 15)
    ends = {(row[1], row[2]) for row in rows if row[0] == "mrr" and row[3] == ""}
    assert (date(2026, 5, 1), date(2026, 6, 1)) in ends
    assert (date(2026, 6, 1), mark + timedelta(days=1)) in ends, "the month not over is cut after the last complete day"
    assert (date(2026, 4, 1), mark + timedelta(days=1)) in ends
    assert (date(2024, 1, 1), date(2025, 1, 1)) in ends
    filled = {name for name, info in snapshot.manifest.facts.items() if info.rows}
    expected = {name for name, item in COMPONENTS.items() if item.kept and item.fact in filled}
    assert {row[0] for row in rows} == expected
    cut = {row[3] for row in rows if row[0] == "acquisition_cost"}
    assert "channel" in cut
    assert "team" not in cut, "more than fifty teams"
    for name, fact in FACTS.items():
        found = {row[3] for row in rows if COMPONENTS[row[0]].fact == name} - {""}
        assert found <= set(fact.dimensions)
    assert {"segment", "country", "product", "currency"} <= {row[3] for row in rows if row[0] == "retained_mrr"}
    snapshot.close()


def test_dimensions_too_dear_have_no_balances_but_flows(
    tmp_path: Path, pulled: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = pulled(tmp_path)
    snapshot = Snapshot(project.snapshots / current(project.snapshots))
    monkeypatch.setattr("revalign_udf.publish.cube._BALANCES", 1)
    rows = list(cube_rows(snapshot))
    assert {row[3] for row in rows if row[0] == "mrr"} == {""}
    assert "segment" in {row[3] for row in rows if row[0] == "new_mrr"}
    snapshot.close()


def test_no_month_before_the_last_sixty(tmp_path: Path, pulled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    project = pulled(tmp_path)
    snapshot = Snapshot(project.snapshots / current(project.snapshots))
    monkeypatch.setattr("revalign_udf.publish.cube._MONTHS", 3)
    months = {row[1] for row in cube_rows(snapshot) if row[0] == "mrr" and row[3] == "segment"}
    assert months == {date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)}
    snapshot.close()


@pytest.mark.campaign
def test_answers_are_the_same_with_and_without_it(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, settings="[company]\nfiscal_year_start = 2\n")
    folder = project.snapshots / current(project.snapshots)

    def answers() -> list[tuple[object, ...]]:
        query = Query(project.snapshots)
        try:
            asked = [
                query.metric(name, period)
                for name, metric in METRICS.items() if metric.kind == "scalar"
                for period in ("2026-05", "2026-06", "2025-Q4", "2024", "FY26", "FY26-Q2")
            ]  # fmt: skip
            asked += [query.metric(name, "2026-03", where={"segment": value}) for name in ("mrr", "nrr", "grr", "net_new_mrr",
                      "fx_impact_mrr", "logo_churn", "revenue") for value in ("SMB", "ENT", "(none)")]  # fmt: skip
            return [(a.value, a.status, a.message) for a in asked]
        finally:
            query.close()

    with_cube = answers()
    (folder / "cube.parquet").unlink()
    assert answers() == with_cube
    assert sum(value is not None for value, _, _ in with_cube) > 40


def test_the_manifest_knows_its_size(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path)
    folder = project.snapshots / current(project.snapshots)
    info = Manifest.read(folder).facts["cube"]
    assert info.size == (folder / "cube.parquet").stat().st_size
    snapshot = Snapshot(folder)
    assert info.rows == len(snapshot.cube())
    snapshot.close()


def test_a_company_without_recurring_revenue_has_a_cube_too(tmp_path: Path, company: Made) -> None:
    from revalign_udf.jobs import pull

    project = company(tmp_path)
    for name in ("subscription_item_period", "lifecycle_event", "lead", "expense"):
        (tmp_path / "data" / f"{name}.csv").unlink()
    pull(project)
    build(project)
    query = Query(project.snapshots)
    assert query.metric("revenue", "2024-09").status == "ok"
    assert query.metric("mrr", "2026-01").value is None
    query.close()
