"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import revalign_udf.connector.http as package

MODULES = [package.__name__, *(m.name for m in pkgutil.iter_modules(package.__path__, f"{package.__name__}."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not found.failed
