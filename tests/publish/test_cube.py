"""The cube: every number in it is what a fresh Evaluator answers, and nothing a reader asks for differs for it."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.config import Project
from revalign_udf.jobs import build
from revalign_udf.metrics import COMPONENTS, FACTS, METRICS
from revalign_udf.publish.cube import Row, cube_rows
from revalign_udf.query import Query
from revalign_udf.snapshots import Manifest, Measured, Snapshot, Window, current

Made = Callable[..., Project]


def check(snapshot: Snapshot, rows: list[Row]) -> None:
    asked: dict[tuple[str, str], dict[Window, dict[str, Measured | None]]] = {}
    for name, start, end, dimension, value, amount, unrated in rows:
        slices = asked.setdefault((name, dimension), {}).setdefault(Window(start, end), {})
        assert value not in slices, f"{name} {start} {dimension}={value} twice"
        slices[value] = None if amount is None else Measured(Fraction(amount), unrated)
    for (name, dimension), windows in asked.items():
        by = (dimension,) if dimension else ()
        fresh = snapshot.evaluator.evaluate([COMPONENTS[name]], list(windows), {}, by)
        for index, (window, slices) in enumerate(windows.items()):
            expected = {values[0] if by else "": m for (_, i, values), m in fresh.items() if i == index}
            zero = Measured(Fraction(0))
            for value in {*slices, *expected} - {""} if by else {""}:
                found = slices.get(value) or zero
                assert found == expected.get(value, zero), f"{name} {window} {dimension}={value}"


@pytest.mark.parametrize("seed", [1, 2])
def test_every_value_is_the_evaluators(tmp_path: Path, pulled: Made, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    project = pulled(tmp_path, seed)
    snapshot = Snapshot(project.snapshots / current(project.snapshots))
    published = snapshot.cube()
    check(snapshot, published)
    # a large company: three windows at a time over condensed movements
    monkeypatch.setattr("revalign_udf.publish.cube._TOGETHER", 1)
    large = list(cube_rows(snapshot))
    check(snapshot, large)
    assert {row[:5] for row in large if row[5] not in (None, "0")} == {row[:5] for row in published if row[5] not in (None, "0")}
    assert any(row[6] for row in published), "the company lacks rates on some days, or this proves little"
    snapshot.close()


def test_what_is_in_it(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path)
    snapshot = Snapshot(project.snapshots / current(project.snapshots))
    rows = snapshot.cube()
    mark = date(2026, 6, 15)
    ends = {(row[1], row[2]) for row in rows if row[0] == "mrr" and row[3] == ""}
    assert (date(2026, 5, 1), date(2026, 6, 1)) in ends
    assert (date(2026, 6, 1), mark + timedelta(days=1)) in ends, "the month not over is cut after the last complete day"
    assert (date(2026, 4, 1), mark + timedelta(days=1)) in ends
    assert (date(2024, 1, 1), date(2025, 1, 1)) in ends
    assert {row[0] for row in rows} == {name for name, item in COMPONENTS.items() if item.shape != "lifetime"}
    cut = {row[3] for row in rows if row[0] == "acquisition_cost"}
    assert "channel" in cut
    assert "team" not in cut, "sixty teams are more than fifty"
    for name, fact in FACTS.items():
        found = {row[3] for row in rows if COMPONENTS[row[0]].fact == name} - {""}
        assert found <= set(fact.dimensions)
    assert {"segment", "country", "product", "currency"} <= {row[3] for row in rows if row[0] == "retained_mrr"}
    snapshot.close()


def test_dimensions_too_dear_have_no_balances_but_flows(tmp_path: Path, pulled: Made, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_answers_are_the_same_with_and_without_it(tmp_path: Path, pulled: Made) -> None:
    project = pulled(tmp_path, settings="[company]\nfiscal_year_start = 2\n")
    folder = project.snapshots / current(project.snapshots)

    def answers() -> list[tuple[object, ...]]:
        query = Query(project.snapshots)
        try:
            asked = [
                query.metric(name, period, where=where)
                for name, metric in METRICS.items() if metric.kind == "scalar"
                for period, where in (("2026-05", {}), ("2026-06", {}), ("2025-Q4", {}), ("2024", {}), ("FY26", {}), ("FY26-Q2", {}))
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
    assert query.metric("orders", "2026-01").value is not None if "orders" in METRICS else True
    assert query.metric("mrr", "2026-01").value is None
    query.close()
