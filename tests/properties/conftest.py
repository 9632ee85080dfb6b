"""Random companies, each pulled and built once, with the oracle that answers beside the engine."""

from pathlib import Path
from typing import Any

import pytest
from beside import campaign, load

from revalign_udf.testing import project_of

HERE = Path(__file__).parent
COMPANY, ORACLE, FORMULAS = (load(HERE / f"{name}.py") for name in ("company", "oracle", "formulas"))


class Case:
    """One random company: its rows, the door to its numbers, the oracle."""

    def __init__(self, folder: Path, seed: int, *, invoiced: bool) -> None:
        self.company = COMPANY.Company(seed, invoiced=invoiced)
        self.folder = folder
        self.query = project_of(folder, self.company.texts(), through=COMPANY.THROUGH.isoformat())
        self.oracle = ORACLE.Oracle(self.company.tables, "USD", COMPANY.THROUGH)

    def expected(self, metric: str, period: Any, where: dict[str, str]) -> Any:
        """The oracle's value, or None."""
        try:
            return FORMULAS.METRICS[metric](self.oracle, period, where)
        except ORACLE.NoValue:
            return None


@pytest.fixture(scope="session", params=campaign([(22, True), (1, False), (2, True)]), ids=str)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    seed, invoiced = request.param
    return Case(tmp_path_factory.mktemp(f"company{seed}"), seed, invoiced=invoiced)
