"""Published examples and known traps, each in a file a finance person can read: the engine, the figure written down and
a plain query over the source tables must agree to the last digit.
"""

import json
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from beside import load
from command import command

from revalign_udf.query import Query
from revalign_udf.testing import project_of

CASES = load(Path(__file__).parent / "cases.py")
ALL = CASES.all_cases()

#: file -> check (from 1) asked through the command line as well: a filter, a parameter, a profile
JOURNEYS = {"ratio_of_ratios": 2, "acquisition_cost": 7, "recurly_butter_of_the_month": 1}


class Project:
    """A case made real: its folder, the door to its answers, and a database of its source files."""

    def __init__(self, case: CASES.Case, folder: Path) -> None:  # type: ignore[name-defined]
        self.folder = folder
        if case.before:
            project_of(folder, case.before["tables"], case.settings, through=case.before["through"]).close()
        self.query: Query = project_of(folder, case.tables, case.settings, through=case.through)
        self.sources: duckdb.DuckDBPyConnection = CASES.database(folder / "data")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """Every case is built once, when its first check asks for it."""

    class Made(dict[str, Project]):
        def __missing__(self, name: str) -> Project:
            self[name] = Project(ALL[name], tmp_path_factory.mktemp(name))
            return self[name]

    return Made()


def _parameters() -> list[object]:
    return [
        pytest.param(name, number, id=f"{name}-{number + 1}-{check.metric}",
                     marks=[pytest.mark.xfail(reason=check.xfail, strict=True)] if check.xfail else [])
        for name, case in ALL.items() for number, check in enumerate(case.checks)
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "number"), _parameters())
def test_case(made: dict[str, Project], name: str, number: int) -> None:
    case, check = ALL[name], ALL[name].checks[number]
    project = made[name]
    found = project.query.metric(check.metric, check.period, check.parameters, **check.view)
    said = CASES.by_query(project.sources, check.query, inexact=bool(check.tolerance))
    if check.status:
        assert (found.exact, found.status) == (None, check.status), f"{case.title}: {found.message}"
        assert said is None, f"{case.title}: the check query has a number: {said}"
        return
    if check.cell:
        assert found.rows is not None, f"{case.title}: {found.message}"
        rows = [row for row in found.rows.dicts() if all(str(row[k]) == v for k, v in check.cell["row"].items())]
        assert len(rows) == 1, f"{case.title}: {len(rows)} rows are {check.cell['row']}: {found.rows.dicts()}"
        value = rows[0][check.cell["column"]]
        # cells of a table are the doubles nearest to the exact numbers
        assert value == float(check.value), f"{case.title}: {found.rows.dicts()}"
        assert said == check.value, f"{case.title}: the check query says {said}"
        return
    assert found.exact is not None, f"{case.title}: {found.status} {found.message}"
    assert abs(found.exact - check.value) <= check.tolerance, f"{case.title}: {found.exact} = {float(found.exact)}"
    assert said is not None, f"{case.title}: the check query has no number"
    assert abs(said - check.value) <= check.tolerance, f"{case.title}: the check query says {said} = {float(said)}"


@pytest.mark.parametrize(("name", "number"), JOURNEYS.items())
def test_the_command_line_says_the_same(made: dict[str, Project], name: str, number: int) -> None:
    check, folder = ALL[name].checks[number - 1], made[name].folder
    asked = ["metric", check.metric, check.period]
    for option, values in (("--where", check.where), ("--with", check.options)):
        asked += [part for key, value in values.items() for part in (option, f"{key}={value}")]
    asked += [part for key, value in check.view.items() for part in (f"--{key.replace('_', '-')}", value)]
    done = command(*asked, "--project", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["value"] == float(check.value)


def test_cases_are_complete() -> None:
    assert len(ALL) >= 20
    titles = [case.title for case in ALL.values()]
    assert len(titles) == len(set(titles))
    assert all(case.source and case.checks for case in ALL.values())
    # a range is one row per number
    assert [line.split()[0] for line in ALL["ratio_of_ratios"].tables["subscription"].splitlines()[1:3]] == ["s1", "s2"]
    assert CASES.exactly(3) == Fraction(3)
    with pytest.raises(TypeError, match="two columns"):
        CASES.exactly(0.1)


def test_a_key_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "typo.yaml"
    path.write_text("title: t\nsource: s\nthrough: 2026-01-31\ntables: {}\ncheks: []\nchecks: []\n", encoding="utf-8")
    with pytest.raises(ValueError, match="unknown cheks"):
        CASES.read(path)
