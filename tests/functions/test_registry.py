"""Names, declarations and what importing costs."""

import ast
import inspect
import json
import subprocess
import sys
import textwrap

import pytest

from revalign_udf.errors import UnknownName
from revalign_udf.functions import Argument, bare_name, call_cell, find, function, registry

RANGE_FUNCTIONS = (
    "CAC LTV LTV_TO_CAC PAYBACK RENEWALS_TO_BREAK_EVEN AOV ORDER_FREQUENCY REVENUE_GROWTH MRR ARR ARR_CONTRACT CHURN "
    "ELIGIBLE_CHURN ANNUALISE NRR GRR NRR_TOTALS GRR_TOTALS QUICK_RATIO UPSELL_SHARE CONVERSION FUNNEL NPS ROI SLA_RATE "
    "ATTRIBUTION COMMISSION_SPLIT COHORTS MOVEMENTS"
)
SNAPSHOT_FUNCTIONS = "METRIC SERIES TABLE EXPLAIN RECORDS BRIDGE DRIFT STAMP DEFINE STATUS LIST PERIOD SLA SPLIT REVIEW"


def test_the_set() -> None:
    known = registry()
    assert {name for name, f in known.items() if not f.snapshot} == set(RANGE_FUNCTIONS.split())
    assert {name for name, f in known.items() if f.snapshot} == set(SNAPSHOT_FUNCTIONS.split())


@pytest.mark.parametrize("spelling", ["CAC", "cac", "REVALIGN.CAC", "Revalign_Cac", "_xldudf_REVALIGN_CAC", " cac "])
def test_spellings(spelling: str) -> None:
    assert find(spelling).name == bare_name(spelling) == "CAC"
    assert call_cell(spelling, [100, 200, 3]) == {"cell": 100.0}


def test_an_unknown_function() -> None:
    assert call_cell("REVALIGN.NNR", []) == {
        "error": "#NAME?",
        "message": 'REV-101 Unknown function "NNR". Did you mean NRR?',
    }
    with pytest.raises(UnknownName):
        find("SUM")


@pytest.mark.parametrize("name", registry())
def test_bodies_are_thin(name: str) -> None:
    """At most five statements over `query` or `calc`; arithmetic lives in `calc`."""
    body = ast.parse(textwrap.dedent(inspect.getsource(registry()[name].body))).body[0]
    assert isinstance(body, ast.FunctionDef)
    assert len(body.body) - 1 <= 5, "without the docstring"


@pytest.mark.parametrize("name", registry())
def test_help_fits_the_wizard(name: str) -> None:
    declared = registry()[name]
    texts = [declared.summary, *(argument.help for argument in declared.expanded())]
    assert all(text and len(text) <= 255 and text.isascii() for text in texts)
    names = [argument.name for argument in declared.expanded()]
    assert len(set(names)) == len(names)
    optional = [argument.optional for argument in declared.arguments]
    assert optional == sorted(optional), "optional arguments come last"


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):

        @function("CAC", [])
        def again() -> None:
            """Once more."""

    with pytest.raises(ValueError, match="too long"):

        @function("NEW", [Argument("x", "amount", "x" * 256)])
        def new() -> None:
            """A function with an endless help text."""


def test_cells_start_without_heavy_packages() -> None:
    code = """
        import json, sys
        import revalign_udf.functions as functions
        functions.call_cell("CAC", [[[1.0], [2.0]], 3, 4])
        functions.call_cell("METRIC_", [])
        import revalign_udf.excel.vba as vba
        vba.module_text()
        heavy = ["pandas", "numpy", "duckdb", "pyarrow", "xlwings", "requests", "gspread", "revalign_udf.query"]
        print(json.dumps([name for name in heavy if name in sys.modules]))
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
