"""Random companies, each pulled and built once, with the oracle that answers beside the engine."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from revalign_udf.testing import project_of


def load(name: str) -> ModuleType:
    """A helper beside the tests, imported once; folders of tests are no packages."""
    key = f"helper_properties_{name}"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[key] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[key])
    return sys.modules[key]


COMPANY, ORACLE, FORMULAS = load("company"), load("oracle"), load("formulas")


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


@pytest.fixture(scope="session", params=[(1, False), (2, True), (22, True)], ids=["orders", "invoices", "future"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    seed, invoiced = request.param
    return Case(tmp_path_factory.mktemp(f"company{seed}"), seed, invoiced=invoiced)
