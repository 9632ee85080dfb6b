"""Commission, win/loss and content against the oracle: months, quarters, years, twelve months, and slices."""

from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.testing import project_of

HERE = Path(__file__).parent
TEAMWORK: Any = load(HERE / "oracle_teamwork.py")
FORMULAS, COMPANY, ORACLE = TEAMWORK.FORMULAS, TEAMWORK.COMPANY, TEAMWORK.ORACLE
PERIODS = [*FORMULAS.months(), *FORMULAS.longer()]


class Case:
    """One random company: the door to its numbers, and the oracle."""

    def __init__(self, folder: Path, seed: int) -> None:
        company = TEAMWORK.TeamworkCompany(seed)
        (folder / "alignment").mkdir(parents=True)
        (folder / "alignment" / "commission.toml").write_text(TEAMWORK.RULE)
        self.query = project_of(folder, company.texts(), through=COMPANY.THROUGH.isoformat())
        self.oracle = TEAMWORK.TeamworkOracle(company.tables, "USD", COMPANY.THROUGH)

    def rows(self, name: str, period: Any, where: dict[str, str]) -> list[dict[str, Any]] | None:
        table = self.query.metric(name, period.token, where).rows
        return None if table is None else table.dicts()


@pytest.fixture(scope="module", params=campaign([51, 52]))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp(f"teamwork{request.param}") / "p", request.param)


def _or_none(compute: Any) -> Any:
    try:
        return compute()
    except ORACLE.NoValue:
        return None


def test_win_loss_is_the_oracles(case: Case) -> None:
    known = 0
    segment = case.query.names("segment")[0]
    for where in ({}, {"segment": segment}, {"owner": "r1"}):
        for period in PERIODS:
            expected = _or_none(lambda p=period, w=where: case.oracle.reasons(p, w))
            found = case.rows("winloss_reasons", period, where)
            told = None if found is None else {
                (row["by"], str(row["value"]).casefold()): (
                    row["lost"], row["acv_lost"], row["share_of_lost"], row["won"], row["acv_won"], row["win_rate"])
                for row in found
            }  # fmt: skip
            assert told == expected, (period.token, where)
            largest = case.rows("winloss", period, {**where, "top": "3"})
            seen = None if largest is None else [(row["outcome"], row["id"], row["acv"]) for row in largest]
            assert seen == _or_none(lambda p=period, w=where: case.oracle.largest(p, w, 3)), (period.token, where)
            known += bool(expected)
    assert known > 50


def test_stale_content_is_the_oracles(case: Case) -> None:
    shares = set()
    for period in PERIODS:
        for days in (30, 180):
            expected = _or_none(lambda p=period, d=days: case.oracle.stale(p, d))
            assert case.query.metric("stale_content", period.token, {"days": str(days)}).exact == expected, period.token
            shares.add(expected)
    assert len(shares) > 15


def test_commission_is_the_oracles(case: Case) -> None:
    deducted = shared = 0
    for period in PERIODS:
        expected = _or_none(lambda p=period: case.oracle.commission(p))
        found = case.rows("commission", period, {})
        if expected is None or found is None:
            assert found is expected is None, period.token
            continue
        reps, left = expected
        rows = {row["rep"]: row for row in found}
        names = [rep for rep, own in reps.items() if any(own) or rep in rows]
        assert set(names) | {"total"} | ({"(not shared)"} if any(left) else set()) == set(rows), period.token
        for rep in names:
            new, lost, more, of_new, of_more = reps[rep]
            row = rows[rep]
            assert [row["new"], row["deducted"], row["expansion"]] == [float(new), float(lost), float(more)], (
                period.token
            )
            shares = [None, None] if rep == "(none)" else [float(of_new), float(of_more)]
            assert [row["share_of_new"], row["share_of_expansion"]] == shares, (period.token, rep)
            deducted += lost != 0
            shared += bool(of_new or of_more)
        if any(left):
            assert [rows["(not shared)"][f"share_of_{one}"] for one in ("new", "expansion")] == [n / 100 for n in left]
    assert deducted > 2
    assert shared > 20
