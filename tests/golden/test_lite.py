"""The golden table through the generated file for xlwings Lite, inside Pyodide."""

from pathlib import Path

from beside import load

HERE = Path(__file__).parent
ROUTES = load(HERE / "routes.py")


def test_ranges() -> None:
    inside = load(HERE.parent / "lite" / "inside.py").inside()
    asked = ROUTES.range_rows(in_cells=True)
    assert ROUTES.differences(asked, inside.call([(row.function, row.arguments) for row in asked])) == []
