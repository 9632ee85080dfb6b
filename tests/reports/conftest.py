"""The sample company and every report of workbooks/, made once for all workers of a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from reportbooks import ROUTES, Made, make_report
from samplecompany import make_company, once, run_folder

from revalign_udf.layout import find
from revalign_udf.layout.find import available
from revalign_udf.query import Query

REPORTS = available()
#: the one that stands for all where a test takes long; the others follow in a campaign
CORE = "saas_metrics"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``made`` is every report; ``chosen`` one, and in a campaign the others; ``route`` how a file is stored: one way,
    and of one report, or in a campaign of all, the other as well."""

    def heavy(usual: bool) -> list[pytest.MarkDecorator]:
        return [] if usual else [pytest.mark.campaign]

    if "route" in metafunc.fixturenames:
        pairs = [(key, route) for key in REPORTS for route in ROUTES]
        every = [pytest.param(key, route, marks=heavy(key == CORE or route == ROUTES[-1])) for key, route in pairs]
        metafunc.parametrize(("made", "route"), every, indirect=["made"], scope="session")
    elif "made" in metafunc.fixturenames:
        metafunc.parametrize("made", REPORTS, indirect=True, scope="session")
    elif "chosen" in metafunc.fixturenames:
        every = [pytest.param(key, marks=heavy(key == CORE)) for key in REPORTS]
        metafunc.parametrize("chosen", every, indirect=True, scope="session")


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the sample company, to be read only."""
    return once(run_folder(tmp_path_factory) / "sample_company", make_company)


@pytest.fixture(scope="session")
def query(company: Path) -> Iterator[Query]:
    """Its published numbers."""
    opened = Query.open(company)
    yield opened
    opened.close()


def _made(key: str, company: Path) -> Made:
    folder = once(company.parent / f"report_{key}", lambda target: make_report(key, company, target))
    return Made(key, folder)


@pytest.fixture(scope="session")
def made(request: pytest.FixtureRequest, company: Path) -> Made:
    return _made(request.param, company)


@pytest.fixture(scope="session")
def chosen(request: pytest.FixtureRequest, company: Path) -> Made:
    return _made(request.param, company)


@pytest.fixture(scope="session")
def every(company: Path) -> list[Made]:
    """All reports."""
    return [_made(key, company) for key in REPORTS]


@pytest.fixture(params=REPORTS)
def folder(request: pytest.FixtureRequest) -> Path:
    """The folder of a report: its layout, what it says of itself, its picture."""
    return find(request.param).parent
