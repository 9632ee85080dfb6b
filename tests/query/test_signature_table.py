"""Who has signed which definition, as a table of the snapshot: what waits comes first, the folder of today says nothing."""

from pathlib import Path
from typing import Any

import pytest

from revalign_udf.config import load
from revalign_udf.errors import UserError
from revalign_udf.governance.signatures import SIGNATURES_FILE
from revalign_udf.jobs import build
from revalign_udf.jobs.definitions import sign
from revalign_udf.layout.keys import named_by
from revalign_udf.metrics import METRICS
from revalign_udf.query import Query, Table
from revalign_udf.testing import project_of

NRR = '[[metric]]\nname = "nrr"\nversion = 2\nformula = "ratio(kept_mrr, base_mrr)"\n'
GRR = '[[metric]]\nname = "grr"\nversion = 2\nformula = "1 * nrr"\n'
NEW = (
    '[[metric]]\nname = "kept_share"\nformula = "ratio(kept_mrr, base_mrr)"\nunit = "rate"\nowners = ["finance", "sales"]\n'
    'definition = "Kept."\n'
)


def write(folder: Path, text: str) -> None:
    (folder / "definitions").mkdir(exist_ok=True)
    (folder / "definitions" / "metrics.toml").write_text(text, encoding="utf-8")


def dated(folder: Path, day: str) -> None:
    """Signatures are of now; a table with their days needs one that stays."""
    path = folder / SIGNATURES_FILE
    lines = path.read_text(encoding="utf-8").splitlines()
    head, _, rest = lines[-1].partition('"when": "')
    lines[-1] = f'{head}"when": "{day}{rest[10:]}'
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def table(query: Query, **more: Any) -> Table:
    found = query.metric("signatures", "2026-02", **more).rows
    assert found is not None
    return found


@pytest.fixture
def query(tmp_path: Path) -> Query:
    write(tmp_path, NRR + NEW)
    return project_of(tmp_path, {"lead": "id created_at\nL1 2026-02-01"}, through="2026-03-31")


def rebuilt(folder: Path) -> Table:
    build(load(folder))
    return table(Query.open(folder))


def test_what_waits_comes_first_and_then_every_metric_of_the_catalogue(query: Query) -> None:
    found = table(query)
    assert found.columns == ("metric", "label", "owners", "version", "state", "signed_by", "waiting_for", "since")
    assert found.units == ("text", "text", "text", "count", "text", "text", "text", "date")
    owners = ", ".join(METRICS["nrr"].owners)
    assert found.rows[:2] == (
        ("nrr", METRICS["nrr"].label, owners, 2, "proposed", None, owners, None),
        ("kept_share", "Kept share", "finance, sales", 1, "proposed", None, "finance, sales", None),
    )
    assert [row[0] for row in found.rows[2:]] == list(METRICS)
    assert {row[3:] for row in found.rows[2:]} == {(1, "as shipped", None, None, None)}


def test_each_signature_is_named_with_its_day_and_the_last_one_is_since_when(query: Query, tmp_path: Path) -> None:
    sign(load(tmp_path), "kept_share", "sales", "grace")
    dated(tmp_path, "2026-03-02")
    assert table(query).rows[1][5] is None, "the snapshot was published before"
    assert rebuilt(tmp_path).rows[1][4:] == ("proposed", "sales (grace, 2026-03-02)", "finance", None)
    sign(load(tmp_path), "kept_share", "finance", "ada")
    dated(tmp_path, "2026-03-09")
    found = {row["metric"]: row for row in rebuilt(tmp_path).dicts()}
    assert list(found)[:2] == ["nrr", "kept_share"]
    assert found["kept_share"] == {
        "metric": "kept_share", "label": "Kept share", "owners": "finance, sales", "version": 1, "state": "agreed",
        "signed_by": "sales (grace, 2026-03-02), finance (ada, 2026-03-09)", "waiting_for": None, "since": "2026-03-09",
    }  # fmt: skip


def test_a_version_of_a_later_day_stands_beside_the_one_that_holds(query: Query, tmp_path: Path) -> None:
    write(tmp_path, NRR + "valid_from = 2026-04-01\n")
    for team in METRICS["nrr"].owners:
        sign(load(tmp_path), "nrr", team, "ada")
    rows = [row for row in rebuilt(tmp_path).rows if row[0] == "nrr"]
    assert [(*row[3:5], row[7]) for row in rows] == [(2, "to come", "2026-04-01"), (1, "as shipped", None)]


def test_a_definition_that_took_the_place_of_the_shipped_one_stands_alone(query: Query, tmp_path: Path) -> None:
    write(tmp_path, NRR + "valid_from = 2026-01-01\n")
    for team in METRICS["nrr"].owners:
        sign(load(tmp_path), "nrr", team, "ada")
    found = rebuilt(tmp_path)
    assert [(*row[3:5], row[7]) for row in found.rows if row[0] == "nrr"] == [(2, "agreed", "2026-01-01")]
    assert found.rows[0][0] == "nrr", "signed ones before those as shipped"


def test_an_agreed_one_that_reads_itself_is_not_passed_over(query: Query, tmp_path: Path) -> None:
    """Each was sound when it was signed; together they would go in a circle."""
    write(tmp_path, GRR)
    for team in METRICS["grr"].owners:
        sign(load(tmp_path), "grr", team, "ada")
    write(tmp_path, GRR + NRR.replace("ratio(kept_mrr, base_mrr)", "1 * grr"))
    before = (tmp_path / SIGNATURES_FILE).read_text(encoding="utf-8")
    (tmp_path / SIGNATURES_FILE).unlink()
    for team in METRICS["nrr"].owners:
        sign(load(tmp_path), "nrr", team, "ada")
    (tmp_path / SIGNATURES_FILE).write_text(
        before + (tmp_path / SIGNATURES_FILE).read_text(encoding="utf-8"), encoding="utf-8"
    )
    found = [row for row in rebuilt(tmp_path).rows if row[0] in ("nrr", "grr")]
    assert [(row[0], *row[3:5]) for row in found] == [
        ("nrr", 2, "left out"), ("grr", 2, "agreed"), ("nrr", 1, "as shipped"),
    ]  # fmt: skip


def test_it_hangs_on_no_profile_and_its_rows_are_named_for_ever(query: Query) -> None:
    assert table(query, profile="stripe").rows == table(query).rows
    assert named_by("signatures", table(query)) == ["metric", "version"]
    with pytest.raises(UserError, match="cannot be cut by segment"):
        query.metric("signatures", "2026-02", {"segment": "SMB"})
