"""The examples in docstrings are true. What xlwings decorates is left out: importing it imports xlwings."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("revalign_udf.calc", "revalign_udf.functions", "revalign_udf.excel")
#: importing these imports xlwings
DECORATED = ("revalign_udf.excel.udfs", "revalign_udf.excel.udfs1904", "revalign_udf.excel.commands")
MODULES = sorted(
    module.name
    for package in PACKAGES
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
    if module.name not in DECORATED
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    assert not doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed
